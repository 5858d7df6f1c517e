import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { secretsOf } from '../../src/protocol/http.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { buildTokenRequest, type TokenRequest } from '../../src/protocol/token-request.ts'

const base: TokenRequest = {
  metadata: { token_endpoint: 'https://login.contoso.example/token' },
  clientId: 'client-1',
  grant: { type: 'password', username: 'ada', password: new Secret('pw') },
  scopes: ['api'],
}
const build = (change: Partial<TokenRequest>) => buildTokenRequest({ ...base, ...change }, 'c')
const form = (change: Partial<TokenRequest>) => Object.fromEntries(new URLSearchParams(build(change).body))
const refusal = (message: string, hint: string | RegExp = /./) =>
  expect.objectContaining({
    code: 'ERR_INVALID_ARGUMENT',
    step: 'token',
    message: expect.stringContaining(message),
    hint: expect.stringMatching(hint),
  })

describe('extraBodyParameters', () => {
  it('come last in the form', () => {
    const { body } = build({ extraBodyParameters: { audience: 'https://api.example/a b', x: '' } })
    expect(body?.endsWith('&client_info=1&audience=https%3A%2F%2Fapi.example%2Fa+b&x=')).toBe(true)
  })

  it('print their names, and a value only where it is known to be no secret', () => {
    const request = build({ extraBodyParameters: { audience: 'api://a', otp: 'canary' } })
    expect(inspect(request)).toContain('audience=api%3A%2F%2Fa&otp=%5Bredacted%5D')
    expect(JSON.stringify(request)).not.toContain('canary')
    expect(secretsOf(request).map((secret) => secret.reveal())).toEqual(['pw', 'canary'])
  })
})

describe('extraQueryParameters', () => {
  it('go to the token endpoint, behind a query that it has already', () => {
    const extraQueryParameters = { dc: 'TEST 1', slice: 'testslice' }
    expect(build({ extraQueryParameters }).url).toBe('https://login.contoso.example/token?dc=TEST+1&slice=testslice')
    const metadata = { token_endpoint: 'https://login.contoso.example/token?p=b2c_1_ropc' }
    expect(build({ metadata, extraQueryParameters }).url).toBe(
      'https://login.contoso.example/token?p=b2c_1_ropc&dc=TEST+1&slice=testslice',
    )
  })

  it('leave the URL as it is when there are none', () => {
    for (const extraQueryParameters of [{}, undefined]) {
      const change = extraQueryParameters === undefined ? {} : { extraQueryParameters }
      expect(build(change).url).toBe('https://login.contoso.example/token')
    }
  })

  it('print as the form does', () => {
    const request = build({ extraQueryParameters: { dc: 'x', key: 'canary' } })
    expect(request.url).toContain('key=canary')
    expect(inspect(request)).toContain('?dc=x&key=%5Bredacted%5D')
    expect(JSON.stringify(request)).not.toContain('canary')
  })
})

describe.each(['extraBodyParameters', 'extraQueryParameters'] as const)('%s', (option) => {
  it.each([
    ['client_id', 'clientId'],
    ['client_secret', 'clientAuthentication'],
    ['client_assertion', 'clientAuthentication'],
    ['client_assertion_type', 'clientAuthentication'],
    ['grant_type', 'the way of signing in'],
    ['username', 'username'],
    ['password', 'password'],
    ['assertion', 'the way of signing in'],
    ['refresh_token', 'the way of signing in'],
    ['scope', 'scopes'],
    ['claims', 'claims'],
    ['resource', 'resource'],
    ['client_info', 'the kind of the authority'],
    ['response_type', 'the kind of the authority'],
    ['p', 'authority'],
    ['Client_Id', 'clientId'],
    ['PASSWORD', 'password'],
  ])('may not hold %s, and say that it comes from %s', (name, owner) => {
    expect(() => build({ [option]: { [name]: 'x' } })).toThrow(
      refusal(`${option} may not hold ${name.toLowerCase()}`, `^It is set by: ${owner}.$`),
    )
  })

  it.each([
    ['a name that is empty', { '': 'x' }, 'no name'],
    ['a name with a blank', { 'a b': 'x' }, 'no name'],
    ['one name in two spellings', { dc: 'x', DC: 'y' }, 'there twice'],
    ['a value that is a number', { dc: 5 }, 'not a text'],
    ['a value that is half a surrogate pair', { dc: '\ud800' }, 'not a text'],
    ['a value over 16 KiB', { dc: 'x'.repeat(16_385) }, 'not a text'],
    ['a list', ['dc'], 'not an object'],
    ['null', null, 'not an object'],
    ['a text', 'dc=x', 'not an object'],
  ])('refuse %s', (_, extras, message) => {
    expect(() => build({ [option]: extras as never })).toThrow(refusal(message))
  })
})

describe('extraHeaders', () => {
  it('go along in lower case and print redacted', () => {
    const request = build({ extraHeaders: { 'X-Api-Key': 'canary', 'x-note': 'two words' } })
    expect(request.headers).toMatchObject({ 'x-api-key': 'canary', 'x-note': 'two words' })
    expect(JSON.parse(JSON.stringify(request)).headers).toMatchObject({
      'x-api-key': '[redacted]',
      accept: 'application/json',
    })
    expect(inspect({ request }, { depth: 9 })).not.toContain('canary')
    expect(secretsOf(request).map((secret) => secret.reveal())).toContain('canary')
  })

  it('may be called as a member of every object is', () => {
    const request = build({ extraHeaders: JSON.parse('{"__proto__":"x"}') })
    expect(Object.hasOwn(request.headers, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(request.headers)).toBe(Object.prototype)
  })

  it.each([
    ...['host', 'connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect'],
    ...['accept-encoding', 'http2-settings', 'content-length', 'Content-Type', 'content-encoding'],
    ...['proxy-authorization', 'sec-fetch-mode', 'accept', 'Authorization', 'cookie', 'client-request-id'],
    ...['return-client-request-id', 'x-client-sku', 'x-client-ver', 'X-AnchorMailbox'],
  ])('may not hold %s', (name) => {
    expect(() => build({ extraHeaders: { [name]: 'x' } })).toThrow(
      refusal(`extraHeaders may not hold ${name.toLowerCase()}`, /^It is set by: /),
    )
  })

  it.each([
    ['a name with a blank', { 'x y': 'v' }, 'no header name'],
    ['a name with a line end', { 'x\r\ny': 'v' }, 'no header name'],
    ['a name with a colon', { 'x:': 'v' }, 'no header name'],
    ['an empty name', { '': 'v' }, 'no header name'],
    ['one name in two spellings', { 'x-a': 'v', 'X-A': 'w' }, 'twice'],
    ['a value with a line end', { 'x-a': 'v\r\nx-evil: 1' }, 'no header can'],
    ['an empty value', { 'x-a': '' }, 'no header can'],
    ['a value with blanks around', { 'x-a': ' v' }, 'no header can'],
    ['a value that is not ASCII', { 'x-a': 'é' }, 'no header can'],
    ['a value that is a number', { 'x-a': 1 }, 'not a text'],
    ['a list', [], 'not an object'],
  ])('refuse %s', (_, extraHeaders, message) => {
    expect(() => build({ extraHeaders: extraHeaders as never })).toThrow(refusal(message))
  })

  it('take a long value apart in no time', () => {
    const value = `${'a '.repeat(8_000)}\u0000`
    const begun = performance.now()
    expect(() => build({ extraHeaders: { 'x-a': value } })).toThrow(refusal('no header can'))
    expect(performance.now() - begun).toBeLessThan(200)
  })
})

describe('what a kind of server changes in the token request', () => {
  it('AD FS and OIDC servers get no client_info and no routing hint', () => {
    const request = build({ clientInfo: false })
    expect(request.body).not.toContain('client_info')
    expect(request.headers).not.toHaveProperty('x-anchormailbox')
    expect(build({}).headers).toHaveProperty('x-anchormailbox', 'UPN:ada')
  })

  it('B2C gets a response_type, AD FS a resource', () => {
    const change = { responseType: 'token id_token', resource: 'https://api.example/' }
    expect(form(change)).toMatchObject({ response_type: 'token id_token', resource: 'https://api.example/' })
    expect(form({})).not.toHaveProperty('resource')
    expect(form({})).not.toHaveProperty('response_type')
  })

  it('sends the scopes as they are where no OpenID scopes are wanted, and no empty scope', () => {
    expect(form({ openIdScopes: false })['scope']).toBe('api')
    expect(form({ openIdScopes: true })['scope']).toBe('api openid profile offline_access')
    expect(form({ openIdScopes: false, scopes: [] })).not.toHaveProperty('scope')
    expect(form({ openIdScopes: false, scopes: ['api', 'offline_access'], offlineAccess: false })['scope']).toBe(
      'api offline_access',
    )
  })
})

describe('clientCredentials', () => {
  it('adds the fields, redacted in print', () => {
    const fields = [['client_secret', new Secret('canary')]] as const
    const request = build({ clientCredentials: { fields } })
    expect(Object.fromEntries(new URLSearchParams(request.body))).toMatchObject({
      client_id: 'client-1',
      client_secret: 'canary',
    })
    expect(inspect(request)).not.toContain('canary')
    expect(secretsOf(request).map((secret) => secret.reveal())).toEqual(['pw', 'canary'])
  })

  it('puts the authorization into its header, redacted in print, and leaves client_id out when told', () => {
    const authorization = new Secret('Basic canary')
    const clientCredentials = { authorization, omitClientId: true, secrets: [new Secret('inner')] }
    const request = build({ clientCredentials, extraHeaders: { 'x-a': 'b' } })
    expect(request.headers['authorization']).toBe('Basic canary')
    expect(new URLSearchParams(request.body).has('client_id')).toBe(false)
    expect(JSON.parse(JSON.stringify(request)).headers).toMatchObject({ authorization: '[redacted]' })
    expect(inspect(request)).not.toContain('canary')
    expect(secretsOf(request).map((secret) => secret.reveal())).toEqual(['pw', 'b', 'Basic canary', 'inner'])
  })
})
