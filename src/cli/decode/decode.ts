import { decodeBase64Url, encodeBase64Url } from '../../protocol/base64url.ts'
import { parseClientInfo } from '../../protocol/client-info.ts'
import type { JsonObject } from '../../protocol/json.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { UsageError } from '../args.ts'
import type { Decoded } from './decoded.ts'
import { decodeJwt, hidden, parseObject } from './jwt.ts'

/** How the text was wrapped, from the outside in. */
type Wrapping = 'Bearer' | 'quotes' | 'base64' | 'base64url'

export interface DecodeResult {
  readonly wrappings: readonly Wrapping[]
  readonly decoded: Decoded
}

/**
 * Recognises a JWT, a SAML assertion, `client_info`, a token response or an OAuth error, and an answer of WS-Trust: as it
 * is, in quotes, behind `Bearer`, or as base64 or base64url. Verifies nothing.
 *
 * @param at Now, to tell what is valid.
 * @throws {@link UsageError} for anything else; it holds nothing of the text.
 */
export async function decodeText(text: string, at: EpochSeconds): Promise<DecodeResult> {
  return unwrap(text.replace(/^\ufeff/, '').trim(), at, [])
}

async function unwrap(text: string, at: EpochSeconds, wrappings: readonly Wrapping[]): Promise<DecodeResult> {
  if (text === '') throw unknown('there is nothing to decode')
  if (wrappings.length > 4) throw unknown('the text is wrapped too often')
  if (text.startsWith('<')) {
    const { decodeXml } = await import('./xml.ts')
    return { wrappings, decoded: decodeXml(text, at) }
  }
  if (text.startsWith('{')) return { wrappings, decoded: await decodeJson(text, at) }
  const bearer = /^(?:authorization: *)?bearer +(.+)$/is.exec(text)?.[1]
  if (bearer !== undefined) return unwrap(bearer.trim(), at, [...wrappings, 'Bearer'])
  const quoted = /^(["'])(.*)\1$/s.exec(text)?.[2]
  if (quoted !== undefined) return unwrap(quoted.trim(), at, [...wrappings, 'quotes'])
  // Tools break long tokens at some width.
  const joined = text.replace(/\s+/g, '')
  if (joined.includes('.')) {
    const jwt = decodeJwt(joined)
    if (jwt !== undefined) return { wrappings, decoded: jwt }
    throw unknown(
      joined.startsWith('eyJ')
        ? 'the text begins like a JWT, but is not three parts of base64url that hold JSON (was it cut?)'
        : 'the text is nothing that is known here',
    )
  }
  const inner = decodeAnyBase64(joined)
  // What is decoded must be a message itself: any word of four letters is base64 of something.
  if (inner === undefined || !/^\ufeff?\s*[<{"]|^\s*eyJ/.test(inner)) {
    throw unknown(
      'the text is nothing that is known here; an opaque token (such as a refresh token) has no parts to show',
    )
  }
  const wrapping = /[+/]/.test(joined) || (/=$/.test(joined) && !/[-_]/.test(joined)) ? 'base64' : 'base64url'
  return unwrap(inner.replace(/^\ufeff/, '').trim(), at, [...wrappings, wrapping])
}

function decodeAnyBase64(text: string): string | undefined {
  return decodeBase64Url(text.replaceAll('+', '-').replaceAll('/', '_'))
}

async function decodeJson(text: string, at: EpochSeconds): Promise<Decoded> {
  const json = parseObject(text)
  if (json === undefined) throw unknown('the text begins like a JSON object, but is not one (was it cut?)')
  const info = parseClientInfo(encodeBase64Url(text))
  if (info !== undefined) return { kind: 'client_info', ...info, homeAccountId: `${info.uid}.${info.utid}` }
  const names = Object.keys(json)
  if (typeof json['error'] === 'string') return { kind: 'oauth_error', members: shownMembers(json), parts: {} }
  if (!names.some((name) => carriers.has(name))) {
    throw unknown('the JSON is no token response, no OAuth error and no client_info')
  }
  const parts: Record<string, Decoded> = {}
  for (const name of names) {
    const value = json[name]
    if (!carriers.has(name) || typeof value !== 'string' || value === '') continue
    try {
      parts[name] = (await decodeText(value, at)).decoded
    } catch (error) {
      // An access token may be opaque to clients; a refresh token always is.
      if (!(error instanceof UsageError)) throw error
    }
  }
  return { kind: 'token_response', members: shownMembers(json), parts }
}

/** Members that hold what can be decoded further: on the wire, and in the results of ropc-client and MSAL. */
const carriers: ReadonlySet<string> = new Set([
  ...['access_token', 'id_token', 'refresh_token', 'client_info', 'accessToken', 'idToken', 'clientInfo'],
])

/** What may be shown of a response as it is. Anything else might be a secret. */
const plain: ReadonlySet<string> = new Set([
  ...[
    'token_type',
    'scope',
    'expires_in',
    'ext_expires_in',
    'expires_on',
    'not_before',
    'refresh_in',
    'resource',
    'foci',
  ],
  ...['refresh_token_expires_in', 'id_token_expires_in', 'error', 'error_description', 'error_codes', 'error_uri'],
  ...['suberror', 'timestamp', 'trace_id', 'correlation_id', 'claims'],
  ...['tokenType', 'scopes', 'expiresOn', 'correlationId', 'passwordSentTo', 'tenantId', 'uniqueId', 'fromCache'],
])

function shownMembers(json: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      plain.has(name) ? value : hidden(typeof value === 'string' ? value : JSON.stringify(value)),
    ]),
  )
}

function unknown(message: string): UsageError {
  return new UsageError(
    message,
    'Expected: a JWT, a SAML assertion, client_info, a token response or OAuth error as JSON, or a WS-Trust answer; as it is, or as base64 or base64url.',
  )
}
