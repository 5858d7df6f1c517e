import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed } from '../install.js'
import { unpackArtifact } from '../maven.js'
import { alice, clientKey, clientSecret } from './identities.js'
import { answers, freePort, startServer } from './server-process.js'

const version = '26.7.5'
const folderOfAll = `${installed}keycloak`
const home = join(folderOfAll, `keycloak-${version}`)

/** Keycloak: Java, from its Quarkus distribution. The first start after an installation builds it anew: a minute. */
export const keycloak = {
  name: 'Keycloak',
  install,
  start,
}

async function install() {
  const missing = await unpackArtifact(`org.keycloak:keycloak-quarkus-dist:${version}:zip`, folderOfAll)
  return missing === undefined ? { version } : { missing }
}

async function start(_peer, folder) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}/realms/interop`
  const imports = join(home, 'data', 'import')
  rmSync(join(home, 'data'), { recursive: true, force: true })
  mkdirSync(imports, { recursive: true })
  writeFileSync(join(imports, 'interop-realm.json'), JSON.stringify(realm()))

  const { pid, stop } = await startServer({
    name: 'keycloak',
    command: 'bash',
    args: [
      join(home, 'bin', 'kc.sh'),
      'start-dev',
      '--db=dev-mem',
      '--http-host=127.0.0.1',
      `--http-port=${port}`,
      '--import-realm',
    ],
    // Half of what it takes by default does for one user.
    env: { JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m' },
    folder,
    isReady: () => answers(`${issuer}/.well-known/openid-configuration`),
    timeoutMs: 180_000,
  })
  return {
    pid,
    stop,
    issuer,
    tokenEndpoint: `${issuer}/protocol/openid-connect/token`,
    jwks: `${issuer}/protocol/openid-connect/certs`,
    user: alice,
    scopes: ['openid', 'offline_access'],
    issuesIdToken: true,
    authentications: {
      public: { clientId: 'pub' },
      post: { clientId: 'conf', clientSecret },
      'basic raw': { clientId: 'conf', clientSecret, refused: 'wants the secret encoded, as RFC 6749 says' },
      'basic rfc6749': { clientId: 'conf', clientSecret },
      private_key_jwt: { clientId: 'signed', clientKey },
    },
    quirks: ['encryption key in the JWKS', 'sub is not the name typed', 'invalid_client called unauthorized_client'],
  }
}

function realm() {
  const { username, password } = alice
  const client = { directAccessGrantsEnabled: true, standardFlowEnabled: false }
  return {
    realm: 'interop',
    enabled: true,
    sslRequired: 'none',
    roles: { realm: [{ name: 'offline_access' }] },
    users: [
      {
        username,
        enabled: true,
        // Without a name and a confirmed address, the account counts as not fully set up, and gets no token.
        email: 'alice@example.test',
        emailVerified: true,
        firstName: 'Alice',
        lastName: 'Example',
        realmRoles: ['offline_access'],
        credentials: [{ type: 'password', value: password }],
      },
    ],
    clients: [
      { ...client, clientId: 'pub', publicClient: true },
      { ...client, clientId: 'conf', secret: clientSecret, clientAuthenticatorType: 'client-secret' },
      {
        ...client,
        clientId: 'signed',
        clientAuthenticatorType: 'client-jwt',
        attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify(clientKey.jwks) },
      },
    ],
  }
}
