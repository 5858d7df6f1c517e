import { describe, expect, it } from 'vitest'
import type { TokenEndpointError } from '../../src/errors.ts'
import { parseAuthority } from '../../src/protocol/authority.ts'
import type { HttpResponse } from '../../src/protocol/http.ts'
import { parseMetadata } from '../../src/protocol/server-metadata.ts'
import { parseTokenResponse } from '../../src/protocol/token-response.ts'
import { parseUserRealm } from '../../src/realm/user-realm.ts'
import { type FixtureRow, fixture, fixtureIndex } from '../fixtures.ts'

const cloudExample = parseAuthority('https://login.cloud.example/organizations')
const parsers: Record<string, (response: HttpResponse) => unknown> = {
  realm: parseUserRealm,
  token: (response) => parseTokenResponse(response, ['User.Read']),
  metadata: (response) => parseMetadata(response, cloudExample),
}

function answer({ file, status = 200 }: FixtureRow): HttpResponse {
  const type = file.endsWith('.html') ? 'text/html' : 'application/json; charset=utf-8'
  return { status, headers: { 'content-type': type }, body: fixture(file) }
}

for (const [folder, parse] of Object.entries(parsers)) {
  describe(`fixtures/${folder}`, () => {
    it.each(fixtureIndex(folder))('$file ($clause)', (row) => {
      let seen: unknown
      try {
        seen = parse(answer(row))
      } catch (error) {
        expect(error).toHaveProperty('hint')
        seen = error
      }
      if ('code' in row.expect || folder === 'token') expect(seen).toMatchObject(row.expect)
      else expect(seen).toEqual(row.expect)
    })
  })
}

describe('parseTokenResponse', () => {
  const text = (file: string): HttpResponse => answer({ file, expect: {}, clause: '', status: 400 })

  it('says what to change, in a hint chosen by the AADSTS number', () => {
    expect(() => parseTokenResponse(text('token/mfa-required.json'), [])).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('device code') }),
    )
  })

  it('keeps trace and correlation ids, and neither the body nor any header', () => {
    const response = {
      ...text('token/wrong-password.json'),
      headers: { 'content-type': 'application/json', 'set-cookie': 'x' },
    }
    expect(() => parseTokenResponse(response, [])).toThrow(
      expect.objectContaining({
        response: {
          status: 400,
          contentType: 'application/json',
          traceId: expect.stringMatching(/^0{8}-/),
          correlationId: expect.stringMatching(/^9{8}-/),
          timestamp: '2026-11-22 20:00:00Z',
        },
      }),
    )
  })

  it('takes a claims challenge alone for a demand that this grant cannot meet', () => {
    const body = JSON.stringify({ error: 'invalid_grant', claims: '{"access_token":{}}' })
    expect(() => parseTokenResponse({ status: 400, headers: {}, body }, [])).toThrow(
      expect.objectContaining({ code: 'ERR_INTERACTION_REQUIRED', claims: '{"access_token":{}}' }),
    )
  })

  it('believes no lifetime beyond seven days', () => {
    const body = JSON.stringify({ access_token: 'x', token_type: 'Bearer', expires_in: 99_999_999 })
    expect(parseTokenResponse({ status: 200, headers: {}, body }, []).expiresInSeconds).toBe(604_800)
  })

  it.each(['a\nb', 'a\u001b[2J', 'é'])(
    'refuses the token %j, which no header can carry (RFC 6749 §A.12, §A.17)',
    (token) => {
      for (const name of ['access_token', 'refresh_token']) {
        const body = JSON.stringify({ access_token: 'x', token_type: 'Bearer', [name]: token })
        expect(() => parseTokenResponse({ status: 200, headers: {}, body }, [])).toThrow(name)
      }
    },
  )

  it('takes no JSON from what calls itself a web page', () => {
    const response = { status: 200, headers: { 'content-type': 'text/html' }, body: fixture('token/success.json') }
    expect(() => parseTokenResponse(response, [])).toThrow(expect.objectContaining({ code: 'ERR_MALFORMED_RESPONSE' }))
  })

  it('reads an answer behind a byte order mark', () => {
    const response = { status: 200, headers: {}, body: `\ufeff${fixture('token/success.json')}` }
    expect(parseTokenResponse(response, []).tokenType).toBe('Bearer')
  })

  const refused = (status: number, body: string, type = 'application/json') =>
    expect(() => parseTokenResponse({ status, headers: { 'content-type': type }, body }, []))

  it.each([400, 401, 403])('takes %i without an OAuth error for a refusal all the same', (status) => {
    for (const body of ['', ' \n', '{}', '{"message":"no"}']) {
      refused(status, body).toThrow(
        expect.objectContaining({
          name: 'DeniedError',
          code: 'ERR_TOKEN_ENDPOINT',
          step: 'token',
          message: `the token endpoint refused with HTTP status ${status} and no OAuth error`,
          hint: expect.stringContaining(status === 401 ? 'client must authenticate' : 'log of the server'),
          response: { status, contentType: 'application/json' },
        }),
      )
    }
  })

  it.each([
    ['{"title":"Forbidden","detail":"no \\u001b[2J"}', ': no \\u{1b}[2J'],
    ['{"title":"Forbidden","detail":5}', ': Forbidden'],
    ['{"title":"","detail":{}}', ''],
  ])('quotes of the problem details %s what can be shown (RFC 9457)', (body, text) => {
    const message = `the token endpoint refused with HTTP status 403 and no OAuth error${text}`
    refused(403, body, 'application/problem+json').toThrow(expect.objectContaining({ message }))
  })

  it.each([
    [400, '<html></html>', 'text/html'],
    [403, 'Access denied by Example Firewall', 'text/plain'],
    [401, '[]', 'application/json'],
    [404, '', 'application/json'],
    [429, '{}', 'application/json'],
    [500, '', 'application/json'],
    [302, '', 'text/html'],
  ])('takes %i with %j for no word of a token endpoint', (status, body, type) => {
    refused(status, body, type).toThrow(expect.objectContaining({ code: 'ERR_UNEXPECTED_STATUS' }))
  })

  it.each([
    ['AADB2C90225: The username or password is invalid.', 'AADB2C90225', /tried once/],
    ['AADB2C90086: The supplied grant_type [password] is not supported.', 'AADB2C90086', /ROPC user flow/],
    ['AADB2C99999: Something new.', 'AADB2C99999', /was refused/],
    ['MSIS9611: The authorization server does not support it.', 'MSIS9611', /AD FS 2016/],
    ['MSIS9622: Client authentication failed.', 'MSIS9622', /RS256/],
    ['MSIS12345: Something new.', 'MSIS12345', /was refused/],
    ['constructor: MSIS', undefined, /was refused/],
  ])('reads the code of %j and gives its advice', (error_description, serverCode, hint) => {
    const body = JSON.stringify({ error: 'invalid_grant', error_description })
    refused(400, body).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }))
    try {
      parseTokenResponse({ status: 400, headers: {}, body }, [])
    } catch (error) {
      expect((error as TokenEndpointError).serverCode).toBe(serverCode)
      expect((error as TokenEndpointError).errorCodes).toEqual([])
    }
  })

  it('keeps the code of a demand for interaction too', () => {
    const body = JSON.stringify({ error: 'interaction_required', error_description: 'AADB2C90077: no session' })
    refused(400, body).toThrow(expect.objectContaining({ code: 'ERR_INTERACTION_REQUIRED', serverCode: 'AADB2C90077' }))
  })

  it.each([
    [7_000_222, /expired/],
    [700_024, /clock/],
    [700_027, /register the certificate/],
  ])('gives advice on AADSTS%i of a confidential client', (code, hint) => {
    const body = JSON.stringify({ error: 'invalid_client', error_codes: [code] })
    refused(401, body).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }))
  })

  it('lets B2C leave the access token out when asked to, and keeps the refresh token', () => {
    const response = { status: 200, headers: {}, body: fixture('token/id-token-only.json') }
    expect(() => parseTokenResponse(response, [], { accessTokenOptional: false })).toThrow(/access_token/)
    const tokens = parseTokenResponse(response, ['openid'], { accessTokenOptional: true })
    expect(tokens).not.toHaveProperty('accessToken')
    expect(tokens).toMatchObject({ scopes: ['openid', 'offline_access'], expiresInSeconds: 600 })
    expect(tokens.refreshToken?.reveal()).toBe('fixture-refresh-token')
    expect(tokens.idToken?.reveal()).toMatch(/^eyJ/)
  })

  it.each([
    ['neither of the tokens', { token_type: 'Bearer' }, 'ERR_MISSING_FIELD'],
    ['an empty id_token', { token_type: 'Bearer', id_token: '' }, 'ERR_MISSING_FIELD'],
    ['an access token that is no bearer token', { access_token: 'x', id_token: 'y' }, 'ERR_MISSING_FIELD'],
    [
      'an access token no header can carry',
      { access_token: 'é', id_token: 'y', token_type: 'Bearer' },
      'ERR_MALFORMED_RESPONSE',
    ],
  ])('is as strict with %s where the access token is optional', (_, json, code) => {
    const response = { status: 200, headers: {}, body: JSON.stringify(json) }
    expect(() => parseTokenResponse(response, [], { accessTokenOptional: true })).toThrow(
      expect.objectContaining({ code }),
    )
  })

  it('needs no token_type where there is no access token', () => {
    const response = { status: 200, headers: {}, body: '{"id_token":"y","access_token":""}' }
    expect(parseTokenResponse(response, ['openid'], { accessTokenOptional: true })).toMatchObject({
      scopes: ['openid'],
    })
  })

  it('keeps the claims challenge for the next, interactive request', () => {
    expect(() => parseTokenResponse(text('token/conditional-access.json'), [])).toThrow(
      expect.objectContaining({ claims: expect.stringContaining('capolids') }),
    )
  })

  it('holds tokens so that neither printing nor serialising the parsed answer shows one', () => {
    const tokens = parseTokenResponse({ status: 200, headers: {}, body: fixture('token/success.json') }, [])
    expect(JSON.stringify(tokens)).not.toMatch(/fixture-|eyJ/)
    expect(tokens.refreshToken?.reveal()).toBe('fixture-refresh-token')
  })
})
