import { CacheError, type CacheErrorCode, InvalidArgumentError, isAuthError } from '../../errors.ts'
import { MsalDocument } from '../msal-document.ts'
import { isAllowed } from '../partition.ts'
import type { CredentialStore, PartitionChange } from '../store.ts'

/** A token cache as MSAL Node shows it to a plug-in: the whole of it as one JSON text. */
export interface MsalTokenCache {
  serialize(): string
  deserialize(text: string): void
}

/** What MSAL Node hands to a plug-in (`TokenCacheContext`). */
export interface MsalCacheContext {
  readonly tokenCache: MsalTokenCache
  /** True for an access that writes, from its beginning: then a plug-in locks before, and saves after. */
  readonly cacheHasChanged: boolean
  /** The same as `tokenCache`. */
  readonly cache: MsalTokenCache
  /** The same as `cacheHasChanged`. */
  hasChanged: boolean
}

/**
 * A cache plug-in of MSAL Node (`ICachePlugin`): told before and after each access to the cache, it loads and saves it.
 *
 * @see {@link https://learn.microsoft.com/entra/msal/javascript/node/caching Caching in MSAL Node}
 */
export interface MsalCachePlugin {
  beforeCacheAccess(context: MsalCacheContext): Promise<void>
  afterCacheAccess(context: MsalCacheContext): Promise<void>
}

/**
 * Keeps users where a cache plug-in of MSAL Node keeps them, e.g. `PersistenceCachePlugin` of `msal-node-extensions`. Every
 * access loads, and every change saves, all users at once, one access after the other: for a handful of users.
 *
 * The cache stays in memory as well, for plug-ins that load only what is new. So a change that could not be saved is
 * saved with the next one. Between processes it is as safe as the plug-in's lock.
 *
 * @throws {@link InvalidArgumentError} if it is no plug-in. The store rejects with `CacheError`: `ERR_CACHE_READ` or
 *   `ERR_CACHE_WRITE` when the plug-in fails, `ERR_CACHE_FORMAT` when it loads what is no MSAL cache; then nothing is saved.
 */
export function createCachePluginStore(plugin: MsalCachePlugin): CredentialStore {
  checkPlugin(plugin)
  let document = MsalDocument.empty()
  let last: Promise<unknown> = Promise.resolve()

  function inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = last.then(run)
    last = result.catch(() => {})
    return result
  }

  async function access<T>(writes: boolean, work: () => T): Promise<T> {
    let spoiled: unknown
    const tokenCache: MsalTokenCache = {
      serialize: () => document.serialize(),
      deserialize(text) {
        try {
          document = MsalDocument.parse(text)
          spoiled = undefined
        } catch (error) {
          spoiled = error
          throw error
        }
      },
    }
    const context = createContext(tokenCache, writes)
    const outcome = await outcomeOf('ERR_CACHE_READ', async () => {
      await Promise.resolve(plugin.beforeCacheAccess(context)).catch((error: unknown) => {
        throw spoiled ?? error
      })
      // A plug-in may be content with what we are not; to save over what could not be read would lose it.
      if (spoiled !== undefined) throw spoiled
      return work()
    })
    // It is called in any case, for the plug-in may hold a lock; but only what went well is to be saved.
    if ('error' in outcome) context.hasChanged = false
    const end = await outcomeOf(writes ? 'ERR_CACHE_WRITE' : 'ERR_CACHE_READ', () => plugin.afterCacheAccess(context))
    if ('error' in outcome) throw outcome.error
    if ('error' in end) throw end.error
    return outcome.value
  }

  const look = <T>(work: () => T): Promise<T> => inTurn(() => access(false, work))

  return {
    read: (partition) => look(() => document.read(partition)),
    apply: (partition, change) =>
      inTurn(async () => {
        // A plug-in is told at the beginning whether it will have to save: so what may come to nothing is tried first.
        const isSure = change.onlyIf === undefined && Object.keys(change.put ?? {}).length > 0
        if (!isSure && !(await access(false, () => wouldChange(document, partition, change)))) return
        await access(true, () => document.apply(partition, change))
      }),
    drop: (partition) =>
      inTurn(async () => {
        if (!(await access(false, () => document.read(partition).size > 0))) return
        await access(true, () => document.drop(partition))
      }),
    findPartitions: (index, value) => look(() => document.findPartitions(index, value)),
    async *partitions() {
      yield* await look(() => document.partitions())
    },
  }
}

/** As MSAL Node has it, under both names of each member. */
function createContext(tokenCache: MsalTokenCache, writes: boolean): MsalCacheContext {
  return {
    cache: tokenCache,
    hasChanged: writes,
    get tokenCache() {
      return this.cache
    },
    get cacheHasChanged() {
      return this.hasChanged
    },
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown }

async function outcomeOf<T>(code: CacheErrorCode, run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await run() }
  } catch (error) {
    return { error: isAuthError(error) ? error : pluginFailure(code, error) }
  }
}

function wouldChange(document: MsalDocument, partition: string, change: PartitionChange): boolean {
  const entities = document.read(partition)
  const { put = {}, del = [] } = change
  return isAllowed(entities, change) && (Object.keys(put).length > 0 || del.some((key) => entities.has(key)))
}

// A parser's message quotes what it could not read, and the plug-in's own may do so as well: none is passed on.
function pluginFailure(code: CacheErrorCode, error: unknown): CacheError {
  const errno = String((error as { readonly code?: unknown } | undefined | null)?.code)
  const reason = /^E[A-Z]{2,15}$/.test(errno) ? ` (${errno})` : ''
  const what = code === 'ERR_CACHE_WRITE' ? 'save the cache' : 'load the cache'
  return new CacheError(code, `the cache plug-in could not ${what}${reason}`, {
    step: 'cache',
    hint: 'Look at what the plug-in keeps the cache in: is it reachable, readable and writable, and not locked?',
  })
}

function checkPlugin(plugin: MsalCachePlugin): void {
  const { beforeCacheAccess, afterCacheAccess } = (plugin ?? {}) as Partial<MsalCachePlugin>
  if (typeof beforeCacheAccess === 'function' && typeof afterCacheAccess === 'function') return
  throw new InvalidArgumentError('the plug-in lacks beforeCacheAccess or afterCacheAccess', {
    step: 'cache',
    hint: 'Pass what you would give to MSAL Node as cache.cachePlugin.',
  })
}
