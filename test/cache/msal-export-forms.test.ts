import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredEntity } from '../../src/cache/entities.ts'
import { exportMsalCache } from '../../src/cache/msal-export.ts'
import { type FormEntity, makeForm } from '../../src/cache/msal-form.ts'
import { writeMsalEntries } from '../../src/cache/msal-schema.ts'
import { createMemoryStore } from '../../src/cache/stores/memory.ts'
import { byKey, entitiesOf, type Plain } from './msal-entities.ts'

const tenant = '11111111-2222-4333-8444-555555555555'
const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'Ada', 'é€😀', '', '\u2028', 'x y') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('"', '\\', '\n', '\ud800', '\udc00x', 'blank-8d1c5e0b-1-', '"8100000000000001"'),
  },
)
const instant = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 2_000_000_000 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 8_100_000_000_000_001, 2 ** 53),
  },
)
const ids = fc
  .tuple(fc.integer({ min: 10_000_000, max: 10_000_009 }), fc.constantFrom(tenant, `2${tenant.slice(1)}`))
  .map(([uid, utid]) => `${uid}-aaaa-4bbb-8ccc-000000000000.${utid}`)
const fields = { x: 'blank-8d1c5e0b-2-' }
const msal = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  { fields: { y: 1 } },
  { fields },
  { fields: { client_info: 'kept' } },
)

/** Like a user of many: few shapes, with other names and tokens. */
const usual = fc
  .record({
    id: ids,
    secret: text,
    username: text,
    at: instant,
    until: instant,
    refreshOn: fc.option(instant),
    msal,
    other: fc.boolean(),
  })
  .map(({ id, secret, username, at, until, refreshOn, msal, other }): readonly Plain[] => {
    const common = { homeAccountId: id, environment: 'login.windows.net', ...(msal === undefined ? {} : { msal }) }
    const credential = { ...common, clientId: 'c', secret }
    const tenantId = other ? 'other' : tenant
    return [
      {
        kind: 'Account',
        ...common,
        tenantId,
        localAccountId: 'l',
        username,
        ...(refreshOn === null ? {} : { name: username }),
      },
      {
        kind: 'AccessToken',
        ...credential,
        tenantId,
        scopes: other ? ['a'] : ['a', 'B'],
        cachedAt: at,
        expiresOn: until,
        ...(refreshOn === null ? {} : { refreshOn }),
      },
      { kind: 'IdToken', ...credential, tenantId },
      { kind: 'RefreshToken', ...credential, cachedAt: at, ...(other ? { expiresOn: until } : {}) },
    ]
  })

describe('exportMsalCache by forms', () => {
  it('writes of any mixture of users the same entries as the writer of single ones, in the same order', async () => {
    const users = fc
      .tuple(fc.array(usual, { maxLength: 12 }), fc.array(ids.chain(entitiesOf), { maxLength: 4 }))
      .map((lists) => lists.flat(2))
    await fc.assert(
      fc.asyncProperty(users, fc.constantFrom('node' as const, 'schema' as const), async (entities, keyDialect) => {
        const store = createMemoryStore({ now: () => -1 })
        for (const entity of entities) {
          const partition = 'homeAccountId' in entity ? entity.homeAccountId : ''
          await store.apply(partition, { put: Object.fromEntries(byKey([entity])) })
        }
        let json = ''
        for await (const piece of exportMsalCache(store, { keyDialect })) json += piece
        const found = JSON.parse(json) as Record<string, Record<string, unknown>>
        const wanted: Record<string, [string, unknown][]> = {
          Account: [],
          AccessToken: [],
          IdToken: [],
          RefreshToken: [],
        }
        for await (const partition of store.partitions()) {
          for (const { section, key = '', value } of writeMsalEntries(partition, await store.read(partition), {
            keyDialect,
          })) {
            wanted[section]?.push([key, JSON.parse(JSON.stringify(value))])
          }
        }
        for (const [section, entries] of Object.entries(wanted)) {
          expect(Object.entries(found[section] ?? {})).toEqual(entries)
          expect(JSON.stringify(found[section])).toBe(JSON.stringify(Object.fromEntries(entries)))
        }
      }),
      { numRuns: 50 },
    )
  })

  it('writes the accounts of one cloud as one entry, also where they name different hosts of it', async () => {
    const home = `10000000-aaaa-4bbb-8ccc-000000000000.${tenant}`
    const account = { kind: 'Account', homeAccountId: home, localAccountId: 'l', username: 'n' } as const
    const guest: Plain = { ...account, environment: 'login.microsoftonline.com', tenantId: 'guest' }
    const store = createMemoryStore({ now: () => -1 })
    await store.apply(home, {
      put: Object.fromEntries(byKey([{ ...account, environment: 'login.windows.net', tenantId: tenant }, guest])),
    })
    let json = ''
    for await (const piece of exportMsalCache(store)) json += piece
    const { Account } = JSON.parse(json) as { readonly Account: Record<string, { readonly tenantProfiles: unknown[] }> }
    expect(Object.values(Account).map(({ tenantProfiles }) => tenantProfiles.length)).toEqual([2])
  })

  const id = `10000000-aaaa-4bbb-8ccc-000000000000.${tenant}`
  const common = { homeAccountId: id, environment: 'e', clientId: 'c', secret: 's' }
  const ordinary: readonly FormEntity[] = [
    {
      kind: 'Account',
      homeAccountId: id,
      environment: 'e',
      tenantId: tenant,
      localAccountId: 'l',
      username: 'n',
      name: 'N',
    },
    {
      kind: 'AccessToken',
      ...common,
      tenantId: tenant,
      scopes: ['a'],
      cachedAt: 1,
      expiresOn: 2,
      extendedExpiresOn: 3,
    },
    { kind: 'IdToken', ...common, tenantId: tenant },
    { kind: 'RefreshToken', ...common, cachedAt: 1 },
  ]
  it.each(ordinary)('has a form for an ordinary $kind', (entity) => {
    const form = makeForm(entity, {})
    const [entry] = writeMsalEntries(id, [['', entity as StoredEntity]])
    expect(form?.fill(entity)).toBe(`${JSON.stringify(entry?.key)}:${JSON.stringify(entry?.value)}`)
    expect(form?.fill({ ...entity, environment: 'f' })).toBeUndefined()
    expect(form?.fill({ ...entity, familyId: '1' } as FormEntity)).toBeUndefined()
  })

  it('compares scopes one by one, and every member that one of the entities has', () => {
    const token = {
      kind: 'AccessToken',
      ...common,
      tenantId: tenant,
      scopes: ['a', 'b'],
      cachedAt: 1,
      expiresOn: 2,
    } as const
    const form = makeForm(token, {})
    expect(form?.fill({ ...token, scopes: ['a', 'b'] })).toBe(form?.fill(token))
    expect(form?.fill({ ...token, scopes: ['a', 'c'] })).toBeUndefined()
    expect(form?.fill({ ...token, scopes: ['a'] })).toBeUndefined()
    const renewable = makeForm({ ...token, refreshOn: 1 }, {})
    expect(renewable?.fill(token)).toBeUndefined()
    expect(renewable?.fill({ ...token, resource: 'r' })).toBeUndefined()
  })

  it('has no form for a text that looks like a blank', () => {
    const odd = { msal: { fields: { x: 'blank-8d1c5e0b-1-' } } }
    for (const entity of ordinary) expect(makeForm({ ...entity, ...odd }, {})).toBeUndefined()
    expect(makeForm({ kind: 'IdToken', ...common, tenantId: 'blank-8d1c5e0b-9-' }, {})).toBeUndefined()
  })
})
