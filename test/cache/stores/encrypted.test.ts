import { createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import Keyv from 'keyv'
import { describe, expect, it } from 'vitest'
import type {
  AccessTokenEntity,
  AccountEntity,
  ForeignEntity,
  RefreshTokenEntity,
  SealedEntity,
  StoredEntity,
} from '../../../src/cache/entities.ts'
import { entityKey } from '../../../src/cache/keys.ts'
import type { CredentialStore } from '../../../src/cache/store.ts'
import { type EncryptionOptions, encryptedStore } from '../../../src/cache/stores/encrypted.ts'
import { createKeyvStore } from '../../../src/cache/stores/keyv.ts'
import { createMemoryStore } from '../../../src/cache/stores/memory.ts'
import { CacheError, InvalidArgumentError } from '../../../src/errors.ts'
import { storeContract } from '../../contract/store.ts'

storeContract('the encrypted memory store', () => encryptedStore(createMemoryStore(), randomBytes(32)))
storeContract('the encrypted Keyv store', () =>
  encryptedStore(createKeyvStore(new Keyv()), async () => randomBytes(32)),
)
storeContract('the store encrypted twice', () =>
  encryptedStore(encryptedStore(createMemoryStore(), randomBytes(32)), randomBytes(32)),
)

const user = 'ada-uid.contoso-utid'
const account: AccountEntity = {
  kind: 'Account',
  homeAccountId: user,
  environment: 'login.windows.net',
  localAccountId: 'Local-Object-Id',
  tenantId: 'tenant-id',
  username: 'Ada.Lovelace@contoso.example',
  signInName: 'SignIn.Name@contoso.example',
  name: 'Ada, Countess of Lovelace',
}
const accessToken: AccessTokenEntity = {
  kind: 'AccessToken',
  homeAccountId: user,
  environment: 'login.windows.net',
  clientId: 'client-id',
  tenantId: 'tenant-id',
  scopes: ['user.read'],
  secret: 'the-access-token',
  cachedAt: 4_000_000_000,
  expiresOn: 4_000_003_600,
}
const refreshToken: RefreshTokenEntity = {
  kind: 'RefreshToken',
  homeAccountId: user,
  environment: 'login.windows.net',
  clientId: 'client-id',
  secret: 'the-refresh-token',
  cachedAt: 4_000_000_000,
}
const foreign: ForeignEntity = { kind: 'Foreign', section: 'Other', key: 'k', value: { secret: 'of another library' } }
const refreshKey = entityKey(refreshToken)

function setup(options?: EncryptionOptions): { inner: CredentialStore; key: Buffer; store: CredentialStore } {
  const inner = createMemoryStore()
  const key = randomBytes(32)
  return { inner, key, store: encryptedStore(inner, key, options) }
}

function putting(...entities: readonly Exclude<StoredEntity, SealedEntity>[]): { put: Record<string, StoredEntity> } {
  return { put: Object.fromEntries(entities.map((entity) => [entityKey(entity), entity])) }
}

async function sealedOf(inner: CredentialStore, partition: string, key: string): Promise<SealedEntity> {
  const entity = (await inner.read(partition)).get(key)
  if (entity?.kind !== 'Sealed') throw new Error('not sealed')
  return entity
}

const cannotDecrypt = { name: 'CacheError', code: 'ERR_CACHE_KEY', message: expect.stringContaining('decrypted') }

describe('what the inner store gets to see', () => {
  it('has no name, token or id of the user, neither as it is nor as base64 or hexadecimal', async () => {
    const { inner, store } = setup()
    await store.apply(user, putting(account, accessToken, refreshToken, foreign))
    const held = [...(await inner.read(user)).values()]
    // Sealed text is base64url: what is inside the envelope counts too.
    const bytes = held.map((entity) => ('secret' in entity ? Buffer.from(entity.secret.slice(3), 'base64url') : ''))
    const seen = `${JSON.stringify(held)}${bytes.map((part) => part.toString('latin1')).join()}`.toLowerCase()
    const secrets = [
      account.username,
      account.signInName,
      account.name,
      account.localAccountId,
      account.homeAccountId,
      accessToken.secret,
      refreshToken.secret,
      'of another library',
      'Lovelace',
      'SignIn',
      'contoso.example',
    ].map(String)
    for (const text of secrets.flatMap((secret) => [secret, secret.toLowerCase()])) {
      for (const encoding of ['utf8', 'hex', 'base64', 'base64url'] as const) {
        // At each of the three ways that a text may be aligned within base64; its ends depend on the neighbours.
        for (const pad of ['', '\0', '\0\0']) {
          const encoded = Buffer.from(pad + text).toString(encoding)
          const middle = encoding.startsWith('base64') ? encoded.slice(4, -4) : encoded
          // Four characters of one case are in ciphertext by chance, now and then.
          if (middle.length > 5) expect(seen).not.toContain(middle.toLowerCase())
        }
      }
    }
    expect(held.map(({ kind }) => kind)).toEqual(['Sealed', 'Sealed', 'Sealed', 'Sealed'])
  })

  it('has when tokens end, so that it can forget them, and of an entry without end the year 9999', async () => {
    const { inner, store } = setup()
    await store.apply(user, putting(account, accessToken, refreshToken, foreign))
    const sealed = async (entity: Parameters<typeof entityKey>[0]) => sealedOf(inner, user, entityKey(entity))
    expect(await sealed(accessToken)).toEqual({
      kind: 'Sealed',
      secret: expect.stringMatching(/^v1\.[\w-]+$/),
      expiresOn: accessToken.expiresOn,
    })
    expect((await sealed(refreshToken)).expiresOn).toBe(refreshToken.cachedAt + 90 * 86_400)
    expect((await sealed(foreign)).expiresOn).toBe(253_402_300_799)
    expect(await sealed(account)).toEqual({
      kind: 'Sealed',
      secret: expect.any(String),
      usernames: [expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/)],
      localAccountId: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it('has hashes that another key does not repeat, and one where the name that was signed in with is the same', async () => {
    const hashes = await Promise.all(
      [0, 1].map(async () => {
        const { inner, store } = setup()
        await store.apply(user, putting({ ...account, signInName: account.username.toUpperCase() }))
        const { usernames = [], localAccountId } = await sealedOf(inner, user, entityKey(account))
        expect(usernames).toHaveLength(1)
        return [...usernames, localAccountId]
      }),
    )
    expect(new Set(hashes.flat()).size).toBe(4)
  })

  it('is in a form that other programs can read, and later versions have to', async () => {
    const { inner, key, store } = setup()
    await store.apply(user, putting(account))
    const sealed = await sealedOf(inner, user, entityKey(account))
    const derive = (info: string): Buffer => Buffer.from(hkdfSync('sha256', key, '', info, 32))
    const bytes = Buffer.from(sealed.secret.replace('v1.', ''), 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', derive('ropc-client cache v1.encryption'), bytes.subarray(0, 12))
    decipher.setAAD(Buffer.from(`ropc-client cache entity v1.${JSON.stringify([user, entityKey(account)])}`))
    decipher.setAuthTag(bytes.subarray(-16))
    const text = `${decipher.update(bytes.subarray(12, -16), undefined, 'utf8')}${decipher.final('utf8')}`
    expect(JSON.parse(text)).toEqual(account)
    const hash = (...entry: string[]): string =>
      createHmac('sha256', derive('ropc-client cache v1.names')).update(JSON.stringify(entry)).digest('hex')
    expect(sealed.localAccountId).toBe(hash('localAccountId', account.localAccountId))
    expect(sealed.usernames).toEqual([
      hash('username', 'ada.lovelace@contoso.example'),
      hash('username', 'signin.name@contoso.example'),
    ])
  })

  it('has no name in a search for a user', async () => {
    const asked: string[] = []
    const inner: CredentialStore = {
      ...createMemoryStore(),
      async findPartitions(_index, value) {
        asked.push(value)
        return []
      },
    }
    await encryptedStore(inner, randomBytes(32)).findPartitions('username', account.username)
    expect(asked).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
  })

  it('is another text each time that the same entity is written, with another nonce each', async () => {
    const nonces = new Set<string>()
    const inner: CredentialStore = {
      ...createMemoryStore(),
      async apply(_partition, { put = {} }) {
        for (const entity of Object.values(put)) if ('secret' in entity) nonces.add(entity.secret.slice(3, 19))
      },
    }
    const put = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [String(index), refreshToken]))
    await encryptedStore(inner, randomBytes(32)).apply(user, { put })
    expect(nonces.size).toBe(10_000)
  })
})

describe('reading', () => {
  it('gives back any entity as JSON would, whatever is in it and wherever it stands', async () => {
    const { store } = setup()
    // Any UTF-16, halves of surrogate pairs among it.
    const text = fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units))
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
        async (partition, key, fields) => {
          const entity = { ...foreign, value: fields }
          await store.apply(partition, { put: { [key]: entity } })
          expect((await store.read(partition)).get(key)).toEqual(JSON.parse(JSON.stringify(entity)))
          await store.drop(partition)
        },
      ),
    )
  })

  it('fails with another key, and says what to do; nothing is reset', async () => {
    const { inner, store } = setup()
    await store.apply(user, putting(account, refreshToken))
    const other = encryptedStore(inner, randomBytes(32))
    await expect(other.read(user)).rejects.toMatchObject({ ...cannotDecrypt, hint: expect.stringContaining('key') })
    expect(await other.findPartitions('username', account.username)).toEqual([])
    expect((await store.read(user)).size).toBe(2)
  })

  it('fails whichever bit of a ciphertext is another', async () => {
    const { inner, store } = setup()
    await store.apply(user, putting(refreshToken))
    const sealed = await sealedOf(inner, user, refreshKey)
    const bytes = Buffer.from(sealed.secret.slice(3), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const secret = `v1.${changed.toString('base64url')}`
      await inner.apply(user, { put: { [refreshKey]: { ...sealed, secret } } })
      await expect(store.read(user)).rejects.toMatchObject(cannotDecrypt)
    }
  })

  it('fails whichever character of the text is another, even one that decodes to the same bytes', async () => {
    const { inner, store } = setup()
    await store.apply(user, putting(refreshToken))
    const sealed = await sealedOf(inner, user, refreshKey)
    const variants = [...sealed.secret].flatMap((character, at) =>
      (at < 5 || at > sealed.secret.length - 3 ? ['A', 'B', '=', '\n', 'v'] : ['A']).flatMap((other) =>
        other === character ? [] : [sealed.secret.slice(0, at) + other + sealed.secret.slice(at + 1)],
      ),
    )
    const spoiled = ['', 'v1.', 'v2.', sealed.secret.slice(0, -1), sealed.secret.slice(0, 20), `${sealed.secret}=`]
    for (const secret of [...variants, ...spoiled, undefined as unknown as string]) {
      await inner.apply(user, { put: { [refreshKey]: { ...sealed, secret } } })
      await expect(store.read(user)).rejects.toMatchObject(cannotDecrypt)
    }
  })

  it('fails for an entry that was moved to another user or another key, and for that user only', async () => {
    const { inner, store } = setup()
    await store.apply(user, putting(refreshToken, accessToken))
    await store.apply('mallory', putting(refreshToken))
    await store.apply('bob', putting(refreshToken))
    const sealed = await sealedOf(inner, user, refreshKey)
    await inner.apply('mallory', { put: { [refreshKey]: sealed } })
    await expect(store.read('mallory')).rejects.toMatchObject(cannotDecrypt)
    await inner.apply(user, { put: { [entityKey(accessToken)]: sealed } })
    await expect(store.read(user)).rejects.toMatchObject(cannotDecrypt)
    expect((await store.read('bob')).get(refreshKey)).toEqual(refreshToken)
    await store.drop(user)
    expect((await store.read(user)).size).toBe(0)
  })

  it.each([
    ['a","b', 'c', 'a', 'b","c'],
    ['ab', 'c', 'a', 'bc'],
  ])('tells user %j with key %j from user %j with key %j', async (partition, key, other, otherKey) => {
    const { inner, store } = setup()
    await store.apply(partition, { put: { [key]: refreshToken } })
    await inner.apply(other, { put: { [otherKey]: await sealedOf(inner, partition, key) } })
    await expect(store.read(other)).rejects.toMatchObject(cannotDecrypt)
  })

  it('does not take a plain entry, which anybody could have put there', async () => {
    const { inner, store } = setup()
    await inner.apply(user, putting(refreshToken))
    await expect(store.read(user)).rejects.toMatchObject({
      name: 'CacheError',
      code: 'ERR_CACHE_FORMAT',
      hint: expect.stringContaining('acceptPlain'),
    })
  })

  it("lets other libraries' entries through as they are", async () => {
    const { inner, store } = setup()
    const app = { kind: 'AppMetadata', clientId: 'client-id', environment: 'login.windows.net' } as const
    await inner.apply('msal:shared', putting(foreign, app))
    expect([...(await store.read('msal:shared')).values()]).toEqual([foreign, app])
  })
})

describe('moving to encryption', () => {
  it('reads and finds plain users where that is asked for, and encrypts them as the docs say', async () => {
    const { inner, key, store } = setup({ acceptPlain: true })
    await inner.apply(user, putting(account, refreshToken))
    await store.apply('bob', putting({ ...account, homeAccountId: 'bob' }))
    expect([...(await store.read(user)).values()]).toEqual([account, refreshToken])
    expect([...(await store.findPartitions('username', account.username))].sort()).toEqual([user, 'bob'])
    for await (const name of store.partitions()) {
      await store.apply(name, { put: Object.fromEntries(await store.read(name)) })
    }
    const strict = encryptedStore(inner, key)
    expect([...(await strict.read(user)).values()]).toEqual([account, refreshToken])
    expect(await strict.findPartitions('localAccountId', account.localAccountId)).toHaveLength(2)
    expect(await store.findPartitions('username', account.username)).toHaveLength(2)
  })

  it('compares secrets of plain entries too', async () => {
    const { inner, store } = setup({ acceptPlain: true })
    await inner.apply(user, putting(refreshToken))
    await store.apply(user, { del: [refreshKey], onlyIf: { [refreshKey]: 'another' } })
    expect((await inner.read(user)).size).toBe(1)
    await store.apply(user, { del: [refreshKey], onlyIf: { [refreshKey]: refreshToken.secret } })
    expect((await inner.read(user)).size).toBe(0)
  })
})

describe('a change with a condition', () => {
  it('does not happen if another process replaces the entry after the secret was compared', async () => {
    const { inner, key } = setup()
    const racing: CredentialStore = {
      ...inner,
      async apply(partition, change) {
        const replacement = { ...refreshToken, secret: 'newer' }
        await encryptedStore(inner, key).apply(partition, putting(replacement))
        await inner.apply(partition, change)
      },
    }
    await encryptedStore(inner, key).apply(user, putting(refreshToken))
    await encryptedStore(racing, key).apply(user, { del: [refreshKey], onlyIf: { [refreshKey]: refreshToken.secret } })
    expect((await encryptedStore(inner, key).read(user)).get(refreshKey)).toMatchObject({ secret: 'newer' })
  })

  it('fails, and changes nothing, if the entry does not decrypt', async () => {
    const { inner, store } = setup()
    await encryptedStore(inner, randomBytes(32)).apply(user, putting(refreshToken))
    const onlyIf = { [refreshKey]: refreshToken.secret }
    await expect(store.apply(user, { del: [refreshKey], onlyIf })).rejects.toMatchObject(cannotDecrypt)
    expect((await inner.read(user)).size).toBe(1)
  })

  it('does not happen if there is no such entry', async () => {
    const { inner, store } = setup()
    await store.apply(user, { ...putting(account), onlyIf: { [refreshKey]: refreshToken.secret } })
    expect((await inner.read(user)).size).toBe(0)
  })

  it('does not compare with what has no secret', async () => {
    const { inner, store } = setup()
    const key = entityKey(account)
    await store.apply(user, putting(account))
    await store.apply(user, { del: [key], onlyIf: { [key]: 'undefined' } })
    expect((await inner.read(user)).size).toBe(1)
  })
})

describe('the key', () => {
  it.each([
    ['too short', new Uint8Array(31)],
    ['too long', new Uint8Array(33)],
    ['a text', 'x'.repeat(32) as unknown as Uint8Array],
    ['missing', undefined as unknown as Uint8Array],
  ])('is refused at once if it is %s', (_, key) => {
    expect(() => encryptedStore(createMemoryStore(), key)).toThrow(InvalidArgumentError)
  })

  it('from a function is asked for at the first use and once, but again after a failure', async () => {
    let asked = 0
    const answers = [
      () => Promise.reject(new Error('the vault at https://user:pass@vault.example is down')),
      () => Promise.reject(new CacheError('ERR_CACHE_KEY', 'of our own', { step: 'cache' })),
      async () => new Uint8Array(5),
      async () => new Uint8Array(32).fill(7),
    ]
    const store = encryptedStore(createMemoryStore(), async () => (answers[asked++] ?? (() => Promise.reject()))())
    expect(asked).toBe(0)
    const failure = await store.read(user).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'CacheError', code: 'ERR_CACHE_KEY' })
    expect(inspect(failure)).not.toContain('vault.example')
    await expect(store.read(user)).rejects.toThrow('of our own')
    await expect(store.apply(user, putting(account))).rejects.toThrow(InvalidArgumentError)
    await Promise.all([store.apply(user, putting(account)), store.apply(user, putting(refreshToken))])
    expect((await store.read(user)).size).toBe(2)
    expect(asked).toBe(4)
  })

  it('does not show when the store is printed, and is not used itself', async () => {
    const { key, store, inner } = setup()
    await store.apply(user, putting(refreshToken))
    const shown = inspect(store, { depth: 10, showHidden: true }) + JSON.stringify(store)
    for (const text of [key.toString('hex'), key.toString('base64'), inspect(key)]) expect(shown).not.toContain(text)
    key.fill(0)
    await store.apply(user, putting(account))
    expect([...(await store.read(user)).keys()]).toHaveLength(2)
    expect((await inner.read(user)).size).toBe(2)
  })
})

describe('what the inner store can do besides', () => {
  it('stays available: running one at a time, and closing', async () => {
    const calls: unknown[] = []
    const inner: CredentialStore = {
      ...createMemoryStore(),
      peek: () => [],
      exclusive(name, ttlMs, run) {
        calls.push(this === inner, name, ttlMs)
        return run(new AbortController().signal)
      },
      async close() {
        calls.push(this === inner, 'closed')
      },
    }
    const store = encryptedStore(inner, randomBytes(32))
    expect(await store.exclusive?.('refresh', 5_000, async () => 'done')).toBe('done')
    await store.close?.()
    expect(calls).toEqual([true, 'refresh', 5_000, true, 'closed'])
    expect(store.peek).toBeUndefined()
  })

  it('is not claimed where it cannot', () => {
    const { exclusive, close, ...inner } = createMemoryStore()
    const store = encryptedStore(inner, randomBytes(32))
    expect([store.exclusive, store.close]).toEqual([undefined, undefined])
  })
})
