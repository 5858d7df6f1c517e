import type { OptionSpec, OptionTable } from './args.ts'

export const shells: readonly ['bash', 'zsh', 'fish'] = ['bash', 'zsh', 'fish']

export type Shell = (typeof shells)[number]

/** What can be completed of a command. */
export interface CompletedCommand extends OptionTable {
  readonly name: string
  /** In a few words. */
  readonly does: string
  /** What each option is for, by its name, where that is known. */
  readonly descriptions: ReadonlyMap<string, string>
}

/** Makes the script that has a shell complete the commands, their options, and the values of those that have a list of them. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }
  return scripts[shell](commands)
}

/** An option as it is typed, `--trace-level` before `-q`. */
function spellings(name: string, { short }: OptionSpec): readonly string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]
}

function optionsOf({ options }: CompletedCommand): readonly (readonly [name: string, spec: OptionSpec])[] {
  return Object.entries(options)
}

function wordsOf({ positionals }: CompletedCommand): readonly string[] {
  return typeof positionals === 'string' ? [] : positionals
}

// For bash 3.2, too, which macOS has.
function bashScript(commands: readonly CompletedCommand[]): string {
  const patterns = (name: string, wanted: (spec: OptionSpec) => boolean): readonly string[] =>
    commands
      .filter((command) => command.name === name)
      .flatMap((command) => optionsOf(command).filter(([, spec]) => wanted(spec)))
      .flatMap(([option, spec]) => spellings(option, spec).map((spelling) => `'${name} ${spelling}'`))
  const values = commands.flatMap((command) =>
    optionsOf(command).flatMap(([name, spec]) =>
      spec.values === undefined
        ? []
        : [
            `    ${spellings(name, spec)
              .map((spelling) => `'${command.name} ${spelling}'`)
              .join('|')}) words='${spec.values.join(' ')}' ;;`,
          ],
    ),
  )
  const takers = commands.flatMap(({ name }) =>
    patterns(name, ({ type, values: list }) => type === 'string' && list === undefined),
  )
  const branches = commands.map((command) => {
    const { name, positionals } = command
    const own = optionsOf(command).flatMap(([option, spec]) => spellings(option, spec))
    // Where nothing but options can follow, they are offered without a "-".
    const words = positionals === 'refused' ? own : wordsOf(command)
    return `        ${name}) options='${own.join(' ')}' words='${words.join(' ')}' ;;`
  })
  return `# Completion of ropc for bash: source <(ropc completion bash)
_ropc() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev= options= words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -lt 2 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$cur"))
    return
  fi
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  # "--name=value" comes as three words.
  if [ "$cur" = = ]; then
    cur=
  elif [ "$prev" = = ]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case "\${COMP_WORDS[1]} $prev" in
${values.join('\n')}
    # Any value: without a reply bash offers files.
    ${takers.join('|\\\n    ')}) return ;;
    *)
      case "\${COMP_WORDS[1]}" in
${branches.join('\n')}
      esac
      case "$cur" in -*) words=$options ;; esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _ropc ropc
`
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const argumentsOf = (command: CompletedCommand): readonly string[] => [
    ...optionsOf(command).map(([name, spec]) => zshOption(command, name, spec)),
    ...(command.positionals === 'taken' ? ["'*:file:_files'"] : []),
    ...(wordsOf(command).length === 0 ? [] : [`'1:word:(${wordsOf(command).join(' ')})'`]),
  ]
  const branches = commands.map(
    (command) =>
      `    ${command.name})\n      _arguments \\\n        ${argumentsOf(command).join(' \\\n        ')}\n      ;;`,
  )
  return `#compdef ropc
# Completion of ropc for zsh: source <(ropc completion zsh), behind compinit; or as a file _ropc in a folder of $fpath.
_ropc() {
  local -a commands
  if (( CURRENT == 2 )); then
    commands=(
${commands.map(({ name, does }) => `      ${inZsh(`${name}:${does}`)}`).join('\n')}
    )
    _describe command commands
    return
  fi
  (( CURRENT-- ))
  shift words
  case $words[1] in
${branches.join('\n')}
  esac
}
if [ "$funcstack[1]" = _ropc ]; then _ropc "$@"; else compdef _ropc ropc; fi
`
}

/** An option in the words of `_arguments`: `'(-q --quiet)'{-q,--quiet}'[no line per step]'`. */
function zshOption({ descriptions }: CompletedCommand, name: string, spec: OptionSpec): string {
  const { type, short, multiple, values } = spec
  const description = descriptions.get(name)
  const told = description === undefined ? '' : `[${description.replace(/[[\]\\]/g, '\\$&')}]`
  const takes = type === 'boolean' ? '' : `:value:${values === undefined ? '_files' : `(${values.join(' ')})`}`
  const rest = told + takes
  const [long, brief] = type === 'boolean' ? [`--${name}`, `-${short}`] : [`--${name}=`, `-${short}+`]
  if (short === undefined) return inZsh(`${multiple === true ? '*' : ''}${long}${rest}`)
  const either = multiple === true ? `'*'` : `'(-${short} --${name})'`
  return `${either}{${brief},${long}}${rest === '' ? '' : inZsh(rest)}`
}

function inZsh(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => {
    const { name, does, positionals, descriptions } = command
    const of = `complete -c ropc -n '__fish_seen_subcommand_from ${name}'`
    return [
      `complete -c ropc -f -n __fish_use_subcommand -a ${name} -d ${inFish(does)}`,
      ...(positionals === 'taken' ? [] : [`${of} -f`]),
      ...(wordsOf(command).length === 0 ? [] : [`${of} -a '${wordsOf(command).join(' ')}'`]),
      ...optionsOf(command).map(([option, { type, short, values }]) => {
        const description = descriptions.get(option)
        return [
          of,
          `-l ${option}`,
          ...(short === undefined ? [] : [`-s ${short}`]),
          // "-F": files, although the command itself takes none.
          ...(type === 'boolean' ? [] : values === undefined ? ['-r -F'] : [`-x -a '${values.join(' ')}'`]),
          ...(description === undefined ? [] : [`-d ${inFish(description)}`]),
        ].join(' ')
      }),
    ]
  })
  return `# Completion of ropc for fish: ropc completion fish > ~/.config/fish/completions/ropc.fish
${lines.join('\n')}
`
}

function inFish(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
