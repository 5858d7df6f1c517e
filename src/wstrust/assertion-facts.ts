import type { SamlAssertion } from '../protocol/saml-assertion.ts'
import { saml20 } from './namespaces.ts'
import { parseXml } from './xml.ts'
import { attributeOf, childrenNamed, leafText, outermostNamed, type XmlElement } from './xml-element.ts'

const dsig = 'http://www.w3.org/2000/09/xmldsig#'

/** What can be told of an assertion without what only its signature and its reader need: no name, no key, no value. */
export interface AssertionFacts {
  readonly version: '1.1' | '2.0'
  readonly issuer?: string
  readonly audiences: readonly string[]
  readonly notBefore?: string
  readonly notOnOrAfter?: string
  readonly signed: boolean
  /** URI of the algorithm, XML Signature §6. */
  readonly signatureAlgorithm?: string
  readonly nameIdFormat?: string
  /** Names of the attributes; Entra needs `ImmutableID` in SAML 1.1 and a user principal name. */
  readonly attributes: readonly string[]
  /** How the user authenticated, as a URI. */
  readonly authenticationMethod?: string
}

/**
 * Reads an assertion for people.
 *
 * @see {@link https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf SAML 2.0 core §2.3.3}, SAML 1.1 core §2.3.2
 */
export function assertionFacts({ xml, version }: SamlAssertion): AssertionFacts {
  const { root } = parseXml(xml.reveal(), 'wstrust')
  const own = (name: string): XmlElement[] => outermostNamed(root, root.uri, name)
  const conditions = childrenNamed(root, root.uri, 'Conditions')[0]
  const signature = childrenNamed(root, dsig, 'Signature')[0]
  const method = signature === undefined ? undefined : outermostNamed(signature, dsig, 'SignatureMethod')[0]
  const isVersion2 = root.uri === saml20
  const nameId = own(isVersion2 ? 'NameID' : 'NameIdentifier')[0]
  const authentication = isVersion2
    ? leafText(own('AuthnContextClassRef')[0])
    : attributeIn(own('AuthenticationStatement')[0], 'AuthenticationMethod')
  const facts = {
    issuer: isVersion2 ? leafText(childrenNamed(root, root.uri, 'Issuer')[0]) : attributeOf(root, 'Issuer'),
    notBefore: attributeIn(conditions, 'NotBefore'),
    notOnOrAfter: attributeIn(conditions, 'NotOnOrAfter'),
    signatureAlgorithm: attributeIn(method, 'Algorithm'),
    nameIdFormat: attributeIn(nameId, 'Format'),
    authenticationMethod: authentication,
  }
  return {
    version,
    audiences: own('Audience').flatMap((audience) => leafText(audience) ?? []),
    signed: signature !== undefined,
    attributes: own('Attribute').flatMap(
      (attribute) => attributeOf(attribute, isVersion2 ? 'Name' : 'AttributeName') ?? [],
    ),
    ...(Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as object),
  }
}

function attributeIn(element: XmlElement | undefined, name: string): string | undefined {
  return element === undefined ? undefined : attributeOf(element, name)
}
