import type { StoredEntity } from '../entities.ts'
import { expiryOf } from '../expiry.ts'

/** From here on a time is no time: Redis refuses an expiry that its integers cannot hold. */
const endOfTimeMs = 1e15

/** An entity as JSON, and after it when it ends, so that a script can tell without knowing entities. */
export function formatEntity(entity: StoredEntity): string {
  const text = JSON.stringify(entity)
  const ends = expiryOf(entity)
  // Of a time that is none (it may come from anywhere) nothing is said, as if the entity had none.
  if (ends === undefined || Number.isNaN(ends)) return text
  const endsMs = Math.round(ends * 1_000)
  return `${text}\n${endsMs < endOfTimeMs ? Math.max(endsMs, 0) : 'never'}`
}

/** @returns `undefined` if it is not what we have written; the user's other entries are as good as before. */
export function parseEntity(value: string): StoredEntity | undefined {
  // Most of a text is a token, through which nobody need search: what ends in a brace has nothing after it.
  const end = value.endsWith('}') ? value.length : value.lastIndexOf('\n')
  try {
    const entity: unknown = JSON.parse(value.slice(0, end))
    return isEntity(entity) ? entity : undefined
  } catch {
    return undefined
  }
}

// What readers take for granted. Times are not among it: a token is worth more than the note when it came.
const texts: Readonly<Record<string, readonly string[]>> = {
  AccessToken: ['homeAccountId', 'environment', 'clientId', 'secret', 'tenantId'],
  RefreshToken: ['homeAccountId', 'environment', 'clientId', 'secret'],
  IdToken: ['homeAccountId', 'environment', 'clientId', 'secret', 'tenantId'],
  Account: ['homeAccountId', 'environment', 'localAccountId', 'tenantId', 'username'],
  AppMetadata: ['clientId', 'environment'],
  Foreign: ['section'],
  Sealed: ['secret'],
}

/** Whether something is an entity of a kind that is known here, with what readers take for granted. */
export function isEntity(value: unknown): value is StoredEntity {
  if (typeof value !== 'object' || value === null) return false
  const members = value as Readonly<Record<string, unknown>>
  const kind = String(members['kind'])
  const wanted = Object.hasOwn(texts, kind) ? texts[kind] : undefined
  if (wanted === undefined || wanted.some((name) => typeof members[name] !== 'string')) return false
  if (kind === 'AccessToken') return isTexts(members['scopes'])
  const { usernames = [], signInName = '' } = members
  return isTexts(usernames) && typeof signInName === 'string'
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
