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
  /** Whether the caller may end the call before its time. */
  readonly abortable: boolean
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
  run: (call: Call) => T | Promise<T>,
): Promise<T> {
  const startedAt = defaults.onEvent === undefined ? 0 : performance.now()
  const { call, end } = createCall(defaults, options)
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
    end()
    call.emit({ type: 'run.end', ok, durationMs: performance.now() - startedAt })
  }
}

// A hit in the cache takes a few microseconds: what only a request needs (timer, guard) is made when it is asked for.
function createCall(
  { onEvent, runtime, send, ...defaults }: CallDefaults,
  options: CallOptions,
): { readonly call: Call; end(): void } {
  const { tenantId, claims } = options
  const authority = tenantId === undefined ? defaults.authority : withTenant(defaults.authority, tenantId)
  const correlationId = options.correlationId ?? runtime.newId()
  let hops = 0
  let deadline: Deadline | undefined
  let guard: Guard | undefined
  // Not AbortSignal.timeout and .any: their timers and listeners stay behind until the time is up, call after call.
  const openDeadline = (): Deadline => {
    deadline ??= new Deadline(options.timeoutMs ?? 90_000, options.signal)
    return deadline
  }
  const emit = onEvent === undefined ? ignoreEvent : emitter(onEvent, runtime.newId())
  const call: Call = {
    now: runtime.now,
    newId: runtime.newId,
    wait: runtime.wait,
    clientId: defaults.clientId,
    options: defaults.options,
    overrides: new Set(tenantId === undefined ? [] : ['tenantId']),
    offlineAccess: defaults.offlineAccess,
    authority,
    correlationId,
    ...(claims === undefined ? {} : { claims }),
    abortable: options.signal !== undefined,
    get signal() {
      return openDeadline().signal
    },
    get deadline() {
      return openDeadline()
    },
    get guard() {
      guard ??= createCallGuard(send, defaults.options, authority)
      return guard
    },
    emit,
    warn: (code, message) => emit({ type: 'warning', code, message }),
    nextHop: () => ++hops,
  }
  return { call, end: () => deadline?.end() }
}

function ignoreEvent(): void {}

function emitter(onEvent: (event: ClientEvent) => void, callId: string): (event: ClientEventBody) => void {
  return (event) => {
    try {
      const returned: unknown = onEvent({ at: performance.now(), callId, ...event })
      if (returned instanceof Promise) returned.catch(() => undefined)
    } catch {
      // A listener's fault must not cost the caller a token.
    }
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
