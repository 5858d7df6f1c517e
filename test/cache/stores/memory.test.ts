import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type {
  AccessTokenEntity,
  AccountEntity,
  IdTokenEntity,
  RefreshTokenEntity,
  SealedEntity,
  StoredEntity,
} from '../../../src/cache/entities.ts'
import { entityKey } from '../../../src/cache/keys.ts'
import { changePartition } from '../../../src/cache/partition.ts'
import type { CredentialStore, PartitionChange, UserEntities } from '../../../src/cache/store.ts'
import { createMemoryStore, estimateBytes } from '../../../src/cache/stores/memory.ts'
import { storeContract } from '../../contract/store.ts'

storeContract('the memory store', () => createMemoryStore())
storeContract('a memory store with limits', () => createMemoryStore({ maxUsers: 100, maxBytes: 1_000_000 }))

const at = 1_800_000_000
const environment = 'login.windows.net'

function account(homeAccountId: string, more: Partial<AccountEntity> = {}): AccountEntity {
  const who = { homeAccountId, localAccountId: `l-${homeAccountId}`, username: `${homeAccountId}@contoso.example` }
  return { kind: 'Account', ...who, environment, tenantId: 't', ...more }
}

function accessToken(homeAccountId: string, more: Partial<AccessTokenEntity> = {}): AccessTokenEntity {
  const of = { homeAccountId, environment, clientId: 'c', tenantId: 't', scopes: ['User.Read'] }
  return { kind: 'AccessToken', ...of, secret: 'at', cachedAt: at, expiresOn: at + 3_600, ...more }
}

function refreshToken(homeAccountId: string, more: Partial<RefreshTokenEntity> = {}): RefreshTokenEntity {
  return { kind: 'RefreshToken', homeAccountId, environment, clientId: 'c', secret: 'rt', cachedAt: at, ...more }
}

function putting(...entities: readonly Exclude<StoredEntity, SealedEntity>[]): PartitionChange {
  return { put: Object.fromEntries(entities.map((entity) => [entityKey(entity), entity])) }
}

async function usersOf(store: CredentialStore): Promise<string[]> {
  const users: string[] = []
  for await (const user of store.partitions()) users.push(user)
  return users
}

describe('what the memory store keeps', () => {
  it('is every member of every kind of entity', async () => {
    const msal = { key: 'k', fields: { more: [1, { deep: true }] } }
    // Required: a member that is new does not compile until it is here, and the store must not lose it.
    const full: readonly [
      Required<AccountEntity>,
      Required<AccessTokenEntity>,
      Required<IdTokenEntity>,
      Required<RefreshTokenEntity>,
    ] = [
      { ...account('u'), kind: 'Account', name: 'n', signInName: 's', authorityType: 'ADFS', msal },
      {
        ...accessToken('u'),
        ...{ kind: 'AccessToken', authorityTenant: 'organizations', askedScopes: 'user.read', resource: 'r' },
        ...{ refreshOn: at + 1, extendedExpiresOn: at + 2, msal },
      },
      { kind: 'IdToken', homeAccountId: 'u', environment, clientId: 'c', tenantId: 't', secret: 'id', msal },
      { ...refreshToken('u'), kind: 'RefreshToken', expiresOn: at + 3, familyId: '1', msal },
    ]
    const others: Record<string, StoredEntity> = {
      metadata: { kind: 'AppMetadata', clientId: 'c', environment, familyId: '1', msal },
      foreign: { kind: 'Foreign', section: 'AccessToken', key: 'k', value: { secret: 'x' } },
      sealed: { kind: 'Sealed', secret: 'x', usernames: ['h'], localAccountId: 'h', expiresOn: at },
      bare: { kind: 'Sealed', secret: 'x' },
    }
    const put = { ...putting(...full).put, ...others }
    const store = createMemoryStore({ now: () => at - 1 })
    await store.apply('u', { put })
    expect(Object.fromEntries(await store.read('u'))).toStrictEqual(put)
    expect([...store.peek('u')]).toStrictEqual(Object.values(put))
  })

  it('is a copy: the objects that were put may change', async () => {
    const store = createMemoryStore()
    const scopes = ['User.Read']
    const usernames = ['hash']
    const token = accessToken('u', { scopes })
    await store.apply('u', { put: { token, sealed: { kind: 'Sealed', secret: 's', usernames } } })
    Object.assign(token, { secret: 'changed' })
    scopes.push('Mail.Send')
    usernames.push('another')
    const kept = await store.read('u')
    expect(kept.get('token')).toMatchObject({ secret: 'at', scopes: ['User.Read'] })
    expect(kept.get('sealed')).toMatchObject({ usernames: ['hash'] })
  })

  it('is left alone in the hands of one who peeked when it changes', async () => {
    const store = createMemoryStore()
    await store.apply('u', putting(account('u'), accessToken('u')))
    const before = store.peek('u')
    await store.apply('u', putting(accessToken('u', { secret: 'newer' }), refreshToken('u')))
    await store.apply('u', { del: [entityKey(account('u'))] })
    expect(before).toMatchObject([{ kind: 'Account' }, { secret: 'at' }])
    expect(store.peek('u')).toMatchObject([{ secret: 'newer' }, { secret: 'rt' }])
  })

  it('shares one list of scopes between users, and nobody can change it', async () => {
    const store = createMemoryStore()
    for (const user of ['u', 'v']) await store.apply(user, putting(accessToken(user)))
    const scopesOf = (user: string) => store.peek(user).map((entity) => 'scopes' in entity && entity.scopes)[0]
    expect(scopesOf('u')).toBe(scopesOf('v'))
    expect(Object.isFrozen(scopesOf('u'))).toBe(true)
  })

  it('is copied for a reader of a partition with many entities, too', async () => {
    const store = createMemoryStore({ now: () => at })
    const many = Array.from({ length: 40 }, (_, index) => refreshToken('many', { clientId: `c${index}` }))
    await store.apply('many', putting(...many))
    ;((await store.read('many')) as Map<string, StoredEntity>).clear()
    expect((await store.read('many')).size).toBe(40)
    expect(store.peek('many')).toHaveLength(40)
  })

  it('is listed once, whatever is written on the way', async () => {
    const store = createMemoryStore()
    for (const user of ['a', 'b']) await store.apply(user, putting(account(user)))
    const seen: string[] = []
    for await (const user of store.partitions()) {
      seen.push(user)
      await store.drop(user)
      await store.apply(user, putting(account(user)))
    }
    expect(seen).toEqual(['a', 'b'])
  })

  it('is what the rules for changes say, few entities or many, whatever the order', async () => {
    const keys = fc.constantFrom('a', 'b', 'c', ...Array.from({ length: 40 }, (_, index) => `k${index}`))
    const change = fc.record(
      {
        put: fc.dictionary(keys, fc.constantFrom('1', '2'), { maxKeys: 20 }),
        del: fc.array(keys, { maxLength: 5 }),
        onlyIf: fc.dictionary(keys, fc.constantFrom<string | true>('1', true), { maxKeys: 1 }),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
        const store = createMemoryStore({ now: () => at })
        const expected = new Map<string, StoredEntity>()
        for (const { put, del, onlyIf } of changes) {
          const tokens = Object.entries(put ?? {}).map(([key, secret]) => [key, refreshToken('u', { secret })] as const)
          const applied: PartitionChange = {
            ...(put === undefined ? {} : { put: Object.fromEntries(tokens) }),
            ...(del === undefined ? {} : { del }),
            ...(onlyIf === undefined ? {} : { onlyIf }),
          }
          changePartition(expected, applied)
          await store.apply('u', applied)
          expect(await store.read('u')).toStrictEqual(expected)
          expect([...store.peek('u')]).toStrictEqual([...expected.values()])
          expect(await usersOf(store)).toStrictEqual(expected.size === 0 ? [] : ['u'])
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('the names in the memory store', () => {
  it('follow a user who is renamed', async () => {
    const store = createMemoryStore()
    await store.apply('u', putting(account('u', { username: 'Old', signInName: 'typed' })))
    await store.apply('u', putting(account('u', { username: 'New', localAccountId: 'l-new' })))
    for (const name of ['old', 'typed']) expect(await store.findPartitions('username', name)).toEqual([])
    expect(await store.findPartitions('username', 'NEW')).toEqual(['u'])
    expect(await store.findPartitions('localAccountId', 'l-u')).toEqual([])
    expect(await store.findPartitions('localAccountId', 'l-new')).toEqual(['u'])
  })

  it('follow renaming and removal in a partition with many entities, too', async () => {
    const store = createMemoryStore({ now: () => at })
    const many = Array.from({ length: 40 }, (_, index) => refreshToken('many', { clientId: `c${index}` }))
    await store.apply('many', putting(account('many', { username: 'old' }), ...many))
    await store.apply('many', putting(account('many', { username: 'new' })))
    expect(await store.findPartitions('username', 'old')).toEqual([])
    expect(await store.findPartitions('username', 'new')).toEqual(['many'])
    await store.apply('many', { del: [entityKey(account('many'))] })
    expect(await store.findPartitions('username', 'new')).toEqual([])
  })

  it('are not taken for ids', async () => {
    const store = createMemoryStore()
    await store.apply('u', putting(account('u', { username: 'same', localAccountId: 'same' })))
    await store.apply('u', putting(account('u', { username: 'new', localAccountId: 'same' })))
    expect(await store.findPartitions('username', 'same')).toEqual([])
    expect(await store.findPartitions('localAccountId', 'same')).toEqual(['u'])
  })

  it('still lead to a user one of whose accounts keeps the name', async () => {
    const store = createMemoryStore()
    const guest = account('u', { tenantId: 'guest', localAccountId: 'l-guest' })
    await store.apply('u', putting(account('u'), guest))
    await store.apply('u', { del: [entityKey(guest)] })
    expect(await store.findPartitions('username', 'u@contoso.example')).toEqual(['u'])
    expect(await store.findPartitions('localAccountId', 'l-guest')).toEqual([])
    await store.apply('u', { del: [entityKey(account('u'))] })
    expect(await store.findPartitions('username', 'u@contoso.example')).toEqual([])
  })

  it('lead to all who have them, until each is gone', async () => {
    const store = createMemoryStore()
    const users = ['u', 'v', 'w']
    for (const user of users) await store.apply(user, putting(account(user, { username: 'twin' })))
    expect(await store.findPartitions('username', 'twin')).toEqual(users)
    await store.drop('u')
    expect(await store.findPartitions('username', 'twin')).toEqual(['v', 'w'])
    await store.drop('w')
    expect(await store.findPartitions('username', 'twin')).toEqual(['v'])
    await store.apply('w', putting(account('w', { username: 'twin' })))
    expect(await store.findPartitions('username', 'twin')).toEqual(['v', 'w'])
    for (const user of users) await store.drop(user)
    expect(await store.findPartitions('username', 'twin')).toEqual([])
  })

  it('of sealed accounts are the hashes beside the ciphertext', async () => {
    const store = createMemoryStore()
    const sealed: SealedEntity = { kind: 'Sealed', secret: 'x', usernames: ['hash1', 'hash2'], localAccountId: 'hash3' }
    await store.apply('u', { put: { sealed, other: { kind: 'Sealed', secret: 'y' } } })
    for (const hash of ['hash1', 'hash2']) expect(await store.findPartitions('username', hash)).toEqual(['u'])
    expect(await store.findPartitions('localAccountId', 'hash3')).toEqual(['u'])
    await store.apply('u', { put: { sealed: { ...sealed, usernames: ['hash2'] } } })
    expect(await store.findPartitions('username', 'hash1')).toEqual([])
    expect(await store.findPartitions('username', 'hash2')).toEqual(['u'])
  })
})

describe('many users at once', () => {
  function user(partition: string, ...entities: readonly Exclude<StoredEntity, SealedEntity>[]): UserEntities {
    return { partition, keys: entities.map(entityKey), entities }
  }

  it('are kept as they came, and found by their names', async () => {
    const store = createMemoryStore({ now: () => at })
    const [ada, bob] = [user('ada', account('ada'), refreshToken('ada')), user('bob', account('bob'))]
    expect(store.load([ada, bob])).toEqual([])
    expect(store.peek('ada')).toBe(ada.entities)
    expect([...(await store.read('ada')).keys()]).toEqual(ada.keys)
    expect(await usersOf(store)).toEqual(['ada', 'bob'])
    expect(await store.findPartitions('username', 'BOB@contoso.example')).toEqual(['bob'])
    await store.apply('ada', putting(refreshToken('ada', { secret: 'new' })))
    expect(store.peek('ada')).toEqual([account('ada'), refreshToken('ada', { secret: 'new' })])
    expect(ada.entities).toEqual([account('ada'), refreshToken('ada')])
  })

  it('come back unchanged where something is known of them already', () => {
    const store = createMemoryStore({ now: () => at })
    const [ada, again, bob] = [
      user('ada', account('ada')),
      user('ada', refreshToken('ada')),
      user('bob', account('bob')),
    ]
    expect(store.load([ada])).toEqual([])
    expect(store.load([again, bob])).toEqual([again])
    expect(store.peek('ada')).toEqual([account('ada')])
    expect(store.peek('bob')).toEqual([account('bob')])
  })

  it('may have many entities, or none', async () => {
    const store = createMemoryStore({ now: () => at })
    const many = Array.from({ length: 100 }, (_, index) => accessToken('ada', { clientId: `c${index}` }))
    expect(store.load([user('ada', ...many), user('bob')])).toEqual([])
    expect(store.peek('ada')).toEqual(many)
    await store.apply('ada', { del: many.slice(1).map(entityKey) })
    expect(store.peek('ada')).toEqual(many.slice(0, 1))
    expect(await usersOf(store)).toEqual(['ada'])
  })

  it('keep to the limit', async () => {
    const store = createMemoryStore({ now: () => at, maxUsers: 2 })
    store.load(['ada', 'bob', 'eve'].map((name) => user(name, account(name))))
    expect(await usersOf(store)).toEqual(['bob', 'eve'])
    expect(await store.findPartitions('username', 'ada@contoso.example')).toEqual([])
  })

  it('all come back where somebody wants to see each write', () => {
    const store = createMemoryStore({ now: () => at })
    const watched = { ...store, apply: async () => {} }
    const ada = user('ada', account('ada'))
    expect(watched.load([ada])).toEqual([ada])
    expect(store.peek('ada')).toEqual([])
  })
})

describe('all users at once', () => {
  it('are listed with what a reader gets, few entities or many', async () => {
    const store = createMemoryStore({ now: () => at })
    const many = Array.from({ length: 100 }, (_, index) => accessToken('bob', { clientId: `c${index}` }))
    await store.apply('ada', putting(account('ada'), refreshToken('ada')))
    await store.apply('bob', putting(...many))
    const users = [...(store.all() ?? [])]
    expect(users.map(({ partition }) => partition)).toEqual(await usersOf(store))
    for (const { partition, keys, entities } of users) {
      expect(new Map(keys.map((key, index) => [key, entities[index]]))).toEqual(await store.read(partition))
    }
  })

  it('come to an end although others come meanwhile', async () => {
    const store = createMemoryStore({ now: () => at })
    await store.apply('0', putting(account('0')))
    let seen = 0
    for (const { partition } of store.all() ?? []) {
      seen += 1
      expect(seen).toBeLessThan(3)
      await store.apply(`${partition}0`, putting(account(`${partition}0`)))
    }
    expect(seen).toBe(1)
  })

  it.each(['read', 'peek', 'partitions'] as const)('are not told past a %s of somebody else', (name) => {
    const store = createMemoryStore()
    expect({ ...store, [name]: () => undefined }.all()).toBeUndefined()
    expect({ ...store }.all()).toBeDefined()
  })
})

describe('what has expired', () => {
  /** Writes that change nothing of the users in question, until all of them were looked at. */
  async function letTimePass(store: CredentialStore, writes = 12): Promise<void> {
    for (let write = 0; write < writes; write++) await store.drop('nobody')
  }

  it('is forgotten as others write: access tokens first, users with their last token', async () => {
    let now = at
    const store = createMemoryStore({ now: () => now })
    await store.apply('u', putting(account('u'), accessToken('u'), refreshToken('u', { expiresOn: at + 7_200 })))
    await store.apply('v', putting(account('v'), refreshToken('v', { expiresOn: at + 90_000 })))
    await letTimePass(store)
    expect(store.peek('u')).toHaveLength(3)
    now = at + 3_600
    await letTimePass(store)
    expect(store.peek('u').map(({ kind }) => kind)).toEqual(['Account', 'RefreshToken'])
    expect([...(await store.read('u')).keys()]).toEqual([account('u'), refreshToken('u')].map(entityKey))
    now = at + 7_200
    await letTimePass(store)
    expect(await usersOf(store)).toEqual(['v'])
    expect(await store.findPartitions('username', 'u@contoso.example')).toEqual([])
    expect(store.peek('v')).toHaveLength(2)
  })

  it('is forgotten of sealed entities and of partitions with many entities, too', async () => {
    let now = at
    const store = createMemoryStore({ now: () => now })
    const many = Array.from({ length: 40 }, (_, index) =>
      accessToken('many', { clientId: `c${index}`, expiresOn: at + 100 + index }),
    )
    await store.apply('many', putting(...many))
    const sealed = { kind: 'Sealed', secret: 's' } as const
    await store.apply('s', {
      put: { soon: { ...sealed, expiresOn: at + 1, usernames: ['hash'] }, late: { ...sealed, expiresOn: at + 500 } },
    })
    await store.apply('s', { put: { never: sealed } })
    now = at + 119
    await letTimePass(store)
    expect(store.peek('many')).toHaveLength(20)
    expect([...(await store.read('s')).keys()]).toEqual(['late', 'never'])
    expect(await store.findPartitions('username', 'hash')).toEqual([])
    now = at + 139
    await letTimePass(store)
    expect(await usersOf(store)).toEqual(['s'])
  })

  it('is not told by a user without tokens, nor by a clock out of order', async () => {
    let now = at
    const store = createMemoryStore({ now: () => now })
    await store.apply('u', putting(account('u')))
    await store.apply('v', putting(account('v'), accessToken('v')))
    now = Number.NaN
    await letTimePass(store)
    expect(await usersOf(store)).toEqual(['u', 'v'])
    now = at + 1e9
    await letTimePass(store)
    expect(await usersOf(store)).toEqual(['u'])
  })

  it('is found by the clock of the machine where none is given', async () => {
    const store = createMemoryStore()
    const seconds = Math.floor(Date.now() / 1000)
    await store.apply('u', putting(accessToken('u', { cachedAt: seconds - 20, expiresOn: seconds - 10 })))
    await store.apply('v', putting(accessToken('v', { cachedAt: seconds, expiresOn: seconds + 1_000 })))
    await letTimePass(store)
    expect(await usersOf(store)).toEqual(['v'])
  })

  it('is found at everybody, also while every write brings a new user', async () => {
    let now = at
    const store = createMemoryStore({ now: () => now })
    for (let user = 0; user < 300; user++) await store.apply(`old${user}`, putting(accessToken(`old${user}`)))
    now = at + 3_600
    for (let user = 0; user < 900; user++) {
      await store.apply(`new${user}`, putting(accessToken(`new${user}`, { expiresOn: now + 3_600 })))
    }
    expect((await usersOf(store)).filter((user) => user.startsWith('old'))).toEqual([])
    expect(await usersOf(store)).toHaveLength(900)
  })
})

describe('a limit', () => {
  it('of users keeps those used last, by writing, reading or peeking', async () => {
    const store = createMemoryStore({ maxUsers: 3, now: () => at })
    for (const user of ['a', 'b', 'c']) await store.apply(user, putting(account(user)))
    store.peek('a')
    await store.read('b')
    await store.apply('d', putting(account('d')))
    expect((await usersOf(store)).sort()).toEqual(['a', 'b', 'd'])
    expect(await store.findPartitions('username', 'c@contoso.example')).toEqual([])
    await store.apply('a', putting(refreshToken('a')))
    store.peek('nobody')
    await store.apply('e', putting(account('e')))
    expect((await usersOf(store)).sort()).toEqual(['a', 'd', 'e'])
  })

  it('of users counts who is dropped no more', async () => {
    const store = createMemoryStore({ maxUsers: 2, now: () => at })
    for (const user of ['a', 'b']) await store.apply(user, putting(account(user)))
    await store.drop('b')
    await store.apply('c', putting(account('c')))
    expect(await usersOf(store)).toEqual(['a', 'c'])
  })

  it('of bytes removes the users of longest ago until the others fit', async () => {
    const weight = estimateBytes('a', [refreshToken('a', { secret: 'x'.repeat(1_000) })])
    const store = createMemoryStore({ maxBytes: 3 * weight, now: () => at })
    const long = (user: string, length: number) => putting(refreshToken(user, { secret: 'x'.repeat(length) }))
    for (const user of ['a', 'b', 'c']) await store.apply(user, long(user, 1_000))
    expect(await usersOf(store)).toEqual(['a', 'b', 'c'])
    await store.apply('c', long('c', 1_001))
    expect(await usersOf(store)).toEqual(['b', 'c'])
    await store.apply('b', long('b', 10))
    await store.apply('d', long('d', 1_000))
    expect(await usersOf(store)).toEqual(['b', 'c', 'd'])
  })

  it('of bytes knows what a user weighed last, when that user goes', async () => {
    const weight = (length: number) => estimateBytes('a', [refreshToken('a', { secret: 'x'.repeat(length) })])
    const store = createMemoryStore({ maxBytes: weight(1_000) + weight(10), now: () => at })
    const long = (user: string, length: number) => putting(refreshToken(user, { secret: 'x'.repeat(length) }))
    for (let round = 0; round < 5; round++) {
      await store.apply('a', long('a', 10))
      await store.apply('a', long('a', 1_000))
      await store.drop('a')
    }
    await store.apply('a', long('a', 1_000))
    await store.apply('b', long('b', 10))
    expect(await usersOf(store)).toEqual(['a', 'b'])
    await store.apply('b', long('b', 11))
    expect(await usersOf(store)).toEqual(['b'])
  })

  it('of bytes keeps the user written last even if nobody else fits, and only that one', async () => {
    const store = createMemoryStore({ maxBytes: 1_000, now: () => at })
    await store.apply('a', putting(account('a')))
    await store.apply('b', putting(refreshToken('b', { secret: 'x'.repeat(5_000) })))
    expect(await usersOf(store)).toEqual(['b'])
    await store.apply('a', putting(account('a')))
    expect(await usersOf(store)).toEqual(['a'])
  })

  it('of bytes counts every text of a user, and what other libraries left', () => {
    const bytes = (entity: StoredEntity): number => estimateBytes('u', [entity])
    const x = 'x'.repeat(100)
    const sealed: SealedEntity = { kind: 'Sealed', secret: 's' }
    expect(bytes(account('u', { name: x })) - bytes(account('u'))).toBe(100)
    expect(bytes(account('u', { signInName: x })) - bytes(account('u'))).toBe(200)
    expect(bytes(account('u', { localAccountId: x })) - bytes(account('u', { localAccountId: '' }))).toBe(100)
    expect(bytes(account('u', { username: x })) - bytes(account('u', { username: '' }))).toBe(200)
    expect(bytes(accessToken('u', { secret: x })) - bytes(accessToken('u', { secret: '' }))).toBe(100)
    expect(bytes(refreshToken('u', { msal: { key: x } })) - bytes(refreshToken('u'))).toBeGreaterThan(100)
    expect(
      bytes({ kind: 'Foreign', section: 'S', value: x }) - bytes({ kind: 'Foreign', section: 'S', value: '' }),
    ).toBe(100)
    expect(bytes({ kind: 'Foreign', section: 'S', value: undefined })).toBeGreaterThan(0)
    expect(bytes({ ...sealed, usernames: [x], localAccountId: x }) - bytes(sealed)).toBe(200)
  })

  it('is a positive whole number', () => {
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      expect(() => createMemoryStore({ maxUsers: limit })).toThrow('maxUsers is not a positive whole number')
      expect(() => createMemoryStore({ maxBytes: limit })).toThrow('maxBytes is not a positive whole number')
    }
  })
})
