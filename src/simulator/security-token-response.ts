import type { HttpResponse } from '../protocol/http.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { addressing, policy, saml11, saml20, wsse, wsTrust } from '../wstrust/namespaces.ts'
import { millis, type ReplyContext, soapReply } from './soap.ts'
import { escapeXml } from './xml.ts'

/** What the farm answers a sign-in with. */
export interface IssuedToken {
  readonly assertion: string
  readonly assertionId: string
  readonly assertionVersion: '1.1' | '2.0'
  readonly appliesTo: string
  readonly expires: EpochSeconds
}

const secext11 = 'http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd'
const profile10 = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0'
const profile11 = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1'

/**
 * Writes the answer to an issue request: a collection of one in WS-Trust 1.3 (§4.4), the bare response in the 2005
 * draft. `TokenType` comes after the token, as AD FS has it.
 */
export function tokenReply(issued: IssuedToken, context: ReplyContext): HttpResponse {
  const { namespace, issueType, bearerKeyType } = wsTrust[context.version]
  const tokenType = issued.assertionVersion === '1.1' ? saml11 : saml20
  const response =
    `<t:Lifetime><u:Created>${millis(context.at)}</u:Created><u:Expires>${millis(issued.expires)}</u:Expires></t:Lifetime>` +
    `<wsp:AppliesTo xmlns:wsp="${policy}"><wsa:EndpointReference xmlns:wsa="${addressing}">` +
    `<wsa:Address>${escapeXml(issued.appliesTo)}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>` +
    `<t:RequestedSecurityToken>${issued.assertion}</t:RequestedSecurityToken>` +
    `<t:RequestedAttachedReference>${reference(issued)}</t:RequestedAttachedReference>` +
    `<t:RequestedUnattachedReference>${reference(issued)}</t:RequestedUnattachedReference>` +
    `<t:TokenType>${tokenType}</t:TokenType><t:RequestType>${issueType}</t:RequestType><t:KeyType>${bearerKeyType}</t:KeyType>`
  const is13 = context.version === '1.3'
  const rstr = (declaration: string): string =>
    `<t:RequestSecurityTokenResponse${declaration}>${response}</t:RequestSecurityTokenResponse>`
  const declaration = ` xmlns:t="${namespace}"`
  const body = is13
    ? `<t:RequestSecurityTokenResponseCollection${declaration}>${rstr('')}</t:RequestSecurityTokenResponseCollection>`
    : rstr(declaration)
  const action = `${namespace}/${is13 ? 'RSTRC/IssueFinal' : 'RSTR/Issue'}`
  return soapReply(200, action, body, context)
}

function reference({ assertionId, assertionVersion }: IssuedToken): string {
  const [type, valueType] =
    assertionVersion === '1.1'
      ? [`${profile11}#SAMLV1.1`, `${profile10}#SAMLAssertionID`]
      : [`${profile11}#SAMLV2.0`, `${profile11}#SAMLID`]
  return (
    `<o:SecurityTokenReference k:TokenType="${type}" xmlns:o="${wsse}" xmlns:k="${secext11}">` +
    `<o:KeyIdentifier ValueType="${valueType}">${assertionId}</o:KeyIdentifier></o:SecurityTokenReference>`
  )
}
