import type { EpochSeconds } from '../protocol/time.ts'
import type { StoredEntity } from './entities.ts'

/** Entra's refresh tokens live this long from their last use. */
const refreshTokenSeconds = 90 * 86_400

/**
 * When nothing in a partition is of any more use: the end of its last token. A partition without tokens never ends,
 * for nothing in it tells when.
 */
export function partitionExpiry(entities: Iterable<StoredEntity>): EpochSeconds {
  let last = 0
  for (const entity of entities) last = Math.max(last, expiryOf(entity) ?? 0)
  return last === 0 ? Number.POSITIVE_INFINITY : last
}

/** When an entity is of no more use; `undefined` where that depends on the others. */
export function expiryOf(entity: StoredEntity): EpochSeconds | undefined {
  switch (entity.kind) {
    case 'AccessToken':
      return entity.expiresOn
    case 'RefreshToken':
      // MSAL Node does not say when it got one (0): nothing tells that it is dead.
      if (entity.expiresOn === undefined && entity.cachedAt === 0) return Number.POSITIVE_INFINITY
      return entity.expiresOn ?? entity.cachedAt + refreshTokenSeconds
    case 'Foreign':
      return Number.POSITIVE_INFINITY
    case 'Sealed':
      return entity.expiresOn
    default:
      return undefined
  }
}
