import { isDeepStrictEqual } from 'node:util'
import { type StoredEntity, sharedPartition } from '../entities.ts'
import { MsalDocument } from '../msal-document.ts'
import type { CredentialStore, PartitionChange } from '../store.ts'
import type { MsalCacheContext, MsalCachePlugin } from './cache-plugin.ts'

export interface MsalCachePluginOptions {
  /**
   * The only user to load. Without it every access loads all users, as MSAL Node expects of its plug-ins: right for a few
   * users, too slow for thousands. Whoever else signs in is saved all the same.
   */
  readonly homeAccountId?: string
}

/** How many users are read from the store at once. */
const readsAtOnce = 32

/** How long an access that MSAL never ends keeps the others waiting. */
const abandonedAfterMs = 5_000

/** A write under way. */
interface Write {
  /** What the store had. */
  readonly stored: MsalDocument
  /** What MSAL had in memory before it changed something, as text. */
  readonly before: string
  /** Whether MSAL emptied its memory meanwhile, for another call. */
  isCleared: boolean
  end(): void
}

/**
 * Lets MSAL Node keep its users in a store of ours: `new PublicClientApplication({ auth, cache: { cachePlugin } })`. One
 * plug-in serves one application object.
 *
 * What MSAL did is told by comparing its cache before and after, entity by entity, and only that is applied to the store:
 * so other writers of the store lose nothing, nor does the store lose what MSAL does not understand.
 */
export function createMsalCachePlugin(store: CredentialStore, options: MsalCachePluginOptions = {}): MsalCachePlugin {
  const { homeAccountId } = options
  const writes = new Map<MsalCacheContext, Write>()
  let last: Promise<void> = Promise.resolve()

  // MSAL's calls share one memory. Loaded while another call has saved there, but not yet here, an old token would
  // replace its new one: so it is one after the other.
  function takeTurn(): Promise<() => void> {
    const previous = last
    return new Promise((begin) => {
      last = new Promise((end) => {
        const start = (): void => {
          const timer = setTimeout(end, abandonedAfterMs)
          timer.unref()
          begin(() => {
            clearTimeout(timer)
            end()
          })
        }
        void previous.then(start)
      })
    })
  }

  async function load(): Promise<MsalDocument> {
    const document = MsalDocument.empty()
    const partitions = new Set([sharedPartition])
    if (homeAccountId !== undefined) partitions.add(homeAccountId)
    else for await (const partition of store.partitions()) partitions.add(partition)
    const names = [...partitions]
    while (names.length > 0) {
      const batch = names.splice(0, readsAtOnce)
      const found = await Promise.all(batch.map(async (name) => ({ name, entities: await store.read(name) })))
      for (const { name, entities } of found) document.apply(name, { put: Object.fromEntries(entities) })
    }
    return document
  }

  return {
    async beforeCacheAccess(context) {
      // MSAL empties its memory before it reads, whatever its other calls have there.
      if (!context.cacheHasChanged) for (const write of writes.values()) write.isCleared = true
      const end = await takeTurn()
      try {
        const stored = await load()
        context.tokenCache.deserialize(stored.serialize())
        if (!context.cacheHasChanged) return end()
        // What MSAL makes of it: it does not take all that it is given, and still has what others have removed since.
        const before = context.tokenCache.serialize()
        writes.set(context, { stored, before, isCleared: false, end })
      } catch (error) {
        end()
        throw error
      }
    },

    async afterCacheAccess(context) {
      const write = writes.get(context)
      // Not there: it only read, or could not load, and then what it has in memory is not all.
      if (write === undefined) return
      writes.delete(context)
      try {
        const after = MsalDocument.parse(withAges(context.tokenCache.serialize(), write.before))
        const before = MsalDocument.parse(write.before)
        for (const partition of allPartitions(before, after)) {
          const change = difference(write, before.read(partition), after.read(partition), partition)
          if (change !== undefined) await store.apply(partition, change)
        }
      } finally {
        write.end()
      }
    },
  }
}

function allPartitions(...documents: readonly MsalDocument[]): ReadonlySet<string> {
  return new Set([sharedPartition, ...documents.flatMap((document) => document.partitions())])
}

/** @returns `undefined` when MSAL changed nothing. */
function difference(
  { stored, isCleared }: Write,
  before: ReadonlyMap<string, StoredEntity>,
  now: ReadonlyMap<string, StoredEntity>,
  partition: string,
): PartitionChange | undefined {
  const put = [...now].filter(([key, entity]) => !isDeepStrictEqual(entity, before.get(key)))
  const del = isCleared ? [] : [...before.keys()].filter((key) => !now.has(key))
  if (put.length + del.length === 0) return undefined
  // Somebody may have signed out whom MSAL still has in memory, and now signs in again: the account is no change to MSAL.
  const present = stored.read(partition)
  const accounts = [...now].filter(([key, { kind }]) => put.length > 0 && kind === 'Account' && !present.has(key))
  return { put: Object.fromEntries([...accounts, ...put]), del }
}

/**
 * MSAL Node tells nothing about a refresh token's age: it leaves beside a new one what we had written about the old one,
 * or, in another version, the old one itself. So the new ones are told apart here.
 */
function withAges(after: string, before: string): string {
  const root = JSON.parse(after) as CacheText
  const { RefreshToken: known = {} } = JSON.parse(before) as CacheText
  for (const [key, token] of Object.entries(root.RefreshToken ?? {})) {
    if (known[key]?.secret === token.secret) continue
    token.last_modification_time = String(Math.floor(Date.now() / 1000))
    // Ours, of the one that was there before.
    delete token.ropc_expires_on
  }
  return JSON.stringify(root)
}

interface CacheText {
  readonly RefreshToken?: Readonly<
    Record<string, { readonly secret?: string; last_modification_time?: string; ropc_expires_on?: string }>
  >
}
