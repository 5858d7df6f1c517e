import { type RedisScript, redisScript } from './redis-commands.ts'

// A client that lost the answer asks again, and has the lock already.
const acquireScript = redisScript(`
return (redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
  or redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2])) and 1 or 0`)
const renewScript = redisScript(
  `return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0`,
)
const releaseScript = redisScript(`return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0`)

/** How long somebody's result waits for the lock to be given back: the others would wait until it ends by itself. */
const releaseWithinMs = 500

/**
 * Runs one thing at a time under a key that ends by itself. Who waits longer than `ttlMs`, or cannot lock at all, runs
 * without: doing it twice is better than not at all.
 *
 * @param send Runs a script on the key, and gives up in time.
 * @param run Gets a signal that aborts when the lock is lost, or may be.
 */
export async function runExclusively<T>(
  send: (script: RedisScript, args: readonly string[], withinMs: number) => Promise<unknown>,
  ttlMs: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const owner = crypto.randomUUID()
  const ttl = String(Math.ceil(ttlMs))
  const controller = new AbortController()
  const isDone = async (script: RedisScript, withinMs: number): Promise<boolean> =>
    Number(await send(script, [owner, ttl], withinMs)) === 1
  const release = (): Promise<unknown> => isDone(releaseScript, releaseWithinMs).catch(() => undefined)

  const heldSince = await acquire((withinMs) => isDone(acquireScript, withinMs), ttlMs)
  if (heldSince === undefined) {
    // The answer may be all that was lost.
    void release()
    return run(controller.signal)
  }
  let isOver = false
  let end: ReturnType<typeof setTimeout> | undefined
  const abort = (): void => controller.abort()
  const endAfter = (since: number): void => {
    clearTimeout(end)
    // A little before others may get it.
    if (!isOver) end = setTimeout(abort, since + ttlMs * 0.9 - performance.now())
  }
  endAfter(heldSince)
  const renewal = setInterval(async () => {
    const askedAt = performance.now()
    try {
      if (await isDone(renewScript, ttlMs)) endAfter(askedAt)
      else abort()
    } catch {
      // The next one may be answered; if none is, the end comes.
    }
  }, ttlMs / 3)
  try {
    return await run(controller.signal)
  } finally {
    isOver = true
    clearInterval(renewal)
    clearTimeout(end)
    await release()
  }
}

/** @returns When the lock that is held now was asked for; `undefined` without one. */
async function acquire(ask: (withinMs: number) => Promise<boolean>, ttlMs: number): Promise<number | undefined> {
  const startedAt = performance.now()
  try {
    for (let at = startedAt; at < startedAt + ttlMs; at = performance.now()) {
      if (await ask(startedAt + ttlMs - at)) return at
      // Many who ask at the same moments would go on doing so.
      await new Promise((wake) => setTimeout(wake, 25 + Math.random() * 75))
    }
  } catch {
    // Redis is out of order; what it is asked next will say so.
  }
  return undefined
}
