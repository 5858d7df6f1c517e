import { decodeJwt } from 'jose/jwt/decode'
import { InvalidArgumentError, ProtocolError } from '../errors.ts'
import type { AuthorityKind } from './authority.ts'
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
  readonly tfp?: string
  readonly acr?: string
  readonly [claim: string]: unknown
}

export interface DecodedIdToken {
  readonly claims: IdTokenClaims
  /**
   * Every check made, passed or not: `id_token.issuer`, `.audience`, `.expiry`, `.not-before`, `.issued-at`, and where
   * it is expected `.tenant` and `.policy`. `verifyIdToken` adds `.key-issuer` where the key names one.
   */
  readonly checks: readonly Verdict[]
}

/** Signature algorithms that an id_token may have (RFC 7518 §3.1, RFC 8037): none of them with a shared key. */
export type IdTokenAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA'

/** What an id_token is compared with. */
export interface IdTokenExpectations {
  readonly clientId: string
  /** What kind of server issues it. Default `entra`. */
  readonly kind?: AuthorityKind
  /** The issuer of the server's metadata; `{tenantid}` stands for the token's own `tid`. */
  readonly issuer: string
  /** Other hosts of the same cloud that may stand in the issuer. */
  readonly issuerAliases?: readonly string[]
  /** Other issuers of the same server, compared exactly: the `access_token_issuer` of AD FS. */
  readonly otherIssuers?: readonly string[]
  /** The tenant id, when the authority names one. */
  readonly tenantId?: string
  /** The B2C policy: in `tfp` or `acr`. Issuer and keys may be shared by all policies of a tenant. */
  readonly policy?: string
  /** Algorithms to accept from a server of kind `oidc`. Default RS256; the other kinds use nothing else. */
  readonly algorithms?: readonly IdTokenAlgorithm[]
}

const algorithms: readonly string[] = ['RS256', 'PS256', 'ES256', 'EdDSA'] satisfies readonly IdTokenAlgorithm[]

/** The algorithms an id_token may be signed with. @throws {@link InvalidArgumentError} for an unknown or shared-key one. */
export function algorithmsOf({ kind = 'entra', algorithms: wanted }: IdTokenExpectations): readonly string[] {
  if (wanted === undefined) return ['RS256']
  if (kind === 'oidc' && wanted.length > 0 && wanted.every((name) => algorithms.includes(name))) return wanted
  throw new InvalidArgumentError('algorithms holds what no id_token of this server may be signed with', {
    step: 'id_token',
    hint: `Leave it out for RS256; a server of kind "oidc" may use ${algorithms.join(', ')}.`,
  })
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
    // Fractions are fine (RFC 7519 §2, NumericDate); beyond this number no Date can hold the instant.
    const value = payload[name]
    if (value !== undefined && !(typeof value === 'number' && Math.abs(value) <= 8_640_000_000_000)) {
      throw malformed(`${name} is not an instant`)
    }
  }
  for (const name of ['oid', 'tid', 'preferred_username', 'upn', 'email', 'name', 'tfp', 'acr']) {
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
  if (expected.policy !== undefined) {
    const policy = claims.tfp ?? claims.acr
    checks.push(verdict('id_token.policy', policy?.toLowerCase() === expected.policy.toLowerCase(), policy))
  }
  return checks
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

function issuerMatches(claims: IdTokenClaims, expected: IdTokenExpectations): boolean {
  return acceptedIssuers(claims, expected).includes(claims.iss)
}

function acceptedIssuers({ tid }: IdTokenClaims, expected: IdTokenExpectations): readonly string[] {
  const { issuer: template, otherIssuers = [] } = expected
  if (!template.includes('{tenantid}')) return [template, ...otherIssuers]
  if (tid === undefined || !guid.test(tid)) return []
  const issuer = template.replace('{tenantid}', () => tid)
  const path = issuer.replace(/^https:\/\/[^/]*/, '')
  return [issuer, ...(expected.issuerAliases ?? []).map((host) => `https://${host}${path}`)]
}

/**
 * Whether a key may sign for this issuer: Entra's key sets say of each key whose tokens it signs, `{tenantid}` being any
 * tenant. A key of personal accounts, say, signs for no organisation.
 *
 * @returns `undefined` when the key does not say.
 */
export function checkKeyIssuer(
  keyIssuer: unknown,
  claims: IdTokenClaims,
  expected: IdTokenExpectations,
): Verdict | undefined {
  if (keyIssuer === undefined) return undefined
  const named = typeof keyIssuer === 'string' ? keyIssuer.replace('{tenantid}', () => claims.tid ?? '') : undefined
  const ok = named !== undefined && acceptedIssuers(claims, expected).includes(named)
  return verdict('id_token.key-issuer', ok, typeof keyIssuer === 'string' ? keyIssuer : undefined)
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
