import tls from 'node:tls'
import { describe, expect, it, vi } from 'vitest'
import { createTlsSettings, readConnectionOptions } from '../../src/transport/connection-options.ts'
import { createFetchTransport } from '../../src/transport/fetch-transport.ts'
import { createHttpsTransport } from '../../src/transport/https-transport.ts'
import { createUndiciTransport } from '../../src/transport/undici-transport.ts'
import { failureOf, setUp } from '../contract/transport.ts'
import { createCertificates } from './certificates.ts'
import { respond } from './hostile-server.ts'

const refused = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', step: 'authority', hint: expect.any(String) })

describe('the options of a transport', () => {
  it.each([
    { timeout: 5 },
    { proxy: 'http://proxy.test' },
    { ca: '/etc/ssl/own.pem' },
    { ca: [1] },
    { connectTimeoutMs: 0 },
    { headersTimeoutMs: -1 },
    { bodyTimeoutMs: 1.5 },
    { totalTimeoutMs: 2 ** 31 },
    { totalTimeoutMs: '5' },
    { connections: 0 },
  ])('%o are refused when it is created', (options) => {
    expect(() => createHttpsTransport(options as never)).toThrow(refused)
    if (!('proxy' in options)) expect(() => createUndiciTransport(options as never)).toThrow(refused)
  })

  it.each([{ ca: 'x' }, { totalTimeoutMs: 0 }])('%o are refused by the fetch transport', (options) => {
    expect(() => createFetchTransport(undefined, options as never)).toThrow(refused)
  })

  it('refuses a certificate that only looks like one at the first request, and shows none of it', async () => {
    const ca = '-----BEGIN CERTIFICATE-----\nCANARY\n-----END CERTIFICATE-----\n'
    for (const make of [createHttpsTransport, createUndiciTransport]) {
      const send = make({ ca })
      const request = { step: 'token', method: 'GET', url: 'https://localhost:9/', headers: {} } as const
      const error = await send(request).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_/) })
      expect(String(error)).not.toContain('CANARY')
      await send.close()
    }
  })
})

describe('the TLS settings', () => {
  it('add `ca` to the well-known CAs, and share one context', async () => {
    const { ca } = await createCertificates()
    const make = vi.spyOn(tls, 'createSecureContext')
    const first = createTlsSettings(tls, readConnectionOptions({ ca }))
    const second = createTlsSettings(tls, readConnectionOptions({ ca: [ca] }))
    expect(make).toHaveBeenCalledTimes(1)
    // Newer Nodes add those of NODE_EXTRA_CA_CERTS in between.
    const trusted = (make.mock.calls[0]?.[0]?.ca ?? []) as readonly string[]
    expect(trusted.length).toBeGreaterThan(tls.rootCertificates.length)
    expect(trusted[0]).toBe(tls.rootCertificates[0])
    expect(trusted.at(-1)).toBe(ca)
    expect(second.secureContext).toBe(first.secureContext)
    make.mockRestore()
    const other = createTlsSettings(tls, readConnectionOptions({ ca: [ca, ca] }))
    expect(other.secureContext).not.toBe(first.secureContext)
    expect(createTlsSettings(tls, readConnectionOptions({})).secureContext).toBeUndefined()
  })
})

describe.each(Object.entries({ createHttpsTransport, createUndiciTransport }))('%s', (_, make) => {
  const { serve, client, certificates } = setUp(make)

  it('speaks TLS 1.2 or newer although the process allows TLS 1.1', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
    const server = await serve(respond('200 OK', '{}'), { ...certificates().good, ...old })
    const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls
    Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT:@SECLEVEL=0' })
    try {
      const version = await new Promise((resolve, reject) => {
        const options = { port: server.port, ca: certificates().ca, servername: 'localhost' }
        const socket = tls.connect(options, () => resolve(socket.getProtocol()))
        socket.on('error', reject)
      })
      expect(version).toBe('TLSv1.1')
      // A list that no other test passes, so that the context is made under these defaults.
      for (const ca of [[`${certificates().ca}\n${make.name}`], []]) {
        const request = { step: 'token', method: 'GET', url: `${server.origin}/`, headers: {} } as const
        const error = await failureOf(client({ ca })(request))
        expect(error.code).toBe('ERR_TRANSPORT_TLS')
        // Not for its certificate.
        expect(error.message).not.toMatch(/VERIFY|SIGNED|ISSUER/)
        expect(server.seen).toHaveLength(0)
      }
    } finally {
      Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS })
    }
  })
})
