import type { Account } from '../cache/account.ts'
import type { DecodedIdToken } from '../protocol/id-token.ts'
import type { SamlAssertion } from '../protocol/saml-assertion.ts'
import type { Secret } from '../protocol/secret.ts'
import type { WsTrustEndpoint } from '../wstrust/mex-document.ts'
import type { UserCodeCallback } from './acquire-by-device-code.ts'
import type { PasswordCallback } from './acquire-by-password.ts'
import type { AccountSelector } from './acquire-silent.ts'
import type { CallOptions } from './options.ts'
import type { SignInPath, TokenResult } from './token-result.ts'

export interface PasswordRequest extends CallOptions {
  readonly username: string
  readonly password: string | Secret
  readonly scopes: readonly string[]
  /** Relying party for an AD FS that reads no scopes (AD FS 2016). */
  readonly resource?: string
}

export interface TokenRequestWithCallback extends CallOptions {
  readonly username: string
  readonly scopes: readonly string[]
  /** As in {@link PasswordRequest}. */
  readonly resource?: string
  /** Called only when neither cache nor refresh token helps, after it is known where the password goes. */
  readonly password: PasswordCallback
}

export interface DeviceCodeRequest extends CallOptions {
  readonly scopes: readonly string[]
  /** Relying party for an AD FS that reads no scopes (AD FS 2016). */
  readonly resource?: string
  /** The user principal name of who must sign in; for somebody else's token the call fails, and keeps nothing. */
  readonly username?: string
  /** Called once, with what the user has to be told. */
  readonly onUserCode: UserCodeCallback
}

export interface SilentRequest extends CallOptions {
  readonly account: AccountSelector
  readonly scopes: readonly string[]
  /** As named at the sign-in: a token for another relying party, or for none, is no hit. */
  readonly resource?: string
  /** Use the refresh token even if a cached access token is still valid. */
  readonly forceRefresh?: boolean
}

export interface SamlRequest extends CallOptions {
  readonly username: string
  readonly password: string | Secret
  /** The relying party the assertion is for, as the federation server knows it (`wsp:AppliesTo`). */
  readonly appliesTo: string
}

export interface DiscoverRequest extends CallOptions {
  readonly username: string
}

/** Where a password would go. */
export interface Discovery {
  readonly path: SignInPath
  /** Origin of the host that would get the password. */
  readonly sendTo: string
  /** The WS-Trust endpoint of a federated user. */
  readonly wsTrust?: WsTrustEndpoint
}

/** A SAML assertion, with how it was obtained. */
export interface SamlResult extends SamlAssertion {
  readonly path: SignInPath
  readonly passwordSentTo: string
  readonly correlationId: string
}

/** Signs users in by name and password, or in a browser. Make one per application and authority, and close it at the end. */
export interface RopcClient extends AsyncDisposable {
  /**
   * Signs in with a password, always afresh: the answer never comes from the cache, and no two calls share a request.
   * So this is the call for checking that a password is right.
   *
   * @throws `InvalidArgumentError` for arguments, with nothing sent; `DeniedError` or `InteractionRequiredError` when a
   * server says no; `UnsupportedError`, `ProtocolError`, `TransportError` as their names say.
   */
  acquireTokenByUsernamePassword(request: PasswordRequest): Promise<TokenResult>
  /**
   * Gets a token the cheapest way: cache, then refresh token, then the password callback.
   *
   * Must not be used to check somebody's password: for a user who is signed in already, the answer comes from the cache
   * whatever the callback would return. It takes no plain password for that reason.
   *
   * @throws `InvalidArgumentError` for arguments, with nothing sent; `DeniedError` or `InteractionRequiredError` when a
   * server says no; `UnsupportedError`, `ProtocolError`, `TransportError` as their names say.
   */
  acquireToken(request: TokenRequestWithCallback): Promise<TokenResult>
  /**
   * Signs a user in in a browser, on this device or another, where multifactor authentication, consent and a new password
   * are possible (RFC 8628). The tokens are kept as after a password, so that silent calls can follow.
   *
   * It goes on where a call ended in an `InteractionRequiredError`: pass the error's `claims` on, if it has some. The time
   * limit of the call stands still while the user is waited for; the code itself is good for 15 minutes, as a rule.
   *
   * @throws `DeniedError` `ERR_DEVICE_CODE_DECLINED` or `ERR_DEVICE_CODE_EXPIRED`; `UnsupportedError`
   * `ERR_UNSUPPORTED_AUTHORITY` where the server does not offer this (B2C); `ProtocolError` `ERR_ACCOUNT_MISMATCH` when
   * somebody else than `username` signed in; the rest as other sign-ins.
   */
  acquireTokenByDeviceCode(request: DeviceCodeRequest): Promise<TokenResult>
  /**
   * Gets a token without a password: cache, then refresh token. Identical calls under way share one request.
   *
   * @throws `InteractionRequiredError` when neither is left.
   */
  acquireTokenSilent(request: SilentRequest): Promise<TokenResult>
  /** Signs in at the federation server only, and returns its assertion for any relying party. */
  acquireSamlAssertion(request: SamlRequest): Promise<SamlResult>
  /** Says where the password of a user would go, without a password. Throws as a sign-in would. */
  discover(request: DiscoverRequest): Promise<Discovery>
  /**
   * Verifies an id_token with the authority's keys, which are fetched once and kept. A sign-in does not need it: there the
   * token comes straight from the token endpoint.
   *
   * @throws `ProtocolError` `ERR_SIGNATURE_INVALID`, or `ERR_ID_TOKEN_REFUSED` naming the checks that failed.
   */
  verifyIdToken(idToken: string, options?: Omit<CallOptions, 'claims'>): Promise<DecodedIdToken>
  /** The users signed in at this authority's cloud. */
  getAccounts(filter?: { readonly username?: string }): Promise<readonly Account[]>
  /** Signs a user out of this client: removes the tokens from the store. Tokens handed out stay valid until they expire. */
  removeAccount(account: Pick<Account, 'homeAccountId'>): Promise<void>
  /** Closes connections; calls under way fail, and so do later ones. */
  close(): Promise<void>
}
