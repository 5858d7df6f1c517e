import { type AuthError, ThrottledError } from '../errors.ts'
import type { HttpResponse } from '../protocol/http.ts'
import { retryAfterSeconds } from '../protocol/retry-after.ts'
import { canonicalScopes } from '../protocol/scopes.ts'
import { type EpochSeconds, formatInstant, toDate } from '../protocol/time.ts'
import type { Call } from './call.ts'
import { LruCache } from './lru.ts'

/** Until when a token endpoint does not want to be asked by whom for what. */
export type Throttling = LruCache<EpochSeconds>

const longestSeconds = 3_600
/** When a server says "too many requests" and not when to come back. */
const usualSeconds = 60

export function createThrottling(): Throttling {
  return new LruCache(10_000, longestSeconds)
}

/** Names who asks for what; others are not held up. @param user Sign-in name or home account id. */
export function throttleKey(call: Call, tokenEndpoint: string, user: string, scopes: readonly string[]): string {
  return JSON.stringify([tokenEndpoint, call.clientId, user.toLowerCase(), canonicalScopes(scopes)])
}

/** @throws {@link ThrottledError} `ERR_THROTTLED` while the server does not want to be asked. Nothing is sent. */
export function checkThrottled(throttling: Throttling, key: string, call: Call): void {
  const until = throttling.get(key, call.now())
  const left = (until ?? 0) - call.now()
  // More than a server may ask for means a clock set back.
  if (until === undefined || left <= 0 || left > longestSeconds) return
  throw throttled(until, 'the token endpoint asked a moment ago to wait; nothing was sent')
}

/**
 * Remembers what the server said, if it said to wait: status 429, or 503 with `Retry-After`.
 *
 * @param refusal What the answer means otherwise.
 * @returns The error to throw: `ERR_THROTTLED`, or `refusal`.
 */
export function noteThrottled(
  throttling: Throttling,
  key: string,
  call: Call,
  response: HttpResponse,
  refusal: AuthError,
): AuthError {
  const asked = retryAfterSeconds(response, call.now())
  if (response.status !== 429 && !(response.status === 503 && asked !== undefined)) return refusal
  const until = call.now() + Math.min(asked ?? usualSeconds, longestSeconds)
  throttling.set(key, until, call.now())
  return throttled(until, `the token endpoint answered with HTTP status ${response.status}: too many requests`, refusal)
}

function throttled(until: EpochSeconds, message: string, refusal?: AuthError): ThrottledError {
  return new ThrottledError('ERR_THROTTLED', message, toDate(until), {
    step: 'token',
    hint: `Wait until ${formatInstant(until)}. Calls for this user, client and scopes are not sent before; keep tokens and use acquireTokenSilent.`,
    ...(refusal === undefined ? {} : { cause: refusal }),
    ...(refusal?.response === undefined ? {} : { response: refusal.response }),
    ...(refusal?.whereToLook === undefined ? {} : { whereToLook: refusal.whereToLook }),
  })
}
