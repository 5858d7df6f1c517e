import { canonicalScopes } from '../protocol/scopes.ts'
import type { StoredEntity } from './entities.ts'

/**
 * The key of an entity within its partition: what identifies it, as a JSON tuple. Joining the parts with a character
 * that may occur in them would let one user's entry overwrite another's.
 */
export function entityKey(entity: StoredEntity): string {
  switch (entity.kind) {
    case 'Account':
      return JSON.stringify([entity.kind, entity.environment, entity.tenantId])
    case 'RefreshToken':
      return JSON.stringify([entity.kind, entity.environment, entity.clientId])
    case 'IdToken':
      return JSON.stringify([entity.kind, entity.environment, entity.clientId, entity.tenantId])
    case 'AccessToken':
      return JSON.stringify([
        entity.kind,
        entity.environment,
        entity.clientId,
        entity.tenantId,
        canonicalScopes(entity.scopes),
      ])
  }
}
