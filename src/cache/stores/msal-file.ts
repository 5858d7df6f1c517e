import { basename, dirname, resolve } from 'node:path'
import { CacheError } from '../../errors.ts'
import { MsalDocument } from '../msal-document.ts'
import type { KeyDialect } from '../msal-keys.ts'
import type { CredentialStore, PartitionChange } from '../store.ts'
import { type FileLock, repeatLocked } from './file-lock.ts'
import { removeOrphans } from './leftovers.ts'
import {
  defaultMaxBytes,
  type FileIdentity,
  type FileWarning,
  identify,
  isSettled,
  makePrivateDirectory,
  readPrivateFile,
  sameFile,
  setAside,
  warnThroughNode,
  writePrivateFile,
} from './private-file.ts'

export interface MsalFileOptions {
  /** Told, by a code, what was found amiss. Default: a warning of the process, once for each code and file. */
  readonly onWarning?: FileWarning
  /** How long to wait for another process that writes, in milliseconds. Default 10,000. */
  readonly lockTimeoutMs?: number
  /** A larger file is refused. Default 128 MiB. */
  readonly maxBytes?: number
  /** How to write the keys of new entries: as msal-node (default), or as MSAL for .NET and Java. */
  readonly keyDialect?: KeyDialect
}

/**
 * Keeps users in one JSON file in the schema of the MSAL libraries, which may read and write it at the same time. Every write
 * reads the file again under a lock, changes only what it must, and replaces the whole, so it suits some hundreds of users;
 * for more see `createShardedFileStore`. Tokens stand in it in clear unless `encryptedStore` goes around it.
 *
 * Its members throw {@link CacheError}: `ERR_CACHE_LOCKED`, `ERR_CACHE_INSECURE`, `ERR_CACHE_FORMAT`, `ERR_CACHE_READ`,
 * `ERR_CACHE_WRITE`. A spoiled file is set aside at the next write, never deleted.
 */
export function createMsalFileStore(path: string, options: MsalFileOptions = {}): CredentialStore {
  const file = resolve(path)
  const {
    onWarning = warnThroughNode(),
    lockTimeoutMs = 10_000,
    maxBytes = defaultMaxBytes,
    keyDialect = 'node',
  } = options
  let known: State | undefined
  /** The state of the file that was found spoiled, with what is wrong, so that not every reader waits for it to get better. */
  let spoiled: { readonly identity: FileIdentity; readonly error: CacheError } | undefined
  let waiting: Write[] = []
  let isTidied = false
  let toldPlain = false

  const parse = (text: string): MsalDocument => MsalDocument.parse(text, { keyDialect })
  const nothing = (): State => ({
    document: MsalDocument.empty({ keyDialect }),
    identity: undefined,
    isSettled: true,
  })

  /** @param look Called at once with the state that is found: a moment later, a writer may be at work on its document. */
  async function current<T>(look: (state: State) => T): Promise<T> {
    const identity = await identify(file)
    if (known?.isSettled && sameFile(known.identity, identity)) return look(known)
    const readAt = Date.now()
    const read = await readPrivateFile(file, maxBytes, onWarning)
    known =
      read === undefined
        ? nothing()
        : { document: parse(read.text), identity: read.identity, isSettled: isSettled(read.identity, readAt) }
    return look(known)
  }

  // Other libraries write in place: what looks spoiled may be half of a write that is under way.
  async function currentAtRest<T>(look: (state: State) => T): Promise<T> {
    for (let round = 0; ; round++) {
      const identity = await identify(file)
      if (spoiled !== undefined && sameFile(spoiled.identity, identity)) throw spoiled.error
      try {
        return await current(look)
      } catch (error) {
        if (!isSpoiled(error)) throw error
        if (round === 6) {
          if (identity !== undefined) spoiled = { identity, error }
          throw error
        }
        await new Promise((wake) => setTimeout(wake, 100))
      }
    }
  }

  // All that is asked for while one write is under way goes into the next one together.
  function write(partition: string, change: PartitionChange | 'drop'): Promise<void> {
    return new Promise((done, failed) => {
      waiting.push({ partition, change, done, failed })
      if (waiting.length === 1) void flush()
    })
  }

  function takeWaiting(): readonly Write[] {
    const writes = waiting
    waiting = []
    return writes
  }

  /** Never rejects. Tells nobody that their write is done before the lock is gone: the process may end right after. */
  async function flush(): Promise<void> {
    let writes: readonly Write[] = []
    try {
      await makePrivateDirectory(dirname(file))
      if (!isTidied) await removeOrphans(dirname(file), { name: basename(file) })
      isTidied = true
      // Again, if the lock was lost, or somebody who does not respect it has written between our reading and our writing.
      const isWritten = await repeatLocked(file, lockTimeoutMs, (lock) => {
        if (writes.length === 0) writes = takeWaiting()
        return replace(lock, writes)
      })
      if (!isWritten) throw overrun(file)
      for (const { done, failed, error } of writes) {
        if (error === undefined) done()
        else failed(error)
      }
    } catch (error) {
      for (const { failed } of writes.length > 0 ? writes : takeWaiting()) failed(error)
    }
  }

  async function replace(lock: FileLock, writes: readonly Write[]): Promise<boolean> {
    const { document, identity: before, hasChanged } = await readAndApply(writes)
    if (!hasChanged) return true
    if (!toldPlain && writes.some(holdsPlainToken)) {
      toldPlain = true
      onWarning('CACHE_PLAINTEXT', `the cache ${JSON.stringify(file)} holds tokens that are not encrypted`)
    }
    const text = document.serialize()
    if (Buffer.byteLength(text) > maxBytes) {
      const hint = 'Use createShardedFileStore or createRedisStore for so many users.'
      throw unwritable(file, `would have more than ${maxBytes} bytes`, hint)
    }
    const mayReplace = async (): Promise<boolean> => (await lock.isHeld()) && sameFile(before, await identify(file))
    const identity = await writePrivateFile(file, text, mayReplace)
    if (identity === undefined) return false
    known = { document, identity, isSettled: isSettled(identity, Date.now()) }
    return true
  }

  async function readAndApply(writes: readonly Write[]): Promise<State & { readonly hasChanged: boolean }> {
    const applyTo = (state: State): State & { readonly hasChanged: boolean } => {
      const hasChanged = applyAll(state.document, writes)
      // Readers must not see what is not on the disk yet.
      if (hasChanged) known = undefined
      return { ...state, hasChanged }
    }
    try {
      return await currentAtRest(applyTo)
    } catch (error) {
      if (!isSpoiled(error)) throw error
      const aside = await setAside(file)
      onWarning('CACHE_CORRUPT', `the cache ${JSON.stringify(file)} is spoiled; it is kept as ${JSON.stringify(aside)}`)
      return applyTo(nothing())
    }
  }

  return {
    read: (partition) => currentAtRest(({ document }) => document.read(partition)),
    apply: (partition, change) => write(partition, change),
    drop: (partition) => write(partition, 'drop'),
    findPartitions: (index, value) => currentAtRest(({ document }) => document.findPartitions(index, value)),
    async *partitions() {
      yield* await currentAtRest(({ document }) => document.partitions())
    },
  }
}

interface State {
  readonly document: MsalDocument
  /** `undefined` while there is no file. */
  readonly identity: FileIdentity | undefined
  readonly isSettled: boolean
}

interface Write {
  readonly partition: string
  readonly change: PartitionChange | 'drop'
  readonly done: () => void
  readonly failed: (error: unknown) => void
  error?: unknown
}

/** Applies each write by itself, so that one that cannot be leaves the others alone. @returns Whether anything changed. */
function applyAll(document: MsalDocument, writes: readonly Write[]): boolean {
  let changed = false
  for (const write of writes) {
    const { partition, change } = write
    delete write.error
    try {
      if (change !== 'drop') changed = document.apply(partition, change) || changed
      else if (document.read(partition).size > 0) {
        document.drop(partition)
        changed = true
      }
    } catch (error) {
      write.error = error
    }
  }
  return changed
}

function isSpoiled(error: unknown): error is CacheError {
  return error instanceof CacheError && error.code === 'ERR_CACHE_FORMAT'
}

function holdsPlainToken({ change }: Write): boolean {
  const put = change === 'drop' ? {} : (change.put ?? {})
  return Object.values(put).some((entity) => 'secret' in entity && entity.kind !== 'Sealed')
}

function overrun(file: string): CacheError {
  const hint = 'Try again, or let each program have a file of its own.'
  return unwritable(file, 'is written by a program that does not respect its lock', hint)
}

function unwritable(file: string, what: string, hint: string): CacheError {
  return new CacheError('ERR_CACHE_WRITE', `the cache ${JSON.stringify(file)} ${what}`, { step: 'cache', hint })
}
