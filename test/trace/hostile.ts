import fc from 'fast-check'
import type { Trace, TraceEvent } from '../../src/trace/trace.ts'
import { anyCharacter } from '../any-character.ts'

const dangerous = [
  ...[
    '\n',
    '\r\n',
    ';',
    '#',
    '%%',
    '%%{init: {"theme":"dark"}}%%',
    '<script>',
    '</script>',
    '"',
    "'",
    '`',
    '\\',
    '$$x$$',
  ],
  ...[
    'end',
    'loop a',
    'style a:b#35;',
    'classDef x:y#1;',
    'wrap:',
    '->>',
    '-->>App: x',
    'participant X',
    '@{ "type": "db" }',
  ],
  ...[
    '\u2028',
    '\u202e',
    '\u0000',
    '\u001b[31m',
    '\u200b',
    '\u0085',
    '😀',
    '漢',
    '&lt;',
    '#59;',
    '__proto__',
    'ﬂ°°35¶ß',
    '<br/>',
  ],
  ...['a'.repeat(300), '../'.repeat(40), 'Note over App: x', '---\ntitle: x\n---', '[dropped: 1 bytes of text/html]'],
]

/** Text that breaks out of whatever is not escaped. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...dangerous), fc.string({ unit: anyCharacter, maxLength: 8 })), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(''))

/** A trace that has a text of a peer's wherever a peer may write one. */
export function traceNaming(text: string): Trace {
  const hop = (number: number, step: 'realm' | 'wstrust', host: string): TraceEvent[] => {
    const url = `https://${host}/${encodeURIComponent(text)}?q=${encodeURIComponent(text)}`
    const about = { at: number, callId: 'c', hop: number, step, method: 'POST', url } as const
    const message = { headers: { 'x-text': text, 'content-type': 'text/plain', date: text }, body: text }
    return [
      { ...about, type: 'http.request', message: { ...message, method: 'POST', url } },
      { ...about, type: 'http.response', status: 200, durationMs: 1, message: { ...message, status: 200 } },
      {
        at: number,
        callId: 'c',
        type: 'parse',
        step,
        hop: number,
        what: 'user realm',
        facts: { [text]: text },
        checks: [{ rule: text, ok: false, evidence: text }],
      },
    ]
  }
  const verdict = { rule: text, ok: false, evidence: text }
  const candidate = { ...verdict, label: text, url: text, version: text }
  return {
    version: 1,
    product: text,
    level: 'share',
    events: [
      {
        at: 0,
        callId: 'c',
        type: 'run.start',
        operation: text,
        correlationId: text,
        startedAt: text,
        clientId: text,
        authority: { kind: 'entra', url: text, tenant: text },
        username: text,
        scopes: [text],
      },
      ...(['account type', 'WS-Trust endpoint'] as const).map(
        (question): TraceEvent => ({
          at: 0,
          callId: 'c',
          type: 'decision',
          step: 'mex',
          question,
          chosen: text,
          candidates: [candidate, { ...candidate, ok: true }],
        }),
      ),
      { at: 0, callId: 'c', type: 'cache', hit: false, key: { [text]: text }, reasons: [verdict] },
      ...hop(1, 'realm', 'entra.example'),
      { at: 1, callId: 'c', type: 'retry', step: 'realm', reason: text, waitMs: 1 },
      ...hop(2, 'wstrust', 'sts.example'),
      { at: 3, callId: 'c', type: 'warning', code: 'MEX_FALLBACK', message: text },
      { at: 3, callId: 'c', type: 'token', source: text, scopes: [text], expiresOn: text },
      {
        at: 4,
        callId: 'c',
        type: 'error',
        name: text,
        code: text,
        step: 'token',
        message: text,
        hint: text,
        whereToLook: text,
        waysOut: [text],
        facts: { error: text, [text]: text, status: 400 },
      },
      { at: 5, callId: 'c', type: 'run.end', ok: false, durationMs: 5 },
    ],
  }
}
