import { X509Certificate } from 'node:crypto'
import tls from 'node:tls'

/**
 * Whether a chain that verifies ends in a CA that comes with Node. A root may be left out of the chain, or stand there
 * signed by another one: then the signature below it decides.
 *
 * @param chain DER, from the server's certificate up.
 * @param roots PEM.
 */
export function endsInPublicCa(chain: readonly Uint8Array[], roots: readonly string[] = tls.rootCertificates): boolean {
  const top = chain.at(-1)
  if (top === undefined) return false
  const encoded = Buffer.from(top).toString('base64')
  // Reading all roots takes some 10 ms: seldom needed.
  if (roots.some((pem) => pem.replace(/-----[^-]+-----|\s/g, '') === encoded)) return true
  const certificates = chain.map((der) => new X509Certificate(der))
  return roots.some((pem) => {
    const root = new X509Certificate(pem)
    return certificates.some((certificate) => certificate.checkIssued(root) && certificate.verify(root.publicKey))
  })
}
