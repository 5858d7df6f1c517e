import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { CacheError } from '../../errors.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { indexEntries, indexEntry } from '../account-index.ts'
import type { StoredEntity } from '../entities.ts'
import { expiryOf, partitionExpiry } from '../expiry.ts'
import { changePartition } from '../partition.ts'
import type { CredentialStore } from '../store.ts'
import { ignored } from './file-failure.ts'
import { type FileLock, repeatLocked, withFileLock } from './file-lock.ts'
import { removeOrphans } from './leftovers.ts'
import { createMarkers } from './marker-files.ts'
import {
  type FileIdentity,
  type FileWarning,
  identify,
  isSettled,
  listDirectory,
  makePrivateDirectory,
  readPrivateFile,
  removePrivateFile,
  sameFile,
  setAside,
  warnThroughNode,
  writePrivateFile,
} from './private-file.ts'
import { parseUserFile, writeUserFile } from './user-file.ts'

export interface ShardedFileOptions {
  /** Told, by a code, what was found amiss. Default: a warning of the process, once for each code. */
  readonly onWarning?: FileWarning
  /** How long to wait for another process that writes the same user, in milliseconds. Default 10,000. */
  readonly lockTimeoutMs?: number
  /** Now, in epoch seconds: what has expired by then is forgotten. */
  readonly now?: () => EpochSeconds
}

/**
 * Keeps each user in a small file of their own in a folder, so that any number of users can be kept and processes that
 * write different users do not wait for each other. Tokens stand in the files in clear unless `encryptedStore` goes around it.
 *
 * Reading takes no lock. A spoiled file is one user's trouble: that user counts as not signed in, and the next write of theirs
 * sets it aside.
 *
 * Its members throw {@link CacheError}: `ERR_CACHE_LOCKED`, `ERR_CACHE_INSECURE`, `ERR_CACHE_READ`, `ERR_CACHE_WRITE`.
 */
export function createShardedFileStore(directory: string, options: ShardedFileOptions = {}): CredentialStore {
  const root = resolve(directory)
  const users = join(root, 'users')
  const { onWarning = warnThroughNode(), lockTimeoutMs = 10_000, now = () => Date.now() / 1_000 } = options
  const markers = createMarkers(join(root, 'index'))
  const known = new Map<string, State>()
  const tidied = new Set<string>()
  let toldPlain = false

  const shardOf = (id: string): string => join(users, id.slice(0, 2))
  const fileOf = (id: string): string => join(shardOf(id), `${id}.json`)

  async function load(id: string): Promise<State> {
    const path = fileOf(id)
    const last = known.get(id)
    const identity = await identify(path)
    const state = last?.isSettled && sameFile(last.identity, identity) ? last : await readAnew(path)
    // The last one is the one that was used last.
    known.delete(id)
    if (state.identity !== undefined) known.set(id, state)
    if (known.size > maxKnown) known.delete(known.keys().next().value ?? '')
    return state
  }

  async function readAnew(path: string): Promise<State> {
    const readAt = Date.now()
    try {
      const file = await readPrivateFile(path, maxUserBytes, onWarning)
      if (file === undefined) return { partition: undefined, entities: new Map(), identity: undefined, isSettled: true }
      const user = parseUserFile(file.text)
      const { partition = undefined, entities = new Map<string, StoredEntity>() } = user ?? {}
      return { partition, entities, identity: file.identity, isSettled: isSettled(file.identity, readAt) }
    } catch (error) {
      if (!(error instanceof CacheError) || error.code !== 'ERR_CACHE_FORMAT') throw error
      return { partition: undefined, entities: new Map(), identity: await identify(path), isSettled: false }
    }
  }

  async function replaceLocked(
    partition: string,
    change: (entities: Map<string, StoredEntity>) => boolean,
  ): Promise<void> {
    const id = digest(partition)
    await makePrivateDirectory(root)
    await makePrivateDirectory(shardOf(id))
    if (!tidied.has(shardOf(id))) await removeOrphans(shardOf(id))
    tidied.add(shardOf(id))
    // From the lock on, for it may have been lost.
    if (await repeatLocked(fileOf(id), lockTimeoutMs, (lock) => replace(partition, lock, change))) return
    throw new CacheError('ERR_CACHE_WRITE', `the cache in ${JSON.stringify(root)} is written by another program`, {
      step: 'cache',
      hint: 'Something changes or removes files there, or their lock files. Let each program have a folder of its own.',
    })
  }

  /** Under the lock. @returns `false` if somebody who has no lock was faster. */
  async function replace(
    partition: string,
    lock: FileLock,
    change: (entities: Map<string, StoredEntity>) => boolean,
  ): Promise<boolean> {
    const id = digest(partition)
    const path = fileOf(id)
    const before = await load(id)
    if (before.identity !== undefined && before.partition !== partition) {
      const aside = await setAside(path)
      onWarning('CACHE_CORRUPT', `the cache ${JSON.stringify(path)} is spoiled; it is kept as ${JSON.stringify(aside)}`)
      return false
    }
    const entities = new Map(before.entities)
    if (!change(entities)) return true
    for (const [key, entity] of entities) if (isUseless(entity, now())) entities.delete(key)
    const [old, wanted] = [linksOf(before.entities), linksOf(entities)]
    // A name may lead nowhere, but no user may be without: so markers come first and go last.
    for (const entry of wanted) await markers.add(digest(entry), id)
    const mayReplace = async (): Promise<boolean> =>
      (await lock.isHeld()) && sameFile(before.identity, await identify(path))
    warnOfPlainTokens(entities)
    known.delete(id)
    if (entities.size > 0) {
      if ((await writePrivateFile(path, writeUserFile(partition, entities), mayReplace)) === undefined) return false
    } else if (before.identity !== undefined) {
      if (!(await mayReplace())) return false
      await removePrivateFile(path)
    }
    for (const entry of old) if (!wanted.has(entry)) await markers.remove(digest(entry), id)
    return true
  }

  function warnOfPlainTokens(entities: ReadonlyMap<string, StoredEntity>): void {
    if (toldPlain) return
    toldPlain = [...entities.values()].some((entity) => 'secret' in entity && entity.kind !== 'Sealed')
    if (toldPlain)
      onWarning('CACHE_PLAINTEXT', `the cache in ${JSON.stringify(root)} holds tokens that are not encrypted`)
  }

  return {
    async read(partition) {
      const state = await load(digest(partition))
      return new Map(state.partition === partition ? state.entities : [])
    },
    apply: (partition, change) => replaceLocked(partition, (entities) => changePartition(entities, change)),
    drop: (partition) => replaceLocked(partition, clear),
    async findPartitions(index, value) {
      const entry = indexEntry(index, value)
      const found: string[] = []
      for (const id of await markers.list(digest(entry))) {
        const { partition, entities } = await load(id)
        if (partition !== undefined && linksOf(entities).has(entry)) found.push(partition)
      }
      return found
    },
    async *partitions() {
      for (const shard of await listDirectory(users)) {
        await removeOrphans(join(users, shard))
        for (const name of await listDirectory(join(users, shard))) {
          const [, id, isLock] = /^([0-9a-f]{64})\.json(\.lockfile)?$/.exec(name) ?? []
          if (id === undefined || !id.startsWith(shard)) continue
          // Who takes a lock that a dead process left behind removes it afterwards.
          if (isLock !== undefined) await withFileLock(fileOf(id), 0, async () => ignored()).catch(ignored)
          const { partition, entities } = await readAnew(fileOf(id))
          if (isLock !== undefined || partition === undefined || digest(partition) !== id) continue
          if (partitionExpiry(entities.values()) > now()) yield partition
          else await forget(partition)
        }
      }
    },
  }

  // Under the lock, for somebody may have signed in again meanwhile.
  async function forget(partition: string): Promise<void> {
    await replaceLocked(partition, (entities) => partitionExpiry(entities.values()) <= now() && clear(entities))
  }
}

const maxKnown = 1_000
/** A user has three to ten entities; this is room for thousands. */
const maxUserBytes = 16 * 1024 * 1024

interface State {
  /** Whose file it is; `undefined` if there is none, or it is spoiled. */
  readonly partition: string | undefined
  readonly entities: ReadonlyMap<string, StoredEntity>
  readonly identity: FileIdentity | undefined
  readonly isSettled: boolean
}

// JSON text, so that halves of surrogate pairs stay different.
function digest(name: string): string {
  return createHash('sha256').update(JSON.stringify(name)).digest('hex')
}

function clear(entities: Map<string, StoredEntity>): true {
  entities.clear()
  return true
}

function isUseless(entity: StoredEntity, at: EpochSeconds): boolean {
  return entity.kind === 'AccessToken' && (expiryOf(entity) ?? 0) <= at
}

function linksOf(entities: ReadonlyMap<string, StoredEntity>): ReadonlySet<string> {
  return new Set([...entities.values()].flatMap(indexEntries))
}
