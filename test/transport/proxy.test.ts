import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createUndiciTransport, type UndiciTransportOptions } from '../../src/transport/undici-transport.ts'
import { credentialRequest, failureOf, setUp } from '../contract/transport.ts'
import { respond } from './hostile-server.ts'

interface Proxy {
  readonly url: string
  /** What the proxy could read of each connection before it became a tunnel. */
  readonly heads: string[]
  open(): number
}

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const close of cleanUps.splice(0)) close()
  vi.unstubAllEnvs()
})

/** A proxy that tunnels every CONNECT to one local port, refuses with a status, or never answers. */
async function startProxy(behaviour: { to: number } | { status: string } | 'silent'): Promise<Proxy> {
  const heads: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.once('data', (chunk) => {
      heads.push(chunk.toString('latin1'))
      if (behaviour === 'silent') return
      if ('status' in behaviour) {
        socket.end(`HTTP/1.1 ${behaviour.status}\r\nContent-Length: 0\r\n\r\n`)
        return
      }
      const target = connect(behaviour.to, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        socket.pipe(target).pipe(socket)
      })
      target.on('error', () => socket.destroy())
      socket.on('close', () => target.destroy())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heads, open: () => sockets.size }
}

async function emptied(proxy: Proxy): Promise<number> {
  for (let i = 0; i < 100 && proxy.open() > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  return proxy.open()
}

const target = 'https://login.contoso.test'

describe('the undici transport behind a proxy', () => {
  const { serve, client: make, certificates } = setUp(createUndiciTransport)
  const client = (options: UndiciTransportOptions): ReturnType<typeof make> => make(options)

  it('shows the proxy nothing but host and port, and trusts `ca` through it', async () => {
    const server = await serve(respond('200 OK', '{}'))
    const proxy = await startProxy({ to: server.port })
    const send = client({ proxy: proxy.url.replace('//', '//user:p%40ss@') })
    expect((await send(credentialRequest(target))).body).toBe('{}')
    expect(server.seen).toHaveLength(1)
    expect(proxy.heads).toHaveLength(1)
    expect(proxy.heads[0]).toMatch(/^CONNECT login\.contoso\.test:443 HTTP\/1\.1\r\n/)
    expect(proxy.heads[0]).toContain(`Basic ${btoa('user:p@ss')}`)
    expect(proxy.heads[0]).not.toContain('CANARY')
    await send.close()
    expect(await emptied(proxy)).toBe(0)
  })

  it.each(['wrongName', 'expired', 'selfSigned'] as const)(
    'refuses a certificate that is %s through it too',
    async (defect) => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
      const server = await serve(respond('200 OK', '{}'), certificates()[defect])
      const proxy = await startProxy({ to: server.port })
      expect((await failureOf(client({ proxy: proxy.url })(credentialRequest(target)))).code).toBe('ERR_TRANSPORT_TLS')
      expect(server.seen).toHaveLength(0)
    },
  )

  it('ends a CONNECT that is never answered at the deadline, and leaves no socket', async () => {
    const proxy = await startProxy('silent')
    const started = performance.now()
    const error = await failureOf(client({ proxy: proxy.url, connectTimeoutMs: 300 })(credentialRequest(target)))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_TIMEOUT', step: 'token' })
    expect(performance.now() - started).toBeLessThan(800)
    expect(await emptied(proxy)).toBe(0)
  })

  it.each(['abort', 'close'] as const)('ends a CONNECT that is never answered at once on %s', async (how) => {
    const proxy = await startProxy('silent')
    const controller = new AbortController()
    const send = client({ proxy: proxy.url })
    const pending = failureOf(send(credentialRequest(target), { signal: controller.signal }))
    await vi.waitFor(() => expect(proxy.heads).toHaveLength(1))
    if (how === 'abort') controller.abort()
    else await send.close()
    expect((await pending).code).toBe('ERR_TRANSPORT_ABORTED')
    expect(await emptied(proxy)).toBe(0)
  })

  it.each(['abort', 'close', 'deadline'] as const)(
    'ends a handshake that stalls inside the tunnel on %s',
    async (how) => {
      const server = await serve(() => undefined, 'plain')
      const proxy = await startProxy({ to: server.port })
      const controller = new AbortController()
      const send = client({ proxy: proxy.url, ...(how === 'deadline' ? { totalTimeoutMs: 500 } : {}) })
      const pending = failureOf(send(credentialRequest(target), { signal: controller.signal }))
      await new Promise((resolve) => setTimeout(resolve, 150))
      expect(server.open()).toBe(1)
      if (how === 'abort') controller.abort()
      if (how === 'close') await send.close()
      expect((await pending).code).toBe(how === 'deadline' ? 'ERR_TRANSPORT_TIMEOUT' : 'ERR_TRANSPORT_ABORTED')
      expect(await emptied(proxy)).toBe(0)
    },
  )

  it('says that the proxy wants a password (407), without showing the one it was given', async () => {
    const proxy = await startProxy({ status: '407 Proxy Authentication Required' })
    const send = client({ proxy: proxy.url.replace('//', '//user:CANARY-header@') })
    const error = await failureOf(send(credentialRequest(target)))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_UNREACHABLE', hint: expect.stringContaining('password') })
    expect(error.message).toContain('407')
  })

  it('sends plain http, which is for loopback only, past the proxy', async () => {
    const server = await serve(respond('200 OK', '{}'), 'plain')
    const proxy = await startProxy('silent')
    await client({ proxy: proxy.url })(credentialRequest(`http://127.0.0.1:${server.port}`))
    expect(proxy.heads).toHaveLength(0)
  })

  it.each([
    'socks://127.0.0.1:1080',
    'socks5://127.0.0.1:1080',
    'ftp://proxy.test',
    '127.0.0.1:3128',
    '',
    'http://a%:b@c',
  ])('refuses the proxy "%s" when it is created, without showing it', (proxy) => {
    expect(() => createUndiciTransport({ proxy })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })

  describe("with proxy: 'env'", () => {
    const stub = (variables: Record<string, string>): void => {
      for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
        vi.stubEnv(name, variables[name])
        vi.stubEnv(name.toLowerCase(), variables[name.toLowerCase()])
      }
    }

    it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'])('uses %s', async (variable) => {
      const server = await serve(respond('200 OK', '{}'))
      const proxy = await startProxy({ to: server.port })
      stub({ [variable]: proxy.url })
      await client({ proxy: 'env' })(credentialRequest(target))
      expect(proxy.heads[0]).toMatch(/^CONNECT login\.contoso\.test:443 /)
    })

    it('goes past it for the hosts of NO_PROXY, judging their addresses', async () => {
      const server = await serve(respond('200 OK', '{}'))
      const proxy = await startProxy('silent')
      stub({ HTTPS_PROXY: proxy.url, NO_PROXY: 'localhost,.contoso.test' })
      expect((await client({ proxy: 'env' })(credentialRequest(server.origin))).status).toBe(200)
      expect(proxy.heads).toHaveLength(0)
    })

    it('needs no proxy at all', async () => {
      stub({ HTTPS_PROXY: '' })
      const server = await serve(respond('200 OK', '{}'))
      expect((await client({ proxy: 'env' })(credentialRequest(server.origin))).status).toBe(200)
    })

    it('refuses a SOCKS proxy there too', () => {
      stub({ HTTPS_PROXY: 'socks5://127.0.0.1:1080' })
      expect(() => createUndiciTransport({ proxy: 'env' })).toThrow(/HTTPS_PROXY/)
    })
  })
})
