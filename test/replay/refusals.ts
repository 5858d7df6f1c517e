import { clientSecretPost } from '../../src/protocol/client-authentication.ts'
import { demoWorld } from '../../src/simulator/world.ts'
import { customer, dora, federated, fred, managed, olga, wrong } from './people.ts'
import type { Scenario } from './scenario.ts'

const error = 'RFC 6749 §5.2'
const fault = 'SOAP 1.2 §5.4, WS-Trust 1.3 §11'
const numbers = 'RFC 6749 §5.2; Entra, AADSTS error codes'
const world = demoWorld()

/** What servers refuse that keep to the protocols. */
export const refusals: readonly Scenario[] = [
  {
    name: 'wrong-password',
    title: 'Entra refuses the password (50126): ask the user again, do not send it again',
    clause: numbers,
    user: wrong(managed('ada')),
  },
  {
    name: 'wrong-password-twice',
    title: 'The same wrong password again is not sent again: a loop would lock the account',
    clause: error,
    user: wrong(managed('ada')),
    async calls({ call, signIn }) {
      await call(signIn)
      await call(signIn)
    },
  },
  refused('locked', 'The account is locked after too many attempts (50053): wait', 'locked'),
  refused('disabled', 'The account is disabled (50057)', 'disabled'),
  refused('expired-password', 'The password has expired (50055): the user must change it in a browser', 'expired'),
  refused('unknown-user', 'The tenant has no such user (50034)', 'nobody'),
  refused('mfa-required', 'A second factor is needed (50076): go on in a browser or with a device code', 'mfa'),
  refused('mfa-enrolment', 'The user has to register a second factor first (50079)', 'enroll'),
  refused('conditional-access', 'A Conditional Access policy blocks the sign-in (53003)', 'policy'),
  refused('device-not-compliant', 'The device has to be managed (53000)', 'aadsts53000'),
  refused('no-consent', 'Nobody has consented to the application (65001)', 'noconsent'),
  refused('claims-challenge', 'Refused with a claims challenge (50158): pass its claims on', 'challenge'),
  refused('user-not-in-tenant', 'The user is of another identity provider, and no guest (50020)', 'aadsts50020'),
  refused('not-assigned', 'The user is not assigned to the application (50105)', 'aadsts50105'),
  {
    name: 'unknown-client',
    title: 'The tenant has no application of this id (700016)',
    clause: numbers,
    clientId: 'ffffffff-1111-4222-8333-444444444444',
  },
  {
    name: 'secret-required',
    title: 'The application is registered as a confidential client, and sent no secret (7000218)',
    clause: numbers,
    clientId: '1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8',
  },
  {
    name: 'wrong-client-secret',
    title: 'The secret of the client is wrong (7000215)',
    clause: numbers,
    clientId: '1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8',
    proof: { method: 'clientSecretPost', make: () => clientSecretPost('not the secret') },
  },
  {
    name: 'expired-client-secret',
    title: 'The secret of the client has expired (7000222)',
    clause: numbers,
    clientId: '2b3c4d5e-6f70-4819-a2a3-b4c5d6e7f809',
    proof: { method: 'clientSecretPost', make: () => clientSecretPost('l4st ye4r') },
  },
  {
    name: 'unknown-scope',
    title: 'The API has no such permission (650053)',
    clause: error,
    scopes: ['https://graph.microsoft.com/No.Such'],
  },
  {
    name: 'unknown-api',
    title: 'The tenant has no such API (500011)',
    clause: numbers,
    scopes: ['api://nowhere/read'],
  },
  {
    name: 'unknown-tenant',
    title: 'There is no such tenant (90002)',
    clause: numbers,
    authority: 'https://login.microsoftonline.com/nowhere.example',
  },
  {
    name: 'unknown-domain',
    title: 'Entra does not know the domain of the user: no password is sent',
    clause: 'Entra, user realm discovery',
    user: { username: 'ada@nowhere.example', password: 'whatever' },
  },
  {
    name: 'unknown-domain-tried',
    title: 'As unknown-domain, with the option unknownRealm: the token endpoint is asked all the same',
    clause: 'Entra, user realm discovery',
    user: { username: 'ada@nowhere.example', password: 'whatever' },
    options: { unknownRealm: 'managed' },
    world: { world: { tenants: world.tenants.map((tenant) => ({ ...tenant, displayName: 'Organization 1' })) } },
  },
  {
    name: 'consumer-account',
    title: 'A personal Microsoft account: it cannot sign in with a password here, and none is sent',
    clause: 'Entra, user realm discovery',
    user: { username: 'ada@outlook.example', password: 'whatever' },
  },
  {
    name: 'refresh-revoked',
    title: 'The refresh token was revoked (50173): the user has to sign in again',
    clause: 'RFC 6749 §6',
    async calls({ call, signIn, advance, simulator, user }) {
      await call(signIn)
      simulator.revokeSessions(user.username)
      advance(4_000)
      await call({
        operation: 'acquireTokenSilent',
        request: { account: { username: user.username }, scopes: ['User.Read'] },
      })
    },
  },
  {
    name: 'device-code-declined',
    title: 'The user says no in the browser',
    clause: 'RFC 8628 §3.5',
    calls: ({ call, signIn, simulator }) =>
      call(
        { operation: 'acquireTokenByDeviceCode', request: { scopes: signIn.request['scopes'] } },
        { onUserCode: ({ userCode }) => simulator.declineDevice(userCode) },
      ),
  },
  {
    name: 'federated-wrong-password',
    title: 'AD FS refuses the password, by WS-Trust 1.3, with status 500 and a SOAP fault',
    clause: fault,
    user: wrong(fred),
  },
  {
    name: 'federated-wrong-password-2005',
    title: 'As federated-wrong-password, by WS-Trust 2005',
    clause: 'SOAP 1.2 §5.4, WS-Trust February 2005 §7',
    user: wrong(fred),
    world: { world: { farm: { ...world.farm, offer: ['2005'] } } },
  },
  {
    name: 'federated-access-denied',
    title: 'The access control policy of the farm denies the user (MSIS7068)',
    clause: fault,
    user: federated('blocked'),
  },
  {
    name: 'federated-message-expired',
    title: 'The farm says that the message has expired',
    clause: 'SOAP 1.2 §5.4, WSS 1.1.1 §12',
    user: federated('messageexpired'),
  },
  {
    name: 'federated-clock-skew',
    title: 'The clock of the farm is an hour ahead of this machine: set the clock',
    clause: 'WSS 1.1.1 §10',
    user: fred,
    world: { inject: [{ route: 'wstrust', fault: { type: 'clock-skew', seconds: 3_600 } }] },
  },
  {
    name: 'federated-unknown-relying-party',
    title: 'The farm knows no relying party of this name',
    clause: fault,
    user: fred,
    calls: ({ call, user }) =>
      call({ operation: 'acquireSamlAssertion', request: { username: user.username, appliesTo: 'urn:nobody' } }),
  },
  {
    name: 'federated-mfa-required',
    title: 'AD FS accepts the password, and Entra wants a second factor',
    clause: numbers,
    user: federated('mfa'),
  },
  {
    name: 'federated-without-immutable-id',
    title: 'Entra does not find the user of the assertion, which lacks the ImmutableID (90020)',
    clause: numbers,
    user: federated('orphan'),
  },
  {
    name: 'adfs-wrong-password',
    title: 'AD FS as the authority refuses the password',
    clause: error,
    side: 'adfs',
    user: wrong(fred),
  },
  {
    name: 'adfs-no-permission',
    title: 'The client may not call this API of the farm (MSIS9605)',
    clause: error,
    side: 'adfs',
    user: fred,
    clientId: '8c9d0e1f-2a3b-4c4d-ae5f-6a7b8c9d0e1f',
  },
  {
    name: 'b2c-wrong-password',
    title: 'Azure AD B2C refuses the password (AADB2C90225)',
    clause: error,
    side: 'b2c',
    user: wrong(customer('carla')),
  },
  {
    name: 'b2c-locked',
    title: 'The account is locked at Azure AD B2C (AADB2C90111)',
    clause: error,
    side: 'b2c',
    user: customer('cleo'),
  },
  {
    name: 'b2c-not-enabled',
    title: 'The application may not use this flow at Azure AD B2C (AADB2C90224)',
    clause: error,
    side: 'b2c',
    user: customer('carla'),
    clientId: 'bd0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2c',
  },
  {
    name: 'ciam-wrong-password',
    title: 'Entra External ID refuses the password',
    clause: error,
    side: 'ciam',
    user: wrong(dora),
  },
  {
    name: 'oidc-wrong-password',
    title: 'Another OpenID provider refuses the password',
    clause: error,
    side: 'oidc',
    user: wrong(olga),
  },
]

function refused(name: string, title: string, user: string): Scenario {
  return { name, title, clause: numbers, user: managed(user) }
}
