export type { Account } from './cache/account.ts'
export type { StoredEntity } from './cache/entities.ts'
export type { CredentialStore, PartitionChange } from './cache/store.ts'
export type { UserCodeCallback, UserCodeNotice } from './client/acquire-by-device-code.ts'
export type { PasswordAsk, PasswordCallback } from './client/acquire-by-password.ts'
export type { AccountSelector } from './client/acquire-silent.ts'
export { createRopcClient } from './client/client.ts'
export { type ConsoleListenerOptions, consoleListener, type LogLevel } from './client/console-listener.ts'
export type { ClientEvent, WarningCode } from './client/events.ts'
export type { CallOptions, ClientOptions } from './client/options.ts'
export type {
  DeviceCodeRequest,
  DiscoverRequest,
  Discovery,
  PasswordRequest,
  RopcClient,
  SamlRequest,
  SamlResult,
  SilentRequest,
  TokenRequestWithCallback,
} from './client/ropc-client.ts'
export type { Runtime } from './client/runtime.ts'
export type { SignInPath, TokenResult } from './client/token-result.ts'
export {
  AuthError,
  CacheError,
  DeniedError,
  InteractionRequiredError,
  InvalidArgumentError,
  isAuthError,
  ProtocolError,
  type ResponseFacts,
  SoapFaultError,
  type Step,
  ThrottledError,
  TokenEndpointError,
  TransportError,
  type TransportErrorCode,
  UnsupportedError,
  type WayOut,
} from './errors.ts'
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
export type { HttpRequest, HttpResponse, Timings, Transport } from './protocol/http.ts'
export type { IdTokenClaims } from './protocol/id-token.ts'
export type { SamlAssertion } from './protocol/saml-assertion.ts'
export { scopesFromResource } from './protocol/scopes.ts'
export { Secret } from './protocol/secret.ts'
export type { Verdict } from './protocol/verdict.ts'
export type { WsTrustEndpoint } from './wstrust/mex-document.ts'
