import type { CredentialStore } from '../cache/store.ts'

const queues = new WeakMap<CredentialStore, Map<string, Promise<void>>>()
/** Who waits for longer goes ahead: asking twice is better than not at all. */
const limitMs = 15_000

/**
 * Lets what is done under a name happen one at a time, over all processes where the store can queue, else in this one. A queue
 * that fails costs nobody the result: once the task has begun, its outcome counts.
 *
 * @param task Told whether others may have changed something while it waited.
 */
export async function takeTurn<T>(
  store: CredentialStore,
  name: string,
  task: (hasWaited: boolean) => Promise<T>,
): Promise<T> {
  let outcome: Promise<T> | undefined
  const begin = (hasWaited: boolean): Promise<T> => {
    outcome ??= task(hasWaited)
    return outcome
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  const begun = new Promise<void>((resolve) => {
    const run = (hasWaited: boolean): Promise<T> => {
      resolve()
      return begin(hasWaited)
    }
    const queued =
      store.exclusive === undefined
        ? inProcess(store, name, run)
        : startSafely(() => store.exclusive?.(name, 10_000, () => run(true)))
    queued.then(ignore, ignore).then(resolve)
  })
  await Promise.race([begun, late])
  clearTimeout(timer)
  return begin(true)
}

async function startSafely(run: () => Promise<unknown> | undefined): Promise<unknown> {
  return run()
}

async function inProcess(
  store: CredentialStore,
  name: string,
  run: (hasWaited: boolean) => Promise<unknown>,
): Promise<void> {
  const queue = queues.get(store) ?? new Map<string, Promise<void>>()
  queues.set(store, queue)
  const before = queue.get(name)
  const turn = before === undefined ? run(false) : before.then(() => run(true))
  const settled = turn.then(ignore, ignore)
  queue.set(name, settled)
  await settled
  if (queue.get(name) === settled) queue.delete(name)
}

function ignore(): void {}
