import { describe, expect, it } from 'vitest'
import type { AccountEntity, RefreshTokenEntity } from '../../../src/cache/entities.ts'
import { entityKey } from '../../../src/cache/keys.ts'
import { MsalDocument } from '../../../src/cache/msal-document.ts'
import {
  createCachePluginStore,
  type MsalCacheContext,
  type MsalCachePlugin,
} from '../../../src/cache/stores/cache-plugin.ts'
import { storeContract } from '../../contract/store.ts'

const ada: AccountEntity = {
  kind: 'Account',
  homeAccountId: 'ada.t',
  environment: 'login.windows.net',
  localAccountId: 'ada',
  tenantId: 't',
  username: 'ada@contoso.example',
}
const token: RefreshTokenEntity = {
  kind: 'RefreshToken',
  homeAccountId: 'ada.t',
  environment: 'login.windows.net',
  clientId: 'c',
  secret: 'secret-1',
  cachedAt: 4_000_000_000,
}
const adaKey = entityKey(ada)
const tokenKey = entityKey(token)
const all = { [adaKey]: ada, [tokenKey]: token }

/** A plug-in as applications write them: it loads before, and saves after what is said to have changed. */
class TextPlugin implements MsalCachePlugin {
  text: string | undefined
  saves = 0
  /** `before` and `after`, with `!` for an access that changes something. */
  calls: string[] = []

  async beforeCacheAccess(context: MsalCacheContext): Promise<void> {
    this.calls.push(`before${context.cacheHasChanged ? '!' : ''}`)
    if (this.text !== undefined) context.tokenCache.deserialize(this.text)
  }

  async afterCacheAccess(context: MsalCacheContext): Promise<void> {
    this.calls.push(`after${context.cacheHasChanged ? '!' : ''}`)
    if (!context.cacheHasChanged) return
    this.text = context.tokenCache.serialize()
    this.saves++
  }
}

/** One like msal-node-extensions': it loads only what others have changed, and trusts the cache to keep the rest. */
class LazyPlugin extends TextPlugin {
  override async beforeCacheAccess(): Promise<void> {}
}

storeContract('a store over a plug-in', () => createCachePluginStore(new TextPlugin()))
storeContract('a store over a plug-in that loads nothing', () => createCachePluginStore(new LazyPlugin()))

describe('createCachePluginStore', () => {
  it('has what it was given saved as an MSAL cache, which another store loads', async () => {
    const plugin = new TextPlugin()
    await createCachePluginStore(plugin).apply('ada.t', { put: all })
    expect(JSON.parse(plugin.text ?? '')).toMatchObject({ Account: {}, RefreshToken: {} })
    const partition = await createCachePluginStore(plugin).read('ada.t')
    expect(partition.get(tokenKey)).toMatchObject({ secret: 'secret-1' })
    expect(partition.get(adaKey)).toMatchObject({ username: 'ada@contoso.example' })
  })

  it('says that the cache has changed exactly when it has, from the beginning of the access', async () => {
    const plugin = new TextPlugin()
    const store = createCachePluginStore(plugin)
    const during = async (run: () => Promise<unknown>) => {
      plugin.calls = []
      await run()
      return plugin.calls.join(' ')
    }
    const read = 'before after'
    const write = 'before! after!'
    expect(await during(() => store.apply('ada.t', { put: all }))).toBe(write)
    expect(await during(() => store.read('ada.t'))).toBe(read)
    expect(await during(() => store.findPartitions('username', 'ada'))).toBe(read)
    expect(await during(() => store.partitions()[Symbol.asyncIterator]().next())).toBe(read)
    expect(await during(() => store.apply('ada.t', {}))).toBe(read)
    expect(await during(() => store.apply('ada.t', { del: ['["never there"]'] }))).toBe(read)
    expect(await during(() => store.apply('ada.t', { put: all, onlyIf: { [tokenKey]: 'other' } }))).toBe(read)
    expect(await during(() => store.drop('nobody'))).toBe(read)
    expect(plugin.saves).toBe(1)
    expect(await during(() => store.apply('ada.t', { put: all, onlyIf: { [tokenKey]: 'secret-1' } }))).toBe(
      `${read} ${write}`,
    )
    expect(await during(() => store.apply('ada.t', { del: [tokenKey] }))).toBe(`${read} ${write}`)
    expect(await during(() => store.drop('ada.t'))).toBe(`${read} ${write}`)
    expect(plugin.saves).toBe(4)
  })

  it('hands out one context for before and after, with the member names of MSAL Node', async () => {
    const seen: MsalCacheContext[] = []
    const store = createCachePluginStore({
      beforeCacheAccess: async (context) => void seen.push(context),
      afterCacheAccess: async (context) => void seen.push(context),
    })
    await store.apply('ada.t', { put: all })
    expect(seen[0]).toBe(seen[1])
    expect(seen[0]?.cache).toBe(seen[0]?.tokenCache)
    expect(seen[0]?.hasChanged).toBe(true)
  })

  it('lets in one access at a time: a plug-in may hold a lock from before to after', async () => {
    let inside = 0
    let most = 0
    const store = createCachePluginStore({
      async beforeCacheAccess() {
        most = Math.max(most, ++inside)
        await new Promise((resolve) => setTimeout(resolve, 1))
      },
      async afterCacheAccess() {
        await new Promise((resolve) => setTimeout(resolve, 1))
        inside--
      },
    })
    await Promise.all([
      store.read('ada.t'),
      store.apply('ada.t', { put: all }),
      store.findPartitions('username', 'ada'),
      store.drop('ada.t'),
      store.read('ada.t'),
    ])
    expect([most, inside]).toEqual([1, 0])
  })

  it('takes what the plug-in loads in place of what it had', async () => {
    const plugin = new TextPlugin()
    const store = createCachePluginStore(plugin)
    await store.apply('ada.t', { put: all })
    const other = MsalDocument.empty()
    other.apply('ada.t', { put: { [tokenKey]: { ...token, secret: 'of another process' } } })
    plugin.text = other.serialize()
    const partition = await store.read('ada.t')
    expect([...partition.values()]).toEqual([expect.objectContaining({ secret: 'of another process' })])
    plugin.text = ' \n'
    expect((await store.read('ada.t')).size).toBe(0)
  })

  it.each(['{"RefreshToken":{"secret-1"', '[]', 'secret-1'])(
    'does not save over what it cannot read (%s), whatever the plug-in makes of that',
    async (garbage) => {
      const strict = new TextPlugin()
      const tolerant = new (class extends TextPlugin {
        override beforeCacheAccess(context: MsalCacheContext): Promise<void> {
          return super.beforeCacheAccess(context).catch(() => {})
        }
      })()
      const wordy = new (class extends TextPlugin {
        override beforeCacheAccess(context: MsalCacheContext): Promise<void> {
          return super.beforeCacheAccess(context).catch(() => Promise.reject(new Error(`cannot read ${garbage}`)))
        }
      })()
      for (const plugin of [strict, tolerant, wordy]) {
        plugin.text = garbage
        const store = createCachePluginStore(plugin)
        for (const run of [() => store.read('ada.t'), () => store.apply('ada.t', { put: all })]) {
          const error = await run().catch((thrown) => thrown)
          expect(error).toMatchObject({ name: 'CacheError', code: 'ERR_CACHE_FORMAT' })
          expect(`${error.message} ${error.stack} ${error.hint}`).not.toContain('secret-1')
        }
        expect([plugin.text, plugin.saves]).toEqual([garbage, 0])
        expect(plugin.calls.filter((call) => call === 'after')).toHaveLength(2)
        // It works again once there is something to work with.
        plugin.text = ''
        await store.apply('ada.t', { put: all })
        expect((await store.read('ada.t')).size).toBe(2)
      }
    },
  )

  it('is content with a plug-in that falls back on a copy', async () => {
    const plugin: MsalCachePlugin = {
      async beforeCacheAccess({ tokenCache }) {
        try {
          tokenCache.deserialize('{')
        } catch {
          tokenCache.deserialize('{}')
        }
      },
      async afterCacheAccess() {},
    }
    expect((await createCachePluginStore(plugin).read('ada.t')).size).toBe(0)
  })

  it('reports a plug-in that fails, without what it said, and has it let go of its lock', async () => {
    const quoting = Object.assign(new Error('Unexpected token in {"secret":"secret-1"}'), { code: 'EACCES' })
    const calls: string[] = []
    const failing = (when: 'before' | 'after', error: unknown) =>
      createCachePluginStore({
        async beforeCacheAccess() {
          calls.push('before')
          if (when === 'before') throw error
        },
        async afterCacheAccess(context) {
          calls.push(context.cacheHasChanged ? 'save' : 'after')
          if (when === 'after') throw error
        },
      })
    const errors = [
      await failing('before', quoting)
        .read('ada.t')
        .catch((error) => error),
      await failing('after', quoting)
        .read('ada.t')
        .catch((error) => error),
      await failing('before', undefined)
        .apply('ada.t', { put: all })
        .catch((error) => error),
      await failing('after', 'secret-1')
        .apply('ada.t', { put: all })
        .catch((error) => error),
    ]
    expect(errors.map((error) => error.code)).toEqual([
      'ERR_CACHE_READ',
      'ERR_CACHE_READ',
      'ERR_CACHE_READ',
      'ERR_CACHE_WRITE',
    ])
    expect(errors[0].message).toBe('the cache plug-in could not load the cache (EACCES)')
    expect(errors[3].message).toBe('the cache plug-in could not save the cache')
    for (const error of errors) {
      expect(`${error.message} ${error.stack} ${error.hint} ${String(error.cause)}`).not.toContain('secret-1')
    }
    expect(calls.join(' ')).toBe('before after before after before after before save')
  })

  it('survives a plug-in that throws before it returns a promise', async () => {
    const store = createCachePluginStore({
      beforeCacheAccess() {
        throw new TypeError('not even a promise')
      },
      async afterCacheAccess() {},
    })
    await expect(store.read('ada.t')).rejects.toMatchObject({ code: 'ERR_CACHE_READ' })
    await expect(store.read('ada.t')).rejects.toMatchObject({ code: 'ERR_CACHE_READ' })
  })

  it('has nothing saved when a change is refused', async () => {
    const plugin = new TextPlugin()
    const store = createCachePluginStore(plugin)
    await expect(store.apply('bob.t', { put: all })).rejects.toMatchObject({ code: 'ERR_CACHE_WRITE' })
    expect([plugin.saves, plugin.calls.join(' ')]).toEqual([0, 'before! after'])
  })

  it('keeps what could not be saved, and saves it with the next change', async () => {
    let isFull = true
    const plugin = new (class extends LazyPlugin {
      override async afterCacheAccess(context: MsalCacheContext): Promise<void> {
        if (isFull && context.cacheHasChanged) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
        return super.afterCacheAccess(context)
      }
    })()
    const store = createCachePluginStore(plugin)
    await expect(store.apply('ada.t', { put: { [adaKey]: ada } })).rejects.toThrow('could not save the cache (ENOSPC)')
    expect((await store.read('ada.t')).size).toBe(1)
    isFull = false
    await store.apply('ada.t', { put: { [tokenKey]: token } })
    expect(MsalDocument.parse(plugin.text ?? '').read('ada.t').size).toBe(2)
  })

  it.each([undefined, null, {}, { beforeCacheAccess: async () => {} }])('refuses what is no plug-in: %o', (value) => {
    expect(() => createCachePluginStore(value as unknown as MsalCachePlugin)).toThrow(/lacks beforeCacheAccess/)
  })
})
