import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createJsonEntryScanner } from '../../src/cache/json-entries.ts'
import { anyCharacter } from '../any-character.ts'
import { json, oddNames } from './msal-entities.ts'

type Found = [section: string, key: string | undefined, value: unknown, raw: string]

function scan(...pieces: string[]): Found[] {
  const found: Found[] = []
  const scanner = createJsonEntryScanner({ entry: (...entry) => found.push(entry) })
  for (const piece of pieces) scanner.push(piece)
  scanner.end()
  return found
}

/** What a scan should find, by JSON.parse. */
function expected(text: string): unknown[] {
  return Object.entries(JSON.parse(text) as object).flatMap(([section, member]) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.entries(member as object).map(([key, value]) => [section, key, value])
      : [[section, undefined, member]],
  )
}

const names = fc.oneof(fc.constantFrom(...oddNames, 'a"b', 'c\\', '{', '\u2028é'), fc.string({ unit: anyCharacter }))
const tables = fc.array(fc.tuple(names, json), { maxLength: 4 }).map((list): unknown => Object.fromEntries(list))
const texts = fc
  .tuple(
    fc.array(fc.tuple(names, fc.oneof(tables, json)), { maxLength: 4 }),
    fc.constantFrom('', ' ', '\t', '    '),
    fc.constantFrom('', '\n', ' \r\n\t'),
  )
  .map(([members, indent, blank]) => blank + JSON.stringify(Object.fromEntries(members), undefined, indent) + blank)

function cutAt(text: string, places: readonly number[]): string[] {
  const cuts = [0, ...places.map((place) => place % (text.length + 1)), text.length].sort((a, b) => a - b)
  return cuts.slice(1).map((cut, index) => text.slice(cuts[index], cut))
}

function errorOf(...pieces: string[]): unknown {
  try {
    scan(...pieces)
  } catch (error) {
    return error
  }
  return undefined
}

describe('createJsonEntryScanner', () => {
  it('finds what JSON.parse finds, wherever the text is cut', () => {
    fc.assert(
      fc.property(texts, fc.array(fc.nat()), (text, places) => {
        const found = scan(...cutAt(text, places))
        expect(found.map(([section, key, value]) => [section, key, value])).toEqual(expected(text))
        for (const [, key, value, raw] of found) {
          if (key !== undefined) expect(JSON.parse(`{${raw}}`)).toEqual(Object.fromEntries([[key, value]]))
        }
      }),
    )
  })

  it('refuses every text that is cut off, and what is damaged as JSON.parse does', () => {
    fc.assert(
      fc.property(
        texts,
        fc.nat(),
        fc.constantFrom('', ',', '}', '"', '\\', '{', ']', '0', ':', '\u0001'),
        (text, at, put) => {
          const whole = text.trim()
          const place = at % whole.length
          expect(errorOf(whole.slice(0, place))).toMatchObject({ code: 'ERR_CACHE_FORMAT', step: 'cache' })
          const damaged = whole.slice(0, place) + put + whole.slice(place + 1)
          let isJson = true
          try {
            isJson = damaged.startsWith('{') && typeof JSON.parse(damaged) === 'object'
          } catch {
            isJson = false
          }
          expect(errorOf(damaged) === undefined, damaged).toBe(isJson)
        },
      ),
      { numRuns: 150 },
    )
  })

  it.each([
    ['', 'it ends too early, at character 0'],
    ['[]', 'it does not begin with an object, at character 0'],
    ['{"A":{"k":1}', 'it ends too early, at character 12'],
    ['{"A":{"k":1}} secret', 'there is text after its end, at character 14'],
    ['{"A":{"k":{"s":"secret" "t"}}}', 'an entry is no JSON, at character 10'],
    ['{"A":{"k":secret}}', 'an entry is no JSON, at character 10'],
    ['{"A":{"k\u0001":1}}', 'an entry is no JSON, at character 6'],
    ['{"A":{"k":1,}}', 'a name in quotes is missing, at character 12'],
    ['{"A":{"k" 1}}', 'a colon is missing, at character 10'],
    ['{"A":{"k":1 "l":2}}', 'a comma or the end of an object is missing, at character 12'],
    ['{"A":{},}', 'a name in quotes is missing, at character 8'],
    ['{"A":1]', 'a comma or the end of an object is missing, at character 6'],
  ])('says what is wrong with %s and where, without its text', (text, message) => {
    const error = errorOf(text)
    expect(error).toMatchObject({ message: `this is no MSAL cache: ${message}` })
    expect(error).not.toHaveProperty('cause')
  })

  it('counts the characters of all pieces', () => {
    const entry = `"${'k'.repeat(100)}":"${'v'.repeat(70_000)}"`
    expect(errorOf('{"A":{', entry, ',', entry, '!')).toMatchObject({
      message: expect.stringContaining(`at character ${6 + 2 * entry.length + 1}`),
    })
  })

  it('reads nesting to a depth of 100 and no deeper', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    expect(scan(`{"A":{"k":${nested(98)}},"B":${nested(99)}}`)).toHaveLength(2)
    const message = expect.stringContaining('nested deeper than 100')
    expect(errorOf(`{"A":{"k":${nested(99)}}}`)).toMatchObject({ message })
    expect(errorOf(`{"B":${nested(100)}}`)).toMatchObject({ message })
    expect(errorOf(`{"B":${'['.repeat(200_000)}`)).toMatchObject({ message })
  })

  it('refuses an entry over 1 Mi characters, complete or not', () => {
    const entry = (length: number) => `"k":"${'v'.repeat(length - 6)}"`
    expect(scan(`{"A":{${entry(1 << 20)}}}`)).toHaveLength(1)
    const message = expect.stringContaining('an entry is longer than 1048576 characters, at character 6')
    expect(errorOf(`{"A":{${entry((1 << 20) + 1)}}}`)).toMatchObject({ message })
    expect(errorOf(`{"A":{"k":"${'v'.repeat(1 << 21)}`)).toMatchObject({ message })
  })

  it('refuses a key over 16 Ki characters, complete or not', () => {
    expect(scan(`{"A":{"${'k'.repeat((1 << 14) - 2)}":1}}`)).toHaveLength(1)
    const message = expect.stringContaining('a key is longer than 16384 characters, at character 6')
    expect(errorOf(`{"A":{"${'k'.repeat((1 << 14) - 1)}":1}}`)).toMatchObject({ message })
    expect(errorOf(`{"A":{"${'k'.repeat(1 << 15)}`)).toMatchObject({ message })
  })

  it('takes no longer for a large entry that comes character by character', () => {
    const entry = `"k":"${'v'.repeat(500_000)}"`
    const started = performance.now()
    let count = 0
    const scanner = createJsonEntryScanner({ entry: () => count++ })
    for (const character of `{"A":{${entry}}}`) scanner.push(character)
    scanner.end()
    expect(count).toBe(1)
    // Looking at all of it for each character would take minutes.
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('lets its user take entries himself, and goes on where he stops', () => {
    const seen: unknown[] = []
    const scanner = createJsonEntryScanner({
      entry: (_section, key) => seen.push(key),
      skim(section, text, at) {
        const fast = /"f":1,/y
        fast.lastIndex = at
        if (!fast.test(text)) return at
        seen.push(`${section}:f`)
        return fast.lastIndex
      },
    })
    scanner.push('{"A":{"f":1,"s":2,"f":1,"t":3}}')
    scanner.end()
    expect(seen).toEqual(['A:f', 's', 'A:f', 't'])
    const trailing = createJsonEntryScanner({ entry() {}, skim: (_section, _text, at) => at + 6 })
    expect(() => trailing.push('{"A":{"f":1,}}')).not.toThrow()
    expect(() => trailing.end()).toThrow('a name in quotes is missing, at character 12')
  })
})
