import type { HttpResponse } from '../protocol/http.ts'
import type { EpochSeconds } from '../protocol/time.ts'

/** The AADB2C numbers the simulator can answer with. */
const faults: Readonly<Record<number, readonly [error: string, text: string, status?: number]>> = {
  90008: ['invalid_request', 'The request does not contain a client ID parameter.'],
  90010: ['invalid_request', 'The request does not contain a scope parameter.'],
  90012: ['invalid_scope', 'The scope {scope} provided in the request is not supported.'],
  90018: [
    'unauthorized_client',
    'The client ID {client} provided in the request is not registered in tenant {tenant}.',
  ],
  90035: ['temporarily_unavailable', 'The service is not available for the moment.', 503],
  90037: ['server_error', 'The request could not be processed.', 500],
  90038: ['server_error', 'The request could not be processed.', 500],
  90052: ['access_denied', 'The username or password provided in the request are invalid.'],
  90053: ['access_denied', 'A user with the specified credential could not be found.'],
  90054: ['access_denied', 'The username or password provided in the request are invalid.'],
  90055: ['invalid_request', 'The scope {scope} provided in request must specify a resource.'],
  90057: ['unauthorized_client', "The provided application is not configured to allow the 'OAuth' Implicit flow."],
  90058: ['unauthorized_client', 'The application is not allowed to be a public client.'],
  90063: ['server_error', 'There is a problem with the service.', 500],
  90066: ['invalid_request', 'The policy {policy} specified in the request is not valid.'],
  90068: ['unauthorized_client', 'The application is not one that the service can use.'],
  90073: ['server_error', 'The provider of claims could not be used.', 500],
  90075: ['server_error', 'The provider of claims answered with an error.', 500],
  90077: ['interaction_required', 'The user has no session, and the request wants one.'],
  90079: ['invalid_client', 'The client must send a secret.', 401],
  90080: ['invalid_grant', 'The provided grant has expired. Please re-authenticate and try again.'],
  90081: ['invalid_client', 'The secret of the client is not valid.', 401],
  90082: ['invalid_request', 'The request is not valid.'],
  90083: ['invalid_request', 'The request is missing required parameter: {parameter}.'],
  90084: ['invalid_client', 'A public client may not send a secret.', 401],
  90085: ['server_error', 'The service has an internal error.', 500],
  90086: ['unsupported_grant_type', 'The supplied grant_type [{grant}] is not supported.'],
  90087: ['invalid_grant', 'The provided grant has not been issued for this client.'],
  90088: ['invalid_grant', 'The provided grant has not been issued for this endpoint.'],
  90091: ['access_denied', 'The user cancelled.'],
  90092: ['unauthorized_client', 'The application {client} is disabled in the tenant {tenant}.'],
  90107: ['invalid_request', 'No ID token can be issued for the scope of the request.'],
  90111: ['access_denied', 'Your account has been locked. Contact your support person to unlock it, then try again.'],
  90114: ['access_denied', 'The account is locked for the moment.'],
  90117: ['invalid_request', 'The scope {scope} provided in the request is not supported.'],
  90118: ['access_denied', 'The user has forgotten the password.'],
  90122: [
    'invalid_request',
    'Input values in the request have failed HTTP request validation. Ensure that the input does not contain characters such as < or &.',
  ],
  90128: ['invalid_grant', 'The account of the grant does not exist any more.'],
  90129: ['invalid_grant', 'The provided grant has been revoked. Please re-authenticate and try again.'],
  90146: [
    'invalid_request',
    'The scope {scope} provided in request specifies more than one resource for an access token, which is not supported.',
  ],
  90190: ['invalid_request', 'The claims endpoint failed.'],
  90191: ['invalid_request', 'The claims endpoint failed.'],
  90192: ['invalid_request', 'The claims endpoint failed.'],
  90193: ['invalid_request', 'The claims endpoint failed.'],
  90194: ['invalid_request', 'The bearer token lacks a claim.'],
  90195: ['invalid_request', 'The claims endpoint failed.'],
  90205: [
    'unauthorized_client',
    'This application does not have sufficient permissions against this web resource to perform the operation.',
  ],
  90224: ['unauthorized_client', 'Resource owner flow has not been enabled for the application.'],
  90225: ['access_denied', 'The username or password provided in the request are invalid.'],
  90226: ['invalid_request', 'The specified token exchange is only supported over HTTP POST.'],
  90229: ['temporarily_unavailable', 'There are too many requests.', 429],
  90235: ['invalid_request', 'The ID token of the request has expired.'],
  90236: ['invalid_request', 'The ID token of the request is not valid yet.'],
  90237: ['invalid_request', 'The audience of the ID token of the request is not valid.'],
  90238: ['invalid_request', 'The issuer of the ID token of the request is not valid.'],
  90239: ['invalid_request', 'The signature of the ID token of the request is not valid.'],
  90240: ['invalid_request', 'The ID token of the request is malformed.'],
  90244: ['temporarily_unavailable', 'There are too many requests.', 429],
  90245: ['access_denied', 'The access to the tenant {tenant} is disabled.'],
  90247: ['invalid_request', 'The tenant serves this flow at its own domain only.'],
  90248: ['unauthorized_client', 'This flow is for applications made for the service only.'],
  90249: ['unauthorized_client', 'This flow is not enabled for the tenant {tenant}.'],
  90251: ['invalid_request', 'An application of the older version must name the resource.'],
  90261: ['server_error', 'The provider of claims answered with an error that cannot be read.', 500],
}

export function hasB2cFault(code: number): boolean {
  return Object.hasOwn(faults, code)
}

/** Thrown inside the B2C side; becomes an error response at its door. */
export class B2cRefused extends Error {
  readonly code: number
  readonly values: Readonly<Record<string, string>>

  constructor(code: number, values: Readonly<Record<string, string>> = {}) {
    super(`AADB2C${code}`)
    this.code = code
    this.values = values
  }
}

/** Writes a refusal as B2C does: two members, the ids inside the text, a CRLF between them. */
export function b2cFaultResponse({ code, values }: B2cRefused, correlationId: string, at: EpochSeconds): HttpResponse {
  const [error, template, status = 400] = faults[code] ?? ['server_error', 'An unexpected error occurred.']
  const text = template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '(unknown)')
  const timestamp = new Date(at * 1000).toISOString().replace('T', ' ').replace('.000Z', 'Z')
  const description = `AADB2C${code}: ${text}\r\nCorrelation ID: ${correlationId}\r\nTimestamp: ${timestamp}\r\n`
  return { status, headers: {}, body: JSON.stringify({ error, error_description: description }) }
}
