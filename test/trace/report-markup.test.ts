import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codeBlock, jsonBlock, xmlBlock } from '../../src/trace/report/code-lines.ts'
import { curlCommand } from '../../src/trace/report/curl.ts'
import { breakable, escapeHtml, htmlOf, link, mark, markup, table } from '../../src/trace/report/markup.ts'

describe('markup', () => {
  it('escapes what is put into a template, in elements and in attributes, and leaves the template alone', () => {
    const made = markup`<p title="${`"'\`><b>`}">${'</p><script>'}${3}${undefined}${false}${['&', markup`<i>${'<'}</i>`]}</p>`
    expect(htmlOf(made)).toBe('<p title="&quot;&#39;&#96;&gt;&lt;b&gt;">&lt;/p&gt;&lt;script&gt;3&amp;<i>&lt;</i></p>')
  })

  it('writes out what would be obeyed or not be seen: controls, bidirectional characters, separators, half surrogates', () => {
    expect(escapeHtml('a\u0000\u001b\u202eb\u2028\u200b\ud800\ufeff\r')).toBe(
      'a\\u{0}\\u{1b}\\u{202e}b\\u{2028}\\u{200b}\\u{d800}\\u{feff}\\u{d}',
    )
    expect(escapeHtml('one\r\ntwo\tthree é漢😀')).toBe('one\ntwo\tthree é漢😀')
  })

  it('makes links of https alone', () => {
    expect(htmlOf(link('https://a.example/?x="&y', 'words'))).toBe(
      '<a href="https://a.example/?x=&quot;&amp;y" rel="noreferrer">words</a>',
    )
    for (const url of ['javascript:alert(1)', 'http://a.example', 'data:text/html,x', 'https://', undefined]) {
      expect(htmlOf(link(url, 'words'))).toBe('words')
    }
  })

  it('never says a thing by colour alone', () => {
    expect(htmlOf(mark('bad', 'failed'))).toBe('<span class="mark bad"><span aria-hidden="true">✕</span> failed</span>')
  })

  it('keeps tables tables where they are shown as cards', () => {
    const made = htmlOf(table('Words', ['A', 'B'], [{ cells: ['1', '2'], tone: 'bad' }]))
    expect(made).toContain('<caption>Words</caption>')
    expect(made).toContain('<tr role="row" class="bad"><th role="rowheader" scope="row">1</th>')
    expect(made).toContain('<td role="cell" data-head="B">2</td>')
  })

  it('breaks names at their joints, and changes no letter', () => {
    expect(htmlOf(markup`${breakable('a/b.userName')}`)).toBe('a/<wbr>b.<wbr>user<wbr>Name')
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aB3/_.:<&"é😀 ', '\u202e', '\ud800') }), (text) => {
        expect(htmlOf(markup`${breakable(text)}`).replaceAll('<wbr>', '')).toBe(escapeHtml(text))
      }),
    )
  })
})

const plain = (html: string): string =>
  html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&#96;', '`')
    .replaceAll('&amp;', '&')

describe('code', () => {
  it('has JSON with one member a line', () => {
    const made = jsonBlock('{"a":{"b":[1,"<i>"]},"c":null}')
    expect(made && htmlOf(made).match(/class="line d\d"/g)).toHaveLength(9)
    expect(made && plain(htmlOf(made))).toBe('{"a": {"b": [1,"<i>"]},"c": null}')
    for (const text of ['', 'x', '"x"', '3', '{', `${'['.repeat(100_000)}`]) expect(jsonBlock(text)).toBeUndefined()
  })

  it('has XML with one element a line, each as deep as it stands', () => {
    const made = xmlBlock(`<?xml version="1.0"?><a x="1>2"><!-- <c> --><b>text</b><c/><d></d><e><f>1</f></e></a>`)
    const lines =
      made &&
      htmlOf(made)
        .match(/<span class="line d\d">.*?<\/span>/g)
        ?.map((line) => [line.charAt(19), plain(line)])
    expect(lines).toEqual([
      ['0', '<?xml version="1.0"?>'],
      ['0', '<a x="1>2">'],
      ['1', '<!-- <c> -->'],
      ['1', '<b>text</b>'],
      ['1', '<c/>'],
      ['1', '<d></d>'],
      ['1', '<e>'],
      ['2', '<f>1</f>'],
      ['1', '</e>'],
      ['0', '</a>'],
    ])
  })

  it('leaves alone what is no XML', () => {
    for (const text of ['', 'x', '<a', '</a>', '<a x="', '<!-- ', 'text <a/>']) expect(xmlBlock(text)).toBeUndefined()
  })

  it('loses no letter of an XML text but blanks', () => {
    const piece = fc.oneof(
      fc.constantFrom('<a>', '</a>', '<b/>', '<!--', '-->', '<![CDATA[', ']]>', '<', '>', '"', "'", '&', '`'),
      fc.string({ unit: fc.constantFrom(...'abc xyz/=') }),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = `<r>${pieces.join('')}</r>`
        const made = xmlBlock(text)
        if (made !== undefined) expect(plain(htmlOf(made)).replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
      }),
    )
  })

  it('stays quick on a text that opens a thousand quotes', () => {
    const before = performance.now()
    xmlBlock('<a "'.repeat(40_000))
    expect(performance.now() - before).toBeLessThan(500)
  })

  it('indents no deeper than a page is wide', () => {
    expect(htmlOf(codeBlock([[99, 'x']]))).toContain('class="line d16"')
  })
})

describe('curl', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  it('has variables in place of the secrets of a form', () => {
    const body =
      'grant_type=password&username=ada%40contoso.example&password=%5Bpassword%5D&client_secret=x&assertion=y'
    expect(curlCommand({ method: 'POST', url: 'https://a.example/token', headers: form, body })).toBe(
      [
        'curl --silent --show-error --include --request POST https://a.example/token',
        '--data-urlencode grant_type=password',
        '--data-urlencode username=ada@contoso.example',
        '--data-urlencode password="$PASSWORD"',
        '--data-urlencode client_secret="$CLIENT_SECRET"',
        '--data-urlencode assertion="$ASSERTION"',
      ].join(' \\\n  '),
    )
  })

  it('has one in place of the password of a WS-Trust message, and of an authorization', () => {
    const body = `<s:Envelope><o:Username>it's</o:Username><o:Password Type="t">[password]</o:Password></s:Envelope>`
    const headers = { authorization: 'Basic x', 'content-length': '3' }
    const command = curlCommand({ method: 'POST', url: 'https://a.example/', headers, body })
    expect(command).toContain(`--header 'authorization: '"$AUTHORIZATION"`)
    expect(command).toContain(`it'\\''s</o:Username><o:Password Type="t">'"$PASSWORD"'</o:Password>`)
    expect(command).not.toContain('content-length')
    expect(command).not.toContain('[password]')
  })

  it('is read by a shell as the words it was made of, whatever they are', () => {
    const text = fc.string({ unit: fc.constantFrom(...`a'"$\`\\!*?~#&|;<>() \n\t%é😀`), minLength: 1 })
    const requests = fc.sample(fc.record({ url: text, value: text, body: text }), { numRuns: 50, seed: 7 })
    const script = requests.map(({ url, value, body }) =>
      curlCommand({ method: 'POST', url, headers: { x: value }, body }),
    )
    // The shell's own "curl" prints its arguments, each ended by a byte that no argument has.
    const shell = spawnSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }\n${script.join('\n')}`], { encoding: 'utf8' })
    const options = ['--silent', '--show-error', '--include', '--request', 'POST']
    expect(shell.stdout.split('\0').slice(0, -1)).toEqual(
      requests.flatMap(({ url, value, body }) => [...options, url, '--header', `x: ${value}`, '--data-binary', body]),
    )
    expect(shell.stderr).toBe('')
  })
})
