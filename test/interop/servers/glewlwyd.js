import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { run } from '../child.js'
import { alice, clientKey, clientSecret, createServerKey } from './identities.js'
import { answers, freePort, startServer } from './server-process.js'

/** glewlwyd: C, sqlite. Listens at once, and is then told everything over its own REST API. */
export const glewlwyd = {
  name: 'glewlwyd',
  debian: ['glewlwyd', 'sqlite3'],
  start,
}

async function start(_peer, folder) {
  const port = await freePort()
  const base = `http://127.0.0.1:${port}`
  const database = join(folder, 'glewlwyd.db')
  const schema = gunzipSync(readFileSync('/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz'))
  const { code, stderr } = await run('sqlite3', [database], { input: schema })
  if (code !== 0) throw new Error(`no database: ${stderr.trim().slice(0, 200)}`)
  const settings = join(folder, 'glewlwyd.conf')
  writeFileSync(settings, configuration(base, port, database))

  const { pid, stop } = await startServer({
    name: 'glewlwyd',
    command: 'glewlwyd',
    args: ['-c', settings],
    folder,
    isReady: () => answers(`${base}/config`),
    timeoutMs: 15_000,
  })
  try {
    await configure(base)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    pid,
    stop,
    issuer: `${base}/api/oidc`,
    tokenEndpoint: `${base}/api/oidc/token`,
    jwks: `${base}/api/oidc/jwks`,
    user: alice,
    scopes: ['openid', 'offline_access'],
    issuesIdToken: true,
    authentications: {
      public: { clientId: 'pub', refused: 'only confidential clients get tokens by password' },
      post: { clientId: 'conf', clientSecret },
      'basic raw': { clientId: 'conf', clientSecret },
      'basic rfc6749': { clientId: 'conf', clientSecret, refused: 'takes the encoded secret literally' },
      private_key_jwt: { clientId: 'signed', clientKey },
    },
    quirks: [
      'metadata without the password grant',
      'error with an empty body',
      'token_type in lower case',
      'refresh keeps the refresh_token',
    ],
  }
}

const configuration = (base, port, database) => `port=${port}
bind_address="127.0.0.1"
external_url="${base}"
login_url="login.html"
api_prefix="api"
log_mode="console"
log_level="WARNING"
cookie_secure=0
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = { type = "sqlite3"; path = "${database}"; };
`

/** As an administrator would: the plugin, scopes, a user and clients, with the password every new installation has. */
async function configure(base) {
  const signIn = await send(base, 'auth', { username: 'admin', password: 'password' })
  const cookie = signIn.headers.getSetCookie()[0].split(';')[0]
  const create = (path, value) => send(base, path, value, { cookie })

  await create('mod/plugin/', plugin(`${base}/api/oidc`))
  for (const name of ['email', 'offline_access']) {
    await create('scope/', { name, display_name: name, password_required: true, password_max_age: 0, scheme: {} })
  }
  const scope = ['g_profile', 'openid', 'email', 'offline_access']
  await create('user/', { ...alice, name: 'Alice', email: 'alice@example.test', enabled: true, scope })
  const client = { enabled: true, scope: [], redirect_uri: ['http://127.0.0.1/cb'] }
  const authorization_type = ['password', 'refresh_token', 'client_credentials']
  await create('client/', {
    ...client,
    client_id: 'pub',
    name: 'pub',
    confidential: false,
    authorization_type: ['password', 'refresh_token', 'code'],
    token_endpoint_auth_method: ['none'],
  })
  await create('client/', {
    ...client,
    client_id: 'conf',
    name: 'conf',
    confidential: true,
    client_secret: clientSecret,
    authorization_type,
    token_endpoint_auth_method: ['client_secret_basic', 'client_secret_post'],
  })
  await create('client/', {
    ...client,
    client_id: 'signed',
    name: 'signed',
    confidential: true,
    client_secret: '',
    pubkey: clientKey.publicPem,
    authorization_type,
    token_endpoint_auth_method: ['private_key_jwt'],
  })
}

async function send(base, path, value, headers = {}) {
  const response = await fetch(`${base}/api/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
    signal: AbortSignal.timeout(10_000),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`glewlwyd answered ${response.status} to ${path}: ${text.slice(0, 200)}`)
  return response
}

function plugin(iss) {
  const { privatePem, publicPem } = createServerKey()
  const parameters = {
    iss,
    'jwt-type': 'rsa',
    'jwt-key-size': '256',
    key: privatePem,
    cert: publicPem,
    'access-token-duration': 3600,
    'refresh-token-duration': 86_400,
    'code-duration': 600,
    'refresh-token-rolling': true,
    'refresh-token-one-use': 'never',
    'allow-non-oidc': true,
    'auth-type-code-enabled': true,
    'auth-type-token-enabled': true,
    'auth-type-id-token-enabled': true,
    'auth-type-implicit-enabled': true,
    'auth-type-password-enabled': true,
    'auth-type-client-enabled': true,
    'auth-type-refresh-enabled': true,
    'request-parameter-allow': true,
    'request-uri-allow-https-non-secure': false,
    'client-pubkey-parameter': 'pubkey',
    'client-jwks-parameter': 'jwks',
    'jwks-show': true,
    'subject-type': 'public',
    'allowed-scope': ['openid', 'email', 'offline_access'],
    'email-claim': 'on-demand',
    'email-claim-scope': ['email'],
    'name-claim': 'on-demand',
    'name-claim-scope': [],
    'scope-claim': 'no',
  }
  return { module: 'oidc', name: 'oidc', display_name: 'OIDC', enabled: true, parameters }
}
