import type { HttpResponse } from '../protocol/http.ts'
import { authenticateClient } from './client-authentication.ts'
import { duplicateIn, readClientCredentials, readForm } from './client-credentials.ts'
import type { DeviceCodes } from './device-codes.ts'
import { type EntraContext, type TenantName, tenantNamed } from './directory.ts'
import { faultResponse, Refused, type ResponseIds } from './faults.ts'
import type { Answer, SimulatorRequest } from './journal.ts'
import { readScope } from './scopes.ts'
import type { SignedIn } from './sign-in.ts'
import { type App, findTenant, findUser, objectIdIn } from './world.ts'

/**
 * The device authorization endpoint of Entra, v2.
 *
 * @see {@link https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code Device authorization grant}
 */
export function answerDeviceRequest(
  entra: EntraContext,
  request: SimulatorRequest,
  segment: string,
  ids: ResponseIds,
): Answer {
  try {
    if (request.method !== 'POST') throw new Refused(900561, { method: request.method })
    const tenantName = tenantNamed(entra.world, segment)
    const form = readForm(request)
    const parameter = duplicateIn(form)
    if (parameter !== undefined) throw new Refused(9000411, { parameter })
    const app = authenticateClient(entra, readClientCredentials(form, request.headers), { segment, tenantName })
    const scope = form.get('scope') ?? ''
    if (scope === '') throw new Refused(900144, { parameter: 'scope' })
    if (entra.strict && form.has('resource')) throw new Refused(901002)
    readScope(entra.world, app, nameOf(tenantName), scope, entra.strict)
    const code = entra.deviceCodes.issue({ clientId: app.clientId, scope, place: placeOf(tenantName) })
    const response = { status: 200, headers: {}, body: JSON.stringify(offer(code, `${entra.origin()}/device`)) }
    return { kind: 'device', response }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { kind: 'device', response: faultResponse(error, ids) }
  }
}

/** The members of RFC 8628 §3.2, and Entra's `message`. */
export function offer(code: ReturnType<DeviceCodes['issue']>, verificationUri: string): Record<string, unknown> {
  const { deviceCode, userCode, expiresInSeconds, intervalSeconds } = code
  return {
    user_code: userCode,
    device_code: deviceCode,
    verification_uri: verificationUri,
    expires_in: expiresInSeconds,
    interval: intervalSeconds,
    message: `Open ${verificationUri} in a browser and enter the code ${userCode} to sign in.`,
  }
}

/** A refusal for which Microsoft publishes no number. */
export class DeviceRefused extends Error {
  readonly error: 'slow_down' | 'authorization_declined'

  constructor(error: 'slow_down' | 'authorization_declined') {
    super(error)
    this.error = error
  }
}

export function deviceRefusal({ error }: DeviceRefused, { traceId, correlationId }: ResponseIds): HttpResponse {
  const words = error === 'slow_down' ? 'The client asks too often.' : 'The user said no.'
  const body = { error, error_description: words, error_codes: [], trace_id: traceId, correlation_id: correlationId }
  return { status: 400, headers: {}, body: JSON.stringify(body) }
}

/**
 * The device code grant (RFC 8628 §3.4), once the user has signed in with the code.
 *
 * @throws {@link Refused} 70016 until then, 70019 after its time, 70018 and 7000014 for a code that is none; {@link DeviceRefused}.
 */
export function signInByDeviceCode(
  entra: EntraContext,
  tenantName: TenantName,
  app: App,
  deviceCode: string,
): SignedIn {
  const state = entra.deviceCodes.ask(deviceCode, { clientId: app.clientId, place: placeOf(tenantName) })
  if (state === 'unknown') throw new Refused(7000014)
  if (state === 'foreign') throw new Refused(70018)
  if (state === 'pending') throw new Refused(70016)
  if (state === 'expired') throw new Refused(70019)
  if (state === 'slow_down') throw new DeviceRefused('slow_down')
  if (state === 'declined') throw new DeviceRefused('authorization_declined')
  const user = findUser(entra.world, state.username)
  const tenant = typeof tenantName === 'string' ? findTenant(entra.world, user?.tenantId) : tenantName
  const objectId = user === undefined || tenant === undefined ? undefined : objectIdIn(user, tenant.id)
  if (user === undefined || tenant === undefined || objectId === undefined) {
    throw new Refused(50034, { tenant: nameOf(tenantName) })
  }
  const { refusal, ...rest } = user
  return { user: doneInBrowser.includes(refusal) ? rest : user, tenant, objectId }
}

/** What the user has been asked for, and has done, when the code comes back. */
const doneInBrowser: readonly unknown[] = [
  ...['password-expired', 'mfa-required', 'mfa-enrolment', 'no-consent', 'claims-challenge'],
  ...[50055, 50072, 50074, 50076, 50079, 50158, 65001],
]

function placeOf(tenantName: TenantName): string {
  return typeof tenantName === 'string' ? tenantName : tenantName.id
}

function nameOf(tenantName: TenantName): string {
  return typeof tenantName === 'string' ? tenantName : tenantName.displayName
}
