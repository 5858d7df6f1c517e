import dns from 'node:dns'
import http, { createServer } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import nock from 'nock'
import { Agent, type Dispatcher, getGlobalDispatcher, MockAgent, SnapshotAgent, setGlobalDispatcher } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFetchTransport } from '../../src/transport/fetch-transport.ts'
import { createHttpsTransport } from '../../src/transport/https-transport.ts'
import { createUndiciTransport } from '../../src/transport/undici-transport.ts'
import { credentialRequest, failureOf } from '../contract/transport.ts'

// A server that nobody may reach, and the doors of the network: whoever goes through one of them is seen.
const reached: string[] = []
const server = createServer((request, response) => {
  reached.push(`${request.method} ${request.url}`)
  response.end('{}')
})
let origin = ''

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))
beforeEach(() => {
  reached.length = 0
  const connect = Socket.prototype.connect
  vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...args: unknown[]) {
    reached.push('connect')
    return Reflect.apply(connect, this, args) as Socket
  })
  vi.spyOn(dns, 'lookup').mockImplementation(((...args: unknown[]) => {
    reached.push('lookup')
    ;(args.at(-1) as (error: Error) => void)(Object.assign(new Error('offline'), { code: 'ENOTFOUND' }))
  }) as never)
})
afterEach(() => vi.restoreAllMocks())

const elsewhere = 'https://login.contoso.test'
const places: readonly (() => string)[] = [() => origin, () => elsewhere]

describe('while nock 14 is active', () => {
  beforeAll(() => {
    if (!nock.isActive()) nock.activate()
    nock.disableNetConnect()
  })
  afterEach(() => nock.cleanAll())
  afterAll(() => {
    nock.restore()
    nock.enableNetConnect()
  })

  it.each(places)('no request of the default transport reaches the network', async (where) => {
    nock(where()).post(/./).reply(200, '{"mocked":true}')
    const send = createHttpsTransport()
    expect((await send(credentialRequest(where()))).body).toBe('{"mocked":true}')
    expect((await failureOf(send(credentialRequest(where())))).code).toBe('ERR_TRANSPORT_UNREACHABLE')
    await send.close()
    expect(reached).toEqual([])
  })

  it.each(places)('the undici transport, which nock does not see, refuses to send', async (where) => {
    nock(where()).post(/./).reply(200, '{"mocked":true}')
    const send = createUndiciTransport()
    const error = await failureOf(send(credentialRequest(where())))
    expect(error).toMatchObject({ name: 'InvalidArgumentError', code: 'ERR_TRANSPORT_INTERCEPTED' })
    await send.close()
    expect(reached).toEqual([])
  })

  it('also one that was in use before, and it sends again when nock has gone', async () => {
    nock.restore()
    const send = createUndiciTransport()
    await send(credentialRequest(origin))
    expect(reached.filter((what) => what.startsWith('POST'))).toHaveLength(1)
    nock.activate()
    reached.length = 0
    expect((await failureOf(send(credentialRequest(origin)))).code).toBe('ERR_TRANSPORT_INTERCEPTED')
    expect(reached).toEqual([])
    nock.restore()
    await send(credentialRequest(origin))
    expect(reached.filter((what) => what.startsWith('POST'))).toHaveLength(1)
    await send.close()
    nock.activate()
  })
})

describe('while an older interceptor is active, the undici transport refuses to send', () => {
  // The real ones are in the interop run; this is all that there is to see of them.
  const globals = globalThis as unknown as Record<symbol, unknown>
  const refuses = async (): Promise<void> => {
    const send = createUndiciTransport()
    expect((await failureOf(send(credentialRequest(origin)))).code).toBe('ERR_TRANSPORT_INTERCEPTED')
    await send.close()
    expect(reached).toEqual([])
  }

  it.each(['client-request-interceptor', 'setup-server'])(
    'nock 14.0 or MSW 2.0, which leave the mark %s',
    async (name) => {
      const mark = Symbol(name)
      globals[mark] = {}
      try {
        await refuses()
      } finally {
        delete globals[mark]
      }
    },
  )

  it('nock 13, which replaces a class', async () => {
    const { ClientRequest } = http
    http.ClientRequest = function OverriddenClientRequest() {} as unknown as typeof ClientRequest
    try {
      await refuses()
    } finally {
      http.ClientRequest = ClientRequest
    }
  })

  it('but not while something that traces requests has replaced http.request', async () => {
    const { request } = http
    http.request = ((...args: Parameters<typeof request>) => request(...args)) as typeof request
    const send = createUndiciTransport()
    try {
      await send(credentialRequest(origin))
    } finally {
      http.request = request
      await send.close()
    }
    expect(reached.filter((what) => what.startsWith('POST'))).toHaveLength(1)
  })
})

describe('while a MockAgent is undici’s global dispatcher', () => {
  const before = getGlobalDispatcher()
  afterEach(() => setGlobalDispatcher(before))

  class OurMockAgent extends MockAgent {}
  const passOn: Dispatcher.DispatcherComposeInterceptor = (next) => (options, handler) => next(options, handler)
  const kinds = [
    ['it', () => new MockAgent()],
    ['one of a class of its own', () => new OurMockAgent()],
    ['one with an interceptor', () => new MockAgent().compose(passOn)],
  ] as const

  it.each(kinds.flatMap(([kind, make]) => places.map((where) => [kind, make, where] as const)))(
    'no request of the undici transport reaches the network: %s',
    async (_, make, where) => {
      const agent = make() as MockAgent
      agent.disableNetConnect()
      setGlobalDispatcher(agent)
      agent.get(where()).intercept({ path: /./, method: 'POST' }).reply(200, '{"mocked":true}')
      const send = createUndiciTransport()
      expect((await send(credentialRequest(where()))).body).toBe('{"mocked":true}')
      const error = await failureOf(send(credentialRequest(where())))
      expect(error.name).toBe('TransportError')
      await send.close()
      await agent.close()
      expect(reached).toEqual([])
    },
  )

  it('nor when it plays back snapshots', async () => {
    const agent = new SnapshotAgent({ mode: 'playback', snapshotPath: 'test/transport/no-such-snapshots.json' })
    setGlobalDispatcher(agent)
    const send = createUndiciTransport()
    // At once, not at the end of a deadline.
    expect((await failureOf(send(credentialRequest(origin)))).code).toBe('ERR_TRANSPORT_UNREACHABLE')
    await send.close()
    await agent.close()
    expect(reached).toEqual([])
  })

  it('nor when undici 8 made it, which puts a wrapper in the place that undici 7 looks at', async () => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    agent.get(origin).intercept({ path: /./, method: 'POST' }).reply(200, '{"mocked":true}')
    setGlobalDispatcher(agent)
    // Both can be written to, and setGlobalDispatcher puts both back.
    Reflect.set(globalThis, Symbol.for('undici.globalDispatcher.1'), {
      dispatch: () => expect.fail('the wrapper was used'),
    })
    const send = createUndiciTransport()
    expect((await send(credentialRequest(origin))).body).toBe('{"mocked":true}')
    await send.close()
    await agent.close()
    expect(reached).toEqual([])
  })

  it('nor when an early undici 7 made it, which knows no other place than that', async () => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    agent.get(origin).intercept({ path: /./, method: 'POST' }).reply(200, '{"mocked":true}')
    Reflect.set(globalThis, Symbol.for('undici.globalDispatcher.1'), agent)
    const send = createUndiciTransport()
    expect((await send(credentialRequest(origin))).body).toBe('{"mocked":true}')
    await send.close()
    await agent.close()
    expect(reached).toEqual([])
  })

  it('nor one of the global fetch', async () => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    setGlobalDispatcher(agent)
    agent.get(origin).intercept({ path: /./, method: 'POST' }).reply(200, '{"mocked":true}')
    const send = createFetchTransport()
    expect((await send(credentialRequest(origin))).body).toBe('{"mocked":true}')
    expect((await failureOf(send(credentialRequest(origin)))).code).toBe('ERR_TRANSPORT_UNREACHABLE')
    await send.close()
    await agent.close()
    expect(reached).toEqual([])
  })

  it('another global dispatcher is none of its business: it has connections of its own', async () => {
    const agent = new Agent()
    setGlobalDispatcher(agent)
    const send = createUndiciTransport()
    await send(credentialRequest(origin))
    await send.close()
    await agent.close()
    expect(reached.filter((what) => what.startsWith('POST'))).toHaveLength(1)
  })
})
