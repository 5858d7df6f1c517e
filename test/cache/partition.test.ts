import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type {
  AccessTokenEntity,
  AccountEntity,
  ForeignEntity,
  IdTokenEntity,
  RefreshTokenEntity,
  SealedEntity,
  StoredEntity,
} from '../../src/cache/entities.ts'
import { entityKey } from '../../src/cache/keys.ts'
import { removingChange, savingChange } from '../../src/cache/partition.ts'
import { type CacheQuery, searchPartition as search } from '../../src/cache/query.ts'

const at = 1_800_000_000
const token = (change: Partial<AccessTokenEntity> = {}): AccessTokenEntity => ({
  kind: 'AccessToken',
  homeAccountId: 'u.t',
  environment: 'login.windows.net',
  clientId: 'c',
  tenantId: 't-1',
  authorityTenant: 't-1',
  scopes: ['User.Read', 'openid'],
  askedScopes: 'user.read',
  secret: 'AT',
  cachedAt: at,
  expiresOn: at + 3_600,
  ...change,
})
const common = { homeAccountId: 'u.t', environment: 'login.windows.net' }
const account: AccountEntity = {
  kind: 'Account',
  ...common,
  localAccountId: 'l',
  tenantId: 't-1',
  username: 'ada@contoso.example',
}
const refreshToken: RefreshTokenEntity = { kind: 'RefreshToken', ...common, clientId: 'c', secret: 'RT', cachedAt: at }
const idToken = (tenantId: string): IdTokenEntity => ({
  kind: 'IdToken',
  ...common,
  clientId: 'c',
  tenantId,
  secret: `ID ${tenantId}`,
})
const searchPartition = (partition: ReadonlyMap<string, StoredEntity>, ...rest: [CacheQuery, number]) =>
  search([...partition.values()], ...rest)
const partitionOf = (...entities: Exclude<StoredEntity, SealedEntity>[]) =>
  new Map(entities.map((entity) => [entityKey(entity), entity]))
const authority = {
  environment: 'login.windows.net',
  aliases: ['login.windows.net', 'login.microsoftonline.com'],
  tenant: 't-1',
}
const query = { homeAccountId: 'u.t', authority, clientId: 'c', scopes: ['user.read'] }

describe('entityKey', () => {
  const field = fc.string({ maxLength: 12 })

  it('differs whenever two entities differ in what identifies them, delimiters inside fields or not', () => {
    const identity = fc.record({ environment: field, clientId: field, tenantId: field })
    fc.assert(
      fc.property(identity, identity, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b)
        return (entityKey(token(a)) === entityKey(token(b))) === same
      }),
      { numRuns: 1_000 },
    )
    // The collision of libraries that join fields with a dash.
    expect(entityKey(token({ tenantId: 'r-x', scopes: ['y'] }))).not.toBe(
      entityKey(token({ tenantId: 'r', scopes: ['x-y'] })),
    )
  })

  it('is the same for the same scopes in another case and order', () => {
    expect(entityKey(token({ scopes: ['B', 'a', 'openid'] }))).toBe(entityKey(token({ scopes: ['A', 'b'] })))
  })
})

describe('searchPartition', () => {
  it('finds everything that belongs to the query', () => {
    const found = searchPartition(
      partitionOf(account, token(), refreshToken, idToken('t-1'), idToken('t-2')),
      query,
      at,
    )
    expect(found).toEqual({ account, accessToken: token(), refreshToken, idToken: idToken('t-1'), reasons: [] })
  })

  it('takes a token that another clock, or one that rounds up, has cached up to 300 seconds from now', () => {
    expect(searchPartition(partitionOf(account, token({ cachedAt: at + 300 })), query, at).accessToken).toBeDefined()
  })

  it.each([
    ['of another user', { homeAccountId: 'v.t' }, undefined],
    ['of another cloud', { environment: 'login.microsoftonline.us' }, undefined],
    ['of another client', { clientId: 'd' }, undefined],
    ['of another tenant', { tenantId: 't-2', authorityTenant: 't-2' }, 'cache.access-token.tenant'],
    ['for other scopes', { scopes: ['Mail.Read'], askedScopes: 'mail.read' }, 'cache.access-token.scopes'],
    ['for a named relying party', { resource: 'urn:one' }, 'cache.access-token.resource'],
    ['that a spoiled store says lives for ever', { expiresOn: at + 4_000_000_000 }, 'cache.access-token.never-expires'],
    ['without the token', { secret: '' }, 'cache.access-token.lost'],
    ['with 300 seconds left', { expiresOn: at + 300 }, 'cache.access-token.expired'],
    ['cached more than 300 seconds in the future', { cachedAt: at + 301 }, 'cache.access-token.clock-set-back'],
  ])('passes over a token %s, and says why when it is this client’s', (_, change, reason) => {
    const { accessToken, reasons } = searchPartition(partitionOf(account, token(change)), query, at)
    expect(accessToken).toBeUndefined()
    expect(reasons.map(({ rule }) => rule)).toEqual(reason === undefined ? [] : [reason])
  })

  it.each([
    ['under an alias of the cloud', { environment: 'login.microsoftonline.com' }],
    ['with 301 seconds left', { expiresOn: at + 301 }],
    ['with more scopes than asked', { scopes: ['Mail.Read', 'USER.READ'], askedScopes: '' }],
    [
      'that was asked for by the same words and granted under others',
      { scopes: ['https://graph.microsoft.com/User.Read'] },
    ],
    ['asked for under the same tenant name', { tenantId: 'guid', authorityTenant: 't-1' }],
  ])('takes a token %s', (_, change) => {
    expect(searchPartition(partitionOf(account, token(change)), query, at).accessToken).toEqual(token(change))
  })

  it('prefers the token that lives longest and the newest refresh token, when several match', () => {
    const longer = token({ scopes: ['User.Read', 'Mail.Read'], expiresOn: at + 9_000 })
    const newer: StoredEntity = { ...refreshToken, environment: 'login.microsoftonline.com', cachedAt: at + 5 }
    for (const partition of [
      [token(), longer, refreshToken, newer],
      [newer, refreshToken, longer, token()],
    ]) {
      expect(search(partition, query, at)).toMatchObject({ accessToken: longer, refreshToken: newer })
    }
  })
})

describe('searchPartition at "organizations"', () => {
  const home = { ...query, authority: { ...authority, tenant: 'organizations' } }
  const find = (change: Partial<AccessTokenEntity>) => {
    const { authorityTenant: _, ...imported } = token(change)
    return search([imported], { ...home, homeAccountId: imported.homeAccountId }, at).accessToken
  }

  it('finds what another library filed under the home tenant, or under "organizations" itself', () => {
    expect(find({ homeAccountId: 'u.t-1', tenantId: 't-1' })).toBeDefined()
    expect(find({ tenantId: 'organizations' })).toBeDefined()
  })

  it('does not find a token for a tenant where the user is a guest, or that only sounds like home', () => {
    expect(find({ homeAccountId: 'u.t-1', tenantId: 't-2' })).toBeUndefined()
    expect(find({ homeAccountId: 'u.t-1', tenantId: '1' })).toBeUndefined()
    expect(find({ homeAccountId: 'u.t-1', tenantId: '' })).toBeUndefined()
  })
})

describe('savingChange', () => {
  const keys = (change: { del?: readonly string[] }) => change.del ?? []

  it('removes what the new token replaces: same client and tenant, a scope in common', () => {
    const wider = token({ scopes: ['User.Read', 'Mail.Read'] })
    const unrelated = token({ scopes: ['Files.Read', 'openid', 'profile'] })
    const ofOthers = [token({ clientId: 'd' }), token({ tenantId: 't-2' }), token({ environment: 'e' })]
    const change = savingChange(partitionOf(wider, unrelated, ...ofOthers, refreshToken), [token()])
    expect(keys(change)).toEqual([entityKey(wider)])
    expect(change.put).toEqual({ [entityKey(token())]: token() })
  })
})

describe('removingChange', () => {
  it('leaves the account to another client that still has a token', () => {
    const other = token({ clientId: 'd' })
    expect(removingChange(partitionOf(account, token(), other), 'c').del).toEqual([entityKey(token())])
    expect(removingChange(partitionOf(account, token(), refreshToken), 'c').del?.length).toBe(3)
  })

  it('takes along what other libraries stored for the client, and leaves what is of others or of nobody', () => {
    const foreign = (key: string, value: unknown): ForeignEntity => ({
      kind: 'Foreign',
      section: 'AccessToken',
      key,
      value,
    })
    const own = foreign('own', { client_id: 'c', secret: 's' })
    const others = foreign('others', { client_id: 'd', secret: 's' })
    const nobodys = [foreign('text', 'c'), foreign('null', null), foreign('number', { client_id: 1 })]
    expect(removingChange(partitionOf(account, own, ...nobodys), 'c').del).toEqual([account, own].map(entityKey))
    expect(removingChange(partitionOf(account, own, others), 'c').del).toEqual([entityKey(own)])
  })
})
