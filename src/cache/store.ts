import type { StoredEntity } from './entities.ts'

/** A change to one partition: applied atomically, merged entity by entity. */
export interface PartitionChange {
  readonly put?: Readonly<Record<string, StoredEntity>>
  readonly del?: readonly string[]
  /**
   * What must be so at the moment of the change, or nothing of it happens: an entity is there (`true`), or still holds this
   * secret. So a refresh that comes back late does not bring back a user who was signed out meanwhile, and a refresh token
   * that was refused is deleted only if nobody has replaced it.
   */
  readonly onlyIf?: Readonly<Record<string, string | true>>
}

/** All entities of one user, with their keys in the same order. */
export interface UserEntities {
  readonly partition: string
  readonly keys: readonly string[]
  readonly entities: readonly StoredEntity[]
}

/** What accounts are found by; user names are compared without case. */
export type AccountIndex = 'username' | 'localAccountId'

/**
 * Where signed-in users are kept. A partition holds all entities of one user and is named by the home account id; the
 * unit of write is one entity, so two writers of one user do not lose each other's tokens.
 *
 * A store may throw or reject as it likes: the client never loses a token just obtained over it.
 */
export interface CredentialStore {
  read(partition: string): Promise<ReadonlyMap<string, StoredEntity>>
  /** What {@link read} gives, at once and without keys: for a store in this process, so that a hit waits for nothing. */
  peek?(partition: string): readonly StoredEntity[]
  apply(partition: string, change: PartitionChange): Promise<void>
  /**
   * Takes in many users of whom it has nothing, each at most once, without a copy: nobody changes them or their lists any
   * more. For a store in this process, so that an import waits for nothing.
   *
   * @returns The users whom it did not take in: they take {@link apply}.
   */
  load?(users: readonly UserEntities[]): readonly UserEntities[]
  drop(partition: string): Promise<void>
  /** All partitions whose account matches; more than one is possible. A stale answer is allowed, a missing one is not. */
  findPartitions(index: AccountIndex, value: string): Promise<readonly string[]>
  /** Every partition: for export and administration, never on the path of a token request. */
  partitions(): AsyncIterable<string>
  /** What {@link partitions} and {@link read} give, at once: for a store in this process. `undefined` if it cannot now. */
  all?(): Iterable<UserEntities> | undefined
  /**
   * Runs one thing at a time under a name, over all processes that share the store. Its signal aborts when the name is
   * lost. Who has to wait runs afterwards, and after `ttlMs` without it.
   */
  exclusive?<T>(name: string, ttlMs: number, run: (signal: AbortSignal) => Promise<T>): Promise<T>
  close?(): Promise<void>
}
