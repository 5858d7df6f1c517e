import { fileURLToPath } from 'node:url'
import { npmPeersRoot } from '../install.js'
import { alice, clientKey, clientSecret, createServerKey } from './identities.js'
import { answers, freePort, startServer } from './server-process.js'

/** npm oidc-provider: a certified provider; the password grant is registered by its user. */
export const oidcProvider = {
  name: 'oidc-provider',
  npm: 'oidc-provider',
  start,
}

async function start(_peer, folder) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const job = {
    ...alice,
    clientJwks: clientKey.jwks,
    clientSecret,
    issuer,
    peers: npmPeersRoot,
    port,
    serverJwk: createServerKey().jwk,
  }
  const { pid, stop } = await startServer({
    name: 'oidc-provider',
    command: process.execPath,
    args: [fileURLToPath(import.meta.resolve('./oidc-provider.mjs'))],
    input: JSON.stringify(job),
    folder,
    isReady: () => answers(`${issuer}/.well-known/openid-configuration`),
    timeoutMs: 20_000,
  })
  return {
    pid,
    stop,
    issuer,
    tokenEndpoint: `${issuer}/token`,
    jwks: `${issuer}/jwks`,
    user: alice,
    scopes: ['openid', 'offline_access', 'api.read'],
    issuesIdToken: true,
    authentications: {
      public: { clientId: 'pub' },
      post: { clientId: 'post', clientSecret },
      'basic raw': { clientId: 'conf', clientSecret, refused: 'wants the secret encoded, as RFC 6749 says' },
      'basic rfc6749': { clientId: 'conf', clientSecret },
      private_key_jwt: { clientId: 'signed', clientKey },
    },
    quirks: ['refresh changes the refresh_token'],
  }
}
