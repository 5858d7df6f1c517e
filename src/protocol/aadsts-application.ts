import { type Advice, advice } from './advice.ts'

const enable =
  'An administrator enables it: Enterprise applications > {application} > Properties > Enabled for users to sign-in = Yes. If Microsoft disabled it for abuse, register another.'
const notInTenant =
  'Check the client id and the tenant of the authority: it is the Application (client) ID, not the object id. An application of another tenant must be let in first: https://login.microsoftonline.com/{tenant}/adminconsent?client_id={client id}.'
const permissions =
  'Add what is missing in App registrations > {application} > API permissions > Add a permission, then Grant admin consent; and check the resource in the scopes.'
const publicClient =
  'Turn it into a public client: App registrations > {application} > Authentication > Settings > Allow public client flows = Yes (manifest: isFallbackPublicClient). If it is meant to be confidential, pass its secret or certificate as clientAuthentication.'
const certificate =
  'Upload and register the certificate with the application (Certificates & secrets > Certificates), and check that its thumbprint and private key are the ones in use, and that issuer and subject of the client assertion are the client id.'
const scopeForm =
  'Write each scope as {application id URI}/{scope}, {application id URI}/.default or the name of a Microsoft Graph permission, as separate texts of the array; this grant also takes openid, profile and offline_access.'
const notHere = 'It belongs to an authorization in a browser, which this grant is not.'
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

/**
 * AADSTS numbers about the application (consent, the resource it asks for, its registration and credentials), about the
 * request, its tenant and cloud, and about the health of the service.
 */
export const applicationNumbers: Readonly<Record<number, Advice>> = {
  // The resource and the consent to it
  50001: advice(
    'request',
    'InvalidResource',
    'the resource is disabled or does not exist',
    'Check the application id URI at the head of the scopes (App registrations > {API} > Expose an API). If it is right, an administrator enables it under Enterprise applications > {API} > Properties.',
  ),
  500011: advice(
    'request',
    'InvalidResourceServicePrincipalNotFound',
    'the resource is not found in this tenant',
    'Check the application id URI at the head of the scopes, and the tenant of the authority. If both are right, an administrator brings the API into the tenant: New-MgServicePrincipal -AppId {client id of the API}.',
  ),
  50105: advice(
    'account_state',
    'EntitlementGrantsNotFound',
    'the user is not assigned to this application',
    'An administrator assigns the user: Enterprise applications > {application} > Users and groups > Add; or sets Properties > Assignment required = No. Nested groups do not count.',
  ),
  65001: advice(
    'consent',
    'DelegationDoesNotExist',
    'neither the user nor an administrator has consented to the scopes',
    'Grant it once: App registrations > {application} > API permissions > Grant admin consent, or let the user consent in a browser, at the consentUrl of the error (/oauth2/v2.0/authorize of the tenant, with client_id, response_type=code and scope). This grant cannot ask for it.',
  ),
  65002: advice(
    'client_registration',
    '',
    'this client id belongs to Microsoft and is not preauthorised for the resource',
    'Register an application of your own (App registrations > New registration), allow public client flows for it, and use its client id.',
  ),
  65004: advice(
    'consent',
    'UserDeclinedConsent',
    'the user declined to consent',
    'Let the user sign in interactively once more and accept, or have an administrator consent for all: App registrations > {application} > API permissions > Grant admin consent.',
  ),
  65005: advice(
    'client_registration',
    'MisconfiguredApplication',
    'the application does not list the resource among those it requires',
    permissions,
  ),
  650052: advice(
    'client_registration',
    '',
    'the organisation has not subscribed to or enabled the service that the application needs',
    'An administrator adds the licence, or brings the service into the tenant: New-MgServicePrincipal -AppId {client id of the service}. Or take its permission out of the application.',
  ),
  650054: advice(
    'client_registration',
    '',
    'the application asks for permissions of a resource that was removed',
    'Take the permission out of App registrations > {application} > API permissions, and check that every resource in the scopes exists in this tenant.',
  ),
  650056: advice(
    'client_registration',
    '',
    'the application is misconfigured: no permission for the resource, no consent, or a wrong client id',
    permissions,
  ),
  650057: advice(
    'client_registration',
    '',
    'the application asks for a resource that is not among its permissions',
    permissions,
  ),
  90008: advice(
    'consent',
    'TokenForItselfRequiresGraphPermission',
    'the application lacks the permission to sign users in',
    'Add Microsoft Graph > Delegated > User.Read (or openid and profile) under API permissions, then Grant admin consent.',
  ),
  90009: advice(
    'request',
    'TokenForItselfMissingIdenticalAppIdentifier',
    'the application asks for a token for itself by another name than its client id',
    'Ask for the scope {client id}/.default, with the client id as a GUID in place of the application id URI.',
  ),
  90094: advice(
    'consent',
    'AdminConsentRequired',
    'an administrator must consent',
    'An administrator opens https://login.microsoftonline.com/{tenant}/adminconsent?client_id={client id}, or App registrations > {application} > API permissions > Grant admin consent. This grant cannot ask for it.',
  ),
  90095: advice(
    'consent',
    'AdminConsentRequiredRequestAccess',
    'an administrator must approve the request for consent',
    'The user asks for approval in an interactive sign-in; an administrator answers under Enterprise applications > Admin consent requests. This grant cannot ask for it.',
  ),

  // The registration of the client
  70001: advice(
    'client_registration',
    'UnauthorizedClient',
    'the application is disabled or not in the tenant',
    enable,
  ),
  7000112: advice(
    'client_registration',
    'UnauthorizedClientApplicationDisabled',
    'the application is disabled',
    enable,
  ),
  700011: advice(
    'client_registration',
    'UnauthorizedClientAppNotFoundInOrgIdTenant',
    'the application is not found in the directory',
    notInTenant,
  ),
  700016: advice(
    'client_registration',
    'UnauthorizedClient_DoesNotMatchRequest',
    'the application is not in this tenant',
    notInTenant,
  ),
  7000229: advice(
    'client_registration',
    '',
    'the application has no service principal in this tenant',
    'An administrator makes one: New-MgServicePrincipal -AppId {client id}, or https://login.microsoftonline.com/{tenant}/adminconsent?client_id={client id}. Not to be confused with 700229.',
    'reported',
  ),
  700019: advice(
    'client_registration',
    '',
    'the client id cannot be used or is not authorised',
    'Register an application of your own (App registrations > New registration), allow public client flows for it, and use its client id.',
    'reported',
  ),
  50194: advice(
    'request',
    '',
    'the application serves one tenant, and the authority names "common"',
    'Put the tenant id or a verified domain into the authority; this grant is not served on "common" anyway.',
  ),
  90130: advice(
    'request',
    'NonConvergedAppV2GlobalEndpointNotSupported',
    'the application is not supported on "common" or "consumers"',
    'Put the tenant id, a verified domain or "organizations" into the authority.',
  ),
  90124: advice(
    'request',
    'V1ResourceV2GlobalEndpointNotSupported',
    'the resource is not supported on "common" or "consumers"',
    'Put the tenant id, a verified domain or "organizations" into the authority.',
  ),
  9002332: advice(
    'request',
    '',
    'the application is for users of Entra only, and the authority names "consumers"',
    'Put the tenant id, a verified domain or "organizations" into the authority. Personal accounts cannot use this grant.',
  ),
  900971: advice(
    'client_registration',
    '',
    'the application has no redirect URI',
    `${notHere} For interactive sign-in, add one under App registrations > {application} > Authentication.`,
  ),
  700054: advice(
    'client_registration',
    '',
    'the application may not ask for an id token at the authorization endpoint',
    `${notHere} B2C custom policies want it all the same: App registrations > {application} > Authentication > Implicit grant and hybrid flows > ID tokens.`,
  ),
  7000114: advice(
    'client_registration',
    '',
    'the application may not make on-behalf-of calls',
    'It belongs to the on-behalf-of grant, which this one is not: check the grant that the application sends, and its permissions.',
  ),

  // The credentials of the client
  70002: advice(
    'client_registration',
    'InvalidClient',
    'the credentials of the client or the user are wrong or missing',
    'The other numbers say which. Alone, it means the secret: pass the value of a valid one as clientAuthentication, or, for a public client, set Authentication > Settings > Allow public client flows = Yes.',
  ),
  700025: advice(
    'client_registration',
    'InvalidClientPublicClientWithCredential',
    'a public client sent a secret or a certificate',
    'Leave clientAuthentication out. If the application is meant to be confidential, set Authentication > Settings > Allow public client flows = No.',
  ),
  7000215: advice(
    'client_registration',
    '',
    'the client secret is wrong',
    'Often the id of the secret was pasted in place of its value, which is shown only once. Make a new one: App registrations > {application} > Certificates & secrets > New client secret, and copy Value.',
  ),
  7000222: advice(
    'client_registration',
    'InvalidClientSecretExpiredKeysProvided',
    'the client secret has expired',
    'Make a new one: App registrations > {application} > Certificates & secrets > New client secret, and copy Value; or use a certificate.',
  ),
  7000218: advice(
    'client_registration',
    '',
    'the application is confidential and sent neither secret nor assertion',
    publicClient,
  ),
  7000216: advice(
    'client_registration',
    '',
    'the request holds neither secret nor assertion of the client',
    publicClient,
    'reported',
  ),
  700024: advice(
    'client_registration',
    '',
    'the client assertion is outside its time of validity',
    'Compare the clock of this machine with the Date header of the answer, and let the assertion live for 5 to 10 minutes (privateKeyJwt makes a new one for each request).',
    'observed',
  ),
  700027: advice('client_registration', '', 'the signature of the client assertion did not verify', certificate),
  50012: advice(
    'client_registration',
    'AuthenticationFailed',
    'the client assertion was refused: its signature, certificate or subject is not accepted',
    certificate,
  ),
  50048: advice(
    'client_registration',
    'SubjectMismatchesIssuer',
    'subject and issuer of the client assertion differ',
    'Both must be the client id: privateKeyJwt makes them so; a clientAssertion of your own must too.',
  ),
  700229: advice(
    'client_registration',
    'ForbiddenTokenType',
    'the token given as federated credential of the application is one of a user',
    'Give a token that was issued to an application (client credentials, managed identity or a workload) as client assertion. Not to be confused with 7000229.',
  ),

  // Scopes
  70011: advice('request', 'InvalidScope', 'a scope is unknown or malformed', scopeForm),
  28002: advice('request', '', 'a scope is not valid for an access token', scopeForm),
  28003: advice('request', '', 'no scope was asked for', scopeForm),
  700022: advice(
    'request',
    'InvalidMultipleResourcesScope',
    'the scopes name several resources',
    'Make one call per resource; the refresh token of the first serves the others without the password (acquireTokenSilent).',
  ),
  700023: advice(
    'request',
    'InvalidResourcelessScope',
    'the scopes name no resource',
    'Add a scope of the resource that the access token is for, such as {application id URI}/.default or User.Read.',
  ),
  901002: advice(
    'request',
    '',
    'the parameter "resource" is not supported here',
    'Leave resource out and ask for the scope {resource}/.default in its place.',
  ),

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
