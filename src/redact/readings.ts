/**
 * A text and whatever it may be an encoding of: percent-encoding, XML references and JSON escapes three layers deep; base64 and
 * base64url at any alignment and hex in the first two of them, of UTF-8 or UTF-16.
 */
export function readings(text: string): readonly string[] {
  const found = new Set([text])
  let layer = [text]
  for (const decoders of [[...escapings, ...encodings], [...escapings, ...encodings], escapings]) {
    layer = layer
      .flatMap((reading) => decoders.map((decode) => decode(reading)))
      .filter((reading) => reading !== '' && !found.has(reading))
    for (const reading of layer) found.add(reading)
  }
  return [...found]
}

type Decoder = (text: string) => string

const escapings: readonly Decoder[] = [
  (text) => text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => textOf(hexBytes(run.replaceAll('%', '')))),
  (text) =>
    // In one pass: "&#38;amp;" is "&amp;", and not yet "&".
    text.replace(/&(?:#(?:x([0-9a-f]{1,6})|(\d{1,7}))|(amp|lt|gt|quot|apos));/gi, (_, hex, digits, name) =>
      name === undefined
        ? character(hex === undefined ? Number(digits) : Number.parseInt(hex, 16))
        : (named[name.toLowerCase()] ?? ''),
    ),
  (text) =>
    text.replace(/\\(?:u\{?([0-9a-f]{4,6})\}?|([nrtbf"'/\\]))/gi, (_, hex, letter) =>
      hex === undefined ? (controls[letter] ?? letter) : character(Number.parseInt(hex, 16)),
    ),
]

const encodings: readonly Decoder[] = [
  ...[0, 1, 2, 3].map(
    (skip) => (text: string) => runs(text, /[A-Za-z0-9+/_-]{6,}/g, (run) => fromBase64(run.slice(skip))),
  ),
  ...[0, 1].map((skip) => (text: string) => runs(text, /[0-9a-f]{8,}/gi, (run) => textOf(hexBytes(run.slice(skip))))),
]

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ''
}

function runs(text: string, pattern: RegExp, decode: (run: string) => string): string {
  return Array.from(text.matchAll(pattern), ([run]) => decode(run)).join('\n')
}

const sextets: Uint8Array = new Uint8Array(128)
for (const alphabet of ['+/', '-_']) {
  const digits = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${alphabet}`
  for (let value = 0; value < digits.length; value++) sextets[digits.charCodeAt(value)] = value
}

// By hand, and in one go: atob and a callback for each byte take five times as long, and a scan is nearly nothing else.
function fromBase64(run: string): string {
  // One letter more than whole groups carries no byte.
  const bytes = new Uint8Array((run.length * 3) >> 2)
  let bits = 0
  for (let index = 0, at = 0; index < run.length; index++) {
    bits = ((bits << 6) | (sextets[run.charCodeAt(index)] ?? 0)) & 0xffffff
    if (index % 4 !== 0) bytes[at++] = bits >> (6 - 2 * (index % 4))
  }
  return textOf(bytes)
}

function hexBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1)
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16)
  return bytes
}

const utf8 = new TextDecoder()
const utf16 = ['utf-16le', 'utf-16be'].map((label) => new TextDecoder(label))

// Where there are NULs the bytes may be UTF-16, of either byte order, and may begin in the middle of a character.
function textOf(bytes: Uint8Array): string {
  const text = utf8.decode(bytes)
  if (!bytes.includes(0)) return text
  return [text, ...utf16.flatMap((order) => [order.decode(bytes), order.decode(bytes.subarray(1))])].join('\n')
}
