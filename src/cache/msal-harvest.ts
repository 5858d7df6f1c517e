import type { StoredEntity } from './entities.ts'
import type { JsonEntrySink } from './json-entries.ts'
import { entityKey } from './keys.ts'
import { parseSealedKey } from './msal-keys.ts'
import { learnPattern, type MsalPattern, own } from './msal-pattern.ts'
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

/** Patterns that are tried, for each section: clients and scopes are few. */
const maxPatterns = 8
/** A pattern is worth its making if so many entries have its shape. */
const worth = 64

interface KnownUser extends UserHarvest {
  readonly place: number
}

export function createMsalHarvest(): MsalHarvest {
  let users = new Map<string, KnownUser>()
  /** Users as they were first met: each section has them in the same order, mostly. */
  let order: KnownUser[] = []
  let next = 0
  let entries = 0
  let foreign = 0
  const patterns = new Map<string, { readonly known: MsalPattern[]; budget: number }>()

  function userOf(partition: string): KnownUser {
    const guess = order[next]
    let user = guess?.partition === partition ? guess : users.get(partition)
    if (user === undefined) {
      user = { partition: own(partition), put: {}, place: order.length }
      users.set(user.partition, user)
      order.push(user)
    }
    next = user.place + 1
    return user
  }

  function learn(section: string, raw: string, value: unknown, entity: StoredEntity | undefined): void {
    const shapes = patterns.get(section) ?? { known: [], budget: worth * worth }
    patterns.set(section, shapes)
    if (entity === undefined || shapes.budget < worth) return
    shapes.budget -= worth
    const pattern = learnPattern(raw, value, entity)
    const isKnown = shapes.known.some(({ expression }) => expression.source === pattern?.expression.source)
    if (pattern === undefined || isKnown) return
    shapes.known.unshift(pattern)
    shapes.known.splice(maxPatterns)
  }

  /** Takes one entry by one of the patterns. @returns Where the next begins; `at` if none fits. */
  function takeOne(known: MsalPattern[], text: string, at: number): number {
    for (let index = 0; index < known.length; index += 1) {
      const pattern = known[index] as MsalPattern
      const { expression, key } = pattern
      expression.lastIndex = at
      const match = expression.exec(text)
      if (match === null) continue
      const user = userOf(match[1] ?? '')
      const entity = pattern.read(match, user.partition)
      if (entity === undefined) continue
      const old = user.put[key]
      if (old === undefined || !isOlder(entity, old)) user.put[key] = entity
      entries += 1
      // The entry after it is likely to be of the same shape.
      if (index > 0) known.unshift(...known.splice(index, 1))
      return expression.lastIndex
    }
    return at
  }

  return {
    get entries() {
      return entries
    },
    get foreign() {
      return foreign
    },
    entry(section, key, value, raw) {
      const entry: MsalEntry = key === undefined ? { section, value } : { section, key, value }
      const { partition, entities } = readMsalEntry(entry)
      const user = userOf(partition)
      entries += 1
      if (entities[0]?.kind === 'Foreign') foreign += 1
      for (const entity of entities) put(user, keyOf(entry, entity), entity)
      if (entities.length === 1) learn(section, raw, value, entities[0])
    },
    skim(section, text, at) {
      const shapes = patterns.get(section)
      if (shapes === undefined) return at
      let start = at
      for (let end = takeOne(shapes.known, text, start); end > start; end = takeOne(shapes.known, text, start)) {
        start = end
        shapes.budget += 1
      }
      return start
    },
    take() {
      const taken = order
      users = new Map()
      order = []
      next = 0
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
