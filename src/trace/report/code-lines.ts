import { type Content, type Markup, markup } from './markup.ts'

// A body may have a mebibyte; nobody reads that, and a browser would be slow with as many elements.
const maxCharacters = 200_000

/** Lines of code, each indented so that what wraps stays indented. */
export function codeBlock(lines: readonly (readonly [depth: number, content: Content])[]): Markup {
  return markup`<pre class="code" translate="no"><code>${lines.map(
    ([depth, content]) => markup`<span class="line d${Math.min(depth, 16)}">${content}</span>`,
  )}</code></pre>`
}

/** Text as it is, cut where it is too long to read. */
export function plainBlock(text: string): Markup {
  const rest = text.length - maxCharacters
  return markup`<pre class="code" translate="no"><code>${text.slice(0, maxCharacters)}</code></pre>${
    rest > 0 && markup`<p class="quiet">${rest.toLocaleString('en')} more characters are left out.</p>`
  }`
}

/** JSON with one member a line. @returns `undefined` for a text that is no JSON object or array. */
export function jsonBlock(text: string): Markup | undefined {
  const formatted = formatJson(text)
  if (formatted === undefined) return undefined
  return codeBlock(
    formatted.split('\n').map((line) => {
      const bare = line.trimStart()
      const [, key, rest] = /^("(?:[^"\\]|\\.)*")(: .*)$/s.exec(bare) ?? []
      return [(line.length - bare.length) / 2, key === undefined ? bare : [markup`<b>${key}</b>`, rest]]
    }),
  )
}

function formatJson(text: string): string | undefined {
  if (text.length > maxCharacters || !/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return undefined // also of a text that is nested deeper than can be written
  }
}

/**
 * XML with one element a line. It shows what is there and does not judge it: the parser did.
 *
 * @returns `undefined` for a text that does not read as elements.
 */
export function xmlBlock(text: string): Markup | undefined {
  if (text.length > maxCharacters) return undefined
  const pieces = splitXml(text)
  if (pieces === undefined) return undefined
  const lines: [number, Content][] = []
  let depth = 0
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[index] ?? ''
    const [next = '', afterNext = ''] = pieces.slice(index + 1, index + 3)
    if (piece.startsWith('</')) lines.push([--depth, tag(piece)])
    else if (!/^<[^!?]/.test(piece)) lines.push([depth, piece.trim()])
    else if (piece.endsWith('/>')) lines.push([depth, tag(piece)])
    else if (next.startsWith('</')) {
      lines.push([depth, [tag(piece), tag(next)]])
      index += 1
    } else if (!next.startsWith('<') && afterNext.startsWith('</')) {
      lines.push([depth, [tag(piece), next.trim(), tag(afterNext)]])
      index += 2
    } else lines.push([depth++, tag(piece)])
    if (depth < 0) return undefined
  }
  return codeBlock(lines)
}

function tag(piece: string): Markup {
  const [, open, name, rest] = /^(<\/?)([^\s/>]*)(.*)$/s.exec(piece) ?? []
  return markup`${open}<b>${name}</b>${rest?.replace(/\s+/g, ' ')}`
}

/** Tags, comments and the texts between them that are more than blanks, in one pass over the text. */
function splitXml(text: string): string[] | undefined {
  const pieces: string[] = []
  let at = 0
  while (at < text.length) {
    const start = text.indexOf('<', at)
    const end = start === -1 ? -1 : tagEnd(text, start)
    const between = text.slice(at, start === -1 ? text.length : start)
    if (between.trim() !== '') pieces.push(between)
    if (start === -1) break
    if (end === -1) return undefined
    pieces.push(text.slice(start, end))
    at = end
  }
  return pieces[0]?.startsWith('<') ? pieces : undefined
}

function tagEnd(text: string, start: number): number {
  const closer = text.startsWith('<!--', start) ? '-->' : text.startsWith('<![CDATA[', start) ? ']]>' : undefined
  if (closer !== undefined) {
    const end = text.indexOf(closer, start)
    return end === -1 ? -1 : end + closer.length
  }
  let quote = ''
  for (let index = start + 1; index < text.length; index++) {
    const character = text.charAt(index)
    if (quote !== '') quote = character === quote ? '' : quote
    else if (character === '"' || character === "'") quote = character
    else if (character === '>') return index + 1
  }
  return -1
}
