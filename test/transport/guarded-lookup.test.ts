import dns, { type LookupAddress } from 'node:dns'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createHttpsTransport } from '../../src/transport/https-transport.ts'
import { createUndiciTransport } from '../../src/transport/undici-transport.ts'
import { credentialRequest, failureOf, setUp } from '../contract/transport.ts'
import { respond } from './hostile-server.ts'

/** Lets every name resolve to these addresses, one list per look-up, the last one for all that follow. */
function resolveTo(...answers: readonly (readonly string[])[]): void {
  let at = 0
  const lookup = (_: string, __: unknown, callback: (error: null, addresses: LookupAddress[]) => void): void => {
    const addresses = answers[Math.min(at++, answers.length - 1)] ?? []
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as never)
}

afterEach(() => vi.restoreAllMocks())

describe.each(Object.entries({ createHttpsTransport, createUndiciTransport }))(
  '%s judges the address it dials',
  (_, make) => {
    const { serve, client } = setUp(make)
    const sts = (port: number): string => `https://sts.contoso.test:${port}`

    it.each(['127.0.0.1', '::1', '0.0.0.0', '::', '169.254.169.254', 'fe80::1%eth0', '224.0.0.1', '::ffff:7f00:1'])(
      'and refuses %s for a public name',
      async (address) => {
        const server = await serve(respond('200 OK', '{}'))
        resolveTo([address])
        const error = await failureOf(client()(credentialRequest(sts(server.port))))
        expect(error).toMatchObject({ code: 'ERR_UNJUSTIFIED_HOST', name: 'ProtocolError', step: 'token' })
        expect(server.connections()).toBe(0)
      },
    )

    it('and takes loopback for a host the caller vouches for', async () => {
      const server = await serve(respond('200 OK', '{}'))
      resolveTo(['127.0.0.1'])
      const send = client({ loopbackHosts: ['STS.contoso.test'] })
      expect((await send(credentialRequest(sts(server.port)))).status).toBe(200)
      expect((await failureOf(send(credentialRequest(`https://login.contoso.test:${server.port}`)))).code).toBe(
        'ERR_UNJUSTIFIED_HOST',
      )
    })

    it('and leaves out the refused ones of several', async () => {
      const server = await serve(respond('200 OK', '{}'))
      resolveTo(['169.254.7.7', '127.0.0.1'])
      const send = client({ loopbackHosts: ['sts.contoso.test'], connectTimeoutMs: 5_000 })
      expect((await send(credentialRequest(sts(server.port)))).status).toBe(200)
    })

    it('and each time anew, so that a second DNS answer cannot lead elsewhere', async () => {
      const server = await serve((socket, seen) => {
        respond('200 OK', '{}', { Connection: 'close' })(socket, seen)
        socket.end()
      })
      resolveTo(['127.0.0.1'], ['169.254.169.254'])
      const send = client({ loopbackHosts: ['sts.contoso.test'] })
      await send(credentialRequest(sts(server.port)))
      expect((await failureOf(send(credentialRequest(sts(server.port))))).code).toBe('ERR_UNJUSTIFIED_HOST')
      expect(server.connections()).toBe(1)
    })

    it('and looks nothing up for a request that has ended meanwhile', async () => {
      resolveTo(['127.0.0.1'])
      const controller = new AbortController()
      const pending = failureOf(client()(credentialRequest('https://sts.contoso.test'), { signal: controller.signal }))
      controller.abort()
      expect((await pending).code).toBe('ERR_TRANSPORT_ABORTED')
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(dns.lookup).not.toHaveBeenCalled()
    })

    it('and refuses private addresses where the caller wants that', async () => {
      resolveTo(['10.1.2.3'])
      const refused = await failureOf(client({ denyPrivate: true })(credentialRequest('https://sts.contoso.test')))
      expect(refused.code).toBe('ERR_UNJUSTIFIED_HOST')
      const literal = await failureOf(client({ denyPrivate: true })(credentialRequest('https://[fd00::1]')))
      expect(literal.code).toBe('ERR_UNJUSTIFIED_HOST')
    })

    it('and refuses a localhost that leads away, where plain http would be allowed', async () => {
      resolveTo(['192.0.2.1'])
      expect((await failureOf(client()(credentialRequest('http://localhost')))).code).toBe('ERR_UNJUSTIFIED_HOST')
    })

    it('and speaks plain http to loopback', async () => {
      const server = await serve(respond('200 OK', '{}'), 'plain')
      expect((await client()(credentialRequest(`http://127.0.0.1:${server.port}`))).status).toBe(200)
    })
  },
)
