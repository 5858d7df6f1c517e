import type { CredentialStore } from '../cache/store.ts'
import { InvalidArgumentError, type Step } from '../errors.ts'
import type { AuthorityKind } from '../protocol/authority.ts'
import type { ClientAuthentication } from '../protocol/client-authentication.ts'
import type { Transport } from '../protocol/http.ts'
import { Secret } from '../protocol/secret.ts'
import { checkClaims } from '../protocol/token-request.ts'
import type { UserRealm } from '../realm/user-realm.ts'
import type { WsTrustVersion } from '../wstrust/namespaces.ts'
import type { ClientEvent } from './events.ts'
import type { Runtime } from './runtime.ts'

export interface ClientOptions {
  /** Application (client) id. There is no default: use a registration of your own. */
  readonly clientId: string
  /** `https://{host}/{tenant id, verified domain or "organizations"}`. Default: `organizations` of the worldwide cloud. */
  readonly authority?: string
  /** PEM certificates to trust beside the well-known ones, e.g. a company's CA. */
  readonly ca?: string | readonly string[]
  /** Forces the kind of the authority, for hosts that do not show it, such as custom domains of B2C. */
  readonly authorityKind?: AuthorityKind
  /** Whether to ask the worldwide cloud about an Entra host outside the table. Default true; never a blocker. */
  readonly instanceDiscovery?: boolean
  /** Hosts (with their port, if it is not 443) that you vouch for: no instance discovery for them. */
  readonly knownAuthorities?: readonly string[]
  /** URL of the OpenID configuration, if it is not at the usual place. */
  readonly metadataUrl?: string
  /** Token endpoint of a server without metadata. With it, no metadata request is made. */
  readonly tokenEndpoint?: string
  /** Issuer of the id_tokens of such a server. Default: the authority. */
  readonly issuer?: string
  /** Key set of such a server. */
  readonly jwksUri?: string
  /** Proves a confidential client: `clientSecretPost`, `clientSecretBasic`, `privateKeyJwt`, `clientAssertion`. */
  readonly clientAuthentication?: ClientAuthentication
  /** What this client can handle, e.g. `cp1` for claims challenges (continuous access evaluation). */
  readonly clientCapabilities?: readonly string[]
  /** More of the query of the token request; nothing that the protocol owns. */
  readonly extraQueryParameters?: Readonly<Record<string, string>>
  /** More fields of the token request; nothing that the protocol owns. */
  readonly extraBodyParameters?: Readonly<Record<string, string>>
  /** More headers of the token request; nothing that the protocol owns. */
  readonly extraHeaders?: Readonly<Record<string, string>>
  /** Where the password goes: as the user's realm says (default), to the token endpoint, or to the federation server. */
  readonly flow?: 'auto' | 'managed' | 'federated'
  /** The user realm, in place of asking for it: its hosts then count as named by you. */
  readonly realm?: UserRealm
  /** The federation server's metadata: an https URL, which then counts as named by you, or the document's text. */
  readonly mex?: string
  /** The WS-Trust version to use, whatever the federation server prefers. */
  readonly wsTrustVersion?: WsTrustVersion
  /** Hosts (with their port, if it is not 443) that a WS-Trust endpoint may be on besides those of the realm answer. */
  readonly federationHosts?: readonly string[]
  /** What to do with a user whose domain Entra does not know: fail (default), or try the token endpoint. */
  readonly unknownRealm?: 'error' | 'managed'
  /** What assertions are for (`wsp:AppliesTo`), in place of the realm answer's audience. */
  readonly cloudAudience?: string
  /** A proxy's URL, or `'env'` for `HTTPS_PROXY` and `NO_PROXY`. Default: no proxy. */
  readonly proxy?: string | URL
  /** Sends every request in place of the built-in one; not together with `ca` or `proxy`. The client does not close it. */
  readonly transport?: Transport
  /** Where tokens are kept. Default: in this process's memory. The client does not close a store it was given. */
  readonly store?: CredentialStore
  /** Told what happens, call by call. What it throws is ignored. */
  readonly onEvent?: (event: ClientEvent) => void
  /** Codes of warnings that are not wanted, e.g. `ROPC_BCP`. */
  readonly suppressWarnings?: readonly string[]
  /**
   * Whether to remember, hashed and for 15 minutes, which user names and passwords were refused, and not to send them again:
   * a loop would lock the account. Default true; with a `transport` of yours for this client, else for the process.
   */
  readonly rememberRefusals?: boolean
  /** Whether to ask for refresh tokens (`offline_access`). Default true. */
  readonly offlineAccess?: boolean
  /** Clock, ids and timers, for tests and replays. */
  readonly runtime?: Partial<Runtime>
}

/** What every call takes. */
export interface CallOptions {
  /**
   * Ends the call with an `AbortError`; another caller waiting for the same answer is not affected. For a limit of time take
   * `timeoutMs`: Node 20 forgets an `AbortSignal.timeout` within `AbortSignal.any` when it collects garbage.
   */
  readonly signal?: AbortSignal
  /** Limit for the whole call, in milliseconds, the time in a password callback not counted. Default 90,000. */
  readonly timeoutMs?: number
  /** Tenant (id or verified domain) in place of the authority's. */
  readonly tenantId?: string
  /** Sent as `client-request-id` on every request of the call. Default: a new UUID. */
  readonly correlationId?: string
  /** A claims request or challenge, as the text of a JSON object; goes to the token endpoint, where a call asks one. */
  readonly claims?: string
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string' && value !== ''
const isHttpsUrl: Check = (value) =>
  typeof value === 'string' && /^https:\/\/[^/\\\s]/i.test(value) && URL.canParse(value)
const isEndpoint: Check = (value) =>
  isHttpsUrl(value) || (isText(value) && /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(String(value)))
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText)
const isHosts: Check = (value) => Array.isArray(value) && value.every((host) => /^[a-z0-9.[\]:-]+$/i.test(String(host)))
const isTextRecord: Check = (value) =>
  isObject(value) && Object.values(value as object).every((text) => typeof text === 'string')
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isFunction: Check = (value) => typeof value === 'function'
const isBoolean: Check = (value) => typeof value === 'boolean'
const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(String(value))

/** Every client option, with what it must be; and what to say when it is not. */
const clientOptions: Readonly<Record<keyof ClientOptions, readonly [check: Check, what: string]>> = {
  clientId: [(value) => typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value), 'an application id'],
  authority: [isText, 'an https URL'],
  authorityKind: [oneOf('entra', 'adfs', 'b2c', 'ciam', 'oidc'), '"entra", "adfs", "b2c", "ciam" or "oidc"'],
  instanceDiscovery: [isBoolean, 'a boolean'],
  knownAuthorities: [isHosts, 'an array of host names'],
  metadataUrl: [isEndpoint, 'an https URL'],
  tokenEndpoint: [isEndpoint, 'an https URL'],
  issuer: [isText, 'an issuer'],
  jwksUri: [isEndpoint, 'an https URL'],
  clientAuthentication: [isFunction, 'a function such as clientSecretPost(secret) returns'],
  clientCapabilities: [isTexts, 'an array of texts'],
  extraQueryParameters: [isTextRecord, 'an object of texts'],
  extraBodyParameters: [isTextRecord, 'an object of texts'],
  extraHeaders: [isTextRecord, 'an object of texts'],
  flow: [oneOf('auto', 'managed', 'federated'), '"auto", "managed" or "federated"'],
  realm: [isObject, 'a user realm'],
  mex: [isText, 'an https URL or the text of a MEX document'],
  wsTrustVersion: [oneOf('1.3', '2005'), '"1.3" or "2005"'],
  federationHosts: [isHosts, 'an array of host names'],
  unknownRealm: [oneOf('error', 'managed'), '"error" or "managed"'],
  cloudAudience: [(value) => typeof value === 'string' && /^[^\s<>"]{1,2048}$/.test(value), 'a URI'],
  ca: [(value) => isText(value) || isTexts(value), 'PEM text'],
  proxy: [(value) => isText(value) || value instanceof URL, 'a URL or "env"'],
  transport: [isFunction, 'a function'],
  store: [isObject, 'a CredentialStore'],
  onEvent: [isFunction, 'a function'],
  suppressWarnings: [isTexts, 'an array of codes'],
  rememberRefusals: [isBoolean, 'a boolean'],
  offlineAccess: [isBoolean, 'a boolean'],
  runtime: [isObject, 'an object'],
}

const callOptionNames = ['signal', 'timeoutMs', 'tenantId', 'correlationId', 'claims'] as const

/** @throws {@link InvalidArgumentError} for an unknown option, a wrong type, or options that exclude each other. */
export function checkClientOptions(options: ClientOptions): void {
  checkNames(options, new Set(Object.keys(clientOptions)), 'createRopcClient')
  for (const [name, [check, what]] of Object.entries(clientOptions)) {
    const value = (options as unknown as Record<string, unknown>)[name]
    if ((value !== undefined || name === 'clientId') && !check(value)) {
      throw invalid(`${name} is not ${what}`, 'See the documentation of ClientOptions for what it may be.')
    }
  }
  const { transport, ca, proxy, runtime, tokenEndpoint, issuer, jwksUri, metadataUrl } = options
  if (transport !== undefined && (ca !== undefined || proxy !== undefined)) {
    throw invalid('transport excludes ca and proxy', 'Configure the CA and the proxy in the transport itself.')
  }
  if (tokenEndpoint === undefined && (issuer !== undefined || jwksUri !== undefined)) {
    throw invalid('issuer and jwksUri go with tokenEndpoint', 'Name all endpoints, or let the metadata name them.')
  }
  if (tokenEndpoint !== undefined && metadataUrl !== undefined) {
    throw invalid('tokenEndpoint excludes metadataUrl', 'Name the endpoints, or where the metadata names them.')
  }
  if (runtime !== undefined) {
    checkNames(runtime, new Set(['now', 'newId', 'wait', 'forCall']), 'runtime')
    for (const [name, value] of Object.entries(runtime)) {
      if (value !== undefined && typeof value !== 'function') {
        throw invalid(`runtime.${name} is not a function`, 'Leave it out for the default.')
      }
    }
  }
  checkConnection(ca, proxy)
}

/** The members that a call may have: those of every call, and its own. */
export function callNames(...own: readonly string[]): ReadonlySet<string> {
  return new Set([...callOptionNames, ...own])
}

/** @throws {@link InvalidArgumentError} for an unknown member, or a call option of the wrong type or range. */
export function checkCallOptions(options: CallOptions, names: ReadonlySet<string>, operation: string): void {
  checkNames(options, names, operation)
  const { signal, timeoutMs, correlationId, claims } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid('signal is not an AbortSignal', 'Pass controller.signal or AbortSignal.timeout(ms).')
  }
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0 && timeoutMs <= 2_147_483_647)) {
    throw invalid('timeoutMs is not a positive number of milliseconds', 'Leave it out for the default of 90,000.')
  }
  if (
    correlationId !== undefined &&
    !(typeof correlationId === 'string' && /^[\x21-\x7e]{1,128}$/.test(correlationId))
  ) {
    throw invalid('correlationId is not a printable ASCII word', 'Pass a UUID, or leave it out.')
  }
  if (claims !== undefined) checkClaims(claims)
}

/**
 * Checks a password and wraps it. It is not trimmed or changed.
 *
 * @throws {@link InvalidArgumentError} if it is empty or blank, longer than 1024 characters, or holds a character that
 *   cannot be typed: a control character (the line end of a file, most often) or half of a surrogate pair.
 */
export function checkPassword(password: unknown): Secret {
  if (typeof password !== 'string' && !Secret.is(password)) {
    throw invalid('the password is not a string or Secret', 'Pass the password itself.', 'token')
  }
  const secret = Secret.from(password)
  const text = secret.reveal()
  if (typeof text !== 'string' || text.trim() === '') {
    throw invalid('the password is empty or blank', 'Check the variable or file it is read from.', 'token')
  }
  if (text.length > 1_024) {
    throw invalid('the password is longer than 1024 characters', 'Check what was passed.', 'token')
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text) || !text.isWellFormed()) {
    throw invalid(
      'the password holds a control character or half of a surrogate pair',
      'Check how it was read: as UTF-8 text, without the line end of a file and without terminal escapes.',
      'token',
    )
  }
  return secret
}

// The transport would find these at its first request, when a user is already waiting.
function checkConnection(ca: unknown, proxy: unknown): void {
  const certificates = ca === undefined ? [] : Array.isArray(ca) ? (ca as unknown[]) : [ca]
  if (!certificates.every((pem) => typeof pem === 'string' && pem.includes('-----BEGIN CERTIFICATE-----'))) {
    throw invalid('ca is not a PEM certificate', 'Pass the text of the file, not its path.')
  }
  const url = proxy === undefined || proxy === 'env' ? undefined : String(proxy)
  if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) {
    throw invalid('proxy is neither an http or https URL nor "env"', 'SOCKS proxies are not supported.')
  }
}

export function checkNames(options: object, names: ReadonlySet<string>, where: string): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`${where} takes an object`, 'Pass its arguments as members of one object.')
  }
  for (const name of Object.keys(options)) {
    if (names.has(name)) continue
    throw invalid(`${where} has no option "${name.slice(0, 50)}"`, `It takes: ${[...names].join(', ')}.`)
  }
}

function invalid(message: string, hint: string, step: Step = 'authority'): InvalidArgumentError {
  return new InvalidArgumentError(message, { step, hint })
}
