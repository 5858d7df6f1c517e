import type { EpochSeconds } from '../protocol/time.ts'
import type { Account } from './account.ts'

/** What an entry of an MSAL cache said beyond what is understood here: it goes back there unchanged. */
export interface MsalOrigin {
  /** The entry's key text, where it is not the one that msal-node 5 and later would write. */
  readonly key?: string
  /** Members that are not understood here. */
  readonly fields?: Readonly<Record<string, unknown>>
}

interface CredentialFields {
  readonly homeAccountId: string
  readonly environment: string
  readonly clientId: string
  /** The token itself: a store must be able to write it, so it is a plain string here. */
  readonly secret: string
  readonly msal?: MsalOrigin
}

export interface AccessTokenEntity extends CredentialFields {
  readonly kind: 'AccessToken'
  /** The tenant that issued the token. */
  readonly tenantId: string
  /** The tenant as the authority of the request named it, e.g. `contoso.example` or `organizations`. */
  readonly authorityTenant?: string
  /** Granted scopes, as received. */
  readonly scopes: readonly string[]
  /** What was asked for, in canonical form: servers expand `.default` and shorten names, so the grant may not show it. */
  readonly askedScopes?: string
  /** Relying party that was named beside the scopes (AD FS 2016). */
  readonly resource?: string
  readonly cachedAt: EpochSeconds
  readonly expiresOn: EpochSeconds
  readonly refreshOn?: EpochSeconds
  readonly extendedExpiresOn?: EpochSeconds
}

export interface RefreshTokenEntity extends CredentialFields {
  readonly kind: 'RefreshToken'
  readonly cachedAt: EpochSeconds
  /** When it dies unless it is used, if the server told. */
  readonly expiresOn?: EpochSeconds
  /** Family of clients that share it (`foci`). This grant never gets such a token; other libraries put them here. */
  readonly familyId?: string
}

export interface IdTokenEntity extends CredentialFields {
  readonly kind: 'IdToken'
  readonly tenantId: string
}

export interface AccountEntity extends Account {
  readonly kind: 'Account'
  /** The name that was signed in with, where it differs from `username`: a later look-up will use it again. */
  readonly signInName?: string
  /** Kind of the server that knows the user. Default `MSSTS`, Entra's and B2C's. */
  readonly authorityType?: 'MSSTS' | 'ADFS' | 'Generic'
  readonly msal?: MsalOrigin
}

/** What a client is to a cloud, for the libraries that want to know it before they refresh. Belongs to no user. */
export interface AppMetadataEntity {
  readonly kind: 'AppMetadata'
  readonly clientId: string
  readonly environment: string
  readonly familyId?: string
  readonly msal?: MsalOrigin
}

/** An entry of an MSAL cache that is not for us: another token type, another library's section. Carried, never used. */
export interface ForeignEntity {
  readonly kind: 'Foreign'
  /** The member of the cache's root that it stands in, e.g. `AccessToken`. */
  readonly section: string
  /** Its key there; absent where the member of the root is not a table of entries. */
  readonly key?: string
  readonly value: unknown
}

/** Any entity, encrypted. What a store needs to find and to forget it is beside it, hashed where it names a user. */
export interface SealedEntity {
  readonly kind: 'Sealed'
  /** The ciphertext. */
  readonly secret: string
  /** Keyed hashes of the names that an account is found by. */
  readonly usernames?: readonly string[]
  readonly localAccountId?: string
  /** When the credential inside is of no more use. */
  readonly expiresOn?: EpochSeconds
}

/** One cached credential or account: the unit that stores write and merge. Plain data, safe to serialise to a store. */
export type StoredEntity =
  | AccessTokenEntity
  | RefreshTokenEntity
  | IdTokenEntity
  | AccountEntity
  | AppMetadataEntity
  | ForeignEntity
  | SealedEntity

/** The partition of what belongs to no user: app metadata, and other libraries' entries without a home account id. */
export const sharedPartition = 'msal:shared'
