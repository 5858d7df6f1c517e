import { createHash } from 'node:crypto'
import { escapeGlob } from './redis-keys.ts'

/** What is used of the `redis` package's client, 5 or newer. */
export interface NodeRedisClient {
  hGetAll(key: string): Promise<unknown>
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  scan?(
    cursor: string,
    options: { MATCH: string; COUNT: number },
  ): Promise<{ cursor: unknown; keys: readonly unknown[] }>
  /** Of a cluster. */
  readonly masters?: readonly unknown[]
  nodeClient?(node: never): unknown
}

/** What is used of the `ioredis` package's client, 5 or newer, or of one that is like it. */
export interface IoRedisClient {
  hgetall(key: string): Promise<Record<string, string>>
  evalsha(sha: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  scan?(cursor: string, match: 'MATCH', pattern: string, count: 'COUNT', size: number): Promise<[string, string[]]>
  /** Of a cluster. */
  nodes?(role: 'master'): readonly unknown[]
}

/** A connected client of either package, of a cluster too. */
export type RedisClientLike = NodeRedisClient | IoRedisClient

/** The commands that the store needs, whoever's client sends them. */
export interface RedisCommands {
  /** Answers a map or an object. */
  hgetall(key: string): Promise<unknown>
  /** Runs a script on one key, so that it may run anywhere in a cluster. */
  run(script: RedisScript, key: string, args: readonly string[]): Promise<unknown>
  /** What stands between the two in all keys that have them at their ends, of every node; some may come twice. */
  scan(before: string, after: string): AsyncIterable<readonly string[]>
}

export interface RedisScript {
  readonly text: string
  readonly sha: string
}

export function redisScript(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** One manner of speaking for both clients. @returns `undefined` if it is neither. */
export function redisCommands(client: RedisClientLike): RedisCommands | undefined {
  if (typeof client !== 'object' || client === null) return undefined
  if ('hGetAll' in client) return ofNodeRedis(client)
  return 'hgetall' in client ? ofIoRedis(client) : undefined
}

function ofNodeRedis(client: NodeRedisClient): RedisCommands {
  const run: RedisCommands['run'] = (script, key, args) => {
    const options = { keys: [key], arguments: [...args] }
    return orByText(client.evalSha(script.sha, options), () => client.eval(script.text, options))
  }
  return {
    hgetall: (key) => client.hGetAll(key),
    run,
    async *scan(before, after) {
      const start = await startOf(run, before, after)
      const { masters = [] } = client
      const nodes = masters.length === 0 ? [client] : masters.map((node) => client.nodeClient?.(node as never))
      for (const pending of nodes) {
        const node = (await pending) as NodeRedisClient
        yield* pages(start, after, async (cursor, pattern) => {
          const page = await node.scan?.(cursor, { MATCH: pattern, COUNT: pageSize })
          return [page?.cursor, page?.keys]
        })
      }
    },
  }
}

function ofIoRedis(client: IoRedisClient): RedisCommands {
  const run: RedisCommands['run'] = (script, key, args) =>
    orByText(client.evalsha(script.sha, 1, key, ...args), () => client.eval(script.text, 1, key, ...args))
  return {
    hgetall: (key) => client.hgetall(key),
    run,
    async *scan(before, after) {
      // This comes first, for a cluster's client knows its nodes only once it is connected.
      const start = await startOf(run, before, after)
      const nodes = (client.nodes?.('master') ?? [client]) as readonly IoRedisClient[]
      for (const node of nodes) {
        yield* pages(
          start,
          after,
          async (cursor, pattern) => (await node.scan?.(cursor, 'MATCH', pattern, 'COUNT', pageSize)) ?? [],
        )
      }
    },
  }
}

const pageSize = 1_000
const keyScript = redisScript('return KEYS[1]')

// A client may put a prefix of its own before keys. It does so neither before patterns nor in what a scan brings.
async function startOf(run: RedisCommands['run'], before: string, after: string): Promise<string> {
  return String(await run(keyScript, before + after, [])).slice(0, -after.length)
}

async function* pages(
  start: string,
  after: string,
  read: (cursor: string, pattern: string) => Promise<readonly unknown[]>,
): AsyncIterable<readonly string[]> {
  let cursor = '0'
  do {
    const [next = '0', keys = []] = await read(cursor, `${escapeGlob(start)}*${after}`)
    if ((keys as readonly unknown[]).length > 0) {
      yield (keys as readonly unknown[]).map((key) => String(key).slice(start.length, -after.length))
    }
    cursor = String(next)
  } while (cursor !== '0')
}

// A server that was restarted has forgotten the scripts.
async function orByText(bySha: Promise<unknown>, byText: () => Promise<unknown>): Promise<unknown> {
  try {
    return await bySha
  } catch (error) {
    if (!String((error as { message?: unknown } | undefined)?.message).startsWith('NOSCRIPT')) throw error
    return byText()
  }
}
