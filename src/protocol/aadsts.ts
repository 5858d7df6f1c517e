const interactive =
  'Sign this user in interactively (authorization code with PKCE, or device code), or have the administrator exclude the account from the policy.'

/**
 * What the AADSTS numbers met by this grant ask of whom. Advice for people: Entra documents the numbers as diagnostics
 * that may change, so nothing branches on them.
 *
 * @see {@link https://learn.microsoft.com/entra/identity-platform/reference-error-codes Entra error codes}
 */
const hints: Readonly<Record<number, string>> = {
  90020: 'The assertion lacks the ImmutableID of the user: check the claim rules of the relying party in AD FS.',
  50006:
    'The assertion did not verify: after a certificate rollover the federation settings of the domain must be updated.',
  50008: 'Entra could not use the assertion: check the claim rules of the relying party in AD FS.',
  50020: 'The user belongs to another tenant or is a personal account: use the user’s own tenant, or invite the user.',
  50034:
    'There is no such user in this tenant: check the user name for typing errors, and the tenant of the authority.',
  50053:
    'The account is locked, or the address is blocked, after too many bad attempts: wait, and do not retry meanwhile.',
  50055: 'The password has expired: the user must change it in a browser, then sign in again.',
  50056: 'No password is stored for this user in Entra: set one, or sign the user in through the federation server.',
  50057: 'The account is disabled: an administrator must enable it.',
  50059: 'Entra cannot tell the tenant: use the full user principal name and a tenant in the authority.',
  50072: `The user must enrol in multifactor authentication, which this grant cannot do. ${interactive}`,
  50076: `Multifactor authentication is required, which this grant cannot do. ${interactive}`,
  50079: `The user must enrol in multifactor authentication, which this grant cannot do. ${interactive}`,
  50105: 'The user is not assigned to this application: an administrator must assign the user.',
  50126:
    'User name or password is wrong. It was tried once and will not be tried again: repeated attempts lock the account. A federated user without password hash sync gets this too when forced onto the managed path.',
  50128: 'The domain of the user name belongs to no tenant: check it for typing errors.',
  50144: 'The password has expired in Active Directory: the user must change it there.',
  50158: `A third-party multifactor authentication is required, which this grant cannot do. ${interactive}`,
  50173: 'The user’s tokens were revoked, for instance by a password change: sign in with the password again.',
  53000: `The policy wants a compliant device, which this grant cannot prove. ${interactive}`,
  53003: `A Conditional Access policy blocks this sign-in. ${interactive}`,
  65001:
    'The user or an administrator has not consented to the scopes: grant consent in the admin center, or once interactively.',
  65002: 'This client id belongs to Microsoft: register an application of your own.',
  70002: 'The credentials of the client or the user are wrong or missing: see the other numbers.',
  70008: 'The refresh token has expired: sign in with the password again.',
  70011: 'A scope is unknown: write it as {application id URI}/{scope}, or as a Microsoft Graph permission.',
  70043: 'The sign-in frequency policy wants a new sign-in: use the password again.',
  90002: 'There is no such tenant in this cloud: check the tenant and the host of the authority.',
  90019: 'Entra cannot tell the tenant: put the tenant id or a verified domain into the authority.',
  500133: 'The assertion is outside its validity: check the clocks of the federation server and of Entra’s caller.',
  500208: 'This kind of account signs in at another host: External ID users sign in at {name}.ciamlogin.com.',
  530035: `Security defaults block this sign-in. ${interactive}`,
  700016: 'The application is not in this tenant: check the client id and the tenant of the authority.',
  700022: 'The scopes name several resources: make one call per resource.',
  700024: 'The client assertion is outside its validity: check the clock of this machine.',
  700025: 'A public client sent a secret: leave the secret out.',
  700027:
    'The client assertion did not verify: register the certificate with the application, and check that it is the one in use.',
  700082: 'The refresh token has expired of inactivity: sign in with the password again.',
  900144:
    'A parameter is missing from the request: this is a defect of the client or of something that changes its requests.',
  7000215: 'The client secret is wrong; often the id of the secret was pasted in place of its value.',
  7000218:
    'The application is confidential and sent no secret: turn on "Allow public client flows" for it in the admin center, or use a confidential client.',
  7000222: 'The client secret has expired: make a new one in the admin center.',
  9001023: 'This grant is not served on "common" or "consumers": use a tenant or "organizations".',
}

/** The first number that has an advice. @returns `undefined` when none has. */
export function aadstsHint(codes: readonly number[]): string | undefined {
  // 70002 says only that another number follows.
  const code = codes.find((code) => code !== 70002 && code in hints) ?? codes.find((code) => code in hints)
  return code === undefined ? undefined : hints[code]
}

/** Advice by the OAuth `error` alone (RFC 6749 §5.2). */
export function oauthErrorHint(error: string): string {
  return oauthHints[error] ?? 'See the description; the server’s log has more under the correlation id.'
}

const oauthHints: Readonly<Record<string, string>> = {
  invalid_grant: 'The user name, the password, the assertion or the refresh token was refused. It was tried once.',
  invalid_client: 'The client must authenticate, or did so wrongly: check the registration of the client.',
  invalid_request: 'The server finds the request malformed: check the authority, the client id and the scopes.',
  invalid_scope: 'A scope is unknown to the server: check the spelling of the scopes.',
  unauthorized_client: 'The client may not use this grant here: allow it in the registration of the client.',
  unsupported_grant_type: 'The server does not offer this grant: enable it there, or use another flow.',
  temporarily_unavailable: 'The service is busy: try again later.',
}
