import { createHash } from 'node:crypto'
import type { HttpResponse } from '../protocol/http.ts'
import type { FarmContext } from './adfs.ts'
import { type AdfsClient, userInfo } from './adfs-clients.ts'
import { checkClientAssertion } from './client-assertion.ts'
import { type ClientCredentials, jwtBearer, readClientCredentials, readForm } from './client-credentials.ts'
import { offer } from './device-code.ts'
import { deviceErrors, deviceGrant } from './device-codes.ts'
import type { Answer, SimulatorRequest } from './journal.ts'
import { msisFault } from './msis-faults.ts'
import { sameSecret } from './password.ts'
import { domainOf, findUser, kindOf, type User } from './world.ts'

/** A refusal of the farm's OAuth endpoint: an `error` of RFC 6749 §5.2 and a text that starts with its MSIS number. */
class AdfsRefused extends Error {
  readonly error: string
  readonly status: number

  constructor(error: string, description: string, status = 400) {
    super(description)
    this.error = error
    this.status = status
  }
}

const accessTokenSeconds = 3_600
const refreshTokenSeconds = 28_800

/** `/adfs/.well-known/openid-configuration`. A farm of 2012 R2 has none. */
export function adfsMetadata(origin: string, issuer: string): HttpResponse {
  const oauth = `${origin}/adfs/oauth2`
  return json(200, {
    issuer: `${origin}/adfs`,
    authorization_endpoint: `${oauth}/authorize/`,
    token_endpoint: `${oauth}/token/`,
    jwks_uri: `${origin}/adfs/discovery/keys`,
    token_endpoint_auth_methods_supported: [
      'client_secret_post',
      'client_secret_basic',
      'private_key_jwt',
      'windows_client_authentication',
    ],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token', 'code token'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'implicit',
      'password',
      deviceGrant,
    ],
    device_authorization_endpoint: `${oauth}/devicecode`,
    subject_types_supported: ['pairwise'],
    scopes_supported: ['allatclaims', 'openid', 'email', 'profile', 'user_impersonation', 'aza'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256'],
    access_token_issuer: issuer,
    claims_supported: ['aud', 'iss', 'iat', 'exp', 'auth_time', 'sub', 'upn', 'unique_name', 'sid'],
    microsoft_multi_refresh_token: true,
    userinfo_endpoint: `${origin}/adfs/userinfo`,
    end_session_endpoint: `${oauth}/logout`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
  })
}

/** The farm's JWKS: the key that signs its assertions signs its JWTs. */
export function adfsKeys({ signer }: FarmContext): HttpResponse {
  return json(200, { keys: [signer.publicJwk] })
}

/**
 * `/adfs/oauth2/token`: the password and the refresh token grant, without realm, `client_info` or an echo of the scopes.
 *
 * @see {@link https://learn.microsoft.com/openspecs/windows_protocols/ms-oapx MS-OAPX}
 */
export async function answerAdfsToken(farm: FarmContext, request: SimulatorRequest): Promise<Answer> {
  const form = readForm(request)
  const client = readClientCredentials(form, request.headers)
  const username = form.get('username')
  const facts = {
    kind: 'token',
    grantType: knownGrant(form.get('grant_type')),
    clientAuthentication: client.method,
    ...(username === null ? {} : { username }),
  } as const
  try {
    if (request.method !== 'POST') return { ...facts, response: json(405, { error: 'invalid_request' }) }
    return { ...facts, response: json(200, await issue(farm, form, client)) }
  } catch (error) {
    if (!(error instanceof AdfsRefused)) throw error
    return { ...facts, response: json(error.status, { error: error.error, error_description: error.message }) }
  }
}

/** `/adfs/oauth2/devicecode`: codes for users who sign in in a browser (RFC 8628 §3.1). */
export function answerAdfsDevice(farm: FarmContext, request: SimulatorRequest): Answer {
  const form = readForm(request)
  try {
    const client = authenticate(farm, readClientCredentials(form, request.headers))
    const resource = audienceOf(farm, client, form, undefined)
    const code = farm.deviceCodes.issue({ clientId: client.clientId, scope: form.get('scope') ?? '', resource })
    return { kind: 'device', response: json(200, offer(code, `${farm.origin()}/adfs/oauth2/deviceauth`)) }
  } catch (error) {
    if (!(error instanceof AdfsRefused)) throw error
    return { kind: 'device', response: json(error.status, { error: error.error, error_description: error.message }) }
  }
}

/** Whatever else was put there may be a secret in the wrong field. */
function knownGrant(grantType: string | null): string {
  return grantType !== null && ['password', 'refresh_token', deviceGrant].includes(grantType) ? grantType : 'other'
}

async function issue(
  farm: FarmContext,
  form: URLSearchParams,
  credentials: ClientCredentials,
): Promise<Record<string, unknown>> {
  const { level = '2019' } = farm.world.farm
  const grantType = form.get('grant_type')
  const offeredHere = level === '2012R2' ? ['refresh_token'] : ['password', 'refresh_token', deviceGrant]
  if (!offeredHere.includes(grantType ?? '')) {
    const offered = `'authorization_code'${level === '2012R2' ? ' or ' : ", 'password' or "}'refresh_token'`
    throw new AdfsRefused(
      'unsupported_grant_type',
      `MSIS9611: The authorization server does not support the requested 'grant_type'. The authorization server only supports ${offered}.`,
    )
  }
  const client = authenticate(farm, credentials)
  const stored =
    grantType === 'refresh_token'
      ? redeem(farm, client, form.get('refresh_token') ?? '')
      : grantType === deviceGrant
        ? redeemDeviceCode(farm, client, form.get('device_code') ?? '')
        : undefined
  const audience = audienceOf(farm, client, form, stored?.resource)
  const user = stored?.user ?? signIn(farm, form)
  const scopes = (form.get('scope') ?? stored?.scope ?? '').split(' ')
  return reply(farm, { user, client, audience, scopes, firstTime: grantType !== 'refresh_token' })
}

function authenticate(farm: FarmContext, credentials: ClientCredentials): AdfsClient {
  const client = (farm.world.farm.clients ?? []).find(
    ({ clientId }) => clientId.toLowerCase() === credentials.clientId?.toLowerCase(),
  )
  if (client === undefined) {
    throw new AdfsRefused(
      'invalid_client',
      "MSIS9607: The 'client_id' parameter in the request is invalid. No registered client is found with this identifier.",
    )
  }
  const confidential = client.secret !== undefined || (client.certificates ?? []).length > 0
  const proved =
    credentials.assertion !== undefined
      ? assertionHolds(farm, client, credentials)
      : credentials.secrets.some((secret) => client.secret !== undefined && sameSecret(secret, client.secret))
  // A native application that sends a secret is refused as well: there is nothing to compare it with.
  if (confidential ? !proved : credentials.method !== 'none') {
    throw new AdfsRefused(
      'invalid_client',
      'MSIS9622: Client authentication failed. Please verify the credential provided for client authentication is valid.',
      401,
    )
  }
  return client
}

function assertionHolds(
  farm: FarmContext,
  client: AdfsClient,
  { assertion, assertionType }: ClientCredentials,
): boolean {
  const endpoint = `${farm.origin()}/adfs/oauth2/token`
  const fault = checkClientAssertion(assertion ?? '', {
    clientId: client.clientId,
    audiences: [endpoint, `${endpoint}/`],
    certificates: client.certificates ?? [],
    algorithms: ['RS256'],
    thumbprints: ['x5t'],
    now: farm.now(),
    strict: farm.strict,
  })
  return fault === undefined && assertionType === jwtBearer
}

/** `resource` of MS-OAPX; from 2019 also the API in front of a scope's last slash. */
function audienceOf(farm: FarmContext, client: AdfsClient, form: URLSearchParams, stored: string | undefined): string {
  const { level = '2019', apis = [] } = farm.world.farm
  const [scoped] = (form.get('scope') ?? '').split(' ').filter((scope) => scope.includes('/'))
  const fromScope = level === '2019' ? scoped?.slice(0, scoped.lastIndexOf('/')) : undefined
  const asked = form.get('resource') || fromScope || stored || (level === '2019' ? userInfo : '')
  if (asked === userInfo) return asked
  if (!apis.includes(asked) && (farm.strict || asked === '')) {
    throw new AdfsRefused(
      'invalid_resource',
      "MSIS9602: The received 'resource' parameter is invalid. The authorization server can not find a registered resource with the specified identifier.",
    )
  }
  if (client.permitted?.includes(asked) === false) {
    throw new AdfsRefused(
      'unauthorized_client',
      'MSIS9605: The client is not allowed to access the requested resource.',
    )
  }
  return asked
}

/** AD FS does not say what was wrong: the name, the password, or the state of the account. */
function signIn(farm: FarmContext, form: URLSearchParams): User {
  const user = findAccount(farm, form.get('username') ?? '')
  const matches = sameSecret(form.get('password') ?? '', user?.password ?? farm.newId())
  const usable = !['disabled', 'locked', 'password-expired'].includes(`${user?.refusal}`)
  if (user === undefined || !matches || !usable) {
    throw new AdfsRefused('invalid_grant', "MSIS9659: Invalid 'username' or 'password'.")
  }
  if (user.refusal === 'adfs-policy') {
    throw new AdfsRefused('access_denied', 'MSIS9605: The client is not allowed to access the requested resource.')
  }
  if (user.farmFault !== undefined) throw new AdfsRefused(...msisFault(user.farmFault))
  return user
}

/** By UPN, or as `DOMAIN\user` with the first label or the whole of the domain. */
function findAccount({ world }: FarmContext, name: string): User | undefined {
  const [, domain, account] = /^([^\\@]+)\\([^\\@]+)$/.exec(name) ?? []
  const user =
    domain === undefined
      ? findUser(world, name)
      : world.users.find(({ username }) => {
          const own = domainOf(username) ?? ''
          const sameAccount = username.toLowerCase() === `${account}@${own}`.toLowerCase()
          return sameAccount && [own, own.split('.')[0]].includes(domain.toLowerCase())
        })
  return user !== undefined && kindOf(world, user) === 'federated' ? user : undefined
}

function redeem(
  farm: FarmContext,
  client: AdfsClient,
  token: string,
): { readonly user: User; readonly resource: string; readonly scope: string } {
  const grant = farm.refreshTokens.find(token)
  const fresh = grant !== undefined && !grant.revoked && farm.now() < grant.issuedAt + refreshTokenSeconds
  if (!fresh || grant.clientId !== client.clientId) {
    throw new AdfsRefused(
      'invalid_grant',
      "MSIS9615: The refresh token received in 'refresh_token' parameter is invalid.",
    )
  }
  return { user: grant.user, resource: grant.resource ?? '', scope: grant.scope }
}

function redeemDeviceCode(
  farm: FarmContext,
  { clientId }: AdfsClient,
  deviceCode: string,
): { readonly user: User; readonly resource: string; readonly scope: string } {
  const state = farm.deviceCodes.ask(deviceCode, { clientId })
  if (typeof state === 'string') throw new AdfsRefused(deviceErrors[state], `The device code is ${state}.`)
  const user = findAccount(farm, state.username)
  if (user === undefined) throw new AdfsRefused('access_denied', 'The user is not of this farm.')
  return { user, resource: state.resource ?? '', scope: state.scope }
}

interface Issued {
  readonly user: User
  readonly client: AdfsClient
  readonly audience: string
  readonly scopes: readonly string[]
  readonly firstTime: boolean
}

/** A refresh brings no new refresh token: the old one is used until it ends. */
async function reply(farm: FarmContext, issued: Issued): Promise<Record<string, unknown>> {
  const { user, client, audience, scopes, firstTime } = issued
  const at = farm.now()
  const names = { upn: user.username, unique_name: accountName(user) }
  const times = { iat: at, nbf: at, exp: at + accessTokenSeconds }
  const accessClaims = { appid: client.clientId, apptype: client.secret === undefined ? 'Public' : 'Confidential' }
  const access = {
    aud: audience === userInfo ? userInfo : `microsoft:identityserver:${audience}`,
    iss: farm.issuer,
    ...times,
    ...accessClaims,
    ...names,
    authmethod: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
    ver: '1.0',
    scp: 'openid',
  }
  const identity = {
    aud: client.clientId,
    iss: `${farm.origin()}/adfs`,
    ...times,
    auth_time: at,
    sub: subjectOf(user, client),
    ...names,
    pwd_exp: '0',
    sid: `S-1-5-21-${at}`,
  }
  const refresh = firstTime && scopes.includes('offline_access') ? newRefreshToken(farm, issued, at) : {}
  return {
    access_token: await farm.signer.sign(access),
    token_type: 'bearer',
    expires_in: accessTokenSeconds,
    ...(audience === userInfo ? {} : { resource: audience }),
    ...refresh,
    scope: 'openid',
    ...(scopes.some((scope) => scope.endsWith('openid')) ? { id_token: await farm.signer.sign(identity) } : {}),
  }
}

function newRefreshToken(
  { refreshTokens }: FarmContext,
  { user, client, audience, scopes }: Issued,
  issuedAt: number,
): Record<string, unknown> {
  const grant = { user, tenantId: '', clientId: client.clientId, scope: scopes.join(' '), resource: audience, issuedAt }
  return { refresh_token: refreshTokens.issue(grant), refresh_token_expires_in: refreshTokenSeconds }
}

/** `FED\fred`. */
function accountName({ username }: User): string {
  const [account = '', domain = ''] = username.split('@')
  return `${domain.split('.')[0]?.toUpperCase()}\\${account}`
}

/** Base64, in which case matters. */
function subjectOf({ objectId }: User, { clientId }: AdfsClient): string {
  return createHash('sha256').update(`${objectId} ${clientId}`).digest('base64')
}

/** AD FS escapes apostrophes in its JSON. */
function json(status: number, value: unknown): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8', 'cache-control': 'no-store', pragma: 'no-cache' },
    body: JSON.stringify(value).replaceAll("'", '\\u0027'),
  }
}
