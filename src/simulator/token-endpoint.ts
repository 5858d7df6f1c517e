import { Buffer } from 'node:buffer'
import type { HttpResponse } from '../protocol/http.ts'
import { readClaims } from './claims-request.ts'
import { authenticateClient } from './client-authentication.ts'
import { type ClientCredentials, duplicateIn, readClientCredentials, readForm } from './client-credentials.ts'
import { DeviceRefused, deviceRefusal, signInByDeviceCode } from './device-code.ts'
import { deviceGrant } from './device-codes.ts'
import { type EntraContext, issuerOf, type TenantName, tenantNamed } from './directory.ts'
import { faultResponse, Refused, type ResponseIds } from './faults.ts'
import type { Answer, SimulatorRequest } from './journal.ts'
import { isUnconsented, type RequestedAccess, readResource, readScope } from './scopes.ts'
import { checkAccount, type SignedIn, signInByAssertion, signInByPassword, signInByRefreshToken } from './sign-in.ts'
import type { TokenFacts } from './tokens.ts'
import type { App } from './world.ts'

type Endpoint = 'v1' | 'v2'

const passwordGrant = 'password'
const refreshGrant = 'refresh_token'
const saml11Grant = 'urn:ietf:params:oauth:grant-type:saml1_1-bearer'
const saml20Grant = 'urn:ietf:params:oauth:grant-type:saml2-bearer'
const grantTypes = [passwordGrant, refreshGrant, saml11Grant, saml20Grant, deviceGrant]

/** A token request on its way through the checks; what is learnt is noted for the journal. */
interface TokenRequest {
  readonly endpoint: Endpoint
  /** The first path segment as written. */
  readonly segment: string
  readonly tenantName: TenantName
  readonly form: URLSearchParams
  readonly client: ClientCredentials
  readonly grantType: string
  readonly ids: ResponseIds
  readonly note: (facts: Omit<Partial<Answer>, 'kind' | 'response'>) => void
}

/**
 * The token endpoint, v1 and v2: refuses in the order the service does, or issues tokens.
 *
 * @see {@link https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc ROPC in the Microsoft identity platform}
 */
export async function answerTokenRequest(
  entra: EntraContext,
  request: SimulatorRequest,
  segment: string,
  endpoint: Endpoint,
  ids: ResponseIds,
): Promise<Answer> {
  let facts: Omit<Answer, 'response'> = { kind: 'token' }
  const note: TokenRequest['note'] = (more) => {
    facts = { ...facts, ...more }
  }
  try {
    if (request.method !== 'POST') throw new Refused(900561, { method: request.method })
    const tenantName = tenantNamed(entra.world, segment)
    const form = readForm(request)
    const parameter = duplicateIn(form)
    if (parameter !== undefined) throw new Refused(9000411, { parameter })
    const grantType = required(form)('grant_type')
    if (!grantTypes.includes(grantType)) throw new Refused(70003, { grant: grantType })
    const client = readClientCredentials(form, request.headers)
    note({ grantType, ...usernameIn(form), clientAuthentication: client.method })
    const response = await issue(entra, { endpoint, segment, tenantName, form, client, grantType, ids, note })
    return { ...facts, response }
  } catch (error) {
    if (error instanceof DeviceRefused) return { ...facts, response: deviceRefusal(error, ids) }
    if (!(error instanceof Refused)) throw error
    return { ...facts, response: faultResponse(error, ids) }
  }
}

function usernameIn(form: URLSearchParams): { username?: string } {
  const username = form.get('username')
  return username === null ? {} : { username }
}

function required(form: URLSearchParams): (name: string) => string {
  return (parameter) => {
    const value = form.get(parameter)
    if (value === null || value === '') throw new Refused(900144, { parameter })
    return value
  }
}

async function issue(entra: EntraContext, request: TokenRequest): Promise<HttpResponse> {
  const app = authenticateClient(entra, request.client, request)
  checkTenant(entra, request)
  // Before the credential is looked at: a request that cannot succeed must not count as a bad password.
  const access = requestedAccess(entra, request, app)
  const claims = readClaims(request.form.get('claims'))
  const signedIn = signIn(entra, request, app)
  checkAccount(signedIn, app, access.audience, claims)
  // Whoever signs in in a browser is asked for consent there.
  if (request.grantType !== deviceGrant && access.fullNames.some((name) => isUnconsented(app, name))) {
    throw new Refused(65001, { client: app.clientId, app: app.displayName })
  }
  const { challengeCapable } = claims
  return tokenResponse(entra, request, app, signedIn, { ...access, challengeCapable })
}

function checkTenant({ strict }: EntraContext, { tenantName, grantType, endpoint, form }: TokenRequest): void {
  const shared = tenantName === 'common' || tenantName === 'consumers'
  if (strict && shared && grantType !== refreshGrant && grantType !== deviceGrant) throw new Refused(9001023)
  if (strict && endpoint === 'v2' && form.has('resource')) throw new Refused(901002)
}

/** A request with a refresh token or a device code may leave out what that was issued for. */
function requestedAccess(entra: EntraContext, request: TokenRequest, app: App): RequestedAccess {
  const { world, strict, refreshTokens, deviceCodes } = entra
  const { endpoint, form, grantType, tenantName } = request
  const tenant = typeof tenantName === 'string' ? tenantName : tenantName.displayName
  const stored =
    grantType === refreshGrant
      ? refreshTokens.find(form.get('refresh_token') ?? '')
      : grantType === deviceGrant
        ? deviceCodes.find(form.get('device_code') ?? '')
        : undefined
  const hasScope = grantType === refreshGrant || grantType === deviceGrant
  const field = hasScope ? (name: string) => form.get(name) ?? '' : required(form)
  return endpoint === 'v1'
    ? readResource(world, app, tenant, field('resource') || (stored?.resource ?? ''), strict)
    : readScope(world, app, tenant, field('scope') || (stored?.scope ?? ''), strict)
}

function signIn(entra: EntraContext, request: TokenRequest, app: App): SignedIn {
  const field = required(request.form)
  if (request.grantType === passwordGrant) return signInByPassword(entra, request.tenantName, field)
  if (request.grantType === refreshGrant) {
    const refreshed = signInByRefreshToken(entra, request.tenantName, app, field('refresh_token'))
    request.note({ username: refreshed.user.username })
    return refreshed
  }
  if (request.grantType === deviceGrant) {
    const approved = signInByDeviceCode(entra, request.tenantName, app, field('device_code'))
    request.note({ username: approved.user.username })
    return approved
  }
  const version = request.grantType === saml11Grant ? '1.1' : '2.0'
  const seen = (assertionSignatureVerified: boolean): void => request.note({ assertionSignatureVerified })
  const signedIn = signInByAssertion(entra, request.tenantName, version, field('assertion'), seen)
  request.note({ username: signedIn.user.username })
  return signedIn
}

async function tokenResponse(
  entra: EntraContext,
  { endpoint, form, ids }: TokenRequest,
  app: App,
  { user, tenant, objectId }: SignedIn,
  access: RequestedAccess & { readonly challengeCapable: boolean },
): Promise<HttpResponse> {
  const { challengeCapable } = access
  const lifetimeSeconds = challengeCapable ? entra.capableLifetimeSeconds : entra.accessTokenLifetimeSeconds
  const facts: TokenFacts = {
    endpoint,
    issuer: issuerOf(entra.issuerOrigin(), tenant.id, endpoint),
    user,
    objectId,
    tenant,
    app,
    audience: access.audience,
    scopes: access.names,
    issuedAt: ids.at,
    lifetimeSeconds,
    challengeCapable,
    id: ids.traceId,
  }
  const body = {
    token_type: 'Bearer',
    scope: access.granted.join(' '),
    ...lifetime(endpoint, ids.at, lifetimeSeconds),
    ...(endpoint === 'v1' ? { resource: access.audience } : {}),
    access_token: await entra.signer.accessToken(facts),
    ...(access.offlineAccess ? { refresh_token: refreshTokenFor(entra, form, facts) } : {}),
    ...(access.openid ? { id_token: await entra.signer.idToken(facts) } : {}),
    ...(form.get('client_info') === '1' ? { client_info: clientInfo(user.objectId, user.tenantId) } : {}),
  }
  return { status: 200, headers: {}, body: JSON.stringify(body) }
}

/** Numbers in v2, strings in v1. `refresh_in` comes with tokens that live two hours or more, at half their life. */
function lifetime(endpoint: Endpoint, at: number, seconds: number): Record<string, number | string> {
  if (endpoint === 'v1') {
    return {
      expires_in: String(seconds),
      ext_expires_in: String(seconds),
      expires_on: String(at + seconds),
      not_before: String(at),
    }
  }
  const refreshIn = seconds >= 7_200 ? { refresh_in: Math.floor(seconds / 2) } : {}
  return { expires_in: seconds, ext_expires_in: seconds, ...refreshIn }
}

function refreshTokenFor({ refreshTokens }: EntraContext, form: URLSearchParams, facts: TokenFacts): string {
  return refreshTokens.issue({
    user: facts.user,
    tenantId: facts.tenant.id,
    clientId: facts.app.clientId,
    scope: form.get('scope') ?? 'openid profile offline_access',
    resource: facts.audience,
    issuedAt: facts.issuedAt,
  })
}

/** Names the user at home, also when the tokens are for a guest. */
function clientInfo(uid: string, utid: string): string {
  return Buffer.from(JSON.stringify({ uid, utid })).toString('base64url')
}
