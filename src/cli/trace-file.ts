import { type FileHandle, open, rm } from 'node:fs/promises'
import type { ClientEvent } from '../client/events.ts'
import type { Secret } from '../protocol/secret.ts'
import type { Trace } from '../trace/trace.ts'
import { type Options, UsageError } from './args.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import type { CliIo } from './io.ts'
import { note, reportError } from './output.ts'
import { readTraceLevel, traceLevelSpecs } from './trace-input.ts'

export const traceSpecs: typeof traceLevelSpecs & { readonly trace: { readonly type: 'string' } } = {
  trace: { type: 'string' },
  ...traceLevelSpecs,
}

export type TraceOption = keyof typeof traceSpecs

/** The lines of a command's help about {@link traceSpecs}. */
export const traceHelp: string = `  --trace FILE           write what happened to FILE, which must be new, also when it fails: .html (a report for browsers), .md
                         (diagram and text), .txt, .har (for developer tools) or .json (for ropc diff and explain)
  --trace-level LEVEL    how much it shows: share (default), with pseudonyms for people, tenants and ids; team, them but for
                         names of people; raw, these too. No level shows a password, a key or a whole token`

/** What a command tells of the call that is traced. */
export interface TraceTap {
  /** To be called with every event of the client. */
  onEvent(event: ClientEvent): void
  /** What must not be found in the file, beside what is in the requests and answers. */
  conceal(...secrets: readonly (Secret | string | undefined)[]): void
}

/**
 * Runs the part of a command that sends, and writes the file of `--trace` when it has ended, well or not.
 *
 * How a command takes part, as `ropc token` does: `...traceSpecs` goes into its table and `traceHelp` into its help; what
 * creates the client goes into `run`, which passes every event on to `trace.onEvent`, and the secrets of its result to
 * `trace.conceal`. Without `--trace` all of that does nothing.
 *
 * @param run Its error is thrown again, once the file is written.
 * @returns What `run` gave; {@link exitCode.bug} if the file could not be written, or would have shown a secret: then it is
 *   deleted.
 * @throws {@link UsageError} as {@link openTraceFile} does, before `run` is called.
 */
export async function withTraceFile(
  options: Options<TraceOption>,
  io: CliIo,
  warn: (code: string, message: string) => void,
  run: (trace: TraceTap) => Promise<ExitCode>,
): Promise<ExitCode> {
  const file = await openTraceFile(options)
  if (file === undefined && options.text('trace-level') !== undefined) {
    throw new UsageError('--trace-level goes with --trace', 'Name the file: --trace FILE.')
  }
  if (file === undefined) return run({ onEvent: () => {}, conceal: () => {} })
  const { createTap } = await import('./trace-tap.ts')
  const tap = createTap()
  const write = async (): Promise<boolean> => {
    const trace = tap.collector.trace({ level: readTraceLevel(options) })
    if (trace.events.length > 0) return file.write(trace, tap.secrets(), io, warn)
    // A command line that was refused is no sign-in.
    await file.remove()
    return true
  }
  let code: ExitCode
  try {
    code = await run(tap)
  } catch (error) {
    await write()
    throw error
  }
  return (await write()) ? code : exitCode.bug
}

/** A file that a trace will be written to: it was made, and is empty. */
export interface TraceFile {
  /** Writes it, unless a secret would be in it. Tells on stderr what goes wrong, and returns false: then there is no file. */
  write(
    trace: Trace,
    secrets: readonly Secret[],
    io: CliIo,
    warn: (code: string, message: string) => void,
  ): Promise<boolean>
  remove(): Promise<void>
}

type Render = (trace: Trace) => Promise<string>

// Each view is loaded for itself.
const renderers: ReadonlyMap<string, Render> = new Map<string, Render>([
  ['.html', async (trace) => (await import('../trace/views/html.ts')).renderHtml(trace)],
  ['.har', async (trace) => (await import('../trace/views/har.ts')).renderHar(trace)],
  ['.json', async (trace) => `${JSON.stringify(trace, undefined, 2)}\n`],
  ['.md', renderMarkdown],
  ['.txt', async (trace) => (await import('../trace/views/text.ts')).renderText(trace)],
])

/**
 * Makes the new file that `--trace` names, with mode 0600; no link is followed.
 *
 * @returns `undefined` without `--trace`.
 * @throws {@link UsageError} for a name with another ending, a file that exists, a folder that does not.
 */
export async function openTraceFile(options: Options<TraceOption>): Promise<TraceFile | undefined> {
  const path = options.text('trace')
  if (path === undefined) return undefined
  const ending = /\.[a-z]+$/i.exec(path)?.[0].toLowerCase() ?? ''
  const render = renderers.get(ending)
  if (render === undefined) {
    throw new UsageError(
      'the name of the file of --trace has no ending that says what to write',
      `Let it end in ${[...renderers.keys()].join(', ')}.`,
    )
  }
  const handle = await create(path)
  const remove = async (): Promise<void> => {
    // Should its name have been given to another file since, this one is empty at least.
    await handle.truncate(0).catch(() => {})
    await handle.close()
    await rm(path, { force: true })
  }
  return {
    remove,
    async write(trace, secrets, io, warn) {
      try {
        const text = await render(trace)
        const { showsSecret } = await import('../redact/leak-scan.ts')
        const isLeak = (secret: Secret): boolean =>
          showsSecret(text, [secret]) && !(isWord(secret) && !showsSecret(foreignText(trace), [secret]))
        // One reading for all of them, which nearly always is the only one: it takes the text apart in every encoding.
        if (showsSecret(text, secrets) && secrets.some(isLeak)) {
          await remove()
          note(io, 'error: the trace would have shown a secret (a password or a token): its file was deleted')
          note(
            io,
            trace.level === 'share'
              ? 'hint: Another format may do.'
              : 'hint: Another format, or --trace-level share, may do.',
          )
          return false
        }
        await handle.writeFile(text, 'utf8')
        await handle.close()
      } catch (error) {
        await remove().catch(() => {})
        reportTrouble(io, error)
        return false
      }
      if (trace.level === 'raw') {
        warn('TRACE_SENSITIVE', 'the trace shows people, tenants, hosts and ids as they are: keep it to yourself')
      }
      return true
    },
  }
}

/** A word of a language stands in our own texts, whoever has it for a password. */
function isWord(secret: Secret): boolean {
  return /^[a-z]+$/i.test(secret.reveal())
}

const ownMembers: ReadonlySet<string> = new Set([
  ...['type', 'step', 'question', 'rule', 'hint', 'whereToLook', 'waysOut', 'operation', 'what', 'product', 'level'],
])

/** What of a trace is not of this package's own words: what programs, people and servers named and wrote. */
function foreignText(trace: Trace): string {
  const texts: string[] = []
  JSON.stringify(trace, (name, value: unknown) => {
    if (ownMembers.has(name)) return undefined
    if (typeof value === 'string') texts.push(value)
    return value
  })
  return texts.join('\n')
}

function reportTrouble(io: CliIo, error: unknown): void {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }
  if (typeof code !== 'string' || typeof syscall !== 'string') reportError(io, error)
  else note(io, `error: cannot write the file of --trace (${code}): it was deleted`)
}

async function create(path: string): Promise<FileHandle> {
  try {
    const handle = await open(path, 'wx', 0o600)
    // Where the folder has a default access list, the mode alone does not count.
    await handle.chmod(0o600)
    return handle
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === 'EEXIST') {
      throw new UsageError(
        'the file of --trace exists',
        'Name a new one: nothing is overwritten, and no link followed.',
      )
    }
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new UsageError('the folder of the file of --trace does not exist', 'Make it first, or name another.')
    }
    throw new UsageError(`cannot make the file of --trace (${String(code)})`, 'Name a file in a folder of yours.')
  }
}

async function renderMarkdown(trace: Trace): Promise<string> {
  const { renderMermaid } = await import('../trace/views/mermaid.ts')
  const { renderText } = await import('../trace/views/text.ts')
  const text = renderText(trace)
  // Longer than what is in the text, so nothing that a peer wrote ends it.
  const fence = '`'.repeat(Math.max(3, ...Array.from(text.matchAll(/`+/g), ([{ length }]) => length + 1)))
  return `# Trace of a sign-in\n\n\`\`\`mermaid\n${renderMermaid(trace)}\`\`\`\n\n${fence}text\n${text}${fence}\n`
}
