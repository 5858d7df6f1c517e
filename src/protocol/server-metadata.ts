import { ProtocolError } from '../errors.ts'
import type { Authority } from './authority.ts'
import { createRequest, type HttpRequest, type HttpResponse } from './http.ts'
import { findString, parseJsonObject, readString } from './json.ts'
import { productHeaders } from './product.ts'

/** The parts of a discovery document that this grant needs; wire names kept (OpenID Connect Discovery §3). */
export interface ServerMetadata {
  /** May hold Entra's `{tenantid}` placeholder. */
  readonly issuer: string
  readonly token_endpoint: string
  readonly jwks_uri?: string
}

/** The endpoints of a known Entra cloud, which need no request. */
export function metadataByConvention(authority: Authority): ServerMetadata {
  return {
    issuer: `https://${authority.host}/{tenantid}/v2.0`,
    token_endpoint: `${authority.url}/oauth2/v2.0/token`,
    jwks_uri: `${authority.url}/discovery/v2.0/keys`,
  }
}

/** Builds the request for an authority's OpenID configuration. */
export function buildMetadataRequest(authority: Authority, correlationId: string): HttpRequest {
  return createRequest({
    step: 'authority',
    method: 'GET',
    url: `${authority.url}/v2.0/.well-known/openid-configuration`,
    headers: { accept: 'application/json', ...productHeaders(correlationId) },
  })
}

/**
 * Reads an OpenID configuration.
 *
 * @throws {@link ProtocolError} `ERR_MISSING_FIELD` and `ERR_MALFORMED_RESPONSE` for the document itself,
 *   `ERR_INSECURE_ENDPOINT` for an endpoint that is not https, `ERR_UNJUSTIFIED_HOST` for one on another host or port
 *   than the authority's, `ERR_ISSUER_MISMATCH` for an issuer on another host.
 */
export function parseMetadata(response: HttpResponse, authority: Authority): ServerMetadata {
  const json = parseJsonObject(response, 'authority', 'the OpenID configuration')
  const issuer = readString(json, 'issuer', 'authority')
  const tokenEndpoint = readString(json, 'token_endpoint', 'authority')
  const jwksUri = findString(json, 'jwks_uri', 'authority')
  checkEndpoint('token_endpoint', tokenEndpoint, authority)
  if (jwksUri !== undefined) checkEndpoint('jwks_uri', jwksUri, authority)
  if (!URL.canParse(issuer) || new URL(issuer).host !== authority.host) {
    throw new ProtocolError('ERR_ISSUER_MISMATCH', "the issuer is not on the authority's host", {
      step: 'authority',
      hint: 'Check the authority for a typing error: it must be the host that issues the tokens.',
    })
  }
  return { issuer, token_endpoint: tokenEndpoint, ...(jwksUri === undefined ? {} : { jwks_uri: jwksUri }) }
}

function checkEndpoint(name: string, endpoint: string, authority: Authority): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url?.protocol !== 'https:') {
    throw new ProtocolError('ERR_INSECURE_ENDPOINT', `the ${name} is not an https URL`, {
      step: 'authority',
      hint: 'A credential is sent over https only: the server must publish https endpoints.',
    })
  }
  if (url.host !== authority.host) {
    throw new ProtocolError('ERR_UNJUSTIFIED_HOST', `the ${name} is on ${url.host}, not on ${authority.host}`, {
      step: 'authority',
      hint: 'Use the host of the endpoint as the authority if it is the right one.',
    })
  }
}
