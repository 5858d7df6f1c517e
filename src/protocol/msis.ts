/**
 * What the MSIS codes of AD FS's token endpoint (`/adfs/oauth2/token`) ask of whom. Advice for people: Microsoft
 * publishes no list of them. Those of its WS-Trust endpoints are in `wstrust/adfs-faults.ts`.
 */
const hints: Readonly<Record<string, string>> = {
  MSIS9602:
    'AD FS knows no such resource: pass the identifier of a relying party or web API as it is registered there.',
  MSIS9604: 'AD FS failed: its administrator finds the cause in the event log.',
  MSIS9605: 'The client may not use this resource: Grant-AdfsApplicationPermission, or the permissions of the group.',
  MSIS9607: 'AD FS does not know this client: register it in an application group (or with Add-AdfsClient).',
  MSIS9611: 'This AD FS does not serve the password grant: it takes AD FS 2016 or later. Use WS-Trust through Entra.',
  MSIS9612: 'The grant was refused: sign in with the password again.',
  MSIS9615: 'The refresh token is invalid or has expired: sign in with the password again.',
  MSIS9622: 'The client authenticated wrongly: check secret or certificate. AD FS takes assertions in RS256 only.',
  MSIS9659:
    'User name or password is wrong. It was tried once and will not be tried again: repeated attempts lock the account.',
}

/** Advice for a MSIS code. @returns `undefined` when there is none. */
export function msisHint(code: string | undefined): string | undefined {
  return code === undefined ? undefined : hints[code]
}
