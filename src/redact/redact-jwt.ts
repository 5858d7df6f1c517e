import { decodeBase64Url, encodeBase64Url } from '../protocol/base64url.ts'
import type { Keeper } from './keeper.ts'
import { shownClaims } from './known-names.ts'
import { marker, notShown } from './marker.ts'

/** Takes the place of a signature: base64url of "redacted". */
const noSignature = encodeBase64Url('redacted')

/**
 * A JSON Web Token without its signature, with the claims that may be seen; it still has three parts that parse. Another token:
 * a stand-in.
 */
export function redactToken(what: string, token: string, keeper: Keeper): string {
  const parts = token.split('.')
  const [header, claims] = parts.slice(0, 2).map((part) => redactInfo(part, keeper))
  if (parts.length !== 3 || header === undefined || claims === undefined) return marker(what, token)
  return [header, claims, noSignature].join('.')
}

/** Whether a token has lost its signature already. */
export function isRedactedToken(token: string): boolean {
  return token.endsWith(`.${noSignature}`)
}

/** Base64url of a JSON object, such as `client_info`, with the members that may be seen. @returns `undefined` when it is none. */
export function redactInfo(part: string, keeper: Keeper): string | undefined {
  const members = readPart(part)
  return members === undefined ? undefined : encodeBase64Url(JSON.stringify(redactClaims(members, keeper)))
}

/** Reads base64url of a JSON object. */
export function readPart(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(decodeBase64Url(part) ?? '')
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function redactClaims(claims: object, keeper: Keeper): Readonly<Record<string, unknown>> {
  const members = Object.entries(claims).map(([name, value]: [string, unknown]) =>
    shownClaims.has(name) ? [name, redactClaim(value, keeper)] : [keeper.name(name), notShown],
  )
  return Object.fromEntries(members)
}

function redactClaim(value: unknown, keeper: Keeper): unknown {
  if (Array.isArray(value)) return value.map((item) => redactClaim(item, keeper))
  if (typeof value === 'object' && value !== null) return redactClaims(value, keeper)
  if (typeof value === 'number') return keeper.shows(String(value)) ? 0 : value
  return typeof value === 'string' ? keeper.value(value) : value
}
