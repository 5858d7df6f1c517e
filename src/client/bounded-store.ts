import type { CredentialStore } from '../cache/store.ts'

/** The store as one call sees it: what it waits for ends with the call's signal, whose reason is then thrown. */
export function boundedStore(
  store: CredentialStore,
  signal: AbortSignal,
): Pick<CredentialStore, 'read' | 'apply' | 'findPartitions'> {
  const bounded = <T>(run: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason)
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      Promise.resolve()
        .then(run)
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', onAbort))
    })
  return {
    read: (partition) => bounded(() => store.read(partition)),
    apply: (partition, change) => bounded(() => store.apply(partition, change)),
    findPartitions: (index, value) => bounded(() => store.findPartitions(index, value)),
  }
}
