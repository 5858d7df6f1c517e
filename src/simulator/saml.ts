import type { EpochSeconds } from '../protocol/time.ts'
import { saml11, saml20 } from '../wstrust/namespaces.ts'
import type { SigningCertificate } from './certificates.ts'
import type { Libraries } from './libraries.ts'
import { millis } from './soap.ts'
import { escapeXml } from './xml.ts'

/** What an assertion says, whatever its version. */
export interface AssertionFacts {
  readonly version: '1.1' | '2.0'
  /** Becomes `AssertionID` or `ID`; an XML name. */
  readonly id: string
  readonly issuer: string
  readonly audience: string
  readonly upn: string
  readonly immutableId?: string
  readonly issuedAt: EpochSeconds
  readonly lifetimeSeconds: number
}

export const dsig = 'http://www.w3.org/2000/09/xmldsig#'
export const exclusiveC14n = 'http://www.w3.org/2001/10/xml-exc-c14n#'
export const envelopedSignature: string = `${dsig}enveloped-signature`
export const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
export const sha256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const unspecifiedName = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'

/** The two claims Entra needs of a federated user. */
export const claimNames = {
  upn: { namespace: 'http://schemas.xmlsoap.org/claims', name: 'UPN' },
  immutableId: { namespace: 'http://schemas.microsoft.com/LiveID/Federation/2008/05', name: 'ImmutableID' },
} as const

/**
 * Issues a signed assertion: RSA-SHA256 over the exclusive canonical form, enveloped, certificate in `KeyInfo`.
 * SAML 1.1 carries the signature as its last child, SAML 2.0 right after `Issuer`, as their schemas demand.
 *
 * @see {@link https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf SAML 2.0 core §5.4}
 */
export function issueAssertion(
  { xmlCrypto }: Libraries,
  { privateKeyPem, certificatePem }: SigningCertificate,
  facts: AssertionFacts,
): string {
  const isSaml11 = facts.version === '1.1'
  const signed = new xmlCrypto.SignedXml({
    privateKey: privateKeyPem,
    publicCert: certificatePem,
    signatureAlgorithm: rsaSha256,
    canonicalizationAlgorithm: exclusiveC14n,
    ...(isSaml11 ? { idAttribute: 'AssertionID' } : {}),
  })
  signed.addReference({ xpath: '/*', transforms: [envelopedSignature, exclusiveC14n], digestAlgorithm: sha256 })
  signed.computeSignature(isSaml11 ? unsignedSaml11(facts) : unsignedSaml20(facts), {
    prefix: 'ds',
    location: isSaml11 ? { reference: '/*', action: 'append' } : { reference: '/*/*[1]', action: 'after' },
  })
  return signed.getSignedXml()
}

function unsignedSaml11(facts: AssertionFacts): string {
  const subject =
    `<saml:Subject><saml:NameIdentifier Format="${unspecifiedName}">${escapeXml(facts.immutableId ?? facts.upn)}</saml:NameIdentifier>` +
    '<saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod>' +
    '</saml:SubjectConfirmation></saml:Subject>'
  const attribute = ({ namespace, name }: { namespace: string; name: string }, value: string): string =>
    `<saml:Attribute AttributeName="${name}" AttributeNamespace="${namespace}">` +
    `<saml:AttributeValue>${escapeXml(value)}</saml:AttributeValue></saml:Attribute>`
  return (
    `<saml:Assertion MajorVersion="1" MinorVersion="1" AssertionID="${facts.id}" Issuer="${escapeXml(facts.issuer)}"` +
    ` IssueInstant="${millis(facts.issuedAt)}" xmlns:saml="${saml11}">` +
    `<saml:Conditions ${validity(facts)}><saml:AudienceRestrictionCondition>` +
    `<saml:Audience>${escapeXml(facts.audience)}</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>` +
    `<saml:AttributeStatement>${subject}${attribute(claimNames.upn, facts.upn)}` +
    `${facts.immutableId === undefined ? '' : attribute(claimNames.immutableId, facts.immutableId)}</saml:AttributeStatement>` +
    '<saml:AuthenticationStatement AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:password"' +
    ` AuthenticationInstant="${millis(facts.issuedAt)}">${subject}</saml:AuthenticationStatement></saml:Assertion>`
  )
}

function unsignedSaml20(facts: AssertionFacts): string {
  const attribute = ({ namespace, name }: { namespace: string; name: string }, value: string): string =>
    `<Attribute Name="${namespace}/${name}"><AttributeValue>${escapeXml(value)}</AttributeValue></Attribute>`
  const end = millis(facts.issuedAt + facts.lifetimeSeconds)
  return (
    `<Assertion ID="${facts.id}" IssueInstant="${millis(facts.issuedAt)}" Version="2.0" xmlns="${saml20}">` +
    `<Issuer>${escapeXml(facts.issuer)}</Issuer>` +
    `<Subject><NameID Format="${unspecifiedName}">${escapeXml(facts.immutableId ?? facts.upn)}</NameID>` +
    '<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">' +
    `<SubjectConfirmationData NotOnOrAfter="${end}"/></SubjectConfirmation></Subject>` +
    `<Conditions ${validity(facts)}><AudienceRestriction><Audience>${escapeXml(facts.audience)}</Audience></AudienceRestriction></Conditions>` +
    `<AttributeStatement>${attribute(claimNames.upn, facts.upn)}` +
    `${facts.immutableId === undefined ? '' : attribute(claimNames.immutableId, facts.immutableId)}</AttributeStatement>` +
    `<AuthnStatement AuthnInstant="${millis(facts.issuedAt)}" SessionIndex="${facts.id}"><AuthnContext>` +
    '<AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</AuthnContextClassRef>' +
    '</AuthnContext></AuthnStatement></Assertion>'
  )
}

function validity({ issuedAt, lifetimeSeconds }: AssertionFacts): string {
  return `NotBefore="${millis(issuedAt)}" NotOnOrAfter="${millis(issuedAt + lifetimeSeconds)}"`
}
