import { InvalidArgumentError, isAuthError } from '../errors.ts'
import { type Authority, withTenant } from '../protocol/authority.ts'
import type { Transport } from '../protocol/http.ts'
import { Deadline } from './deadline.ts'
import type { ClientEvent, ClientEventBody, WarningCode } from './events.ts'
import { createGuard, type Guard } from './guard.ts'
import type { CallOptions } from './options.ts'
import type { Runtime } from './runtime.ts'

/** What one call of the client carries through all its steps. */
export interface Call extends Runtime {
  readonly clientId: string
  readonly authority: Authority
  readonly correlationId: string
  readonly claims?: string
  readonly offlineAccess: boolean
  /** Aborts at the caller's word or at the call's time limit. */
  readonly signal: AbortSignal
  readonly deadline: Pick<Deadline, 'pause' | 'resume'>
  readonly guard: Guard
  readonly emit: (event: ClientEventBody) => void
  readonly warn: (code: WarningCode, message: string) => void
  /** The next hop number. */
  readonly nextHop: () => number
}

/** What a client gives each of its calls. */
export interface CallDefaults {
  readonly clientId: string
  readonly authority: Authority
  readonly offlineAccess: boolean
  readonly send: Transport
  readonly runtime: Runtime
  readonly onEvent?: (event: ClientEvent) => void
}

/** Runs one call: draws its id, starts its clock, and tells its beginning and end, however it ends. */
export async function runCall<T>(
  defaults: CallDefaults,
  options: CallOptions,
  operation: string,
  run: (call: Call) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  // Not AbortSignal.timeout and .any: their timers and listeners stay behind until the time is up, call after call.
  const deadline = new Deadline(options.timeoutMs ?? 90_000, options.signal)
  let call: Call
  try {
    call = createCall(defaults, options, deadline)
  } catch (error) {
    deadline.end()
    throw error
  }
  call.emit({ type: 'run.start', operation, correlationId: call.correlationId })
  let ok = false
  try {
    const result = await run(call)
    ok = true
    return result
  } catch (error) {
    if (isAuthError(error)) call.emit({ type: 'error', code: error.code, step: error.step, message: error.message })
    throw error
  } finally {
    deadline.end()
    call.emit({ type: 'run.end', ok, durationMs: performance.now() - startedAt })
  }
}

function createCall({ onEvent, runtime, ...defaults }: CallDefaults, options: CallOptions, deadline: Deadline): Call {
  const { tenantId, claims } = options
  const authority = tenantId === undefined ? defaults.authority : withTenant(defaults.authority, tenantId)
  const correlationId = options.correlationId ?? runtime.newId()
  const callId = runtime.newId()
  let hops = 0
  const emit = (event: ClientEventBody): void => {
    try {
      const returned: unknown = onEvent?.({ at: performance.now(), callId, ...event })
      if (returned instanceof Promise) returned.catch(() => undefined)
    } catch {
      // A listener's fault must not cost the caller a token.
    }
  }
  return {
    ...runtime,
    clientId: defaults.clientId,
    offlineAccess: defaults.offlineAccess,
    authority,
    correlationId,
    ...(claims === undefined ? {} : { claims }),
    signal: deadline.signal,
    deadline,
    guard: createGuard(defaults.send, authority.url),
    emit,
    warn: (code, message) => emit({ type: 'warning', code, message }),
    nextHop: () => ++hops,
  }
}

/** The error of a call on a client that has been closed. */
export function closedError(): InvalidArgumentError {
  return new InvalidArgumentError('the client is closed', {
    step: 'authority',
    hint: 'Create a new client, or close this one later.',
  })
}
