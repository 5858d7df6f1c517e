import { Writable } from 'node:stream'
import { parseOptions, tableOf, UsageError } from '../args.ts'
import { type CompletedCommand, completionScript, shells } from '../completion.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { printLine } from '../output.ts'
import type { CommandEntry } from '../run.ts'

const completionHelp = `Usage: ropc completion bash|zsh|fish

Prints a script that makes the shell complete the commands of ropc, their options and values.
  source <(ropc completion bash)                                   in ~/.bashrc
  source <(ropc completion zsh)                                    in ~/.zshrc, behind compinit
  ropc completion fish > ~/.config/fish/completions/ropc.fish      once

It completes "ropc"; a shell does not complete what follows "npx".

  -h, --help

Exit codes: 0 ok, 1 defect of ropc, 2 usage.`

const specs = { help: { type: 'boolean', short: 'h' } } as const

/** `ropc completion`: prints what makes a shell complete `ropc`. @param commands All of them, this one too. */
export async function runCompletion(
  argv: readonly string[],
  io: CliIo,
  commands: readonly CommandEntry[],
): Promise<ExitCode> {
  const options = parseOptions(argv, specs, shells)
  if (options.flag('help')) {
    await printLine(io, completionHelp)
    return exitCode.ok
  }
  const [named, ...others] = options.positionals
  const shell = shells.find((known) => known === named)
  if (shell === undefined || others.length > 0) {
    throw new UsageError('the shell is missing, or there are several', `Name one of ${shells.join(', ')}.`)
  }
  const completed: CompletedCommand[] = []
  for (const command of commands) completed.push(await describe(command, io))
  await printLine(io, completionScript(shell, completed).trimEnd())
  return exitCode.ok
}

/** Has a command tell its help, which also tells by which table it reads its options. */
async function describe({ name, does, load }: CommandEntry, io: CliIo): Promise<CompletedCommand> {
  let help = ''
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      help += String(chunk)
      done()
    },
  })
  const argv = ['--help']
  const command = await load()
  await command(argv, { ...io, stdout })
  const table = tableOf(argv) ?? { options: {}, positionals: 'refused' }
  const lines = Object.keys(table.options).flatMap((option) => {
    const [, text] = new RegExp(`^ {2}(?:-\\w, )?--${option}(?: \\S+)? {2,}(?:… )?(\\S.*)$`, 'm').exec(help) ?? []
    // Its first few words, up to where details begin.
    const [told = ''] = (text ?? '').replace(/ \([^)]*\)/g, '').split(/[;:.,](?: |$)| \(/)
    return told === '' ? [] : [[option, told] as const]
  })
  return { ...table, name, does, descriptions: new Map(lines) }
}
