/**
 * Any text as a part of a key, one to one: braces mark what a cluster goes by, between which nothing means something else,
 * and clients spoil half of a surrogate pair.
 */
export function encodeName(name: string): string {
  if (name === '') return '%'
  return name.replace(
    /[%{}]|\p{Surrogate}/gu,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The text that {@link encodeName} made this of. */
export function decodeName(text: string): string {
  if (text === '%') return ''
  return text.replace(/%([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

/** Text for a pattern, to be matched as it is. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^]/g, '\\$&')
}
