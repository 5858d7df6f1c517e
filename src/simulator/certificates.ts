import type { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { type EpochSeconds, toDate } from '../protocol/time.ts'
import type { Libraries } from './libraries.ts'

type CryptoKey = webcrypto.CryptoKey

/** An RSA key pair that signs tokens or assertions. */
export interface SigningKeys {
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  /** Of a key that has a name; by default it follows the key. */
  readonly kid?: string
}

const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
} as const
const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const hour = 3_600
const year = 365 * 24 * hour

const keysOfThisRun = new Map<string, Promise<SigningKeys>>()

/**
 * The signing keys of one side. Made once per process, since RSA keys cost a fifth of a second; never written anywhere.
 * No two sides share a key: a token signed with the wrong one must not verify.
 */
export function signingKeys(side: string): Promise<SigningKeys> {
  const keys = keysOfThisRun.get(side) ?? crypto.subtle.generateKey(rsa, true, ['sign', 'verify'])
  keysOfThisRun.set(side, keys)
  return keys
}

export interface SigningCertificate {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/**
 * The self-signed certificate that AD FS puts into `ds:KeyInfo` and that Entra has on file for the farm.
 *
 * @param serialNumber In hexadecimal; by default one at random.
 */
export async function createSigningCertificate(
  { x509 }: Libraries,
  keys: SigningKeys,
  host: string,
  at: EpochSeconds,
  serialNumber?: string,
): Promise<SigningCertificate> {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    { name: [{ CN: [`ADFS Signing - ${host}`] }], keys, signingAlgorithm: rsa, ...validity(at, serialNumber) },
    crypto,
  )
  return { certificatePem: pem(certificate), privateKeyPem: await privateKeyPem(x509, keys.privateKey) }
}

export interface ServerCertificate {
  readonly caPem: string
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** `untrusted`: by an authority that clients are not told of. */
export type CertificateDefect = 'expired' | 'wrong-host' | 'untrusted'

/**
 * A certificate authority of its own and one server certificate for these hosts (names or IP addresses).
 *
 * OpenSSL 3, as Python's `requests` uses it, wants the whole of RFC 5280 §4.2: basic constraints, key usage and both
 * key identifiers. The authority's key is dropped on return, so nothing else can ever be issued.
 */
export async function createServerCertificate(
  { x509 }: Libraries,
  hosts: readonly string[],
  at: EpochSeconds,
  defect?: CertificateDefect,
): Promise<ServerCertificate> {
  const names = defect === 'wrong-host' ? ['another-host.simulator.invalid'] : hosts
  const [authorityKeys, serverKeys] = await Promise.all([generateEcKeys(), generateEcKeys()])
  const usage = x509.KeyUsageFlags
  const authority = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: ['ropc-client simulator, this run only'] }],
      keys: authorityKeys,
      signingAlgorithm: ecdsa,
      ...validity(at),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(usage.keyCertSign | usage.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey, false, crypto),
      ],
    },
    crypto,
  )
  const server = await x509.X509CertificateGenerator.create(
    {
      subject: [{ CN: [names[0] ?? 'localhost'] }],
      issuer: authority.subject,
      publicKey: serverKeys.publicKey,
      signingKey: authorityKeys.privateKey,
      signingAlgorithm: ecdsa,
      ...validity(at),
      ...(defect === 'expired' ? { notBefore: toDate(at - year), notAfter: toDate(at - hour) } : {}),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(usage.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
        ),
        await x509.SubjectKeyIdentifierExtension.create(serverKeys.publicKey, false, crypto),
        await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey, false, crypto),
      ],
    },
    crypto,
  )
  return {
    caPem: pem(authority),
    certificatePem: pem(server),
    privateKeyPem: await privateKeyPem(x509, serverKeys.privateKey),
  }
}

function generateEcKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])
}

/** Valid from an hour ago, for clients whose clock is behind. */
function validity(
  at: EpochSeconds,
  serialNumber: string = randomSerial(),
): { serialNumber: string; notBefore: Date; notAfter: Date } {
  return {
    serialNumber,
    notBefore: toDate(at - hour),
    notAfter: toDate(at + year),
  }
}

function randomSerial(): string {
  const serial = crypto.getRandomValues(new Uint8Array(16))
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40 // positive and of full length, RFC 5280 §4.1.2.2
  return Buffer.from(serial).toString('hex')
}

function pem(certificate: { toString(format: 'pem'): string }): string {
  return `${certificate.toString('pem')}\n`
}

async function privateKeyPem(x509: Libraries['x509'], key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}
