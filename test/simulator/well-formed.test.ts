import { expect, it } from 'vitest'
import { isWellFormed } from '../../src/simulator/well-formed.ts'
import { requestSecurityToken } from './messages.ts'

it.each([
  '<a/>',
  ' <a></a>\n',
  `<p:a xmlns:p="u" p:b='"' c="&#x1F600;&amp;"><!-- a - b --><![CDATA[<&]]> x > y &lt;</p:a>`,
  '<a xmlns:p="u"><p:b/></a>',
  '<a>é€😀</a>',
  requestSecurityToken({ version: '1.3', to: 'https://a.example', username: 'u', password: '<&>"\'' }),
])('takes %s', (text) => expect(isWellFormed(text)).toBe(true))

it.each([
  ['nothing', ''],
  ['text', 'hello'],
  ['a bare ampersand', '<a>x&y</a>'],
  ['a bare ampersand in an attribute', '<a b="x&y"/>'],
  ['an unknown entity', '<a>&nbsp;</a>'],
  ['a reference to no character', '<a>&#0;</a>'],
  ['a reference beyond Unicode', '<a>&#x110000;</a>'],
  ['two roots', '<a/><b/>'],
  ['text after the root', '<a/>x'],
  ['text before the root', 'x<a/>'],
  ['CDATA outside the root', '<![CDATA[ ]]><a/>'],
  ['crossed tags', '<a><b></a></b>'],
  ['an open tag', '<a><b></b>'],
  ['a cut tag', '<a><b'],
  ['an undeclared prefix', '<p:a/>'],
  ['a prefix declared elsewhere', '<a><b xmlns:p="u"/><p:c/></a>'],
  ['an undeclared prefix of an attribute', '<a p:b="1"/>'],
  ['the same attribute twice', '<a b="1" b="2"/>'],
  ['an unquoted attribute', '<a b=1/>'],
  ['a less-than in an attribute', '<a b="<"/>'],
  ['a bare less-than', '<a>x < y</a>'],
  ['the end of CDATA in text', '<a>]]></a>'],
  ['a control character', '<a>\u0001</a>'],
  ['half a surrogate pair', '<a>\ud800</a>'],
  ['a double hyphen in a comment', '<a><!-- a -- b --></a>'],
  ['a document type', '<!DOCTYPE a><a/>'],
  ['a processing instruction', '<a><?b "?>"?></a>'],
])('refuses %s', (_title, text) => expect(isWellFormed(text)).toBe(false))

it('takes time in proportion to the text', () => {
  for (const hostile of [
    '<a>'.repeat(100_000),
    `<a ${'b '.repeat(200_000)}`,
    '<!--'.repeat(100_000),
    `<a ${'b="1" '.repeat(50_000)}`,
  ]) {
    const start = performance.now()
    expect(isWellFormed(hostile)).toBe(false)
    expect(performance.now() - start).toBeLessThan(2_000)
  }
})
