// Jest: what a program does when the network fails it. The package is ESM, so start Jest with
// `node --experimental-vm-modules node_modules/jest/bin/jest.js`, and let `testMatch` find `.mjs` files.
// @ts-check
import { beforeEach, expect, test } from '@jest/globals'
import { createRopcClient } from 'ropc-client'
import { createSimulator, expectCredentialsSentTo, expectJournal } from 'ropc-client/simulator'

const host = 'login.microsoftonline.com' // the simulator's, under the name of the real one: nothing is sent anywhere
const request = { username: 'ada@contoso.example', password: 'Pa$$w0rd+&=é', scopes: ['User.Read'] }

/** @type {import('ropc-client/simulator').Simulator} */
let simulator
/** @type {import('ropc-client').RopcClient} */
let client

beforeEach(async () => {
  simulator = await createSimulator({ deterministic: true, entraHost: host })
  const { clientId, authority, send: transport, runtime } = simulator
  client = createRopcClient({ clientId, authority, transport, runtime })
})

test('a question without a password is asked again', async () => {
  simulator.inject({ route: 'realm', calls: 1, fault: { type: 'reset' } })
  const { source } = await client.acquireTokenByUsernamePassword(request)
  expect(source).toBe('password')
  expectJournal(simulator, [{ kind: 'realm', injected: ['reset'] }, { kind: 'realm' }, { kind: 'token' }])
})

test('a password is not sent again', async () => {
  simulator.inject({ route: 'token', calls: 1, fault: { type: 'reset' } })
  const signIn = client.acquireTokenByUsernamePassword(request)
  await expect(signIn).rejects.toMatchObject({ code: 'ERR_TRANSPORT_UNREACHABLE', step: 'token' })
  expectCredentialsSentTo(simulator, [host])
})

test('a page of a proxy is no token', async () => {
  simulator.inject({ route: 'token', fault: { type: 'html', status: 403, title: 'Blocked' } })
  const signIn = client.acquireTokenByUsernamePassword(request)
  await expect(signIn).rejects.toMatchObject({
    code: 'ERR_UNEXPECTED_STATUS',
    response: { status: 403, title: 'Blocked' },
  })
})
