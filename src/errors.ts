/**
 * Where in the sign-in an error or event belongs. The same words label requests, errors, events and CLI output.
 */
export type Step = 'authority' | 'realm' | 'mex' | 'wstrust' | 'token' | 'id_token' | 'device' | 'account' | 'cache'

/** What may be kept of a response that led to an error: never its body, never a header block. */
export interface ResponseFacts {
  readonly status: number
  readonly contentType?: string
  /** The server's echo of `client-request-id`. */
  readonly correlationId?: string
  /** `x-ms-request-id`, or the `trace_id` of an Entra error body. */
  readonly traceId?: string
  /** When, in the server's own words: the `timestamp` of an Entra error body, else the `Date` header. */
  readonly timestamp?: string
  /** Of an answer that is not of the protocol: what sent it (`Server`), what passed it on (`Via`), what it is called. */
  readonly server?: string
  readonly via?: string
  readonly title?: string
}

/**
 * What could sign the user in, or do without a user, where this call could not. `interactive` is the authorization code
 * grant with PKCE in a browser; `integrated_windows` Kerberos at the federation server.
 */
export type WayOut =
  | 'username_password'
  | 'device_code'
  | 'interactive'
  | 'integrated_windows'
  | 'native_authentication'
  | 'managed_identity'
  | 'workload_federation'

export interface AuthErrorDetails {
  readonly step: Step
  /** What the user should change. Advice for people, never control flow. */
  readonly hint?: string
  /** Which log says more, and what to look for in it. Advice for people. */
  readonly whereToLook?: string
  /** What could do what this call could not, the likeliest first. */
  readonly waysOut?: readonly WayOut[]
  /** Plain data of our own, an `AuthError`, or a caller's abort reason; never a library's error object. */
  readonly cause?: unknown
  readonly response?: ResponseFacts
}

const brand: unique symbol = Symbol.for('ropc-client.AuthError') as never

/**
 * Every error this package throws. The class says whose fault it is, `code` what happened, `step` where,
 * `hint` what to change. An error never holds a request, a header block, a body or a library's error object.
 */
export class AuthError extends Error {
  readonly code: string
  readonly step: Step
  declare readonly hint?: string
  declare readonly whereToLook?: string
  declare readonly waysOut?: readonly WayOut[]
  declare readonly response?: ResponseFacts

  constructor(code: string, message: string, details: AuthErrorDetails) {
    super(display(message), details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'AuthError'
    this.code = code
    this.step = details.step
    if (details.hint !== undefined) this.hint = oneLine(details.hint, 1_000)
    if (details.whereToLook !== undefined) this.whereToLook = oneLine(details.whereToLook, 1_000)
    if (details.waysOut !== undefined) this.waysOut = details.waysOut
    if (details.response !== undefined) this.response = details.response
    Object.defineProperty(this, brand, { value: true })
  }
}

/** Recognises an {@link AuthError} of this or another installed copy of the package. */
export function isAuthError(value: unknown): value is AuthError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true
}

/** The caller passed something that cannot work; nothing was sent. */
export class InvalidArgumentError extends AuthError {
  constructor(message: string, details: AuthErrorDetails, code = 'ERR_INVALID_ARGUMENT') {
    super(code, message, details)
    this.name = 'InvalidArgumentError'
  }
}

export type TransportErrorCode =
  | 'ERR_TRANSPORT_TIMEOUT'
  | 'ERR_TRANSPORT_ABORTED'
  | 'ERR_TRANSPORT_UNREACHABLE'
  | 'ERR_TRANSPORT_TLS'
  | 'ERR_TRANSPORT_TOO_LARGE'
  | 'ERR_TRANSPORT_REDIRECT'

/** The network, or the connection to the peer. An abort has `name: 'AbortError'` and the signal's reason as `cause`. */
export class TransportError extends AuthError {
  declare readonly code: TransportErrorCode

  constructor(code: TransportErrorCode, message: string, details: AuthErrorDetails) {
    super(code, message, details)
    this.name = code === 'ERR_TRANSPORT_ABORTED' ? 'AbortError' : 'TransportError'
  }
}

/** The peer broke the protocol's rules, or would have led the credential somewhere it must not go. */
export class ProtocolError extends AuthError {
  constructor(code: string, message: string, details: AuthErrorDetails) {
    super(code, message, details)
    this.name = 'ProtocolError'
  }
}

/** The peer kept the rules and said no. */
export class DeniedError extends AuthError {
  constructor(code: string, message: string, details: AuthErrorDetails) {
    super(code, message, details)
    this.name = 'DeniedError'
  }
}

/**
 * Not now: wait until {@link retryAt}. `ERR_THROTTLED`: the server said so, a moment ago or for an earlier call;
 * `ERR_REFUSED_BEFORE`: this client does not send a user name and password again that were just refused, since a loop
 * would lock the account.
 */
export class ThrottledError extends DeniedError {
  /** From then on the call may be made again. */
  readonly retryAt: Date

  constructor(code: 'ERR_THROTTLED' | 'ERR_REFUSED_BEFORE', message: string, retryAt: Date, details: AuthErrorDetails) {
    super(code, message, details)
    this.name = 'ThrottledError'
    this.retryAt = retryAt
  }
}

/** The members of an OAuth 2.0 error response (RFC 6749 §5.2) with Entra's additions. */
export interface TokenErrorFacts {
  readonly error: string
  readonly errorDescription?: string
  /** AADSTS numbers. Entra documents them as diagnostics: show them, do not branch on them. */
  readonly errorCodes: readonly number[]
  /** The code at the head of the description where it is no AADSTS number: `AADB2C90225` (B2C), `MSIS9659` (AD FS). */
  readonly serverCode?: string
  readonly suberror?: string
  /** A claims challenge to hand to an interactive request, as the JSON text that came. */
  readonly claims?: string
}

/** The token endpoint refused (RFC 6749 §5.2). */
export class TokenEndpointError extends DeniedError implements TokenErrorFacts {
  readonly error: string
  declare readonly errorDescription?: string
  readonly errorCodes: readonly number[]
  declare readonly serverCode?: string
  declare readonly suberror?: string
  declare readonly claims?: string

  constructor(message: string, facts: TokenErrorFacts, details: AuthErrorDetails) {
    super('ERR_TOKEN_ENDPOINT', message, details)
    this.name = 'TokenEndpointError'
    this.error = display(facts.error)
    if (facts.errorDescription !== undefined) this.errorDescription = display(facts.errorDescription)
    this.errorCodes = facts.errorCodes
    if (facts.serverCode !== undefined) this.serverCode = display(facts.serverCode)
    if (facts.suberror !== undefined) this.suberror = display(facts.suberror)
    if (facts.claims !== undefined) this.claims = facts.claims
  }
}

export interface SoapFaultFacts {
  /** Local name of `faultcode` / `Code`, e.g. `Sender`. */
  readonly faultCode: string
  /** Local name of the innermost subcode, e.g. `FailedAuthentication`. */
  readonly faultSubcode?: string
  /** The human-readable text. */
  readonly reason?: string
  /** The `ID####` or `MSIS####` number at the head of the reason. */
  readonly idCode?: string
}

/** The federation server answered with a SOAP fault, whatever the HTTP status. */
export class SoapFaultError extends DeniedError implements SoapFaultFacts {
  readonly faultCode: string
  declare readonly faultSubcode?: string
  declare readonly reason?: string
  declare readonly idCode?: string

  constructor(message: string, facts: SoapFaultFacts, details: AuthErrorDetails) {
    super('ERR_SOAP_FAULT', message, details)
    this.name = 'SoapFaultError'
    this.faultCode = display(facts.faultCode)
    if (facts.faultSubcode !== undefined) this.faultSubcode = display(facts.faultSubcode)
    if (facts.reason !== undefined) this.reason = display(facts.reason)
    if (facts.idCode !== undefined) this.idCode = display(facts.idCode)
  }
}

/**
 * This grant cannot go on without something it does not have: MFA, consent, Conditional Access, a changed password,
 * or (silently) any credential at all.
 */
export class InteractionRequiredError extends AuthError {
  /** Why, as a stable word: the server's `suberror` or `error`, or `no_account`, `no_token`. */
  readonly reason: string
  /** What could satisfy the server, the likeliest first. */
  declare readonly waysOut: readonly WayOut[]
  /** Where the user or an administrator can consent to the scopes of this call, if that is what is missing. */
  declare readonly consentUrl?: string
  declare readonly error?: string
  declare readonly errorDescription?: string
  declare readonly errorCodes?: readonly number[]
  declare readonly serverCode?: string
  declare readonly suberror?: string
  declare readonly claims?: string

  constructor(
    reason: string,
    message: string,
    details: AuthErrorDetails & { readonly consentUrl?: string },
    facts?: TokenErrorFacts,
  ) {
    super('ERR_INTERACTION_REQUIRED', message, {
      ...details,
      waysOut: details.waysOut ?? ['device_code', 'interactive'],
    })
    if (details.consentUrl !== undefined) this.consentUrl = details.consentUrl
    this.name = 'InteractionRequiredError'
    this.reason = display(reason)
    if (facts !== undefined) {
      this.error = display(facts.error)
      this.errorCodes = facts.errorCodes
      if (facts.serverCode !== undefined) this.serverCode = display(facts.serverCode)
      if (facts.errorDescription !== undefined) this.errorDescription = display(facts.errorDescription)
      if (facts.suberror !== undefined) this.suberror = display(facts.suberror)
      if (facts.claims !== undefined) this.claims = facts.claims
    }
  }
}

/** Username/password sign-in cannot do this, whatever the credentials. */
export class UnsupportedError extends AuthError {
  constructor(code: string, message: string, details: AuthErrorDetails) {
    super(code, message, details)
    this.name = 'UnsupportedError'
  }
}

export type CacheErrorCode =
  | 'ERR_CACHE_READ'
  | 'ERR_CACHE_WRITE'
  /** What is stored there is no cache of this kind, or is spoiled. */
  | 'ERR_CACHE_FORMAT'
  /** Another process holds the lock and does not let go. */
  | 'ERR_CACHE_LOCKED'
  /** The file or folder may be read or changed by others, or is a link. */
  | 'ERR_CACHE_INSECURE'
  /** The key is wrong, or what it protects was tampered with. */
  | 'ERR_CACHE_KEY'

/** The token store failed. A token just obtained is returned all the same, with a warning event instead of this error. */
export class CacheError extends AuthError {
  constructor(code: CacheErrorCode, message: string, details: AuthErrorDetails) {
    super(code, message, details)
    this.name = 'CacheError'
  }
}

/** Makes text from a peer safe to show: {@link oneLine} of at most 500 characters. */
export function display(text: string): string {
  return oneLine(text, 500)
}

/**
 * Makes text safe to show: one line, at most `max` characters, every control, bidirectional and zero-width
 * character written as `\u{…}` (a terminal would obey them).
 */
export function oneLine(text: string, max: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: naming the control characters is the purpose
  const unsafe = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]/g
  const line = text
    .slice(0, 2_000)
    .replace(/\s*\r?\n\s*/g, ' ')
    .replace(unsafe, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`)
  return line.length > max ? `${line.slice(0, max - 1)}…` : line
}
