import { Buffer } from 'node:buffer'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { InvalidArgumentError, isAuthError, type Step } from '../errors.ts'
import type { HttpRequest, HttpResponse } from '../protocol/http.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { RedactedRequest } from '../redact/redacted-message.ts'
import { createBinding } from './binding.ts'
import type { Cassette } from './cassette.ts'
import { matchesLoosely } from './loose-match.ts'
import { createTokenPublisher } from './publish-tokens.ts'
import { readCassette } from './read-cassette.ts'
import { type About, type RecordOptions, recordTransport } from './record.ts'
import { shiftInstants } from './shift-instants.ts'

/** What `nock.define()` takes, as far as it is made here. nock itself is not imported. */
export interface NockDefinition {
  readonly scope: string
  readonly method: string
  /** Matches the path, whoever the user is. */
  readonly path: (path: string) => boolean
  readonly body?: (body: unknown) => boolean
  readonly status: number
  readonly response: string
  readonly rawHeaders: Readonly<Record<string, string>>
}

export interface ToNockOptions {
  /** The user name that the program signs in with, in place of the cassette's pseudonym. */
  readonly username?: string
  /** Moves all instants, so that what was issued at the recording is issued now. Default: the system's clock. */
  readonly now?: () => EpochSeconds
}

/**
 * Makes definitions for `nock.define()`, of nock 14 or 15, so that a program on the default transport, or another program, replays
 * a cassette with a clock, ids, a user name and a password of its own. Which request gets which answer, {@link matchesLoosely} says;
 * each answer is given once, in order. A connection that failed has no definition: nock refuses what it has none for.
 *
 * ```ts
 * nock.disableNetConnect()
 * nock.define(await toNock(cassette))
 * ```
 *
 * @throws {@link InvalidArgumentError} `ERR_CASSETTE_INVALID` for what is no cassette.
 */
export async function toNock(json: unknown, options: ToNockOptions = {}): Promise<NockDefinition[]> {
  const { client, exchanges } = readCassette(json)
  const { toOwn } = createBinding(client?.username, options.username)
  const publisher = await createTokenPublisher()
  const now = options.now?.() ?? Math.floor(Date.now() / 1000)
  const start = exchanges.flatMap(({ clock }) => clock)[0] ?? now
  const definitions: NockDefinition[] = []
  for (const { request, response } of exchanges) {
    if (response === undefined) continue
    const current = { ...response, body: shiftInstants(toOwn(response.body), now - start) }
    const { status, headers, body } = await publisher.publish(current)
    const { origin } = new URL(request.url)
    definitions.push({
      scope: origin,
      method: request.method,
      path: (path) => matchesLoosely(withoutQuery(request), { ...withoutQuery({ ...request, url: path }) }),
      ...(request.body === undefined
        ? {}
        : { body: (sent) => matchesLoosely(request, { ...request, body: textOf(sent) }) }),
      status,
      response: body,
      rawHeaders: headers,
    })
  }
  return definitions
}

// nock shows the path without its query.
function withoutQuery(request: RedactedRequest): RedactedRequest {
  return { ...request, url: request.url.split('?')[0] ?? '' }
}

/** nock takes forms and JSON apart before it asks, and definitions may have them so. Nothing but forms and XML is ever posted. */
function textOf(sent: unknown): string {
  if (typeof sent === 'string') return sent
  const fields = Object.entries(sent ?? {}).flatMap(([name, value]: [string, unknown]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)]),
  )
  return new URLSearchParams(fields as [string, string][]).toString()
}

/**
 * Makes a cassette of what `nock.recorder` (with `output_objects`) or nock's "back" files hold, through the same redaction as
 * {@link recordTransport}: the recordings hold passwords and tokens in clear, the cassette does not. Their clock and ids are
 * not known: replay it with `toNock`, or through `ropc simulate --cassettes`.
 *
 * @throws {@link InvalidArgumentError} `ERR_CASSETTE_INVALID` for what is no list of definitions, `ERR_CASSETTE_LEAK` as
 *   {@link recordTransport} does.
 */
export async function fromNock(
  definitions: unknown,
  about: About = {},
  options: Pick<RecordOptions, 'secrets' | 'forbidden' | 'origins'> = {},
): Promise<Cassette> {
  if (!Array.isArray(definitions)) throw notNock('what was given', 'is not a list')
  const read = definitions.map((definition, index) => readPlain(definition, `definition ${index + 1}`))
  let answers: readonly HttpResponse[] = []
  const recorder = recordTransport(
    async () => answers[0] as HttpResponse,
    () => {},
    options,
  )
  for (const { request, response } of read) {
    answers = [response]
    await recorder(request)
  }
  return recorder.finish({ origin: 'recording', ...about })
}

interface Read {
  readonly request: HttpRequest
  readonly response: HttpResponse
}

/** What JSON has, no program's own conversions can spoil. */
function readPlain(definition: unknown, where: string): Read {
  try {
    return readDefinition(definition, where)
  } catch (error) {
    throw isAuthError(error) ? error : notNock(where, 'is no plain data, such as JSON has')
  }
}

function readDefinition(definition: unknown, where: string): Read {
  if (typeof definition !== 'object' || definition === null) throw notNock(where, 'is not an object')
  const { scope, method, path, body, status, response, rawHeaders, headers, reqheaders } = definition as Record<
    string,
    unknown
  >
  const url =
    typeof scope === 'string' && typeof path === 'string' && URL.canParse(path, scope)
      ? new URL(path, scope)
      : undefined
  if (url === undefined) throw notNock(where, 'has no scope and path of texts')
  const verb = String(method ?? 'GET').toUpperCase()
  if (verb !== 'GET' && verb !== 'POST') throw notNock(where, 'is neither GET nor POST')
  const code = status ?? 200
  if (!Number.isInteger(code)) throw notNock(where, 'has a status that is no number')
  const answerHeaders = readHeaders(rawHeaders ?? headers)
  if (typeof body === 'function' || body instanceof RegExp) throw notNock(where, 'has a body that matches many')
  if (typeof response === 'function') throw notNock(where, 'has an answer that is made when asked for')
  const text = textOf(body)
  return {
    request: {
      step: stepOf(url.pathname, text),
      method: verb,
      url: url.href,
      headers: { ...typeOf(text), ...readHeaders(reqheaders) },
      ...(verb === 'POST' ? { body: text } : {}),
    },
    response: {
      status: code as number,
      headers: answerHeaders,
      body: readBody(response, answerHeaders['content-encoding'] ?? 'identity', where),
    },
  }
}

function stepOf(path: string, body: string): Step {
  if (/\/userrealm\b/i.test(path)) return 'realm'
  if (/\/mex$/i.test(path)) return 'mex'
  if (body.startsWith('<')) return 'wstrust'
  return /\/token$/i.test(path) ? 'token' : 'authority'
}

// The recorder leaves the headers of requests out, unless told otherwise.
function typeOf(body: string): Readonly<Record<string, string>> {
  if (body === '') return {}
  return {
    'content-type': body.startsWith('<') ? 'application/soap+xml; charset=utf-8' : 'application/x-www-form-urlencoded',
  }
}

function readHeaders(headers: unknown): Readonly<Record<string, string>> {
  const list: readonly unknown[] = Array.isArray(headers) ? headers : Object.entries(headers ?? {}).flat()
  const pairs = list.flatMap((name, index) => {
    const value = list[index + 1]
    return index % 2 === 0 && typeof name === 'string' && typeof value === 'string' ? [[name.toLowerCase(), value]] : []
  })
  return Object.fromEntries(pairs)
}

const unpackers: ReadonlyMap<string, (bytes: Buffer, limit: { maxOutputLength: number }) => Buffer> = new Map([
  ['gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
  ['identity', (bytes: Buffer) => bytes],
])

/** Text, JSON, or the pieces of a compressed body in hex. */
function readBody(response: unknown, coding: string, where: string): string {
  if (response === undefined || response === null) return ''
  const isPacked = coding.toLowerCase() !== 'identity'
  const pieces = isPacked || Array.isArray(response) ? [response].flat() : []
  if (pieces.length > 0 && pieces.every((piece) => typeof piece === 'string' && /^(?:[0-9a-f]{2})+$/i.test(piece))) {
    const bytes = Buffer.from(pieces.join(''), 'hex')
    try {
      const unpack = unpackers.get(coding.toLowerCase())
      if (unpack !== undefined) return unpack(bytes, { maxOutputLength: 1_048_576 }).toString('utf8')
    } catch {
      // As below.
    }
    throw notNock(where, 'has a body that cannot be unpacked')
  }
  return typeof response === 'string' ? response : JSON.stringify(response)
}

function notNock(where: string, what: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `no recording of nock: ${where} ${what}`,
    {
      step: 'authority',
      hint: 'Pass what nock.recorder.play() returns with output_objects, or the JSON of a file of nock-back.',
    },
    'ERR_CASSETTE_INVALID',
  )
}
