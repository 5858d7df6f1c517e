import { generateKeyPairSync } from 'node:crypto'
import { clientSecretBasic, clientSecretPost, createRopcClient, isAuthError, privateKeyJwt } from '../../dist/index.js'
import { createHttpsTransport } from '../../dist/transport.js'
import { expect, row } from './report.js'
import { quirksIn } from './server-quirks.js'

/**
 * Rows in which our client meets servers that nobody here wrote: one for each way in which a client can prove itself
 * there, and one that names what was unusual.
 *
 * @param servers `{ name, peer, started }`: how it was installed, and the promise of it running.
 */
export async function serverRows(servers) {
  for (const { name, peer, started } of servers) {
    const label = `${name} ${peer.version ?? ''}`.trim()
    const needs = { [name]: peer }
    if (peer.missing !== undefined) {
      await row({ client: label, user: 'every client', path: 'sign-in', needs }, () => {})
      continue
    }
    const server = await started.catch((error) => ({ error }))
    if (server.error !== undefined) {
      await row({ client: label, user: 'every client', path: 'it starts', needs }, () => {
        throw server.error
      })
      continue
    }
    const exchanges = []
    for (const [how, client] of waysIn(server)) {
      const meet = client.refused === undefined ? signInAndOut : beRefused
      const path = client.refused === undefined ? 'sign-in, refresh, id_token, refusals' : `expected: ${client.refused}`
      await row({ client: label, user: how, path, needs }, () => meet(server, how, client, exchanges))
    }
    await row({ client: label, user: 'quirks', path: 'met on the way', needs }, () => {
      const met = quirksIn(exchanges, server)
      const gone = server.quirks.filter((quirk) => !met.includes(quirk))
      expect(gone.length === 0, `no longer met: ${gone.join('; ')}`)
      return met.join('; ')
    })
  }
}

/** Every client authentication, and the first that is taken once more with the endpoints named by the caller. */
function waysIn({ authentications }) {
  const ways = Object.entries(authentications)
  const [how, client] = ways.find(([, { refused }]) => refused === undefined)
  return [...ways, [`${how}, endpoints by hand`, { ...client, byHand: true }]]
}

/** Everything a client does at a server that takes it. */
async function signInAndOut(server, how, client, exchanges) {
  const { user, scopes } = server
  const done = []
  await withClient(server, client, proofs(how, client).right, exchanges, async (ropc) => {
    const result = await step('sign-in', () => ropc.acquireTokenByUsernamePassword({ ...user, scopes }))
    expect(result.accessToken.length > 0 && result.source === 'password', 'no access token by password')
    const found = server.metadataUrl === undefined ? 'discovered' : 'discovered by metadataUrl'
    done.push(client.byHand ? 'signed in' : `${found}, signed in`)

    expect((result.idToken !== undefined) === server.issuesIdToken, `id_token: ${typeof result.idToken}`)
    if (result.idToken !== undefined) {
      await step('verifyIdToken', () => ropc.verifyIdToken(result.idToken))
      await step('verifyIdToken of a forgery', () =>
        expectRefusal(server, () => ropc.verifyIdToken(forge(result.idToken))),
      )
      done.push('id_token verified')
    }
    if (result.account === undefined) done.push('no account, so nothing to refresh')
    else {
      const { account } = result
      const refresh = () => ropc.acquireTokenSilent({ account, scopes, forceRefresh: true })
      // Twice: what became of the refresh token shows at the second use only.
      for (const time of ['first', 'second']) {
        const { source, accessToken } = await step(`${time} refresh`, refresh)
        expect(source === 'refresh_token' && accessToken.length > 0, `the ${time} refresh came from ${source}`)
      }
      done.push('refreshed twice')
    }
    const wrong = { ...user, password: `${user.password}x`, scopes }
    done.push(`wrong password: ${await expectRefusal(server, () => ropc.acquireTokenByUsernamePassword(wrong))}`)
  })
  const { wrong } = proofs(how, client)
  if (wrong !== undefined) {
    await withClient(server, client, wrong, exchanges, async (ropc) => {
      const signIn = () => ropc.acquireTokenByUsernamePassword({ ...user, scopes })
      if (server.checksNoSecret) await step('sign-in with another secret', signIn)
      const outcome = server.checksNoSecret ? 'not looked at' : await expectRefusal(server, signIn)
      done.push(`${client.clientKey === undefined ? 'bad secret' : 'another key'}: ${outcome}`)
    })
  }
  return done.join(', ')
}

/** A way to prove itself that this server does not take, as a caller meets it who chose the wrong one. */
async function beRefused(server, how, client, exchanges) {
  const { user, scopes } = server
  const signIn = (ropc) => expectRefusal(server, () => ropc.acquireTokenByUsernamePassword({ ...user, scopes }))
  return `refused as expected: ${await withClient(server, client, proofs(how, client).right, exchanges, signIn)}`
}

/** What proves the client, and what looks like it but does not. */
function proofs(how, { clientSecret, clientKey }) {
  if (clientKey !== undefined) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const other = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const prove = (key) => privateKeyJwt({ key, keyId: clientKey.kid, algorithm: 'RS256' })
    return { right: prove(clientKey.pem), wrong: prove(other) }
  }
  if (clientSecret === undefined) return {}
  const encoding = how.startsWith('basic raw') ? 'raw' : 'rfc6749'
  const prove = how.startsWith('post') ? clientSecretPost : (secret) => clientSecretBasic(secret, { encoding })
  return { right: prove(clientSecret), wrong: prove('not-the-secret') }
}

async function withClient(server, { clientId, byHand }, clientAuthentication, exchanges, use) {
  const transport = createHttpsTransport()
  const recording = async (request, options) => {
    const response = await transport(request, options)
    exchanges.push({ request, response })
    return response
  }
  const { issuer: authority, tokenEndpoint, jwks: jwksUri, metadataUrl } = server
  const discovered = metadataUrl === undefined ? {} : { metadataUrl }
  const client = createRopcClient({
    clientId,
    authority,
    authorityKind: 'oidc',
    transport: recording,
    ...(byHand ? { tokenEndpoint, jwksUri } : discovered),
    ...(clientAuthentication === undefined ? {} : { clientAuthentication }),
  })
  try {
    return await use(client)
  } finally {
    await client.close()
    await transport.close()
  }
}

/** Names the step in the error of a row that has several. */
async function step(name, act) {
  try {
    return await act()
  } catch (error) {
    throw new Error(`${name}: ${error.code ?? error.name}: ${error.message}`)
  }
}

/** @returns The refusal in words. It must be a typed error that shows nobody's secret. */
async function expectRefusal({ user, authentications }, act) {
  const error = await act().then(
    () => undefined,
    (reason) => reason,
  )
  expect(error !== undefined, 'accepted')
  expect(isAuthError(error), `not one of our errors: ${error.name}: ${error.message}`)
  const shown = `${error.stack} ${JSON.stringify(error)}`
  const secrets = Object.values(authentications).map(({ clientSecret }) => clientSecret)
  const leaked = [user.password, ...secrets].some((secret) => secret?.length > 8 && shown.includes(secret))
  expect(!leaked, 'the error shows a secret')
  return error.error === undefined ? error.code : `${error.code} ${error.error}`
}

/** The same token with another subject. */
function forge(idToken) {
  const [header, payload, signature] = idToken.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'mallory' })).toString('base64url')
  return [header, forged, signature].join('.')
}
