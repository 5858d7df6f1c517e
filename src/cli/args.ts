import { parseArgs } from 'node:util'

/** The command line cannot be understood, or names something that is not there. Nothing was sent. */
export class UsageError extends Error {
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.name = 'UsageError'
    this.hint = hint
  }
}

export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** The only values it takes. */
  readonly values?: readonly string[]
}

/** What a command takes after its name. */
export interface OptionTable {
  readonly options: Readonly<Record<string, OptionSpec>>
  /** Arguments that belong to no option: whether they are taken, or the only words that are. */
  readonly positionals: Positionals
}

type Positionals = 'refused' | 'taken' | readonly string[]

const tables = new WeakMap<readonly string[], OptionTable>()

/** By what table these very arguments were read: so a completion is made of the tables that the commands read by. */
export function tableOf(argv: readonly string[]): OptionTable | undefined {
  return tables.get(argv)
}

/** The options of a command line, by name. */
export interface Options<Name extends string> {
  text(name: Name): string | undefined
  list(name: Name): readonly string[]
  flag(name: Name): boolean
  /** The arguments that belong to no option, for a command that takes them. */
  readonly positionals: readonly string[]
}

interface OptionToken {
  readonly kind: 'option'
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

/**
 * Reads the options of a command.
 *
 * An argument that is not understood is never repeated in the message, unless it is the name of an option: it may well
 * be a password that was typed in the wrong place, and messages end up in logs.
 *
 * @param positionals Whether the command takes arguments that belong to no option, or which ones. Default: they are refused.
 * @throws {@link UsageError} for an unknown option, one without its value, with one too many or another than it takes, one
 *   given twice, and for an argument that belongs to no option.
 */
export function parseOptions<Name extends string>(
  argv: readonly string[],
  specs: Readonly<Record<Name, OptionSpec>>,
  positionals: Positionals = 'refused',
): Options<Name> {
  const options = specs as Readonly<Record<string, OptionSpec>>
  tables.set(argv, { options, positionals })
  // Not strict: Node's own messages repeat stray arguments.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true })
  const values = new Map<string, string[]>()
  const stray: string[] = []
  for (const token of tokens) {
    if (token.kind !== 'option') {
      if (positionals === 'refused') throw strayArgument(token.index + 1)
      if (token.kind !== 'positional') continue
      if (positionals !== 'taken' && !positionals.includes(token.value)) {
        throw new UsageError(`argument ${token.index + 1} is not known`, `It can be ${positionals.join(', ')}.`)
      }
      stray.push(token.value)
      continue
    }
    const spec = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (spec === undefined) throw unknownOption(token, options)
    const value = checkedValue(token, spec)
    const earlier = values.get(token.name) ?? []
    if (earlier.length > 0 && spec.multiple !== true) {
      throw new UsageError(`${token.rawName} is given twice`, 'Give it once.')
    }
    values.set(token.name, [...earlier, value])
  }
  return {
    text: (name) => values.get(name)?.[0],
    list: (name) => values.get(name) ?? [],
    flag: (name) => values.has(name),
    positionals: stray,
  }
}

/** The value of an option the command cannot do without. @throws {@link UsageError} */
export function required<Name extends string>(options: Options<Name>, name: Name, what: string): string {
  const value = options.text(name)
  if (value !== undefined) return value
  throw new UsageError(`--${name} is missing`, what)
}

/** A whole number in a range. @throws {@link UsageError} */
export function readInteger(text: string, option: string, lowest: number, highest: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= lowest && value <= highest) return value
  throw new UsageError(`--${option} is not a whole number from ${lowest} to ${highest}`, `For instance --${option} 60.`)
}

function checkedValue({ rawName, value, inlineValue }: OptionToken, { type, values }: OptionSpec): string {
  if (type === 'boolean') {
    if (value === undefined) return ''
    throw new UsageError(`${rawName} takes no value`, `Write ${rawName} alone.`)
  }
  if (value === undefined) throw new UsageError(`${rawName} lacks its value`, `Write ${rawName} and its value.`)
  if (inlineValue !== true && value.startsWith('-')) {
    const inline = rawName.startsWith('--') ? `${rawName}=-…` : 'the long form of the option, --name=-…'
    throw new UsageError(`${rawName} lacks its value, or the value begins with "-"`, `If it does, write ${inline}.`)
  }
  if (values !== undefined && !values.includes(value)) {
    throw new UsageError(`${rawName} does not take this value`, `It takes ${values.join(', ')}.`)
  }
  return value
}

function unknownOption({ name, rawName }: OptionToken, options: Readonly<Record<string, OptionSpec>>): UsageError {
  if (Object.hasOwn(options, 'password-stdin') && /^(p|pw|pwd|pass|passwd|password|passphrase|secret)$/i.test(name)) {
    return new UsageError(
      'no option takes the password on the command line, where other users and logs can see it',
      'Leave it out to be asked for it, or use --password-stdin, --password-file FILE or --password-env NAME. If what you typed was a real password, remove it from the history of your shell.',
    )
  }
  return new UsageError(`there is no option ${rawName}`, 'See --help for the options.')
}

function strayArgument(position: number): UsageError {
  return new UsageError(
    `argument ${position} belongs to no option; it is not shown, as it might be a secret`,
    'Quote values that hold blanks; repeat --scope for every scope.',
  )
}
