import type { CertificateDefect, InjectedFault } from '../../src/simulator.ts'

/**
 * What kind of request a fault meets.
 *
 * - `json`: discovery, a GET for JSON (realm, metadata, key set); asked again once after a broken connection, 429 or 5xx.
 * - `mex`: the same for XML, of a user whose realm answer names an endpoint to fall back on (`federation_active_auth_url`).
 * - `named`: the same where the caller named the document: there is nothing to fall back on.
 * - `wstrust`: the password, to the federation server.
 * - `token`: password, assertion or refresh token, to the token endpoint.
 * - `device`: the request for a device code.
 * - `poll`: the question whether the user of the code is done, asked until the code expires.
 */
export type Kind = 'json' | 'mex' | 'named' | 'wstrust' | 'token' | 'device' | 'poll'

type Ending = 'ok' | `ERR_${string}`

export interface Row {
  readonly name: string
  readonly faults: readonly InjectedFault[]
  /** In place of faults: what is wrong with the certificate of the side. */
  readonly certificate?: CertificateDefect
  /** Only the first request fails; else all of them. */
  readonly firstOnly?: true
  /** Limit of the call, where it is what ends it. */
  readonly deadlineMs?: number
  /** How every cell of the row ends. */
  readonly ends: Readonly<Record<Kind, Ending>>
  /** The same for single columns, where the kind does not decide it. */
  readonly except?: Readonly<Record<string, Ending>>
  /** Milliseconds until a discovery request is sent again; absent: it is not. */
  readonly againAfterMs?: number
  /** Seconds until `retryAt` of a `ThrottledError`. */
  readonly retryInSeconds?: number
  /** What the message of every error must say, beside that a device code expired. */
  readonly says?: RegExp
}

/** Now, for client and simulator. */
export const startOfTime = 1_800_000_000
const httpDate = (seconds: number): string => new Date((startOfTime + seconds) * 1000).toUTCString()

const everywhere = (ending: Ending): Row['ends'] => ({
  json: ending,
  mex: ending,
  named: ending,
  wstrust: ending,
  token: ending,
  device: ending,
  poll: ending,
})
/** Ends the call everywhere but where a document that cannot be had is done without. */
const fatal = (ending: Ending): Row['ends'] => ({ ...everywhere(ending), mex: 'ok' })
/** The same where a device code is asked about again, until it is good no more (RFC 8628 §3.5). */
const busy = (ending: Ending, token: Ending = ending): Row['ends'] => ({
  ...fatal(ending),
  token,
  poll: 'ERR_DEVICE_CODE_EXPIRED',
})

const unreachable = 'ERR_TRANSPORT_UNREACHABLE'
const timeout = 'ERR_TRANSPORT_TIMEOUT'
const redirect = 'ERR_TRANSPORT_REDIRECT'
const status = 'ERR_UNEXPECTED_STATUS'
const malformed = 'ERR_MALFORMED_RESPONSE'
const throttled = 'ERR_THROTTLED'
const deadlineMs = 400

function answers(
  code: number,
  more: { headers?: Record<string, string>; body?: string } = {},
): readonly InjectedFault[] {
  return [{ type: 'status', status: code, ...more }]
}

function retryAfter(code: number, value: string): readonly InjectedFault[] {
  return answers(code, { headers: { 'retry-after': value } })
}

const json = { 'content-type': 'application/json' }

/**
 * Every fault, and how it must end: written from the promises of the architecture (one attempt per credential, redirects
 * never followed, statuses judged by the parsers), RFC 9110 §10.2.3, RFC 8628 §3.5, and from what is known of AD FS and Entra.
 */
export const rows: readonly Row[] = [
  { name: 'late by 50 ms', faults: [{ type: 'latency', ms: 50 }], ends: everywhere('ok') },
  { name: 'late by a minute', faults: [{ type: 'latency', ms: 60_000 }], deadlineMs, ends: everywhere(timeout) },
  { name: 'hangs', faults: [{ type: 'hang' }], deadlineMs, ends: everywhere(timeout) },
  {
    name: 'hangs after the headers',
    faults: [{ type: 'hang', after: 'headers' }],
    deadlineMs,
    ends: everywhere(timeout),
  },
  { name: 'reset', faults: [{ type: 'reset' }], ends: busy(unreachable), againAfterMs: 1_000 },
  {
    name: 'reset, the first time',
    faults: [{ type: 'reset' }],
    firstOnly: true,
    ends: { ...fatal(unreachable), json: 'ok', named: 'ok', poll: 'ok' },
    againAfterMs: 1_000,
  },
  {
    name: 'reset in the body',
    faults: [{ type: 'reset', after: 'headers' }],
    ends: busy(unreachable),
    againAfterMs: 1_000,
  },
  // All of the text came: a client that does not count would take it.
  { name: 'cut short', faults: [{ type: 'truncate' }], ends: busy(unreachable), againAfterMs: 1_000 },
  { name: '429', faults: answers(429), ends: busy(status, throttled), againAfterMs: 1_000, retryInSeconds: 60 },
  {
    name: '429, Retry-After: 7',
    faults: retryAfter(429, '7'),
    ends: busy(status, throttled),
    againAfterMs: 7_000,
    retryInSeconds: 7,
  },
  {
    name: '429, Retry-After: a date',
    faults: retryAfter(429, httpDate(7)),
    ends: busy(status, throttled),
    againAfterMs: 7_000,
    retryInSeconds: 7,
  },
  {
    name: '429, Retry-After: 31 years',
    faults: retryAfter(429, '999999999'),
    ends: busy(status, throttled),
    againAfterMs: 10_000,
    retryInSeconds: 3_600,
  },
  {
    name: '429, Retry-After: -5',
    faults: retryAfter(429, '-5'),
    ends: busy(status, throttled),
    againAfterMs: 1_000,
    retryInSeconds: 60,
  },
  {
    name: '429, Retry-After: a date gone by',
    faults: retryAfter(429, httpDate(-60)),
    ends: busy(status, throttled),
    againAfterMs: 1_000,
    retryInSeconds: 60,
  },
  {
    name: '429, a page',
    faults: [{ type: 'html', status: 429, title: 'Too many requests' }],
    ends: busy(status, throttled),
    againAfterMs: 1_000,
    retryInSeconds: 60,
  },
  {
    name: '429, an OAuth error',
    faults: answers(429, { headers: { ...json, 'retry-after': '7' }, body: '{"error":"temporarily_unavailable"}' }),
    // Only the OAuth endpoints speak OAuth.
    ends: { ...busy(status, throttled), device: 'ERR_TOKEN_ENDPOINT' },
    againAfterMs: 7_000,
    retryInSeconds: 7,
  },
  {
    name: '429, the first time',
    faults: retryAfter(429, '7'),
    firstOnly: true,
    ends: { ...fatal(status), json: 'ok', named: 'ok', token: throttled, poll: 'ok' },
    againAfterMs: 7_000,
    retryInSeconds: 7,
  },
  { name: '503', faults: answers(503), ends: busy(status), againAfterMs: 1_000 },
  {
    name: '503, Retry-After: 7',
    faults: retryAfter(503, '7'),
    ends: busy(status, throttled),
    againAfterMs: 7_000,
    retryInSeconds: 7,
  },
  {
    name: '503, Retry-After: a date',
    faults: retryAfter(503, httpDate(7)),
    ends: busy(status, throttled),
    againAfterMs: 7_000,
    retryInSeconds: 7,
  },
  { name: '503, Retry-After: soon', faults: retryAfter(503, 'soon'), ends: busy(status), againAfterMs: 1_000 },
  {
    name: '503, the first time',
    faults: answers(503),
    firstOnly: true,
    ends: { ...fatal(status), json: 'ok', named: 'ok', poll: 'ok' },
    againAfterMs: 1_000,
  },
  {
    name: '500, a page',
    faults: [{ type: 'html', status: 500, title: 'Bad gateway' }],
    ends: busy(status),
    againAfterMs: 1_000,
    says: /500.*"Bad gateway" \(squid\/5\.7, via 1\.1 proxy\.contoso\.example\)/,
  },
  { name: '404', faults: answers(404), ends: fatal(status), says: /404/ },
  // Servers refuse without a word (RFC 6749 §5.2 is silent on that); discovery and SOAP have no such way to refuse.
  {
    name: '401',
    faults: answers(401),
    ends: { ...fatal(status), token: 'ERR_TOKEN_ENDPOINT', poll: 'ERR_TOKEN_ENDPOINT' },
  },
  {
    name: '200, a page',
    faults: [{ type: 'html', title: 'Sign in to the network' }],
    ends: fatal(malformed),
  },
  { name: '200 and nothing', faults: [{ type: 'empty' }], ends: fatal(malformed) },
  { name: 'half the text', faults: [{ type: 'bad-json' }], ends: fatal(malformed) },
  // What XML is shows in its text; JSON under the name of a page is some portal's.
  {
    name: 'called text/html',
    faults: [{ type: 'wrong-content-type' }],
    ends: { ...fatal(malformed), named: 'ok', wstrust: 'ok' },
  },
  {
    name: 'called text/plain',
    faults: [{ type: 'wrong-content-type', contentType: 'text/plain' }],
    ends: everywhere('ok'),
  },
  {
    name: 'redirect elsewhere',
    faults: [{ type: 'redirect', to: 'https://elsewhere.example/signin?x=1' }],
    ends: fatal(redirect),
    says: /redirect to elsewhere\.example$/,
  },
  {
    name: 'redirect on the host, 307',
    faults: [{ type: 'redirect', to: '/elsewhere', status: 307 }],
    ends: fatal(redirect),
  },
  {
    name: 'gzip bomb',
    faults: [{ type: 'gzip-bomb' }],
    ends: fatal(malformed),
    says: /compressed its answer unasked$/,
  },
  {
    name: 'clock 2 h ahead',
    faults: [{ type: 'clock-skew', seconds: 7_200 }],
    ends: { ...everywhere('ok'), wstrust: 'ERR_SOAP_FAULT' },
    // The assertion, good for an hour, has expired for a server whose clock is ahead.
    except: { 'token, assertion': 'ERR_TOKEN_ENDPOINT' },
  },
  {
    name: 'clock 10 min behind',
    faults: [{ type: 'clock-skew', seconds: -600 }],
    ends: { ...everywhere('ok'), wstrust: 'ERR_SOAP_FAULT' },
    // For a server whose clock is behind it is not good yet.
    except: { 'token, assertion': 'ERR_TOKEN_ENDPOINT' },
  },
]

const tls = everywhere('ERR_TRANSPORT_TLS')

/** The same for what a side shows before it is asked anything. */
export const certificateRows: readonly (Row & { readonly certificate: CertificateDefect })[] = [
  { name: 'certificate expired', certificate: 'expired', faults: [], ends: tls, says: /CERT_HAS_EXPIRED/ },
  { name: 'certificate of another host', certificate: 'wrong-host', faults: [], ends: tls, says: /ALTNAME/ },
  { name: 'certificate of nobody known', certificate: 'untrusted', faults: [], ends: tls, says: /UNABLE_TO_VERIFY/ },
]

/** The class that goes with a code. */
export function classesOf(code: string): readonly string[] {
  return code.startsWith('ERR_TRANSPORT_') ? ['TransportError'] : (classes[code] ?? [])
}

const classes: Readonly<Record<string, readonly string[]>> = {
  [status]: ['ProtocolError'],
  [malformed]: ['ProtocolError'],
  [throttled]: ['ThrottledError'],
  ERR_SOAP_FAULT: ['SoapFaultError'],
  ERR_DEVICE_CODE_EXPIRED: ['DeniedError'],
  // The latter where the server refused without an OAuth error.
  ERR_TOKEN_ENDPOINT: ['TokenEndpointError', 'DeniedError'],
}
