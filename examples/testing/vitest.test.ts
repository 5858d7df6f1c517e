// Vitest: a program that signs users in, tested without a tenant and without a network. Run it with `npx vitest run`.
import { createRopcClient, InteractionRequiredError, isAuthError, type RopcClient } from 'ropc-client'
import { createSimulator, expectCredentialsSentTo, expectJournal, type Simulator } from 'ropc-client/simulator'
import { beforeEach, expect, it } from 'vitest'

/** The program to be tested. It is handed its client, so that a test can hand it another one. */
async function greet(client: RopcClient, username: string, password: string): Promise<string> {
  try {
    const { account } = await client.acquireTokenByUsernamePassword({ username, password, scopes: ['User.Read'] })
    return `Hello, ${account?.username}`
  } catch (error) {
    if (error instanceof InteractionRequiredError) return 'Please sign in in a browser.'
    if (isAuthError(error) && error.code === 'ERR_THROTTLED') return 'Please try again later.'
    throw error
  }
}

const entra = 'login.microsoftonline.com' // the simulator's, under the name of the real one: nothing is sent anywhere
const farm = 'sts.contoso.example'
let simulator: Simulator
let client: RopcClient

beforeEach(async () => {
  simulator = await createSimulator({ deterministic: true, entraHost: entra, adfsHost: farm })
  const { clientId, authority, send: transport, runtime } = simulator
  client = createRopcClient({ clientId, authority, transport, runtime })
})

/** The simulator has users for what may happen; `what` says for what each of them is there. */
const passwordOf = (username: string): string =>
  simulator.users.find((user) => user.username === username)?.password ?? ''
const signIn = (username: string): Promise<string> => greet(client, username, passwordOf(username))

it('greets a user whose password Entra holds', async () => {
  expect(await signIn('ada@contoso.example')).toBe('Hello, ada@contoso.example')
  expectJournal(simulator, [{ kind: 'realm' }, { kind: 'token', grantType: 'password', status: 200 }])
})

it('sends the password of a federated user to the farm, and an assertion to Entra', async () => {
  expect(await signIn('fred@fed.contoso.example')).toBe('Hello, fred@fed.contoso.example')
  expectCredentialsSentTo(simulator, [farm, entra])
})

it('says what to do where a second factor is needed', async () => {
  expect(await signIn('mfa@contoso.example')).toBe('Please sign in in a browser.')
})

it('asks for patience while Entra is busy, and does not repeat the password', async () => {
  simulator.inject({ route: 'token', fault: { type: 'status', status: 429, headers: { 'retry-after': '60' } } })
  expect(await signIn('ada@contoso.example')).toBe('Please try again later.')
  expect(await signIn('ada@contoso.example')).toBe('Please try again later.')
  expectCredentialsSentTo(simulator, [entra])

  simulator.clearInjected()
  simulator.advance(60)
  expect(await signIn('ada@contoso.example')).toBe('Hello, ada@contoso.example')
})
