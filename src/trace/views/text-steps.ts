import type { Candidate } from '../../client/events.ts'
import { oneLine, type Step } from '../../errors.ts'
import { parseClientInfo } from '../../protocol/client-info.ts'
import type { Timings } from '../../protocol/http.ts'
import type { Verdict } from '../../protocol/verdict.ts'
import { isShown, type MessagePart, requestParts, responseParts } from '../message-parts.ts'
import { explainField, showFact, showInstant, showSource } from '../messages.ts'
import { readMexCandidates } from '../mex-chain.ts'
import { explainRule, saysItself } from '../rules.ts'
import { eventsOf, type Hop, hopsOf, type Run } from '../runs.ts'
import type { TraceEventOf } from '../trace.ts'
import { indent, table, wrap } from './layout.ts'
import { facts, ms, type Page, paintAll, show, title } from './page.ts'

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

/** One step of a call. */
export function renderStep(page: Page, run: Run, step: Run['steps'][number]): readonly string[] {
  if ('kind' in step) return renderHop(page, step, candidatesLeft(run, step))
  switch (step.type) {
    case 'decision':
      return renderDecision(page, step, chainsOf(run))
    case 'cache':
      return renderCache(page, step)
    case 'retry':
      return wrap(`Again (${step.step}) after ${ms(step.waitMs)}: ${show(step.reason)}`, page.width)
    case 'warning':
      return paintAll(page, 'yellow', wrap(`Warning ${step.code}: ${show(step.message)}`, page.width))
  }
}

/** How the parts of the MEX document hang together, by a port's name and address. */
type Chains = ReadonlyMap<string, string>

function chainsOf(run: Run): Chains {
  const described = hopsOf(run).flatMap(readMexCandidates)
  return new Map(
    described.map(({ label, url = '', policy, binding, port }) => {
      // AD FS gives all three the same name, but for an ending.
      const others = [
        ...(policy === undefined || policy === `${binding}_policy` || policy === label ? [] : [`policy ${policy}`]),
        ...(binding === undefined || binding === port || binding === label ? [] : [`binding ${binding}`]),
      ]
      return [`${label} ${url}`, others.length === 0 ? '' : `by ${others.join(', ')}`]
    }),
  )
}

const endpointQuestion = 'WS-Trust endpoint'

function renderDecision(
  page: Page,
  { question, chosen, candidates }: TraceEventOf<'decision'>,
  chains: Chains,
): readonly string[] {
  const head = title(page, `Decision: ${question}: ${show(chosen)}`, '-')
  if (question === endpointQuestion) return [...head, ...endpointLines(page, candidates, chains)]
  const rules = new Set(candidates.map(({ rule }) => rule))
  const [shared] = rules.size === 1 && candidates.length > 1 ? [...rules] : []
  const rows = candidates.map(({ label, ...verdict }) => [
    verdict.ok ? 'yes' : 'no',
    show(label),
    shared === undefined ? ruleText(verdict) : show(verdict.evidence ?? ''),
  ])
  return [
    ...head,
    ...(shared === undefined ? [] : indent(wrap(ruleText({ rule: shared, ok: true }), page.width - 2), 2)),
    ...indent(table(rows, [3, 32], page.width - 2), 2),
  ]
}

// Their names and addresses are long: they stand above each other, not in columns.
function endpointLines(page: Page, candidates: readonly Candidate[], chains: Chains = new Map()): readonly string[] {
  const rows = candidates.map(({ label, url, version, ...verdict }) => {
    const chain = chains.get(`${label} ${url ?? ''}`) ?? ''
    const about = version === undefined ? '' : `, WS-Trust ${show(version)}`
    const head = `${show(label)}${about}${chain === '' ? '' : ` (${show(chain)})`}`
    const lines = [head, ...(url === undefined ? [] : [oneLine(url, 2_000)]), ruleText(verdict)]
    return [verdict.ok ? 'yes' : 'no', lines.join('\n')]
  })
  return indent(table(rows, [3], page.width - 2), 2)
}

/** A verdict in words, what was seen, and the id to look the rule up by. */
function ruleText({ rule, evidence }: Verdict): string {
  const text = explainRule(rule)?.text
  const seen = evidence === undefined || saysItself(rule) ? '' : ` Seen: ${show(showInstant(evidence))}.`
  return `${text ?? 'A rule that this version does not know.'}${seen} [${show(rule)}]`
}

function renderCache(page: Page, { hit, key, reasons }: TraceEventOf<'cache'>): readonly string[] {
  const found = hit
    ? 'a token was there'
    : reasons.every(({ rule }) => rule === 'cache.account.none')
      ? 'no access token of this user and client was there'
      : 'a token was there, but none that would do'
  const rows = Object.entries(key).map(([name, value]) => [
    oneLine(name, 100),
    show(showFact(name, value)),
    explainField('cache', name) ?? '',
  ])
  return [
    ...title(page, `Cache: ${found}`, '-'),
    '  looked for:',
    ...indent(table(rows, [26, 38], page.width - 4), 4),
    ...checkLines(page, reasons),
  ]
}

// Metadata that offers nothing ends the call before anything is decided; then its endpoints are told here.
function candidatesLeft(run: Run, hop: Hop): readonly Candidate[] {
  if (hop.request.step !== 'mex') return []
  return eventsOf(run, 'decision').some(({ question }) => question === endpointQuestion) ? [] : readMexCandidates(hop)
}

function renderHop(page: Page, hop: Hop, candidates: readonly Candidate[]): readonly string[] {
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
    ...parses.flatMap((parse) => renderParse(page, hop, parse)),
    ...(candidates.length === 0 ? [] : ['  every endpoint that it describes:', ...endpointLines(page, candidates)]),
  ]
}

function spent(timings: Timings | undefined): string {
  if (timings === undefined) return ''
  const { dnsMs, connectMs, tlsMs, firstByteMs, totalMs } = timings
  const phases = { 'name look-up': dnsMs, connect: connectMs, TLS: tlsMs, 'first byte': firstByteMs, total: totalMs }
  const known = Object.entries(phases).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${ms(value)}`]))
  return ` (${known.join(', ')})`
}

// Headers that say the same in every message are told in one line.
const everyday = new Set([
  ...['accept', 'content-type', 'content-length', 'client-request-id', 'return-client-request-id', 'x-client-sku'],
  ...['x-client-ver', 'user-agent', 'cache-control', 'pragma', 'x-content-type-options', 'x-ms-ests-server', 'date'],
  ...['x-ms-request-id', 'strict-transport-security', 'connection', 'accept-encoding', 'expires', 'p3p'],
])

function partLines(page: Page, head: string, parts: readonly MessagePart[]): readonly string[] {
  if (parts.length === 0) return []
  const isEveryday = (one: MessagePart): boolean => one.in === 'header' && everyday.has(one.name)
  const rows = parts
    .filter((one) => !isEveryday(one))
    .map(({ name, value, why = '' }) => [oneLine(name, 100), oneLine(brief(name, value), 400), why])
  const headers = parts.filter(isEveryday).map(({ name, value }) => `${oneLine(name, 100)}: ${oneLine(value, 160)}`)
  return [
    `  ${head}`,
    ...indent(table(rows, [26, 38], page.width - 4), 4),
    ...(headers.length === 0 ? [] : indent(wrap(`headers: ${headers.join('; ')}`, page.width - 4), 4)),
  ]
}

// What is encoded says nothing to a reader; what matters of it is told where it was read.
function brief(name: string, value: string): string {
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(value)) return `(a JWT of ${value.length} characters)`
  const info = name === 'client_info' ? parseClientInfo(value) : undefined
  return info === undefined ? showFact(name, value) : `uid ${info.uid}, utid ${info.utid}`
}

function renderParse(
  page: Page,
  hop: Hop,
  { what, facts: read, checks, step }: TraceEventOf<'parse'>,
): readonly string[] {
  const rows = Object.entries(read).map(([name, value]) => [
    oneLine(name, 100),
    oneLine(showFact(name, value), 300),
    explainField(step, name) ?? '',
  ])
  return [
    ...(isShown(hop, what) ? [] : [`  read as ${what}:`, ...indent(table(rows, [26, 38], page.width - 4), 4)]),
    ...indent(checkLines(page, step === 'mex' ? [] : checks), 2),
  ]
}

function checkLines(page: Page, checks: readonly Verdict[]): readonly string[] {
  const rows = checks.map((check) => [check.ok ? 'ok' : 'NO', ruleText(check)])
  return rows.length === 0 ? [] : ['  checked:', ...indent(table(rows, [2], page.width - 6), 4)]
}

export function renderToken(page: Page, { source, scopes, expiresOn }: TraceEventOf<'token'>): readonly string[] {
  const text = `Token: obtained ${show(showSource(source))}, for ${show(scopes.join(' '))}, until ${show(expiresOn)}`
  return paintAll(page, 'green', wrap(text, page.width))
}

export function renderError(page: Page, error: TraceEventOf<'error'>): readonly string[] {
  const told = Object.entries(error.facts).map(([name, value]): readonly [string, string] => [
    oneLine(name, 100),
    show(showFact(name, value)),
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
