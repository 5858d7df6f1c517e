import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AccessTokenEntity,
  type IdTokenEntity,
  type RefreshTokenEntity,
  type StoredEntity,
  sharedPartition,
} from '../../src/cache/entities.ts'
import { MsalDocument } from '../../src/cache/msal-document.ts'
import { readMsalEntry, writeMsalEntries } from '../../src/cache/msal-schema.ts'
import { fixture, fixtureIndex } from '../fixtures.ts'
import { byKey, entitiesOf, json, oddNames, readAll } from './msal-entities.ts'

const tokenValue = {
  home_account_id: 'u.t',
  environment: 'login.windows.net',
  credential_type: 'AccessToken',
  client_id: 'c',
  secret: 'AT',
  realm: 't',
  target: 'openid User.Read',
  cached_at: '1000',
  expires_on: '5000',
  extended_expires_on: '9000',
  token_type: 'Bearer',
}
const key = 'u.t-login.windows.net-accesstoken-c-t-openid user.read'
const token: AccessTokenEntity = {
  kind: 'AccessToken',
  homeAccountId: 'u.t',
  environment: 'login.windows.net',
  clientId: 'c',
  secret: 'AT',
  tenantId: 't',
  scopes: ['User.Read', 'openid'],
  cachedAt: 1_000,
  expiresOn: 5_000,
  extendedExpiresOn: 9_000,
}
const common = { homeAccountId: 'u.t', environment: 'login.windows.net', clientId: 'c' }
const refreshToken: RefreshTokenEntity = { kind: 'RefreshToken', ...common, secret: 'RT', cachedAt: 1_000 }
const idToken: IdTokenEntity = { kind: 'IdToken', ...common, secret: 'ID', tenantId: 't' }

function readToken(change: object): StoredEntity | undefined {
  return readMsalEntry({ section: 'AccessToken', key, value: { ...tokenValue, ...change } }).entities[0]
}

function written(entity: StoredEntity, partition = 'u.t', name = ''): Record<string, unknown> {
  return writeMsalEntries(partition, [[name, entity]])[0]?.value as Record<string, unknown>
}

/** Kinds of the entities, by partition. */
function kinds(partitions: ReadonlyMap<string, ReadonlyMap<string, StoredEntity>>): Record<string, string[]> {
  return Object.fromEntries(
    [...partitions].map(([name, map]) => [name, [...map.values()].map(({ kind }) => kind).sort()]),
  )
}

describe('fixtures/cache', () => {
  it.each(fixtureIndex('cache'))('$file', ({ file, expect: expected }) => {
    const text = fixture(file)
    if ('code' in expected) {
      expect(() => MsalDocument.parse(text)).toThrow(expect.objectContaining({ ...expected, hint: expect.any(String) }))
      return
    }
    const document = MsalDocument.parse(text)
    const names = new Set([...document.partitions(), sharedPartition])
    const partitions = new Map([...names].map((name) => [name, document.read(name)] as const))
    expect(kinds(new Map([...partitions].filter(([, map]) => map.size > 0)))).toEqual(expected['partitions'])
    expect(JSON.parse(document.serialize())).toEqual(JSON.parse(text.replace(/^\ufeff/, '')))
  })

  it.each(fixtureIndex('cache').filter(({ expect: expected }) => !('code' in expected)))(
    '$file reads the same again after it was written entity by entity',
    ({ file }) => {
      const document = MsalDocument.parse(fixture(file))
      for (const partition of [...document.partitions(), sharedPartition]) {
        const before = document.read(partition)
        const after = readAll(writeMsalEntries(partition, before))
        expect(after.get(partition) ?? new Map()).toEqual(before)
        expect(after.size).toBeLessThanOrEqual(1)
      }
    },
  )
})

describe('readMsalEntry', () => {
  it('reads a bearer token, its scopes sorted and their case kept', () => {
    expect(readMsalEntry({ section: 'AccessToken', key, value: tokenValue })).toEqual({
      partition: 'u.t',
      entities: [token],
    })
  })

  it.each([
    ['refresh_on', null, 'refreshOn', undefined],
    ['refresh_on', '', 'refreshOn', undefined],
    ['refresh_on', '3000.9', 'refreshOn', 3_000],
    ['refresh_on', 'soon', 'refreshOn', undefined],
    ['expires_on', 5_000, 'expiresOn', 5_000],
    ['expires_on', '123.5', 'expiresOn', 123],
    ['expires_on', 123.5, 'expiresOn', 123],
    ['expires_on', undefined, 'expiresOn', 0],
    ['expires_on', null, 'expiresOn', 0],
    ['expires_on', '-1', 'expiresOn', 0],
    ['expires_on', -1, 'expiresOn', 0],
    ['expires_on', '1e3', 'expiresOn', 0],
    ['expires_on', '99999999999999999999', 'expiresOn', 0],
    ['expires_on', ['5000'], 'expiresOn', 0],
    ['cached_at', undefined, 'cachedAt', 0],
    ['cached_at', '', 'cachedAt', 0],
    ['cached_at', '4000000000', 'cachedAt', 4_000_000_000],
    ['extended_expires_on', {}, 'extendedExpiresOn', undefined],
    ['token_type', undefined, 'secret', 'AT'],
    ['token_type', null, 'secret', 'AT'],
    ['token_type', 'bearer', 'secret', 'AT'],
    ['credential_type', undefined, 'secret', 'AT'],
    ['credential_type', 'accesstoken', 'secret', 'AT'],
    ['realm', undefined, 'tenantId', ''],
    ['resource', null, 'resource', undefined],
    ['resource', 'urn:x', 'resource', 'urn:x'],
    ['ropc_authority_tenant', 'contoso.example', 'authorityTenant', 'contoso.example'],
    ['ropc_asked_scopes', 'user.read', 'askedScopes', 'user.read'],
    ['ropc_asked_scopes', 7, 'askedScopes', undefined],
    ['user_assertion_hash', '', 'secret', 'AT'],
  ])('reads a token whose %s is %j: %s is %j', (name, value, member, expected) => {
    expect(readToken({ [name]: value })).toMatchObject({ kind: 'AccessToken' })
    expect(readToken({ [name]: value })?.[member as keyof StoredEntity]).toBe(expected)
  })

  it('takes ext_expires_on, as MSAL.NET writes it, where extended_expires_on is no instant, and carries it on', () => {
    const entity = readToken({ extended_expires_on: undefined, ext_expires_on: '7000' })
    expect(entity).toMatchObject({ extendedExpiresOn: 7_000, msal: { fields: { ext_expires_on: '7000' } } })
    expect(written(entity ?? token)).toMatchObject({ extended_expires_on: '7000', ext_expires_on: '7000' })
  })

  it.each([
    { token_type: 'pop' },
    { token_type: 7 },
    { credential_type: 'ATExt' },
    { credential_type: 'AccessToken_With_AuthScheme' },
    { credential_type: 7 },
    { userAssertionHash: 'h' },
    { user_assertion_hash: 'h' },
    { requestedClaims: '{}' },
    { requestedClaimsHash: 'h' },
    { additionalCacheKeyComponents: {} },
    { ext: {} },
    { ext_cache_key: 'h' },
    { key_id: 'k' },
    { kid: 'k' },
    { keyid: 'k' },
    { secret: 7 },
    { client_id: null },
    { environment: undefined },
    { realm: 7 },
    { target: undefined },
    { resource: {} },
  ])('carries a token with %j along without using it', (change) => {
    const value = { ...tokenValue, ...change }
    expect(readMsalEntry({ section: 'AccessToken', key, value })).toEqual({
      partition: 'u.t',
      entities: [{ kind: 'Foreign', section: 'AccessToken', key, value }],
    })
  })

  it.each([
    { section: 'AccessToken', key, value: { ...tokenValue, home_account_id: null } },
    { section: 'AccessToken', key, value: { ...tokenValue, home_account_id: '' } },
    { section: 'AccessToken', key, value: { ...tokenValue, home_account_id: sharedPartition } },
    { section: 'AccessToken', key, value: 'text' },
    { section: 'AccessToken', key, value: [tokenValue] },
    { section: 'AccessToken', value: null },
    { section: 'AppMetadata', key, value: { client_id: 7, environment: 'e' } },
    { section: 'AppMetadata', key, value: { client_id: 'c' } },
    { section: 'x', key: '__proto__', value: 7 },
    { section: 'x', value: 7 },
    { section: 'x', key: 'y', value: { a: 1 } },
  ])('carries what names no user along in the shared partition: %j', (entry) => {
    expect(readMsalEntry(entry)).toEqual({ partition: sharedPartition, entities: [{ kind: 'Foreign', ...entry }] })
  })

  it("carries another library's section along with the user it names", () => {
    const entry = { section: 'x', key: 'y', value: { home_account_id: 'u.t' } }
    expect(readMsalEntry(entry)).toEqual({ partition: 'u.t', entities: [{ kind: 'Foreign', ...entry }] })
    const metadata = {
      section: 'AppMetadata',
      key: 'y',
      value: { home_account_id: 'u.t', client_id: 'c', environment: 'e' },
    }
    expect(readMsalEntry(metadata)).toEqual({ partition: 'u.t', entities: [{ kind: 'Foreign', ...metadata }] })
  })

  it('keeps the key only where an older msal-node would use it again', () => {
    const keyOf = (text: string) => {
      const [entity] = readMsalEntry({ section: 'AccessToken', key: text, value: tokenValue }).entities
      return entity !== undefined && 'msal' in entity ? entity.msal?.key : undefined
    }
    expect(keyOf(`${key}--`)).toBe(`${key}--`)
    expect(keyOf(`${key}-`)).toBeUndefined()
    expect(keyOf(key)).toBeUndefined()
    expect(keyOf('anything')).toBeUndefined()
  })

  it('reads a refresh token whose target and realm are null, and one of a family', () => {
    const read = (change: object) =>
      readMsalEntry({
        section: 'RefreshToken',
        key: 'k',
        value: { ...tokenValue, credential_type: 'RefreshToken', target: null, realm: null, ...change },
      }).entities[0]
    expect(read({})).toMatchObject({ kind: 'RefreshToken', secret: 'AT', cachedAt: 0 })
    expect(read({ family_id: null })).not.toHaveProperty('familyId')
    expect(read({ family_id: '1' })).toMatchObject({ familyId: '1' })
    expect(read({ family_id: 7 })).toMatchObject({ kind: 'Foreign' })
  })

  it('never throws, whatever an entry holds', () => {
    const entry = fc.record({
      section: fc.constantFrom(
        'AccessToken',
        'RefreshToken',
        'IdToken',
        'Account',
        'AppMetadata',
        'ropc_sealed',
        '__proto__',
      ),
      key: fc.constantFrom(...oddNames, '["u.t","k"]', '["u.t"]', key),
      value: fc.oneof(
        json,
        fc.dictionary(
          fc.constantFrom(...Object.keys(tokenValue), 'tenantProfiles', 'username', 'local_account_id'),
          json,
        ),
      ),
    })
    fc.assert(fc.property(entry, (given) => void expect(readMsalEntry(given).entities.length).toBeGreaterThan(0)))
  })
})

describe('writeMsalEntries', () => {
  it('writes an access token with whole seconds as text, and every member that a reader cannot do without', () => {
    expect(writeMsalEntries('u.t', [['', token]])).toEqual([
      {
        section: 'AccessToken',
        key: 'u.t-login.windows.net-accesstoken-c-t-user.read openid',
        value: { ...tokenValue, target: 'User.Read openid' },
      },
    ])
  })

  it.each([1.9, Number.NaN, Number.POSITIVE_INFINITY, -5, 1e21])(
    'writes no instant but whole seconds, not even for %d',
    (at) => {
      const { extendedExpiresOn: _, ...rest } = token
      const value = written({ ...rest, cachedAt: at, expiresOn: at, refreshOn: at })
      const whole = at === 1.9 ? '1' : '0'
      expect(value).toMatchObject({ cached_at: whole, expires_on: whole })
      expect(value['refresh_on']).toBe(at === 1.9 ? '1' : undefined)
      expect(value).not.toHaveProperty('extended_expires_on')
    },
  )

  it('writes a refresh token without target and realm, whoever wrote it before', () => {
    const value = { ...tokenValue, credential_type: 'RefreshToken', last_modification_time: '1000', secret: 'RT' }
    const [entity] = readMsalEntry({ section: 'RefreshToken', key: 'k--openid', value }).entities
    const again = written(entity ?? token)
    expect(again).not.toHaveProperty('target')
    expect(again).not.toHaveProperty('realm')
    expect(again).toMatchObject({ last_modification_time: '1000', credential_type: 'RefreshToken' })
    expect(written({ ...refreshToken, familyId: '1', expiresOn: 7 })).toEqual({
      home_account_id: 'u.t',
      environment: 'login.windows.net',
      credential_type: 'RefreshToken',
      client_id: 'c',
      secret: 'RT',
      family_id: '1',
      last_modification_time: '1000',
      ropc_expires_on: '7',
    })
  })

  it('lets no unknown member overrule a known one', () => {
    const fields = { secret: 'other', realm: 'other', token_type: 'pop', x: 1 }
    expect(written({ ...token, msal: { fields } })).toEqual({ ...written(token), x: 1 })
  })

  it('files canonical keys for a file shared with MSAL4J', () => {
    const keys = writeMsalEntries('u.t', byKey([token, refreshToken, idToken]), { keyDialect: 'schema' }).map(
      ({ key: text }) => text,
    )
    expect(keys).toEqual([
      'u.t-login.windows.net-accesstoken-c-t-user.read openid',
      'u.t-login.windows.net-refreshtoken-c--',
      'u.t-login.windows.net-idtoken-c-t-',
    ])
  })

  it('gives way to a foreign entry that stands under the same text', () => {
    const [own] = writeMsalEntries('u.t', [['', idToken]])
    const foreign = {
      kind: 'Foreign',
      section: 'IdToken',
      key: own?.key ?? '',
      value: { home_account_id: 'u.t' },
    } as const
    const entries = writeMsalEntries('u.t', byKey([idToken, foreign]))
    expect(entries.map(({ key: text }) => text)).toEqual([`${own?.key}-2`, own?.key])
  })

  it.each<[string, StoredEntity]>([
    ['other', token],
    ['other', { kind: 'Foreign', section: 'x', key: 'y', value: { home_account_id: 'u.t' } }],
    ['u.t', { kind: 'Foreign', section: 'x', value: 7 }],
    ['u.t', { kind: 'AppMetadata', clientId: 'c', environment: 'e' }],
    [sharedPartition, { ...token, homeAccountId: sharedPartition }],
  ])('refuses to write into the partition %s what belongs elsewhere: %j', (partition, entity) => {
    expect(() => writeMsalEntries(partition, [['', entity]])).toThrow(
      expect.objectContaining({ code: 'ERR_CACHE_WRITE', step: 'cache', hint: expect.any(String) }),
    )
  })

  it('carries a sealed entity under its partition and key', () => {
    const sealed = { kind: 'Sealed', secret: 's', usernames: ['h'], localAccountId: 'l', expiresOn: 7 } as const
    const entries = writeMsalEntries('u.t', [['k', sealed]])
    expect(entries).toEqual([
      {
        section: 'ropc_sealed',
        key: '["u.t","k"]',
        value: { secret: 's', usernames: ['h'], localAccountId: 'l', expiresOn: 7 },
      },
    ])
    expect(readAll(entries)).toEqual(new Map([['u.t', new Map([['k', sealed]])]]))
  })

  it.each([
    ['["u.t"]', { secret: 's' }],
    ['["u.t","k","more"]', { secret: 's' }],
    ['[ "u.t", "k" ]', { secret: 's' }],
    ['["u.t",7]', { secret: 's' }],
    ['no json', { secret: 's' }],
    ['7', { secret: 's' }],
    ['["u.t","k"]', {}],
    ['["u.t","k"]', { secret: 's', usernames: 'h' }],
    ['["u.t","k"]', { secret: 's', usernames: [7] }],
    ['["u.t","k"]', { secret: 's', localAccountId: 7 }],
    ['["u.t","k"]', { secret: 's', expiresOn: '7' }],
  ])('takes a sealed entry of another form for a foreign one: %s %j', (text, value) => {
    const entry = { section: 'ropc_sealed', key: text, value }
    expect(readMsalEntry(entry)).toEqual({ partition: sharedPartition, entities: [{ kind: 'Foreign', ...entry }] })
  })

  it('reads back what it wrote, for any user and any entities', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom('u.t', 'U.T', 'a-b.t-1', 'no-dot', '__proto__', 'x.y.a-b')
          .chain((user) => fc.tuple(fc.constant(user), entitiesOf(user))),
        ([user, entities]) => {
          const entries = writeMsalEntries(user, byKey(entities))
          expect(readAll(entries).get(user) ?? new Map()).toEqual(byKey(entities))
          const places = entries.map((entry) => JSON.stringify([entry.section, entry.key]))
          expect(new Set(places).size).toBe(places.length)
        },
      ),
    )
  })
})
