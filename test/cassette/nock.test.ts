import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import nock from 'nock'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fromNock, toNock } from '../../src/cassette/nock.ts'
import { recordTransport } from '../../src/cassette/record.ts'
import { replayTransport } from '../../src/cassette/replay.ts'
import { createRopcClient, isAuthError } from '../../src/index.ts'
import type { Transport } from '../../src/protocol/http.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { useCassette } from '../../src/testing/use-cassette.ts'
import { createHttpsTransport } from '../../src/transport/https-transport.ts'
import { ada, ask, fred, record, simulatorOfCloud } from './recorded.ts'

const own = "o'neill@corp.example"
let longAgo: Simulator

beforeAll(async () => {
  longAgo = await simulatorOfCloud({ now: () => 1_600_000_000 })
  if (!nock.isActive()) nock.activate()
  nock.disableNetConnect()
})
afterEach(() => nock.cleanAll())
afterAll(() => {
  nock.restore()
  nock.enableNetConnect()
})

/** A client on the default transport, with a clock and ids of its own. */
function liveClient({
  authority,
  clientId,
}: {
  authority: string
  clientId: string
}): ReturnType<typeof createRopcClient> {
  return createRopcClient({ authority, clientId })
}

/** What a server would have answered: with tokens and signatures of its own. */
function withFreshTokens(body: string): string {
  const fresh = (): string => crypto.randomUUID().replaceAll('-', '')
  return body
    .replace(/(eyJ[\w-]+\.eyJ[\w-]+\.)[\w-]+/g, (_, facts) => facts + fresh())
    .replace(/published-[a-z-]+-\d+/g, fresh)
    .replace(/(SignatureValue>)(?=<)/g, (_, tag) => tag + fresh())
}

describe('toNock', () => {
  it.each([ada, fred])(
    'lets the default transport replay the sign-in of any user at any time: $username',
    async (user) => {
      const recording = record(longAgo, user.username, {
        runtime: { now: () => 1_600_000_000, newId: () => crypto.randomUUID() },
      })
      await recording.client.acquireTokenByUsernamePassword(ask(user.username, user.password))
      const { cassette } = await recording.finish()

      nock.define((await toNock(cassette, { username: own })) as unknown as nock.Definition[])
      const client = liveClient(cassette.client ?? { authority: '', clientId: '' })
      const result = await client.acquireTokenByUsernamePassword(ask(own, 'of my own'))
      await client.close()
      expect(result).toMatchObject({ account: { username: own }, source: 'password' })
      expect(Math.abs(result.expiresOn.getTime() - Date.now() - 3_600_000)).toBeLessThan(60_000)
      expect(nock.pendingMocks()).toEqual([])
    },
  )

  it.each(['managed', 'federated'] as const)(
    'gives the same cassette when its replay is recorded: %s',
    async (name) => {
      const { cassette, clientOptions, username, calls } = useCassette(name)
      const start = cassette.exchanges[0]?.clock[0] ?? 0
      nock.define((await toNock(cassette, { now: () => start })) as unknown as nock.Definition[])
      const mocked = createHttpsTransport()
      const inner: Transport = async (request, options) => {
        const response = await mocked(request, options)
        return { ...response, body: withFreshTokens(response.body) }
      }
      const ids = cassette.exchanges.flatMap((exchange) => exchange.ids)
      const runtime = { now: () => start, newId: () => ids.shift() ?? crypto.randomUUID() }
      const recorder = recordTransport(inner, () => {}, { runtime })
      const { authority, clientId } = clientOptions as { authority: string; clientId: string }
      const client = createRopcClient({ authority, clientId, transport: recorder, runtime: recorder.runtime })
      await client.acquireTokenByUsernamePassword({
        ...ask(username),
        scopes: calls[0]?.request['scopes'] as readonly string[],
      })
      const again = await recorder.finish()
      await client.close()
      await mocked.close()
      const said = ({ exchanges }: typeof cassette): unknown =>
        exchanges.map(({ request, response }) => [request, response])
      expect(said(again)).toEqual(said(cassette))
    },
  )

  it('lets it replay a refusal of the catalogue', async () => {
    const { cassette, clientOptions, username } = useCassette('mfa-required')
    nock.define((await toNock(cassette)) as unknown as nock.Definition[])
    const client = liveClient(clientOptions as { authority: string; clientId: string })
    await expect(client.acquireTokenByUsernamePassword(ask(username))).rejects.toMatchObject({
      name: 'InteractionRequiredError',
      errorCodes: [50076],
    })
    await client.close()
  })

  it('issues now what was issued at the recording', async () => {
    const { cassette } = useCassette('managed')
    const definitions = await toNock(cassette, { now: () => 2_000_000_000 })
    const answer = JSON.parse(definitions.at(-1)?.response ?? '') as { id_token: string }
    const { iat } = JSON.parse(Buffer.from(answer.id_token.split('.')[1] ?? '', 'base64url').toString()) as {
      iat: number
    }
    expect(Math.abs(iat - 2_000_000_000)).toBeLessThan(600)
  })

  it('has definitions for what came after a connection that failed', async () => {
    const { cassette } = useCassette('managed')
    const [first, ...others] = cassette.exchanges
    const { response: _, ...request } = first ?? expect.fail('no exchange')
    const failure = { code: 'ERR_TRANSPORT_UNREACHABLE', message: 'no route' }
    const definitions = await toNock({ ...cassette, exchanges: [{ ...request, failure }, ...others] })
    expect(definitions.map(({ method }) => method)).toEqual(['POST'])
  })

  it('has no definition for a connection that failed, and nock refuses the request', async () => {
    const { cassette, clientOptions, username } = useCassette('connection-broken')
    nock.define((await toNock(cassette)) as unknown as nock.Definition[])
    const client = liveClient(clientOptions as { authority: string; clientId: string })
    await expect(client.acquireTokenByUsernamePassword(ask(username))).rejects.toMatchObject({
      code: 'ERR_TRANSPORT_UNREACHABLE',
    })
    await client.close()
  })

  it('answers nothing else', async () => {
    const { cassette, clientOptions, username } = useCassette('managed')
    nock.define((await toNock(cassette)) as unknown as nock.Definition[])
    const client = liveClient(clientOptions as { authority: string; clientId: string })
    const asked = { ...ask(username), scopes: ['https://elsewhere.example/.default'] }
    await expect(client.acquireTokenByUsernamePassword(asked)).rejects.toMatchObject({
      code: 'ERR_TRANSPORT_UNREACHABLE',
    })
    await client.close()
  })
})

describe('fromNock', () => {
  it('makes a cassette of what nock recorded, without its secrets, that replays again', async () => {
    const simulator = await simulatorOfCloud()
    await using server = await simulator.listen()
    nock.enableNetConnect()
    nock.recorder.rec({ dont_print: true, output_objects: true })
    const options = { authority: server.authority, clientId: simulator.clientId, ca: server.ca }
    const client = createRopcClient(options)
    const recorded = await client.acquireTokenByUsernamePassword(ask(fred.username, fred.password))
    await client.close()
    const definitions = nock.recorder.play()
    nock.recorder.clear()
    nock.restore()
    nock.activate()
    nock.disableNetConnect()
    expect(JSON.stringify(definitions)).toContain('S3cret')

    const origins = {
      [new URL(server.authority).origin]: 'https://login.microsoftonline.com',
      [server.adfsOrigin]: 'https://sts.contoso.example',
    }
    const about = { client: { authority: server.authority, clientId: simulator.clientId, username: fred.username } }
    const cassette = await fromNock(definitions, about, { origins })
    const text = JSON.stringify(cassette)
    for (const real of ['S3cret', 'fred', recorded.accessToken.split('.')[2]]) expect(text).not.toContain(real)
    expect(cassette.exchanges.map(({ request }) => request.method)).toEqual(['GET', 'GET', 'GET', 'POST', 'POST'])

    // The metadata is no longer asked for at a cloud that is known: what is left over is said.
    nock.define((await toNock(cassette, { username: own })) as unknown as nock.Definition[])
    const again = liveClient(cassette.client ?? { authority: '', clientId: '' })
    const result = await again.acquireTokenByUsernamePassword(ask(own))
    await again.close()
    expect(result).toMatchObject({ account: { username: own }, path: { type: 'federated' } })
    expect(nock.pendingMocks()).toHaveLength(1)
  })

  const realm = { ver: '1.0', account_type: 'Managed', domain_name: 'contoso.example' }
  const askedForRealm = {
    ...{ scope: 'https://login.microsoftonline.com:443', method: 'GET', status: 200 },
    path: '/common/userrealm/ada%40contoso.example?api-version=1.0',
  }

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('reads bodies that are compressed (%s), and headers as a list', async (coding, pack) => {
    const hex = pack(JSON.stringify(realm)).toString('hex')
    const rawHeaders = ['Content-Encoding', coding, 'Content-Type', 'application/json']
    const cassette = await fromNock([{ ...askedForRealm, response: [hex.slice(0, 20), hex.slice(20)], rawHeaders }])
    expect(cassette.exchanges[0]?.request.url).toBe(
      'https://login.microsoftonline.com/common/userrealm/user1%40tenant1.example?api-version=1.0',
    )
    expect(JSON.parse(cassette.exchanges[0]?.response?.body ?? '')).toMatchObject({ account_type: 'Managed' })
    expect(cassette.origin).toBe('recording')
    expect(() => replayTransport(cassette)).not.toThrow()
  })

  it('reads a form that is an object, as nock takes it apart, without its password', async () => {
    const body = { grant_type: 'password', username: 'ada@contoso.example', password: 'S3cret+&', scope: 'a b' }
    const path = '/contoso.example/oauth2/v2.0/token'
    const cassette = await fromNock([{ ...askedForRealm, method: 'POST', path, body, response: { error: 'x' } }])
    const sent = new URLSearchParams(cassette.exchanges[0]?.request.body)
    expect(Object.fromEntries(sent)).toMatchObject({ grant_type: 'password', scope: 'a b' })
    expect(decodeURIComponent(JSON.stringify(cassette))).not.toMatch(/S3cret|ada@/)
  })

  it.each([
    ['text', 'x'],
    ['a list of texts', ['x']],
    ['no scope', [{ path: '/' }]],
    ['a path that matches', [{ scope: 'https://a.example', path: () => true }]],
    ['a body that matches', [{ scope: 'https://a.example', path: '/', method: 'POST', body: /x/ }]],
    ['a body that decides', [{ scope: 'https://a.example', path: '/', method: 'POST', body: () => true }]],
    ['an answer that is made', [{ scope: 'https://a.example', path: '/', response: () => 'x' }]],
    [
      'a body that unpacks to more than any answer has',
      [
        {
          ...{ scope: 'https://a.example', path: '/', rawHeaders: { 'content-encoding': 'gzip' } },
          response: [gzipSync(Buffer.alloc(1_048_577, 32)).toString('hex')],
        },
      ],
    ],
    [
      'a coding nobody knows',
      [{ scope: 'https://a.example', path: '/', response: ['00ff'], rawHeaders: { 'content-encoding': 'zstd' } }],
    ],
    ['another method', [{ scope: 'https://a.example', path: '/', method: 'DELETE' }]],
    ['a status as text', [{ scope: 'https://a.example', path: '/', status: 'ok' }]],
    [
      'a body that is not what it says',
      [{ scope: 'https://a.example', path: '/', response: ['00ff'], rawHeaders: { 'content-encoding': 'gzip' } }],
    ],
  ])('refuses %s', async (_, definitions) => {
    await expect(fromNock(definitions)).rejects.toMatchObject({
      code: 'ERR_CASSETTE_INVALID',
      message: expect.stringContaining('no recording of nock: '),
    })
  })

  it('makes of anything a cassette, or an error of ours', async () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withObjectString: true,
      withSet: true,
    })
    const definition = fc.record(
      {
        ...{ scope: fc.constant('https://a.example'), path: fc.constant('/token'), method: fc.constant('POST') },
        ...{ body: anything, status: anything, response: anything, rawHeaders: anything, reqheaders: anything },
      },
      { requiredKeys: ['scope', 'path'] },
    )
    const circular: Record<string, unknown> = {}
    circular['itself'] = circular
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, fc.array(definition, { maxLength: 2 })), async (definitions) => {
        const cassette = await fromNock(definitions).catch((error: unknown) => error)
        if (isAuthError(cassette)) expect(cassette.code).toMatch(/^ERR_CASSETTE_(INVALID|LEAK)$/)
        else expect(() => replayTransport(cassette)).not.toThrow()
      }),
      {
        numRuns: 150,
        examples: [
          [[{ scope: 'https://a.example', path: '/token', response: circular }]],
          [[{ scope: 'https://a.example', path: '/token', response: 1n }]],
          [[{ scope: 'https://a.example', path: '/token', method: { toString: 1 } }]],
          [[{ scope: 'https://a.example', path: '/token', method: 'POST', body: { a: { toString: 1 } } }]],
          [[{ scope: 'https://a.example', path: '/token', method: Symbol('GET') }]],
        ],
      },
    )
  })
})
