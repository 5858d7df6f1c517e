import { isAuthError } from '../errors.ts'
import { type Options, UsageError } from './args.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import type { CliIo } from './io.ts'
import { note } from './output.ts'

export const expectSpecs = { expect: { type: 'string' } } as const

/**
 * Reads the code that the sign-in is to fail with.
 *
 * @returns In upper case, a bare number as AADSTS number; `undefined` without `--expect`.
 * @throws {@link UsageError} for what is no code, and beside options that would prove nothing.
 */
export function readExpectation(options: Options<'expect' | 'dry-run' | 'cache' | 'json'>): string | undefined {
  const code = options.text('expect')
  if (code === undefined) return undefined
  if (!/^\w{2,64}$/.test(code)) {
    throw new UsageError('--expect takes one code', 'For instance --expect AADSTS53003, or an ERR_… code of ropc.')
  }
  const excluded = (['dry-run', 'cache'] as const).find(options.flag)
  if (excluded === undefined) return canonical(code)
  throw new UsageError(`--expect excludes --${excluded}`, 'Only a sign-in at the server shows that it is refused.')
}

/**
 * Whether an error has a code: one of ours, an OAuth `error` or `suberror`, an AADSTS number with or without its letters, or
 * the code of AD FS or B2C (`MSIS9659`, `ID3242`, `AADB2C90225`); in itself or in what caused it. Case does not count.
 */
export function hasCode(error: unknown, code: string): boolean {
  return codesOf(error).some((candidate) => canonical(candidate) === canonical(code))
}

/** All codes of an error and of the errors that caused it, the most telling of each first. */
export function codesOf(error: unknown): readonly string[] {
  const codes: string[] = []
  let current: unknown = error
  while (isAuthError(current)) {
    // By their names: which of them an error has depends on its class.
    const facts: Readonly<Record<string, unknown>> = { ...current }
    const numbers = Array.isArray(facts['errorCodes']) ? (facts['errorCodes'] as unknown[]) : []
    const words = ['serverCode', 'idCode', 'suberror', 'error', 'faultSubcode', 'code'].map((name) => facts[name])
    codes.push(...numbers.map((number) => `AADSTS${number}`), ...words.filter((word) => typeof word === 'string'))
    current = current.cause
  }
  return [...new Set(codes)]
}

/** Says that a sign-in worked which was to fail. */
export function reportUnexpectedSuccess(io: CliIo, expected: string): ExitCode {
  note(io, `not as expected: the sign-in worked, in place of failing with ${expected}; the token is not printed`)
  return exitCode.notAsExpected
}

/**
 * Judges a failed sign-in.
 *
 * @param code What it would exit with. Usage errors and interruptions stay what they are: nothing was proved.
 */
export function judgeFailure(io: CliIo, expected: string, error: unknown, code: ExitCode): ExitCode {
  if (code === exitCode.usage || code === exitCode.interrupted) return code
  if (hasCode(error, expected)) {
    note(io, `as expected: the sign-in failed with ${expected}`)
    return exitCode.ok
  }
  const codes = codesOf(error)
  const came = codes.length === 0 ? 'something else' : codes.join(', ')
  note(io, `not as expected: the sign-in failed with ${came}, not with ${expected}`)
  return exitCode.notAsExpected
}

function canonical(code: string): string {
  return /^\d+$/.test(code) ? `AADSTS${code}` : code.toUpperCase()
}
