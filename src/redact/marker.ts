/** Stands where something was that may not be seen and is not known as a secret. */
export const notShown = '[not shown]'

/** Stands where a text was that shows a secret, or a part of one. */
export const withheld = '[withheld: it repeats a secret]'

const limits = [0, 7, 15, 31, 63, 255, 1_023, 4_095]

/**
 * Stands where a secret was: what it was, and how long about; the exact length of a password would help to guess it. What is
 * such a stand-in already stays: what is redacted twice must come out the same.
 */
export function marker(what: string, text: string): string {
  return stops.has(text.slice(1 + what.length)) && text.startsWith(`[${what},`)
    ? text
    : `[${what}${stopOf(text.length)}`
}

function stopOf(length: number): string {
  const limit = limits.find((most) => length <= most)
  return limit === undefined ? ', long]' : limit === 0 ? ', empty]' : `, up to ${limit} characters]`
}

const stops: ReadonlySet<string> = new Set([...limits.map(stopOf), stopOf(Number.POSITIVE_INFINITY)])

// A server may write anything into its content type.
const shownTypes: ReadonlySet<string> = new Set([
  'application/json',
  'application/octet-stream',
  'application/soap+xml',
  'application/x-www-form-urlencoded',
  'application/xml',
  'text/html',
  'text/plain',
  'text/xml',
])

/** Stands where a body was that nobody can read, and so nobody can redact: `[dropped: 1,234 bytes of text/html]`. */
export function dropped(body: string, contentType: string): string {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  const bytes = new TextEncoder().encode(body).byteLength
  return `[dropped: ${bytes.toLocaleString('en-US')} bytes of ${shownTypes.has(type) ? type : 'an unknown type'}]`
}

/** Whether a body is what {@link dropped} writes. */
export function isDropped(body: string): boolean {
  const type = /^\[dropped: [\d,]{1,20} bytes of ([a-z/+ -]{1,40})\]$/.exec(body)?.[1]
  return type === 'an unknown type' || shownTypes.has(type ?? '')
}
