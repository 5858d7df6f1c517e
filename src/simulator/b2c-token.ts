import { Buffer } from 'node:buffer'
import type { HttpResponse } from '../protocol/http.ts'
import { type AddressedPolicy, type B2cContext, b2cIssuer } from './b2c-context.ts'
import { type B2cApp, type B2cPolicy, type B2cUser, findB2cUser } from './b2c-directory.ts'
import { B2cRefused, b2cFaultResponse } from './b2c-faults.ts'
import { readClientCredentials, readForm } from './client-credentials.ts'
import type { Answer, SimulatorRequest } from './journal.ts'
import { sameSecret } from './password.ts'

const refreshTokenSeconds = 1_209_600
const reserved = ['openid', 'profile', 'email', 'offline_access']

/** What a scope asks for: nothing but an ID token, a token for the app itself, or one for an API. */
interface B2cAccess {
  /** `aud` of the access token; absent where none is asked for. */
  readonly audience?: string
  readonly names: readonly string[]
  readonly openid: boolean
  readonly offlineAccess: boolean
}

/**
 * The token endpoint of a policy.
 *
 * @see {@link https://learn.microsoft.com/azure/active-directory-b2c/add-ropc-policy ROPC in Azure AD B2C}
 */
export async function answerB2cToken(
  b2c: B2cContext,
  request: SimulatorRequest,
  addressed: AddressedPolicy | undefined,
): Promise<Answer> {
  const form = readForm(request)
  const credentials = readClientCredentials(form, request.headers)
  const username = form.get('username')
  const grantType = form.get('grant_type')
  const facts = {
    kind: 'token',
    clientAuthentication: credentials.method,
    ...(grantType === 'password' || grantType === 'refresh_token' ? { grantType } : {}),
    ...(username === null ? {} : { username }),
  } as const
  try {
    if (request.method !== 'POST') throw new B2cRefused(90226)
    if (addressed === undefined) throw new B2cRefused(90066, { policy: '' })
    if (grantType === null || grantType === '') throw new B2cRefused(90083, { parameter: 'grant_type' })
    const app = findApp(b2c, credentials.clientId)
    const { policy } = addressed
    if (grantType === 'refresh_token') return { ...facts, response: await refresh(b2c, form, app, policy) }
    if (grantType !== 'password' || !policy.ropc) throw new B2cRefused(90086, { grant: grantType })
    return { ...facts, response: await signIn(b2c, form, app, policy) }
  } catch (error) {
    if (!(error instanceof B2cRefused)) throw error
    return { ...facts, response: b2cFaultResponse(error, b2c.newId(), b2c.now()) }
  }
}

/** A secret is not looked at: B2C does not in this grant. */
function findApp({ directory }: B2cContext, clientId: string | undefined): B2cApp {
  if (clientId === undefined) throw new B2cRefused(90008)
  const app = directory.apps.find((candidate) => candidate.clientId === clientId.toLowerCase())
  if (app === undefined) throw new B2cRefused(90018, { client: clientId, tenant: directory.domain })
  return app
}

async function signIn(b2c: B2cContext, form: URLSearchParams, app: B2cApp, policy: B2cPolicy): Promise<HttpResponse> {
  const custom = policy.name.toLowerCase().startsWith('b2c_1a_')
  if (app.ropc === false) throw new B2cRefused(90224)
  if (custom && app.implicitFlow === false) throw new B2cRefused(90057)
  const kinds = (form.get('response_type') ?? 'token id_token').split(' ')
  if (kinds.some((kind) => kind !== 'token' && kind !== 'id_token')) {
    throw new B2cRefused(90083, { parameter: 'response_type' })
  }
  const access = readScope(b2c, app, form.get('scope') ?? '')
  const [username, password] = ['username', 'password'].map((parameter) => {
    const value = form.get(parameter)
    if (value === null || value === '') throw new B2cRefused(90083, { parameter })
    // The request validation of ASP.NET stands in front of the service.
    if (/<|&#/.test(value)) throw new B2cRefused(90122)
    return value
  })
  const user = findB2cUser(b2c.directory, username ?? '')
  if (user === undefined && custom) throw new B2cRefused(90053)
  const matches = sameSecret(password ?? '', user?.password ?? b2c.newId())
  if (user?.refusal === 'locked') throw new B2cRefused(90111)
  if (user === undefined || !matches) throw new B2cRefused(90225)
  if (typeof user.refusal === 'number') {
    throw new B2cRefused(user.refusal, { client: app.clientId, tenant: b2c.directory.domain, policy: policy.name })
  }
  const tokens = await issue(b2c, { user, app, policy, access, scope: form.get('scope') ?? '' })
  // The first answer has a string here, later ones a number.
  return reply(b2c, form, { ...tokens, expires_in: String(b2c.accessTokenLifetimeSeconds) }, user, policy)
}

/** Answers with more members than the sign-in did, and numbers. */
async function refresh(b2c: B2cContext, form: URLSearchParams, app: B2cApp, policy: B2cPolicy): Promise<HttpResponse> {
  const grant = b2c.refreshTokens.find(form.get('refresh_token') ?? '')
  const at = b2c.now()
  if (grant === undefined || at >= grant.issuedAt + refreshTokenSeconds) throw new B2cRefused(90080)
  if (grant.clientId !== app.clientId) throw new B2cRefused(90087)
  if (grant.tenantId !== policy.name) throw new B2cRefused(90088)
  if (grant.revoked) throw new B2cRefused(90129)
  const scope = form.get('scope') || grant.scope
  const access = readScope(b2c, app, scope)
  const { user } = grant
  const tokens = await issue(b2c, { user, app, policy, access: { ...access, offlineAccess: true }, scope })
  const seconds = b2c.accessTokenLifetimeSeconds
  const profile = { ver: '1.0', tid: b2c.directory.id, sub: user.objectId, name: user.displayName, idp: null }
  const more = {
    not_before: at,
    expires_in: seconds,
    expires_on: at + seconds,
    resource: access.audience ?? app.clientId,
    id_token_expires_in: seconds,
    profile_info: encode({ ...profile, preferred_username: user.username }),
    scope,
    refresh_token_expires_in: refreshTokenSeconds,
  }
  return reply(b2c, form, { ...tokens, ...more }, user, policy)
}

function readScope({ directory, strict }: B2cContext, app: B2cApp, scope: string): B2cAccess {
  const tokens = scope.split(' ').filter((token) => token !== '')
  if (tokens.length === 0) throw new B2cRefused(90010)
  const asked = tokens.filter((token) => !reserved.includes(token.toLowerCase()))
  const found = asked.map((text) => {
    if (text.toLowerCase() === app.clientId) return { audience: app.clientId, name: undefined }
    const slash = text.lastIndexOf('/')
    if (slash < 0) throw new B2cRefused(90055, { scope })
    const api = directory.apis.find(({ identifier }) => identifier === text.slice(0, slash))
    if (api === undefined) throw new B2cRefused(90117, { scope: text })
    if (strict && !api.scopes.includes(text.slice(slash + 1))) throw new B2cRefused(90205)
    return { audience: api.appId, name: text.slice(slash + 1) }
  })
  const [audience, ...others] = new Set(found.map((each) => each.audience))
  if (others.length > 0) throw new B2cRefused(90146, { scope })
  return {
    ...(audience === undefined ? {} : { audience }),
    names: found.flatMap(({ name }) => name ?? []),
    openid: tokens.includes('openid'),
    offlineAccess: tokens.includes('offline_access'),
  }
}

interface B2cIssued {
  readonly user: B2cUser
  readonly app: B2cApp
  readonly policy: B2cPolicy
  readonly access: B2cAccess
  readonly scope: string
}

async function issue(b2c: B2cContext, issued: B2cIssued): Promise<Record<string, unknown>> {
  const { user, app, policy, access, scope } = issued
  const at = b2c.now()
  const { sign } = await b2c.signer()
  const claims = {
    iss: b2cIssuer(b2c, policy),
    exp: at + b2c.accessTokenLifetimeSeconds,
    nbf: at,
    iat: at,
    sub: user.objectId,
    name: user.displayName,
    emails: user.emails,
    [policy.policyClaim ?? 'tfp']: policy.name,
    ver: '1.0',
  }
  const scp = access.names.length === 0 ? {} : { scp: access.names.join(' ') }
  const grant = { user, tenantId: policy.name, clientId: app.clientId, scope, issuedAt: at }
  return {
    ...(access.audience === undefined
      ? {}
      : { access_token: await sign({ ...claims, aud: access.audience, azp: app.clientId, ...scp }) }),
    token_type: 'Bearer',
    ...(access.openid ? { id_token: await sign({ ...claims, aud: app.clientId, auth_time: at }) } : {}),
    ...(access.offlineAccess ? { refresh_token: b2c.refreshTokens.issue(grant) } : {}),
  }
}

/** `client_info` names the policy inside `uid`. */
function reply(
  { directory }: B2cContext,
  form: URLSearchParams,
  members: Record<string, unknown>,
  { objectId }: B2cUser,
  { name }: B2cPolicy,
): HttpResponse {
  const info = { uid: `${objectId}-${name.toLowerCase()}`, utid: directory.id }
  const body = { ...members, ...(form.get('client_info') === '1' ? { client_info: encode(info) } : {}) }
  return { status: 200, headers: {}, body: JSON.stringify(body) }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
