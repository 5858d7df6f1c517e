import fc from 'fast-check'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { indexEntries } from '../../../src/cache/account-index.ts'
import type { AccountEntity, RefreshTokenEntity, StoredEntity } from '../../../src/cache/entities.ts'
import { partitionExpiry } from '../../../src/cache/expiry.ts'
import { createRedisStore } from '../../../src/cache/stores/redis.ts'
import { hasRedisServer, type RedisServer, startRedisServer } from '../../contract/redis-server.ts'

const now = 2_000_000_000
const day = 86_400
const ada: AccountEntity = {
  kind: 'Account',
  homeAccountId: 'ada.t',
  environment: 'login.example',
  localAccountId: 'l-ada',
  tenantId: 't',
  username: 'ada@contoso.example',
}
const token: RefreshTokenEntity = {
  kind: 'RefreshToken',
  homeAccountId: 'ada.t',
  environment: 'login.example',
  clientId: 'c',
  secret: 's',
  cachedAt: now,
}

describe('a user in Redis', { skip: !hasRedisServer }, () => {
  let server: RedisServer
  let client: ReturnType<typeof createClient>
  let store: ReturnType<typeof createRedisStore>
  beforeAll(async () => {
    server = await startRedisServer()
    client = createClient({ socket: { host: '127.0.0.1', port: server.port } })
    await client.connect()
    store = createRedisStore(client, { now: () => now })
  })
  beforeEach(async () => void (await server.admin('FLUSHALL')))
  afterAll(async () => {
    client.destroy()
    await server.stop()
  })

  const lifeOf = async (key: string): Promise<number> => {
    const left = Number(await server.admin('PTTL', key))
    return left < 0 ? left : Math.ceil(left / 1_000)
  }
  const indexKey = 'entra:i:["username","ada@contoso.example"]'
  const calls = async (): Promise<Record<string, number>> => {
    const rows = String(await server.admin('INFO', 'commandstats')).matchAll(/cmdstat_(\S+?):calls=(\d+)/g)
    return Object.fromEntries([...rows].map(([, name = '', count]) => [name, Number(count)]))
  }

  it('costs one command to read', async () => {
    await store.apply('ada.t', { put: { a: ada, t: token } })
    await server.admin('CONFIG', 'RESETSTAT')
    expect((await store.read('ada.t')).size).toBe(2)
    const { info: _, 'config|resetstat': __, ...rest } = await calls()
    expect(rest).toEqual({ hgetall: 1 })
  })

  it('costs one script to change, and two for each name', async () => {
    await store.apply('ada.t', { put: { a: ada, t: token } })
    await server.admin('CONFIG', 'RESETSTAT')
    await store.apply('ada.t', { put: { a: ada, t: token } })
    expect((await calls())['evalsha']).toBe(5)
    expect((await calls())['eval']).toBeUndefined()
  })

  it('is changed although the server has forgotten the scripts', async () => {
    await store.apply('ada.t', { put: { a: ada } })
    await server.admin('SCRIPT', 'FLUSH')
    await store.apply('ada.t', { put: { t: token } })
    expect((await store.read('ada.t')).size).toBe(2)
  })

  it('is looked for with SCAN, never with KEYS', async () => {
    const names = Array.from({ length: 2_500 }, (_, index) => `u${index}`)
    await Promise.all(names.map((name) => server.admin('HSET', `entra:{${name}}`, 'a', '{}')))
    await server.admin('HSET', 'entra:{a}:{b}', 'a', '{}')
    await server.admin('HSET', 'entraX{c}', 'a', '{}')
    await server.admin('CONFIG', 'RESETSTAT')
    const found: string[] = []
    for await (const name of store.partitions()) found.push(name)
    expect(found.sort()).toEqual(names.sort())
    expect(await calls()).not.toHaveProperty('keys')
    expect((await calls())['scan']).toBeLessThan(10)
  })

  it('stays as good as before when an entry of the hash is spoilt', async () => {
    await store.apply('ada.t', { put: { a: ada, t: token } })
    await server.admin('HSET', 'entra:{ada.t}', 'x', '{"kind":', 'y', '{"kind":"Account"}', 'z', 'null')
    await store.apply('ada.t', { put: { t: { ...token, secret: 's2' } }, del: ['x', 'y'], onlyIf: { t: 's' } })
    await store.apply('ada.t', { put: { t: token }, onlyIf: { z: 's' } })
    await store.apply('ada.t', { put: { t: token }, onlyIf: { a: '' } })
    expect(await store.read('ada.t')).toEqual(
      new Map<string, StoredEntity>([
        ['a', ada],
        ['t', { ...token, secret: 's2' }],
      ]),
    )
    await server.admin('HSET', 'entra:{ada.t}', 'v', '{"kind":', 'w', '{"kind":"Account"}')
    await store.drop('ada.t')
    expect(await server.admin('DBSIZE')).toBe(0)
  })

  it('lives as long as the last of the tokens, whoever wrote it and in whatever order', async () => {
    const ends = fc.option(fc.integer({ min: now + 60, max: now + 400 * day }), { nil: undefined })
    const entity = fc.oneof(
      fc.constant(ada),
      ends.map((expiresOn): StoredEntity => (expiresOn === undefined ? token : { ...token, expiresOn })),
      ends.map(
        (expiresOn = now + 60): StoredEntity => ({
          ...token,
          kind: 'AccessToken',
          tenantId: 't',
          scopes: [],
          expiresOn,
        }),
      ),
      fc.constant({ kind: 'Foreign', section: 'Other', value: { expiresOn: 7 } } as const),
      ends.map(
        (expiresOn): StoredEntity => ({
          kind: 'Sealed',
          secret: 'x',
          ...(expiresOn === undefined ? {} : { expiresOn }),
        }),
      ),
    )
    const key = fc.constantFrom('a', 'b', 'c', 'd')
    const change = fc.record({ put: fc.dictionary(key, entity, { maxKeys: 3 }), del: fc.array(key, { maxLength: 2 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), async (changes) => {
        await server.admin('FLUSHALL')
        const expected = new Map<string, StoredEntity>()
        for (const { put, del } of changes) {
          await store.apply('ada.t', { put, del })
          for (const name of del) expected.delete(name)
          for (const [name, value] of Object.entries(put)) expected.set(name, value)
        }
        const end = partitionExpiry(expected.values())
        const life = expected.size === 0 ? -2 : end === Number.POSITIVE_INFINITY ? -1 : end - now
        expect(await lifeOf('entra:{ada.t}')).toBe(life)
        const found = await store.findPartitions('username', ada.username)
        if ([...expected.values()].flatMap(indexEntries).length === 0) return
        expect(found).toEqual(['ada.t'])
        // As long as the user, or longer.
        const index = await lifeOf(indexKey)
        expect(index === -1 || (life !== -1 && index >= life)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('can be found for as long as a refresh that names no account has made it live', async () => {
    await store.apply('ada.t', { put: { a: ada, t: { ...token, expiresOn: now + 100 * day } } })
    expect(await lifeOf(indexKey)).toBe(100 * day + 60)
    await store.apply('ada.t', { put: { t: { ...token, expiresOn: now + 200 * day } } })
    expect(await lifeOf(indexKey)).toBe(200 * day + 60)
  })

  it('keeps its name no longer than itself, also when the account came first', async () => {
    await store.apply('ada.t', { put: { a: ada } })
    expect(await lifeOf(indexKey)).toBe(-1)
    await store.apply('ada.t', { put: { t: token } })
    expect(await lifeOf(indexKey)).toBe(90 * day + 60)
    await store.apply('twin.t', { put: { a: ada } })
    await store.apply('ada.t', { put: { t: token } })
    expect(await lifeOf(indexKey)).toBe(-1)
  })

  it('loses the names that it lost, and only these', async () => {
    const other = { ...ada, tenantId: 'other', username: 'ada@other.example' }
    await store.apply('ada.t', { put: { a: { ...ada, signInName: 'ada' }, b: other } })
    await store.apply('ada.t', { put: { a: ada }, del: ['b'] })
    expect(await store.findPartitions('username', 'ada')).toEqual([])
    expect(await store.findPartitions('username', 'ada@other.example')).toEqual([])
    expect(await store.findPartitions('username', ada.username)).toEqual(['ada.t'])
    expect(await store.findPartitions('localAccountId', 'l-ada')).toEqual(['ada.t'])
    await store.drop('ada.t')
    expect(await server.admin('DBSIZE')).toBe(0)
  })

  it('is found by the names of what is sealed', async () => {
    await store.apply('ada.t', { put: { x: { kind: 'Sealed', secret: 'c', usernames: ['h1'], localAccountId: 'h2' } } })
    expect(await store.findPartitions('username', 'h1')).toEqual(['ada.t'])
    expect(await store.findPartitions('localAccountId', 'h2')).toEqual(['ada.t'])
    await store.apply('bob.t', { put: { x: { kind: 'Sealed', secret: 'c', usernames: ['h3'] } } })
    for (const name of ['ada.t', 'bob.t']) await store.drop(name)
    expect(await server.admin('DBSIZE')).toBe(0)
  })

  it('is found whatever its id is made of', async () => {
    await store.apply('\ud800{', { put: { a: ada } })
    await store.apply('\ud801{', { put: { a: ada } })
    expect((await store.findPartitions('username', ada.username)).toSorted()).toEqual(['\ud800{', '\ud801{'])
  })

  it('is there and found, whoever signs in and out at the same time', async () => {
    for (let round = 0; round < 20; round++) {
      await store.apply('ada.t', { put: { a: ada, t: token } })
      const changes = Array.from({ length: 6 }, (_, index) =>
        index % 2 === 0 ? store.drop('ada.t') : store.apply('ada.t', { put: { a: ada, t: token } }),
      )
      await Promise.all(changes)
      if ((await store.read('ada.t')).size > 0) {
        expect(await store.findPartitions('username', ada.username)).toEqual(['ada.t'])
      }
    }
  })

  it('may hold more entities than a call of a script has room for', async () => {
    const put = Object.fromEntries(Array.from({ length: 9_000 }, (_, index) => [`t${index}`, token]))
    await store.apply('big', { put })
    await store.apply('big', { del: Object.keys(put).slice(1) })
    expect((await store.read('big')).size).toBe(1)
  })
})
