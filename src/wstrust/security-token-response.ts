import { isAuthError, ProtocolError, SoapFaultError, UnsupportedError } from '../errors.ts'
import { describeStranger, type HttpResponse, responseFacts, strangerFacts } from '../protocol/http.ts'
import type { SamlAssertion } from '../protocol/saml-assertion.ts'
import { Secret } from '../protocol/secret.ts'
import { parseInstant } from '../protocol/time.ts'
import { lookInAdfs } from '../protocol/where-to-look.ts'
import { adviceFor } from './adfs-faults.ts'
import { sliceVerbatim } from './assertion.ts'
import { saml11, saml20, soap11, soap12, type WsTrustVersion, wsTrust } from './namespaces.ts'
import { parseSoapFault, type SoapFault } from './soap-fault.ts'
import { parseXml } from './xml.ts'
import { attributeOf, childrenNamed, leafText, type XmlDocument, type XmlElement } from './xml-element.ts'

/**
 * Reads the answer to a `RequestSecurityToken` and takes out the SAML assertion, byte for byte.
 *
 * A fault counts first, whatever the HTTP status and whatever stands beside it; then the status; then the content. The
 * answer may be in the namespace of either WS-Trust version, with or without the collection of 1.3. The assertion is
 * carried, not trusted: its signature and claims are for the token endpoint to judge.
 *
 * @param version The version that was spoken; an error names it.
 * @throws {@link SoapFaultError} for a SOAP 1.1 or 1.2 fault.
 * @throws {@link ProtocolError} `ERR_UNEXPECTED_STATUS` for another status than 200, `ERR_MALFORMED_RESPONSE` for
 * anything but one answer with one token, `ERR_MISSING_FIELD` if there is no token.
 * @throws {@link UnsupportedError} `ERR_UNSUPPORTED_ASSERTION` if the token is encrypted or not SAML.
 * @see {@link https://docs.oasis-open.org/ws-sx/ws-trust/v1.3/ws-trust.html WS-Trust 1.3 §4.4},
 * {@link https://www.w3.org/TR/soap12-part1/#soapfault SOAP 1.2 §5.4}
 */
export function parseSecurityTokenResponse(response: HttpResponse, version: WsTrustVersion): SamlAssertion {
  const document = envelopeOf(response, version)
  const fault = parseSoapFault(document)
  if (fault !== undefined) throw denied(fault, response)
  if (response.status !== 200) throw unexpectedStatus(response, version)
  const answer = onlyAnswer(document, response)
  const assertion = onlyToken(answer, response)
  const samlVersion = samlVersionOf(assertion, response)
  checkTokenType(answer, assertion, response)
  const conditions = childrenNamed(assertion, assertion.uri, 'Conditions')[0]
  const end = conditions === undefined ? undefined : attributeOf(conditions, 'NotOnOrAfter')
  const notOnOrAfter = end === undefined ? undefined : parseInstant(end)
  return {
    version: samlVersion,
    xml: new Secret(sliceVerbatim(document, assertion)),
    ...(notOnOrAfter === undefined ? {} : { notOnOrAfter }),
  }
}

function envelopeOf(response: HttpResponse, version: WsTrustVersion): XmlDocument {
  let document: XmlDocument
  try {
    document = parseXml(response.body, 'wstrust', { response: strangerFacts(response) })
  } catch (error) {
    // An error page is rarely XML: then the status says more than its text.
    if (isAuthError(error) && response.status !== 200) throw unexpectedStatus(response, version)
    throw error
  }
  const { uri, local } = document.root
  if (local === 'Envelope' && (uri === soap12 || uri === soap11)) return document
  if (response.status !== 200) throw unexpectedStatus(response, version)
  throw malformed('the answer is XML but not a SOAP envelope', response)
}

/** The one RequestSecurityTokenResponse in the body, in the namespace of either version. */
function onlyAnswer({ root }: XmlDocument, response: HttpResponse): XmlElement {
  const bodies = childrenNamed(root, root.uri, 'Body')
  const answers = Object.values(wsTrust).flatMap(({ namespace }) =>
    bodies
      .flatMap((body) => [body, ...childrenNamed(body, namespace, 'RequestSecurityTokenResponseCollection')])
      .flatMap((holder) => childrenNamed(holder, namespace, 'RequestSecurityTokenResponse')),
  )
  const [answer] = answers
  if (answer === undefined) throw missing('the envelope holds no RequestSecurityTokenResponse', response)
  if (bodies.length > 1 || answers.length > 1)
    throw malformed('the envelope holds more than one token response', response)
  return answer
}

/** The one element inside RequestedSecurityToken; two would leave open which of them is meant. */
function onlyToken(answer: XmlElement, response: HttpResponse): XmlElement {
  const tokens = childrenNamed(answer, answer.uri, 'RequestedSecurityToken').flatMap(({ children }) => children)
  const [token] = tokens
  if (token === undefined) throw missing('the token response holds no token', response)
  if (tokens.length > 1) throw malformed('the token response holds more than one token', response)
  return token
}

function samlVersionOf({ uri, local }: XmlElement, response: HttpResponse): SamlAssertion['version'] {
  if (local === 'Assertion' && uri === saml11) return '1.1'
  if (local === 'Assertion' && uri === saml20) return '2.0'
  const isEncrypted = local === 'EncryptedAssertion' || local === 'EncryptedData'
  throw new UnsupportedError(
    'ERR_UNSUPPORTED_ASSERTION',
    isEncrypted ? 'the federation server encrypted the assertion' : 'the token is not a SAML assertion',
    {
      step: 'wstrust',
      hint: isEncrypted
        ? 'The token endpoint cannot read it. Remove the encryption certificate from the relying party on the server.'
        : 'Only SAML 1.1 and 2.0 assertions can be exchanged for tokens. Check the relying party on the server.',
      response: responseFacts(response),
    },
  )
}

/** Names of the two assertion formats; AD FS writes the SAML 1.0 URI for 1.1 assertions, others the token profile's. */
const tokenTypes: ReadonlyMap<string, string> = new Map([
  [saml11, saml11],
  [saml20, saml20],
  ['http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1', saml11],
  ['http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0', saml20],
])

/**
 * The assertion's own namespace decides the grant. A `TokenType` may be absent or unknown, but not contradict it: the
 * next server would be told one thing and shown another.
 */
function checkTokenType(answer: XmlElement, assertion: XmlElement, response: HttpResponse): void {
  const declared = childrenNamed(answer, answer.uri, 'TokenType')
  if (declared.length === 0) return
  const tokenType = declared.length > 1 ? undefined : leafText(declared[0])
  if (tokenType === undefined) throw malformed('the token response does not name one token type', response)
  const expected = tokenTypes.get(tokenType)
  if (expected !== undefined && expected !== assertion.uri) {
    throw malformed('the token response names another token type than it holds', response)
  }
}

function denied(fault: SoapFault, response: HttpResponse): SoapFaultError {
  const advice = adviceFor(fault.idCode, fault.faultSubcode ?? fault.faultCode)
  const facts = responseFacts(response)
  return new SoapFaultError(`the federation server refused: ${advice.meaning}`, fault, {
    step: 'wstrust',
    hint: advice.hint,
    whereToLook: lookInAdfs(facts),
    response: facts,
  })
}

const misconfigured =
  'Something other than the federation server may have answered (a proxy, a captive or firewall page), or its ' +
  'WS-Trust endpoint is misconfigured.'

function malformed(message: string, response: HttpResponse): ProtocolError {
  const facts = strangerFacts(response)
  return new ProtocolError('ERR_MALFORMED_RESPONSE', `${message}${describeStranger(facts)}`, {
    step: 'wstrust',
    hint: misconfigured,
    response: facts,
  })
}

function missing(message: string, response: HttpResponse): ProtocolError {
  return new ProtocolError('ERR_MISSING_FIELD', message, {
    step: 'wstrust',
    hint: misconfigured,
    response: responseFacts(response),
  })
}

function unexpectedStatus(response: HttpResponse, version: WsTrustVersion): ProtocolError {
  const { status } = response
  const other = version === '1.3' ? '2005' : '1.3'
  const isPage = /html/i.test(response.headers['content-type'] ?? '')
  let hint = misconfigured
  if (status >= 300 && status < 400) hint = 'Redirects are never followed with a password. A proxy may want a sign-in.'
  if (status >= 500 && !isPage) hint = 'The federation server failed without saying why. See its log.'
  const facts = strangerFacts(response)
  return new ProtocolError(
    'ERR_UNEXPECTED_STATUS',
    `the WS-Trust ${version} endpoint answered with HTTP status ${status} and no SOAP fault${describeStranger(facts)}`,
    {
      step: 'wstrust',
      hint: hints(other).get(status) ?? hint,
      whereToLook: lookInAdfs(facts),
      response: facts,
    },
  )
}

function hints(other: WsTrustVersion): ReadonlyMap<number, string> {
  const notPublished = `The endpoint is not published (by the proxy, WAP) or disabled. Enable it, or force WS-Trust ${other}.`
  return new Map([
    [401, 'The endpoint wants Windows authentication or another scheme: it is not a usernamemixed endpoint.'],
    [404, notPublished],
    [405, notPublished],
    [415, 'The endpoint does not take SOAP 1.2. It is not a usernamemixed endpoint.'],
    [503, 'The endpoint is disabled or AD FS is down. An AD FS administrator can enable it and start the service.'],
  ])
}
