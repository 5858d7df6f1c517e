// Signs in everywhere, in every way, and is refused; prints every request and every answer. It runs as a program of its own,
// against the built package.
import { createRopcClient } from 'ropc-client'
import { createSimulator, demoWorld } from 'ropc-client/simulator'

const world = demoWorld()
/** Names of the kind that real ones have: what goes by the host behaves as it does there. */
const hosts = {
  entraHost: 'login.microsoftonline.com',
  adfsHost: 'sts.contoso.example',
  b2cHost: 'contoso.b2clogin.com',
  ciamHost: 'contoso.ciamlogin.com',
}

/** @param act Gets the simulator, and what makes clients of it. */
async function run(options, act) {
  const simulator = await createSimulator({ deterministic: true, ...hosts, ...options })
  const transport = async (request, sendOptions) => {
    const answer = await simulator.send(request, sendOptions).catch(({ code }) => ({ code }))
    const { step, method, url, headers, body } = request
    console.log(JSON.stringify({ request: { step, method, url, headers, body }, answer }))
    if (answer.code !== undefined) throw new Error(answer.code)
    return answer
  }
  const clientAt = (authority, clientId) =>
    createRopcClient({ authority, clientId, transport, runtime: simulator.runtime })
  await act(simulator, clientAt, transport)
}

const entra = (simulator, clientAt) => clientAt(simulator.authority, simulator.clientId)

/** What came of a call is printed too: nothing of it may differ. */
async function outcome(call) {
  const result = await call.catch((error) => `${error}`)
  console.log(
    typeof result === 'string' ? result : `${result.source} ${result.accessToken} ${result.expiresOn.toISOString()}`,
  )
  return result
}

await run({}, async (simulator, clientAt) => {
  const scopes = ['User.Read']
  for (const { username, password } of simulator.users) {
    const client = entra(simulator, clientAt)
    const result = await outcome(client.acquireTokenByUsernamePassword({ username, password, scopes }))
    if (typeof result === 'string' || result.account === undefined) continue
    simulator.advance(4_000)
    await outcome(client.acquireTokenSilent({ account: result.account, scopes }))
    await outcome(client.acquireTokenByUsernamePassword({ username, password: 'not this one', scopes }))
  }
  for (const name of ['aadsts50097@contoso.example', 'msis7012@fed.contoso.example', 'nobody@contoso.example']) {
    const call = { username: name, password: 'Pa$$w0rd+&=é', scopes }
    await outcome(entra(simulator, clientAt).acquireTokenByUsernamePassword(call))
  }
})

await run({ world: { farm: { ...world.farm, offer: ['2005'] } } }, async (simulator, clientAt) => {
  const { username, password } = simulator.users.find(({ kind }) => kind === 'federated')
  await outcome(
    entra(simulator, clientAt).acquireTokenByUsernamePassword({ username, password, scopes: ['User.Read'] }),
  )
})

await run({}, async (simulator, clientAt, transport) => {
  const { authorities, allUsers } = simulator
  const others = {
    adfs: [world.farm.clients[0].clientId, ['openid', `${world.farm.apis[0]}/openid`], 'fred@fed.contoso.example'],
    b2c: [world.b2c.apps[0].clientId, [`${world.b2c.apis[0].identifier}/read`], 'carla@customer.example'],
    ciam: [world.ciam.apps[0].clientId, ['User.Read'], 'dora@mail.example'],
    oidc: ['demo-public', ['read'], 'olga'],
  }
  for (const [side, [clientId, scopes, username]] of Object.entries(others)) {
    const { password } = allUsers.find((user) => user.username === username)
    const client = clientAt(authorities[side], clientId)
    const result = await outcome(client.acquireTokenByUsernamePassword({ username, password, scopes }))
    simulator.advance(4_000)
    if (typeof result !== 'string' && result.account !== undefined)
      await outcome(client.acquireTokenSilent({ account: result.account, scopes }))
    await outcome(client.acquireTokenByUsernamePassword({ username, password: 'not this one', scopes }))
  }
  const { origin } = new URL(authorities.entra)
  for (const url of [
    `${origin}/common/discovery/instance?api-version=1.1&authorization_endpoint=${origin}/common`,
    `${authorities.entra}/discovery/v2.0/keys`,
    `${authorities.adfs}/discovery/keys`,
    `${authorities.b2c}/discovery/v2.0/keys`,
    `${authorities.ciam}/discovery/v2.0/keys`,
    `${authorities.oidc}/jwks`,
  ]) {
    await transport({ step: 'authority', method: 'GET', url, headers: {} })
  }
})

await run(
  { inject: [{ route: 'token', calls: 3, fault: { type: 'bad-json' } }] },
  async (simulator, clientAt, transport) => {
    const decisions = [
      (code) => simulator.approveDevice(code, 'ada@contoso.example'),
      (code) => simulator.approveDevice(code, 'ada@contoso.example'),
      simulator.declineDevice,
    ]
    for (const decide of decisions) {
      const client = entra(simulator, clientAt)
      // Not before the client has asked once.
      const onUserCode = ({ userCode }) => {
        console.log(userCode)
        setImmediate(() => setImmediate(() => decide(userCode)))
      }
      await outcome(client.acquireTokenByDeviceCode({ scopes: ['User.Read'], onUserCode }))
    }
    const { authority, clientId } = simulator
    const body = new URLSearchParams({ grant_type: 'password', client_id: clientId, username: 'nobody', password: 'x' })
    await transport({ step: 'token', method: 'POST', url: `${authority}/oauth2/token`, headers: {}, body: `${body}` })
  },
)
