import assert from 'node:assert/strict'
import type { AccountEntity, RefreshTokenEntity, StoredEntity } from '../cache/entities.ts'
import { entityKey } from '../cache/keys.ts'
import type { CredentialStore } from '../cache/store.ts'

/** One promise of a store. `run` rejects with an `AssertionError` when the store breaks it. */
export interface StoreCheck {
  readonly name: string
  run(): Promise<void>
}

/**
 * What every store must do, for people who write one:
 * `for (const { name, run } of storeContract(() => createMyStore())) it(name, run)`.
 *
 * @param create Makes an empty store, once for each check. What it returns is closed at the check's end.
 */
export function storeContract(create: () => CredentialStore | Promise<CredentialStore>): readonly StoreCheck[] {
  return Object.entries(checks).map(([name, check]) => ({
    name,
    async run() {
      const store = await create()
      try {
        await check(store)
      } finally {
        await store.close?.()
      }
    },
  }))
}

const ada: AccountEntity = {
  kind: 'Account',
  homeAccountId: 'ada.t',
  environment: 'login.example',
  localAccountId: 'l-ada',
  tenantId: 't',
  username: 'Ada@Contoso.example',
}
const token: RefreshTokenEntity = {
  kind: 'RefreshToken',
  homeAccountId: 'ada.t',
  environment: 'login.example',
  clientId: 'c',
  secret: 's',
  // In the distant future, so that no store thinks that the user is long gone.
  cachedAt: 4_000_000_000,
}
const adaKey = entityKey(ada)
const tokenKey = entityKey(token)
const other: RefreshTokenEntity = { ...token, clientId: 'other' }
const otherKey = entityKey(other)

const checks: Readonly<Record<string, (store: CredentialStore) => Promise<void>>> = {
  async 'gives back what was put, entity by entity'(store) {
    await store.apply('ada.t', { put: { [adaKey]: ada } })
    await store.apply('ada.t', { put: { [tokenKey]: token } })
    assert.deepEqual(sorted(await store.read('ada.t')), sorted(new Map([entry(ada), entry(token)])))
    assert.equal((await store.read('nobody')).size, 0)
  },

  async 'keeps apart users whose ids differ in case, or in characters that file names and keys do not like'(store) {
    const ids = ['ada.t', 'ADA.t', 'a/../b', '{ada}.t', 'ada:t', 'ada*', '__proto__', 'ä\u0000\n', 'msal:x', ' ada.t']
    for (const id of ids) {
      await store.apply(id, { put: { [tokenKey]: { ...token, homeAccountId: id, secret: `of ${id}` } } })
    }
    for (const id of ids) {
      const [found] = (await store.read(id)).values()
      assert.equal(found?.kind === 'RefreshToken' && found.secret, `of ${id}`)
    }
    assert.deepEqual((await listed(store)).sort(), [...ids].sort())
  },

  async 'deletes and puts in one change'(store) {
    await store.apply('ada.t', { put: { [adaKey]: ada, [tokenKey]: token } })
    await store.apply('ada.t', { put: { [otherKey]: other }, del: [tokenKey, '["never there"]'] })
    assert.deepEqual([...(await store.read('ada.t')).keys()].sort(), [adaKey, otherKey].sort())
  },

  async 'changes nothing unless what the change asks for is so'(store) {
    await store.apply('ada.t', { put: { [tokenKey]: token } })
    const put = { [otherKey]: other }
    await store.apply('ada.t', { put, del: [tokenKey], onlyIf: { [tokenKey]: 'another secret' } })
    await store.apply('ada.t', { put, onlyIf: { [adaKey]: true } })
    await store.apply('ada.t', { put, onlyIf: { [tokenKey]: 's', [adaKey]: true } })
    await store.apply('ada.t', { put, onlyIf: { [adaKey]: 's' } })
    await store.apply('nobody', { put, onlyIf: { [tokenKey]: true } })
    await store.apply('nobody', { put, onlyIf: { [tokenKey]: 's' } })
    assert.deepEqual([...(await store.read('ada.t')).keys()], [tokenKey])
    assert.equal((await store.read('nobody')).size, 0)
    await store.apply('ada.t', { put, onlyIf: { [tokenKey]: true } })
    await store.apply('ada.t', { del: [tokenKey], onlyIf: { [tokenKey]: 's', [otherKey]: true } })
    assert.deepEqual([...(await store.read('ada.t')).keys()], [otherKey])
  },

  async 'loses no entity when many changes of one user come at once'(store) {
    const clients = Array.from({ length: 20 }, (_, index) => ({ ...token, clientId: `c${index}` }))
    await Promise.all(clients.map((entity) => store.apply('ada.t', { put: { [entityKey(entity)]: entity } })))
    assert.deepEqual([...(await store.read('ada.t')).keys()].sort(), clients.map(entityKey).sort())
  },

  async 'hands out copies: what a reader does to them changes nothing'(store) {
    await store.apply('ada.t', { put: { [adaKey]: ada } })
    const copy = (await store.read('ada.t')) as Map<string, StoredEntity>
    copy.clear()
    assert.equal((await store.read('ada.t')).size, 1)
  },

  async 'finds users by name without case, by sign-in name, and by local account id with case'(store) {
    await store.apply('ada.t', { put: { [adaKey]: { ...ada, signInName: 'Ada' } } })
    assert.deepEqual(await store.findPartitions('username', 'ADA@contoso.EXAMPLE'), ['ada.t'])
    assert.deepEqual(await store.findPartitions('username', 'ada'), ['ada.t'])
    assert.deepEqual(await store.findPartitions('localAccountId', 'l-ada'), ['ada.t'])
    assert.deepEqual(await store.findPartitions('localAccountId', 'nobody'), [])
  },

  async 'finds every user of a name'(store) {
    await store.apply('ada.t', { put: { [adaKey]: ada } })
    await store.apply('twin.t', { put: { [adaKey]: { ...ada, homeAccountId: 'twin.t' } } })
    assert.deepEqual([...(await store.findPartitions('username', ada.username))].sort(), ['ada.t', 'twin.t'])
  },

  async 'finds nothing any more of a user who was dropped'(store) {
    await store.apply('ada.t', { put: { [adaKey]: ada, [tokenKey]: token } })
    await store.apply('twin.t', { put: { [adaKey]: { ...ada, homeAccountId: 'twin.t' } } })
    await store.drop('ada.t')
    assert.equal((await store.read('ada.t')).size, 0)
    assert.deepEqual(await listed(store), ['twin.t'])
    const found = await store.findPartitions('username', ada.username)
    // An index may lead to an empty partition; it may not miss a user.
    assert.ok(found.includes('twin.t'))
  },

  async 'lists the partitions that have something in them'(store) {
    await store.apply('ada.t', { put: { [adaKey]: ada } })
    await store.apply('empty.t', { del: ['["never there"]'] })
    await store.apply('gone.t', { put: { [tokenKey]: { ...token, homeAccountId: 'gone.t' } } })
    await store.apply('gone.t', { del: [tokenKey] })
    assert.deepEqual(await listed(store), ['ada.t'])
  },

  async 'drops a user who is not there without complaint'(store) {
    assert.equal(await store.drop('nobody'), undefined)
  },

  async 'peeks at what it would read'(store) {
    if (store.peek === undefined) return
    await store.apply('ada.t', { put: { [adaKey]: ada, [tokenKey]: token } })
    assert.deepEqual(new Set(store.peek('ada.t')), new Set([ada, token]))
    assert.deepEqual([...store.peek('nobody')], [])
  },

  async 'runs one at a time under a name'(store) {
    if (store.exclusive === undefined) return
    const { exclusive } = store
    let inside = 0
    const results = await Promise.all(
      [1, 2, 3].map((value) =>
        exclusive.call(store, 'refresh', 5_000, async (signal) => {
          assert.equal(++inside, 1)
          await new Promise((resolve) => setTimeout(resolve, 20))
          assert.equal(signal.aborted, false)
          inside--
          return value
        }),
      ),
    )
    assert.deepEqual(results, [1, 2, 3])
    await assert.rejects(
      exclusive.call(store, 'refresh', 5_000, async () => {
        throw new TypeError('of the task')
      }),
      /of the task/,
    )
  },
}

function entry(entity: AccountEntity | RefreshTokenEntity): readonly [string, StoredEntity] {
  return [entityKey(entity), entity]
}

function sorted(partition: ReadonlyMap<string, StoredEntity>): readonly (readonly [string, StoredEntity])[] {
  return [...partition].sort(([a], [b]) => (a < b ? -1 : 1))
}

async function listed(store: CredentialStore): Promise<string[]> {
  const names: string[] = []
  for await (const name of store.partitions()) names.push(name)
  return names
}
