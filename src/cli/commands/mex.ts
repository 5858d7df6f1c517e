import { Deadline } from '../../client/deadline.ts'
import { createGuard } from '../../client/guard.ts'
import { isAuthError, oneLine } from '../../errors.ts'
import type { HttpResponse } from '../../protocol/http.ts'
import { comparePeers, type PeerPrediction } from '../../trace/peers.ts'
import { explainRule } from '../../trace/rules.ts'
import { indent, table, wrap } from '../../trace/views/layout.ts'
import { type Page, paintAll, show, title } from '../../trace/views/page.ts'
import type { ClosableTransport } from '../../transport/exchange.ts'
import {
  buildMexRequest,
  chooseWsTrustEndpoint,
  type MexCandidate,
  parseMexDocument,
  type WsTrustEndpoint,
} from '../../wstrust/mex-document.ts'
import { parseOptions, UsageError } from '../args.ts'
import { type Connection, connectionSpecs, onlyArgument, readConnection, readTimeoutMs } from '../connection.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { printLine, reportError, toJsonLine } from '../output.ts'
import { openPage, printLines } from '../page.ts'
import { readTextInput } from '../text-input.ts'

const mexHelp = `Usage: ropc mex URL | FILE | - [options]

Shows what a federation server's metadata (MEX) offers: every policy, binding and port, which of them take a user name and
password, which one ropc-client would send the password to and why, and what Microsoft's libraries would do.
It asks for no password and sends none.
  ropc mex https://sts.contoso.example/adfs/services/trust/mex
  ropc mex saved-mex.xml
  curl -s https://sts.contoso.example/adfs/services/trust/mex | ropc mex - --json

ropc realm UPN says what the URL is (metadataUrl). A file, or "-" for standard input, may have up to 1 MiB.

  --ca FILE              PEM certificates to trust beside the well-known ones
  --proxy URL|env        a proxy, or HTTPS_PROXY and NO_PROXY of the environment
  --timeout SECONDS      limit for everything; default 30
  --json                 print one JSON object: version, candidates (each with its verdict), chosen, rules (what the
                         verdicts' rules say), peers
  -h, --help

Exit codes: 0 there is an endpoint for passwords, 1 defect of ropc, 2 usage, 4 network, 5 protocol (no MEX document),
6 unsupported (no WS-Trust endpoint for passwords), 130 interrupted.`

const specs = { ...connectionSpecs, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const

/** A candidate after the choice: of those that would do, the ones passed over have the verdict that says why. */
interface Judged extends MexCandidate {
  readonly chosen: boolean
  /** Its host, or port, is not that of the document. */
  readonly otherHost: boolean
}

interface MexReport {
  readonly candidates: readonly Judged[]
  readonly chosen?: WsTrustEndpoint
  readonly peers: readonly PeerPrediction[]
  /** The document could not be read, or offers nothing. */
  readonly error?: unknown
}

/** `ropc mex`: what a MEX document offers, and what is made of it. */
export async function runMex(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const options = parseOptions(argv, specs, 'taken')
  if (options.flag('help')) {
    await printLine(io, mexHelp)
    return exitCode.ok
  }
  const source = onlyArgument(options, 'Write the URL or the file of a MEX document, or "-".')
  const timeoutMs = readTimeoutMs(options, 30)
  const connection = await readConnection(options)
  const isUrl = /^https?:/i.test(source)
  const response = isUrl ? await fetchDocument(source, connection, timeoutMs, io) : await readDocument(source, io)
  const report = judge(response, isUrl ? new URL(source).host : undefined)
  if (options.flag('json')) await printLine(io, toJsonLine(publicReport(report)))
  else await printLines(io, renderReport(openPage(io), report))
  return report.error === undefined ? exitCode.ok : reportError(io, report.error)
}

async function readDocument(name: string, io: CliIo): Promise<HttpResponse> {
  const body = await readTextInput(name, io)
  if (body !== undefined) return { status: 200, headers: {}, body }
  throw new UsageError('there is no such file; its name is not shown', 'Write an https URL, a file, or "-".')
}

async function fetchDocument(url: string, connection: Connection, timeoutMs: number, io: CliIo): Promise<HttpResponse> {
  const request = buildMexRequest(url, crypto.randomUUID())
  const transport = await openTransport(connection, new URL(url).hostname)
  const deadline = new Deadline(timeoutMs, io.stop.signal)
  try {
    return await createGuard(transport, url).send(request, { signal: deadline.signal })
  } finally {
    deadline.end()
    await transport.close()
  }
}

async function openTransport({ ca, proxy }: Connection, host: string): Promise<ClosableTransport> {
  const settings = { loopbackHosts: [host], ...(ca === undefined ? {} : { ca }) }
  if (proxy === undefined) return (await import('../../transport/https-transport.ts')).createHttpsTransport(settings)
  return (await import('../../transport/undici-transport.ts')).createUndiciTransport({ ...settings, proxy })
}

/** @param host Where the document came from, with its port if it is not 443. */
function judge(response: HttpResponse, host: string | undefined): MexReport {
  const { status, body } = response
  const peers = comparePeers({ mex: { status, body } })
  let candidates: readonly MexCandidate[] = []
  try {
    const mex = parseMexDocument(response)
    candidates = mex.candidates
    const chosen = chooseWsTrustEndpoint(mex)
    return { candidates: judgeAll(candidates, chosen, host), chosen, peers }
  } catch (error) {
    if (!isAuthError(error)) throw error
    return { candidates: judgeAll(candidates, undefined, host), peers, error }
  }
}

function judgeAll(
  candidates: readonly MexCandidate[],
  choice: WsTrustEndpoint | undefined,
  host: string | undefined,
): readonly Judged[] {
  const first = candidates.find(
    ({ verdict, url, version }) => verdict.ok && url === choice?.url && version === choice?.version,
  )
  return candidates.map((candidate): Judged => {
    const { url, version, verdict } = candidate
    const chosen = candidate === first
    const otherHost = host !== undefined && url !== undefined && new URL(url).host !== host
    if (!verdict.ok || chosen || choice === undefined) return { ...candidate, chosen, otherHost }
    const rule = version === choice.version ? 'mex.order.later' : 'mex.version.superseded'
    return { ...candidate, verdict: { rule, ok: false, evidence: choice.url }, chosen, otherHost }
  })
}

function publicReport({ candidates, chosen, peers }: MexReport): unknown {
  return {
    version: 1,
    candidates,
    chosen: chosen ?? null,
    rules: Object.fromEntries(candidates.map(({ verdict: { rule } }) => [rule, explainRule(rule)])),
    peers,
  }
}

function renderReport(page: Page, { candidates, chosen, peers }: MexReport): readonly string[] {
  return [
    ...title(page, 'What the MEX document offers', '-'),
    ...(candidates.length === 0 ? ['  Nothing that could be read.'] : candidateLines(page, candidates)),
    '',
    ...(candidates.length === 0 ? [] : [...choiceLines(page, candidates, chosen), '']),
    ...title(page, 'What other libraries would make of it', '-'),
    ...peerLines(page, peers, chosen),
  ]
}

// Their names and addresses are long: they stand above each other, not in columns.
function candidateLines(page: Page, candidates: readonly Judged[]): readonly string[] {
  const rows = candidates.map((candidate) => {
    const { version, url, verdict, chosen, otherHost } = candidate
    const lines = [
      `${chainOf(candidate)}${version === undefined ? '' : `, WS-Trust ${version}`}`,
      ...(url === undefined ? [] : [oneLine(url, 2_000)]),
      `${explainRule(verdict.rule)?.text ?? ''} [${verdict.rule}]`,
      ...(otherHost && verdict.ok ? [elsewhere] : []),
    ]
    return [chosen ? 'CHOSEN' : verdict.ok ? 'yes' : 'no', lines.join('\n')]
  })
  return indent(table(rows, [6], page.width - 2), 2)
}

/** The names of policy, binding and port. */
function chainOf({ policy, binding, port }: MexCandidate): string {
  const chain = Object.entries({ policy, binding, port }).flatMap(([what, name]) =>
    name === undefined ? [] : [`${what} ${show(name)}`],
  )
  return chain.length === 0 ? 'a part without a name' : chain.join(' -> ')
}

const elsewhere =
  'It is on another host or port than the document: ropc-client refuses it unless the realm answer or the program (federationHosts) names that host.'

function choiceLines(
  page: Page,
  candidates: readonly Judged[],
  chosen: WsTrustEndpoint | undefined,
): readonly string[] {
  if (chosen === undefined) return paintAll(page, 'red', ['No endpoint takes a user name and password.'])
  const rivals = candidates.filter(({ verdict: { rule } }) => /^mex\.(order|version)\./.test(rule)).length
  const why =
    rivals === 0
      ? 'It is the only one that takes a password.'
      : `${rivals + 1} take a password: WS-Trust 1.3 goes before 2005, and then the first in the document.`
  return [
    ...paintAll(
      page,
      'green',
      wrap(`The password would go to ${show(chosen.url)} (WS-Trust ${chosen.version}).`, page.width),
    ),
    ...wrap(why, page.width),
  ]
}

function peerLines(
  page: Page,
  peers: readonly PeerPrediction[],
  chosen: WsTrustEndpoint | undefined,
): readonly string[] {
  const rows = peers.map((peer) => [
    `${peer.name}\n${peer.basis === 'run' ? '(run)' : '(source)'}`,
    [outcomeOf(peer, chosen), ...peer.deviations.map(({ text }) => text)].join('\n'),
  ])
  const basis = '(run): our tests compare this with what the library does. (source): read in its source only.'
  return [...indent(table(rows, [14], page.width - 2), 2), ...indent(wrap(basis, page.width - 2), 2)]
}

function outcomeOf({ path, endpoint, failure }: PeerPrediction, chosen: WsTrustEndpoint | undefined): string {
  const fails = failure === undefined ? '' : `fails (${failure.step}): ${show(failure.message)}`
  if (path === 'unknown') return 'cannot be told: ropc-client refuses the document for a reason of its own'
  if (path === 'fails') return fails
  const { url, version } = endpoint ?? {}
  const isSame = url !== undefined && url === chosen?.url && version === chosen.version
  const place =
    path === 'managed'
      ? 'goes to the token endpoint'
      : url === undefined
        ? 'goes to the active URL of the realm answer'
        : isSame
          ? 'goes to the same endpoint'
          : `goes elsewhere: ${oneLine(url, 2_000)}${version === undefined ? '' : `, WS-Trust ${version}`}`
  return fails === '' ? place : `${place}, and then ${fails}`
}
