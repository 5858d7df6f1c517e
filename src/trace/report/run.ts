import { showSource } from '../messages.ts'
import { eventsOf, type Run } from '../runs.ts'
import { type ChangeAnswer, questions, type Summary, summarise, wayInWords } from '../summary.ts'
import { sequenceFigure } from '../views/sequence-svg.ts'
import { renderCache, renderDecision, renderNotice } from './decision.ts'
import { renderGlossary } from './glossary.ts'
import { renderHop } from './hop.ts'
import { breakable, type Content, htmlOf, type Markup, mark, markup, type Tone } from './markup.ts'
import { capital, formatMs, type RunStep, stepWords, wordsFor } from './step-words.ts'
import { timeline } from './timeline.ts'

/** Where a run stands in its page. */
export interface RunPlace {
  /** Prefix of the element ids, so that several runs can share a page. Letters, digits and hyphens; default `run-1`. */
  readonly id?: string
}

/**
 * One call as a fragment of HTML: its outcome, the five answers, the diagram, and every step. It needs the style sheet and the
 * script of the report, and reads without the script. Every text of the trace is escaped.
 */
export function renderRun(run: Run, { id = 'run-1' }: RunPlace = {}): string {
  const outcome = outcomeOf(run)
  return htmlOf(markup`<article class="run" id="${id}" aria-labelledby="${id}-title">
<header class="run-head">
<p class="eyebrow">${operationWords(run)}${run.start && ` · ${readable(run.start.startedAt)}`}${run.end && ` · ${formatMs(run.end.durationMs)}`}</p>
<h2 id="${id}-title">${run.start?.username ?? run.start?.authority.url ?? 'A call without a beginning'}</h2>
<p class="outcome ${outcome.tone}">${mark(outcome.tone, outcome.word)}<span>${outcome.sentence}</span></p>
${factList(run)}
</header>
<section class="answers" aria-labelledby="${id}-answers"><h3 id="${id}-answers">Five answers</h3>
${renderAnswers(run, id)}
${renderGlossary(run)}
</section>
<section aria-labelledby="${id}-sequence"><h3 id="${id}-sequence">Who talked to whom</h3>
${sequenceFigure(run, id)}
</section>
<section class="step-by-step" aria-labelledby="${id}-steps"><h3 id="${id}-steps">Step by step</h3>
<div class="columns">${timeline(run, id)}
<div class="steps">${run.steps.map((step, index) => renderStep(run, step, index, id))}${renderEnd(run, id)}</div>
</div>
</section>
</article>`)
}

const operations: Readonly<Record<string, string>> = {
  acquireTokenByUsernamePassword: 'Sign-in with user name and password',
  acquireTokenSilent: 'Silent call: a token from the cache, or with a refresh token',
  acquireTokenByDeviceCode: 'Sign-in with a device code',
  verifyIdToken: 'Verification of an id_token',
}

export function operationWords({ start }: Run): string {
  if (start === undefined) return 'A call'
  return wordsFor(operations, start.operation) ?? start.operation
}

/** How a run ended, as a word and as a sentence. */
export function outcomeOf(run: Run): { tone: Tone; word: string; sentence: string } {
  const { end, error, tokens } = run
  if (error !== undefined) return { tone: 'bad', word: 'Failed', sentence: sentenceOf(error.message) }
  const [token] = tokens
  if (token !== undefined) {
    const until = `valid until ${readable(token.expiresOn)}`
    const sources: Readonly<Record<string, string>> = { cache: 'From the cache', refresh_token: 'By a refresh token' }
    return {
      tone: 'good',
      word: 'Token obtained',
      sentence: `${wordsFor(sources, token.source) ?? 'Issued now'}, ${until}.`,
    }
  }
  if (end === undefined) return { tone: 'warn', word: 'Still open', sentence: 'The trace does not tell how it ended.' }
  if (end.ok && eventsOf(run, 'cache').some(({ hit }) => hit)) {
    return { tone: 'good', word: 'Token obtained', sentence: 'From the cache: nothing was sent.' }
  }
  return end.ok
    ? { tone: 'good', word: 'Done', sentence: 'The call ended without an error.' }
    : { tone: 'bad', word: 'Failed', sentence: 'The call ended with an error that the trace does not hold.' }
}

function sentenceOf(text: string): string {
  return /[.!?…]$/.test(text) ? capital(text) : `${capital(text)}.`
}

export function readable(instant: string): string {
  return instant.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC')
}

function factList({ start }: Run): Markup {
  const facts: readonly (readonly [string, Content])[] = [
    ['Authority', start && `${start.authority.url} (${start.authority.kind})`],
    ['Client', start?.clientId],
    ['Scopes', start?.scopes?.join(' ')],
    ['Correlation id', start?.correlationId],
  ]
  return markup`<dl class="facts">${facts
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function renderAnswers(run: Run, id: string): Markup {
  const summary = summarise(run)
  const { password, rejected, refused, change, idToken, clockSkew } = summary
  const answers: readonly (readonly [string, Tone, Content, Content?])[] = [
    [questions.password, 'plain', password.sentence, stepLink(run, password.hop, id)],
    [questions.rejected, 'plain', rejected.sentence, decisionLink(run, rejected.endpoints.length > 0, id)],
    [questions.refused, refusedTone(summary), refused.sentence],
    [questions.change, run.error === undefined ? 'plain' : 'warn', change.sentence, changeDetails(change)],
    [questions.idToken, idToken.verified === 'failed' ? 'bad' : 'plain', idToken.sentence],
  ]
  return markup`<ol>${answers.map(
    ([question, tone, sentence, more]) =>
      markup`<li class="${tone}"><h4>${question}</h4><p>${sentence}</p>${more}</li>`,
  )}</ol>${
    clockSkew !== undefined &&
    Math.abs(clockSkew.seconds) > 5 &&
    markup`<p class="aside">The clock of ${clockSkew.host} is ${Math.abs(clockSkew.seconds)} s ${
      clockSkew.seconds > 0 ? 'ahead of' : 'behind'
    } this machine’s.</p>`
  }`
}

function refusedTone({ refused }: Summary): Tone {
  return refused.by === 'nobody' ? 'plain' : 'bad'
}

function changeDetails({ whereToLook, waysOut }: ChangeAnswer): Content {
  return [
    whereToLook !== undefined && markup`<p><b>Where to look:</b> ${whereToLook}</p>`,
    waysOut.length > 0 && markup`<p><b>What else could get a token:</b> ${waysOut.map(wayInWords).join(', ')}.</p>`,
  ]
}

function stepLink(run: Run, hop: number | undefined, id: string): Content {
  const index = run.steps.findIndex((step) => 'kind' in step && step.hop === hop)
  return index >= 0 && markup`<p class="more"><a href="#${id}-step-${index + 1}">Step ${index + 1}: the request</a></p>`
}

function decisionLink(run: Run, hasRejected: boolean, id: string): Content {
  const index = run.steps.findLastIndex((step) => !('kind' in step) && step.type === 'decision' && step.step === 'mex')
  return (
    hasRejected &&
    index >= 0 &&
    markup`<p class="more"><a href="#${id}-step-${index + 1}">Step ${index + 1}: everything that was weighed, with the reasons</a></p>`
  )
}

function renderStep(run: Run, step: RunStep, index: number, id: string): Markup {
  const { title, outcome, tone } = stepWords(step)
  const kind = 'kind' in step ? 'hop' : step.type
  return markup`
<details class="step ${kind}" id="${id}-step-${index + 1}"${isOpen(run, step, index) && markup` open`}>
<summary><span class="number" aria-hidden="true">${index + 1}</span><h4>${title}</h4>${
    'kind' in step || step.type === 'cache' ? mark(tone, outcome) : undefined
  }${
    'kind' in step &&
    step.response !== undefined &&
    markup`<span class="took">${formatMs(step.response.durationMs)}</span>`
  }<span class="sub">${
    'kind' in step
      ? markup`<span class="value">${step.request.method} ${breakable(shortAddress(step.request.url))}</span>`
      : step.type === 'cache'
        ? undefined
        : breakable(outcome)
  }</span></summary>
<div class="body">${bodyOf(run, step, `${id}-step-${index + 1}`)}</div>
</details>`
}

function bodyOf(run: Run, step: RunStep, id: string): Markup {
  if ('kind' in step) return renderHop(run, step, id)
  switch (step.type) {
    case 'decision':
      return renderDecision(run, step)
    case 'cache':
      return renderCache(step)
    default:
      return renderNotice(step)
  }
}

// What a reader came for is open: the choice of the endpoint, and what failed. The rest is a list to choose from.
function isOpen(run: Run, step: RunStep, index: number): boolean {
  if ('kind' in step)
    return stepWords(step).tone === 'bad' || (run.error !== undefined && index === run.steps.length - 1)
  return step.type === 'decision' && (step.question === 'WS-Trust endpoint' || step.question === 'verification')
}

function shortAddress(url: string): string {
  if (!URL.canParse(url)) return url
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}

function renderEnd(run: Run, id: string): Markup {
  const { error, tokens } = run
  const tokenLines = tokens.map(
    ({ source, scopes, expiresOn }) =>
      markup`<div><dt>Obtained</dt><dd>${showSource(source)}</dd></div><div><dt>For</dt><dd>${scopes.join(' ')}</dd></div><div><dt>Valid until</dt><dd>${readable(expiresOn)}</dd></div>`,
  )
  const { tone, word, sentence } = outcomeOf(run)
  return markup`
<section class="step end ${tone}" id="${id}-end" aria-labelledby="${id}-end-title">
<h4 id="${id}-end-title">${mark(tone, word)}</h4><p>${sentence}</p>
${
  error !== undefined &&
  markup`<dl class="facts"><div><dt>Error</dt><dd>${error.name} ${error.code}</dd></div><div><dt>Step</dt><dd>${capital(error.step)}</dd></div>${Object.entries(
    error.facts,
  ).map(([name, value]) => markup`<div><dt>${name}</dt><dd>${String(value)}</dd></div>`)}</dl>`
}${tokenLines.length > 0 && markup`<dl class="facts">${tokenLines}</dl>`}
</section>`
}
