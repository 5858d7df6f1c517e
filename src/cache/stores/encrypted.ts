import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { isUint8Array } from 'node:util/types'
import { CacheError, InvalidArgumentError, isAuthError } from '../../errors.ts'
import { indexEntry } from '../account-index.ts'
import type { SealedEntity, StoredEntity } from '../entities.ts'
import { expiryOf } from '../expiry.ts'
import type { AccountIndex, CredentialStore, PartitionChange } from '../store.ts'

/** 32 random bytes, or a function that gives them when they are first needed: `() => keychainKey()`. */
export type EncryptionKey = Uint8Array | (() => Promise<Uint8Array>)

export interface EncryptionOptions {
  /**
   * Also reads entries that were stored before there was encryption; they are encrypted when they are next written.
   * Who can write to the store can then plant tokens of their own, so leave it off when all is encrypted:
   * `for await (const user of store.partitions()) await store.apply(user, { put: Object.fromEntries(await store.read(user)) })`.
   * Default `false`.
   */
  readonly acceptPlain?: boolean
}

/** What is derived from the key: nothing is encrypted with what also makes the hashes. */
interface Keys {
  readonly encryption: Uint8Array
  readonly names: Uint8Array
}

const form = 'v1.'
const ivLength = 12
const tagLength = 16
/** The last second of the year 9999: "never" for stores that want a number. */
const never = 253_402_300_799

/**
 * Encrypts what another store keeps: AES-256-GCM, entity by entity, each with a random 96-bit nonce and bound to its
 * user and its key there, so that a ciphertext that was moved does not decrypt. User names and local account ids are
 * kept as keyed hashes, which users are still found by.
 *
 * The inner store still sees: home account ids; the entities' keys, which hold kinds, hosts, client and tenant ids and
 * scopes; when tokens expire; how long entities are; which of them share a user name. Who can write to it can delete
 * entries or bring back old ones unnoticed, but not change them or make new ones.
 *
 * A user with an entry that does not decrypt cannot be read at all, until the right key is given or the user is dropped;
 * other users are not touched by it. Change a key before it has encrypted four billion entities.
 *
 * @param key Stays the same for the life of the store; a function is asked again only if it failed.
 * @throws {@link InvalidArgumentError} if the key is not 32 bytes long; from each method if it comes from a function.
 * @throws {@link CacheError} from the methods: `ERR_CACHE_KEY` if an entry does not decrypt or the function for the key
 * fails, `ERR_CACHE_FORMAT` if one is not encrypted; and whatever the inner store throws.
 */
export function encryptedStore(
  inner: CredentialStore,
  key: EncryptionKey,
  options: EncryptionOptions = {},
): CredentialStore {
  const { acceptPlain = false } = options
  let derived = typeof key === 'function' ? undefined : Promise.resolve(deriveKeys(key))

  function keys(): Promise<Keys> {
    derived ??= fetchKeys(key as () => Promise<Uint8Array>).catch((error: unknown) => {
      derived = undefined
      throw error
    })
    return derived
  }

  /** The condition in terms of what the inner store holds; `undefined` when it is not met. */
  async function sealCondition(
    partition: string,
    { onlyIf = {} }: PartitionChange,
  ): Promise<Record<string, string | true> | undefined> {
    const sealed: [string, string | true][] = []
    const held = Object.values(onlyIf).every((expected) => expected === true) ? undefined : await inner.read(partition)
    for (const [key, expected] of Object.entries(onlyIf)) {
      if (expected === true) {
        sealed.push([key, true])
        continue
      }
      const outer = held?.get(key)
      if (outer === undefined) return undefined
      const entity = open(await keys(), partition, key, outer, acceptPlain)
      if (!('secret' in entity) || entity.secret !== expected || !('secret' in outer)) return undefined
      // The inner store compares the whole ciphertext, at the moment of the change. Should the same secret have been
      // encrypted anew in between, nothing changes: as if the change had come too late.
      sealed.push([key, outer.secret])
    }
    return Object.fromEntries(sealed)
  }

  const store: CredentialStore = {
    async read(partition) {
      const [held, current] = await Promise.all([inner.read(partition), keys()])
      return new Map([...held].map(([key, entity]) => [key, open(current, partition, key, entity, acceptPlain)]))
    },
    async apply(partition, change) {
      const current = await keys()
      const onlyIf = await sealCondition(partition, change)
      if (onlyIf === undefined) return
      const put = Object.entries(change.put ?? {}).map(([key, entity]) => [key, seal(current, partition, key, entity)])
      await inner.apply(partition, { put: Object.fromEntries(put), del: change.del ?? [], onlyIf })
    },
    drop: (partition) => inner.drop(partition),
    async findPartitions(index, value) {
      const found = await inner.findPartitions(index, hashName(await keys(), index, value))
      if (!acceptPlain) return found
      return [...new Set([...found, ...(await inner.findPartitions(index, value))])]
    },
    partitions: () => inner.partitions(),
  }
  if (inner.exclusive !== undefined) store.exclusive = inner.exclusive.bind(inner)
  if (inner.close !== undefined) store.close = inner.close.bind(inner)
  return store
}

function seal(keys: Keys, partition: string, key: string, entity: StoredEntity): SealedEntity {
  const iv = randomBytes(ivLength)
  const cipher = createCipheriv('aes-256-gcm', keys.encryption, iv, { authTagLength: tagLength })
  cipher.setAAD(identity(partition, key))
  const parts = [iv, cipher.update(JSON.stringify(entity), 'utf8'), cipher.final(), cipher.getAuthTag()]
  const { usernames, localAccountId } = namesOf(entity)
  const expiresOn = Math.min(expiryOf(entity) ?? Number.NaN, never)
  return {
    kind: 'Sealed',
    secret: form + Buffer.concat(parts).toString('base64url'),
    ...(usernames.length > 0 && { usernames: usernames.map((name) => hashName(keys, 'username', name)) }),
    ...(localAccountId !== undefined && { localAccountId: hashName(keys, 'localAccountId', localAccountId) }),
    ...(Number.isFinite(expiresOn) && { expiresOn }),
  }
}

function open(keys: Keys, partition: string, key: string, entity: StoredEntity, acceptPlain: boolean): StoredEntity {
  if (entity.kind !== 'Sealed') {
    // These two never give anybody a token. They stand as they are in a cache that other libraries write to.
    if (acceptPlain || entity.kind === 'Foreign' || entity.kind === 'AppMetadata') return entity
    throw new CacheError('ERR_CACHE_FORMAT', 'an entry of the cache is not encrypted', {
      step: 'cache',
      hint: 'If it is from before encryption, read it with { acceptPlain: true }; if not, remove the user from the store.',
    })
  }
  const { secret } = entity
  try {
    const bytes = Buffer.from(secret.slice(form.length), 'base64url')
    // Decoding is lenient; only the text that was written may count.
    if (form + bytes.toString('base64url') !== secret) throw new TypeError('not in this form')
    const decipher = createDecipheriv('aes-256-gcm', keys.encryption, bytes.subarray(0, ivLength), {
      authTagLength: tagLength,
    })
    decipher.setAAD(identity(partition, key))
    decipher.setAuthTag(bytes.subarray(-tagLength))
    const text = decipher.update(bytes.subarray(ivLength, -tagLength)).toString('utf8') + decipher.final('utf8')
    return JSON.parse(text) as StoredEntity
  } catch {
    throw new CacheError('ERR_CACHE_KEY', 'an entry of the cache cannot be decrypted', {
      step: 'cache',
      hint: 'Give the key that the cache was written with. If it is the right one, the entry was damaged or tampered with: remove the user from the store and sign in again.',
    })
  }
}

/** What a ciphertext is for and where it belongs. */
function identity(partition: string, key: string): Buffer {
  return Buffer.from(`ropc-client cache entity ${form}${JSON.stringify([partition, key])}`)
}

function namesOf(entity: StoredEntity): { readonly usernames: readonly string[]; readonly localAccountId?: string } {
  if (entity.kind === 'Sealed') return { ...entity, usernames: entity.usernames ?? [] }
  if (entity.kind !== 'Account') return { usernames: [] }
  const { username, signInName = username, localAccountId } = entity
  return { usernames: [...new Set([username.toLowerCase(), signInName.toLowerCase()])], localAccountId }
}

/** In hexadecimal: stores do not keep the case of user names. */
function hashName(keys: Keys, index: AccountIndex, value: string): string {
  return createHmac('sha256', keys.names).update(indexEntry(index, value)).digest('hex')
}

async function fetchKeys(fetchKey: () => Promise<Uint8Array>): Promise<Keys> {
  let key: Uint8Array
  try {
    key = await fetchKey()
  } catch (error) {
    if (isAuthError(error)) throw error
    throw new CacheError('ERR_CACHE_KEY', 'the function that gives the key of the cache failed', {
      step: 'cache',
      hint: 'See why your function rejects; the store asks it again at the next use.',
    })
  }
  return deriveKeys(key)
}

function deriveKeys(key: Uint8Array): Keys {
  if (!isUint8Array(key) || key.length !== 32) {
    throw new InvalidArgumentError('the key of the cache is not 32 bytes', {
      step: 'cache',
      hint: 'Make one with crypto.randomBytes(32) and keep it safe, or let keychainKey() do both. A passphrase is no key.',
    })
  }
  const derive = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', key, '', `ropc-client cache ${form}${purpose}`, 32))
  return { encryption: derive('encryption'), names: derive('names') }
}
