import { InvalidArgumentError } from '../../errors.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { indexEntries, indexEntry } from '../account-index.ts'
import type { StoredEntity } from '../entities.ts'
import { partitionExpiry } from '../expiry.ts'
import type { CredentialStore } from '../store.ts'
import { type RedisClientLike, redisCommands } from './redis-commands.ts'
import { formatEntity, parseEntity } from './redis-entity.ts'
import { createPatience } from './redis-failure.ts'
import { decodeName, encodeName } from './redis-keys.ts'
import { runExclusively } from './redis-lock.ts'
import { changeScript, dropScript, linkedScript, linkScript, unlinkScript } from './redis-scripts.ts'

export interface RedisStoreOptions {
  /** What all keys begin with. Default `entra`. */
  readonly prefix?: string
  /** How long one command may take, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number
  /** Clock that tokens are judged by. Default the system's. */
  readonly now?: () => EpochSeconds
}

/**
 * Keeps users in Redis 6.2 or newer, or Valkey: a hash for each user, read in one round trip and changed by one atomic script,
 * that expires with the user's last token. Works on a cluster. The connection stays the caller's, who closes it.
 *
 * Its members throw {@link CacheError} `ERR_CACHE_READ` or `ERR_CACHE_WRITE`.
 *
 * @param client A connected client of the `redis` or the `ioredis` package, 5 or newer; of a cluster too.
 * @throws {@link InvalidArgumentError} if it is neither, or if the prefix holds braces.
 */
export function createRedisStore(
  client: RedisClientLike,
  options: RedisStoreOptions = {},
): CredentialStore & Required<Pick<CredentialStore, 'exclusive'>> {
  const { prefix = 'entra', timeoutMs = 5_000, now = () => Date.now() / 1_000 } = options
  if (/[{}]/.test(prefix)) {
    throw new InvalidArgumentError('the prefix holds braces', {
      step: 'cache',
      hint: 'A cluster would go by them and keep all users in one place: leave them out.',
    })
  }
  const commands = redisCommands(client)
  if (commands === undefined) {
    throw new InvalidArgumentError('the client is neither of the redis nor of the ioredis package', {
      step: 'cache',
      hint: 'Pass await createClient({ url }).connect(), or new Redis(url).',
    })
  }
  const { hgetall, run, scan } = commands
  const userKey = (partition: string): string => `${prefix}:{${encodeName(partition)}}`
  const indexKey = (entry: string): string => `${prefix}:i:${encodeName(entry)}`
  const patience = createPatience(timeoutMs)
  const reading = <T>(answer: Promise<T>): Promise<T> => patience.await('ERR_CACHE_READ', answer, same)
  const writing = <T>(answer: Promise<T>): Promise<T> => patience.await('ERR_CACHE_WRITE', answer, same)

  /**
   * @param args Life of the user, in the words of the script.
   * @returns The entries that had no end and have one now.
   */
  async function link(
    partition: string,
    entries: readonly string[],
    ...args: readonly string[]
  ): Promise<readonly string[]> {
    const member = encodeName(partition)
    const answers = await writing(
      Promise.all(entries.map((entry) => run(linkScript, indexKey(entry), [member, ...args]))),
    )
    return entries.filter((_, index) => Number(answers[index]) === 1)
  }

  async function unlink(partition: string, entries: readonly string[]): Promise<void> {
    const member = encodeName(partition)
    await writing(Promise.all(entries.map((entry) => run(unlinkScript, indexKey(entry), [member]))))
  }

  // After entries were taken back or shortened: somebody may have changed the user meanwhile and linked it before us.
  async function relink(partition: string, entries: readonly string[]): Promise<void> {
    if (entries.length === 0) return
    const [, present, left] = await change(partition, ['0', '0'])
    const back = new Set(entriesIn(present))
    await link(
      partition,
      entries.filter((entry) => back.has(entry)),
      String(left),
    )
  }

  async function change(partition: string, args: readonly string[]): Promise<readonly unknown[]> {
    const at = String(Math.round(now() * 1_000))
    return list(await writing(run(changeScript, userKey(partition), [at, ...args])))
  }

  return {
    read: (partition) => patience.await('ERR_CACHE_READ', hgetall(userKey(partition)), readUser),
    async apply(partition, { put = {}, del = [], onlyIf = {} }) {
      const puts = Object.entries(put)
      const entities = Object.values(put)
      const conditions = Object.entries(onlyIf).flatMap(([key, value]) => [key, value === true ? '' : `=${value}`])
      const args = [String(conditions.length / 2), ...conditions, String(del.length), ...del]
      for (const [key, entity] of puts) args.push(key, formatEntity(entity))
      // First: an entry that leads nowhere does no harm, a user whom none leads to cannot be found.
      await link(partition, [...new Set(entities.flatMap(indexEntries))], atLeast(entities, now()))
      const [replaced, present, left] = await change(partition, args)
      // Again, for somebody may have signed the user out in between, and the user may live longer now.
      const entries = new Set(entriesIn(present))
      const shortened = await link(partition, [...entries], String(left), 'exact')
      const gone = entriesIn(replaced).filter((entry) => !entries.has(entry))
      await unlink(partition, gone)
      await relink(partition, [...shortened, ...gone])
    },
    async drop(partition) {
      const gone = entriesIn(await writing(run(dropScript, userKey(partition), [])))
      await unlink(partition, gone)
      await relink(partition, gone)
    },
    async findPartitions(index, value) {
      const members = list(await reading(run(linkedScript, indexKey(indexEntry(index, value)), [])))
      return members.map((member) => decodeName(String(member)))
    },
    async *partitions() {
      const seen = new Set<string>()
      const pages = scan(`${prefix}:{`, '}')[Symbol.asyncIterator]()
      for (;;) {
        const page = await reading(pages.next())
        if (page.done === true) return
        for (const name of page.value) {
          // Some come twice, and keys of others may look alike.
          if (seen.has(name) || /[{}]/.test(name)) continue
          seen.add(name)
          yield decodeName(name)
        }
      }
    },
    exclusive: (name, ttlMs, task) =>
      runExclusively(
        (script, args, withinMs) =>
          createPatience(Math.min(timeoutMs, withinMs)).await(
            'ERR_CACHE_WRITE',
            run(script, `${prefix}:l:${encodeName(name)}`, args),
            same,
          ),
        ttlMs,
        task,
      ),
  }
}

const refreshTokenMs = 90 * 86_400_000

/** How long what is put lives at least, in ms; what tells no end gets the life of a refresh token until all is known. */
function atLeast(entities: readonly StoredEntity[], now: EpochSeconds): string {
  const left = (partitionExpiry(entities) - now) * 1_000
  return Number.isFinite(left) && left < refreshTokenMs ? String(Math.max(Math.ceil(left), 0)) : String(refreshTokenMs)
}

/** @param fields What HGETALL answered: a map or an object, of strings or of buffers, as the client was told. */
function readUser(fields: unknown): Map<string, StoredEntity> {
  const entities = new Map<string, StoredEntity>()
  const add = (field: unknown, value: unknown): void => {
    const entity = parseEntity(String(value))
    if (entity !== undefined) entities.set(String(field), entity)
  }
  if (fields instanceof Map) for (const [field, value] of fields) add(field, value)
  else for (const field of Object.keys(fields as object)) add(field, (fields as Record<string, unknown>)[field])
  return entities
}

function same<T>(answer: T): T {
  return answer
}

/** The entries of the index that lead to what is in these values. */
function entriesIn(values: unknown): readonly string[] {
  const entities = list(values).map((value) => parseEntity(String(value)))
  return entities.flatMap((entity) => (entity === undefined ? [] : indexEntries(entity)))
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
