import { indexEntries, indexEntry } from '../account-index.ts'
import type { StoredEntity } from '../entities.ts'
import { changePartition } from '../partition.ts'
import type { CredentialStore } from '../store.ts'

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
    async apply(partition, change) {
      const entities = partitions.get(partition) ?? new Map<string, StoredEntity>()
      const before = [...entities.values()]
      if (!changePartition(entities, change)) return
      for (const entity of before) reindex(partition, entity, false)
      for (const entity of entities.values()) reindex(partition, entity, true)
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
