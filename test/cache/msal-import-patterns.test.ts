import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type StoredEntity, sharedPartition } from '../../src/cache/entities.ts'
import { MsalDocument } from '../../src/cache/msal-document.ts'
import { importMsalCache } from '../../src/cache/msal-import.ts'
import { learnPattern, own } from '../../src/cache/msal-pattern.ts'
import { readMsalEntry } from '../../src/cache/msal-schema.ts'
import { createMemoryStore } from '../../src/cache/stores/memory.ts'
import { encodeBase64Url } from '../../src/protocol/base64url.ts'

const tenants = ['11111111-2222-4333-8444-555555555555', 't']
const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'Ada', 'ada@contoso.example', 'é€', 'x'.repeat(20), '') },
  { weight: 1, arbitrary: fc.constantFrom('"', '\\', '\n', '\u0001', '\\"', ':', '$1', '😀', '\ud800', '\u2028') },
)
const instant = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('1', '2', '1795375557') },
  { weight: 1, arbitrary: fc.constantFrom('', 'x', '1.5', 7, null, '99999999999999999999', '9007199254740993') },
)
const maybe = <T>(value: fc.Arbitrary<T>, weight = 1) => fc.option(value, { nil: undefined, freq: 12 / weight })

interface Person {
  readonly uid: string
  readonly tenant: string
}

const people = fc.record({
  uid: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 100, max: 999 }).map((n) => `user-${n}`) },
    { weight: 1, arbitrary: fc.constantFrom('USER-1', 'user 12', 'user"12', 'úser-12', 'a.b', '', 'msal:shared') },
  ),
  tenant: fc.constantFrom(...tenants),
})

/** Leaves out what is undefined, and puts the rest in one of a few orders. */
function shaped(members: Record<string, unknown>, order: number): Record<string, unknown> {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined)
  const ordered = [entries, entries.toReversed(), [...entries.slice(2), ...entries.slice(0, 2)]][order] ?? entries
  return Object.fromEntries(ordered)
}

const order = fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2)
const odd = maybe(fc.constantFrom('x', '{', ['x'], { secret: 'inner', home_account_id: 'user-100.t' }), 0.5)

function credential(section: string, tail: string): fc.Arbitrary<(person: Person) => [string, unknown]> {
  return fc
    .record({
      secret: text,
      at: instant,
      until: instant,
      refreshOn: maybe(instant),
      tail: fc.constantFrom(tail, tail, '--'),
      odd,
      order,
    })
    .map((chosen) => ({ uid, tenant }) => {
      const id = `${uid}.${tenant}`
      const token = section === 'AccessToken'
      const value = shaped(
        {
          home_account_id: id,
          environment: 'login.windows.net',
          credential_type: section,
          client_id: 'c',
          secret: chosen.secret,
          realm: section === 'RefreshToken' ? undefined : tenant,
          target: token ? 'openid User.Read' : undefined,
          cached_at: token ? chosen.at : undefined,
          expires_on: token ? chosen.until : undefined,
          extended_expires_on: token ? chosen.until : undefined,
          refresh_on: token ? chosen.refreshOn : undefined,
          last_modification_time: section === 'RefreshToken' ? chosen.refreshOn : undefined,
          odd: chosen.odd,
        },
        chosen.order,
      )
      const slots = section === 'RefreshToken' ? 'c' : `c-${tenant}${token ? '-openid user.read' : ''}`
      return [`${id}-login.windows.net-${section}-${slots}${chosen.tail}`.toLowerCase(), value]
    })
}

const account: fc.Arbitrary<(person: Person) => [string, unknown]> = fc
  .record({
    local: fc.constantFrom('uid', 'uid', 'other'),
    username: text,
    name: maybe(text, 4),
    signIn: maybe(text, 2),
    info: fc.constantFrom('own', 'own', 'none', 'user-100', 'junk'),
    profile: fc.constantFrom(
      'same',
      'same',
      'same',
      'other',
      'odd',
      'nested',
      'spaced',
      'twice',
      'two',
      'empty',
      'none',
      'bad',
    ),
    profileName: fc.oneof(text, fc.constantFrom(null, false)),
    odd,
    order,
  })
  .map((chosen) => ({ uid, tenant }) => {
    const id = `${uid}.${tenant}`
    const info = chosen.info === 'own' ? uid : chosen.info
    const local = chosen.local === 'uid' ? uid : 'other'
    const profile = {
      tenantId: tenant,
      localAccountId: local,
      name: chosen.name,
      username: chosen.username,
      isHomeTenant: true,
    }
    const profiles: Record<string, unknown> = {
      same: [JSON.stringify(profile)],
      other: [JSON.stringify({ ...profile, name: chosen.profileName, username: 'other' })],
      odd: [JSON.stringify({ first: 'before', ...profile, loginHint: chosen.username, localAccountId: null })],
      nested: [JSON.stringify({ ...profile, x: { name: 'inner' } })],
      spaced: [JSON.stringify(profile, undefined, 1)],
      twice: [`{"name":"first",${JSON.stringify(profile).slice(1)}`],
      two: [JSON.stringify(profile), JSON.stringify({ ...profile, tenantId: 'second' })],
      empty: [],
      bad: ['x'],
    }
    const value = shaped(
      {
        home_account_id: id,
        environment: 'login.windows.net',
        realm: tenant,
        local_account_id: local,
        username: chosen.username,
        authority_type: 'MSSTS',
        name: chosen.name,
        client_info:
          info === 'none'
            ? undefined
            : info === 'junk'
              ? 'junk'
              : encodeBase64Url(JSON.stringify({ uid: info, utid: tenant })),
        tenantProfiles: profiles[chosen.profile],
        ropc_sign_in_name: chosen.signIn,
        odd: chosen.odd,
      },
      chosen.order,
    )
    return [`${id}-login.windows.net-${tenant}`.toLowerCase(), value]
  })

const section = (entry: fc.Arbitrary<(person: Person) => [string, unknown]>) =>
  fc
    // Few shapes and many people: that is what patterns are for.
    .tuple(fc.array(entry, { minLength: 1, maxLength: 4 }), fc.array(fc.tuple(people, fc.nat(3)), { maxLength: 25 }))
    .map(([shapes, list]) =>
      Object.fromEntries(list.map(([person, index]) => (shapes[index % shapes.length] ?? (() => ['', 1]))(person))),
    )
const caches = fc
  .tuple(
    fc.record({
      Account: section(account),
      IdToken: section(credential('IdToken', '--')),
      AccessToken: section(credential('AccessToken', '-')),
      RefreshToken: section(credential('RefreshToken', '---')),
    }),
    fc.constantFrom(undefined, undefined, 1, '\t'),
  )
  .map(([cache, indent]) => JSON.stringify(cache, undefined, indent))

function expected(json: string): Map<string, ReadonlyMap<string, StoredEntity>> {
  const document = MsalDocument.parse(json)
  const names = [...document.partitions(), sharedPartition]
  return new Map(names.map((name) => [name, document.read(name)] as const).filter(([, { size }]) => size > 0))
}

function learn(json: string) {
  const [section = '', table] = Object.entries(JSON.parse(json) as Record<string, Record<string, unknown>>)[0] ?? []
  const [key = '', value] = Object.entries(table ?? {})[0] ?? []
  const [entity] = readMsalEntry({ section, key, value }).entities
  const raw = json.slice(json.indexOf('{', 1) + 1, -2)
  return entity === undefined ? undefined : learnPattern(raw, value, entity)
}

describe('importMsalCache by patterns', () => {
  it('finds in any mixture of shapes what the reader of whole files finds', async () => {
    await fc.assert(
      fc.asyncProperty(caches, async (json) => {
        const store = createMemoryStore({ now: () => -1 })
        await importMsalCache(store, json)
        const found = new Map<string, ReadonlyMap<string, StoredEntity>>()
        for await (const partition of store.partitions()) found.set(partition, await store.read(partition))
        expect(found).toEqual(expected(json))
      }),
      { numRuns: 120 },
    )
  })

  it.each([
    [
      'RefreshToken',
      { home_account_id: 'u.t', environment: 'e', client_id: 'c', secret: 's', last_modification_time: '1' },
    ],
    ['IdToken', { home_account_id: 'u.t', environment: 'e', client_id: 'c', secret: 's', realm: 't' }],
    [
      'AccessToken',
      {
        home_account_id: 'u.t',
        environment: 'e',
        client_id: 'c',
        secret: 's',
        realm: 't',
        target: 'a',
        expires_on: '1',
      },
    ],
    [
      'Account',
      { home_account_id: 'u.t', environment: 'e', realm: 't', username: 'n', tenantProfiles: ['{"tenantId":"t"}'] },
    ],
  ])('knows the shape of an ordinary entry of %s', (name, value) => {
    expect(learn(JSON.stringify({ [name]: { 'u.t-e-x': value } }))).toBeDefined()
  })

  async function importBoth(json: string) {
    const store = createMemoryStore({ now: () => -1 })
    await importMsalCache(store, json)
    for (const [partition, entities] of expected(json)) expect(await store.read(partition)).toEqual(entities)
    return store
  }

  it('keeps a client_info that says something else, or stops to, in the middle of entries of one shape', async () => {
    const info = (uid: string) => encodeBase64Url(JSON.stringify({ uid, utid: 't' }))
    const table = (infos: readonly string[]) =>
      infos.map((client_info, index) => {
        const value = { home_account_id: `u${index}.t`, environment: 'e', realm: 't', username: 'n', client_info }
        return [`u${index}.t-e-t`, value]
      })
    for (const infos of [
      [info('u0'), info('u1'), 'other', info('u3'), info('u3'), info('u5')],
      [info('u2'), info('u2'), info('u2'), info('u2')],
    ]) {
      const store = await importBoth(JSON.stringify({ Account: Object.fromEntries(table(infos)) }))
      expect((await store.read('u2.t')).values().next().value?.kind).toBe('Account')
    }
  })

  it.each([
    ['has the name of the shared partition', 'msal:shared', 'msal:shared'],
    // The text of the second is what the first is.
    ['is escaped to what another user is called', 'user\\n-22.t', 'user\n-22.t'],
  ])('mistakes nobody whose id %s for the user whose turn it is', async (_, ofAccount, ofToken) => {
    const table = (odd: string, tail: string, members: Record<string, string>) =>
      Object.fromEntries(
        ['user-0000.t', 'user-1111.t', odd, 'user-3333.t'].map((id) => [
          `${id}-e-${tail}`,
          { home_account_id: id, environment: 'e', realm: 't', ...members },
        ]),
      )
    const Account = table(ofAccount, 't', { username: 'n', local_account_id: 'l' })
    const IdToken = table(ofToken, 'idtoken-c-t--', { client_id: 'c', secret: 's' })
    const store = await importBoth(JSON.stringify({ Account, IdToken }))
    expect((await store.read(ofAccount)).size).toBe(ofAccount === ofToken ? 2 : 1)
    expect([...(await store.read(ofAccount)).values()].some(({ kind }) => kind === 'IdToken')).toBe(false)
  })

  it('takes the newest of the entries of one shape that mean the same', async () => {
    const entry = (at: number) => ({
      ...{ home_account_id: 'u.t', environment: 'e', client_id: 'c', realm: 't', target: 'a', secret: `AT ${at}` },
      ...{ cached_at: `${at}`, expires_on: `${at}` },
    })
    const user = (id: string, at: number) => ({ ...entry(at), home_account_id: id })
    const json = JSON.stringify({
      AccessToken: {
        'u.t-e-accesstoken-c-t-a-': entry(3),
        'v.t-e-accesstoken-c-t-a-': user('v.t', 3),
        'v.t-e-accesstoken-c-t-a': user('v.t', 5),
        'w.t-e-accesstoken-c-t-a': user('w.t', 4),
        'u.t-e-accesstoken-c-t-a': entry(1),
        'x.t-e-accesstoken-c-t-a': user('x.t', 1),
      },
    })
    const store = await importBoth(json)
    expect([...(await store.read('u.t')).values()]).toMatchObject([{ secret: 'AT 3' }])
    expect([...(await store.read('v.t')).values()]).toMatchObject([{ secret: 'AT 5' }])
  })

  it('makes no pattern of an entry with a name twice, in itself or in a profile', async () => {
    const common = '"home_account_id":"u.t","environment":"e","client_id":"c","realm":"t"'
    expect(learn(`{"IdToken":{"u.t-x":{${common},"secret":"b"}}}`)).toBeDefined()
    expect(learn(`{"IdToken":{"u.t-x":{${common},"secret":"a","secre\\u0074":"b"}}}`)).toBeUndefined()
    const profile = (members: string) => JSON.stringify([`{"tenantId":"t",${members}}`])
    expect(learn(`{"Account":{"u.t-x":{${common},"tenantProfiles":${profile('"name":"a"')}}}}`)).toBeDefined()
    expect(
      learn(`{"Account":{"u.t-x":{${common},"tenantProfiles":${profile('"name":"a","name":"b"')}}}}`),
    ).toBeUndefined()
  })

  it('does not take longer for a secret that does not end', () => {
    const value = { home_account_id: 'u.t', environment: 'e', client_id: 'c', secret: 's', realm: 't' }
    const json = JSON.stringify({ IdToken: { 'u.t-e-x': value } })
    const expression = learn(json)?.expression
    const long = json.slice(json.indexOf('"u.t')).replace('"s"', `"${'s'.repeat(1 << 20)}"`)
    const started = performance.now()
    expect(expression?.test(long)).toBe(false)
    expect(performance.now() - started).toBeLessThan(500)
  })

  it('copies texts', () => {
    for (const value of ['', 'short', 'x'.repeat(13), 'é€😀'.repeat(9)]) expect(own(value)).toBe(value)
  })
})
