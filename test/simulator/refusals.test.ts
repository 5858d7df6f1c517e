import { expect, it } from 'vitest'
import { createSimulator } from '../../src/simulator.ts'
import { passwordRequest, postForm } from './messages.ts'

const simulator = await createSimulator()
const entra = 'https://login.simulator.invalid'
const service = '1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8'
const ada = 'ada@contoso.example'

type Row = [
  title: string,
  username: string,
  fields: Record<string, string>,
  expected: { code: number; error: string; status?: number; suberror?: string },
]

const invalidGrant = 'invalid_grant'
const rows: Row[] = [
  ['a wrong password', ada, { password: 'Pa$$w0rd+&=e' }, { code: 50126, error: invalidGrant }],
  [
    'a password that differs by a trailing blank',
    ada,
    { password: 'Pa$$w0rd+&=é ' },
    { code: 50126, error: invalidGrant },
  ],
  ['an unknown user', 'nobody@contoso.example', {}, { code: 50034, error: invalidGrant }],
  ['a user of another tenant who is no guest', 'ada@fabrikam.example', {}, { code: 50034, error: invalidGrant }],
  [
    'a user who must use MFA',
    'mfa@contoso.example',
    {},
    { code: 50076, error: invalidGrant, suberror: 'basic_action' },
  ],
  [
    'a user who must register for MFA',
    'enroll@contoso.example',
    {},
    { code: 50079, error: invalidGrant, suberror: 'basic_action' },
  ],
  [
    'a user without consent',
    'noconsent@contoso.example',
    {},
    { code: 65001, error: invalidGrant, suberror: 'consent_required' },
  ],
  [
    'a scope without consent',
    ada,
    { scope: 'Mail.Send' },
    { code: 65001, error: invalidGrant, suberror: 'consent_required' },
  ],
  ['a disabled user', 'disabled@contoso.example', {}, { code: 50057, error: invalidGrant }],
  ['a locked user', 'locked@contoso.example', {}, { code: 50053, error: invalidGrant }],
  [
    'a locked user with a wrong password',
    'locked@contoso.example',
    { password: 'x' },
    { code: 50053, error: invalidGrant },
  ],
  [
    'an expired password',
    'expired@contoso.example',
    {},
    { code: 50055, error: invalidGrant, suberror: 'user_password_expired' },
  ],
  [
    'a user whom policy blocks',
    'policy@contoso.example',
    {},
    { code: 53003, error: invalidGrant, suberror: 'message_only' },
  ],
  [
    'a federated user: the cloud has no password of hers',
    'fred@fed.contoso.example',
    {},
    { code: 50126, error: invalidGrant },
  ],
  [
    'an unknown client',
    ada,
    { client_id: '00000000-1111-4222-8333-444444444444' },
    { code: 700016, error: 'unauthorized_client' },
  ],
  [
    'a confidential client without its secret',
    ada,
    { client_id: service },
    { code: 7000218, error: 'invalid_client', status: 401 },
  ],
  [
    'a wrong secret',
    ada,
    { client_id: service, client_secret: 'no' },
    { code: 7000215, error: 'invalid_client', status: 401 },
  ],
  [
    'a client assertion',
    ada,
    { client_id: service, client_assertion: 'x.y.z' },
    { code: 700027, error: 'invalid_client', status: 401 },
  ],
  [
    'a secret from a public client',
    ada,
    { client_secret: 's' },
    { code: 700025, error: 'invalid_client', status: 401 },
  ],
  [
    'scopes of two resources',
    ada,
    { scope: 'User.Read api://simulator-api/Data.Read' },
    { code: 700022, error: 'invalid_scope' },
  ],
  [
    'a bad request before a wrong password, which must not count as a try',
    ada,
    { password: 'no', scope: 'User.Read api://simulator-api/Data.Read' },
    { code: 700022, error: 'invalid_scope' },
  ],
  [
    '.default beside another scope',
    ada,
    { scope: 'https://graph.microsoft.com/.default User.Read' },
    { code: 70011, error: 'invalid_scope' },
  ],
  ['a scope with a quote', ada, { scope: 'User."Read' }, { code: 70011, error: 'invalid_scope' }],
  ['a scope that the resource lacks', ada, { scope: 'User.Delete' }, { code: 650053, error: 'invalid_client' }],
  [
    'an unknown resource',
    ada,
    { scope: 'https://api.nowhere.example/.default' },
    { code: 500011, error: 'invalid_resource' },
  ],
  [
    'a v1 resource at the v2 endpoint',
    ada,
    { resource: 'https://graph.microsoft.com' },
    { code: 901002, error: 'invalid_request' },
  ],
  ['no scope', ada, { scope: '' }, { code: 900144, error: 'invalid_request' }],
  ['no password', ada, { password: '' }, { code: 900144, error: 'invalid_request' }],
  ['no username', ada, { username: '' }, { code: 900144, error: 'invalid_request' }],
  ['no client id', ada, { client_id: '' }, { code: 900144, error: 'invalid_request' }],
  ['no grant type', ada, { grant_type: '' }, { code: 900144, error: 'invalid_request' }],
  ['another grant type', ada, { grant_type: 'client_credentials' }, { code: 70003, error: 'unsupported_grant_type' }],
]

it.each(rows)('refuses %s', async (_title, username, fields, { code, error, status = 400, suberror }) => {
  const answer = await passwordRequest(simulator, username, fields)
  expect(answer.status).toBe(status)
  expect(answer.body).toMatchObject({
    error,
    error_codes: [code],
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  })
  expect(answer.body['suberror']).toBe(suberror)
  expect(answer.body['error_description']).toMatch(
    new RegExp(
      `^AADSTS${code}: [^{]*(\\{EUII Hidden\\}[^{]*)? Trace ID: [\\w-]{36} Correlation ID: [\\w-]{36} Timestamp: \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ$`,
    ),
  )
  expect(answer.body['timestamp']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/)
})

it('hands out the claims challenge of the policy that blocks', async () => {
  const { body } = await passwordRequest(simulator, 'policy@contoso.example')
  expect(JSON.parse(String(body['claims']))).toHaveProperty('access_token.capolids.essential', true)
})

it.each(['common', 'consumers', '9188040d-6c67-4c5b-b112-36a304b66dad'])(
  'refuses a password at /%s',
  async (tenant) => {
    const { body } = await passwordRequest(simulator, ada, {}, `${entra}/${tenant}`)
    expect(body).toMatchObject({ error: 'invalid_request', error_codes: [9001023] })
  },
)

it.each([
  ['nowhere.example', ada, 90002],
  ['organizations', 'nobody@nowhere.example', 50059],
  ['organizations', 'ada', 50059],
  ['fabrikam.example', ada, 50034],
])('refuses at /%s a user %s', async (tenant, username, code) => {
  const { body } = await passwordRequest(simulator, username, {}, `${entra}/${tenant}`)
  expect(body).toMatchObject({ error_codes: [code] })
})

it('keeps a single-tenant app out of other tenants', async () => {
  const fields = { client_id: service, client_secret: 's3cr:et%/+' }
  expect((await passwordRequest(simulator, ada, fields)).status).toBe(200)
  const { body } = await passwordRequest(simulator, 'grace@fabrikam.example', fields, `${entra}/fabrikam.example`)
  expect(body).toMatchObject({ error_codes: [700016] })
})

it.each(['1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8:s3cr:et%/+', '1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8:s3cr%3Aet%25%2F%2B'])(
  'takes the client secret from Basic, form-encoded or not: %s',
  async (credentials) => {
    const fields = { grant_type: 'password', username: ada, password: 'Pa$$w0rd+&=é', scope: 'User.Read' }
    const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    const { status } = await postForm(simulator.send, `${simulator.authority}/oauth2/v2.0/token`, fields, {
      authorization,
    })
    expect(status).toBe(200)
  },
)

it('takes a form only: JSON misses its first parameter, and a parameter given twice is refused', async () => {
  const url = `${simulator.authority}/oauth2/v2.0/token`
  const post = async (contentType: string, body: string): Promise<unknown> => {
    const answer = await simulator.send({
      step: 'token',
      method: 'POST',
      url,
      headers: { 'content-type': contentType },
      body,
    })
    return JSON.parse(answer.body)
  }
  expect(await post('application/json', '{"grant_type":"password"}')).toMatchObject({ error_codes: [900144] })
  expect(await post('application/x-www-form-urlencoded', 'grant_type=password&grant_type=password')).toMatchObject({
    error_codes: [9000411],
  })
  const get = await simulator.send({ step: 'token', method: 'GET', url, headers: {} })
  expect(JSON.parse(get.body)).toMatchObject({ error_codes: [900561] })
})

it('asks the v1 endpoint for its resource', async () => {
  const { body } = await postForm(simulator.send, `${simulator.authority}/oauth2/token`, {
    grant_type: 'password',
    client_id: simulator.clientId,
    username: ada,
    password: 'Pa$$w0rd+&=é',
  })
  expect(body).toMatchObject({ error_codes: [900144] })
})

it('lets pass without strict what only strict refuses, but no wrong password', async () => {
  const lenient = await createSimulator({ strict: false })
  for (const fields of [
    { client_secret: 's' },
    { scope: 'api://nowhere/x' },
    { resource: 'x' },
    { scope: 'User.Delete' },
  ]) {
    expect((await passwordRequest(lenient, ada, fields)).status).toBe(200)
  }
  expect((await passwordRequest(lenient, ada, {}, `${entra}/common`)).status).toBe(200)
  expect((await passwordRequest(lenient, ada, { password: 'no' })).body).toMatchObject({ error_codes: [50126] })
})

it('says of every demo user what to expect', async () => {
  for (const { username, kind, expect: expected } of simulator.users.filter((user) => user.kind === 'managed')) {
    expect(kind).toBe('managed')
    const { body } = await passwordRequest(simulator, username)
    expect(body['error_codes'] === undefined ? undefined : `AADSTS${body['error_codes']}`).toBe(expected)
  }
})
