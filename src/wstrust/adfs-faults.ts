/** What a fault means, and what the person in front of it can do. */
export interface FaultAdvice {
  /** Completes "the federation server refused: …". */
  readonly meaning: string
  readonly hint: string
}

const wrongCredentials: FaultAdvice = {
  meaning: 'the user name or password was not accepted',
  hint:
    'AD FS does not say whether the password is wrong, expired or must be changed, or the user is unknown, disabled, ' +
    'locked out or outside logon hours. The attempt was made once and not repeated. Check both values; the AD FS ' +
    'administrator finds the reason in events 411 and 342.',
}

const clock: FaultAdvice = {
  meaning: 'the security header was not accepted',
  hint:
    'Most often the clock of this machine is more than 5 minutes off the server’s: compare it with the Date header of ' +
    'the response. Nothing was said about the password.',
}

const wrongVersion: FaultAdvice = {
  meaning: 'the endpoint does not understand this kind of request',
  hint: 'The endpoint may speak the other version of WS-Trust. Force that version, or correct the metadata of the server.',
}

const wrongAudience: FaultAdvice = {
  meaning: 'the audience is not known to the federation server',
  hint:
    'Ask for the audience that the user realm names (cloud_audience_urn; sovereign clouds have their own), or have it ' +
    'registered as a relying party.',
}

const endpointDown: FaultAdvice = {
  meaning: 'the endpoint is not available',
  hint: 'The WS-Trust endpoint is disabled or AD FS is down. An AD FS administrator can enable it and start the service.',
}

const administrator = (meaning: string): FaultAdvice => ({
  meaning,
  hint: 'The cause is in the log of the federation server (AD FS: the Admin event log); only its administrator can see and mend it.',
})

/** By the number at the head of the reason. More telling than the subcode, so looked up first. */
const byIdCode: ReadonlyMap<string, FaultAdvice> = new Map([
  ['ID3242', wrongCredentials],
  ['ID3034', wrongCredentials],
  [
    'ID4007',
    {
      meaning: 'the server would have to encrypt a proof key for an audience that has no certificate',
      hint: 'The endpoint did not honour the request for a bearer token. Check the relying party on the server.',
    },
  ],
  ['ID4175', administrator('the issuer of a token is not trusted, as happens after a certificate rollover')],
  ['ID4022', administrator('a decryption key is missing')],
  ['ID4037', administrator('a signing key could not be resolved')],
  ['ID4252', administrator('a certificate could not be validated')],
  ['ID4257', administrator('a certificate could not be validated')],
  ['MSIS3127', administrator('the server failed to make the token, for example for an unknown audience or claim rule')],
  ['MSIS3173', administrator('the account could not be validated against Active Directory')],
  ['MSIS7012', administrator('the server failed while it processed the request')],
  [
    'MSIS7065',
    { meaning: 'nothing listens under this path', hint: 'Check the WS-Trust URL in the server’s metadata.' },
  ],
  [
    'MSIS7068',
    {
      meaning: 'an access control policy denied this user',
      hint:
        'A rule on the relying party demands something a password cannot give (MFA, a network, a device, a group). ' +
        'Sign in interactively, or have the AD FS administrator change the rule.',
    },
  ],
])

/** By the local name of the subcode (WS-Trust §11, WS-Security §12, WS-Addressing SOAP Binding §6). */
const bySubcode: ReadonlyMap<string, FaultAdvice> = new Map([
  ['FailedAuthentication', wrongCredentials],
  ['InvalidSecurity', clock],
  ['MessageExpired', clock],
  ['InvalidTimeRange', clock],
  ['ExpiredData', clock],
  ['InvalidRequest', wrongVersion],
  ['BadRequest', wrongVersion],
  ['ActionNotSupported', wrongVersion],
  ['MustUnderstand', wrongVersion],
  ['InvalidScope', wrongAudience],
  ['EndpointUnavailable', endpointDown],
  ['DestinationUnreachable', endpointDown],
  ['RequestFailed', administrator('the server could not make the token')],
])

const anyFault: FaultAdvice = {
  meaning: 'it answered with a SOAP fault',
  hint: 'The reason on this error is the server’s own text. Its administrator finds more in the server’s log (AD FS: the Admin event log).',
}

/** Advice for a fault: by its `ID…` or `MSIS…` number, else by its subcode, else in general. */
export function adviceFor(idCode: string | undefined, subcode: string | undefined): FaultAdvice {
  return byIdCode.get(idCode ?? '') ?? bySubcode.get(subcode ?? '') ?? anyFault
}
