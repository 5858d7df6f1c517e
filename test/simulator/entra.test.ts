import { createPublicKey, verify } from 'node:crypto'
import { expect, it } from 'vitest'
import { createSimulator } from '../../src/simulator.ts'
import { decodeJwt, getJson, graphScope, passwordRequest, postForm } from './messages.ts'

const simulator = await createSimulator()
const entra = 'https://login.simulator.invalid'
const contoso = new URL(simulator.authority).pathname.slice(1)

it('signs a managed user in and gives tokens that verify with the published key', async () => {
  const { status, headers, body } = await passwordRequest(simulator, 'ada@contoso.example')
  expect(status).toBe(200)
  expect(headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store, no-cache',
  })
  expect(body).toMatchObject({
    token_type: 'Bearer',
    scope: 'https://graph.microsoft.com/User.Read openid profile',
    expires_in: 3600,
    ext_expires_in: 3600,
  })
  expect(body['refresh_token']).toBeTypeOf('string')
  const { body: keys } = await getJson(simulator.send, `${simulator.authority}/discovery/v2.0/keys`)
  const [jwk] = keys['keys'] as [Record<string, string>]
  for (const token of [body['id_token'], body['access_token']]) {
    const [head = '', payload = '', signature = ''] = String(token).split('.')
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ typ: 'JWT', alg: 'RS256', kid: jwk['kid'] })
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    expect(verify('sha256', Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
  }
})

it('puts the claims of a v2 ID token into it, with a subject that differs from app to app', async () => {
  const { body } = await passwordRequest(simulator, 'ada@contoso.example')
  const claims = decodeJwt(body['id_token'])
  expect(claims).toMatchObject({
    aud: simulator.clientId,
    iss: `${entra}/${contoso}/v2.0`,
    oid: 'd0000000-0000-4000-8000-000000000001',
    tid: contoso,
    preferred_username: 'ada@contoso.example',
    name: 'Ada Example',
    ver: '2.0',
  })
  expect(Number(claims['exp']) - Number(claims['iat'])).toBe(3600)
  expect(claims['nbf']).toBe(claims['iat'])
  const other = await passwordRequest(simulator, 'ada@contoso.example', {
    client_id: '1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8',
    client_secret: 's3cr:et%/+',
  })
  expect(decodeJwt(other.body['id_token'])['sub']).not.toBe(claims['sub'])
  expect(JSON.parse(Buffer.from(String(body['client_info']), 'base64url').toString())).toEqual({
    uid: 'd0000000-0000-4000-8000-000000000001',
    utid: contoso,
  })
})

it('gives an ID token only with openid, a refresh token only with offline_access, client_info only when asked', async () => {
  const { body } = await passwordRequest(simulator, 'ada@contoso.example', { scope: 'User.Read', client_info: '0' })
  expect(Object.keys(body)).toEqual(['token_type', 'scope', 'expires_in', 'ext_expires_in', 'access_token'])
  expect(body['scope']).toBe('User.Read')
})

it('resolves .default to what has been consented to', async () => {
  const { body } = await passwordRequest(simulator, 'ada@contoso.example', {
    scope: 'https://graph.microsoft.com/.default',
  })
  expect(decodeJwt(body['access_token'])['scp']).toBe('User.Read Mail.Read Files.Read')
  expect(String(body['scope']).split(' ')).toContain('https://graph.microsoft.com/.default')
})

it('offers refresh_in at half the life of a token that lives two hours or more', async () => {
  const patient = await createSimulator({ accessTokenLifetimeSeconds: 86_400 })
  const { body } = await passwordRequest(patient, 'ada@contoso.example')
  expect(body).toMatchObject({ expires_in: 86_400, refresh_in: 43_200 })
})

it.each([contoso, contoso.toUpperCase(), 'contoso.example', 'CONTOSO.example', 'organizations'])(
  'accepts the tenant written as %s',
  async (tenant) => {
    const { body } = await passwordRequest(
      simulator,
      'ADA@contoso.example',
      { password: 'Pa$$w0rd+&=é' },
      `${entra}/${tenant}`,
    )
    expect(decodeJwt(body['id_token'])).toMatchObject({ tid: contoso, iss: `${entra}/${contoso}/v2.0` })
  },
)

it('issues the tokens of the resource tenant to a guest, and names the guest at home in client_info', async () => {
  const { body } = await passwordRequest(simulator, 'grace@fabrikam.example')
  const home = 'c2d4e6f8-1a3b-4c5d-8e9f-0a1b2c3d4e02'
  expect(decodeJwt(body['id_token'])).toMatchObject({ tid: contoso, oid: 'd0000000-0000-4000-8000-000000000012' })
  expect(JSON.parse(Buffer.from(String(body['client_info']), 'base64url').toString())).toEqual({
    uid: 'd0000000-0000-4000-8000-000000000011',
    utid: home,
  })
  const atHome = await passwordRequest(simulator, 'grace@fabrikam.example', {}, `${entra}/organizations`)
  expect(decodeJwt(atHome.body['id_token'])['tid']).toBe(home)
})

it('answers the v1 endpoint in its own way: strings, the resource, always an ID token and a refresh token', async () => {
  const { status, body } = await postForm(simulator.send, `${simulator.authority}/oauth2/token?api-version=1.0`, {
    grant_type: 'password',
    client_id: simulator.clientId,
    resource: 'https://graph.microsoft.com',
    username: 'ada@contoso.example',
    password: 'Pa$$w0rd+&=é',
    scope: 'openid',
  })
  expect(status).toBe(200)
  expect(body).toMatchObject({ resource: 'https://graph.microsoft.com', expires_in: '3600', ext_expires_in: '3600' })
  expect(Number(body['expires_on']) - Number(body['not_before'])).toBe(3600)
  expect(body['expires_on']).toBeTypeOf('string')
  expect(body['refresh_token']).toBeTypeOf('string')
  expect(body['client_info']).toBeUndefined()
  expect(decodeJwt(body['id_token'])).toMatchObject({
    ver: '1.0',
    upn: 'ada@contoso.example',
    iss: `${entra}/${contoso}/`,
  })
})

it('publishes metadata whose issuer is the tenant, or a template where there is none', async () => {
  const one = await getJson(simulator.send, `${entra}/contoso.example/v2.0/.well-known/openid-configuration`)
  expect(one.body).toMatchObject({
    issuer: `${entra}/${contoso}/v2.0`,
    token_endpoint: `${entra}/contoso.example/oauth2/v2.0/token`,
    jwks_uri: `${entra}/contoso.example/discovery/v2.0/keys`,
  })
  const many = await getJson(simulator.send, `${entra}/organizations/v2.0/.well-known/openid-configuration`)
  expect(many.body['issuer']).toBe(`${entra}/{tenantid}/v2.0`)
  const v1 = await getJson(simulator.send, `${entra}/contoso.example/.well-known/openid-configuration`)
  expect(v1.body).toMatchObject({
    issuer: `${entra}/${contoso}/`,
    token_endpoint: `${entra}/contoso.example/oauth2/token`,
  })
  const none = await getJson(simulator.send, `${entra}/nowhere.example/v2.0/.well-known/openid-configuration`)
  expect(none).toMatchObject({ status: 400, body: { error_codes: [90002] } })
})

it('plays login.microsoftonline.com when it is given that host, with the issuers of the public cloud', async () => {
  const cloud = await createSimulator({ entraHost: 'login.microsoftonline.com' })
  expect(cloud.authority).toBe(`https://login.microsoftonline.com/${contoso}`)
  const { body } = await passwordRequest(cloud, 'ada@contoso.example')
  expect(decodeJwt(body['id_token'])['iss']).toBe(`https://login.microsoftonline.com/${contoso}/v2.0`)
  const v1 = await getJson(cloud.send, 'https://login.windows.net/common/discovery/keys')
  expect(v1.status).toBe(200)
  const metadata = await getJson(cloud.send, `${cloud.authority}/.well-known/openid-configuration`)
  expect(metadata.body['issuer']).toBe(`https://sts.windows.net/${contoso}/`)
})

it.each([
  ['ada@contoso.example', { account_type: 'Managed', domain_name: 'contoso.example' }],
  ['nobody@contoso.example', { account_type: 'Managed', domain_name: 'contoso.example' }],
  ['ada_fabrikam.example#EXT#@contoso.example', { account_type: 'Managed', domain_name: 'contoso.example' }],
  [
    'Fred@FED.contoso.example',
    {
      account_type: 'Federated',
      domain_name: 'fed.contoso.example',
      federation_protocol: 'WSTrust',
      federation_metadata_url: 'https://sts.simulator.invalid/adfs/services/trust/mex',
      federation_active_auth_url: 'https://sts.simulator.invalid/adfs/services/trust/2005/usernamemixed',
    },
  ],
  ['mia@outlook.example', { account_type: 'Federated', domain_name: 'live.com' }],
  ['nobody@nowhere.example', { account_type: 'Unknown' }],
  ['CONTOSO\\ada', { account_type: 'Unknown' }],
])('tells the realm of %s', async (username, expected) => {
  for (const folder of ['common/userrealm', 'Common/UserRealm']) {
    const { status, body } = await getJson(
      simulator.send,
      `${entra}/${folder}/${encodeURIComponent(username)}?api-version=1.0`,
    )
    expect(status).toBe(200)
    expect(body).toMatchObject({
      ver: '1.0',
      cloud_instance_name: 'microsoftonline.com',
      cloud_audience_urn: 'urn:federation:MicrosoftOnline',
      ...expected,
    })
  }
})

it('loses the end of a user name that was not encoded, as the service does', async () => {
  const { body } = await getJson(simulator.send, `${entra}/common/userrealm/ada_fabrikam.example#EXT#@contoso.example`)
  expect(body['account_type']).toBe('Unknown')
})

it('names the aliases of a known cloud in instance discovery 1.1, and none in 1.0', async () => {
  const ask = (version: string, endpoint: string): ReturnType<typeof getJson> =>
    getJson(
      simulator.send,
      `${entra}/common/discovery/instance?api-version=${version}&authorization_endpoint=${encodeURIComponent(endpoint)}`,
    )
  const newer = await ask('1.1', 'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize')
  expect(newer.body).toMatchObject({
    tenant_discovery_endpoint:
      'https://login.microsoftonline.com/contoso.example/v2.0/.well-known/openid-configuration',
    'api-version': '1.1',
  })
  expect(newer.body['metadata']).toContainEqual({
    preferred_network: 'login.microsoftonline.com',
    preferred_cache: 'login.windows.net',
    aliases: ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'],
  })
  expect(newer.body['metadata']).toContainEqual({
    preferred_network: 'login.simulator.invalid',
    preferred_cache: 'login.simulator.invalid',
    aliases: ['login.simulator.invalid'],
  })
  const older = await ask('1.0', `${entra}/contoso.example/oauth2/authorize`)
  expect(older.body).toEqual({
    tenant_discovery_endpoint: `${entra}/contoso.example/.well-known/openid-configuration`,
    'api-version': '1.0',
  })
  const unknown = await ask('1.1', 'https://idp.evil.example/common/oauth2/v2.0/authorize')
  expect(unknown).toMatchObject({ status: 400, body: { error: 'invalid_instance', error_codes: [50049] } })
})

it('refreshes without a password, keeps the old refresh token good, and ends both when sessions are revoked', async () => {
  const own = await createSimulator()
  const first = await passwordRequest(own, 'ada@contoso.example')
  const refresh = (token: unknown, fields: Record<string, string> = {}): ReturnType<typeof postForm> =>
    postForm(own.send, `${own.authority}/oauth2/v2.0/token`, {
      grant_type: 'refresh_token',
      client_id: own.clientId,
      refresh_token: String(token),
      scope: graphScope,
      ...fields,
    })
  const second = await refresh(first.body['refresh_token'])
  expect(own.journal.at(-1)).toMatchObject({
    grantType: 'refresh_token',
    username: 'ada@contoso.example',
    carriedCredential: true,
  })
  expect(second.body['refresh_token']).not.toBe(first.body['refresh_token'])
  expect(decodeJwt(second.body['id_token'])['preferred_username']).toBe('ada@contoso.example')
  expect((await refresh(first.body['refresh_token'])).status).toBe(200)
  const withoutScope = await refresh(first.body['refresh_token'], { scope: '' })
  expect(withoutScope.body['scope']).toBe('https://graph.microsoft.com/User.Read openid profile')
  const stranger = await refresh(first.body['refresh_token'], {
    client_id: '1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8',
    client_secret: 's3cr:et%/+',
  })
  expect(stranger.body).toMatchObject({ error: 'invalid_grant', error_codes: [70000], suberror: 'client_mismatch' })
  expect((await refresh('1.nonsense')).body).toMatchObject({
    error: 'invalid_grant',
    error_codes: [70000],
    suberror: 'bad_token',
  })
  const grace = await passwordRequest(own, 'grace@fabrikam.example')
  own.revokeSessions('ADA@contoso.example')
  expect((await refresh(grace.body['refresh_token'])).status).toBe(200)
  for (const { body } of [first, second]) {
    expect((await refresh(body['refresh_token'])).body).toMatchObject({ error_codes: [50173] })
  }
  expect((await passwordRequest(own, 'ada@contoso.example')).status).toBe(200)
})

it('echoes the correlation id when asked, and only then', async () => {
  const url = `${simulator.authority}/oauth2/v2.0/token`
  const id = 'a5ceebc9-1e53-4beb-9ccd-c5f0da6f54fc'
  const asked = await postForm(simulator.send, url, {}, { 'client-request-id': id, 'return-client-request-id': 'true' })
  expect(asked.headers['client-request-id']).toBe(id)
  expect(asked.body['correlation_id']).toBe(id)
  expect(asked.headers['x-ms-request-id']).toBe(asked.body['trace_id'])
  const silent = await postForm(simulator.send, `${url}?client-request-id=${id}`, {})
  expect(silent.headers['client-request-id']).toBeUndefined()
  expect(silent.body['correlation_id']).toBe(id)
})

it('answers the same for the same clock and ids', async () => {
  const make = async (): Promise<string> => {
    let count = 0
    const fixed = await createSimulator({ now: () => 1_795_000_000, newId: () => `id-${count++}` })
    const { body, headers } = await passwordRequest(fixed, 'ada@contoso.example')
    expect(headers['date']).toBe('Wed, 18 Nov 2026 11:06:40 GMT')
    return JSON.stringify(body)
  }
  expect(await make()).toBe(await make())
})
