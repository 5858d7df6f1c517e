import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64Url, encodeBase64Url } from '../../src/protocol/base64url.ts'
import { parseClientInfo } from '../../src/protocol/client-info.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { buildTokenRequest, type TokenRequest } from '../../src/protocol/token-request.ts'
import { anyCharacter } from '../any-character.ts'

const base: TokenRequest = {
  metadata: { token_endpoint: 'https://login.microsoftonline.com/organizations/oauth2/v2.0/token' },
  clientId: '00001111-aaaa-4222-bbbb-3333cccc4444',
  grant: { type: 'password', username: 'ada@contoso.example', password: new Secret('Pa$$ w0rd+&=é') },
  scopes: ['User.Read'],
}
const fields = (request: { body?: string }): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(request.body))

describe('buildTokenRequest', () => {
  it('posts the password grant of RFC 6749 §4.3.2 with what Entra wants beside it', () => {
    const request = buildTokenRequest(base, 'c-1')
    expect(request.headers).toEqual({
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded;charset=utf-8',
      'client-request-id': 'c-1',
      'return-client-request-id': 'true',
      'x-client-sku': 'ropc-client',
      'x-client-ver': '0.1.0',
      'x-anchormailbox': 'UPN:ada@contoso.example',
    })
    expect(request).toMatchObject({ step: 'token', method: 'POST', url: base.metadata.token_endpoint })
    expect(fields(request)).toEqual({
      client_id: base.clientId,
      grant_type: 'password',
      username: 'ada@contoso.example',
      password: 'Pa$$ w0rd+&=é',
      scope: 'User.Read openid profile offline_access',
      client_info: '1',
    })
  })

  it.each([
    ['1.1', 'urn:ietf:params:oauth:grant-type:saml1_1-bearer'],
    ['2.0', 'urn:ietf:params:oauth:grant-type:saml2-bearer'],
  ] as const)('posts a SAML %s assertion as base64url, and no password with it', (version, grantType) => {
    const xml = '<Assertion>é€😀</Assertion>'
    const request = buildTokenRequest(
      { ...base, grant: { type: 'saml', assertion: { version, xml: new Secret(xml) } } },
      'c',
    )
    const { grant_type, assertion, username, password } = fields(request)
    expect(grant_type).toBe(grantType)
    expect(Buffer.from(assertion ?? '', 'base64url').toString()).toBe(xml)
    expect(assertion).toMatch(/^[\w-]+$/)
    expect([username, password]).toEqual([undefined, undefined])
  })

  it('posts a refresh token with a routing hint made of the home account', () => {
    const grant = { type: 'refresh_token', refreshToken: new Secret('rt') } as const
    const request = buildTokenRequest({ ...base, grant, homeAccountId: 'uid-1.utid-1', offlineAccess: false }, 'c')
    expect(request.headers['x-anchormailbox']).toBe('Oid:uid-1@utid-1')
    expect(fields(request)).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'rt',
      scope: 'User.Read openid profile',
    })
  })

  it.each(['josé@contoso.example', 'a\r\nx-evil: 1@contoso.example', 'ada@contoso.example '])(
    'leaves the routing hint out for %j, which no HTTP header can carry',
    (username) => {
      const grant = { type: 'password', username, password: new Secret('p') } as const
      const request = buildTokenRequest({ ...base, grant }, 'c')
      expect(request.headers).not.toHaveProperty('x-anchormailbox')
      expect(fields(request)['username']).toBe(username)
    },
  )

  it('sends any password as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, minLength: 1 }), (password) => {
        const grant = { type: 'password', username: 'u', password: new Secret(password) } as const
        return fields(buildTokenRequest({ ...base, grant }, 'c'))['password'] === password
      }),
    )
  })

  it('passes a claims challenge on, and refuses what is not a JSON object', () => {
    const claims = '{"access_token":{"nbf":{"essential":true}}}'
    expect(fields(buildTokenRequest({ ...base, claims }, 'c'))['claims']).toBe(claims)
    for (const bad of ['', '[]', 'null', '"x"', '{']) {
      expect(() => buildTokenRequest({ ...base, claims: bad }, 'c')).toThrow(/claims/)
    }
  })

  it('prints redacted but for the member that has to be sent', () => {
    const request = buildTokenRequest(base, 'c')
    const shown = `${JSON.stringify(request)}${inspect(request)}${inspect({ request }, { depth: 9 })}`
    expect(shown).not.toContain('w0rd')
    expect(shown).toContain('password=%5Bredacted%5D')
  })
})

describe('base64url', () => {
  it('gives back every text', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => decodeBase64Url(encodeBase64Url(text)) === text))
  })

  it.each(['a+b', 'a b', '_w', 'A'])('does not decode %j', (text) => {
    expect(decodeBase64Url(text)).toBeUndefined()
  })
})

describe('parseClientInfo', () => {
  const encode = (value: unknown): string => encodeBase64Url(JSON.stringify(value))

  it('reads uid and utid', () => {
    expect(parseClientInfo(encode({ uid: 'u', utid: 't', more: 1 }))).toEqual({ uid: 'u', utid: 't' })
  })

  it.each([
    undefined,
    '',
    '!',
    encode(null),
    encode([]),
    encode({}),
    encode({ uid: 'u', utid: '' }),
    encode({ uid: 1, utid: 't' }),
  ])('takes %j for absent', (text) => {
    expect(parseClientInfo(text)).toBeUndefined()
  })
})
