import fc from 'fast-check'
import type { StoredEntity } from '../../src/cache/entities.ts'
import { entityKey } from '../../src/cache/keys.ts'
import { parseSealedKey } from '../../src/cache/msal-keys.ts'
import { type MsalEntry, readMsalEntry } from '../../src/cache/msal-schema.ts'

export type Plain = Exclude<StoredEntity, { kind: 'Sealed' }>

/** Names that hurt whoever writes `table[name] = value`, and some that look like ours. */
export const oddNames = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'Account',
  'home_account_id',
  '1',
  '',
  'a-b',
]

/** Any JSON value, odd names in it. */
export const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, 0, -1.5, '', 'text', '1795375557', 'u.t'),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('table'),
  ),
  table: fc
    .array(fc.tuple(fc.constantFrom(...oddNames, 'x', 'y'), tie('value')), { maxLength: 3 })
    .map(Object.fromEntries),
})).value

const id = fc.constantFrom('c', 'C-1', 'c-1', '1', 'organizations', 'refreshtoken')
const tenant = fc.constantFrom('t', 'T', 't-1', 'adfs', 'a-b')
const host = fc.constantFrom('login.windows.net', 'sts.contoso.example', 'login-us.microsoftonline.com')
const at = fc.integer({ min: 0, max: 4_000_000_000 })
const text = fc.string({ maxLength: 8 })
const scopes = fc
  .uniqueArray(fc.constantFrom('User.Read', 'user.read', 'openid', 'a', 'a-', '-', 'https://api.example/x-y'), {
    maxLength: 4,
  })
  .map((list) => list.sort())
const fields = fc
  .array(fc.tuple(fc.constantFrom('__proto__', 'constructor', 'x', 'ext_expires_on'), json), {
    minLength: 1,
    maxLength: 3,
  })
  .map((entries) => ({ fields: Object.fromEntries(entries) as Record<string, unknown> }))

/** Removes members that are undefined: an absent member is absent. */
function exact<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T
}

function credential(homeAccountId: string): Record<string, fc.Arbitrary<unknown>> {
  return {
    homeAccountId: fc.constant(homeAccountId),
    environment: host,
    clientId: id,
    secret: text,
    msal: fc.option(fields, { nil: undefined }),
  }
}

/** Entities of one user as they are read: scopes sorted, every key once, one environment for the accounts of a cloud. */
export function entitiesOf(homeAccountId: string): fc.Arbitrary<readonly Plain[]> {
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
  const token = fc.record({
    kind: fc.constant('AccessToken'),
    ...credential(homeAccountId),
    tenantId: tenant,
    authorityTenant: maybe(text),
    scopes,
    askedScopes: maybe(text),
    resource: maybe(fc.constantFrom('urn:a', 'urn:b')),
    cachedAt: at,
    expiresOn: at,
    refreshOn: maybe(at),
    extendedExpiresOn: at,
  })
  const refresh = fc.record({
    kind: fc.constant('RefreshToken'),
    ...credential(homeAccountId),
    cachedAt: at,
    expiresOn: maybe(at),
    familyId: maybe(fc.constantFrom('1', 'c')),
  })
  const idToken = fc.record({ kind: fc.constant('IdToken'), ...credential(homeAccountId), tenantId: tenant })
  const profile = fc.record({
    kind: fc.constant('Account'),
    homeAccountId: fc.constant(homeAccountId),
    environment: host,
    localAccountId: text,
    tenantId: tenant,
    username: text,
    name: maybe(text),
    signInName: maybe(text),
  })
  return fc
    .array(fc.oneof(token, refresh, idToken, profile), { maxLength: 8 })
    .map((list) => [
      ...new Map(
        list.map((entity) => exact(entity) as unknown as Plain).map((entity) => [entityKey(entity), entity]),
      ).values(),
    ])
}

export function byKey(entities: Iterable<Plain>): Map<string, StoredEntity> {
  return new Map([...entities].map((entity) => [entityKey(entity), entity]))
}

/** All entities of some entries, by partition and key; the last of several counts. */
export function readAll(entries: Iterable<MsalEntry>): Map<string, Map<string, StoredEntity>> {
  const partitions = new Map<string, Map<string, StoredEntity>>()
  for (const entry of entries) {
    const { partition, entities } = readMsalEntry(entry)
    for (const entity of entities) {
      const key = entity.kind === 'Sealed' ? (parseSealedKey(entry.key ?? '')?.[1] ?? '') : entityKey(entity)
      partitions.set(partition, (partitions.get(partition) ?? new Map<string, StoredEntity>()).set(key, entity))
    }
  }
  return partitions
}
