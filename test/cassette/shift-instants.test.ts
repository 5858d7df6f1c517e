import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shiftInstants } from '../../src/cassette/shift-instants.ts'

const at = 1_900_000_000
const jwt = (claims: object): string =>
  ['{"alg":"RS256"}', JSON.stringify(claims), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.')

describe('instants', () => {
  it('of tokens are moved, and nothing else of them is', () => {
    const claims = { iat: at, nbf: at, exp: at + 3600, auth_time: at - 5, name: 'Zoë', level: 3, exp_note: at }
    const text = `{"access_token":"${jwt(claims)}","expires_in":3600}`
    const shifted = shiftInstants(text, 100)
    const { access_token: token, expires_in: left } = JSON.parse(shifted)
    const moved = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
    expect(moved).toEqual({ ...claims, iat: at + 100, nbf: at + 100, exp: at + 3700, auth_time: at + 95 })
    expect(left).toBe(3600)
  })

  it.each([
    [
      '{"expires_on":"1900000000", "not_before" : 1900000000}',
      '{"expires_on":"1900000060", "not_before" : 1900000060}',
    ],
    ['NotBefore="2030-03-17T17:46:40.123Z"', 'NotBefore="2030-03-17T17:47:40.123Z"'],
    ['<Created>2030-03-17T23:59:40Z</Created>', '<Created>2030-03-18T00:00:40Z</Created>'],
    ['Timestamp: 2030-03-17 17:46:40Z', 'Timestamp: 2030-03-17 17:47:40Z'],
    ['Sun, 17 Mar 2030 17:46:40 GMT', 'Sun, 17 Mar 2030 17:47:40 GMT'],
  ])('are moved in %s', (text, shifted) => {
    expect(shiftInstants(text, 60)).toBe(shifted)
    expect(shiftInstants(shifted, -60)).toBe(text)
  })

  it.each([
    '{"expires_in":3600,"refresh_in":1900000000}',
    '{"exp":19000000000000}',
    '2030-13-17T17:46:40Z',
    '9999-12-31T23:59:59Z',
    'Sun, 99 Mar 2030 17:46:40 GMT',
    'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd',
  ])('are not in %s', (text) => {
    expect(shiftInstants(text, 60)).toBe(text)
  })

  it('that are moved there and back are what they were, in any text', () => {
    const piece = fc.oneof(
      fc.string(),
      fc
        .date({ min: new Date('1971-01-01'), max: new Date('2200-01-01'), noInvalidDate: true })
        .map((d) => d.toISOString()),
      fc.integer({ min: 200_000_000, max: 4_000_000_000 }).map((n) => `"exp":${n},`),
    )
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: -9_999_999, max: 9_999_999 }), (pieces, seconds) => {
        const text = pieces.join(' ')
        expect(shiftInstants(shiftInstants(text, seconds), -seconds)).toBe(text)
      }),
      { numRuns: 200 },
    )
  })
})
