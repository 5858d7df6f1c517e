import {
  CacheError,
  DeniedError,
  InteractionRequiredError,
  InvalidArgumentError,
  ProtocolError,
  TransportError,
  UnsupportedError,
} from '../errors.ts'
import { UsageError } from './args.ts'
import { Interrupted } from './io.ts'

/** How a command ends: docs/architecture.md §5. Scripts branch on these numbers, so none changes its meaning. */
export const exitCode = {
  ok: 0,
  bug: 1,
  /** With `--expect`: the sign-in did not fail, or not in that way. */
  notAsExpected: 1,
  usage: 2,
  denied: 3,
  network: 4,
  protocol: 5,
  unsupported: 6,
  cache: 7,
  interactionRequired: 8,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** The exit code for an error: by its class, which says whose fault it is. What is no error of ours is a bug of ours. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Interrupted) return exitCode.interrupted
  if (error instanceof UsageError || error instanceof InvalidArgumentError) return exitCode.usage
  if (error instanceof InteractionRequiredError) return exitCode.interactionRequired
  if (error instanceof DeniedError) return exitCode.denied
  if (error instanceof ProtocolError) return exitCode.protocol
  if (error instanceof UnsupportedError) return exitCode.unsupported
  if (error instanceof CacheError) return exitCode.cache
  if (error instanceof TransportError) {
    // Nothing but Ctrl-C or a signal aborts a request here; a deadline has a code of its own.
    return error.code === 'ERR_TRANSPORT_ABORTED' ? exitCode.interrupted : exitCode.network
  }
  return exitCode.bug
}
