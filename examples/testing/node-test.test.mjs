// node:test: a world of your own, as data. Run it with `node --test examples/testing/node-test.test.mjs`.
// @ts-check
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRopcClient } from 'ropc-client'
import { createSimulator, expectJournal } from 'ropc-client/simulator'

const tenantId = '3f0e1d2c-4b5a-4968-8776-a5b4c3d2e1f0'
const password = 'not a secret: it opens nothing'

/**
 * One tenant with two federated domains, each with a farm of its own. It could be in a file of JSON as well.
 *
 * @type {Partial<import('ropc-client/simulator').World>}
 */
const world = {
  tenants: [
    {
      id: tenantId,
      displayName: 'Fabrikam',
      domains: [
        { name: 'north.fabrikam.example', kind: 'federated' },
        { name: 'south.fabrikam.example', kind: 'federated', farm: 'sts.south.fabrikam.example' },
      ],
    },
  ],
  users: [
    person('nina', 'north', 1),
    person('sam', 'south', 2),
    { ...person('lena', 'south', 3), farmFault: 'MSIS7068' },
  ],
  apps: [{ clientId: 'a0b1c2d3-e4f5-4607-8819-2a3b4c5d6e7f', displayName: 'Own', tenantId, multiTenant: false }],
  farms: [
    {
      host: 'sts.south.fabrikam.example',
      offer: ['2005'],
      assertionVersion: '2.0',
      relyingParties: ['urn:federation:MicrosoftOnline'],
    },
  ],
}

/**
 * @param {string} name
 * @param {string} domain
 * @param {number} index
 */
function person(name, domain, index) {
  return {
    username: `${name}@${domain}.fabrikam.example`,
    password,
    displayName: name,
    what: 'is in a test',
    objectId: `00000000-0000-4000-8000-00000000000${index}`,
    tenantId,
    immutableId: `anchor-${index}`,
  }
}

async function start() {
  const simulator = await createSimulator({ deterministic: true, world, entraHost: 'login.microsoftonline.com' })
  const { clientId, authority, send: transport, runtime } = simulator
  return { simulator, client: createRopcClient({ clientId, authority, transport, runtime }) }
}

const scopes = ['User.Read']

test('each domain signs in at its own farm', async () => {
  const { simulator, client } = await start()
  for (const username of ['nina@north.fabrikam.example', 'sam@south.fabrikam.example']) {
    const { account } = await client.acquireTokenByUsernamePassword({ username, password, scopes })
    assert.equal(account?.username, username)
  }
  expectJournal(simulator, [
    { kind: 'realm' },
    { kind: 'mex', host: 'sts.simulator.invalid' },
    { kind: 'wstrust', host: 'sts.simulator.invalid', wsTrustVersion: '1.3' },
    { kind: 'token' },
    { kind: 'realm' },
    { kind: 'mex', host: 'sts.south.fabrikam.example' },
    { kind: 'wstrust', host: 'sts.south.fabrikam.example', wsTrustVersion: '2005' },
    { kind: 'token' },
  ])
})

test('a policy of the farm keeps a user out', async () => {
  const { client } = await start()
  const signIn = client.acquireTokenByUsernamePassword({ username: 'lena@south.fabrikam.example', password, scopes })
  await assert.rejects(signIn, { code: 'ERR_SOAP_FAULT', idCode: 'MSIS7068' })
})

test('a token is renewed when its time is over', async () => {
  const { simulator, client } = await start()
  const username = 'nina@north.fabrikam.example'
  const { account } = await client.acquireTokenByUsernamePassword({ username, password, scopes })
  assert.ok(account)
  simulator.advance(7 * 24 * 60 * 60)
  assert.equal((await client.acquireTokenSilent({ account, scopes })).source, 'refresh_token')
})
