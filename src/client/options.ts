import type { CredentialStore } from '../cache/store.ts'
import { InvalidArgumentError, type Step } from '../errors.ts'
import type { Transport } from '../protocol/http.ts'
import { Secret } from '../protocol/secret.ts'
import { checkClaims } from '../protocol/token-request.ts'
import type { ClientEvent } from './events.ts'
import type { Runtime } from './runtime.ts'

export interface ClientOptions {
  /** Application (client) id. There is no default: use a registration of your own. */
  readonly clientId: string
  /** `https://{host}/{tenant id, verified domain or "organizations"}`. Default: `organizations` of the worldwide cloud. */
  readonly authority?: string
  /** PEM certificates to trust beside the well-known ones, e.g. a company's CA. */
  readonly ca?: string | readonly string[]
  /** A proxy's URL, or `'env'` for `HTTPS_PROXY` and `NO_PROXY`. Default: no proxy. */
  readonly proxy?: string | URL
  /** Sends every request in place of the built-in transport; not together with `ca` or `proxy`. */
  readonly transport?: Transport
  /** Where tokens are kept. Default: in this process's memory. The client does not close a store it was given. */
  readonly store?: CredentialStore
  /** Told what happens, call by call. What it throws is ignored. */
  readonly onEvent?: (event: ClientEvent) => void
  /** Whether to ask for refresh tokens (`offline_access`). Default true. */
  readonly offlineAccess?: boolean
  /** Clock, ids and timers, for tests and replays. */
  readonly runtime?: Partial<Runtime>
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call with an `AbortError`; another caller waiting for the same answer is not affected. */
  readonly signal?: AbortSignal
  /** Limit for the whole call, in milliseconds, the time in a password callback not counted. Default 90,000. */
  readonly timeoutMs?: number
  /** Tenant (id or verified domain) in place of the authority's. */
  readonly tenantId?: string
  /** Sent as `client-request-id` on every request of the call. Default: a new UUID. */
  readonly correlationId?: string
  /** A claims request or challenge, as the text of a JSON object; goes to the token endpoint, where a call asks one. */
  readonly claims?: string
}

const clientOptionNames = new Set<keyof ClientOptions>([
  'clientId',
  'authority',
  'ca',
  'proxy',
  'transport',
  'store',
  'onEvent',
  'offlineAccess',
  'runtime',
])

const callOptionNames = ['signal', 'timeoutMs', 'tenantId', 'correlationId', 'claims'] as const

/** @throws {@link InvalidArgumentError} for an unknown option, a wrong type, or options that exclude each other. */
export function checkClientOptions(options: ClientOptions): void {
  checkNames(options, clientOptionNames, 'createRopcClient')
  if (typeof options.clientId !== 'string' || !/^[\x21-\x7e]{1,256}$/.test(options.clientId)) {
    throw invalid('clientId is not an application id', 'Pass the "Application (client) ID" of your app registration.')
  }
  const { transport, ca, proxy, onEvent, store, offlineAccess, runtime } = options
  if (transport !== undefined && (ca !== undefined || proxy !== undefined)) {
    throw invalid('transport excludes ca and proxy', 'Configure the CA and the proxy in the transport itself.')
  }
  checkType('transport', transport, 'function')
  checkType('onEvent', onEvent, 'function')
  checkType('store', store, 'object')
  checkType('runtime', runtime, 'object')
  checkType('offlineAccess', offlineAccess, 'boolean')
  if (runtime !== undefined) {
    checkNames(runtime, new Set(['now', 'newId', 'wait']), 'runtime')
    for (const [name, value] of Object.entries(runtime)) checkType(`runtime.${name}`, value, 'function')
  }
  checkConnection(ca, proxy)
}

/** @throws {@link InvalidArgumentError} for an unknown member, or a call option of the wrong type or range. */
export function checkCallOptions(options: CallOptions, ownNames: readonly string[], operation: string): void {
  checkNames(options, new Set([...callOptionNames, ...ownNames]), operation)
  const { signal, timeoutMs, correlationId, claims } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid('signal is not an AbortSignal', 'Pass controller.signal or AbortSignal.timeout(ms).')
  }
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0 && timeoutMs <= 2_147_483_647)) {
    throw invalid('timeoutMs is not a positive number of milliseconds', 'Leave it out for the default of 90,000.')
  }
  if (
    correlationId !== undefined &&
    !(typeof correlationId === 'string' && /^[\x21-\x7e]{1,128}$/.test(correlationId))
  ) {
    throw invalid('correlationId is not a printable ASCII word', 'Pass a UUID, or leave it out.')
  }
  if (claims !== undefined) checkClaims(claims)
}

/**
 * Checks a password and wraps it. It is not trimmed or changed.
 *
 * @throws {@link InvalidArgumentError} if it is empty or blank, longer than 1024 characters, or holds a character that
 *   cannot be typed: a control character (the line end of a file, most often) or half of a surrogate pair.
 */
export function checkPassword(password: unknown): Secret {
  if (typeof password !== 'string' && !Secret.is(password)) {
    throw invalid('the password is not a string or Secret', 'Pass the password itself.', 'token')
  }
  const secret = Secret.from(password)
  const text = secret.reveal()
  if (typeof text !== 'string' || text.trim() === '') {
    throw invalid('the password is empty or blank', 'Check the variable or file it is read from.', 'token')
  }
  if (text.length > 1_024) {
    throw invalid('the password is longer than 1024 characters', 'Check what was passed.', 'token')
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text) || !text.isWellFormed()) {
    throw invalid(
      'the password holds a control character or half of a surrogate pair',
      'Check how it was read: as UTF-8 text, without the line end of a file and without terminal escapes.',
      'token',
    )
  }
  return secret
}

// The transport would find these at its first request, when a user is already waiting.
function checkConnection(ca: unknown, proxy: unknown): void {
  const certificates = ca === undefined ? [] : Array.isArray(ca) ? (ca as unknown[]) : [ca]
  if (!certificates.every((pem) => typeof pem === 'string' && pem.includes('-----BEGIN CERTIFICATE-----'))) {
    throw invalid('ca is not a PEM certificate', 'Pass the text of the file, not its path.')
  }
  const url = proxy === undefined || proxy === 'env' ? undefined : String(proxy)
  if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) {
    throw invalid('proxy is neither an http or https URL nor "env"', 'SOCKS proxies are not supported.')
  }
}

export function checkNames(options: object, names: ReadonlySet<string>, where: string): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`${where} takes an object`, 'Pass its arguments as members of one object.')
  }
  const unknown = Object.keys(options).find((name) => !names.has(name))
  if (unknown === undefined) return
  throw invalid(`${where} has no option "${unknown.slice(0, 50)}"`, `It takes: ${[...names].join(', ')}.`)
}

function checkType(name: string, value: unknown, type: 'function' | 'object' | 'boolean'): void {
  if (value === undefined || (typeof value === type && value !== null)) return
  throw invalid(`${name} is not a ${type}`, 'Leave it out for the default.')
}

function invalid(message: string, hint: string, step: Step = 'authority'): InvalidArgumentError {
  return new InvalidArgumentError(message, { step, hint })
}
