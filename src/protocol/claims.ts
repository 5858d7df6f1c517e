import { InvalidArgumentError } from '../errors.ts'
import { checkClaims } from './token-request.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * Merges a claims request with the client's capabilities, which become
 * `{"access_token":{"xms_cc":{"values":[…]}}}`. Objects are merged member by member; where both say something else, the
 * request wins, as in MSAL.NET.
 *
 * @param claims The text of a JSON object, such as a claims challenge (OpenID Connect Core §5.5).
 * @param capabilities Such as `cp1`: can handle claims challenges (continuous access evaluation).
 * @returns The text to send; `claims` unchanged when there are no capabilities; `undefined` when there is neither.
 * @throws {@link InvalidArgumentError} if `claims` is not the text of a JSON object, or a capability is not a word.
 */
export function mergeClaims(claims: string | undefined, capabilities: readonly string[]): string | undefined {
  for (const capability of capabilities as readonly unknown[]) {
    if (typeof capability !== 'string' || !/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(capability)) {
      throw invalid('a client capability is not a word', `Write clientCapabilities: ['cp1'].`)
    }
  }
  const request = claims === undefined ? undefined : checkClaims(claims)
  if (capabilities.length === 0) return request
  const announced: Json = { access_token: { xms_cc: { values: [...new Set(capabilities)] } } }
  try {
    return JSON.stringify(merge(announced, JSON.parse(request ?? '{}') as Json))
  } catch {
    throw invalid('claims is nested too deeply', 'Pass the claims member of the error or of the challenge.')
  }
}

// Object.fromEntries makes own members of every name: "__proto__" in a server's challenge stays a plain name.
function merge(base: Json, over: Json): Json {
  const merged = Object.entries(over).map(([name, value]) => {
    const below = Object.hasOwn(base, name) ? base[name] : undefined
    return [name, isObject(below) && isObject(value) ? merge(below, value) : value] as const
  })
  return Object.fromEntries([...Object.entries(base), ...merged])
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(message: string, hint: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'token', hint })
}
