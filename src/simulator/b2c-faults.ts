import type { HttpResponse } from '../protocol/http.ts'
import type { EpochSeconds } from '../protocol/time.ts'

/** The AADB2C numbers the simulator can answer with. */
const faults: Readonly<Record<number, readonly [error: string, text: string]>> = {
  90008: ['invalid_request', 'The request does not contain a client ID parameter.'],
  90010: ['invalid_request', 'The request does not contain a scope parameter.'],
  90018: [
    'unauthorized_client',
    'The client ID {client} provided in the request is not registered in tenant {tenant}.',
  ],
  90053: ['access_denied', 'A user with the specified credential could not be found.'],
  90055: ['invalid_request', 'The scope {scope} provided in request must specify a resource.'],
  90057: ['unauthorized_client', "The provided application is not configured to allow the 'OAuth' Implicit flow."],
  90066: ['invalid_request', 'The policy {policy} specified in the request is not valid.'],
  90080: ['invalid_grant', 'The provided grant has expired. Please re-authenticate and try again.'],
  90083: ['invalid_request', 'The request is missing required parameter: {parameter}.'],
  90086: ['unsupported_grant_type', 'The supplied grant_type [{grant}] is not supported.'],
  90087: ['invalid_grant', 'The provided grant has not been issued for this client.'],
  90088: ['invalid_grant', 'The provided grant has not been issued for this endpoint.'],
  90111: ['access_denied', 'Your account has been locked. Contact your support person to unlock it, then try again.'],
  90117: ['invalid_request', 'The scope {scope} provided in the request is not supported.'],
  90122: [
    'invalid_request',
    'Input values in the request have failed HTTP request validation. Ensure that the input does not contain characters such as < or &.',
  ],
  90129: ['invalid_grant', 'The provided grant has been revoked. Please re-authenticate and try again.'],
  90146: [
    'invalid_request',
    'The scope {scope} provided in request specifies more than one resource for an access token, which is not supported.',
  ],
  90205: [
    'unauthorized_client',
    'This application does not have sufficient permissions against this web resource to perform the operation.',
  ],
  90224: ['unauthorized_client', 'Resource owner flow has not been enabled for the application.'],
  90225: ['access_denied', 'The username or password provided in the request are invalid.'],
  90226: ['invalid_request', 'The specified token exchange is only supported over HTTP POST.'],
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
  const [error, template] = faults[code] ?? ['server_error', 'An unexpected error occurred.']
  const text = template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
  const timestamp = new Date(at * 1000).toISOString().replace('T', ' ').replace('.000Z', 'Z')
  const description = `AADB2C${code}: ${text}\r\nCorrelation ID: ${correlationId}\r\nTimestamp: ${timestamp}\r\n`
  return { status: 400, headers: {}, body: JSON.stringify({ error, error_description: description }) }
}
