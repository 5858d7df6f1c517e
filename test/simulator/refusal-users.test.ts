import { describe, expect, it } from 'vitest'
import { createRopcClient, isAuthError, type RopcClient } from '../../src/index.ts'
import type { FailureClass } from '../../src/protocol/advice.ts'
import { createSimulator, demoWorld } from '../../src/simulator.ts'
import { clientOf, everyRefusal, type RefusedUser } from '../flows/every-refusal.ts'
import { endpointOf, passwordRequest, postSoap, requestSecurityToken } from './messages.ts'

const hosts = { entraHost: 'login.microsoftonline.com', adfsHost: 'sts.contoso.example' }
const simulator = await createSimulator(hosts)
const sides = (['entra', 'adfs', 'b2c'] as const).map((side) => {
  const { options, scopes } = clientOf(simulator, side)
  const client = createRopcClient({ ...options, transport: simulator.send, onEvent: () => {} })
  return [side, { client, scopes }] as const
})
const clients = Object.fromEntries(sides) as Record<RefusedUser['side'], { client: RopcClient; scopes: string[] }>

async function refusalOf({ side, username, password }: Omit<RefusedUser, 'code' | 'advice'>): Promise<unknown> {
  const { client, scopes } = clients[side]
  return client.acquireTokenByUsernamePassword({ username, password, scopes }).catch((error: unknown) => error)
}

describe('each code of the catalogue', () => {
  it.each(everyRefusal)('$code refuses the user of that name, and the error carries code and remedy', async (user) => {
    const error = await refusalOf(user)
    if (!isAuthError(error)) throw new Error(`${user.username} was let in`)
    // Who is throttled is told when to come back; what the server said is the cause.
    const said = (error.code === 'ERR_THROTTLED' ? error.cause : error) as unknown as Record<string, unknown>
    const numbers = (said['errorCodes'] ?? []) as readonly number[]
    const codes = [
      ...numbers.map((number) => `AADSTS${number}`),
      said['serverCode'],
      said['idCode'] ?? said['faultSubcode'] ?? said['faultCode'],
    ]
    expect(codes.filter((code) => code !== undefined)).toEqual([user.code])
    expect(said['hint']).toContain(user.advice.remedy.slice(0, 30))
    expect(error.message).not.toMatch(/\{\w+\}/)
  })
})

/** Each class of the catalogue from the wire to the error, at every server that has it. */
const classes: Readonly<Record<FailureClass, readonly (readonly [code: string, expected: object])[]>> = {
  interaction_required: [
    ['AADSTS50076', { name: 'InteractionRequiredError', reason: 'basic_action', error: 'invalid_grant' }],
    ['AADSTS50097', { name: 'InteractionRequiredError', reason: 'interaction_required' }],
    ['AADSTS50158', { name: 'InteractionRequiredError', claims: expect.stringContaining('capolids') }],
    ['AADB2C90077', { name: 'InteractionRequiredError', reason: 'interaction_required' }],
  ],
  credential: [
    ['AADSTS50126', { name: 'TokenEndpointError', error: 'invalid_grant', response: { status: 400 } }],
    ['ID3242', { name: 'SoapFaultError', faultSubcode: 'FailedAuthentication', response: { status: 500 } }],
    ['MSIS9659', { name: 'TokenEndpointError', error: 'invalid_grant' }],
    ['AADB2C90225', { name: 'TokenEndpointError', error: 'access_denied' }],
  ],
  account_state: [
    ['AADSTS50057', { name: 'TokenEndpointError', error: 'invalid_grant' }],
    ['AADSTS50055', { name: 'InteractionRequiredError', reason: 'user_password_expired' }],
    ['AADB2C90114', { name: 'TokenEndpointError', error: 'access_denied' }],
  ],
  consent: [
    ['AADSTS65001', { name: 'InteractionRequiredError', reason: 'consent_required' }],
    ['AADSTS90094', { name: 'InteractionRequiredError', reason: 'consent_required' }],
  ],
  client_registration: [
    ['AADSTS700016', { name: 'TokenEndpointError', error: 'unauthorized_client' }],
    ['AADSTS7000218', { name: 'TokenEndpointError', error: 'invalid_client', response: { status: 401 } }],
    ['MSIS9607', { name: 'TokenEndpointError', error: 'invalid_client' }],
    ['AADB2C90224', { name: 'TokenEndpointError', error: 'unauthorized_client' }],
  ],
  tenant_policy: [
    ['AADSTS53003', { name: 'InteractionRequiredError', reason: 'message_only', claims: expect.any(String) }],
    ['MSIS7068', { name: 'SoapFaultError', faultSubcode: 'FailedAuthentication' }],
    ['AADB2C90245', { name: 'TokenEndpointError', error: 'access_denied' }],
  ],
  throttled: [
    ['AADSTS90055', { name: 'ThrottledError', code: 'ERR_THROTTLED', retryAt: expect.any(Date) }],
    ['AADB2C90244', { name: 'ThrottledError', code: 'ERR_THROTTLED' }],
  ],
  transient: [
    ['AADSTS90033', { name: 'TokenEndpointError', error: 'temporarily_unavailable', response: { status: 503 } }],
    ['AADSTS50000', { name: 'TokenEndpointError', error: 'server_error', response: { status: 500 } }],
    ['EndpointUnavailable', { name: 'SoapFaultError', faultCode: 'Receiver' }],
    ['AADB2C90085', { name: 'TokenEndpointError', error: 'server_error' }],
  ],
  federation: [
    ['AADSTS50008', { name: 'TokenEndpointError', error: 'invalid_grant' }],
    ['MSIS3127', { name: 'SoapFaultError', faultSubcode: 'RequestFailed' }],
    ['MSIS9604', { name: 'TokenEndpointError', error: 'server_error' }],
  ],
  request: [
    ['AADSTS9001023', { name: 'TokenEndpointError', error: 'invalid_request' }],
    ['AADSTS70011', { name: 'TokenEndpointError', error: 'invalid_scope' }],
    ['InvalidScope', { name: 'SoapFaultError', faultSubcode: 'InvalidScope' }],
    ['MessageExpired', { name: 'SoapFaultError', faultSubcode: 'MessageExpired' }],
    ['MSIS9602', { name: 'TokenEndpointError', error: 'invalid_resource' }],
    ['AADB2C90086', { name: 'TokenEndpointError', error: 'unsupported_grant_type' }],
  ],
}

describe.each(Object.entries(classes))('the class %s', (failureClass, rows) => {
  // Other clients: what was refused a moment ago is not sent again by the same one.
  it.each(rows)('%s becomes the error that says so', async (code, expected) => {
    const user = everyRefusal.find((candidate) => candidate.code === code)
    if (user === undefined) throw new Error(`no such code: ${code}`)
    const { options, scopes } = clientOf(simulator, user.side)
    const client = createRopcClient({ ...options, transport: simulator.send, onEvent: () => {} })
    const { username, password } = user
    await expect(client.acquireTokenByUsernamePassword({ username, password, scopes })).rejects.toMatchObject(expected)
    expect(user.advice.class).toBe(failureClass)
    expect(await client.getAccounts()).toEqual([])
  })
})

describe('a user named after a refusal', () => {
  it('has a password like everybody: a wrong one is a wrong password', async () => {
    const { body } = await passwordRequest(simulator, 'aadsts50097@contoso.example', { password: 'wrong' })
    expect(body).toMatchObject({ error_codes: [50126] })
  })

  it('is not on the list, and exists only for numbers that exist, in domains that exist', async () => {
    expect(simulator.allUsers.some(({ username }) => username.startsWith('aadsts'))).toBe(false)
    for (const username of ['aadsts1@contoso.example', 'aadsts50076-1@contoso.example', 'id3242@contoso.example']) {
      expect((await passwordRequest(simulator, username)).body).toMatchObject({ error_codes: [50034] })
    }
    const elsewhere = await passwordRequest(simulator, 'aadsts50097@nowhere.example')
    expect(elsewhere.body).toMatchObject({ error_codes: [50034] })
  })

  it('is refused with two numbers at once, of which the last tells what it is about', async () => {
    const username = 'AADSTS70002-50126@contoso.example'
    const { status, body } = await passwordRequest(simulator, username, { password: 'Pa$$w0rd+&=é' })
    expect([status, body['error'], body['error_codes']]).toEqual([400, 'invalid_grant', [70002, 50126]])
    expect(body['error_description']).toMatch(
      /^AADSTS70002: Error validating credentials\. AADSTS50126: .* Trace ID: .* Timestamp: /,
    )
  })

  it('is wrong at B2C, too, for a number that does not exist', async () => {
    const user = { side: 'b2c', username: 'aadb2c1@customer.example', password: 'B2c+Pass=w0rd' } as const
    expect(await refusalOf(user)).toMatchObject({ serverCode: 'AADB2C90225' })
  })

  it('in a federated domain is refused by Entra once the farm has let it in', async () => {
    simulator.clearJournal()
    const federated = {
      side: 'entra',
      username: 'aadsts53003@fed.contoso.example',
      password: `S3cret+&=<>%"'`,
    } as const
    expect(await refusalOf(federated)).toMatchObject({ reason: 'message_only', errorCodes: [53003] })
    expect(simulator.journal.map(({ kind, carriedCredential }) => [kind, carriedCredential])).toEqual(
      expect.arrayContaining([
        ['wstrust', true],
        ['token', true],
      ]),
    )
    expect(simulator.journal.find(({ kind }) => kind === 'token')).toMatchObject({ assertionSignatureVerified: true })
  })

  it('of a federated domain has no password in Entra, whatever the number: there is no hash sync', async () => {
    const fields = { password: `S3cret+&=<>%"'` }
    const { body } = await passwordRequest(simulator, 'aadsts53003@fed.contoso.example', fields)
    expect(body).toMatchObject({ error_codes: [50126] })
  })

  it('is told by AD FS as the authority that the password is wrong, where the number is of another endpoint', async () => {
    const user = { side: 'adfs', username: 'msis3127@fed.contoso.example', password: `S3cret+&=<>%"'` } as const
    expect(await refusalOf(user)).toMatchObject({ serverCode: 'MSIS9659' })
  })
})

it('refuses users of a world of one’s own by number, too', async () => {
  const [ada] = demoWorld().users
  if (ada === undefined) throw new Error('the demo world has users')
  const users = [
    { ...ada, username: 'one@contoso.example', refusal: 50097 },
    { ...ada, username: 'two@contoso.example', refusal: [70002, 50126] },
    { ...ada, username: 'three@contoso.example', refusal: 12345 },
    { ...ada, username: 'four@fed.contoso.example', farmFault: 'MessageExpired' },
  ]
  const own = await createSimulator({ ...hosts, world: { users } })
  expect(own.users.map(({ expect: code }) => code)).toEqual([
    'AADSTS50097',
    'AADSTS50126',
    'AADSTS12345',
    'MessageExpired',
  ])
  expect((await passwordRequest(own, 'one@contoso.example')).body).toMatchObject({ error: 'interaction_required' })
  expect((await passwordRequest(own, 'two@contoso.example')).body).toMatchObject({ error_codes: [70002, 50126] })
  expect((await passwordRequest(own, 'three@contoso.example')).body).toMatchObject({
    error: 'invalid_grant',
    error_codes: [12345],
  })
})

it('sends a time to come back with too many requests', async () => {
  const answer = await passwordRequest(simulator, 'aadsts90055@contoso.example', { password: 'Pa$$w0rd+&=é' })
  expect([answer.status, answer.headers['retry-after']]).toEqual([429, '60'])
})

it.each([
  ['MessageExpired', '1.3', 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'],
  ['EndpointUnavailable', '1.3', 'http://www.w3.org/2005/08/addressing'],
  ['RequestFailed', '1.3', 'http://docs.oasis-open.org/ws-sx/ws-trust/200512'],
  ['RequestFailed', '2005', 'http://schemas.xmlsoap.org/ws/2005/02/trust'],
] as const)('names the standard that %s of WS-Trust %s is from', async (code, version, namespace) => {
  const to = endpointOf('https://sts.contoso.example', version)
  const user = { username: `${code.toLowerCase()}@fed.contoso.example`, password: `S3cret+&=<>%"'` }
  const { status, body } = await postSoap(simulator.send, to, requestSecurityToken({ version, to, ...user }))
  expect([status, body]).toEqual([500, expect.stringContaining(`xmlns:a="${namespace}">a:${code}<`)])
})
