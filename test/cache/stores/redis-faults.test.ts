import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AccountEntity, RefreshTokenEntity, StoredEntity } from '../../../src/cache/entities.ts'
import { entityKey } from '../../../src/cache/keys.ts'
import type { CredentialStore, PartitionChange } from '../../../src/cache/store.ts'
import { createRedisStore } from '../../../src/cache/stores/redis.ts'
import type { NodeRedisClient, RedisClientLike } from '../../../src/cache/stores/redis-commands.ts'
import { CacheError } from '../../../src/errors.ts'
import { hasRedisServer, type RedisServer, startRedisServer } from '../../contract/redis-server.ts'
import { findLeaks, randomSecrets, show } from '../../contract/secrecy.ts'
import { demo, simulate } from '../../flows/simulated.ts'

const host = '127.0.0.1'
const now = 1_800_000_000
const day = 86_400
const [secret = '', password = '', user = ''] = randomSecrets(3)
const connectionPassword = password.replace(/\P{ASCII}|\s/gu, '')

const ada: AccountEntity = {
  kind: 'Account',
  homeAccountId: 'ada.t',
  environment: 'login.example',
  localAccountId: 'l-ada',
  tenantId: 't',
  username: `${user}@contoso.example`,
}
const token: RefreshTokenEntity = {
  kind: 'RefreshToken',
  homeAccountId: 'ada.t',
  environment: 'login.example',
  clientId: 'c',
  secret,
  cachedAt: now,
}
const tokenOf = (clientId: string, fields: Partial<RefreshTokenEntity> = {}): RefreshTokenEntity => ({
  ...token,
  clientId,
  ...fields,
})
const putting = (...entities: readonly Exclude<StoredEntity, { kind: 'Sealed' }>[]): PartitionChange => ({
  put: Object.fromEntries(entities.map((entity) => [entityKey(entity), entity])),
})

interface Login {
  readonly port: number
  readonly username?: string
  readonly password?: string
}

interface Connection {
  readonly client: RedisClientLike
  close(): void
}

/** Clients as a careful user would set them up: they connect again, and do not wait long for it. */
const connectors: Readonly<Record<string, (login: Login) => Promise<Connection>>> = {
  async redis({ port, ...login }) {
    const client = createClient({ ...login, RESP: 2, socket: { host, port, reconnectStrategy: 20 } })
    client.on('error', () => undefined)
    // Without a server this would go on trying.
    await Promise.race([client.connect(), new Promise((resolve) => setTimeout(resolve, 100))])
    return { client, close: () => client.destroy() }
  },
  async ioredis({ port, ...login }) {
    const client = new Redis({ ...login, host, port, retryStrategy: () => 20, enableReadyCheck: false })
    client.on('error', () => undefined)
    return { client, close: () => client.disconnect() }
  },
}

/** What the proxy does with what the server says. */
type Behaviour = 'pass' | 'stall' | 'cut' | { readonly answer: string }

interface Proxy {
  readonly port: number
  behaviour: Behaviour
  stop(): Promise<void>
}

async function startProxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = connect({ host, port: target })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (data) => {
      const { behaviour } = proxy
      if (typeof behaviour === 'string') return far.write(data)
      // One answer for each command: `*2\r\n$7\r\nHGETALL…`.
      return near.write(behaviour.answer.repeat(data.toString('latin1').match(/\*\d+\r\n\$/g)?.length ?? 0))
    })
    far.on('data', (data) => {
      if (proxy.behaviour === 'stall') return
      if (proxy.behaviour !== 'cut') return near.write(data)
      return near.write(data.subarray(0, Math.ceil(data.length / 2)), () => near.destroy())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const proxy: Proxy = {
    port: (server.address() as AddressInfo).port,
    behaviour: 'pass',
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

/** Looks at how an operation fails. @returns The word in brackets of its message. */
async function failureOf(operation: Promise<unknown>, code: string): Promise<string> {
  const error = await operation.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(CacheError)
  expect(error).toMatchObject({ code, step: 'cache', hint: expect.stringMatching(/\w+.*\.$/) })
  expect(findLeaks(show(error))).toEqual([])
  return /\(([A-Za-z]+)\)$/.exec((error as CacheError).message)?.[1] ?? ''
}

/** Every operation of a store, each with the code that it fails with. */
const operations: readonly (readonly ['ERR_CACHE_READ' | 'ERR_CACHE_WRITE', (store: CredentialStore) => unknown])[] = [
  ['ERR_CACHE_READ', (store) => store.read('ada.t')],
  ['ERR_CACHE_READ', (store) => store.findPartitions('username', ada.username)],
  ['ERR_CACHE_READ', (store) => store.partitions()[Symbol.asyncIterator]().next()],
  ['ERR_CACHE_WRITE', (store) => store.apply('ada.t', putting(ada, token))],
  ['ERR_CACHE_WRITE', (store) => store.drop('ada.t')],
]

async function allFailures(store: CredentialStore): Promise<readonly string[]> {
  const words = operations.map(([code, run]) => failureOf(run(store) as Promise<unknown>, code))
  return [...new Set(await Promise.all(words))]
}

describe('a Redis out of order', { skip: !hasRedisServer, timeout: 60_000 }, () => {
  let server: RedisServer
  let proxy: Proxy
  const connections: Connection[] = []

  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    await server.admin('FLUSHALL')
    proxy = await startProxy(server.port)
  })
  afterEach(async () => {
    for (const { close } of connections.splice(0)) close()
    await proxy.stop()
  })

  async function open(
    name: string,
    { timeoutMs = 2_000, ...login }: Partial<Login> & { readonly timeoutMs?: number } = {},
  ): Promise<CredentialStore & { exclusive: NonNullable<CredentialStore['exclusive']> }> {
    const connector = connectors[name]
    if (connector === undefined) throw new Error(`no client is called ${name}`)
    const connection = await connector({ port: proxy.port, ...login })
    connections.push(connection)
    return createRedisStore(connection.client, { timeoutMs, now: () => now })
  }

  const ttl = async (key: string): Promise<number> => Number(await server.admin('PTTL', key))
  const nameEntry = 'entra:i:["localAccountId","l-ada"]'

  describe.each(Object.keys(connectors))('with a client of %s', (name) => {
    it('fails in time when nobody listens, and runs exclusively without a lock', async () => {
      const { port } = proxy
      await proxy.stop()
      const store = await open(name, { port, timeoutMs: 100 })
      expect(await allFailures(store)).toEqual(['TIMEOUT'])
      expect(await store.exclusive('refresh', 5_000, async () => 'done')).toBe('done')
      proxy = await startProxy(server.port)
    })

    it('fails in time when the server stalls, and works again after it', async () => {
      const store = await open(name, { timeoutMs: 100 })
      proxy.behaviour = 'stall'
      const start = performance.now()
      expect(await allFailures(store)).toEqual(['TIMEOUT'])
      expect(performance.now() - start).toBeLessThan(4_000)
      expect(await store.exclusive('refresh', 5_000, async () => 'done')).toBe('done')
      proxy.behaviour = 'pass'
      await proxy.stop()
      // What timed out is answered, or refused, now that nobody listens: vitest fails if that is unhandled.
      await new Promise((resolve) => setTimeout(resolve, 60))
      proxy = await startProxy(server.port)
      const again = await open(name)
      await again.apply('ada.t', putting(ada, token))
      expect((await again.read('ada.t')).size).toBe(2)
    })

    it('fails or is asked again, and never gives half a user, when the connection is cut within an answer', async () => {
      const patient = await open(name)
      await patient.apply('ada.t', putting(ada, token))
      const store = await open(name, { timeoutMs: 200 })
      proxy.behaviour = 'cut'
      const failures = await allFailures(store)
      expect(failures.length).toBeGreaterThan(0)
      // What has failed may be sent again all the same, the sign-out too, for as long as its client lives.
      connections.pop()?.close()
      proxy.behaviour = 'pass'
      await new Promise((resolve) => setTimeout(resolve, 30))
      await patient.apply('ada.t', putting(ada, token))
      expect((await patient.read('ada.t')).size).toBe(2)
      expect(await patient.findPartitions('username', ada.username)).toEqual(['ada.t'])
    })

    it.each(['LOADING', 'MISCONF', 'BUSY', 'CLUSTERDOWN', 'MOVED'])('says what %s means', async (word) => {
      const store = await open(name)
      await store.read('nobody')
      proxy.behaviour = { answer: `-${word} ${`${ada.username} ${secret}`.replace(/\s/g, ' ')}\r\n` }
      expect(await allFailures(store)).toEqual([word])
      expect(await store.exclusive('refresh', 5_000, async () => 'done')).toBe('done')
    })

    it('says so when the connection did not log in', async () => {
      await server.admin('CONFIG', 'SET', 'requirepass', connectionPassword)
      try {
        expect(await allFailures(await open(name))).toEqual(['NOAUTH'])
        const store = await open(name, { password: connectionPassword })
        await store.apply('ada.t', putting(ada, token))
        expect((await store.read('ada.t')).size).toBe(2)
      } finally {
        await server.admin('CONFIG', 'SET', 'requirepass', '')
      }
    })

    it('says which rights are missing', async () => {
      const rights = ['~*', '+@all', '-eval', '-evalsha', '-scan']
      await server.admin('ACL', 'SETUSER', 'reader', 'reset', 'on', `>${connectionPassword}`, ...rights)
      const store = await open(name, { username: 'reader', password: connectionPassword })
      const words = operations.slice(1).map(([code, run]) => failureOf(run(store) as Promise<unknown>, code))
      expect(new Set(await Promise.all(words))).toEqual(new Set(['NOPERM']))
      // The hint names the rights, and these are enough.
      const enough = ['hgetall', 'eval', 'evalsha', 'scan', '@hash', '@set', '@keyspace', '@string'].map((r) => `+${r}`)
      const setUp = ['+@connection', '+info', '+client', '-flushall', '-flushdb']
      await server.admin('ACL', 'SETUSER', 'reader', 'reset', 'on', `>${connectionPassword}`, '~entra:*')
      await server.admin('ACL', 'SETUSER', 'reader', ...enough, ...setUp)
      const able = await open(name, { username: 'reader', password: connectionPassword })
      await able.apply('ada.t', putting(ada, token))
      expect(await able.findPartitions('username', ada.username)).toEqual(['ada.t'])
      expect(await able.exclusive('refresh', 5_000, async () => 'done')).toBe('done')
      await able.drop('ada.t')
      for await (const partition of able.partitions()) expect(partition).toBe('nobody')
    })

    it('reads from a replica, and says that it takes no writes', async () => {
      const store = await open(name)
      await store.apply('ada.t', putting(ada, token))
      await server.admin('REPLICAOF', host, '1')
      try {
        expect((await store.read('ada.t')).size).toBe(2)
        const writing = failureOf(store.apply('ada.t', putting(tokenOf('other'))), 'ERR_CACHE_WRITE')
        expect(await writing).toBe('READONLY')
        expect(await failureOf(store.drop('ada.t'), 'ERR_CACHE_WRITE')).toBe('READONLY')
        expect(await store.exclusive('refresh', 5_000, async () => 'done')).toBe('done')
        expect((await store.read('ada.t')).size).toBe(2)
      } finally {
        await server.admin('REPLICAOF', 'NO', 'ONE')
      }
    })

    it('keeps all there is when the memory is full, and still lets users sign out', async () => {
      const store = await open(name)
      const other = tokenOf('other')
      await store.apply('ada.t', putting(ada, token, other))
      await server.admin('CONFIG', 'SET', 'maxmemory', '1mb', 'maxmemory-policy', 'noeviction')
      try {
        expect(await failureOf(store.apply('bob.t', putting(ada, token)), 'ERR_CACHE_WRITE')).toBe('OOM')
        const change = { ...putting(tokenOf('third')), del: [entityKey(token)] }
        expect(await failureOf(store.apply('ada.t', change), 'ERR_CACHE_WRITE')).toBe('OOM')
        expect((await store.read('ada.t')).size).toBe(3)
        await store.apply('ada.t', { del: [entityKey(token)] })
        expect([...(await store.read('ada.t')).keys()].sort()).toEqual([ada, other].map(entityKey).sort())
        await store.drop('ada.t')
        expect((await store.read('ada.t')).size).toBe(0)
      } finally {
        await server.admin('CONFIG', 'SET', 'maxmemory', '0')
      }
    })

    it('says so when somebody else uses its keys; other users go on', async () => {
      const store = await open(name)
      await server.admin('SET', 'entra:{ada.t}', secret)
      expect(await failureOf(store.read('ada.t'), 'ERR_CACHE_READ')).toBe('WRONGTYPE')
      expect(await failureOf(store.apply('ada.t', putting(token)), 'ERR_CACHE_WRITE')).toBe('WRONGTYPE')
      expect(await failureOf(store.drop('ada.t'), 'ERR_CACHE_WRITE')).toBe('WRONGTYPE')
      expect(await server.admin('GET', 'entra:{ada.t}')).toBe(secret)
      await store.apply('bob.t', putting(token))
      expect((await store.read('bob.t')).size).toBe(1)
    })

    it('passes over fields that are spoiled, and leaves them to whoever can read them', async () => {
      const store = await open(name)
      await store.apply('ada.t', putting(ada, token))
      const spoilt = [
        '{"secret":',
        'null',
        '[]',
        '{"kind":"Account"}',
        '{"kind":"toString"}',
        '\n',
        '',
        '"',
        '{}\nnever',
      ]
      for (const [index, text] of spoilt.entries()) await server.admin('HSET', 'entra:{ada.t}', `f${index}`, text)
      expect([...(await store.read('ada.t')).values()]).toHaveLength(2)
      await store.apply('ada.t', putting(tokenOf('other')))
      await store.apply('ada.t', { del: [entityKey(token)], onlyIf: { f0: secret } })
      expect((await store.read('ada.t')).size).toBe(3)
      expect(await server.admin('HLEN', 'entra:{ada.t}')).toBe(3 + spoilt.length)
      await store.drop('ada.t')
      expect(await server.admin('EXISTS', 'entra:{ada.t}')).toBe(0)
    })

    it('hands out the token with a warning when it goes away while a client signs in', async () => {
      const store = await open(name, { timeoutMs: 100 })
      const { client, events } = await simulate({ store })
      const first = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: demo.scopes })
      await proxy.stop()
      events.length = 0
      const { accessToken, source } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: demo.scopes })
      expect([source, accessToken.length > 0]).toEqual(['password', true])
      expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'STORE_FAILED' }))
      const silent = client.acquireTokenSilent({ account: first.account ?? { username: '' }, scopes: demo.scopes })
      await expect(silent).rejects.toMatchObject({ code: 'ERR_CACHE_READ' })
      proxy = await startProxy(server.port)
    })
  })

  it('says so when the client was closed', async () => {
    const nodeRedis = createClient({ socket: { host, port: server.port } })
    await nodeRedis.connect()
    nodeRedis.destroy()
    expect(await allFailures(createRedisStore(nodeRedis))).toEqual(['ClientClosedError'])
    const ioRedis = new Redis({ host, port: server.port })
    await ioRedis.ping()
    ioRedis.disconnect()
    const [word = ''] = await allFailures(createRedisStore(ioRedis))
    expect(word).toMatch(/^\w+$/)
  })

  describe('lifetimes', () => {
    const userKey = 'entra:{ada.t}'
    const within = (actual: number, seconds: number): boolean =>
      actual <= seconds * 1_000 && actual > seconds * 1_000 - 5_000

    it('last as long as the token that lives longest, whatever comes after', async () => {
      const store = await open('redis')
      await store.apply('ada.t', putting(ada, tokenOf('short', { expiresOn: now + 100 })))
      expect(within(await ttl(userKey), 100)).toBe(true)
      await store.apply('ada.t', putting(tokenOf('long', { expiresOn: now + 10 * day })))
      expect(within(await ttl(userKey), 10 * day)).toBe(true)
      expect(await ttl(nameEntry)).toBeGreaterThanOrEqual(await ttl(userKey))
      await store.apply('ada.t', putting(tokenOf('short', { expiresOn: now + 200 })))
      expect(within(await ttl(userKey), 10 * day)).toBe(true)
      await store.apply('ada.t', { del: [entityKey(tokenOf('long'))] })
      expect(within(await ttl(userKey), 200)).toBe(true)
      expect(await store.findPartitions('username', ada.username)).toEqual(['ada.t'])
    })

    it('are without end while something tells none, and end again after it', async () => {
      const store = await open('redis')
      const endless = tokenOf('endless', { cachedAt: 0 })
      await store.apply('ada.t', putting(ada, token))
      await store.apply('ada.t', putting(endless))
      expect([await ttl(userKey), await ttl(nameEntry)]).toEqual([-1, -1])
      await store.apply('ada.t', { del: [entityKey(endless)] })
      expect(within(await ttl(userKey), 90 * day)).toBe(true)
      expect(await ttl(nameEntry)).toBeGreaterThanOrEqual(await ttl(userKey))
      await store.apply('ada.t', { del: [entityKey(token)] })
      expect([await ttl(userKey), await ttl(nameEntry)]).toEqual([-1, -1])
    })

    it('of a name that several users have are those of the longest', async () => {
      const store = await open('redis')
      await store.apply('ada.t', putting(ada, tokenOf('c', { expiresOn: now + 10 * day })))
      await store.apply('bob.t', putting(ada, tokenOf('c', { expiresOn: now + day })))
      expect(await ttl(nameEntry)).toBeGreaterThanOrEqual(await ttl(userKey))
      await store.apply('ada.t', putting(tokenOf('endless', { cachedAt: 0 })))
      await store.apply('bob.t', putting(ada, tokenOf('c', { expiresOn: now + 2 * day })))
      expect(await ttl(nameEntry)).toBe(-1)
    })

    it('over: a user whose last token has ended is gone', async () => {
      const store = await open('redis')
      await store.apply('ada.t', putting(ada, tokenOf('c', { expiresOn: now - 1 })))
      await new Promise((resolve) => setTimeout(resolve, 5))
      expect((await store.read('ada.t')).size).toBe(0)
    })

    it('of any token are never shorter than the token’s', async () => {
      const store = await open('redis')
      const ends = fc.oneof(fc.integer({ min: now + 10, max: now + 200 * day }), fc.constant(undefined))
      const entities = fc.array(ends, { minLength: 1, maxLength: 4 })
      await fc.assert(
        fc.asyncProperty(entities, async (list) => {
          await server.admin('FLUSHALL')
          for (const [index, end] of list.entries()) {
            const fields = end === undefined ? { cachedAt: 0 } : { expiresOn: end }
            await store.apply('ada.t', putting(ada, tokenOf(`c${index}`, fields)))
          }
          const longest = Math.max(...list.map((end) => end ?? Number.POSITIVE_INFINITY))
          const [left, linked] = [await ttl(userKey), await ttl(nameEntry)]
          if (longest === Number.POSITIVE_INFINITY) expect([left, linked]).toEqual([-1, -1])
          else expect([within(left, longest - now), linked === -1 || linked >= left]).toEqual([true, true])
        }),
        { numRuns: 40 },
      )
    })
  })

  describe('writers at the same time', () => {
    const renamed: AccountEntity = { ...ada, username: 'new-name@contoso.example' }
    const endless = tokenOf('endless', { cachedAt: 0 })
    const races: Readonly<
      Record<
        string,
        { before?: readonly PartitionChange[]; turns: readonly ((store: CredentialStore) => Promise<void>)[] }
      >
    > = {
      'a sign-out and a sign-in': {
        before: [putting(ada, token)],
        turns: [(store) => store.drop('ada.t'), (store) => store.apply('ada.t', putting(ada, token))],
      },
      'two sign-outs and a sign-in under another name': {
        before: [putting(ada, token)],
        turns: [
          (store) => store.drop('ada.t'),
          (store) => store.apply('ada.t', putting(renamed, token)),
          (store) => store.apply('ada.t', { del: [ada, token].map(entityKey) }),
        ],
      },
      'two names for one account': {
        before: [putting(ada, token)],
        turns: [
          (store) => store.apply('ada.t', putting(renamed)),
          (store) => store.apply('ada.t', putting(ada, tokenOf('other'))),
        ],
      },
      'a token without end and the end of another such': {
        before: [putting(ada, token, endless)],
        turns: [
          (store) => store.apply('ada.t', { del: [entityKey(endless)] }),
          (store) => store.apply('ada.t', putting(tokenOf('other', { cachedAt: 0 }))),
        ],
      },
      'different entities': {
        turns: [
          (store) => store.apply('ada.t', putting(ada, tokenOf('one'))),
          (store) => store.apply('ada.t', putting(ada, tokenOf('two', { expiresOn: now + 200 * day }))),
        ],
      },
    }

    it.each(Object.keys(races))(
      'in any order of their commands (%s) leave every account findable, and as long',
      async (race) => {
        const { before = [], turns } = races[race] ?? { turns: [] }
        const client = createClient({ socket: { host, port: server.port } })
        await client.connect()
        const direct = createRedisStore(client, { now: () => now })
        const choices = fc.array(fc.nat(5), { minLength: 12, maxLength: 30 })
        try {
          await fc.assert(
            fc.asyncProperty(choices, async (picks) => {
              await server.admin('FLUSHALL')
              for (const change of before) await direct.apply('ada.t', change)
              await interleave(client, turns, picks)
              const entities = [...(await direct.read('ada.t')).values()]
              for (const entity of entities) {
                if (entity.kind !== 'Account') continue
                expect(await direct.findPartitions('username', entity.username)).toEqual(['ada.t'])
                expect(await direct.findPartitions('localAccountId', entity.localAccountId)).toEqual(['ada.t'])
                const left = await ttl('entra:{ada.t}')
                const linked = await ttl(`entra:i:["localAccountId","l-ada"]`)
                expect(linked === -1 || (left >= 0 && linked >= left), `${linked} of ${left}`).toBe(true)
              }
              if (race === 'different entities') expect(entities).toHaveLength(3)
            }),
            { numRuns: 60 },
          )
        } finally {
          client.destroy()
        }
      },
    )
  })
})

/** Runs several at once, command by command, and lets the picks say whose command is next. */
async function interleave(
  client: NodeRedisClient,
  turns: readonly ((store: CredentialStore) => Promise<void>)[],
  picks: readonly number[],
): Promise<void> {
  const waiting: (() => Promise<unknown>)[] = []
  const held: NodeRedisClient = {
    hGetAll: (key) => client.hGetAll(key),
    eval: (script, options) => client.eval(script, options),
    evalSha: (sha, options) =>
      new Promise((resolve, reject) => {
        waiting.push(() => client.evalSha(sha, options).then(resolve, reject))
      }),
  }
  let running = turns.length
  const all = Promise.all(
    turns.map((turn) =>
      turn(createRedisStore(held, { now: () => now })).finally(() => {
        running--
      }),
    ),
  )
  for (let step = 0; running > 0; step++) {
    await new Promise((resolve) => setImmediate(resolve))
    const [next] = waiting.splice((picks[step % picks.length] ?? 0) % Math.max(waiting.length, 1), 1)
    await next?.()
  }
  await all
}
