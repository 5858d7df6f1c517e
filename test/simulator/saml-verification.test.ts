import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { loadLibraries } from '../../src/simulator/libraries.ts'
import { issueAssertion } from '../../src/simulator/saml.ts'
import { verifyAssertion } from '../../src/simulator/saml-verification.ts'
import { createSimulator } from '../../src/simulator.ts'
import { assertionRequest, getAssertion } from './messages.ts'

const simulator = await createSimulator()
const fred = 'fred@fed.contoso.example'
const saml2 = 'saml2@fed.contoso.example'

/** Changes the last character of a user name, keeping the length. */
const oneByte = (xml: string): string => xml.replace('@fed.contoso.example<', '@fed.contoso.exampl3<')

describe.each([
  ['1.1', fred],
  ['2.0', saml2],
])('a SAML %s assertion', async (version, username) => {
  const assertion = await getAssertion(simulator, username)
  const id = /(?:AssertionID|ID)="([^"]+)"/.exec(assertion)?.[1] ?? ''
  const signature = /<ds:Signature[\s\S]*<\/ds:Signature>/.exec(assertion)?.[0] ?? ''
  const forged = assertion
    .replace(signature, '')
    .replaceAll(username, 'frida@fed.contoso.example')
    .replaceAll(id, '_forged')

  it('verifies as it was issued, also with white space around it', async () => {
    expect(await assertionRequest(simulator, assertion)).toMatchObject({ status: 200 })
    expect(await assertionRequest(simulator, `\n${assertion}\n`)).toMatchObject({ status: 200 })
  })

  it.each([
    ['one byte changed', oneByte(assertion)],
    ['white space added inside', assertion.replace('><', '> <')],
    ['an attribute value changed', assertion.replace(/NotOnOrAfter="2/, 'NotOnOrAfter="3')],
    ['been pretty-printed', assertion.replaceAll('><', '>\n  <')],
    [
      'lost its line breaks for spaces',
      assertion.replace('</ds:SignatureValue>', '').replace('<ds:SignatureValue>', ''),
    ],
    ['another prefix', assertion.replace('urn:oasis:names:tc:SAML:', 'urn:oasis:names:tc:saml:')],
    ['an attribute more', assertion.replace('Assertion ', 'Assertion Extra="1" ')],
    ['no signature', assertion.replace(signature, '')],
    ['two signatures', assertion.replace(signature, signature + signature)],
    ['a signature value that is cut', assertion.replace(/(<ds:SignatureValue>)..../, '$1AAAA')],
    [
      'a weak digest method',
      assertion.replace('http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2000/09/xmldsig#sha1'),
    ],
    ['a reference to the whole document', assertion.replace(`URI="#${id}"`, 'URI=""')],
    // XML signature wrapping: the signed original rides inside a forged assertion.
    [
      'been wrapped: the original inside the signature',
      forged.replace(
        /(<\/(?:saml:)?Assertion>)$/,
        `${signature.replace('</ds:Signature>', `<ds:Object>${assertion}</ds:Object></ds:Signature>`)}$1`,
      ),
    ],
    [
      'been wrapped: the original, without its signature, inside the signature',
      forged.replace(
        /(<\/(?:saml:)?Assertion>)$/,
        `${signature.replace('</ds:Signature>', `<ds:Object>${assertion.replace(signature, '')}</ds:Object></ds:Signature>`)}$1`,
      ),
    ],
    [
      'been wrapped: the original, without its signature, beside',
      forged.replace(/(<\/(?:saml:)?Assertion>)$/, `${signature}${assertion.replace(signature, '')}$1`),
    ],
    ['been wrapped: the original beside', forged.replace(/(<\/(?:saml:)?Assertion>)$/, `${signature}${assertion}$1`)],
  ])('is refused when it has %s', async (_title, tampered) => {
    expect(tampered).not.toBe(assertion)
    simulator.clearJournal()
    const { status, body } = await assertionRequest(simulator, tampered, {
      grant_type: `urn:ietf:params:oauth:grant-type:saml${version === '1.1' ? '1_1' : '2'}-bearer`,
    })
    expect(status).toBe(400)
    expect(body).toMatchObject({ error: 'invalid_grant' })
    expect([50006, 50008]).toContain((body['error_codes'] as number[])[0])
    expect(simulator.journal[0]?.assertionSignatureVerified).toBe(false)
  })

  it('is refused when a stranger signed it, whatever certificate it carries along', async () => {
    const libraries = await loadLibraries()
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const stranger = issueAssertion(
      libraries,
      {
        certificatePem: simulator.adfsCertificate,
        privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      },
      {
        version: version === '1.1' ? '1.1' : '2.0',
        id: '_1',
        issuer: 'http://sts.simulator.invalid/adfs/services/trust',
        audience: 'urn:federation:MicrosoftOnline',
        upn: fred,
        immutableId: Buffer.from('simulated-anchor-20').toString('base64'),
        issuedAt: Math.floor(Date.now() / 1000),
        lifetimeSeconds: 3600,
      },
    )
    expect((await assertionRequest(simulator, stranger)).body).toMatchObject({ error_codes: [50006] })
  })
})

it('believes only RSA-SHA256 over SHA-256 and the exclusive canonical form, even from the right key', async () => {
  const libraries = await loadLibraries()
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
  const sha256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
  const problem = (digestAlgorithm: string, transform: string, signatureAlgorithm: string): unknown => {
    const signed = new libraries.xmlCrypto.SignedXml({
      privateKey,
      signatureAlgorithm,
      canonicalizationAlgorithm: exclusive,
      idAttribute: 'AssertionID',
    })
    const transforms = ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', transform]
    signed.addReference({ xpath: '/*', transforms, digestAlgorithm })
    signed.computeSignature('<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:1.0:assertion" AssertionID="_1"/>')
    return verifyAssertion(libraries, key, signed.getSignedXml(), '1.1')
  }
  const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
  // Nothing is in this assertion; with a signature that counts, that is what is wrong with it.
  expect(problem(sha256, exclusive, rsaSha256)).toEqual({ problem: 'malformed' })
  const bad = { problem: 'invalid-signature' }
  expect(problem('http://www.w3.org/2000/09/xmldsig#sha1', exclusive, rsaSha256)).toEqual(bad)
  expect(problem(sha256, 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315', rsaSha256)).toEqual(bad)
  expect(problem(sha256, exclusive, 'http://www.w3.org/2000/09/xmldsig#rsa-sha1')).toEqual(bad)
})

it.each([
  ['what is not base64', '%%%'],
  ['what is not XML', Buffer.from('hello').toString('base64url')],
  ['another element', Buffer.from('<a/>').toString('base64url')],
  ['what is not UTF-8', Buffer.from([0xff, 0xfe, 0xfd]).toString('base64url')],
])('refuses %s as an assertion', async (_title, assertion) => {
  const { body } = await assertionRequest(simulator, '', { assertion })
  expect(body).toMatchObject({ error: 'invalid_grant', error_codes: [50008] })
})

it('refuses an assertion without an ImmutableID, of an unknown user, or of another farm', async () => {
  const orphan = await getAssertion(simulator, 'orphan@fed.contoso.example')
  expect((await assertionRequest(simulator, orphan)).body).toMatchObject({ error_codes: [90020] })
  const assertion = await getAssertion(simulator, fred)
  const empty = await createSimulator({ world: { users: [] } })
  expect((await assertionRequest(empty, assertion)).body).toMatchObject({ error_codes: [51004] })
  const elsewhere = await createSimulator({ adfsHost: 'sts.other.invalid' })
  expect((await assertionRequest(elsewhere, assertion)).body).toMatchObject({ error_codes: [50107] })
})

it('refuses an assertion that is over, or not yet valid, with five minutes of grace', async () => {
  const start = 1_795_000_000
  let now = start
  const timed = await createSimulator({ now: () => now })
  const assertion = await getAssertion(timed, fred, '1.3', { created: start * 1000 })
  const codes = async (at: number): Promise<unknown> => {
    now = at
    return (await assertionRequest(timed, assertion)).body['error_codes']
  }
  expect(await codes(start - 300)).toBeUndefined()
  expect(await codes(start - 301)).toEqual([500133])
  expect(await codes(start + 3_600 + 299)).toBeUndefined()
  expect(await codes(start + 3_600 + 300)).toEqual([500133])
})
