import type { HttpResponse } from '../protocol/http.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { Refusal } from './world.ts'

/** One refusal of the token endpoint, as Microsoft publishes it; `{name}` in the text is filled in. */
interface EntraFault {
  readonly error: string
  readonly status?: 401
  readonly suberror?: string
  readonly claims?: string
  readonly text: string
}

/** The AADSTS numbers the simulator can answer with. */
export type EntraFaultCode =
  | 50006
  | 50008
  | 50010
  | 50027
  | 50034
  | 50049
  | 50050
  | 50053
  | 50055
  | 50057
  | 50059
  | 50076
  | 50079
  | 50107
  | 50126
  | 50158
  | 50173
  | 51004
  | 53003
  | 65001
  | 70000
  | 70003
  | 70011
  | 70016
  | 70018
  | 70019
  | 90002
  | 90020
  | 500011
  | 500133
  | 500208
  | 650053
  | 700016
  | 700021
  | 700022
  | 700023
  | 700024
  | 700025
  | 700027
  | 900144
  | 900561
  | 901002
  | 7000014
  | 7000215
  | 7000218
  | 7000222
  | 5002738
  | 7500514
  | 9000411
  | 9001023
  | 9002313

const mfa = 'Due to a configuration change made by your administrator, or because you moved to a new location, you must'
const blockingPolicy =
  '{"access_token":{"capolids":{"essential":true,"values":["b0a1c2d3-e4f5-4061-8273-94a5b6c7d8e9"]}}}'

/** What a challenged user must pass back as `claims`. */
export const challenge = {
  access_token: { capolids: { essential: true, values: ['c1b2a3d4-e5f6-4071-8293-a4b5c6d7e8f9'] } },
} as const

/**
 * The refusals the simulator knows, by AADSTS number.
 *
 * @see {@link https://learn.microsoft.com/entra/identity-platform/reference-error-codes Microsoft's list}
 */
const entraFaults: Readonly<Record<EntraFaultCode, EntraFault>> = {
  50006: { error: 'invalid_grant', text: 'Signature verification failed because of an invalid signature.' },
  50008: { error: 'invalid_grant', text: 'SAML token is invalid.' },
  50010: { error: 'invalid_grant', text: 'Audience URI validation for the requested application failed.' },
  50027: { error: 'invalid_client', status: 401, text: 'JWT token is invalid or malformed.' },
  50034: {
    error: 'invalid_grant',
    text: 'The user account {EUII Hidden} does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory.',
  },
  50049: { error: 'invalid_instance', text: "Unknown or invalid instance. Host '{host}' is not known." },
  50050: { error: 'invalid_request', text: 'The discovery request is malformed.' },
  50053: {
    error: 'invalid_grant',
    text: "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
  },
  50055: { error: 'invalid_grant', suberror: 'user_password_expired', text: 'The password is expired.' },
  50057: { error: 'invalid_grant', text: 'The user account is disabled.' },
  50059: {
    error: 'invalid_request',
    text: 'No tenant-identifying information found in either the request or implied by any provided credentials.',
  },
  50076: {
    error: 'invalid_grant',
    suberror: 'basic_action',
    text: `${mfa} use multi-factor authentication to access '{resource}'.`,
  },
  50079: {
    error: 'invalid_grant',
    suberror: 'basic_action',
    text: `${mfa} enroll in multi-factor authentication to access '{resource}'.`,
  },
  50107: { error: 'invalid_grant', text: "The requested federation realm object '{issuer}' does not exist." },
  50126: { error: 'invalid_grant', text: 'Error validating credentials due to invalid username or password.' },
  50158: {
    error: 'interaction_required',
    suberror: 'basic_action',
    claims: JSON.stringify(challenge),
    text: 'External security challenge not satisfied. User will be redirected to another page or authentication provider to satisfy additional authentication challenges.',
  },
  50173: {
    error: 'invalid_grant',
    suberror: 'bad_token',
    text: 'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.',
  },
  51004: {
    error: 'invalid_grant',
    text: 'The user account {EUII Hidden} does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory.',
  },
  53003: {
    error: 'invalid_grant',
    suberror: 'message_only',
    claims: blockingPolicy,
    text: 'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
  },
  65001: {
    error: 'invalid_grant',
    suberror: 'consent_required',
    text: "The user or administrator has not consented to use the application with ID '{client}' named '{app}'. Send an interactive authorization request for this user and resource.",
  },
  70000: { error: 'invalid_grant', suberror: 'bad_token', text: 'Provided grant is invalid or malformed.' },
  70003: { error: 'unsupported_grant_type', text: "The app requested an unsupported grant type '{grant}'." },
  70011: {
    error: 'invalid_scope',
    text: "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.",
  },
  70016: {
    error: 'authorization_pending',
    text: 'OAuth 2.0 device flow error. Authorization is pending. Continue polling.',
  },
  70018: { error: 'bad_verification_code', text: 'Invalid verification code.' },
  70019: { error: 'expired_token', text: 'Verification code expired.' },
  90002: {
    error: 'invalid_request',
    text: "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
  },
  90020: { error: 'invalid_grant', text: 'The SAML 1.1 Assertion is missing ImmutableID of the user.' },
  500011: {
    error: 'invalid_resource',
    text: 'The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.',
  },
  500133: {
    error: 'invalid_grant',
    text: 'Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token.',
  },
  500208: { error: 'invalid_request', text: 'The domain is not a valid login domain for the account type.' },
  650053: {
    error: 'invalid_client',
    text: "The application '{app}' asked for scope '{scope}' that doesn't exist on the resource '{resource}'. Contact the app vendor.",
  },
  700016: {
    error: 'unauthorized_client',
    text: "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
  },
  700021: {
    error: 'invalid_client',
    status: 401,
    text: "Client assertion application identifier doesn't match 'client_id' parameter.",
  },
  700022: {
    error: 'invalid_scope',
    text: "The provided value for the input parameter scope isn't valid because it contains more than one resource.",
  },
  700023: {
    error: 'invalid_client',
    status: 401,
    text: 'Client assertion audience claim does not match Realm issuer.',
  },
  700024: { error: 'invalid_client', status: 401, text: 'Client assertion is not within its valid time range.' },
  700025: {
    error: 'invalid_client',
    status: 401,
    text: "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  },
  700027: {
    error: 'invalid_client',
    status: 401,
    text: 'The certificate with identifier used to sign the client assertion is not registered on application.',
  },
  900144: { error: 'invalid_request', text: "The request body must contain the following parameter: '{parameter}'." },
  900561: { error: 'invalid_request', text: 'The endpoint only accepts POST requests. Received a {method} request.' },
  901002: { error: 'invalid_request', text: "The 'resource' request parameter is not supported." },
  7000014: { error: 'invalid_grant', text: "The provided value for the input parameter 'device_code' is not valid." },
  7000215: {
    error: 'invalid_client',
    status: 401,
    text: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'.",
  },
  7000218: {
    error: 'invalid_client',
    status: 401,
    text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  },
  7000222: {
    error: 'invalid_client',
    status: 401,
    text: "The provided client secret keys for app '{client}' are expired. Create new keys for the app, or consider using certificate credentials for added security.",
  },
  5002738: {
    error: 'invalid_client',
    status: 401,
    text: 'Invalid JWT token. The signature algorithm is not supported.',
  },
  7500514: {
    error: 'invalid_grant',
    text: "A supported type of SAML response was not found. The supported response types are 'Response' (in XML namespace 'urn:oasis:names:tc:SAML:2.0:protocol') or 'Assertion' (in XML namespace 'urn:oasis:names:tc:SAML:2.0:assertion').",
  },
  9000411: {
    error: 'invalid_request',
    text: "The request is not properly formatted. The parameter '{parameter}' is duplicated.",
  },
  9001023: {
    error: 'invalid_request',
    text: 'The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.',
  },
  9002313: { error: 'invalid_request', text: 'Invalid request. Request is malformed or invalid.' },
}

/** What Entra answers a user whose password is right; the farm's own policy does not reach Entra. */
export const codeOfRefusal: Readonly<Record<Exclude<Refusal, 'adfs-policy'>, EntraFaultCode>> = {
  disabled: 50057,
  locked: 50053,
  'password-expired': 50055,
  'mfa-required': 50076,
  'mfa-enrolment': 50079,
  'conditional-access': 53003,
  'no-consent': 65001,
  'claims-challenge': 50158,
}

/** Thrown inside the Entra side; becomes an error response at its door. */
export class Refused extends Error {
  readonly code: EntraFaultCode
  readonly values: Readonly<Record<string, string>>
  readonly suberror: string | undefined

  constructor(code: EntraFaultCode, values: Readonly<Record<string, string>> = {}, suberror?: string) {
    super(`AADSTS${code}`)
    this.code = code
    this.values = values
    this.suberror = suberror
  }
}

/** The ids and the instant every Entra response carries. */
export interface ResponseIds {
  readonly traceId: string
  readonly correlationId: string
  readonly at: EpochSeconds
}

/** Writes a refusal as the v1 and v2 endpoints do (RFC 6749 §5.2 and Entra's additional members). */
export function faultResponse(refused: Refused, { traceId, correlationId, at }: ResponseIds): HttpResponse {
  const fault = entraFaults[refused.code]
  const timestamp = new Date(at * 1000).toISOString().replace('T', ' ').replace('.000Z', 'Z')
  const text = fault.text.replace(/\{(\w+)\}/g, (whole, name: string) => refused.values[name] ?? whole)
  const suberror = refused.suberror ?? fault.suberror
  const body = {
    error: fault.error,
    error_description: `AADSTS${refused.code}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [refused.code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${refused.code}`,
    ...(suberror === undefined ? {} : { suberror }),
    ...(fault.claims === undefined ? {} : { claims: fault.claims }),
  }
  return { status: fault.status ?? 400, headers: {}, body: JSON.stringify(body) }
}
