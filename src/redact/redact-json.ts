import { isMarker, marker } from './marker.ts'
import { redactToken } from './redact-jwt.ts'

/** Members whose texts may be seen: of user realms, metadata, tokens, errors, key sets and instance discovery. */
const kept = new Set(
  (
    'ver account_type domain_name federation_protocol federation_metadata_url federation_active_auth_url cloud_instance_name ' +
    'cloud_audience_urn cloud_instance federation_brand_name issuer token_endpoint authorization_endpoint ' +
    'device_authorization_endpoint userinfo_endpoint end_session_endpoint jwks_uri kerberos_endpoint mtls_endpoint_aliases ' +
    'response_modes_supported response_types_supported scopes_supported subject_types_supported grant_types_supported ' +
    'token_endpoint_auth_methods_supported id_token_signing_alg_values_supported claims_supported ' +
    'token_endpoint_auth_signing_alg_values_supported request_uri_parameter_supported access_token_issuer ' +
    'tenant_region_scope cloud_graph_host_name msgraph_host rbac_url token_type scope expires_in ext_expires_in refresh_in ' +
    'expires_on not_before resource id_token_expires_in refresh_token_expires_in client_info error error_description ' +
    'error_codes timestamp trace_id correlation_id error_uri suberror claims verification_uri verification_url interval ' +
    'kty use kid alg x5t tenant_discovery_endpoint api-version metadata preferred_network preferred_cache aliases ' +
    'title detail status type profile_info acrs capolids values access_token_claims'
  ).split(' '),
)

/** Members that are tokens: a JWT keeps what may be seen of it. */
const tokens = new Set(['access_token', 'id_token', 'refresh_token', 'device_code', 'user_code', 'code'])

/** Redacts a JSON value: structure, numbers and booleans stay, texts only under names that may be seen. */
export function redactJson(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => redactJson(item, name))
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, member]) => [key, redactJson(member, key)])
    return Object.fromEntries(members)
  }
  if (typeof value !== 'string' || isMarker(value)) return value
  if (tokens.has(name)) return redactToken(name, value)
  return kept.has(name) ? value : marker('text', value.length)
}
