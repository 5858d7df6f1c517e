export { type Account, accountFromTokenResponse } from './cache/account.ts'
export { indexEntries, indexEntry } from './cache/account-index.ts'
export {
  type AccessTokenEntity,
  type AccountEntity,
  type AppMetadataEntity,
  type ForeignEntity,
  type IdTokenEntity,
  type MsalOrigin,
  type RefreshTokenEntity,
  type SealedEntity,
  type StoredEntity,
  sharedPartition,
} from './cache/entities.ts'
export { expiryOf, partitionExpiry } from './cache/expiry.ts'
export { entityKey } from './cache/keys.ts'
export { exportMsalCache, type MsalExportOptions } from './cache/msal-export.ts'
export { importMsalCache, type MsalImport } from './cache/msal-import.ts'
export type { KeyDialect } from './cache/msal-keys.ts'
export { changePartition } from './cache/partition.ts'
export { type CacheLookup, type CacheQuery, searchPartition } from './cache/query.ts'
export type { AccountIndex, CredentialStore, PartitionChange, UserEntities } from './cache/store.ts'
export {
  createCachePluginStore,
  type MsalCacheContext,
  type MsalCachePlugin,
  type MsalTokenCache,
} from './cache/stores/cache-plugin.ts'
export { type EncryptionKey, type EncryptionOptions, encryptedStore } from './cache/stores/encrypted.ts'
export { type KeychainOptions, type KeyringModule, keychainKey } from './cache/stores/keychain.ts'
export { createKeyvStore, type KeyvLike } from './cache/stores/keyv.ts'
export { createMemoryStore, estimateBytes, type MemoryStoreOptions } from './cache/stores/memory.ts'
export { createMsalCachePlugin, type MsalCachePluginOptions } from './cache/stores/msal-cache-plugin.ts'
export { createMsalFileStore, type MsalFileOptions } from './cache/stores/msal-file.ts'
export type { FileWarning } from './cache/stores/private-file.ts'
export { createRedisStore, type RedisStoreOptions } from './cache/stores/redis.ts'
export type { IoRedisClient, NodeRedisClient, RedisClientLike } from './cache/stores/redis-commands.ts'
export { createShardedFileStore, type ShardedFileOptions } from './cache/stores/sharded-files.ts'
