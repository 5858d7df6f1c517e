import { CacheError } from '../errors.ts'
import { type AccountEntity, type SealedEntity, type StoredEntity, sharedPartition } from './entities.ts'
import { cacheHost } from './keys.ts'
import { readAccount, writeAccount } from './msal-account.ts'
import { readAppMetadata, readCredential, writeEntity } from './msal-credential.ts'
import { isTable, type JsonTable } from './msal-fields.ts'
import { chooseKey, freeKey, type KeyDialect, msalKey, parseSealedKey, sealedKey } from './msal-keys.ts'

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

/** Writes a sealed entity as an entry's value. */
export function writeSealed({ kind: _, ...value }: SealedEntity): JsonTable {
  return value
}

// Member by member: what is handed in may be more than an entry.
function foreign({ section, key, value }: MsalEntry): StoredEntity {
  return { kind: 'Foreign', section, ...(key === undefined ? {} : { key }), value }
}

function readEntities(entry: MsalEntry, value: JsonTable, partition: string): readonly StoredEntity[] | undefined {
  const { section, key } = entry
  if (key === undefined) return undefined
  if (section === sealedSection) return parseSealedKey(key) === undefined ? undefined : listOf(readSealed(value))
  if (section === 'AppMetadata') return partition === sharedPartition ? listOf(readAppMetadata(key, value)) : undefined
  if (partition === sharedPartition) return undefined
  if (section === 'Account') return readAccount(value)
  if (section !== 'AccessToken' && section !== 'RefreshToken' && section !== 'IdToken') return undefined
  return listOf(readCredential(section, key, value))
}

function listOf(entity: StoredEntity | undefined): readonly StoredEntity[] | undefined {
  return entity === undefined ? undefined : [entity]
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
