import type { HttpResponse } from '../protocol/http.ts'
import { type AddressedPolicy, type B2cContext, b2cIssuer } from './b2c-context.ts'
import { answerB2cToken } from './b2c-token.ts'
import type { Answer, SimulatorRequest } from './journal.ts'

const metadataPath = 'v2.0/.well-known/openid-configuration'

/**
 * The B2C side: `/{tenant}/{policy}/…`, `/tfp/{tenant}/{policy}/…` and `/{tenant}/…?p={policy}`. There is no user realm
 * and no instance discovery here.
 */
export async function answerAsB2c(b2c: B2cContext, request: SimulatorRequest): Promise<Answer> {
  const { path, addressed } = readAddress(b2c, new URL(request.url))
  const { kind, response } = await route(b2c, request, path, addressed)
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...response.headers,
  }
  return { ...kind, response: { ...response, headers } }
}

async function route(
  b2c: B2cContext,
  request: SimulatorRequest,
  path: string | undefined,
  addressed: AddressedPolicy | undefined,
): Promise<{ readonly kind: Omit<Answer, 'response'>; readonly response: HttpResponse }> {
  if (path === 'oauth2/v2.0/token') {
    const { response, ...kind } = await answerB2cToken(b2c, request, addressed)
    return { kind, response }
  }
  if (path === metadataPath && addressed !== undefined) {
    return { kind: { kind: 'metadata' }, response: json(metadata(b2c, addressed)) }
  }
  if (path === 'discovery/v2.0/keys' && addressed !== undefined) {
    const { publicJwk } = await b2c.signer()
    return { kind: { kind: 'jwks' }, response: json({ keys: [publicJwk] }) }
  }
  const notFound =
    'The resource you are looking for has been removed, had its name changed, or is temporarily unavailable.'
  const realm = new URL(request.url).pathname.toLowerCase().startsWith('/common/userrealm/')
  return {
    kind: { kind: realm ? 'realm' : 'other' },
    response: { status: 404, headers: { 'content-type': 'text/html' }, body: notFound },
  }
}

/** A policy in the path beats one in the query. */
function readAddress(
  b2c: B2cContext,
  url: URL,
): { readonly path: string | undefined; readonly addressed: AddressedPolicy | undefined } {
  const segments = url.pathname.split('/').filter((segment) => segment !== '')
  const tfp = segments[0]?.toLowerCase() === 'tfp' ? segments.splice(0, 1) : []
  const [tenant = '', ...rest] = segments
  const { id, domain } = b2c.directory
  if (![id, domain, `${b2c.label}.onmicrosoft.com`].includes(tenant.toLowerCase())) {
    return { path: undefined, addressed: undefined }
  }
  const inPath = rest[0]?.toLowerCase().startsWith('b2c_') ? rest.shift() : undefined
  const name = (inPath ?? url.searchParams.get('p') ?? '').toLowerCase()
  const policy = b2c.directory.policies.find((candidate) => candidate.name.toLowerCase() === name)
  const base = [b2c.origin(), ...tfp, tenant.toLowerCase()].join('/')
  const endpoint = (path: string): string =>
    inPath === undefined ? `${base}/${path}?p=${name}` : `${base}/${name}/${path}`
  return {
    path: rest.join('/').toLowerCase(),
    addressed: policy === undefined ? undefined : { policy, endpoint },
  }
}

function metadata(b2c: B2cContext, { policy, endpoint }: AddressedPolicy): Record<string, unknown> {
  return {
    issuer: b2cIssuer(b2c, policy),
    authorization_endpoint: endpoint('oauth2/v2.0/authorize'),
    token_endpoint: endpoint('oauth2/v2.0/token'),
    end_session_endpoint: endpoint('oauth2/v2.0/logout'),
    jwks_uri: endpoint('discovery/v2.0/keys'),
    response_modes_supported: ['query', 'fragment', 'form_post'],
    response_types_supported: ['code', 'code id_token', 'code token', 'id_token', 'id_token token', 'token'],
    scopes_supported: ['openid'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    claims_supported: ['name', 'emails', 'idp', 'sub', policy.policyClaim ?? 'tfp', 'iss', 'iat', 'exp', 'aud', 'nbf'],
  }
}

function json(value: unknown): HttpResponse {
  return { status: 200, headers: {}, body: JSON.stringify(value) }
}
