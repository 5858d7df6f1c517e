import { findCloud } from '../protocol/clouds.ts'
import { canonicalScopes } from '../protocol/scopes.ts'
import type { StoredEntity } from './entities.ts'

/**
 * The key of an entity within its partition: what identifies it, as a JSON tuple. Joining the parts with a character
 * that may occur in them would let one user's entry overwrite another's.
 *
 * Hosts of one cloud count as one: an entry that another library filed under `login.microsoftonline.com` is the same as
 * one filed under `login.windows.net`.
 */
export function entityKey(entity: Exclude<StoredEntity, { kind: 'Sealed' }>): string {
  switch (entity.kind) {
    case 'Account':
      return tuple(entity.kind, cacheHost(entity.environment), entity.tenantId)
    case 'RefreshToken':
      return tuple(
        entity.kind,
        cacheHost(entity.environment),
        entity.clientId,
        ...(entity.familyId === undefined ? [] : [entity.familyId]),
      )
    case 'IdToken':
      return tuple(entity.kind, cacheHost(entity.environment), entity.clientId, entity.tenantId)
    case 'AccessToken':
      return tuple(
        entity.kind,
        cacheHost(entity.environment),
        entity.clientId,
        entity.tenantId,
        canonicalScopes(entity.scopes),
        ...(entity.resource === undefined ? [] : [entity.resource]),
      )
    case 'AppMetadata':
      return tuple(entity.kind, cacheHost(entity.environment), entity.clientId)
    case 'Foreign':
      return tuple(entity.kind, entity.section, ...(entity.key === undefined ? [] : [entity.key]))
  }
}

/** The host that stands for all of its cloud. */
export function cacheHost(environment: string): string {
  // The path of an issuer has a case of its own.
  return findCloud(environment)?.cacheHost ?? environment.replace(/^[^/]*/, (host) => host.toLowerCase())
}

function tuple(...parts: readonly string[]): string {
  return JSON.stringify(parts)
}
