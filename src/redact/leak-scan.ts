import type { Secret } from '../protocol/secret.ts'

/** How a text may be written in a message: as it is, or as the ways of escaping and encoding leave it. Shorter than 4 characters: none. */
export function spellingsOf(text: string): readonly string[] {
  if (text.length < 4) return []
  const percent = encodeURIComponent(text)
  const form = new URLSearchParams([['', text]]).toString().slice(1)
  const cores = [bytesOf(text), utf16Of(text)].flatMap((bytes) => [0, 1, 2].map((offset) => base64Core(bytes, offset)))
  const spellings = [
    text,
    percent,
    percent.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    form,
    form.replaceAll('+', '%20'),
    percent.replaceAll('%20', '+'),
    JSON.stringify(text).slice(1, -1),
    xmlEscaped(text),
    xmlEscaped(text).replaceAll('&gt;', '>'),
    xmlEscaped(text).replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
    hexOf(bytesOf(text)),
    ...cores,
    ...cores.map((core) => core.replaceAll('+', '-').replaceAll('/', '_')),
    ...cores.map((core) => encodeURIComponent(core)),
  ]
  return [...new Set(spellings)].filter((spelling) => spelling.length >= 4)
}

/** Writes `[redacted]` over a secret wherever it stands, in any spelling. */
export function maskSecrets(text: string, secrets: readonly Secret[]): string {
  let masked = text
  for (const secret of secrets) {
    // The longest first: a part of a spelling may be a spelling too.
    const spellings = [...spellingsOf(secret.reveal())].sort((a, b) => b.length - a.length)
    for (const spelling of spellings) {
      const pattern = new RegExp(spelling.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'gi')
      masked = masked.replace(pattern, '[redacted]')
    }
  }
  return masked
}

/** Whether a text shows one of the secrets, in any spelling, also where only some characters were escaped. */
export function showsSecret(text: string, secrets: readonly Secret[]): boolean {
  if (secrets.length === 0) return false
  const plain = text.toLowerCase()
  const bare = lettersAndDigits(text)
  return secrets.some((secret) => {
    const own = secret.reveal()
    // What looks like an escape in the secret itself is one in the text only if nobody escaped it again.
    const cores = [lettersAndDigits(own), own.replace(/[^a-z0-9]/gi, '').toLowerCase()]
    if (cores.some((core) => core.length >= 6 && bare.includes(core))) return true
    return spellingsOf(own).some((spelling) => plain.includes(spelling.toLowerCase()))
  })
}

// What no escaping changes: letters and digits, after those that were escaped needlessly are undone.
function lettersAndDigits(text: string): string {
  return text
    .replace(/%([0-9a-f]{2})|&#x([0-9a-f]{1,6});|\\+u\{?([0-9a-f]{2,6})\}?/gi, (_, ...hex: (string | undefined)[]) =>
      characterOf(Number.parseInt(hex.find((digits) => digits !== undefined) ?? '0', 16)),
    )
    .replace(/&#(\d{1,7});/g, (_, digits: string) => characterOf(Number(digits)))
    .replace(/&[a-z]+;|\\[nrtbf]|[^a-z0-9]/gi, '')
    .toLowerCase()
}

function characterOf(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ''
}

function xmlEscaped(text: string): string {
  return text.replace(/[&<>]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : '&gt;'))
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function utf16Of(text: string): Uint8Array {
  return Uint8Array.from(
    [...Array(text.length).keys()].flatMap((at) => [text.charCodeAt(at) & 255, text.charCodeAt(at) >> 8]),
  )
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

// What stays of the base64 of these bytes whatever stands before and after them; the same bytes have three spellings.
function base64Core(bytes: Uint8Array, offset: number): string {
  const encoded = btoa(String.fromCharCode(...new Uint8Array(offset), ...bytes))
  return encoded.slice(offset === 0 ? 0 : 4, Math.floor((offset + bytes.length) / 3) * 4)
}
