import { isAuthError } from '../errors.ts'
import type { Secret } from '../protocol/secret.ts'
import type { RedactionLevel } from '../redact/redacted-message.ts'
import type { Trace } from '../trace/trace.ts'
import { type Options, UsageError } from './args.ts'
import type { CliIo } from './io.ts'
import { readTextInput } from './text-input.ts'

/** What browsers record in an hour. A trace of our own is far smaller. */
export const maxTraceBytes: number = 64 * 1_048_576

const levels: readonly RedactionLevel[] = ['share', 'team', 'raw']

export const traceLevelSpecs = { 'trace-level': { type: 'string', values: ['share', 'team', 'raw'] } } as const

/** How much a trace is to show. */
export function readTraceLevel(options: Options<'trace-level'>): RedactionLevel {
  return namedTraceLevel(options) ?? 'share'
}

/** The level that the command line names. */
export function namedTraceLevel(options: Options<'trace-level'>): RedactionLevel | undefined {
  const named = options.text('trace-level')
  return levels.find((level) => level === named)
}

/** What a file says of somebody's sign-ins. */
export interface TraceInput {
  readonly trace: Trace
  readonly kind: 'trace' | 'HAR'
  /** What a HAR holds in clear, to be looked for in what is written; a trace holds none. */
  readonly secrets: readonly Secret[]
}

/**
 * Recognises the JSON of a trace, and an HTTP archive, of which a trace is made.
 *
 * @param level Of the trace that is made of an HTTP archive, by default `share`; a trace never shows more than it was written with.
 * @returns `undefined` for any other text.
 * @throws {@link UsageError} for a trace of another version. InvalidArgumentError for a HAR without a request of a sign-in.
 */
export async function readTrace(text: string, level: RedactionLevel | undefined): Promise<TraceInput | undefined> {
  const json = parseObject(text)
  if (json === undefined) return undefined
  const { isHar, readHarExchanges } = await import('../trace/har-entries.ts')
  if (isHar(json)) {
    const { traceFromHar } = await import('../trace/har-import.ts')
    const { secretsIn } = await import('../trace/har-secrets.ts')
    return {
      kind: 'HAR',
      trace: traceFromHar(json, { level: level ?? 'share' }),
      secrets: secretsIn(readHarExchanges(json)),
    }
  }
  const { version, product, level: own, events } = json
  if (typeof version !== 'number' || typeof product !== 'string' || !Array.isArray(events)) return undefined
  if (version !== 1) throw new UsageError('the trace is of another version than 1', 'Use the ropc that wrote it.')
  const isWhole = events.every(
    (event: unknown) =>
      typeof event === 'object' &&
      event !== null &&
      ['at', 'callId', 'type'].every((name) => Object.hasOwn(event, name)),
  )
  if (!isWhole || !levels.some((known) => known === own)) throw damaged()
  return { kind: 'trace', trace: await atLevel(json as unknown as Trace, level), secrets: [] }
}

/** What a trace does not hold, no level can show. */
async function atLevel(trace: Trace, level: RedactionLevel | undefined): Promise<Trace> {
  const isLess = level !== undefined && levels.indexOf(level) < levels.indexOf(trace.level)
  if (!isLess || level === 'raw') return trace
  const { createPseudonyms } = await import('../redact/pseudonyms.ts')
  try {
    return { ...createPseudonyms(level).value(trace), level }
  } catch {
    // Nothing of ours is nested deeper than can be walked.
    throw damaged()
  }
}

/**
 * Reads a file that must hold a trace or an HTTP archive. `-` is standard input.
 *
 * @throws {@link UsageError} for what is neither, and as {@link readTrace} does.
 */
export async function readTraceFile(name: string, level: RedactionLevel | undefined, io: CliIo): Promise<TraceInput> {
  const text = await readTextInput(name, io, maxTraceBytes)
  const hint = 'Name two files that ropc token --trace FILE.json wrote, or HTTP archives (HAR).'
  if (text === undefined) throw new UsageError('there is no file of this name; it is not shown', hint)
  const input = await readTrace(text, level)
  if (input === undefined) throw new UsageError('this is neither a trace (JSON) nor an HTTP archive (HAR)', hint)
  return input
}

/** Does something with a trace that came from a file, whose events may be anything. @throws {@link UsageError} */
export function withTrace<T>({ kind, trace }: TraceInput, use: (trace: Trace) => T): T {
  try {
    return use(trace)
  } catch (error) {
    if (kind === 'HAR' || isAuthError(error) || error instanceof UsageError) throw error
    throw damaged()
  }
}

function damaged(): UsageError {
  return new UsageError('the trace is damaged: an event lacks a member, or has another', 'Write it anew.')
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}
