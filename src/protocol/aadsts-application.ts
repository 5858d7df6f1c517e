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

/** AADSTS numbers about the application: consent, the resource it asks for, its registration and its credentials. */
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
    'Grant it once: App registrations > {application} > API permissions > Grant admin consent, or let the user open https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize?client_id={id}&response_type=code&scope={scopes}. This grant cannot ask for it.',
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
}
