import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isAuthError } from '../../src/errors.ts'
import { collectHeaders, createBodyReader } from '../../src/transport/response-body.ts'
import { anyCharacter } from '../any-character.ts'

const place = { step: 'realm', host: 'login.contoso.test' } as const
const head = { status: 200, headers: {} }

/** Reads bytes cut into pieces of the given sizes, in turn. */
function read(bytes: Uint8Array, sizes: readonly number[]): string {
  const body = createBodyReader(head, place)
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    body.add(bytes.subarray(at, at + size))
    at += size
  }
  return body.text()
}

const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 })

it('gives back any text, wherever its bytes were cut, with its byte order mark', () => {
  const text = fc.oneof(fc.string({ unit: anyCharacter }), fc.constant('\ufeff{}'))
  fc.assert(fc.property(text, sizes, (sent, cuts) => read(new TextEncoder().encode(sent), cuts) === sent))
})

it('accepts bytes exactly when all of them together are UTF-8', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 12 }), sizes, (bytes, cuts) => {
    const whole = Buffer.from(bytes).equals(Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)))
    try {
      read(bytes, cuts)
      return whole
    } catch (error) {
      return !whole && isAuthError(error) && error.code === 'ERR_MALFORMED_RESPONSE'
    }
  })
  fc.assert(property, { numRuns: 1_000 })
})

it('makes own members of header names that objects know already', () => {
  const headers = collectHeaders([
    ['__proto__', 'a'],
    ['Constructor', 'b'],
    ['constructor', 'c'],
  ])
  expect(Object.entries(headers)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b, c'],
  ])
})
