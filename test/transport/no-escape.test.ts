import dns from 'node:dns'
import { createServer } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import nock from 'nock'
import { Agent, getGlobalDispatcher, MockAgent, setGlobalDispatcher } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
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

  it.each([() => origin, () => elsewhere])('no request of the default transport reaches the network', async (where) => {
    nock(where()).post(/./).reply(200, '{"mocked":true}')
    const send = createHttpsTransport()
    expect((await send(credentialRequest(where()))).body).toBe('{"mocked":true}')
    expect((await failureOf(send(credentialRequest(where())))).code).toBe('ERR_TRANSPORT_UNREACHABLE')
    await send.close()
    expect(reached).toEqual([])
  })

  it.each([() => origin, () => elsewhere])(
    'the undici transport, which nock does not see, refuses to send',
    async (where) => {
      nock(where()).post(/./).reply(200, '{"mocked":true}')
      const send = createUndiciTransport()
      const error = await failureOf(send(credentialRequest(where())))
      expect(error).toMatchObject({ name: 'InvalidArgumentError', code: 'ERR_TRANSPORT_INTERCEPTED' })
      await send.close()
      expect(reached).toEqual([])
    },
  )

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

describe('while a MockAgent is undici’s global dispatcher', () => {
  const before = getGlobalDispatcher()
  afterEach(() => setGlobalDispatcher(before))

  it.each([() => origin, () => elsewhere])('no request of the undici transport reaches the network', async (where) => {
    const agent = new MockAgent()
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
