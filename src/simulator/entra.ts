import type { HttpResponse } from '../protocol/http.ts'
import { answerDeviceRequest } from './device-code.ts'
import { type EntraContext, issuerOf, personalAccounts, tenantNamed } from './directory.ts'
import { faultResponse, Refused, type ResponseIds } from './faults.ts'
import { answerInstanceDiscovery, cloudOf } from './instance-discovery.ts'
import type { Answer, SimulatorRequest } from './journal.ts'
import { answerTokenRequest } from './token-endpoint.ts'
import { domainOf, findDomain } from './world.ts'

/** The Entra side. Paths are compared without case, as the service does. */
export async function answerAsEntra(entra: EntraContext, request: SimulatorRequest): Promise<Answer> {
  const ids: ResponseIds = {
    traceId: entra.newId(),
    correlationId: correlationIdOf(request) ?? entra.newId(),
    at: entra.now(),
  }
  const answer = await route(entra, request, ids)
  return { ...answer, response: withServiceHeaders(answer.response, request, ids) }
}

async function route(entra: EntraContext, request: SimulatorRequest, ids: ResponseIds): Promise<Answer> {
  const url = new URL(request.url)
  const [first = '', ...rest] = url.pathname.split('/').filter((segment) => segment !== '')
  const path = rest.join('/').toLowerCase()
  if (first.toLowerCase() === 'common' && path === 'discovery/instance') {
    if (!entra.instanceDiscovery) return { kind: 'instance', response: json(404, { error: 'not_found' }) }
    return { kind: 'instance', response: orFault(ids, () => answerInstanceDiscovery(url, entra.origin())) }
  }
  if (first.toLowerCase() === 'common' && path.startsWith('userrealm/')) return answerUserRealm(entra, rest)
  if (path === 'oauth2/v2.0/token') return answerTokenRequest(entra, request, first, 'v2', ids)
  if (path === 'oauth2/v2.0/devicecode') return answerDeviceRequest(entra, request, first, ids)
  if (path === 'oauth2/token') return answerTokenRequest(entra, request, first, 'v1', ids)
  if (path === 'discovery/v2.0/keys' || path === 'discovery/keys') {
    return { kind: 'jwks', response: json(200, { keys: [entra.signer.publicJwk] }) }
  }
  const version = metadataVersions[path]
  if (version === undefined) return { kind: 'other', response: json(404, { error: 'not_found' }) }
  return { kind: 'metadata', response: orFault(ids, () => metadata(entra, first, version)) }
}

const metadataVersions: Readonly<Record<string, 'v1' | 'v2'>> = {
  'v2.0/.well-known/openid-configuration': 'v2',
  '.well-known/openid-configuration': 'v1',
}

function orFault(ids: ResponseIds, answer: () => unknown): HttpResponse {
  try {
    return json(200, answer())
  } catch (error) {
    if (error instanceof Refused) return faultResponse(error, ids)
    throw error
  }
}

/** Writes the OpenID provider metadata. For `organizations` and `common` the issuer is a template, as in the service. */
function metadata(entra: EntraContext, segment: string, endpoint: 'v1' | 'v2'): Record<string, unknown> {
  const origin = entra.origin()
  const name = tenantNamed(entra.world, segment)
  const tenantId = name === 'consumers' ? personalAccounts : typeof name === 'string' ? '{tenantid}' : name.id
  const oauth = `${origin}/${segment}/oauth2${endpoint === 'v2' ? '/v2.0' : ''}`
  return {
    token_endpoint: `${oauth}/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${origin}/${segment}/discovery/${endpoint === 'v2' ? 'v2.0/' : ''}keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: issuerOf(entra.issuerOrigin(), tenantId, endpoint),
    request_uri_parameter_supported: false,
    userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo',
    authorization_endpoint: `${oauth}/authorize`,
    device_authorization_endpoint: `${oauth}/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${oauth}/logout`,
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'name', 'tid', 'oid', 'ver', 'preferred_username'],
    tenant_region_scope: typeof name === 'string' ? null : 'EU',
    cloud_instance_name: cloudOf(new URL(origin).host).instanceName,
    cloud_graph_host_name: 'graph.windows.net',
    msgraph_host: 'graph.microsoft.com',
    rbac_url: 'https://pas.windows.net',
  }
}

function answerUserRealm(entra: EntraContext, segments: readonly string[]): Answer {
  const username = decodeSegment(segments.slice(1).join('/'))
  if (username === undefined) return { kind: 'realm', response: json(400, { error: 'invalid_request' }) }
  return { kind: 'realm', username, response: json(200, userRealm(entra, domainOf(username))) }
}

/**
 * Writes the user-realm answer, api-version 1.0. Federation belongs to the domain: a user who does not exist has the
 * answer of one who does.
 */
function userRealm({ world, farms, origin }: EntraContext, domain: string | undefined): Record<string, unknown> {
  const { instanceName, audience } = cloudOf(new URL(origin()).host)
  const cloud = { cloud_instance_name: instanceName, cloud_audience_urn: audience }
  const federated = (name: string, metadataUrl: string, activeUrl: string): Record<string, unknown> => ({
    ver: '1.0',
    account_type: 'Federated',
    domain_name: name,
    federation_protocol: 'WSTrust',
    federation_metadata_url: metadataUrl,
    federation_active_auth_url: activeUrl,
    ...cloud,
  })
  if (domain !== undefined && world.consumerDomains.includes(domain)) {
    // What the service says of personal accounts: a document at that URL exists, but it is no MEX document.
    const metadataUrl = 'https://nexus.microsoftonline-p.com/federationmetadata/2006-12/federationmetadata.xml'
    return federated('live.com', metadataUrl, 'https://login.live.com/rst2.srf')
  }
  const found = findDomain(world, domain)
  if (domain === undefined || found === undefined) return { ver: '1.0', account_type: 'Unknown', ...cloud }
  if (found.kind === 'managed') return { ver: '1.0', account_type: 'Managed', domain_name: domain, ...cloud }
  const farm = farms.find(({ host }) => host === found.farm)
  const trust = `${farm?.origin()}/adfs/services/trust`
  return federated(domain, `${trust}/mex`, `${trust}/2005/usernamemixed`)
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** MSAL Node sends its correlation id in the query and the body, all others in a header. */
function correlationIdOf({ url, headers, body = '' }: SimulatorRequest): string | undefined {
  const candidates = [
    headers['client-request-id'],
    new URL(url).searchParams.get('client-request-id'),
    /(?:^|&)client-request-id=([\w-]+)/.exec(body)?.[1],
  ]
  return candidates.find((id) => id != null && /^[\w-]{1,64}$/.test(id)) ?? undefined
}

function withServiceHeaders(response: HttpResponse, { headers }: SimulatorRequest, ids: ResponseIds): HttpResponse {
  const echo = headers['return-client-request-id']?.toLowerCase() === 'true'
  return {
    ...response,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store, no-cache',
      pragma: 'no-cache',
      'x-content-type-options': 'nosniff',
      'x-ms-request-id': ids.traceId,
      'x-ms-ests-server': '2.1.0 - simulator',
      ...(echo ? { 'client-request-id': ids.correlationId } : {}),
      ...response.headers,
    },
  }
}

function json(status: number, value: unknown): HttpResponse {
  return { status, headers: {}, body: JSON.stringify(value) }
}
