import type { StoredEntity } from '../entities.ts'
import { isAllowed } from '../partition.ts'
import type { PartitionChange } from '../store.ts'
import { copyEntity } from './entity-copy.ts'
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
const nothing: readonly never[] = []

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

/** A record of these lists themselves. */
export function makeRecord(keys: readonly string[], entities: readonly StoredEntity[]): UserRecord {
  return keys.length > maxSmall ? toMap({ keys, entities }) : { keys, entities }
}

/** A map of its own, for a reader. */
export function toMap(record: UserRecord): Map<string, StoredEntity> {
  if (record instanceof Map) return new Map(record)
  const { keys, entities } = record
  return new Map(keys.map((key, at) => [key, entityAt(entities, at)]))
}

/**
 * Applies a change: a map in place, arrays by new ones.
 *
 * @param id The partition's name, as the object that all entities of the user share.
 * @returns `undefined` if the change's conditions do not hold.
 */
export function changeRecord(
  record: UserRecord,
  change: PartitionChange,
  id: string,
  interning: Interning,
): Changed | undefined {
  const { put = {}, del = nothing, onlyIf } = change
  if (onlyIf !== undefined && !isAllowed(record instanceof Map ? record : toMap(record), change)) return undefined
  const names = Object.keys(put)
  const added = names.map((name) => copyEntity(put[name] as StoredEntity, id, interning))
  if (record instanceof Map) return changeMap(record, names, added, del)
  if (record.keys.length + names.length > maxSmall) return changeMap(toMap(record), names, added, del)
  if (record.keys.length === 0)
    return { record: { keys: interning.keys(names), entities: added }, gone: nothing, added }
  let { keys, entities } = record
  const gone: StoredEntity[] = []
  for (const key of del) {
    const at = keys.indexOf(key)
    if (at < 0) continue
    gone.push(entityAt(entities, at))
    keys = keys.filter((_, index) => index !== at)
    entities = entities.filter((_, index) => index !== at)
  }
  for (let index = 0; index < names.length; index++) {
    const key = names[index] as string
    const entity = entityAt(added, index)
    const at = keys.indexOf(key)
    if (at < 0) {
      // Not a push, which would leave room for a dozen more.
      keys = keys.concat(key)
      entities = entities.concat(entity)
    } else {
      gone.push(entityAt(entities, at))
      entities = entities.with(at, entity)
    }
  }
  // A filtered array is longer than it looks; a slice has what it shows.
  if (del.length > 0) entities = entities.slice()
  return { record: { keys: keys === record.keys ? keys : interning.keys(keys), entities }, gone, added }
}

/** The record without some of its entities. */
export function withoutEntities(
  record: UserRecord,
  isUnwanted: (entity: StoredEntity) => boolean,
  interning: Interning,
): UserRecord {
  if (record instanceof Map) return new Map([...record].filter(([, entity]) => !isUnwanted(entity)))
  const { keys, entities } = record
  const kept = keys.filter((_, at) => !isUnwanted(entityAt(entities, at)))
  return { keys: interning.keys(kept), entities: entities.filter((entity) => !isUnwanted(entity)).slice() }
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

function entityAt(entities: readonly StoredEntity[], at: number): StoredEntity {
  return entities[at] as StoredEntity
}
