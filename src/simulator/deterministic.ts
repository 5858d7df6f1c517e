import type { webcrypto } from 'node:crypto'
import type { EpochSeconds } from '../protocol/time.ts'
import type { SigningKeys } from './certificates.ts'
import { isSide, type Place } from './listen.ts'
import { publishedKeys } from './published-keys.ts'

/** Where the clock of a deterministic simulator stands: 2030-01-01T00:00:00Z. */
export const deterministicStart: EpochSeconds = 1_893_456_000

/** RFC 5280 §4.1.2.2: positive. Of the farms' certificates. */
export const deterministicSerial = '51'

/**
 * Ids in the form of GUIDs, counted from 1.
 *
 * @param digit The first one, in hexadecimal: ids of different digits are never the same.
 */
export function countedIds(digit: string): () => string {
  let count = 0
  return () => {
    count += 1
    return `${digit}0000000-0000-4000-8000-${count.toString().padStart(12, '0')}`
  }
}

/** The published keys of a side; all further farms share one. What they sign proves nothing. */
export async function publishedSigningKeys(place: Place): Promise<SigningKeys> {
  const { kid, ...privateJwk } = publishedKeys[isSide(place) ? place : 'farms']
  const { kty, n, e } = privateJwk
  const load = (jwk: webcrypto.JsonWebKey, usage: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> =>
    crypto.subtle.importKey('jwk', jwk, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, [usage])
  const [privateKey, publicKey] = await Promise.all([load(privateJwk, 'sign'), load({ kty, n, e }, 'verify')])
  return { privateKey, publicKey, kid }
}
