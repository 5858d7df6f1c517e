import type { Candidate } from '../../client/events.ts'
import { oneLine, type Step } from '../../errors.ts'
import type { Timings } from '../../protocol/http.ts'
import type { Verdict } from '../../protocol/verdict.ts'
import { type MessagePart, requestParts, responseParts } from '../message-parts.ts'
import { explainField } from '../messages.ts'
import { explainRule } from '../rules.ts'
import { type Hop, type Run, readRuns } from '../runs.ts'
import { questions, type Summary, summarise } from '../summary.ts'
import type { Trace, TraceEventOf } from '../trace.ts'
import { indent, type Row, table, wrap } from './layout.ts'

export interface TextOptions {
  /** Columns of the terminal. Default 100; at least 40. */
  readonly width?: number
  /** Whether lines may have ANSI colours. Default false. */
  readonly colour?: boolean
}

/**
 * Renders a trace as annotated text: of each call the answers to the five questions, then every step with what was decided,
 * sent and answered, and why. Every line fits the width; text of a peer's is shown escaped.
 */
export function renderText(trace: Trace, { width = 100, colour = false }: TextOptions = {}): string {
  const page: Page = { width: Math.max(40, Math.floor(width)), colour }
  const runs = readRuns(trace)
  const calls = runs.length === 1 ? '1 call' : `${runs.length} calls`
  const levels = {
    share: 'people, tenants and ids are pseudonyms',
    team: 'people, tenants and ids are shown',
    raw: 'people, tenants and ids are shown',
  }
  const head = `Trace of ${calls} by ${show(trace.product)}. ${levels[trace.level]}; no password, key or whole token is in it.`
  return [
    ...wrap(
      head.replace(/\. ([a-z])/, (_, letter: string) => `. ${letter.toUpperCase()}`),
      page.width,
    ),
    ...runs.flatMap((run, index) => ['', ...renderRun(page, run, index + 1)]),
    '',
  ].join('\n')
}

interface Page {
  readonly width: number
  readonly colour: boolean
}

function renderRun(page: Page, run: Run, number: number): readonly string[] {
  const summary = summarise(run)
  return [
    ...title(
      page,
      `${number}. ${run.start === undefined ? 'A call whose start is not in the trace' : show(run.start.operation)}`,
      '=',
    ),
    ...facts(page, headerOf(run)),
    '',
    ...answers(page, summary),
    ...run.steps.flatMap((step) => ['', ...renderStep(page, step)]),
    ...run.tokens.flatMap((token) => ['', ...renderToken(page, token)]),
    ...(run.error === undefined ? [] : ['', ...renderError(page, run.error)]),
  ]
}

function headerOf({ start, end, error }: Run): readonly (readonly [string, string])[] {
  const outcome =
    end === undefined
      ? 'the trace ends before the call does'
      : `${end.ok ? 'succeeded' : 'failed'} after ${ms(end.durationMs)}${error === undefined ? '' : `: ${show(error.code)} at the step ${error.step}`}`
  if (start === undefined) return [['outcome', outcome]]
  const { username, authority, clientId, scopes, startedAt, correlationId } = start
  return [
    ...(username === undefined ? [] : [['user', show(username)] as const]),
    ['authority', `${show(authority.url)} (${kinds[authority.kind] ?? show(authority.kind)})`],
    ['client', show(clientId)],
    ...(scopes === undefined ? [] : [['scopes', show(scopes.join(' '))] as const]),
    ['started', show(startedAt)],
    ['correlation id', show(correlationId)],
    ['outcome', outcome],
  ]
}

const kinds: Readonly<Record<string, string>> = {
  entra: 'Entra ID',
  adfs: 'AD FS',
  b2c: 'Azure AD B2C',
  ciam: 'Entra External ID',
  oidc: 'an OpenID provider',
}

function answers(page: Page, summary: Summary): readonly string[] {
  const { clockSkew } = summary
  const names = ['password', 'rejected', 'refused', 'change', 'idToken'] as const
  const lines = names.flatMap((name) => [
    paint(page, 'bold', questions[name]),
    ...indent(wrap(summary[name].sentence, page.width - 4), 4),
  ])
  if (clockSkew === undefined) return lines
  const { seconds, host, isTooMuch } = clockSkew
  const side = seconds < 0 ? 'behind' : 'ahead of'
  const sentence =
    seconds === 0
      ? `The clock of ${show(host)} agrees with the one of this machine.`
      : `The clock of ${show(host)} is ${Math.abs(seconds)} s ${side} the one of this machine${isTooMuch ? ': too much; servers forgive some five minutes' : ''}.`
  const style = isTooMuch ? 'red' : 'plain'
  return [...lines, ...paintAll(page, style, wrap(sentence, page.width))]
}

/** What each step is for, for a reader who knows OAuth 2.0. */
const stepTitles: Readonly<Record<Step, string>> = {
  authority: 'authority: which server this is, and where its endpoints are',
  realm: 'user realm: who judges the password of this user',
  mex: 'MEX: the federation server describes its endpoints',
  wstrust: 'WS-Trust: the password to the federation server, for an assertion about the user',
  token: 'token endpoint: tokens for what is presented',
  id_token: 'id_token: who signed in',
  device: 'device authorization: a code that the user confirms in a browser',
  account: 'account: whose tokens they are',
  cache: 'cache: tokens of earlier calls',
}

function renderStep(page: Page, step: Run['steps'][number]): readonly string[] {
  if ('kind' in step) return renderHop(page, step)
  switch (step.type) {
    case 'decision':
      return renderDecision(page, step)
    case 'cache':
      return renderCache(page, step)
    case 'retry':
      return wrap(`Again (${step.step}) after ${ms(step.waitMs)}: ${show(step.reason)}`, page.width)
    case 'warning':
      return paintAll(page, 'yellow', wrap(`Warning ${step.code}: ${show(step.message)}`, page.width))
  }
}

function renderDecision(page: Page, { question, chosen, candidates }: TraceEventOf<'decision'>): readonly string[] {
  const rules = new Set(candidates.map(({ rule }) => rule))
  const [shared] = rules.size === 1 && candidates.length > 1 ? [...rules] : []
  const rows = candidates.map((candidate) => candidateRow(candidate, shared === undefined))
  return [
    ...title(page, `Decision: ${question}: ${show(chosen)}`, '-'),
    ...(shared === undefined ? [] : indent(wrap(ruleText({ rule: shared, ok: true }), page.width - 2), 2)),
    ...indent(table(rows, [3, 46], page.width - 2), 2),
  ]
}

function candidateRow({ label, url, version, ...verdict }: Candidate, withRule: boolean): Row {
  const about = [
    show(label),
    ...(version === undefined ? [] : [`WS-Trust ${show(version)}`]),
    ...(url === undefined ? [] : [place(url)]),
  ]
  const why = withRule ? ruleText(verdict) : (verdict.evidence ?? '')
  return [verdict.ok ? 'yes' : 'no', about.join('\n'), withRule ? why : show(why)]
}

/** A verdict in words, what was seen, and the id to look the rule up by. */
function ruleText({ rule, evidence }: Verdict): string {
  const text = explainRule(rule)?.text
  const seen = evidence === undefined || text?.includes(evidence) ? '' : ` Seen: ${show(evidence)}.`
  return `${text ?? 'A rule that this version does not know.'}${seen} [${show(rule)}]`
}

function renderCache(page: Page, { hit, key, reasons }: TraceEventOf<'cache'>): readonly string[] {
  const found = hit ? 'hit' : reasons.length === 0 ? 'no token of this client and user' : 'no hit'
  return [
    ...title(page, `Cache: ${found}`, '-'),
    ...facts(
      page,
      Object.entries(key).map(([name, value]) => [name, show(textOf(value))]),
    ),
    ...checkLines(page, reasons),
  ]
}

function renderHop(page: Page, hop: Hop): readonly string[] {
  const { request, response, parses } = hop
  const status = response === undefined ? 'no answer' : `HTTP status ${response.status} in ${ms(response.durationMs)}`
  const good = response !== undefined && response.status < 400
  const timings = response?.timings ?? response?.message?.timings
  return [
    ...title(page, `Request ${hop.hop}, ${stepTitles[request.step]}`, '-'),
    ...indent(wrap(`${request.method} ${oneLine(request.url, 2_000)}`, page.width - 2), 2),
    ...indent(paintAll(page, good ? 'green' : 'red', wrap(status + spent(timings), page.width - 2)), 2),
    ...partLines(page, 'sent, and why:', requestParts(hop)),
    ...partLines(page, 'answered, and what it means:', responseParts(hop)),
    ...parses.flatMap((parse) => renderParse(page, parse)),
  ]
}

function spent(timings: Timings | undefined): string {
  if (timings === undefined) return ''
  const { dnsMs, connectMs, tlsMs, firstByteMs, totalMs } = timings
  const phases = { 'name look-up': dnsMs, connect: connectMs, TLS: tlsMs, 'first byte': firstByteMs, total: totalMs }
  const known = Object.entries(phases).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${ms(value)}`]))
  return ` (${known.join(', ')})`
}

function partLines(page: Page, head: string, parts: readonly MessagePart[]): readonly string[] {
  if (parts.length === 0) return []
  const rows = parts.map(({ name, value, why = '' }) => [oneLine(name, 100), oneLine(value, 160), why])
  return [`  ${head}`, ...indent(table(rows, [24, 36], page.width - 4), 4)]
}

function renderParse(page: Page, { what, facts: read, checks, step }: TraceEventOf<'parse'>): readonly string[] {
  const rows = Object.entries(read).map(([name, value]) => [
    oneLine(name, 100),
    oneLine(textOf(value), 300),
    explainField(step, name) ?? '',
  ])
  return [
    `  read as ${what}:`,
    ...indent(table(rows, [24, 36], page.width - 4), 4),
    ...indent(checkLines(page, step === 'mex' ? [] : checks), 2),
  ]
}

function checkLines(page: Page, checks: readonly Verdict[]): readonly string[] {
  const rows = checks.map((check) => [check.ok ? 'ok' : 'NO', ruleText(check)])
  return rows.length === 0 ? [] : ['  checked:', ...indent(table(rows, [2], page.width - 6), 4)]
}

function renderToken(page: Page, { source, scopes, expiresOn }: TraceEventOf<'token'>): readonly string[] {
  const text = `Token: from ${show(source)}, for ${show(scopes.join(' '))}, until ${show(expiresOn)}`
  return paintAll(page, 'green', wrap(text, page.width))
}

function renderError(page: Page, error: TraceEventOf<'error'>): readonly string[] {
  const told = Object.entries(error.facts).map(([name, value]): readonly [string, string] => [
    oneLine(name, 100),
    show(textOf(value)),
  ])
  return [
    ...paintAll(
      page,
      'red',
      title(page, `Error: ${show(error.name)} ${show(error.code)}, at the step ${error.step}`, '-'),
    ),
    ...indent(wrap(show(error.message), page.width - 2), 2),
    ...facts(page, told),
  ]
}

function facts(page: Page, rows: readonly (readonly [string, string])[]): readonly string[] {
  return indent(table(rows, [16], page.width - 2), 2)
}

function title(page: Page, text: string, line: string): readonly string[] {
  const lines = wrap(text, page.width)
  return [
    ...paintAll(page, 'bold', lines),
    line.repeat(Math.min(page.width, Math.max(...lines.map(({ length }) => length)))),
  ]
}

const styles = { plain: '', bold: '1', red: '31', green: '32', yellow: '33' } as const

function paint({ colour }: Page, style: keyof typeof styles, line: string): string {
  return colour && styles[style] !== '' && line !== '' ? `\u001b[${styles[style]}m${line}\u001b[0m` : line
}

function paintAll(page: Page, style: keyof typeof styles, lines: readonly string[]): readonly string[] {
  return lines.map((line) => paint(page, style, line))
}

function place(url: string): string {
  return oneLine(url, 2_000)
}

function textOf(value: string | number | boolean | readonly string[]): string {
  return typeof value === 'object' ? value.join(', ') : String(value)
}

function ms(value: number): string {
  return `${Math.round(value)} ms`
}

function show(text: string): string {
  return oneLine(text, 500)
}
