import { oneLine } from '../../errors.ts'
import { presents } from '../run-facts.ts'
import { type Hop, hopsOf, type Run, readRuns } from '../runs.ts'
import type { Trace, TraceEventOf } from '../trace.ts'
import { wrap } from './layout.ts'

/**
 * Renders a trace as a mermaid sequence diagram: the program, the client and every host, all requests and answers, decisions as
 * notes. Nothing that a peer wrote can become mermaid syntax or HTML.
 *
 * @see {@link https://mermaid.js.org/syntax/sequenceDiagram.html}
 */
export function renderMermaid(trace: Trace): string {
  const runs = readRuns(trace)
  const servers = readServers(runs)
  return [
    'sequenceDiagram',
    '  participant App as Program',
    `  participant Client as ${escapeText(trace.product)}`,
    ...[...servers].map(([, { id, role, host }]) => `  participant ${id} as ${escapeText(`${role} ${host}`)}`),
    ...runs.flatMap((run, index) => renderRun(run, index + 1, servers)),
    '',
  ].join('\n')
}

interface Server {
  readonly id: string
  readonly role: string
  readonly host: string
}

/** Every host that was asked, in the order of the first request, under the part that it plays. */
function readServers(runs: readonly Run[]): ReadonlyMap<string, Server> {
  const servers = new Map<string, Server>()
  for (const run of runs) {
    for (const { request } of hopsOf(run)) {
      const host = hostAt(request.url)
      if (servers.has(host)) continue
      const isFederation = request.step === 'mex' || request.step === 'wstrust'
      const role = isFederation ? 'Federation server' : (roles[run.start?.authority.kind ?? ''] ?? 'Server')
      servers.set(host, { id: `S${servers.size + 1}`, role, host })
    }
  }
  return servers
}

const roles: Readonly<Record<string, string>> = {
  entra: 'Entra',
  adfs: 'AD FS',
  b2c: 'Azure AD B2C',
  ciam: 'External ID',
  oidc: 'OpenID provider',
}

function renderRun(run: Run, number: number, servers: ReadonlyMap<string, Server>): readonly string[] {
  const { start, error, end } = run
  const who = start?.username === undefined ? '' : ` for ${start.username}`
  return [
    note('App,Client', `Call ${number}`),
    arrow('App', '->>', 'Client', `${start?.operation ?? 'a call whose start is not in the trace'}${who}`),
    ...run.steps.flatMap((step) => renderStep(run, step, servers)),
    ...run.tokens.map(({ source, scopes }) =>
      arrow('Client', '-->>', 'App', `token (${source}) for ${scopes.join(' ')}`),
    ),
    ...(error === undefined ? [] : [arrow('Client', '--x', 'App', `${error.name} ${error.code}, ${error.message}`)]),
    ...(end === undefined ? [note('Client', 'the trace ends before the call does')] : []),
  ].map((line) => `  ${line}`)
}

function renderStep(run: Run, step: Run['steps'][number], servers: ReadonlyMap<string, Server>): readonly string[] {
  if ('kind' in step) return renderHop(run, step, servers.get(hostAt(step.request.url))?.id ?? 'Client')
  switch (step.type) {
    case 'decision':
      return [note('Client', decisionText(step))]
    case 'cache':
      return [note('Client', step.hit ? 'cache, hit' : `cache, no hit (${rulesOf(step.reasons)})`)]
    case 'retry':
      return [note('Client', `again in ${Math.round(step.waitMs)} ms (${step.reason})`)]
    case 'warning':
      return [note('Client', `warning ${step.code}`)]
  }
}

function decisionText({ question, chosen, candidates }: TraceEventOf<'decision'>): string {
  const passedOver = candidates.filter(({ ok }) => !ok)
  if (question !== 'WS-Trust endpoint') {
    const others = passedOver.map(({ label }) => bare(label)).join(', ')
    return `${question} = ${bare(chosen)}${others === '' ? '' : ` (not ${others})`}`
  }
  const used = candidates.find(({ ok }) => ok)
  const version = used?.version === undefined ? '' : ` (WS-Trust ${used.version})`
  return `${question} = ${used?.label ?? chosen}${version}, passed over ${rulesOf(passedOver)}`
}

// Grant types are long, and their last word says it all.
function bare(name: string): string {
  return name.replace(/^urn:ietf:params:oauth:grant-type:/, '')
}

/** Each rule with how often it decided. */
function rulesOf(verdicts: readonly { readonly rule: string }[]): string {
  const counts = new Map<string, number>()
  for (const { rule } of verdicts) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  const parts = [...counts].map(([rule, count]) => (count === 1 ? rule : `${count} × ${rule}`))
  return parts.length === 0 ? 'none' : parts.join(', ')
}

const presented = {
  password: ' with user name and password',
  assertion: ' with the assertion',
  refresh_token: ' with the refresh token',
  device_code: ' with the device code',
} as const

function renderHop(run: Run, hop: Hop, server: string): readonly string[] {
  const { request, response, parses } = hop
  const credential = presents(run, hop)
  const path = URL.canParse(request.url) ? new URL(request.url).pathname : request.url
  const failed = parses.flatMap(({ checks, what }) => (what === 'MEX document' ? [] : checks.filter(({ ok }) => !ok)))
  const read = parses.map(({ what }) => what).join(', ')
  const answer =
    response === undefined
      ? 'no answer'
      : `${response.status} in ${Math.round(response.durationMs)} ms${read === '' ? '' : `, ${read}`}`
  return [
    arrow(
      'Client',
      '->>',
      server,
      `${request.step}, ${request.method} ${path}${credential === undefined ? '' : presented[credential]}`,
    ),
    arrow(server, response === undefined ? '--x' : '-->>', 'Client', answer),
    ...(failed.length === 0 ? [] : [note('Client', `failed ${rulesOf(failed)}`)]),
  ]
}

function arrow(from: string, line: '->>' | '-->>' | '--x', to: string, text: string): string {
  return `${from}${line}${to}: ${escapeText(text)}`
}

function note(over: string, text: string): string {
  return `Note over ${over}: ${escapeText(text)}`
}

// Everything but letters, digits and a few marks goes as a character reference: also what mermaid takes for comments,
// directives, formulas, line ends, Markdown or HTML.
function escapeText(text: string): string {
  const lines = wrap(oneLine(text, 240), 60)
  return lines
    .map((line) => line.replace(/[^\p{L}\p{N} .,/_()=+×@-]/gu, (character) => `#${character.codePointAt(0)};`))
    .join('<br/>')
}

function hostAt(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an unreadable address'
}
