import { CacheError } from '../errors.ts'
import { type StoredEntity, sharedPartition } from './entities.ts'
import { createJsonEntryScanner, type JsonEntryScanner, malformed } from './json-entries.ts'
import { entityKey } from './keys.ts'
import { parseSealedKey } from './msal-keys.ts'
import { type MsalEntry, readMsalEntry } from './msal-schema.ts'
import type { CredentialStore } from './store.ts'

export interface MsalImport {
  /** Users of whom something was read. */
  readonly users: number
  /** Entries that were read. */
  readonly entries: number
  /** Those among them that are carried along unused, such as tokens of another type. */
  readonly foreign: number
}

/** Bytes are decoded in parts of this many; so many, too, a text has before the next part of it is asked for. */
const partLength = 1 << 20
/** What comes in pieces is put into the store whenever it gave this many entities. */
const maxHarvest = 100_000
/** Users that are written at the same time: a store over a network would otherwise wait for each. */
const lanes = 64

/**
 * Reads an MSAL cache into a store, beside what is there. Nothing is deleted; of two entities that mean the same, the newer
 * one stays: the access token or refresh token that was cached later. What does not tell its age (id_tokens, accounts) is
 * taken from the source.
 *
 * A source in one piece is read to its end before the first write, so a damaged one changes nothing. Of a source that comes
 * in pieces, what stood before the damage is kept: it may be longer than the memory.
 *
 * @param source JSON text, or its UTF-8 bytes.
 * @throws {@link CacheError} `ERR_CACHE_FORMAT` if the source is no MSAL cache, and where; never with any of its text.
 */
export async function importMsalCache(
  store: CredentialStore,
  source: string | Uint8Array | AsyncIterable<string | Uint8Array>,
): Promise<MsalImport> {
  const harvest = createHarvest()
  const scanner = createJsonEntryScanner(harvest)
  const text = createTextReader(scanner)
  if (typeof source === 'string' || source instanceof Uint8Array) {
    text.push(source)
    text.end()
    await sow(store, harvest.take())
    return harvest.count()
  }
  for await (const piece of source) {
    text.push(piece)
    if (harvest.size() >= maxHarvest) await sow(store, harvest.take())
  }
  await sow(store, harvest.take())
  return harvest.count()
}
