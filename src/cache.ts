export { type Account, accountFromTokenResponse } from './cache/account.ts'
export type {
  AccessTokenEntity,
  AccountEntity,
  AppMetadataEntity,
  ForeignEntity,
  IdTokenEntity,
  MsalOrigin,
  RefreshTokenEntity,
  SealedEntity,
  StoredEntity,
} from './cache/entities.ts'
export { entityKey } from './cache/keys.ts'
export { type CacheLookup, type CacheQuery, searchPartition } from './cache/query.ts'
export type { AccountIndex, CredentialStore, PartitionChange } from './cache/store.ts'
export { createMemoryStore } from './cache/stores/memory.ts'
