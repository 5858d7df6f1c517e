import { Buffer } from 'node:buffer'
import { constants, createHash, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto'
import type { EpochSeconds } from '../protocol/time.ts'

/** What an assertion must say, and whose signature counts. */
export interface ExpectedAssertion {
  readonly clientId: string
  /** Any one of these as `aud`. */
  readonly audiences: readonly string[]
  /** PEM: certificates, found by thumbprint, or public keys, which are tried when no thumbprint is given. */
  readonly certificates: readonly string[]
  readonly algorithms: readonly ('RS256' | 'PS256')[]
  /** The headers a certificate may be named by; all when absent. */
  readonly thumbprints?: readonly Thumbprint[]
  readonly now: EpochSeconds
  /** Refuse an assertion without `jti`. */
  readonly strict: boolean
}

type Thumbprint = 'x5t#S256' | 'x5t' | 'kid'

export type AssertionFault = 'malformed' | 'algorithm' | 'unknown-key' | 'signature' | 'audience' | 'client' | 'time'

const skewSeconds = 300

/**
 * Checks a client assertion (RFC 7523 §3) with `node:crypto` alone: the library the client signs with has no say here.
 *
 * @returns what is wrong with it, `undefined` when nothing is.
 */
export function checkClientAssertion(assertion: string, expected: ExpectedAssertion): AssertionFault | undefined {
  const parts = assertion.split('.')
  const [head = '', payload = '', signature = ''] = parts
  const header = readPart(head)
  const claims = readPart(payload)
  const keys = registeredKeys(header ?? {}, expected)
  if (keys.length === 0) return 'unknown-key'
  if (parts.length !== 3 || header === undefined || claims === undefined) return 'malformed'
  const { alg } = header
  if (alg !== 'RS256' && alg !== 'PS256') return 'algorithm'
  if (!expected.algorithms.includes(alg)) return 'algorithm'
  const data = Buffer.from(`${head}.${payload}`)
  if (!keys.some((key) => signedBy(key, alg, data, Buffer.from(signature, 'base64url')))) return 'signature'
  return faultOfClaims(claims, expected)
}

function faultOfClaims(claims: Record<string, unknown>, expected: ExpectedAssertion): AssertionFault | undefined {
  const { iss, sub, aud, exp, nbf, jti } = claims
  if (iss !== expected.clientId || sub !== expected.clientId) return 'client'
  const audiences = Array.isArray(aud) ? aud : [aud]
  if (!audiences.some((audience) => typeof audience === 'string' && expected.audiences.includes(audience))) {
    return 'audience'
  }
  if (typeof exp !== 'number' || exp <= expected.now - skewSeconds) return 'time'
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf > expected.now + skewSeconds)) return 'time'
  return expected.strict && (typeof jti !== 'string' || jti === '') ? 'malformed' : undefined
}

/** Keys a header points to: `x5t#S256`, SHA-1 `x5t`, or a thumbprint in hexadecimal as `kid`. */
function registeredKeys(
  header: Record<string, unknown>,
  { certificates, thumbprints = ['x5t#S256', 'x5t', 'kid'] }: ExpectedAssertion,
): KeyObject[] {
  const named = header['x5t#S256'] !== undefined || header['x5t'] !== undefined
  return certificates
    .map(readCertificate)
    .filter(({ sha1, sha256 }) => {
      if (sha1 === undefined || sha256 === undefined) return !named
      const matches: Readonly<Record<Thumbprint, boolean>> = {
        'x5t#S256': header['x5t#S256'] === sha256.toString('base64url'),
        x5t: header['x5t'] === sha1.toString('base64url'),
        kid: String(header['kid']).toLowerCase() === sha1.toString('hex'),
      }
      return thumbprints.some((name) => matches[name])
    })
    .map(({ key }) => key)
}

function readCertificate(pem: string): {
  readonly key: KeyObject
  readonly sha1?: Buffer
  readonly sha256?: Buffer
} {
  if (!pem.includes('BEGIN CERTIFICATE')) return { key: createPublicKey(pem) }
  const { raw, publicKey } = new X509Certificate(pem)
  const digest = (algorithm: string): Buffer => createHash(algorithm).update(raw).digest()
  return { key: publicKey, sha1: digest('sha1'), sha256: digest('sha256') }
}

function signedBy(key: KeyObject, alg: 'RS256' | 'PS256', data: Buffer, signature: Buffer): boolean {
  if (key.asymmetricKeyType !== 'rsa') return false
  const padding =
    alg === 'PS256'
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { padding: constants.RSA_PKCS1_PADDING }
  return verify('sha256', data, { key, ...padding }, signature)
}

function readPart(part: string): Record<string, unknown> | undefined {
  if (!/^[\w-]+$/.test(part)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
