import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { StoredEntity } from '../../../src/cache/entities.ts'
import { createInterning } from '../../../src/cache/stores/interning.ts'
import { createMemoryStore, estimateBytes } from '../../../src/cache/stores/memory.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapUsed(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

const tenantId = '11111111-aaaa-4bbb-8ccc-000000000001'
const idOf = (user: number): string => `33333333-aaaa-4bbb-8ccc-${String(user).padStart(12, '0')}`

/** A user with 40-character secrets, and with no string object in common with another, as if read from a file. */
function entitiesOf(user: number, scope = 'https://graph.microsoft.com/User.Read'): Record<string, StoredEntity> {
  const secret = String(user).padStart(40, 's')
  const of = { homeAccountId: `${idOf(user)}.${tenantId}`, environment: 'login.windows.net' }
  const credential = { ...of, clientId: '22222222-aaaa-4bbb-8ccc-000000000002', secret }
  const times = { cachedAt: 1_800_000_000, expiresOn: 1_800_003_600, extendedExpiresOn: 1_800_007_200 }
  const scopes = { scopes: ['email', 'openid', 'profile', scope], askedScopes: scope }
  const names = { username: `user${user}@contoso.example`, name: `User ${user}`, localAccountId: idOf(user) }
  const entities = {
    '["Account","login.windows.net"]': { kind: 'Account', ...of, tenantId, ...names },
    [`["AccessToken","login.windows.net","${scope}"]`]: {
      ...{ kind: 'AccessToken', ...credential, tenantId, authorityTenant: tenantId, ...scopes, ...times },
      refreshOn: 1_800_001_800,
    },
    '["IdToken","login.windows.net"]': { kind: 'IdToken', ...credential, tenantId },
    '["RefreshToken","login.windows.net"]': { kind: 'RefreshToken', ...credential, cachedAt: 1_800_000_000 },
  }
  return JSON.parse(JSON.stringify(entities)) as Record<string, StoredEntity>
}

describe('the size of the memory store', () => {
  it.each(['at once', 'one by one'])('is at most 1.5 kB for a user whose entities come %s', async (how) => {
    const users = 5_000
    const before = heapUsed()
    const store = createMemoryStore({ now: () => 1_800_000_000 })
    for (let user = 0; user < users; user++) {
      const put = entitiesOf(user)
      const puts = how === 'at once' ? [put] : Object.entries(put).map(([key, entity]) => ({ [key]: entity }))
      for (const one of puts) await store.apply(`${idOf(user)}.${tenantId}`, { put: one })
    }
    const bytes = (heapUsed() - before) / users
    expect(bytes).toBeLessThan(1_500)
    // And a limit in bytes promises no less than it takes.
    expect(bytes).toBeLessThan(estimateBytes(`${idOf(1)}.${tenantId}`, store.peek(`${idOf(1)}.${tenantId}`)))
  })

  it('is not for a server to drive up, whatever scopes it answers', async () => {
    const store = createMemoryStore({ now: () => 1_800_000_000 })
    const before = heapUsed()
    for (let scope = 0; scope < 6_000; scope++) {
      const put = entitiesOf(0, `${scope}-${'x'.repeat(900)}`)
      await store.apply('u', { put, del: [...(await store.read('u')).keys()] })
    }
    // Long ones, of which a few would do.
    for (let scope = 0; scope < 300; scope++) {
      const put = entitiesOf(0, `${scope}-${'x'.repeat(20_000)}`)
      await store.apply('u', { put, del: [...(await store.read('u')).keys()] })
    }
    expect(store.peek('u')).toHaveLength(4)
    // 6,000 texts of 900 characters, in three places, would be 16 MB, and the long ones 18.
    expect((heapUsed() - before) / 1e6).toBeLessThan(12)
  })
})

describe('interning', () => {
  it('gives one list for equal ones', () => {
    const { scopes: list } = createInterning()
    expect(list(['a', 'b'])).toBe(list(['a', 'b']))
    list(['c', 'd'])
    expect(list(['a', 'b'])).toBe(list(['a', 'b']))
    expect(list([])).toEqual([])
  })

  it('keeps apart lists that would look the same when joined, and lists in another order', () => {
    const { scopes: list } = createInterning()
    for (const values of [['a\nb'], ['a', 'b'], ['b', 'a'], ['a\nb'], ['', ''], ['\n'], ['a', 'b', '']]) {
      expect(list(values)).toEqual(values)
    }
  })

  it('gives back what it got after it was full, and lists and texts too long to keep', () => {
    const { text, keys: list } = createInterning()
    for (let index = 0; index < 5_000; index++) {
      expect(text(`text ${index}`)).toBe(`text ${index}`)
      expect(list([`a ${index}`, 'b'])).toEqual([`a ${index}`, 'b'])
    }
    const long = 'x'.repeat(100_000)
    expect(text(long)).toBe(long)
    const first = list([long])
    expect(first).toEqual([long])
    // Not kept: it is another array the next time.
    expect(list([long])).not.toBe(first)
    expect(Object.isFrozen(first)).toBe(true)
  })

  it('does not change a list that came, nor follow its changes', () => {
    const { scopes: list } = createInterning()
    const values = ['a', 'b']
    const kept = list(values)
    values.push('c')
    expect(kept).toEqual(['a', 'b'])
  })
})
