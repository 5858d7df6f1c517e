import { describe, expect, it } from 'vitest'
import { createSimulator, demoWorld, type Injection, type SimulatorOptions, type World } from '../../src/simulator.ts'

const world = demoWorld()
const [contoso, fabrikam] = world.tenants
const [ada] = world.users
const [app] = world.apps
if (contoso === undefined || fabrikam === undefined || ada === undefined || app === undefined)
  throw new Error('no demo world')
const farm = { ...world.farm, host: 'sts.fabrikam.example' }
const unknownId = '00000000-0000-4000-8000-000000000000'
const federated = (more: object): Partial<World> => ({
  tenants: [
    contoso,
    { ...fabrikam, domains: [...fabrikam.domains, { name: 'f.example', kind: 'federated', ...more }] },
  ],
  farms: [farm],
})
const users = (...more: object[]): Partial<World> => ({
  users: [...world.users, ...more.map((user) => ({ ...ada, ...user }))],
})
const eve = 'eve@contoso.example'
/** The first entry of a list of an authority, two times. */
const twice = (authority: 'b2c' | 'ciam' | 'oidc', list: string): object => {
  const { [list]: [first] = [] } = world[authority] as unknown as Record<string, unknown[]>
  return { [authority]: { ...world[authority], [list]: [first, first] } }
}

describe('a world is refused, with the entry that is wrong:', () => {
  it.each<[message: string, world: object]>([
    ['world has no member "tenant"', { tenant: [] }],
    ['world.users is not a list', { users: {} }],
    ['world.b2c is not an object', { b2c: null }],
    [
      'world.tenants[1] "C2D4E6F8" has an id that is no GUID in lower case',
      { tenants: [contoso, { ...fabrikam, id: 'C2D4E6F8', displayName: 'C2D4E6F8' }] },
    ],
    [
      `world.tenants[1] "${contoso.id}" has an id of world.tenants[0]`,
      { tenants: [contoso, { ...fabrikam, id: contoso.id }] },
    ],
    [
      'world.tenants[1] "Fabrikam".domains[0] has the domain of world.tenants[0] "Contoso".domains[0]: contoso.example',
      { tenants: [contoso, { ...fabrikam, domains: contoso.domains.slice(0, 1) }] },
    ],
    [
      'world.tenants[1] "Fabrikam".domains[1] has a name that is no domain in lower case',
      federated({ name: 'F.example' }),
    ],
    ['world.tenants[1] "Fabrikam".domains[1] is neither managed nor federated', federated({ kind: 'Federated' })],
    [
      'world.tenants[1] "Fabrikam".domains[1] names a farm that is not in world.farms: sts.nowhere.example',
      federated({ farm: 'sts.nowhere.example' }),
    ],
    [
      'world.tenants[1] "Fabrikam".domains[1] is managed, and names a farm',
      federated({ kind: 'managed', farm: farm.host }),
    ],
    ['world.farms[0] "sts.example/adfs" has a host that is none', { farms: [{ ...farm, host: 'sts.example/adfs' }] }],
    [`world.farms[1] "${farm.host}" has a host of world.farms[0]`, { farms: [farm, farm] }],
    [
      'every side and every farm needs a host of its own: sts.simulator.invalid',
      { farms: [{ ...farm, host: 'sts.simulator.invalid' }] },
    ],
    ['world.farm.offer holds something else than "2005" and "1.3"', { farm: { ...world.farm, offer: ['1.4'] } }],
    [
      `world.farms[0] "${farm.host}".assertionVersion is neither "1.1" nor "2.0"`,
      { farms: [{ ...farm, assertionVersion: '2' }] },
    ],
    [
      'world.farms[0].clients[1] "X" has a client id of world.farms[0].clients[0]',
      {
        farms: [
          {
            ...farm,
            clients: [{ clientId: 'x' }, { clientId: 'X' }].map(({ clientId }) => ({ clientId, displayName: '' })),
          },
        ],
      },
    ],
    [
      `world.users[16] "${eve}" is of a tenant that does not exist: ${unknownId}`,
      users({ username: eve, tenantId: unknownId }),
    ],
    [
      `world.users[16] "${eve}" is of a tenant that does not exist: ${unknownId}`,
      users({ username: eve, guestIn: [{ tenantId: unknownId, objectId: unknownId }] }),
    ],
    [
      'world.users[16] "eve@fabrikam.example" has a domain of another tenant: fabrikam.example',
      users({ username: 'eve@fabrikam.example' }),
    ],
    [
      'world.users[16] "eve@nowhere.example" has a domain of no tenant: nowhere.example',
      users({ username: 'eve@nowhere.example' }),
    ],
    ['world.users[16] "eve" has a user name without a domain', users({ username: 'eve' })],
    [
      'world.users[16] "ADA@contoso.example" has a user name of world.users[0]',
      users({ username: 'ADA@contoso.example' }),
    ],
    ['world.users[16] lacks a user name', users({ username: '' })],
    ['world.users[16] lacks a user name', users({ username: undefined })],
    [`world.users[16] "${eve}" has no password`, users({ username: eve, password: '' })],
    [`world.users[16] "${eve}" has a refusal that does not exist: mfa`, users({ username: eve, refusal: 'mfa' })],
    [`world.users[16] "${eve}" has a farmFault that does not exist: ID0`, users({ username: eve, farmFault: 'ID0' })],
    [
      'world.users[17] "b@fed.contoso.example" has the immutableId of world.users[16]',
      users(
        { username: 'a@fed.contoso.example', immutableId: 'x' },
        { username: 'b@fed.contoso.example', immutableId: 'x' },
      ),
    ],
    [
      'world.apps[0] "Demo command line" is of a tenant that does not exist',
      { apps: [{ ...app, tenantId: unknownId }] },
    ],
    [
      'world.apps[0] "Demo command line" has a client id that is not in lower case',
      { apps: [{ ...app, clientId: 'ABC' }] },
    ],
    [`world.apps[1] "${app.clientId}" has a client id of world.apps[0]`, { apps: [app, app] }],
    [
      'world.resources[1] "api://x" has identifiers of world.resources[0]',
      {
        resources: [
          { identifiers: ['api://x'], scopes: [] },
          { identifiers: ['api://y', 'api://x'], scopes: [] },
        ],
      },
    ],
    [
      'world.b2c.users[1] "carla@customer.example" has a user name of world.b2c.users[0]',
      { b2c: { ...world.b2c, users: [world.b2c.users[0], world.b2c.users[0]] } },
    ],
    [
      'world.b2c.users[0] "carla@customer.example" has a refusal that does not exist: 1',
      { b2c: { ...world.b2c, users: [{ ...world.b2c.users[0], refusal: 1 }] } },
    ],
    [
      'world.b2c.policies[1] "b2c_1_ropc" has a name of world.b2c.policies[0]',
      {
        b2c: {
          ...world.b2c,
          policies: [
            { name: 'B2C_1_ROPC', ropc: true },
            { name: 'b2c_1_ropc', ropc: true },
          ],
        },
      },
    ],
    ['world.b2c has an id that is no GUID in lower case', { b2c: { ...world.b2c, id: '' } }],
    [
      'world.ciam.users[0] "dora@mail.example" is of a tenant that does not exist',
      { ciam: { ...world.ciam, id: unknownId } },
    ],
    [
      'world.ciam.apps[0] "Demo External ID app" is of a tenant that does not exist',
      { ciam: { ...world.ciam, id: unknownId, users: [] } },
    ],
    ['world.ciam.users[1] "dora@mail.example" has a user name of world.ciam.users[0]', twice('ciam', 'users')],
    ['world.oidc.users[1] "olga" has a user name of world.oidc.users[0]', twice('oidc', 'users')],
    [`world.b2c.apps[1] "${world.b2c.apps[0]?.clientId}" has a client id of world.b2c.apps[0]`, twice('b2c', 'apps')],
    [
      `world.b2c.apis[1] "${world.b2c.apis[0]?.identifier}" has an identifier of world.b2c.apis[0]`,
      twice('b2c', 'apis'),
    ],
    ['world.users[0] is not an object', { users: [null] }],
    ['world.tenants[0] "Contoso".domains is not a list', { tenants: [{ ...contoso, domains: undefined }] }],
    ['world.tenants[0] "Contoso".domains[0] lacks a name', { tenants: [{ ...contoso, domains: [{}] }] }],
    ['world.resources[0] lacks identifiers', { resources: [{}] }],
    ['world.oidc.path does not start with "/"', { oidc: { ...world.oidc, path: 'oidc' } }],
    [
      'world.oidc.clients[1] "demo-public" has a client id of world.oidc.clients[0]',
      { oidc: { ...world.oidc, clients: [world.oidc.clients[0], world.oidc.clients[0]] } },
    ],
  ])('%s', async (message, bad) => {
    const error = await createSimulator({ world: bad } as SimulatorOptions).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'InvalidArgumentError', code: 'ERR_INVALID_ARGUMENT', step: 'authority' })
    expect((error as Error).message).toContain(message)
  })
})

it('takes every refusal that there is', async () => {
  const refusals = [
    { refusal: 'adfs-policy' },
    { refusal: 65_001 },
    { refusal: [50_076, 50_097] },
    { refusal: 'locked' },
  ]
  const faults = [{ farmFault: 'MSIS9605' }, { farmFault: 'MessageExpired' }, { farmFault: 'ID3242' }]
  const more = [...refusals, ...faults].map((refusal, index) => ({ username: `u${index}@contoso.example`, ...refusal }))
  const simulator = await createSimulator({ world: users(...more) })
  expect(simulator.users).toHaveLength(world.users.length + more.length)
})

it('says which of several faults does not exist', async () => {
  const inject = [
    { route: 'token', fault: { type: 'empty' } },
    { route: 'tokens', fault: { type: 'empty' } },
  ] as unknown as Injection[]
  await expect(createSimulator({ inject })).rejects.toThrow('inject[1]: the simulator has no route tokens')
})

it('says that the lists go together, where one of them is all that was given', async () => {
  const tenants = [{ id: unknownId, displayName: 'Alone', domains: [] }]
  await expect(createSimulator({ world: { tenants } })).rejects.toMatchObject({
    message: expect.stringContaining('world.users[0] "ada@contoso.example" is of a tenant that does not exist'),
    hint: expect.stringContaining('tenants, users and apps go together'),
  })
})

it('takes a world of data alone, as from a file of JSON, with its faults', async () => {
  const data = JSON.parse(
    JSON.stringify({
      world: {
        tenants: [{ id: unknownId, displayName: 'Own', domains: [{ name: 'own.example', kind: 'managed' }] }],
        users: [{ ...ada, username: 'ann@own.example', password: 'x', tenantId: unknownId, refusal: 'mfa-required' }],
        apps: [{ ...app, tenantId: unknownId }],
      },
      inject: [{ route: 'token', calls: [2], fault: { type: 'status', status: 503 } }],
    }),
  ) as SimulatorOptions
  const simulator = await createSimulator(data)
  expect(simulator.users).toEqual([
    {
      username: 'ann@own.example',
      password: 'x',
      what: 'signs in',
      kind: 'managed',
      authority: 'entra',
      expect: 'AADSTS50076',
    },
  ])
  expect(simulator.authority).toBe(`https://login.simulator.invalid/${unknownId}`)
})

it('shows no password and no secret of the world that it refuses', async () => {
  const secret = 'S3cret-of-eve'
  const bad = { users: [{ ...ada, username: eve, password: secret, tenantId: unknownId }], apps: [{ ...app, secret }] }
  const error = await createSimulator({ world: bad }).catch((thrown: unknown) => thrown as Error)
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secret)
})
