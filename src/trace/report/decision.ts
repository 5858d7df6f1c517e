import type { Candidate } from '../../client/events.ts'
import type { Verdict } from '../../protocol/verdict.ts'
import { showFact } from '../messages.ts'
import { explainRule } from '../rules.ts'
import type { TraceEventOf } from '../trace.ts'
import { type Content, link, type Markup, mark, markup, type TableRow, table } from './markup.ts'
import { formatMs } from './step-words.ts'

const questionWords: Readonly<Record<TraceEventOf<'decision'>['question'], string>> = {
  'authority kind': 'What kind of server is the authority?',
  endpoints: 'Where are its endpoints taken from?',
  'account type': 'Who judges the password of this user?',
  'WS-Trust endpoint': 'Which endpoint of the federation server gets the password?',
  grant: 'What is presented at the token endpoint?',
}

/** A decision with everything that was chosen from: the verdict on each, the rule in words, its source. */
export function renderDecision({ question, chosen, candidates }: TraceEventOf<'decision'>): Markup {
  const hasUrls = candidates.some(({ url }) => url !== undefined)
  const heads = ['Candidate', 'Verdict', ...(hasUrls ? ['Endpoint'] : []), 'Why']
  return markup`<p class="lead">${questionWords[question] ?? question} <strong>${chosen}</strong></p>
${table(
  `Candidates for: ${question}`,
  heads,
  candidates.map((candidate) => candidateRow(candidate, hasUrls)),
)}`
}

function candidateRow(candidate: Candidate, hasUrls: boolean): TableRow {
  const { label, ok, url, version } = candidate
  const endpoint = [
    version !== undefined && markup`<span class="tag">WS-Trust ${version}</span> `,
    url !== undefined && markup`<span class="value">${url}</span>`,
  ]
  return {
    tone: ok ? 'good' : 'plain',
    cells: [
      label,
      ok ? mark('good', 'chosen') : mark('bad', 'not taken'),
      ...(hasUrls ? [endpoint] : []),
      verdictWords(candidate),
    ],
  }
}

/** Checks and reasons as a table. */
export function verdictTable(caption: string, verdicts: readonly Verdict[]): Content {
  if (verdicts.length === 0) return undefined
  return table(
    caption,
    ['Check', 'Result', 'What it says'],
    verdicts.map((verdict) => ({
      tone: verdict.ok ? 'plain' : 'bad',
      cells: [
        markup`<code>${verdict.rule}</code>`,
        verdict.ok ? mark('good', 'passed') : mark('bad', 'failed'),
        verdictWords(verdict, false),
      ],
    })),
  )
}

function verdictWords({ rule, evidence }: Verdict, withId = true): Markup {
  const { text, source } = explainRule(rule) ?? {}
  return markup`${text ?? rule}${evidence !== undefined && markup` <span class="evidence">Seen: <span class="value">${evidence}</span></span>`} ${
    withId && markup`<code class="rule">${rule}</code>`
  } ${source !== undefined && link(source, markup`Source<span class="hidden"> of ${rule}</span>`)}`
}

/** What was looked for in the cache, and why it was or was not there. */
export function renderCache({ hit, key, reasons }: TraceEventOf<'cache'>): Markup {
  return markup`<p class="lead">${hit ? 'An access token was there: nothing is sent.' : 'No access token that would do was there.'}</p>
${factTable('What it was looked for by', key)}
${verdictTable('Why', reasons)}`
}

/** Facts by name. */
export function factTable(
  caption: string,
  facts: TraceEventOf<'parse'>['facts'],
  explain: (name: string) => string | undefined = () => undefined,
): Content {
  const names = Object.keys(facts)
  if (names.length === 0) return undefined
  const hasWords = names.some((name) => explain(name) !== undefined)
  return table(
    caption,
    hasWords ? ['Name', 'Value', 'What it means'] : ['Name', 'Value'],
    Object.entries(facts).map(([name, value]) => ({
      cells: [name, markup`<span class="value">${showFact(name, value)}</span>`, ...(hasWords ? [explain(name)] : [])],
    })),
  )
}

export function renderNotice(event: TraceEventOf<'retry' | 'warning'>): Markup {
  if (event.type === 'warning') return markup`<p class="lead">${event.message}</p><p><code>${event.code}</code></p>`
  return markup`<p class="lead">The request is made once more, ${formatMs(event.waitMs)} later: ${event.reason}</p>`
}
