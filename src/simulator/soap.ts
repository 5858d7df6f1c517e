import type { HttpResponse } from '../protocol/http.ts'
import { type EpochSeconds, formatInstant } from '../protocol/time.ts'
import { addressing, soap12, type WsTrustVersion, wsse, wsTrust, wsu } from '../wstrust/namespaces.ts'
import { escapeXml } from './xml.ts'

/** A fault's subcode with the namespace that defines it. */
export type FaultSubcode =
  | 'InvalidRequest'
  | 'BadRequest'
  | 'RequestFailed'
  | 'AuthenticationBadElements'
  | 'ExpiredData'
  | 'InvalidTimeRange'
  | 'InvalidScope'
  | 'RenewNeeded'
  | 'UnableToRenew'
  | 'FailedAuthentication'
  | 'InvalidSecurity'
  | 'InvalidSecurityToken'
  | 'UnsupportedSecurityToken'
  | 'UnsupportedAlgorithm'
  | 'FailedCheck'
  | 'SecurityTokenUnavailable'
  | 'MessageExpired'
  | 'ActionNotSupported'
  | 'DestinationUnreachable'
  | 'EndpointUnavailable'
  | 'InvalidAddressingHeader'
  | 'MessageAddressingHeaderRequired'
  | 'InternalServiceFault'

const dispatcher = 'http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher'

/** WS-Trust's is that of the version. */
const namespaces: Readonly<Record<FaultSubcode, string>> = {
  InvalidRequest: 'wst',
  BadRequest: 'wst',
  RequestFailed: 'wst',
  AuthenticationBadElements: 'wst',
  ExpiredData: 'wst',
  InvalidTimeRange: 'wst',
  InvalidScope: 'wst',
  RenewNeeded: 'wst',
  UnableToRenew: 'wst',
  FailedAuthentication: wsse,
  InvalidSecurity: wsse,
  InvalidSecurityToken: wsse,
  UnsupportedSecurityToken: wsse,
  UnsupportedAlgorithm: wsse,
  FailedCheck: wsse,
  SecurityTokenUnavailable: wsse,
  MessageExpired: wsse,
  ActionNotSupported: addressing,
  DestinationUnreachable: addressing,
  EndpointUnavailable: addressing,
  InvalidAddressingHeader: addressing,
  MessageAddressingHeaderRequired: addressing,
  InternalServiceFault: dispatcher,
}

/** Thrown inside the farm; becomes a SOAP fault at its door. */
export class SoapFault extends Error {
  readonly subcode: FaultSubcode | undefined
  readonly code: 'Sender' | 'Receiver' | 'MustUnderstand' | 'VersionMismatch' | 'DataEncodingUnknown'

  constructor(reason: string, subcode?: FaultSubcode, code: SoapFault['code'] = 'Sender') {
    super(reason)
    this.subcode = subcode
    this.code = code
  }
}

/** What a reply says about the request it answers. */
export interface ReplyContext {
  readonly version: WsTrustVersion
  readonly at: EpochSeconds
  readonly relatesTo?: string
}

/** Writes a SOAP 1.2 fault. AD FS sends every one with HTTP status 500, a wrong password included. */
export function faultReply(fault: SoapFault, context: ReplyContext): HttpResponse {
  const subcode =
    fault.subcode === undefined
      ? ''
      : `<s:Subcode><s:Value xmlns:a="${namespaceOf(fault.subcode, context.version)}">a:${fault.subcode}</s:Value></s:Subcode>`
  const body =
    `<s:Fault><s:Code><s:Value>s:${fault.code}</s:Value>${subcode}</s:Code>` +
    `<s:Reason><s:Text xml:lang="en-US">${escapeXml(fault.message)}</s:Text></s:Reason></s:Fault>`
  return soapReply(500, 'http://www.w3.org/2005/08/addressing/soap/fault', body, context)
}

/** Puts a body into a SOAP 1.2 envelope with the headers WCF adds. */
export function soapReply(status: number, action: string, body: string, context: ReplyContext): HttpResponse {
  const relatesTo = context.relatesTo === undefined ? '' : `<a:RelatesTo>${escapeXml(context.relatesTo)}</a:RelatesTo>`
  return {
    status,
    headers: { 'content-type': 'application/soap+xml; charset=utf-8' },
    body:
      `<s:Envelope xmlns:s="${soap12}" xmlns:a="${addressing}" xmlns:u="${wsu}"><s:Header>` +
      `<a:Action s:mustUnderstand="1">${action}</a:Action>${relatesTo}` +
      `<o:Security s:mustUnderstand="1" xmlns:o="${wsse}"><u:Timestamp u:Id="_0">` +
      `<u:Created>${millis(context.at)}</u:Created><u:Expires>${millis(context.at + 300)}</u:Expires>` +
      `</u:Timestamp></o:Security></s:Header><s:Body>${body}</s:Body></s:Envelope>`,
  }
}

function namespaceOf(subcode: FaultSubcode, version: WsTrustVersion): string {
  const namespace = namespaces[subcode]
  return namespace === 'wst' ? wsTrust[version].namespace : namespace
}

/** AD FS writes milliseconds everywhere. */
export function millis(at: EpochSeconds): string {
  return formatInstant(at).replace('Z', '.000Z')
}
