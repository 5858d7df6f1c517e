import { type Advice, type AdviceSource, advice, findAdvice } from '../protocol/advice.ts'
import { adfsEvents } from '../protocol/where-to-look.ts'

const observed: AdviceSource = 'observed'
const reported: AdviceSource = 'reported'

const checkBoth =
  'AD FS does not say whether the password is wrong, expired or must be changed, or the user is unknown, disabled, ' +
  'locked out or outside logon hours. The attempt was made once and not repeated. Check both values; the AD FS ' +
  `administrator finds the reason in ${adfsEvents}.`

const checkClock =
  'Most often the clock of this machine is more than 5 minutes off the server’s: compare it with the Date header of ' +
  'the response. Nothing was said about the password.'

const otherVersion =
  'The endpoint may speak the other version of WS-Trust: set wsTrustVersion to "2005" or "1.3", or correct the ' +
  'metadata of the server. Get-AdfsEndpoint lists what it offers.'

const changedOnTheWay =
  'This client sends what the standard asks for: check what changes requests between here and the server (a proxy, a ' +
  `gateway). ${otherVersion}`

const nameAudience =
  'Ask for the audience that the user realm names (cloud_audience_urn; sovereign clouds have their own) by leaving ' +
  'cloudAudience out, or have it registered as a relying party (Get-AdfsRelyingPartyTrust lists them).'

const enableEndpoint =
  'The WS-Trust endpoint is disabled or AD FS is down. An AD FS administrator enables it (Enable-AdfsEndpoint ' +
  '-TargetAddressPath /adfs/services/trust/13/usernamemixed, and Set-AdfsEndpoint -Proxy $true for use from outside) ' +
  'and starts the service.'

const inTheLog =
  'The cause is in the log of the federation server (AD FS: the event log AD FS/Admin); only its administrator can ' +
  'see and mend it.'

const certificates =
  'An AD FS administrator checks the certificates and their private keys (Get-AdfsCertificate, rights of the service ' +
  'account, trust and revocation of the chain); event log AD FS/Admin names the one.'

const noToken =
  'This client sends a user name and password only and asks for a bearer token: the endpoint expects another kind. ' +
  'Use one with a username policy, /adfs/services/trust/13/usernamemixed, or check what the metadata of the server says.'

const notRenewed =
  'This client never renews a token, it asks for a new one in each sign-in: check what changes requests between here ' +
  'and the server, and that the address is that of a security token service.'

/**
 * By the `ID####` (Windows Identity Foundation) or `MSIS####` (AD FS) number at the head of a fault's reason. Microsoft
 * publishes no list of them.
 */
export const adfsFaults: Readonly<Record<string, Advice>> = {
  ID3242: advice('credential', '', 'the user name or password was not accepted', checkBoth, observed),
  ID3034: advice('credential', '', 'the user name or password was not accepted', checkBoth, reported),
  ID4007: advice(
    'federation',
    '',
    'the server would have to encrypt a proof key for an audience that has no certificate',
    'The endpoint did not honour the request for a bearer token. An AD FS administrator checks the relying party of the audience (Get-AdfsRelyingPartyTrust, EncryptionCertificate); the other wsTrustVersion may help.',
    reported,
  ),
  ID4175: advice(
    'federation',
    '',
    'the issuer of a token is not trusted, as happens after a certificate rollover',
    'An AD FS administrator brings the trusts up to date after the change of a token-signing certificate: Update-AdfsClaimsProviderTrust, and Entra Connect > Manage federation > Reset Microsoft Entra ID trust.',
    observed,
  ),
  ID4022: advice('federation', '', 'a decryption key is missing', certificates, observed),
  ID4037: advice('federation', '', 'a signing key could not be resolved', certificates, observed),
  ID4252: advice('federation', '', 'a certificate could not be validated', certificates, observed),
  ID4257: advice('federation', '', 'a certificate could not be validated', certificates, observed),
  MSIS3127: advice(
    'federation',
    '',
    'the server failed to make the token, for example for an unknown audience or claim rule',
    `${inTheLog} ${nameAudience}`,
    observed,
  ),
  MSIS3173: advice(
    'federation',
    '',
    'the account could not be validated against Active Directory',
    `An AD FS administrator checks that the server reaches a domain controller of the user’s domain, the trust between the domains, and the rights of the service account; events 111 and 364 in the event log AD FS/Admin tell more.`,
    observed,
  ),
  MSIS7012: advice('federation', '', 'the server failed while it processed the request', inTheLog, observed),
  MSIS7065: advice(
    'federation',
    '',
    'nothing listens under this path',
    'Check the WS-Trust URL in the server’s metadata, or the one given as mex: AD FS has /adfs/services/trust/13/usernamemixed and /2005/usernamemixed. Get-AdfsEndpoint lists what is enabled.',
    reported,
  ),
  MSIS7068: advice(
    'tenant_policy',
    '',
    'an access control policy denied this user',
    'A rule on the relying party demands something a password cannot give (MFA, a network, a device, a group). Sign in with device code or interactively, or have the AD FS administrator change the rule: Relying Party Trusts > {trust} > Edit Access Control Policy.',
    observed,
  ),
  MSIS8020: advice('federation', '', 'the server refused for a reason that is not published', inTheLog, reported),
}

/**
 * By the local name of a fault's code or subcode. `FailedAuthentication` and `InvalidSecurityToken` are defined by two
 * standards alike.
 *
 * @see {@link https://docs.oasis-open.org/ws-sx/ws-trust/v1.3/ws-trust.html WS-Trust 1.3 §11},
 * {@link https://docs.oasis-open.org/wss-m/wss/v1.1.1/os/wss-SOAPMessageSecurity-v1.1.1-os.html WS-Security 1.1.1 §12},
 * {@link https://www.w3.org/TR/ws-addr-soap/#faults WS-Addressing 1.0 SOAP Binding §6},
 * {@link https://www.w3.org/TR/soap12-part1/#faultcodes SOAP 1.2 §5.4.6}
 */
export const soapFaultCodes: Readonly<Record<string, Advice>> = {
  // WS-Trust
  InvalidRequest: advice('request', '', 'the endpoint does not understand this kind of request', otherVersion),
  BadRequest: advice('request', '', 'the endpoint does not understand this kind of request', otherVersion),
  FailedAuthentication: advice('credential', '', 'the user name or password was not accepted', checkBoth),
  RequestFailed: advice('federation', '', 'the server could not make the token', inTheLog),
  InvalidSecurityToken: advice('credential', '', 'the security token in the request was not accepted', noToken),
  AuthenticationBadElements: advice(
    'credential',
    '',
    'the digest of the user name and password was not accepted',
    'This client sends the password as text under TLS, as AD FS wants it; an endpoint that wants a digest cannot be used. Choose one with a username policy, or check what changes requests on their way.',
  ),
  ExpiredData: advice('request', '', 'what was sent is out of date for the server', checkClock),
  InvalidTimeRange: advice('request', '', 'the time range asked for was not accepted', checkClock),
  InvalidScope: advice('request', '', 'the audience is not known to the federation server', nameAudience),
  RenewNeeded: advice('credential', '', 'a security token must be renewed', notRenewed),
  UnableToRenew: advice('credential', '', 'a security token cannot be renewed', notRenewed),

  // WS-Security
  UnsupportedSecurityToken: advice('federation', '', 'the server does not take this kind of security token', noToken),
  UnsupportedAlgorithm: advice(
    'federation',
    '',
    'the server does not support an algorithm for signatures or encryption',
    'This client signs and encrypts nothing: TLS protects the password. Choose an endpoint with transport security and a username policy, /adfs/services/trust/13/usernamemixed.',
  ),
  InvalidSecurity: advice('request', '', 'the security header was not accepted', checkClock),
  FailedCheck: advice(
    'request',
    '',
    'a signature or encryption in the message is invalid',
    'This client signs and encrypts nothing: an endpoint that wants it cannot be used. Choose one with transport security and a username policy, or check what changes requests on their way.',
  ),
  SecurityTokenUnavailable: advice('federation', '', 'a security token that was referred to was not found', inTheLog),
  MessageExpired: advice('request', '', 'the message has expired for the server', checkClock),

  // WS-Addressing
  ActionNotSupported: advice('request', '', 'the endpoint does not understand this kind of request', otherVersion),
  DestinationUnreachable: advice('federation', '', 'nothing can be reached under this address', enableEndpoint),
  EndpointUnavailable: advice('transient', '', 'the endpoint is not available', enableEndpoint),
  InvalidAddressingHeader: advice('request', '', 'an addressing header was not accepted', changedOnTheWay),
  MessageAddressingHeaderRequired: advice('request', '', 'an addressing header is missing', changedOnTheWay),

  // SOAP 1.2
  MustUnderstand: advice('request', '', 'the endpoint does not understand this kind of request', otherVersion),
  VersionMismatch: advice('request', '', 'the endpoint speaks another version of SOAP', changedOnTheWay),
  DataEncodingUnknown: advice('request', '', 'the endpoint does not know the encoding of the message', changedOnTheWay),
  Sender: advice(
    'request',
    '',
    'it answered with a SOAP fault that blames the request',
    `The reason on this error is the server’s own text. ${inTheLog}`,
  ),
  Receiver: advice(
    'federation',
    '',
    'it answered with a SOAP fault that blames the server',
    `The reason on this error is the server’s own text. Try again later. ${inTheLog}`,
  ),
}

/** What a fault means, and what the person in front of it can do. */
export interface FaultAdvice {
  /** Completes "the federation server refused: …". */
  readonly meaning: string
  readonly hint: string
}

/** Advice for a fault: by its `ID…` or `MSIS…` number, which tells most, else by its subcode, else in general. */
export function adviceFor(idCode: string | undefined, subcode: string | undefined): FaultAdvice {
  const found = findAdvice(adfsFaults, idCode) ?? findAdvice(soapFaultCodes, subcode)
  if (found !== undefined) return { meaning: found.meaning, hint: found.remedy }
  return {
    meaning: 'it answered with a SOAP fault',
    hint: `The reason on this error is the server’s own text. ${inTheLog}`,
  }
}
