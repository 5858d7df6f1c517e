import type { Step } from '../errors.ts'

// What stands in the messages of a sign-in, for a reader who has the message before him. Names are those on the wire.

/**
 * Why a part of a request was sent: a form field, a header (lower case), a parameter of the query, the local name of an XML
 * element.
 *
 * @param value What it is, where that changes the answer (`grant_type`, `scope`, `KeyType`).
 * @returns `undefined` for a name that no standard request has.
 */
export function explainParameter(step: Step, name: string, value = ''): string | undefined {
  if (name === 'grant_type') return grants.get(value) ?? 'What is presented in exchange for tokens (RFC 6749 §4).'
  if (name === 'scope' && value !== '') return explainScope(value)
  return textOf(requestParts, step, name)
}

/**
 * What a part of an answer means: a member of the JSON, a header (lower case), the local name of an XML element or attribute, a
 * claim of a token.
 *
 * @returns `undefined` for a name that no standard answer has.
 */
export function explainField(step: Step, name: string): string | undefined {
  return textOf(answerParts, step, name)
}

type Texts = Readonly<Record<string, string>>
type ByStep = Readonly<Partial<Record<Step | 'any', Texts>>>

function textOf(texts: ByStep, step: Step, name: string): string | undefined {
  return [texts[step], texts.any].find((own) => own !== undefined && Object.hasOwn(own, name))?.[name]
}

const grants: ReadonlyMap<string, string> = new Map([
  ['password', 'User name and password are presented to this server itself (RFC 6749 §4.3): it judges them.'],
  [
    'urn:ietf:params:oauth:grant-type:saml1_1-bearer',
    'A SAML 1.1 assertion of the federation server is presented in place of the password (a grant of Microsoft).',
  ],
  [
    'urn:ietf:params:oauth:grant-type:saml2-bearer',
    'A SAML 2.0 assertion of the federation server is presented in place of the password (RFC 7522 §2.1).',
  ],
  ['refresh_token', 'The refresh token of an earlier sign-in is presented; no password is involved (RFC 6749 §6).'],
  ['urn:ietf:params:oauth:grant-type:device_code', 'The code of a device is presented (RFC 8628 §3.4).'],
])

/** What is asked for beside the scopes of the API itself (OpenID Connect Core §3.1.2.1, §5.4, §11). */
const openIdScopes: ReadonlyMap<string, string> = new Map([
  ['openid', 'openid asks for an id_token, which says who signed in'],
  ['profile', 'profile for the name of the user in it'],
  ['email', 'email for the mail address in it'],
  ['offline_access', 'offline_access for a refresh token, so that the next call needs no password'],
])

function explainScope(value: string): string {
  const scopes = value.split(/[ +]/).filter((scope) => scope !== '')
  const added = scopes.flatMap((scope) => openIdScopes.get(scope.toLowerCase()) ?? [])
  const named = scopes.filter((scope) => !openIdScopes.has(scope.toLowerCase()))
  const own = named.length === 0 ? 'No permission of an API is asked for' : 'What the access token shall permit'
  return `${[own, ...added].join('; ')} (RFC 6749 §3.3).`
}

const requestParts: ByStep = {
  any: {
    accept: 'The kinds of answer that the client can read.',
    'content-type': 'How the body is written.',
    'client-request-id': 'An id that both sides log: it finds this request in the log of the server.',
    'return-client-request-id': 'Asks the server to repeat that id in its answer.',
    'x-client-sku': 'Which program asks: it shows in the statistics and logs of Entra.',
    'x-client-ver': 'The version of that program.',
    'user-agent': 'Which program asks.',
    client_id: 'Which application asks: the id it is registered under.',
    'api-version': 'The version of the answer that the client can read.',
  },
  authority: {
    authorization_endpoint: 'The host that is asked about: does it belong to Entra, and under which other names?',
  },
  realm: {
    'api-version': 'The version of the answer: 1.0 names the federation server and its metadata.',
    user: 'Whose domain is asked about. No password is involved.',
  },
  wstrust: {
    soapaction: 'What is asked of the server: to issue a token. It has to match the version of WS-Trust.',
    'content-type': 'SOAP 1.2, the envelope that username endpoints take.',
    Action: 'The same as the SOAPAction header, inside the message (WS-Addressing).',
    MessageID: 'A fresh id of this message, so that the answer can refer to it (WS-Addressing).',
    'ReplyTo/Address': 'Where the answer goes: back over this connection.',
    To: 'The endpoint that is meant; a server refuses a message for another one.',
    'Timestamp/Created': 'When the message was made, by the clock of this machine, in UTC.',
    'Timestamp/Expires': 'From when on the server must refuse it, so that nobody can send it again later.',
    Username: 'The user name, as it was typed.',
    Password: 'The password: as text, protected by TLS alone. Only this host gets it.',
    AppliesTo: 'For whom the token shall be: Entra, by the name that the realm answer gave (the audience).',
    KeyType: 'What kind of token: bearer, one that counts without a proof of a key.',
    RequestType: 'What is asked for: a new token (Issue).',
    TokenType: 'Which kind of token is wanted: SAML 1.1 or 2.0.',
  },
  token: {
    username: 'Who signs in: the user principal name, as it was typed.',
    password: 'The password, as text inside TLS.',
    assertion: 'The assertion of the federation server, as base64url: what stands in for the password.',
    refresh_token: 'What an earlier sign-in left: it stands in for the password.',
    device_code: 'Which device waits for the user.',
    code: 'The code that came back from the browser.',
    code_verifier: 'Proves that the program which began the sign-in ends it (RFC 7636).',
    redirect_uri: 'Where the browser was sent back to; it must be the same as before.',
    scope: 'What the tokens shall permit, separated by blanks (RFC 6749 §3.3).',
    client_info: 'Asks Entra to say in its answer whose tokens they are (uid and utid), for the key of the cache.',
    client_secret: 'Proves a confidential client.',
    client_assertion: 'Proves a confidential client by a signed token in place of a secret (RFC 7523 §2.2).',
    client_assertion_type: 'Says what kind of proof client_assertion is.',
    claims: 'Claims that the tokens must satisfy: a challenge of an API, or what the client can do (xms_cc: cp1).',
    resource: 'For whom the token shall be, where the server reads it from here and not from the scopes (AD FS, v1).',
    response_type: 'What the answer shall hold: B2C wants it said also with this grant.',
    requested_token_use: 'What the token is for; on_behalf_of in a call on behalf of a user.',
    authorization: 'Proves a confidential client (RFC 6749 §2.3.1).',
    'x-anchormailbox': 'Helps Entra to route the request to the region that holds the user.',
    'x-ms-lib-capability': 'What the library of the program can do.',
    p: 'The policy (user flow) of B2C.',
  },
  device: {
    scope: 'What the tokens shall permit, separated by blanks (RFC 8628 §3.1).',
    client_info: 'Asks Entra to say in its answer whose tokens they are.',
  },
}

const answerParts: ByStep = {
  any: {
    'content-type': 'How the body is written.',
    'content-length': 'How long the body is, in bytes.',
    'cache-control': 'Who may keep the answer: nobody, where it holds tokens.',
    date: 'The time by the clock of the server.',
    server: 'What software answers.',
    via: 'What passed the answer on: a proxy.',
    location: 'Where the server would send the client. No redirect is followed with a credential.',
    'retry-after': 'How long to wait before asking again.',
    'www-authenticate': 'How the server wants the client to prove itself.',
    'client-request-id': 'The id of the request, repeated.',
    'x-ms-request-id': 'The id that the server gave the request: it finds it in the sign-in log.',
    'x-ms-ests-server': 'Which machine of Entra answered.',
    'x-ms-clitelem': 'How Entra rates the request, for the statistics of clients.',
    error: 'What is wrong, as a word that programs may decide by (RFC 6749 §5.2).',
    error_description: 'What is wrong, for people. Its texts and numbers may change.',
    error_codes: 'The AADSTS numbers: they help people to look it up, and programs must not decide by them.',
    error_uri: 'A page about the error.',
    suberror: 'What exactly is missing, as a word that programs may decide by.',
    claims: 'What the user has to satisfy: to be handed to an interactive sign-in as it is.',
    timestamp: 'When it happened, by the clock of the server.',
    trace_id: 'The id that the server gave the request: it finds it in the sign-in log.',
    correlation_id: 'The id that the client gave the request, repeated.',
  },
  authority: {
    issuer: 'The name of the server: its tokens must carry it (iss).',
    token_endpoint: 'Where tokens are asked for.',
    jwks_uri: 'Where the keys are that verify its tokens.',
    device_authorization_endpoint: 'Where a sign-in with a device code begins.',
    authorization_endpoint: 'Where a sign-in in a browser begins.',
    tenant_discovery_endpoint: 'Where the OpenID configuration is.',
    metadata: 'The clouds of Entra, each with the names of its hosts.',
    aliases: 'Hosts that mean the same service.',
    preferred_network: 'The host that requests should go to.',
    preferred_cache: 'The host that stands for the cloud in token caches.',
    networkHost: 'The host that requests go to.',
    cacheHost: 'The host that stands for the cloud in token caches.',
    scopes_supported: 'Scopes that can be asked for.',
    grant_types_supported: 'What can be presented for tokens; a server may take the password grant without listing it.',
    id_token_signing_alg_values_supported: 'How id_tokens may be signed.',
  },
  realm: {
    ver: 'The version of the answer.',
    account_type: 'Who judges the password: Managed is Entra, Federated another server, Unknown nobody.',
    accountType:
      'Who judges the password: managed is Entra, federated another server, consumer a personal account, unknown nobody.',
    domain_name: 'The domain of the user name, as Entra knows it.',
    domainName: 'The domain of the user name, as Entra knows it.',
    federation_protocol: 'What the federation server speaks: WSTrust takes a password, SAML20 needs a browser.',
    federationProtocol: 'What the federation server speaks: WSTrust takes a password, SAML20 needs a browser.',
    federation_metadata_url: 'Where the federation server describes its endpoints (MEX).',
    metadataUrl: 'Where the federation server describes its endpoints (MEX).',
    federation_active_auth_url: 'The endpoint that Entra has on file, for when the description cannot be had.',
    activeAuthUrl: 'The endpoint that Entra has on file, for when the description cannot be had.',
    federation_brand_name: 'What the federation calls itself.',
    cloud_instance_name: 'The cloud that the domain is in.',
    cloud_audience_urn: 'For whom the assertion shall be: the name of Entra at the federation server.',
    cloudAudience: 'For whom the assertion shall be: the name of Entra at the federation server.',
    NameSpaceType: 'Who judges the password.',
    is_dsso_enabled: 'Whether desktop single sign-on is on.',
  },
  mex: {
    candidates: 'How many endpoints, bindings and policies the document has.',
    usable: 'Those that a user name and password can be sent to.',
  },
  wstrust: {
    Action: 'What the message is: an answer, or a fault.',
    RelatesTo: 'The id of the message that this answers.',
    'Code/Value': 'The server refused. Whose fault: Sender is the client, or what it sent.',
    'Subcode/Value': 'What is wrong, as a name that programs may decide by.',
    'Reason/Text': 'What is wrong, for people. AD FS puts a number at its head (ID3242, MSIS7068).',
    faultcode: 'What is wrong, as a name that programs may decide by.',
    faultstring: 'What is wrong, for people.',
    'Timestamp/Created': 'When the answer was made, by the clock of the server.',
    'Timestamp/Expires': 'Until when the answer counts.',
    'Lifetime/Created': 'From when on the token counts.',
    'Lifetime/Expires': 'Until when the token counts.',
    AppliesTo: 'For whom the token is.',
    TokenType: 'What kind of token it is.',
    RequestedSecurityToken: 'The token itself: a signed SAML assertion.',
    RequestedProofToken: 'A key to prove possession of the token with.',
    KeyType: 'What kind of token: bearer.',
    RequestType: 'What was asked for.',
    Assertion: 'What the federation server says of the user, signed.',
    version: 'The version of SAML, which decides the grant type.',
    issuer: 'Who says it: Entra looks up by this name whose signing key to use.',
    audiences: 'For whom it is: the token endpoint refuses one for somebody else.',
    notBefore: 'From when on it counts.',
    notOnOrAfter: 'Until when it counts.',
    signed: 'Whether it is signed; the client passes it on and does not judge it, the token endpoint does.',
    signatureAlgorithm: 'How it is signed.',
    nameIdFormat: 'What kind of name the user goes by in it.',
    attributes: 'What it says of the user; Entra needs ImmutableID (in SAML 1.1) and a user principal name.',
    authenticationMethod: 'How the federation server says that the user signed in.',
  },
  token: {
    token_type: 'How the token is used: Bearer, in the Authorization header of a call of the API.',
    scope: 'What the access token permits; it may be more or less than was asked for.',
    expires_in: 'How many seconds the access token lives.',
    ext_expires_in: 'How many seconds it may be used longer while Entra cannot be reached.',
    expires_on: 'Until when the access token lives, in epoch seconds.',
    not_before: 'From when on the access token counts, in epoch seconds.',
    refresh_in: 'After how many seconds the token should be renewed, though it still lives.',
    refresh_token_expires_in: 'How many seconds the refresh token lives unless it is used.',
    resource: 'For whom the access token is.',
    access_token: 'What the API wants to see. It is meant for the API: a client must not read it.',
    refresh_token: 'Gets the next access token without the password.',
    id_token: 'Says who signed in. It is meant for this client.',
    client_info: 'Whose tokens they are: uid and utid, base64url, the key of the cache.',
    foci: 'The refresh token serves a family of Microsoft’s own applications.',
    profile_info: 'Who signed in, as B2C says it.',
    id_token_expires_in: 'How many seconds the id_token counts.',
    suberror: 'What exactly is missing, as a word that programs may decide by.',
  },
  device: {
    user_code: 'What the user types in the browser.',
    device_code: 'What the client asks for the result with: a secret.',
    verification_uri: 'Where the user types it.',
    expires_in: 'How many seconds the user has.',
    interval: 'How many seconds the client waits between two questions.',
    message: 'What the user can be told.',
  },
  cache: {
    homeAccountId: 'Whose tokens: the id of the user and of the home tenant (uid.utid).',
    username: 'Whose tokens: the name that the user signed in with.',
    environment: 'Which server or cloud they are of.',
    clientId: 'Which application they were issued to.',
    tenant: 'Which tenant was asked for them.',
    scopes: 'What the token must permit.',
    resource: 'For whom the token must be.',
  },
  id_token: {
    iss: 'Who issued it.',
    aud: 'For which client it is.',
    sub: 'Who signed in, as an id that differs for each application.',
    oid: 'Who signed in, as the id of the user in the directory.',
    tid: 'In which tenant.',
    preferred_username: 'The name to show: it may change, and is no key to anything.',
    upn: 'The user principal name.',
    exp: 'Until when it counts, in epoch seconds.',
    iat: 'When it was issued, in epoch seconds.',
    nbf: 'From when on it counts, in epoch seconds.',
    keys: 'The keys that verify tokens of the server (RFC 7517).',
  },
}

const instants = new Set(['exp', 'iat', 'nbf', 'expires_on', 'not_before'])

const sources: Texts = {
  password: 'with user name and password',
  device_code: 'with a device code',
  refresh_token: 'with a refresh token',
  cache: 'from the cache',
}

/** Where a token is from, behind "obtained". */
export function showSource(source: string): string {
  return Object.hasOwn(sources, source) ? (sources[source] ?? '') : `from ${source}`
}

/** A fact as text: lists joined, epoch seconds with the date they mean. */
export function showFact(name: string, value: string | number | boolean | readonly string[]): string {
  const text = typeof value === 'object' ? value.join(', ') : String(value)
  return instants.has(name) ? showInstant(text) : text
}

/** Epoch seconds with the date they mean, for people; any other text as it is. */
export function showInstant(text: string): string {
  if (!/^\d{9,11}$/.test(text)) return text
  return `${text} (${new Date(Number(text) * 1_000).toISOString().replace('.000', '')})`
}
