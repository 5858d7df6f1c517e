import { Buffer } from 'node:buffer'
import type { HttpResponse } from '../protocol/http.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { checkClientAssertion } from './client-assertion.ts'
import {
  basicCredentials,
  type ClientCredentials,
  formDecode,
  jwtBearer,
  readClientCredentials,
  readForm,
} from './client-credentials.ts'
import { offer } from './device-code.ts'
import { type DeviceCodes, deviceErrors, deviceGrant } from './device-codes.ts'
import type { Answer, SimulatorRequest } from './journal.ts'
import type { OidcClient, OidcIssuer, OidcUser } from './oidc-issuer.ts'
import { sameSecret } from './password.ts'
import type { RefreshTokens } from './refresh-tokens.ts'
import type { TokenSigner } from './tokens.ts'

/** What the OpenID provider is made of; the origin changes when the simulator starts to listen. */
export interface OidcContext {
  readonly provider: OidcIssuer
  readonly signer: () => Promise<TokenSigner>
  readonly refreshTokens: RefreshTokens<OidcUser>
  readonly deviceCodes: DeviceCodes
  readonly strict: boolean
  readonly now: () => EpochSeconds
  readonly newId: () => string
  readonly accessTokenLifetimeSeconds: number
  readonly origin: () => string
}

/** A refusal of RFC 6749 §5.2. */
class OidcRefused extends Error {
  readonly error: string

  constructor(error: string, description: string) {
    super(description)
    this.error = error
  }
}

/** The OpenID provider: discovery, keys, and a token endpoint that follows RFC 6749 where its quirks let it. */
export async function answerAsOidc(oidc: OidcContext, request: SimulatorRequest): Promise<Answer> {
  const { pathname } = new URL(request.url)
  const { path } = oidc.provider
  if (pathname === `${path}/.well-known/openid-configuration`) return { kind: 'metadata', response: metadata(oidc) }
  if (pathname === `${path}/jwks`) {
    const { publicJwk } = await oidc.signer()
    return { kind: 'jwks', response: json(200, { keys: [publicJwk] }) }
  }
  if (pathname === `${path}/token`) return answerToken(oidc, request)
  if (pathname === `${path}/device_authorization`) return answerDevice(oidc, request)
  return { kind: 'other', response: json(404, { error: 'not_found' }) }
}

function issuerOf({ origin, provider }: OidcContext): string {
  return `${origin()}${provider.path}`
}

function metadata(oidc: OidcContext): HttpResponse {
  const issuer = issuerOf(oidc)
  return json(200, {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    device_authorization_endpoint: `${issuer}/device_authorization`,
    grant_types_supported: ['password', 'refresh_token', deviceGrant],
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    scopes_supported: oidc.provider.scopes,
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt'],
  })
}

async function answerToken(oidc: OidcContext, request: SimulatorRequest): Promise<Answer> {
  const form = readForm(request)
  const credentials = readClientCredentials(form, request.headers)
  const username = form.get('username')
  const grantType = form.get('grant_type') ?? ''
  const facts = {
    kind: 'token',
    clientAuthentication: credentials.method,
    ...(['password', 'refresh_token', deviceGrant].includes(grantType) ? { grantType } : {}),
    ...(username === null ? {} : { username }),
  } as const
  try {
    if (request.method !== 'POST') throw new OidcRefused('invalid_request', 'only POST')
    const client = authenticate(oidc, credentials, request.headers['authorization'])
    if (grantType === 'refresh_token') return { ...facts, response: await refresh(oidc, form, client) }
    if (grantType === deviceGrant) return { ...facts, response: await redeemDeviceCode(oidc, form, client) }
    if (grantType !== 'password') throw new OidcRefused('unsupported_grant_type', 'password or refresh_token')
    const user = signIn(oidc, form)
    if (user !== undefined) {
      return { ...facts, response: await issue(oidc, user, client, form.get('scope') ?? '') }
    }
    if (oidc.provider.quirks.emptyRefusal === true)
      return { ...facts, response: { status: 403, headers: {}, body: '' } }
    throw new OidcRefused('invalid_grant', 'wrong user name or password')
  } catch (error) {
    if (!(error instanceof OidcRefused)) throw error
    return { ...facts, response: refusal(error, credentials) }
  }
}

/** RFC 8628 §3.1. */
function answerDevice(oidc: OidcContext, request: SimulatorRequest): Answer {
  const form = readForm(request)
  const credentials = readClientCredentials(form, request.headers)
  try {
    const { clientId } = authenticate(oidc, credentials, request.headers['authorization'])
    const code = oidc.deviceCodes.issue({ clientId, scope: form.get('scope') ?? '' })
    return { kind: 'device', response: json(200, offer(code, `${issuerOf(oidc)}/device`)) }
  } catch (error) {
    if (!(error instanceof OidcRefused)) throw error
    return { kind: 'device', response: refusal(error, credentials) }
  }
}

function redeemDeviceCode(oidc: OidcContext, form: URLSearchParams, client: OidcClient): Promise<HttpResponse> {
  const state = oidc.deviceCodes.ask(form.get('device_code') ?? '', client)
  if (typeof state === 'string') throw new OidcRefused(deviceErrors[state], `the device code is ${state}`)
  const user = oidc.provider.users.find(({ username }) => username === state.username)
  if (user === undefined) throw new OidcRefused('access_denied', 'no such user')
  return issue(oidc, user, client, state.scope)
}

function refusal({ error, message }: OidcRefused, { method }: ClientCredentials): HttpResponse {
  const answer = json(error === 'invalid_client' ? 401 : 400, { error, error_description: message })
  if (error !== 'invalid_client' || method !== 'client_secret_basic') return answer
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': 'Basic realm="simulator"' } }
}

function authenticate(
  oidc: OidcContext,
  credentials: ClientCredentials,
  authorization: string | undefined,
): OidcClient {
  const basic = basicCredentials(authorization)
  const named = [credentials.clientId, formDecode(credentials.clientId ?? '')]
  const client = oidc.provider.clients.find(({ clientId }) => named.includes(clientId))
  if (client === undefined) throw new OidcRefused('invalid_client', 'unknown client')
  const proved: Readonly<Record<OidcClient['method'], () => boolean>> = {
    none: () => credentials.method === 'none',
    client_secret_post: () => credentials.method === 'client_secret_post' && holds(client, credentials.secrets[0]),
    client_secret_basic: () => basic !== undefined && holds(client, formDecode(basic.secret)),
    client_secret_basic_raw: () => basic !== undefined && holds(client, basic.secret),
    private_key_jwt: () => assertionHolds(oidc, client, credentials),
  }
  if (!proved[client.method]()) throw new OidcRefused('invalid_client', 'client authentication failed')
  return client
}

function holds({ secret }: OidcClient, given: string | undefined): boolean {
  return secret !== undefined && given !== undefined && sameSecret(given, secret)
}

function assertionHolds(
  oidc: OidcContext,
  client: OidcClient,
  { assertion, assertionType }: ClientCredentials,
): boolean {
  const issuer = issuerOf(oidc)
  const fault = checkClientAssertion(assertion ?? '', {
    clientId: client.clientId,
    audiences: [issuer, `${issuer}/token`],
    certificates: client.certificates ?? [],
    algorithms: ['RS256', 'PS256'],
    now: oidc.now(),
    strict: oidc.strict,
  })
  return assertion !== undefined && fault === undefined && assertionType === jwtBearer
}

function signIn({ provider, newId }: OidcContext, form: URLSearchParams): OidcUser | undefined {
  for (const parameter of ['username', 'password']) {
    if (!form.get(parameter)) throw new OidcRefused('invalid_request', `${parameter} is missing`)
  }
  const user = provider.users.find(({ username }) => username === form.get('username'))
  return sameSecret(form.get('password') ?? '', user?.password ?? newId()) ? user : undefined
}

/** A refresh token is good once: it is gone when its successor is made. */
function refresh(oidc: OidcContext, form: URLSearchParams, client: OidcClient): Promise<HttpResponse> {
  const token = form.get('refresh_token') ?? ''
  const grant = oidc.refreshTokens.find(token)
  if (grant === undefined || grant.revoked || grant.clientId !== client.clientId) {
    throw new OidcRefused('invalid_grant', 'the refresh token is unknown, used, or not of this client')
  }
  const scope = form.get('scope') || grant.scope
  const widened = scope.split(' ').some((name) => !grant.scope.split(' ').includes(name))
  if (widened) throw new OidcRefused('invalid_scope', 'more than was granted') // RFC 6749 §6
  oidc.refreshTokens.drop(token)
  return issue(oidc, grant.user, client, grant.scope)
}

async function issue(oidc: OidcContext, user: OidcUser, client: OidcClient, scope: string): Promise<HttpResponse> {
  const { provider, accessTokenLifetimeSeconds } = oidc
  const at = oidc.now()
  const scopes = scope.split(' ').filter((name) => name !== '')
  if (oidc.strict && scopes.some((name) => !provider.scopes.includes(name))) {
    throw new OidcRefused('invalid_scope', 'unknown scope')
  }
  const claims = {
    iss: issuerOf(oidc),
    sub: user.subject,
    aud: provider.quirks.audienceAsArray === true ? [client.clientId] : client.clientId,
    iat: at,
    exp: at + accessTokenLifetimeSeconds,
    name: user.displayName,
    preferred_username: user.username,
  }
  const grant = { user, tenantId: '', clientId: client.clientId, scope, issuedAt: at }
  return json(200, {
    access_token: Buffer.from(`opaque ${oidc.newId()}`).toString('base64url'),
    token_type: 'Bearer',
    expires_in: accessTokenLifetimeSeconds,
    ...(provider.quirks.noScopeInReply === true ? {} : { scope: scopes.join(' ') }),
    ...(scopes.includes('openid') ? { id_token: await (await oidc.signer()).sign(claims) } : {}),
    ...(scopes.includes('offline_access') ? { refresh_token: oidc.refreshTokens.issue(grant) } : {}),
  })
}

function json(status: number, value: unknown): HttpResponse {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status, headers, body: JSON.stringify(value) }
}
