import { createHash } from 'node:crypto'
import { CacheError, type CacheErrorCode, InvalidArgumentError } from '../../errors.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { indexEntries, indexEntry } from '../account-index.ts'
import type { StoredEntity } from '../entities.ts'
import { partitionExpiry } from '../expiry.ts'
import { changePartition } from '../partition.ts'
import type { CredentialStore } from '../store.ts'
import { isEntity } from './entity-shape.ts'

/** What is used of a Keyv (4, 5 or 6), or of anything that has its methods. */
export interface KeyvLike {
  get(key: string): Promise<unknown>
  /** What `get` gives in a member `value`. Used where there is one: the `get` of Keyv 5 hides that its back end failed. */
  getRaw?(key: string): Promise<unknown>
  set(key: string, value: string, ttlMs?: number): Promise<unknown>
  delete(key: string): Promise<unknown>
  /** Gives pairs of key and value. */
  iterator?: ((argument?: unknown) => AsyncIterable<unknown>) | undefined
  on?(event: 'error', listener: () => void): unknown
  off?(event: 'error', listener: () => void): unknown
}

/**
 * Keeps users in a Keyv, and so in any back end that there is a Keyv adapter for: one value for each user, that lives as
 * long as the last of the user's tokens, and one for each name that users are found by.
 *
 * A Keyv can only replace whole values. Within one process nothing gets lost; of two processes that change the same user
 * at the same moment, the last one wins and the other one's tokens are lost (and so with two users of the same name, of
 * whom one is then not found by it until it is next written). Several processes are better served by the Redis or the
 * file store. `partitions()` needs a Keyv with an iterator; Keyv 6 lists nothing where its back end cannot iterate.
 *
 * Keyv tells of some failures only by its `error` event, so the store listens to that, and a call that it happens
 * during fails. The Keyv stays the caller's: `close` does not disconnect it.
 *
 * @throws {@link InvalidArgumentError} if it is no Keyv.
 * @throws {@link CacheError} from the methods: `ERR_CACHE_READ` or `ERR_CACHE_WRITE` if the back end fails.
 */
export function createKeyvStore(keyv: KeyvLike): CredentialStore {
  if (![keyv?.get, keyv?.set, keyv?.delete].every((method) => typeof method === 'function')) {
    throw new InvalidArgumentError('this is no Keyv: it lacks get, set or delete', {
      step: 'cache',
      hint: 'Pass an instance: createKeyvStore(new Keyv(…)).',
    })
  }
  let failures = 0
  const countFailure = (): void => {
    failures++
  }
  keyv.on?.('error', countFailure)
  const serially = serialiserOf(keyv)

  async function attempt<T>(code: CacheErrorCode, action: () => Promise<T>): Promise<T> {
    const before = failures
    let result: T
    try {
      result = await action()
    } catch (error) {
      throw failed(code, error)
    }
    if (failures !== before) throw failed(code)
    return result
  }

  function get(key: string): Promise<unknown> {
    return attempt('ERR_CACHE_READ', async () => {
      if (keyv.getRaw === undefined) return keyv.get(key)
      return ((await keyv.getRaw(key)) as { readonly value?: unknown } | null | undefined)?.value
    })
  }

  async function set(key: string, value: unknown, expiresOn: EpochSeconds): Promise<void> {
    const ttlMs = Math.ceil(expiresOn * 1000 - Date.now())
    // 0 would mean "for ever" to a Keyv. What is already useless may go at once.
    const ttl = Number.isFinite(ttlMs) ? Math.max(1, ttlMs) : undefined
    const done = await attempt('ERR_CACHE_WRITE', () => keyv.set(key, JSON.stringify(value), ttl))
    if (done === false) throw failed('ERR_CACHE_WRITE')
  }

  async function remove(key: string): Promise<void> {
    await attempt('ERR_CACHE_WRITE', () => keyv.delete(key))
  }

  async function load(partition: string): Promise<Map<string, StoredEntity>> {
    return entitiesOf(parse(await get(partitionKey(partition))), partition)
  }

  /** Changes the list of the users that an entry of the index leads to. */
  function reindex(entry: string, change: (users: Map<string, EpochSeconds>) => void): Promise<void> {
    const key = indexKey(entry)
    return serially(key, async () => {
      const users = usersOf(parse(await get(key)))
      change(users)
      for (const [partition, expiresOn] of users) if (expiresOn * 1000 <= Date.now()) users.delete(partition)
      if (users.size === 0) return remove(key)
      // Infinity, which JSON does not have, is null.
      await set(key, [...users], Math.max(...users.values()))
    })
  }

  async function link(partition: string, entries: ReadonlySet<string>, expiresOn: EpochSeconds): Promise<void> {
    // Never shorter than before: should the user's own value not get written, the old one still has to be found.
    const add = (users: Map<string, EpochSeconds>): unknown =>
      users.set(partition, Math.max(expiresOn, users.get(partition) ?? 0))
    await Promise.all([...entries].map((entry) => reindex(entry, add)))
  }

  async function unlink(partition: string, entries: ReadonlySet<string>): Promise<void> {
    await Promise.all([...entries].map((entry) => reindex(entry, (users) => users.delete(partition))))
  }

  return {
    read: load,
    async apply(partition, change) {
      const key = partitionKey(partition)
      await serially(key, async () => {
        const entities = await load(partition)
        const before = linksOf(entities)
        if (!changePartition(entities, change)) return
        const after = linksOf(entities)
        const expiresOn = partitionExpiry(entities.values())
        // A name may lead nowhere, but no user may be without: so links come first and go last.
        await link(partition, after, expiresOn)
        if (entities.size === 0) await remove(key)
        else await set(key, { partition, entities: Object.fromEntries(entities) }, expiresOn)
        await unlink(partition, new Set([...before].filter((entry) => !after.has(entry))))
      })
    },
    async drop(partition) {
      const key = partitionKey(partition)
      await serially(key, async () => {
        // A user who cannot be read any more can still be dropped.
        const entities = await load(partition).catch(() => new Map<string, StoredEntity>())
        await remove(key)
        await unlink(partition, linksOf(entities))
      })
    },
    async findPartitions(index, value) {
      return [...usersOf(parse(await get(indexKey(indexEntry(index, value))))).keys()]
    },
    async *partitions() {
      if (typeof keyv.iterator !== 'function') {
        throw new CacheError('ERR_CACHE_READ', 'this Keyv cannot list what it holds', {
          step: 'cache',
          hint: 'Use a back end that Keyv can iterate over, or another store. Signing in and out works all the same.',
        })
      }
      const before = failures
      try {
        for await (const item of keyv.iterator()) {
          const [key, value] = Array.isArray(item) ? (item as readonly unknown[]) : []
          const { partition } = parse(value) as { readonly partition?: unknown }
          // The key may come with or without Keyv's own prefix.
          if (typeof partition === 'string' && String(key).endsWith(partitionKey(partition).slice(5))) yield partition
        }
      } catch (error) {
        throw failed('ERR_CACHE_READ', error)
      }
      if (failures !== before) throw failed('ERR_CACHE_READ')
    },
    async close() {
      keyv.off?.('error', countFailure)
    },
  }
}

/** Hashed: back ends limit how long keys are, and some do not tell capitals apart. */
function partitionKey(partition: string): string {
  return `ropc:user:${digest(JSON.stringify(partition))}`
}

function indexKey(entry: string): string {
  return `ropc:name:${digest(entry)}`
}

// Only JSON text comes in here: UTF-8 would make all halves of surrogate pairs the same.
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** @returns An object or array; an empty object for everything else. */
function parse(text: unknown): object {
  try {
    const value: unknown = JSON.parse(String(text))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function entitiesOf(value: object, partition: string): Map<string, StoredEntity> {
  const { partition: name, entities } = value as { readonly partition?: unknown; readonly entities?: unknown }
  if (name !== partition) return new Map()
  return new Map(Object.entries(entities ?? {}).filter((item): item is [string, StoredEntity] => isKept(item[1])))
}

const newerKind = /^(?!(?:AccessToken|RefreshToken|IdToken|Account|AppMetadata|Foreign|Sealed)$)/

// Kinds that are not known here may be those of a newer version.
function isKept(value: unknown): value is StoredEntity {
  const { kind } = (value ?? {}) as { readonly kind?: unknown }
  return isEntity(value) || (typeof kind === 'string' && newerKind.test(kind))
}

function usersOf(value: object): Map<string, EpochSeconds> {
  const users = new Map<string, EpochSeconds>()
  for (const item of Array.isArray(value) ? (value as readonly unknown[]) : []) {
    const [partition, expiresOn] = Array.isArray(item) ? (item as readonly unknown[]) : []
    if (typeof partition !== 'string') continue
    users.set(partition, typeof expiresOn === 'number' ? expiresOn : Number.POSITIVE_INFINITY)
  }
  return users
}

function linksOf(entities: ReadonlyMap<string, StoredEntity>): ReadonlySet<string> {
  return new Set([...entities.values()].flatMap(indexEntries))
}

/** Stores over the same Keyv share their queues. */
const queuesOf = new WeakMap<KeyvLike, Map<string, Promise<unknown>>>()

/** One task at a time for each name, in the order that they came in. */
function serialiserOf(keyv: KeyvLike): <T>(name: string, task: () => Promise<T>) => Promise<T> {
  const queues = queuesOf.get(keyv) ?? new Map<string, Promise<unknown>>()
  queuesOf.set(keyv, queues)
  return async (name, task) => {
    const turn = (queues.get(name) ?? Promise.resolve()).then(task, task)
    queues.set(name, turn)
    try {
      return await turn
    } finally {
      if (queues.get(name) === turn) queues.delete(name)
    }
  }
}

/** The text of a back end's error may hold its address and password; name and code are enough to know what it was. */
function failed(code: CacheErrorCode, error?: unknown): CacheError {
  const { name, code: cause } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown }
  return new CacheError(code, `the Keyv back end failed to ${code === 'ERR_CACHE_READ' ? 'read' : 'write'}`, {
    step: 'cache',
    hint: "Listen to the Keyv's error event for the reason, and see whether its back end is up.",
    ...(error !== undefined && { cause: { name: String(name), ...(typeof cause === 'string' && { code: cause }) } }),
  })
}
