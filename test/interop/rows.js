import { fileURLToPath } from 'node:url'
import { createRopcClient } from '../../dist/index.js'
import { run } from './child.js'
import { msalGo, msalJava, newestPython } from './client-peers.js'
import { npmPeersRoot } from './install.js'
import { expect, row } from './report.js'

const scope = 'https://graph.microsoft.com/User.Read'
const resource = 'https://graph.microsoft.com'
export const us = 'ropc-client'
const managedUser = 'ada@contoso.example'
export const saml11User = 'fred@fed.contoso.example'
export const federatedUsers = [
  [saml11User, '1.1'],
  ['saml2@fed.contoso.example', '2.0'],
]
/** Which simulator makes a client use which WS-Trust version: offered both, every client takes 1.3. */
export const offers = [
  ['both', '1.3'],
  ['only2005', '2005'],
]

// Debian's own interpreter, the one its packages are for; -I keeps the caller's Python settings out.
const python = ['/usr/bin/python3', '-I', '-W', 'ignore']
// adal-node is older than some of Node's deprecations.
const node = [process.execPath, '--no-deprecation']

/** The clients that others wrote. `peer` is the name in `installPeers()`. */
export const clients = [
  {
    name: 'MSAL Node',
    peer: '@azure/msal-node',
    command: [...node, fileURLToPath(import.meta.resolve('./clients/msal-node.mjs'))],
  },
  {
    name: 'ADAL Node',
    peer: 'adal-node',
    command: [...node, fileURLToPath(import.meta.resolve('./clients/adal-node.cjs'))],
  },
  {
    name: 'MSAL Python',
    peer: 'python3-msal',
    command: [...python, fileURLToPath(import.meta.resolve('./clients/msal_python.py'))],
  },
  {
    name: 'ADAL Python',
    peer: 'python3-adal',
    command: [...python, fileURLToPath(import.meta.resolve('./clients/adal_python.py'))],
  },
  {
    name: 'MSAL Python',
    peer: 'msal (PyPI)',
    command: [...newestPython, fileURLToPath(import.meta.resolve('./clients/msal_python.py'))],
  },
  { name: 'MSAL Java', peer: 'msal4j', command: msalJava },
  {
    name: 'MSAL Go',
    peer: 'MSAL Go',
    command: msalGo,
    gap: (version, samlVersion) => {
      if (version === '2005') return /WS Trust 2005 support is not implemented/
      // It reads the version off the attribute `xmlns:saml`, which not every SAML 2.0 assertion has.
      return samlVersion === '2.0' ? /couldn't parse SAML assertion, version unknown/ : undefined
    },
  },
]

/**
 * Rows in which a client signs a user in, over TLS.
 *
 * @param simulators `both` and `only2005`, by the WS-Trust versions they offer.
 * @returns The peers' RSTs seen on the way: `{ label, peer, version, request }`; no request where there was none.
 */
export async function signInRows(peers, simulators) {
  const seen = []

  for (const client of [undefined, ...clients]) {
    const label = client === undefined ? us : `${client.name} ${peers[client.peer].version ?? ''}`.trim()
    const needs = client === undefined ? {} : { [client.peer]: peers[client.peer] }
    const signIn = (at, user) => (client === undefined ? signInByOurs(at, user) : signInByPeer(client, at, user))

    await row({ client: label, user: managedUser, path: 'managed', needs }, () =>
      observe(simulators.both, managedUser, signIn, checkManaged),
    )
    if (client?.name === 'MSAL Node') {
      const path = 'federated: expected to fail, the password goes to Entra'
      await row({ client: label, user: saml11User, path, needs }, () => showTheGap(simulators.both, signIn))
      continue
    }
    for (const [offered, version] of offers) {
      for (const [user, samlVersion] of federatedUsers) {
        const path = `federated, WS-Trust ${version}, SAML ${samlVersion}`
        const at = simulators[offered]
        const gap = client?.gap?.(version, samlVersion)
        if (gap !== undefined) {
          const expected = `${path}: expected to fail`
          await row({ client: label, user, path: expected, needs }, () => showGap(at, user, signIn, gap))
          continue
        }
        await row({ client: label, user, path, needs }, () =>
          observe(at, user, signIn, (entries) => checkFederated(entries, user, version, samlVersion)),
        )
        const [request] = at.tokenRequests.splice(0)
        if (client !== undefined && user === saml11User) seen.push({ label, peer: client.peer, version, request })
      }
    }
  }
  return seen
}

/** Signs in and has the simulator's journal of it checked. */
async function observe({ simulator, running, tokenRequests, env }, username, signIn, check) {
  const { password } = simulator.users.find((user) => user.username === username)
  simulator.clearJournal()
  tokenRequests.length = 0
  const outcome = await signIn({ simulator, running, env }, { username, password })
  expect(outcome.ok, `not signed in: ${outcome.error}`)
  expect(outcome.username === username, `signed in as ${outcome.username}`)
  return check(simulator.journal)
}

function checkManaged(entries) {
  const [grant, ...others] = entries.filter(({ kind }) => kind === 'token')
  expect(grant?.grantType === 'password' && grant.status === 200 && others.length === 0, 'not one password grant')
  expect(!entries.some(({ kind }) => kind === 'wstrust'), 'AD FS was asked about a managed user')
  return `signed in, ${requests(entries)}`
}

function checkFederated(entries, username, version, samlVersion) {
  const [trust, ...otherTrusts] = entries.filter(({ kind }) => kind === 'wstrust')
  expect(trust?.status === 200 && otherTrusts.length === 0, 'not one WS-Trust exchange')
  expect(trust.wsTrustVersion === version, `WS-Trust ${trust.wsTrustVersion} was used`)
  const [grant, ...otherGrants] = entries.filter(({ kind }) => kind === 'token')
  expect(grant?.status === 200 && otherGrants.length === 0, 'not one token request')
  const grantName = samlVersion === '1.1' ? 'saml1_1-bearer' : 'saml2-bearer'
  expect(grant.grantType === `urn:ietf:params:oauth:grant-type:${grantName}`, `the grant was ${grant.grantType}`)
  expect(grant.assertionSignatureVerified === true, "the posted assertion's signature did not verify")
  expect(grant.username === username, `the assertion was for ${grant.username}`)
  return `signed in, assertion signature verified, ${requests(entries)}`
}

const requests = (entries) => `${entries.length} ${entries.length === 1 ? 'request' : 'requests'}`

/** The reason for this project: MSAL Node knows no AD FS. A release that learns it will fail this row. */
async function showTheGap(at, signIn) {
  const { simulator, running, env } = at
  const { password } = simulator.users.find(({ username }) => username === saml11User)
  simulator.clearJournal()
  const outcome = await signIn({ simulator, running, env }, { username: saml11User, password })
  expect(!outcome.ok, 'signed in, which was not expected')
  const [code] = /AADSTS\d+/.exec(outcome.error) ?? []
  expect(code === 'AADSTS50126', `refused for another reason: ${outcome.error}`)
  expect(!simulator.journal.some(({ kind }) => kind === 'wstrust'), 'AD FS was asked')
  const leaked = simulator.journal.some(({ kind, carriedCredential }) => kind === 'token' && carriedCredential)
  expect(leaked, 'the password was not sent to the token endpoint')
  await observe(at, saml11User, signInByOurs, (entries) => checkFederated(entries, saml11User, '1.3', '1.1'))
  return `as expected: ${code}, AD FS never asked; ${us} signs the same user in`
}

/** What a client cannot do although the server lets it. A release that learns it will fail this row. */
async function showGap(at, username, signIn, expected) {
  const { password } = at.simulator.users.find((user) => user.username === username)
  const outcome = await signIn(at, { username, password })
  at.tokenRequests.length = 0
  expect(!outcome.ok, 'signed in, which was not expected')
  expect(expected.test(outcome.error), `failed for another reason: ${outcome.error}`)
  await observe(at, username, signInByOurs, () => {})
  return `as expected: ${outcome.error}; ${us} signs the same user in`
}

async function signInByOurs({ simulator, running }, { username, password }) {
  const client = createRopcClient({ clientId: simulator.clientId, authority: running.authority, ca: running.ca })
  try {
    const result = await client.acquireTokenByUsernamePassword({ username, password, scopes: [scope] })
    return { ok: result.accessToken.length > 0, username: result.account?.username }
  } catch (error) {
    return { ok: false, error: `${error.code}: ${error.message}` }
  } finally {
    await client.close()
  }
}

/** @returns What the client says: `{ ok, username }` or `{ ok, error }`. */
export async function signInByPeer({ command }, { simulator, running, env }, user) {
  const { clientId } = simulator
  const { authority, ca } = running
  const job = { ...user, clientId, authority, scope, resource, peers: npmPeersRoot, ca }
  const [program, ...args] = command
  const { code, stdout, stderr } = await run(program, args, { input: JSON.stringify(job), env })
  const answer = stdout.trim().split('\n').at(-1)
  if (!answer.startsWith('{'))
    return { ok: false, error: `ended with ${code} and no answer: ${stderr.trim().slice(-200)}` }
  return JSON.parse(answer)
}
