import { InvalidArgumentError, type Step } from '../errors.ts'
import { maxResponseBytes, type Timings } from '../protocol/http.ts'

/** One exchange of a HAR that belongs to a sign-in. In clear: it is not to be kept. */
export interface HarExchange {
  readonly step: Step
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly durationMs: number
  readonly timings?: Timings
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Of a token request that is no form: which grant it asks for, and where it says so. */
  readonly misplaced?: { readonly grant: string; readonly where: 'JSON' | 'multipart' | 'URL' }
  /** Absent where no answer came. */
  readonly response?: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
}

const maxEntries = 20_000
const maxExchanges = 1_000

/**
 * Reads the exchanges of an HTTP archive that belong to a sign-in, by address and content; others are left out.
 *
 * @throws {@link InvalidArgumentError} for what is no HAR, holds no such exchange, or too many.
 * @see {@link http://www.softwareishard.com/blog/har-12-spec/ HAR 1.2}
 */
export function readHarExchanges(json: unknown): readonly HarExchange[] {
  const entries = asObject(asObject(json)['log'])['entries']
  if (!Array.isArray(entries)) throw invalid('this is no HTTP archive (HAR): it has no log.entries')
  if (entries.length > maxEntries) throw invalid(`the HTTP archive has more than ${maxEntries} entries`)
  const exchanges = entries.flatMap((entry: unknown, index) => readEntry(asObject(entry), index) ?? [])
  if (exchanges.length === 0) throw invalid('the HTTP archive holds no request of a sign-in')
  if (exchanges.length > maxExchanges)
    throw invalid(`the HTTP archive holds more than ${maxExchanges} requests of sign-ins`)
  // Proxies write entries in the order in which they ended.
  return exchanges.toSorted((a, b) => a.startedAt - b.startedAt)
}

/** Whether a JSON value looks like an HTTP archive. */
export function isHar(json: unknown): boolean {
  return Array.isArray(asObject(asObject(json)['log'])['entries'])
}

type Json = Readonly<Record<string, unknown>>

function readEntry(entry: Json, index: number): HarExchange | undefined {
  const request = asObject(entry['request'])
  const method = asText(request['method']).toUpperCase()
  const url = asText(request['url'])
  if ((method !== 'GET' && method !== 'POST') || url.length > 16_384 || !/^https?:\/\//i.test(url)) return undefined
  if (!URL.canParse(url)) return undefined
  const body = bodyOf(asObject(request['postData']))
  const response = asObject(entry['response'])
  const status = asNumber(response['status'])
  const content = contentOf(asObject(response['content']))
  const misplaced = method === 'POST' ? misplacedGrant(new URL(url), body) : undefined
  const step = misplaced === undefined ? stepOf(method, new URL(url), body, content) : 'token'
  if (step === undefined) return undefined
  const started = Date.parse(asText(entry['startedDateTime']))
  const timings = timingsOf(asObject(entry['timings']))
  const isAnswered = status !== undefined && Number.isInteger(status) && status >= 100 && status <= 599
  return {
    step,
    startedAt: Number.isNaN(started) ? index : started,
    durationMs: Math.max(0, asNumber(entry['time']) ?? timings?.totalMs ?? 0),
    ...(timings === undefined ? {} : { timings }),
    method,
    url,
    headers: headersOf(request['headers']),
    ...(body === undefined ? {} : { body: short(body, step) }),
    ...(misplaced === undefined ? {} : { misplaced }),
    ...(isAnswered
      ? { response: { status, headers: headersOf(response['headers']), body: short(content, step) } }
      : {}),
  }
}

/** Which step of a sign-in a request is, by what no two steps have in common. */
function stepOf(method: string, { pathname }: URL, body: string | undefined, content: string): Step | undefined {
  const path = pathname.toLowerCase()
  if (method === 'POST' && /<(?:[\w.-]+:)?RequestSecurityToken[\s>]/.test(body ?? '')) return 'wstrust'
  if (method === 'POST' && /(?:^|&)grant_type=/.test(body ?? '')) return 'token'
  if (/\/(?:devicecode|deviceauthorization|device_authorization)$/.test(path)) return 'device'
  if (/\/userrealm(?:\/|$)|\/getuserrealm\.srf$/.test(path)) return 'realm'
  if (path.endsWith('/mex') || /<(?:[\w.-]+:)?definitions\s[^>]*schemas\.xmlsoap\.org\/wsdl\//.test(content))
    return 'mex'
  if (/\/discovery\/instance$/.test(path) || path.includes('/.well-known/openid-configuration')) return 'authority'
  if (/\/discovery\/(?:v2\.0\/)?keys$|\/jwks(?:\.json|_uri)?$/.test(path)) return 'id_token'
  return undefined
}

// A common mistake, which the server answers with no more than that grant_type is missing.
function misplacedGrant({ searchParams }: URL, body = ''): HarExchange['misplaced'] {
  if (/(?:^|&)grant_type=/.test(body)) return undefined
  const [, inJson] = /^\s*\{[\s\S]*"grant_type"\s*:\s*"([\w:./-]{1,200})"/.exec(body) ?? []
  if (inJson !== undefined) return { grant: inJson, where: 'JSON' }
  const [, inPart] = /\bname="grant_type"\r?\n(?:[\w-]{1,50}:.{0,500}\r?\n){0,9}\r?\n([\w:./-]{1,200})/.exec(body) ?? []
  if (inPart !== undefined) return { grant: inPart, where: 'multipart' }
  const inUrl = searchParams.get('grant_type')
  return inUrl === null ? undefined : { grant: inUrl.slice(0, 200), where: 'URL' }
}

function bodyOf(postData: Json): string | undefined {
  const text = asText(postData['text'])
  if (text !== '') return postData['encoding'] === 'base64' ? fromBase64(text) : text
  const params = Array.isArray(postData['params']) ? (postData['params'] as unknown[]).slice(0, 1_000) : []
  if (params.length === 0) return undefined
  const form = new URLSearchParams()
  for (const { name, value } of params.map(asObject)) form.append(asText(name), asText(value))
  return form.toString()
}

function contentOf(content: Json): string {
  const text = asText(content['text'])
  return content['encoding'] === 'base64' ? fromBase64(text) : text
}

function fromBase64(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)))
  } catch {
    return ''
  }
}

function headersOf(list: unknown): Readonly<Record<string, string>> {
  const headers = new Map<string, string>()
  for (const header of Array.isArray(list) ? (list as unknown[]).slice(0, 1_000) : []) {
    const { name, value } = asObject(header)
    const key = asText(name).toLowerCase()
    const known = headers.get(key)
    headers.set(key, known === undefined ? asText(value) : `${known}, ${asText(value)}`)
  }
  // Own members, whatever they are called.
  return Object.fromEntries(headers)
}

function timingsOf(timings: Json): Timings | undefined {
  const phase = (name: string): number | undefined => {
    const value = asNumber(timings[name])
    return value === undefined || value < 0 ? undefined : value
  }
  const [dnsMs, connect, tlsMs, firstByteMs] = [phase('dns'), phase('connect'), phase('ssl'), phase('wait')]
  const parts = ['blocked', 'dns', 'connect', 'send', 'wait', 'receive'].map(phase)
  if (parts.every((part) => part === undefined)) return undefined
  return {
    totalMs: parts.reduce<number>((sum, part) => sum + (part ?? 0), 0),
    ...(dnsMs === undefined ? {} : { dnsMs }),
    ...(connect === undefined ? {} : { connectMs: Math.max(0, connect - (tlsMs ?? 0)) }),
    ...(tlsMs === undefined ? {} : { tlsMs }),
    ...(firstByteMs === undefined ? {} : { firstByteMs }),
  }
}

// What a client would not read either.
function short(body: string, step: Step): string {
  return body.length > maxResponseBytes(step) ? '' : body
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, {
    step: 'authority',
    hint: 'Export the requests of the program as a HAR 1.2 file, with contents: mitmproxy, Fiddler and browsers can do that.',
  })
}
