/** Libraries that people come from, and whose names for a failure they search for. */
type Library = 'MSAL.NET' | 'MSAL Java' | 'MSAL Python' | 'MSAL Go' | 'MSAL Node' | 'adal-node'

/** What another library calls a failure around user name and password. */
export interface PeerName {
  readonly libraries: readonly [Library, ...Library[]]
  /** What it means there, in one sentence without a full stop. */
  readonly meaning: string
  /** Our codes for it, errors and warnings, the likeliest first; empty where it cannot happen here. */
  readonly here: readonly string[]
  /** Where the remedy of our first code does not say it. */
  readonly remedy?: string
  /** Pieces of its messages by which it is known where the text has no code; lower case, single blanks. */
  readonly messages?: readonly string[]
}

const net = ['MSAL.NET'] as const
const java = ['MSAL Java'] as const
const netAndJava = ['MSAL.NET', 'MSAL Java'] as const
const python = ['MSAL Python'] as const
const node = ['MSAL Node'] as const
const adal = ['adal-node'] as const

const integratedOnly =
  'This belongs to Integrated Windows Authentication, which this package does not do: it signs in by user name and password.'
const brokerOnly =
  'This belongs to brokers and proof-of-possession, which this package does not do: it uses bearer tokens.'

/** By the library's own code. */
export const peerCodes: Readonly<Record<string, PeerName>> = {
  unknown_user: {
    libraries: net,
    meaning: 'No user name was given, and the operating system names no user either',
    here: ['ERR_INVALID_ARGUMENT'],
    remedy: 'Pass the user principal name. It is never taken from the operating system here.',
  },
  get_user_name_failed: {
    libraries: net,
    meaning: 'The operating system could not say who the user is',
    here: ['ERR_INVALID_ARGUMENT'],
    remedy: 'Pass the user principal name. It is never taken from the operating system here.',
  },
  user_realm_discovery_failed: {
    libraries: netAndJava,
    meaning: 'Entra did not say how the user’s domain signs in: the user realm request failed',
    here: ['ERR_UNEXPECTED_STATUS', 'ERR_TRANSPORT_UNREACHABLE'],
    messages: ['user realm request failed'],
  },
  service_not_available: {
    libraries: net,
    meaning: 'Realm, metadata or token endpoint answered with a 5xx status, twice',
    here: ['ERR_UNEXPECTED_STATUS', 'ERR_THROTTLED', 'ERR_TOKEN_ENDPOINT'],
  },
  request_timeout: {
    libraries: net,
    meaning: 'A request took too long, twice',
    here: ['ERR_TRANSPORT_TIMEOUT'],
  },
  json_parse_failed: {
    libraries: net,
    meaning: 'The answer of the realm or token endpoint is not JSON',
    here: ['ERR_MALFORMED_RESPONSE'],
  },
  ropc_not_supported_for_msa: {
    libraries: net,
    meaning: 'The user is a personal Microsoft account, which cannot use this grant',
    here: ['ERR_UNSUPPORTED_ACCOUNT'],
  },
  unknown_user_type: {
    libraries: net,
    meaning: 'Entra says that the user’s domain is neither managed nor federated',
    here: ['ERR_UNSUPPORTED_ACCOUNT'],
    messages: ['unsupported user type'],
  },
  password_required_for_managed_user: {
    libraries: netAndJava,
    meaning: 'The user is managed, and no password was given',
    here: ['ERR_INVALID_ARGUMENT'],
    messages: ['password is required for managed user'],
  },
  missing_federation_metadata_url: {
    libraries: net,
    meaning: 'The user is federated, and the realm names no metadata URL',
    here: ['ERR_MISSING_FIELD'],
  },
  accessing_ws_metadata_exchange_failed: {
    libraries: net,
    meaning: 'The federation server’s metadata (MEX) came with another status than 200',
    here: ['ERR_UNEXPECTED_STATUS', 'MEX_FALLBACK'],
  },
  parsing_ws_metadata_exchange_failed: {
    libraries: net,
    meaning: 'The federation server’s metadata (MEX) is no XML or lacks policies, bindings or the service',
    here: ['ERR_MALFORMED_RESPONSE', 'ERR_NO_WSTRUST_ENDPOINT', 'MEX_FALLBACK'],
  },
  wstrust_endpoint_not_found: {
    libraries: netAndJava,
    meaning: 'The federation server’s metadata (MEX) offers no endpoint for user name and password',
    here: ['ERR_NO_WSTRUST_ENDPOINT'],
    messages: ['wstrust endpoint not found in metadata'],
  },
  federated_service_returned_error: {
    libraries: net,
    meaning:
      'The WS-Trust endpoint answered with another status than 200; the text behind it is the server’s, or nothing',
    here: ['ERR_SOAP_FAULT', 'ERR_UNEXPECTED_STATUS'],
    messages: ['federated service at '],
  },
  parsing_wstrust_response_failed: {
    libraries: net,
    meaning: 'Anything that went wrong at the WS-Trust endpoint, most often a wrong password',
    here: ['ERR_SOAP_FAULT', 'ERR_UNEXPECTED_STATUS', 'ERR_MALFORMED_RESPONSE', 'ERR_MISSING_FIELD'],
    remedy:
      'The text behind "Error Message" decides: ID3242 is a refused user name or password, a page of HTML is a proxy, nothing at all a fault without a reason. Here each of these has an error of its own.',
    messages: ['error parsing ws-trust response', 'error parsing wstrust response'],
  },
  integrated_windows_auth_not_supported_managed_user: {
    libraries: net,
    meaning: 'Integrated Windows Authentication was asked for, and the user is managed',
    here: [],
    remedy: integratedOnly,
  },
  integrated_windows_authentication_failed: {
    libraries: net,
    meaning: 'Integrated Windows Authentication failed',
    here: [],
    remedy: integratedOnly,
  },
  non_parsable_oauth_error: {
    libraries: net,
    meaning: 'The token endpoint refused with something that is no OAuth error, such as a proxy’s page',
    here: ['ERR_UNEXPECTED_STATUS', 'ERR_TOKEN_ENDPOINT'],
  },
  http_status_not_200: {
    libraries: net,
    meaning: 'The answer has an error status and no body',
    here: ['ERR_UNEXPECTED_STATUS', 'ERR_TOKEN_ENDPOINT'],
  },
  not_found: {
    libraries: net,
    meaning: 'The endpoint answered 404',
    here: ['ERR_UNEXPECTED_STATUS'],
  },
  request_throttled: {
    libraries: net,
    meaning: 'The server answered 429',
    here: ['ERR_THROTTLED'],
  },
  token_type_missing: {
    libraries: net,
    meaning: 'The token response has no token_type',
    here: ['ERR_MISSING_FIELD'],
  },
  token_type_mismatch: {
    libraries: net,
    meaning: 'The token is of another type than was asked for',
    here: ['ERR_UNSUPPORTED_TOKEN_TYPE'],
  },
  invalid_json_claims_format: {
    libraries: net,
    meaning: 'The claims are not a JSON object',
    here: ['ERR_INVALID_ARGUMENT'],
    remedy: 'Pass the claims of an error as they came: the text of one JSON object.',
  },
  user_mismatch: {
    libraries: net,
    meaning: 'The tokens are for another user than the one asked for',
    here: ['ERR_ACCOUNT_MISMATCH'],
  },
  no_tokens_found: {
    libraries: ['MSAL.NET', 'MSAL Node'],
    meaning: 'A silent call found no token for the account',
    here: ['ERR_INTERACTION_REQUIRED'],
  },
  user_null: {
    libraries: net,
    meaning: 'A silent call was given no account',
    here: ['ERR_INVALID_ARGUMENT'],
    remedy: 'Sign in with the password first; then pass an account of getAccounts(), or its username.',
  },
  no_account_for_login_hint: {
    libraries: net,
    meaning: 'A silent call names a user who is not in the cache',
    here: ['ERR_INTERACTION_REQUIRED'],
  },
  multiple_accounts_for_login_hint: {
    libraries: net,
    meaning: 'A silent call names a user of whom the cache has several accounts',
    here: ['ERR_AMBIGUOUS_ACCOUNT'],
  },
  broker_required_for_pop: {
    libraries: net,
    meaning: 'Proof-of-possession was asked for without a broker',
    here: [],
    remedy: brokerOnly,
  },
  broker_does_not_support_pop: {
    libraries: net,
    meaning: 'The broker cannot do proof-of-possession',
    here: [],
    remedy: brokerOnly,
  },
  broker_application_required: {
    libraries: net,
    meaning: 'The policy demands a broker, which proves the device',
    here: ['ERR_INTERACTION_REQUIRED'],
  },
  MsalUiRequiredException: {
    libraries: net,
    meaning: 'The token endpoint answered invalid_grant or interaction_required; a wrong password is this class too',
    here: ['ERR_INTERACTION_REQUIRED', 'ERR_TOKEN_ENDPOINT'],
    remedy:
      'Look at the AADSTS number: here a wrong password is a TokenEndpointError, and only MFA and its kin are interaction.',
  },
  wstrust_invalid_response: {
    libraries: java,
    meaning: 'The WS-Trust answer holds no token, or the metadata no address',
    here: ['ERR_MISSING_FIELD', 'ERR_SOAP_FAULT', 'ERR_UNSUPPORTED_ASSERTION', 'ERR_NO_WSTRUST_ENDPOINT'],
  },
  wstrust_service_error: {
    libraries: java,
    meaning: 'The federation server answered with a SOAP fault',
    here: ['ERR_SOAP_FAULT'],
  },
  unknown: {
    libraries: java,
    meaning: 'An answer with an error status whose body is empty or no OAuth error',
    here: ['ERR_UNEXPECTED_STATUS'],
    messages: ['unknown service exception'],
  },
  throttled_request: {
    libraries: java,
    meaning: 'An earlier answer asked to wait, and the time is not over',
    here: ['ERR_THROTTLED'],
  },
  cache_miss: {
    libraries: java,
    meaning: 'A silent call found no token for the account',
    here: ['ERR_INTERACTION_REQUIRED'],
  },
  invalid_json: {
    libraries: java,
    meaning: 'An answer is not JSON: often a page of a proxy',
    here: ['ERR_MALFORMED_RESPONSE'],
  },
  invalid_jwt: {
    libraries: netAndJava,
    meaning: 'The id_token cannot be read',
    here: ['ERR_MALFORMED_RESPONSE'],
  },
  http_timeout: {
    libraries: java,
    meaning: 'A request took too long',
    here: ['ERR_TRANSPORT_TIMEOUT'],
  },
  brokers_package_error: {
    libraries: java,
    meaning: 'The broker package failed',
    here: [],
    remedy: brokerOnly,
  },
  MsalInteractionRequiredException: {
    libraries: java,
    meaning: 'The token endpoint answered invalid_grant; a wrong password is this class too',
    here: ['ERR_INTERACTION_REQUIRED', 'ERR_TOKEN_ENDPOINT'],
    remedy:
      'Look at the AADSTS number: here a wrong password is a TokenEndpointError, and only MFA and its kin are interaction.',
  },
  InteractionRequiredAuthError: {
    libraries: node,
    meaning: 'The server demands an interactive step, or a silent call has nothing left',
    here: ['ERR_INTERACTION_REQUIRED'],
  },
  token_parsing_error: {
    libraries: node,
    meaning: 'A token cannot be read',
    here: ['ERR_MALFORMED_RESPONSE'],
  },
  null_or_empty_token: {
    libraries: node,
    meaning: 'The token response has no token where one is needed',
    here: ['ERR_MISSING_FIELD'],
  },
  endpoints_resolution_error: {
    libraries: node,
    meaning: 'The metadata of the authority could not be had',
    here: ['ERR_UNEXPECTED_STATUS', 'ERR_TRANSPORT_UNREACHABLE', 'ERR_TRANSPORT_TIMEOUT'],
  },
  openid_config_error: {
    libraries: node,
    meaning: 'The metadata of the authority could not be had or read',
    here: ['ERR_UNEXPECTED_STATUS', 'ERR_MALFORMED_RESPONSE', 'ERR_MISSING_FIELD'],
  },
  network_error: {
    libraries: node,
    meaning: 'No answer came',
    here: ['ERR_TRANSPORT_UNREACHABLE', 'ERR_TRANSPORT_TIMEOUT', 'ERR_TRANSPORT_TLS'],
  },
  request_cannot_be_made: {
    libraries: node,
    meaning: 'There is neither a code nor a refresh token to ask with',
    here: ['ERR_INTERACTION_REQUIRED'],
  },
  no_account_in_silent_request: {
    libraries: node,
    meaning: 'A silent call was given no account',
    here: ['ERR_INVALID_ARGUMENT'],
    remedy: 'Sign in with the password first; then pass an account of getAccounts(), or its username.',
  },
  token_refresh_required: {
    libraries: node,
    meaning: 'The cached token is missing, about to expire, or not for these claims',
    here: ['ERR_INTERACTION_REQUIRED'],
    remedy: 'Here a silent call refreshes it by itself, and fails only if there is no refresh token that works.',
  },
  client_info_decoding_error: {
    libraries: node,
    meaning: 'The client_info of the token response cannot be read',
    here: ['NO_ACCOUNT'],
    remedy: 'Here the user is then taken from the id_token; without one, the token is returned and not cached.',
  },
  client_info_empty_error: {
    libraries: node,
    meaning: 'The token response has no client_info',
    here: ['NO_ACCOUNT'],
    remedy: 'Here the user is then taken from the id_token; without one, the token is returned and not cached.',
  },
  empty_input_scopes_error: {
    libraries: node,
    meaning: 'No scope was given',
    here: ['ERR_INVALID_ARGUMENT'],
    remedy: 'Name what the token is for, e.g. User.Read.',
  },
  untrusted_authority: {
    libraries: node,
    meaning: 'The host of the authority is neither well known nor in knownAuthorities',
    here: ['ERR_UNKNOWN_AUTHORITY'],
  },
  invalid_instance: {
    libraries: ['MSAL.NET', 'MSAL Java', 'MSAL Python', 'MSAL Go', 'MSAL Node', 'adal-node'],
    meaning: 'Entra says that the host of the authority is not one of its own',
    here: ['ERR_UNKNOWN_AUTHORITY'],
  },
  invalid_claims: {
    libraries: node,
    meaning: 'The claims are not a JSON object',
    here: ['ERR_INVALID_ARGUMENT'],
    remedy: 'Pass the claims of an error as they came: the text of one JSON object.',
  },
}

/** Failures that have no code there, by a name of ours. */
export const peerMessages: Readonly<Record<string, PeerName & { readonly messages: readonly [string, ...string[]] }>> =
  {
    'mex-endpoint': {
      libraries: python,
      meaning: 'The metadata (MEX) offers no endpoint for user name and password; often the user is a personal account',
      here: ['ERR_NO_WSTRUST_ENDPOINT', 'ERR_UNSUPPORTED_ACCOUNT'],
      messages: ['unable to find wstrust endpoint from mex'],
    },
    'soap-action': {
      libraries: python,
      meaning: 'The path of the WS-Trust endpoint does not tell its version',
      here: ['ERR_NO_WSTRUST_ENDPOINT'],
      remedy: 'Here the metadata tells the version, and the path only where there is no metadata.',
      messages: ['unsupported soap action'],
    },
    'endpoint-address': {
      libraries: ['MSAL Python', 'MSAL Go'],
      meaning: 'The metadata names no address for the WS-Trust endpoint',
      here: ['ERR_NO_WSTRUST_ENDPOINT'],
      messages: ['wstrust endpoint address can not be empty', 'cannot have blank url endpoint'],
    },
    'fault-in-rstr': {
      libraries: ['MSAL Python', 'MSAL Java', 'adal-node'],
      meaning: 'The federation server answered with a SOAP fault',
      here: ['ERR_SOAP_FAULT'],
      remedy:
        'Look up the fault code behind it; FailedAuthentication or ID3242 is a refused user name or password. Where it says NONE, adal-node lost the fault’s own text.',
      messages: ['server returned error in rstr'],
    },
    'token-type': {
      libraries: ['MSAL Python', 'adal-node'],
      meaning: 'The federation server issued a token that is no SAML assertion',
      here: ['ERR_UNSUPPORTED_ASSERTION'],
      messages: ['rstr returned unknown token type'],
    },
    'no-token-in-rstr': {
      libraries: ['MSAL Python', 'MSAL Java', 'adal-node'],
      meaning: 'The answer of the federation server holds no token',
      here: ['ERR_MISSING_FIELD', 'ERR_SOAP_FAULT'],
      messages: ['unsuccessful rstr', 'unsucessful rstr', 'unable to find any tokens in rstr'],
    },
    'mex-policies': {
      libraries: ['MSAL Go', 'adal-node'],
      meaning: 'The metadata (MEX) has no policy or binding for user name and password',
      here: ['ERR_NO_WSTRUST_ENDPOINT'],
      messages: [
        'no policies for mex document',
        'no matching policies',
        'no matching bindings',
        'no address nodes on port',
        'no ws-trust endpoints match',
      ],
    },
    'mex-version': {
      libraries: ['MSAL Go', 'adal-node'],
      meaning: 'The version of WS-Trust is unknown, or only 2005, which MSAL Go does not speak',
      here: ['ERR_NO_WSTRUST_ENDPOINT'],
      remedy: 'Here both WS-Trust 1.3 and 2005 are spoken, and the metadata tells which.',
      messages: ['unknown spec version in mex', 'unknown ws-trust version', 'unsupported wstrust endpoint version'],
    },
    'account-type': {
      libraries: ['adal-node', 'MSAL Go'],
      meaning:
        'Entra says that the user’s domain is neither managed nor federated; adal-node shows "undefined" or "false"',
      here: ['ERR_UNSUPPORTED_ACCOUNT'],
      messages: ['cannot parse account_type', 'unknown accounttype', 'unknown account type'],
    },
    'federation-protocol': {
      libraries: adal,
      meaning: 'The user is federated by a protocol that is not WS-Trust',
      here: ['ERR_UNSUPPORTED_ACCOUNT', 'ERR_NO_WSTRUST_ENDPOINT'],
      messages: ['cannot parse federation protocol'],
    },
    'no-endpoint': {
      libraries: adal,
      meaning: 'Neither the realm nor the metadata names a WS-Trust endpoint',
      here: ['ERR_NO_WSTRUST_ENDPOINT', 'ERR_MISSING_FIELD'],
      messages: ['did not return a wstrust endpoint'],
    },
    'empty-rstr': {
      libraries: adal,
      meaning: 'The federation server answered with nothing',
      here: ['ERR_MALFORMED_RESPONSE', 'ERR_UNEXPECTED_STATUS'],
      messages: ['received empty rstr response body'],
    },
    'rstr-syntax': {
      libraries: adal,
      meaning: 'The answer of the federation server is no XML: often a page of a proxy',
      here: ['ERR_MALFORMED_RESPONSE', 'ERR_UNEXPECTED_STATUS'],
      messages: ['failed to parse rstr in to dom'],
    },
    'fault-codes': {
      libraries: adal,
      meaning: 'The SOAP fault has several codes',
      here: ['ERR_SOAP_FAULT'],
      messages: ['found too many fault code values'],
    },
    'http-error': {
      libraries: adal,
      meaning: 'A server answered with an error status; what follows is its answer',
      here: ['ERR_TOKEN_ENDPOINT', 'ERR_SOAP_FAULT', 'ERR_UNEXPECTED_STATUS'],
      remedy:
        'Look up the codes in the answer that follows. If it is a page of HTML, a proxy or portal stands between.',
      messages: ['request returned http error'],
    },
    'no-response': {
      libraries: adal,
      meaning: 'No answer came',
      here: ['ERR_TRANSPORT_UNREACHABLE', 'ERR_TRANSPORT_TIMEOUT'],
      messages: ['no response from the server'],
    },
    'no-access-token': {
      libraries: adal,
      meaning: 'The token response has no access_token',
      here: ['ERR_MISSING_FIELD', 'NO_ACCESS_TOKEN'],
      messages: ['wireresponse missing access_token'],
    },
    'no-entry': {
      libraries: adal,
      meaning: 'A silent call found no token for the user',
      here: ['ERR_INTERACTION_REQUIRED'],
      messages: ['entry not found in cache'],
    },
    'several-entries': {
      libraries: adal,
      meaning: 'A silent call found several tokens',
      here: ['ERR_AMBIGUOUS_ACCOUNT'],
      remedy: 'Here several fitting tokens are no error, only several fitting accounts: pass one of getAccounts().',
      messages: ['more than one token matches the criteria'],
    },
  }
