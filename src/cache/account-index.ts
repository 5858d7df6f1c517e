import type { StoredEntity } from './entities.ts'
import type { AccountIndex } from './store.ts'

/** The entries of the index that lead to an entity: `["username","ada@contoso.example"]`, as JSON text. */
export function indexEntries(entity: StoredEntity): readonly string[] {
  if (entity.kind === 'Sealed') {
    return [
      ...(entity.usernames ?? []).map((name) => indexEntry('username', name)),
      ...(entity.localAccountId === undefined ? [] : [indexEntry('localAccountId', entity.localAccountId)]),
    ]
  }
  if (entity.kind !== 'Account') return []
  const entries = [indexEntry('username', entity.username), indexEntry('localAccountId', entity.localAccountId)]
  return entity.signInName === undefined ? entries : [...entries, indexEntry('username', entity.signInName)]
}

/** The entry of the index for a name or id. */
export function indexEntry(index: AccountIndex, value: string): string {
  return JSON.stringify([index, index === 'username' ? value.toLowerCase() : value])
}
