import { InvalidArgumentError } from '../errors.ts'
import { type EpochSeconds, parseInstant } from './time.ts'

/** One block of a PEM file (RFC 7468): its label, and the bytes in base64 without line breaks. */
export interface PemBlock {
  readonly label: string
  readonly base64: string
}

/** What is used of an X.509 certificate (RFC 5280 §4.1). */
export interface Certificate {
  /** The DER in base64, as an `x5c` header holds it (RFC 7515 §4.1.6). */
  readonly base64: string
  readonly notBefore: EpochSeconds
  readonly notAfter: EpochSeconds
}

/** The blocks of a PEM text in its order; text around them is skipped, as RFC 7468 §2 has it. */
export function parsePem(text: string): readonly PemBlock[] {
  const blocks = text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----/g)
  return [...blocks].map(([, label = '', body = '']) => ({ label, base64: body.replace(/\s+/g, '') }))
}

/**
 * Reads a certificate as far as its validity; its signature and its chain are the server's business.
 *
 * @throws {@link InvalidArgumentError} if it is not an X.509 certificate.
 */
export function parseCertificate(base64: string): Certificate {
  try {
    const der = decodeBase64(base64)
    const tbs = childrenOf(der, childrenOf(der, { tag: sequence, start: 0, end: der.length })[0])
    const fields = childrenOf(der, tbs[0])
    // The version is optional: validity is the fourth field behind it.
    const validity = childrenOf(der, fields[fields[0]?.tag === contextTag0 ? 4 : 3])
    return { base64, notBefore: readTime(der, validity[0]), notAfter: readTime(der, validity[1]) }
  } catch {
    throw new InvalidArgumentError('the certificate is not an X.509 certificate', {
      step: 'token',
      hint: 'Pass the PEM file of the certificate: "-----BEGIN CERTIFICATE-----" and what follows.',
    })
  }
}

/** The digest of a certificate in base64url, as `x5t` (SHA-1) and `x5t#S256` hold it (RFC 7515 §4.1.7 and §4.1.8). */
export async function thumbprint(certificate: Certificate, hash: 'SHA-1' | 'SHA-256'): Promise<string> {
  const digest = await crypto.subtle.digest(hash, decodeBase64(certificate.base64))
  return encodeBase64(new Uint8Array(digest)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Puts an RSA key of PKCS #1 (`BEGIN RSA PRIVATE KEY`) into the PKCS #8 envelope that Web Crypto reads (RFC 5958 §2). */
export function pkcs8FromPkcs1(base64: string): string {
  const key = decodeBase64(base64)
  const version = [0x02, 0x01, 0x00]
  const rsaEncryption = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00]
  return encodeBase64(wrap(sequence, [...version, ...rsaEncryption, ...wrap(0x04, key)]))
}

interface DerElement {
  readonly tag: number
  readonly start: number
  readonly end: number
}

const sequence = 0x30
const contextTag0 = 0xa0
const utcTime = 0x17

/** The elements of a constructed one (X.690 §8.1). Throws when they do not fill it exactly. */
function childrenOf(der: Uint8Array, parent: DerElement | undefined): readonly DerElement[] {
  if (parent?.tag !== sequence) throw new RangeError('not a SEQUENCE')
  const children: DerElement[] = []
  for (let at = parent.start; at < parent.end; ) {
    const [tag = 0, first = 0] = der.subarray(at, at + 2)
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    if (lengthBytes > 3) throw new RangeError('longer than any certificate')
    const start = at + 2 + lengthBytes
    const length = lengthBytes === 0 ? first : der.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0)
    at = start + length
    if (at > parent.end) throw new RangeError('an element ends behind its parent')
    children.push({ tag, start, end: at })
  }
  return children
}

// RFC 5280 §4.1.2.5: UTCTime has two digits of the year, 50 to 99 being of the last century; both forms end in Z.
function readTime(der: Uint8Array, element: DerElement | undefined): EpochSeconds {
  const digits = String.fromCharCode(...der.subarray(element?.start, element?.end))
  const text = element?.tag === utcTime ? `${digits < '50' ? '20' : '19'}${digits}` : digits
  const instant = parseInstant(text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (instant === undefined) throw new RangeError('not a time')
  return instant
}

function wrap(tag: number, content: ArrayLike<number>): number[] {
  const { length } = content
  const lengthBytes = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff]
  return [tag, ...lengthBytes, ...Array.from(content)]
}

function decodeBase64(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

function encodeBase64(bytes: Iterable<number>): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}
