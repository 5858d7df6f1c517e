import { product } from '../protocol/product.ts'
import { UsageError } from './args.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import type { CliIo } from './io.ts'
import { note, printLine, reportError } from './output.ts'

type Command = (argv: readonly string[], io: CliIo) => Promise<ExitCode>

/** A command that can be asked for by its name. */
export interface CommandEntry {
  readonly name: string
  /** In a few words. */
  readonly does: string
  /** Loads it: one at a time, since `token` is to start quickly, and the simulator brings libraries of its own. */
  load(): Promise<Command>
}

const commands: readonly CommandEntry[] = [
  {
    name: 'token',
    does: 'sign in by user name and password, and print the access token',
    load: async () => (await import('./commands/token.ts')).runToken,
  },
  {
    name: 'realm',
    does: 'say how a user signs in, and which host would get the password',
    load: async () => (await import('./commands/realm.ts')).runRealm,
  },
  {
    name: 'mex',
    does: 'show which endpoints of a federation server take a password, and why',
    load: async () => (await import('./commands/mex.ts')).runMex,
  },
  {
    name: 'assertion',
    does: 'sign in at the federation server only, and show what it issues',
    load: async () => (await import('./commands/assertion.ts')).runAssertion,
  },
  {
    name: 'decode',
    does: 'take a token, an assertion or an answer apart',
    load: async () => (await import('./commands/decode.ts')).runDecode,
  },
  {
    name: 'explain',
    does: 'say what an error, or somebody’s recorded sign-in (HAR), means, and what to change',
    load: async () => (await import('./commands/explain.ts')).runExplain,
  },
  {
    name: 'doctor',
    does: 'say why a sign-in of a user would fail, without the password',
    load: async () => (await import('./commands/doctor.ts')).runDoctor,
  },
  {
    name: 'diff',
    does: 'say what is not the same in two recorded sign-ins',
    load: async () => (await import('./commands/diff.ts')).runDiff,
  },
  {
    name: 'simulate',
    does: 'run a simulated Entra ID and AD FS on this machine',
    load: async () => (await import('./commands/simulate.ts')).runSimulate,
  },
  {
    name: 'accounts',
    does: 'list the users of a cache file, or sign one out',
    load: async () => (await import('./commands/accounts.ts')).runAccounts,
  },
  {
    name: 'demo',
    does: 'sign several users in against the simulator, and show each step',
    load: async () => (await import('./commands/demo.ts')).runDemo,
  },
  {
    name: 'completion',
    does: 'print what makes bash, zsh or fish complete these commands',
    load: async () => {
      const { runCompletion } = await import('./commands/completion.ts')
      return (argv, io) => runCompletion(argv, io, commands)
    },
  },
]

/** What is no part of the work with servers stands apart. */
const apart = new Set(['demo', 'completion'])

function help(): string {
  const lines = (wanted: boolean): readonly string[] =>
    commands.flatMap(({ name, does }) => (apart.has(name) === wanted ? [`  ${name.padEnd(11)} ${does}`] : []))
  return `Usage: ropc COMMAND [options]

${lines(false).join('\n')}

${lines(true).join('\n')}

  ropc COMMAND --help    the options of a command, with examples
  ropc --version

Signs in users of Microsoft Entra ID, managed and federated with AD FS, with the OAuth 2.0 password grant.
RFC 9700 forbids this grant for new designs.`
}

/**
 * Runs one command line, without the name of the program.
 *
 * @returns The exit code. Never throws: what goes wrong is reported on `io.stderr`.
 */
export async function run(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  try {
    const [name, ...rest] = argv
    if (name === '--help' || name === '-h' || name === 'help') {
      await printLine(io, help())
      return exitCode.ok
    }
    if (name === '--version' || name === '-v') {
      await printLine(io, product.version)
      return exitCode.ok
    }
    if (name === undefined) {
      note(io, help())
      return exitCode.usage
    }
    const command = commands.find((entry) => entry.name === name)
    if (command !== undefined) return await (await command.load())(rest, io)
    throw new UsageError(
      'there is no such command; it is not shown, as it might be a secret',
      `Commands: ${commands.map((entry) => entry.name).join(', ')}. See ropc --help.`,
    )
  } catch (error) {
    return reportError(io, error)
  }
}
