import type { StoredEntity } from '../entities.ts'
import type { CredentialStore, PartitionChange } from '../store.ts'

/** Keeps users in this process only: the default. */
export function createMemoryStore(): CredentialStore {
  const partitions = new Map<string, Map<string, StoredEntity>>()
  // Index entry ("username:ada@contoso.example") to the partitions that have it.
  const index = new Map<string, Set<string>>()

  function reindex(partition: string, entity: StoredEntity | undefined, link: boolean): void {
    for (const entry of entity === undefined ? [] : indexEntries(entity)) {
      const linked = index.get(entry) ?? new Set()
      if (link) index.set(entry, linked.add(partition))
      else if (linked.delete(partition) && linked.size === 0) index.delete(entry)
    }
  }

  return {
    async read(partition) {
      return new Map(partitions.get(partition))
    },
    async apply(partition, { put = {}, del = [] }: PartitionChange) {
      const entities = partitions.get(partition) ?? new Map<string, StoredEntity>()
      for (const key of [...del, ...Object.keys(put)]) {
        reindex(partition, entities.get(key), false)
        entities.delete(key)
      }
      for (const [key, entity] of Object.entries(put)) {
        entities.set(key, entity)
        reindex(partition, entity, true)
      }
      if (entities.size > 0) partitions.set(partition, entities)
      else partitions.delete(partition)
    },
    async drop(partition) {
      for (const entity of partitions.get(partition)?.values() ?? []) reindex(partition, entity, false)
      partitions.delete(partition)
    },
    async findPartitions(name, value) {
      return [...(index.get(indexEntry(name, value)) ?? [])]
    },
    async *partitions() {
      yield* [...partitions.keys()]
    },
  }
}

function indexEntries(entity: StoredEntity): readonly string[] {
  if (entity.kind !== 'Account') return []
  const entries = [indexEntry('username', entity.username), indexEntry('localAccountId', entity.localAccountId)]
  return entity.signInName === undefined ? entries : [...entries, indexEntry('username', entity.signInName)]
}

function indexEntry(name: 'username' | 'localAccountId', value: string): string {
  return `${name}:${name === 'username' ? value.toLowerCase() : value}`
}
