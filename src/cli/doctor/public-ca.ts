import { X509Certificate } from 'node:crypto'
import tls from 'node:tls'

/** The CAs that come with Node, read. 50 ms, and so once. */
let wellKnown: readonly X509Certificate[] | undefined

/**
 * Whether a chain that verifies ends in a CA that comes with Node. A root may be left out of the chain, or stand there
 * signed by another one: then the signature below it decides.
 *
 * @param chain DER, from the server's certificate up.
 * @param roots In place of those that come with Node.
 */
export function endsInPublicCa(chain: readonly Uint8Array[], roots?: readonly X509Certificate[]): boolean {
  const top = chain.at(-1)
  if (top === undefined) return false
  const encoded = Buffer.from(top).toString('base64')
  // The usual case, for which no root need be read.
  if (roots === undefined && tls.rootCertificates.some((pem) => base64Of(pem) === encoded)) return true
  wellKnown ??= tls.rootCertificates.map((pem) => new X509Certificate(pem))
  const trusted = roots ?? wellKnown
  const certificates = chain.map((der) => new X509Certificate(der))
  return trusted.some((root) => certificates.some((one) => one.checkIssued(root) && one.verify(root.publicKey)))
}

function base64Of(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, '')
}
