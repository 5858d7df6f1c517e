import type { CredentialStore } from '../cache/store.ts'
import { TimeLimit } from '../cache/stores/time-limit.ts'
import { CacheError, type CacheErrorCode } from '../errors.ts'
import type { Call } from './call.ts'

/** A store that is slower than this has failed: a caller with a token in hand should not wait for it any longer. */
const limitMs = 15_000
const limit = new TimeLimit(limitMs)

/**
 * The store as one call sees it: what it waits for ends with the call's signal, whose reason is then thrown, or after 15
 * seconds.
 */
export function boundedStore(
  store: CredentialStore,
  call: Pick<Call, 'signal' | 'mayEnd'>,
): Pick<CredentialStore, 'read' | 'apply' | 'findPartitions'> {
  const bounded = <T>(code: CacheErrorCode, run: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const wait = limit.begin(() => reject(tooSlow(code)))
      // Listening to a signal takes longer than many a store: only where something could be heard.
      const signal = call.mayEnd(limitMs) ? call.signal : undefined
      const end = (): void => {
        limit.done(wait)
        signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => {
        end()
        reject(signal?.reason)
      }
      if (signal?.aborted) return onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
      startSafely(run).then(
        (value) => {
          end()
          resolve(value)
        },
        (error: unknown) => {
          end()
          reject(error)
        },
      )
    })
  return {
    read: (partition) => bounded('ERR_CACHE_READ', () => store.read(partition)),
    apply: (partition, change) => bounded('ERR_CACHE_WRITE', () => store.apply(partition, change)),
    findPartitions: (index, value) => bounded('ERR_CACHE_READ', () => store.findPartitions(index, value)),
  }
}

// A store of somebody else's may throw at once, or return what is no promise.
function startSafely<T>(run: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(run())
  } catch (error) {
    return Promise.reject(error)
  }
}

function tooSlow(code: CacheErrorCode): CacheError {
  return new CacheError(code, `the token store did not answer within ${limitMs / 1_000} seconds`, {
    step: 'cache',
    hint: 'Check that the store is reachable; a token just obtained is returned all the same.',
  })
}
