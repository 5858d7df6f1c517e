import { fileURLToPath } from 'node:url'
import { npmPeersRoot } from '../install.js'
import { alice, clientSecret } from './identities.js'
import { answers, freePort, startServer } from './server-process.js'

/** npm oauth2-mock-server: lets everybody in. What it answers is looked at, not what it checks. */
export const oauth2MockServer = {
  name: 'oauth2-mock-server',
  npm: 'oauth2-mock-server',
  start,
}

async function start(_peer, folder) {
  const port = await freePort()
  const { pid, stop } = await startServer({
    name: 'oauth2-mock-server',
    command: process.execPath,
    args: [fileURLToPath(import.meta.resolve('./oauth2-mock-server.mjs'))],
    input: JSON.stringify({ password: alice.password, peers: npmPeersRoot, port }),
    folder,
    isReady: () => answers(`http://127.0.0.1:${port}/.well-known/openid-configuration`),
    timeoutMs: 20_000,
  })
  const metadata = await fetch(`http://127.0.0.1:${port}/.well-known/openid-configuration`)
  const { issuer, token_endpoint: tokenEndpoint, jwks_uri: jwks } = await metadata.json()
  return {
    pid,
    stop,
    issuer,
    tokenEndpoint,
    jwks,
    user: alice,
    scopes: ['openid', 'offline_access'],
    issuesIdToken: true,
    checksNoSecret: true,
    authentications: {
      public: { clientId: 'pub' },
      post: { clientId: 'conf', clientSecret },
      'basic raw': { clientId: 'conf', clientSecret },
      'basic rfc6749': { clientId: 'conf', clientSecret },
    },
    quirks: ['refresh changes the refresh_token'],
  }
}
