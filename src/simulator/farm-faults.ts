import { type FaultSubcode, SoapFault } from './soap.ts'

/** A fault of the farm's WS-Trust endpoints. */
interface FarmFault {
  readonly reason: string
  readonly subcode?: FaultSubcode
  /** Default `Sender`. */
  readonly code?: SoapFault['code']
}

/** By the number at the head of the text. Microsoft publishes no list: the subcodes are those seen, or of the same kind. */
const numbered: Readonly<Record<string, FarmFault>> = {
  ID3034: { subcode: 'FailedAuthentication', reason: 'The token could not be authenticated.' },
  ID3242: {
    subcode: 'FailedAuthentication',
    reason: 'The security token could not be authenticated or authorized.',
  },
  ID4007: { subcode: 'RequestFailed', reason: 'The proof key cannot be encrypted: the scope has no certificate.' },
  ID4022: { subcode: 'InvalidSecurity', reason: 'The key that decrypts the token could not be found.' },
  ID4037: { subcode: 'InvalidSecurity', reason: 'The key that verifies the signature could not be resolved.' },
  ID4175: { subcode: 'InvalidSecurityToken', reason: 'The issuer of the token is not one of the trusted ones.' },
  ID4252: { subcode: 'InvalidSecurityToken', reason: 'The certificate of the token could not be validated.' },
  ID4257: { subcode: 'InvalidSecurityToken', reason: 'The certificate of the token could not be validated.' },
  MSIS3127: { subcode: 'RequestFailed', reason: 'The specified request failed.' },
  MSIS3173: { subcode: 'RequestFailed', reason: 'The account could not be validated against Active Directory.' },
  MSIS7012: { subcode: 'RequestFailed', reason: 'An error occurred while processing the request.' },
  MSIS7065: { subcode: 'InvalidRequest', reason: 'There is no handler for the path of the request.' },
  MSIS7068: { subcode: 'FailedAuthentication', reason: 'Access denied.' },
  MSIS8020: { subcode: 'RequestFailed', reason: 'The request was refused.' },
}

/** By the local name of the code that tells most. */
const named: readonly FarmFault[] = [
  // WS-Trust
  { subcode: 'InvalidRequest', reason: 'The request was invalid or malformed.' },
  { subcode: 'BadRequest', reason: 'The request is not understood.' },
  { subcode: 'FailedAuthentication', reason: 'Authentication failed.' },
  { subcode: 'RequestFailed', reason: 'The specified request failed.' },
  { subcode: 'InvalidSecurityToken', reason: 'The security token was revoked.' },
  { subcode: 'AuthenticationBadElements', reason: 'The digest is not sufficient.' },
  { subcode: 'ExpiredData', reason: 'The request data is out of date.' },
  { subcode: 'InvalidTimeRange', reason: 'The requested time range is invalid or not supported.' },
  { subcode: 'InvalidScope', reason: 'The request scope is invalid or not supported.' },
  { subcode: 'RenewNeeded', reason: 'The security token must be renewed.' },
  { subcode: 'UnableToRenew', reason: 'The security token cannot be renewed.' },
  // WS-Security
  { subcode: 'UnsupportedSecurityToken', reason: 'A token of this type is not supported.' },
  { subcode: 'UnsupportedAlgorithm', reason: 'An algorithm is not supported.' },
  { subcode: 'InvalidSecurity', reason: 'The security of the message could not be verified.' },
  { subcode: 'FailedCheck', reason: 'The signature or decryption was invalid.' },
  { subcode: 'SecurityTokenUnavailable', reason: 'A security token that is referred to could not be found.' },
  { subcode: 'MessageExpired', reason: 'The message has expired.' },
  // WS-Addressing
  { subcode: 'ActionNotSupported', reason: 'The action cannot be processed at the receiver.' },
  { subcode: 'DestinationUnreachable', reason: 'No route can be found to the destination.' },
  { subcode: 'EndpointUnavailable', reason: 'The endpoint cannot process the message now.', code: 'Receiver' },
  { subcode: 'InvalidAddressingHeader', reason: 'An addressing header is not valid.' },
  { subcode: 'MessageAddressingHeaderRequired', reason: 'An addressing header is missing.' },
  // SOAP 1.2, without a subcode
  { code: 'MustUnderstand', reason: 'A header that must be understood is not.' },
  { code: 'VersionMismatch', reason: 'The version of the envelope is not supported.' },
  { code: 'DataEncodingUnknown', reason: 'The encoding of the data is not known.' },
  { code: 'Sender', reason: 'The message could not be processed.' },
  { code: 'Receiver', reason: 'The message could not be processed due to an internal error.' },
]

const faults: ReadonlyMap<string, FarmFault> = new Map([
  ...Object.entries(numbered).map(
    ([number, fault]) => [number.toLowerCase(), { ...fault, reason: `${number}: ${fault.reason}` }] as const,
  ),
  ...named.map((fault) => [(fault.subcode ?? fault.code ?? '').toLowerCase(), fault] as const),
])

/** The fault of a number or code such as `ID3242` or `MessageExpired`, compared without case. */
export function farmFault(name: string): SoapFault | undefined {
  const fault = faults.get(name.toLowerCase())
  return fault === undefined ? undefined : new SoapFault(fault.reason, fault.subcode, fault.code)
}
