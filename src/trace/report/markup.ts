// HTML made so that no text of a trace, and a trace is full of strangers' text, can become an element or an attribute: only
// the literal parts of a template are markup, whatever is put into them is escaped.

const content: unique symbol = Symbol('markup')

/** HTML that was made by {@link markup}. Data cannot pass for it: JSON has no symbols. */
export interface Markup {
  readonly [content]: string
}

/** What may stand in a template. Texts and numbers are escaped; `undefined` and `false` are left out. */
export type Content = string | number | undefined | false | Markup | readonly Content[]

/** Tag of a template of HTML. Attributes must be quoted in it; a URL goes through {@link link}. */
export function markup(literals: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = literals[0] ?? ''
  for (const [index, value] of values.entries()) text += write(value) + (literals[index + 1] ?? '')
  return { [content]: text }
}

/** Markup as text, to be written into a file or a page. */
export function htmlOf(made: Markup): string {
  return made[content]
}

/** Text of our own that needs no escaping, as a style sheet or a script. Never of a trace. */
export function verbatim(text: string): Markup {
  return { [content]: text }
}

function write(value: Content): string {
  if (value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  if (content in value) return value[content]
  return value.map(write).join('')
}

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

// Controls but for tab and LF, invisible and bidirectional characters, line and paragraph separators, lone surrogates: what
// would be obeyed, or not seen, is written out.
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Escapes text for an element or a quoted attribute. What cannot be seen is shown as `\u{…}`, as everywhere in this package. */
export function escapeHtml(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(unsafe, (character) =>
      character === '\n' || character === '\t' ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`,
    )
    .replace(/[&<>"'`]/g, (character) => references[character] ?? '')
}

/** Text that a narrow page breaks at the joints of its names: behind a slash or a dot, before a capital letter. */
export function breakable(text: string): Content {
  if (text.length > 400) return text
  return text
    .split(/(?<=[/_.@:&=?,])(?=[^/_.@:&=?,])|(?<=[a-z\d])(?=[A-Z])/)
    .map((piece, index) => (index === 0 ? piece : markup`<wbr>${piece}`))
}

/** A value of a message or a fact. */
export function shownValue(text: string): Markup {
  const isMarker = /^\[[^[\]]+\]$/.test(text)
  return markup`<span class="value${isMarker && ' redacted'}">${breakable(text)}</span>`
}

/** A link if the URL is https; of any other only the words stay. */
export function link(url: string | undefined, words: Content): Markup {
  if (url === undefined || !/^https:\/\//i.test(url) || !URL.canParse(url)) return markup`${words}`
  return markup`<a href="${url}" rel="noreferrer">${words}</a>`
}

/** A table that narrow pages show as a list of cards; the roles keep it a table for screen readers then, too. */
export function table(caption: string, heads: readonly string[], rows: readonly TableRow[]): Markup {
  return markup`<table role="table" class="of-${heads.length}"><caption>${caption}</caption><thead role="rowgroup"><tr role="row">${heads.map(
    (head) => markup`<th role="columnheader" scope="col">${head}</th>`,
  )}</tr></thead><tbody role="rowgroup">${rows.map(
    ({ cells, tone }) =>
      markup`<tr role="row" class="${tone ?? 'plain'}">${cells.map((cell, index) =>
        index === 0
          ? markup`<th role="rowheader" scope="row">${cell}</th>`
          : markup`<td role="cell" data-head="${heads[index] ?? ''}">${cell}</td>`,
      )}</tr>`,
  )}</tbody></table>`
}

export interface TableRow {
  readonly cells: readonly Content[]
  readonly tone?: Tone
}

/** How a thing went. Never shown by colour alone: {@link mark} goes with it. */
export type Tone = 'good' | 'bad' | 'warn' | 'plain'

const marks: Readonly<Record<Tone, string>> = { good: '✓', bad: '✕', warn: '!', plain: '·' }

/** A sign with the word that it stands for. */
export function mark(tone: Tone, word: string, sign: string = marks[tone]): Markup {
  return markup`<span class="mark ${tone}"><span aria-hidden="true">${sign}</span> ${word}</span>`
}
