import { product } from '../protocol/product.ts'
import { UsageError } from './args.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import type { CliIo } from './io.ts'
import { note, printLine, reportError } from './output.ts'

const help = `Usage: ropc COMMAND [options]

  token      sign in by user name and password, and print the access token
  assertion  sign in at the federation server only, and show what it issues
  accounts   list the users of a cache file, or sign one out
  doctor     say why a sign-in of a user would fail, without the password
  realm      say how a user signs in, and which host would get the password
  mex        show which endpoints of a federation server take a password, and why
  decode     take a token, an assertion or an answer apart
  simulate   run a simulated Entra ID and AD FS on this machine
  explain    say what an error code or message means, and what to change
  demo       sign several users in against the simulator, and show each step

  ropc COMMAND --help    the options of a command
  ropc --version

Signs in users of Microsoft Entra ID, managed and federated with AD FS, with the OAuth 2.0 password grant.
RFC 9700 forbids this grant for new designs.`

type Command = (argv: readonly string[], io: CliIo) => Promise<ExitCode>

// Loaded one at a time: `token` is to start quickly, and the simulator brings libraries of its own.
const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['token', async () => (await import('./commands/token.ts')).runToken],
  ['assertion', async () => (await import('./commands/assertion.ts')).runAssertion],
  ['accounts', async () => (await import('./commands/accounts.ts')).runAccounts],
  ['doctor', async () => (await import('./commands/doctor.ts')).runDoctor],
  ['realm', async () => (await import('./commands/realm.ts')).runRealm],
  ['mex', async () => (await import('./commands/mex.ts')).runMex],
  ['decode', async () => (await import('./commands/decode.ts')).runDecode],
  ['simulate', async () => (await import('./commands/simulate.ts')).runSimulate],
  ['explain', async () => (await import('./commands/explain.ts')).runExplain],
  ['demo', async () => (await import('./commands/demo.ts')).runDemo],
])

/**
 * Runs one command line, without the name of the program.
 *
 * @returns The exit code. Never throws: what goes wrong is reported on `io.stderr`.
 */
export async function run(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  try {
    const [name, ...rest] = argv
    if (name === '--help' || name === '-h' || name === 'help') {
      await printLine(io, help)
      return exitCode.ok
    }
    if (name === '--version' || name === '-v') {
      await printLine(io, product.version)
      return exitCode.ok
    }
    if (name === undefined) {
      note(io, help)
      return exitCode.usage
    }
    const load = commands.get(name)
    if (load !== undefined) return await (await load())(rest, io)
    throw new UsageError(
      'there is no such command; it is not shown, as it might be a secret',
      `Commands: ${[...commands.keys()].join(', ')}. See ropc --help.`,
    )
  } catch (error) {
    return reportError(io, error)
  }
}
