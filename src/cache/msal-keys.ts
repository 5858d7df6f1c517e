import type {
  AccessTokenEntity,
  AccountEntity,
  AppMetadataEntity,
  IdTokenEntity,
  RefreshTokenEntity,
} from './entities.ts'

/** `node`: as msal-node 5 and later writes keys. `schema`: as MSAL4J and MSAL.NET do, for a file shared with Java. */
export type KeyDialect = 'node' | 'schema'

/** The entities that have a key text of their own in the format. */
export type KeyedEntity = AccessTokenEntity | RefreshTokenEntity | IdTokenEntity | AccountEntity | AppMetadataEntity

/**
 * What msal-node puts behind a key, by generation: up to 1.4 (the canonical form), 1.5 to 3.x, 5 and later (but for access
 * tokens). The hyphens stand for empty slots.
 */
const tails = {
  // MSAL Python removes an expired token under the key it would give it: with the tail of msal-node 7 ("-") that is not the
  // expired one, but the one it has just got. And msal-node removes access tokens by value, whatever their keys.
  AccessToken: ['', '--', ''],
  RefreshToken: ['--', '----', '---'],
  IdToken: ['-', '---', '--'],
  Account: ['', '', ''],
  AppMetadata: ['', '', ''],
} as const

/** The key text of an entity in a dialect. Not unique: the parts may hold the hyphen that joins them. */
export function msalKey(entity: KeyedEntity, dialect: KeyDialect = 'node'): string {
  return keyStem(entity) + scopePart(entity) + tails[entity.kind][dialect === 'node' ? 2 : 0]
}

/**
 * Which msal-node would file the entity under this text: 0 up to 1.4, 1 from 1.5 to 3.x, 2 from 5 on. The order of the
 * scopes does not count, since the server chooses it.
 */
export function keyGeneration(key: string, entity: KeyedEntity): 0 | 1 | 2 | undefined {
  const stem = keyStem(entity)
  if (!key.startsWith(stem)) return undefined
  const rest = key.slice(stem.length)
  const scopes = scopePart(entity)
  const found = ([2, 1, 0] as const).find((generation) => {
    const tail = tails[entity.kind][generation]
    if (!rest.endsWith(tail)) return false
    const text = rest.slice(0, rest.length - tail.length)
    return text === scopes || (scopes !== '' && text.split(' ').sort().join(' ') === scopes.split(' ').sort().join(' '))
  })
  return found
}

/**
 * The text to file an entity under: one of those it has been under, if msal-node would put it there again (a twin under
 * another text would be found before it), the newest generation first.
 */
export function chooseKey(entity: KeyedEntity, texts: readonly string[], dialect?: KeyDialect): string {
  let best: string | undefined
  let bestGeneration = -1
  for (const text of texts) {
    const generation = keyGeneration(text, entity) ?? -1
    if (generation > bestGeneration) {
      best = text
      bestGeneration = generation
    }
  }
  return best ?? msalKey(entity, dialect)
}

/**
 * A text that nothing else is filed under. Lower case and hyphens within the parts make two entities share a text, and
 * neither may push the other out; readers search by value.
 */
export function freeKey(text: string, isTaken: (text: string) => boolean): string {
  if (!isTaken(text)) return text
  let count = 2
  while (isTaken(`${text}-${count}`)) count++
  return `${text}-${count}`
}

/** The user's home tenant: what follows the last dot of the home account id. `undefined` for AD FS, which has none. */
export function homeTenant(homeAccountId: string): string | undefined {
  const dot = homeAccountId.lastIndexOf('.')
  return dot > 0 && dot < homeAccountId.length - 1 ? homeAccountId.slice(dot + 1) : undefined
}

/** The text that a sealed entity is filed under. */
export function sealedKey(partition: string, key: string): string {
  return JSON.stringify([partition, key])
}

/** Partition and key of a sealed entity. @returns `undefined` for a text that {@link sealedKey} does not write. */
export function parseSealedKey(text: string): readonly [partition: string, key: string] | undefined {
  try {
    const [partition, key, ...more] = JSON.parse(text) as unknown[]
    if (typeof partition !== 'string' || typeof key !== 'string' || more.length > 0) return undefined
    return sealedKey(partition, key) === text ? [partition, key] : undefined
  } catch {
    return undefined
  }
}

/** Scopes as they stand in an entry: each once, sorted, case kept. */
export function sortedScopes(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes)].sort()
}

function keyStem(entity: KeyedEntity): string {
  if (entity.kind === 'AppMetadata') return join('appmetadata', entity.environment, entity.clientId)
  const { homeAccountId, environment } = entity
  switch (entity.kind) {
    case 'Account':
      return join(homeAccountId, environment, homeTenant(homeAccountId) ?? entity.tenantId)
    case 'AccessToken':
      return join(homeAccountId, environment, 'accesstoken', entity.clientId, entity.tenantId, '')
    case 'RefreshToken':
      return join(homeAccountId, environment, 'refreshtoken', entity.familyId ?? entity.clientId)
    case 'IdToken':
      return join(homeAccountId, environment, 'idtoken', entity.clientId, entity.tenantId)
  }
}

function scopePart(entity: KeyedEntity): string {
  return entity.kind === 'AccessToken' ? sortedScopes(entity.scopes).join(' ').toLowerCase() : ''
}

function join(...parts: readonly string[]): string {
  return parts.join('-').toLowerCase()
}
