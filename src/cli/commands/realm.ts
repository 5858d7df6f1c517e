import type { Candidate, ClientEvent, Facts } from '../../client/events.ts'
import type { Discovery } from '../../client/ropc-client.ts'
import { oneLine } from '../../errors.ts'
import { parseAuthority } from '../../protocol/authority.ts'
import { explainField, showFact } from '../../trace/messages.ts'
import { explainRule } from '../../trace/rules.ts'
import { indent, table, wrap } from '../../trace/views/layout.ts'
import { type Page, paintAll, show, title } from '../../trace/views/page.ts'
import { parseOptions, UsageError } from '../args.ts'
import { connectionSpecs, defaultAuthority, onlyArgument, readConnection, readTimeoutMs } from '../connection.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { noteWarning, printLine, reportError, toJsonLine } from '../output.ts'
import { openPage, printLines } from '../page.ts'

const realmHelp = `Usage: ropc realm UPN [options]

Asks Entra how a user signs in (user realm), and says who would judge the password and which host would get it.
It asks for no password and sends none.
  ropc realm ada@contoso.example
  ropc realm ada@contoso.example --authority https://login.microsoftonline.us/organizations --json

  --authority URL        https://HOST/TENANT; default https://login.microsoftonline.com/organizations
  --ca FILE              PEM certificates to trust beside the well-known ones
  --proxy URL|env        a proxy, or HTTPS_PROXY and NO_PROXY of the environment
  --timeout SECONDS      limit for everything; default 30
  --json                 print one JSON object: version, username, authority, realm, decisions (each with all candidates),
                         rules (what they say), passwordGoesTo, path
  -h, --help

ropc mex URL tells more of a federation server; ropc doctor UPN also looks at the network and the certificates.

Exit codes: 0 the password would have somewhere to go, 1 defect of ropc, 2 usage, 4 network, 5 protocol, 6 unsupported
(personal account, unknown domain, no WS-Trust endpoint for passwords), 130 interrupted.`

const specs = {
  authority: { type: 'string' },
  ...connectionSpecs,
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

type Decision = Extract<ClientEvent, { readonly type: 'decision' }>

interface RealmReport {
  readonly username: string
  readonly authority: { readonly kind: string; readonly url: string }
  /** What the answer of Entra said; absent where nobody was asked. */
  readonly realm?: Facts
  readonly decisions: readonly Decision[]
  readonly discovery?: Discovery
}

/** `ropc realm`: how a user signs in, without the password. */
export async function runRealm(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const options = parseOptions(argv, specs, 'taken')
  if (options.flag('help')) {
    await printLine(io, realmHelp)
    return exitCode.ok
  }
  const username = onlyArgument(options, 'Write the user principal name: ropc realm ada@contoso.example.')
  const timeoutMs = readTimeoutMs(options, 30)
  const connection = await readConnection(options)
  const authority = options.text('authority') ?? defaultAuthority
  if (!username.includes('@') && parseAuthority(authority).kind === 'entra') {
    throw new UsageError('the user name has no domain', 'Entra is asked by domain: ropc realm ada@contoso.example.')
  }
  const events: ClientEvent[] = []
  const { createRopcClient } = await import('../../client/client.ts')
  // Nothing of discovery names the client.
  const client = createRopcClient({
    clientId: 'none',
    authority,
    ...connection,
    onEvent: (event) => events.push(event),
  })
  const correlationId = crypto.randomUUID()
  try {
    const found = await settle(client.discover({ username, correlationId, timeoutMs, signal: io.stop.signal }))
    const { kind, url } = parseAuthority(authority)
    const report = readReport({ username, authority: { kind, url } }, events, found.value)
    for (const event of events) if (event.type === 'warning') noteWarning(io, event.code, event.message)
    if (found.value !== undefined || report.realm !== undefined) {
      if (options.flag('json')) await printLine(io, toJsonLine(publicReport(report)))
      else await printLines(io, renderReport(openPage(io), report))
    }
    return found.value === undefined ? reportError(io, found.error, correlationId) : exitCode.ok
  } finally {
    await client.close()
  }
}

async function settle<T>(promise: Promise<T>): Promise<{ readonly value?: T; readonly error?: unknown }> {
  try {
    return { value: await promise }
  } catch (error) {
    return { error }
  }
}

function readReport(
  asked: Pick<RealmReport, 'username' | 'authority'>,
  events: readonly ClientEvent[],
  discovery: Discovery | undefined,
): RealmReport {
  const realm = events.find((event) => event.type === 'parse' && event.what === 'user realm')
  return {
    ...asked,
    ...(realm?.type === 'parse' ? { realm: realm.facts } : {}),
    decisions: events.filter((event) => event.type === 'decision'),
    ...(discovery === undefined ? {} : { discovery }),
  }
}

function publicReport({ username, authority, realm, decisions, discovery }: RealmReport): unknown {
  return {
    version: 1,
    username,
    authority,
    ...(realm === undefined ? {} : { realm }),
    decisions: decisions.map(({ step, question, chosen, candidates }) => ({ step, question, chosen, candidates })),
    rules: Object.fromEntries(
      decisions.flatMap(({ candidates }) => candidates.map(({ rule }) => [rule, explainRule(rule)])),
    ),
    ...(discovery === undefined ? {} : { passwordGoesTo: discovery.sendTo, path: discovery.path }),
  }
}

const kinds: Readonly<Record<string, string>> = {
  entra: 'Entra ID',
  adfs: 'AD FS',
  b2c: 'Azure AD B2C',
  ciam: 'Entra External ID',
  oidc: 'an OpenID provider',
}

function renderReport(
  page: Page,
  { username, authority, realm, decisions, discovery }: RealmReport,
): readonly string[] {
  const accountType = decisions.find(({ question }) => question === 'account type')
  const kind = kinds[authority.kind] ?? authority.kind
  return [
    ...wrap(`${show(username)} at ${show(authority.url)} (${kind})`, page.width),
    '',
    ...(realm === undefined
      ? wrap(`${kind} holds the passwords of its users itself: no user realm is asked.`, page.width)
      : answerLines(page, realm)),
    ...(accountType === undefined ? [] : ['', ...decisionLines(page, accountType)]),
    '',
    ...(discovery === undefined ? noWay(page) : wayLines(page, discovery, realm)),
  ]
}

function answerLines(page: Page, realm: Facts): readonly string[] {
  const rows = Object.entries(realm).map(([name, value]) => [
    name,
    oneLine(showFact(name, value), 2_000),
    explainField('realm', name) ?? '',
  ])
  return [...title(page, 'What Entra answers', '-'), ...indent(table(rows, [20, 38], page.width - 2), 2)]
}

function decisionLines(page: Page, { question, chosen, candidates }: Decision): readonly string[] {
  const rows = candidates.map(({ label, ...verdict }) => [verdict.ok ? 'yes' : 'no', show(label), ruleText(verdict)])
  return [
    ...title(page, `Decision: ${question}: ${show(chosen)}`, '-'),
    ...indent(table(rows, [3, 12], page.width - 2), 2),
  ]
}

function ruleText({ rule, evidence }: Omit<Candidate, 'label'>): string {
  const seen = evidence === undefined ? '' : ` Seen: ${show(evidence)}.`
  return `${explainRule(rule)?.text ?? ''}${seen} [${show(rule)}]`
}

function wayLines(page: Page, { path, sendTo, wsTrust }: Discovery, realm: Facts | undefined): readonly string[] {
  const head = paintAll(page, 'green', wrap(`The password would go to ${show(sendTo)}.`, page.width))
  const metadataUrl = realm?.['metadataUrl']
  const texts =
    wsTrust === undefined
      ? ['It would go to the token endpoint, which judges it.']
      : [
          `It would go to the WS-Trust ${wsTrust.version} endpoint ${show(wsTrust.url)}, which judges it and answers with an assertion for Entra.`,
          ...path.fallbacks.map((verdict) => `A fallback: ${ruleText(verdict)}`),
          ...(typeof metadataUrl === 'string' && path.fallbacks.length === 0
            ? [`Why this endpoint: ropc mex '${show(metadataUrl).replaceAll("'", '%27')}'`]
            : []),
        ]
  return [...head, ...texts.flatMap((text) => wrap(text, page.width)), ...wrap(noPassword, page.width)]
}

const noPassword = 'No password was asked for or sent.'

function noWay(page: Page): readonly string[] {
  return [
    ...paintAll(page, 'red', wrap('The password would go nowhere: a sign-in would end here.', page.width)),
    ...wrap(noPassword, page.width),
  ]
}
