// MSAL Node: a program that uses it, tested without a tenant and without ports: MSAL takes a network client, and the
// simulator's `send` is one. Run it with `node --test examples/testing/msal-node.test.mjs`.
// @ts-check
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PublicClientApplication } from '@azure/msal-node'
import { createSimulator, expectCredentialsSentTo, expectJournal } from 'ropc-client/simulator'

/**
 * What MSAL sends requests with.
 *
 * @param {import('ropc-client/simulator').Simulator} simulator
 * @returns {import('@azure/msal-node').INetworkModule}
 */
function networkOf({ send }) {
  const sendAs =
    (/** @type {'GET' | 'POST'} */ method) =>
    /** @type {import('@azure/msal-node').INetworkModule['sendGetRequestAsync']} */
    async (url, { headers = {}, body } = {}) => {
      const lowerCase = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
      const answer = await send({ step: 'token', method, url, headers: lowerCase, ...(body ? { body } : {}) })
      return { status: answer.status, headers: { ...answer.headers }, body: JSON.parse(answer.body) }
    }
  return { sendGetRequestAsync: sendAs('GET'), sendPostRequestAsync: sendAs('POST') }
}

const host = 'login.microsoftonline.com' // the simulator's, under the name of the real one: nothing is sent anywhere
const scopes = ['https://graph.microsoft.com/User.Read']

async function start() {
  const simulator = await createSimulator({ entraHost: host })
  const { clientId, authority } = simulator
  const app = new PublicClientApplication({
    auth: { clientId, authority, knownAuthorities: [host] },
    system: { networkClient: networkOf(simulator) },
  })
  const signIn = (/** @type {string} */ username) => {
    const password = simulator.users.find((user) => user.username === username)?.password ?? ''
    return app.acquireTokenByUsernamePassword({ scopes, username, password })
  }
  return { simulator, app, signIn }
}

test('a managed user signs in, and is found in the cache', async () => {
  const { simulator, app, signIn } = await start()
  const result = await signIn('ada@contoso.example')
  assert.equal(result?.account?.username, 'ada@contoso.example')
  expectCredentialsSentTo(simulator, [host])

  simulator.clearJournal()
  assert.ok(result?.account)
  const again = await app.acquireTokenSilent({ scopes, account: result.account })
  assert.equal(again.accessToken, result.accessToken)
  expectJournal(simulator, [])
})

test('a second factor is asked for', async () => {
  const { signIn } = await start()
  await assert.rejects(signIn('mfa@contoso.example'), {
    name: 'InteractionRequiredAuthError',
    errorCode: 'invalid_grant',
  })
})

test('MSAL Node sends the password of a federated user to Entra, which cannot check it: ropc-client asks the farm', async () => {
  const { simulator, signIn } = await start()
  await assert.rejects(signIn('fred@fed.contoso.example'), /AADSTS50126/)
  expectCredentialsSentTo(simulator, [host])
})
