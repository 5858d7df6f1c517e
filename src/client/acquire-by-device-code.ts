import type { CredentialStore } from '../cache/store.ts'
import { TransportError, UnsupportedError } from '../errors.ts'
import {
  buildDeviceAuthorizationRequest,
  buildDeviceTokenRequest,
  type DeviceAuthorization,
  type DeviceTokenOutcome,
  deviceCodeExpired,
  parseDeviceAuthorizationResponse,
  parseDeviceTokenResponse,
} from '../protocol/device-code.ts'
import { retryAfterSeconds } from '../protocol/retry-after.ts'
import { type EpochSeconds, toDate } from '../protocol/time.ts'
import type { TokenResponse } from '../protocol/token-response.ts'
import { abortFailure } from '../transport/failure.ts'
import { type Call, closedError } from './call.ts'
import { Deadline } from './deadline.ts'
import { type DiscoveryCache, resolveServer } from './discovery.ts'
import { emitParse, exchange } from './exchange.ts'
import { describeTokens, emitGrant, keepTokens, type SignIn, tokenRequestParts } from './redeem.ts'
import type { TokenResult } from './token-result.ts'

/** What the user has to be told. */
export interface UserCodeNotice {
  /** What to enter. */
  readonly userCode: string
  /** Where to enter it. */
  readonly verificationUri: string
  /** The same with the code in it, where the server offers that: good for a QR code. */
  readonly verificationUriComplete?: string
  /** A sentence with both, the server's where it has one; made safe for a terminal. */
  readonly message: string
  /** Until when the code is good. */
  readonly expiresOn: Date
  /** Aborted when the call is over, however it ends: take the notice away. */
  readonly signal: AbortSignal
}

/** Tells the user where to sign in. The server is asked meanwhile; what is thrown here ends the call. */
export type UserCodeCallback = (notice: UserCodeNotice) => void | Promise<void>

export interface DeviceGrantRequest {
  readonly scopes: readonly string[]
  readonly resource?: string
  /** Who must sign in. */
  readonly username?: string
  readonly onUserCode: UserCodeCallback
  /** Aborted when the client is closed. */
  readonly closed: AbortSignal
}

/**
 * The line of a sign-in in a browser: authority, device, token (until the user is done), id_token, account, cache.
 *
 * @see RFC 8628
 * @see {@link https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code Entra: device authorization grant}
 */
export async function acquireByDeviceCode(
  asked: Call,
  discovery: DiscoveryCache,
  store: CredentialStore,
  { scopes, resource, username, onUserCode, closed }: DeviceGrantRequest,
): Promise<TokenResult> {
  if (asked.authority.kind === 'b2c') throw notOffered('Azure AD B2C has no device authorization grant')
  const { call, metadata } = await resolveServer(asked, discovery)
  const signIn: SignIn = {
    metadata,
    scopes,
    ...(resource === undefined ? {} : { resource }),
    ...(username === undefined ? {} : { expectedUsername: username }),
  }
  const code = await requestCode(call, signIn)
  // The user may take as long as the code is good, whatever the limit of the call.
  call.deadline.pause()
  const { tokens, at } = await untilStopped(call, closed, (signal) => {
    const told = (async () => onUserCode(noticeOf(code, signal)))()
    return Promise.race([told.then(forEver), pollForTokens(call.with({ signal }), signIn, code)])
  })
  call.deadline.resume()
  const path = { type: 'device_code', fallbacks: [], overrides: [...call.overrides] } as const
  return keepTokens(call, store, tokens, at, signIn, { source: 'device_code', path })
}

interface Code extends DeviceAuthorization {
  readonly expiresOn: EpochSeconds
}

async function requestCode(call: Call, signIn: SignIn): Promise<Code> {
  const metadata = { device_authorization_endpoint: endpointOf(call, signIn) }
  const parts = await tokenRequestParts(call, signIn)
  const request = buildDeviceAuthorizationRequest({ ...parts, metadata }, call.correlationId)
  const at = call.now()
  const code = await exchange(call, request, (response) => parseDeviceAuthorizationResponse(response, call.authority))
  return { ...code, expiresOn: at + code.expiresInSeconds }
}

// Metadata of AD FS older than 2019 does not name it.
function endpointOf({ authority }: Call, { metadata }: SignIn): string {
  const published = metadata.device_authorization_endpoint
  if (published !== undefined) return published
  if (authority.kind === 'adfs') return `${authority.url}/oauth2/devicecode`
  throw notOffered('the server names no device authorization endpoint on its own host')
}

function notOffered(message: string): UnsupportedError {
  return new UnsupportedError('ERR_UNSUPPORTED_AUTHORITY', message, {
    step: 'device',
    hint: 'Entra tenants and AD FS 2019 have this grant, and OpenID providers whose metadata has device_authorization_endpoint; with tokenEndpoint given by hand no metadata is read.',
    waysOut: ['interactive'],
  })
}

function noticeOf(code: Code, signal: AbortSignal): UserCodeNotice {
  const { userCode, verificationUri, verificationUriComplete, message, expiresOn } = code
  return {
    userCode,
    verificationUri,
    ...(verificationUriComplete === undefined ? {} : { verificationUriComplete }),
    message,
    expiresOn: toDate(expiresOn),
    signal,
  }
}

/** Asks until the user is done, no more often than the server allows (RFC 8628 §3.5). */
async function pollForTokens(
  call: Call,
  signIn: SignIn,
  code: Code,
): Promise<{ readonly tokens: TokenResponse; readonly at: EpochSeconds }> {
  let { intervalSeconds } = code
  let pauseSeconds = intervalSeconds
  let waitedSeconds = 0
  let isAsked = false
  let isAnswered = true
  for (;;) {
    // The last question comes just before the end: the user may have been done in the last seconds.
    const left = code.expiresOn - 1 - call.now()
    if (isAsked && left <= 0) throw deviceCodeExpired({ isAnswered })
    const seconds = Math.max(Math.min(pauseSeconds, left), 0)
    await call.wait(seconds * 1_000, call.signal)
    // A wait of the caller's own may not look at its signal.
    if (call.signal.aborted) throw abortFailure('device', call.signal.reason)
    waitedSeconds += seconds
    const at = call.now()
    // By the waits too: a clock that is set back must not make the call endless.
    if (waitedSeconds >= code.expiresInSeconds || at >= code.expiresOn) throw deviceCodeExpired({ isAnswered })
    if (!isAsked) emitGrant(call, { type: 'device_code', deviceCode: code.deviceCode })
    const answer = await askForTokens(call, signIn, code)
    isAsked = true
    if (answer.type === 'tokens') {
      emitParse(call, 'token', () => describeTokens(answer.tokens))
      return { tokens: answer.tokens, at }
    }
    isAnswered = answer.type !== 'unavailable'
    if (answer.type === 'slow_down') intervalSeconds += 5
    if (!isAnswered) {
      pauseSeconds = Math.max(Math.min(pauseSeconds * 2, 60), intervalSeconds, answer.retryAfterSeconds)
      call.emit({ type: 'retry', step: 'token', reason: 'no answer to the device code', waitMs: pauseSeconds * 1_000 })
    } else {
      pauseSeconds = intervalSeconds
    }
  }
}

type Answer = DeviceTokenOutcome & { readonly retryAfterSeconds: number }

/** Asks once. A connection that fails is no word about the code. */
async function askForTokens(call: Call, signIn: SignIn, { deviceCode }: Code): Promise<Answer> {
  const parts = await tokenRequestParts(call, signIn)
  const request = buildDeviceTokenRequest({ ...parts, deviceCode }, call.correlationId)
  // The call's own time limit stands still.
  const limit = new Deadline(30_000, call.signal)
  try {
    return await exchange(call.with({ signal: limit.signal }), request, (response) => ({
      ...parseDeviceTokenResponse(response, signIn.scopes),
      retryAfterSeconds: retryAfterSeconds(response, call.now()) ?? 0,
    }))
  } catch (error) {
    const lost = ['ERR_TRANSPORT_UNREACHABLE', 'ERR_TRANSPORT_TIMEOUT']
    if (!(error instanceof TransportError && lost.includes(error.code))) throw error
    return { type: 'unavailable', retryAfterSeconds: 0 }
  } finally {
    limit.end()
  }
}

/** Runs until it is done, the call is aborted or the client is closed; then, in any case, its signal aborts. */
async function untilStopped<T>(call: Call, closed: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController()
  const signals = [call.signal, closed]
  const end = (): Error => (closed.aborted ? closedError() : abortFailure('device', call.signal.reason))
  if (signals.some(({ aborted }) => aborted)) throw end()
  const stopped = new Promise<never>((_, reject) => {
    for (const signal of signals) signal.addEventListener('abort', () => reject(end()), { signal: over.signal })
  })
  try {
    return await Promise.race([stopped, run(over.signal)])
  } finally {
    over.abort()
  }
}

function forEver(): Promise<never> {
  return new Promise(() => {})
}
