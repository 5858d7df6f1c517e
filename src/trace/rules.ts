/** A rule that verdicts name, for a person who knows OAuth 2.0. */
export interface RuleExplanation {
  /** One or two sentences: what the rule says, or what was seen if its name says that something is missing. */
  readonly text: string
  /** The page of the standard or of Microsoft that it follows. */
  readonly source?: string
}

const learn = 'https://learn.microsoft.com/en-us'
const wsdl = 'https://www.w3.org/TR/wsdl.html'
const securityPolicy = 'https://docs.oasis-open.org/ws-sx/ws-securitypolicy/v1.2/ws-securitypolicy.html'
const policyAttachment = 'https://www.w3.org/Submission/WS-PolicyAttachment/'
const wsTrust = 'https://docs.oasis-open.org/ws-sx/ws-trust/v1.3/ws-trust.html'
const openId = 'https://openid.net/specs/openid-connect-core-1_0.html'
const validation = `${openId}#IDTokenValidation`
const authorities = `${learn}/entra/identity-platform/msal-client-application-configuration#authority`
const clouds = `${learn}/entra/identity-platform/authentication-national-cloud`
const passwordGrant = `${learn}/entra/identity-platform/v2-oauth-ropc`
const caching = `${learn}/entra/identity-platform/msal-acquire-cache-tokens`
const tokenLifetimes = `${learn}/entra/identity-platform/access-tokens`

const catalogue = {
  'authority.kind.by-address': {
    text: 'The host name and the path of the authority tell what kind of server it is: b2clogin.com, ciamlogin.com, a path /adfs, a host of an Entra cloud, or any other issuer.',
    source: authorities,
  },
  'authority.kind.named': { text: 'The caller said what kind of server the authority is.', source: authorities },
  'authority.endpoints.named': {
    text: 'The caller gave the token endpoint, so no server is asked for it.',
  },
  'authority.endpoints.known-cloud': {
    text: 'The authority is a host of a known Entra cloud. Their endpoints follow from its address, so no request is needed.',
    source: clouds,
  },
  'authority.endpoints.metadata-named': {
    text: 'The endpoints are those of the OpenID configuration at the address that the caller gave.',
    source: 'https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig',
  },
  'authority.endpoints.metadata': {
    text: 'The endpoints are those that the server publishes in its OpenID configuration.',
    source: 'https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig',
  },

  'realm.account-type.named': {
    text: 'The caller said how the user signs in (option realm), so Entra was not asked.',
  },
  'realm.account-type.managed': {
    text: 'Entra judges the password of users of this domain: by its own hash, or through an agent. The password goes to its token endpoint.',
    source: passwordGrant,
  },
  'realm.account-type.federated': {
    text: 'A federation server (such as AD FS) judges the password of users of this domain. The password goes there; Entra gets only the signed assertion that it answers with.',
    source: `${learn}/entra/identity/hybrid/connect/whatis-fed`,
  },
  'realm.account-type.consumer': {
    text: 'A personal Microsoft account: the password grant cannot sign it in.',
    source: passwordGrant,
  },
  'realm.account-type.unknown': {
    text: 'Entra does not know the domain of the user name. Nothing says who may see the password.',
    source: passwordGrant,
  },
  'realm.unknown': {
    text: 'Entra does not know the domain of the user name, and the caller chose to sign in at Entra all the same (option unknownRealm).',
    source: passwordGrant,
  },
  'realm.no-metadata-url': {
    text: 'The realm answer names no metadata (MEX) of the federation server, so there is nothing to choose an endpoint from.',
    source: `${learn}/graph/api/resources/internaldomainfederation`,
  },

  'mex.ok': {
    text: 'A user name and password satisfy the policy of this endpoint, TLS protects them, and it issues tokens by WS-Trust.',
    source: securityPolicy,
  },
  'mex.unavailable': {
    text: 'The metadata (MEX) of the federation server could not be had or read.',
    source: 'https://www.w3.org/TR/ws-metadata-exchange/',
  },
  'mex.fallback.active-auth-url': {
    text: 'The endpoint that Entra has on file for the domain (active sign-in URL) stands in for the metadata of the federation server.',
    source: `${learn}/graph/api/resources/internaldomainfederation`,
  },
  'mex.version.not-wanted': {
    text: 'It would do, but the caller wants the other version of WS-Trust (option wsTrustVersion).',
    source: wsTrust,
  },
  'mex.version.superseded': {
    text: 'It would do, but speaks the draft of February 2005; an endpoint with WS-Trust 1.3, the standard, was there.',
    source: wsTrust,
  },
  'mex.order.later': {
    text: 'It would do as well, but stands after the chosen one in the document.',
    source: `${wsdl}#_ports`,
  },
  'mex.policy.no-username-token': {
    text: 'The policy of this endpoint asks for no user name and password, and for nothing else that is known here.',
    source: securityPolicy,
  },
  'mex.policy.windows': {
    text: 'The endpoint takes Windows integrated authentication (Kerberos or NTLM), not a password.',
    source: `${learn}/windows-server/identity/ad-fs/overview/ad-fs-faq`,
  },
  'mex.policy.certificate': {
    text: 'The endpoint takes a client certificate, not a password.',
    source: securityPolicy,
  },
  'mex.policy.issued-token': {
    text: 'The endpoint takes a token that another server issued, not a password.',
    source: securityPolicy,
  },
  'mex.policy.no-text-password': {
    text: 'The policy wants the password hashed, or none at all; a password grant sends it as text inside TLS.',
    source: 'https://docs.oasis-open.org/wss/v1.1/wss-v1.1-spec-os-UsernameTokenProfile.pdf',
  },
  'mex.policy.no-transport-binding': {
    text: 'The policy does not ask for TLS (no TransportBinding). A password is sent in clear inside TLS only.',
    source: securityPolicy,
  },
  'mex.policy.no-id': { text: 'The policy has no id, so no binding can refer to it.', source: policyAttachment },
  'mex.policy.unused': { text: 'No binding refers to this policy, so no endpoint has it.', source: policyAttachment },
  'mex.binding.no-policy': {
    text: 'The binding names no policy: nothing says what the endpoint wants to see.',
    source: policyAttachment,
  },
  'mex.binding.policy-not-found': {
    text: 'The binding names a policy that is not in the document.',
    source: policyAttachment,
  },
  'mex.binding.no-port': { text: 'No port uses the binding, so it has no address.', source: `${wsdl}#_ports` },
  'mex.binding.not-soap12': {
    text: 'The binding is not one of SOAP 1.2, which is what username endpoints speak.',
    source: 'https://www.w3.org/TR/soap12-part1/',
  },
  'mex.binding.transport': {
    text: 'The binding is not SOAP over HTTP.',
    source: 'https://www.w3.org/TR/soap12-part2/',
  },
  'mex.binding.no-issue-action': {
    text: 'The binding has no Issue operation of WS-Trust 1.3 or of February 2005: it issues no tokens, or does so in a way that is not known here.',
    source: wsTrust,
  },
  'mex.port.no-binding': { text: 'The port names no binding.', source: `${wsdl}#_ports` },
  'mex.port.binding-not-found': {
    text: 'The port names a binding that is not in the document.',
    source: `${wsdl}#_ports`,
  },
  'mex.port.no-address': { text: 'The port has no address.', source: `${wsdl}#_ports` },
  'mex.port.address-malformed': {
    text: 'The address of the port is not a plain URL. One that must be repaired could be repaired in two ways, so it is not used.',
    source: 'https://url.spec.whatwg.org/#url-parsing',
  },
  'mex.port.address-insecure': {
    text: 'The address of the port is not https. A password never goes over a connection that others can read.',
    source: 'https://www.rfc-editor.org/rfc/rfc6749#section-10.7',
  },

  'grant.password': {
    text: 'User name and password are presented to the token endpoint itself: nobody else is asked about them.',
    source: 'https://www.rfc-editor.org/rfc/rfc6749#section-4.3',
  },
  'grant.saml11': {
    text: 'A SAML 1.1 assertion of the federation server is presented in place of the password: a grant of Microsoft, named after that of SAML 2.0.',
    source: `${learn}/entra/identity-platform/v2-saml-bearer-assertion`,
  },
  'grant.saml20': {
    text: 'A SAML 2.0 assertion of the federation server is presented in place of the password.',
    source: 'https://www.rfc-editor.org/rfc/rfc7522#section-2.1',
  },
  'grant.refreshToken': {
    text: 'The refresh token of an earlier sign-in is presented. No password is involved.',
    source: 'https://www.rfc-editor.org/rfc/rfc6749#section-6',
  },
  'grant.deviceCode': {
    text: 'The code of a device is presented, which a user confirms in a browser. No password is involved.',
    source: 'https://www.rfc-editor.org/rfc/rfc8628#section-3.4',
  },

  'id_token.issuer': {
    text: 'The token must name as its issuer (iss) the server that was asked; at Entra, with the tenant of the token in it.',
    source: validation,
  },
  'id_token.audience': {
    text: 'The token must be for this client: its audience (aud) is the client id.',
    source: validation,
  },
  'id_token.expiry': {
    text: 'The token must not have expired (exp); five minutes of clock difference are forgiven.',
    source: validation,
  },
  'id_token.not-before': {
    text: 'The token must be valid already (nbf); five minutes of clock difference are forgiven.',
    source: 'https://www.rfc-editor.org/rfc/rfc7519#section-4.1.5',
  },
  'id_token.issued-at': {
    text: 'The token must not be issued in the future (iat); five minutes of clock difference are forgiven.',
    source: validation,
  },
  'id_token.tenant': {
    text: 'Where the authority names a tenant by its id, the token must be of that tenant (tid).',
    source: `${learn}/entra/identity-platform/claims-validation`,
  },
  'id_token.policy': {
    text: 'The token must be of the B2C policy (user flow) that was asked for (tfp or acr).',
    source: `${learn}/azure/active-directory-b2c/tokens-overview`,
  },
  'id_token.key-issuer': {
    text: 'The key that signed the token may sign for its issuer: Entra says of each key whose tokens it signs.',
    source: `${learn}/entra/identity-platform/access-tokens#validate-the-issuer`,
  },
  'id_token.signature': { text: 'The signature must verify with a key that the server publishes.', source: validation },
  'id_token.signature-skipped': {
    text: 'The signature was not verified, and need not be: the token came straight from the token endpoint, and TLS says who that is. Verify it where it came through other hands.',
    source: validation,
  },

  'cache.account.none': {
    text: 'Nobody of that name or id is signed in to this client: the cache holds no entry of theirs.',
  },
  'cache.access-token.fits': {
    text: 'The cached token is of this user, client, tenant and server, has the scopes, and lives for more than five minutes.',
    source: caching,
  },
  'cache.passed.refresh': {
    text: 'A cached token would do, but the call asks for a new one (forceRefresh).',
    source: caching,
  },
  'cache.passed.claims': {
    text: 'A cached token would do, but the call has a claims request: it changes what the token must say.',
    source: caching,
  },
  'cache.access-token.tenant': { text: 'The cached token is of another tenant.', source: caching },
  'cache.access-token.resource': { text: 'The cached token is for another relying party (resource).', source: caching },
  'cache.access-token.scopes': {
    text: 'The cached token does not have all the scopes that are asked for.',
    source: 'https://www.rfc-editor.org/rfc/rfc6749#section-3.3',
  },
  'cache.access-token.expired': {
    text: 'The cached token has expired, or will within five minutes: it has to outlive the call it is meant for.',
    source: tokenLifetimes,
  },
  'cache.access-token.never-expires': {
    text: 'The cached token claims to live for more than ten years. No server issues such a token, so the entry is spoiled.',
    source: tokenLifetimes,
  },
  'cache.access-token.clock-set-back': {
    text: 'The cached token was stored in the future: the clock was set back, and nobody can tell whether it still lives.',
  },
  'cache.access-token.lost': { text: 'The entry of the cache has no token in it.' },

  'import.endpoint.used': {
    text: 'The program sent the password here. The metadata offers the endpoint for a user name and password.',
    source: wsTrust,
  },
  'import.endpoint.used-though': {
    text: 'The program sent the password here, although this client would not have.',
    source: securityPolicy,
  },
  'import.endpoint.passed-over': {
    text: 'A user name and password could have gone here as well; the program sent them elsewhere.',
    source: wsTrust,
  },
  'import.endpoint.not-listed': {
    text: 'The program sent the password here. Nothing in the archive says where it had this address from.',
  },
  'import.grant.other': {
    text: 'The program presented something that is no password grant, nor what follows one.',
    source: 'https://www.rfc-editor.org/rfc/rfc6749#section-4',
  },
} as const satisfies Readonly<Record<string, RuleExplanation>>

/** Every rule id that is explained. */
export const ruleIds: readonly string[] = Object.keys(catalogue)

/** What a verdict's rule says, in plain words. @returns `undefined` for an id that no rule of this version has. */
export function explainRule(rule: string): RuleExplanation | undefined {
  return Object.hasOwn(catalogue, rule) ? catalogue[rule as keyof typeof catalogue] : undefined
}

/** Whether the evidence of a rule's verdicts is no more than its text. */
export function saysItself(rule: string): boolean {
  return /^mex\.(?:policy|binding|port)\.|^(?:mex\.version\.superseded|id_token\.signature-skipped)$/.test(rule)
}
