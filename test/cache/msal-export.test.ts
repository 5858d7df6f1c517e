import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type StoredEntity, sharedPartition } from '../../src/cache/entities.ts'
import { cacheHost, entityKey } from '../../src/cache/keys.ts'
import { exportMsalCache } from '../../src/cache/msal-export.ts'
import { importMsalCache } from '../../src/cache/msal-import.ts'
import type { CredentialStore } from '../../src/cache/store.ts'
import { createMemoryStore } from '../../src/cache/stores/memory.ts'
import { byKey, entitiesOf, json, oddNames, type Plain } from './msal-entities.ts'

const tenant = '11111111-2222-4333-8444-555555555555'
const ada = `aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee.${tenant}`
const bob = `bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee.${tenant}`

function createStore(): CredentialStore {
  return createMemoryStore({ now: () => -1 })
}

function withoutPeek({ peek: _, ...store }: CredentialStore): CredentialStore {
  return store
}

async function storeOf(...entities: readonly Plain[]): Promise<CredentialStore> {
  const store = createStore()
  for (const entity of entities) await store.apply(partitionOf(entity), { put: { [entityKey(entity)]: entity } })
  return store
}

function partitionOf(entity: Plain): string {
  return 'homeAccountId' in entity ? entity.homeAccountId : sharedPartition
}

async function textOf(store: CredentialStore, options?: Parameters<typeof exportMsalCache>[1]): Promise<string> {
  let text = ''
  for await (const piece of exportMsalCache(store, options)) text += piece
  return text
}

async function contents(store: CredentialStore): Promise<Map<string, Map<string, StoredEntity>>> {
  const found = new Map<string, Map<string, StoredEntity>>()
  for await (const partition of store.partitions()) found.set(partition, new Map(await store.read(partition)))
  return found
}

type Cache = Record<string, Record<string, Record<string, unknown>>>

/** The entries of a cache as JSON.parse sees them; throws where a name stands twice, which JSON.parse hides. */
function parseOnce(text: string): Cache {
  const cache = JSON.parse(text) as Cache
  expect(JSON.stringify(cache)).toHaveLength(text.length)
  return cache
}

function refreshToken(homeAccountId: string, more: object = {}): Plain {
  return {
    kind: 'RefreshToken',
    homeAccountId,
    environment: 'login.windows.net',
    clientId: 'c',
    secret: `RT of ${homeAccountId}`,
    cachedAt: 1_000,
    ...more,
  }
}

describe('exportMsalCache', () => {
  it('writes what importMsalCache reads back, with no name twice, from every kind of store', async () => {
    const homes = [ada, bob, 'ADA.t', 'ada.t', 'u', `${ada.toUpperCase()}`, ada.slice(0, 40)]
    const foreign = fc
      .tuple(fc.constantFrom(...oddNames, 'AccessToken', 'Other'), fc.constantFrom(...oddNames, `${ada}-x`), json)
      .map(([section, key, value]): Plain => ({ kind: 'Foreign', section, key, value: { odd: value } }))
    const entities = fc
      .tuple(...homes.map(entitiesOf), fc.array(foreign, { maxLength: 3 }))
      .map((lists) => lists.flat() as readonly Plain[])
    await fc.assert(
      fc.asyncProperty(entities, fc.boolean(), async (list, canPeek) => {
        const store = await storeOf(...list)
        const text = await textOf(canPeek ? store : withoutPeek(store))
        parseOnce(text)
        const again = createStore()
        await importMsalCache(again, text)
        const [before, after] = [await contents(store), await contents(again)]
        const metadata = (map: typeof before) => [...(map.get(sharedPartition)?.values() ?? [])]
        before.delete(sharedPartition)
        const shared = metadata(after)
        after.delete(sharedPartition)
        expect([...after.keys()].sort()).toEqual([...before.keys()].sort())
        for (const [partition, found] of after) {
          const wanted = [...(before.get(partition)?.values() ?? [])]
          expect([...found.keys()].sort()).toEqual(wanted.map((entity) => entityKey(entity as Plain)).sort())
        }
        const clients = new Set(
          list.flatMap((entity) =>
            'clientId' in entity ? [`${cacheHost(entity.environment)} ${entity.clientId}`] : [],
          ),
        )
        expect(shared.filter(({ kind }) => kind === 'AppMetadata')).toHaveLength(clients.size)
      }),
      { numRuns: 25 },
    )
  })

  it('writes the sections in the order of MSAL Node, empty ones too, then what others put there', async () => {
    expect(await textOf(createStore())).toBe(
      '{"Account":{},"IdToken":{},"AccessToken":{},"RefreshToken":{},"AppMetadata":{}}',
    )
    const store = createStore()
    await importMsalCache(store, '{"b":7,"z":{"k":[1]},"RefreshToken":{},"AccessToken":null,"a":{"l":{}},"c":[2]}')
    expect(await textOf(store)).toBe(
      '{"Account":{},"IdToken":{},"AccessToken":{},"RefreshToken":{},"AppMetadata":{},"z":{"k":[1]},"a":{"l":{}},"b":7,"c":[2]}',
    )
  })

  it('gives each client its one AppMetadata entry, and keeps what is known of the family', async () => {
    const store = await storeOf(
      refreshToken(ada),
      refreshToken(bob),
      refreshToken(bob, { environment: 'login.microsoftonline.com', clientId: 'd' }),
      { kind: 'AppMetadata', clientId: 'c', environment: 'login.microsoftonline.com', familyId: '1' },
    )
    expect(parseOnce(await textOf(store))['AppMetadata']).toEqual({
      'appmetadata-login.microsoftonline.com-c': {
        client_id: 'c',
        environment: 'login.microsoftonline.com',
        family_id: '1',
      },
      'appmetadata-login.windows.net-d': { client_id: 'd', environment: 'login.windows.net' },
    })
  })

  it('writes keys as the other libraries do when asked', async () => {
    const store = await storeOf(refreshToken(ada))
    const keys = async (keyDialect?: 'node' | 'schema') =>
      Object.keys(parseOnce(await textOf(store, keyDialect === undefined ? {} : { keyDialect }))['RefreshToken'] ?? {})
    expect(await keys()).toEqual([`${ada}-login.windows.net-refreshtoken-c---`])
    expect(await keys('node')).toEqual(await keys())
    expect(await keys('schema')).toEqual([`${ada}-login.windows.net-refreshtoken-c--`])
  })

  it('keeps users apart whose keys would be the same, and the usual user under the usual key', async () => {
    const upper = ada.toUpperCase()
    for (const order of [
      [ada, upper],
      [upper, ada],
    ]) {
      const cache = parseOnce(await textOf(await storeOf(...order.map((id) => refreshToken(id)))))
      const key = `${ada}-login.windows.net-refreshtoken-c---`
      expect(cache['RefreshToken']?.[key]?.['home_account_id']).toBe(ada)
      expect(cache['RefreshToken']?.[`${key}-2`]?.['home_account_id']).toBe(upper)
    }
    const subjects = parseOnce(await textOf(await storeOf(refreshToken('sub'), refreshToken('SUB'))))
    expect(Object.keys(subjects['RefreshToken'] ?? {})).toHaveLength(2)
    const [short, long] = [refreshToken('a', { environment: 'b-c.e' }), refreshToken('a-b', { environment: 'c.e' })]
    expect(Object.keys(parseOnce(await textOf(await storeOf(short, long)))['RefreshToken'] ?? {})).toHaveLength(2)
  })

  it('carries sealed entities under their keys', async () => {
    const store = createStore()
    const put = { k: { kind: 'Sealed', secret: 'ciphertext' }, l: { kind: 'Sealed', secret: 'other' } } as const
    await store.apply(ada, { put })
    const again = createStore()
    await importMsalCache(again, await textOf(store))
    expect(await contents(again)).toEqual(new Map([[ada, new Map(Object.entries(put))]]))
  })

  it('writes the same whether the store gives all users at once or one by one', async () => {
    const users = Array.from({ length: 150 }, (_, index) => refreshToken(`${ada.slice(0, 33)}${100 + index}.${tenant}`))
    const store = await storeOf(...users, { kind: 'AppMetadata', clientId: 'other', environment: 'login.windows.net' })
    const text = await textOf(store)
    expect(Object.keys(parseOnce(text)['RefreshToken'] ?? {})).toHaveLength(150)
    expect(await textOf(withoutPeek(store))).toBe(text)
  })

  it('yields pieces of about 64 Ki characters', async () => {
    const users = Array.from({ length: 2_000 }, (_, index) => refreshToken(`u${index}.${tenant}`))
    const store = await storeOf(...users)
    const lengths: number[] = []
    for await (const piece of exportMsalCache(store)) lengths.push(piece.length)
    expect(lengths.length).toBeGreaterThan(5)
    expect(Math.max(...lengths)).toBeLessThan(70_000)
    expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThanOrEqual(1 << 16)
  })

  it('stays valid when users come and go meanwhile', async () => {
    const store = await storeOf(...Array.from({ length: 500 }, (_, index) => refreshToken(`u${index}.${tenant}`)))
    let text = ''
    let count = 0
    for await (const piece of exportMsalCache(store)) {
      text += piece
      await store.drop(`u${count}.${tenant}`)
      const late = refreshToken(`late${count++}.${tenant}`, { clientId: `c${count}` })
      await store.apply(partitionOf(late), { put: { [entityKey(late)]: late } })
    }
    parseOnce(text)
  })

  it('refuses entities of another user than the partition is named for', async () => {
    const store = createStore()
    await store.apply(bob, { put: Object.fromEntries(byKey([refreshToken(ada)])) })
    await expect(textOf(store)).rejects.toMatchObject({ code: 'ERR_CACHE_WRITE' })
  })
})
