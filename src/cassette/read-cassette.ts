import { InvalidArgumentError, oneLine, type TransportErrorCode } from '../errors.ts'
import { classifyHost } from '../protocol/address.ts'
import type { RedactedRequest } from '../redact/redacted-message.ts'
import type {
  Cassette,
  CassetteCall,
  CassetteClient,
  CassetteFailure,
  CassetteResponse,
  Drawn,
  Exchange,
} from './cassette.ts'

/** Of a cassette as text, in UTF-16 units: many times what the largest answers need that a client reads. */
export const maxLength = 8_000_000
/** Of a message, as UTF-16 units. */
export const maxBodyLength = 1_048_576
/** Exchanges of a cassette, and items of any other list. */
export const maxItems = 1_000

const origins = ['simulator', 'standard', 'recording'] as const
const authentications = ['clientSecretPost', 'clientSecretBasic', 'privateKeyJwt', 'clientAssertion'] as const
const failureCodes: readonly TransportErrorCode[] = [
  'ERR_TRANSPORT_TIMEOUT',
  'ERR_TRANSPORT_ABORTED',
  'ERR_TRANSPORT_UNREACHABLE',
  'ERR_TRANSPORT_TLS',
  'ERR_TRANSPORT_TOO_LARGE',
  'ERR_TRANSPORT_REDIRECT',
]

type Json = Readonly<Record<string, unknown>>

/**
 * Reads a cassette, and copies of it only what a cassette has.
 *
 * @param json Its text, its value after `JSON.parse`, or a {@link Cassette}.
 * @throws {@link InvalidArgumentError} `ERR_CASSETTE_INVALID`, which says where it is none.
 */
export function readCassette(json: unknown): Cassette {
  const root = readObject(typeof json === 'string' ? parse(json) : json, 'the cassette')
  if (root['version'] !== 1) throw invalid('version', 'is not 1')
  const { title, origin, client, calls, exchanges, rest } = root
  return {
    version: 1,
    ...(title === undefined ? {} : { title: readText(title, 'title', 500) }),
    ...(origin === undefined ? {} : { origin: readOneOf(origin, origins, 'origin') }),
    ...(client === undefined ? {} : { client: readClient(client) }),
    ...(calls === undefined ? {} : { calls: readList(calls, 'calls', readCall) }),
    exchanges: readList(exchanges, 'exchanges', readExchange),
    ...(rest === undefined ? {} : { rest: readList(rest, 'rest', readDrawn) }),
  }
}

/**
 * The text of a cassette as it is kept in files: the same cassette is the same bytes.
 *
 * @throws {@link InvalidArgumentError} `ERR_CASSETTE_INVALID` where it would be longer than {@link readCassette} reads.
 */
export function writeCassette(cassette: Cassette): string {
  const json = JSON.stringify(cassette, undefined, 2)
  // Lists of numbers on one line; inside of texts no line ends.
  const text = `${json.replace(/\[\n\s+(\d+(?:,\n\s+\d+)*)\n\s+\]/g, (_, items: string) => `[${items.replace(/,\s+/g, ', ')}]`)}\n`
  if (text.length > maxLength) throw tooLong()
  return text
}

/** What a program says of its own recording becomes JSON too. @throws {@link InvalidArgumentError} for what is none. */
export function checkPlain(about: object): void {
  try {
    JSON.stringify(about)
  } catch {
    throw invalid('what is said about it', 'is no plain data, such as JSON has')
  }
}

function parse(text: string): unknown {
  if (text.length > maxLength) throw tooLong()
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    throw invalid('the cassette', 'is not JSON')
  }
}

function readClient(value: unknown): CassetteClient {
  const { clientId, authority, username, clientAuthentication, options } = readObject(value, 'client')
  return {
    clientId: readText(clientId, 'client.clientId', 256),
    authority: readUrl(authority, 'client.authority'),
    ...(username === undefined ? {} : { username: readText(username, 'client.username', 1_024) }),
    ...(clientAuthentication === undefined
      ? {}
      : { clientAuthentication: readOneOf(clientAuthentication, authentications, 'client.clientAuthentication') }),
    ...(options === undefined ? {} : { options: readObject(options, 'client.options') }),
  }
}

function readCall(value: unknown, where: string): CassetteCall {
  const { operation, request, together, outcome } = readObject(value, where)
  return {
    operation: readText(operation, `${where}.operation`, 100),
    request: readObject(request, `${where}.request`),
    ...(together === undefined ? {} : { together: readOneOf(together, [true] as const, `${where}.together`) }),
    outcome: readObject(outcome, `${where}.outcome`),
  }
}

function readDrawn(value: unknown, where: string): Drawn {
  const { call, ids, clock } = readObject(value, where)
  return {
    call: readWhole(call, `${where}.call`, 1),
    ids: readList(ids, `${where}.ids`, (id, at) => readText(id, at, 100)),
    clock: readList(clock, `${where}.clock`, (instant, at) => readWhole(instant, at, 0)),
  }
}

function readExchange(value: unknown, where: string): Exchange {
  const { request, response, failure } = readObject(value, where)
  if ((response === undefined) === (failure === undefined)) {
    throw invalid(where, 'does not have one of `response` and `failure`')
  }
  return {
    ...readDrawn(value, where),
    request: readRequest(request, `${where}.request`),
    ...(response === undefined ? {} : { response: readResponse(response, `${where}.response`) }),
    ...(failure === undefined ? {} : { failure: readFailure(failure, `${where}.failure`) }),
  }
}

function readRequest(value: unknown, where: string): RedactedRequest {
  const { method, url, headers, body } = readObject(value, where)
  return {
    method: readOneOf(method, ['GET', 'POST'] as const, `${where}.method`),
    url: readUrl(url, `${where}.url`),
    headers: readHeaders(headers, `${where}.headers`),
    ...(body === undefined ? {} : { body: readText(body, `${where}.body`, maxBodyLength) }),
  }
}

function readResponse(value: unknown, where: string): CassetteResponse {
  const { status, headers, body } = readObject(value, where)
  const code = readWhole(status, `${where}.status`, 100)
  if (code > 599) throw invalid(`${where}.status`, 'is no HTTP status')
  return {
    status: code,
    headers: readHeaders(headers, `${where}.headers`),
    body: readText(body, `${where}.body`, maxBodyLength),
  }
}

function readFailure(value: unknown, where: string): CassetteFailure {
  const { code, message } = readObject(value, where)
  return {
    code: readOneOf(code, failureCodes, `${where}.code`),
    message: readText(message, `${where}.message`, 500),
  }
}

function readHeaders(value: unknown, where: string): Readonly<Record<string, string>> {
  const headers = Object.entries(readObject(value, where))
  if (headers.length > maxItems) throw invalid(where, `has more than ${maxItems} members`)
  for (const [name] of headers) {
    // RFC 9110 §5.6.2, in lower case.
    if (!/^[!#$%&'*+.^`|~0-9a-z-]{1,100}$/.test(name)) throw invalid(where, 'has a name that no header has')
  }
  return Object.fromEntries(headers.map(([name, text]) => [name, readText(text, `${where}.${name}`, 16_384)]))
}

function readUrl(value: unknown, where: string): string {
  const text = readText(value, where, 8_192)
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url?.protocol === 'http:' && classifyHost(url.hostname) === 'loopback'
  if (url?.protocol !== 'https:' && !isPlain) throw invalid(where, 'is no https URL')
  if (url.username !== '' || url.password !== '') throw invalid(where, 'holds a user name')
  return text
}

function readObject(value: unknown, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    // Own members only, whatever they are called.
    return Object.assign(Object.create(null) as Record<string, unknown>, value)
  }
  throw invalid(where, 'is not an object')
}

function readList<T>(value: unknown, where: string, read: (item: unknown, where: string) => T): readonly T[] {
  if (!Array.isArray(value)) throw invalid(where, 'is not an array')
  if (value.length > maxItems) throw invalid(where, `has more than ${maxItems} items`)
  return value.map((item, index) => read(item, `${where}[${index}]`))
}

function readText(value: unknown, where: string, max: number): string {
  if (typeof value !== 'string') throw invalid(where, 'is not a text')
  if (value.length > max) throw invalid(where, `is longer than ${max} characters`)
  return value
}

function readWhole(value: unknown, where: string, least: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number
  throw invalid(where, `is not a whole number from ${least} on`)
}

function readOneOf<T>(value: unknown, words: readonly T[], where: string): T {
  if (words.includes(value as T)) return value as T
  throw invalid(where, `is none of ${words.join(', ')}`)
}

function tooLong(): InvalidArgumentError {
  return invalid('the cassette', `is longer than ${maxLength} characters`)
}

function invalid(where: string, what: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `no cassette: ${oneLine(where, 100)} ${what}`,
    {
      step: 'authority',
      hint: 'A cassette is what recordTransport or `ropc token --record` wrote: docs/cassettes.md says what is in it.',
    },
    'ERR_CASSETTE_INVALID',
  )
}
