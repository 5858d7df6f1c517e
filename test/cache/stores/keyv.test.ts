import { inspect } from 'node:util'
import fc from 'fast-check'
import Keyv from 'keyv'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AccountEntity, RefreshTokenEntity, StoredEntity } from '../../../src/cache/entities.ts'
import { entityKey } from '../../../src/cache/keys.ts'
import type { CredentialStore } from '../../../src/cache/store.ts'
import { createKeyvStore, type KeyvLike } from '../../../src/cache/stores/keyv.ts'
import { InvalidArgumentError } from '../../../src/errors.ts'
import { storeContract } from '../../contract/store.ts'

/** A back end behind a network, as a Keyv adapter: everything takes a turn of the event loop, and it can be down. */
class SlowBackEnd {
  readonly opts = { dialect: 'redis', url: '' }
  readonly data = new Map<string, unknown>()
  readonly ttls: (number | undefined)[] = []
  down: false | 'throws' | 'says no' | 'emits' = false
  emit: (error: Error) => void = () => {}

  on(_event: string, listener: (error: Error) => void): this {
    this.emit = listener
    return this
  }
  async get(key: string): Promise<never> {
    await this.#turn()
    return this.data.get(key) as never
  }
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    await this.#turn()
    if (this.down) return false
    this.ttls.push(ttl)
    this.data.set(key, value)
    return true
  }
  async delete(key: string): Promise<boolean> {
    await this.#turn()
    return this.data.delete(key)
  }
  async clear(): Promise<void> {}
  async *iterator(): AsyncGenerator<never[]> {
    await this.#turn()
    for (const entry of this.data) yield entry as unknown as never[]
  }

  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const error = Object.assign(new Error('redis://user:pass@redis.example is down'), { code: 'ECONNREFUSED' })
    if (this.down === 'throws') throw error
    if (this.down === 'emits') this.emit(error)
  }
}

function slowKeyv(): { backEnd: SlowBackEnd; store: CredentialStore; keyv: Keyv } {
  const backEnd = new SlowBackEnd()
  const keyv = new Keyv({ store: backEnd })
  return { backEnd, keyv, store: createKeyvStore(keyv) }
}

/** The least that counts as a Keyv. */
function plainKeyv(data: Map<string, unknown> = new Map()): KeyvLike & { data: Map<string, unknown> } {
  return {
    data,
    get: async (key) => data.get(key),
    set: async (key, value) => data.set(key, value),
    delete: async (key) => data.delete(key),
    iterator: async function* () {
      yield* data
    },
  }
}

storeContract('the Keyv store', () => createKeyvStore(new Keyv()))
storeContract('the Keyv store over a slow back end', () => slowKeyv().store)
storeContract('the Keyv store in a namespace of our name', () => createKeyvStore(new Keyv({ namespace: 'ropc' })))
storeContract('the Keyv store without key prefix', () =>
  createKeyvStore(new Keyv({ useKeyPrefix: false, namespace: 'a:b' })),
)
storeContract('the store over what only has the methods of a Keyv', () => createKeyvStore(plainKeyv()))

const account: AccountEntity = {
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
  cachedAt: 4_000_000_000,
}
const accountKey = entityKey(account)
const tokenKey = entityKey(token)
const put = { [accountKey]: account, [tokenKey]: token }

async function listed(store: CredentialStore): Promise<readonly string[]> {
  const names: string[] = []
  for await (const name of store.partitions()) names.push(name)
  return names
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a value of the Keyv', () => {
  it('lives as long as the last token of the user, and the names that lead to the user as well', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: (token.cachedAt + 10) * 1000 })
    const { backEnd, store } = slowKeyv()
    await store.apply('ada.t', { put })
    expect(backEnd.ttls).toEqual([1, 2, 3].map(() => (90 * 86_400 - 10) * 1000))
    vi.setSystemTime((token.cachedAt + 90 * 86_400) * 1000 + 1)
    expect((await store.read('ada.t')).size).toBe(0)
    expect(await store.findPartitions('username', account.username)).toEqual([])
    expect(await listed(store)).toEqual([])
    expect(backEnd.data.size).toBe(0)
  })

  it('has no end as long as the user has no token, nor when an end is no number', async () => {
    const { backEnd, store } = slowKeyv()
    await store.apply('ada.t', { put: { [accountKey]: account } })
    await store.apply('ada.t', { put: { [tokenKey]: { ...token, expiresOn: 'soon' as unknown as number } } })
    expect(new Set(backEnd.ttls)).toEqual(new Set([undefined]))
    expect((await store.read('ada.t')).size).toBe(2)
  })

  it('is gone at once if all of it has expired: a time to live of 0 would mean for ever', async () => {
    const now = token.cachedAt + 90 * 86_400
    vi.useFakeTimers({ toFake: ['Date'], now: now * 1000 })
    const { backEnd, store } = slowKeyv()
    await store.apply('ada.t', { put: { [tokenKey]: token } })
    await store.apply('bob.t', { put: { [tokenKey]: { ...token, cachedAt: 1 } } })
    expect(backEnd.ttls).toEqual([1, 1])
  })

  it('of a name forgets the users who have expired, and lives as long as the last of the others', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: token.cachedAt * 1000 })
    const { backEnd, store } = slowKeyv()
    await store.apply('old.t', { put: { ...put, [tokenKey]: { ...token, expiresOn: token.cachedAt + 100 } } })
    await store.apply('ada.t', { put })
    expect(backEnd.ttls.slice(-3)).toEqual([1, 2, 3].map(() => 90 * 86_400_000))
    expect(await store.findPartitions('username', account.username)).toEqual(['old.t', 'ada.t'])
    vi.setSystemTime((token.cachedAt + 100) * 1000)
    await store.apply('twin.t', { put })
    expect(await store.findPartitions('username', account.username)).toEqual(['ada.t', 'twin.t'])
  })

  it('of a name does not end before the user whose new value could not be written', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: token.cachedAt * 1000 })
    const { backEnd, store } = slowKeyv()
    await store.apply('ada.t', { put })
    await store.apply('ada.t', { put: { [tokenKey]: { ...token, expiresOn: token.cachedAt + 59.9999 } } })
    expect(backEnd.ttls.slice(-3)).toEqual([90 * 86_400_000, 90 * 86_400_000, 60_000])
  })

  it('is deleted with the last entity, and so are the names', async () => {
    const { backEnd, store } = slowKeyv()
    await store.apply('ada.t', { put })
    expect(backEnd.data.size).toBe(3)
    await store.apply('ada.t', { del: [accountKey] })
    expect(backEnd.data.size).toBe(1)
    await store.apply('ada.t', { del: [tokenKey] })
    expect(backEnd.data.size).toBe(0)
  })

  it('is of one user or name, whatever is in their text', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'A', ':', '%', '"', '\\', '\ud800', '\udfff', '\u0000', 'é') })
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(text, { minLength: 2, maxLength: 6 }), async (names) => {
        const { data, ...keyv } = plainKeyv()
        const store = createKeyvStore(keyv)
        for (const name of names) {
          await store.apply(name, { put: { [accountKey]: { ...account, username: name, localAccountId: name } } })
        }
        for (const name of names) {
          expect([...(await store.read(name)).values()]).toMatchObject([{ localAccountId: name }])
          expect(await store.findPartitions('localAccountId', name)).toEqual([name])
          expect(await store.findPartitions('username', name)).toContain(name)
        }
        const users = new Set(names.map((name) => name.toLowerCase())).size
        expect(data.size).toBe(names.length * 2 + users)
        // Short, and the same to back ends that do not know capitals.
        for (const key of data.keys()) expect(key).toMatch(/^ropc:(user|name):[0-9a-f]{64}$/)
      }),
      // Both are the same in UTF-8.
      { examples: [[['\ud800', '\udfff']]] },
    )
  })

  it('comes back whatever text is in it, also what Keyv itself would take for bytes', async () => {
    const { store } = slowKeyv()
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.constantFrom(':base64:AAAA', ':', '__proto__')), async (secret) => {
        await store.apply('ada.t', { put: { [secret]: { ...token, secret } } })
        expect((await store.read('ada.t')).get(secret)).toEqual({ ...token, secret })
      }),
    )
  })
})

describe('what is no value of ours', () => {
  async function readOver(change: (text: string) => unknown): Promise<readonly StoredEntity[]> {
    const keyv = plainKeyv()
    const store = createKeyvStore(keyv)
    await store.apply('ada.t', { put: { [tokenKey]: token } })
    for (const [key, value] of keyv.data) keyv.data.set(key, change(String(value)))
    const entities = [...(await store.read('ada.t')).values()]
    // It can be written over.
    await store.apply('ada.t', { put: { [accountKey]: account } })
    expect((await store.read('ada.t')).size).toBe(entities.length + 1)
    return entities
  }

  it.each([
    null,
    0,
    7,
    true,
    '',
    'no json',
    '"text"',
    'null',
    '[]',
    '{}',
    [],
    {},
    Object.create(null),
    '{"partition":1}',
  ])('counts as empty: %j', async (value) => {
    expect(await readOver(() => value)).toEqual([])
    const keyv = plainKeyv()
    const store = createKeyvStore(keyv)
    await store.apply('ada.t', { put })
    for (const key of keyv.data.keys()) keyv.data.set(key, value)
    expect(await store.findPartitions('username', account.username)).toEqual([])
    expect(await listed(store)).toEqual([])
  })

  it('counts as empty if it is of another user', async () => {
    expect(await readOver((text) => text.replace('"ada.t"', '"bob.t"'))).toEqual([])
    expect(await readOver((text) => text.replace(/"entities":.*/, '"entities":null}'))).toEqual([])
    expect(await readOver((text) => text.replace(/"entities":.*/, '"entities":"x"}'))).toEqual([])
  })

  it('is left out of a user, entity by entity; kinds of a newer version stay', async () => {
    const bad = [
      null,
      7,
      'text',
      {},
      { kind: 7 },
      { kind: 'Account', username: 7 },
      { kind: 'Account', username: 'a', signInName: 7 },
      { kind: 'Sealed', secret: 's', usernames: 'a' },
      { kind: 'Sealed', secret: 's', usernames: [7] },
    ]
    const good = [token, account, { kind: 'Sealed', secret: 's' }, { kind: 'Sealed', secret: 's', usernames: ['a'] }]
    const entities = [...bad, ...good, { kind: 'Newer' }]
    const found = await readOver(() => JSON.stringify({ partition: 'ada.t', entities }))
    expect(found).toEqual([...good, { kind: 'Newer' }])
  })

  it('is left out of the users of a name, and of the list', async () => {
    const keyv = plainKeyv()
    const store = createKeyvStore(keyv)
    await store.apply('ada.t', { put })
    for (const key of keyv.data.keys()) {
      if (key.startsWith('ropc:name')) keyv.data.set(key, JSON.stringify([7, null, [7, 7], ['x', 'y'], ['ada.t', 1]]))
    }
    expect(await store.findPartitions('username', account.username)).toEqual(['x', 'ada.t'])
    keyv.data.set('of somebody else', '{"partition":"eve.t"}')
    expect(await listed(store)).toEqual(['ada.t'])
    keyv.iterator = async function* () {
      yield 'no pair'
      yield [7, '{"partition":"eve.t"}']
    }
    expect(await listed(store)).toEqual([])
  })
})

describe('two users of one Keyv within a process', () => {
  it('lose nothing, even through two stores', async () => {
    const { keyv } = slowKeyv()
    const stores = [createKeyvStore(keyv), createKeyvStore(keyv)]
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        stores[index % 2]?.apply('ada.t', { put: { [String(index)]: { ...token, clientId: `c${index}` } } }),
      ),
    )
    expect((await stores[0]?.read('ada.t'))?.size).toBe(20)
    const users = Array.from({ length: 10 }, (_, index) => `u${index}`)
    await Promise.all(users.map((user, index) => stores[index % 2]?.apply(user, { put })))
    expect([...((await stores[0]?.findPartitions('username', account.username)) ?? [])].sort()).toEqual(users)
  })
})

describe('changes of one user that come at once', () => {
  it('happen in their order, with a sign-out among them', async () => {
    const { backEnd, store } = slowKeyv()
    await Promise.all([store.apply('ada.t', { put }), store.drop('ada.t')])
    expect(backEnd.data.size).toBe(0)
  })

  it('lose nothing when one comes while the others are under way', async () => {
    const { store } = slowKeyv()
    const first = store.apply('ada.t', { put: { a: token } })
    const second = store.apply('ada.t', { put: { b: token } })
    await first
    await Promise.all([second, store.apply('ada.t', { put: { c: token } })])
    expect([...(await store.read('ada.t')).keys()]).toEqual(['a', 'b', 'c'])
  })

  it('do not fail with the one before', async () => {
    const { backEnd, store } = slowKeyv()
    backEnd.down = 'says no'
    const first = store.apply('ada.t', { put: { a: token } }).catch(() => {
      backEnd.down = false
    })
    await Promise.all([first, store.apply('ada.t', { put: { b: token } })])
    expect([...(await store.read('ada.t')).keys()]).toEqual(['b'])
  })

  it('write nothing if what they ask for is not so', async () => {
    const { backEnd, store } = slowKeyv()
    await store.apply('ada.t', { put })
    await store.apply('ada.t', { put: { x: token }, onlyIf: { [tokenKey]: 'another' } })
    expect(backEnd.ttls).toHaveLength(3)
  })
})

describe('a back end that fails', () => {
  it.each(['throws', 'emits'] as const)('fails every method where it %s, and loses nothing', async (how) => {
    const { backEnd, store } = slowKeyv()
    await store.apply('ada.t', { put })
    const before = new Map(backEnd.data)
    backEnd.down = how
    const reading = { name: 'CacheError', code: 'ERR_CACHE_READ', step: 'cache' }
    await expect(store.read('ada.t')).rejects.toMatchObject(reading)
    await expect(store.apply('ada.t', { put: { x: token } })).rejects.toMatchObject(reading)
    await expect(store.findPartitions('username', 'x')).rejects.toMatchObject(reading)
    await expect(listed(store)).rejects.toMatchObject(reading)
    expect(backEnd.data).toEqual(before)
    await expect(store.drop('ada.t')).rejects.toMatchObject({ name: 'CacheError', code: 'ERR_CACHE_WRITE' })
    backEnd.down = false
    await store.apply('ada.t', { put: { x: token } })
    expect((await store.read('ada.t')).get('x')).toEqual(token)
  })

  it('fails a change where it only says no', async () => {
    const { backEnd, store } = slowKeyv()
    backEnd.down = 'says no'
    await expect(store.apply('ada.t', { put })).rejects.toMatchObject({ code: 'ERR_CACHE_WRITE' })
  })

  it('is reported without the text of its error, which may hold an address with a password', async () => {
    const { backEnd, store } = slowKeyv()
    backEnd.down = 'throws'
    const failure = await store.read('ada.t').catch((error: unknown) => error)
    expect(failure).toMatchObject({ cause: { name: 'Error', code: 'ECONNREFUSED' } })
    expect(inspect(failure)).not.toContain('redis.example')
    const keyv = { ...plainKeyv(), get: () => Promise.reject('redis://user:pass@redis.example') }
    expect(
      inspect(
        await createKeyvStore(keyv)
          .read('x')
          .catch((error: unknown) => error),
      ),
    ).not.toContain('redis.example')
  })

  it('does not keep a user signed in who cannot be read any more', async () => {
    const { backEnd, store } = slowKeyv()
    await store.apply('ada.t', { put })
    for (const key of backEnd.data.keys()) backEnd.data.set(key, '{spoiled')
    await expect(store.read('ada.t')).rejects.toMatchObject({ code: 'ERR_CACHE_READ' })
    await store.drop('ada.t')
    expect((await store.read('ada.t')).size).toBe(0)
  })

  it('cannot list without an iterator, and says so', async () => {
    const { iterator, ...keyv } = plainKeyv()
    const store = createKeyvStore(keyv)
    await expect(listed(store)).rejects.toMatchObject({ code: 'ERR_CACHE_READ', message: /cannot list/ })
  })

  it('is listened to until the store is closed; the Keyv stays open', async () => {
    const { backEnd, keyv, store } = slowKeyv()
    await store.close?.()
    expect(keyv.listeners('error')).toHaveLength(0)
    backEnd.down = 'emits'
    expect((await store.read('ada.t')).size).toBe(0)
  })
})

it.each([undefined, null, {}, new Map(), { get() {}, set() {} }])('refuses what is no Keyv: %s', (keyv) => {
  const create = (): CredentialStore => createKeyvStore(keyv as unknown as KeyvLike)
  if (keyv instanceof Map) expect(create).not.toThrow()
  else expect(create).toThrow(InvalidArgumentError)
})
