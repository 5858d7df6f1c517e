import { createHash } from 'node:crypto'

/** What is used of the `redis` package's client, 5 or newer. */
export interface NodeRedisClient {
  hGetAll(key: string): Promise<Record<string, string>>
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  scan?(cursor: string, options: { MATCH: string; COUNT: number }): Promise<{ cursor: string | number; keys: string[] }>
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
  readonly options?: { readonly keyPrefix?: string | undefined }
}

/** A connected client of either package, of a cluster too. */
export type RedisClientLike = NodeRedisClient | IoRedisClient

/** The commands that the store needs, whoever's client sends them. */
export interface RedisCommands {
  hgetall(key: string): Promise<Readonly<Record<string, string>>>
  /** Runs a script on one key, so that it may run anywhere in a cluster. */
  run(script: RedisScript, key: string, args: readonly string[]): Promise<unknown>
  /** All keys that match, of every node; some may come twice. */
  scan(pattern: string): AsyncIterable<readonly string[]>
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
  return {
    hgetall: (key) => client.hGetAll(key),
    run: (script, key, args) => {
      const options = { keys: [key], arguments: [...args] }
      return orByText(client.evalSha(script.sha, options), () => client.eval(script.text, options))
    },
    async *scan(pattern) {
      const { masters = [] } = client
      const nodes = masters.length === 0 ? [client] : masters.map((node) => client.nodeClient?.(node as never))
      for (const node of nodes) {
        const { scan } = (await node) as NodeRedisClient
        yield* pages(async (cursor) => {
          const page = await scan?.call(await node, cursor, { MATCH: pattern, COUNT: pageSize })
          return [String(page?.cursor ?? 0), page?.keys ?? []]
        })
      }
    },
  }
}

function ofIoRedis(client: IoRedisClient): RedisCommands {
  return {
    hgetall: (key) => client.hgetall(key),
    run: (script, key, args) =>
      orByText(client.evalsha(script.sha, 1, key, ...args), () => client.eval(script.text, 1, key, ...args)),
    async *scan(pattern) {
      const nodes = (client.nodes?.('master') ?? [client]) as readonly IoRedisClient[]
      // The client puts its prefix before keys, but not before patterns, and leaves it on what a scan brings.
      const { keyPrefix = '' } = client.options ?? {}
      for (const node of nodes) {
        yield* pages(async (cursor) => {
          const [next = '0', keys = []] =
            (await node.scan?.(cursor, 'MATCH', `${escapeGlob(keyPrefix)}${pattern}`, 'COUNT', pageSize)) ?? []
          return [next, keys.map((key) => key.slice(keyPrefix.length))]
        })
      }
    },
  }
}

const pageSize = 1_000

/** Text for a pattern, to be matched as it is. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^]/g, '\\$&')
}

async function* pages(
  read: (cursor: string) => Promise<readonly [cursor: string, keys: readonly string[]]>,
): AsyncIterable<readonly string[]> {
  let cursor = '0'
  do {
    const [next, keys] = await read(cursor)
    if (keys.length > 0) yield keys
    cursor = next
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
