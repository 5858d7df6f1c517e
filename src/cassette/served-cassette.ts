import { oneLine } from '../errors.ts'
import { findCloud } from '../protocol/clouds.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { userPattern } from '../redact/identifiers.ts'
import { walkTexts } from '../redact/walk-texts.ts'
import type { Cassette, CassetteFailure, CassetteResponse, Exchange } from './cassette.ts'
import { matchesLoosely, type SentRequest } from './loose-match.ts'
import type { TokenPublisher } from './publish-tokens.ts'
import { publishedJwks } from './published-key.ts'
import { titleOf } from './request-diff.ts'
import { shiftInstants } from './shift-instants.ts'

/** Origins of a cassette, with those at which they are served. */
type ServedOrigins = ReadonlyMap<string, string>

export interface ServedCassette {
  /** A text with the origins at which this cassette is served. */
  toServed(text: string): string
  /** @param request Its URL is of the recording. */
  answer(request: SentRequest): Promise<CassetteResponse | CassetteFailure>
}

interface Parts {
  readonly name: string
  readonly cassette: Cassette
  readonly origins: ServedOrigins
  readonly publisher: TokenPublisher
  readonly now: () => EpochSeconds
}

/**
 * Where the exchanges of a cassette went, the origin of the authority first.
 *
 * @returns None for a cassette that says of no server.
 */
export function originsOf({ client, exchanges }: Cassette): readonly string[] {
  const urls = [...(client === undefined ? [] : [client.authority]), ...exchanges.map(({ request }) => request.url)]
  return [...new Set(urls.map((url) => new URL(url).origin))]
}

/**
 * Answers requests of any program from a cassette, as a server at other origins would now: each exchange as often as it is asked
 * for, the next that matches first.
 */
export function createServedCassette({ name, cassette, origins, publisher, now }: Parts): ServedCassette {
  const { exchanges } = cassette
  const toServed = renamer(new Map([...issuerOrigins(cassette, origins), ...origins]))
  const toRecorded = renamer(new Map([...origins].map(([recorded, served]) => [served, recorded])))
  const keys = keySetPlaces(cassette)
  let last = -1

  const find = (sent: SentRequest): number | undefined => {
    const matching = exchanges.flatMap(({ request }, index) => (matchesLoosely(request, sent) ? [index] : []))
    const users = usersOf(sent)
    const ofUser = matching.filter((index) =>
      usersOf((exchanges[index] as Exchange).request).some((user) => users.includes(user)),
    )
    const candidates = ofUser.length > 0 ? ofUser : matching
    return candidates.find((index) => index > last) ?? candidates[0]
  }

  const present = (response: CassetteResponse, recordedAt: EpochSeconds): Promise<CassetteResponse> => {
    const change = (text: string): string => shiftInstants(toServed(text), now() - recordedAt)
    const headers = Object.entries(response.headers).filter(([header]) => !ofTheServer.has(header))
    return publisher.publish({
      status: response.status,
      headers: Object.fromEntries(headers.map(([header, text]) => [header, change(text)])),
      body: change(response.body),
    })
  }

  return {
    toServed,
    async answer(request) {
      const sent = { ...request, ...(request.body === undefined ? {} : { body: toRecorded(request.body) }) }
      const index = find(sent)
      if (index === undefined) {
        const common = sent.method === 'GET' ? commonAnswer(sent.url, keys, toServed) : undefined
        return common ?? notRecorded(name, exchanges, sent)
      }
      last = index
      const { response, failure } = exchanges[index] as Exchange
      return response === undefined
        ? (failure ?? { code: 'ERR_TRANSPORT_UNREACHABLE', message: '' })
        : present(response, recordedAt(exchanges, index) ?? now())
    },
  }
}

/** Of a response: what whoever serves it says anew. */
const ofTheServer: ReadonlySet<string> = new Set([
  ...['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'content-encoding'],
])

function renamer(origins: ServedOrigins): (text: string) => string {
  const names = [...origins.keys()]
  if (names.length === 0) return (text) => text
  const escaped = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  // Another port, or a longer host, is another origin.
  const pattern = new RegExp(`(${escaped.join('|')})(?::443)?(?![\\w.-]|:\\d)`, 'gi')
  const rename = (text: string): string =>
    text.replace(pattern, (found, name: string) => origins.get(name.toLowerCase()) ?? found)
  return (text) => walkTexts(text, ({ text: leaf }) => rename(leaf))
}

/** External ID has its issuer at a host that nobody asks: a program that compares it with the authority is to find the same. */
function issuerOrigins({ exchanges }: Cassette, origins: ServedOrigins): ServedOrigins {
  const found = new Map<string, string>()
  for (const { request, response } of exchanges) {
    const [, issuer = ''] = /"issuer"\s*:\s*"(https:[^"]{1,2048})"/.exec(response?.body ?? '') ?? []
    const served = origins.get(new URL(request.url).origin)
    const isMetadata = request.url.includes('/.well-known/')
    if (isMetadata && served !== undefined && URL.canParse(issuer)) found.set(new URL(issuer).origin, served)
  }
  return found
}

function usersOf({ url, body = '' }: SentRequest): readonly string[] {
  const found: string[] = []
  for (const text of [url, body]) {
    walkTexts(text, ({ text: leaf }) => {
      for (const [user] of leaf.matchAll(userPattern)) found.push(user.toLowerCase())
      return leaf
    })
  }
  return found
}

/** When an exchange took place, by the clock of the program that was recorded; where that has none, by the server's. */
function recordedAt(exchanges: readonly Exchange[], index: number): EpochSeconds | undefined {
  const read = exchanges.slice(0, index + 1).flatMap(({ clock }) => clock)
  if (read.length > 0) return read.at(-1)
  const date = Date.parse(exchanges[index]?.response?.headers['date'] ?? '')
  return Number.isNaN(date) ? undefined : Math.floor(date / 1000)
}

function keySetPlaces({ exchanges }: Cassette): ReadonlySet<string> {
  const named = exchanges.flatMap(({ response }) =>
    Array.from((response?.body ?? '').matchAll(/"jwks_uri"\s*:\s*"([^"]{1,2048})"/g), ([, url = '']) =>
      url.replaceAll('\\/', '/'),
    ),
  )
  return new Set(named)
}

const metadataPath = /^\/([\w.-]+)\/(?:v2\.0\/)?\.well-known\/openid-configuration$/i
const keysPath = /^\/[\w.-]+\/discovery\/(?:v2\.0\/)?keys$/i

/**
 * What no recording of a known cloud holds, since programs know it by heart, and ask for at a host they do not know: where the
 * endpoints are. And the keys that the tokens are signed with.
 */
function commonAnswer(
  url: string,
  keySets: ReadonlySet<string>,
  toServed: (text: string) => string,
): CassetteResponse | undefined {
  const { origin, pathname, hostname } = new URL(url)
  const isCloud = findCloud(hostname) !== undefined
  if (keySets.has(`${origin}${pathname}`) || (isCloud && keysPath.test(pathname))) return json(publishedJwks())
  const segment = isCloud ? metadataPath.exec(pathname)?.[1] : undefined
  if (segment === undefined) return undefined
  const tenant = /^[0-9a-f-]{36}$/i.test(segment) ? segment : '{tenantid}'
  const oauth = `${origin}/${segment}/oauth2/v2.0`
  const metadata = {
    issuer: `${origin}/${tenant}/v2.0`,
    authorization_endpoint: `${oauth}/authorize`,
    token_endpoint: `${oauth}/token`,
    device_authorization_endpoint: `${oauth}/devicecode`,
    end_session_endpoint: `${oauth}/logout`,
    jwks_uri: `${origin}/${segment}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
  }
  return json(JSON.parse(toServed(JSON.stringify(metadata))))
}

function json(value: unknown): CassetteResponse {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) }
}

/** Says what there is: of what was asked only where, since the rest may be secret. */
function notRecorded(name: string, exchanges: readonly Exchange[], sent: SentRequest): CassetteResponse {
  const has = [...new Set(exchanges.map(({ request }) => `- ${titleOf(request)}${wantedOf(request)}`))]
  const lines = [
    `The cassette ${name} has no such request: ${titleOf(sent)}`,
    'Compared are method, path and api-version; of forms grant_type, scope and resource; of WS-Trust version and AppliesTo.',
    'It has:',
    ...has,
  ]
  return { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${lines.join('\n')}\n` }
}

function wantedOf({ body = '' }: SentRequest): string {
  if (body.startsWith('<')) return ''
  const form = new URLSearchParams(body)
  const fields = ['grant_type', 'scope', 'resource'].flatMap((field) => {
    const value = form.get(field)
    return value === null ? [] : [` ${field}=${oneLine(value, 300)}`]
  })
  return fields.join('')
}
