/** One refusal of the token endpoint; `{name}` in the text is filled in. */
export interface EntraFault {
  readonly error: string
  /** Default 400. */
  readonly status?: number
  readonly suberror?: string
  readonly claims?: string
  readonly text: string
}

const mfa = 'Due to a configuration change made by your administrator, or because you moved to a new location, you must'
const blockingPolicy =
  '{"access_token":{"capolids":{"essential":true,"values":["b0a1c2d3-e4f5-4061-8273-94a5b6c7d8e9"]}}}'

/** What a challenged user must pass back as `claims`. */
export const challenge = {
  access_token: { capolids: { essential: true, values: ['c1b2a3d4-e5f6-4071-8293-a4b5c6d7e8f9'] } },
} as const

function faults(form: Omit<EntraFault, 'text'>, texts: Readonly<Record<number, string>>): [number, EntraFault][] {
  return Object.entries(texts).map(([number, text]) => [Number(number), { ...form, text }])
}

const passwordChanges = Object.fromEntries(
  Array.from({ length: 22 }, (_, index) => [120_000 + index, 'The password could not be changed.']),
)

/**
 * The refusals the simulator knows, by AADSTS number: those with the same members on the wire together. Nobody publishes
 * what comes with each number; where it is not known, it is what comes with its neighbours.
 *
 * @see {@link https://learn.microsoft.com/entra/identity-platform/reference-error-codes Microsoft's list}
 */
export const entraFaults: ReadonlyMap<number, EntraFault> = new Map([
  // User name, password, account
  ...faults(
    { error: 'invalid_grant' },
    {
      50014: 'The invitation of the guest user was not accepted yet.',
      50020:
        'The user account {EUII Hidden} of another identity provider does not exist in the {tenant} directory and cannot access the application. The account must be added as an external user first.',
      50034:
        'The user account {EUII Hidden} does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory.',
      50053: "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
      50056: 'The directory holds no password for this user.',
      50057: 'The user account is disabled.',
      50064: 'The credential could not be validated.',
      50085: 'The refresh token needs a sign-in at the social identity provider.',
      50105: "The user {EUII Hidden} is not assigned to a role for the application '{client}' ({app}).",
      50126: 'Error validating credentials due to invalid username or password.',
      50177: "The user account is of another tenant, and a policy on '{resource}' wants an external challenge of it.",
      50178: "The user account is of another tenant, and a policy on '{resource}' wants session control of it.",
      50196: 'The same request came too often within a short time. The client is in a loop.',
      50197: 'The user could not be told apart from another one.',
      51004:
        'The user account {EUII Hidden} does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory.',
      90072: 'The external user account does not exist in the {tenant} directory.',
      500021: 'The tenant restrictions of the network do not list the tenant {tenant}.',
      500022: 'The tenant restrictions of the network do not list the tenant {tenant}.',
      500212: "The outbound policy of the user's tenant does not allow access to the tenant {tenant}.",
      500213: 'The inbound policy of the tenant {tenant} does not allow access to users of another tenant.',
      ...passwordChanges,
    },
  ),
  ...faults(
    { error: 'invalid_grant', suberror: 'user_password_expired' },
    {
      50055: 'The password is expired.',
      50144: "The user's Active Directory password has expired.",
    },
  ),

  // Multifactor authentication, device, policy
  ...faults(
    { error: 'invalid_grant', suberror: 'basic_action' },
    {
      50072: `${mfa} enroll in multi-factor authentication to access '{resource}'.`,
      50074: "Strong authentication is required to access '{resource}'.",
      50076: `${mfa} use multi-factor authentication to access '{resource}'.`,
      50078: "The multi-factor authentication has expired. It must be renewed to access '{resource}'.",
      50079: `${mfa} enroll in multi-factor authentication to access '{resource}'.`,
      50088: 'No more telephone calls can be made for multi-factor authentication at the moment.',
      50125: 'The user must register for password reset first.',
      50135: 'The password must be changed, since the account is at risk.',
      50161: 'The external claims provider sent less than was asked for.',
      50166: 'The request to the external claims provider failed.',
      50170: 'The external control is not set up.',
      53004: 'The user must register for multi-factor authentication and cannot, due to a risk.',
    },
  ),
  ...faults(
    { error: 'interaction_required' },
    {
      50058: 'A silent sign-in was asked for, and no user is signed in.',
      50097: "Device authentication is required to access '{resource}'.",
      50129: 'The device is not workplace joined. It must be, for the device to be registered.',
      50187: 'The device did not authenticate: no information about it was sent.',
      70044: 'The session has expired by the sign-in frequency of a policy.',
      700003: 'The device object was not found in the {tenant} directory.',
    },
  ),
  ...faults(
    { error: 'interaction_required', suberror: 'basic_action', claims: JSON.stringify(challenge) },
    {
      50158:
        'External security challenge not satisfied. User will be redirected to another page or authentication provider to satisfy additional authentication challenges.',
    },
  ),
  ...faults(
    { error: 'invalid_grant', suberror: 'device_authentication_failed' },
    { 50155: 'The device of this user did not authenticate.' },
  ),
  ...faults(
    { error: 'invalid_grant', suberror: 'message_only', claims: blockingPolicy },
    {
      50005: 'The platform of the device is not supported by the Conditional Access policy.',
      50131: 'A Conditional Access policy refused the sign-in.',
      53000: "The device is not compliant, and a policy on '{resource}' wants one that is.",
      53001: "The device is not domain joined, and a policy on '{resource}' wants one that is.",
      53002: "The application '{client}' is not one of those that the policy approves.",
      53003: 'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
      530031: 'The access policy does not allow a token to be issued.',
      530032: 'A security policy of the tenant {tenant} blocks the sign-in.',
    },
  ),
  ...faults(
    { error: 'invalid_grant', suberror: 'message_only' },
    {
      53010: 'Security information must be registered from a place or device that the policy allows.',
      53011: 'The user is blocked due to a risk in the home tenant.',
      530034: 'The delegated administrator is blocked due to a risk in the home tenant.',
      530035: 'The sign-in is blocked by security defaults.',
    },
  ),

  // Consent, resource
  ...faults(
    { error: 'invalid_grant', suberror: 'consent_required' },
    {
      65001:
        "The user or administrator has not consented to use the application with ID '{client}' named '{app}'. Send an interactive authorization request for this user and resource.",
      65004: "The user declined to consent to the application '{client}'.",
      90008: "The application '{client}' must have the permission to sign users in.",
      90094: "The application '{client}' needs permissions that only an administrator can grant.",
      90095: "An administrator must approve the application '{client}'. The user may ask for it.",
    },
  ),
  ...faults(
    { error: 'invalid_resource' },
    {
      50001: 'The resource {resource} is disabled, or does not exist.',
      500011:
        'The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.',
      90009: 'The application asks for a token for itself, and must name itself by its client id.',
    },
  ),
  ...faults(
    { error: 'invalid_client' },
    {
      65002: "The application '{client}' of Microsoft is not preauthorized for the resource '{resource}'.",
      65005: "The application '{client}' does not list '{resource}' among the resources it requires.",
      650052:
        "The organization {tenant} has not subscribed to or enabled a service that the application '{client}' needs.",
      650053:
        "The application '{app}' asked for scope '{scope}' that doesn't exist on the resource '{resource}'. Contact the app vendor.",
      650054: "The application '{client}' asks for permissions of a resource that was removed.",
      650056: "The application '{client}' is misconfigured.",
      650057: "The application '{client}' asks for '{resource}', which is not in its registration.",
    },
  ),
  ...faults(
    { error: 'invalid_scope' },
    {
      28002: 'A scope is not valid for an access token.',
      28003: 'The scope of an access token is empty.',
      70011:
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.",
      700022:
        "The provided value for the input parameter scope isn't valid because it contains more than one resource.",
    },
  ),

  // Client
  ...faults(
    { error: 'unauthorized_client' },
    {
      70001: "The application '{client}' is disabled or not in the directory '{tenant}'.",
      700011: "The application with identifier '{client}' was not found in the directory '{tenant}'.",
      700016:
        "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
      700019: "The application '{client}' cannot be used, or is not authorized.",
      700054: "The application '{client}' may not ask for an id_token at the authorization endpoint.",
      7000112: "The application '{client}' is disabled.",
      7000114: "The application '{client}' may not make on-behalf-of calls.",
      7000229: "The application '{client}' has no service principal in the tenant {tenant}.",
    },
  ),
  ...faults(
    { error: 'invalid_client', status: 401 },
    {
      50012: 'The client could not be authenticated.',
      50027: 'JWT token is invalid or malformed.',
      50048: 'Subject and issuer of the client assertion are not the same.',
      70002: 'Error validating credentials.',
      700021: "Client assertion application identifier doesn't match 'client_id' parameter.",
      700023: 'Client assertion audience claim does not match Realm issuer.',
      700024: 'Client assertion is not within its valid time range.',
      700025: "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
      700027: 'The certificate with identifier used to sign the client assertion is not registered on application.',
      700229: 'A token of a user cannot be the federated credential of an application.',
      7000215:
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'.",
      7000216: "One of 'client_assertion', 'client_secret' and 'request' is required.",
      7000218: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
      7000222:
        "The provided client secret keys for app '{client}' are expired. Create new keys for the app, or consider using certificate credentials for added security.",
      5002738: 'Invalid JWT token. The signature algorithm is not supported.',
    },
  ),

  // Assertion, pass-through agent, Kerberos
  ...faults(
    { error: 'invalid_grant' },
    {
      20001: 'The answer of the federation server has an error.',
      20012: 'The message of the federation server is invalid.',
      20033: 'The federation metadata names a tenant that does not exist.',
      40008: 'The external identity provider failed.',
      40009: 'The external identity provider refused its refresh token.',
      40010: 'The external identity provider failed for the moment.',
      40015: 'The external identity provider refused its authorization code.',
      50006: 'Signature verification failed because of an invalid signature.',
      50008: 'SAML token is invalid.',
      50010: 'Audience URI validation for the requested application failed.',
      50013: 'The assertion is invalid.',
      50107: "The requested federation realm object '{issuer}' does not exist.",
      50169: 'The realm is not one of those configured.',
      80001: 'The authentication agent cannot reach Active Directory.',
      80002: 'The validation of the password by the authentication agent timed out.',
      80003: 'The answer of the authentication agent is invalid.',
      80004: 'The authentication agent was given a user principal name that is not correct.',
      80005: 'The answer of the authentication agent could not be processed.',
      80007: 'The authentication agent could not validate the password.',
      80010: 'The authentication agent could not decrypt the password.',
      80011: 'The authentication agent could not get the decryption key.',
      80012: 'The user may not log on at this hour.',
      80013: 'The clocks of the authentication agent and of Active Directory differ too much.',
      80014: 'The authentication agent answered too late.',
      81004: 'The Kerberos sign-in failed.',
      81005: 'The authentication package is not supported.',
      81006: 'The request has no Authorization header.',
      81007: 'The tenant is not enabled for Seamless SSO.',
      81008: 'The Kerberos ticket could not be validated.',
      81009: 'The Authorization header is malformed.',
      81010: 'The Kerberos ticket has expired or is invalid.',
      81011: 'The user of the Kerberos ticket was not found.',
      81012: 'The user of the Kerberos ticket is not the one who signs in.',
      90020: 'The SAML 1.1 Assertion is missing ImmutableID of the user.',
      90081: 'The WS-Federation message is invalid.',
      90082: 'The authentication policy of the request is not supported.',
      90086: 'The device token has expired.',
      500133:
        'Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token.',
      5000819: 'The assertion has no e-mail address of the federated domain.',
      7500514:
        "A supported type of SAML response was not found. The supported response types are 'Response' (in XML namespace 'urn:oasis:names:tc:SAML:2.0:protocol') or 'Assertion' (in XML namespace 'urn:oasis:names:tc:SAML:2.0:assertion').",
    },
  ),

  // Refresh token, code
  ...faults(
    { error: 'invalid_grant', suberror: 'bad_token' },
    {
      50132: 'The session is not valid, since the password was changed or has expired.',
      50133: 'The session is not valid, since the password was changed or has expired.',
      50173:
        'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.',
      70000: 'Provided grant is invalid or malformed.',
    },
  ),
  ...faults(
    { error: 'invalid_grant', suberror: 'token_expired' },
    {
      70008: 'The refresh token has expired or was revoked.',
      70043: 'The refresh token has expired by the sign-in frequency of a policy.',
      700082: 'The refresh token has expired due to inactivity.',
      700084: 'The refresh token of a single-page application has reached its fixed end.',
    },
  ),
  ...faults(
    { error: 'invalid_grant' },
    {
      50089: 'The flow token has expired.',
      54005: 'The authorization code was redeemed already.',
      700005: 'The authorization code was issued for another tenant.',
      7000012: 'The grant was obtained for another tenant.',
      7000014: "The provided value for the input parameter 'device_code' is not valid.",
    },
  ),
  ...faults(
    { error: 'authorization_pending' },
    { 70016: 'OAuth 2.0 device flow error. Authorization is pending. Continue polling.' },
  ),
  ...faults({ error: 'bad_verification_code' }, { 70018: 'Invalid verification code.' }),
  ...faults({ error: 'expired_token' }, { 70019: 'Verification code expired.' }),

  // Request, tenant, cloud
  ...faults({ error: 'invalid_instance' }, { 50049: "Unknown or invalid instance. Host '{host}' is not known." }),
  ...faults({ error: 'unsupported_grant_type' }, { 70003: "The app requested an unsupported grant type '{grant}'." }),
  ...faults(
    { error: 'invalid_request' },
    {
      50050: 'The discovery request is malformed.',
      50059: 'No tenant-identifying information found in either the request or implied by any provided credentials.',
      50128: 'No tenant has the domain of the user name.',
      50194: "The application '{client}' is not set up as multi-tenant. The /common endpoint does not serve it.",
      75001: 'The SAML message could not be bound.',
      75003: 'The binding of the SAML response is not supported.',
      75005: 'The SAML request is not supported.',
      75008: 'The SAML request names an unexpected destination.',
      75011: 'The user authenticated in another way than the SAML request wants.',
      75016: 'The NameIDPolicy of the SAML request is invalid.',
      750054: 'SAMLRequest or SAMLResponse must be in the query string.',
      7500529: 'The ID of the SAML request is not valid.',
      76021: 'The application wants signed SAML requests.',
      76026: 'The SAML request is too old.',
      81016: 'The request to the security token service is invalid.',
      90002:
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
      90004: 'The request is not properly formatted.',
      90010: 'The grant type is not supported over the /common or /consumers endpoints.',
      90013: 'The user input is invalid.',
      90014: "The required field '{parameter}' is missing.",
      90015: 'The query string is too long.',
      90019: 'No tenant-identifying information was found.',
      90023: 'The request is invalid.',
      90038: 'The tenant {tenant} is in another national cloud.',
      90043: 'The redirection to the national cloud is disabled.',
      90051: 'The identifier of the national cloud is invalid.',
      90100: "The parameter '{parameter}' is empty or not valid.",
      90124: "The resource '{resource}' is not supported over the /common or /consumers endpoints.",
      90130: "The application '{client}' is not supported over the /common or /consumers endpoints.",
      100007: 'The regional endpoint does not support this flow.',
      500208: 'The domain is not a valid login domain for the account type.',
      900144: "The request body must contain the following parameter: '{parameter}'.",
      900382: 'A confidential client is not supported in a cross-cloud request.',
      900411: 'The request cannot be served.',
      900432: 'A confidential client is not supported in a cross-cloud request.',
      900561: 'The endpoint only accepts POST requests. Received a {method} request.',
      900971: 'The application has no reply address.',
      901002: "The 'resource' request parameter is not supported.",
      1000104: "The user's tenant does not allow resources of the other cloud.",
      9000411: "The request is not properly formatted. The parameter '{parameter}' is duplicated.",
      9001023:
        'The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.',
      9002313: 'Invalid request. Request is malformed or invalid.',
      9002332:
        "The application '{client}' is for users of organizations only. The /consumers endpoint does not serve it.",
    },
  ),

  // Health of the service
  ...faults(
    { error: 'temporarily_unavailable', status: 503 },
    {
      50033: 'The service failed for the moment. Try again.',
      50087: 'Strong authentication failed for the moment. Try again.',
      51005: 'The service is to be asked at another place for the moment.',
      70012: 'The service of personal accounts failed.',
      90006: 'The service is not available for the moment.',
      90012: 'The request took too long.',
      90024: 'The service failed for the moment.',
      90033: 'The directory service is not available for the moment.',
      90090: 'The directory service failed for the moment.',
    },
  ),
  ...faults(
    { error: 'temporarily_unavailable', status: 429 },
    { 90055: 'Too many requests come to the tenant {tenant}.' },
  ),
  ...faults(
    { error: 'server_error', status: 500 },
    {
      50000: 'The service could not issue a token.',
      90036: 'The directory service failed.',
      90092: 'The directory service failed.',
    },
  ),
])
