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
