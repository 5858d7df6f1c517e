import type { Candidate } from '../../client/events.ts'
import type { Verdict } from '../../protocol/verdict.ts'
import { showFact, showInstant } from '../messages.ts'
import { readMexCandidates } from '../mex-chain.ts'
import { explainRule } from '../rules.ts'
import { hopsOf, type Run } from '../runs.ts'
import type { TraceEventOf } from '../trace.ts'
import { breakable, type Content, link, type Markup, mark, markup, shownValue, type TableRow, table } from './markup.ts'
import { formatMs, wordsFor } from './step-words.ts'

const questionWords: Readonly<Record<TraceEventOf<'decision'>['question'], string>> = {
  'authority kind': 'What kind of server is the authority?',
  endpoints: 'Where are its endpoints taken from?',
  'account type': 'Who judges the password of this user?',
  'WS-Trust endpoint': 'Which endpoint of the federation server gets the password?',
  grant: 'What is presented at the token endpoint?',
  verification: 'Is the id_token what it claims to be?',
}

/** A decision with everything that was chosen from: the verdict on each, the rule in words, its source. */
export function renderDecision(run: Run, { question, chosen, candidates }: TraceEventOf<'decision'>): Markup {
  return markup`<p class="lead">${wordsFor(questionWords, question) ?? question} <strong>${breakable(chosen)}</strong></p>
${
  question === 'verification'
    ? verdictTable('What was checked', candidates)
    : candidateTable(run, `Candidates: ${question}`, candidates)
}`
}

/** Candidates with their verdicts, in the order they were looked at. */
export function candidateTable(run: Run, caption: string, candidates: readonly Candidate[]): Markup {
  const chains = candidates.some(({ url }) => url !== undefined) ? chainsOf(run) : new Map<string, string>()
  const [first] = candidates
  // One rule for all is said once.
  const common = candidates.length > 1 && candidates.every(({ rule }) => rule === first?.rule) ? first : undefined
  const hasWords = common === undefined || candidates.some(({ evidence }) => evidence !== undefined)
  const rows = candidates.map((candidate): TableRow => {
    const { label, ok, url, version, evidence } = candidate
    const chain = chains.get(`${label} ${url ?? ''}`)
    const place = [
      version !== undefined && markup`<span class="tag">WS-Trust ${version}</span> `,
      url !== undefined && markup`<span class="value">${breakable(url)}</span>`,
    ]
    const name = markup`<span class="label">${breakable(label)}</span><span class="sub">${place}</span>${
      chain !== undefined && markup`<span class="sub">${breakable(chain)}</span>`
    }`
    const verdict = ok ? mark('good', 'chosen') : mark('plain', 'not taken', '✕')
    const words = common === undefined ? verdictWords(candidate) : evidence !== undefined && seen(evidence)
    return { tone: ok ? 'good' : 'plain', cells: [name, verdict, ...(hasWords ? [words] : [])] }
  })
  return markup`${common !== undefined && markup`<p class="common">${verdictWords({ rule: common.rule, ok: true })}</p>`}<div class="candidates">${table(
    caption,
    hasWords ? ['Candidate', 'Verdict', 'Why'] : ['Candidate', 'Verdict'],
    rows,
  )}</div>`
}

/** How the parts of the MEX document hang together, by a port's name and address, where their names do not tell. */
function chainsOf(run: Run): ReadonlyMap<string, string> {
  return new Map(
    hopsOf(run)
      .flatMap(readMexCandidates)
      .flatMap(({ label, url = '', policy, binding, port }): [string, string][] => {
        // AD FS gives all three the same name, but for an ending.
        if (port === binding && (policy === undefined || policy === `${binding}_policy`)) return []
        const chain = [policy && `policy ${policy}`, binding && `binding ${binding}`, port && `port ${port}`]
        return [[`${label} ${url}`, chain.filter((part) => part !== undefined).join(' → ')]]
      }),
  )
}

/** Checks and reasons as a table. */
export function verdictTable(caption: string, verdicts: readonly Verdict[]): Content {
  if (verdicts.length === 0) return undefined
  return table(
    caption,
    ['Check', 'What it says'],
    verdicts.map((verdict) => ({
      tone: verdict.ok ? 'plain' : 'bad',
      cells: [checkMark(verdict), verdictWords(verdict)],
    })),
  )
}

function checkMark({ rule, ok }: Verdict): Markup {
  if (ok && rule.endsWith('-skipped')) return mark('plain', 'not needed', '–')
  return ok ? mark('good', 'passed') : mark('bad', 'failed')
}

function verdictWords({ rule, evidence }: Verdict): Markup {
  const { text, source } = explainRule(rule) ?? {}
  return markup`${text} ${evidence !== undefined && evidence !== text && seen(evidence)}<span class="sub"><code class="rule">${breakable(
    rule,
  )}</code>${source !== undefined && markup` ${link(source, markup`source<span class="hidden"> of the rule ${rule}</span>`)}`}</span>`
}

function seen(evidence: string): Markup {
  return markup`<span class="evidence">Seen: ${breakable(showInstant(evidence))}</span>`
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
      cells: [breakable(name), shownValue(showFact(name, value)), ...(hasWords ? [explain(name)] : [])],
    })),
  )
}

export function renderNotice(event: TraceEventOf<'retry' | 'warning'>): Markup {
  if (event.type === 'warning') return markup`<p class="lead">${event.message}</p><p><code>${event.code}</code></p>`
  return markup`<p class="lead">The request is made once more, ${formatMs(event.waitMs)} later: ${event.reason}</p>`
}
