import { CacheError, InvalidArgumentError } from '../../errors.ts'
import { indexEntries, indexEntry } from '../account-index.ts'
import type { StoredEntity } from '../entities.ts'
import { expiryOf } from '../expiry.ts'
import type { CredentialStore } from '../store.ts'
import { escapeGlob, type RedisClientLike, redisCommands, redisScript } from './redis-commands.ts'
import { runExclusively } from './redis-lock.ts'

export interface RedisStoreOptions {
  /** What all keys begin with. Default `entra`. */
  readonly prefix?: string
  /** How long one command may take, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number
}

/**
 * Keeps users in Redis 6.2 or newer, or Valkey: a hash for each user, read in one round trip and changed by one atomic script,
 * that expires with the user's last token. Works on a cluster. The connection stays the caller's, who closes it.
 *
 * Its members throw {@link CacheError} `ERR_CACHE_READ` or `ERR_CACHE_WRITE`.
 *
 * @param client A connected client of the `redis` or the `ioredis` package, 5 or newer; of a cluster too.
 * @throws {@link InvalidArgumentError} if it is neither.
 */
export function createRedisStore(
  client: RedisClientLike,
  options: RedisStoreOptions = {},
): CredentialStore & Required<Pick<CredentialStore, 'exclusive'>> {
  const { prefix = 'entra', timeoutMs = 5_000 } = options
  const commands = redisCommands(client)
  if (commands === undefined) {
    throw new InvalidArgumentError('the client is neither of the redis nor of the ioredis package', {
      step: 'cache',
      hint: 'Pass await createClient({ url }).connect(), or new Redis(url).',
    })
  }
  const userKey = (partition: string): string => `${prefix}:{${encodeName(partition)}}`
  const indexKey = (entry: string): string => `${prefix}:i:${encodeName(entry)}`
  const reading = <T>(answer: Promise<T>): Promise<T> => bounded('ERR_CACHE_READ', timeoutMs, answer)
  const writing = <T>(answer: Promise<T>): Promise<T> => bounded('ERR_CACHE_WRITE', timeoutMs, answer)

  // Before the user is written: an entry that leads nowhere does no harm, a user whom none leads to cannot be found.
  async function addToIndex(partition: string, entities: readonly StoredEntity[]): Promise<void> {
    const entries = entities.flatMap(indexEntries)
    if (entries.length === 0) return
    const ends = Math.max(0, ...entities.map((entity) => expiryOf(entity) ?? 0))
    const left = ends === 0 || ends === Number.POSITIVE_INFINITY ? '' : String(ends * 1_000 - Date.now())
    await Promise.all(entries.map((entry) => commands?.run(addScript, indexKey(entry), [partition, left])))
  }

  // After it is gone. Whoever has signed the user in again meanwhile has come before us, and gets the entry back.
  async function removeFromIndex(partition: string, removed: readonly StoredEntity[]): Promise<void> {
    const entries = removed.flatMap(indexEntries)
    if (entries.length === 0) return
    await Promise.all(entries.map((entry) => commands?.run(removeScript, indexKey(entry), [partition])))
    await addToIndex(partition, [...(await readUser(partition)).values()])
  }

  async function readUser(partition: string): Promise<Map<string, StoredEntity>> {
    const entities = new Map<string, StoredEntity>()
    for (const [field, value] of Object.entries((await commands?.hgetall(userKey(partition))) ?? {})) {
      const entity = parseValue(value)
      if (entity !== undefined) entities.set(field, entity)
    }
    return entities
  }

  return {
    read: (partition) => reading(readUser(partition)),
    async apply(partition, { put = {}, del = [], onlyIf = {} }) {
      const conditions = Object.entries(onlyIf)
      const puts = Object.entries(put)
      const args = [
        String(Date.now()),
        String(conditions.length),
        ...conditions.flatMap(([key, value]) => (value === true ? [key, '', ''] : [key, 'secret', value])),
        String(del.length),
        ...del,
        ...puts.flatMap(([key, entity]) => [key, formatValue(entity)]),
      ]
      const entities = Object.values(put)
      await writing(addToIndex(partition, entities))
      const replaced = await writing(commands.run(changeScript, userKey(partition), args))
      // Again, should somebody have signed the user out in between.
      await writing(addToIndex(partition, entities))
      await writing(removeFromIndex(partition, namesGone(replaced, entities)))
    },
    async drop(partition) {
      const removed = await writing(commands.run(dropScript, userKey(partition), []))
      await writing(removeFromIndex(partition, namesGone(removed, [])))
    },
    async findPartitions(index, value) {
      const members = await reading(commands.run(membersScript, indexKey(indexEntry(index, value)), []))
      return Array.isArray(members) ? members.map(String) : []
    },
    async *partitions() {
      const seen = new Set<string>()
      const pages = commands.scan(`${escapeGlob(prefix)}:{*}`)[Symbol.asyncIterator]()
      for (;;) {
        const page = await reading(pages.next())
        if (page.done === true) return
        for (const key of page.value) {
          if (seen.has(key)) continue
          seen.add(key)
          yield decodeName(key.slice(prefix.length + 2, -1))
        }
      }
    },
    exclusive: (name, ttlMs, run) =>
      runExclusively(
        (script, args) => writing(commands.run(script, `${prefix}:l:${encodeName(name)}`, args)),
        ttlMs,
        run,
      ),
  }
}

// After the JSON text stands when the entity ends, so that the script can tell without knowing entities.
const changeScript = redisScript(`
local key, at = KEYS[1], 1
local function take() at = at + 1 return ARGV[at - 1] end
local now = tonumber(take())
for _ = 1, tonumber(take()) do
  local field, what, secret = take(), take(), take()
  local text = redis.call('HGET', key, field)
  if not text then return {} end
  if what == 'secret' then
    local ok, entity = pcall(cjson.decode, string.match(text, '^[^\\n]*'))
    if not ok or type(entity) ~= 'table' or entity.secret ~= secret then return {} end
  end
end
local dels, puts = {}, {}
for _ = 1, tonumber(take()) do dels[#dels + 1] = take() end
while at <= #ARGV do puts[#puts + 1] = { take(), take() } end
local replaced = {}
for _, field in ipairs(dels) do replaced[#replaced + 1] = redis.call('HGET', key, field) or nil end
for _, put in ipairs(puts) do replaced[#replaced + 1] = redis.call('HGET', key, put[1]) or nil end
-- Puts come first: a server without memory refuses the first command that needs some, and nothing has happened yet.
for _, put in ipairs(puts) do redis.call('HSET', key, put[1], put[2]) end
local kept = {}
for _, put in ipairs(puts) do kept[put[1]] = true end
for _, field in ipairs(dels) do if not kept[field] then redis.call('HDEL', key, field) end end
local last = 0
for _, text in ipairs(redis.call('HVALS', key)) do
  local ends = string.match(text, '\\n([%w.]+)$')
  if ends == 'never' then last = math.huge elseif ends then last = math.max(last, tonumber(ends) or 0) end
end
if last == 0 or last == math.huge then redis.call('PERSIST', key)
else redis.call('PEXPIRE', key, string.format('%.0f', math.max(last - now, 1))) end
return replaced`)

const dropScript = redisScript(`
local values = redis.call('HVALS', KEYS[1])
redis.call('DEL', KEYS[1])
return values`)

// An entry of the index lives at least as long as each of the users it leads to.
const addScript = redisScript(`
local left = redis.call('PTTL', KEYS[1])
redis.call('SADD', KEYS[1], ARGV[1])
local wanted = tonumber(ARGV[2])
if not wanted then redis.call('PERSIST', KEYS[1])
elseif left == -2 or (left >= 0 and left < wanted) then
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(wanted, 1)))
end
return 1`)

const removeScript = redisScript(`return redis.call('SREM', KEYS[1], ARGV[1])`)
const membersScript = redisScript(`return redis.call('SMEMBERS', KEYS[1])`)

function formatValue(entity: StoredEntity): string {
  const ends = expiryOf(entity)
  if (ends === undefined) return JSON.stringify(entity)
  return `${JSON.stringify(entity)}\n${ends === Number.POSITIVE_INFINITY ? 'never' : ends * 1_000}`
}

/** @returns `undefined` if it is not what we have written; the user's other entries are as good as before. */
function parseValue(value: string): StoredEntity | undefined {
  const end = value.lastIndexOf('\n')
  try {
    const entity: unknown = JSON.parse(end < 0 ? value : value.slice(0, end))
    const { kind } = (typeof entity === 'object' && entity !== null ? entity : {}) as { readonly kind?: unknown }
    return kinds.has(String(kind)) ? (entity as StoredEntity) : undefined
  } catch {
    return undefined
  }
}

const kinds = new Set(['AccessToken', 'RefreshToken', 'IdToken', 'Account', 'AppMetadata', 'Foreign', 'Sealed'])

/** The accounts that went, as far as their names did not come back. */
function namesGone(values: unknown, put: readonly StoredEntity[]): readonly StoredEntity[] {
  const kept = put.flatMap(indexEntries)
  return (Array.isArray(values) ? values : [])
    .map((value) => parseValue(String(value)))
    .filter((entity) => entity !== undefined)
    .filter((entity) => indexEntries(entity).some((entry) => !kept.includes(entry)))
}

/** Any text as a part of a key: braces mark what a cluster goes by, and clients spoil half of a surrogate pair. */
function encodeName(name: string): string {
  if (name === '') return '%'
  return name.replace(
    /[%{}]|\p{Surrogate}/gu,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function decodeName(text: string): string {
  if (text === '%') return ''
  return text.replace(/%([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

async function bounded<T>(
  code: 'ERR_CACHE_READ' | 'ERR_CACHE_WRITE',
  timeoutMs: number,
  answer: Promise<T>,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(redisFailure(code, 'TIMEOUT')), timeoutMs)
  })
  try {
    return await Promise.race([answer, late])
  } catch (error) {
    throw error instanceof CacheError ? error : redisFailure(code, wordOf(error))
  } finally {
    clearTimeout(timer)
  }
}

// Messages of the clients may repeat what was sent, tokens among it: only the code or the first word of the server goes on.
function wordOf(error: unknown): string {
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>
  if (typeof code === 'string' && /^[A-Z_]{3,30}$/.test(code)) return code
  return /(?:^|\s)(?:-|error: )?([A-Z]{4,20})\s/.exec(String(message))?.[1] ?? 'unknown'
}

function redisFailure(code: 'ERR_CACHE_READ' | 'ERR_CACHE_WRITE', reason: string): CacheError {
  const what = code === 'ERR_CACHE_READ' ? 'read' : 'written'
  return new CacheError(code, `Redis could not be ${what} (${reason})`, {
    step: 'cache',
    hint: hints[reason] ?? 'Check that the server is reachable and that the client is connected.',
  })
}

const hints: Readonly<Record<string, string>> = {
  TIMEOUT: 'The server did not answer in time: look at its load and at the network, or raise timeoutMs.',
  WRONGTYPE: 'Something else uses keys of this name: choose another prefix.',
  NOAUTH: 'The client must authenticate: put user name and password into its options.',
  NOPERM:
    'The Redis user may not do this: it needs HGETALL, EVAL, EVALSHA, SCAN and the commands in them on these keys.',
  READONLY: 'This is a replica: connect to the primary.',
  OOM: 'The server has no memory left: raise maxmemory, or set an eviction policy.',
  LOADING: 'The server is starting: try again.',
  CROSSSLOT: 'The prefix must not hold braces.',
}
