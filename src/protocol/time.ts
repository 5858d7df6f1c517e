/** An instant in whole seconds since 1970-01-01T00:00:00Z. */
export type EpochSeconds = number

/** Formats an instant as `xs:dateTime` in UTC without fractions: `2026-11-22T19:44:50Z`. */
export function formatInstant(at: EpochSeconds): string {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z')
}

/** Reads an `xs:dateTime` with a time zone. @returns `undefined` when it is not one. */
export function parseInstant(text: string): EpochSeconds | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000)
}

/** Reads an HTTP date in its preferred form: `Sun, 22 Nov 2026 19:44:50 GMT` (RFC 9110 §5.6.7). */
export function parseHttpDate(text: string): EpochSeconds | undefined {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms / 1000
}

/** The instant as JavaScript has it, for people who use the package. */
export function toDate(at: EpochSeconds): Date {
  return new Date(at * 1000)
}
