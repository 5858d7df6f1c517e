import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lengthOf, wrap } from '../../src/trace/views/layout.ts'
import { renderText } from '../../src/trace/views/text.ts'
import { hostileText, traceNaming } from './hostile.ts'
import { recorded, scenarios } from './scenarios.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: naming the control characters is the purpose
const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]/

const tooLong = (text: string, width: number): readonly string[] =>
  text.split('\n').filter((line) => lengthOf(line) > width)

describe('the text view', () => {
  it.each(Object.keys(scenarios))('%s: every line fits, whatever the width', async (name) => {
    const trace = recorded(name)
    for (const width of [40, 100]) expect(tooLong(renderText(trace, { width }), width)).toEqual([])
  })

  it('shows no character that a terminal obeys, and no line too long, whatever a peer writes', () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 40, max: 120 }), (text, width) => {
        const shown = renderText(traceNaming(text), { width })
        expect(shown).not.toMatch(obeyed)
        expect(tooLong(shown, width)).toEqual([])
      }),
      { numRuns: 20 },
    )
  })

  it('says the same in colour', async () => {
    const trace = recorded('federated-wrong-password')
    const coloured = renderText(trace, { colour: true })
    expect(coloured).toContain('\u001b[31m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a colour begins with
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(renderText(trace))
  })

  it('is never narrower than 40 columns', async () => {
    const trace = recorded('managed')
    expect(renderText(trace, { width: 5 })).toBe(renderText(trace, { width: 40 }))
  })
})

describe('wrapping', () => {
  it('breaks at blanks, and a long word behind a mark where one is near', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three'])
    expect(wrap('https://sts.contoso.example/adfs/services', 30)).toEqual([
      'https://sts.contoso.example/',
      'adfs/services',
    ])
    expect(wrap('', 8)).toEqual([''])
  })

  it('loses nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, width) => {
        const lines = wrap(text, width)
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
        expect(lines.every((line) => lengthOf(line) <= width)).toBe(true)
      }),
    )
  })
})
