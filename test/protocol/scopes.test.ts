import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canonicalScopes,
  checkScopes,
  coversScopes,
  scopesFromResource,
  scopesToSend,
} from '../../src/protocol/scopes.ts'

describe('checkScopes', () => {
  it.each([
    ['a string', 'User.Read', 'not an array'],
    ['nothing', undefined, 'not an array'],
    ['an empty array', [], 'empty'],
    ['two scopes in one string', ['User.Read Mail.Read'], 'blank'],
    ['a control character', ['User.Read\n'], 'control character'],
    ['a number', [7], 'not a string'],
    ['an empty scope', [''], 'empty'],
    ['a non-ASCII scope', ['Bénutzer.Lesen'], 'non-ASCII'],
    ['.default mixed with others', ['https://graph.microsoft.com/.default', 'User.Read'], '.default'],
    ['two resources', ['https://a.example/Read', 'https://b.example/Read'], 'two resources'],
    ['Graph and another resource', ['User.Read', 'api://b/Read'], 'two resources'],
  ])('refuses %s', (_, scopes, why) => {
    expect(() => checkScopes(scopes)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', step: 'token', message: expect.stringContaining(why) }),
    )
  })

  it.each([
    [['User.Read', 'https://graph.microsoft.com/Mail.Read']],
    [['openid', 'https://a.example/.default']],
    [['api://00001111-aaaa-4222-bbbb-3333cccc4444/Read', 'api://00001111-aaaa-4222-bbbb-3333cccc4444/Write']],
    [['https://management.example//user_impersonation']],
  ])('accepts %j', (scopes) => {
    expect(checkScopes(scopes)).toEqual(scopes)
  })

  it('drops doubles without regard to case, and keeps the order', () => {
    expect(checkScopes(['b', 'A', 'a', 'B'])).toEqual(['b', 'A'])
  })
})

describe('scopesToSend', () => {
  it('adds the OpenID scopes once', () => {
    expect(scopesToSend(['User.Read'], true)).toEqual(['User.Read', 'openid', 'profile', 'offline_access'])
    expect(scopesToSend(['OpenID', 'offline_access', 'x'], true)).toEqual(['OpenID', 'offline_access', 'x', 'profile'])
  })

  it('asks for no refresh token when told not to, even if the caller lists offline_access', () => {
    expect(scopesToSend(['x', 'offline_access'], false)).toEqual(['x', 'openid', 'profile'])
  })
})

describe('coversScopes', () => {
  const scope = fc.stringMatching(/^[a-zA-Z.]{1,12}$/)

  it('compares sets without case and order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(scope, { minLength: 1 }), (scopes) => {
        const shuffled = [...scopes].reverse().map((text) => text.toUpperCase())
        return coversScopes(shuffled, scopes) && canonicalScopes(shuffled) === canonicalScopes(scopes)
      }),
    )
  })

  it('is false as soon as one scope of the resource is missing', () => {
    expect(coversScopes(['User.Read', 'openid'], ['User.Read', 'Mail.Read'])).toBe(false)
    expect(coversScopes(['User.Read'], ['user.read', 'openid', 'offline_access'])).toBe(true)
  })

  it('does not take a token of some API for one that was asked with OpenID scopes alone', () => {
    expect(coversScopes(['api://a/Read'], ['openid'])).toBe(false)
    expect(coversScopes(['openid', 'User.Read'], ['openid', 'offline_access'])).toBe(true)
  })
})

describe('scopesFromResource', () => {
  it.each([
    ['https://management.core.windows.net/', 'https://management.core.windows.net//.default'],
    ['https://management.core.windows.net', 'https://management.core.windows.net/.default'],
    ['https://graph.microsoft.com', 'https://graph.microsoft.com/.default'],
    ['api://00001111-aaaa-4222-bbbb-3333cccc4444', 'api://00001111-aaaa-4222-bbbb-3333cccc4444/.default'],
    ['00001111-aaaa-4222-bbbb-3333cccc4444', '00001111-aaaa-4222-bbbb-3333cccc4444/.default'],
    ['https://api.contoso.example/v1/', 'https://api.contoso.example/v1//.default'],
  ])('turns %s into %s, every slash kept', (resource, scope) => {
    expect(scopesFromResource(resource)).toEqual([scope])
    expect(checkScopes([scope])).toEqual([scope])
  })

  it.each([
    ['', /not a URI/],
    ['a b', /not a URI/],
    ['é', /not a URI/],
    [undefined, /not a URI/],
    ['x'.repeat(1_001), /not a URI/],
    ['https://graph.microsoft.com/.default', /a scope already/],
  ])('refuses %j', (resource, message) => {
    expect(() => scopesFromResource(resource as string)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  })
})
