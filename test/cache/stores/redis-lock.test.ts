import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRedisStore } from '../../../src/cache/stores/redis.ts'
import type { NodeRedisClient } from '../../../src/cache/stores/redis-commands.ts'
import { type RedisProxy, startRedisProxy } from '../../contract/redis-proxy.ts'
import { hasRedisServer, type RedisServer, startRedisServer } from '../../contract/redis-server.ts'

const key = 'entra:l:refresh'

// Times are measured, on a machine that may be busy with other tests: another try is fair.
describe('a lock in Redis', { skip: !hasRedisServer, retry: 3 }, () => {
  let server: RedisServer
  let proxy: RedisProxy
  let client: ReturnType<typeof createClient>
  let store: ReturnType<typeof createRedisStore>
  beforeAll(async () => {
    server = await startRedisServer()
    proxy = await startRedisProxy(server.port)
    client = createClient({ socket: { host: '127.0.0.1', port: proxy.port, reconnectStrategy: 20 } })
    client.on('error', () => undefined)
    await client.connect()
    store = createRedisStore(client, { timeoutMs: 200 })
  })
  beforeEach(async () => {
    proxy.set('pass')
    await expect.poll(() => client.isReady).toBe(true)
    await server.admin('FLUSHALL')
  })
  afterAll(async () => {
    client.destroy()
    proxy.stop()
    await server.stop()
  })

  it('is kept for longer than its life while the task runs, and given back after', async () => {
    const result = await store.exclusive('refresh', 600, async (signal) => {
      await delay(900)
      expect(signal.aborted).toBe(false)
      expect(Number(await server.admin('PTTL', key))).toBeGreaterThan(0)
      return 'done'
    })
    expect(result).toBe('done')
    expect(await server.admin('EXISTS', key)).toBe(0)
  })

  it('is given back when the task fails', async () => {
    await expect(store.exclusive('refresh', 5_000, () => Promise.reject(new TypeError('task')))).rejects.toThrow('task')
    expect(await server.admin('EXISTS', key)).toBe(0)
  })

  it('tells the task when somebody else has it, and leaves it to them', async () => {
    await store.exclusive('refresh', 450, async (signal) => {
      await server.admin('SET', key, 'somebody else')
      // At the first renewal, long before it would end.
      await expect.poll(() => signal.aborted, { timeout: 300, interval: 20 }).toBe(true)
    })
    expect(await server.admin('GET', key)).toBe('somebody else')
  })

  it('is had at once by a client that sends again what it lost the answer of', async () => {
    const repeating: NodeRedisClient = {
      hGetAll: (name) => client.hGetAll(name),
      eval: (script, options) => client.eval(script, options),
      evalSha: async (sha, options) => {
        await client.evalSha(sha, options)
        return client.evalSha(sha, options)
      },
    }
    const twice = createRedisStore(repeating)
    const startedAt = performance.now()
    await twice.exclusive('refresh', 5_000, async () => undefined)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(await server.admin('EXISTS', key)).toBe(0)
  })

  it('tells the task before it may be lost, when Redis does not answer', async () => {
    await store.exclusive('refresh', 200, async (signal) => {
      proxy.set('stall')
      await delay(120)
      expect(signal.aborted).toBe(false)
      await delay(75)
      expect(signal.aborted).toBe(true)
      proxy.set('refuse')
    })
  })

  it('survives a question that is not answered', async () => {
    await store.exclusive('refresh', 600, async (signal) => {
      proxy.set('refuse')
      await delay(250)
      proxy.set('pass')
      await delay(550)
      expect(signal.aborted).toBe(false)
    })
  })

  it('of a process that is gone is waited for no longer than its life', async () => {
    await server.admin('SET', key, 'gone', 'PX', '60000')
    const startedAt = performance.now()
    expect(await store.exclusive('refresh', 300, async ({ aborted }) => aborted)).toBe(false)
    const waited = performance.now() - startedAt
    expect(waited).toBeGreaterThan(295)
    expect(waited).toBeLessThan(550)
    expect(await server.admin('GET', key)).toBe('gone')
  })

  it.each(['refuse', 'stall', { answer: '-LOADING Redis is loading\r\n' }] as const)(
    'never keeps a task from running: %j',
    async (mode) => {
      proxy.set(mode)
      const startedAt = performance.now()
      expect(await store.exclusive('refresh', 5_000, async () => 'ran')).toBe('ran')
      expect(performance.now() - startedAt).toBeLessThan(350)
      proxy.set('refuse')
    },
  )

  it('is given back also when only the answer was lost', async () => {
    proxy.set('cut')
    const ran = store.exclusive('refresh', 5_000, async () => {
      proxy.set('pass')
      await delay(100)
    })
    await ran
    await expect.poll(() => server.admin('EXISTS', key)).toBe(0)
  })

  it('keeps nobody long whose task is done when Redis is slow', async () => {
    let doneAt = 0
    await createRedisStore(client).exclusive('refresh', 5_000, async () => {
      proxy.set('stall')
      doneAt = performance.now()
    })
    expect(performance.now() - doneAt).toBeLessThan(2_000)
    proxy.set('refuse')
  })
})
