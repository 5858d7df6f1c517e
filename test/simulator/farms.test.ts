import { expect, it } from 'vitest'
import { createRopcClient } from '../../src/index.ts'
import { createSimulator, demoWorld, type RunningSimulator, type Simulator, type World } from '../../src/simulator.ts'
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
  { send: transport, clientId, authorities }: Simulator,
  username: string,
): Promise<{ readonly account?: unknown }> {
  const client = createRopcClient({
    clientId,
    authority: `${new URL(authorities.entra).origin}/organizations`,
    transport,
  })
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

it('a farm that speaks in the name of another is not believed', async () => {
  const simulator = await createSimulator({ world: twoFarms(), deterministic: true })
  const created = simulator.runtime.now() * 1_000
  const theirs = await getAssertion(simulator, foreign, '2005', { created }, otherOrigin)
  const renamed = theirs.replaceAll(other, 'sts.simulator.invalid')
  expect((await assertionRequest(simulator, renamed)).body).toMatchObject({ error_codes: [50006] })

  // In deterministic mode further farms share their key: what differs is the name alone.
  const third = 'sts.third.example'
  const { tenants = [], farms = [], users = [] } = twoFarms()
  const elsewhere = await createSimulator({
    deterministic: true,
    world: {
      users,
      tenants: tenants.map((tenant) => ({
        ...tenant,
        domains: tenant.domains.map((domain) => ({ ...domain, ...(domain.farm === undefined ? {} : { farm: third }) })),
      })),
      farms: farms.map((farm) => ({ ...farm, host: third })),
    },
  })
  const stranger = await getAssertion(elsewhere, foreign, '2005', { created }, `https://${third}`)
  expect((await assertionRequest(simulator, stranger)).body).toMatchObject({ error_codes: [50107] })
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
