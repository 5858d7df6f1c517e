import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { expect, it } from 'vitest'
import { createSigningCertificate, signingKeys } from '../../src/simulator/certificates.ts'
import { loadLibraries } from '../../src/simulator/libraries.ts'
import { createSimulator, demoWorld, type OidcIssuer, type Simulator } from '../../src/simulator.ts'
import { decodeJwt, getJson, postForm, type TokenResult } from './messages.ts'

const issuer = 'https://idp.simulator.invalid/oidc'
const secret = 'p%3Aq:r+s/t u'
const olga = { username: 'olga', password: 'Oidc+Pass=w0rd&' }
const simulator = await createSimulator()

function ask(
  fields: Record<string, string> = {},
  headers: Record<string, string> = {},
  of: Simulator = simulator,
): Promise<TokenResult> {
  const defaults = { grant_type: 'password', client_id: 'demo-public', scope: 'openid offline_access read', ...olga }
  return postForm(of.send, `${issuer}/token`, { ...defaults, ...fields }, headers)
}

function basic(client: string, written: string): Promise<TokenResult> {
  const authorization = `Basic ${Buffer.from(`${client}:${written}`).toString('base64')}`
  return ask({ client_id: '' }, { authorization })
}

function provider(changes: Partial<OidcIssuer>): Promise<Simulator> {
  return createSimulator({ world: { oidc: { ...demoWorld().oidc, ...changes } } })
}

it('is found by its issuer, and signs ID tokens with its published key; access tokens are opaque', async () => {
  const { body: metadata } = await getJson(simulator.send, `${issuer}/.well-known/openid-configuration`)
  expect(metadata).toMatchObject({ issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` })
  const { body } = await ask()
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'openid offline_access read' })
  expect(body).not.toHaveProperty('client_info')
  expect(String(body['access_token'])).not.toContain('.')
  expect(decodeJwt(body['id_token'])).toMatchObject({ iss: issuer, sub: 'Ab-9_xY', aud: 'demo-public' })
  const { body: keys } = await getJson(simulator.send, String(metadata['jwks_uri']))
  const [key] = keys['keys'] as [Record<string, string>]
  const [head = '', payload = '', signature = ''] = String(body['id_token']).split('.')
  const signed = Buffer.from(`${head}.${payload}`)
  expect(verify('sha256', signed, { key, format: 'jwk' }, Buffer.from(signature, 'base64url'))).toBe(true)
  expect(simulator.authorities.oidc).toBe(issuer)
})

it('takes each client’s own way to authenticate, and no other', async () => {
  const encoded = new URLSearchParams({ v: secret }).toString().slice(2)
  expect((await ask({ client_id: 'demo-post', client_secret: secret })).status).toBe(200)
  expect((await basic('demo-basic', encoded)).status).toBe(200)
  expect((await basic('demo-raw', secret)).status).toBe(200)
  const wrong = [
    basic('demo-basic', secret),
    basic('demo-raw', encoded),
    basic('demo-post', encoded),
    ask({ client_id: 'demo-basic', client_secret: secret }),
    ask({ client_id: 'demo-post' }),
    ask({ client_id: 'demo-public', client_secret: 'x' }),
    ask({ client_id: 'nobody' }),
  ]
  for (const { status, body } of await Promise.all(wrong)) {
    expect({ status, error: body['error'] }).toEqual({ status: 401, error: 'invalid_client' })
  }
  expect((await basic('demo-raw', encoded)).headers['www-authenticate']).toBe('Basic realm="simulator"')
})

it('takes a signed assertion of a client that registered a key', async () => {
  const now = Math.floor(Date.now() / 1000)
  const own = await createSigningCertificate(await loadLibraries(), await signingKeys('entra'), 'client', now)
  const publicKey = createPublicKey(own.certificatePem).export({ type: 'spki', format: 'pem' }).toString()
  const client = { clientId: 'k', displayName: 'K', method: 'private_key_jwt', certificates: [publicKey] } as const
  const keyed = await provider({ clients: [client] })
  const prove = (aud: string): Promise<TokenResult> => {
    const parts = [{ alg: 'RS256' }, { iss: 'k', sub: 'k', aud, jti: 'j', exp: now + 60 }]
    const data = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    const signature = sign('sha256', Buffer.from(data), createPrivateKey(own.privateKeyPem)).toString('base64url')
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    return ask({ client_id: 'k', client_assertion_type, client_assertion: `${data}.${signature}` }, {}, keyed)
  }
  expect((await prove(issuer)).status).toBe(200)
  expect((await prove(`${issuer}/token`)).status).toBe(200)
  expect((await prove('https://elsewhere.example')).status).toBe(401)
  expect((await ask({ client_id: 'k' }, {}, keyed)).status).toBe(401)
})

it('rotates refresh tokens: each is good once, for its client, for no more than was granted', async () => {
  const { body: first } = await ask()
  const refresh = (token: unknown, fields: Record<string, string> = {}): Promise<TokenResult> =>
    postForm(simulator.send, `${issuer}/token`, {
      grant_type: 'refresh_token',
      client_id: 'demo-public',
      refresh_token: String(token),
      ...fields,
    })
  const stranger = await refresh(first['refresh_token'], { client_id: 'demo-post', client_secret: secret })
  expect(stranger.body['error']).toBe('invalid_grant')
  expect((await refresh(first['refresh_token'], { scope: 'openid write' })).body['error']).toBe('invalid_scope')
  const { body: second } = await refresh(first['refresh_token'])
  expect(second['refresh_token']).not.toBe(first['refresh_token'])
  expect((await refresh(first['refresh_token'])).body['error']).toBe('invalid_grant')
  simulator.revokeSessions('olga')
  expect((await refresh(second['refresh_token'])).body['error']).toBe('invalid_grant')
})

it.each([
  ['a wrong password', { password: 'x' }, 'invalid_grant'],
  ['a name in another case', { username: 'Olga' }, 'invalid_grant'],
  ['no password', { password: '' }, 'invalid_request'],
  ['an unknown scope', { scope: 'openid admin' }, 'invalid_scope'],
  ['another grant', { grant_type: 'client_credentials' }, 'unsupported_grant_type'],
])('refuses %s', async (_title, fields, error) => {
  expect(await ask(fields)).toMatchObject({ status: 400, body: { error } })
})

it('departs from the common way when told so', async () => {
  const odd = await provider({ quirks: { noScopeInReply: true, emptyRefusal: true, audienceAsArray: true } })
  const { body } = await ask({}, {}, odd)
  expect(body).not.toHaveProperty('scope')
  expect(decodeJwt(body['id_token'])['aud']).toEqual(['demo-public'])
  const refused = await odd.send({
    step: 'token',
    method: 'POST',
    url: `${issuer}/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=password&client_id=demo-public&username=olga&password=x',
  })
  expect(refused).toMatchObject({ status: 403, body: '' })
})

it('serves nothing beside its own paths', async () => {
  const url = 'https://idp.simulator.invalid/.well-known/openid-configuration'
  expect((await getJson(simulator.send, url)).status).toBe(404)
})
