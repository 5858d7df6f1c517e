import fc from 'fast-check'

const surrogates = { first: 0xd800, count: 0x800 }

/**
 * Every code point but half surrogate pairs: what fast-check calls the unit `binary`. To know its way back, that one builds a
 * map of a million entries, in each worker; this one reckons.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.integer({ min: 0, max: 0x10ffff - surrogates.count }).map(
  (index) => String.fromCodePoint(index < surrogates.first ? index : index + surrogates.count),
  (value) => {
    const code = typeof value === 'string' ? value.codePointAt(0) : undefined
    const isOne = code !== undefined && value === String.fromCodePoint(code)
    if (!isOne || (code >= surrogates.first && code < surrogates.first + surrogates.count))
      throw new TypeError('not one character')
    return code < surrogates.first ? code : code - surrogates.count
  },
)
