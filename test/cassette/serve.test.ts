import { readFileSync } from 'node:fs'
import { request as httpRequest, type RequestOptions } from 'node:https'
import { compactVerify, createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cassette, Exchange } from '../../src/cassette/cassette.ts'
import { publishedJwks } from '../../src/cassette/published-key.ts'
import { recordTransport } from '../../src/cassette/record.ts'
import { type CassetteServer, type ServedCassetteFacts, serveCassettes } from '../../src/cassette/serve.ts'
import { createRopcClient } from '../../src/client/client.ts'
import type { ClientOptions } from '../../src/client/options.ts'
import type { RopcClient } from '../../src/client/ropc-client.ts'
import { useCassette } from '../../src/testing/use-cassette.ts'
import { createHttpsTransport } from '../../src/transport/https-transport.ts'
import { ask } from './recorded.ts'

const names = [
  'managed',
  'federated',
  'ciam',
  'mfa-required',
  'two-users-at-once',
  'timeout',
  'adfs',
  'refresh',
] as const
let server: CassetteServer

const get = (url: string, call = 1): Exchange['request'] & { call: number } => ({
  method: 'GET',
  url,
  headers: {},
  call,
})
const answered = (body: string): Pick<Exchange, 'response'> => ({
  response: { status: 200, headers: { 'content-type': 'text/plain' }, body },
})
const handmade: Cassette = {
  version: 1,
  exchanges: [
    { ...draw(1), request: get('https://idp.example/oidc/again'), ...answered('first') },
    {
      ...draw(1),
      request: get('https://idp.example/oidc/other'),
      ...answered('https://idp.example:443/x https://idp.example:8443'),
    },
    { ...draw(1), request: get('https://idp.example/oidc/again'), ...answered('second') },
    {
      ...draw(1),
      request: {
        method: 'POST',
        url: 'https://idp.example/oidc/token',
        headers: {},
        body: 'grant_type=password&resource=https%3A%2F%2Fidp.example%2Fapi',
      },
      ...answered('for the API'),
    },
    {
      ...draw(1),
      request: get('https://idp.example/oidc/broken'),
      failure: { code: 'ERR_TRANSPORT_UNREACHABLE', message: 'gone' },
    },
    {
      ...draw(1),
      request: get('https://idp.example/oidc/dated'),
      response: {
        status: 302,
        headers: {
          date: 'Sun, 17 Mar 2030 17:46:40 GMT',
          'content-length': '9',
          'content-encoding': 'gzip',
          location: 'https://idp.example/next',
          'retry-after': 'Sun, 17 Mar 2030 17:47:40 GMT',
        },
        body: '',
      },
    },
    {
      ...draw(1),
      clock: [1_900_000_000],
      request: get('https://idp.example/oidc/clocks'),
      response: { status: 200, headers: { date: 'Sun, 17 Mar 2030 18:46:40 GMT' }, body: '2030-03-17T17:46:40Z' },
    },
  ],
}

function draw(call: number): Pick<Exchange, 'call' | 'ids' | 'clock'> {
  return { call, ids: [], clock: [] }
}

beforeAll(async () => {
  const catalogue = names.map(
    (name) => [name, readFileSync(new URL(`../../fixtures/cassettes/${name}.json`, import.meta.url), 'utf8')] as const,
  )
  server = await serveCassettes(new Map<string, unknown>([...catalogue, ['handmade', handmade]]))
})
afterAll(() => server.close())

function factsOf(name: string): ServedCassetteFacts & { readonly origin: string } {
  const facts = server.cassettes.find((cassette) => cassette.name === name)
  if (facts === undefined) throw new Error(`not served: ${name}`)
  return { ...facts, origin: new URL(facts.authority).origin }
}

function clientOf(name: string, options: Partial<ClientOptions> = {}): RopcClient {
  const { authority, clientId = 'id' } = factsOf(name)
  return createRopcClient({ authority, clientId, ca: server.ca, rememberRefusals: false, ...options })
}

function keysOf(body: string): unknown {
  return body.startsWith('{') ? Object.keys(JSON.parse(body)) : body.slice(0, 100)
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

function fetchText(url: string, options: RequestOptions = {}, body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { ca: server.ca, agent: false, ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

describe('a sign-in', () => {
  it('of a managed user is given now what was recorded once, as often as it is asked for', async () => {
    const client = clientOf('managed')
    const { username = '', origin, authority } = factsOf('managed')
    for (const password of ['one', 'another']) {
      const result = await client.acquireTokenByUsernamePassword(ask(username, password))
      expect(result).toMatchObject({ passwordSentTo: origin, path: { type: 'managed' }, account: { username } })
      expect(result.expiresOn.getTime() - Date.now()).toBeGreaterThan(3_500_000)
      const keys = createLocalJWKSet({ keys: publishedJwks().keys.map((key) => ({ ...key, kty: key['kty'] ?? '' })) })
      const { payload } = await jwtVerify(result.accessToken, keys)
      expect(payload.iss).toBe(`${authority}/v2.0`)
      expect(payload.exp).toBeGreaterThan(Date.now() / 1000)
    }
    await client.close()
  })

  it('has its id_token verified with the keys that the server names', async () => {
    for (const [name, authorityKind] of [
      ['managed', 'entra'],
      ['adfs', 'adfs'],
      ['ciam', 'ciam'],
    ] as const) {
      // On loopback no host says that it is one of External ID.
      const client = clientOf(name, { authorityKind })
      const { username = '', scopes = [] } = factsOf(name)
      const { idToken = '' } = await client.acquireTokenByUsernamePassword({ ...ask(username), scopes })
      await expect(client.verifyIdToken(idToken), name).resolves.toBeDefined()
      await client.close()
    }
  })

  it('of a federated user goes to the farm under another name, and takes its assertion for valid', async () => {
    const client = clientOf('federated')
    const { username = '' } = factsOf('federated')
    const result = await client.acquireTokenByUsernamePassword(ask(username))
    expect(result.path).toMatchObject({ type: 'federated', wsTrustVersion: '1.3' })
    expect(result.passwordSentTo).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    const { xml, notOnOrAfter = 0 } = await client.acquireSamlAssertion({
      username,
      password: 'any',
      appliesTo: 'urn:federation:MicrosoftOnline',
    })
    expect(notOnOrAfter).toBeGreaterThan(Date.now() / 1000)
    expect(xml.reveal()).not.toContain('2030-03-17')
    await client.close()
  })

  it('is the same for any user name and tenant', async () => {
    const { origin } = factsOf('managed')
    const client = clientOf('managed', { authority: `${origin}/organizations` })
    const result = await client.acquireTokenByUsernamePassword(ask('somebody@else.example'))
    expect(result.account?.username).toBe('user1@tenant1.example')
    await client.close()
  })

  it('prefers what was recorded of the user who asks', async () => {
    const client = clientOf('two-users-at-once')
    const { calls } = useCassette('two-users-at-once')
    const users = calls.map(({ request }) => String(request['username']))
    expect(new Set(users).size).toBe(2)
    for (const username of [...users, ...users.reverse()]) {
      const result = await client.acquireTokenByUsernamePassword(ask(username))
      expect(result.account?.username).toBe(username)
    }
    await client.close()
  })

  it('is refused as it was', async () => {
    const client = clientOf('mfa-required')
    const { username = '' } = factsOf('mfa-required')
    await expect(client.acquireTokenByUsernamePassword(ask(username))).rejects.toMatchObject({
      code: 'ERR_INTERACTION_REQUIRED',
      errorCodes: [50076],
    })
    await client.close()
  })

  it('is not answered where the recorded one was not', async () => {
    const client = clientOf('timeout')
    const { username = '' } = factsOf('timeout')
    const call = client.acquireTokenByUsernamePassword({ ...ask(username), timeoutMs: 1_500 })
    await expect(call).rejects.toMatchObject({ code: 'ERR_TRANSPORT_TIMEOUT', step: 'token' })
    await client.close()
  })

  it('is followed by the refresh that was', async () => {
    const client = clientOf('refresh')
    const { username = '', scopes = [] } = factsOf('refresh')
    const { account } = await client.acquireTokenByUsernamePassword({ ...ask(username), scopes })
    const fresh = await client.acquireTokenSilent({ account: account ?? { username }, scopes, forceRefresh: true })
    expect(fresh.source).toBe('refresh_token')
    await client.close()
  })
})

describe('an exchange', () => {
  const url = (path: string): string => `${factsOf('handmade').origin}/oidc/${path}`

  it('is the next that matches, and after the last the first again', async () => {
    const bodies: string[] = []
    for (const path of ['again', 'again', 'again', 'other', 'again', 'again'])
      bodies.push((await fetchText(url(path))).body)
    const [first, second, third, , fourth, fifth] = bodies
    expect([first, second, third, fourth, fifth]).toEqual(['first', 'second', 'first', 'second', 'first'])
  })

  it('names its own origin, and leaves another port of it alone', async () => {
    const { body } = await fetchText(url('other'))
    expect(body).toBe(`${factsOf('handmade').origin}/x https://idp.example:8443`)
  })

  it('without a clock is dated by its server, in its headers too', async () => {
    const { status, headers } = await fetchText(url('dated'))
    expect(status).toBe(302)
    expect(headers['location']).toBe(`${factsOf('handmade').origin}/next`)
    const left = Date.parse(String(headers['retry-after'])) - Date.now()
    expect(left).toBeGreaterThan(50_000)
    expect(left).toBeLessThan(61_000)
    expect(headers['content-length']).toBe('0')
    expect(headers['content-encoding']).toBeUndefined()
    expect(Math.abs(Date.parse(String(headers['date'])) - Date.now())).toBeLessThan(10_000)
  })

  it('is dated by the clock of the program, where one was recorded, whatever the server thought', async () => {
    const { body } = await fetchText(url('clocks'))
    expect(Math.abs(Date.parse(body) - Date.now())).toBeLessThan(10_000)
  })

  it('may be asked for by the origin at which it is served', async () => {
    const resource = `${factsOf('handmade').origin}/api`
    const form = new URLSearchParams({ grant_type: 'password', resource }).toString()
    expect((await fetchText(url('token'), { method: 'POST' }, form)).body).toBe('for the API')
  })

  it('that failed breaks the connection', async () => {
    await expect(fetchText(url('broken'))).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('that is in no recording is 404, and says what there is, but not what was sent', async () => {
    const { origin, authority } = factsOf('managed')
    const body = new URLSearchParams({
      grant_type: 'password',
      password: 'C4nary',
      scope: 'Mail.Send C4nary',
    }).toString()
    const reply = await fetchText(`${authority}/oauth2/v2.0/token?x=C4nary`, { method: 'POST' }, body)
    expect(reply.status).toBe(404)
    expect(reply.body).toContain('The cassette managed has no such request: POST https://login.microsoftonline.com/')
    expect(reply.body).toContain(
      '/oauth2/v2.0/token grant_type=password scope=User.Read openid profile offline_access\n',
    )
    expect(reply.body).not.toContain('C4nary')
    expect((await fetchText(`${origin}/elsewhere`)).status).toBe(404)
    const post = await fetchText(`${authority}/v2.0/.well-known/openid-configuration`, { method: 'POST' })
    expect(post.status).toBe(404)
  })
})

describe('the server', () => {
  it('says where the endpoints of a known cloud are, though programs there do not ask', async () => {
    const { origin, authority } = factsOf('managed')
    const tenant = authority.slice(origin.length + 1)
    for (const [segment, issuer] of [
      [tenant, `${authority}/v2.0`],
      ['organizations', `${origin}/{tenantid}/v2.0`],
    ]) {
      const { body } = await fetchText(`${origin}/${segment}/v2.0/.well-known/openid-configuration`)
      const metadata = JSON.parse(body)
      expect(metadata).toMatchObject({ issuer, token_endpoint: `${origin}/${segment}/oauth2/v2.0/token` })
      expect(JSON.parse((await fetchText(metadata.jwks_uri)).body)).toEqual(publishedJwks())
    }
    const { origin: other } = factsOf('handmade')
    expect((await fetchText(`${other}/organizations/v2.0/.well-known/openid-configuration`)).status).toBe(404)
    expect((await fetchText(`${other}/organizations/discovery/v2.0/keys`)).status).toBe(404)
  })

  it('is its own issuer, at a host that was never asked too', async () => {
    const { origin, authority } = factsOf('ciam')
    const { body } = await fetchText(`${authority}/v2.0/.well-known/openid-configuration`)
    expect(JSON.parse(body).issuer).toMatch(new RegExp(`^${origin}/[0-9a-f-]{36}/v2\\.0$`))
  })

  it.each([
    [421, { host: 'attacker.example' }],
    [403, { origin: 'https://attacker.example' }],
  ])('answers %i to headers %j', async (status, headers) => {
    expect(await fetchText(`${factsOf('managed').origin}/`, { headers, servername: 'localhost' })).toMatchObject({
      status,
    })
  })

  it('says what a tester needs, an authority without a client too', () => {
    expect(factsOf('managed')).toMatchObject({
      authority: expect.stringMatching(/^https:\/\/localhost:\d+\/00000000-0000-4000-9000-000000000002$/),
      username: 'user1@tenant1.example',
      clientId: '00000000-0000-4000-9000-000000000001',
      scopes: ['User.Read'],
    })
    expect(factsOf('handmade').authority).toMatch(/^https:\/\/localhost:\d+\/oidc$/)
  })

  it('refuses what is no cassette, and one that nobody could ask', async () => {
    await expect(serveCassettes(new Map([['bad', '{"version":2}']]))).rejects.toMatchObject({
      code: 'ERR_CASSETTE_INVALID',
    })
    const empty = serveCassettes(new Map([['empty', { version: 1, exchanges: [] }]]))
    await expect(empty).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining('empty'),
    })
  })

  it.each(['managed', 'federated', 'refresh', 'mfa-required'])('can be recorded from: %s', async (name) => {
    const { username = '', scopes = [], origin } = factsOf(name)
    const transport = createHttpsTransport({ ca: server.ca })
    const recorder = recordTransport(transport, () => {}, {
      origins: { [origin]: 'https://login.microsoftonline.com' },
    })
    const client = clientOf(name, { ca: undefined, transport: recorder, runtime: recorder.runtime } as never)
    await client.acquireTokenByUsernamePassword({ ...ask(username), scopes }).catch(() => {})
    const recorded = (await recorder.finish()).exchanges
    await transport.close()
    // At a host that it does not know, a client asks where the endpoints are.
    const exchanges = recorded.filter(({ request }) => !request.url.includes('/.well-known/'))
    const { cassette } = useCassette(name as 'managed')
    const answers = (all: readonly Exchange[]): unknown[] =>
      all.map(({ response }) => [response?.status, response?.headers['content-type'], keysOf(response?.body ?? '')])
    expect(answers(exchanges)).toEqual(answers(cassette.exchanges.slice(0, exchanges.length)))
    expect(exchanges.length).toBeGreaterThan(1)
  })

  it('passes over scopes that are no texts', async () => {
    const call = { operation: 'x', request: { scopes: [{ toString: 1 }, 'a'] }, outcome: {} }
    const client = { clientId: 'c', authority: 'https://login.contoso.example/t' }
    const own = await serveCassettes(new Map([['own', { version: 1, exchanges: [], client, calls: [call] }]]))
    await own.close()
    expect(own.cassettes[0]?.scopes).toEqual(['a'])
  })

  it('lets go of its ports, and of whoever waits', async () => {
    const own = await serveCassettes(new Map([['handmade', handmade]]))
    const url = `${own.cassettes[0]?.authority}/again`
    expect((await fetchText(url, { ca: own.ca })).status).toBe(200)
    await own.close()
    await expect(fetchText(url, { ca: own.ca })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

it('signs what it changed so that it can be verified', async () => {
  const { authority } = factsOf('managed')
  const body = new URLSearchParams({ grant_type: 'password', scope: 'User.Read' }).toString()
  const { body: text } = await fetchText(`${authority}/oauth2/v2.0/token`, { method: 'POST' }, body)
  const keys = createLocalJWKSet({ keys: publishedJwks().keys.map((key) => ({ ...key, kty: key['kty'] ?? '' })) })
  for (const token of [JSON.parse(text).access_token, JSON.parse(text).id_token]) {
    await expect(compactVerify(token, keys)).resolves.toBeDefined()
  }
})
