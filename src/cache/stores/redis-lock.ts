import { type RedisScript, redisScript } from './redis-commands.ts'

const acquireScript = redisScript(`return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0`)
const renewScript = redisScript(
  `return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0`,
)
const releaseScript = redisScript(`return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0`)

/**
 * Runs one thing at a time under a key that ends by itself. Who waits longer than `ttlMs`, or cannot lock at all, runs
 * without: doing it twice is better than not at all.
 *
 * @param run Gets a signal that aborts when the lock is lost.
 */
export async function runExclusively<T>(
  send: (script: RedisScript, args: readonly string[]) => Promise<unknown>,
  ttlMs: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const owner = crypto.randomUUID()
  const ttl = String(ttlMs)
  const controller = new AbortController()
  const giveUpAt = performance.now() + ttlMs
  let held = false
  try {
    held = (await send(acquireScript, [owner, ttl])) === 1
    while (!held && performance.now() < giveUpAt) {
      await new Promise((wake) => setTimeout(wake, 25 + Math.random() * 75))
      held = (await send(acquireScript, [owner, ttl])) === 1
    }
  } catch {
    // Redis is out of order; what it is asked next will say so.
  }
  if (!held) return run(controller.signal)
  const renewal = setInterval(() => {
    send(renewScript, [owner, ttl]).then(
      (renewed) => {
        if (renewed !== 1) controller.abort()
      },
      () => controller.abort(),
    )
  }, ttlMs / 3)
  try {
    return await run(controller.signal)
  } finally {
    clearInterval(renewal)
    await send(releaseScript, [owner]).catch(() => undefined)
  }
}
