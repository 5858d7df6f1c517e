import type { ClientEvent } from '../../client/events.ts'
import type { SamlResult } from '../../client/ropc-client.ts'
import { display, UnsupportedError } from '../../errors.ts'
import { wrap } from '../../trace/views/layout.ts'
import { show, title } from '../../trace/views/page.ts'
import { type Options, parseOptions, required } from '../args.ts'
import { connectionSpecs, defaultAuthority, readConnection, readTimeoutMs } from '../connection.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { note, noteWarning, printLine, reportError, toJsonLine } from '../output.ts'
import { openPage, printLines } from '../page.ts'
import { readPassword } from '../password-source.ts'
import { promptHidden } from '../prompt.ts'
import { createStepLog } from '../steps.ts'
import { type TraceTap, traceHelp, traceSpecs, withTraceFile } from '../trace-file.ts'

const assertionHelp = `Usage: ropc assertion -u UPN [options]

Signs a federated user in at the federation server (AD FS) alone, and shows the facts of the assertion that it issues: who
issued it, for whom, until when, whether it is signed, what it says of the user by name of attribute. No token is asked for.
  ropc assertion -u ada@contoso.example
  ropc assertion -u ada@contoso.example --applies-to urn:contoso:payroll --password-stdin --json
  ropc assertion -u ada@contoso.example --xml --quiet > assertion.xml

  --authority URL        https://HOST/TENANT; default https://login.microsoftonline.com/organizations
  -u, --username UPN     the user to sign in
  --applies-to URI       the relying party the assertion is for; default Entra, by the name that the realm answer gives
  --xml                  print the assertion itself. It is a secret: who has it can sign in as the user until it expires

Where the password comes from; without any of these it is asked for at the terminal, once it is known where it goes:
  --password-stdin       standard input
  --password-file FILE   a file that nobody else may read
  --password-env NAME    an environment variable (weak: it stays visible in /proc)

  --json                 print one JSON object: version, assertion (its facts), path, passwordSentTo, correlationId; with
                         --xml also xml
${traceHelp}
  --ca FILE              PEM certificates to trust beside the well-known ones
  --proxy URL|env        a proxy, or HTTPS_PROXY and NO_PROXY of the environment
  --timeout SECONDS      limit for discovery and for the sign-in, each; default 90
  --correlation-id ID    sent as client-request-id
  -q, --quiet            no line per step on stderr
  --suppress-warning CODE   leave out a warning, e.g. ROPC_BCP; may be repeated
  -h, --help

Exit codes: 0 ok, 1 defect of ropc, 2 usage, 3 denied, 4 network, 5 protocol, 6 unsupported (e.g. the user is not federated),
130 interrupted.`

const specs = {
  authority: { type: 'string' },
  username: { type: 'string', short: 'u' },
  'applies-to': { type: 'string' },
  xml: { type: 'boolean' },
  'password-stdin': { type: 'boolean' },
  'password-file': { type: 'string' },
  'password-env': { type: 'string' },
  json: { type: 'boolean' },
  ...connectionSpecs,
  ...traceSpecs,
  'correlation-id': { type: 'string' },
  quiet: { type: 'boolean', short: 'q' },
  'suppress-warning': { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
} as const

type AssertionOptions = Options<keyof typeof specs>

/** `ropc assertion`: signs in at the federation server, and shows what it says. */
export async function runAssertion(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const options = parseOptions(argv, specs)
  if (options.flag('help')) {
    await printLine(io, assertionHelp)
    return exitCode.ok
  }
  const told = new Set(options.list('suppress-warning'))
  // Discovery and sign-in are two calls, and may warn of the same.
  const warn: Warn = (code, message) => {
    if (!told.has(code)) noteWarning(io, code, message)
    told.add(code)
  }
  return withTraceFile(options, io, warn, (trace) => signIn(options, io, warn, trace))
}

type Warn = (code: string, message: string) => void

async function signIn(options: AssertionOptions, io: CliIo, warn: Warn, trace: TraceTap): Promise<ExitCode> {
  const username = required(options, 'username', 'Write -u and the user principal name, e.g. -u ada@contoso.example.')
  const timeoutMs = readTimeoutMs(options, 90)
  const connection = await readConnection(options)
  const tellStep = createStepLog({
    step: (line) => {
      if (!options.flag('quiet')) note(io, line)
    },
    warning: warn,
  })
  let audience = options.text('applies-to')
  const onEvent = (event: ClientEvent): void => {
    trace.onEvent(event)
    tellStep(event)
    if (event.type !== 'parse' || event.what !== 'user realm') return
    const named = event.facts['cloudAudience']
    if (typeof named === 'string') audience ??= named
  }
  const { createRopcClient } = await import('../../client/client.ts')
  // The federation server learns nothing of the client.
  const authority = options.text('authority') ?? defaultAuthority
  const client = createRopcClient({ clientId: 'none', authority, ...connection, onEvent })
  const correlationId = options.text('correlation-id') ?? crypto.randomUUID()
  const call = { username, correlationId, timeoutMs, signal: io.stop.signal }
  try {
    const given = await readPassword(options, io, warn)
    const { sendTo, wsTrust } = await client.discover(call)
    if (wsTrust === undefined) throw notFederated()
    const question = `Password for ${display(username)} (goes to ${display(sendTo)}): `
    const password = given ?? (await promptHidden(io, question, io.stop.signal))
    const result = await client.acquireSamlAssertion({ ...call, password, appliesTo: audience ?? '' })
    trace.conceal(result.xml)
    await print(result, options, io)
    return exitCode.ok
  } catch (error) {
    return reportError(io, error, correlationId)
  } finally {
    await client.close()
  }
}

function notFederated(): UnsupportedError {
  return new UnsupportedError(
    'ERR_UNSUPPORTED_ACCOUNT',
    'the user is managed: no federation server issues assertions',
    {
      step: 'realm',
      hint: 'Ask for a token: ropc token.',
    },
  )
}

async function print(result: SamlResult, options: AssertionOptions, io: CliIo): Promise<void> {
  const { xml, path, passwordSentTo, correlationId } = result
  if (options.flag('xml') && !options.flag('json')) {
    await printLine(io, xml.reveal())
    return
  }
  const { renderAssertion, reportAssertion } = await import('../decode/assertion-report.ts')
  const at = Math.floor(Date.now() / 1_000)
  const assertion = reportAssertion(result, at)
  if (options.flag('json')) {
    const told = { version: 1, assertion, path, passwordSentTo, correlationId }
    await printLine(io, toJsonLine(options.flag('xml') ? { ...told, xml: xml.reveal() } : told))
    return
  }
  const page = openPage(io)
  await printLines(io, [
    ...title(page, 'SAML assertion', '='),
    ...renderAssertion(page, assertion, at),
    ...wrap(`The password went to ${show(passwordSentTo)} and nowhere else.`, page.width),
  ])
}
