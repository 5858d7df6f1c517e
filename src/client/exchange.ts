import { type AuthError, isAuthError, type Step, TransportError } from '../errors.ts'
import { type HttpRequest, type HttpResponse, printableRequest, secretsOf } from '../protocol/http.ts'
import { retryAfterSeconds } from '../protocol/retry-after.ts'
import type { Secret } from '../protocol/secret.ts'
import type { Verdict } from '../protocol/verdict.ts'
import { abortFailure } from '../transport/failure.ts'
import type { Call } from './call.ts'
import type { Artefact, Facts } from './events.ts'

/**
 * Sends one request through the call's guard and parses the answer. A discovery request (GET) is repeated once after a
 * connection failure, 429 or 5xx; a request that carries a credential is sent once, whatever happens.
 *
 * If an answer that led to an error repeats the credential, the error loses every text of the server's.
 */
export async function exchange<T>(
  call: Call,
  request: HttpRequest,
  parse: (response: HttpResponse) => T,
  describe?: (parsed: T) => Description,
): Promise<T> {
  const response = await sendRetrying(call, request)
  try {
    const parsed = parse(response)
    if (describe !== undefined) emitParse(call, request.step, () => describe(parsed))
    return parsed
  } catch (error) {
    // Headers too: some of them end up in an error, as ids to look the request up by.
    const text = [response.body, ...Object.values(response.headers)].join('\n')
    if (isAuthError(error) && repeats(text, secretsOf(request))) withholdServerText(error, secretsOf(request))
    throw error
  }
}

/** What an answer was read as, for events. */
export interface Description {
  readonly what: Artefact
  readonly facts: Readonly<Record<string, Facts[string] | undefined>>
  readonly checks?: readonly Verdict[]
}

/** Tells what the latest answer was read as, if anybody listens; members that are absent are left out. */
export function emitParse(call: Call, step: Step, describe: () => Description): void {
  if (!call.isHeard) return
  try {
    const { what, facts, checks = [] } = describe()
    const present = Object.entries(facts).filter(([, value]) => value !== undefined) as [string, Facts[string]][]
    call.emit({ type: 'parse', step, hop: call.hops, what, facts: Object.fromEntries(present), checks })
  } catch {
    // What cannot be described may still be good: a token is worth more than what is told of it.
  }
}

async function sendRetrying(call: Call, request: HttpRequest): Promise<HttpResponse> {
  if (request.method !== 'GET') return send(call, request)
  let waitMs = 1_000
  try {
    const response = await send(call, request)
    if (response.status !== 429 && response.status < 500) return response
    waitMs = retryAfterMs(response, call.now()) ?? waitMs
    call.emit({ type: 'retry', step: request.step, reason: `HTTP status ${response.status}`, waitMs })
  } catch (error) {
    if (!(error instanceof TransportError) || error.code !== 'ERR_TRANSPORT_UNREACHABLE') throw error
    call.emit({ type: 'retry', step: request.step, reason: error.code, waitMs })
  }
  await waitUnlessAborted(call, request, waitMs)
  return send(call, request)
}

async function send(call: Call, request: HttpRequest): Promise<HttpResponse> {
  const { step, method } = request
  const { url } = printableRequest(request)
  const hop = call.nextHop()
  const startedAt = performance.now()
  // The guard judges before this event would say that a request went out.
  call.guard.check(request.url, step)
  call.emit({ type: 'http.request', hop, step, method, url }, { request })
  const response = await call.guard.send(request, { signal: call.signal })
  const durationMs = performance.now() - startedAt
  const { status, timings } = response
  call.emit(
    {
      type: 'http.response',
      hop,
      step,
      method,
      url,
      status,
      durationMs,
      ...(timings === undefined ? {} : { timings }),
    },
    { request, response },
  )
  return response
}

async function waitUnlessAborted(call: Call, request: HttpRequest, waitMs: number): Promise<void> {
  let onAbort = (): void => {}
  // A wait of the caller's own may not look at its signal.
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortFailure(request.step, call.signal.reason))
    call.signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    await Promise.race([call.wait(waitMs, call.signal), aborted])
  } catch (error) {
    throw call.signal.aborted ? abortFailure(request.step, call.signal.reason) : error
  } finally {
    call.signal.removeEventListener('abort', onAbort)
  }
}

/** What the server asks for, at most 10 seconds: a caller is waiting. */
function retryAfterMs(response: HttpResponse, now: number): number | undefined {
  const seconds = retryAfterSeconds(response, now)
  return seconds === undefined ? undefined : Math.min(seconds, 10) * 1000
}

/** Whether an answer holds a secret in any spelling. Taking one for another costs the error a text, no more. */
function repeats(body: string, secrets: readonly Secret[]): boolean {
  return secrets.some((secret) => {
    const text = secret.reveal()
    const bodyText = lettersAndDigits(body)
    // What looks like an escape in the secret itself is one in the answer only if the server left it alone.
    const bare = [lettersAndDigits(text), text.replace(/[^a-z0-9]/gi, '').toLowerCase()]
    if (bare.some((letters) => letters.length >= 4 && bodyText.includes(letters))) return true
    const haystack = body.toLowerCase()
    // A shorter text is found in anything.
    return text.length >= 4 && spellings(text).some((spelling) => haystack.includes(spelling.toLowerCase()))
  })
}

// What no escaping changes: the ASCII letters and digits, after those that were escaped needlessly are undone.
function lettersAndDigits(text: string): string {
  return text
    .replace(/%([0-9a-f]{2})|&#x([0-9a-f]{1,6});|\\u([0-9a-f]{4})/gi, (_, ...hex: (string | undefined)[]) =>
      String.fromCharCode(Number.parseInt(hex.find((digits) => digits !== undefined) ?? '0', 16)),
    )
    .replace(/&#(\d{1,7});/g, (_, digits: string) => String.fromCharCode(Number(digits)))
    .replace(/&[a-z]+;|\\[nrtbf]|[^a-z0-9]/gi, '')
    .toLowerCase()
}

// A text with few letters and digits has to be looked for as it is, or as a server might encode it.
function spellings(text: string): readonly string[] {
  // Of a short text nothing may be left at some offset, and nothing is found in everything.
  const base64 = [0, 1, 2].map((offset) => base64Core(text, offset)).filter((core) => core.length >= 4)
  const xml = text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c)
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    xml,
    ...base64,
    ...base64.map((core) => core.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

// What stays of a text's base64 whatever stands before and after it; the same bytes have three spellings.
function base64Core(text: string, offset: number): string {
  const bytes = new TextEncoder().encode(text)
  const encoded = btoa(String.fromCharCode(...new Uint8Array(offset), ...bytes))
  return encoded.slice(offset === 0 ? 0 : 4, Math.floor((offset + bytes.length) / 3) * 4)
}

// Words of RFC 6749 §5.2 and RFC 8628 §3.5, of OpenID Connect and Entra, of SOAP, WS-Security and WS-Trust: none is a secret,
// and they say what to do next.
const standardWords = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_resource',
  'access_denied',
  'temporarily_unavailable',
  'server_error',
  'interaction_required',
  'consent_required',
  'login_required',
  'authorization_declined',
  'expired_token',
  'basic_action',
  'additional_action',
  'message_only',
  'user_password_expired',
  'bad_token',
  'token_expired',
  'client_mismatch',
  'protection_policy_required',
  'refresh_token_refused',
  'Sender',
  'Receiver',
  'Client',
  'Server',
  'FailedAuthentication',
  'FailedCheck',
  'InvalidSecurity',
  'InvalidSecurityToken',
  'MessageExpired',
  'RequestFailed',
  'InvalidRequest',
  'BadRequest',
  'InvalidScope',
  'ExpiredData',
  'InvalidTimeRange',
  'ActionNotSupported',
  'EndpointUnavailable',
])

// Every text the error has from the answer goes, also where only a part of the credential might be in it.
function withholdServerText(error: AuthError, secrets: readonly Secret[]): void {
  const writable = error as unknown as Record<string, unknown>
  writable['message'] = 'the server refused; its answer repeats the credential, so its text was left out'
  // V8 puts the first message into the stack when the error is made.
  writable['stack'] = `${error.name}: ${error.message}`
  for (const name of [
    'error',
    'errorDescription',
    'suberror',
    'reason',
    'faultCode',
    'faultSubcode',
    'idCode',
    'serverCode',
  ]) {
    if (name in writable && !standardWords.has(String(writable[name]))) writable[name] = '[withheld]'
  }
  if (Array.isArray(writable['errorCodes'])) {
    writable['errorCodes'] = (writable['errorCodes'] as number[]).filter(
      (code) => !secrets.some((secret) => secret.reveal().includes(String(code))),
    )
  }
  for (const name of ['claims', 'cause', 'whereToLook']) delete writable[name]
  if (error.response !== undefined) writable['response'] = { status: error.response.status }
}
