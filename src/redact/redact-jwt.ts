import { decodeBase64Url, encodeBase64Url } from '../protocol/base64url.ts'
import { marker } from './marker.ts'

const shape = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** What may be seen of a token's header and claims; the rest is a stand-in. */
const kept = new Set(
  (
    'alg typ kid x5t iss sub aud exp iat nbf auth_time oid tid preferred_username upn unique_name email name given_name ' +
    'family_name scp roles wids groups ver appid appidacr azp azpacr amr acr tfp idp idtyp ipaddr app_displayname ' +
    'xms_tcdt xms_cc tenant_region_scope puid sid'
  ).split(' '),
)

/** Takes the place of a signature: base64url of "redacted". */
const noSignature = encodeBase64Url('redacted')

export function isJwt(text: string): boolean {
  return shape.test(text) && readPart(text.split('.')[0] ?? '') !== undefined
}

/**
 * A JSON Web Token without its signature, with the claims that may be seen; it still has three parts that parse. Another token:
 * a stand-in.
 */
export function redactToken(what: string, token: string): string {
  const [head = '', payload = ''] = token.split('.')
  const [header, claims] = [readPart(head), readPart(payload)]
  if (!shape.test(token) || header === undefined || claims === undefined) return marker(what, token.length)
  return [writePart(header), writePart(claims), noSignature].join('.')
}

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

function writePart(members: Readonly<Record<string, unknown>>): string {
  const redacted = Object.entries(members).map(([name, value]) => [
    name,
    kept.has(name) || typeof value === 'number' || typeof value === 'boolean' ? value : hidden(value),
  ])
  return encodeBase64Url(JSON.stringify(Object.fromEntries(redacted)))
}

function hidden(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.startsWith('[claim') ? text : marker('claim', text.length)
}
