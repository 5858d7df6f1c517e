import { oneLine } from '../errors.ts'
import type { RedactedRequest } from '../redact/redacted-message.ts'

/** One thing that a request says, with the name of where it says it: `field scope`, `header accept`, `element Envelope/Body`. */
interface Line {
  readonly name: string
  readonly text: string
}

/** How a request differs from a recorded one, as lines `- field scope: …` (recorded) and `+ field scope: …` (sent). */
export function diffRequests(recorded: RedactedRequest, sent: RedactedRequest): readonly string[] {
  const before = linesOf(recorded)
  const after = linesOf(sent)
  const names = [...new Set([...before, ...after].map(({ name }) => name))]
  return names.flatMap((name) => {
    const was = before.filter((line) => line.name === name).map(show)
    const is = after.filter((line) => line.name === name).map(show)
    if (was.join('\n') === is.join('\n')) return []
    return [...was.map((line) => `- ${line}`), ...is.map((line) => `+ ${line}`)]
  })
}

/** `POST https://host/path`, without the query. */
export function titleOf({ method, url }: RedactedRequest): string {
  return oneLine(`${method} ${url.split('?')[0]}`, 200)
}

function show({ name, text }: Line): string {
  return `${oneLine(name, 200)}: ${oneLine(text, 300)}`
}

function linesOf({ method, url, headers, body }: RedactedRequest): readonly Line[] {
  const [place = '', query = ''] = url.split('?')
  return [
    { name: 'request', text: `${method} ${place}` },
    ...pairsOf('query', query),
    ...Object.entries(headers).map(([name, text]) => ({ name: `header ${name}`, text })),
    ...(body === undefined ? [] : bodyLines(body)),
  ]
}

function pairsOf(kind: string, form: string): readonly Line[] {
  return Array.from(new URLSearchParams(form), ([name, text]) => ({ name: `${kind} ${name}`, text }))
}

function bodyLines(body: string): readonly Line[] {
  if (body.startsWith('<')) return elementLines(body)
  return /^[\w.%-]+=/.test(body) ? pairsOf('field', body) : [{ name: 'body', text: body }]
}

// What was recorded was written by ourselves: tags and texts alternate.
function elementLines(xml: string): readonly Line[] {
  const path: string[] = []
  const lines: Line[] = []
  for (const [, close, name, attributes, text] of xml.matchAll(/<(\/?)([^\s/>!?]+)([^>]*)>([^<]*)/g)) {
    if (close === '/') path.pop()
    else {
      path.push(name ?? '')
      const at = `element ${path.join('/')}`
      if (attributes?.trim()) lines.push({ name: `${at} (attributes)`, text: attributes.trim() })
      if (text?.trim()) lines.push({ name: at, text })
      if (attributes?.endsWith('/')) path.pop()
    }
  }
  return lines
}
