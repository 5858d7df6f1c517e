import type { StoredEntity } from '../entities.ts'
import { isAllowed } from '../partition.ts'
import type { PartitionChange } from '../store.ts'
import type { Interning } from './interning.ts'

/**
 * What one partition holds. A user has three to ten entities, for which two arrays are smaller and quicker than a map; one
 * that has many (the shared partition may) gets the map.
 */
export type UserRecord = SmallRecord | Map<string, StoredEntity>

interface SmallRecord {
  /** The keys of the entities, in the same order: one array for all users who have the same ones. */
  readonly keys: readonly string[]
  /** Never changed, only replaced: who peeked may go on reading. */
  readonly entities: readonly StoredEntity[]
}

const maxSmall = 32

/** A change that happened, and what it took out and brought in. */
export interface Changed {
  readonly record: UserRecord
  readonly gone: readonly StoredEntity[]
  readonly added: readonly StoredEntity[]
}

export const emptyRecord: UserRecord = { keys: [], entities: [] }

export function entitiesOf(record: UserRecord): readonly StoredEntity[] {
  return record instanceof Map ? [...record.values()] : record.entities
}

/** A map of its own, for a reader. */
export function toMap(record: UserRecord): Map<string, StoredEntity> {
  return record instanceof Map ? new Map(record) : new Map(record.keys.map((key, at) => [key, entityAt(record, at)]))
}

/**
 * Applies a change: a map in place, arrays by new ones.
 *
 * @param copy Makes the entity that is kept from the one that came.
 * @returns `undefined` if the change's conditions do not hold.
 */
export function changeRecord(
  record: UserRecord,
  change: PartitionChange,
  interning: Interning,
  copy: (entity: StoredEntity) => StoredEntity,
): Changed | undefined {
  if (change.onlyIf !== undefined && !isAllowed(record instanceof Map ? record : toMap(record), change))
    return undefined
  const { put = {}, del = [] } = change
  const names = Object.keys(put)
  const added = names.map((name) => copy(put[name] as StoredEntity))
  if (record instanceof Map) return changeMap(record, names, added, del)
  if (record.keys.length + names.length > maxSmall) return changeMap(toMap(record), names, added, del)
  // The usual cases: a new user, and a renewal of the same entities.
  if (record.keys.length === 0) {
    return { record: { keys: interning.list(names), entities: added }, gone: [], added }
  }
  const keys = [...record.keys]
  const entities = [...record.entities]
  const gone: StoredEntity[] = []
  for (const key of del) {
    const at = keys.indexOf(key)
    if (at < 0) continue
    keys.splice(at, 1)
    gone.push(...entities.splice(at, 1))
  }
  for (const [index, entity] of added.entries()) {
    const key = names[index] as string
    const at = keys.indexOf(key)
    const old = entities[at]
    if (old !== undefined) gone.push(old)
    keys[at < 0 ? keys.length : at] = key
    entities[at < 0 ? entities.length : at] = entity
  }
  return { record: { keys: interning.list(keys), entities }, gone, added }
}

/** The record without some of its entities. */
export function withoutEntities(
  record: UserRecord,
  isUnwanted: (entity: StoredEntity) => boolean,
  interning: Interning,
): UserRecord {
  if (record instanceof Map) return new Map([...record].filter(([, entity]) => !isUnwanted(entity)))
  const kept = record.keys.filter((_, at) => !isUnwanted(entityAt(record, at)))
  return { keys: interning.list(kept), entities: record.entities.filter((entity) => !isUnwanted(entity)) }
}

function changeMap(
  record: Map<string, StoredEntity>,
  names: readonly string[],
  added: readonly StoredEntity[],
  del: readonly string[],
): Changed {
  const gone: StoredEntity[] = []
  const take = (key: string): void => {
    const old = record.get(key)
    if (old !== undefined) gone.push(old)
  }
  for (const key of del) {
    take(key)
    record.delete(key)
  }
  for (const [index, entity] of added.entries()) {
    const key = names[index] as string
    take(key)
    record.set(key, entity)
  }
  return { record, gone, added }
}

function entityAt({ entities }: SmallRecord, at: number): StoredEntity {
  return entities[at] as StoredEntity
}
