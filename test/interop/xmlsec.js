import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './child.js'

const idAttributes = {
  1.1: ['--id-attr:AssertionID', 'urn:oasis:names:tc:SAML:1.0:assertion:Assertion'],
  '2.0': ['--id-attr:ID', 'urn:oasis:names:tc:SAML:2.0:assertion:Assertion'],
}

/**
 * Has xmlsec1 judge an assertion three times: as it is (must verify), with one signed character changed, and against
 * somebody else's certificate (both must not). The last two show that the first verdict means something.
 */
export async function expectVerified(assertion, version, certificatePem, strangersPem) {
  const verdicts = await Promise.all([
    verifies(assertion, version, certificatePem),
    verifies(withOneCharacterChanged(assertion), version, certificatePem),
    verifies(assertion, version, strangersPem),
  ])
  const [intact, tampered, stranger] = verdicts
  if (!intact) throw new Error('xmlsec1 does not verify the assertion')
  if (tampered) throw new Error('xmlsec1 verifies a tampered assertion: the check checks nothing')
  if (stranger) throw new Error("xmlsec1 verifies with a stranger's certificate: the check checks nothing")
}

async function verifies(assertion, version, certificatePem) {
  const folder = mkdtempSync(join(tmpdir(), 'ropc-interop-'))
  try {
    const [xml, certificate] = [join(folder, 'assertion.xml'), join(folder, 'certificate.pem')]
    writeFileSync(xml, assertion)
    writeFileSync(certificate, certificatePem)
    // `key-name`: only the certificate given counts, not the one that the assertion itself brings in its KeyInfo.
    const args = ['--verify', ...idAttributes[version], '--enabled-key-data', 'key-name']
    const { code, stdout, stderr } = await run('xmlsec1', [...args, '--pubkey-cert-pem', certificate, xml])
    // Exit codes alone would take a file that is no XML for a signature that is wrong.
    const [verdict] = /^(OK|FAIL)$/m.exec(stdout + stderr) ?? []
    if (verdict === undefined) throw new Error(`xmlsec1 ended with ${code} and no verdict`)
    return verdict === 'OK' && code === 0
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function withOneCharacterChanged(assertion) {
  const changed = assertion.replace(/(AttributeValue[^>]*>)(.)/, (_, tag, first) => tag + (first === 'x' ? 'y' : 'x'))
  if (changed === assertion) throw new Error('the assertion has no attribute to tamper with')
  return changed
}
