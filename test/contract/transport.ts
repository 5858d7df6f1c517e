import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AuthError, isAuthError } from '../../src/errors.ts'
import { createRequest, type HttpRequest } from '../../src/protocol/http.ts'
import type { HttpsTransportOptions } from '../../src/transport/connection-options.ts'
import type { ClosableTransport } from '../../src/transport/exchange.ts'
import { type Certificates, createCertificates } from '../transport/certificates.ts'
import { type Answer, type HostileServer, listen, respond } from '../transport/hostile-server.ts'

export interface TransportCapabilities {
  /** Opens its own connections: phases have deadlines, an end closes the socket, TLS settings are its own. */
  readonly ownsConnections: boolean
}

export type MakeTransport = (options: HttpsTransportOptions) => ClosableTransport

const canaries: readonly string[] = ['CANARY-body', 'CANARY-header', 'CANARY-path', 'CANARY-answer']

/** A credential request with a canary in every part that an error must not show. */
export function credentialRequest(origin: string, parts: Partial<HttpRequest> = {}): HttpRequest {
  return createRequest({
    step: 'token',
    method: 'POST',
    url: `${origin}/CANARY-path?q=CANARY-path`,
    headers: { authorization: 'Basic CANARY-header', 'content-type': 'application/x-www-form-urlencoded' },
    body: 'password=CANARY-body-é€😀',
    printableBody: 'password=[redacted]',
    ...parts,
  })
}

/** The error of a request that must fail; whatever it is, it may show no canary and must say what to do. */
export async function failureOf(pending: Promise<unknown>): Promise<AuthError> {
  const error = await pending.then(
    (value) => expect.fail(`resolved: ${inspect(value)}`),
    (reason: unknown) => reason,
  )
  if (!isAuthError(error)) throw error
  const shown = `${inspect(error, { showHidden: true, depth: 12, getters: true })}${JSON.stringify(error)}${error.stack}`
  for (const canary of canaries) expect(shown).not.toContain(canary)
  expect(error.hint).toMatch(/\w/)
  return error
}

/** Everything a suite needs to talk to hostile servers; closes what it opened. */
export function setUp(make: MakeTransport): {
  certificates(): Certificates
  serve(answer: Answer, tls?: object | 'plain', onConnection?: Answer): Promise<HostileServer & { origin: string }>
  client(options?: HttpsTransportOptions): ClosableTransport
} {
  let made: Certificates
  const cleanUps: (() => Promise<void>)[] = []
  beforeAll(async () => {
    made = await createCertificates()
  })
  // After all, not after each: the tests of a suite may run side by side.
  afterAll(async () => {
    for (const close of cleanUps.splice(0).reverse()) await close()
  })
  return {
    certificates: () => made,
    async serve(answer, tls, onConnection) {
      const server = await listen(answer, tls === 'plain' ? undefined : (tls ?? made.good), onConnection)
      cleanUps.push(server.close)
      return { ...server, origin: `https://localhost:${server.port}` }
    },
    client(options = {}) {
      const transport = make({ ca: made.ca, ...options })
      cleanUps.push(transport.close)
      return transport
    },
  }
}

/** The promises every transport makes, against real TLS sockets. Phases and sockets: `phasesContract`. */
export function transportContract(name: string, make: MakeTransport, capabilities: TransportCapabilities): void {
  describe(name, () => {
    describe('carries messages unharmed', () => messages(make))
    describe('never follows a redirect', () => redirects(make))
    describe('refuses hostile answers', () => hostileAnswers(make))
    describe('trusts no TLS connection it cannot verify', () => tlsFailures(make, capabilities))
    describe('refuses URLs before a socket is opened', () => refusedUrls(make))
  })
}

function messages(make: MakeTransport): void {
  const { serve, client } = setUp(make)

  it('counts the length of a body in UTF-8 bytes and sends it once', async () => {
    const server = await serve(respond('200 OK', '{}'))
    await client()(credentialRequest(server.origin))
    expect(server.seen).toHaveLength(1)
    expect(server.seen[0]?.body).toBe('password=CANARY-body-é€😀')
    expect(server.seen[0]?.head).toMatch(/content-length: 30(\r\n|$)/i)
    expect(server.seen[0]?.head).toMatch(/accept-encoding: identity(\r\n|$)/i)
  })

  it('returns any status with its body: only the parser of the message knows what a 500 means', async () => {
    const server = await serve(respond('500 Internal Server Error', '<s:Fault/>'))
    const request = credentialRequest(server.origin)
    const response = await client()(request)
    expect(response).toMatchObject({ status: 500, body: '<s:Fault/>', url: request.url })
    expect(response.timings?.totalMs).toBeGreaterThan(0)
  })

  it('lower-cases header names, joins repeated ones, and keeps one called __proto__ a header', async () => {
    const server = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-One: a\r\nx-one: b\r\n__proto__: p\r\nContent-Length: 2\r\n\r\n{}')
    })
    const { headers } = await client()(credentialRequest(server.origin))
    expect(headers['x-one']).toBe('a, b')
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype)
  })

  it('decodes characters split between chunks, and leaves a byte order mark to the parser', async () => {
    const bytes = Buffer.from('\ufeffé€😀')
    const server = await serve((socket) => {
      const chunks = [...bytes].map((byte) => Buffer.from([0x31, 13, 10, byte, 13, 10]))
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      socket.write(Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]))
    })
    expect((await client()(credentialRequest(server.origin))).body).toBe('\ufeffé€😀')
  })

  it('uses connections again for requests in a row', async () => {
    const server = await serve(respond('200 OK', '{}'))
    const send = client()
    for (let i = 0; i < 6; i++) await send(credentialRequest(server.origin))
    // undici hands out the answer before the connection is free again, so the second request opens another.
    expect(server.connections()).toBeLessThanOrEqual(2)
  })

  it('accepts exactly the limit of the step, and not one byte more', async () => {
    const limit = 64 * 1024
    const server = await serve((socket, { head }) => {
      const size = head.includes('more') ? limit + 1 : limit
      socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${'x'.repeat(size)}`)
    })
    const send = client()
    const request = credentialRequest(server.origin, { step: 'realm' })
    expect((await send(request)).body).toHaveLength(limit)
    const more = await failureOf(send({ ...request, headers: { 'x-size': 'more' } }))
    expect(more).toMatchObject({ code: 'ERR_TRANSPORT_TOO_LARGE', step: 'realm' })
  })

  it('does not take an answer that arrived unasked for the next one', async () => {
    let first = true
    const server = await serve((socket, seen) => {
      respond('200 OK', first ? 'first' : 'second')(socket, seen)
      if (first) setTimeout(() => respond('200 OK', 'poison')(socket, seen), 20)
      first = false
    })
    const send = client()
    expect((await send(credentialRequest(server.origin))).body).toBe('first')
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect((await send(credentialRequest(server.origin))).body).toBe('second')
  })

  it('does not send a credential again when the connection it was written to dies', async () => {
    const server = await serve((socket, seen) => {
      if (server.seen.length === 1) respond('200 OK', '{}')(socket, seen)
      else socket.destroy()
    })
    const send = client()
    await send(credentialRequest(server.origin))
    expect(await failureOf(send(credentialRequest(server.origin)))).toMatchObject({ code: 'ERR_TRANSPORT_UNREACHABLE' })
    expect(server.seen).toHaveLength(2)
  })
}

function redirects(make: MakeTransport): void {
  const { serve, client } = setUp(make)
  for (const status of ['301', '302', '303', '307', '308'] as const) {
    it(`${status}: neither the same origin nor another one gets the credential again`, async () => {
      const other = await serve(respond('200 OK', 'CANARY-answer'))
      for (const target of ['/again', `https://127.0.0.1:${other.port}/CANARY-path`, 'http://[bad']) {
        const server = await serve(respond(`${status} Moved`, 'CANARY-answer', { Location: target }))
        const error = await failureOf(client()(credentialRequest(server.origin)))
        expect(error).toMatchObject({ code: 'ERR_TRANSPORT_REDIRECT', name: 'TransportError', step: 'token' })
        expect(server.seen).toHaveLength(1)
        if (target.startsWith('https')) expect(error.message).toContain(`127.0.0.1:${other.port}`)
      }
      expect(other.connections()).toBe(0)
    })
  }
}

const raw =
  (text: string | Buffer): Answer =>
  (socket) =>
    socket.write(text)

const hostile: readonly (readonly [title: string, answer: Answer, code: string])[] = [
  ['a body announced as too long', raw('HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\nCANARY-answer'), 'TOO_LARGE'],
  ['an endless chunked body', endless, 'TOO_LARGE'],
  ['a flood of headers', raw(`HTTP/1.1 200 OK\r\n${'x-flood: CANARY-answer\r\n'.repeat(3000)}\r\n`), 'TOO_LARGE'],
  ['bytes that are not HTTP', raw('CANARY-answer\r\n\r\n'), 'MALFORMED'],
  ['two lengths', raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'), 'MALFORMED'],
  ['a compressed body', respond('200 OK', gzipSync('CANARY-answer'), { 'Content-Encoding': 'gzip' }), 'MALFORMED'],
  ['an unknown coding', respond('200 OK', 'CANARY-answer', { 'Content-Encoding': 'x-CANARY' }), 'MALFORMED'],
  ['bytes that are not UTF-8', respond('200 OK', Buffer.from('CANARY-answer\xff', 'latin1')), 'MALFORMED'],
  ['a body that ends inside a character', respond('200 OK', Buffer.from([0x7b, 0xe2, 0x82])), 'MALFORMED'],
  ['a connection closed without an answer', (socket) => socket.destroy(), 'UNREACHABLE'],
  ['a body cut short', (s) => s.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nCANARY-answer'), 'UNREACHABLE'],
]

function endless(...[socket]: Parameters<Answer>): void {
  socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
  const piece = `1000\r\n${'CANARY-answer '.repeat(300).slice(0, 4096)}\r\n`
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
    if (!socket.destroyed) socket.once('drain', more)
  }
  more()
}

function hostileAnswers(make: MakeTransport): void {
  const { serve, client } = setUp(make)
  for (const [title, answer, code] of hostile) {
    it(title, async () => {
      const server = await serve(answer)
      const started = performance.now()
      const error = await failureOf(client()(credentialRequest(server.origin)))
      expect(error.code).toContain(code)
      expect(error.step).toBe('token')
      expect(performance.now() - started).toBeLessThan(1_000)
      // What is refused is dropped, not read to its end; an answer that has ended needs no dropping.
      if (code !== 'TOO_LARGE') return
      await server.settle(0)
      expect(server.open()).toBe(0)
    })
  }

  it('names the code of the system where nothing listens', async () => {
    const server = await serve(respond('200 OK'))
    await server.close()
    const error = await failureOf(client()(credentialRequest(server.origin)))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') })
    expect(error.message).toContain(`localhost:${server.port}`)
  })

  it('names the code of the system where the name does not resolve', async () => {
    const error = await failureOf(client()(credentialRequest('https://no-such-host.invalid')))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_UNREACHABLE' })
    expect(error.message).toMatch(/ENOTFOUND|EAI_AGAIN/)
  })
}

function tlsFailures(make: MakeTransport, { ownsConnections }: TransportCapabilities): void {
  const { serve, client, certificates } = setUp(make)
  const refused = async (origin: string, options?: HttpsTransportOptions): Promise<AuthError> => {
    const error = await failureOf(client(options)(credentialRequest(origin)))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_TLS', step: 'token' })
    return error
  }

  it.each(['wrongName', 'expired', 'selfSigned'] as const)('a certificate that is %s', async (defect) => {
    const server = await serve(respond('200 OK'), certificates()[defect])
    const error = await refused(server.origin)
    expect(error.hint).toMatch({ wrongName: /names/, expired: /clock/, selfSigned: /NODE_EXTRA_CA_CERTS/ }[defect])
    expect(server.seen).toHaveLength(0)
  })

  it('a CA nobody named, with the advice to name it', async () => {
    const server = await serve(respond('200 OK'))
    expect((await refused(server.origin, { ca: [] })).hint).toMatch(/`ca`/)
  })

  it('a server of TLS 1.1 and no newer', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }
    const server = await serve(respond('200 OK'), { ...certificates().good, ...old })
    await refused(server.origin)
  })

  it('a port that speaks plain HTTP', async () => {
    const server = await serve(respond('200 OK'), 'plain', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await refused(server.origin)
  })

  it('whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      const server = await serve(respond('200 OK'), certificates().selfSigned)
      await refused(server.origin)
      expect(server.seen).toHaveLength(0)
      if (!ownsConnections) expect(server.connections()).toBe(0)
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    }
  })
}

const refusedLiterals = ['0', '0.0.0.0', '169.254.169.254', '0xa9fea9fe', '2852039166', '224.0.0.1', '255.255.255.255']
const refusedIpv6 = [
  '[::]',
  '[fe80::1]',
  '[ff02::1]',
  '[::ffff:169.254.169.254]',
  '[::ffff:0:0]',
  '[64:ff9b::a9fe:a9fe]',
]

function refusedUrls(make: MakeTransport): void {
  const { client } = setUp(make)

  it.each([...refusedLiterals, ...refusedIpv6])('the address %s', async (host) => {
    const error = await failureOf(client()(credentialRequest(`https://${host}`)))
    expect(error).toMatchObject({ code: 'ERR_UNJUSTIFIED_HOST', name: 'ProtocolError', step: 'token' })
  })

  it.each(['http://sts.contoso.test', 'http://10.0.0.1', 'ftp://localhost', 'file://', '', 'https://a:b@localhost'])(
    'the origin "%s"',
    async (origin) => {
      expect((await failureOf(client()(credentialRequest(origin)))).code).toBe('ERR_INVALID_ARGUMENT')
    },
  )

  it.each([
    { 'x-a': 'CANARY-header\r\nx-b: c' },
    { 'x-a': '€' },
    { 'x a': 'b' },
    { Host: 'other.test' },
    { 'content-length': '1' },
  ])('the header %o', async (headers) => {
    const request = credentialRequest('https://localhost:9', { headers: headers as Record<string, string> })
    expect((await failureOf(client()(request))).code).toBe('ERR_INVALID_ARGUMENT')
  })
}
