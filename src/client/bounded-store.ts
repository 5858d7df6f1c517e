import type { CredentialStore } from '../cache/store.ts'
import { CacheError } from '../errors.ts'

/** A store that is slower than this has failed: a caller with a token in hand should not wait for it any longer. */
const limitMs = 15_000

/**
 * The store as one call sees it: what it waits for ends with the call's signal, whose reason is then thrown, or after 15
 * seconds.
 */
export function boundedStore(
  store: CredentialStore,
  signal: AbortSignal,
): Pick<CredentialStore, 'read' | 'apply' | 'findPartitions'> {
  const bounded = <T>(code: 'ERR_CACHE_READ' | 'ERR_CACHE_WRITE', run: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason)
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      const timer = setTimeout(() => reject(tooSlow(code)), limitMs)
      Promise.resolve()
        .then(run)
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(timer)
          signal.removeEventListener('abort', onAbort)
        })
    })
  return {
    read: (partition) => bounded('ERR_CACHE_READ', () => store.read(partition)),
    apply: (partition, change) => bounded('ERR_CACHE_WRITE', () => store.apply(partition, change)),
    findPartitions: (index, value) => bounded('ERR_CACHE_READ', () => store.findPartitions(index, value)),
  }
}

function tooSlow(code: 'ERR_CACHE_READ' | 'ERR_CACHE_WRITE'): CacheError {
  return new CacheError(code, `the token store did not answer within ${limitMs / 1_000} seconds`, {
    step: 'cache',
    hint: 'Check that the store is reachable; a token just obtained is returned all the same.',
  })
}
