import { describe, expect, it } from 'vitest'
import { formatInstant, parseInstant } from '../../src/protocol/time.ts'

describe('instants', () => {
  it('are written as xs:dateTime in UTC, without fractions', () => {
    expect(formatInstant(1_795_376_690)).toBe('2026-11-22T19:44:50Z')
  })

  it.each([
    ['2026-11-22T19:44:50Z', 1_795_376_690],
    ['2026-11-22T19:44:50.999Z', 1_795_376_690],
    ['2026-11-22T20:44:50+01:00', 1_795_376_690],
    ['2026-11-22T19:44:50', undefined],
    ['2026-13-45T19:44:50Z', undefined],
    ['tomorrow', undefined],
  ])('%s is read as %s', (text, at) => {
    expect(parseInstant(text)).toBe(at)
  })
})
