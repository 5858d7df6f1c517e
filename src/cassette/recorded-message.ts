import type { TransportErrorCode } from '../errors.ts'
import type { HttpRequest, HttpResponse } from '../protocol/http.ts'
import type { Secret } from '../protocol/secret.ts'
import { dropped } from '../redact/marker.ts'
import { redactRequest, redactResponse } from '../redact/redact-message.ts'
import type { RedactedRequest } from '../redact/redacted-message.ts'
import { walkTexts } from '../redact/walk-texts.ts'
import type { CassetteResponse } from './cassette.ts'
import { maxBodyLength } from './read-cassette.ts'

/** What says of a request only where, and with which version, it was made. */
const ofTheMachine: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'content-length', 'accept-encoding', 'user-agent', 'keep-alive', 'transfer-encoding'],
  ...['x-client-ver', 'x-client-os', 'x-client-cpu', 'x-client-current-telemetry', 'x-client-last-telemetry'],
  // A hint for routing, which names the user: a name that no header can hold goes without.
  'x-anchormailbox',
  // How its maker calls the program, which may name the maker.
  ...['x-app-name', 'x-app-ver'],
])
/** Of a response: how it travelled. The length and the coding are those of a body that was changed. */
const ofTheConnection: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'content-encoding', 'server', 'via', 'age'],
  ...['strict-transport-security', 'x-powered-by', 'x-ms-ests-server', 'x-ms-srs', 'x-ms-clitelem'],
])

/**
 * A request as cassettes hold it: redacted, with every secret as `[password]`, whatever its length was, and without what differs
 * from machine to machine. Two requests that say the same are the same text.
 */
export function recordedRequest(request: HttpRequest, others: readonly Secret[] = []): RedactedRequest {
  const { method, url, headers, body } = redactRequest(request, others)
  return {
    method,
    url: plainMarkers(url),
    headers: sorted(headers, ofTheMachine),
    ...(body === undefined ? {} : { body: plainMarkers(body) }),
  }
}

/** A response as cassettes hold it, with its own names still, and tokens without a signature. */
export function recordedResponse(
  response: HttpResponse,
  request: HttpRequest,
  others: readonly Secret[] = [],
): CassetteResponse {
  const whole = redactResponse(response, request, others)
  const { status, headers } = whole
  // More than any client reads.
  const body = whole.body.length > maxBodyLength ? dropped(whole.body, headers['content-type'] ?? '') : whole.body
  return {
    status,
    headers: withoutNames(sorted(headers, ofTheConnection)),
    body: plainMarkers(body.replace(/^<title>[^<]*<\/title>(?=\[dropped: )/, '<title>A page</title>')),
  }
}

/** What failed, in words that do not depend on where the program ran: a message may name a proxy, or who made a certificate. */
export const failureMessages: Readonly<Record<TransportErrorCode, string>> = {
  ERR_TRANSPORT_TIMEOUT: 'no answer in time',
  ERR_TRANSPORT_ABORTED: 'the request was aborted',
  ERR_TRANSPORT_UNREACHABLE: 'the connection broke',
  ERR_TRANSPORT_TLS: 'the certificate was not accepted',
  ERR_TRANSPORT_TOO_LARGE: 'the answer was too large',
  ERR_TRANSPORT_REDIRECT: 'the answer was a redirect',
}

// Of a challenge (RFC 9110 §11.6.1) the scheme says how to sign in; the realm is a name that somebody chose. No redirect is
// followed: that there is one, and to which host, is all that counts.
function withoutNames(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { 'www-authenticate': challenge, location, ...others } = headers
  const realmless = challenge?.replace(/\b(realm\s*=\s*)(?:"[^"]*"|[^\s,]+)/gi, '$1""')
  const target = location !== undefined && URL.canParse(location) ? new URL(location) : undefined
  // The origin of any other scheme is the text "null".
  const origin = target !== undefined && /^https?:$/.test(target.protocol) ? target.origin : ''
  return {
    ...others,
    ...(location === undefined ? {} : { location: `${origin}/` }),
    ...(realmless === undefined ? {} : { 'www-authenticate': realmless }),
  }
}

function sorted(
  headers: Readonly<Record<string, string>>,
  without: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  const kept = Object.entries(headers).filter(([name]) => !without.has(name))
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, plain(value)]))
}

const lengths = /\[([\w.:-]{1,60}), (?:empty|long|up to \d{1,4} characters)\]/g

/** Takes the lengths out of the stand-ins for secrets: another password is to be replayed too. */
function plain(text: string): string {
  return text.replace(lengths, '[$1]')
}

function plainMarkers(text: string): string {
  return walkTexts(text, ({ text: leaf }) => plain(leaf))
}
