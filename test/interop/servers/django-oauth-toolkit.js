import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alice, clientSecret, createServerKey } from './identities.js'
import { answers, freePort, startServer } from './server-process.js'

/** django-oauth-toolkit: Python, sqlite. Plain OAuth 2 in the password grant, whatever scope is asked. */
export const djangoOauthToolkit = {
  name: 'django-oauth-toolkit',
  debian: ['python3-django-oauth-toolkit'],
  start,
}

async function start(_peer, folder) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}/o`
  const job = {
    ...alice,
    clientSecret,
    database: join(folder, 'django.db'),
    issuer,
    port,
    privateKey: createServerKey().privatePem,
    sessionKey: randomUUID(),
  }
  const { pid, stop } = await startServer({
    name: 'django-oauth-toolkit',
    command: '/usr/bin/python3',
    args: ['-I', '-W', 'ignore', fileURLToPath(import.meta.resolve('./django_oauth_toolkit.py'))],
    input: JSON.stringify(job),
    folder,
    isReady: () => answers(`${issuer}/.well-known/openid-configuration/`),
    timeoutMs: 30_000,
  })
  return {
    pid,
    stop,
    issuer,
    tokenEndpoint: `${issuer}/token/`,
    jwks: `${issuer}/.well-known/jwks.json`,
    user: alice,
    scopes: ['openid', 'offline_access', 'api.read'],
    issuesIdToken: false,
    metadataUrl: `${issuer}/.well-known/openid-configuration/`,
    authentications: {
      public: { clientId: 'pub' },
      post: { clientId: 'conf', clientSecret },
      'basic raw': { clientId: 'conf', clientSecret, refused: 'decodes the secret, as RFC 6749 says' },
      'basic rfc6749': { clientId: 'conf', clientSecret },
    },
    quirks: ['metadata only with a slash at the end', 'no id_token for scope openid'],
  }
}
