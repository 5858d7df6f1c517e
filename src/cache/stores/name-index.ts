import type { StoredEntity } from '../entities.ts'
import type { AccountIndex } from '../store.ts'

/** Leads from the names of accounts to their partitions. */
export interface NameIndex {
  /** Follows a change of a partition: what came, what went, and how to see what is there now. */
  change(
    partition: string,
    added: readonly StoredEntity[],
    gone: readonly StoredEntity[],
    remaining: () => readonly StoredEntity[],
  ): void
  find(index: AccountIndex, value: string): readonly string[]
}

/** A single partition, as nearly always, is kept without a set around it. */
type Table = Map<string, string | Set<string>>

export function createNameIndex(): NameIndex {
  const tables: Readonly<Record<AccountIndex, Table>> = { username: new Map(), localAccountId: new Map() }
  return {
    change(partition, added, gone, remaining) {
      for (const entity of added) eachName(entity, (index, value) => link(tables[index], value, partition))
      for (const entity of gone) {
        eachName(entity, (index, value) => {
          if (!remaining().some((other) => hasName(other, index, value))) unlink(tables[index], value, partition)
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

/** The names of `indexEntries`, without making a text of each. */
function eachName(entity: StoredEntity, visit: (index: AccountIndex, value: string) => void): void {
  if (entity.kind === 'Account') {
    visit('username', spelled('username', entity.username))
    visit('localAccountId', entity.localAccountId)
    if (entity.signInName !== undefined) visit('username', spelled('username', entity.signInName))
  } else if (entity.kind === 'Sealed') {
    for (const name of entity.usernames ?? []) visit('username', spelled('username', name))
    if (entity.localAccountId !== undefined) visit('localAccountId', entity.localAccountId)
  }
}

function hasName(entity: StoredEntity, wanted: AccountIndex, value: string): boolean {
  let found = false
  eachName(entity, (index, name) => {
    found ||= index === wanted && name === value
  })
  return found
}

function spelled(index: AccountIndex, value: string): string {
  return index === 'username' ? value.toLowerCase() : value
}
