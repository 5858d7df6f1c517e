import type { EpochSeconds } from '../protocol/time.ts'

/** A JSON object from a cache file, its members unchecked. Its names may be any text, `__proto__` too. */
export type JsonTable = Readonly<Record<string, unknown>>

export function isTable(value: unknown): value is JsonTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads a text that may be missing. @returns `undefined` when it is something else than text. */
export function textOr(value: unknown, missing: string): string | undefined {
  if (value === undefined || value === null) return missing
  return typeof value === 'string' ? value : undefined
}

/** Whether an optional member says anything: some libraries write null or an empty text for "not there". */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/**
 * Reads an instant: whole seconds as text, or whatever other writers made of it (numbers, fractions, null, nonsense).
 *
 * @returns Seconds, rounded down; `undefined` where no instant can be read.
 */
export function readInstant(value: unknown): EpochSeconds | undefined {
  const seconds = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= Number.MAX_SAFE_INTEGER)) return undefined
  return Math.floor(seconds)
}

/** Writes an instant as the format wants it: text of whole seconds. A fraction makes MSAL Go refuse the whole file. */
export function writeInstant(at: EpochSeconds): string {
  return String(readInstant(at) ?? 0)
}

/** The members that are not known here; `undefined` when there are none. */
export function otherFields(table: JsonTable, known: ReadonlySet<string>): JsonTable | undefined {
  const others = Object.entries(table).filter(([name]) => !known.has(name))
  // Unlike an assignment, this makes "__proto__" a member like any other.
  return others.length === 0 ? undefined : Object.fromEntries(others)
}
