import { describe, expect, it } from 'vitest'
import { accountFromTokenResponse } from '../../src/cache/account.ts'

const authority = { environment: 'login.windows.net', tenant: 'contoso.example' }
const info = { uid: 'u', utid: 't' }
const claims = { iss: 'i', aud: 'c', sub: 's' }
const from = accountFromTokenResponse

describe('accountFromTokenResponse', () => {
  it('names the home account by client_info, and the local one by oid', () => {
    const all = { ...claims, oid: 'o', tid: 'tid', preferred_username: 'p@x', upn: 'u@x', name: 'Ada' }
    expect(from(info, all, authority, 'typed@x')).toEqual({
      homeAccountId: 'u.t',
      localAccountId: 'o',
      environment: 'login.windows.net',
      tenantId: 'tid',
      username: 'p@x',
      name: 'Ada',
    })
  })

  it.each([
    ['sub for both ids without client_info and oid', undefined, claims, { homeAccountId: 's', localAccountId: 's' }],
    ['uid for the local id without an id_token', info, undefined, { homeAccountId: 'u.t', localAccountId: 'u' }],
    ['upn without preferred_username', info, { ...claims, upn: 'u@x' }, { username: 'u@x' }],
    ['the typed name for an empty one', info, { ...claims, preferred_username: '' }, { username: 'typed@x' }],
    ["the authority's tenant without tid", info, claims, { tenantId: 'contoso.example' }],
  ])('takes %s', (_, clientInfo, idToken, account) => {
    expect(from(clientInfo, idToken, authority, 'typed@x')).toMatchObject(account)
  })

  it('takes the home tenant for "organizations", where that is known', () => {
    const organizations = { ...authority, tenant: 'organizations' }
    expect(from(info, undefined, organizations, 'x')?.tenantId).toBe('t')
    expect(from(undefined, claims, organizations, 'x')?.tenantId).toBe('organizations')
  })

  it('is undefined when the answer names nobody', () => {
    expect(from(undefined, undefined, authority, 'ada@contoso.example')).toBeUndefined()
  })
})
