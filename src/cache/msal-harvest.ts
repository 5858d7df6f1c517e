import type { StoredEntity } from './entities.ts'
import type { JsonEntrySink } from './json-entries.ts'
import { entityKey } from './keys.ts'
import { parseSealedKey } from './msal-keys.ts'
import { learnPattern, type MsalPattern, own, plainId } from './msal-pattern.ts'
import { type MsalEntry, readMsalEntry } from './msal-schema.ts'
import type { UserEntities } from './store.ts'
import { copyEntity } from './stores/entity-copy.ts'
import { createInterning } from './stores/interning.ts'

/** Turns the entries of an MSAL cache into entities, user by user. */
export interface MsalHarvest extends JsonEntrySink {
  /** Entries read so far. */
  readonly entries: number
  /** Those of them that are carried along unused. */
  readonly foreign: number
  /** What was read since the last call, in the form that a store loads. */
  take(): readonly UserEntities[]
}

/** Patterns that are tried, for each section: clients and scopes are few. */
const maxPatterns = 8
/** A pattern is worth its making if so many entries have its shape. */
const worth = 64
/** Who has more entities has them in a map. */
const maxListed = 32

interface KnownUser {
  readonly partition: string
  /** Whether the name is a {@link plainId}, so that patterns can be for this user. */
  readonly isPlain: boolean
  readonly place: number
  /** One list for all users who have the same keys. */
  keys: readonly string[]
  /** May be longer than `keys`. */
  entities: StoredEntity[]
  many?: Map<string, StoredEntity>
}

/** A pattern, and what it did to the keys of the last user. */
interface KnownPattern {
  readonly pattern: MsalPattern
  before: readonly string[]
  after: readonly string[]
}

const noKeys: readonly string[] = []
const noEntities: StoredEntity[] = []

export function createMsalHarvest(): MsalHarvest {
  let users = new Map<string, KnownUser>()
  /** Users as they were first met: each section has them in the same order, mostly. */
  let order: KnownUser[] = []
  let next = 0
  let entries = 0
  let foreign = 0
  const interning = createInterning()
  const patterns = new Map<string, { readonly known: KnownPattern[]; budget: number }>()

  function userOf(partition: string, isPlain = plainId.test(partition)): KnownUser {
    // Hashed once only, for a part of a text forgets it with the next look.
    const name = own(partition)
    let user = users.get(name)
    if (user === undefined) {
      user = { partition: name, isPlain, place: order.length, keys: noKeys, entities: noEntities }
      users.set(name, user)
      order.push(user)
    }
    next = user.place + 1
    return user
  }

  /** The user of an id that a pattern found; `undefined` if it is none. */
  function plainUserOf(id: string): KnownUser | undefined {
    const guess = order[next]
    if (guess?.partition !== id) return plainId.test(id) ? userOf(id, true) : undefined
    if (!guess.isPlain) return undefined
    next += 1
    return guess
  }

  function put(user: KnownUser, key: string, entity: StoredEntity): void {
    const at = user.many === undefined ? user.keys.indexOf(key) : -1
    const old = user.many?.get(key) ?? user.entities[at]
    if (old !== undefined && isOlder(entity, old)) return
    if (user.many !== undefined) user.many.set(key, entity)
    else if (at >= 0) user.entities[at] = entity
    else if (user.keys.length < maxListed) append(user, interning.keys([...user.keys, key]), entity)
    else
      user.many = new Map(user.keys.map((name, index) => [name, user.entities[index] as StoredEntity])).set(key, entity)
  }

  function learn(section: string, raw: string, value: unknown, entity: StoredEntity | undefined): void {
    const shapes = patterns.get(section) ?? { known: [], budget: worth * worth }
    patterns.set(section, shapes)
    if (entity === undefined || shapes.budget < worth) return
    shapes.budget -= worth
    const pattern = learnPattern(raw, value, entity)
    const source = pattern?.expression.source
    const isKnown = shapes.known.some((other) => other.pattern.expression.source === source)
    if (pattern === undefined || isKnown) return
    shapes.known.unshift({ pattern, before: noKeys, after: noKeys })
    shapes.known.splice(maxPatterns)
  }

  /** Takes one entry by one of the patterns. @returns Where the next begins; `at` if none fits. */
  function takeOne(known: KnownPattern[], text: string, at: number): number {
    for (let index = 0; index < known.length; index += 1) {
      const shape = known[index] as KnownPattern
      const { expression, key, read } = shape.pattern
      expression.lastIndex = at
      const match = expression.exec(text)
      if (match === null) continue
      const user = plainUserOf(match[1] as string)
      if (user === undefined) continue
      const entity = read(match, user.partition, interning)
      if (entity === undefined) continue
      if (user.keys === shape.before && user.keys !== shape.after) {
        append(user, shape.after, entity)
      } else {
        shape.before = user.keys
        put(user, key, entity)
        shape.after = user.keys
      }
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
      const copies = entities.map((entity) => copyEntity(entity, user.partition, interning))
      for (const entity of copies) put(user, keyOf(entry, entity), entity)
      if (copies.length === 1) learn(section, raw, value, copies[0])
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
      const taken = order.map(contentsOf)
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

/** @param keys The user's, and the entity's as the last. */
function append(user: KnownUser, keys: readonly string[], entity: StoredEntity): void {
  // Room for the four that a user usually has: a push would leave room for a dozen more.
  if (user.keys.length === 0) user.entities = [entity, entity, entity, entity]
  else user.entities[user.keys.length] = entity
  user.keys = keys
}

function contentsOf({ partition, keys, entities, many }: KnownUser): UserEntities {
  if (many !== undefined) return { partition, keys: [...many.keys()], entities: [...many.values()] }
  return { partition, keys, entities: entities.length === keys.length ? entities : entities.slice(0, keys.length) }
}

/** Whether an entity counts less than one that stands before it and means the same. */
function isOlder(entity: StoredEntity, old: StoredEntity): boolean {
  if (entity.kind === 'AccessToken' && old.kind === entity.kind) return entity.expiresOn < old.expiresOn
  if (entity.kind === 'RefreshToken' && old.kind === entity.kind) return entity.cachedAt < old.cachedAt
  return false
}
