import type { AccountEntity, SealedEntity, StoredEntity } from '../entities.ts'
import type { AccountIndex } from '../store.ts'
import { entitiesOf, type UserRecord } from './user-record.ts'

type Named = AccountEntity | SealedEntity

/** Leads from the names of accounts to their partitions. */
export interface NameIndex {
  /** Follows a change of a partition: what came, what went, and what is there now. */
  change(partition: string, added: readonly StoredEntity[], gone: readonly StoredEntity[], now: UserRecord): void
  find(index: AccountIndex, value: string): readonly string[]
}

/** A single partition, as nearly always, is kept without a set around it. */
type Table = Map<string, string | Set<string>>

export function createNameIndex(): NameIndex {
  const tables: Readonly<Record<AccountIndex, Table>> = { username: new Map(), localAccountId: new Map() }
  return {
    change(partition, added, gone, now) {
      for (const entity of added) {
        if (isNamed(entity)) eachName(entity, (index, value) => link(tables[index], value, partition))
      }
      for (const entity of gone) {
        if (!isNamed(entity)) continue
        const others = entitiesOf(now).filter(isNamed)
        eachName(entity, (index, value) => {
          if (!others.some((other) => hasName(other, index, value))) unlink(tables[index], value, partition)
        })
      }
    },
    find(index, value) {
      const found = tables[index].get(spelled(index, value))
      if (found === undefined) return []
      return typeof found === 'string' ? [found] : [...found]
    },
  }
}

function link(table: Table, value: string, partition: string): void {
  const linked = table.get(value)
  if (linked === undefined) table.set(value, partition)
  else if (typeof linked !== 'string') linked.add(partition)
  else if (linked !== partition) table.set(value, new Set([linked, partition]))
}

function unlink(table: Table, value: string, partition: string): void {
  const linked = table.get(value)
  if (linked === partition) table.delete(value)
  if (linked === undefined || typeof linked === 'string') return
  linked.delete(partition)
  const [only] = linked
  if (linked.size === 1 && only !== undefined) table.set(value, only)
}

function isNamed(entity: StoredEntity): entity is Named {
  return entity.kind === 'Account' || entity.kind === 'Sealed'
}

/** The names of `indexEntries`, without making a text of each. */
function eachName(entity: Named, visit: (index: AccountIndex, value: string) => void): void {
  if (entity.kind === 'Account') {
    visit('username', spelled('username', entity.username))
    visit('localAccountId', entity.localAccountId)
    if (entity.signInName !== undefined) visit('username', spelled('username', entity.signInName))
  } else {
    for (const name of entity.usernames ?? []) visit('username', spelled('username', name))
    if (entity.localAccountId !== undefined) visit('localAccountId', entity.localAccountId)
  }
}

function hasName(entity: Named, wanted: AccountIndex, value: string): boolean {
  let found = false
  eachName(entity, (index, name) => {
    found ||= index === wanted && name === value
  })
  return found
}

function spelled(index: AccountIndex, value: string): string {
  return index === 'username' ? value.toLowerCase() : value
}
