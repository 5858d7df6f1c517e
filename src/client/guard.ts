import { InvalidArgumentError, isAuthError, ProtocolError, type Step, TransportError } from '../errors.ts'
import { classifyHost } from '../protocol/address.ts'
import { type HttpRequest, type HttpResponse, maxResponseBytes, type Transport } from '../protocol/http.ts'
import { abortFailure, codeOf, type Place, redirectFailure, tooLargeFailure } from '../transport/failure.ts'

/** Who named a host: the caller (authority, options) or the answer of realm discovery. */
type JustifiedBy = 'caller' | 'realm'

/** Stands between one call of the client and its transport. */
export interface Guard {
  /**
   * Sends a request that may be sent and passes on an answer that may be read.
   *
   * @throws `ProtocolError` `ERR_INSECURE_ENDPOINT` or `ERR_UNJUSTIFIED_HOST` before anything is sent,
   * `ERR_MALFORMED_RESPONSE` for an answer without the shape of one; `TransportError` for a redirect, an answer beyond
   * the step's byte limit, an abort, and whatever else a transport throws.
   */
  readonly send: Transport
  /**
   * Marks the host **and port** of a URL as a place requests of this call may go. A URL that cannot be read marks
   * nothing. What a realm names counts for names on port 443 only, unless the authority is itself loopback.
   */
  justify(url: string, by: JustifiedBy): void
  /** Throws as `send` would, before anything is sent. */
  check(url: string, step: Step): void
}

/**
 * Wraps any transport, a user's own too, for one call: https, justified hosts, no redirect, bounded answers. The
 * authority's host is justified from the start.
 *
 * @throws {@link InvalidArgumentError} when the authority is not a URL.
 */
export function createGuard(send: Transport, authorityUrl: string): Guard {
  const authority = parse(authorityUrl)
  if (authority === undefined) {
    const hint = 'Pass an absolute https URL as `authority`.'
    throw new InvalidArgumentError('the authority is not a URL', { step: 'authority', hint })
  }
  const onLoopback = classifyHost(authority.hostname) === 'loopback'
  const justified = new Map<string, JustifiedBy>([[hostAndPort(authority), 'caller']])

  const check = (text: string, step: Step): void => {
    const url = readEndpoint(text, step, onLoopback)
    refuseUnjustified(url, step, justified.get(hostAndPort(url)), onLoopback)
  }
  return {
    send: async (request, options) => {
      check(request.url, request.step)
      const answer = await sendThrough(send, request, options?.signal)
      try {
        return checkResponse(answer, request)
      } catch (error) {
        // An answer of a user's transport may be an object whose members throw.
        throw isAuthError(error) ? error : foreignFailure(error, placeOf(request))
      }
    },
    justify(text, by) {
      const url = parse(text)
      if (url === undefined) return
      const key = hostAndPort(url)
      if (justified.get(key) !== 'caller') justified.set(key, by)
    },
    check,
  }
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

function hostAndPort(url: URL): string {
  return `${url.hostname}:${portOf(url)}`
}

function portOf(url: URL): string {
  return url.port !== '' ? url.port : url.protocol === 'http:' ? '80' : '443'
}

/**
 * Reads a URL, or refuses it as one a credential must not go to.
 *
 * Stricter than the WHATWG parser, which repairs what it reads: `https:\\h`, a tab inside, `%2e`, `127.1`. A user's
 * transport may repair it differently, and send elsewhere than what was checked. So the host must be spelled as the
 * parser would write it.
 */
function readEndpoint(text: string, step: Step, onLoopback: boolean): URL {
  const url = parse(text)
  const host = url?.host || 'a URL without a host'
  const refuse = (why: string, hint: string): ProtocolError =>
    new ProtocolError('ERR_INSECURE_ENDPOINT', `${host} is not asked: ${why}`, { step, hint })
  if (url === undefined) throw refuse('its URL cannot be read', 'The URL must be absolute.')
  const plain = url.protocol === 'http:' && onLoopback && classifyHost(url.hostname) === 'loopback'
  if (url.protocol !== 'https:' && !plain) {
    throw refuse('its URL is not https', 'Credentials go over https only. (http is possible between loopback hosts.)')
  }
  if (url.username !== '' || url.password !== '') {
    throw refuse('its URL holds a user name', 'Remove the part before the "@"; it hides which host is meant.')
  }
  if (text.includes('#')) throw refuse('its URL holds a fragment', 'Remove the part from the "#" on.')
  const written = /^https?:\/\/([^/?]*)[^\\]*$/i.exec(text)?.[1]?.toLowerCase()
  if (/[^!-~]/.test(text) || (written !== url.host && written !== `${url.host}:${portOf(url)}`)) {
    throw refuse('its URL can be read in more than one way', `Write the host plainly, in ASCII: ${url.origin}/…`)
  }
  return url
}

function refuseUnjustified(url: URL, step: Step, by: JustifiedBy | undefined, onLoopback: boolean): void {
  const kind = classifyHost(url.hostname)
  const refuse = (why: string, hint: string): ProtocolError =>
    new ProtocolError('ERR_UNJUSTIFIED_HOST', `${url.host} is not asked: ${why}`, { step, hint })
  if (kind === 'unspecified' || kind === 'link-local' || kind === 'multicast') {
    throw refuse(`it is a ${kind} address`, 'No sign-in server has such an address. Name the server.')
  }
  const hint = `If this host may get the user's credentials, name it yourself, with its port: ${url.origin}`
  if (by === undefined) throw refuse('neither the caller nor the realm answer named this host and port', hint)
  if (by === 'caller' || onLoopback) return
  if (kind !== 'name') throw refuse('a realm answer cannot justify loopback or a literal address', hint)
  if (portOf(url) !== '443') throw refuse('a realm answer can justify port 443 only', hint)
}

/** Calls the transport, ends with the signal even if the transport does not, and keeps no error object of others. */
async function sendThrough(send: Transport, request: HttpRequest, signal: AbortSignal | undefined): Promise<unknown> {
  const { step } = request
  throwIfAborted(signal, step)
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortFailure(step, signal?.reason))
    signal?.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([send(request, signal === undefined ? undefined : { signal }), aborted])
  } catch (error) {
    if (isAuthError(error)) throw error
    throwIfAborted(signal, step)
    throw foreignFailure(error, placeOf(request))
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

function throwIfAborted(signal: AbortSignal | undefined, step: Step): void {
  if (signal?.aborted === true) throw abortFailure(step, signal.reason)
}

/** A transport of the user's own threw: its message may hold anything, so only its code or name is kept. */
function foreignFailure(error: unknown, { step, host }: Place): TransportError {
  const name = typeof error === 'object' && error !== null ? (error as { name?: unknown }).name : undefined
  if (name === 'TimeoutError') {
    const hint = 'The transport has a deadline of its own.'
    return new TransportError('ERR_TRANSPORT_TIMEOUT', `the transport gave up on ${host}`, { step, hint })
  }
  if (name === 'AbortError') {
    const hint = 'Not by the signal of this call: the transport ended the request itself.'
    return new TransportError('ERR_TRANSPORT_ABORTED', `the transport aborted the request to ${host}`, { step, hint })
  }
  return new TransportError('ERR_TRANSPORT_UNREACHABLE', `the transport could not reach ${host} (${codeOf(error)})`, {
    step,
    hint: 'The message of the error is left out, as it may hold a secret. The transport itself can log it.',
  })
}

function placeOf(request: HttpRequest): Place {
  return { step: request.step, host: parse(request.url)?.host ?? 'the host' }
}

function checkResponse(answer: unknown, request: HttpRequest): HttpResponse {
  const place = placeOf(request)
  const response = readResponse(answer, place)
  if (response.status >= 300 && response.status < 400) {
    throw redirectFailure(place, response.headers['location'], request.url)
  }
  if (response.url !== undefined && parse(response.url)?.origin !== parse(request.url)?.origin) {
    const host = parse(response.url)?.host ?? 'an unreadable URL'
    throw new TransportError('ERR_TRANSPORT_REDIRECT', `the transport followed a redirect to ${host}`, {
      step: place.step,
      hint: "Turn redirects off in your transport: with fetch that is redirect: 'manual'. It may have sent a credential on.",
    })
  }
  const limit = maxResponseBytes(place.step)
  if (utf8Length(response.body, limit) > limit) throw tooLargeFailure(place, limit)
  return response
}

/** A user's transport may return anything: narrows it once, here. */
function readResponse(answer: unknown, place: Place): HttpResponse {
  const refuse = (what: string): ProtocolError =>
    new ProtocolError('ERR_MALFORMED_RESPONSE', `the transport returned ${what} for ${place.host}`, {
      step: place.step,
      hint: 'A transport returns { status, headers, body }: an integer, an object of strings, a string.',
    })
  if (typeof answer !== 'object' || answer === null) throw refuse('no response')
  const { status, headers, body, url, timings } = answer as Partial<Record<keyof HttpResponse, unknown>>
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599) {
    throw refuse('no HTTP status')
  }
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) throw refuse('no headers')
  const pairs = Object.entries(headers)
  if (!pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string')) {
    throw refuse('a header that is not text')
  }
  // A Headers object or a Map has no own entries, and would silently lose every header.
  if (pairs.length === 0 && Symbol.iterator in headers) throw refuse('headers that are not a plain object')
  if (typeof body !== 'string') throw refuse('no body text')
  if (url !== undefined && typeof url !== 'string') throw refuse('a URL that is not text')
  return {
    status,
    headers: Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value])),
    body,
    ...(url === undefined || url === '' ? {} : { url }),
    ...(isTimings(timings) ? { timings } : {}),
  }
}

function isTimings(value: unknown): value is NonNullable<HttpResponse['timings']> {
  return typeof value === 'object' && value !== null && typeof (value as { totalMs?: unknown }).totalMs === 'number'
}

/** Bytes of the text in UTF-8; stops counting at once where the length alone decides. */
function utf8Length(text: string, limit: number): number {
  if (text.length > limit || text.length * 3 <= limit) return text.length
  return new TextEncoder().encode(text).byteLength
}
