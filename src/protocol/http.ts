import { display, type ResponseFacts, type Step } from '../errors.ts'
import { Secret } from './secret.ts'

/** A request as plain data: what a builder returns and a {@link Transport} sends. */
export interface HttpRequest {
  /** The sign-in step this request belongs to; set by its builder. */
  readonly step: Step
  readonly method: 'GET' | 'POST'
  readonly url: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Sent as UTF-8. */
  readonly body?: string
}

/** Where the time of a request went, in milliseconds; parts that a transport cannot see are absent. */
export interface Timings {
  readonly totalMs: number
  readonly dnsMs?: number
  readonly connectMs?: number
  readonly tlsMs?: number
  readonly firstByteMs?: number
}

/** A response as plain data. Transports do not throw on a status: only the message's parser can know what it means. */
export interface HttpResponse {
  readonly status: number
  /** Lower-case names; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** Decoded as UTF-8. */
  readonly body: string
  /** The URL that answered, where the transport knows it. */
  readonly url?: string
  readonly timings?: Timings
}

/** Does all I/O: sends one request, follows no redirect, returns the response or throws `TransportError`. */
export type Transport = (request: HttpRequest, options?: SendOptions) => Promise<HttpResponse>

interface SendOptions {
  readonly signal?: AbortSignal
  /** Which call of its client the request belongs to, for those who record or replay: 1, 2, 3 … */
  readonly call?: number
}

/** A value of a form field; a `Secret` is sent in clear and printed redacted. */
export type FormValue = string | Secret

const secretsByRequest = new WeakMap<HttpRequest, readonly Secret[]>()

export interface RequestParts extends HttpRequest {
  /** The body as it may be printed. Required whenever the body holds a secret. */
  readonly printableBody?: string
  /** The headers as they may be printed, if they hold what may not. */
  readonly printableHeaders?: Readonly<Record<string, string>>
  /** The URL as it may be printed, if its query holds what may not. */
  readonly printableUrl?: string
  /** The secrets inside the request, so that an answer which echoes one can be told from one that does not. */
  readonly secrets?: readonly Secret[]
}

/**
 * Makes a request whose printed, inspected and `JSON.stringify`ed forms show the printable parts in place of the others.
 * Those stay plain members, since a transport must send them.
 */
export function createRequest(parts: RequestParts): HttpRequest {
  const { printableBody, printableHeaders, printableUrl, secrets, ...plain } = parts
  const request: HttpRequest = { ...plain, headers: { ...plain.headers } }
  const printable = {
    ...plain,
    url: printableUrl ?? plain.url,
    headers: printableHeaders ?? plain.headers,
    ...(printableBody === undefined ? {} : { body: printableBody }),
  }
  const hidden = { enumerable: false, value: () => printable }
  Object.defineProperties(request, { toJSON: hidden, [Symbol.for('nodejs.util.inspect.custom')]: hidden })
  if (secrets !== undefined && secrets.length > 0) secretsByRequest.set(request, secrets)
  return Object.freeze(request)
}

/** The form of a request that may be shown: its secrets redacted. */
export function printableRequest(request: HttpRequest): HttpRequest {
  return (request as HttpRequest & { toJSON?: () => HttpRequest }).toJSON?.() ?? request
}

/** The secrets a request made by {@link createRequest} carries: empty for discovery requests. */
export function secretsOf(request: HttpRequest): readonly Secret[] {
  return secretsByRequest.get(request) ?? []
}

/** Encodes fields as `application/x-www-form-urlencoded`, once to send and once to print. */
export function encodeForm(fields: Iterable<readonly [name: string, value: FormValue]>): {
  body: string
  printableBody: string
  secrets: readonly Secret[]
} {
  const body = new URLSearchParams()
  const printable = new URLSearchParams()
  const secrets: Secret[] = []
  for (const [name, value] of fields) {
    body.append(name, typeof value === 'string' ? value : value.reveal())
    printable.append(name, String(value))
    if (Secret.is(value)) secrets.push(value)
  }
  return { body: body.toString(), printableBody: printable.toString(), secrets }
}

const kibibyte = 1024

/** The most bytes a response of this step may have: 64 KiB realm, 256 KiB JSON documents and tokens, 1 MiB XML. */
export function maxResponseBytes(step: Step): number {
  if (step === 'mex' || step === 'wstrust') return 1024 * kibibyte
  return step === 'realm' ? 64 * kibibyte : 256 * kibibyte
}

/** The part of a response that an error may keep. */
export function responseFacts(response: HttpResponse): ResponseFacts {
  const contentType = response.headers['content-type']
  const correlationId = response.headers['client-request-id']
  const traceId = response.headers['x-ms-request-id']
  const timestamp = response.headers['date']
  return {
    status: response.status,
    ...(contentType === undefined ? {} : { contentType: contentType.slice(0, 100) }),
    ...(correlationId === undefined ? {} : { correlationId: correlationId.slice(0, 100) }),
    ...(traceId === undefined ? {} : { traceId: traceId.slice(0, 100) }),
    ...(timestamp === undefined ? {} : { timestamp: timestamp.slice(0, 100) }),
  }
}

/** The same of an answer that is not of the protocol: what sent it and passed it on, and what its page is called. */
export function strangerFacts(response: HttpResponse): ResponseFacts {
  const { server, via } = response.headers
  const title = /<title[^>]{0,200}>([^<]{1,500})/i.exec(response.body.slice(0, 16_384))?.[1]?.trim()
  return {
    ...responseFacts(response),
    ...(server ? { server: short(server) } : {}),
    ...(via ? { via: short(via) } : {}),
    ...(title ? { title: short(title) } : {}),
  }
}

/** Completes a message: `: "Access denied" (squid/5.7, via 1.1 proxy)`; empty when nothing is known. */
export function describeStranger({ server, via, title }: ResponseFacts): string {
  const senders = [server, via === undefined ? undefined : `via ${via}`].filter((text) => text !== undefined)
  const from = senders.length === 0 ? '' : ` (${senders.join(', ')})`
  return title === undefined && from === '' ? '' : `:${title === undefined ? '' : ` "${title}"`}${from}`
}

function short(text: string): string {
  const line = display(text.replace(/\s+/g, ' '))
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}
