import { InvalidArgumentError } from '../../errors.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import type { StoredEntity } from '../entities.ts'
import { expiryOf, partitionExpiry } from '../expiry.ts'
import type { CredentialStore, PartitionChange, UserEntities } from '../store.ts'
import { createInterning } from './interning.ts'
import { createNameIndex } from './name-index.ts'
import { createRecency } from './recency.ts'
import {
  changeRecord,
  emptyRecord,
  entitiesOf,
  makeRecord,
  toMap,
  type UserRecord,
  withoutEntities,
} from './user-record.ts'

export interface MemoryStoreOptions {
  /** Keep at most so many users; those whose last use is the longest ago go first. Default: no limit. */
  readonly maxUsers?: number
  /**
   * Keep users of at most so many bytes together, as {@link estimateBytes} counts them; those whose last use is the longest
   * ago go first. The user written last is kept even when larger than all of it. Default: no limit.
   */
  readonly maxBytes?: number
  /** Now, in whole epoch seconds. */
  readonly now?: () => EpochSeconds
}

const noEntities: readonly StoredEntity[] = []

/**
 * Keeps users in this process only: the default. Reading and writing take the same time however many there are.
 *
 * No timer runs: each write of a user also looks at one or two in turn and forgets expired access tokens, and users none of whose
 * tokens is of any more use. Nothing else expires here, so a reader may still find what the writes have not come to.
 *
 * @throws {@link InvalidArgumentError} for a limit that is not a positive whole number.
 */
export function createMemoryStore(
  options: MemoryStoreOptions = {},
): CredentialStore & Required<Pick<CredentialStore, 'peek' | 'load' | 'all'>> {
  const { maxUsers = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY, now = systemNow } = options
  checkLimit('maxUsers', maxUsers)
  checkLimit('maxBytes', maxBytes)
  const users = new Map<string, UserRecord>()
  const names = createNameIndex()
  const interning = createInterning()
  // Without a limit nobody has to know who was used last.
  const recency = options.maxUsers === undefined && options.maxBytes === undefined ? undefined : createRecency()
  let sweep = users.entries()

  function replace(
    partition: string,
    record: UserRecord,
    added: readonly StoredEntity[],
    gone: readonly StoredEntity[],
  ): void {
    const isEmpty = record instanceof Map ? record.size === 0 : record.keys.length === 0
    if (isEmpty) users.delete(partition)
    else users.set(partition, record)
    names.change(partition, added, gone, record)
    if (isEmpty) recency?.remove(partition)
    else recency?.put(partition, estimateBytes(partition, entitiesOf(record)))
  }

  function forget(partition: string): void {
    replace(partition, emptyRecord, noEntities, entitiesOf(users.get(partition) ?? emptyRecord))
  }

  function forgetExpired(looks: number): void {
    const at = now()
    for (let look = 0; look < looks; look++) {
      const next = sweep.next()
      if (next.done === true) {
        sweep = users.entries()
        return
      }
      forgetExpiredOf(next.value[0], next.value[1], at)
    }
  }

  function forgetExpiredOf(partition: string, record: UserRecord, at: EpochSeconds): void {
    const entities = entitiesOf(record)
    const isExpired = (entity: StoredEntity): boolean =>
      (entity.kind === 'AccessToken' || entity.kind === 'Sealed') && (expiryOf(entity) ?? at + 1) <= at
    if (partitionExpiry(entities) <= at) forget(partition)
    else if (entities.some(isExpired)) {
      replace(partition, withoutEntities(record, isExpired, interning), noEntities, entities.filter(isExpired))
    }
  }

  function keepLimits(written: string): void {
    if (recency === undefined) return
    while (recency.users > maxUsers || recency.bytes > maxBytes) {
      const oldest = recency.oldest()
      if (oldest === undefined || oldest === written) return
      forget(oldest)
    }
  }

  async function apply(partition: string, change: PartitionChange): Promise<void> {
    const record = users.get(partition) ?? emptyRecord
    const id = sharedId(record, partition)
    const changed = changeRecord(record, change, id, interning)
    if (changed === undefined) return
    const before = users.size
    replace(id, changed.record, changed.added, changed.gone)
    // With one look for each new user, the end would move away as fast as the looks come nearer.
    forgetExpired(users.size > before ? 2 : 1)
    keepLimits(partition)
  }

  async function read(partition: string): Promise<ReadonlyMap<string, StoredEntity>> {
    recency?.touch(partition)
    return toMap(users.get(partition) ?? emptyRecord)
  }

  function peek(partition: string): readonly StoredEntity[] {
    recency?.touch(partition)
    const record = users.get(partition)
    return record === undefined ? noEntities : entitiesOf(record)
  }

  async function* partitions(): AsyncGenerator<string, void, undefined> {
    // A list of its own: who writes new users on the way would never come to its end.
    yield* [...users.keys()]
  }

  function* everyone(): Generator<UserEntities, void, undefined> {
    // No more than there are now, for the same reason.
    let left = users.size
    for (const [partition, record] of users) {
      if (left === 0) return
      left -= 1
      const keys = record instanceof Map ? [...record.keys()] : record.keys
      yield { partition, keys, entities: entitiesOf(record) }
    }
  }

  return {
    read,
    peek,
    apply,
    load(batch) {
      // Who has put an `apply` of their own around this one wants to see every user there.
      if (this.apply !== apply) return batch
      const known: UserEntities[] = []
      for (const user of batch) {
        const { partition, keys, entities } = user
        if (users.has(partition)) {
          known.push(user)
          continue
        }
        replace(partition, makeRecord(keys, entities), entities, noEntities)
        keepLimits(partition)
      }
      return known
    },
    async drop(partition) {
      forget(partition)
      forgetExpired(1)
    },
    async findPartitions(index, value) {
      return names.find(index, value)
    },
    partitions,
    all() {
      // Who reads in a way of their own, or lists others, does not want to be passed by.
      return this.peek === peek && this.read === read && this.partitions === partitions ? everyone() : undefined
    },
  }
}

/**
 * What a user weighs: 400 bytes, 150 more for each entity, and a byte for each character of the texts that no other user
 * shares; data of other libraries as its JSON text. Measured users take less, so the limit holds.
 */
export function estimateBytes(partition: string, entities: readonly StoredEntity[]): number {
  let bytes = 400 + partition.length
  for (const entity of entities) {
    bytes += 150
    if ('secret' in entity) bytes += entity.secret.length
    if (entity.kind === 'Account') {
      const { localAccountId, username, name = '', signInName = '' } = entity
      // The index has the names once more where they are not in lower case.
      bytes += localAccountId.length + name.length + 2 * (username.length + signInName.length)
    }
    if (entity.kind === 'Sealed') bytes += (entity.usernames ?? []).join().length + (entity.localAccountId ?? '').length
    if (entity.kind === 'Foreign') bytes += jsonLength(entity.value)
    else if ('msal' in entity) bytes += jsonLength(entity.msal)
  }
  return bytes
}

function jsonLength(value: unknown): number {
  return value === undefined ? 0 : JSON.stringify(value).length
}

// A user's id is one object, whoever names the user: the key, the entities and the index share it.
function sharedId(record: UserRecord, partition: string): string {
  const first = record instanceof Map ? undefined : record.entities[0]
  return first !== undefined && 'homeAccountId' in first && first.homeAccountId === partition
    ? first.homeAccountId
    : partition
}

function systemNow(): EpochSeconds {
  return Math.floor(Date.now() / 1000)
}

function checkLimit(name: string, limit: number): void {
  if (limit === Number.POSITIVE_INFINITY || (Number.isSafeInteger(limit) && limit > 0)) return
  throw new InvalidArgumentError(`${name} is not a positive whole number`, {
    step: 'cache',
    hint: `Leave ${name} out for no limit.`,
  })
}
