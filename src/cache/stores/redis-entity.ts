import type { StoredEntity } from '../entities.ts'
import { expiryOf } from '../expiry.ts'
import { isEntity } from './entity-shape.ts'

/** From here on a time is no time: Redis refuses an expiry that its integers cannot hold. */
const endOfTimeMs = 1e15

/**
 * An entity as three lines: JSON without the secret; when it ends, so that a script can tell without knowing entities; and the
 * secret, which is most of a text and need not be searched for its end at every hit.
 */
export function formatEntity(entity: StoredEntity): string {
  const ends = endOf(entity)
  const { secret, ...rest } = entity as StoredEntity & { readonly secret?: unknown }
  // Of what no line of UTF-8 can hold, JSON takes care.
  if (typeof secret === 'string' && !secret.includes('\n') && secret.isWellFormed())
    return `${JSON.stringify(rest)}\n${ends}\n${secret}`
  const text = JSON.stringify(entity)
  return ends === '' ? text : `${text}\n${ends}`
}

// Of a time that is none (it may come from anywhere) nothing is said, as if the entity had none.
function endOf(entity: StoredEntity): string {
  const ends = expiryOf(entity)
  if (ends === undefined || Number.isNaN(ends)) return ''
  const endsMs = Math.round(ends * 1_000)
  return endsMs < endOfTimeMs ? String(Math.max(endsMs, 0)) : 'never'
}

/** @returns `undefined` if it is not what we have written; the user's other entries are as good as before. */
export function parseEntity(value: string): StoredEntity | undefined {
  const end = value.indexOf('\n')
  const beforeSecret = end < 0 ? -1 : value.indexOf('\n', end + 1)
  try {
    const entity: unknown = JSON.parse(end < 0 ? value : value.slice(0, end))
    if (beforeSecret >= 0) (entity as { secret?: string }).secret = value.slice(beforeSecret + 1)
    return isEntity(entity) ? entity : undefined
  } catch {
    return undefined
  }
}
