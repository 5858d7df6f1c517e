import { afterEach, describe, expect, it } from 'vitest'
import { type Recorder, recordTransport } from '../../src/cassette/record.ts'
import { replayTransport } from '../../src/cassette/replay.ts'
import { createRopcClient } from '../../src/client/client.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { createSimulator } from '../../src/simulator/simulator.ts'

const scopes = ['https://graph.microsoft.com/User.Read']

async function recording(username: string, password: string, kind: 'entra' | 'adfs' | 'b2c' | 'oidc' = 'entra') {
  const simulator = await createSimulator({ entraHost: 'login.microsoftonline.com' })
  const recorder = recordTransport(simulator.send, () => {})
  const authority = simulator.authorities[kind]
  const options = { authority, clientId: simulator.clientId }
  const client = createRopcClient({ ...options, transport: recorder, runtime: recorder.runtime })
  const outcome = await client
    .acquireTokenByUsernamePassword({ username, password: new Secret(password), scopes })
    .catch((error: unknown) => error)
  const cassette = await recorder.finish({ client: { ...options, username } })
  return { outcome, cassette, simulator }
}

describe('a recorded sign-in', () => {
  it('of a managed user replays', async () => {
    const { simulator } = await recording('x', 'y').catch(async () => ({ simulator: await createSimulator() }))
    const user = simulator.users[0]
    const { outcome, cassette } = await recording(user?.username ?? '', user?.password ?? '')
    console.error(outcome, JSON.stringify(cassette, undefined, 1).slice(0, 6000))
    const replay = replayTransport(cassette)
    const client = createRopcClient({ authority: cassette.client?.authority ?? '', clientId: cassette.client?.clientId ?? '', transport: replay, runtime: replay.runtime })
    const again = await client.acquireTokenByUsernamePassword({ username: cassette.client?.username ?? '', password: new Secret('other'), scopes })
    console.error(again)
    replay.assertExhausted()
  })
  it('of a federated user replays', async () => {
    const simulator = await createSimulator()
    const user = simulator.users.find(({ username }) => username.includes('@fed.'))
    const { outcome, cassette } = await recording(user?.username ?? '', user?.password ?? '')
    console.error(outcome, JSON.stringify(cassette, undefined, 1).slice(0, 20000))
    const replay = replayTransport(cassette)
    const client = createRopcClient({ authority: cassette.client?.authority ?? '', clientId: cassette.client?.clientId ?? '', transport: replay, runtime: replay.runtime })
    const again = await client.acquireTokenByUsernamePassword({ username: cassette.client?.username ?? '', password: new Secret('other'), scopes })
    console.error(again)
    replay.assertExhausted()
  })
})
