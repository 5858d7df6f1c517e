import { display, isAuthError } from '../../errors.ts'
import { type ExitCode, exitCode, exitCodeOf } from '../exit-code.ts'

/** `skip`: not looked at, since it makes no sense without something that failed, or through a proxy. */
export type CheckStatus = 'pass' | 'warn' | 'fail' | 'skip'

/** One thing that was looked at. */
export interface Check {
  /** Stable; once per diagnosis, among children too: `dns.authority`, `realm`. */
  readonly id: string
  readonly status: CheckStatus
  readonly label: string
  /** What was found, in words; safe to show. */
  readonly detail?: string
  /** What to change. Under everything that warns or fails. */
  readonly hint?: string
  readonly children?: readonly Check[]
  /** What the command exits with for a failure like this one. Not part of the output. */
  readonly exit?: ExitCode
}

export function pass(id: string, label: string, detail: string, children: readonly Check[] = []): Check {
  return make({ id, status: 'pass', label, detail }, children)
}

export function warn(id: string, label: string, detail: string, hint: string, children: readonly Check[] = []): Check {
  return make({ id, status: 'warn', label, detail, hint }, children)
}

export function fail(
  id: string,
  label: string,
  problem: { readonly detail: string; readonly hint: string; readonly exit: ExitCode },
  children: readonly Check[] = [],
): Check {
  const { detail, hint, exit } = problem
  return { ...make({ id, status: 'fail', label, detail, hint }, children), exit }
}

export function skip(id: string, label: string, why: string, children: readonly Check[] = []): Check {
  return make({ id, status: 'skip', label, detail: why }, children)
}

/** A check that is as good as the worst of its parts. */
export function group(id: string, label: string, detail: string, children: readonly Check[]): Check {
  const worst = (['fail', 'warn', 'pass'] as const).find((status) => children.some((child) => child.status === status))
  return make({ id, status: worst ?? 'skip', label, detail }, children)
}

/**
 * The check that an error of the client's makes fail.
 *
 * @param more What else is known of the answer that led to it.
 * @throws The error itself, if it is none of the client's: a defect is no diagnosis.
 */
export function failedBy(error: unknown, id: string, label: string, more = ''): Check {
  if (!isAuthError(error)) throw error
  const timeUp = isTimeUp(error.cause)
  const detail = timeUp ? 'no answer within the time limit' : error.message
  const hint = timeUp ? timeUpHint : (error.hint ?? 'The documentation of errors says more about this code.')
  const exit = timeUp ? exitCode.network : exitCodeOf(error)
  return fail(id, label, { detail: `${detail} (${error.code})${more === '' ? '' : `; ${more}`}`, hint, exit })
}

/** What to do when there was not enough time. */
const timeUpHint = 'Allow more with --timeout SECONDS, or look for a firewall that drops packets.'

/** Whether a signal's reason says that the time was up, as opposed to Ctrl-C. */
function isTimeUp(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}

/** How many checks ended how. One whose parts already say it is not counted beside them. */
export function countChecks(checks: readonly Check[]): Readonly<Record<CheckStatus, number>> {
  const counts = { fail: 0, warn: 0, pass: 0, skip: 0 }
  const count = (check: Check): void => {
    const { children = [] } = check
    if (!children.some((child) => child.status === check.status)) counts[check.status]++
    children.forEach(count)
  }
  checks.forEach(count)
  return counts
}

// Ctrl-C has its own way out. Without a readable command line nothing else counts; then the lowest layer.
const gravity: readonly ExitCode[] = [exitCode.usage, exitCode.network, exitCode.protocol, exitCode.unsupported]

/** The exit code of a diagnosis: 0 when nothing failed, else that of the failure which lies deepest. */
export function exitCodeOfChecks(checks: readonly Check[]): ExitCode {
  const exits = new Set(failures(checks).map(({ exit }) => exit))
  return gravity.find((code) => exits.has(code)) ?? (exits.size === 0 ? exitCode.ok : exitCode.protocol)
}

/** The failures that are not the sum of others, in order. */
function failures(checks: readonly Check[]): readonly Check[] {
  return checks.flatMap((check) => {
    const own = check.status === 'fail' && check.exit !== undefined ? [check] : []
    return [...own, ...failures(check.children ?? [])]
  })
}

function make(check: Check, children: readonly Check[]): Check {
  const { detail, hint } = check
  return {
    ...check,
    label: display(check.label),
    ...(detail === undefined ? {} : { detail: display(detail) }),
    ...(hint === undefined ? {} : { hint: display(hint) }),
    ...(children.length === 0 ? {} : { children }),
  }
}
