import { InvalidArgumentError } from '../errors.ts'
import { createRequest, type HttpRequest } from '../protocol/http.ts'
import type { Secret } from '../protocol/secret.ts'
import { type EpochSeconds, formatInstant } from '../protocol/time.ts'
import type { WsTrustEndpoint } from './mex-document.ts'
import { addressing, anonymousAddress, passwordText, policy, soap12, wsse, wsTrust, wsu } from './namespaces.ts'
import { escapeXml } from './xml.ts'

/** What is asked of the federation server: a token for this user, meant for this audience. */
export interface SecurityTokenRequest {
  readonly endpoint: WsTrustEndpoint
  /** The user name as typed; not trimmed, normalised or changed in case. */
  readonly username: string
  readonly password: Secret
  /** `wsp:AppliesTo`, e.g. `urn:federation:MicrosoftOnline`. */
  readonly appliesTo: string
}

const lifetimeSeconds = 600

/**
 * Builds a WS-Trust `RequestSecurityToken` carrying a `wsse:UsernameToken`.
 *
 * Pure: the same arguments give the same bytes. User text is XML-escaped here, so pass it raw. No `TokenType` is
 * asked for: AD FS then issues SAML 1.1, and others what the audience wants. The request prints without the password.
 *
 * @param request Endpoint, user and audience.
 * @param at Instant of the message, integer epoch seconds; `wsu:Expires` is 600 s later.
 * @param messageId Bare UUID for `wsa:MessageID`.
 * @param correlationId Sent as `client-request-id`, which AD FS logs.
 * @returns `POST {endpoint.url}` with a SOAP 1.2 body as UTF-8 text.
 * @throws {@link InvalidArgumentError} if `endpoint.url` is not https, or a text is empty or holds a character that
 * XML 1.0 cannot carry.
 * @see {@link https://docs.oasis-open.org/ws-sx/ws-trust/v1.3/ws-trust.html WS-Trust 1.3 §4, Issuance Binding},
 * {@link https://docs.oasis-open.org/wss/v1.1/wss-v1.1-spec-os-UsernameTokenProfile.pdf UsernameToken Profile 1.1 §3.1}
 */
export function buildSecurityTokenRequest(
  request: SecurityTokenRequest,
  at: EpochSeconds,
  messageId: string,
  correlationId?: string,
): HttpRequest {
  const { endpoint, password } = request
  if (!/^https:\/\//i.test(endpoint.url) || !URL.canParse(endpoint.url)) {
    throw new InvalidArgumentError('the WS-Trust endpoint is not an https URL', {
      step: 'wstrust',
      hint: 'A password travels to this endpoint in clear inside TLS; it is never sent without.',
    })
  }
  const envelope = envelopeAround(request, at, messageId)
  return createRequest({
    step: 'wstrust',
    method: 'POST',
    url: endpoint.url,
    headers: {
      'content-type': 'application/soap+xml; charset=utf-8',
      soapaction: wsTrust[endpoint.version].issueAction,
      ...(correlationId === undefined ? {} : { 'client-request-id': correlationId }),
    },
    body: envelope(textOf(password.reveal(), 'the password')),
    printableBody: envelope(String(password)),
    secrets: [password],
  })
}

/** The envelope as a function of the escaped password, so that the sent and the printed form are the same template. */
function envelopeAround(
  { endpoint, username, appliesTo }: SecurityTokenRequest,
  at: EpochSeconds,
  messageId: string,
): (password: string) => string {
  const { namespace, issueAction, issueType, bearerKeyType } = wsTrust[endpoint.version]
  const to = textOf(endpoint.url, 'the endpoint URL')
  const user = textOf(username, 'the user name')
  const audience = textOf(appliesTo, 'the audience')
  const id = textOf(messageId, 'the message id')
  const created = formatInstant(at)
  const expires = formatInstant(at + lifetimeSeconds)
  return (password) =>
    `<s:Envelope xmlns:s="${soap12}" xmlns:wsa="${addressing}" xmlns:wsu="${wsu}">` +
    '<s:Header>' +
    `<wsa:Action s:mustUnderstand="1">${issueAction}</wsa:Action>` +
    `<wsa:MessageID>urn:uuid:${id}</wsa:MessageID>` +
    `<wsa:ReplyTo><wsa:Address>${anonymousAddress}</wsa:Address></wsa:ReplyTo>` +
    `<wsa:To s:mustUnderstand="1">${to}</wsa:To>` +
    `<wsse:Security s:mustUnderstand="1" xmlns:wsse="${wsse}">` +
    `<wsu:Timestamp wsu:Id="_0"><wsu:Created>${created}</wsu:Created><wsu:Expires>${expires}</wsu:Expires></wsu:Timestamp>` +
    '<wsse:UsernameToken wsu:Id="_1">' +
    `<wsse:Username>${user}</wsse:Username><wsse:Password Type="${passwordText}">${password}</wsse:Password>` +
    '</wsse:UsernameToken>' +
    '</wsse:Security>' +
    '</s:Header>' +
    '<s:Body>' +
    `<wst:RequestSecurityToken xmlns:wst="${namespace}">` +
    `<wsp:AppliesTo xmlns:wsp="${policy}"><wsa:EndpointReference><wsa:Address>${audience}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>` +
    `<wst:KeyType>${bearerKeyType}</wst:KeyType>` +
    `<wst:RequestType>${issueType}</wst:RequestType>` +
    '</wst:RequestSecurityToken>' +
    '</s:Body>' +
    '</s:Envelope>'
}

function textOf(value: string, field: string): string {
  if (value === '') {
    throw new InvalidArgumentError(`${field} is empty`, {
      step: 'wstrust',
      hint: 'Nothing was sent. An attempt with an empty value can only fail and may count towards a lockout.',
    })
  }
  return escapeXml(value, 'wstrust', field)
}
