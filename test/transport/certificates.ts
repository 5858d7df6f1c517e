import 'reflect-metadata'
import { createHash, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto as never)

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const day = 24 * 3600 * 1000

interface Leaf {
  readonly key: string
  readonly cert: string
}

/** A CA made for this file's run, and leaves that are right or have one defect. */
export interface Certificates {
  readonly ca: string
  readonly good: Leaf
  readonly wrongName: Leaf
  readonly expired: Leaf
  readonly selfSigned: Leaf
}

export function createCertificates(): Promise<Certificates> {
  made ??= make()
  return made
}

let made: Promise<Certificates> | undefined

async function make(): Promise<Certificates> {
  const caKeys = await createKeys()
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=ropc-client test CA',
    keys: caKeys,
    signingAlgorithm: algorithm,
    serialNumber: '01',
    ...validity(-1, 30),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  })
  const issue = async (names: readonly string[], from = -1, to = 30): Promise<Leaf> => {
    const keys = await createKeys()
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${names[0]}`,
      issuer: ca.subject,
      signingKey: caKeys.privateKey,
      publicKey: keys.publicKey,
      signingAlgorithm: algorithm,
      serialNumber: createHash('sha256').update(`${names}${from}`).digest('hex').slice(0, 16),
      ...validity(from, to),
      extensions: [namesExtension(names)],
    })
    return { cert: certificate.toString('pem'), key: await exportKey(keys) }
  }
  const selfKeys = await createKeys()
  const self = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys: selfKeys,
    signingAlgorithm: algorithm,
    serialNumber: '02',
    ...validity(-1, 30),
    extensions: [namesExtension(['localhost', '127.0.0.1'])],
  })
  return {
    ca: ca.toString('pem'),
    good: await issue(['localhost', '127.0.0.1', 'sts.contoso.test', 'login.contoso.test']),
    wrongName: await issue(['sts.fabrikam.test']),
    expired: await issue(['localhost', '127.0.0.1'], -10, -2),
    selfSigned: { cert: self.toString('pem'), key: await exportKey(selfKeys) },
  }
}

async function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
}

async function exportKey(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return x509.PemConverter.encode(der, 'PRIVATE KEY')
}

function validity(fromDays: number, toDays: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() + fromDays * day), notAfter: new Date(Date.now() + toDays * day) }
}

function namesExtension(names: readonly string[]): x509.SubjectAlternativeNameExtension {
  return new x509.SubjectAlternativeNameExtension(
    names.map((value) => ({ type: /^[\d.]+$/.test(value) ? 'ip' : 'dns', value })),
  )
}
