import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseKey, freeKey, homeTenant, type KeyedEntity, keyGeneration, msalKey } from '../../src/cache/msal-keys.ts'

const common = { homeAccountId: 'U.T', environment: 'login.windows.net', clientId: 'C', secret: 's' }
const token: KeyedEntity = {
  kind: 'AccessToken',
  ...common,
  tenantId: 'T',
  scopes: ['User.Read', 'a-'],
  cachedAt: 0,
  expiresOn: 0,
}
const refreshToken: KeyedEntity = { kind: 'RefreshToken', ...common, cachedAt: 0 }
const familyToken: KeyedEntity = { ...refreshToken, familyId: '1' }
const idToken: KeyedEntity = { kind: 'IdToken', ...common, tenantId: 'T' }
const account: KeyedEntity = { kind: 'Account', ...common, localAccountId: 'l', tenantId: 'guest', username: 'ada' }
const metadata: KeyedEntity = { kind: 'AppMetadata', environment: 'login.windows.net', clientId: 'C' }

describe('msalKey', () => {
  const stem = 'u.t-login.windows.net'
  it('writes an access token in the canonical form, and knows that of msal-node 3', () => {
    const text = `${stem}-accesstoken-c-t-user.read a-`
    expect([msalKey(token, 'schema'), msalKey(token)]).toEqual([text, text])
    expect([text, `${text}--`].map((key) => keyGeneration(key, token))).toEqual([2, 1])
  })

  // Generations 0 (up to msal-node 1.4, and the schema), 1 (1.5 to 3.x), 2 (from 5 on).
  it.each<[KeyedEntity, string, string, string]>([
    [refreshToken, `${stem}-refreshtoken-c--`, `${stem}-refreshtoken-c----`, `${stem}-refreshtoken-c---`],
    [familyToken, `${stem}-refreshtoken-1--`, `${stem}-refreshtoken-1----`, `${stem}-refreshtoken-1---`],
    [idToken, `${stem}-idtoken-c-t-`, `${stem}-idtoken-c-t---`, `${stem}-idtoken-c-t--`],
  ])('knows the texts of each generation of msal-node for %j', (entity, zero, one, two) => {
    expect([msalKey(entity, 'schema'), msalKey(entity)]).toEqual([zero, two])
    expect([zero, one, two].map((text) => keyGeneration(text, entity))).toEqual([0, 1, 2])
  })

  it.each<[KeyedEntity, string]>([
    [account, 'u.t-login.windows.net-t'],
    [metadata, 'appmetadata-login.windows.net-c'],
  ])('writes %j the same in every dialect', (entity, text) => {
    expect([msalKey(entity), msalKey(entity, 'schema')]).toEqual([text, text])
    expect(keyGeneration(text, entity)).toBe(2)
  })

  it.each<[string, KeyedEntity]>([
    ['u.t-login.microsoftonline.com-refreshtoken-c--', refreshToken],
    ['u.t-login.windows.net-refreshtoken-c', refreshToken],
    ['u.t-login.windows.net-refreshtoken-c--user.read', refreshToken],
    ['u.t-login.windows.net-refreshtoken-c----2', refreshToken],
    ['U.T-login.windows.net-T', account],
    ['u.t-login.windows.net-accesstoken-c-t-user.read-', token],
    ['u.t-login.windows.net-accesstoken-c-t-', token],
    ['', token],
  ])('does not take %s for a text of msal-node', (text, entity) => {
    expect(keyGeneration(text, entity)).toBeUndefined()
  })

  it('does not mind the order of scopes, since the server chose it', () => {
    expect(keyGeneration('u.t-login.windows.net-accesstoken-c-t-a- user.read', token)).toBe(2)
  })
})

describe('chooseKey', () => {
  it('stays with the newest text that msal-node would write, and leaves all others', () => {
    const stem = 'u.t-login.windows.net-refreshtoken-c'
    expect(chooseKey(refreshToken, [`${stem}--`, `${stem}----`, stem])).toBe(`${stem}----`)
    expect(chooseKey(refreshToken, [`${stem}---`, `${stem}----`])).toBe(`${stem}---`)
    expect(chooseKey(refreshToken, [stem, `${stem}--user.read`])).toBe(`${stem}---`)
    expect(chooseKey(refreshToken, [stem], 'schema')).toBe(`${stem}--`)
    expect(chooseKey(refreshToken, [])).toBe(`${stem}---`)
  })
})

describe('freeKey', () => {
  it('finds a text that nothing stands under, whatever is taken', () => {
    expect(freeKey('a', () => false)).toBe('a')
    fc.assert(
      fc.property(fc.array(fc.constantFrom<string>('a', 'a-2', 'a-3', 'a-5')), (texts) => {
        expect(texts).not.toContain(freeKey('a', (text) => texts.includes(text)))
      }),
    )
  })
})

describe('homeTenant', () => {
  it.each([
    ['u.t', 't'],
    ['oid-b2c_1.policy.t', 't'],
    ['sub', undefined],
    ['.t', undefined],
    ['u.', undefined],
    ['', undefined],
  ])('of %j is %j', (id, tenant) => {
    expect(homeTenant(id)).toBe(tenant)
  })
})
