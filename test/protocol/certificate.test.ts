import { describe, expect, it } from 'vitest'
import { parseCertificate, parsePem, pkcs8FromPkcs1 } from '../../src/protocol/certificate.ts'

/** One DER element (X.690 §8.1), its length in the form that is asked for. */
function der(tag: number, content: readonly number[], long = content.length > 127): number[] {
  return [tag, ...(long ? [0x82, content.length >> 8, content.length & 255] : [content.length]), ...content]
}
const text = (tag: number, value: string): number[] => der(tag, [...Buffer.from(value)])
const seq = (...parts: readonly number[][]): number[] => der(0x30, parts.flat())
const validity = (from = text(0x17, '260101000000Z'), to = text(0x17, '270101000000Z')): number[] => seq(from, to)
const version3 = der(0xa0, [2, 1, 2])
const serial = der(0x02, [5])
const empty = seq()
const base64 = (bytes: readonly number[]): string => Buffer.from(bytes).toString('base64')
const certificate = (...tbs: readonly number[][]): string => base64(seq(seq(...tbs), empty, der(0x03, [0])))

describe('parseCertificate', () => {
  const expected = { notBefore: 1_767_225_600, notAfter: 1_798_761_600 }

  it('finds the validity behind the version, and where there is none (version 1)', () => {
    for (const tbs of [
      [version3, serial, empty, empty, validity(), empty, empty],
      [serial, empty, empty, validity(), empty, empty],
    ]) {
      const text = certificate(...tbs)
      expect(parseCertificate(text)).toEqual({ base64: text, ...expected })
    }
  })

  it('reads lengths in the long form', () => {
    const issuer = der(
      0x30,
      Array.from({ length: 300 }, () => 0).map((_, i) => (i % 2 === 0 ? 5 : 0)),
    )
    expect(parseCertificate(certificate(version3, serial, empty, issuer, validity(), empty))).toMatchObject(expected)
  })

  it.each([
    ['UTCTime of this century', text(0x17, '490101000000Z'), 2_493_072_000],
    ['UTCTime of the last century', text(0x17, '500101000000Z'), -631_152_000],
    ['GeneralizedTime', text(0x18, '20500101000000Z'), 2_524_608_000],
  ])('reads %s (RFC 5280 §4.1.2.5)', (_, time, instant) => {
    expect(parseCertificate(certificate(serial, empty, empty, validity(time, time)))).toMatchObject({
      notBefore: instant,
      notAfter: instant,
    })
  })

  it.each([
    ['nothing', ''],
    ['no base64', '!'],
    ['no SEQUENCE', base64(der(0x04, [1, 2, 3]))],
    ['an element longer than what it is in', base64([0x30, 0x03, 0x30, 0x05, 0x00])],
    ['text behind the certificate', base64([...seq(seq()), 0x30, 0x7f])],
    ['a length of five bytes', base64([0x30, 0x85, 0, 0, 0, 0, 1, 0])],
    ['an element that overruns the end', certificate(serial, empty, empty, validity(), [0x30, 0x7f])],
    ['a length of four bytes', certificate(serial, empty, empty, validity(), [0x30, 0x84, 0, 0, 0, 0])],
    ['a length cut off', base64([0x30, 0x82, 0x01])],
    ['an empty certificate', base64(seq(seq()))],
    ['no validity', certificate(serial, empty, empty)],
    ['a validity without an end', certificate(serial, empty, empty, seq(text(0x17, '260101000000Z')))],
    ['a time without seconds', certificate(serial, empty, empty, validity(text(0x17, '2601010000Z')))],
    ['a time with an offset', certificate(serial, empty, empty, validity(text(0x17, '260101000000+0100')))],
    ['a thirteenth month', certificate(serial, empty, empty, validity(text(0x18, '20261301000000Z')))],
    ['ten thousand nested elements', base64(Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? 0x30 : 0x80)))],
  ])('refuses %s', (_, input) => {
    expect(() => parseCertificate(input)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', step: 'token', hint: expect.any(String) }),
    )
  })
})

describe('parsePem', () => {
  it('reads every block and skips the text around it (RFC 7468 §2)', () => {
    const pem =
      'Bag Attributes\r\n-----BEGIN A B-----\r\nAA\r\nBB\r\n-----END A B-----\nx\n-----BEGIN C-----CC==-----END C-----'
    expect(parsePem(pem)).toEqual([
      { label: 'A B', base64: 'AABB' },
      { label: 'C', base64: 'CC==' },
    ])
  })

  it.each(['', 'AAAA', '-----BEGIN A-----\nAA\n-----END B-----', '-----BEGIN A-----\nA!A\n-----END A-----'])(
    'finds nothing in %j',
    (pem) => {
      expect(parsePem(pem)).toEqual([])
    },
  )
})

describe('pkcs8FromPkcs1', () => {
  it('makes an envelope with lengths in either form', () => {
    expect(Buffer.from(pkcs8FromPkcs1('AQID'), 'base64').toString('hex')).toBe(
      '3017020100300d06092a864886f70d01010105000403010203',
    )
    const long = Buffer.from(pkcs8FromPkcs1(Buffer.alloc(300).toString('base64')), 'base64')
    expect(long.subarray(0, 4).toString('hex')).toBe('30820142')
    expect(long.subarray(22, 26).toString('hex')).toBe('0482012c')
  })
})
