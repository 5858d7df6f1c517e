import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeStranger, strangerFacts } from '../../src/protocol/http.ts'
import { retryAfterSeconds } from '../../src/protocol/retry-after.ts'
import { lookInAdfs, lookInEntra, lookInServer } from '../../src/protocol/where-to-look.ts'

const at = 1_800_000_000
const saying = (value: string) => retryAfterSeconds({ status: 429, headers: { 'retry-after': value }, body: '' }, at)

describe('Retry-After', () => {
  it.each([
    ['5', 5],
    [' 5 ', 5],
    [new Date((at + 90) * 1000).toUTCString(), 90],
    ['0', undefined],
    ['-3', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['12345678901', undefined],
    [new Date((at - 90) * 1000).toUTCString(), undefined],
    ['2027-01-15', undefined],
    ['Mon, 99 Foo 2027 00:00:00 GMT', undefined],
    ['soon', undefined],
    ['', undefined],
  ])('%j', (value, expected) => {
    expect(saying(value)).toBe(expected)
  })

  it('may be absent', () => {
    expect(retryAfterSeconds({ status: 503, headers: {}, body: '' }, at)).toBeUndefined()
  })
})

describe('an answer that is not of the protocol', () => {
  const page = { status: 502, headers: { server: 'squid/5.7', via: '1.1 proxy.contoso.example' }, body: '' }

  it('says who sent it and what it is called', () => {
    const facts = strangerFacts({ ...page, body: '<html><head><TITLE lang="en">\n Access\n denied </TITLE></head>' })
    expect(facts).toEqual({
      status: 502,
      server: 'squid/5.7',
      via: '1.1 proxy.contoso.example',
      title: 'Access denied',
    })
    expect(describeStranger(facts)).toBe(': "Access denied" (squid/5.7, via 1.1 proxy.contoso.example)')
    expect(describeStranger({ status: 502, title: 'Down' })).toBe(': "Down"')
    expect(describeStranger({ status: 502, server: 'x' })).toBe(': (x)')
    expect(describeStranger({ status: 502 })).toBe('')
  })

  it('cannot make a terminal do anything, nor fill it', () => {
    const anything = fc.string({
      unit: fc.oneof(fc.constantFrom('\u001b', '\u009b', '\u202e', '\r', '\n', '\0'), fc.string()),
    })
    fc.assert(
      fc.property(anything, anything, anything, (server, via, title) => {
        const facts = strangerFacts({ status: 502, headers: { server, via }, body: `<title>${title}</title>` })
        const text = describeStranger(facts)
        expect(text.length).toBeLessThan(270)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
      }),
    )
  })
})

describe('where to look', () => {
  it('names the log, and what there is to look it up by', () => {
    const facts = { correlationId: 'c-1', traceId: 't-1', timestamp: '2026-11-22 20:00:00Z' }
    expect(lookInEntra(facts)).toMatch(/Sign-in logs: correlation id c-1, request id t-1, at 2026-11-22 20:00:00Z\./)
    expect(lookInEntra({})).toBeUndefined()
    expect(lookInAdfs(facts)).toMatch(
      /342, 364 and 411, at 2026-11-22 20:00:00Z, client request id c-1\. Get-AdfsEndpoint/,
    )
    expect(lookInAdfs({})).toMatch(/342, 364 and 411\. Get-AdfsEndpoint/)
    expect(lookInServer(facts)).toBe('The log of the server, at 2026-11-22 20:00:00Z.')
    expect(lookInServer({})).toBeUndefined()
  })
})
