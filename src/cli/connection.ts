import { readFile } from 'node:fs/promises'
import { type Options, readInteger, UsageError } from './args.ts'

export const connectionSpecs = {
  ca: { type: 'string' },
  proxy: { type: 'string' },
  timeout: { type: 'string' },
} as const

export const defaultAuthority = 'https://login.microsoftonline.com/organizations'

/** How the servers are reached; the members are options of the client and of its transports. */
export interface Connection {
  /** PEM. */
  readonly ca?: string
  /** A URL without a password, or `env`. */
  readonly proxy?: string
}

/** Reads `--ca` and `--proxy`. @throws {@link UsageError} */
export async function readConnection(options: Options<'ca' | 'proxy'>): Promise<Connection> {
  const caFile = options.text('ca')
  const proxy = options.text('proxy')
  if (proxy !== undefined && URL.canParse(proxy) && new URL(proxy).password !== '') {
    throw new UsageError(
      '--proxy holds a password, which other users and logs can see',
      'Put the URL into HTTPS_PROXY and pass --proxy env.',
    )
  }
  return {
    ...(caFile === undefined ? {} : { ca: await readCa(caFile) }),
    ...(proxy === undefined ? {} : { proxy }),
  }
}

/** Reads `--timeout`, in milliseconds. @throws {@link UsageError} */
export function readTimeoutMs(options: Options<'timeout'>, defaultSeconds: number): number {
  return 1_000 * readInteger(options.text('timeout') ?? String(defaultSeconds), 'timeout', 1, 86_400)
}

/**
 * The one argument of a command that belongs to no option.
 *
 * @param what How to write it.
 * @throws {@link UsageError} for none, and for several, which are not repeated.
 */
export function onlyArgument({ positionals }: Options<never>, what: string): string {
  const [first, ...others] = positionals
  if (first === undefined) throw new UsageError('an argument is missing', what)
  if (others.length > 0) throw new UsageError(`there are ${positionals.length} arguments in place of one`, what)
  return first
}

async function readCa(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as { code?: unknown }
    throw new UsageError(`cannot read the file named by --ca (${String(code)})`, 'Name a file with PEM certificates.')
  }
}
