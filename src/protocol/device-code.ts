import { type AuthError, DeniedError, display, ProtocolError } from '../errors.ts'
import { classifyHost } from './address.ts'
import type { Authority } from './authority.ts'
import { type HttpRequest, type HttpResponse, responseFacts } from './http.ts'
import { findJsonObject, findString, type JsonObject, missingField, parseJsonObject, readString } from './json.ts'
import { Secret } from './secret.ts'
import type { ServerMetadata } from './server-metadata.ts'
import { buildClientRequest, buildTokenRequest, type TokenRequest } from './token-request.ts'
import { type CompleteTokenResponse, parseTokenError, parseTokenResponse, readTokenError } from './token-response.ts'

const step = 'device'

/** What of a token request is said already when the code is asked for. */
export interface DeviceAuthorizationRequest
  extends Omit<TokenRequest, 'metadata' | 'grant' | 'homeAccountId' | 'clientInfo' | 'responseType'> {
  readonly metadata: Required<Pick<ServerMetadata, 'device_authorization_endpoint'>>
}

/**
 * Builds the request for a device code and the user's code.
 *
 * @returns `POST {device_authorization_endpoint}` with a form body; printed, its secrets are redacted.
 * @throws {@link InvalidArgumentError} as `buildTokenRequest` does.
 * @see RFC 8628 §3.1
 * @see {@link https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code Entra: device authorization grant}
 */
export function buildDeviceAuthorizationRequest(
  request: DeviceAuthorizationRequest,
  correlationId: string,
): HttpRequest {
  const url = request.metadata.device_authorization_endpoint
  const target = { step, url, fields: [], headers: {}, secrets: [] } as const
  return buildClientRequest(target, { ...request, clientInfo: false }, correlationId)
}

/** A code that waits for its user (RFC 8628 §3.2). */
export interface DeviceAuthorization {
  /** What the client asks with. */
  readonly deviceCode: Secret
  /** What the user enters. */
  readonly userCode: string
  /** Where. As a URL is written: ASCII, without user info. */
  readonly verificationUri: string
  /** The same with the code in it, e.g. for a QR code. */
  readonly verificationUriComplete?: string
  /** 1 second to 1 hour. */
  readonly expiresInSeconds: number
  /** 1 to 60 seconds between two questions; 5 where the server says nothing. */
  readonly intervalSeconds: number
  /** The server's own words for the user, safe to show, or ours. */
  readonly message: string
}

/**
 * Reads the answer to a request for a device code.
 *
 * @param authority Decides whether the user may be sent to plain http: on loopback only, from loopback only.
 * @throws {@link TokenEndpointError} or {@link InteractionRequiredError}, with step `device`, for an OAuth error.
 * @throws {@link ProtocolError} `ERR_MISSING_FIELD`, `ERR_MALFORMED_RESPONSE`, `ERR_UNEXPECTED_STATUS`, or
 *   `ERR_INSECURE_ENDPOINT` for a page that users must not be sent to.
 * @see RFC 8628 §3.2; `verification_url` is the name of drafts, which some servers still use
 */
export function parseDeviceAuthorizationResponse(
  response: HttpResponse,
  authority: Pick<Authority, 'url'>,
): DeviceAuthorization {
  const answer = findJsonObject(response)
  if (answer !== undefined && Object.hasOwn(answer, 'error')) {
    throw parseTokenError(answer, response, { step, what: 'the device authorization endpoint' })
  }
  const json = parseJsonObject(response, step, 'the device authorization response')
  const deviceCode = new Secret(readString(json, 'device_code', step, 16_384))
  const userCode = readUserCode(json)
  const uri = findString(json, 'verification_uri', step) || findString(json, 'verification_url', step)
  if (!uri) throw missingField('verification_uri', step)
  const verificationUri = checkPage('verification_uri', uri, authority)
  const complete = findString(json, 'verification_uri_complete', step)
  const expiresInSeconds = findSeconds(json, 'expires_in')
  if (expiresInSeconds === undefined) throw missingField('expires_in', step)
  const message = findString(json, 'message', step, 4_096)
  return {
    deviceCode,
    userCode,
    verificationUri,
    ...(complete ? { verificationUriComplete: checkPage('verification_uri_complete', complete, authority) } : {}),
    expiresInSeconds: between(1, expiresInSeconds, 3_600),
    intervalSeconds: between(1, findSeconds(json, 'interval') ?? 5, 60),
    message: message ? display(message) : `To sign in, open ${verificationUri} and enter the code ${userCode}.`,
  }
}

/** Builds the question whether the user is done (RFC 8628 §3.4): a token request with the device code. */
export function buildDeviceTokenRequest(
  { deviceCode, ...request }: Omit<TokenRequest, 'grant'> & { readonly deviceCode: Secret },
  correlationId: string,
): HttpRequest {
  return buildTokenRequest({ ...request, grant: { type: 'device_code', deviceCode } }, correlationId)
}

/** What the token endpoint says of a device code. `unavailable`: nothing, for now (status 429 or 5xx). */
export type DeviceTokenOutcome =
  | { readonly type: 'pending' | 'slow_down' | 'unavailable' }
  | { readonly type: 'tokens'; readonly tokens: CompleteTokenResponse }

/**
 * Reads the token endpoint's answer to a device code.
 *
 * @throws {@link DeniedError} `ERR_DEVICE_CODE_DECLINED` when the user said no (`access_denied`, in Entra's words
 *   `authorization_declined`), `ERR_DEVICE_CODE_EXPIRED` when the code is not good any more (`expired_token`, Entra's
 *   `bad_verification_code`).
 * @throws What `parseTokenResponse` throws for every other answer without tokens.
 * @see RFC 8628 §3.5
 * @see {@link https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code Entra: expected errors}
 */
export function parseDeviceTokenResponse(
  response: HttpResponse,
  requestedScopes: readonly string[],
): DeviceTokenOutcome {
  const answer = findJsonObject(response)
  switch (answer?.['error']) {
    case 'authorization_pending':
      return { type: 'pending' }
    case 'slow_down':
      return { type: 'slow_down' }
    case 'authorization_declined':
    case 'access_denied':
      throw declined(answer, response)
    case 'expired_token':
    case 'bad_verification_code':
      throw deviceCodeExpired({ response })
  }
  if (response.status === 429 || response.status >= 500) return { type: 'unavailable' }
  return { type: 'tokens', tokens: parseTokenResponse(response, requestedScopes) }
}

/**
 * The end of a code that nobody entered in time.
 *
 * @param how `response`: the server's word for it, if that came first. `isAnswered`: whether the server had answered the
 *   latest question at all.
 */
export function deviceCodeExpired({
  response,
  isAnswered = true,
}: {
  readonly response?: HttpResponse
  readonly isAnswered?: boolean
} = {}): DeniedError {
  const why = isAnswered ? 'nobody signed in with it in time' : 'the server did not answer when it was asked'
  return new DeniedError('ERR_DEVICE_CODE_EXPIRED', `the code is not good any more: ${why}`, {
    step,
    hint: isAnswered
      ? 'Ask for a new code, and enter it while it is good: 15 minutes, in most cases.'
      : 'Somebody may have signed in all the same. Try again when the server can be reached.',
    ...(response === undefined ? {} : { response: responseFacts(response) }),
  })
}

// The server's words tell a user's no from a policy's: both come as access_denied.
function declined(json: JsonObject, response: HttpResponse): AuthError {
  const { message, details } = readTokenError(json, response, { step, what: 'the token endpoint' })
  const { response: about, whereToLook } = details
  return new DeniedError('ERR_DEVICE_CODE_DECLINED', `the sign-in was declined: ${message}`, {
    step,
    hint: 'The user said no in the browser, or may not sign in: start again if that was a mistake.',
    ...(about === undefined ? {} : { response: about }),
    ...(whereToLook === undefined ? {} : { whereToLook }),
  })
}

function readUserCode(json: JsonObject): string {
  const userCode = readString(json, 'user_code', step)
  if (/^[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?$/.test(userCode)) return userCode
  throw malformed('the user_code is not one that a person can read and enter')
}

// Shown to a person who will open it and sign in there, so it must be the kind of place where people do.
function checkPage(name: string, text: string, authority: Pick<Authority, 'url'>): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLocal = [url?.hostname, new URL(authority.url).hostname].every(
    (host) => host !== undefined && classifyHost(host) === 'loopback',
  )
  const isSecure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)
  if (url !== undefined && isSecure && url.username === '' && url.password === '') return url.href
  throw new ProtocolError(
    'ERR_INSECURE_ENDPOINT',
    `the ${name} is no https URL, or hides its host behind a user name`,
    {
      step,
      hint: 'Users must not be sent there to sign in: check what answers at the device authorization endpoint.',
    },
  )
}

// Some servers write numbers as texts.
function findSeconds(json: JsonObject, name: string): number | undefined {
  const value = json[name]
  if (value === undefined || value === null) return undefined
  const seconds = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 0) return seconds
  throw malformed(`${name} is not a whole number of seconds`)
}

function between(lowest: number, value: number, highest: number): number {
  return Math.min(Math.max(value, lowest), highest)
}

function malformed(message: string): ProtocolError {
  return new ProtocolError('ERR_MALFORMED_RESPONSE', message, {
    step,
    hint: 'The answer does not have the documented shape: check what answers at the device authorization endpoint.',
  })
}
