// Playwright: the API of a web application, called with tokens of users who sign in without a page. In place of a live tenant
// the simulator issues them, and the API trusts its keys. Run it with `npx playwright test examples/testing/playwright.spec.mjs`.
// @ts-check
import { createPublicKey, verify } from 'node:crypto'
import { createServer } from 'node:http'
import { expect, test } from '@playwright/test'
import { createRopcClient } from 'ropc-client'
import { createSimulator } from 'ropc-client/simulator'

/**
 * The API to be tested. It asks its authority for the keys, and says who calls it.
 *
 * @param {{ issuer: string, keys: () => Promise<(import('node:crypto').JsonWebKey & { kid?: string })[]> }} authority
 */
function createApi({ issuer, keys }) {
  return createServer(async ({ headers }, response) => {
    const [header = '', claims = '', signature = ''] = (headers.authorization ?? '').replace(/^Bearer /, '').split('.')
    const read = (/** @type {string} */ part) => JSON.parse(Buffer.from(part, 'base64url').toString() || '{}')
    const key = (await keys()).find(({ kid }) => kid === read(header).kid)
    const isSigned =
      key !== undefined &&
      verify(
        'RSA-SHA256',
        Buffer.from(`${header}.${claims}`),
        createPublicKey({ key, format: 'jwk' }),
        Buffer.from(signature, 'base64url'),
      )
    const { iss, name, exp } = read(claims)
    const isGood = isSigned && iss === issuer && exp > Date.now() / 1000
    response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isGood ? { name } : { error: 'invalid_token' }))
  })
}

/** @type {import('ropc-client/simulator').Simulator} */
let simulator
/** @type {import('node:http').Server} */
let api
let address = ''

test.beforeAll(async () => {
  simulator = await createSimulator({ entraHost: 'login.microsoftonline.com' })
  const { send, authority } = simulator
  const url = `${authority}/discovery/v2.0/keys`
  api = createApi({
    issuer: `${authority}/v2.0`,
    keys: async () => JSON.parse((await send({ step: 'authority', method: 'GET', url, headers: {} })).body).keys,
  })
  await new Promise((resolve) => api.listen(0, '127.0.0.1', () => resolve(undefined)))
  const bound = api.address()
  address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
})

test.afterAll(() => void api.close())

/** @param {string} username */
async function tokenOf(username) {
  const { clientId, authority, send: transport } = simulator
  const client = createRopcClient({ clientId, authority, transport })
  const password = simulator.users.find((user) => user.username === username)?.password ?? ''
  const scopes = ['api://simulator-api/access_as_user']
  return (await client.acquireTokenByUsernamePassword({ username, password, scopes })).accessToken
}

test('greets managed and federated users by name', async ({ request }) => {
  for (const [username, name] of [
    ['ada@contoso.example', 'Ada Example'],
    ['fred@fed.contoso.example', 'Fred Example'],
  ]) {
    const authorization = `Bearer ${await tokenOf(`${username}`)}`
    const answer = await request.get(address, { headers: { authorization } })
    expect(answer.status()).toBe(200)
    expect(await answer.json()).toEqual({ name })
  }
})

test('turns away who has no token, or one that somebody changed', async ({ request }) => {
  expect((await request.get(address)).status()).toBe(401)
  const [header, , signature] = (await tokenOf('ada@contoso.example')).split('.')
  const forged = Buffer.from(JSON.stringify({ iss: `${simulator.authority}/v2.0`, name: 'Eve', exp: 4e9 })).toString(
    'base64url',
  )
  const headers = { authorization: `Bearer ${header}.${forged}.${signature}` }
  expect((await request.get(address, { headers })).status()).toBe(401)
})
