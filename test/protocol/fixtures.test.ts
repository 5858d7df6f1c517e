import { describe, expect, it } from 'vitest'
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
        response: { status: 400, contentType: 'application/json', traceId: expect.stringMatching(/^0{8}-/) },
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
