import { isAuthError, ProtocolError } from '../errors.ts'
import { isTenantGuid } from '../protocol/authority.ts'
import {
  type DecodedIdToken,
  decodeIdToken,
  type IdTokenClaims,
  type IdTokenExpectations,
} from '../protocol/id-token.ts'
import type { JsonWebKeySet } from '../protocol/jwks.ts'
import type { ServerMetadata } from '../protocol/server-metadata.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { Verdict } from '../protocol/verdict.ts'
import { abortFailure } from '../transport/failure.ts'
import type { Call } from './call.ts'
import { type DiscoveryCache, resolveServer } from './discovery.ts'
import { type Description, exchange } from './exchange.ts'
import { SharedFlights } from './shared-flight.ts'

interface KeptKeySet {
  readonly keys: JsonWebKeySet
  readonly fetchedAt: EpochSeconds
}

/** Servers' signing keys: one request for everybody who waits, and a new one when a token names a key not among them. */
export interface KeySets {
  readonly flights: SharedFlights<KeptKeySet>
  readonly kept: Map<string, KeptKeySet>
}

export function createKeySets(): KeySets {
  return { flights: new SharedFlights(), kept: new Map() }
}

// Keys are looked up again after a day, and after a token that does not verify, but then not more than once a minute: a
// stream of forged tokens must not become a stream of requests.
const keepSeconds = 86_400
const pauseSeconds = 60

/** Verifies an id_token with the keys of the call's authority. */
export async function verifyWithServerKeys(
  asked: Call,
  discovery: DiscoveryCache,
  keySets: KeySets,
  idToken: string,
): Promise<DecodedIdToken> {
  const { call, metadata } = await resolveServer(asked, discovery)
  const { verifyIdToken } = await import('../protocol/jwks.ts')
  const expected = idTokenExpectations(call, metadata)
  const keySet = await findKeySet(call, metadata, keySets, keepSeconds)
  const at = call.now()
  const verify = ({ keys }: KeptKeySet): Promise<DecodedIdToken> => verifyIdToken(idToken, keys, expected, at)
  const verifyWithNewer = async (error: unknown): Promise<DecodedIdToken> => {
    if (!isAuthError(error) || error.code !== 'ERR_SIGNATURE_INVALID') throw error
    const newer = await findKeySet(call, metadata, keySets, pauseSeconds)
    if (newer === keySet) throw error
    return verify(newer)
  }
  try {
    const decoded = await verify(keySet).catch(verifyWithNewer)
    emitVerification(call, decoded.checks, true)
    return decoded
  } catch (error) {
    tellRefusal(call, error, () => decodeIdToken(idToken, expected, at).checks)
    throw error
  }
}

/** Tells what a token that is refused fails, and what it does not; one that cannot be read is not told of. */
function tellRefusal(call: Call, error: unknown, checksOf: () => readonly Verdict[]): void {
  if (!call.isHeard || !isAuthError(error)) return
  if (error.code === 'ERR_SIGNATURE_INVALID') emitVerification(call, checksOf(), false)
  if (error.code !== 'ERR_ID_TOKEN_REFUSED') return
  // The key is checked too, and of a token to verify more is wanted than of one that came over TLS.
  const { failed } = error.cause as { readonly failed: readonly Verdict[] }
  const refused = new Set(failed.map(({ rule }) => rule))
  emitVerification(call, [...checksOf().filter(({ rule }) => !refused.has(rule)), ...failed], true)
}

function emitVerification(call: Call, ofClaims: readonly Verdict[], signature: boolean): void {
  const checks = [{ rule: 'id_token.signature', ok: signature }, ...ofClaims]
  const candidates = checks.map((check) => ({ ...check, label: check.rule.replace(/^id_token\./, '') }))
  const chosen = checks.every(({ ok }) => ok) ? 'accepted' : 'refused'
  call.emit({ type: 'decision', step: 'id_token', question: 'verification', chosen, candidates })
}

/** What an id_token says, and what was checked of it. */
export function describeIdToken(claims: IdTokenClaims, checks: readonly Verdict[]): Description {
  const { iss, aud, sub, oid, tid, preferred_username, upn, exp, iat } = claims
  return { what: 'id_token', facts: { iss, aud, sub, oid, tid, preferred_username, upn, exp, iat }, checks }
}

// Those that a key set can verify; a server that names none of them is taken to mean RS256, which every one must have.
const idTokenAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const

/** What an id_token of the call's authority must say. */
export function idTokenExpectations({ authority, clientId }: Call, metadata: ServerMetadata): IdTokenExpectations {
  const { issuer, id_token_signing_alg_values_supported: offered = [] } = metadata
  const algorithms = idTokenAlgorithms.filter((algorithm) => offered.includes(algorithm))
  return {
    clientId,
    kind: authority.kind,
    issuer,
    ...(authority.kind === 'b2c' ? { policy: authority.tenant } : {}),
    ...(authority.kind === 'oidc' && algorithms.length > 0 ? { algorithms } : {}),
    issuerAliases: authority.aliases,
    ...(isTenantGuid(authority.tenant) ? { tenantId: authority.tenant } : {}),
  }
}

async function findKeySet(
  call: Call,
  metadata: ServerMetadata,
  { flights, kept }: KeySets,
  maxAgeSeconds: number,
): Promise<KeptKeySet> {
  const { jwks_uri: url } = metadata
  if (url === undefined) {
    throw new ProtocolError('ERR_MISSING_FIELD', 'the server names no key set (jwks_uri)', {
      step: 'id_token',
      hint: 'Name it with the option jwksUri, or decode without verifying: decodeIdToken.',
    })
  }
  const known = kept.get(url)
  if (known !== undefined && call.now() - known.fetchedAt < maxAgeSeconds) return known
  const { buildJwksRequest, parseJwks } = await import('../protocol/jwks.ts')
  try {
    return await flights.run(url, call.signal, async (signal) => {
      const keys = await exchange(call.with({ signal }), buildJwksRequest(metadata, call.correlationId), parseJwks)
      const keySet = { keys, fetchedAt: call.now() }
      kept.set(url, keySet)
      return keySet
    })
  } catch (error) {
    throw call.signal.aborted ? abortFailure('id_token', call.signal.reason) : error
  }
}
