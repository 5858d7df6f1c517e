import { afterEach, describe, expect, it, vi } from 'vitest'
import { type StoredEntity, sharedPartition } from '../../../src/cache/entities.ts'
import { entityKey } from '../../../src/cache/keys.ts'
import type { CredentialStore } from '../../../src/cache/store.ts'
import type { MsalCachePlugin } from '../../../src/cache/stores/cache-plugin.ts'
import { createMemoryStore } from '../../../src/cache/stores/memory.ts'
import { createMsalCachePlugin } from '../../../src/cache/stores/msal-cache-plugin.ts'

const host = 'login.windows.net'
const client = 'client-1'

type Section = Record<string, Record<string, unknown>>
type Sections = Record<string, Section>

/**
 * MSAL Node as far as a plug-in sees it: one memory for all calls, `deserialize` adds to it, `serialize` lays it over the
 * last text, entries of an unknown credential type are lost on the way, a new access token removes the one it replaces.
 */
class Msal {
  memory: Sections = {}
  #snapshot: Sections = {}
  readonly #plugin: MsalCachePlugin
  constructor(plugin: MsalCachePlugin) {
    this.#plugin = plugin
  }

  deserialize(text: string): void {
    this.#snapshot = JSON.parse(text)
    for (const [name, section] of Object.entries(this.#snapshot)) {
      if (!['Account', 'AccessToken', 'RefreshToken', 'IdToken', 'AppMetadata'].includes(name)) continue
      const known = Object.entries(section).filter(([, value]) => value['credential_type'] !== 'ATExt')
      this.memory[name] = { ...this.memory[name], ...Object.fromEntries(known) }
    }
  }

  serialize(): string {
    const merged: Sections = { ...this.#snapshot }
    for (const [name, section] of Object.entries(this.memory)) {
      const entry = ([key, value]: [string, object]) => [key, { ...this.#snapshot[name]?.[key], ...value }]
      merged[name] = Object.fromEntries(Object.entries(section).map(entry))
    }
    return JSON.stringify(merged)
  }

  async access(writes: boolean, work: () => void | Promise<void> = () => {}): Promise<void> {
    const context = { tokenCache: this, cache: this, hasChanged: writes, cacheHasChanged: writes }
    try {
      await this.#plugin.beforeCacheAccess(context)
      await work()
    } finally {
      await this.#plugin.afterCacheAccess(context)
    }
  }

  /** As `acquireTokenSilent` begins. */
  reload(): Promise<void> {
    this.memory = {}
    return this.access(false)
  }

  save(...entries: (readonly [section: string, key: string, value: Record<string, unknown>])[]): Promise<void> {
    return this.access(true, () => this.put(...entries))
  }

  put(...entries: (readonly [section: string, key: string, value: Record<string, unknown>])[]): void {
    for (const [section, key, value] of entries) {
      const isReplaced = ([, old]: [string, Record<string, unknown>]) =>
        section === 'AccessToken' && old['home_account_id'] === value['home_account_id']
      const others = Object.entries(this.memory[section] ?? {}).filter((entry) => !isReplaced(entry))
      this.memory[section] = { ...Object.fromEntries(others), [key]: value }
    }
  }

  remove(user: string): void {
    for (const section of Object.values(this.memory)) {
      for (const [key, value] of Object.entries(section)) if (value['home_account_id'] === user) delete section[key]
    }
  }

  users(): unknown[] {
    return Object.values(this.memory['Account'] ?? {}).map((account) => account['username'])
  }
}

/** What msal-node saves at a sign-in. */
function signIn(name: string, secret = '1', tail = '---') {
  const user = `${name}.t`
  const common = { home_account_id: user, environment: host, client_id: client }
  const account = {
    home_account_id: user,
    environment: host,
    realm: 't',
    local_account_id: name,
    username: `${name}@contoso.example`,
    authority_type: 'MSSTS',
  }
  const refreshToken = { ...common, credential_type: 'RefreshToken', secret: `rt-${name}-${secret}` }
  const accessToken = {
    ...common,
    credential_type: 'AccessToken',
    realm: 't',
    target: 'User.Read',
    secret: `at-${name}-${secret}`,
    cached_at: '1800000000',
    expires_on: '1800003600',
    extended_expires_on: '1800003600',
    token_type: 'Bearer',
  }
  return [
    ['Account', `${user}-${host}-t`, account],
    ['RefreshToken', `${user}-${host}-refreshtoken-${client}${tail}`, refreshToken],
    ['AccessToken', `${user}-${host}-accesstoken-${client}-t-user.read-`, accessToken],
  ] as const
}

async function secrets(store: CredentialStore, partition: string): Promise<string[]> {
  return [...(await store.read(partition)).values()].flatMap((entity) => ('secret' in entity ? [entity.secret] : []))
}

async function put(store: CredentialStore, partition: string, ...entities: StoredEntity[]): Promise<void> {
  const keyed = entities.map((entity) => [entityKey(entity as never), entity])
  await store.apply(partition, { put: Object.fromEntries(keyed) })
}

function counting(store: CredentialStore): CredentialStore & { readonly changes: string[] } {
  const changes: string[] = []
  return {
    ...store,
    changes,
    apply(partition, change) {
      changes.push(`${partition} +${Object.keys(change.put ?? {}).length} -${change.del?.length}`)
      return store.apply(partition, change)
    },
  }
}

afterEach(() => void vi.useRealTimers())

describe('createMsalCachePlugin', () => {
  it('keeps what MSAL saves, and gives it back to the next one', async () => {
    const store = createMemoryStore()
    const first = new Msal(createMsalCachePlugin(store))
    await first.save(...signIn('ada'))
    await first.save(...signIn('bob'))
    const second = new Msal(createMsalCachePlugin(store))
    await second.reload()
    expect(second.users().sort()).toEqual(['ada@contoso.example', 'bob@contoso.example'])
    expect((await secrets(store, 'ada.t')).sort()).toEqual(['at-ada-1', 'rt-ada-1'])
    expect(await store.findPartitions('username', 'ada@contoso.example')).toEqual(['ada.t'])
  })

  it('loads every one of many users', async () => {
    const store = createMemoryStore()
    const names = Array.from({ length: 100 }, (_, index) => `user${index}`)
    await new Msal(createMsalCachePlugin(store)).save(...names.flatMap((name) => signIn(name)))
    const msal = new Msal(createMsalCachePlugin(store))
    await msal.reload()
    expect(msal.users()).toHaveLength(100)
  })

  it('writes only what MSAL changed', async () => {
    const store = counting(createMemoryStore())
    const msal = new Msal(createMsalCachePlugin(store))
    await msal.save(...signIn('ada'))
    await msal.save(...signIn('bob'))
    await msal.save()
    await msal.save(...signIn('ada', '2'))
    expect(store.changes).toEqual(['ada.t +3 -0', 'bob.t +3 -0', 'ada.t +2 -0'])
  })

  it('leaves alone what others stored in the meantime', async () => {
    const store = createMemoryStore()
    const msal = new Msal(createMsalCachePlugin(store))
    const other = new Msal(createMsalCachePlugin(store))
    await msal.save(...signIn('ada'))
    await msal.access(true, async () => {
      await other.save(...signIn('bob'))
      await other.save(...signIn('ada', 'of the other').slice(1, 2))
      msal.put(...signIn('cy'))
    })
    expect(await secrets(store, 'bob.t')).toHaveLength(2)
    expect(await secrets(store, 'ada.t')).toContain('rt-ada-of the other')
    expect(await secrets(store, 'cy.t')).toHaveLength(2)
  })

  it('signs out who is signed out in MSAL, and nobody else', async () => {
    const store = createMemoryStore()
    const msal = new Msal(createMsalCachePlugin(store))
    await msal.save(...signIn('ada'), ...signIn('bob'))
    await msal.access(true, () => msal.remove('ada.t'))
    expect((await store.read('ada.t')).size).toBe(0)
    expect((await store.read('bob.t')).size).toBe(3)
  })

  it('does not bring back who was signed out elsewhere, though MSAL still has the user in memory', async () => {
    const store = createMemoryStore()
    const msal = new Msal(createMsalCachePlugin(store))
    await msal.save(...signIn('ada'))
    await store.drop('ada.t')
    await msal.save(...signIn('bob'))
    expect(msal.users()).toHaveLength(2)
    await msal.access(true, () => void delete msal.memory['RefreshToken']?.[signIn('ada')[1][1]])
    expect((await store.read('ada.t')).size).toBe(0)
    // But whoever signs in again is there, account and all.
    await msal.save(...signIn('ada', '2'))
    expect((await store.read('ada.t')).size).toBe(3)
  })

  it('deletes nothing of what MSAL loses: other token types, other sections', async () => {
    const store = createMemoryStore()
    const bound = { home_account_id: 'ada.t', credential_type: 'ATExt', client_id: client, secret: 'bound' }
    const foreign: StoredEntity = { kind: 'Foreign', section: 'AccessToken', key: 'atext', value: bound }
    await put(store, 'ada.t', foreign)
    await put(store, sharedPartition, { kind: 'Foreign', section: 'Other', key: 'x', value: { a: 1 } })
    const msal = new Msal(createMsalCachePlugin(store))
    await msal.save(...signIn('ada'))
    await msal.access(true, () => msal.remove('ada.t'))
    expect([...(await store.read('ada.t')).values()]).toEqual([foreign])
    expect((await store.read(sharedPartition)).size).toBe(1)
  })

  it('keeps app metadata, which belongs to no user', async () => {
    const store = createMemoryStore()
    const msal = new Msal(createMsalCachePlugin(store, { homeAccountId: 'ada.t' }))
    const metadata = { client_id: client, environment: host, family_id: '1' }
    await msal.save(['AppMetadata', `appmetadata-${host}-${client}`, metadata])
    expect([...(await store.read(sharedPartition)).values()]).toMatchObject([{ kind: 'AppMetadata', familyId: '1' }])
    await msal.reload()
    expect(Object.keys(msal.memory['AppMetadata'] ?? {})).toHaveLength(1)
  })

  it('loads one user only, if asked to, and files whoever signs in under their own name', async () => {
    const store = createMemoryStore()
    await new Msal(createMsalCachePlugin(store)).save(...signIn('ada'), ...signIn('bob'))
    const listed = { ...store, partitions: () => expect.unreachable() }
    const msal = new Msal(createMsalCachePlugin(listed, { homeAccountId: 'ada.t' }))
    await msal.save(...signIn('cy'))
    expect(msal.users().sort()).toEqual(['ada@contoso.example', 'cy@contoso.example'])
    expect(await secrets(store, 'ada.t')).toEqual(['rt-ada-1', 'at-ada-1'])
    expect(await secrets(store, 'cy.t')).toHaveLength(2)
    expect((await store.read('bob.t')).size).toBe(3)
  })

  it('takes the new refresh token of two, whatever version of MSAL wrote it, as young as it is', async () => {
    vi.useFakeTimers({ now: 1_900_000_000_000, toFake: ['Date'] })
    const store = createMemoryStore()
    const now = 1_900_000_000
    await put(store, 'ada.t', {
      ...{ kind: 'RefreshToken', homeAccountId: 'ada.t', environment: host, clientId: client, secret: 'ours' },
      ...{ cachedAt: now - 9_000, expiresOn: now + 1_000 },
    } as StoredEntity)
    for (const [secret, tail] of ['---', '----', '--', '---'].entries()) {
      const msal = new Msal(createMsalCachePlugin(store))
      await msal.reload()
      await msal.save(...signIn('ada', String(secret), tail))
      const tokens = [...(await store.read('ada.t')).values()].filter(({ kind }) => kind === 'RefreshToken')
      expect(tokens).toEqual([expect.objectContaining({ secret: `rt-ada-${secret}`, cachedAt: now })])
      expect(tokens[0]).not.toHaveProperty('expiresOn')
    }
  })

  it('keeps users whom MSAL forgets for another call, while a sign-in is under way', async () => {
    const store = createMemoryStore()
    const msal = new Msal(createMsalCachePlugin(store))
    await msal.save(...signIn('ada'), ...signIn('bob'))
    let reload: Promise<void> | undefined
    await msal.access(true, () => {
      reload = msal.reload()
      msal.put(...signIn('cy'))
    })
    await reload
    expect(msal.users()).toHaveLength(3)
    for (const user of ['ada.t', 'bob.t', 'cy.t']) expect((await store.read(user)).size).toBe(3)
  })

  it('has one call after the other change the cache, so that an old token never replaces a new one', async () => {
    const store = createMemoryStore()
    const msal = new Msal(createMsalCachePlugin(store))
    await msal.save(...signIn('ada'))
    await Promise.all([
      msal.access(true, async () => {
        msal.put(...signIn('ada', '2'))
        await new Promise((resolve) => setTimeout(resolve, 5))
      }),
      msal.access(false),
      msal.save(...signIn('bob')),
    ])
    expect((await secrets(store, 'ada.t')).sort()).toEqual(['at-ada-2', 'rt-ada-2'])
    expect((await store.read('bob.t')).size).toBe(3)
  })

  it('does not wait for ever for a call that never ends', async () => {
    vi.useFakeTimers()
    const store = createMemoryStore()
    const plugin = createMsalCachePlugin(store)
    const msal = new Msal(plugin)
    await plugin.beforeCacheAccess({ tokenCache: msal, cache: msal, hasChanged: true, cacheHasChanged: true })
    const saved = msal.save(...signIn('ada'))
    await vi.advanceTimersByTimeAsync(4_999)
    expect((await store.read('ada.t')).size).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    await saved
    expect((await store.read('ada.t')).size).toBe(3)
  })

  it('changes nothing when the store could not be read, and says so', async () => {
    const store = createMemoryStore()
    let isDown = false
    const flaky = counting({
      ...store,
      read: async (partition) => (isDown ? Promise.reject(new Error('down')) : store.read(partition)),
    })
    const msal = new Msal(createMsalCachePlugin(flaky))
    await msal.save(...signIn('ada'))
    isDown = true
    await expect(msal.save(...signIn('bob'))).rejects.toThrow('down')
    isDown = false
    const started = performance.now()
    expect(flaky.changes).toEqual(['ada.t +3 -0'])
    await msal.save(...signIn('bob'))
    expect((await store.read('bob.t')).size).toBe(3)
    expect(performance.now() - started).toBeLessThan(1_000)
  })

  it('takes the end of an access once, and leaves no timer behind', async () => {
    vi.useFakeTimers()
    const store = counting(createMemoryStore())
    const plugin = createMsalCachePlugin(store)
    const msal = new Msal(plugin)
    const context = { tokenCache: msal, cache: msal, hasChanged: true, cacheHasChanged: true }
    await plugin.beforeCacheAccess(context)
    msal.put(...signIn('ada'))
    await plugin.afterCacheAccess(context)
    await plugin.afterCacheAccess(context)
    expect(store.changes).toEqual(['ada.t +3 -0'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets the next call in when the store could not be written', async () => {
    const store = createMemoryStore()
    const plugin = createMsalCachePlugin({ ...store, apply: () => Promise.reject(new Error('full')) })
    const msal = new Msal(plugin)
    await expect(msal.save(...signIn('ada'))).rejects.toThrow('full')
    await expect(msal.reload()).resolves.toBeUndefined()
  })
})
