import type { StoredEntity } from '../entities.ts'

const version = 1

/** The text of the file that keeps one user: `{version, partition, entities: [[key, entity]…]}`. */
export function writeUserFile(partition: string, entities: ReadonlyMap<string, StoredEntity>): string {
  return JSON.stringify({ version, partition, entities: [...entities] })
}

/** What {@link writeUserFile} wrote. */
export interface UserFile {
  readonly partition: string
  readonly entities: ReadonlyMap<string, StoredEntity>
}

/**
 * Reads the text of such a file. Entities whose members are not of their types are left out, one by one.
 *
 * @returns `undefined` if it is no such file, or is spoiled.
 */
export function parseUserFile(text: string): UserFile | undefined {
  let root: unknown
  try {
    root = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isTable(root) || root['version'] !== version || typeof root['partition'] !== 'string') return undefined
  if (!Array.isArray(root['entities'])) return undefined
  const entries = (root['entities'] as readonly unknown[]).filter(isEntry)
  return { partition: root['partition'], entities: new Map(entries) }
}

type Check = (value: unknown) => boolean
type Table = Readonly<Record<string, unknown>>

const text: Check = (value) => typeof value === 'string'
const texts: Check = (value) => Array.isArray(value) && value.every(text)
const seconds: Check = (value) => Number.isFinite(value)
const origin: Check = (value) => isTable(value) && has(value, {}, { key: text, fields: isTable })

const owner = { homeAccountId: text, environment: text }
const credential = { ...owner, clientId: text, secret: text }

/** The members that must be there and those that may, by kind. */
const members: Readonly<Record<StoredEntity['kind'], readonly [Record<string, Check>, Record<string, Check>]>> = {
  AccessToken: [
    { ...credential, tenantId: text, scopes: texts, cachedAt: seconds, expiresOn: seconds },
    {
      authorityTenant: text,
      askedScopes: text,
      resource: text,
      refreshOn: seconds,
      extendedExpiresOn: seconds,
      msal: origin,
    },
  ],
  RefreshToken: [
    { ...credential, cachedAt: seconds },
    { expiresOn: seconds, familyId: text, msal: origin },
  ],
  IdToken: [{ ...credential, tenantId: text }, { msal: origin }],
  Account: [
    { ...owner, localAccountId: text, tenantId: text, username: text },
    { name: text, signInName: text, authorityType: text, msal: origin },
  ],
  AppMetadata: [
    { clientId: text, environment: text },
    { familyId: text, msal: origin },
  ],
  Foreign: [{ section: text, value: () => true }, { key: text }],
  Sealed: [{ secret: text }, { usernames: texts, localAccountId: text, expiresOn: seconds }],
}

function isEntry(entry: unknown): entry is [string, StoredEntity] {
  if (!Array.isArray(entry) || entry.length !== 2) return false
  const [key, entity] = entry as readonly unknown[]
  if (typeof key !== 'string' || !isTable(entity) || typeof entity['kind'] !== 'string') return false
  if (!Object.hasOwn(members, entity['kind'])) return false
  const [needed, optional] = members[entity['kind'] as StoredEntity['kind']]
  return has(entity, needed, optional)
}

function has(table: Table, needed: Record<string, Check>, optional: Record<string, Check>): boolean {
  return (
    Object.entries(needed).every(([name, check]) => check(table[name])) &&
    Object.entries(optional).every(([name, check]) => table[name] === undefined || check(table[name]))
  )
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
