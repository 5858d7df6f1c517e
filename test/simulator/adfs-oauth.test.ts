import { createHash, createPrivateKey, sign, verify, X509Certificate } from 'node:crypto'
import { expect, it } from 'vitest'
import { createSigningCertificate, signingKeys } from '../../src/simulator/certificates.ts'
import { loadLibraries } from '../../src/simulator/libraries.ts'
import { createSimulator, demoWorld, type FarmLevel, type Simulator } from '../../src/simulator.ts'
import { decodeJwt, getJson, postForm, type TokenResult } from './messages.ts'

const adfs = 'https://sts.simulator.invalid/adfs'
const native = '6a7b8c9d-0e1f-4a2b-8c3d-4e5f6a7b8c9d'
const server = '7b8c9d0e-1f2a-4b3c-9d4e-5f6a7b8c9d0e'
const barred = '8c9d0e1f-2a3b-4c4d-ae5f-6a7b8c9d0e1f'
const api = 'https://api.contoso.example'
const fred = { username: 'fred@fed.contoso.example', password: `S3cret+&=<>%"'` }
let now = Math.floor(Date.now() / 1000)
const simulator = await createSimulator({ now: () => now })

function ask(fields: Record<string, string> = {}, of: Simulator = simulator, path = ''): Promise<TokenResult> {
  const defaults = { grant_type: 'password', client_id: native, ...fred, scope: 'openid' }
  return postForm(of.send, `${adfs}/oauth2/token${path}`, { ...defaults, ...fields })
}

function farmOf(level: FarmLevel): Promise<Simulator> {
  return createSimulator({ world: { farm: { ...demoWorld().farm, level } } })
}

it('publishes metadata and the key that its tokens verify with', async () => {
  const { body } = await getJson(simulator.send, `${adfs}/.well-known/openid-configuration`)
  expect(body).toMatchObject({
    issuer: adfs,
    access_token_issuer: 'http://sts.simulator.invalid/adfs/services/trust',
    token_endpoint: `${adfs}/oauth2/token/`,
    jwks_uri: `${adfs}/discovery/keys`,
  })
  const { body: keys } = await getJson(simulator.send, String(body['jwks_uri']))
  const [key] = keys['keys'] as [Record<string, string>]
  const [head = '', payload = '', signature = ''] = String((await ask()).body['id_token']).split('.')
  const signed = Buffer.from(`${head}.${payload}`)
  expect(verify('sha256', signed, { key, format: 'jwk' }, Buffer.from(signature, 'base64url'))).toBe(true)
  expect(simulator.journal.slice(-3).map(({ kind }) => kind)).toEqual(['metadata', 'jwks', 'token'])
})

it('signs a user in without client_info, with the claims of AD FS and a scope of openid whatever was asked', async () => {
  const { status, headers, body } = await ask({ scope: `openid ${api}/user.read offline_access`, client_info: '1' })
  expect(status).toBe(200)
  expect(headers['content-type']).toBe('application/json;charset=UTF-8')
  expect(body).toMatchObject({
    token_type: 'bearer',
    expires_in: 3600,
    scope: 'openid',
    refresh_token_expires_in: 28_800,
  })
  expect(body).not.toHaveProperty('client_info')
  const claims = decodeJwt(body['id_token'])
  expect(claims).toMatchObject({
    aud: native,
    iss: adfs,
    upn: fred.username,
    unique_name: 'FED\\fred',
    sub: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
  })
  expect(['oid', 'tid', 'preferred_username'].filter((name) => name in claims)).toEqual([])
  expect(decodeJwt(body['access_token'])['aud']).toBe(`microsoft:identityserver:${api}`)
})

it.each(['fred@fed.contoso.example', 'FRED@fed.contoso.example', 'FED\\fred', 'fed.contoso.example\\Fred'])(
  'knows the user as %s, with and without a slash at the end of the endpoint',
  async (username) => {
    for (const path of ['', '/']) {
      expect(decodeJwt((await ask({ username }, simulator, path)).body['id_token'])['upn']).toBe(fred.username)
    }
  },
)

it('gives a refresh token with offline_access only, good for eight hours, not replaced, and for its client', async () => {
  expect((await ask()).body).not.toHaveProperty('refresh_token')
  const first = await ask({ scope: 'openid offline_access', resource: api })
  const refresh = (fields: Record<string, string> = {}): Promise<TokenResult> =>
    postForm(simulator.send, `${adfs}/oauth2/token`, {
      grant_type: 'refresh_token',
      client_id: native,
      refresh_token: String(first.body['refresh_token']),
      ...fields,
    })
  const second = await refresh()
  expect(second.body).not.toHaveProperty('refresh_token')
  expect(decodeJwt(second.body['access_token'])['aud']).toBe(`microsoft:identityserver:${api}`)
  expect(decodeJwt(second.body['id_token'])['sub']).toBe(decodeJwt(first.body['id_token'])['sub'])
  const refused = { error: 'invalid_grant', error_description: expect.stringMatching(/^MSIS9615: /) }
  expect((await refresh({ client_id: server, client_secret: 'f4rm+s3cr:et/%' })).body).toEqual(refused)
  expect((await refresh({ refresh_token: 'x' })).body).toEqual(refused)
  now += 28_800
  expect((await refresh()).body).toEqual(refused)
  now -= 28_800
  expect((await refresh()).status).toBe(200)
  simulator.revokeSessions(fred.username)
  expect((await refresh()).body).toEqual(refused)
})

it.each([
  ['a wrong password', { password: 'x' }, 'invalid_grant', 9659],
  ['an unknown user', { username: 'nobody@fed.contoso.example' }, 'invalid_grant', 9659],
  ['a user of the cloud', { username: 'ada@contoso.example', password: 'Pa$$w0rd+&=é' }, 'invalid_grant', 9659],
  ['another domain', { username: 'CONTOSO\\fred' }, 'invalid_grant', 9659],
  ['a user its policy blocks', { username: 'blocked@fed.contoso.example' }, 'access_denied', 9605],
  ['an unknown client', { client_id: 'x' }, 'invalid_client', 9607],
  ['a server application without its secret', { client_id: server }, 'invalid_client', 9622],
  ['a wrong secret', { client_id: server, client_secret: 'x' }, 'invalid_client', 9622],
  ['a secret from a native application', { client_secret: 'x' }, 'invalid_client', 9622],
  ['an unknown resource', { resource: 'https://nowhere.example' }, 'invalid_resource', 9602],
  ['an API the client has no permission for', { client_id: barred, resource: api }, 'unauthorized_client', 9605],
  ['another grant', { grant_type: 'client_credentials' }, 'unsupported_grant_type', 9611],
] as const)('refuses %s', async (_title, fields, error, code) => {
  const { status, body } = await ask(fields)
  expect(status).toBe(code === 9622 ? 401 : 400)
  expect(body).toEqual({ error, error_description: expect.stringMatching(new RegExp(`^MSIS${code}: `)) })
})

it('escapes apostrophes in its JSON, as AD FS does', async () => {
  const answer = await simulator.send({
    step: 'token',
    method: 'POST',
    url: `${adfs}/oauth2/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `grant_type=password&client_id=${native}&username=x&password=y`,
  })
  expect(answer.body).toContain('Invalid \\u0027username\\u0027 or \\u0027password\\u0027.')
})

it('takes a server application’s secret in the body or the header, and RS256 with x5t but no PS256', async () => {
  const secret = 'f4rm+s3cr:et/%'
  expect((await ask({ client_id: server, client_secret: secret })).status).toBe(200)
  const authorization = `Basic ${Buffer.from(`${server}:${encodeURIComponent(secret)}`).toString('base64')}`
  const fields = { grant_type: 'password', ...fred, scope: 'openid' }
  expect((await postForm(simulator.send, `${adfs}/oauth2/token`, fields, { authorization })).status).toBe(200)

  const at = Math.floor(Date.now() / 1000)
  const own = await createSigningCertificate(await loadLibraries(), await signingKeys('entra'), 'client', at)
  const farm = {
    ...demoWorld().farm,
    clients: [{ clientId: 'c', displayName: 'C', certificates: [own.certificatePem] }],
  }
  const certified = await createSimulator({ world: { farm } })
  const thumbprint = (algorithm: string): string =>
    createHash(algorithm).update(new X509Certificate(own.certificatePem).raw).digest('base64url')
  const assertion = (header: Record<string, string>): string => {
    const claims = { iss: 'c', sub: 'c', aud: `${adfs}/oauth2/token`, jti: 'j', exp: at + 600 }
    const data = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    const signature = sign('sha256', Buffer.from(data), createPrivateKey(own.privateKeyPem))
    return `${data}.${signature.toString('base64url')}`
  }
  const prove = (header: Record<string, string>): Promise<TokenResult> =>
    ask(
      {
        client_id: 'c',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion(header),
      },
      certified,
    )
  expect((await prove({ alg: 'RS256', x5t: thumbprint('sha1') })).status).toBe(200)
  expect((await prove({ alg: 'RS256', 'x5t#S256': thumbprint('sha256') })).status).toBe(401)
  expect((await prove({ alg: 'PS256', x5t: thumbprint('sha1') })).status).toBe(401)
})

it('is of 2012 R2 when told so: no metadata, no password grant', async () => {
  const old = await farmOf('2012R2')
  expect((await ask({}, old)).body).toMatchObject({
    error: 'unsupported_grant_type',
    error_description: expect.stringMatching(/^MSIS9611: .* only supports 'authorization_code' or 'refresh_token'\.$/),
  })
  const metadata = { step: 'authority', method: 'GET', headers: {} } as const
  const answer = await old.send({ ...metadata, url: `${adfs}/.well-known/openid-configuration` })
  expect(answer.status).toBe(404)
})

it('of 2016 wants resource and does not look into scopes; of 2019 takes either', async () => {
  const older = await farmOf('2016')
  for (const scope of ['openid', `${api}/openid`]) {
    expect((await ask({ scope }, older)).body).toMatchObject({ error: 'invalid_resource' })
  }
  const audience = async (fields: Record<string, string>, of: Simulator): Promise<unknown> =>
    decodeJwt((await ask(fields, of)).body['access_token'])['aud']
  expect(await audience({ resource: api }, older)).toBe(`microsoft:identityserver:${api}`)
  expect(await audience({ resource: api }, simulator)).toBe(`microsoft:identityserver:${api}`)
  expect(await audience({ scope: 'api://farm-api/openid' }, simulator)).toBe('microsoft:identityserver:api://farm-api')
  expect(await audience({ scope: 'openid' }, simulator)).toBe('urn:microsoft:userinfo')
})

it('keeps what was put into the wrong field out of the journal', async () => {
  await ask({ grant_type: fred.password })
  expect(JSON.stringify(simulator.journal)).not.toContain('S3cret')
})
