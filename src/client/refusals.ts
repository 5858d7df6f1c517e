import type { webcrypto } from 'node:crypto'
import { type AuthError, DeniedError, SoapFaultError, ThrottledError, TokenEndpointError } from '../errors.ts'
import { type EpochSeconds, formatInstant, toDate } from '../protocol/time.ts'
import { LruCache } from './lru.ts'

interface Refusal {
  readonly until: EpochSeconds
  readonly error: AuthError
}

/** Directories lock an account after a few bad attempts within half an hour or so: a loop gets two. */
const restSeconds = 900

/**
 * The user names and passwords that a server refused a moment ago, as keyed hashes in this process's memory: to send one of
 * them again could only bring the account nearer to its lock.
 */
export class RefusalMemory {
  readonly #refusals = new LruCache<Refusal>(1_000, restSeconds)
  readonly #accepted = new LruCache<true>(1_000, restSeconds)
  readonly #judged = new Map<string, Promise<void>>()
  #key: Promise<webcrypto.CryptoKey> | undefined

  /** Settles when the word on this credential is there; `undefined` if nobody waits for one, or none is needed. */
  judgement(fingerprint: string, at: EpochSeconds): Promise<void> | undefined {
    return this.#accepted.get(fingerprint, at) === true ? undefined : this.#judged.get(fingerprint)
  }

  /** @param sent The call that brings the word. */
  awaitJudgement(fingerprint: string, sent: Promise<unknown>): void {
    const judged = sent.then(ignore, ignore)
    this.#judged.set(fingerprint, judged)
    judged.then(() => {
      if (this.#judged.get(fingerprint) === judged) this.#judged.delete(fingerprint)
    })
  }

  /** The server took it: calls with it need not wait for each other. */
  accept(fingerprint: string, at: EpochSeconds): void {
    this.#accepted.set(fingerprint, true, at)
  }

  /** What a credential is remembered by: where it goes, for which client, the user's name and the password. */
  async fingerprint(parts: readonly string[]): Promise<string> {
    this.#key ??= crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    const hash = await crypto.subtle.sign('HMAC', await this.#key, new TextEncoder().encode(JSON.stringify(parts)))
    return btoa(String.fromCharCode(...new Uint8Array(hash)))
  }

  /** @throws {@link ThrottledError} `ERR_REFUSED_BEFORE`, with the server's refusal as its cause. */
  check(fingerprint: string, at: EpochSeconds): void {
    const refusal = this.#refusals.get(fingerprint, at)
    // A clock that was set back must not make the rest longer.
    if (refusal === undefined || refusal.until - at > restSeconds) return
    const { error, until } = refusal
    const message = 'the same sign-in was refused a moment ago; it was not sent again'
    throw new ThrottledError('ERR_REFUSED_BEFORE', message, toDate(until), {
      step: error.step,
      hint:
        `Correct what the refusal speaks of, the user name or the password most often: the same are not sent again before ` +
        `${formatInstant(until)}, since repeated attempts lock the account. If they have become right meanwhile, turn this ` +
        'off: rememberRefusals: false.',
      ...(error.whereToLook === undefined ? {} : { whereToLook: error.whereToLook }),
      cause: error,
    })
  }

  note(fingerprint: string, error: AuthError, at: EpochSeconds): void {
    this.#accepted.delete(fingerprint)
    this.#refusals.set(fingerprint, { until: at + restSeconds, error }, at)
  }
}

/** For all clients that send by themselves: a loop may well make a new client in every turn. */
export const processRefusals: RefusalMemory = new RefusalMemory()

/**
 * Whether a server refused the user's credential itself. Not by numbers: `invalid_grant` (RFC 6749 §5.2), `access_denied`
 * of B2C, a bare 400 or 403, or `FailedAuthentication` (WS-Trust 1.3 §11, WS-Security §12).
 */
export function isCredentialRefused(error: unknown): error is DeniedError {
  if (error instanceof SoapFaultError) return (error.faultSubcode ?? error.faultCode) === 'FailedAuthentication'
  if (error instanceof TokenEndpointError) return ['invalid_grant', 'access_denied'].includes(error.error)
  // Without a word, 401 is said of the client (RFC 6749 §5.2).
  return error instanceof DeniedError && !(error instanceof ThrottledError) && error.response?.status !== 401
}

function ignore(): void {}
