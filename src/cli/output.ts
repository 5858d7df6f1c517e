import type { Writable } from 'node:stream'
import { display, isAuthError } from '../errors.ts'
import { UsageError } from './args.ts'
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts'
import { type CliIo, Interrupted } from './io.ts'

/** Standard output cannot take the result, e.g. because the disk is full. */
class OutputError extends Error {
  constructor(code: string) {
    super(`cannot write to standard output (${code})`)
    this.name = 'OutputError'
  }
}

/**
 * Writes a line of the result and waits until it is out. A reader who has left (`| head`) is no error: there is nobody
 * to tell.
 *
 * @throws {@link OutputError}
 */
export async function printLine({ stdout }: CliIo, line: string): Promise<void> {
  const failure = await write(stdout, `${line}\n`)
  if (failure !== undefined && failure !== 'EPIPE') throw new OutputError(failure)
}

/** Tells the user something beside the result. Where stderr is gone, nobody is listening. */
export function note({ stderr }: CliIo, line: string): void {
  stderr.write(`${line}\n`, () => {})
}

/** A warning with its code, which scripts may look for. */
export function noteWarning(io: CliIo, code: string, message: string): void {
  note(io, `warning: ${display(message)} [${code}]`)
}

/** One line of JSON. What JSON leaves as it is but a terminal obeys (C1, bidirectional) is escaped, which JSON allows. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Waits until everything written so far has been handed to the system. */
export async function flush({ stdout, stderr }: CliIo): Promise<void> {
  await Promise.all([write(stdout, ''), write(stderr, '')])
}

/** Tells what went wrong, on stderr, and says what to exit with. Every text of a peer's is shown escaped. */
export function reportError(io: CliIo, error: unknown, correlationId?: string): ExitCode {
  for (const line of describeError(error, correlationId)) note(io, line)
  return exitCodeOf(error)
}

function describeError(error: unknown, correlationId: string | undefined): readonly string[] {
  if (error instanceof UsageError) return [`error: ${display(error.message)}`, `hint: ${display(error.hint)}`]
  if (error instanceof Interrupted || error instanceof OutputError) return [`error: ${error.message}`]
  if (!isAuthError(error)) return describeBug(error)
  // The client's advice is about requests under way; here the line of the step that failed says what was.
  if (exitCodeOf(error) === exitCode.interrupted) return ['error: interrupted']
  const { code, step, hint, response } = error
  const correlation = response?.correlationId ?? correlationId
  return [
    `error: ${display(error.message)}`,
    `code: ${display(code)}, step: ${step}`,
    ...(hint === undefined ? [] : [`hint: ${display(hint)}`]),
    ...(correlation === undefined ? [] : [`correlation id: ${display(correlation)}`]),
    ...(response?.traceId === undefined ? [] : [`trace id: ${display(response.traceId)}`]),
  ]
}

// Not its message: an unexpected error's may quote what was being read (`JSON.parse` does), and that may be a token.
function describeBug(error: unknown): readonly string[] {
  const { name, code, stack } = (error instanceof Error ? error : {}) as Error & { code?: unknown }
  const place = /([\w.-]+\/[\w.-]+\.[jt]s:\d+:\d+)\)?$/m.exec(stack ?? '')?.[1]
  return [
    `error: unexpected ${display(name ?? typeof error)}${typeof code === 'string' ? ` ${display(code)}` : ''}`,
    ...(place === undefined ? [] : [`place: ${display(place)}`]),
    'hint: This is a defect of ropc. Please report these lines with the command you ran, without any password or token.',
  ]
}

function write(stream: Writable, text: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const done = (error?: Error | null): void => {
      resolve(error ? String((error as NodeJS.ErrnoException).code ?? error.name) : undefined)
    }
    if (stream.destroyed || stream.writableEnded) done(Object.assign(new Error('closed'), { code: 'EPIPE' }))
    else stream.write(text, done)
  })
}
