import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AccessTokenEntity, type StoredEntity, sharedPartition } from '../../src/cache/entities.ts'
import { entityKey } from '../../src/cache/keys.ts'
import { MsalDocument } from '../../src/cache/msal-document.ts'
import { importMsalCache } from '../../src/cache/msal-import.ts'
import type { CredentialStore } from '../../src/cache/store.ts'
import { createMemoryStore } from '../../src/cache/stores/memory.ts'
import { json, oddNames } from './msal-entities.ts'

const client = '22222222-3333-4444-8555-666666666666'
const tenant = '11111111-2222-4333-8444-555555555555'
const ada = `aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee.${tenant}`
const common = { home_account_id: ada, environment: 'login.windows.net', client_id: client }
const refreshToken = { ...common, credential_type: 'RefreshToken', secret: 'RT', last_modification_time: '1000' }
const refreshKey = `${ada}-login.windows.net-refreshtoken-${client}---`

function createStore(): CredentialStore {
  return createMemoryStore({ now: () => -1 })
}

async function contents(store: CredentialStore): Promise<Map<string, Map<string, StoredEntity>>> {
  const found = new Map<string, Map<string, StoredEntity>>()
  for await (const partition of store.partitions()) found.set(partition, new Map(await store.read(partition)))
  return found
}

/** What our reader of whole files finds in a text. */
function expected(text: string): Map<string, Map<string, StoredEntity>> {
  const document = MsalDocument.parse(text)
  const names = [...document.partitions(), sharedPartition]
  return new Map(names.map((name) => [name, new Map(document.read(name))] as const).filter(([, { size }]) => size > 0))
}

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

function accessToken(cachedAt: number, more: Partial<AccessTokenEntity> = {}): AccessTokenEntity {
  return {
    kind: 'AccessToken',
    homeAccountId: ada,
    environment: 'login.windows.net',
    clientId: client,
    tenantId: tenant,
    scopes: ['User.Read'],
    secret: `AT of ${cachedAt}`,
    cachedAt,
    expiresOn: 5_000,
    ...more,
  }
}

function accessTokenText(
  cachedAt: number,
  key = `${ada}-login.windows.net-accesstoken-${client}-${tenant}-user.read-`,
) {
  const value = {
    ...common,
    credential_type: 'AccessToken',
    secret: `AT of ${cachedAt}`,
    realm: tenant,
    target: 'User.Read',
    cached_at: String(cachedAt),
    expires_on: '5000',
  }
  return JSON.stringify({ AccessToken: { [key]: value } })
}

describe('importMsalCache', () => {
  const homes = fc.constantFrom(ada, 'ADA.t', 'u.t', '__proto__', '', 7, undefined)
  const values = fc.oneof(
    { weight: 1, arbitrary: json },
    {
      weight: 4,
      arbitrary: fc.record(
        {
          home_account_id: homes,
          environment: fc.constantFrom('login.windows.net', 'login.microsoftonline.com', 'sts.contoso.example'),
          client_id: fc.constantFrom('c', 'C'),
          secret: fc.string(),
          realm: fc.constantFrom('t', ''),
          target: fc.constantFrom('b a', 'A'),
          cached_at: fc.constantFrom('5', '6', 7),
          expires_on: fc.constantFrom('5', '6', 'x'),
          last_modification_time: fc.constantFrom('5', '6', 'x'),
          username: fc.string({ unit: 'grapheme' }),
          tenantProfiles: fc.constantFrom(['{"tenantId":"t"}', '{"tenantId":"u","username":"é"}'], ['x']),
          x: json,
        },
        { requiredKeys: ['home_account_id', 'environment', 'client_id', 'secret'] },
      ),
    },
  )
  const section = fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...oddNames, '["p","k"]'), fc.string()), values), { maxLength: 6 })
    .map((entries) => Object.fromEntries(entries) as unknown)
  const names = fc.constantFrom(
    ...['Account', 'IdToken', 'AccessToken', 'RefreshToken', 'AppMetadata', 'ropc_sealed'],
    ...['__proto__', 'Other'],
  )
  const caches = fc
    .array(fc.tuple(names, fc.oneof({ weight: 5, arbitrary: section }, json)), { maxLength: 6 })
    .map((members) => JSON.stringify(Object.fromEntries(members)))

  it('puts into an empty store what the reader of whole files finds, from text, bytes and pieces', async () => {
    await fc.assert(
      fc.asyncProperty(caches, fc.integer({ min: 1, max: 50 }), async (text, length) => {
        const wanted = expected(text)
        const bytes = new TextEncoder().encode(text)
        for (const source of [text, bytes, inPieces(bytes, length), Readable.from([bytes])]) {
          const store = createStore()
          const found = await importMsalCache(store, source)
          expect(await contents(store)).toEqual(wanted)
          expect(found.users).toBe([...wanted.keys()].filter((name) => name !== sharedPartition).length)
        }
      }),
    )
  })

  it('counts users, entries, and those that it only carries along', async () => {
    const text = JSON.stringify({
      RefreshToken: { [refreshKey]: refreshToken },
      AccessToken: { atext: { ...common, credential_type: 'ATExt', secret: 's' } },
      AppMetadata: { m: { client_id: client, environment: 'login.windows.net' } },
      Other: 1,
    })
    expect(await importMsalCache(createStore(), text)).toEqual({ users: 1, entries: 4, foreign: 2 })
    expect(await importMsalCache(createStore(), '{}')).toEqual({ users: 0, entries: 0, foreign: 0 })
  })

  it('takes the newer of two tokens from another library and from the store, and deletes nothing', async () => {
    const store = createStore()
    const other = accessToken(1, { clientId: 'other' })
    const old = accessToken(2_000, { askedScopes: '.default' })
    await store.apply(ada, { put: { [entityKey(old)]: old, [entityKey(other)]: other } })
    await importMsalCache(store, accessTokenText(1_999))
    expect((await store.read(ada)).get(entityKey(old))).toEqual(old)
    await importMsalCache(store, accessTokenText(2_000))
    expect((await store.read(ada)).get(entityKey(old))).toEqual(old)
    await importMsalCache(store, accessTokenText(2_001))
    expect(await store.read(ada)).toEqual(
      new Map([
        [entityKey(old), accessToken(2_001)],
        [entityKey(other), other],
      ]),
    )
  })

  it('takes another token of the same age from the source', async () => {
    const store = createStore()
    const old = accessToken(2_000, { secret: 'another' })
    await store.apply(ada, { put: { [entityKey(old)]: old } })
    await importMsalCache(store, accessTokenText(2_000))
    expect([...(await store.read(ada)).values()]).toEqual([accessToken(2_000)])
  })

  it('keeps a refresh token that is newer than the one of the source, or of a source that tells no time', async () => {
    const store = createStore()
    const old: StoredEntity = {
      kind: 'RefreshToken',
      homeAccountId: ada,
      environment: 'login.windows.net',
      clientId: client,
      secret: 'newer',
      cachedAt: 1_001,
    }
    await store.apply(ada, { put: { [entityKey(old)]: old } })
    const { last_modification_time: _, ...timeless } = refreshToken
    for (const value of [refreshToken, timeless]) {
      await importMsalCache(store, JSON.stringify({ RefreshToken: { [refreshKey]: value } }))
      expect([...(await store.read(ada)).values()]).toEqual([old])
    }
    const newer = { ...refreshToken, last_modification_time: '1002' }
    await importMsalCache(store, JSON.stringify({ RefreshToken: { [refreshKey]: newer } }))
    expect([...(await store.read(ada)).values()]).toEqual([{ ...old, secret: 'RT', cachedAt: 1_002 }])
  })

  it('takes an account from the source, but keeps the name that the user signs in with', async () => {
    const store = createStore()
    const account: StoredEntity = {
      kind: 'Account',
      homeAccountId: ada,
      environment: 'login.windows.net',
      localAccountId: 'l',
      tenantId: tenant,
      username: 'old@contoso.example',
      signInName: 'ada',
    }
    await store.apply(ada, { put: { [entityKey(account)]: account } })
    const { client_id: _, ...value } = {
      ...common,
      realm: tenant,
      local_account_id: 'l',
      username: 'new@contoso.example',
    }
    await importMsalCache(store, JSON.stringify({ Account: { a: value } }))
    expect([...(await store.read(ada)).values()]).toEqual([{ ...account, username: 'new@contoso.example' }])
  })

  it('keeps users in the memory store whose refresh token tells no age, as those of MSAL Node', async () => {
    const store = createMemoryStore()
    const { last_modification_time: _, ...timeless } = refreshToken
    const { AccessToken } = JSON.parse(accessTokenText(1)) as { readonly AccessToken: unknown }
    await importMsalCache(store, JSON.stringify({ AccessToken, RefreshToken: { [refreshKey]: timeless } }))
    for (let write = 0; write < 5; write++) await store.apply('p', { put: { k: { kind: 'Sealed', secret: 's' } } })
    expect([...(await store.read(ada)).values()]).toMatchObject([{ kind: 'RefreshToken', cachedAt: 0 }])
  })

  it('takes the last of two entries that mean the same and tell no age, as our reader of whole files does', async () => {
    const idToken = (secret: string) => ({ ...common, credential_type: 'IdToken', realm: tenant, secret })
    const text = JSON.stringify({ IdToken: { a: idToken('first'), b: idToken('last') } })
    const store = createStore()
    await importMsalCache(store, text)
    expect([...(await store.read(ada)).values()]).toMatchObject([{ kind: 'IdToken', secret: 'last' }])
    expect(await contents(store)).toEqual(expected(text))
  })

  it('reads sealed entities of a store that gives them as they are', async () => {
    const store = createStore()
    const sealed = { secret: 'ciphertext' }
    const text = JSON.stringify({ ropc_sealed: { '["p","k"]': sealed, '["p","__proto__"]': sealed } })
    await importMsalCache(store, text)
    await importMsalCache(store, text)
    expect(await contents(store)).toEqual(
      new Map([
        [
          'p',
          new Map([
            ['k', { kind: 'Sealed', ...sealed }],
            ['__proto__', { kind: 'Sealed', ...sealed }],
          ]),
        ],
      ]),
    )
  })

  it('goes by read where a store cannot be peeked into', async () => {
    const { peek: _, ...store } = createMemoryStore({ now: () => -1 })
    const old = accessToken(2_001)
    await store.apply(ada, { put: { [entityKey(old)]: old } })
    await importMsalCache(store, accessTokenText(2_000))
    expect([...(await store.read(ada)).values()]).toEqual([old])
  })

  it('changes nothing when a source in one piece is damaged at its end', async () => {
    const text = `${accessTokenText(1)}!`
    for (const source of [text, new TextEncoder().encode(text)]) {
      const store = createStore()
      await expect(importMsalCache(store, source)).rejects.toMatchObject({
        code: 'ERR_CACHE_FORMAT',
        message: `this is no MSAL cache: there is text after its end, at character ${text.length - 1}`,
      })
      expect(await contents(store)).toEqual(new Map())
    }
  })

  it('keeps what stood before the damage of a source in pieces, or before the source failed', async () => {
    async function* failing(): AsyncGenerator<string> {
      yield accessTokenText(1).slice(0, -1)
      yield ' '.repeat(1 << 16)
      throw new TypeError('disk')
    }
    const store = createStore()
    await expect(importMsalCache(store, failing())).rejects.toThrow('disk')
    expect([...(await store.read(ada)).values()]).toEqual([accessToken(1)])

    const damaged = new TextEncoder().encode(`${accessTokenText(2)}!`)
    await expect(importMsalCache(store, inPieces(damaged, 100))).rejects.toMatchObject({ code: 'ERR_CACHE_FORMAT' })
    expect([...(await store.read(ada)).values()]).toEqual([accessToken(2)])
  })

  it('reads a user with more entries than others have, and the newest of those that mean the same', async () => {
    const entry = (index: number, at: number) => [
      `u.${tenant}-e-accesstoken-c${index}-${tenant}-a${'-'.repeat(at)}`,
      {
        ...{ home_account_id: `u.${tenant}`, environment: 'e', client_id: `c${index}`, realm: tenant, target: 'a' },
        ...{ secret: `AT ${index} ${at}`, cached_at: `${at}`, expires_on: `${at}` },
      },
    ]
    const indices = Array.from({ length: 50 }, (_, index) => index)
    const entries = [2, 3, 1].flatMap((at) => indices.map((index) => entry(index, at)))
    const store = createMemoryStore({ now: () => -1 })
    await importMsalCache(store, JSON.stringify({ AccessToken: Object.fromEntries(entries) }))
    const secrets = store.peek(`u.${tenant}`).map((entity) => 'secret' in entity && entity.secret)
    expect(secrets).toEqual(indices.map((index) => `AT ${index} 3`))
  })

  it('does not hide the failure of the store', async () => {
    const store: CredentialStore = {
      ...createStore(),
      async apply() {
        throw new TypeError('store')
      },
    }
    await expect(importMsalCache(store, accessTokenText(1))).rejects.toThrow('store')
  })

  it('reads a byte order mark over, at the beginning only', async () => {
    const text = `\ufeff${accessTokenText(1)}`
    const bytes = new TextEncoder().encode(text)
    for (const source of [text, bytes, inPieces(bytes, 1)]) {
      expect((await importMsalCache(createStore(), source)).entries).toBe(1)
    }
    await expect(importMsalCache(createStore(), `\ufeff${text}`)).rejects.toThrow('at character 0')
    const inside = JSON.stringify({ RefreshToken: { [refreshKey]: { ...refreshToken, secret: '\ufeff' } } })
    const store = createStore()
    await importMsalCache(store, inPieces(new TextEncoder().encode(inside), 7))
    expect([...(await store.read(ada)).values()]).toMatchObject([{ secret: '\ufeff' }])
  })

  it.each([
    ['a byte of no character', [0x7b, 0x22, 0xff], 2],
    ['a character cut off at the end', [0x7b, 0x22, 0xe2, 0x82], 4],
    ['a long form', [0x7b, 0xc0, 0x80], 1],
    ['bytes that only continue', [0x7b, 0x22, 0x80, 0x80, 0x80, 0x80], 2],
  ])('refuses %s, and says where', async (_, bytes, at) => {
    for (const source of [Uint8Array.from(bytes), inPieces(Uint8Array.from(bytes), 1)]) {
      await expect(importMsalCache(createStore(), source)).rejects.toMatchObject({
        code: 'ERR_CACHE_FORMAT',
        message: `this is no MSAL cache: it is not UTF-8, at byte ${at}`,
      })
    }
  })

  it('refuses text after half a character in bytes', async () => {
    async function* mixed(): AsyncGenerator<string | Uint8Array> {
      yield Uint8Array.from([0x7b, 0x22, 0xe2])
      yield '":1}'
    }
    await expect(importMsalCache(createStore(), mixed())).rejects.toMatchObject({ code: 'ERR_CACHE_FORMAT' })
  })

  it('reads more characters than the parts it decodes, none of them broken', async () => {
    const secrets = Array.from({ length: 40 }, (_, index) => `${'x'.repeat(index)}${'€😀é'.repeat(10_000)}`)
    const text = JSON.stringify({
      RefreshToken: Object.fromEntries(
        secrets.map((secret, index) => [`${refreshKey}${index}`, { ...refreshToken, client_id: `c${index}`, secret }]),
      ),
    })
    const store = createStore()
    await importMsalCache(store, new TextEncoder().encode(text))
    const found = [...(await store.read(ada)).values()]
    expect(found.map((entity) => 'secret' in entity && entity.secret)).toEqual(secrets)
  })
})

describe('a refresh token whose age MSAL Node does not tell', () => {
  const { last_modification_time: _, ...ageless } = refreshToken
  const accessToken = (cachedAt: number) => ({
    ...common,
    credential_type: 'AccessToken',
    secret: `AT ${cachedAt}`,
    realm: tenant,
    target: 'User.Read',
    cached_at: String(cachedAt),
    expires_on: '4000000000',
  })
  const cache = (secret: string, cachedAt: number) =>
    JSON.stringify({
      AccessToken: { at: accessToken(cachedAt) },
      RefreshToken: { [refreshKey]: { ...ageless, secret } },
    })
  const stored = async (store: CredentialStore) => {
    const tokens = [...(await store.read(ada)).values()].filter(({ kind }) => kind === 'RefreshToken')
    return tokens.map((token) => ('secret' in token ? token.secret : ''))
  }

  it('is as old as the access token beside it: the newer one stays, whichever was there first', async () => {
    const store = createMemoryStore()
    await importMsalCache(
      store,
      JSON.stringify({ RefreshToken: { [refreshKey]: { ...refreshToken, secret: 'dead' } } }),
    )
    await importMsalCache(store, cache('fresh', 3_000_000_000))
    expect(await stored(store)).toEqual(['fresh'])
    await importMsalCache(store, cache('older', 2_000_000_000))
    expect(await stored(store)).toEqual(['fresh'])
  })
})
