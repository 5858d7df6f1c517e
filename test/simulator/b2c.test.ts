import { verify } from 'node:crypto'
import { expect, it } from 'vitest'
import { createSimulator } from '../../src/simulator.ts'
import { decodeJwt, getJson, postForm, type TokenResult } from './messages.ts'

const host = 'https://contoso.b2clogin.simulator.invalid'
const guid = 'e6f8a0b2-3c4d-4e5f-8a1b-2c3d4e5f6a03'
const tenant = 'contoso.onmicrosoft.com'
const client = '9d0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2a'
const service = 'ad0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2b'
const api = 'https://customers.contoso.example/api'
const carla = { username: 'carla@customer.example', password: 'B2c+Pass=w0rd' }
let now = 1_795_000_000
const simulator = await createSimulator({ now: () => now })

function ask(
  fields: Record<string, string> = {},
  path = `${tenant}/B2C_1_ROPC/oauth2/v2.0/token`,
): Promise<TokenResult> {
  return postForm(simulator.send, `${host}/${path}`, {
    grant_type: 'password',
    client_id: client,
    response_type: 'token id_token',
    scope: `openid ${client} offline_access`,
    client_info: '1',
    ...carla,
    ...fields,
  })
}

it.each([
  [`${tenant}/B2C_1_ROPC`, `${tenant}/b2c_1_ropc`, ''],
  [`tfp/${tenant}/B2C_1_ROPC`, `tfp/${tenant}/b2c_1_ropc`, ''],
  [`${guid}/b2c_1_ropc`, `${guid}/b2c_1_ropc`, ''],
  [tenant, tenant, '?p=b2c_1_ropc'],
])('publishes metadata of the policy addressed as %s %s%s', async (asked, base, query) => {
  const { body } = await getJson(simulator.send, `${host}/${asked}/v2.0/.well-known/openid-configuration${query}`)
  expect(body).toMatchObject({
    issuer: `${host}/${guid}/v2.0/`,
    token_endpoint: `${host}/${base}/oauth2/v2.0/token${query}`,
    jwks_uri: `${host}/${base}/discovery/v2.0/keys${query}`,
  })
  const { body: keys } = await getJson(simulator.send, String(body['jwks_uri']))
  const [key] = keys['keys'] as [Record<string, string>]
  const answer = await ask({}, new URL(String(body['token_endpoint'])).href.slice(host.length + 1))
  const [head = '', payload = '', signature = ''] = String(answer.body['id_token']).split('.')
  const signed = Buffer.from(`${head}.${payload}`)
  expect(verify('sha256', signed, { key, format: 'jwk' }, Buffer.from(signature, 'base64url'))).toBe(true)
})

it('signs a local account in: expires_in is a string, the policy is part of the identity', async () => {
  const { status, body } = await ask()
  expect(status).toBe(200)
  expect(Object.keys(body)).toEqual([
    'access_token',
    'token_type',
    'id_token',
    'refresh_token',
    'expires_in',
    'client_info',
  ])
  expect(body['expires_in']).toBe('3600')
  const oid = 'b2c00000-0000-4000-8000-000000000001'
  expect(JSON.parse(Buffer.from(String(body['client_info']), 'base64url').toString())).toEqual({
    uid: `${oid}-b2c_1_ropc`,
    utid: guid,
  })
  const claims = decodeJwt(body['id_token'])
  expect(claims).toMatchObject({
    iss: `${host}/${guid}/v2.0/`,
    aud: client,
    sub: oid,
    tfp: 'B2C_1_ROPC',
    emails: [carla.username],
  })
  expect(['tid', 'oid', 'preferred_username'].filter((name) => name in claims)).toEqual([])
  expect(decodeJwt(body['access_token'])['aud']).toBe(client)
})

it('names a custom policy in acr, and its issuer under /tfp/', async () => {
  const { body } = await ask({}, `${tenant}/b2c_1a_ropc_tfp/oauth2/v2.0/token`)
  const claims = decodeJwt(body['id_token'])
  expect(claims).toMatchObject({ acr: 'B2C_1A_ROPC_TFP', iss: `${host}/tfp/${guid}/b2c_1a_ropc_tfp/v2.0/` })
  expect(claims).not.toHaveProperty('tfp')
})

it('gives an access token for an API or the app itself, none for OIDC scopes alone, an id_token with openid only', async () => {
  const forApi = await ask({ scope: `${api}/read ${api}/write` })
  expect(decodeJwt(forApi.body['access_token'])).toMatchObject({
    aud: 'dd0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2e',
    scp: 'read write',
    azp: client,
  })
  expect(forApi.body).not.toHaveProperty('id_token')
  expect(forApi.body).not.toHaveProperty('refresh_token')
  const oidcOnly = await ask({ scope: 'openid offline_access' })
  expect(oidcOnly.body).not.toHaveProperty('access_token')
  expect(oidcOnly.body).toHaveProperty('id_token')
  expect(oidcOnly.body).toHaveProperty('refresh_token')
})

it.each(['id_token token', 'token', ''])('accepts the response type %j', async (kind) => {
  expect((await ask(kind === '' ? {} : { response_type: kind })).status).toBe(200)
})

it('does not look at a secret, in either place', async () => {
  const scope = `openid ${service}`
  expect((await ask({ client_id: service, scope, client_secret: 'wrong' })).status).toBe(200)
  expect((await ask({ client_id: service, scope })).status).toBe(200)
})

it('refreshes with numbers and more members, at the same policy and for the same client', async () => {
  const { body: first } = await ask()
  const refresh = (fields: Record<string, string> = {}, policy = 'b2c_1_ropc'): Promise<TokenResult> =>
    postForm(simulator.send, `${host}/${tenant}/${policy}/oauth2/v2.0/token`, {
      grant_type: 'refresh_token',
      client_id: client,
      refresh_token: String(first['refresh_token']),
      ...fields,
    })
  const { body } = await refresh()
  expect(body).toMatchObject({
    expires_in: 3600,
    not_before: now,
    expires_on: now + 3600,
    resource: client,
    id_token_expires_in: 3600,
    refresh_token_expires_in: 1_209_600,
  })
  expect(body['refresh_token']).not.toBe(first['refresh_token'])
  expect(JSON.parse(Buffer.from(String(body['profile_info']), 'base64url').toString())).toMatchObject({
    tid: guid,
    preferred_username: carla.username,
  })
  const codeOf = async (answer: Promise<TokenResult>): Promise<string> =>
    String((await answer).body['error_description']).slice(0, 11)
  expect(await codeOf(refresh({}, 'b2c_1a_ropc_tfp'))).toBe('AADB2C90088')
  expect(await codeOf(refresh({ client_id: service }))).toBe('AADB2C90087')
  expect(await codeOf(refresh({ refresh_token: 'x' }))).toBe('AADB2C90080')
  now += 1_209_600
  expect(await codeOf(refresh())).toBe('AADB2C90080')
  now -= 1_209_600
  simulator.revokeSessions(carla.username)
  expect(await codeOf(refresh())).toBe('AADB2C90129')
})

const custom = `${tenant}/B2C_1A_ROPC_TFP/oauth2/v2.0/token`
it.each([
  ['a wrong password', { password: 'x' }, 'access_denied', 90225],
  ['an unknown user', { username: 'nobody@customer.example' }, 'access_denied', 90225],
  ['an unknown user at a custom policy', { username: 'nobody@customer.example' }, 'access_denied', 90053, custom],
  ['a locked user', { username: 'cleo@customer.example' }, 'access_denied', 90111],
  [
    'a password with an angle bracket',
    { username: 'cyril@customer.example', password: 'angle<bracket' },
    'invalid_request',
    90122,
  ],
  ['an app without ROPC', { client_id: 'bd0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2c' }, 'unauthorized_client', 90224],
  [
    'an app without implicit flow at a custom policy',
    { client_id: 'cd0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2d' },
    'unauthorized_client',
    90057,
    custom,
  ],
  ['an unknown app', { client_id: guid }, 'unauthorized_client', 90018],
  ['no client id', { client_id: '' }, 'invalid_request', 90008],
  ['no scope', { scope: '' }, 'invalid_request', 90010],
  ['a scope of a resource that is none', { scope: 'https://graph.microsoft.com/User.Read' }, 'invalid_request', 90117],
  ['a bare scope', { scope: 'read' }, 'invalid_request', 90055],
  ['a scope the API lacks', { scope: `${api}/delete` }, 'unauthorized_client', 90205],
  ['two resources', { scope: `${client} ${api}/read` }, 'invalid_request', 90146],
  ['no password', { password: '' }, 'invalid_request', 90083],
  ['another response type', { response_type: 'code' }, 'invalid_request', 90083],
  ['another grant', { grant_type: 'client_credentials' }, 'unsupported_grant_type', 90086],
  ['a password at a sign-in policy', {}, 'unsupported_grant_type', 90086, `${tenant}/b2c_1_signin/oauth2/v2.0/token`],
  ['an unknown policy', {}, 'invalid_request', 90066, `${tenant}/b2c_1_none/oauth2/v2.0/token`],
] as [string, Record<string, string>, string, number, string?][])(
  'refuses %s',
  async (_title, fields, error, code, path) => {
    const { status, body } = await ask(fields, path)
    expect(status).toBe(400)
    expect(body).toEqual({
      error,
      error_description: expect.stringMatching(
        new RegExp(`^AADB2C${code}: .+\\r\\nCorrelation ID: [\\w-]+\\r\\nTimestamp: 2026-11-18 11:06:40Z\\r\\n$`),
      ),
    })
  },
)

it('has no user realm, no other tenant and no policy that does not exist: 404', async () => {
  for (const path of [
    `common/userrealm/${carla.username}?api-version=1.0`,
    'other.example/b2c_1_ropc/v2.0/.well-known/openid-configuration',
    `${tenant}/b2c_1_none/v2.0/.well-known/openid-configuration`,
    `${tenant}/v2.0/.well-known/openid-configuration`,
  ]) {
    const url = `${host}/${path}`
    expect((await simulator.send({ step: 'realm', method: 'GET', url, headers: {} })).status).toBe(404)
  }
})

it('listens on a port of its own, under the host names of loopback', async () => {
  expect(simulator.authorities).toEqual({
    ...simulator.authorities,
    entra: simulator.authority,
    adfs: 'https://sts.simulator.invalid/adfs',
    b2c: `${host}/${tenant}/B2C_1_ROPC`,
  })
  await using running = await simulator.listen()
  const { b2c, entra, adfs } = running.authorities
  expect(b2c).toMatch(new RegExp(`^https://localhost:\\d+/${tenant}/B2C_1_ROPC$`))
  expect(new Set([b2c, entra, adfs].map((url) => new URL(url).port)).size).toBe(3)
  const { body } = await getJson(simulator.send, `${b2c}/v2.0/.well-known/openid-configuration`)
  expect(body['issuer']).toBe(`${new URL(b2c).origin}/${guid}/v2.0/`)
})

it('lists its users and apps with the authority they belong to', () => {
  expect(simulator.allUsers.filter(({ authority }) => authority === 'b2c').map(({ expect: code }) => code)).toEqual([
    undefined,
    'AADB2C90111',
    'AADB2C90122',
  ])
  expect(simulator.users.every(({ authority }) => authority === 'entra')).toBe(true)
  expect(simulator.apps.find(({ clientId }) => clientId === service)).toEqual({
    clientId: service,
    displayName: 'Demo customer service',
    authority: 'b2c',
    secret: 'n0t l00ked at',
  })
})
