import { isAuthError, SoapFaultError } from '../../errors.ts'
import { Secret } from '../../protocol/secret.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { sliceVerbatim } from '../../wstrust/assertion.ts'
import { policy, saml11, saml20, soap12, type WsTrustVersion, wsdl, wsTrust, wsu } from '../../wstrust/namespaces.ts'
import { parseSecurityTokenResponse } from '../../wstrust/security-token-response.ts'
import { parseXml } from '../../wstrust/xml.ts'
import {
  childrenNamed,
  leafText,
  outermostNamed,
  type XmlDocument,
  type XmlElement,
} from '../../wstrust/xml-element.ts'
import { UsageError } from '../args.ts'
import { reportAssertion } from './assertion-report.ts'
import type { Decoded, DecodedMessage } from './decoded.ts'

/**
 * Recognises a SAML assertion (alone, or in a message of another protocol) and an answer of WS-Trust.
 *
 * @throws {@link UsageError} for any other document, in our own words.
 */
export function decodeXml(text: string, at: EpochSeconds): Decoded {
  const document = parse(text)
  const { root } = document
  const answer = findAnswer(root)
  if (answer !== undefined || root.local === 'Envelope') return decodeAnswer(document, answer, at)
  const found = [saml11, saml20].flatMap((namespace) => outermostNamed(root, namespace, 'Assertion'))
  const [assertion] = found
  if (assertion !== undefined && found.length === 1) return decodeAssertion(document, assertion, at)
  if (outermostNamed(root, saml20, 'EncryptedAssertion').length > 0) return encrypted
  if (found.length > 1) throw refused('the XML holds more than one assertion', 'Pass the one that is meant.')
  const isMex = outermostNamed(root, wsdl, 'definitions').length > 0
  throw refused(
    isMex ? 'this is a MEX document' : 'the XML holds no SAML assertion and no answer of WS-Trust',
    isMex
      ? 'ropc mex FILE shows what it offers.'
      : 'Expected: a SAML 1.1 or 2.0 assertion, or the answer that holds it.',
  )
}

const encrypted: DecodedMessage = { kind: 'encrypted_assertion', members: {}, parts: {} }

function parse(text: string): XmlDocument {
  try {
    return parseXml(text, 'wstrust')
  } catch (error) {
    if (!isAuthError(error)) throw error
    const why = error.message.replace('the WS-Trust answer', 'the XML')
    throw refused(why, 'Pass the message as it was sent: one that was pretty-printed or cut cannot be read.')
  }
}

function decodeAssertion(document: XmlDocument, element: XmlElement, at: EpochSeconds): Decoded {
  const xml = new Secret(sliceVerbatim(document, element))
  return { kind: 'saml_assertion', ...reportAssertion({ version: element.uri === saml11 ? '1.1' : '2.0', xml }, at) }
}

interface Answer {
  readonly version: WsTrustVersion
  readonly element: XmlElement
}

function findAnswer(root: XmlElement): Answer | undefined {
  return (['1.3', '2005'] as const).flatMap((version) => {
    const { namespace } = wsTrust[version]
    return outermostNamed(root, namespace, 'RequestSecurityTokenResponse').map((element) => ({ version, element }))
  })[0]
}

/** An answer by the rules of the client, in an envelope or copied out of one. */
function decodeAnswer(document: XmlDocument, answer: Answer | undefined, at: EpochSeconds): Decoded {
  const { source, root } = document
  const body =
    root.local === 'Envelope'
      ? source
      : `<s:Envelope xmlns:s="${soap12}"><s:Body>${source.slice(root.start, root.end)}</s:Body></s:Envelope>`
  const members = answer === undefined ? {} : answerMembers(answer)
  try {
    const assertion = parseSecurityTokenResponse({ status: 200, headers: {}, body }, answer?.version ?? '1.3')
    const parts = { assertion: { kind: 'saml_assertion', ...reportAssertion(assertion, at) } } as const
    return { kind: 'security_token_response', members, parts }
  } catch (error) {
    if (!isAuthError(error)) throw error
    if (error instanceof SoapFaultError) return faultOf(error)
    const isEncrypted = answer !== undefined && /encrypted/.test(error.message)
    if (isEncrypted) return { kind: 'security_token_response', members, parts: { assertion: encrypted } }
    throw refused(error.message, 'Expected: one RequestSecurityTokenResponse with one SAML assertion, or a SOAP fault.')
  }
}

function faultOf({ faultCode, faultSubcode, reason, idCode, message, hint }: SoapFaultError): Decoded {
  const told = { faultCode, faultSubcode, reason, idCode, meaning: message, 'what to do': hint }
  return { kind: 'soap_fault', members: present(told), parts: {} }
}

function answerMembers({ version, element }: Answer): DecodedMessage['members'] {
  const text = (local: string): string | undefined => leafText(childrenNamed(element, element.uri, local)[0])
  const lifetime = childrenNamed(element, element.uri, 'Lifetime')[0]
  const within = (local: string): string | undefined =>
    lifetime === undefined ? undefined : leafText(childrenNamed(lifetime, wsu, local)[0])
  return present({
    'WS-Trust': version,
    TokenType: text('TokenType'),
    KeyType: text('KeyType'),
    AppliesTo: innermostText(childrenNamed(element, policy, 'AppliesTo')[0]),
    'Lifetime/Created': within('Created'),
    'Lifetime/Expires': within('Expires'),
  })
}

function innermostText(element: XmlElement | undefined): string | undefined {
  const child = element?.children[0]
  return child === undefined ? leafText(element) : innermostText(child)
}

function present(members: Readonly<Record<string, string | undefined>>): DecodedMessage['members'] {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

function refused(message: string, hint: string): UsageError {
  return new UsageError(message, hint)
}
