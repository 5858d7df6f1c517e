import { type Advice, advice } from './advice.ts'

const unauthorizedClient = advice(
  'client_registration',
  '',
  'the client is unknown here, or may not use this grant',
  'Check the client id and the tenant of the authority, and allow the password grant in the registration of the client (Entra: Authentication > Settings > Allow public client flows = Yes).',
)

/**
 * By the `error` of an OAuth 2.0 error response.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 RFC 6749 §5.2},
 * {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthError OpenID Connect Core §3.1.2.6},
 * {@link https://learn.microsoft.com/entra/identity-platform/reference-error-codes Entra error codes}
 */
export const oauthErrors: Readonly<Record<string, Advice>> = {
  invalid_request: advice(
    'request',
    '',
    'the server finds the request malformed, or misses a parameter',
    'Check the authority (no "common" or "consumers" for this grant), the client id, the scopes, and whatever changes requests on their way. The description names the parameter.',
  ),
  invalid_grant: advice(
    'credential',
    '',
    'the user name, the password, the assertion or the refresh token was refused',
    'It was tried once. The numbers and the suberror beside it say why: a wrong password, an expired token, or multifactor authentication, which this grant can never do (use device code or interactive sign-in).',
  ),
  unauthorized_client: unauthorizedClient,
  invalid_client: advice(
    'client_registration',
    '',
    'the client must authenticate, or did so wrongly',
    'A confidential client passes its secret or certificate as clientAuthentication. A public client passes none, and in Entra needs Authentication > Settings > Allow public client flows = Yes.',
  ),
  unsupported_grant_type: advice(
    'request',
    '',
    'the server does not offer this grant',
    'Enable the password grant on the server (B2C: a ROPC user flow; AD FS 2016 or later), check that the authority is the right one, or use device code or interactive sign-in.',
  ),
  invalid_resource: advice(
    'request',
    '',
    'the server knows no such resource',
    'Check the scopes: the application id URI of an API that exists in this tenant or, with AD FS, the identifier of a registered relying party or web API as resource.',
  ),
  invalid_scope: advice(
    'request',
    '',
    'a scope is malformed or unknown to the server',
    'Check the spelling: {application id URI}/{scope}, one resource per call, separate texts in the array of scopes.',
  ),
  interaction_required: advice(
    'interaction_required',
    '',
    'the server wants a further step from the user',
    'This grant can never do that. Sign this user in with device code or interactively (authorization code with PKCE).',
  ),
  access_denied: advice(
    'credential',
    '',
    'access was denied',
    'B2C says this of a wrong user name or password, AD FS of a client without permission for the resource (Grant-AdfsApplicationPermission): the code in the description tells which. It was tried once.',
  ),
  temporarily_unavailable: advice(
    'transient',
    '',
    'the service is busy or down for maintenance',
    'Try again later, with a growing pause between attempts.',
  ),
  server_error: advice(
    'transient',
    '',
    'the server failed while it processed the request',
    'Try again later. If it stays, the log of the server (AD FS: event log AD FS/Admin) has the cause under the correlation id.',
  ),
}

const tokenSpent = 'The refresh token can no longer be used: sign in with user name and password again.'

/**
 * By the `suberror` that Entra adds to an OAuth error.
 *
 * @see {@link https://learn.microsoft.com/entra/msal/dotnet/advanced/exceptions/msal-error-handling MSAL error handling}
 */
export const suberrors: Readonly<Record<string, Advice>> = {
  basic_action: advice(
    'interaction_required',
    '',
    'the user must do a step that only an interactive sign-in has, such as multifactor authentication',
    'This grant can never do that. Sign this user in with device code or interactively (authorization code with PKCE), or have an administrator exclude the account from the policy.',
  ),
  additional_action: advice(
    'interaction_required',
    '',
    'something outside the sign-in is missing, such as a VPN, a network or a managed device',
    'This grant cannot prove a network or device. Show the message to the user, and sign in with device code or interactively from where the policy allows it.',
  ),
  message_only: advice(
    'tenant_policy',
    '',
    'a policy blocks this sign-in, and an interactive one would only show the reason',
    'Do not repeat the call. An administrator finds the policy in the Entra admin center: Sign-in logs > {this sign-in} > Conditional Access.',
  ),
  consent_required: advice(
    'consent',
    '',
    'consent to the scopes is missing or was revoked',
    'Grant it in the Entra admin center (App registrations > {application} > API permissions > Grant admin consent), or let the user sign in interactively once.',
  ),
  user_password_expired: advice(
    'account_state',
    '',
    'the password of the user has expired',
    'This grant cannot change it: the user changes it in a browser (https://aka.ms/sspr) or in Active Directory, then signs in again.',
  ),
  bad_token: advice('credential', '', 'the refresh token is not usable', tokenSpent, 'observed'),
  token_expired: advice(
    'credential',
    '',
    'the refresh token has expired or was not used for too long',
    tokenSpent,
    'observed',
  ),
  protection_policy_required: advice(
    'tenant_policy',
    '',
    'the resource demands an app protection policy (Intune MAM)',
    'Only an application with a broker (Company Portal, Authenticator) on a phone can satisfy it; this grant never can. Have an administrator exclude the account or the application.',
    'observed',
  ),
  client_mismatch: advice(
    'credential',
    '',
    'the family refresh token may not be used by this client',
    'Sign in with user name and password, so that this client gets a refresh token of its own.',
    'observed',
  ),
  device_authentication_failed: advice(
    'interaction_required',
    '',
    'the device did not authenticate',
    'This grant has no device to show. Sign in through a broker or a browser on a registered device, or have an administrator exclude the account from the policy.',
    'observed',
  ),
  unauthorized_client: unauthorizedClient,
  device_needs_registration: advice(
    'interaction_required',
    '',
    'the device must be registered with Entra first',
    'This grant cannot register a device. Register it (Settings > Accounts > Access work or school) and sign in through a broker, or have an administrator exclude the account from the policy.',
    'reported',
  ),
  application_disabled: advice(
    'client_registration',
    '',
    'the application is disabled',
    'Enable it in the Entra admin center: Enterprise applications > {application} > Properties > Enabled for users to sign-in = Yes.',
    'reported',
  ),
}
