import type { EpochSeconds } from '../protocol/time.ts'
import type { Account } from './account.ts'

interface CredentialFields {
  readonly homeAccountId: string
  readonly environment: string
  readonly clientId: string
  /** The token itself: a store must be able to write it, so it is a plain string here. */
  readonly secret: string
}

export interface AccessTokenEntity extends CredentialFields {
  readonly kind: 'AccessToken'
  /** The tenant that issued the token. */
  readonly tenantId: string
  /** The tenant as the authority of the request named it, e.g. `contoso.example` or `organizations`. */
  readonly authorityTenant: string
  /** Granted scopes, as received. */
  readonly scopes: readonly string[]
  /** What was asked for, in canonical form: servers expand `.default` and shorten names, so the grant may not show it. */
  readonly askedScopes: string
  readonly cachedAt: EpochSeconds
  readonly expiresOn: EpochSeconds
  readonly refreshOn?: EpochSeconds
  readonly extendedExpiresOn?: EpochSeconds
}

export interface RefreshTokenEntity extends CredentialFields {
  readonly kind: 'RefreshToken'
  readonly cachedAt: EpochSeconds
}

export interface IdTokenEntity extends CredentialFields {
  readonly kind: 'IdToken'
  readonly tenantId: string
}

export interface AccountEntity extends Account {
  readonly kind: 'Account'
  /** The name that was signed in with, where it differs from `username`: a later look-up will use it again. */
  readonly signInName?: string
}

/** One cached credential or account: the unit that stores write and merge. Plain data, safe to serialise to a store. */
export type StoredEntity = AccessTokenEntity | RefreshTokenEntity | IdTokenEntity | AccountEntity
