import { ProtocolError } from '../errors.ts'
import type { Authority } from './authority.ts'
import { createRequest, type HttpRequest, type HttpResponse } from './http.ts'
import { findString, type JsonObject, parseJsonObject, readString } from './json.ts'
import { productHeaders } from './product.ts'

/** The parts of a discovery document that this grant needs; wire names kept (OpenID Connect Discovery §3). */
export interface ServerMetadata {
  /** May hold Entra's `{tenantid}` placeholder. */
  readonly issuer: string
  readonly token_endpoint: string
  readonly jwks_uri?: string
  /** Absent where the server has no device authorization grant, or not on its own host (RFC 8628 §4). */
  readonly device_authorization_endpoint?: string
  readonly id_token_signing_alg_values_supported?: readonly string[]
}

/** The endpoints of a known Entra cloud, which need no request. */
export function metadataByConvention(authority: Authority): ServerMetadata {
  return {
    issuer: `https://${authority.host}/{tenantid}/v2.0`,
    token_endpoint: `${authority.url}/oauth2/v2.0/token`,
    jwks_uri: `${authority.url}/discovery/v2.0/keys`,
    device_authorization_endpoint: `${authority.url}/oauth2/v2.0/devicecode`,
  }
}

/** Where an authority of each kind publishes its OpenID configuration. */
export function metadataUrlOf(authority: Authority): string {
  const path = authority.kind === 'adfs' || authority.kind === 'oidc' ? '' : '/v2.0'
  return `${authority.url}${path}/.well-known/openid-configuration`
}

/** Builds the request for an authority's OpenID configuration. @param url Where it is, if not at the usual place. */
export function buildMetadataRequest(
  authority: Authority,
  correlationId: string,
  url: string = metadataUrlOf(authority),
): HttpRequest {
  return createRequest({
    step: 'authority',
    method: 'GET',
    url,
    headers: { accept: 'application/json', ...productHeaders(correlationId) },
  })
}

/**
 * Reads an OpenID configuration.
 *
 * @throws {@link ProtocolError} `ERR_MISSING_FIELD` and `ERR_MALFORMED_RESPONSE` for the document itself,
 *   `ERR_INSECURE_ENDPOINT` for an endpoint that is not https, `ERR_UNJUSTIFIED_HOST` for one on another host or port
 *   than the authority's, `ERR_ISSUER_MISMATCH` for an issuer that is not the authority's.
 * @see OpenID Connect Discovery 1.0 §3 and §4.3
 */
export function parseMetadata(response: HttpResponse, authority: Authority): ServerMetadata {
  const json = parseJsonObject(response, 'authority', 'the OpenID configuration')
  const issuer = readString(json, 'issuer', 'authority')
  const tokenEndpoint = readString(json, 'token_endpoint', 'authority')
  const jwksUri = findString(json, 'jwks_uri', 'authority')
  checkEndpoint('token_endpoint', tokenEndpoint, authority)
  if (jwksUri !== undefined) checkEndpoint('jwks_uri', jwksUri, authority)
  if (!isIssuerOf(issuer, authority)) {
    throw new ProtocolError('ERR_ISSUER_MISMATCH', "the issuer is not the authority's", {
      step: 'authority',
      hint: 'Check the authority for a typing error: it must be the server that issues the tokens.',
    })
  }
  return {
    issuer,
    token_endpoint: withTenantOf(tokenEndpoint, authority),
    ...(jwksUri === undefined ? {} : { jwks_uri: withTenantOf(jwksUri, authority) }),
    ...readDeviceEndpoint(json, authority),
    ...readAlgorithms(json),
  }
}

// A sign-in with a password needs none, so one that cannot be used is no reason to fail.
function readDeviceEndpoint(
  json: JsonObject,
  authority: Authority,
): Pick<ServerMetadata, 'device_authorization_endpoint'> {
  const name = 'device_authorization_endpoint'
  const endpoint = json[name]
  if (typeof endpoint !== 'string' || endpoint.length > 2_048) return {}
  try {
    checkEndpoint(name, endpoint, authority)
    return { [name]: withTenantOf(endpoint, authority) }
  } catch {
    return {}
  }
}

function readAlgorithms(json: JsonObject): Pick<ServerMetadata, 'id_token_signing_alg_values_supported'> {
  const listed = json['id_token_signing_alg_values_supported']
  if (!Array.isArray(listed)) return {}
  const names = listed.filter((name): name is string => typeof name === 'string').slice(0, 50)
  return { id_token_signing_alg_values_supported: names }
}

// A multi-tenant document may name the tenant by a placeholder in its endpoints too.
function withTenantOf(endpoint: string, { tenant }: Authority): string {
  return endpoint.replace(/\{tenant(id)?\}/i, () => tenant)
}

function isIssuerOf(issuer: string, authority: Authority): boolean {
  if (!URL.canParse(issuer)) return false
  const { host, hostname, protocol } = new URL(issuer)
  // An OIDC server is known by its issuer, letter for letter; a slash at the end is the usual slip.
  if (authority.kind === 'oidc') return issuer.replace(/\/$/, '') === authority.url
  if (protocol !== 'https:') return false
  // External ID names its issuer by the tenant's id: a host of that name beside the authority's.
  if (authority.kind === 'ciam' && /^[0-9a-f-]{36}\./.test(hostname)) {
    const beside = authority.host.replace(/^[^.]+/, '').replace(/:\d+$/, '')
    if (hostname.endsWith('.ciamlogin.com') || hostname.slice(36) === beside) return true
  }
  return host === authority.host || authority.aliases.includes(host)
}

function checkEndpoint(name: string, endpoint: string, authority: Authority): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  const plain = url?.protocol === 'http:' && authority.url.startsWith('http:')
  if (url === undefined || (url.protocol !== 'https:' && !plain)) {
    throw new ProtocolError('ERR_INSECURE_ENDPOINT', `the ${name} is not an https URL`, {
      step: 'authority',
      hint: 'A credential is sent over https only: the server must publish https endpoints.',
    })
  }
  if (url.host !== authority.host) {
    throw new ProtocolError('ERR_UNJUSTIFIED_HOST', `the ${name} is on ${url.host}, not on ${authority.host}`, {
      step: 'authority',
      hint: 'If it is the right host, name the endpoint yourself: tokenEndpoint, jwksUri.',
    })
  }
}
