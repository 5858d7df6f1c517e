import type { StoredEntity } from '../entities.ts'

/**
 * Whether something is an entity of a kind that is known here, with what readers take for granted. Times are not among it: a
 * token is worth more than the note when it came.
 */
export function isEntity(value: unknown): value is StoredEntity {
  if (typeof value !== 'object' || value === null) return false
  // Spelled out: every entry of every hit comes by here, and a look-up by a name that varies costs ten times as much.
  const { kind, homeAccountId, environment, clientId, secret, tenantId, localAccountId, username, scopes, section } =
    value as Readonly<Record<string, unknown>>
  const isOwned = typeof homeAccountId === 'string' && typeof environment === 'string'
  const isToken = isOwned && typeof clientId === 'string' && typeof secret === 'string'
  switch (kind) {
    case 'AccessToken':
      return isToken && typeof tenantId === 'string' && isTexts(scopes)
    case 'IdToken':
      return isToken && typeof tenantId === 'string'
    case 'RefreshToken':
      return isToken
    case 'Account':
      return (
        isOwned &&
        typeof localAccountId === 'string' &&
        typeof tenantId === 'string' &&
        typeof username === 'string' &&
        hasNames(value)
      )
    case 'AppMetadata':
      return typeof clientId === 'string' && typeof environment === 'string'
    case 'Foreign':
      return typeof section === 'string' && hasNames(value)
    case 'Sealed':
      return typeof secret === 'string' && hasNames(value)
    default:
      return false
  }
}

function hasNames({ usernames = [], signInName = '' }: { usernames?: unknown; signInName?: unknown }): boolean {
  return isTexts(usernames) && typeof signInName === 'string'
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
