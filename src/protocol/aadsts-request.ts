import { type Advice, advice } from './advice.ts'

const malformed =
  'Check the authority, the client id, the scopes and any extraBodyParameters or extraQueryParameters, and whatever changes requests on their way (proxy, gateway): the description names the part.'
const parameterMissing =
  'A user name or password that is empty or blank is not sent by some clients: check that both are there. Else something changes requests on their way, or extraBodyParameters took its place.'
const oneTenant =
  'Put the tenant id, a verified domain or "organizations" into the authority: this grant is not served on "common" or "consumers", and personal accounts cannot use it at all.'
const cloud =
  'Use the host of the cloud that the tenant is in: login.microsoftonline.com, login.microsoftonline.us (US Government) or login.partner.microsoftonline.cn (China), for authority and scopes alike.'
const crossCloud = `A confidential client cannot sign in users of another cloud. ${cloud}`
const busy =
  'Try again later, with a growing pause between attempts; the state of the service is at https://status.azure.com.'
const failed =
  'Repeating it does not help. Look the request up in the Entra sign-in log by its correlation id; with that, the request id and the time, an administrator can open a support case.'
const realm =
  'An administrator looks at the federation of the domain (Get-MgDomainFederationConfiguration), and repairs it with Entra Connect > Manage federation, or makes the domain managed.'

/** AADSTS numbers about the request itself, its tenant and cloud, and the health of the service. */
export const requestNumbers: Readonly<Record<number, Advice>> = {
  // Tenant and cloud
  9001023: advice('request', '', 'this grant is not served on "common" or "consumers"', oneTenant),
  90010: advice(
    'request',
    'NotSupported',
    'the algorithm could not be created, or (its old text) this grant is not served on "common" or "consumers"',
    `It is the number that 9001023 had before. ${oneTenant} If the description speaks of an algorithm, check the certificate of the client assertion.`,
  ),
  90002: advice(
    'request',
    'InvalidTenantName',
    'there is no such tenant in this cloud',
    `Check the tenant in the authority for typing errors: its id, or a verified domain. ${cloud}`,
  ),
  90019: advice(
    'request',
    'MissingTenantRealm',
    'Entra cannot tell the tenant',
    'Put the tenant id or a verified domain into the authority, and use the full user principal name (name@domain).',
  ),
  90038: advice('request', 'NationalCloudTenantRedirection', 'the tenant is in another national cloud', cloud),
  90043: advice('request', 'NationalCloudAuthCodeRedirection', 'redirection to a national cloud is disabled', cloud),
  90051: advice('request', 'InvalidNationalCloudId', 'the identifier of a national cloud is invalid', cloud),
  900382: advice('request', '', 'a confidential client asked across clouds', crossCloud),
  900432: advice('request', '', 'a confidential client asked across clouds', crossCloud),
  1000104: advice(
    'tenant_policy',
    'XCB2BResourceCloudNotAllowedOnIdentityTenant',
    'the user’s tenant does not allow resources of the other cloud',
    'An administrator of the user’s tenant allows it: External Identities > Cross-tenant access settings > Microsoft cloud settings.',
  ),
  100007: advice(
    'request',
    '',
    'the regional endpoint does not serve this grant',
    'Use the global host, login.microsoftonline.com, and no region in the authority.',
  ),
  50049: advice(
    'request',
    'NoSuchInstanceForDiscovery',
    'the host of the authority is unknown to Entra',
    'Check the host for typing errors. AD FS, B2C and other servers need their own kind of authority (authorityKind, knownAuthorities).',
  ),
  50050: advice(
    'request',
    'MalformedDiscoveryRequest',
    'the request for instance discovery is malformed',
    'Check that the authority is https://{host}/{tenant} without more behind it.',
  ),
  50107: advice('federation', 'InvalidRealmUri', 'the federation of the domain does not exist', realm),
  50169: advice('federation', 'InvalidRequestBadRealm', 'the realm is not one of those configured', realm),
  900411: advice(
    'request',
    '',
    'a number without published meaning',
    'Go by the description on the error, and look the number up at https://login.microsoftonline.com/error?code=900411; the Entra sign-in log has more under the correlation id.',
    'reported',
  ),

  // The shape of the request
  70003: advice(
    'request',
    'UnsupportedGrantType',
    'the endpoint does not support this grant',
    'Check the authority, and any tokenEndpoint given: this grant is served at /oauth2/v2.0/token of a tenant or of "organizations".',
  ),
  90004: advice('request', 'InvalidRequestFormat', 'the request is not formatted properly', malformed),
  90013: advice('request', 'InvalidUserInput', 'the input of the user is invalid', malformed),
  90014: advice('request', 'MissingRequiredField', 'a required field is missing from the credential', parameterMissing),
  900144: advice('request', '', 'a parameter is missing from the body of the request', parameterMissing),
  90015: advice(
    'request',
    'QueryStringTooLong',
    'the query string is too long',
    'Take what you can out of extraQueryParameters; this grant needs none of them, and sends its own parameters in the body.',
  ),
  90023: advice('request', 'InvalidRequest', 'the request is invalid', malformed),
  9002313: advice('request', 'InvalidRequest', 'the request is malformed or invalid', malformed),
  90100: advice('request', 'InvalidRequestParameter', 'a parameter is empty or invalid', malformed),
  900561: advice(
    'request',
    'BadResourceRequestInvalidRequest',
    'the endpoint got the wrong HTTP method',
    'Something on the way turned the POST into a GET (a proxy, a redirect), or tokenEndpoint is not the token endpoint of the authority.',
  ),

  // The health of the service
  50033: advice('transient', 'RetryableError', 'the service failed for a moment', busy),
  50087: advice('transient', 'SasRetryableError', 'strong authentication failed for a moment', busy),
  51005: advice('transient', 'TemporaryRedirect', 'the service wants to be asked at another place for now', busy),
  90006: advice('transient', 'ExternalServerRetryableError', 'the service is unavailable for the moment', busy),
  90012: advice('transient', 'RequestTimeout', 'the service took too long', busy),
  90024: advice('transient', 'RequestBudgetExceededError', 'the service failed for a moment', busy),
  90033: advice('transient', 'MsodsServiceUnavailable', 'the directory service is unavailable', busy),
  90090: advice('transient', 'GraphRetryableError', 'the service is unavailable for the moment', busy),
  70012: advice(
    'transient',
    'MsaServerError',
    'the sign-in of personal accounts failed for a moment',
    'Personal accounts cannot use this grant at all: use device code or interactive sign-in. If the user is none, try again later.',
  ),
  90055: advice(
    'throttled',
    'TenantThrottlingError',
    'too many requests come to this tenant',
    'Stop for several minutes, and honour Retry-After. Then use acquireTokenSilent and a store, so that a token is asked for once in its lifetime.',
  ),
  50088: advice(
    'throttled',
    '',
    'the limit of telephone calls for multifactor authentication is reached',
    'Wait some minutes. This grant can never do multifactor authentication: use device code or interactive sign-in, with an authenticator application in place of the telephone.',
  ),
  50000: advice(
    'transient',
    'TokenIssuanceError',
    'the service could not issue a token',
    `The other numbers say why, if there are any. ${failed}`,
  ),
  90036: advice('transient', 'MsodsServiceUnretryableFailure', 'the directory service failed for good', failed),
  90092: advice('transient', 'GraphNonRetryableError', 'the directory service failed for good', failed),
}
