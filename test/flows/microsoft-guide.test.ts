import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/cache.ts'
import { type ClientOptions, type HttpRequest, type HttpResponse, isAuthError } from '../../src/index.ts'
import { demoWorld, type User } from '../../src/simulator/world.ts'
import type { SimulatorOptions } from '../../src/simulator.ts'
import { demo, simulate } from './simulated.ts'

// Each situation of the table in docs/microsoft-guide.md, which names the titles.

interface Setup {
  readonly options?: Partial<ClientOptions>
  readonly world?: SimulatorOptions
  readonly intercept?: (request: HttpRequest, next: () => Promise<HttpResponse>) => Promise<HttpResponse>
  readonly request?: { readonly scopes?: readonly string[]; readonly timeoutMs?: number }
}

interface Outcome {
  readonly error: object
  /** The requests, by step, and how many of them carried the password or an assertion. */
  readonly sent: readonly string[]
  readonly credentials: number
}

/** A sign-in that must fail. What every failure has in common is checked here: no secret shown, nothing cached. */
async function refusal(
  { username, password }: { readonly username: string; readonly password: string },
  { options = {}, world = {}, intercept, request = {} }: Setup = {},
): Promise<Outcome> {
  const store = createMemoryStore()
  const runtime = { wait: async () => {} }
  const { client, steps, credentialRequests } = await simulate({ store, runtime, ...options }, world, intercept)
  const attempt = client.acquireTokenByUsernamePassword({ username, password, scopes: demo.scopes, ...request })
  const error: unknown = await attempt.catch((thrown: unknown) => thrown)
  if (!isAuthError(error)) throw new Error('the sign-in did not fail with an error of ours')
  expect(error.message).toMatch(/^[^\n]{1,500}$/)
  expect(error.hint).toMatch(/^[^\n]{10,1000}$/)
  if (password.trim() !== '') expect(inspect(error, { depth: null }) + JSON.stringify(error)).not.toContain(password)
  expect(await client.getAccounts()).toEqual([])
  for await (const partition of store.partitions()) throw new Error(`something is stored: ${partition}`)
  return { error, sent: steps, credentials: credentialRequests() }
}

/** A demo user, by the first part of the name. */
function userOf(name: string): { readonly username: string; readonly password: string } {
  return { username: `${name}@contoso.example`, password: demo.ada.password }
}

const managed = ['realm', 'token']
const federated = ['realm', 'mex', 'wstrust']
const service = demoWorld().apps.find(({ secret, secretExpired }) => secret !== undefined && secretExpired !== true)
const wrong = 'Not+the-p4ssword'
const gist = (text: RegExp): unknown => expect.stringMatching(text)

describe('consent', () => {
  it('AADSTS65001: says where to consent to this client and these scopes', async () => {
    const scopes = ['https://graph.microsoft.com/Mail.Send', 'User.Read']
    const { error, sent, credentials } = await refusal(demo.ada, { request: { scopes } })
    const consentUrl = gist(
      /^https:\/\/login\.microsoftonline\.com\/7b3a1f52-[\w-]+\/oauth2\/v2\.0\/authorize\?client_id=0f1e2d3c-[\w-]+&response_type=code&scope=https%3A%2F%2Fgraph\.microsoft\.com%2FMail\.Send\+User\.Read$/,
    )
    expect(error).toMatchObject({
      name: 'InteractionRequiredError',
      code: 'ERR_INTERACTION_REQUIRED',
      reason: 'consent_required',
      message: gist(/has not consented/),
      hint: gist(/Grant admin consent.*Consent at https:\/\/login\.microsoftonline\.com\/7b3a1f52/),
      consentUrl,
      waysOut: ['interactive', 'device_code'],
    })
    expect([sent, credentials]).toEqual([managed, 1])
  })
})

describe('what needs the user', () => {
  it.each([
    [50076, 'mfa', /multifactor authentication is required/i],
    [50079, 'enroll', /must enrol in multifactor authentication/i],
  ])('AADSTS%i: multifactor authentication, which this grant can never do', async (number, user, meaning) => {
    const { error, sent, credentials } = await refusal(userOf(user))
    expect(error).toMatchObject({
      name: 'InteractionRequiredError',
      code: 'ERR_INTERACTION_REQUIRED',
      reason: 'basic_action',
      errorCodes: [number],
      message: gist(/multi-factor authentication/),
      hint: gist(meaning),
      waysOut: expect.arrayContaining(['device_code', 'interactive']),
      whereToLook: gist(/Sign-in logs: correlation id [\w-]{36}, request id [\w-]{36}, at \d{4}-/),
    })
    expect(error).toMatchObject({ hint: gist(/can never do that.*device code or interactively.*exclude the account/) })
    expect([sent, credentials]).toEqual([managed, 1])
  })

  it('AADSTS53003: Conditional Access, with the claims of the policy', async () => {
    const { error, sent, credentials } = await refusal(userOf('policy'))
    expect(error).toMatchObject({
      code: 'ERR_INTERACTION_REQUIRED',
      reason: 'message_only',
      claims: gist(/capolids/),
      message: gist(/blocked by Conditional Access/),
      hint: gist(/administrator finds the policy in Sign-in logs/),
    })
    expect([sent, credentials]).toEqual([managed, 1])
  })

  it('AADSTS530035: security defaults', async () => {
    const { error, sent, credentials } = await refusal(userOf('aadsts530035'))
    expect(error).toMatchObject({
      code: 'ERR_INTERACTION_REQUIRED',
      reason: 'message_only',
      message: gist(/security defaults/),
      hint: gist(/cannot pass them.*device code.*Manage security defaults/),
    })
    expect([sent, credentials]).toEqual([managed, 1])
  })

  it('AADSTS50055: an expired password, which this grant cannot change', async () => {
    const { error, credentials } = await refusal(userOf('expired'))
    expect(error).toMatchObject({
      code: 'ERR_INTERACTION_REQUIRED',
      reason: 'user_password_expired',
      hint: gist(/cannot change it.*aka\.ms\/sspr/),
    })
    expect(credentials).toBe(1)
  })
})

describe('user name and password', () => {
  it('AADSTS50126: a wrong password', async () => {
    const { error, sent, credentials } = await refusal({ ...demo.ada, password: wrong })
    expect(error).toMatchObject({
      name: 'TokenEndpointError',
      code: 'ERR_TOKEN_ENDPOINT',
      error: 'invalid_grant',
      errorCodes: [50126],
      message: gist(/invalid username or password/),
      hint: gist(/user name or password is wrong.*will not be tried again.*locks? the account/i),
    })
    expect([sent, credentials]).toEqual([managed, 1])
  })

  it('AADSTS50126: a federated user without password hash sync, whom an option sent to Entra', async () => {
    const { error, sent, credentials } = await refusal(demo.fred, { options: { flow: 'managed' } })
    expect(error).toMatchObject({
      code: 'ERR_TOKEN_ENDPOINT',
      hint: gist(/this user is federated, and flow: "managed".*leave that option out/),
    })
    // The realm is asked for afterwards, without the password.
    expect([sent, credentials]).toEqual([['token', 'realm'], 1])
  })

  it('AADSTS70002 beside 50126: a wrong password, since the most specific number decides', async () => {
    const { error, sent, credentials } = await refusal(userOf('aadsts70002-50126'))
    expect(error).toMatchObject({
      code: 'ERR_TOKEN_ENDPOINT',
      error: 'invalid_grant',
      errorCodes: [70002, 50126],
      hint: gist(/^User name or password is wrong/),
    })
    expect(error).not.toMatchObject({ hint: gist(/secret/) })
    expect([sent, credentials]).toEqual([managed, 1])
  })

  it('an app password: no password of this grant', async () => {
    const { error, sent, credentials } = await refusal({ ...demo.ada, password: 'qwrtzpsdfghjklbv' })
    expect(error).toMatchObject({ code: 'ERR_TOKEN_ENDPOINT', errorCodes: [50126], hint: gist(/\bapp passwords?\b/i) })
    expect([sent, credentials]).toEqual([managed, 1])
  })

  it('AADSTS50034: an unknown user', async () => {
    const { error, sent, credentials } = await refusal(userOf('nobody'))
    expect(error).toMatchObject({
      name: 'TokenEndpointError',
      code: 'ERR_TOKEN_ENDPOINT',
      error: 'invalid_grant',
      errorCodes: [50034],
      message: gist(/does not exist in the Contoso directory/),
      hint: gist(/no such user in this tenant.*typing errors.*tenant of the authority.*guest/),
    })
    expect([sent, credentials]).toEqual([managed, 1])
  })

  it.each([
    ['empty', ''],
    ['blank', ' \t'],
  ])('a user name that is %s: nothing is sent', async (_, username) => {
    const { error, sent } = await refusal({ username, password: demo.ada.password })
    expect(error).toMatchObject({
      name: 'InvalidArgumentError',
      code: 'ERR_INVALID_ARGUMENT',
      step: 'realm',
      message: 'the user name is empty',
      hint: gist(/user principal name/),
    })
    expect(sent).toEqual([])
  })

  it('an empty password: nothing is sent', async () => {
    const { error, sent } = await refusal({ ...demo.ada, password: '' })
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: gist(/password is empty/) })
    expect(sent).toEqual([])
  })
})

describe('a user whom Entra cannot place: the password is not sent', () => {
  it.each([
    ['an unknown domain (unknown user type)', 'ada@nowhere.example', /No tenant has the domain.*typing errors.*cloud/],
    ['a phone number', '+49 170 1234567', /is a phone number: use the user principal name/],
    ['DOMAIN\\user', 'CONTOSO\\ada', /has the form DOMAIN\\user.*use the user principal name/],
    ['a bare alias', 'ada', /has no domain: use the user principal name/],
  ])('%s', async (_, username, hint) => {
    const { error, sent, credentials } = await refusal({ username, password: demo.ada.password })
    expect(error).toMatchObject({
      name: 'UnsupportedError',
      code: 'ERR_UNSUPPORTED_ACCOUNT',
      step: 'realm',
      message: gist(/does not know the domain/),
      hint: gist(hint),
    })
    expect([sent, credentials]).toEqual([['realm'], 0])
  })

  it('a personal account (MSA)', async () => {
    const { error, sent, credentials } = await refusal({ username: 'ada@outlook.example', password: 'p4ssword' })
    expect(error).toMatchObject({
      name: 'UnsupportedError',
      code: 'ERR_UNSUPPORTED_ACCOUNT',
      message: gist(/personal Microsoft account/),
      hint: gist(/work and school accounts only.*device code/),
      waysOut: ['device_code', 'interactive'],
    })
    expect([sent, credentials]).toEqual([['realm'], 0])
  })

  it('AADSTS50020: a personal account that is no guest, found out by the server', async () => {
    const { error, credentials } = await refusal(userOf('aadsts50020'))
    expect(error).toMatchObject({
      code: 'ERR_TOKEN_ENDPOINT',
      hint: gist(/invite the user as a guest.*Personal Microsoft accounts cannot use this grant/),
    })
    expect(credentials).toBe(1)
  })
})

describe('realm discovery fails: the password is not sent', () => {
  const answers: Readonly<Record<string, HttpResponse>> = {
    'HTTP status 500': { status: 500, headers: {}, body: '' },
    'HTTP status 404': {
      status: 404,
      headers: { 'content-type': 'text/html' },
      body: '<html><title>Not Found</title></html>',
    },
    'a page in its place': {
      status: 200,
      headers: { 'content-type': 'text/html', server: 'gateway' },
      body: '<html><head><title>Please sign in to the network</title></head></html>',
    },
  }

  it.each([
    ['HTTP status 500', 'ERR_UNEXPECTED_STATUS', /HTTP status 500/, /busy or broken: try again later/, 2],
    ['HTTP status 404', 'ERR_UNEXPECTED_STATUS', /HTTP status 404/, /host is the right one.*proxy or firewall/, 1],
    ['a page in its place', 'ERR_MALFORMED_RESPONSE', /Please sign in to the network/, /proxy|firewall|portal/, 1],
  ])('%s', async (answer, code, message, hint, requests) => {
    const { error, sent, credentials } = await refusal(demo.ada, {
      intercept: async (request, next) => (request.step === 'realm' ? (answers[answer] ?? next()) : next()),
    })
    expect(error).toMatchObject({
      name: 'ProtocolError',
      code,
      step: 'realm',
      message: gist(message),
      hint: gist(hint),
    })
    expect([sent, credentials]).toEqual([Array.from({ length: requests }, () => 'realm'), 0])
  })

  it('no answer in time', async () => {
    const { error, sent, credentials } = await refusal(demo.ada, {
      request: { timeoutMs: 30 },
      intercept: () => new Promise(() => {}),
    })
    expect(error).toMatchObject({
      name: 'TransportError',
      code: 'ERR_TRANSPORT_TIMEOUT',
      step: 'realm',
      hint: gist(/Allow more time/),
    })
    expect([sent, credentials]).toEqual([['realm'], 0])
  })
})

describe('the authority', () => {
  it.each(['common', 'consumers'])('%s: refused before anything is sent', async (tenant) => {
    const options = { authority: `https://login.microsoftonline.com/${tenant}` }
    await expect(simulate(options)).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      code: 'ERR_INVALID_ARGUMENT',
      step: 'authority',
      message: gist(/does not serve the password grant on "(common|consumers)"/),
      hint: gist(/id or a verified domain of the tenant, or "organizations"/),
    })
  })

  it.each([9001023, 90010])('AADSTS%i: the server’s own refusal of "common"', async (number) => {
    const { error, sent, credentials } = await refusal(userOf(`aadsts${number}`))
    expect(error).toMatchObject({
      name: 'TokenEndpointError',
      code: 'ERR_TOKEN_ENDPOINT',
      error: 'invalid_request',
      errorCodes: [number],
      message: gist(/not supported over the \/common or \/consumers endpoints/),
      hint: gist(/tenant id, a verified domain or "organizations"/),
    })
    expect([sent, credentials]).toEqual([managed, 1])
  })
})

describe('the registration of the application', () => {
  it('AADSTS700016: an unknown application', async () => {
    const clientId = '00000000-1111-4222-8333-444444444444'
    const { error, sent, credentials } = await refusal(demo.ada, { options: { clientId } })
    expect(error).toMatchObject({
      name: 'TokenEndpointError',
      code: 'ERR_TOKEN_ENDPOINT',
      error: 'unauthorized_client',
      message: gist(/00000000-1111-4222-8333-444444444444.*not found in the directory/),
      hint: gist(/not in this tenant.*client id and the tenant.*not the object id/),
    })
    expect([sent, credentials]).toEqual([managed, 1])
  })

  it('AADSTS7000218: a secret is required, or the switch that makes the application public', async () => {
    const { error, sent, credentials } = await refusal(demo.ada, { options: { clientId: service?.clientId ?? '' } })
    expect(error).toMatchObject({
      name: 'TokenEndpointError',
      code: 'ERR_TOKEN_ENDPOINT',
      error: 'invalid_client',
      errorCodes: [7000218],
      message: gist(/client_assertion' or 'client_secret'/),
      hint: gist(/Authentication > Settings > Allow public client flows = Yes.*clientAuthentication/),
      response: { status: 401 },
    })
    expect([sent, credentials]).toEqual([managed, 1])
  })

  it('AADSTS70002 alone: the same in an older spelling', async () => {
    const { error } = await refusal(userOf('aadsts70002'))
    expect(error).toMatchObject({
      code: 'ERR_TOKEN_ENDPOINT',
      error: 'invalid_client',
      hint: gist(/clientAuthentication.*Allow public client flows = Yes/),
    })
  })
})

describe('AD FS', () => {
  const farmUsers = (['locked', 'disabled', 'password-expired'] as const).map((refusal, index): User => {
    const [ada] = demoWorld().users
    if (ada === undefined) throw new Error('the demo world has users')
    const username = `${refusal}@fed.contoso.example`
    return { ...ada, username, objectId: `d0000000-0000-4000-8000-00000000010${index}`, refusal }
  })

  it.each([
    ['a wrong password', { ...demo.fred, password: wrong }],
    ['an unknown user', { username: 'nobody@fed.contoso.example', password: wrong }],
    ['a locked account', { username: 'locked@fed.contoso.example', password: demo.ada.password }],
    ['a disabled account', { username: 'disabled@fed.contoso.example', password: demo.ada.password }],
    [
      'a password that must be changed',
      { username: 'password-expired@fed.contoso.example', password: demo.ada.password },
    ],
    ['logon hours', { username: 'id3242@fed.contoso.example', password: demo.fred.password }],
    ['an app password', { ...demo.fred, password: 'qwrtzpsdfghjklbv' }],
  ])('ID3242: %s; AD FS does not tell, and the hint says so', async (_, user) => {
    const { error, sent, credentials } = await refusal(user, {
      world: { world: { users: [...demoWorld().users, ...farmUsers] } },
    })
    expect(error).toMatchObject({
      name: 'SoapFaultError',
      code: 'ERR_SOAP_FAULT',
      step: 'wstrust',
      idCode: 'ID3242',
      faultSubcode: 'FailedAuthentication',
      message: gist(/federation server refused.*user name or password was not accepted/),
      hint: gist(
        /does not say whether the password is wrong, expired or must be changed.*unknown, disabled, locked out or outside logon hours.*once/,
      ),
      whereToLook: gist(/342, 364 and 411.*Get-AdfsEndpoint/),
      response: { status: 500 },
    })
    expect([sent, credentials]).toEqual([federated, 1])
  })

  it('MSIS7068: denied by a policy of the farm', async () => {
    const { error, sent, credentials } = await refusal({ ...demo.fred, username: 'blocked@fed.contoso.example' })
    expect(error).toMatchObject({
      code: 'ERR_SOAP_FAULT',
      idCode: 'MSIS7068',
      message: gist(/access control policy denied/),
      hint: gist(/Edit Access Control Policy/),
    })
    expect([sent, credentials]).toEqual([federated, 1])
  })
})

it('docs/microsoft-guide.md names every test of this file, and no other', ({ task }) => {
  const page = readFileSync(new URL('../../docs/microsoft-guide.md', import.meta.url), 'utf8')
  const named = [...page.matchAll(/\[([^\]]+)\]\(\.\.\/test\/flows\/microsoft-guide\.test\.ts\)/g)].map(
    ([, title]) => title,
  )
  const titlesIn = (node: Task): string[] => ('tasks' in node ? node.tasks.flatMap(titlesIn) : [node.name])
  const titles = titlesIn(task.file).filter((title) => title !== task.name)
  expect(new Set(named)).toEqual(new Set(titles))
})

type Task = { readonly name: string } | { readonly name: string; readonly tasks: Task[] }
