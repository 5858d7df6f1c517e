import type { EpochSeconds } from '../protocol/time.ts'

/** Clock, ids and timers: what makes a call differ from the next. Replace them to replay one exactly. */
export interface Runtime {
  /** Now, in whole epoch seconds. */
  readonly now: () => EpochSeconds
  /** A fresh UUID. */
  readonly newId: () => string
  /** Resolves after `ms` milliseconds; rejects when the signal aborts. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
}

export const systemRuntime: Runtime = {
  now: () => Math.floor(Date.now() / 1000),
  newId: () => crypto.randomUUID(),
  wait: (ms, signal) =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, ms)
      if (signal?.aborted) onAbort()
      else signal?.addEventListener('abort', onAbort, { once: true })
    }),
}
