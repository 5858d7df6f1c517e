import type { StoredEntity } from './entities.ts'
import type { JsonEntrySink } from './json-entries.ts'
import { entityKey } from './keys.ts'
import { parseSealedKey } from './msal-keys.ts'
import { type MsalEntry, readMsalEntry } from './msal-schema.ts'

/** What was read of one user. */
export interface UserHarvest {
  readonly partition: string
  /** Entities by their keys in the store. */
  readonly put: Record<string, StoredEntity>
}

/** Turns the entries of an MSAL cache into entities, user by user. */
export interface MsalHarvest extends JsonEntrySink {
  /** Entries read so far. */
  readonly entries: number
  /** Those of them that are carried along unused. */
  readonly foreign: number
  /** What was read since the last call. */
  take(): readonly UserHarvest[]
}

export function createMsalHarvest(): MsalHarvest {
  let users = new Map<string, UserHarvest>()
  let entries = 0
  let foreign = 0

  return {
    get entries() {
      return entries
    },
    get foreign() {
      return foreign
    },
    entry(section, key, value) {
      const entry: MsalEntry = key === undefined ? { section, value } : { section, key, value }
      const { partition, entities } = readMsalEntry(entry)
      let user = users.get(partition)
      if (user === undefined) {
        user = { partition, put: {} }
        users.set(partition, user)
      }
      entries += 1
      if (entities[0]?.kind === 'Foreign') foreign += 1
      for (const entity of entities) put(user, keyOf(entry, entity), entity)
    },
    take() {
      const taken = [...users.values()]
      users = new Map()
      return taken
    },
  }
}

function keyOf({ key = '' }: MsalEntry, entity: StoredEntity): string {
  return entity.kind === 'Sealed' ? (parseSealedKey(key)?.[1] ?? '') : entityKey(entity)
}

function put(user: UserHarvest, key: string, entity: StoredEntity): void {
  const old = Object.hasOwn(user.put, key) ? user.put[key] : undefined
  if (old !== undefined && isOlder(entity, old)) return
  // Only a sealed entity can have such a key; an assignment would lose it.
  if (key === '__proto__') Object.defineProperty(user.put, key, { value: entity, enumerable: true, configurable: true })
  else user.put[key] = entity
}

/** Whether an entity counts less than one that stands before it and means the same. */
function isOlder(entity: StoredEntity, old: StoredEntity): boolean {
  if (entity.kind === 'AccessToken' && old.kind === entity.kind) return entity.expiresOn < old.expiresOn
  if (entity.kind === 'RefreshToken' && old.kind === entity.kind) return entity.cachedAt < old.cachedAt
  return false
}
