import { createHash } from 'node:crypto'
import type { EpochSeconds } from '../protocol/time.ts'

/** `grant_type` of a token request with a device code (RFC 8628 §3.4). */
export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** What a device code was asked for. */
interface Asked {
  readonly clientId: string
  /** As asked for, reserved scopes included. */
  readonly scope: string
  /** Tenant of the request, or nothing where a server has no tenants. */
  readonly place?: string
  readonly resource?: string
}

/** What a server knows of a code when a client asks for tokens with it. */
export type DeviceCodeState =
  | 'unknown'
  | 'foreign'
  | 'pending'
  | 'slow_down'
  | 'expired'
  | 'declined'
  | (Asked & { readonly username: string })

/** The words of RFC 8628 §3.5 for it. */
export const deviceErrors: Readonly<Record<Extract<DeviceCodeState, string>, string>> = {
  unknown: 'invalid_grant',
  foreign: 'invalid_grant',
  pending: 'authorization_pending',
  slow_down: 'slow_down',
  expired: 'expired_token',
  declined: 'access_denied',
}

export interface DeviceCodes {
  issue(request: Asked): {
    readonly deviceCode: string
    readonly userCode: string
    readonly expiresInSeconds: number
    readonly intervalSeconds: number
  }
  /** What it was issued for; a look that counts as no question. */
  find(deviceCode: string): Asked | undefined
  /** Answers a client's question. After `username` the code is used up. */
  ask(deviceCode: string, asked: Pick<Asked, 'clientId' | 'place'>): DeviceCodeState
  /**
   * What the user did in the browser, where the code is compared without case and hyphens.
   *
   * @param username Who signed in; `undefined` for somebody who said no.
   * @returns Whether there is such a code that waits for its user.
   */
  decide(userCode: string, username: string | undefined): boolean
}

interface Code {
  readonly request: Asked
  readonly userCode: string
  readonly expiresAt: EpochSeconds
  intervalSeconds: number
  askedAt: EpochSeconds | undefined
  decision: { readonly username: string } | 'declined' | 'used' | undefined
}

const expiresInSeconds = 900
const intervalSeconds = 5
// RFC 8628 §6.1: no vowels, so no words, and no letters that look like digits.
const letters = 'BCDFGHJKLMNPQRSTVWXZ'

/** Keeps device codes in memory, and by the clock given. */
export function createDeviceCodes(now: () => EpochSeconds, newId: () => string): DeviceCodes {
  const codes = new Map<string, Code>()
  return {
    issue(request) {
      const deviceCode = createHash('sha256').update(`${newId()} ${codes.size}`).digest('base64url')
      const userCode = [...createHash('sha256').update(deviceCode).digest().subarray(0, 9)]
        .map((byte) => letters[byte % letters.length])
        .join('')
      const expiresAt = now() + expiresInSeconds
      codes.set(deviceCode, { request, userCode, expiresAt, intervalSeconds, askedAt: undefined, decision: undefined })
      return { deviceCode, userCode, expiresInSeconds, intervalSeconds }
    },
    find: (deviceCode) => codes.get(deviceCode)?.request,
    ask(deviceCode, { clientId, place }) {
      const code = codes.get(deviceCode)
      if (code === undefined || code.decision === 'used') return 'unknown'
      if (code.request.clientId !== clientId || code.request.place !== place) return 'foreign'
      const at = now()
      if (at >= code.expiresAt) return 'expired'
      const tooSoon = code.askedAt !== undefined && at < code.askedAt + code.intervalSeconds
      code.askedAt = at
      if (tooSoon) {
        // RFC 8628 §3.5: for this and all later questions.
        code.intervalSeconds += 5
        return 'slow_down'
      }
      if (code.decision === undefined) return 'pending'
      if (code.decision === 'declined') return 'declined'
      const { username } = code.decision
      code.decision = 'used'
      return { ...code.request, username }
    },
    decide(userCode, username) {
      const code = [...codes.values()].find((candidate) => candidate.userCode === typed(userCode))
      if (code === undefined || code.decision !== undefined || now() >= code.expiresAt) return false
      code.decision = username === undefined ? 'declined' : { username }
      return true
    },
  }
}

function typed(userCode: string): string {
  return userCode.replace(/[\s-]/g, '').toUpperCase()
}
