import { CacheError } from '../errors.ts'
import {
  type AccessTokenEntity,
  type AccountEntity,
  type AppMetadataEntity,
  type IdTokenEntity,
  type MsalOrigin,
  type RefreshTokenEntity,
  type SealedEntity,
  type StoredEntity,
  sharedPartition,
} from './entities.ts'
import { cacheHost } from './keys.ts'
import { readAccount, writeAccount } from './msal-account.ts'
import { isPresent, isTable, type JsonTable, otherFields, readInstant, textOr, writeInstant } from './msal-fields.ts'
import {
  chooseKey,
  freeKey,
  type KeyDialect,
  type KeyedEntity,
  keyGeneration,
  msalKey,
  parseSealedKey,
  sealedKey,
  sortedScopes,
} from './msal-keys.ts'

/** One entry of an MSAL cache: a member of one of its tables, or a whole member of its root that is no table. */
export interface MsalEntry {
  /** The member of the root, e.g. `AccessToken`. */
  readonly section: string
  /** The key in that table; absent where the member of the root is not a table. */
  readonly key?: string
  readonly value: unknown
}

/** The section of sealed entities; the MSAL libraries carry it along without looking into it. */
export const sealedSection = 'ropc_sealed'

/** Credentials: the entities with a token in them. */
export type CredentialEntity = AccessTokenEntity | RefreshTokenEntity | IdTokenEntity

const ofCredential = ['home_account_id', 'environment', 'credential_type', 'client_id', 'secret']
const known = {
  AccessToken: new Set([
    ...ofCredential,
    ...['realm', 'target', 'cached_at', 'expires_on', 'extended_expires_on', 'refresh_on', 'token_type', 'resource'],
    ...['ropc_authority_tenant', 'ropc_asked_scopes'],
  ]),
  // MSAL Python's target, and a realm, make two tokens of one: they are left out when it is written again.
  RefreshToken: new Set([
    ...ofCredential,
    ...['realm', 'target', 'family_id', 'last_modification_time', 'ropc_expires_on'],
  ]),
  IdToken: new Set([...ofCredential, 'realm']),
  AppMetadata: new Set(['client_id', 'environment', 'family_id']),
} satisfies Record<string, ReadonlySet<string>>

/** What only tokens have that are not for us: on behalf of, for some claims, bound to a key, bound to a path. */
const foreignMarks = [
  ...['userAssertionHash', 'user_assertion_hash', 'requestedClaims', 'requestedClaimsHash'],
  ...['additionalCacheKeyComponents', 'ext', 'ext_cache_key', 'key_id', 'kid', 'keyid'],
]

/**
 * Reads one entry. An account with profiles in several tenants gives an entity for each; whatever cannot be used here
 * gives one `Foreign` entity. Never throws.
 *
 * @returns The entities and the partition they belong to. The key of a sealed one is the second part of the entry's key.
 */
export function readMsalEntry(entry: MsalEntry): {
  readonly partition: string
  readonly entities: readonly StoredEntity[]
} {
  const partition = partitionOfEntry(entry)
  const entities = isTable(entry.value) ? readEntities(entry, entry.value, partition) : undefined
  return { partition, entities: entities ?? [foreign(entry)] }
}

/** The partition of an entry: its user's, by `home_account_id`; the shared one for what names no user. */
export function partitionOfEntry({ section, key = '', value }: MsalEntry): string {
  if (!isTable(value)) return sharedPartition
  const sealed = section === sealedSection && readSealed(value) !== undefined ? parseSealedKey(key) : undefined
  if (sealed !== undefined) return sealed[0]
  const { home_account_id: homeAccountId } = value
  return typeof homeAccountId === 'string' && homeAccountId !== '' ? homeAccountId : sharedPartition
}

/**
 * Writes the entities of one partition as entries, in their order; all accounts of one cloud as one entry.
 *
 * @throws {@link CacheError} `ERR_CACHE_WRITE` if an entity belongs to another user than the partition.
 */
export function writeMsalEntries(
  partition: string,
  entities: Iterable<readonly [key: string, entity: StoredEntity]>,
  options: { readonly keyDialect?: KeyDialect } = {},
): readonly MsalEntry[] {
  const all = [...entities]
  const taken = new Set<string>()
  // First, since their keys cannot give way.
  for (const [, entity] of all) if (entity.kind === 'Foreign') taken.add(JSON.stringify([entity.section, entity.key]))
  const file = (section: string, text: string, value: unknown): MsalEntry => {
    const key = freeKey(text, (other) => taken.has(JSON.stringify([section, other])))
    taken.add(JSON.stringify([section, key]))
    return { section, key, value }
  }
  const written = new Set<string>()
  return all.flatMap(([key, entity]): MsalEntry[] => {
    checkOwner(partition, entity)
    if (entity.kind === 'Foreign') {
      const { kind: _, ...entry } = entity
      return [entry]
    }
    if (entity.kind === 'Sealed')
      return [{ section: sealedSection, key: sealedKey(partition, key), value: writeSealed(entity) }]
    if (entity.kind !== 'Account') {
      const text = chooseKey(entity, entity.msal?.key === undefined ? [] : [entity.msal.key], options.keyDialect)
      return [file(entity.kind, text, writeEntity(entity))]
    }
    const host = cacheHost(entity.environment)
    const isSame = (other: StoredEntity): other is AccountEntity =>
      other.kind === 'Account' && cacheHost(other.environment) === host
    const account = written.has(host) ? undefined : writeAccount(all.map(([, other]) => other).filter(isSame))
    written.add(host)
    return account === undefined ? [] : [file('Account', msalKey(account.head), account.value)]
  })
}

/** @throws {@link CacheError} `ERR_CACHE_WRITE` if an entity belongs to another user than the partition. */
export function checkOwner(partition: string, entity: StoredEntity): void {
  const owner =
    entity.kind === 'Foreign'
      ? partitionOfEntry(entity)
      : entity.kind === 'AppMetadata'
        ? sharedPartition
        : entity.kind === 'Sealed'
          ? partition
          : entity.homeAccountId
  if (owner === partition && !(partition === sharedPartition && 'homeAccountId' in entity)) return
  throw new CacheError('ERR_CACHE_WRITE', 'an entity of one user was to be written into the partition of another', {
    step: 'cache',
    hint: 'Name the partition by the home account id of what is put into it; app metadata belongs to the shared one.',
  })
}

/** Writes a credential or app metadata as an entry's value. */
export function writeEntity(entity: CredentialEntity | AppMetadataEntity): JsonTable {
  const others = otherFields(entity.msal?.fields ?? {}, known[entity.kind])
  if (entity.kind === 'AppMetadata') {
    const { clientId, environment, familyId } = entity
    return { client_id: clientId, environment, ...(familyId === undefined ? {} : { family_id: familyId }), ...others }
  }
  const credential = {
    home_account_id: entity.homeAccountId,
    environment: entity.environment,
    credential_type: entity.kind,
    client_id: entity.clientId,
    secret: entity.secret,
  }
  switch (entity.kind) {
    case 'AccessToken':
      return { ...credential, ...accessTokenFields(entity), ...others }
    case 'RefreshToken':
      return {
        ...credential,
        ...(entity.familyId === undefined ? {} : { family_id: entity.familyId }),
        last_modification_time: writeInstant(entity.cachedAt),
        ...instant('ropc_expires_on', entity.expiresOn),
        ...others,
      }
    case 'IdToken':
      return { ...credential, realm: entity.tenantId, ...others }
  }
}

/** Writes a sealed entity as an entry's value. */
export function writeSealed({ kind: _, ...value }: SealedEntity): JsonTable {
  return value
}

/** Fields of an entity that a new one in its place takes over. */
export function inheritedFields({ msal }: KeyedEntity): JsonTable {
  // MSAL.NET's second name for extended_expires_on: it would speak of the old token.
  return otherFields(msal?.fields ?? {}, new Set(['ext_expires_on'])) ?? {}
}

// Member by member: what is handed in may be more than an entry.
function foreign({ section, key, value }: MsalEntry): StoredEntity {
  return { kind: 'Foreign', section, ...(key === undefined ? {} : { key }), value }
}

function readEntities(entry: MsalEntry, value: JsonTable, partition: string): readonly StoredEntity[] | undefined {
  const { section, key } = entry
  if (key === undefined) return undefined
  if (section === sealedSection) {
    const sealed = parseSealedKey(key) === undefined ? undefined : readSealed(value)
    return sealed === undefined ? undefined : [sealed]
  }
  if (section === 'AppMetadata') return partition === sharedPartition ? readAppMetadata(key, value) : undefined
  if (partition === sharedPartition) return undefined
  if (section === 'Account') return readAccount(value)
  if (section !== 'AccessToken' && section !== 'RefreshToken' && section !== 'IdToken') return undefined
  const entity = readCredential(section, value)
  return entity === undefined ? undefined : [withOrigin(key, entity, value)]
}

function readCredential(kind: CredentialEntity['kind'], value: JsonTable): CredentialEntity | undefined {
  const { home_account_id: homeAccountId, environment, client_id: clientId, secret } = value
  const type = textOr(value['credential_type'], kind)
  const tokenType = textOr(value['token_type'], 'Bearer')
  if (type?.toLowerCase() !== kind.toLowerCase() || tokenType?.toLowerCase() !== 'bearer') return undefined
  if (foreignMarks.some((name) => isPresent(value[name]))) return undefined
  if (typeof homeAccountId !== 'string' || typeof environment !== 'string') return undefined
  if (typeof clientId !== 'string' || typeof secret !== 'string') return undefined
  const credential = { homeAccountId, environment, clientId, secret }
  if (kind === 'RefreshToken') {
    const familyId = textOr(value['family_id'], '')
    const expiresOn = readInstant(value['ropc_expires_on'])
    if (familyId === undefined) return undefined
    return {
      kind,
      ...credential,
      cachedAt: readInstant(value['last_modification_time']) ?? 0,
      ...(expiresOn === undefined ? {} : { expiresOn }),
      ...(familyId === '' ? {} : { familyId }),
    }
  }
  const tenantId = textOr(value['realm'], '')
  if (tenantId === undefined) return undefined
  if (kind === 'IdToken') return { kind, ...credential, tenantId }
  const { target } = value
  const resource = textOr(value['resource'], '')
  if (typeof target !== 'string' || resource === undefined) return undefined
  const { ropc_authority_tenant: authorityTenant, ropc_asked_scopes: askedScopes } = value
  const refreshOn = readInstant(value['refresh_on'])
  const extendedExpiresOn = readInstant(value['extended_expires_on']) ?? readInstant(value['ext_expires_on'])
  return {
    kind,
    ...credential,
    tenantId,
    ...(typeof authorityTenant === 'string' ? { authorityTenant } : {}),
    scopes: sortedScopes(target.split(/\s+/).filter((scope) => scope !== '')),
    ...(typeof askedScopes === 'string' ? { askedScopes } : {}),
    ...(resource === '' ? {} : { resource }),
    cachedAt: readInstant(value['cached_at']) ?? 0,
    expiresOn: readInstant(value['expires_on']) ?? 0,
    ...(refreshOn === undefined ? {} : { refreshOn }),
    ...(extendedExpiresOn === undefined ? {} : { extendedExpiresOn }),
  }
}

function readAppMetadata(key: string, value: JsonTable): readonly StoredEntity[] | undefined {
  const { client_id: clientId, environment, family_id: familyId } = value
  if (typeof clientId !== 'string' || typeof environment !== 'string') return undefined
  const family = typeof familyId === 'string' ? { familyId } : {}
  return [withOrigin(key, { kind: 'AppMetadata', clientId, environment, ...family }, value)]
}

function readSealed(value: JsonTable): SealedEntity | undefined {
  const { secret, usernames, localAccountId, expiresOn } = value
  if (typeof secret !== 'string' || (localAccountId !== undefined && typeof localAccountId !== 'string'))
    return undefined
  if (expiresOn !== undefined && typeof expiresOn !== 'number') return undefined
  if (usernames !== undefined && !isTexts(usernames)) return undefined
  return {
    kind: 'Sealed',
    secret,
    ...(usernames === undefined ? {} : { usernames }),
    ...(localAccountId === undefined ? {} : { localAccountId }),
    ...(expiresOn === undefined ? {} : { expiresOn }),
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && (value as unknown[]).every((text) => typeof text === 'string')
}

/** Remembers what the entity does not say: unknown members, and the key where an older msal-node would use it again. */
function withOrigin<T extends CredentialEntity | AppMetadataEntity>(key: string, entity: T, value: JsonTable): T {
  const fields = otherFields(value, known[entity.kind])
  const generation = key === msalKey(entity) ? 2 : keyGeneration(key, entity)
  const old = generation === 0 || generation === 1
  if (fields === undefined && !old) return entity
  const msal: MsalOrigin = { ...(old ? { key } : {}), ...(fields === undefined ? {} : { fields }) }
  return { ...entity, msal }
}

function accessTokenFields(token: AccessTokenEntity): JsonTable {
  return {
    realm: token.tenantId,
    target: sortedScopes(token.scopes).join(' '),
    cached_at: writeInstant(token.cachedAt),
    expires_on: writeInstant(token.expiresOn),
    ...instant('extended_expires_on', token.extendedExpiresOn),
    ...instant('refresh_on', token.refreshOn),
    token_type: 'Bearer',
    ...(token.resource === undefined ? {} : { resource: token.resource }),
    ...(token.authorityTenant === undefined ? {} : { ropc_authority_tenant: token.authorityTenant }),
    ...(token.askedScopes === undefined ? {} : { ropc_asked_scopes: token.askedScopes }),
  }
}

function instant(name: string, at: number | undefined): JsonTable {
  const seconds = readInstant(at)
  return seconds === undefined ? {} : { [name]: String(seconds) }
}
