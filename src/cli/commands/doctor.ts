import { parseArgs } from 'node:util'
import { checkClientOptions } from '../../client/options.ts'
import { checkUsername } from '../../realm/upn.ts'
import { type OptionSpec, type Options, parseOptions, UsageError } from '../args.ts'
import { connectionSpecs, defaultAuthority, readConnection, readTimeoutMs } from '../connection.ts'
import type { Check } from '../doctor/check.ts'
import type { Diagnosis, DoctorRequest } from '../doctor/diagnose.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { printLine, toJsonLine } from '../output.ts'

const doctorHelp = `Usage: ropc doctor UPN [options]

Says why a sign-in of this user would fail, without the password: it asks for none and sends none. Looks at the
environment, DNS, TCP, TLS certificates, clocks, the user's realm, the federation server's metadata and every endpoint,
and says which host would get the password.
  ropc doctor ada@contoso.example
  ropc doctor ada@contoso.example --proxy env --json

  --authority URL        https://HOST/TENANT; default https://login.microsoftonline.com/organizations
  --client-id ID         application (client) id, to look at its form; nothing else here needs one
  --ca FILE              PEM certificates to trust beside the well-known ones
  --proxy URL|env        a proxy, or HTTPS_PROXY and NO_PROXY of the environment; hosts behind it are not probed
  --timeout SECONDS      limit for everything; default 20
  --json                 print one JSON object: version, username, authority, checks, path, passwordGoesTo, risks
  -h, --help

Every line is pass, warn, fail or skip: skip is what depends on something that failed, lies behind a proxy, or is an
endpoint that takes no passwords.

Exit codes: 0 nothing failed, 1 defect of ropc, 2 usage, 4 network (DNS, TCP, TLS, time limit), 5 protocol (an answer
that is not of the protocol, a clock that is off), 6 unsupported (personal account, unknown domain, no WS-Trust endpoint
for passwords), 130 interrupted. Of several failures the one that comes first in this list counts.`

const specs = {
  authority: { type: 'string' },
  'client-id': { type: 'string' },
  ...connectionSpecs,
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies Readonly<Record<string, OptionSpec>>

/** `ropc doctor`: diagnoses a sign-in without its password. */
export async function runDoctor(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const { username, rest } = takeUsername(argv)
  const options = parseOptions(rest, specs)
  if (options.flag('help')) {
    await printLine(io, doctorHelp)
    return exitCode.ok
  }
  if (username === undefined) {
    throw new UsageError('the user is missing', 'Write the user principal name: ropc doctor ada@contoso.example.')
  }
  const request = await readRequest(checkUsername(username), options, io)
  const { diagnose } = await import('../doctor/diagnose.ts')
  const { exitCodeOfChecks } = await import('../doctor/check.ts')
  const diagnosis = await diagnose(request)
  await print(diagnosis, options.flag('json'), io)
  return exitCodeOfChecks(diagnosis.checks)
}

/** The user name is the one argument that belongs to no option. */
function takeUsername(argv: readonly string[]): { readonly username?: string; readonly rest: readonly string[] } {
  const { tokens } = parseArgs({ args: [...argv], options: specs, strict: false, allowPositionals: true, tokens: true })
  const found = tokens.find((token) => token.kind === 'positional')
  if (found === undefined) return { rest: argv }
  return { username: found.value, rest: argv.filter((_, index) => index !== found.index) }
}

async function readRequest(username: string, options: Options<keyof typeof specs>, io: CliIo): Promise<DoctorRequest> {
  const authority = options.text('authority') ?? defaultAuthority
  if (URL.canParse(authority) && new URL(authority).username + new URL(authority).password !== '') {
    throw new UsageError('--authority holds a user name or a password', 'Write https://HOST/TENANT.')
  }
  const timeoutMs = readTimeoutMs(options, 20)
  const clientId = options.text('client-id')
  const connection = await readConnection(options)
  checkClientOptions({ clientId: clientId ?? 'none', ...connection })
  const { env, stop } = io
  const named = { ...connection, ...(clientId === undefined ? {} : { clientId }) }
  return { username, authority, ...named, timeoutMs, env, stop: stop.signal }
}

async function print(diagnosis: Diagnosis, asJson: boolean, io: CliIo): Promise<void> {
  if (asJson) {
    const { username, authority, checks, ...rest } = diagnosis
    await printLine(io, toJsonLine({ version: 1, username, authority, checks: checks.map(publicCheck), ...rest }))
    return
  }
  const { renderDiagnosis } = await import('../doctor/render.ts')
  const isTerminal = io.stdout.isTTY === true
  const style = { marks: isTerminal, colour: isTerminal && (io.env['NO_COLOR'] ?? '') === '' }
  for (const line of renderDiagnosis(diagnosis, style)) await printLine(io, line)
}

function publicCheck({ exit: _, children, ...check }: Check): unknown {
  return { ...check, ...(children === undefined ? {} : { children: children.map(publicCheck) }) }
}
