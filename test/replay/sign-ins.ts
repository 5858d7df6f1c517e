import { createPublicKey } from 'node:crypto'
import { publishedPrivateJwk } from '../../src/cassette/published-key.ts'
import { clientSecretBasic, clientSecretPost, privateKeyJwt } from '../../src/protocol/client-authentication.ts'
import { challenge } from '../../src/simulator/entra-faults.ts'
import { chinaAudience, demoWorld } from '../../src/simulator/world.ts'
import { ada, customer, dora, federated, fred, grace, managed, olga } from './people.ts'
import type { Scenario } from './scenario.ts'

const rfc6749 = 'RFC 6749 §4.3'
const rfc7522 = 'RFC 7522 §2.1'
const world = demoWorld()
const service = '1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8'

/** A client that proves itself with a key: the published one, as that of a replay is. */
const withKey = '3c4d5e6f-7081-492a-83b4-c5d6e7f8091a'
const publicKey = createPublicKey({ key: { ...publishedPrivateJwk }, format: 'jwk' })
  .export({ type: 'spki', format: 'pem' })
  .toString()

/** Sign-ins that end with a token, or with what was asked for. */
export const signIns: readonly Scenario[] = [
  { name: 'managed', title: 'The password goes to Entra, which answers with tokens', clause: rfc6749 },
  {
    name: 'organizations',
    title: 'As managed, at the authority "organizations": the tokens name the tenant',
    clause: rfc6749,
    authority: 'https://login.microsoftonline.com/organizations',
  },
  {
    name: 'guest',
    title: 'A user of another tenant signs in as a guest of this one',
    clause: rfc6749,
    user: grace,
  },
  {
    name: 'no-refresh-token',
    title: 'Without offline_access there is no refresh token, and so nothing to renew a token with',
    clause: 'OpenID Connect Core §11',
    options: { offlineAccess: false },
    async calls({ call, signIn, user }) {
      await call(signIn)
      const { operation, request } = silent(user.username)
      await call({ operation, request: { ...request, forceRefresh: true } })
    },
  },
  {
    name: 'claims-capable',
    title: 'A client that can handle claims challenges (cp1) gets a token that lives for 28 hours',
    clause: 'OpenID Connect Core §5.5',
    options: { clientCapabilities: ['cp1'] },
  },
  {
    name: 'claims-challenge-answered',
    title: 'Refused with a claims challenge, then let in with its claims',
    clause: 'OpenID Connect Core §5.5',
    user: managed('challenge'),
    async calls({ call, signIn }) {
      await call(signIn)
      await call({ ...signIn, request: { ...signIn.request, claims: JSON.stringify(challenge) } })
    },
  },
  {
    name: 'client-secret',
    title: 'A confidential client sends its secret in the form',
    clause: 'RFC 6749 §2.3.1',
    clientId: service,
    proof: { method: 'clientSecretPost', make: () => clientSecretPost('s3cr:et%/+') },
  },
  {
    name: 'client-certificate',
    title: 'A confidential client proves itself with a signed assertion',
    clause: 'RFC 7523 §3',
    clientId: withKey,
    proof: { method: 'privateKeyJwt', make: () => privateKeyJwt({ key: { ...publishedPrivateJwk } }) },
    world: {
      world: {
        apps: [
          {
            clientId: withKey,
            displayName: 'Service with a key',
            tenantId: world.tenants[0]?.id ?? '',
            multiTenant: false,
            certificates: [publicKey],
          },
        ],
      },
    },
  },
  {
    name: 'silent-from-cache',
    title: 'A password, then the same token from the cache, without a request',
    clause: 'RFC 6749 §5.1',
    async calls({ call, signIn, user }) {
      await call(signIn)
      await call(silent(user.username))
    },
  },
  {
    name: 'refresh',
    title: 'A password, then, once the token has expired, another one for the refresh token',
    clause: 'RFC 6749 §6',
    async calls({ call, signIn, advance, user }) {
      await call(signIn)
      advance(4_000)
      await call(silent(user.username))
    },
  },
  {
    name: 'refresh-for-another-api',
    title: 'The refresh token of one API gets a token for another',
    clause: 'RFC 6749 §6',
    async calls({ call, signIn, user }) {
      await call(signIn)
      await call(silent(user.username, ['https://management.azure.com/user_impersonation']))
    },
  },
  {
    name: 'acquire-token-callback',
    title: 'acquireToken asks for a password once; the second call finds its answer in the cache',
    clause: rfc6749,
    async calls({ call, signIn }) {
      await call({ ...signIn, operation: 'acquireToken' })
      await call({ ...signIn, operation: 'acquireToken' })
    },
  },
  deviceCode(),
  {
    name: 'two-users-at-once',
    title: 'Two users sign in while neither has an answer yet: the exchanges of both are in one cassette',
    clause: rfc6749,
    async calls({ call, signIn }) {
      const { scopes } = signIn.request
      await call([signIn, { ...signIn, request: { username: grace.username, scopes }, together: true }])
    },
  },
  {
    name: 'discover-managed',
    title: 'Where the password of a managed user would go, without a password',
    clause: 'Entra, user realm discovery',
    calls: ({ call, user }) => call({ operation: 'discover', request: { username: user.username } }),
  },
  {
    name: 'federated',
    title: 'The password goes to AD FS by WS-Trust 1.3; Entra takes its SAML 1.1 assertion',
    clause: `WS-Trust 1.3 §4, ${rfc7522}`,
    user: fred,
  },
  {
    name: 'federated-2005',
    title: 'As federated, at a farm that has WS-Trust 2005 only',
    clause: `WS-Trust February 2005 §4, ${rfc7522}`,
    user: fred,
    world: { world: { farm: { ...world.farm, offer: ['2005'] } } },
  },
  {
    name: 'federated-saml2',
    title: 'As federated, with a SAML 2.0 assertion',
    clause: `SAML 2.0 Core §2.3.3, ${rfc7522}`,
    user: federated('saml2'),
  },
  {
    name: 'federated-refresh',
    title: 'A federated user again, with the refresh token: AD FS is not asked',
    clause: 'RFC 6749 §6',
    user: fred,
    async calls({ call, signIn, advance, user }) {
      await call(signIn)
      advance(4_000)
      await call(silent(user.username))
    },
  },
  {
    name: 'federated-china',
    title: 'As federated, in the cloud of 21Vianet: the assertion is for another audience',
    clause: `WS-Trust 1.3 §4, ${rfc7522}`,
    user: fred,
    world: { entraHost: 'login.partner.microsoftonline.cn' },
    scopes: ['https://graph.microsoft.com/User.Read'],
    options: { cloudAudience: chinaAudience },
  },
  {
    name: 'discover-federated',
    title: 'Where the password of a federated user would go, without a password',
    clause: 'Entra, user realm discovery; WS-MetadataExchange',
    user: fred,
    calls: ({ call, user }) => call({ operation: 'discover', request: { username: user.username } }),
  },
  {
    name: 'saml-assertion',
    title: 'An assertion for a relying party of the farm, without Entra',
    clause: 'WS-Trust 1.3 §4',
    user: fred,
    calls: ({ call, user }) =>
      call({
        operation: 'acquireSamlAssertion',
        request: { username: user.username, appliesTo: 'urn:simulator:relying-party' },
      }),
  },
  {
    name: 'adfs',
    title: 'AD FS 2019 as the authority: the password goes to its own token endpoint',
    clause: rfc6749,
    side: 'adfs',
    user: fred,
  },
  {
    name: 'adfs-2016',
    title: 'AD FS 2016 as the authority: `resource` names the API',
    clause: rfc6749,
    side: 'adfs',
    user: fred,
    world: { world: { farm: { ...world.farm, level: '2016' } } },
    scopes: ['openid'],
    calls: ({ call, signIn }) =>
      call({ ...signIn, request: { ...signIn.request, resource: 'https://api.contoso.example' } }),
  },
  {
    name: 'b2c',
    title: 'Azure AD B2C, by the policy that takes passwords',
    clause: rfc6749,
    side: 'b2c',
    user: customer('carla'),
  },
  {
    name: 'b2c-refresh',
    title: 'Azure AD B2C, then another token for the refresh token',
    clause: 'RFC 6749 §6',
    side: 'b2c',
    user: customer('carla'),
    async calls({ call, signIn, advance, user }) {
      await call(signIn)
      advance(4_000)
      await call(silent(user.username, ['https://customers.contoso.example/api/read']))
    },
  },
  {
    name: 'b2c-without-api',
    title: 'Azure AD B2C asked for no API: an ID token and no access token',
    clause: 'OpenID Connect Core §3.1.3.3',
    side: 'b2c',
    user: customer('carla'),
    scopes: ['openid'],
  },
  { name: 'ciam', title: 'Entra External ID', clause: rfc6749, side: 'ciam', user: dora },
  {
    name: 'oidc',
    title: 'Another OpenID provider that has the password grant',
    clause: rfc6749,
    side: 'oidc',
    user: olga,
  },
  {
    name: 'oidc-secret-basic',
    title: 'As oidc, with a client secret in the Authorization header',
    clause: 'RFC 6749 §2.3.1',
    side: 'oidc',
    user: olga,
    clientId: 'demo-basic',
    proof: { method: 'clientSecretBasic', make: () => clientSecretBasic('p%3Aq:r+s/t u') },
  },
]

/** The user comes back from the browser after the program has asked once in vain. */
function deviceCode(): Scenario {
  let userCode = ''
  let asked = 0
  return {
    name: 'device-code',
    title: 'The user signs in in a browser, with the code that the program shows; the program asks twice',
    clause: 'RFC 8628 §3',
    between: (simulator) => (request, options) => {
      if (request.url.endsWith('/token') && ++asked === 2) {
        simulator.approveDevice(userCode, ada.username)
      }
      return simulator.send(request, options)
    },
    calls: ({ call, signIn }) =>
      call(
        { operation: 'acquireTokenByDeviceCode', request: { scopes: signIn.request['scopes'] } },
        {
          onUserCode: (notice) => {
            userCode = notice.userCode
            asked = 0
          },
        },
      ),
  }
}

function silent(
  username: string,
  scopes: readonly string[] = ['User.Read'],
): {
  operation: string
  request: Readonly<Record<string, unknown>>
} {
  return { operation: 'acquireTokenSilent', request: { account: { username }, scopes } }
}
