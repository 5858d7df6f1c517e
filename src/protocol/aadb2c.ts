/**
 * What the AADB2C codes met by this grant ask of whom. Advice for people, like the AADSTS numbers.
 *
 * @see {@link https://learn.microsoft.com/azure/active-directory-b2c/error-codes Azure AD B2C error codes}
 */
const wrongPassword =
  'User name or password is wrong. It was tried once and will not be tried again: repeated attempts lock the account.'
const again = 'The service is busy or broken: try again later.'
const passwordAgain = 'The refresh token is spent: sign in with the password again.'
const registration = 'Check the registration of the application in the B2C tenant.'

const hints: Readonly<Record<string, string>> = {
  AADB2C90008: 'The request names no client: pass the application id as clientId.',
  AADB2C90010: 'The request names no scope: pass the application id or the scopes of an API.',
  AADB2C90012: 'The scope is not supported here: pass the application id or the scopes of an API.',
  AADB2C90018: `The application is not registered in this tenant. ${registration}`,
  AADB2C90035: again,
  AADB2C90037: again,
  AADB2C90038: again,
  AADB2C90052: wrongPassword,
  AADB2C90053: 'There is no such user in this tenant: check the user name, or let the user sign up.',
  AADB2C90054: wrongPassword,
  AADB2C90055: 'The scopes name several resources: make one call per resource.',
  AADB2C90057: 'Set oauth2AllowImplicitFlow to true in the manifest of the application: custom policies need it.',
  AADB2C90058: `The application must not be a public client here. ${registration}`,
  AADB2C90063: `The service failed, or the policy does not serve this grant: check the policy. ${again}`,
  AADB2C90066: 'The policy is invalid: check its name in the authority.',
  AADB2C90068: `The application is of the wrong version. ${registration}`,
  AADB2C90079: 'The application is confidential: pass clientAuthentication.',
  AADB2C90080: passwordAgain,
  AADB2C90081: 'The client secret is wrong: check its value.',
  AADB2C90082: 'The server finds the request malformed: check the authority, the client id and the scopes.',
  AADB2C90083: 'A parameter is missing from the request: check what changes requests between here and the server.',
  AADB2C90084: 'A public client sent a secret: leave clientAuthentication out.',
  AADB2C90085: again,
  AADB2C90086: 'The policy does not serve the password grant: use a ROPC user flow or policy in the authority.',
  AADB2C90087: `The refresh token is of another endpoint: use the authority it came from. ${passwordAgain}`,
  AADB2C90088: `The refresh token is of another policy: use the authority it came from. ${passwordAgain}`,
  AADB2C90092: `The application is disabled. ${registration}`,
  AADB2C90111: 'The account is locked: an administrator must unlock it.',
  AADB2C90114: 'The account is locked after too many bad attempts: wait, and do not retry meanwhile.',
  AADB2C90117: 'The scope is not supported here: pass the application id or the scopes of an API.',
  AADB2C90122:
    'The service refused characters such as "<" or "&" in the input: a password with them may not pass here.',
  AADB2C90128: 'The account of the refresh token no longer exists.',
  AADB2C90129: 'The refresh token was revoked: sign in with the password again.',
  AADB2C90146: 'The scopes name several resources: make one call per resource.',
  AADB2C90205: `The application lacks a permission. ${registration}`,
  AADB2C90224:
    'The password grant is not enabled for the application: register it as a public client with a ROPC policy.',
  AADB2C90225: wrongPassword,
  AADB2C90229: 'Too many requests: wait before the next.',
  AADB2C90244: 'Too many requests: wait before the next.',
  AADB2C90245: 'Access to the tenant is disabled: ask the support of Azure.',
  AADB2C90247: 'This tenant serves the password grant on its custom domain only: use that in the authority.',
  AADB2C90248: 'The password grant works only for applications made in the B2C section of the portal.',
  AADB2C90249: 'The password grant is not enabled for the tenant.',
}

/** Advice for an AADB2C code. @returns `undefined` when there is none. */
export function aadb2cHint(code: string | undefined): string | undefined {
  return code === undefined ? undefined : hints[code]
}
