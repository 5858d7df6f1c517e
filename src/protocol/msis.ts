import { type Advice, type AdviceSource, advice, findAdvice, hintOf, triedOnce } from './advice.ts'

const observed: AdviceSource = 'observed'

/**
 * What the MSIS codes of AD FS's token endpoint (`/adfs/oauth2/token`) ask of whom. Advice for people: Microsoft
 * publishes no list of them. Those of its WS-Trust endpoints are in `wstrust/adfs-faults.ts`.
 */
export const msis: Readonly<Record<string, Advice>> = {
  MSIS9602: advice(
    'request',
    '',
    'AD FS knows no such resource',
    'Pass the identifier of a relying party or web API as it is registered there (Get-AdfsRelyingPartyTrust, Get-AdfsWebApiApplication); AD FS 2016 wants it as resource, 2019 takes scopes {identifier}/{scope} too.',
    observed,
  ),
  MSIS9604: advice(
    'federation',
    '',
    'AD FS failed while it processed the request',
    'Its administrator finds the cause in the event log AD FS/Admin on the server, under the correlation id and the time.',
    observed,
  ),
  MSIS9605: advice(
    'client_registration',
    '',
    'the client may not use this resource',
    'An AD FS administrator allows it: Grant-AdfsApplicationPermission -ClientRoleIdentifier {client id} -ServerRoleIdentifier {resource} -ScopeNames openid, or the client permissions of the application group.',
    observed,
  ),
  MSIS9607: advice(
    'client_registration',
    '',
    'AD FS does not know this client',
    'Check the client id, or have an AD FS administrator register it: an application group with a native application (AD FS 2016 or later), or Add-AdfsClient.',
    observed,
  ),
  MSIS9611: advice(
    'federation',
    '',
    'this AD FS does not serve the password grant',
    'It takes AD FS 2016 or later (documented from 2019). For users of Entra, set the authority to the Entra tenant: then WS-Trust is used, which AD FS 2012 R2 has too.',
    observed,
  ),
  MSIS9612: advice(
    'credential',
    '',
    'the grant was refused as invalid',
    'Authorization codes are not used here; if a refresh token was sent, sign in with user name and password again.',
    observed,
  ),
  MSIS9615: advice(
    'credential',
    '',
    'the refresh token is invalid or has expired',
    'Sign in with user name and password again.',
    observed,
  ),
  MSIS9622: advice(
    'client_registration',
    '',
    'the client did not authenticate, or did so wrongly',
    'Check the secret, or the certificate registered with the server application; AD FS takes client assertions in RS256 only. A native application passes no clientAuthentication.',
    observed,
  ),
  MSIS9659: advice(
    'credential',
    '',
    'user name or password is wrong',
    `Check both; the user name is a UPN, or DOMAIN\\user. ${triedOnce}`,
    observed,
  ),
}

/** Advice for a MSIS code. @returns `undefined` when there is none. */
export function msisHint(code: string | undefined): string | undefined {
  return hintOf(findAdvice(msis, code))
}
