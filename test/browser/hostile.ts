import fc from 'fast-check'
import type { Trace, TraceEvent } from '../../src/trace/trace.ts'

/** What would be an element, an attribute, a script or a trick of the eye if it were not escaped. */
const hostileTexts: readonly string[] = [
  '</script><script>document.title="owned"</script>',
  '</style><img src=x onerror=alert(1)>',
  '"><img src="https://evil.example/x" onerror="alert(1)">',
  `' onmouseover='alert(1)`,
  '` onfocus=`alert(1)',
  'javascript:alert(1)',
  'https://evil.example/"onclick="alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '</title></svg></textarea></pre></table><iframe srcdoc="<p>">',
  '<!--',
  ']]><svg onload=alert(1)>',
  '&lt;script&gt;&#60;img&#62;',
  '\u2028\u2029\u202e\u2066\u200b\ufeff',
  '\u0000\u0008\u001b[31m\r',
  '\ud800',
  '{"a":"</pre><script>"}',
  '<a x="</pre><script>alert(1)</script>"><b>&lt;script></b></a>',
  'eyJhIjoiPHNjcmlwdD4ifQ.eyJiIjoiPC9wcmU-PGltZz4ifQ.x',
  '__proto__',
  'constructor',
  '',
]

/** Names that decide how an event is read: with another value it would be no event. */
const kept = new Set(['type', 'step', 'callId', 'what', 'question'])

/** A trace of this shape in which any text may be a hostile one, and so may any name of a header or a fact. */
export function hostileTrace(shape: Trace): fc.Arbitrary<Trace> {
  return fc.infiniteStream(fc.nat(1_000)).map((stream) => {
    const dice = stream[Symbol.iterator]()
    const pick = (): number => dice.next().value ?? 0
    const bend = (text: string): string => {
      const roll = pick()
      const hostile = hostileTexts[roll % hostileTexts.length] ?? ''
      if (roll < 400) return text
      return roll < 800 ? hostile : `${text.slice(0, 20)}${hostile}${text.slice(20)}`
    }
    const walk = (value: unknown, isFree: boolean): unknown => {
      if (typeof value === 'string') return bend(value)
      if (Array.isArray(value)) return value.map((item) => walk(item, false))
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(
        Object.entries(value).map(([name, member]) => [
          isFree ? bend(name) : name,
          kept.has(name) ? member : walk(member, name === 'facts' || name === 'headers' || name === 'key'),
        ]),
      )
    }
    return { ...shape, product: bend(shape.product), events: walk(shape.events, false) as readonly TraceEvent[] }
  })
}
