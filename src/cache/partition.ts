import type { StoredEntity } from './entities.ts'
import { entityKey } from './keys.ts'
import type { PartitionChange } from './store.ts'

/**
 * The change that saves new entities into a partition. Access tokens of the same client and tenant whose scopes
 * overlap with a new one are removed: the newest answer is the one that counts.
 */
export function savingChange(
  partition: ReadonlyMap<string, StoredEntity>,
  entities: readonly StoredEntity[],
): PartitionChange {
  const put = Object.fromEntries(entities.map((entity) => [entityKey(entity), entity]))
  const del = [...partition]
    .filter(([key, old]) => !(key in put) && entities.some((entity) => overlaps(old, entity)))
    .map(([key]) => key)
  return { put, del }
}

/**
 * The change that signs a client's user out: everything of this client goes, and the account with it once no other
 * client has a credential of the user.
 */
export function removingChange(partition: ReadonlyMap<string, StoredEntity>, clientId: string): PartitionChange {
  const others = [...partition.values()].some((entity) => entity.kind !== 'Account' && entity.clientId !== clientId)
  const del = [...partition]
    .filter(([, entity]) => (entity.kind === 'Account' ? !others : entity.clientId === clientId))
    .map(([key]) => key)
  return { del }
}

function overlaps(old: StoredEntity, entity: StoredEntity): boolean {
  if (old.kind !== 'AccessToken' || entity.kind !== 'AccessToken') return false
  if (old.clientId !== entity.clientId || old.environment !== entity.environment) return false
  if (old.tenantId !== entity.tenantId) return false
  const scopes = new Set(entity.scopes.map((scope) => scope.toLowerCase()))
  const shared = old.scopes.map((scope) => scope.toLowerCase()).filter((scope) => scopes.has(scope))
  // openid, profile and email come with every token and say nothing about what it is for.
  return shared.some((scope) => !['openid', 'profile', 'email', 'offline_access'].includes(scope))
}
