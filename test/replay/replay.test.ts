import dns from 'node:dns'
import { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cassette } from '../../src/cassette/cassette.ts'
import { createDrawRecorder } from '../../src/cassette/draws.ts'
import { describeOutcome } from '../../src/cassette/outcome.ts'
import { readCassette } from '../../src/cassette/read-cassette.ts'
import { repeatCall, repeatCalls } from '../../src/cassette/repeat-call.ts'
import { CassetteMismatchError } from '../../src/cassette/replay.ts'
import { createRopcClient } from '../../src/client/client.ts'
import type { RopcClient } from '../../src/client/ropc-client.ts'
import { InvalidArgumentError, TransportError } from '../../src/errors.ts'
import { createRequest } from '../../src/protocol/http.ts'
import { cassetteNames } from '../../src/testing/catalogue.ts'
import { useCassette } from '../../src/testing/use-cassette.ts'

const { connect } = Socket.prototype
const { lookup } = dns

beforeAll(() => {
  const forbidden = (): never => {
    throw new Error('a replay asked for the network')
  }
  Socket.prototype.connect = forbidden
  dns.lookup = forbidden as unknown as typeof lookup
})

afterAll(() => {
  Socket.prototype.connect = connect
  dns.lookup = lookup
})

describe('each cassette of the catalogue', () => {
  it.each(cassetteNames)('%s replays to its recorded outcome, with sockets forbidden', async (name) => {
    const { clientOptions, calls, assertExhausted } = useCassette(name)
    const client = createRopcClient(clientOptions)
    expect(await repeatCalls(client, calls)).toEqual(calls.map(({ outcome }) => outcome))
    expect(assertExhausted).not.toThrow()
    await client.close()
  })

  it.each(cassetteNames)('%s refuses a request that differs, and says where', async (name) => {
    const { transport, cassette } = useCassette(name)
    const [{ request } = { request: undefined }] = cassette.exchanges
    if (request === undefined) throw new Error('the cassette has no exchanges')
    const changed = { ...request.headers, accept: 'text/plain' }
    const sent = createRequest({
      ...request,
      method: request.method === 'GET' ? 'GET' : 'POST',
      step: 'realm',
      headers: changed,
    })
    const error: unknown = await transport(sent).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CassetteMismatchError)
    expect((error as CassetteMismatchError).diff).toContain('+ header accept: text/plain')
    expect(transport.left).toBe(cassette.exchanges.length)
  })

  it.each(cassetteNames)('%s holds nothing of the simulator’s users', (name) => {
    const text = JSON.stringify(useCassette(name).cassette)
    const decoded = text.replace(/eyJ[\w-]+/g, (part) => Buffer.from(part, 'base64url').toString())
    expect(decoded).not.toMatch(/contoso|fabrikam|S3cret|Pa\$\$w0rd|Pass=w0rd|frida|\bfred\b|\bada\b|olga|dora|carla/i)
  })
})

describe('useCassette', () => {
  it('takes a cassette into use in one line, with everything that a client needs', async () => {
    const { clientOptions, username, password, assertExhausted } = useCassette('mfa-required')
    const client = createRopcClient(clientOptions)
    expect(assertExhausted).toThrow(CassetteMismatchError)
    const asked = client.acquireTokenByUsernamePassword({ username, password, scopes: ['User.Read'] })
    await expect(asked).rejects.toMatchObject({ code: 'ERR_INTERACTION_REQUIRED', errorCodes: [50076] })
    assertExhausted()
  })

  it.each([
    ['managed', 'build@fabrikam.example'],
    ['managed', "o'neil+x_fabrikam.example#EXT#@own-corp.example"],
    ['managed', 'Ünal@own-corp.example'],
    ['federated', 'build@fabrikam.example'],
    ['federated-2005', 'Ünal@own-corp.example'],
    ['b2c', 'build@fabrikam.example'],
    ['oidc', 'build'],
    ['client-certificate', 'build@fabrikam.example'],
  ] as const)(
    '%s binds a user name of the program’s, %s, in requests, tokens and what is to be expected',
    async (name, own) => {
      const { clientOptions, cassette, username, password, calls, assertExhausted } = useCassette(name, {
        username: own,
      })
      expect(username).toBe(own)
      const client = createRopcClient(clientOptions)
      const scopes = calls[0]?.request['scopes'] as string[]
      const result = await client.acquireTokenByUsernamePassword({ username, password, scopes })
      expect(describeOutcome(result)).toEqual(calls[0]?.outcome)
      expect(JSON.stringify([calls, result.account, result.idTokenClaims])).not.toContain(
        `"${cassette.client?.username}"`,
      )
      expect(Object.values(result.idTokenClaims ?? {}).flat()).toContain(own)
      assertExhausted()
    },
  )

  it('is afresh each time', () => {
    expect(useCassette('managed').transport).not.toBe(useCassette('managed').transport)
  })

  it('names the cassettes that are like one that does not exist, and reads no file for it', () => {
    for (const [name, like] of [
      ['required-mfa', 'mfa-required'],
      ['wrongpassword', 'wrong-password'],
      ['../../package', ''],
      ['__proto__', ''],
      ...[undefined, null, 1n, Symbol('managed'), { toString: 1 }, ['managed']].map(
        (odd) => [odd, 'Like it are'] as const,
      ),
    ] as const) {
      const use = (): unknown => useCassette(name as never)
      expect(use).toThrow(InvalidArgumentError)
      expect(use).toThrow(expect.objectContaining({ hint: expect.stringContaining(like) }))
    }
  })
})

describe('repeatCall', () => {
  it('refuses an operation that is no call of a client', async () => {
    const { clientOptions } = useCassette('managed')
    const client = createRopcClient(clientOptions)
    for (const operation of ['close', 'constructor', '__proto__']) {
      await expect(repeatCall(client, { operation, request: {} })).rejects.toThrow(InvalidArgumentError)
    }
  })

  it('gives the client’s word on arguments that are wrong', async () => {
    const { clientOptions } = useCassette('managed')
    const outcome = await repeatCall(createRopcClient(clientOptions), { operation: 'discover', request: { user: 1 } })
    expect(outcome).toMatchObject({ kind: 'error', name: 'InvalidArgumentError' })
  })
})

describe('calls that were made together', () => {
  it('are made at once again, and others one after the other', async () => {
    const events: string[] = []
    const discover = async ({ username }: { readonly username: string }): Promise<never> => {
      events.push(`${username} begins`)
      await Promise.resolve()
      events.push(`${username} ends`)
      throw new Error('no matter')
    }
    const call = (username: string): { operation: string; request: { username: string } } => ({
      operation: 'discover',
      request: { username },
    })
    const together = { ...call('b'), together: true } as const
    await repeatCalls({ discover } as unknown as RopcClient, [call('a'), together, call('c')])
    expect(events).toEqual(['a begins', 'b begins', 'a ends', 'b ends', 'c begins', 'c ends'])
  })

  it('are marked by `true` and nothing else', () => {
    const calls = [{ operation: 'discover', request: {}, outcome: {}, together: 'yes' }]
    expect(() => readCassette({ version: 1, calls, exchanges: [] })).toThrow('calls[0].together')
  })

  it('leave what they drew in the order of the calls, whichever came last', () => {
    const draws = createDrawRecorder({ now: () => 1, newId: () => 'id' })
    const [one, two] = [draws.forCall(1), draws.forCall(2)]
    for (const call of [one, two]) call.newId()
    for (const call of [1, 2]) draws.take(call)
    for (const call of [two, one]) call.now()
    expect(draws.rest().map(({ call }) => call)).toEqual([1, 2])
  })
})

describe('describeOutcome', () => {
  it('keeps no sentence of a server, whatever member it is in', () => {
    const canary = 'the servers own words'
    const error = Object.assign(new TransportError('ERR_TRANSPORT_TLS', canary, { step: 'token', hint: canary }), {
      error: canary,
      suberror: canary,
      reason: canary,
      claims: canary,
      errorDescription: canary,
      faultSubcode: canary,
      idCode: canary,
      consentUrl: canary,
    })
    expect(JSON.stringify(describeOutcome(error))).not.toContain('words')
    const { reason, ...fault } = { ...describeOutcome(Object.assign(error, { faultCode: 'Sender' })) }
    expect(reason).toBeUndefined()
    expect(fault).toMatchObject({ code: 'ERR_TRANSPORT_TLS', error: '[other]', claims: true, faultCode: 'Sender' })
  })

  it('keeps no token', () => {
    const cassette: Cassette = useCassette('managed').cassette
    const text = JSON.stringify(cassette.calls)
    expect(text).not.toMatch(/eyJ|published-/)
    expect(text).toContain('"idToken":true')
  })

  it('says whether there is an ID token, and shows no scope that is a text', () => {
    const path = { type: 'silent', fallbacks: [], overrides: [] }
    const result = {
      accessToken: 'a',
      tokenType: 'Bearer',
      scopes: ['read', 'see all of it'],
      expiresOn: new Date(0),
      path,
    }
    expect(describeOutcome({ ...result, source: 'cache' })).toEqual({
      kind: 'token',
      tokenType: 'Bearer',
      scopes: ['read', '[other]'],
      expiresOn: '1970-01-01T00:00:00.000Z',
      idToken: false,
      source: 'cache',
      path: { type: 'silent' },
    })
  })

  it.each([
    [undefined, { kind: 'nothing' }],
    [new TypeError('text'), { kind: 'error', name: 'TypeError' }],
    [{}, { kind: 'other' }],
  ])('knows what is no result: %s', (value, outcome) => {
    expect(describeOutcome(value)).toEqual(outcome)
  })
})
