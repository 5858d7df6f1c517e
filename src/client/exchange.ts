import { type AuthError, isAuthError, TransportError } from '../errors.ts'
import { type HttpRequest, type HttpResponse, secretsOf } from '../protocol/http.ts'
import type { Secret } from '../protocol/secret.ts'
import { abortFailure } from '../transport/failure.ts'
import type { Call } from './call.ts'

/**
 * Sends one request through the call's guard and parses the answer. A discovery request (GET) is repeated once after a
 * connection failure, 429 or 5xx; a request that carries a credential is sent once, whatever happens.
 *
 * If an answer that led to an error repeats the credential, the error loses every text of the server's.
 */
export async function exchange<T>(call: Call, request: HttpRequest, parse: (response: HttpResponse) => T): Promise<T> {
  const response = await sendRetrying(call, request)
  try {
    return parse(response)
  } catch (error) {
    if (isAuthError(error) && repeats(response.body, secretsOf(request))) withholdServerText(error)
    throw error
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
  const { step, method, url } = request
  const hop = call.nextHop()
  const startedAt = performance.now()
  // The guard judges before this event would say that a request went out.
  call.guard.check(url, step)
  call.emit({ type: 'http.request', hop, step, method, url })
  const response = await call.guard.send(request, { signal: call.signal })
  const durationMs = performance.now() - startedAt
  call.emit({ type: 'http.response', hop, step, method, url, status: response.status, durationMs })
  return response
}

async function waitUnlessAborted(call: Call, request: HttpRequest, waitMs: number): Promise<void> {
  try {
    await call.wait(waitMs, call.signal)
  } catch (cause) {
    if (!call.signal.aborted) throw cause
    throw abortFailure(request.step, call.signal.reason)
  }
}

/** Delta-seconds or an HTTP date (RFC 9110 §10.2.3), at most 10 seconds: a caller is waiting. */
function retryAfterMs(response: HttpResponse, now: number): number | undefined {
  const value = response.headers['retry-after']?.trim() ?? ''
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : Date.parse(value) / 1000 - now
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 10) * 1000 : undefined
}

function repeats(body: string, secrets: readonly Secret[]): boolean {
  const haystack = body.toLowerCase()
  return secrets.some((secret) => {
    const text = secret.reveal()
    // A shorter text is found in anything.
    return text.length >= 4 && spellings(text).some((spelling) => haystack.includes(spelling.toLowerCase()))
  })
}

// How a server might write the text back: as it is, or escaped for JSON, a URL, a form, XML or HTML.
function spellings(text: string): readonly string[] {
  const xml = text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? c)
  const quoted = xml.replaceAll('"', '&quot;')
  const json = JSON.stringify(text).slice(1, -1)
  const form = new URLSearchParams([['', text]]).toString().slice(1)
  const bytes = btoa(String.fromCharCode(...new TextEncoder().encode(text))).replaceAll('=', '')
  return [
    text,
    json,
    encodeURIComponent(text),
    form,
    xml,
    quoted,
    quoted.replaceAll("'", '&#39;'),
    quoted.replaceAll("'", '&apos;'),
    bytes,
    bytes.replaceAll('+', '-').replaceAll('/', '_'),
  ]
}

// Every text the error has from the answer goes, also where only a part of the credential might be in it.
function withholdServerText(error: AuthError): void {
  const writable = error as unknown as Record<string, unknown>
  writable['message'] = 'the server refused; its answer repeats the credential, so its text was left out'
  // V8 puts the first message into the stack when the error is made.
  writable['stack'] = `${error.name}: ${error.message}`
  for (const name of ['error', 'errorDescription', 'suberror', 'reason', 'faultCode', 'faultSubcode', 'idCode']) {
    if (name in writable) writable[name] = '[withheld]'
  }
  for (const name of ['claims', 'cause']) delete writable[name]
  if (error.response !== undefined) writable['response'] = { status: error.response.status }
}
