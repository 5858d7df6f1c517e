import { decodeBase64Url } from '../../protocol/base64url.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { formatInstant } from '../../protocol/time.ts'
import type { DecodedJwt } from './decoded.ts'
import { readEpochSeconds } from './instants.ts'

const instantNames = ['exp', 'iat', 'nbf', 'auth_time', 'expires_on', 'not_before']

/**
 * Decodes a JWS (RFC 7515 §7.1) or the header of a JWE (RFC 7516 §7.1). Nothing is verified.
 *
 * @returns `undefined` when the text is neither.
 */
export function decodeJwt(text: string): DecodedJwt | undefined {
  const parts = text.split('.')
  const header = parseObject(decodeBase64Url(parts[0] ?? ''))
  if (header === undefined || !parts.every((part) => /^[\w-]*$/.test(part))) return undefined
  if (parts.length === 5)
    return { kind: 'jwt', signature: 'encrypted', header: shown(header), claims: {}, instants: {} }
  const claims = parts.length === 3 ? parseObject(decodeBase64Url(parts[1] ?? '')) : undefined
  if (claims === undefined) return undefined
  const instants = instantNames.flatMap((name) => {
    const seconds = readEpochSeconds(Object.hasOwn(claims, name) ? claims[name] : undefined)
    return seconds === undefined ? [] : [[name, formatInstant(Math.trunc(seconds))]]
  })
  return {
    kind: 'jwt',
    signature: parts[2] === '' ? 'none' : 'not verified',
    header: shown(header),
    claims: shown(claims),
    instants: Object.fromEntries(instants),
  }
}

/** A JSON object, or `undefined`; also for one that is nested so deeply that it would break whoever walks it. */
export function parseObject(text = ''): JsonObject | undefined {
  try {
    if (isDeep(text)) return undefined
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

// Brackets in strings count too: no message has a hundred open ones.
function isDeep(text: string): boolean {
  let depth = 0
  for (const character of text) {
    if (character === '{' || character === '[') depth += 1
    if (character === '}' || character === ']') depth -= 1
    if (depth > 100) return true
  }
  return false
}

/** What stands in place of a secret. */
export function hidden(secret: string): string {
  return `(not shown: ${secret.length} characters)`
}

const secretNames =
  /^(?:(?:access|refresh|id|primary_refresh)_?token|token|password|client_secret|(?:client_|user)?assertion|device_code|code|session_key(?:_jwe)?|cookie|d|k|p|q|dp|dq|qi)$/i

// A token may carry another, as those between a broker and Entra do; and a key may be a private one (RFC 7517).
function shown(object: JsonObject): JsonObject {
  const show = (name: string, value: unknown): unknown => {
    if (typeof value === 'string') {
      return secretNames.test(name) || /^eyJ[\w-]+\.[\w-]+\./.test(value) ? hidden(value) : value
    }
    if (Array.isArray(value)) return value.map((item: unknown) => show(name, item))
    return typeof value === 'object' && value !== null ? shown(value as JsonObject) : value
  }
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, show(name, value)]))
}
