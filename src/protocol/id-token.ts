import { decodeJwt } from 'jose/jwt/decode'
import { ProtocolError } from '../errors.ts'
import type { Secret } from './secret.ts'
import type { EpochSeconds } from './time.ts'
import type { Verdict } from './verdict.ts'

/** The claims of an id_token as they came (OpenID Connect Core §2); only these members have been type-checked. */
export interface IdTokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly exp?: number
  readonly iat?: number
  readonly nbf?: number
  readonly oid?: string
  readonly tid?: string
  readonly preferred_username?: string
  readonly upn?: string
  readonly email?: string
  readonly name?: string
  readonly [claim: string]: unknown
}

export interface DecodedIdToken {
  readonly claims: IdTokenClaims
  /** Every check made, passed or not: `id_token.issuer`, `.audience`, `.expiry`, `.not-before`, `.issued-at`, `.tenant`. */
  readonly checks: readonly Verdict[]
}

/** What an id_token is compared with. */
export interface IdTokenExpectations {
  readonly clientId: string
  /** The issuer of the server's metadata; `{tenantid}` stands for the token's own `tid`. */
  readonly issuer: string
  /** Other hosts of the same cloud that may stand in the issuer. */
  readonly issuerAliases?: readonly string[]
  /** The tenant id, when the authority names one. */
  readonly tenantId?: string
}

/** Clock difference that is forgiven, in seconds. */
const clockSkewSeconds = 300

/**
 * Decodes an id_token and checks its claims. The signature is not verified: the token came straight from the token
 * endpoint over TLS (OpenID Connect Core §3.1.3.7, item 6). `verifyIdToken` verifies it.
 *
 * @param at Instant to check the times against, epoch seconds; 5 minutes of skew are forgiven.
 * @returns The claims with every check; a failed check does not throw, the caller decides what it means.
 * @throws {@link ProtocolError} `ERR_MALFORMED_RESPONSE` if it is not a JWT with `iss`, `sub` and `aud`, or over 64 KiB.
 */
export function decodeIdToken(
  idToken: string | Secret,
  expected: IdTokenExpectations,
  at: EpochSeconds,
): DecodedIdToken {
  const claims = decodeClaims(typeof idToken === 'string' ? idToken : idToken.reveal())
  return { claims, checks: checkClaimsOf(claims, expected, at) }
}

function decodeClaims(idToken: string): IdTokenClaims {
  let payload: Record<string, unknown> | undefined
  try {
    // jose's own errors may carry the payload: none of them gets out of here.
    payload = idToken.length <= 65_536 ? decodeJwt(idToken) : undefined
  } catch {
    payload = undefined
  }
  if (payload === undefined) throw malformed('the id_token is not a JWT of at most 64 KiB')
  for (const name of ['iss', 'sub']) {
    if (typeof payload[name] !== 'string' || payload[name] === '') throw malformed(`the id_token has no ${name}`)
  }
  const audiences = Array.isArray(payload['aud']) ? (payload['aud'] as unknown[]) : [payload['aud']]
  if (audiences.length === 0 || !audiences.every((entry) => typeof entry === 'string')) {
    throw malformed('the id_token has no aud')
  }
  for (const name of ['exp', 'iat', 'nbf']) {
    if (payload[name] !== undefined && !Number.isFinite(payload[name])) throw malformed(`${name} is not a number`)
  }
  for (const name of ['oid', 'tid', 'preferred_username', 'upn', 'email', 'name']) {
    if (payload[name] !== undefined && typeof payload[name] !== 'string') throw malformed(`${name} is not a string`)
  }
  return payload as unknown as IdTokenClaims
}

function checkClaimsOf(claims: IdTokenClaims, expected: IdTokenExpectations, at: EpochSeconds): readonly Verdict[] {
  const { exp, nbf, iat, tid, aud } = claims
  const audiences = typeof aud === 'string' ? [aud] : aud
  // Several audiences are fine only if the token says that it was issued to this client (OpenID Connect Core §2, azp).
  const forThisClient =
    audiences.includes(expected.clientId) && (audiences.length === 1 || claims['azp'] === expected.clientId)
  const checks: Verdict[] = [
    verdict('id_token.issuer', issuerMatches(claims, expected), claims.iss),
    verdict('id_token.audience', forThisClient, audiences.join(' ')),
    verdict('id_token.expiry', exp !== undefined && at < exp + clockSkewSeconds, exp),
    verdict('id_token.not-before', nbf === undefined || at >= nbf - clockSkewSeconds, nbf),
    verdict('id_token.issued-at', iat === undefined || at >= iat - clockSkewSeconds, iat),
  ]
  if (expected.tenantId !== undefined) {
    checks.push(verdict('id_token.tenant', tid?.toLowerCase() === expected.tenantId.toLowerCase(), tid))
  }
  return checks
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

function issuerMatches({ iss, tid }: IdTokenClaims, expected: IdTokenExpectations): boolean {
  if (!expected.issuer.includes('{tenantid}')) return iss === expected.issuer
  if (tid === undefined || !guid.test(tid)) return false
  const issuer = expected.issuer.replace('{tenantid}', () => tid)
  if (iss === issuer) return true
  const url = new URL(issuer)
  return (expected.issuerAliases ?? []).some((host) => iss === `https://${host}${url.pathname}`)
}

function verdict(rule: string, ok: boolean, evidence: string | number | undefined): Verdict {
  return evidence === undefined ? { rule, ok } : { rule, ok, evidence: String(evidence).slice(0, 200) }
}

function malformed(message: string): ProtocolError {
  return new ProtocolError('ERR_MALFORMED_RESPONSE', message, {
    step: 'id_token',
    hint: 'The server issues something else than OpenID Connect id_tokens: check the authority.',
  })
}
