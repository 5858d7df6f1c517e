import { type AuthError, InvalidArgumentError, isAuthError } from '../errors.ts'
import { type Authority, withTenant } from '../protocol/authority.ts'
import type { Transport } from '../protocol/http.ts'
import { formatInstant } from '../protocol/time.ts'
import { Deadline } from './deadline.ts'
import { eventChannel, isFirstAdvice, warnProcess } from './event-channel.ts'
import type { ClientEvent, ClientEventBody, Facts, WarningCode } from './events.ts'
import { createGuard, type Guard } from './guard.ts'
import { attachMessage, type Message } from './messages.ts'
import type { CallOptions, ClientOptions } from './options.ts'
import type { RefusalMemory } from './refusals.ts'
import type { Runtime } from './runtime.ts'
import type { Throttling } from './throttling.ts'

/** What one call of the client carries through all its steps. */
export class Call implements Runtime {
  readonly clientId: string
  readonly authority: Authority
  /** The client's options that a call follows: overrides, client authentication, extras. */
  readonly options: ClientOptions
  readonly offlineAccess: boolean
  readonly claims: string | undefined
  /** Whether the caller may end the call before its time. */
  readonly abortable: boolean
  readonly now: Runtime['now']
  readonly newId: Runtime['newId']
  readonly wait: Runtime['wait']
  readonly #shared: Shared
  readonly #signal: AbortSignal | undefined

  constructor(shared: Shared, authority: Authority, signal?: AbortSignal) {
    const { defaults, request } = shared
    this.clientId = defaults.clientId
    this.authority = authority
    this.options = defaults.options
    this.offlineAccess = defaults.offlineAccess
    this.claims = request.claims
    this.abortable = request.signal !== undefined
    this.now = shared.own.now
    this.newId = shared.own.newId
    this.wait = defaults.runtime.wait
    this.#shared = shared
    this.#signal = signal
  }

  /** The same call, at the authority that was found out, or under another signal. */
  with({ authority = this.authority, signal = this.#signal }: { authority?: Authority; signal?: AbortSignal }): Call {
    return new Call(this.#shared, authority, signal)
  }

  /** Sent as `client-request-id`. Drawn when it is first asked for: a fresh UUID costs as much as a look into the cache. */
  get correlationId(): string {
    this.#shared.correlationId ??= this.newId()
    return this.#shared.correlationId
  }

  /** The names of the options that made this call take another way than it would have. */
  get overrides(): Set<string> {
    return this.#shared.overrides
  }

  /** Aborts at the caller's word or at the call's time limit. */
  get signal(): AbortSignal {
    return this.#signal ?? this.deadline.signal
  }

  /** Whether {@link signal} may abort within so many milliseconds. */
  mayEnd(withinMs: number): boolean {
    const { deadline, request } = this.#shared
    return (
      deadline !== undefined ||
      this.#signal !== undefined ||
      this.abortable ||
      (request.timeoutMs ?? 90_000) <= withinMs
    )
  }

  get deadline(): Deadline {
    const { request } = this.#shared
    // Not AbortSignal.timeout and .any: their timers and listeners stay behind until the time is up, call after call.
    this.#shared.deadline ??= new Deadline(request.timeoutMs ?? 90_000, request.signal)
    return this.#shared.deadline
  }

  get guard(): Guard {
    const { defaults, authority, number } = this.#shared
    const send: Transport = (request, options) => defaults.send(request, { ...options, call: number })
    this.#shared.guard ??= createCallGuard(send, defaults.options, authority)
    return this.#shared.guard
  }

  /** Whether anybody listens: what only events need is made only then. */
  get isHeard(): boolean {
    return isHeard(this.#shared.defaults)
  }

  emit(body: ClientEventBody, message?: Message): void {
    const { callId, defaults } = this.#shared
    if (!isHeard(defaults)) return
    const event = { at: performance.now(), callId, ...body }
    if (message !== undefined) attachMessage(event, message)
    try {
      eventChannel?.publish(event)
      const returned: unknown = defaults.onEvent?.(event)
      if (returned instanceof Promise) returned.catch(() => undefined)
    } catch {
      // A listener's fault must not cost the caller a token.
    }
  }

  /** Tells a warning to who listens, or else to the process, once. */
  warn(code: WarningCode, message: string): void {
    const { defaults } = this.#shared
    if (defaults.suppressed.has(code)) return
    if (isHeard(defaults)) this.emit({ type: 'warning', code, message })
    else warnProcess(code, message)
  }

  /** A warning that is no news the second time: told once in this process. */
  advise(code: WarningCode, message: string): void {
    if (!this.#shared.defaults.suppressed.has(code) && isFirstAdvice(code)) this.warn(code, message)
  }

  get throttling(): Throttling {
    return this.#shared.defaults.throttling
  }

  /** Absent if the caller wants none. */
  get refusals(): RefusalMemory | undefined {
    return this.#shared.defaults.refusals
  }

  /** How many requests the call has made. */
  get hops(): number {
    return this.#shared.hops
  }

  /** The next hop number. */
  nextHop(): number {
    return ++this.#shared.hops
  }
}

/**
 * What all forms of one call have in common. A hit in the cache takes a few microseconds: what only a request needs
 * (timer, guard) is made when it is asked for.
 */
interface Shared {
  readonly defaults: CallDefaults
  readonly request: CallOptions
  /** As the caller named it. */
  readonly authority: Authority
  correlationId: string | undefined
  /** Which call of its client it is. */
  readonly number: number
  /** Its clock and ids. */
  readonly own: Pick<Runtime, 'now' | 'newId'>
  readonly callId: string
  readonly overrides: Set<string>
  hops: number
  deadline: Deadline | undefined
  guard: Guard | undefined
}

/** Whether anybody listens to this client's events: few do, and a hit in the cache is too quick for what they cost. */
function isHeard({ onEvent }: CallDefaults): boolean {
  return onEvent !== undefined || eventChannel?.hasSubscribers === true
}

/** What a client gives each of its calls. */
export interface CallDefaults {
  readonly clientId: string
  readonly authority: Authority
  readonly options: ClientOptions
  readonly offlineAccess: boolean
  readonly send: Transport
  readonly runtime: Runtime
  /** Counts the calls. */
  readonly nextCall: () => number
  readonly throttling: Throttling
  readonly refusals?: RefusalMemory
  /** Codes of warnings that are not told. */
  readonly suppressed: ReadonlySet<string>
  readonly onEvent?: (event: ClientEvent) => void
}

/**
 * Runs one call: draws its id, starts its clock, and tells its beginning and end, however it ends.
 *
 * @param check Throws if there is nothing to begin; then nothing is told either.
 */
export async function runCall<T>(
  defaults: CallDefaults,
  options: CallOptions,
  operation: string,
  run: (call: Call) => T | Promise<T>,
  check: () => void,
): Promise<T> {
  check()
  const startedAt = isHeard(defaults) ? performance.now() : 0
  const shared = beginCall(defaults, options)
  const call = new Call(shared, shared.authority)
  if (isHeard(defaults)) call.emit(runStart(call, defaults.runtime.now(), operation, options))
  let ok = false
  try {
    const result = await run(call)
    ok = true
    return result
  } catch (error) {
    if (isAuthError(error)) call.emit(errorEvent(error))
    throw error
  } finally {
    shared.deadline?.end()
    if (startedAt !== 0) call.emit({ type: 'run.end', ok, durationMs: performance.now() - startedAt })
  }
}

function runStart(call: Call, at: number, operation: string, options: CallOptions): ClientEventBody {
  const { authority, clientId, correlationId } = call
  const { username, scopes } = options as { username?: unknown; scopes?: unknown }
  return {
    type: 'run.start',
    operation,
    correlationId,
    startedAt: formatInstant(at),
    clientId,
    authority: { kind: authority.kind, url: authority.url, tenant: authority.tenant },
    ...(typeof username === 'string' ? { username } : {}),
    ...(Array.isArray(scopes) ? { scopes: scopes.map(String) } : {}),
  }
}

/** The members of an error that hold what a server said, and no more. */
const saidByServer = [
  'reason',
  'error',
  'suberror',
  'errorCodes',
  'serverCode',
  'faultCode',
  'faultSubcode',
  'idCode',
  'consentUrl',
] as const

/** An error as an event: what the server said of it, and no more. */
export function errorEvent(error: AuthError): ClientEventBody {
  const { name, code, step, message, hint, whereToLook, waysOut, response = {} } = error
  const members = error as unknown as Readonly<Record<string, Facts[string] | readonly number[] | undefined>>
  const said = saidByServer.flatMap((member) => {
    const value = members[member]
    return value === undefined ? [] : [[member, Array.isArray(value) ? value.map(String) : value]]
  })
  return {
    type: 'error',
    name,
    code,
    step,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(whereToLook === undefined ? {} : { whereToLook }),
    ...(waysOut === undefined ? {} : { waysOut }),
    facts: { ...Object.fromEntries(said), ...response },
  }
}

function beginCall(defaults: CallDefaults, request: CallOptions): Shared {
  const { runtime } = defaults
  const { tenantId } = request
  const number = defaults.nextCall()
  return {
    defaults,
    request,
    authority: tenantId === undefined ? defaults.authority : withTenant(defaults.authority, tenantId),
    correlationId: request.correlationId,
    number,
    own: runtime.forCall?.(number) ?? runtime,
    // Not of the call's own: who listens must not change what is sent.
    callId: isHeard(defaults) ? runtime.newId() : '',
    overrides: new Set(tenantId === undefined ? [] : ['tenantId']),
    hops: 0,
    deadline: undefined,
    guard: undefined,
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
