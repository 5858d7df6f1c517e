import { describe, expect, it } from 'vitest'
import { createRopcClient } from '../../src/index.ts'
import {
  createSimulator,
  type Domain,
  demoWorld,
  type RunningSimulator,
  type Simulator,
  type SimulatorOptions,
  type World,
} from '../../src/simulator.ts'
import {
  assertionRequest,
  endpointOf,
  getAssertion,
  getJson,
  postForm,
  postSoap,
  requestSecurityToken,
} from './messages.ts'

const other = 'sts.fabrikam.example'
const otherOrigin = `https://${other}`
const own = 'fred@fed.contoso.example'
const foreign = 'franz@fed.fabrikam.example'
const anchor = 'c2ltdWxhdGVkLWFuY2hvci0yMA=='

/** Contoso's domain at the first farm, Fabrikam's at another, where the users have the same anchors. */
function twoFarms(): Partial<World> {
  const { tenants, users, farm } = demoWorld()
  const [contoso, fabrikam] = tenants
  const fred = users.find(({ username }) => username === own)
  if (contoso === undefined || fabrikam === undefined || fred === undefined) throw new Error('another demo world')
  const domain = { name: 'fed.fabrikam.example', kind: 'federated', farm: other } as const
  const franz = { ...fred, username: foreign, tenantId: fabrikam.id, objectId: 'f0000000-0000-4000-8000-000000000001' }
  return {
    tenants: [contoso, { ...fabrikam, domains: [...fabrikam.domains, domain] }],
    users: [...users, franz],
    farms: [{ ...farm, host: other, offer: ['2005'], assertionVersion: '2.0' }],
  }
}

function signIn(
  { send: transport, clientId, authorities, runtime }: Simulator,
  username: string,
): Promise<{ readonly account?: unknown }> {
  const authority = `${new URL(authorities.entra).origin}/organizations`
  const client = createRopcClient({ clientId, authority, transport, runtime })
  return client.acquireTokenByUsernamePassword({ username, password: `S3cret+&=<>%"'`, scopes: ['User.Read'] })
}

it('each federated domain signs in at its own farm', async () => {
  const simulator = await createSimulator({ world: twoFarms(), entraHost: 'login.microsoftonline.com' })
  const sent = async (username: string): Promise<string[]> => {
    simulator.clearJournal()
    expect(await signIn(simulator, username)).toMatchObject({ account: { username } })
    return simulator.journal.map(({ kind, host, path }) => `${kind} ${host} ${path.split('/').slice(-2).join('/')}`)
  }
  expect((await sent(own)).slice(1, 3)).toEqual([
    'mex sts.simulator.invalid trust/mex',
    'wstrust sts.simulator.invalid 13/usernamemixed',
  ])
  expect((await sent(foreign)).slice(1, 3)).toEqual([`mex ${other} trust/mex`, `wstrust ${other} 2005/usernamemixed`])
})

it('a farm knows the users of its own domains only, by WS-Trust and by OAuth', async () => {
  const simulator = await createSimulator({ world: twoFarms() })
  const { password = '' } = simulator.users.find(({ username }) => username === own) ?? {}
  for (const [origin, username, status] of [
    ['https://sts.simulator.invalid', own, 200],
    ['https://sts.simulator.invalid', foreign, 500],
    ['https://sts.simulator.invalid', 'id3242@fed.fabrikam.example', 500],
    [otherOrigin, own, 500],
    [otherOrigin, foreign, 200],
  ] as const) {
    const to = endpointOf(origin, '2005')
    const rst = requestSecurityToken({ version: '2005', to, username, password })
    const answer = await postSoap(simulator.send, to, rst)
    expect([origin, username, answer.status]).toEqual([origin, username, status])
    const fields = {
      grant_type: 'password',
      username,
      password,
      client_id: demoWorld().farm.clients?.[0]?.clientId ?? '',
    }
    const { body } = await postForm(simulator.send, `${origin}/adfs/oauth2/token`, {
      ...fields,
      resource: 'api://farm-api',
    })
    expect([origin, username, 'access_token' in body]).toEqual([origin, username, status === 200])
  }
})

it('Entra believes a farm for its own domains only, though both know a user by the same anchor', async () => {
  const simulator = await createSimulator({ world: twoFarms() })
  const mine = await getAssertion(simulator, own)
  const theirs = await getAssertion(simulator, foreign, '2005', {}, otherOrigin)
  expect(mine).toContain(anchor)
  expect(theirs).toContain(anchor)
  const at = (name: string): string => `https://login.simulator.invalid/${name}/oauth2/v2.0/token`
  const fields = {
    grant_type: 'urn:ietf:params:oauth:grant-type:saml2-bearer',
    client_id: simulator.clientId,
    scope: 'openid',
  }
  const assertion = Buffer.from(theirs).toString('base64url')
  expect((await assertionRequest(simulator, mine)).status).toBe(200)
  expect((await postForm(simulator.send, at('organizations'), { ...fields, assertion })).status).toBe(200)
  expect((await postForm(simulator.send, at('contoso.example'), { ...fields, assertion })).body).toMatchObject({
    error_codes: [51004],
  })
  expect(simulator.journal.at(-2)).toMatchObject({ username: foreign, assertionSignatureVerified: true })
})

describe('with keys that are known, as those of deterministic mode are, Entra does not believe', () => {
  /** An assertion of a simulator with another world, for the WS-Trust endpoint at a host. */
  async function assertionOf(
    options: SimulatorOptions,
    username: string,
    host: string,
    password?: string,
  ): Promise<string> {
    const elsewhere = await createSimulator({ deterministic: true, ...options })
    const more = { created: elsewhere.runtime.now() * 1_000, ...(password === undefined ? {} : { password }) }
    const { users } = elsewhere
    const known = { ...elsewhere, users: [...users, { ...users[0], username } as (typeof users)[number]] }
    return getAssertion(known, username, '2005', more, `https://${host}`)
  }
  const refusalOf = async (assertion: string): Promise<unknown> => {
    const simulator = await createSimulator({ world: twoFarms(), deterministic: true })
    const { body } = await assertionRequest(simulator, assertion)
    return body['error_codes'] ?? body['token_type']
  }
  /** The same world, where these domains are served by another farm. */
  function moved(farm: string | undefined, host: string = farm ?? other): Partial<World> {
    const { tenants = [], farms = [], users = [] } = twoFarms()
    const domain = ({ farm: _, ...rest }: Domain): Domain =>
      rest.kind === 'federated' && farm !== undefined ? { ...rest, farm } : rest
    return {
      users: users.filter(({ username }) => username !== foreign),
      tenants: tenants.map((tenant) => ({ ...tenant, domains: tenant.domains.map(domain) })),
      farms: farms.map((one) => ({ ...one, host })),
    }
  }
  const refused = 'aadsts50097@fed.contoso.example'
  const { password = '' } = demoWorld().users.find(({ username }) => username === own) ?? {}

  it('an assertion that somebody changed', async () => {
    const theirs = await assertionOf({ world: twoFarms() }, foreign, other)
    expect(await refusalOf(theirs.replaceAll(other, 'sts.simulator.invalid'))).toEqual([50006])
  })

  it('a farm that it does not know', async () => {
    const third = 'sts.third.example'
    expect(await refusalOf(await assertionOf({ world: moved(third) }, own, third))).toEqual([50107])
  })

  it('a farm in the name of another one', async () => {
    const options = { adfsHost: other, world: moved(undefined, 'sts.third.example') }
    expect(await refusalOf(await assertionOf(options, own, other))).toEqual([50107])
  })

  it('a farm about the users of another one, on a list or not', async () => {
    const world = moved(other)
    expect(await refusalOf(await assertionOf({ world }, own, other))).toEqual([51004])
    expect(await refusalOf(await assertionOf({ world }, refused, other, password))).toEqual([51004])
    // It does believe the farm that these are of.
    const mine = { world: twoFarms() }
    expect(await refusalOf(await assertionOf(mine, own, 'sts.simulator.invalid'))).toBe('Bearer')
    expect(await refusalOf(await assertionOf(mine, refused, 'sts.simulator.invalid', password))).toEqual([50097])
  })
})

it('three farms work in deterministic mode, where two of them share a key', async () => {
  const { tenants = [], farms = [], ...rest } = twoFarms()
  const third = 'sts.third.example'
  const world = { ...rest, tenants, farms: [...farms.map((farm) => ({ ...farm, host: third })), ...farms] }
  const simulator = await createSimulator({ world, deterministic: true, entraHost: 'login.microsoftonline.com' })
  expect(await signIn(simulator, foreign)).toMatchObject({ account: { username: foreign } })
})

it('farms sign with keys of their own', async () => {
  for (const deterministic of [true, false]) {
    const { send } = await createSimulator({ world: twoFarms(), deterministic })
    const keys = async (origin: string): Promise<unknown> =>
      (await getJson(send, `${origin}/adfs/discovery/keys`)).body['keys']
    expect(await keys(otherOrigin)).not.toEqual(await keys('https://sts.simulator.invalid'))
  }
})

it('each farm has a port of its own while the simulator listens', async () => {
  const running: RunningSimulator = await (await createSimulator({ world: twoFarms() })).listen()
  try {
    const { [other]: origin = '', ...rest } = running.farmOrigins
    expect(rest).toEqual({})
    expect(origin).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(origin).not.toBe(running.adfsOrigin)
    const { authority, ca, simulator } = running
    const client = createRopcClient({
      clientId: simulator.clientId,
      authority: authority.replace(/[\w-]+$/, 'organizations'),
      ca,
    })
    const token = await client.acquireTokenByUsernamePassword({
      username: foreign,
      password: `S3cret+&=<>%"'`,
      scopes: ['User.Read'],
    })
    await client.close()
    expect(token.account?.username).toBe(foreign)
    expect(simulator.journal.find(({ kind }) => kind === 'wstrust')?.host).toBe(new URL(origin).host)
  } finally {
    await running.close()
  }
})

it('a device is approved by a user of the farm it asked', async () => {
  const simulator = await createSimulator({ world: twoFarms() })
  const clientId = demoWorld().farm.clients?.[0]?.clientId ?? ''
  const ask = { client_id: clientId, resource: 'api://farm-api', scope: 'openid' }
  const { body } = await postForm(simulator.send, `${otherOrigin}/adfs/oauth2/devicecode`, ask)
  simulator.approveDevice(String(body['user_code']), foreign)
  const redeem = {
    ...ask,
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: String(body['device_code']),
  }
  const answer = await postForm(simulator.send, `${otherOrigin}/adfs/oauth2/token`, redeem)
  expect(answer.status).toBe(200)
})

it('sessions of its users can be revoked', async () => {
  const simulator = await createSimulator({ world: twoFarms() })
  const url = `${otherOrigin}/adfs/oauth2/token`
  const { password = '' } = simulator.users.find(({ username }) => username === foreign) ?? {}
  const id = demoWorld().farm.clients?.[0]?.clientId ?? ''
  const client = { client_id: id, resource: 'api://farm-api', scope: 'openid offline_access' }
  const { body } = await postForm(simulator.send, url, {
    ...client,
    grant_type: 'password',
    username: foreign,
    password,
  })
  const refresh = { ...client, grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
  expect((await postForm(simulator.send, url, refresh)).status).toBe(200)
  simulator.revokeSessions(foreign)
  expect((await postForm(simulator.send, url, refresh)).status).toBe(400)
})
