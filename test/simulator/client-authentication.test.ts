import { constants, createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { expect, it } from 'vitest'
import { createSigningCertificate, signingKeys } from '../../src/simulator/certificates.ts'
import { loadLibraries } from '../../src/simulator/libraries.ts'
import { createSimulator, demoWorld } from '../../src/simulator.ts'
import {
  assertionRequest,
  getAssertion,
  graphScope,
  passwordRequest,
  postForm,
  saml20Grant,
  type TokenResult,
} from './messages.ts'

const now = Math.floor(Date.now() / 1000)
const libraries = await loadLibraries()
const own = await createSigningCertificate(libraries, await signingKeys('entra'), 'client', now)
const stranger = await createSigningCertificate(libraries, await signingKeys('adfs'), 'stranger', now)
const service = '1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8'
const expired = '2b3c4d5e-6f70-4819-a2a3-b4c5d6e7f809'
const certified = '3c4d5e6f-7081-492a-b3b4-c5d6e7f8091a'
const keyed = '4d5e6f70-8192-4a3b-84c5-d6e7f8091a2b'
const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const publicKeyPem = new X509Certificate(own.certificatePem).publicKey
  .export({ type: 'spki', format: 'pem' })
  .toString()
const [tenant] = demoWorld().tenants
const app = { displayName: 'Certified', tenantId: tenant?.id ?? '', multiTenant: true }
const simulator = await createSimulator({
  now: () => now,
  world: {
    apps: [
      ...demoWorld().apps,
      { ...app, clientId: certified, certificates: [own.certificatePem] },
      { ...app, clientId: keyed, certificates: [publicKeyPem] },
    ],
  },
})
const tokenEndpoint = `${simulator.authority}/oauth2/v2.0/token`
const ada = 'ada@contoso.example'

const thumbprint = (algorithm: string, pem: string): string =>
  createHash(algorithm).update(new X509Certificate(pem).raw).digest('base64url')

interface AssertionParts {
  readonly header?: Record<string, unknown>
  readonly claims?: Record<string, unknown>
  readonly privateKeyPem?: string
}

/** A client assertion signed here, by hand. */
function clientAssertion({ header = {}, claims = {}, privateKeyPem = own.privateKeyPem }: AssertionParts = {}): string {
  const head = { alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint('sha256', own.certificatePem), ...header }
  const payload = {
    aud: tokenEndpoint,
    iss: certified,
    sub: certified,
    jti: 'f1e2d3c4',
    nbf: now,
    exp: now + 600,
    ...claims,
  }
  const data = [head, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const key = createPrivateKey(privateKeyPem)
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  const signature = sign('sha256', Buffer.from(data), head.alg === 'PS256' ? pss : key)
  return `${data}.${signature.toString('base64url')}`
}

function withAssertion(assertion: string, fields: Record<string, string> = {}): Promise<TokenResult> {
  return passwordRequest(simulator, ada, {
    client_id: certified,
    client_assertion_type: jwtBearer,
    client_assertion: assertion,
    ...fields,
  })
}

function basic(clientId: string, secret: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` }
}

function withBasic(headers: Record<string, string>): Promise<TokenResult> {
  return postForm(
    simulator.send,
    tokenEndpoint,
    { grant_type: 'password', username: ada, password: 'Pa$$w0rd+&=é', scope: graphScope },
    headers,
  )
}

it('takes a secret in the body, and in the header encoded or as it stands', async () => {
  const secret = 's3cr:et%/+'
  expect((await passwordRequest(simulator, ada, { client_id: service, client_secret: secret })).status).toBe(200)
  expect(simulator.journal.at(-1)).toMatchObject({ clientAuthentication: 'client_secret_post' })
  for (const written of [secret, encodeURIComponent(secret)]) {
    expect((await withBasic(basic(service, written))).status).toBe(200)
    expect(simulator.journal.at(-1)).toMatchObject({
      clientAuthentication: 'client_secret_basic',
      carriedCredential: true,
    })
  }
  expect((await withBasic(basic(service, 'other'))).body).toMatchObject({ error_codes: [7000215] })
})

it('says that a secret has expired only to those who know it', async () => {
  const right = await passwordRequest(simulator, ada, { client_id: expired, client_secret: 'l4st ye4r' })
  expect(right).toMatchObject({ status: 401, body: { error: 'invalid_client', error_codes: [7000222] } })
  const wrong = await passwordRequest(simulator, ada, { client_id: expired, client_secret: 'this year' })
  expect(wrong.body['error_codes']).toEqual([7000215])
})

it.each([
  ['PS256 and x5t#S256', {}],
  ['RS256 and x5t#S256', { header: { alg: 'RS256' } }],
  [
    'RS256 and SHA-1 x5t, as older libraries',
    { header: { alg: 'RS256', 'x5t#S256': undefined, x5t: thumbprint('sha1', own.certificatePem) } },
  ],
  ['the issuer as audience', { claims: { aud: `${simulator.authority}/v2.0` } }],
  ['several audiences', { claims: { aud: ['https://elsewhere.example', tokenEndpoint] } }],
  ['the domain in the audience', { claims: { aud: 'https://login.simulator.invalid/contoso.example/oauth2/token' } }],
  ['no nbf', { claims: { nbf: undefined } }],
] as [string, AssertionParts][])('accepts an assertion with %s', async (_title, parts) => {
  expect(await withAssertion(clientAssertion(parts))).toMatchObject({ status: 200 })
  expect(simulator.journal.at(-1)).toMatchObject({ clientAuthentication: 'private_key_jwt', carriedCredential: true })
})

it.each([
  ['a stranger’s signature under our thumbprint', { privateKeyPem: stranger.privateKeyPem }, 700027],
  [
    'a certificate that is not registered',
    {
      privateKeyPem: stranger.privateKeyPem,
      header: { 'x5t#S256': thumbprint('sha256', stranger.certificatePem) },
    },
    700027,
  ],
  ['no thumbprint', { header: { 'x5t#S256': undefined } }, 700027],
  ['an algorithm it does not know', { header: { alg: 'none' } }, 5002738],
  ['another audience', { claims: { aud: 'https://login.evil.example/oauth2/v2.0/token' } }, 700023],
  ['another client as issuer', { claims: { iss: service } }, 700021],
  ['another client as subject', { claims: { sub: service } }, 700021],
  ['a past end', { claims: { nbf: now - 1_200, exp: now - 600 } }, 700024],
  ['a future beginning', { claims: { nbf: now + 600, exp: now + 1_200 } }, 700024],
  ['no end', { claims: { exp: undefined } }, 700024],
  ['no id', { claims: { jti: undefined } }, 50027],
] as [string, AssertionParts, number][])('refuses an assertion with %s', async (_title, parts, code) => {
  const { status, body } = await withAssertion(clientAssertion(parts))
  expect({ status, error: body['error'], codes: body['error_codes'] }).toEqual({
    status: 401,
    error: 'invalid_client',
    codes: [code],
  })
})

it('refuses an assertion that was changed, cut, or sent without its type', async () => {
  const [head = '', payload = '', signature = ''] = clientAssertion().split('.')
  const claims = Buffer.from(payload, 'base64url').toString().replace('f1e2d3c4', 'f1e2d3c5')
  const changed = `${head}.${Buffer.from(claims).toString('base64url')}.${signature}`
  expect((await withAssertion(changed)).body['error_codes']).toEqual([700027])
  expect((await withAssertion(`${head}.${payload}`)).body['error_codes']).toEqual([50027])
  for (const type of ['', 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer']) {
    const { body } = await withAssertion(clientAssertion(), { client_assertion_type: type })
    expect(body['error_codes']).toEqual([900144])
  }
})

it('takes a bare public key for an app that registered one', async () => {
  const claims = { iss: keyed, sub: keyed }
  const assertion = clientAssertion({ claims, header: { 'x5t#S256': undefined, kid: 'k1' } })
  expect((await withAssertion(assertion, { client_id: keyed })).status).toBe(200)
})

it('wants a credential of an app that has certificates, and none of a public one', async () => {
  expect((await passwordRequest(simulator, ada, { client_id: certified })).body['error_codes']).toEqual([7000218])
  const secret = await passwordRequest(simulator, ada, { client_id: certified, client_secret: '' })
  expect(secret.body['error_codes']).toEqual([7000215])
  const eager = await withAssertion(clientAssertion(), { client_id: simulator.clientId })
  expect(eager).toMatchObject({ status: 401, body: { error_codes: [700025] } })
  expect((await withBasic(basic(simulator.clientId, ''))).body['error_codes']).toEqual([700025])
})

it('lets a confidential client redeem the assertion of a federated user', async () => {
  for (const username of ['fred@fed.contoso.example', 'saml2@fed.contoso.example']) {
    const assertion = await getAssertion(simulator, username)
    const fields = { client_id: certified, client_assertion_type: jwtBearer, client_assertion: clientAssertion() }
    expect((await assertionRequest(simulator, assertion, fields)).status).toBe(200)
    const secret = await assertionRequest(simulator, assertion, { client_id: service, client_secret: 's3cr:et%/+' })
    expect(secret.status).toBe(200)
    expect((await assertionRequest(simulator, assertion, { client_id: service })).body['error_codes']).toEqual([
      7000218,
    ])
  }
  expect(simulator.journal.at(-1)?.grantType).toBe(saml20Grant)
})

it('keeps client secrets and client assertions out of the journal', async () => {
  const assertion = clientAssertion()
  await withAssertion(assertion)
  await withBasic(basic(service, 's3cr:et%/+'))
  const text = JSON.stringify(simulator.journal)
  expect(text).not.toContain(assertion)
  expect(text).not.toContain('s3cr')
})
