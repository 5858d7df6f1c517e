import type { EpochSeconds } from '../protocol/time.ts'
import { type AccessTokenEntity, type RefreshTokenEntity, type StoredEntity, sharedPartition } from './entities.ts'
import { createJsonEntryScanner, type JsonEntryScanner, malformed } from './json-entries.ts'
import { entityKey } from './keys.ts'
import { createMsalHarvest } from './msal-harvest.ts'
import type { CredentialStore, UserEntities } from './store.ts'

/** What an import found. */
export interface MsalImport {
  /** Users of whom something was read. */
  readonly users: number
  /** Entries that were read. */
  readonly entries: number
  /** Those among them that are carried along unused, such as tokens of another type. */
  readonly foreign: number
}

/** Bytes are decoded in parts of this many. */
const partLength = 1 << 20
/** What comes in pieces is put into the store whenever it gave this many entries. */
const entriesAtOnce = 100_000
/** Users that are written at the same time: a store over a network would otherwise be asked one by one. */
const usersAtOnce = 64

/**
 * Reads an MSAL cache into a store, beside what is there. Nothing is deleted. Of two entities that mean the same the newer
 * stays: the access or refresh token that was cached later; of what does not tell its age (id_tokens, accounts) the
 * source's.
 *
 * A source in one piece is read to its end before the first write, so a damaged one changes nothing. Of a source that comes
 * in pieces, what stood before the damage is kept, for it may be larger than the memory.
 *
 * @param source JSON text, or its UTF-8 bytes.
 * @throws {@link CacheError} `ERR_CACHE_FORMAT` if the source is not one whole JSON object, saying where; never with any of
 *   its text.
 */
export async function importMsalCache(
  store: CredentialStore,
  source: string | Uint8Array | AsyncIterable<string | Uint8Array>,
): Promise<MsalImport> {
  const harvest = createMsalHarvest()
  const text = createTextReader(createJsonEntryScanner(harvest))
  const users = new Set<string>()
  let written = 0

  async function write(): Promise<void> {
    const batch = harvest.take()
    written = harvest.entries
    const known = store.load?.(batch) ?? batch
    for (let start = 0; start < known.length; start += usersAtOnce) {
      await Promise.all(known.slice(start, start + usersAtOnce).map((user) => writeUser(store, user)))
    }
    for (const { partition } of batch) users.add(partition)
  }

  try {
    if (typeof source === 'string' || source instanceof Uint8Array) {
      text.push(source)
    } else {
      for await (const piece of source) {
        text.push(piece)
        if (harvest.entries - written >= entriesAtOnce) await write()
      }
    }
    text.end()
  } catch (error) {
    if (typeof source !== 'string' && !(source instanceof Uint8Array)) await write()
    throw error
  }
  await write()
  users.delete(sharedPartition)
  return { users: users.size, entries: harvest.entries, foreign: harvest.foreign }
}

async function writeUser(store: CredentialStore, { partition, keys, entities }: UserEntities): Promise<void> {
  const old = await readPartition(store, partition)
  const news = entities.flatMap((entity, at) => {
    const key = keys[at] ?? ''
    const chosen = merge(entity, entities, old.get(key), old)
    return chosen === undefined ? [] : [[key, chosen] as const]
  })
  if (news.length > 0) await store.apply(partition, { put: Object.fromEntries(news) })
}

async function readPartition(store: CredentialStore, partition: string): Promise<ReadonlyMap<string, StoredEntity>> {
  const entities = store.peek?.(partition)
  const keyed = entities?.flatMap((entity) => (entity.kind === 'Sealed' ? [] : [[entityKey(entity), entity] as const]))
  // The key of a sealed entity is not to be had from the entity.
  return keyed !== undefined && keyed.length === entities?.length ? new Map(keyed) : store.read(partition)
}

/** MSAL Node does not say when a refresh token came: it is as old as the access token that it came with. */
function cameAt({ kind, cachedAt, clientId }: Aged, beside: readonly StoredEntity[]): EpochSeconds {
  if (kind === 'AccessToken' || cachedAt > 0) return cachedAt
  const tokens = beside.filter((entity) => entity.kind === 'AccessToken' && entity.clientId === clientId)
  return Math.max(0, ...tokens.map((token) => (token as AccessTokenEntity).cachedAt))
}

/** What to write in place of an old entity; `undefined` if the old one is the newer. */
function merge(
  entity: StoredEntity,
  beside: readonly StoredEntity[],
  old: StoredEntity | undefined,
  stored: ReadonlyMap<string, StoredEntity>,
): StoredEntity | undefined {
  if (old === undefined) return entity
  if ('cachedAt' in entity && 'cachedAt' in old) {
    const [came, oldCame] = [cameAt(entity, beside), cameAt(old, [...stored.values()])]
    // The very same token: the store may know what was asked for to get it.
    const isSame = entity.secret === old.secret
    return came > oldCame || (came === oldCame && !isSame) ? entity : undefined
  }
  if (entity.kind === 'Account' && old.kind === 'Account' && old.signInName !== undefined) {
    // No other library writes it, and users are found by it.
    return { signInName: old.signInName, ...entity }
  }
  return entity
}

type Aged = AccessTokenEntity | RefreshTokenEntity

interface TextReader {
  push(piece: string | Uint8Array): void
  end(): void
}

/** Decodes pieces that may end within a character. */
function createTextReader(scanner: JsonEntryScanner): TextReader {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let open: Uint8Array = new Uint8Array(0)
  /** Bytes decoded. */
  let offset = 0
  let isFirst = true

  function pushText(text: string): void {
    scanner.push(isFirst ? text.replace(/^\ufeff/, '') : text)
    isFirst &&= text === ''
  }

  function pushBytes(bytes: Uint8Array): void {
    let text: string
    try {
      text = utf8.decode(bytes)
    } catch {
      throw malformed('it is not UTF-8', offset + validLength(bytes), 'byte')
    }
    offset += bytes.length
    pushText(text)
  }

  return {
    push(piece) {
      if (typeof piece === 'string') {
        if (open.length > 0) throw malformed('a character is cut off', offset, 'byte')
        pushText(piece)
        return
      }
      const bytes = open.length === 0 ? piece : joined(open, piece)
      let start = 0
      while (bytes.length - start > 3) {
        const part = bytes.subarray(start, start + partLength)
        const whole = part.length - openLength(part)
        pushBytes(part.subarray(0, whole))
        start += whole
      }
      open = bytes.slice(start)
    },
    end() {
      pushBytes(open)
      scanner.end()
    },
  }
}

/** How many bytes at the end belong to a character that goes on after them. */
function openLength(bytes: Uint8Array): number {
  for (let length = 1; length <= 3; length += 1) {
    const byte = bytes.at(-length) ?? 0
    if (byte >= 0xc0) return length < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? length : 0
    if (byte < 0x80) return 0
  }
  return 0
}

/** How many bytes are read before the first that cannot stand where it stands. */
function validLength(bytes: Uint8Array): number {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  for (let at = 0; at < bytes.length; at += 1) {
    try {
      utf8.decode(bytes.subarray(at, at + 1), { stream: true })
    } catch {
      return at
    }
  }
  return bytes.length
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}
