export { type Authority, isTenantGuid, parseAuthority, withTenant } from './protocol/authority.ts'
export { mergeClaims } from './protocol/claims.ts'
export {
  type ClientAuthentication,
  type ClientAuthenticationContext,
  type ClientCredentials,
  type ClientSecretBasicOptions,
  clientAssertion,
  clientSecretBasic,
  clientSecretPost,
  type PrivateKeyJwtAlgorithm,
  type PrivateKeyJwtOptions,
  privateKeyJwt,
} from './protocol/client-authentication.ts'
export { type ClientInfo, parseClientInfo } from './protocol/client-info.ts'
export { type Cloud, findCloud } from './protocol/clouds.ts'
export {
  buildDeviceAuthorizationRequest,
  buildDeviceTokenRequest,
  type DeviceAuthorization,
  type DeviceAuthorizationRequest,
  type DeviceTokenOutcome,
  parseDeviceAuthorizationResponse,
  parseDeviceTokenResponse,
} from './protocol/device-code.ts'
export { type Grant, grantTypes } from './protocol/grants.ts'
export {
  createRequest,
  type FormValue,
  type HttpRequest,
  type HttpResponse,
  maxResponseBytes,
  type RequestParts,
  type Timings,
  type Transport,
} from './protocol/http.ts'
export {
  type DecodedIdToken,
  decodeIdToken,
  type IdTokenAlgorithm,
  type IdTokenClaims,
  type IdTokenExpectations,
} from './protocol/id-token.ts'
export { buildJwksRequest, type JsonWebKeySet, parseJwks, verifyIdToken } from './protocol/jwks.ts'
export type { SamlAssertion } from './protocol/saml-assertion.ts'
export { checkScopes, scopesFromResource, scopesToSend } from './protocol/scopes.ts'
export { Secret } from './protocol/secret.ts'
export {
  buildMetadataRequest,
  metadataByConvention,
  parseMetadata,
  type ServerMetadata,
} from './protocol/server-metadata.ts'
export type { EpochSeconds } from './protocol/time.ts'
export { buildTokenRequest, type TokenRequest } from './protocol/token-request.ts'
export {
  type CompleteTokenResponse,
  parseTokenResponse,
  type TokenResponse,
  type TokenResponseOptions,
} from './protocol/token-response.ts'
export type { Verdict } from './protocol/verdict.ts'
