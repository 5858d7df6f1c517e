import { type AppMetadataEntity, sharedPartition } from './entities.ts'
import { cacheHost, entityKey } from './keys.ts'
import type { KeyDialect } from './msal-keys.ts'
import { createSectionWriter, type ReadUser, sectionOf } from './msal-section.ts'
import type { CredentialStore } from './store.ts'

export interface MsalExportOptions {
  /** How to write the key of an entry that had none. Default `node`. */
  readonly keyDialect?: KeyDialect
}

const firstSections: readonly string[] = ['Account', 'IdToken', 'AccessToken', 'RefreshToken', 'AppMetadata']
const pieceLength = 1 << 16
/** Users that are read at the same time: a store over a network would otherwise be asked one by one. */
const usersAtOnce = 64

/**
 * The store as one MSAL cache, in pieces of about 64 Ki characters of JSON text; joined, they are the file.
 *
 * Goes over all users once for each section that has something, and holds one piece at a time. Who signs in or out
 * meanwhile may be there by halves, yet the text is valid. Each client with credentials gets the one AppMetadata entry that
 * MSAL Go needs to refresh.
 *
 * @throws {@link CacheError} `ERR_CACHE_WRITE` if the store hands out one user's entities as another's.
 */
export async function* exportMsalCache(
  store: CredentialStore,
  options: MsalExportOptions = {},
): AsyncGenerator<string, void, undefined> {
  const shared = await readUser(store, sharedPartition)
  const contents = createContents()
  contents.note(shared)
  let pieces: string[] = []
  let length = 0

  // Only the first time over all users tells what other sections there are.
  const sections = [...firstSections]
  for (let index = 0; index < sections.length; index++) {
    const section = sections[index] ?? ''
    const isFirst = index === 0
    const writer = createSectionWriter(section, (partition) => readUser(store, partition), options)
    pieces.push(`${isFirst ? '{' : '},'}${JSON.stringify(section)}:{`)
    const own = section === 'AppMetadata' ? contents.withAppMetadata(shared) : shared
    for await (const users of isFirst || contents.sections.has(section) ? readUsers(store, own) : [[own]]) {
      for (const user of users) {
        if (isFirst) contents.note(user)
        const known = pieces.length
        if (!writer.write(pieces, user)) pieces.push(...(await writer.writeWithCare(user)))
        for (let at = known; at < pieces.length; at++) length += (pieces[at] as string).length
        if (length < pieceLength) continue
        yield pieces.join('')
        pieces = []
        length = 0
      }
    }
    if (isFirst) sections.push(...[...contents.sections].filter((name) => !firstSections.includes(name)))
  }
  pieces.push('}')
  for (const entity of shared.entities) {
    if (entity.kind !== 'Foreign' || entity.key !== undefined || sections.includes(entity.section)) continue
    pieces.push(`,${JSON.stringify(entity.section)}:${JSON.stringify(entity.value)}`)
  }
  pieces.push('}')
  yield pieces.join('')
}

interface Contents {
  /** The sections that have an entry, as far as it is known. */
  readonly sections: ReadonlySet<string>
  note(user: ReadUser): void
  /** The shared partition, with what is missing of the app metadata of all clients. */
  withAppMetadata(shared: ReadUser): ReadUser
}

function createContents(): Contents {
  const sections = new Set<string>()
  const clients = new Map<string, AppMetadataEntity>()
  let last = { clientId: '', environment: '' }
  return {
    sections,
    note({ entities }) {
      for (const entity of entities) {
        const section = sectionOf(entity)
        if (section !== undefined) sections.add(section)
        if (!('clientId' in entity) || entity.kind === 'AppMetadata') continue
        const { clientId, environment } = entity
        // Mostly all users are of one client.
        if (clientId === last.clientId && environment === last.environment) continue
        last = entity
        const metadata: AppMetadataEntity = { kind: 'AppMetadata', clientId, environment: cacheHost(environment) }
        clients.set(entityKey(metadata), metadata)
      }
    },
    withAppMetadata({ partition, keys, entities }) {
      const missing = new Map(clients)
      for (const entity of entities) if (entity.kind === 'AppMetadata') missing.delete(entityKey(entity))
      return { partition, keys: [...keys, ...missing.keys()], entities: [...entities, ...missing.values()] }
    },
  }
}

/** All partitions, in portions; the shared one as it is given. */
async function* readUsers(
  store: CredentialStore,
  shared: ReadUser,
): AsyncGenerator<readonly ReadUser[], void, undefined> {
  yield [shared]
  const all = store.all?.()
  if (all !== undefined) return yield* inPortions(all)
  let names: string[] = []
  for await (const name of store.partitions()) {
    if (name !== sharedPartition) names.push(name)
    if (names.length < usersAtOnce) continue
    yield await readAll(store, names)
    names = []
  }
  yield await readAll(store, names)
}

function* inPortions(all: Iterable<ReadUser>): Generator<readonly ReadUser[], void, undefined> {
  let users: ReadUser[] = []
  for (const user of all) {
    if (user.partition !== sharedPartition) users.push(user)
    if (users.length < usersAtOnce) continue
    yield users
    users = []
  }
  yield users
}

function readAll(
  store: CredentialStore,
  partitions: readonly string[],
): readonly ReadUser[] | Promise<readonly ReadUser[]> {
  const users = partitions.map((partition) => peekUser(store, partition))
  // To wait for each of a million users would take longer than to read them.
  if (users.every((user) => user !== undefined)) return users
  return Promise.all(partitions.map((partition, at) => users[at] ?? readUser(store, partition)))
}

/** What can be seen at once; `undefined` if it takes a {@link readUser}. */
function peekUser(store: CredentialStore, partition: string): ReadUser | undefined {
  const entities = store.peek?.(partition)
  // What the key of a sealed entity is cannot be seen in it; of all others it can.
  return entities?.every(({ kind }) => kind !== 'Sealed') ? { partition, keys: [], entities } : undefined
}

async function readUser(store: CredentialStore, partition: string): Promise<ReadUser> {
  const peeked = peekUser(store, partition)
  if (peeked !== undefined) return peeked
  const read = await store.read(partition)
  return { partition, keys: [...read.keys()], entities: [...read.values()] }
}
