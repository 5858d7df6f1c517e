import { getEventListeners } from 'node:events'
import { Agent, type RequestOptions, request } from 'node:https'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { routeOf } from '../../src/simulator/injection.ts'
import { createSimulator, type InjectedFault, type Injection, type RequestKind } from '../../src/simulator.ts'
import { createHttpsTransport } from '../../src/transport.ts'
import { decodeJwt, passwordRequest, userNamed } from './messages.ts'

const now = 1_800_000_000
const simulator = await createSimulator({ now: () => now })
const running = await simulator.listen()
const agent = new Agent({ ca: running.ca, keepAlive: true })
afterEach(() => {
  simulator.clearInjected()
  simulator.clearJournal()
})
afterAll(async () => {
  agent.destroy()
  await running.close()
})

const { origin } = new URL(running.authority)
const realmUrl = `${origin}/common/userrealm/ada@contoso.example?api-version=1.0`
const keysUrl = `${origin}/common/discovery/keys`
const realm = { step: 'realm', method: 'GET', url: realmUrl, headers: {} } as const

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The error after which no more came, if the answer is not whole: `reset`, or `ended` where the end was in order. */
  readonly broken?: 'reset' | 'ended'
}

/** Everything that comes, however the connection ends; rejects when nothing does. */
function get(url: string, options: RequestOptions = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let hasResponse = false
    let wasReset = false
    const outgoing = request(url, { agent, ...options }, (response) => {
      hasResponse = true
      const chunks: Buffer[] = []
      const reply = (): Reply => ({
        status: response.statusCode ?? 0,
        headers: response.headers as Record<string, string>,
        body: Buffer.concat(chunks),
      })
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => undefined)
      response.on('close', () => {
        if (response.complete) resolve(reply())
        else setImmediate(() => resolve({ ...reply(), broken: wasReset ? 'reset' : 'ended' }))
      })
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // Of a connection that ended in order Node says ECONNRESET too, but no system call did.
      wasReset = error.syscall === 'read'
      if (!hasResponse) reject(error)
    })
    outgoing.end()
  })
}

const honest = (await get(realmUrl)).body.toString()

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

function inject(fault: InjectedFault, more: Partial<Injection> = {}): void {
  simulator.inject({ route: 'realm', fault, ...more })
}

describe('over sockets', () => {
  it('answers later', async () => {
    inject({ type: 'latency', ms: 60 })
    const start = performance.now()
    expect((await get(realmUrl)).body.toString()).toBe(honest)
    expect(performance.now() - start).toBeGreaterThan(55)
  })

  it('resets the connection before the answer, which is not an end in order', async () => {
    inject({ type: 'reset' })
    await expect(get(realmUrl, { agent: false, ca: running.ca })).rejects.toMatchObject({
      code: 'ECONNRESET',
      // Of a connection that ended in order Node says "socket hang up".
      syscall: 'read',
    })
  })

  it('resets the connection in the middle of the body', async () => {
    inject({ type: 'reset', after: 'headers' })
    const { status, body, broken } = await get(realmUrl)
    expect({ status, broken }).toEqual({ status: 200, broken: 'reset' })
    expect(honest.startsWith(body.toString())).toBe(true)
    expect(body.length).toBeLessThan(honest.length)
  })

  it('ends the connection before as much came as Content-Length says, though all of the answer did', async () => {
    inject({ type: 'truncate' })
    const { headers, body, broken } = await get(realmUrl)
    expect(body.toString()).toBe(honest)
    expect(headers['content-length']).toBe(String(honest.length + 16))
    expect(broken).toBe('ended')
  })

  it.each<[string, InjectedFault, boolean]>([
    ['never answers', { type: 'hang' }, false],
    ['answers with headers and nothing behind them', { type: 'hang', after: 'headers' }, true],
  ])('%s, until the client gives up', async (_title, fault, hasHeaders) => {
    inject(fault)
    const gaveUp = new AbortController()
    const seen: string[] = []
    const ended = new Promise((resolve) => {
      const outgoing = request(realmUrl, { agent, signal: gaveUp.signal }, (response) => {
        seen.push('headers')
        response.on('data', () => seen.push('data')).on('error', () => undefined)
      })
      outgoing.on('error', () => seen.push('error')).on('close', resolve)
      outgoing.end()
    })
    await expect.poll(() => simulator.journal.length).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(seen).toEqual(hasHeaders ? ['headers'] : [])
    gaveUp.abort()
    await ended
  })

  it('sends a body that inflates to many megabytes, whatever was asked for', async () => {
    inject({ type: 'gzip-bomb', mebibytes: 20 })
    const { headers, body } = await get(realmUrl, { headers: { 'accept-encoding': 'identity' } })
    expect(headers['content-encoding']).toBe('gzip')
    expect(body.length).toBeLessThan(40_000)
    expect(gunzipSync(body).length).toBe(20 * 1024 * 1024)
  })

  it('is on time for whoever asks next: a delay holds up nobody else', async () => {
    inject({ type: 'latency', ms: 10_000 }, { calls: 1 })
    const gaveUp = new AbortController()
    const late = get(realmUrl, { signal: gaveUp.signal })
    await expect.poll(() => simulator.journal.length).toBe(1)
    expect((await get(realmUrl)).body.toString()).toBe(honest)
    const before = timers()
    gaveUp.abort()
    await expect(late).rejects.toThrow()
    await expect.poll(timers).toBeLessThan(before)
  })

  it('leaves nothing open when it closes, whatever hangs or is late', async () => {
    const other = await createSimulator()
    const server = await other.listen()
    other.inject([
      { route: 'realm', fault: { type: 'hang' } },
      { route: 'jwks', fault: { type: 'latency', ms: 3_600_000 } },
      { route: 'metadata', fault: { type: 'hang', after: 'headers' } },
    ])
    const at = new URL(server.authority).origin
    const own = { agent: false, ca: server.ca }
    const paths = ['common/userrealm/x', 'common/discovery/keys', 'common/v2.0/.well-known/openid-configuration']
    const waiting = paths.map((path) => get(`${at}/${path}`, own).catch((error: Error) => error))
    await expect.poll(() => other.journal.length).toBe(3)
    const before = timers()
    await server.close()
    const answers = await Promise.all(waiting)
    expect(answers.filter((answer) => answer instanceof Error || answer.broken !== undefined)).toHaveLength(3)
    expect(timers()).toBeLessThan(before)
  })

  it('counts the connections that are open, and ends those too that never got as far as TLS', async () => {
    const other = await createSimulator()
    const server = await other.listen()
    expect(server.openConnections).toBe(0)
    const socket = connect({ port: Number(new URL(server.authority).port), host: '127.0.0.1' })
    const closed = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve))
    await expect.poll(() => server.openConnections).toBe(1)
    await server.close()
    await closed
    expect(server.openConnections).toBe(0)
  })

  it.each([
    ['expired', 'CERT_HAS_EXPIRED'],
    ['wrong-host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ] as const)('shows a certificate that is %s on one side, and good ones on the others', async (certificate, code) => {
    const other = await createSimulator()
    await using server = await other.listen({ certificate: { adfs: certificate } })
    const own = { agent: false, ca: server.ca }
    await expect(get(`${server.adfsOrigin}/adfs/services/trust/mex`, own)).rejects.toMatchObject({ code })
    expect((await get(`${new URL(server.authority).origin}/common/discovery/keys`, own)).status).toBe(200)
    expect(other.journal).toMatchObject([{ kind: 'jwks' }])
  })
})

describe('in place of the answer', () => {
  it.each<[InjectedFault, Partial<Record<keyof Reply, unknown>>]>([
    [
      { type: 'status', status: 503 },
      { status: 503, body: '' },
    ],
    [
      { type: 'status', status: 429, headers: { 'retry-after': '120' }, body: 'slow down' },
      { status: 429, headers: expect.objectContaining({ 'retry-after': '120' }), body: 'slow down' },
    ],
    [
      { type: 'html', title: 'Sign in to the network' },
      {
        status: 200,
        headers: expect.objectContaining({ 'content-type': 'text/html; charset=utf-8', server: 'squid/5.7' }),
        body: expect.stringContaining('<title>Sign in to the network</title>'),
      },
    ],
    [
      { type: 'html', status: 502 },
      { status: 502, headers: expect.objectContaining({ via: '1.1 proxy.contoso.example' }) },
    ],
    [{ type: 'empty' }, { status: 200, body: '' }],
    [
      { type: 'redirect', to: 'https://elsewhere.example/' },
      { status: 302, headers: expect.objectContaining({ location: 'https://elsewhere.example/' }) },
    ],
    [{ type: 'redirect', to: '/', status: 307 }, { status: 307 }],
    [{ type: 'bad-json' }, { status: 200, body: honest.slice(0, honest.length / 2) }],
    [
      { type: 'wrong-content-type' },
      { headers: expect.objectContaining({ 'content-type': 'text/html' }), body: honest },
    ],
    [
      { type: 'wrong-content-type', contentType: 'text/plain' },
      { headers: expect.objectContaining({ 'content-type': 'text/plain' }), body: honest },
    ],
  ])('%o', async (fault, expected) => {
    inject(fault)
    const overSockets = await get(realmUrl)
    expect({ ...overSockets, body: overSockets.body.toString() }).toMatchObject(expected)
    expect(await simulator.send(realm)).toMatchObject(expected)
  })

  it('does not ask the server, so that no refresh token or device code is used up', async () => {
    simulator.inject({ route: 'token', calls: 1, fault: { type: 'status', status: 503 } })
    const answer = (): Promise<number> =>
      passwordRequest(simulator, 'ada@contoso.example', { password: 'wrong' }).then(
        ({ status }) => status,
        () => 0, // an empty body is no JSON
      )
    expect(await answer()).toBe(0)
    expect(simulator.journal).toMatchObject([
      { kind: 'token', status: 503, carriedCredential: true, injected: ['status'] },
    ])
    expect(simulator.journal[0]).not.toHaveProperty('username')
    expect(await answer()).toBe(400)
    expect(simulator.journal[1]).toMatchObject({ username: 'ada@contoso.example' })
    expect(simulator.journal[1]).not.toHaveProperty('injected')
  })

  it('shifts the clock of the server for this request: its Date header, and every time it writes', async () => {
    simulator.inject({ route: 'token', calls: 1, fault: { type: 'clock-skew', seconds: 7_200 } })
    const ahead = await passwordRequest(simulator, 'ada@contoso.example')
    expect(ahead.headers['date']).toBe(new Date((now + 7_200) * 1000).toUTCString())
    expect(decodeJwt(ahead.body['id_token'])['iat']).toBe(now + 7_200)
    const again = await passwordRequest(simulator, 'ada@contoso.example')
    expect(again.headers['date']).toBe(new Date(now * 1000).toUTCString())
    expect(decodeJwt(again.body['id_token'])['iat']).toBe(now)
  })

  it('rewrites the answer by a function, as the option of old did', async () => {
    simulator.inject({ route: 'realm', fault: (_request, answer) => ({ ...answer, body: `${answer.body}\n` }) })
    expect((await get(realmUrl)).body.toString()).toBe(`${honest}\n`)
    expect((await simulator.send(realm)).body).toBe(`${honest}\n`)
  })
})

describe('which requests', () => {
  const statuses = async (count: number, url = realmUrl): Promise<number[]> => {
    const all: number[] = []
    for (let call = 0; call < count; call++) all.push((await get(url)).status)
    return all
  }
  const down = { type: 'status', status: 503 } as const

  it.each<[Injection['calls'], number[]]>([
    [undefined, [503, 503, 503, 503]],
    ['all', [503, 503, 503, 503]],
    [1, [503, 200, 200, 200]],
    [3, [200, 200, 503, 200]],
    [
      [1, 3],
      [503, 200, 503, 200],
    ],
  ])('calls: %j', async (calls, expected) => {
    inject(down, calls === undefined ? {} : { calls })
    expect(await statuses(4)).toEqual(expected)
  })

  it('counts each route for itself, and from when the fault was injected', async () => {
    await statuses(2)
    inject(down, { calls: 2 })
    expect(await statuses(3, keysUrl)).toEqual([200, 200, 200])
    expect(await statuses(3)).toEqual([200, 503, 200])
  })

  it('adds the faults of one request up', async () => {
    inject({ type: 'latency', ms: 40 })
    inject(down)
    inject({ type: 'latency', ms: 40 })
    const start = performance.now()
    expect(await statuses(1)).toEqual([503])
    expect(performance.now() - start).toBeGreaterThan(75)
  })

  it('answers with the last of several things that stand in for the answer', async () => {
    inject(down)
    inject({ type: 'status', status: 429 })
    expect(await statuses(1)).toEqual([429])
  })

  it('takes back what was injected', async () => {
    inject(down)
    simulator.clearInjected()
    expect(await statuses(1)).toEqual([200])
  })

  it('fails from the start where it is created so', async () => {
    const broken = await createSimulator({ inject: [{ route: 'realm', calls: 1, fault: down }] })
    const url = realmUrl.replace(origin, new URL(broken.authority).origin)
    expect((await broken.send({ ...realm, url })).status).toBe(503)
    expect((await broken.send({ ...realm, url })).status).toBe(200)
  })

  it.each<[string, unknown]>([
    ['a route', { route: 'tokens', fault: down }],
    ['a type', { route: 'token', fault: { type: 'hangs' } }],
    ['a type of every object', { route: 'token', fault: { type: 'toString' } }],
    ['a call', { route: 'token', calls: 0, fault: down }],
    ['a call', { route: 'token', calls: [1, 1.5], fault: down }],
  ])('refuses %s that does not exist, since it would inject nothing', async (_title, injection) => {
    expect(() => simulator.inject(injection as Injection)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    )
    await expect(createSimulator({ inject: [injection as Injection] })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    })
  })

  it('tells the route of a request by its path as the sides do', async () => {
    const fred = userNamed(simulator, 'fred@fed.contoso.example')
    const { adfs, b2c, ciam, oidc, entra } = running.authorities
    const transport = createHttpsTransport({ ca: running.ca })
    const urls = [
      `${origin}/common/userrealm/${fred.username}?api-version=1.0`,
      `${origin}/common/discovery/instance?api-version=1.1&authorization_endpoint=${entra}/oauth2/v2.0/authorize`,
      ...[entra, ciam, b2c].flatMap((url) => [
        `${url}/v2.0/.well-known/openid-configuration`,
        `${url}/discovery/v2.0/keys`,
        `${url}/oauth2/v2.0/token`,
      ]),
      ...[entra, ciam].map((url) => `${url}/oauth2/v2.0/devicecode`),
      `${entra}/oauth2/token`,
      ...['services/trust/mex', 'services/trust/13/usernamemixed', 'services/trust/2005/windowstransport'].map(
        (path) => `${adfs}/${path}`,
      ),
      ...[
        '.well-known/openid-configuration',
        'discovery/keys',
        'oauth2/token',
        'oauth2/token/',
        'oauth2/devicecode',
      ].map((path) => `${adfs}/${path}`),
      ...['.well-known/openid-configuration', 'jwks', 'token', 'device_authorization', 'nowhere'].map(
        (path) => `${oidc}/${path}`,
      ),
    ]
    for (const url of urls) {
      await transport({ step: 'token', method: 'POST', url, headers: {}, body: 'x=y' })
      expect(`${url} ${routeOf(url)}`).toBe(`${url} ${simulator.journal.at(-1)?.kind}`)
    }
    const kinds = new Set(simulator.journal.map(({ kind }) => kind))
    const all: RequestKind[] = ['realm', 'mex', 'wstrust', 'token', 'device', 'metadata', 'jwks', 'instance', 'other']
    expect([...kinds].sort()).toEqual(all.sort())
    await transport.close()
  })
})

describe('over send', () => {
  it.each<[InjectedFault, string]>([
    [{ type: 'reset' }, 'ERR_TRANSPORT_UNREACHABLE'],
    [{ type: 'reset', after: 'headers' }, 'ERR_TRANSPORT_UNREACHABLE'],
    [{ type: 'truncate' }, 'ERR_TRANSPORT_UNREACHABLE'],
    [{ type: 'gzip-bomb' }, 'ERR_MALFORMED_RESPONSE'],
  ])('%o ends as it does in a transport with connections: %s', async (fault, code) => {
    inject(fault)
    const transport = createHttpsTransport({ ca: running.ca })
    await expect(transport(realm)).rejects.toMatchObject({ code, step: 'realm' })
    await expect(simulator.send(realm)).rejects.toMatchObject({ code, step: 'realm' })
    await transport.close()
  })

  it.each<InjectedFault>([{ type: 'hang' }, { type: 'hang', after: 'headers' }, { type: 'latency', ms: 60_000 }])(
    '%o honours the signal',
    async (fault) => {
      inject(fault)
      const start = performance.now()
      await expect(simulator.send(realm, { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({
        code: 'ERR_TRANSPORT_TIMEOUT',
        step: 'realm',
      })
      const gaveUp = new AbortController()
      const before = timers()
      const waiting = simulator.send(realm, { signal: gaveUp.signal })
      await expect.poll(() => simulator.journal.length).toBe(2)
      gaveUp.abort('enough')
      await expect(waiting).rejects.toMatchObject({ code: 'ERR_TRANSPORT_ABORTED', cause: 'enough' })
      expect(timers()).toBeLessThanOrEqual(before)
      expect(performance.now() - start).toBeLessThan(1_000)
    },
  )

  it('answers later, and then as ever', async () => {
    inject({ type: 'latency', ms: 40 })
    const start = performance.now()
    const { signal } = new AbortController()
    expect((await simulator.send(realm, { signal })).body).toBe(honest)
    expect(performance.now() - start).toBeGreaterThan(35)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('ends what hangs when the simulator closes', async () => {
    const other = await createSimulator()
    const server = await other.listen()
    other.inject([
      { route: 'realm', fault: { type: 'hang' } },
      { route: 'jwks', fault: { type: 'latency', ms: 3_600_000 } },
    ])
    const at = new URL(server.authority).origin
    const waiting = ['common/userrealm/x', 'common/discovery/keys'].map((path) =>
      other.send({ ...realm, url: `${at}/${path}` }).catch((error: unknown) => error),
    )
    await expect.poll(() => other.journal.length).toBe(2)
    await server.close()
    expect(await Promise.all(waiting)).toMatchObject([
      { code: 'ERR_TRANSPORT_UNREACHABLE' },
      { code: 'ERR_TRANSPORT_UNREACHABLE' },
    ])
  })
})
