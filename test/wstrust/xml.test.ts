import fc from 'fast-check'
import { XMLParser } from 'fast-xml-parser'
import { describe, expect, it, vi } from 'vitest'
import { type AuthError, InvalidArgumentError, ProtocolError } from '../../src/errors.ts'
import { escapeXml, parseXml } from '../../src/wstrust/xml.ts'
import { attributeOf, leafText, type XmlElement } from '../../src/wstrust/xml-element.ts'
import { anyCharacter } from '../any-character.ts'
import { cpuMs, thrownBy } from './answers.ts'
import { readIndependently } from './independent-xml.ts'
import { w3cCases } from './w3c-suite.ts'

/** Decodes as the transport does, then parses. @returns `undefined` if accepted, else the reason. */
function refusalOf(bytes: Uint8Array): string | undefined {
  try {
    parseXml(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), 'mex')
    return undefined
  } catch (error) {
    if (error instanceof TypeError) return 'not UTF-8'
    expect(error).toBeInstanceOf(ProtocolError)
    return (error as Error).message.replace(/^the MEX document | \(at character \d+\)$/g, '')
  }
}

describe('the W3C XML Conformance Suite', () => {
  const judged = w3cCases().map((document) => ({ ...document, refusal: refusalOf(document.bytes) }))

  it('accepts none of the 243 not-well-formed documents without a document type', () => {
    const hostile = judged.filter(({ wellFormed, hasDoctype }) => !wellFormed && !hasDoctype)
    expect(hostile).toHaveLength(243)
    expect(hostile.filter(({ refusal }) => refusal === undefined)).toEqual([])
  })

  it('accepts no document with a document type, well-formed or not', () => {
    const withDoctype = judged.filter(({ hasDoctype }) => hasDoctype)
    expect(withDoctype.filter(({ wellFormed }) => !wellFormed)).toHaveLength(774)
    expect(withDoctype.filter(({ wellFormed }) => wellFormed)).toHaveLength(885)
    expect(withDoctype.filter(({ refusal }) => refusal === undefined)).toEqual([])
  })

  it('refuses 17 of the 72 well-formed documents without one, each on purpose', () => {
    const wellFormed = judged.filter(({ wellFormed, hasDoctype }) => wellFormed && !hasDoctype)
    expect(wellFormed).toHaveLength(72)
    const refused = wellFormed.flatMap(({ uri, refusal }) => (refusal === undefined ? [] : [{ uri, refusal }]))
    const by = (reason: string): string[] => refused.filter(({ refusal }) => refusal === reason).map(({ uri }) => uri)
    expect(by('holds a processing instruction')).toHaveLength(13)
    expect(by('not UTF-8')).toEqual(['sun/invalid/utf16b.xml', 'sun/invalid/utf16l.xml'])
    // Names like "a:b:c": XML without namespaces.
    expect(by('is not well-formed XML')).toEqual(['oasis/p04pass1.xml', 'oasis/p05pass1.xml'])
    expect(refused).toHaveLength(17)
  })
})

// Generated documents: names, line ends, quotes, entities, CDATA and comments in every mix, all well-formed.
const space = fc.constantFrom(' ', '\n', '\r\n', '\t', '\r', ' \r\n\t')
const name = fc.constantFrom('a', 'p:a', 'q:b-1', 'Ünï', 'a.b', '_x', 'p:toString2', 'xmlfoo')
const piece = fc.constantFrom(
  'x',
  ' ',
  '\r\n',
  '\r',
  '\n',
  '&amp;',
  '&#xD;',
  '&#128512;',
  '😀',
  'é',
  '>',
  '"',
  "'",
  '] ',
)
const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
const quoted = text.map((value) => `"${value.replaceAll('"', '&quot;')}"`)
const attribute = fc
  .tuple(space, fc.constantFrom('k', 'p:k', 'xml:lang', 'q:k'), quoted)
  .map(([s, n, v]) => `${s}${n}=${v}`)
const attributes = fc
  .uniqueArray(attribute, { maxLength: 3, selector: (a) => a.trim().split('=')[0] })
  .map((a) => a.join(''))
const inert = fc.constantFrom('<!-- <a> & -->', '<!---->', '<![CDATA[<a b="]]>', '<![CDATA[]]]]>', '<![CDATA[\r\n]]>')
const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
  element: fc
    .tuple(
      name,
      attributes,
      fc.option(space, { nil: '' }),
      fc.option(tie('content'), { nil: undefined, depthSize: 'small' }),
    )
    .map(([n, a, s, content]) => (content === undefined ? `<${n}${a}${s}/>` : `<${n}${a}${s}>${content}</${n}${s}>`)),
  content: fc
    .array(fc.oneof({ maxDepth: 5 }, text, inert, tie('element')), { maxLength: 4 })
    .map((parts) => parts.join('')),
}))
const prolog = fc.constantFrom(
  '',
  '\ufeff',
  '<?xml version="1.0"?>',
  '<?xml version="1.0" encoding="utf-8"?>\r\n',
  '\r\n<!-- -->',
)
const generated = fc
  .tuple(prolog, element, fc.option(space, { nil: '' }))
  .map(([before, inner, after]) => `${before}<r xmlns:p="urn:p"\r\nxmlns:q="urn:q">${inner}</r>${after}`)

describe('parseXml', () => {
  it('agrees with fast-xml-parser on name, start and end of every element of 5,000 generated documents', () => {
    fc.assert(
      fc.property(generated, (document) => {
        const { source, root } = parseXml(document, 'mex')
        for (const { name, start, end } of flat(root)) {
          expect(source.startsWith(`<${name}`, start)).toBe(true)
          expect(source.slice(start, end)).toMatch(/>$/)
        }
      }),
      { numRuns: 5_000 },
    )
  }, 20_000)

  it('reads the same names and text as xmldom, a reader of neither family', () => {
    // xmldom 0.8 does not normalise a lone CR, and loses count at a blank in an end tag.
    const common = generated.filter((document) => !/\r(?!\n)|<\/\S+\s/.test(document))
    fc.assert(
      fc.property(common, (document) => {
        const theirs = readIndependently(document.replaceAll('\r\n', '\n')).documentElement
        const ours = flat(parseXml(document, 'mex').root)
        const names = Array.from(
          theirs.getElementsByTagNameNS('*', '*'),
          (node) => `${node.namespaceURI ?? ''}|${node.localName}`,
        )
        expect(ours.slice(1).map(({ uri, local }) => `${uri}|${local}`)).toEqual(names)
        const leaves = ours.filter(({ children }) => children.length === 0).map(({ text }) => text)
        const theirLeaves = [theirs, ...Array.from(theirs.getElementsByTagNameNS('*', '*'))]
        expect(leaves).toEqual(
          theirLeaves
            .filter((node) => node.getElementsByTagNameNS('*', '*').length === 0)
            .map((node) => node.textContent),
        )
      }),
      { numRuns: 1_000 },
    )
  }, 20_000)

  it('answers any soup of markup with a tree or a ProtocolError of at most 512 characters that quotes none of it', () => {
    const token = fc.constantFrom(
      '<',
      '>',
      '</',
      '/>',
      '<a',
      '<a>',
      '</a>',
      '<b x="',
      '"',
      "'",
      '=',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?',
      '?>',
      '<?a "?>',
      '<?xml version="1.0"?>',
      '<!DOCTYPE a',
      '[',
      '&',
      ';',
      '&amp;',
      '&#0;',
      '&#x110000;',
      'xmlns:p="u"',
      'xmlns=""',
      'p:a',
      ':@',
      '__proto__',
      'constructor',
      'CANARY',
      '\0',
      '\ud800',
      '\ufeff',
      '\r\n',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(token, { maxLength: 30 }), (tokens) => {
        try {
          parseXml(tokens.join(''), 'wstrust')
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
          expect((error as AuthError).step).toBe('wstrust')
          expect((error as Error).message.length).toBeLessThan(512)
          expect(String(error)).not.toMatch(/CANARY|__proto__/)
        }
      }),
      { numRuns: 5_000 },
    )
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  }, 20_000)

  const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth)
  const crowd = (count: number): string => `<r>${'<a/>'.repeat(count - 1)}</r>`
  const dressed = (count: number): string => `<r ${Array.from({ length: count }, (_, i) => `a${i}=""`).join(' ')}/>`
  const padded = (length: number): string => `<r>${'x'.repeat(length - 7)}</r>`
  it.each([
    ['64 levels', nested(64), nested(65), /deeper than 64/],
    ['20,000 elements', crowd(20_000), crowd(20_001), /more than 20000 elements/],
    ['64 attributes on an element', dressed(64), dressed(65), /over 64 attributes/],
    ['8 KiB in an attribute', `<r a="${'x'.repeat(8_192)}"/>`, `<r a="${'x'.repeat(8_193)}"/>`, /longer than 8 KiB/],
    ['1 MiB', padded(1_048_576), padded(1_048_577), /larger than 1 MiB/],
  ])('accepts %s and not one more', (_, most, tooMuch, message) => {
    expect(() => parseXml(most, 'mex')).not.toThrow()
    expect(thrownBy(() => parseXml(tooMuch, 'mex'))).toMatchObject({ code: 'ERR_MALFORMED_RESPONSE', message })
  })

  it.each([
    ['100,000 levels', nested(100_000)],
    ['a million open tags', '<a>'.repeat(340_000)],
    ['100,000 attributes', dressed(100_000)],
    ['a megabyte of ampersands', `<r>${'&amp;'.repeat(209_000)}</r>`],
    ['a megabyte of carriage returns', `<r>${'\r\n'.repeat(520_000)}</r>`],
    ['200,000 comments', `<r>${'<!---->'.repeat(149_000)}</r>`],
    ['a megabyte of unclosed quotes', `<r a="${'<'.repeat(1_000_000)}`],
    ['the most namespaces a document may have in scope', namespaceTower()],
  ])('ends within a second on %s', (_, document) => {
    const spent = cpuMs(() => {
      try {
        parseXml(document, 'mex')
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
        expect((error as Error).message.length).toBeLessThan(512)
      }
    })
    expect(spent).toBeLessThan(1_000)
  })

  it.each([
    ['nothing', '', /is empty/],
    ['blanks', ' \r\n', /is empty/],
    ['a comment alone', '<!-- -->', /not well-formed/],
    ['JSON', '{"error":"x"}', /not well-formed/],
    ['an HTML page', '<!doctype html><html><br></html>', /document type/],
    ['a document type after the root', '<r/><!DOCTYPE r>', /document type/],
    ['an entity declaration', '<r><!ENTITY a "b"></r>', /document type/],
    ['an entity nobody declared', '<r>&nbsp;</r>', /not well-formed/],
    ['an entity named like a built-in', '<r>&constructor;</r>', /not well-formed/],
    ['a reference to no character', '<r>&#0;</r>', /not well-formed/],
    ['NUL', '<r>\0</r>', /does not allow \(at character 3\)/],
    ['ESC', '<r>\u001b[2J</r>', /does not allow/],
    ['half a surrogate pair', '<r>\ud83d</r>', /does not allow/],
    ['U+FFFE', '<r>\ufffe</r>', /does not allow/],
    ['a processing instruction', '<r><?a b?></r>', /processing instruction/],
    ['a stylesheet', '<?xml-stylesheet href="x"?><r/>', /processing instruction/],
    ['an XML declaration in the middle', '<r><?xml version="1.0"?></r>', /not well-formed/],
    ['UTF-16 declared', '<?xml version="1.0" encoding="UTF-16"?><r/>', /encoding other than UTF-8/],
    ['Latin-1 declared', '<?xml version="1.0" encoding="iso-8859-1"?><r/>', /encoding other than UTF-8/],
    ['two roots', '<a/><b/>', /not well-formed/],
    ['crossed tags', '<a><b></a></b>', /not well-formed/],
    ['an attribute twice', '<a b="1" b="2"/>', /not well-formed/],
    ['an attribute twice under two prefixes', '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', /not well-formed/],
    ['an undeclared prefix', '<p:a/>', /not well-formed/],
    ['a prefix taken back', '<p:a xmlns:p=""/>', /not well-formed/],
    ['another xml prefix', '<a xmlns:xml="urn:other"/>', /not well-formed/],
    ['a namespace name with blanks', '<p:a xmlns:p=" urn:u "/>', /blanks around/],
    ['a default namespace of blanks', '<a xmlns=" "/>', /blanks around/],
    ['an element named __proto__', '<__proto__/>', /not accepted/],
    ['an element named constructor', '<constructor/>', /not accepted/],
    ['an element named toString', '<toString/>', /not accepted/],
    ['an element named :@', '<:@/>', /not well-formed/],
  ])('refuses %s', (_, document, message) => {
    const error = thrownBy(() => parseXml(document, 'mex'))
    expect(error).toMatchObject({ name: 'ProtocolError', code: 'ERR_MALFORMED_RESPONSE', step: 'mex', message })
    expect((error as AuthError).hint).toBeTruthy()
  })

  it('refuses two documents in one: a lone quote in a processing instruction hides markup from one reader', () => {
    const document = '<r><?a "?><hidden/><?a "?></r>'
    expect(thrownBy(() => parseXml(document, 'mex'))).toMatchObject({ message: /processing instruction/ })
  })

  it.each([
    ['another name', '<r><b>x</b></r>'],
    ['another start', '<r> <a>x</a></r>'],
    ['another end', '<r><a>xx</a></r>'],
    ['an element more', '<r><a>x</a><c/></r>'],
    ['an element less', '<r></r>'],
    ['another nesting', '<r><a><x/></a></r>'],
    ['a second root', '<r><a>x</a></r><r/>'],
  ])('refuses a document in which the second reader sees %s', (_, asSeen) => {
    const parse = XMLParser.prototype.parse
    const spy = vi.spyOn(XMLParser.prototype, 'parse').mockImplementation(function (this: XMLParser) {
      return parse.call(this, asSeen, false)
    })
    try {
      expect(thrownBy(() => parseXml('<r><a>x</a></r>', 'mex'))).toMatchObject({ message: /two XML readers/ })
    } finally {
      spy.mockRestore()
    }
  })

  it('treats an attribute named __proto__ as any other name', () => {
    const { root } = parseXml('<a __proto__="x" constructor="y"/>', 'mex')
    expect(root.attributes.map(({ name, value }) => [name, value])).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  it('takes US-ASCII and UTF-8 declarations in any case, and a byte order mark', () => {
    for (const encoding of ['utf-8', 'UTF-8', 'us-ascii']) {
      expect(parseXml(`\ufeff<?xml version="1.0" encoding="${encoding}"?><r/>`, 'mex').root.local).toBe('r')
    }
    expect(parseXml('\ufeff<r/>', 'mex')).toMatchObject({ source: '<r/>', root: { start: 0, end: 4 } })
  })

  it('resolves names by namespace and keeps them as written', () => {
    const { root } = parseXml('<p:a xmlns:p="urn:p" xmlns="urn:d" k="1" p:k="2"><b/><c xmlns=""/></p:a>', 'mex')
    expect(root).toMatchObject({ uri: 'urn:p', local: 'a', name: 'p:a' })
    expect(root.children.map(({ uri, local }) => [uri, local])).toEqual([
      ['urn:d', 'b'],
      ['', 'c'],
    ])
    expect(attributeOf(root, 'k')).toBe('1')
    expect(attributeOf(root, 'k', 'urn:p')).toBe('2')
    expect(attributeOf(root, 'k', 'urn:d')).toBeUndefined()
    expect([...root.declarations]).toEqual([
      ['p', 'urn:p'],
      ['', 'urn:d'],
    ])
  })
})

/** 64 levels of 64 declarations each, and an element inside that uses the outermost. */
function namespaceTower(): string {
  const level = (i: number): string =>
    `<a ${Array.from({ length: 60 }, (_, j) => `xmlns:p${i}_${j}="urn:${i}"`).join(' ')}>`
  return Array.from({ length: 60 }, (_, i) => level(i)).join('') + '<p0_0:b/>'.repeat(19_000) + '</a>'.repeat(60)
}

function flat(element: XmlElement): XmlElement[] {
  return [element, ...element.children.flatMap(flat)]
}

describe('leafText', () => {
  const read = (inner: string): string | undefined => leafText(parseXml(`<r>${inner}</r>`, 'mex').root)

  it('joins text and CDATA and trims the ends', () => {
    expect(read('\n https://a<![CDATA[.example]]>/x \n')).toBe('https://a.example/x')
    expect(read('')).toBe('')
  })

  it('has no text for a leaf split by a comment or an element at any place, nor for a missing one', () => {
    const address = 'https://sts.contoso.example/trust'
    for (let at = 0; at <= address.length; at++) {
      for (const splitter of ['<!---->', '<b/>', '<b>x</b>']) {
        expect(read(address.slice(0, at) + splitter + address.slice(at))).toBeUndefined()
      }
    }
    expect(leafText(undefined)).toBeUndefined()
  })
})

describe('escapeXml', () => {
  it('writes text that an independent reader gives back exactly, in an element and in an attribute', () => {
    const anyText = fc.string({ unit: anyCharacter }).filter((value) => !unrepresentable.test(value))
    const nasty = fc.array(
      fc.constantFrom('$&', '$`', '$$', ']]>', '&amp;', '<', '>', '"', "'", '\r', '\n', '\t', 'é€😀', ' '),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          nasty.map((parts) => parts.join('')),
        ),
        (value) => {
          const written = escapeXml(value, 'wstrust', 'the text')
          const { documentElement } = readIndependently(`<r a="${written}">${written}</r>`)
          expect(documentElement.textContent).toBe(value)
          expect(documentElement.getAttribute('a')).toBe(value)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  // biome-ignore lint/suspicious/noControlCharactersInRegex: naming the control characters is the purpose
  const unrepresentable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ud800-\udfff]/u

  it.each([
    '\0',
    '\u0001',
    '\u0008',
    '\u000b',
    '\u001b',
    '\u001f',
    '\ufffe',
    '\uffff',
    '\ud800',
    '\udfff',
    'a\ud83d',
    '\ude00\ud83d',
  ])('refuses %j, which XML 1.0 cannot carry, without repeating the value', (value) => {
    const error = thrownBy(() => escapeXml(`hunter2${value}`, 'wstrust', 'the password'))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', step: 'wstrust' })
    expect((error as Error).message).toBe('the password holds a character that XML 1.0 cannot carry')
  })
})
