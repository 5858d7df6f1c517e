import { createLocalJWKSet } from 'jose/jwks/local'
import { compactVerify } from 'jose/jws/compact/verify'
import { ProtocolError } from '../errors.ts'
import { createRequest, type HttpRequest, type HttpResponse } from './http.ts'
import { type DecodedIdToken, decodeIdToken, type IdTokenExpectations } from './id-token.ts'
import { missingField, parseJsonObject } from './json.ts'
import { productHeaders } from './product.ts'
import type { Secret } from './secret.ts'
import type { ServerMetadata } from './server-metadata.ts'
import type { EpochSeconds } from './time.ts'

/** A JSON Web Key Set (RFC 7517 §5); jose checks the keys when they are used. */
export interface JsonWebKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/** Builds the request for the server's signing keys. @throws {@link ProtocolError} if the metadata names no `jwks_uri`. */
export function buildJwksRequest(metadata: ServerMetadata, correlationId: string): HttpRequest {
  if (metadata.jwks_uri === undefined) throw missingField('jwks_uri', 'id_token')
  return createRequest({
    step: 'id_token',
    method: 'GET',
    url: metadata.jwks_uri,
    headers: { accept: 'application/json', ...productHeaders(correlationId) },
  })
}

/** Reads a JSON Web Key Set. @throws {@link ProtocolError} */
export function parseJwks(response: HttpResponse): JsonWebKeySet {
  const json = parseJsonObject(response, 'id_token', 'the key set')
  const keys = json['keys']
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'object' && key !== null)) {
    throw missingField('keys', 'id_token')
  }
  return { keys: keys as JsonWebKeySet['keys'] }
}

/**
 * Verifies an id_token's signature with the server's keys, then its claims as `decodeIdToken` does; here every check
 * must pass.
 *
 * Only RS256 is accepted: the algorithm of every Entra and AD FS id_token. A token without `kid`, of another `typ`,
 * unsigned or signed with a shared key is refused.
 *
 * @param at Instant to check the times against, epoch seconds; 5 minutes of skew are forgiven.
 * @throws {@link ProtocolError} `ERR_MALFORMED_RESPONSE`, `ERR_SIGNATURE_INVALID`, or `ERR_ID_TOKEN_REFUSED` naming
 *   the checks that failed.
 * @see OpenID Connect Core §3.1.3.7
 */
export async function verifyIdToken(
  idToken: string | Secret,
  jwks: JsonWebKeySet,
  expected: IdTokenExpectations,
  at: EpochSeconds,
): Promise<DecodedIdToken> {
  const decoded = decodeIdToken(idToken, expected, at)
  const text = typeof idToken === 'string' ? idToken : idToken.reveal()
  await verifySignature(text, jwks)
  const failed = decoded.checks.filter((check) => !check.ok)
  if (decoded.claims.iat === undefined) failed.push({ rule: 'id_token.issued-at', ok: false })
  if (failed.length > 0) {
    throw new ProtocolError(
      'ERR_ID_TOKEN_REFUSED',
      `the id_token fails: ${failed.map(({ rule }) => rule).join(', ')}`,
      {
        step: 'id_token',
        hint: 'It was issued for another client, by another server, or at another time: check the authority and the clock.',
        cause: { failed },
      },
    )
  }
  return decoded
}

async function verifySignature(idToken: string, jwks: JsonWebKeySet): Promise<void> {
  let verified = false
  try {
    const getKey = createLocalJWKSet(jwks as unknown as Parameters<typeof createLocalJWKSet>[0])
    const { protectedHeader } = await compactVerify(idToken, getKey, { algorithms: ['RS256'] })
    // A key set of one key would match a token without kid; typ tells an id_token from an access token (at+jwt).
    verified = protectedHeader.kid !== undefined && (protectedHeader.typ ?? 'JWT').toUpperCase() === 'JWT'
  } catch {
    // jose's errors may hold the payload, and some causes are plain TypeErrors: none is passed on.
  }
  if (verified) return
  throw new ProtocolError('ERR_SIGNATURE_INVALID', 'the id_token does not verify with the keys of the server', {
    step: 'id_token',
    hint: 'Fetch the key set again if it is old; otherwise the token is not from this server.',
  })
}
