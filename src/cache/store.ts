import type { StoredEntity } from './entities.ts'

/** A change to one partition: applied atomically, merged entity by entity. */
export interface PartitionChange {
  readonly put?: Readonly<Record<string, StoredEntity>>
  readonly del?: readonly string[]
}

/**
 * Where signed-in users are kept. A partition holds all entities of one user and is named by the home account id; the
 * unit of write is one entity, so two writers of one user do not lose each other's tokens.
 *
 * A store may throw or reject as it likes: the client never loses a token just obtained over it.
 */
export interface CredentialStore {
  read(partition: string): Promise<ReadonlyMap<string, StoredEntity>>
  apply(partition: string, change: PartitionChange): Promise<void>
  drop(partition: string): Promise<void>
  /** All partitions whose account matches; user names are compared without case. More than one is possible. */
  findPartitions(index: 'username' | 'localAccountId', value: string): Promise<readonly string[]>
  /** Every partition: for export and administration, never on the path of a token request. */
  partitions(): AsyncIterable<string>
  close?(): Promise<void>
}
