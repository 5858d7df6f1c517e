import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SignedXml } from 'xml-crypto'
import { saml11, saml20, soap12, wsTrust } from '../../src/wstrust/namespaces.ts'
import { parseSecurityTokenResponse } from '../../src/wstrust/security-token-response.ts'
import { answer, cpuMs } from './answers.ts'
import { readIndependently } from './independent-xml.ts'

const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const inclusive = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})

interface Signing {
  /** Where it is not `ID`, which xml-crypto knows by itself (and takes for a duplicate when told). */
  readonly idAttribute?: 'AssertionID'
  readonly c14n: string
  readonly prefixList?: string[]
}

function sign(xml: string, { idAttribute, c14n, prefixList }: Signing): string {
  const signer = new SignedXml({
    privateKey,
    ...(idAttribute === undefined ? {} : { idAttribute }),
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: exclusive,
  })
  signer.addReference({
    xpath: "//*[local-name(.)='Assertion']",
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', c14n],
    digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
    ...(prefixList === undefined ? {} : { inclusiveNamespacesPrefixList: prefixList }),
  })
  signer.computeSignature(xml, { location: { reference: "//*[local-name(.)='Assertion']", action: 'append' } })
  return signer.getSignedXml()
}

function verifies(assertion: string, idAttribute?: 'AssertionID'): boolean {
  const signatures = readIndependently(assertion).getElementsByTagNameNS(
    'http://www.w3.org/2000/09/xmldsig#',
    'Signature',
  )
  const verifier = new SignedXml({ publicCert: publicKey, ...(idAttribute === undefined ? {} : { idAttribute }) })
  verifier.loadSignature(signatures[0] as never)
  try {
    return verifier.checkSignature(assertion)
  } catch {
    return false
  }
}

const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
const xs = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'

/** A SAML 2.0 assertion under `prefix`; the declarations that are not on its tag must stand further out. */
function saml2(prefix: string, declarations: string, value = '<V>Ada</V>', eol = ''): string {
  const p = prefix === '' ? '' : `${prefix}:`
  const inner = value.replaceAll('V>', `${p}AttributeValue>`).replace('<V ', `<${p}AttributeValue `)
  return [
    `<${p}Assertion ID="_a" Version="2.0"${declarations === '' ? '' : ` ${declarations}`}>`,
    `<${p}Issuer>http://sts.contoso.example</${p}Issuer>`,
    `<${p}AttributeStatement><${p}Attribute Name='n'>${inner}</${p}Attribute></${p}AttributeStatement>`,
    `</${p}Assertion>`,
  ].join(eol)
}

function saml1(declarations: string): string {
  return (
    `<saml:Assertion AssertionID="_a" MajorVersion="1" MinorVersion="1"${declarations}>` +
    '<saml:Conditions NotOnOrAfter="2026-11-22T20:44:50.362Z"/>' +
    '<saml:Attribute AttributeName="UPN"><saml:AttributeValue>ada@contoso.example</saml:AttributeValue></saml:Attribute>' +
    '</saml:Assertion>'
  )
}

function envelope(assertion: string, declarations = '', eol = ''): string {
  const trust = `xmlns:trust="${wsTrust['1.3'].namespace}"`
  return [
    `<s:Envelope xmlns:s="${soap12}"${declarations === '' ? '' : ` ${declarations}`}>`,
    `<s:Body><trust:RequestSecurityTokenResponseCollection ${trust}><trust:RequestSecurityTokenResponse>`,
    `<trust:RequestedSecurityToken>${assertion}</trust:RequestedSecurityToken>`,
    '</trust:RequestSecurityTokenResponse></trust:RequestSecurityTokenResponseCollection></s:Body></s:Envelope>',
  ].join(eol)
}

const own = `xmlns:saml="${saml20}"`
const typed = '<V xsi:type="xs:string">Ada</V>'
const id2: Signing = { c14n: exclusive }
const id1: Signing = { idAttribute: 'AssertionID', c14n: exclusive }
const listed: Signing = { ...id2, prefixList: ['xs'] }
const alone = (assertion: string, signing: Signing, declarations = '', eol = ''): string =>
  envelope(sign(assertion, signing), declarations, eol)
const inPlace = (assertion: string, signing: Signing, declarations = '', eol = ''): string =>
  sign(envelope(assertion, declarations, eol), signing)

const matrix: readonly [title: string, document: string, idAttribute?: 'AssertionID'][] = [
  ['SAML 2.0, prefix on the assertion, signed alone', alone(saml2('saml', own), id2)],
  ['SAML 2.0, prefix on the assertion, signed in place', inPlace(saml2('saml', own), id2)],
  ['SAML 2.0, prefix on the envelope', inPlace(saml2('saml', ''), id2, own)],
  ['SAML 2.0, default namespace on the assertion', alone(saml2('', `xmlns="${saml20}"`), id2)],
  ['SAML 2.0, default namespace on the envelope', inPlace(saml2('', ''), id2, `xmlns="${saml20}"`)],
  ['SAML 2.0, an unrelated default namespace outside', alone(saml2('saml', own), id2, 'xmlns="urn:other"')],
  ['SAML 1.1, prefix on the assertion, signed alone', alone(saml1(` xmlns:saml="${saml11}"`), id1), 'AssertionID'],
  ['SAML 1.1, prefix on the assertion, signed in place', inPlace(saml1(` xmlns:saml="${saml11}"`), id1), 'AssertionID'],
  ['SAML 1.1, prefix on the envelope', inPlace(saml1(''), id1, `xmlns:saml="${saml11}"`), 'AssertionID'],
  ['xsi:type, its prefixes on the assertion', alone(saml2('saml', `${own} ${xsi} ${xs}`, typed), id2)],
  ['xsi:type, its prefixes on the envelope', inPlace(saml2('saml', own, typed), id2, `${xsi} ${xs}`)],
  ['xsi:type, only the value’s prefix on the envelope', inPlace(saml2('saml', `${own} ${xsi}`, typed), listed, xs)],
  ['PrefixList, its prefix on the assertion', alone(saml2('saml', `${own} ${xs}`), listed)],
  ['PrefixList, its prefix on the envelope', inPlace(saml2('saml', own), listed, xs)],
  ['PrefixList that names nothing in scope', alone(saml2('saml', own), listed, 'xmlns:idle="urn:idle"')],
  ['inclusive, signed alone', alone(saml2('saml', own), { ...id2, c14n: inclusive })],
  ['inclusive, prefix on the envelope, signed in place', inPlace(saml2('saml', ''), { ...id2, c14n: inclusive }, own)],
  ['LF between elements', inPlace(saml2('saml', '', '<V>Ada\n</V>', '\n'), id2, own, '\n')],
  ['CR LF between elements', inPlace(saml2('saml', '', '<V>Ada\n</V>', '\n'), id2, own, '\n').replaceAll('\n', '\r\n')],
  ['character references', alone(saml2('saml', own, '<V>A&#13;&#10;&#9;&amp;&lt;&#x1F600;</V>'), id2)],
  ['CDATA, emoji and accents', inPlace(saml2('saml', '', '<V><![CDATA[<é€>]]>😀</V>'), id2, own)],
]

function extracted(document: string): string {
  return parseSecurityTokenResponse(answer(document), '1.3').xml.reveal()
}

describe('sliceVerbatim', () => {
  it.each(matrix)('keeps the signature valid: %s', (_, document, idAttribute) => {
    expect(verifies(extracted(document), idAttribute)).toBe(true)
  })

  it('cannot keep one of 22: self-contained, and yet signed in place by inclusive canonicalisation', () => {
    expect(matrix).toHaveLength(21)
    const document = inPlace(saml2('saml', own), { ...id2, c14n: inclusive })
    // Its shape is that of an assertion signed alone, where a copied declaration would do the damage.
    expect(verifies(extracted(document))).toBe(false)
  })

  it('does not touch a byte of a self-contained assertion, whatever it looks like', () => {
    const assertion = `<saml:Assertion\r\n  AssertionID='_a'\txmlns:saml="${saml11}" ><!-- c --><saml:X a='&quot;"'></saml:X >\r</saml:Assertion\n>`
    expect(extracted(envelope(assertion, 'xmlns:xs="urn:outer" xmlns="urn:default"'))).toBe(assertion)
  })

  it('copies every declaration in scope, the nearest first, and none the assertion makes itself', () => {
    const assertion = `<saml:Assertion xmlns:b="urn:inner"><b:x/></saml:Assertion>`
    const outside = `xmlns:saml="urn:shadowed" xmlns:b="urn:outer" xmlns:c="a&amp;&quot;&lt;&#9;c" xmlns="urn:default"`
    const document = envelope(assertion, outside).replace('<s:Body>', `<s:Body xmlns:saml="${saml11}" xmlns="">`)
    const copied = `xmlns:trust="${wsTrust['1.3'].namespace}" xmlns:saml="${saml11}" xmlns:s="${soap12}" xmlns:c="a&amp;&quot;&lt;&#x9;c"`
    expect(extracted(document)).toBe(`<saml:Assertion ${copied} xmlns:b="urn:inner"><b:x/></saml:Assertion>`)
  })

  it('looks for a context in element names, attribute names, xsi:type and PrefixList, at any depth', () => {
    const wrap = (inner: string, on = ''): string =>
      `<a:Assertion xmlns:a="${saml11}"${on}><a:x>${inner}</a:x></a:Assertion>`
    const untouched = (assertion: string): boolean =>
      extracted(envelope(assertion, `xmlns:o="urn:o" xmlns="urn:d" ${xsi}`)) === assertion
    expect(untouched(wrap('<o:y/>'))).toBe(false)
    expect(untouched(wrap('<o:y xmlns:o="urn:own"/>'))).toBe(true)
    expect(untouched(wrap('<o:y/>', ' xmlns:o="urn:own"'))).toBe(true)
    expect(untouched(wrap('<y/>'))).toBe(false)
    expect(untouched(wrap('<y xmlns=""/>'))).toBe(true)
    expect(untouched(wrap('<a:y o:k=""/>'))).toBe(false)
    expect(untouched(wrap('<a:y k="o:v" xml:lang="en"/>'))).toBe(true)
    const type = (value: string): string => `<a:y ${xsi} xsi:type="${value}"/>`
    expect(untouched(wrap(type(' o:t ')))).toBe(false)
    expect(untouched(wrap(type('a:t')))).toBe(true)
    expect(untouched(wrap(type('t')))).toBe(false)
    const list = (value: string, uri = exclusive): string =>
      `<e:InclusiveNamespaces xmlns:e="${uri}" PrefixList="${value}"/>`
    expect(untouched(wrap(list('a  o')))).toBe(false)
    expect(untouched(wrap(list(' a ')))).toBe(true)
    expect(untouched(wrap(list('#default')))).toBe(false)
    expect(untouched(wrap(list('unknown')))).toBe(true)
    expect(untouched(wrap(list('o', 'urn:other')))).toBe(true)
  })

  it('ends within a second on an assertion made to be slow', () => {
    const outside = Array.from({ length: 60 }, (_, i) => `xmlns:n${i}="urn:${i}"`).join(' ')
    const deep = `<saml:d>${'<n0:x/>'.repeat(300)}`.repeat(50) + '</saml:d>'.repeat(50)
    const document = envelope(`<saml:Assertion xmlns:saml="${saml11}" xmlns:n0="u">${deep}</saml:Assertion>`, outside)
    const spent = cpuMs(() => expect(extracted(document)).toContain('n0:x'))
    expect(spent).toBeLessThan(1_000)
  })
})
