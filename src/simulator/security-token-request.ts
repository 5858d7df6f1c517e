import { type EpochSeconds, parseInstant } from '../protocol/time.ts'
import { addressing, policy, soap12, type WsTrustVersion, wsse, wsTrust, wsu } from '../wstrust/namespaces.ts'
import { SoapFault } from './soap.ts'
import { childElements, findElement, textOf, type XmlElement } from './xml.ts'

/** What the farm needs of a `RequestSecurityToken` message. */
export interface ReceivedTokenRequest {
  readonly username: string
  readonly password: string
  readonly appliesTo: string
  /** `TokenType` where the client asks for one. */
  readonly tokenType?: string
  readonly messageId?: string
}

export interface Expectations {
  readonly version: WsTrustVersion
  /** Path of the endpoint that received the message. */
  readonly path: string
  /** Host names and ports the farm answers to. */
  readonly hosts: readonly string[]
  readonly now: EpochSeconds
  readonly strict: boolean
}

const understood: readonly (readonly [namespace: string, localName: string])[] = [
  [addressing, 'Action'],
  [addressing, 'To'],
  [addressing, 'ReplyTo'],
  [addressing, 'MessageID'],
  [wsse, 'Security'],
]
const passwordText = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText'
const skewSeconds = 300

/** The `wsa:MessageID` of a message, so that even a fault can relate to it. */
export function messageIdOf(envelope: XmlElement): string | undefined {
  return textOf(findElement(envelope, [soap12, 'Header'], [addressing, 'MessageID']))
}

/**
 * Reads a WS-Trust request as the `usernamemixed` endpoints of AD FS do: names by namespace, the header before the
 * body, and no interest in `wsa:messageID` with a wrong case, as ADAL sends it.
 *
 * @throws {@link SoapFault} for everything WCF or AD FS would refuse.
 * @see {@link https://docs.oasis-open.org/ws-sx/ws-trust/v1.3/ws-trust.html WS-Trust 1.3 §4}
 */
export function readTokenRequest(envelope: XmlElement, expected: Expectations): ReceivedTokenRequest {
  if (envelope.localName !== 'Envelope' || envelope.namespaceURI !== soap12) {
    throw new SoapFault('The message version of the incoming message is not supported.', undefined, 'VersionMismatch')
  }
  const header = findElement(envelope, [soap12, 'Header'])
  checkUnderstood(header)
  checkAction(header, expected.version)
  checkDestination(header, expected)
  const credentials = readSecurity(header, expected)
  const request = readRequest(envelope, expected.version)
  const messageId = messageIdOf(envelope)
  return { ...credentials, ...request, ...(messageId === undefined ? {} : { messageId }) }
}

function checkUnderstood(header: XmlElement | undefined): void {
  const unknown = (header === undefined ? [] : childElements(header)).find((element) => {
    const mandatory = ['1', 'true'].includes(element.getAttributeNS(soap12, 'mustUnderstand') ?? '')
    return mandatory && !understood.some(([ns, name]) => element.namespaceURI === ns && element.localName === name)
  })
  if (unknown === undefined) return
  throw new SoapFault(`The header '${unknown.localName}' was not understood.`, undefined, 'MustUnderstand')
}

function checkAction(header: XmlElement | undefined, version: WsTrustVersion): void {
  const action = textOf(findElement(header, [addressing, 'Action'])) ?? ''
  if (action === wsTrust[version].issueAction) return
  throw new SoapFault(
    `The message with Action '${action}' cannot be processed at the receiver, due to a ContractFilter mismatch at the EndpointDispatcher.`,
    'ActionNotSupported',
  )
}

function checkDestination(header: XmlElement | undefined, { path, hosts, strict }: Expectations): void {
  const to = textOf(findElement(header, [addressing, 'To'])) ?? ''
  const url = URL.canParse(to) ? new URL(to) : undefined
  const samePath = url?.pathname.toLowerCase() === path.toLowerCase()
  if (samePath && (!strict || (url?.protocol === 'https:' && hosts.includes(url.host)))) return
  throw new SoapFault(
    `The message with To '${to}' cannot be processed at the receiver, due to an AddressFilter mismatch at the EndpointDispatcher.`,
    'DestinationUnreachable',
  )
}

function readSecurity(
  header: XmlElement | undefined,
  { now, strict }: Expectations,
): { username: string; password: string } {
  const security = findElement(header, [wsse, 'Security'])
  const timestamp = findElement(security, [wsu, 'Timestamp'])
  if (strict && timestamp !== undefined && !isCurrent(timestamp, now)) {
    throw new SoapFault('An error occurred when verifying security for the message.', 'InvalidSecurity')
  }
  const token = findElement(security, [wsse, 'UsernameToken'])
  const username = findElement(token, [wsse, 'Username'])
  const password = findElement(token, [wsse, 'Password'])
  if (username === undefined || password === undefined) {
    throw new SoapFault('An error occurred when verifying security for the message.', 'InvalidSecurity')
  }
  // Without a type it is text, by the UsernameToken profile §3.1; AD FS takes no digests.
  if (![null, '', passwordText].includes(password.getAttribute('Type'))) {
    throw new SoapFault('The password type is not supported.', 'InvalidSecurityToken')
  }
  // Not trimmed: blanks may belong to either.
  return { username: username.textContent ?? '', password: password.textContent ?? '' }
}

function isCurrent(timestamp: XmlElement, now: EpochSeconds): boolean {
  const created = parseInstant(textOf(findElement(timestamp, [wsu, 'Created'])) ?? '')
  const expires = parseInstant(textOf(findElement(timestamp, [wsu, 'Expires'])) ?? '')
  if (created === undefined || expires === undefined || expires <= created) return false
  return created <= now + skewSeconds && expires > now - skewSeconds
}

function readRequest(envelope: XmlElement, version: WsTrustVersion): { appliesTo: string; tokenType?: string } {
  const { namespace, issueType, bearerKeyType } = wsTrust[version]
  const body = findElement(envelope, [soap12, 'Body'])
  const request = findElement(body, [namespace, 'RequestSecurityToken'])
  if (request === undefined || textOf(findElement(request, [namespace, 'RequestType'])) !== issueType) {
    throw new SoapFault('ID3035: The request was not valid or was malformed.', 'InvalidRequest')
  }
  if (textOf(findElement(request, [namespace, 'KeyType'])) !== bearerKeyType) {
    throw new SoapFault(
      'ID4007: The symmetric key inside the requested security token must be encrypted. To fix this, either override the SecurityTokenService.GetScope() method to assign appropriate value to Scope.EncryptingCredentials, or set Scope.SymmetricKeyEncryptionRequired to false.',
      'RequestFailed',
    )
  }
  const appliesTo = textOf(
    findElement(request, [policy, 'AppliesTo'], [addressing, 'EndpointReference'], [addressing, 'Address']),
  )
  const tokenType = textOf(findElement(request, [namespace, 'TokenType']))
  return { appliesTo: appliesTo ?? '', ...(tokenType === undefined ? {} : { tokenType }) }
}
