import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { run } from './child.js'
import { expect, row } from './report.js'
import { clients, saml11User, signInByPeer } from './rows.js'

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const catalogue = fileURLToPath(new URL('../../fixtures/cassettes', import.meta.url))
const managedUser = 'ada@contoso.example'

/** Who replays what: recorded from the simulator as file, and the one of the catalogue. */
const replays = [
  { peer: '@azure/msal-node', path: 'managed', username: managedUser, recorded: 'managed', name: 'managed' },
  { peer: 'adal-node', path: 'federated', username: saml11User, recorded: 'federated', name: 'federated' },
  { peer: 'adal-node', path: 'federated, 2005', name: 'federated-2005' },
]

/**
 * Rows in which a client that somebody else wrote signs in against what ours was recorded with, by way of
 * `ropc token --record` and `ropc simulate --cassettes`, both as processes.
 *
 * @param simulator What the recordings are made of.
 * @param folder For the recordings.
 */
export async function cassetteRows(peers, simulator, folder) {
  const recordings = `${folder}/cassettes`
  for (const { username } of replays) {
    if (username !== undefined) await record(simulator, username, recordings)
  }
  for (const directory of [recordings, catalogue]) {
    const served = await serve(directory)
    try {
      for (const { peer, path, username, recorded, name } of replays) {
        const isRecorded = directory === recordings
        if (isRecorded && recorded === undefined) continue
        const client = clients.find((candidate) => candidate.peer === peer)
        const cassette = served.cassettes.find((one) => (isRecorded ? one.name.endsWith(recorded) : one.name === name))
        const label = `${client.name} ${peers[peer].version ?? ''}`.trim()
        const what = `${path}: a cassette ${isRecorded ? 'that ours recorded' : 'of the catalogue'}, replayed`
        await row(
          {
            client: label,
            user: isRecorded ? username : cassette?.username,
            path: what,
            needs: { [peer]: peers[peer] },
          },
          () => replay(client, cassette, served.ca, simulator.env),
        )
      }
    } finally {
      await served.stop()
    }
  }
}

async function replay(client, cassette, ca, env) {
  expect(cassette !== undefined, 'no such cassette is served')
  const at = {
    simulator: { clientId: cassette.clientId },
    running: { authority: cassette.authority, ca },
    env: { ...env, NODE_EXTRA_CA_CERTS: ca },
  }
  // The user and the password are nobody's: neither was recorded.
  const outcome = await signInByPeer(client, at, { username: cassette.username, password: 'any password' })
  expect(outcome.ok, `not signed in: ${outcome.error}`)
  // The older library names the user by `upn`, which newer id_tokens do not have, and else by `sub`: a pseudonym as well.
  const isUser = outcome.username === cassette.username || /^id-\d+$/.test(outcome.username)
  expect(isUser, `signed in as ${outcome.username}`)
  return `signed in as ${outcome.username}`
}

async function record({ simulator, running, env }, username, folder) {
  const { password } = simulator.users.find((user) => user.username === username)
  const { clientId } = simulator
  const args = ['token', '--record', folder, '--authority', running.authority, '--ca', env.NODE_EXTRA_CA_CERTS]
  const user = ['--client-id', clientId, '-u', username, '--password-stdin', '--scope', 'User.Read']
  const { code, stderr } = await run(process.execPath, [command, ...args, ...user], { input: password, env })
  if (code !== 0) throw new Error(`ropc token --record ended with ${code}: ${stderr.trim().slice(-300)}`)
}

/** Starts `ropc simulate --cassettes`, and reads what it says. */
async function serve(folder) {
  const child = spawn(process.execPath, [command, 'simulate', '--cassettes', folder, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += chunk
    if (text.endsWith('\n')) break
  }
  const { ca, cassettes } = JSON.parse(text)
  return {
    ca,
    cassettes,
    async stop() {
      child.kill('SIGINT')
      const [code] = await exited
      expect(code === 130, `ropc simulate ended with ${code}`)
    },
  }
}
