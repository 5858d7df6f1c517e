/** An OAuth error of the farm: `error`, `error_description`, status. */
type MsisFault = readonly [error: string, description: string, status: number]

const invalidPassword: MsisFault = ['invalid_grant', "MSIS9659: Invalid 'username' or 'password'.", 400]

const faults: readonly MsisFault[] = [
  ['invalid_resource', 'MSIS9602: The resource of the request is not registered.', 400],
  ['server_error', 'MSIS9604: The request could not be fulfilled.', 500],
  ['unauthorized_client', 'MSIS9605: The client may not access the resource.', 400],
  ['invalid_client', 'MSIS9607: The client is not registered.', 400],
  ['unsupported_grant_type', "MSIS9611: The requested 'grant_type' is not supported.", 400],
  ['invalid_grant', 'MSIS9612: The authorization code is invalid.', 400],
  ['invalid_grant', 'MSIS9615: The refresh token is invalid.', 400],
  ['invalid_client', 'MSIS9622: The client could not be authenticated.', 401],
  invalidPassword,
]

export function hasMsisFault(name: string): boolean {
  return findFault(name) !== undefined
}

/** The refusal of a user by the OAuth endpoint; one known to the other endpoints only is, here, a wrong password. */
export function msisFault(name: string): MsisFault {
  return findFault(name) ?? invalidPassword
}

function findFault(name: string): MsisFault | undefined {
  return faults.find(([, description]) => description.toLowerCase().startsWith(`${name.toLowerCase()}:`))
}
