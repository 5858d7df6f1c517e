import { type Advice, advice } from './advice.ts'

const again = 'Sign in with user name and password again; the refresh token is of no more use.'
const browserSaml =
  'It belongs to single sign-on with SAML in a browser, which this grant is not. If it comes here all the same, look the request up in the Entra sign-in log by its correlation id: another application sent it, or something changes requests on their way.'
const otherProvider =
  'It belongs to sign-in through another identity provider in a browser, which this grant is not. Use a local or synchronised account here, or sign this user in interactively.'
const seamless =
  'It belongs to Kerberos sign-in of a domain-joined machine (Seamless SSO), which this grant is not. Sign in with user name and password at the ordinary authority, not at autologon.microsoftazuread-sso.com.'
const agents =
  'An administrator looks at the servers of the pass-through agents: event log AuthenticationAgent/Admin, and Entra Connect > Pass-through authentication for their state.'
const provider =
  'The administrator of the federation server compares its settings with those of the domain in Entra (Get-MgDomainFederationConfiguration), and repairs the trust with Entra Connect > Manage federation > Reset Microsoft Entra ID trust.'

/**
 * AADSTS numbers about what was presented in place of a password or on its way: the assertion of a federation server,
 * a refresh token or code, the answer of a pass-through agent.
 */
export const grantNumbers: Readonly<Record<number, Advice>> = {
  // Assertions of a federation server
  50006: advice(
    'federation',
    'InvalidSignature',
    'the signature of the assertion did not verify',
    'After AD FS renewed its token-signing certificate, the federation settings of the domain must learn it: Update-MgDomainFederationConfiguration, or Entra Connect > Manage federation > Reset Microsoft Entra ID trust. Else something changed the assertion on its way.',
  ),
  50008: advice(
    'federation',
    'InvalidSamlToken',
    'Entra could not use the assertion',
    'An AD FS administrator checks the claim rules of the relying party (UPN and ImmutableID), and that the issuer in the assertion is the IssuerUri of the domain (Get-MgDomainFederationConfiguration).',
  ),
  5000819: advice(
    'federation',
    'InvalidSamlTokenEmailMissingOrInvalid',
    'the assertion has no e-mail address, or one of another domain',
    'The administrator of the identity provider issues the claim http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress with an address of the federated domain.',
  ),
  50010: advice(
    'federation',
    'AudienceUriValidationFailed',
    'the assertion was issued for another audience',
    'Ask the federation server for the audience that the user realm names, urn:federation:MicrosoftOnline in the public cloud: leave cloudAudience out, or set it to that of your cloud.',
  ),
  50013: advice(
    'federation',
    'InvalidAssertion',
    'the assertion is invalid: of a wrong issuer, out of time or malformed',
    'Compare the clocks of the federation server and of this machine with the real time, and the issuer in the assertion with the IssuerUri of the domain (Get-MgDomainFederationConfiguration).',
  ),
  500133: advice(
    'federation',
    '',
    'the assertion is outside its time of validity',
    'Set the clock of the federation server (w32tm /resync), and look at the TokenLifetime of its relying party. Each call asks for a new assertion, so an old one is not the cause.',
  ),
  20001: advice(
    'federation',
    'WsFedSignInResponseError',
    'Entra finds fault with the answer of the federation server',
    provider,
  ),
  20012: advice(
    'federation',
    'WsFedMessageInvalid',
    'Entra finds the message of the federation server invalid',
    provider,
  ),
  20033: advice(
    'federation',
    'FedMetadataInvalidTenantName',
    'the federation metadata names a tenant that does not exist',
    provider,
  ),
  7500514: advice(
    'federation',
    '',
    'Entra found no SAML assertion of a supported type in the request',
    'The assertion was changed or cut off on its way, or the federation server issued one that is neither SAML 1.1 nor 2.0: check what changes requests on their way, and the token type of the relying party.',
  ),
  75001: advice('request', 'BindingSerializationError', 'the SAML message could not be bound to HTTP', browserSaml),
  75003: advice(
    'request',
    'UnsupportedBindingError',
    'the SAML response is wanted by a binding other than POST',
    browserSaml,
  ),
  75005: advice('request', 'Saml2MessageInvalid', 'Entra does not support the SAML request', browserSaml),
  75008: advice('request', 'RequestDeniedError', 'the SAML request names an unexpected destination', browserSaml),
  75011: advice(
    'request',
    'NoMatchedAuthnContextInOutputClaims',
    'the SAML request wants another way of authentication than the user used',
    browserSaml,
  ),
  75016: advice(
    'request',
    'Saml2AuthenticationRequestInvalidNameIDPolicy',
    'the NameIDPolicy of the SAML request is invalid',
    browserSaml,
  ),
  750054: advice('request', '', 'the query string holds no SAMLRequest or SAMLResponse', browserSaml),
  7500529: advice('request', '', 'the ID of the SAML request is not a valid one', browserSaml),
  76021: advice(
    'request',
    'ApplicationRequiresSignedRequests',
    'the application wants SAML requests signed',
    browserSaml,
  ),
  76026: advice('request', 'RequestIssueTimeExpired', 'the SAML request is too old', browserSaml),
  40008: advice(
    'federation',
    'OAuth2IdPUnretryableServerError',
    'an external OAuth identity provider failed for good',
    otherProvider,
  ),
  40009: advice(
    'federation',
    'OAuth2IdPRefreshTokenRedemptionUserError',
    'an external OAuth identity provider refused its refresh token',
    otherProvider,
  ),
  40010: advice(
    'federation',
    'OAuth2IdPRetryableServerError',
    'an external OAuth identity provider failed for now',
    otherProvider,
  ),
  40015: advice(
    'federation',
    'OAuth2IdPAuthCodeRedemptionUserError',
    'an external OAuth identity provider refused its authorization code',
    otherProvider,
  ),
  90081: advice(
    'federation',
    'OrgIdWsFederationMessageInvalid',
    'Entra finds a WS-Federation message invalid',
    provider,
  ),
  90082: advice(
    'federation',
    'OrgIdWsFederationNotSupported',
    'the authentication policy chosen for the federated sign-in is not supported',
    provider,
  ),
  90086: advice(
    'federation',
    'OrgIdWsTrustDaTokenExpired',
    'the device token of the user has expired',
    'It belongs to WS-Trust sign-in of a registered device, which this grant is not. Sign in with user name and password; if it stays, check what changes requests on their way.',
  ),

  // Refresh tokens, and codes of other grants
  70000: advice(
    'credential',
    'InvalidGrant',
    'the refresh token or assertion is invalid, or was issued to another client',
    'Sign in with user name and password again, with the client id and the tenant that the token was issued for.',
  ),
  70008: advice('credential', 'ExpiredOrRevokedGrant', 'the refresh token has expired or was revoked', again),
  700082: advice(
    'credential',
    'ExpiredOrRevokedGrantInactiveToken',
    'the refresh token has expired, since it was not used for too long',
    again,
  ),
  700084: advice(
    'credential',
    '',
    'the refresh token of a single-page application has reached its fixed end',
    'This grant gets no such token: it was issued to a redirect URI of type SPA in a browser. Sign in with user name and password, so that this client gets one of its own.',
  ),
  70043: advice(
    'credential',
    'BadTokenDueToSignInFrequency',
    'the sign-in frequency policy wants a new sign-in',
    'Sign in with user name and password again. How often is in Conditional Access > {policy} > Session > Sign-in frequency.',
  ),
  70044: advice(
    'interaction_required',
    '',
    'the session has expired by the sign-in frequency policy',
    'Sign in with user name and password again; if multifactor authentication is asked for as well, with device code or interactively.',
    'reported',
  ),
  50089: advice(
    'transient',
    '',
    'the flow token of the sign-in has expired',
    'Sign in once more, from the start. If it stays, compare the clock of this machine with the Date header of the answer.',
  ),
  7000012: advice(
    'credential',
    '',
    'the refresh token was issued for another tenant',
    'Use it with the authority it came from, or sign in with user name and password at this one.',
    'observed',
  ),
  50085: advice(
    'credential',
    '',
    'the refresh token needs a sign-in at the social identity provider',
    'Sign in with user name and password again. An account that has no password here but comes from a social provider can only sign in interactively.',
  ),
  50196: advice(
    'throttled',
    'LoopDetected',
    'the client sent the same request too often',
    'Stop for some minutes. Then use acquireTokenSilent and a store, so that a token is asked for once in its lifetime, and do not repeat a refused call.',
  ),
  54005: advice(
    'credential',
    '',
    'the authorization code was redeemed before',
    'It belongs to the authorization code grant, which this one is not. There, ask for a new code and redeem it once; here, sign in with user name and password.',
  ),
  700005: advice(
    'credential',
    'InvalidGrantRedeemAgainstWrongTenant',
    'the authorization code was issued for another tenant',
    'It belongs to the authorization code grant, which this one is not. There, redeem the code at the tenant that issued it; here, sign in with user name and password.',
  ),
  70016: advice(
    'transient',
    'AuthorizationPending',
    'the user has not entered the device code yet',
    'It belongs to the device code grant, where the client keeps asking until the user is done. With user name and password it does not come up.',
  ),
  70018: advice(
    'credential',
    'BadVerificationCode',
    'the user entered a wrong device code',
    'It belongs to the device code grant: start it again and enter the new code. With user name and password it does not come up.',
  ),
  70019: advice(
    'credential',
    'CodeExpired',
    'the device code has expired',
    'It belongs to the device code grant: start it again and enter the code in time. With user name and password it does not come up.',
  ),
  7000014: advice(
    'request',
    '',
    'a parameter of the device code grant is wrong',
    'It belongs to the device code grant, where client_id and device_code must be those of its first request. With user name and password it does not come up.',
    'reported',
  ),

  // Pass-through authentication: an agent on the premises checks the password against Active Directory
  80001: advice(
    'federation',
    'OnPremiseStoreIsNotAvailable',
    'the pass-through agent cannot reach Active Directory',
    `Nothing was said about the password. The servers of the agents must be members of the forest of the user, and reach a domain controller. ${agents}`,
  ),
  80002: advice(
    'transient',
    'OnPremisePasswordValidatorRequestTimedout',
    'the pass-through agent took too long to check the password',
    `Try again later, once: nothing was said about the password. ${agents}`,
  ),
  80003: advice('federation', '', 'the answer of the pass-through agent was invalid', agents, 'reported'),
  80004: advice(
    'credential',
    '',
    'the pass-through agent was given a user name it cannot use',
    'Use the user principal name as Active Directory has it (Get-ADUser), not an alternate login or e-mail address, or have an administrator make the two the same.',
    'reported',
  ),
  80005: advice(
    'transient',
    'OnPremisePasswordValidatorUnpredictableWebException',
    'the answer of the pass-through agent could not be processed',
    `Try again later, once. ${agents}`,
  ),
  80007: advice(
    'federation',
    'OnPremisePasswordValidatorErrorOccurredOnPrem',
    'the pass-through agent could not check the password',
    `Active Directory may be at fault, or the user logs on at a wrong domain. ${agents}`,
  ),
  80010: advice(
    'federation',
    'OnPremisePasswordValidationEncryptionException',
    'the pass-through agent cannot decrypt the password',
    `An administrator installs the agent of that server anew. ${agents}`,
  ),
  80011: advice(
    'federation',
    '',
    'the pass-through agent does not get the key that decrypts the password',
    `An administrator installs the agent of that server anew. ${agents}`,
    'reported',
  ),
  80012: advice(
    'account_state',
    'OnPremisePasswordValidationAccountLogonInvalidHours',
    'the user may not log on at this hour',
    'Wait, or have an administrator change the hours in Active Directory: Users and Computers > {user} > Account > Logon Hours.',
  ),
  80013: advice(
    'federation',
    'OnPremisePasswordValidationTimeSkew',
    'the clocks of the pass-through agent and of Active Directory differ',
    'An administrator sets the clock of the server of the agent (w32tm /resync); nothing was said about the password.',
  ),
  80014: advice(
    'transient',
    'OnPremisePasswordValidationAuthenticationAgentTimeout',
    'the pass-through agent answered after the longest time allowed',
    `Try again later, once: nothing was said about the password. ${agents}`,
  ),

  // Seamless single sign-on
  81004: advice('federation', 'DesktopSsoIdentityInTicketIsNotAuthenticated', 'sign-in with Kerberos failed', seamless),
  81005: advice(
    'federation',
    'DesktopSsoAuthenticationPackageNotSupported',
    'the kind of Kerberos package is not supported',
    seamless,
  ),
  81006: advice('federation', 'DesktopSsoNoAuthorizationHeader', 'the request holds no Kerberos ticket', seamless),
  81007: advice('federation', 'DesktopSsoTenantIsNotOptIn', 'the tenant has not turned Seamless SSO on', seamless),
  81008: advice('federation', '', 'the Kerberos ticket could not be validated', seamless, 'reported'),
  81009: advice(
    'federation',
    'DesktopSsoAuthorizationHeaderValueWithBadFormat',
    'the Kerberos ticket is malformed',
    seamless,
  ),
  81010: advice('federation', 'DesktopSsoAuthTokenInvalid', 'the Kerberos ticket has expired or is invalid', seamless),
  81011: advice(
    'federation',
    'DesktopSsoLookupUserBySidFailed',
    'the user of the Kerberos ticket is not found',
    seamless,
  ),
  81012: advice(
    'federation',
    'DesktopSsoMismatchBetweenTokenUpnAndChosenUpn',
    'the user of the Kerberos ticket is not the one who signs in',
    seamless,
  ),
  81016: advice('request', 'InvalidSTSRequest', 'the request at the single sign-on endpoint is invalid', seamless),
}
