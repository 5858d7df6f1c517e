import { InvalidArgumentError } from '../errors.ts'
import type { EpochSeconds } from '../protocol/time.ts'

/** Clock, ids and timers: what makes a call differ from the next. Replace them to replay one exactly. */
export interface Runtime {
  /** Now, in whole epoch seconds. */
  readonly now: () => EpochSeconds
  /** A fresh UUID. */
  readonly newId: () => string
  /** Resolves after `ms` milliseconds; rejects when the signal aborts. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
  /** A clock and ids for one call of the client (1, 2, 3 …), so that concurrent calls can be replayed exactly. */
  readonly forCall?: (call: number) => Pick<Runtime, 'now' | 'newId'>
}

/** The system's clock, ids and timers, with those of a caller in their place. */
export function readRuntime(overrides: Partial<Runtime> = {}): Runtime {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined)
  const runtime: Runtime = { ...systemRuntime, ...Object.fromEntries(given) }
  const { forCall } = runtime
  return {
    ...runtime,
    now: () => readInstant(runtime.now()),
    ...(forCall === undefined
      ? {}
      : {
          forCall: (call) => {
            const { now, newId } = forCall(call)
            return { now: () => readInstant(now()), newId }
          },
        }),
  }
}

function readInstant(value: number): EpochSeconds {
  const at = Math.floor(value)
  if (Number.isSafeInteger(at)) return at
  throw new InvalidArgumentError('runtime.now does not return an instant', {
    step: 'authority',
    hint: 'Return whole epoch seconds, such as Math.floor(Date.now() / 1000).',
  })
}

const systemRuntime: Runtime = {
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
