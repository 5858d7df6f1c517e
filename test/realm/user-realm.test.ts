import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAuthority } from '../../src/protocol/authority.ts'
import { checkUsername, classifyUsername, unknownRealmHint } from '../../src/realm/upn.ts'
import { buildUserRealmRequest } from '../../src/realm/user-realm.ts'

const authority = parseAuthority('https://login.microsoftonline.com/organizations')

describe('buildUserRealmRequest', () => {
  it('asks api-version 1.0 without a password', () => {
    expect(buildUserRealmRequest(authority, 'ada@contoso.example', 'c-1')).toEqual({
      step: 'realm',
      method: 'GET',
      url: 'https://login.microsoftonline.com/common/userrealm/ada%40contoso.example?api-version=1.0',
      headers: {
        accept: 'application/json',
        'client-request-id': 'c-1',
        'return-client-request-id': 'true',
        'x-client-sku': 'ropc-client',
        'x-client-ver': '0.1.0',
      },
    })
  })

  it('percent-encodes the UPN, so the "#" of a guest name cannot end the path', () => {
    const request = buildUserRealmRequest(authority, 'ada_fabrikam.example#EXT#@contoso.example', 'c')
    expect(new URL(request.url).pathname).toBe('/common/userrealm/ada_fabrikam.example%23EXT%23%40contoso.example')
  })

  it('puts every name that it accepts into one path segment, and nothing of it anywhere else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), (username) => {
        try {
          checkUsername(username)
        } catch {
          return true
        }
        const url = new URL(buildUserRealmRequest(authority, username, 'c').url)
        const [, common, userrealm, segment, ...rest] = url.pathname.split('/')
        expect([url.host, common, userrealm, decodeURIComponent(segment ?? ''), rest, url.search, url.hash]).toEqual([
          'login.microsoftonline.com',
          'common',
          'userrealm',
          username,
          [],
          '?api-version=1.0',
          '',
        ])
        return true
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('checkUsername', () => {
  it.each(['', '   ', '.', '..', 'a'.repeat(1_025), 'a\nb@c', 'a\u0000b', '\ud800@contoso.example', undefined, 7])(
    'refuses %j without repeating it',
    (username) => {
      const check = () => checkUsername(username)
      expect(check).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', step: 'realm' }))
      if (typeof username === 'string' && username.trim().length > 2) {
        expect(check).toThrow(expect.objectContaining({ message: expect.not.stringContaining(username) }))
      }
    },
  )

  it.each(['a#b/c%d+e&f g@contoso.example', ' ada@contoso.example ', 'josé@contoso.example', 'é€😀@contoso.example'])(
    'takes %j as it is',
    (username) => {
      expect(checkUsername(username)).toBe(username)
    },
  )
})

describe('unknownRealmHint', () => {
  it.each([
    ['ada@contoso.example', 'upn', /typing errors/],
    ['+44 20 7946 0000', 'phone', /phone number/],
    ['CONTOSO\\ada', 'down-level', /DOMAIN\\user/],
    ['ada', 'alias', /no domain/],
    ['ada@@contoso', 'alias', /no domain/],
  ] as const)('gives %s, a name of shape %s, advice of its own', (username, shape, hint) => {
    expect(classifyUsername(username)).toBe(shape)
    expect(unknownRealmHint(username)).toMatch(hint)
  })
})
