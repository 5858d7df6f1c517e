import type { CompactJWSHeaderParameters, CryptoKey, JWK } from 'jose'
import { createLocalJWKSet } from 'jose/jwks/local'
import { compactVerify } from 'jose/jws/compact/verify'
import { ProtocolError } from '../errors.ts'
import { createRequest, type HttpRequest, type HttpResponse } from './http.ts'
import {
  algorithmsOf,
  checkKeyIssuer,
  type DecodedIdToken,
  decodeIdToken,
  type IdTokenExpectations,
} from './id-token.ts'
import { type JsonObject, missingField, parseJsonObject } from './json.ts'
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
 * RS256 is accepted, or the `algorithms` of the expectations. Refused are a token that is unsigned or signed with a
 * shared key, of another `typ`, with a `crit`, or written in any other than the one right
 * base64url; one without `kid` too, except from a server of kind `oidc` with a single key that fits.
 *
 * @param at Instant to check the times against, epoch seconds; 5 minutes of skew are forgiven.
 * @throws {@link InvalidArgumentError} for `algorithms` that this server may not use.
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
  const algorithms = algorithmsOf(expected)
  const { claims, checks: ofClaims } = decodeIdToken(idToken, expected, at)
  const text = typeof idToken === 'string' ? idToken : idToken.reveal()
  const key = await verifySignature(text, jwks, algorithms, expected.kind === 'oidc')
  const ofKey = checkKeyIssuer(key['issuer'], claims, expected)
  const checks = ofKey === undefined ? ofClaims : [...ofClaims, ofKey]
  const failed = checks.filter((check) => !check.ok)
  if (claims.iat === undefined) failed.push({ rule: 'id_token.issued-at', ok: false })
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
  return { claims, checks }
}

// jose reads base64 leniently (blanks, padding, set bits behind the end), so that many texts are one token.
const canonicalBase64Url = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/

/** @returns The key that verified. */
async function verifySignature(
  idToken: string,
  jwks: JsonWebKeySet,
  algorithms: readonly string[],
  kidOptional: boolean,
): Promise<JsonObject> {
  let jwk: JsonObject | undefined
  try {
    if (!idToken.split('.').every((part) => canonicalBase64Url.test(part))) throw new RangeError('not base64url')
    const { protectedHeader } = await compactVerify(
      idToken,
      async (header) => {
        if (header.kid === undefined && !kidOptional) throw new RangeError('no kid')
        // The one extension that jose knows, b64, is forbidden in a JWT (RFC 7797 §7).
        if (header.crit !== undefined) throw new RangeError('a critical extension')
        const fitting = (await Promise.all(jwks.keys.map((jwk) => findKey(jwk, header)))).filter(
          (found) => found !== undefined,
        )
        // Two keys that fit would be a guess.
        const [found] = fitting.length === 1 ? fitting : []
        if (found === undefined) throw new RangeError('no key, or several')
        jwk = found.jwk
        return found.key
      },
      { algorithms: [...algorithms] },
    )
    // typ tells an id_token from an access token (at+jwt).
    if ((protectedHeader.typ ?? 'JWT').toUpperCase() === 'JWT' && jwk !== undefined) return jwk
  } catch {
    // jose's errors may hold the payload, and some causes are plain TypeErrors: none is passed on.
  }
  throw new ProtocolError('ERR_SIGNATURE_INVALID', 'the id_token does not verify with the keys of the server', {
    step: 'id_token',
    hint: 'Fetch the key set again if it is old; otherwise the token is not from this server.',
  })
}

// Each key alone, so that the one that fits is known, and a broken one beside it does no harm. jose compares kid, type,
// curve, alg, use and key_ops.
async function findKey(
  jwk: JsonObject,
  header: CompactJWSHeaderParameters,
): Promise<{ jwk: JsonObject; key: CryptoKey } | undefined> {
  try {
    return { jwk, key: await createLocalJWKSet({ keys: [jwk as unknown as JWK] })(header) }
  } catch {
    return undefined
  }
}
