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

function fromBase64(run: string): string {
  // One letter more than whole groups carries no byte.
  const whole = run.length % 4 === 1 ? run.slice(0, -1) : run
  const binary = atob(whole.replaceAll('-', '+').replaceAll('_', '/'))
  return textOf(Uint8Array.from(binary, (letter) => letter.charCodeAt(0)))
}

function hexBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1)
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16)
  return bytes
}

// Where there are NULs the bytes may be UTF-16, of either byte order, and may begin in the middle of a character.
function textOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  if (!bytes.includes(0)) return text
  const orders = ['utf-16le', 'utf-16be'].map((label) => new TextDecoder(label))
  return [text, ...orders.flatMap((order) => [order.decode(bytes), order.decode(bytes.subarray(1))])].join('\n')
}
