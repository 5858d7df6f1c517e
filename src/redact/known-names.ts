/**
 * What happens to a text, by the name it goes under. `value`: an id, a time, a name: seen unless it shows a secret. `words`: text
 * for people, seen unless it shows a part of one. `address`: a URL, without its query. `claims`: the text of JSON of any members.
 * `secret`: never seen. `token`: of a JWT header and known claims. `info`: base64url of known claims.
 */
export type Rule = 'value' | 'words' | 'address' | 'claims' | 'secret' | 'token' | 'info'

const list = (names: string): readonly string[] => names.trim().split(/\s+/)
const rules = (...pairs: readonly (readonly [Rule, string])[]): ReadonlyMap<string, Rule> =>
  new Map(pairs.flatMap(([rule, names]) => list(names).map((name) => [name, rule] as const)))

const secretNames = `password client_secret client_assertion assertion refresh_token device_code user_code code code_verifier
  new_password subject_token actor_token request`

/** Fields of a form and of a query, in lower case. */
export const fieldRules: ReadonlyMap<string, Rule> = rules(
  [
    'value',
    `grant_type scope client_id resource response_type client_info requested_token_use client_assertion_type username
     requested_token_type subject_token_type actor_token_type api-version api_version client-request-id
     return-client-request-id x-client-sku x-client-ver x-client-os x-client-cpu x-client-current-telemetry
     x-client-last-telemetry x-ms-lib-capability x-app-name x-app-ver acr_values audience dc domain_hint instance_aware
     organization slice ui_locales p prompt response_mode login_hint error error_codes code_challenge_method windows_api_version
     checkforloopback haschrome token_type expires_in`,
  ],
  ['words', 'error_description'],
  ['address', 'authorization_endpoint redirect_uri'],
  ['claims', 'claims'],
  ['token', 'id_token access_token'],
  ['secret', secretNames],
)

/** Members of a JSON answer: realm, metadata, instances, keys, tokens, device codes, errors. */
export const memberRules: ReadonlyMap<string, Rule> = rules(
  // Realm.
  [
    'value',
    `ver account_type domain_name federation_protocol federation_metadata_url federation_active_auth_url cloud_instance_name
     cloud_audience_urn federation_brand_name NameSpaceType DomainName FederationBrandName FederationGlobalVersion AuthURL
     CloudInstanceName CloudInstanceIssuerUri IsDssoEnabled State UserState`,
  ],
  // Metadata (OpenID Connect Discovery §3, RFC 8414 §2) and the instances of Entra.
  [
    'value',
    `issuer authorization_endpoint token_endpoint userinfo_endpoint jwks_uri registration_endpoint scopes_supported
     response_types_supported response_modes_supported grant_types_supported acr_values_supported subject_types_supported
     id_token_signing_alg_values_supported id_token_encryption_alg_values_supported id_token_encryption_enc_values_supported
     userinfo_signing_alg_values_supported userinfo_encryption_alg_values_supported userinfo_encryption_enc_values_supported
     request_object_signing_alg_values_supported token_endpoint_auth_methods_supported
     token_endpoint_auth_signing_alg_values_supported display_values_supported claim_types_supported claims_supported
     service_documentation claims_locales_supported ui_locales_supported claims_parameter_supported request_parameter_supported
     request_uri_parameter_supported require_request_uri_registration op_policy_uri op_tos_uri device_authorization_endpoint
     end_session_endpoint check_session_iframe frontchannel_logout_supported frontchannel_logout_session_supported
     backchannel_logout_supported backchannel_logout_session_supported http_logout_supported revocation_endpoint
     introspection_endpoint code_challenge_methods_supported tls_client_certificate_bound_access_tokens mtls_endpoint_aliases
     tenant_region_scope tenant_region_sub_scope cloud_graph_host_name msgraph_host rbac_url kerberos_endpoint
     access_token_issuer microsoft_multi_refresh_token rp_id_token_token_binding_supported as_access_token_token_binding_supported
     as_refresh_token_token_binding_supported resource_access_token_token_binding_supported
     op_id_token_token_binding_supported capabilities tenant_discovery_endpoint api-version metadata preferred_network
     preferred_cache aliases`,
  ],
  // Keys (RFC 7517 §4): not the key itself.
  ['value', 'keys kty use key_ops alg kid x5t x5t#S256 crv e'],
  // Tokens and device codes.
  [
    'value',
    `token_type scope expires_in ext_expires_in expires_on not_before refresh_in refresh_token_expires_in id_token_expires_in
     resource foci issued_token_type interval`,
  ],
  ['address', 'verification_uri verification_url verification_uri_complete'],
  ['token', 'access_token id_token'],
  ['info', 'client_info profile_info'],
  // Errors (RFC 6749 §5.2, RFC 9457 §3.1), with what Entra adds.
  ['value', 'error error_codes timestamp trace_id correlation_id suberror error_uri type status instance'],
  ['words', 'error_description message title detail'],
  ['claims', 'claims'],
  ['secret', secretNames],
)

/** Members of the header of a token, of its claims, and of `client_info`. */
export const shownClaims: ReadonlySet<string> = new Set(
  list(`typ alg kid x5t x5t#S256 cty iss aud sub exp iat nbf jti oid tid upn unique_name preferred_username name given_name
   family_name email emails verified_primary_email ver scp roles wids groups appid azp appidacr azpacr apptype amr acr tfp idp
   idtyp uti sid auth_time nonce xms_cc xms_tcdt ipaddr tenant_region_scope onprem_sid uid utid puid isB2cMigrated scope client_id
   authmethod app_displayname`),
)

/** Headers, in lower case. */
export const headerRules: ReadonlyMap<string, Rule> = rules(
  [
    'value',
    `accept accept-language cache-control content-encoding content-language content-length date expires pragma
     return-client-request-id client-request-id soapaction user-agent vary x-anchormailbox x-client-cpu x-client-os x-client-sku
     x-client-ver x-client-current-telemetry x-client-last-telemetry x-app-name x-app-ver x-content-type-options x-ms-clitelem
     x-ms-client-request-id x-ms-correlation-id x-ms-ests-server x-ms-lib-capability x-ms-request-id x-ms-srs strict-transport-security host origin age connection
     transfer-encoding`,
  ],
  ['words', 'content-type retry-after server via x-powered-by'],
)

/** Claims that hold a person's name or mail address, also those of an assertion. */
export const namesOfPeople: ReadonlySet<string> = new Set(
  list(`name given_name family_name email emails verified_primary_email givenname surname emailaddress displayname commonname
        mail`),
)

const words: ReadonlySet<string> = new Set([
  ...[fieldRules, memberRules, headerRules].flatMap((known) => [...known.keys()]),
  ...shownClaims,
  ...list(`bearer basic managed federated unknown token openid profile offline_access json https http true false null
           invalid_grant invalid_request invalid_client microsoft login envelope security assertion signature username`),
])

/** Whether a text is a word of the protocol: then it stands in every message, whoever has it for a password. */
export function isProtocolWord(text: string): boolean {
  return words.has(text.toLowerCase())
}
