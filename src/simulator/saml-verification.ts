import { type EpochSeconds, parseInstant } from '../protocol/time.ts'
import { saml11, saml20 } from '../wstrust/namespaces.ts'
import type { Libraries } from './libraries.ts'
import { claimNames, dsig, envelopedSignature, exclusiveC14n, rsaSha256, sha256 } from './saml.ts'
import { childElements, findElement, MalformedXml, parseXml, textOf, type XmlElement } from './xml.ts'

/** What Entra believes of an assertion: read from the signed form of it and from nowhere else. */
export interface VerifiedAssertion {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly notBefore: EpochSeconds
  readonly notOnOrAfter: EpochSeconds
  readonly upn?: string
  readonly immutableId?: string
}

export type AssertionProblem = 'not-an-assertion' | 'wrong-version' | 'invalid-signature' | 'malformed'

/**
 * Verifies an enveloped XML signature over a whole assertion with the federation server's certificate.
 *
 * The key is the one on file, never the one inside the message; there must be one signature, it must be a child of the
 * assertion, and its one reference must be the assertion itself. What is returned is read from the canonical bytes that
 * the digest covers, so that nothing moved around them can be believed (XML signature wrapping).
 *
 * @see {@link https://www.w3.org/TR/xmldsig-core1/#sec-CoreValidation XML Signature, core validation}
 */
export function verifyAssertion(
  libraries: Libraries,
  certificatePem: string,
  xml: string,
  version: '1.1' | '2.0',
): VerifiedAssertion | { readonly problem: AssertionProblem } {
  const root = parseAssertion(libraries, xml)
  if (root === undefined) return { problem: 'not-an-assertion' }
  const namespace = version === '1.1' ? saml11 : saml20
  if (root.namespaceURI !== namespace) return { problem: 'wrong-version' }
  const signedXml = signedForm(libraries, certificatePem, xml, root, version === '1.1' ? 'AssertionID' : 'ID')
  if (signedXml === undefined) return { problem: 'invalid-signature' }
  const facts = readAssertion(parseXml(libraries.DOMParser, signedXml), namespace)
  return facts ?? { problem: 'malformed' }
}

function parseAssertion({ DOMParser }: Libraries, xml: string): XmlElement | undefined {
  try {
    const root = parseXml(DOMParser, xml)
    const known = root.namespaceURI === saml11 || root.namespaceURI === saml20
    return known && root.localName === 'Assertion' ? root : undefined
  } catch (error) {
    if (error instanceof MalformedXml) return undefined
    throw error
  }
}

function signedForm(
  { xmlCrypto }: Libraries,
  certificatePem: string,
  xml: string,
  root: XmlElement,
  idAttribute: 'AssertionID' | 'ID',
): string | undefined {
  const signatures = childElements(root, dsig, 'Signature')
  const [signature] = signatures
  if (signature === undefined || signatures.length !== 1) return undefined
  const verifier = new xmlCrypto.SignedXml({
    publicCert: certificatePem,
    getCertFromKeyInfo: () => null,
    // xml-crypto knows `ID` itself and takes a second mention of it for a duplicate.
    ...(idAttribute === 'AssertionID' ? { idAttribute } : {}),
  })
  try {
    verifier.loadSignature(signature as unknown as Parameters<typeof verifier.loadSignature>[0])
    const references = verifier.getReferences()
    const [reference] = references
    const covers = references.length === 1 && reference?.uri === `#${root.getAttribute(idAttribute)}`
    const transforms = reference?.transforms.join(' ') === `${envelopedSignature} ${exclusiveC14n}`
    const algorithms = verifier.signatureAlgorithm === rsaSha256 && reference?.digestAlgorithm === sha256
    if (!covers || !transforms || !algorithms) return undefined
    return verifier.checkSignature(xml) ? verifier.getSignedReferences()[0] : undefined
  } catch {
    return undefined // xml-crypto throws for a digest that differs and for a structure it distrusts
  }
}

function readAssertion(root: XmlElement, namespace: string): VerifiedAssertion | undefined {
  const conditions = findElement(root, [namespace, 'Conditions'])
  const notBefore = parseInstant(conditions?.getAttribute('NotBefore') ?? '')
  const notOnOrAfter = parseInstant(conditions?.getAttribute('NotOnOrAfter') ?? '')
  const issuer =
    namespace === saml11
      ? (root.getAttribute('Issuer') ?? '')
      : (textOf(findElement(root, [namespace, 'Issuer'])) ?? '')
  if (conditions === undefined || notBefore === undefined || notOnOrAfter === undefined) return undefined
  const upn = attributeValue(root, namespace, claimNames.upn)
  const immutableId = attributeValue(root, namespace, claimNames.immutableId)
  return {
    issuer,
    audiences: audiencesOf(conditions, namespace),
    notBefore,
    notOnOrAfter,
    ...(upn === undefined ? {} : { upn }),
    ...(immutableId === undefined ? {} : { immutableId }),
  }
}

function audiencesOf(conditions: XmlElement, namespace: string): string[] {
  const restriction = namespace === saml11 ? 'AudienceRestrictionCondition' : 'AudienceRestriction'
  return childElements(conditions, namespace, restriction)
    .flatMap((element) => childElements(element, namespace, 'Audience'))
    .map((element) => textOf(element) ?? '')
}

function attributeValue(
  root: XmlElement,
  namespace: string,
  claim: { readonly namespace: string; readonly name: string },
): string | undefined {
  const isClaim = (attribute: XmlElement): boolean =>
    namespace === saml11
      ? attribute.getAttribute('AttributeName') === claim.name &&
        attribute.getAttribute('AttributeNamespace') === claim.namespace
      : attribute.getAttribute('Name') === `${claim.namespace}/${claim.name}`
  const attribute = childElements(root, namespace, 'AttributeStatement')
    .flatMap((statement) => childElements(statement, namespace, 'Attribute'))
    .find(isClaim)
  return textOf(findElement(attribute, [namespace, 'AttributeValue']))
}
