import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRedisStore } from '../../../src/cache/stores/redis.ts'
import type { RedisClientLike } from '../../../src/cache/stores/redis-commands.ts'
import type { Account } from '../../../src/index.ts'
import { hasRedisServer, type RedisServer, startRedisServer } from '../../contract/redis-server.ts'
import { demo, type Simulated, simulate } from '../../flows/simulated.ts'

const host = '127.0.0.1'
const { scopes } = demo
const lockKey = 'entra:l:refresh'
const built = process.env['ROPC_DIST'] ?? fileURLToPath(new URL('../../../dist', import.meta.url))
const nightly = fileURLToPath(new URL('../../durability/redis-nightly.js', import.meta.url))
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

// Takes turns as often as it is told. In its turn it counts itself in and out, and says how many were inside.
const turnTaker = `
const [library, port, ttlMs, count, heldMs] = JSON.parse(process.argv.at(-1))
const { createRedisStore } = await import(${JSON.stringify(`${built}/cache.js`)})
let client, add
if (library === 'redis') {
  client = await (await import('redis')).createClient({ socket: { host: '${host}', port } }).connect()
  add = (by) => client.incrBy('inside', by)
} else {
  client = new (await import('ioredis')).Redis({ host: '${host}', port })
  add = (by) => client.incrby('inside', by)
}
const store = createRedisStore(client)
for (let turn = 0; turn < count; turn++) {
  await store.exclusive('refresh', ttlMs, async () => {
    console.log('inside ' + (await add(1)))
    await new Promise((resolve) => setTimeout(resolve, heldMs))
    await add(-1)
  })
}
await (library === 'redis' ? client.close() : client.quit())
console.log('ended by itself')
`

describe('turns in Redis', { skip: !hasRedisServer, timeout: 60_000 }, () => {
  let server: RedisServer
  let nodeRedis: { readonly client: RedisClientLike; destroy(): void }
  let ioRedis: Redis
  const children = new Set<ChildProcess>()

  beforeAll(async () => {
    if (!existsSync(`${built}/cache/stores/redis.js`)) throw new Error('run "npm run build" first')
    server = await startRedisServer()
    const client = createClient({ socket: { host, port: server.port } })
    await client.connect()
    nodeRedis = { client, destroy: () => client.destroy() }
    ioRedis = new Redis({ host, port: server.port })
  })
  beforeEach(() => server.admin('FLUSHALL'))
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    nodeRedis.destroy()
    ioRedis.disconnect()
    await server.stop()
  })

  const clientOf = (name: string): RedisClientLike => (name === 'redis' ? nodeRedis.client : ioRedis)

  function startTurnTaker(
    library: string,
    { ttlMs, count, heldMs }: { readonly ttlMs: number; readonly count: number; readonly heldMs: number },
  ): { child: ChildProcess; lines: string[]; inside: Promise<void>; ended: Promise<unknown> } {
    const settings = JSON.stringify([library, server.port, ttlMs, count, heldMs])
    const child = spawn(process.execPath, ['--input-type=module', '-e', turnTaker, settings], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    })
    children.add(child)
    const lines: string[] = []
    const ended = once(child, 'close')
    const inside = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        lines.push(line)
        resolve()
      })
    })
    return { child, lines, inside, ended }
  }

  async function commands(): Promise<Readonly<Record<string, number>>> {
    const text = String(await server.admin('INFO', 'commandstats'))
    const pairs = [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = '', calls]) => [
      name,
      Number(calls),
    ])
    return Object.fromEntries(pairs.filter(([name]) => !/^(info|config\|)/.test(String(name))))
  }

  async function signIn({ client }: Simulated): Promise<Account> {
    const { account } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    if (account === undefined) throw new Error('no account')
    return account
  }

  it.each(['redis', 'ioredis'])('a token from the cache costs one command, a sign-in six (%s)', async (name) => {
    const simulated = await simulate({ store: createRedisStore(clientOf(name)) })
    const account = await signIn(simulated)
    await server.admin('CONFIG', 'RESETSTAT')
    await signIn(simulated)
    // To look what is superseded, two names before and after, and the user between them. The scripts' own are no round trips.
    const { hgetall, evalsha } = await commands()
    expect({ hgetall, evalsha }).toEqual({ hgetall: 1, evalsha: 5 })
    await server.admin('CONFIG', 'RESETSTAT')
    for (let call = 0; call < 10; call++) {
      expect((await simulated.client.acquireTokenSilent({ account, scopes })).source).toBe('cache')
    }
    expect(await commands()).toEqual({ hgetall: 10 })
  })

  it('let 40 callers of two clients who want a new token at once make one request', async () => {
    const first = await simulate({ store: createRedisStore(nodeRedis.client) })
    const { steps } = first
    const second = await simulate({
      store: createRedisStore(ioRedis),
      transport: (request, options) => {
        steps.push(request.step)
        return first.simulator.send(request, options)
      },
    })
    const account = await signIn(first)
    first.forget()
    const callers = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? first : second).client)
    const tokens = await Promise.all(
      callers.map((client) => client.acquireTokenSilent({ account, scopes, forceRefresh: true })),
    )
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(steps).toEqual(['token'])
  })

  it('are taken by one of three processes at a time, none of which is kept alive by them', async () => {
    const turns = { ttlMs: 10_000, count: 5, heldMs: 15 }
    const takers = ['redis', 'ioredis', 'redis'].map((library) => startTurnTaker(library, turns))
    await Promise.all(takers.map(({ ended }) => ended))
    for (const { lines } of takers) expect(lines).toEqual([...Array(5).fill('inside 1'), 'ended by itself'])
    expect(await server.admin('EXISTS', lockKey)).toBe(0)
  })

  it('pass on by themselves when a process dies in its turn, not earlier', async () => {
    const holder = startTurnTaker('redis', { ttlMs: 600, count: 1, heldMs: 60_000 })
    await holder.inside
    const store = createRedisStore(ioRedis)
    let isMine = false
    const mine = store.exclusive('refresh', 5_000, async () => {
      isMine = true
    })
    // Longer than the life of the lock: the holder renews it.
    await pause(800)
    expect([isMine, holder.lines]).toEqual([false, ['inside 1']])
    holder.child.kill('SIGKILL')
    const killed = performance.now()
    await mine
    expect(performance.now() - killed).toBeLessThan(1_500)
  })

  it('are renewed while they last, and end for whoever lost theirs, who takes nothing from the next one', async () => {
    const store = createRedisStore(nodeRedis.client)
    await store.exclusive('refresh', 300, async (signal) => {
      await pause(500)
      expect(signal.aborted).toBe(false)
      expect(Number(await server.admin('PTTL', lockKey))).toBeGreaterThan(0)
      await server.admin('SET', lockKey, 'somebody else')
      await pause(250)
      expect(signal.aborted).toBe(true)
    })
    expect(await server.admin('GET', lockKey)).toBe('somebody else')
  })

  it('are had already by who asks again because the answer was lost', async () => {
    // As ioredis does after it has connected again: the script runs twice, and the second answer is the one that comes.
    const twice = {
      hgetall: (key: string) => ioRedis.hgetall(key),
      eval: (script: string, keys: number, ...args: string[]) => ioRedis.eval(script, keys, ...args),
      async evalsha(sha: string, keys: number, ...args: string[]) {
        await ioRedis.evalsha(sha, keys, ...args)
        return ioRedis.evalsha(sha, keys, ...args)
      },
    }
    const store = createRedisStore(twice)
    const start = performance.now()
    await store.exclusive('refresh', 5_000, async () => {
      expect(await server.admin('EXISTS', lockKey)).toBe(1)
    })
    expect(performance.now() - start).toBeLessThan(1_000)
    const simulated = await simulate({ store })
    const account = await signIn(simulated)
    await simulated.client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    expect(await store.findPartitions('username', demo.ada.username)).toEqual([account.homeAccountId])
    await simulated.client.removeAccount(account)
    expect((await store.read(account.homeAccountId)).size).toBe(0)
  })

  it('lose nothing of what many processes write, killed ones too (the long form is test/durability/redis-nightly.js)', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [nightly, '--short', `--port=${server.port}`])
    expect(stdout).toMatch(/^1 passed, 0 failed$/m)
  })
})
