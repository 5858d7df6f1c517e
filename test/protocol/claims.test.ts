import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeClaims } from '../../src/protocol/claims.ts'

describe('mergeClaims', () => {
  it('announces the capabilities as the libraries do', () => {
    expect(mergeClaims(undefined, ['cp1'])).toBe('{"access_token":{"xms_cc":{"values":["cp1"]}}}')
    expect(mergeClaims(undefined, ['cp1', 'cp2', 'cp1'])).toBe('{"access_token":{"xms_cc":{"values":["cp1","cp2"]}}}')
  })

  it('leaves a request alone where there is nothing to announce', () => {
    expect(mergeClaims(undefined, [])).toBeUndefined()
    expect(mergeClaims('{ "a" : 1 }', [])).toBe('{ "a" : 1 }')
  })

  it.each([
    ['an empty request', {}, { access_token: { xms_cc: { values: ['cp1'] } } }],
    [
      'a challenge for the access token',
      { access_token: { nbf: { essential: true, value: '1702682181' } } },
      { access_token: { xms_cc: { values: ['cp1'] }, nbf: { essential: true, value: '1702682181' } } },
    ],
    [
      'claims of the id_token',
      { id_token: { auth_time: null } },
      { access_token: { xms_cc: { values: ['cp1'] } }, id_token: { auth_time: null } },
    ],
    [
      'a request that states capabilities itself: it wins',
      { access_token: { xms_cc: { values: ['cp9'] } } },
      { access_token: { xms_cc: { values: ['cp9'] } } },
    ],
    [
      'members beside the values: they are kept',
      { access_token: { xms_cc: { essential: true } } },
      { access_token: { xms_cc: { values: ['cp1'], essential: true } } },
    ],
    ['an access_token that is no object: it wins', { access_token: null }, { access_token: null }],
    ['an access_token that is an array: it wins', { access_token: [1] }, { access_token: [1] }],
  ])('merges with %s', (_, request, merged) => {
    expect(JSON.parse(mergeClaims(JSON.stringify(request), ['cp1']) ?? '')).toEqual(merged)
  })

  it('takes "__proto__" in a challenge for a plain name', () => {
    const claims = '{"__proto__":{"polluted":true},"access_token":{"__proto__":{"polluted":true}}}'
    const merged = mergeClaims(claims, ['cp1']) ?? ''
    expect(merged.match(/"__proto__":\{"polluted":true\}/g)).toHaveLength(2)
    expect({}).not.toHaveProperty('polluted')
  })

  it('loses nothing of any request', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (claims) => {
        const merged = JSON.parse(mergeClaims(JSON.stringify({ ...claims, access_token: {} }), ['cp1']) ?? '')
        delete merged.access_token
        const { access_token: _, ...others } = claims
        expect(merged).toEqual(JSON.parse(JSON.stringify(others)))
      }),
      { numRuns: 300 },
    )
  })

  it.each(['', '[]', 'null', '"x"', '{'])('refuses %j, which is no JSON object', (claims) => {
    for (const capabilities of [[], ['cp1']]) {
      expect(() => mergeClaims(claims, capabilities)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
    }
  })

  it('refuses nesting that cannot be written again', () => {
    const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
    expect(() => mergeClaims(deep, ['cp1'])).toThrow(
      expect.objectContaining({ message: 'claims is nested too deeply' }),
    )
  })

  it.each([[['']], [['c p']], [['"']], [[5]]])('refuses the capabilities %j', (capabilities) => {
    expect(() => mergeClaims(undefined, capabilities as string[])).toThrow(/capability is not a word/)
  })
})
