import { type Run, readRuns } from '../runs.ts'
import { questions, type Summary, summarise, wayInWords } from '../summary.ts'
import type { Trace } from '../trace.ts'
import { indent, wrap } from './layout.ts'
import { facts, ms, type Page, paintAll, show, title } from './page.ts'
import { renderError, renderStep, renderToken } from './text-steps.ts'

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
    share:
      'people, tenants and ids are pseudonyms (an id to look up in a log is in the error itself, or in a trace at level team)',
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
    ...run.steps.flatMap((step) => ['', ...renderStep(page, run, step)]),
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
    ...(clientId === '' ? [] : [['client', show(clientId)] as const]),
    ...(scopes === undefined ? [] : [['scopes', show(scopes.join(' '))] as const]),
    ['started', show(startedAt)],
    ...(correlationId === '' ? [] : [['correlation id', show(correlationId)] as const]),
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
  const more = { ...noMore, change: furtherAdvice(summary) }
  const lines = names.flatMap((name) => [
    ...paintAll(page, 'bold', wrap(questions[name], page.width)),
    ...[summary[name].sentence, ...more[name]].flatMap((text) => indent(wrap(text, page.width - 4), 4)),
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

const noMore = { password: [], rejected: [], refused: [], change: [], idToken: [] } as const

function furtherAdvice({ change }: Summary): readonly string[] {
  const { whereToLook, waysOut } = change
  return [
    ...(whereToLook === undefined ? [] : [`Where to look: ${whereToLook}`]),
    ...(waysOut.length === 0 ? [] : [`Ways out: ${waysOut.map(wayInWords).join('; ')}.`]),
  ]
}
