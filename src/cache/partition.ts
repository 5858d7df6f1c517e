import type { SealedEntity, StoredEntity } from './entities.ts'
import { cacheHost, entityKey } from './keys.ts'
import type { PartitionChange } from './store.ts'

/**
 * The change that saves new entities into a partition. Access tokens of the same client and tenant whose scopes
 * overlap with a new one are removed: the newest answer is the one that counts.
 */
export function savingChange(
  partition: ReadonlyMap<string, StoredEntity>,
  entities: readonly Exclude<StoredEntity, SealedEntity>[],
): PartitionChange {
  const put = Object.fromEntries(entities.map((entity) => [entityKey(entity), entity]))
  const del = [...partition]
    .filter(([key, old]) => !(key in put) && entities.some((entity) => overlaps(old, entity)))
    .map(([key]) => key)
  return { put, del }
}

/** Whether a change may happen to a partition as it is now. */
export function isAllowed(partition: ReadonlyMap<string, StoredEntity>, { onlyIf = {} }: PartitionChange): boolean {
  return Object.entries(onlyIf).every(([key, expected]) => {
    const entity = partition.get(key)
    return entity !== undefined && (expected === true || ('secret' in entity && entity.secret === expected))
  })
}

/** Changes a partition in place, if it may. @returns Whether it did. */
export function changePartition(partition: Map<string, StoredEntity>, change: PartitionChange): boolean {
  if (!isAllowed(partition, change)) return false
  for (const key of change.del ?? []) partition.delete(key)
  for (const [key, entity] of Object.entries(change.put ?? {})) partition.set(key, entity)
  return true
}

/**
 * The change that signs a client's user out: everything of this client goes, and the account with it once no other
 * client has a credential of the user.
 */
export function removingChange(partition: ReadonlyMap<string, StoredEntity>, clientId: string): PartitionChange {
  const owners = [...partition.values()].map(ownerOf)
  const others = owners.some((owner) => owner !== undefined && owner !== clientId)
  const del = [...partition]
    .filter(([, entity]) => (entity.kind === 'Account' ? !others : ownerOf(entity) === clientId))
    .map(([key]) => key)
  return { del }
}

/** The client that a credential belongs to, whoever's format it is in. */
function ownerOf(entity: StoredEntity): string | undefined {
  if ('clientId' in entity) return entity.clientId
  if (entity.kind !== 'Foreign' || typeof entity.value !== 'object' || entity.value === null) return undefined
  const { client_id: clientId } = entity.value as { readonly client_id?: unknown }
  return typeof clientId === 'string' ? clientId : undefined
}

/** Whether an access token is superseded by another: same client, cloud and tenant, and a scope in common. */
export function overlaps(old: StoredEntity, entity: StoredEntity): boolean {
  if (old.kind !== 'AccessToken' || entity.kind !== 'AccessToken') return false
  if (old.clientId !== entity.clientId || cacheHost(old.environment) !== cacheHost(entity.environment)) return false
  if (old.tenantId !== entity.tenantId || old.resource !== entity.resource) return false
  const scopes = new Set(entity.scopes.map((scope) => scope.toLowerCase()))
  const shared = old.scopes.map((scope) => scope.toLowerCase()).filter((scope) => scopes.has(scope))
  // openid, profile and email come with every token and say nothing about what it is for.
  return shared.some((scope) => !['openid', 'profile', 'email', 'offline_access'].includes(scope))
}
