import { InvalidArgumentError, isAuthError } from '../errors.ts'
import { type Authority, withTenant } from '../protocol/authority.ts'
import type { Transport } from '../protocol/http.ts'
import { Deadline } from './deadline.ts'
import type { ClientEvent, ClientEventBody, WarningCode } from './events.ts'
import { createGuard, type Guard } from './guard.ts'
import type { CallOptions, ClientOptions } from './options.ts'
import type { Runtime } from './runtime.ts'

/** What one call of the client carries through all its steps. */
export interface Call extends Runtime {
  readonly clientId: string
  readonly authority: Authority
  /** The client's options that a call follows: overrides, client authentication, extras. */
  readonly options: ClientOptions
  /** The names of the options that made this call take another way than it would have. */
  readonly overrides: Set<string>
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
  readonly options: ClientOptions
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
    options: defaults.options,
    overrides: new Set(tenantId === undefined ? [] : ['tenantId']),
    offlineAccess: defaults.offlineAccess,
    authority,
    correlationId,
    ...(claims === undefined ? {} : { claims }),
    signal: deadline.signal,
    deadline,
    guard: createCallGuard(defaults.send, defaults.options, authority),
    emit,
    warn: (code, message) => emit({ type: 'warning', code, message }),
    nextHop: () => ++hops,
  }
}

/** Named by the caller: the authority, endpoints given by hand, a realm or MEX URL given by hand, `federationHosts`. */
function createCallGuard(send: Transport, options: ClientOptions, authority: Authority): Guard {
  const guard = createGuard(send, authority.url)
  const { metadataUrl, tokenEndpoint, jwksUri, realm, mex, federationHosts = [] } = options
  const federated = realm?.accountType === 'federated' ? [realm.metadataUrl, realm.activeAuthUrl] : []
  const named = [
    metadataUrl,
    tokenEndpoint,
    jwksUri,
    ...federated,
    mex,
    ...federationHosts.map((host) => `https://${host}`),
  ]
  for (const url of named) if (url !== undefined && /^https?:/i.test(url)) guard.justify(url, 'caller')
  return guard
}

/** The error of a call on a client that has been closed. */
export function closedError(): InvalidArgumentError {
  return new InvalidArgumentError('the client is closed', {
    step: 'authority',
    hint: 'Create a new client, or close this one later.',
  })
}
