import { inspect } from 'node:util'
import { expect, it } from 'vitest'

/**
 * Marks that every secret of the contract is built around, one near its head, one in its middle, one near its tail: a
 * third of a secret in an output is a leak too. They are letters and digits, which most escapings leave alone.
 */
export const marks = ['Zk3vQx9LmA', 'Wq8nHt2RfB', 'Jy5cPd7GsC'] as const

const specials = [
  ...'$&<>"\'`\\/+=%#?;:,.!*()[]{}|^~ \t\r\né€ßЖ漢😀',
  '$&',
  '$$',
  '$`',
  ']]>',
  '&amp;',
  '%41',
  '\\u0041',
  '\r\n',
]

/** Random secrets: the marks, with whatever breaks an escaping before, between and behind them. */
export function randomSecrets(count: number, random: () => number = Math.random): string[] {
  const some = (): string =>
    Array.from({ length: Math.floor(random() * 5) }, () => specials[Math.floor(random() * specials.length)]).join('')
  return Array.from({ length: count }, () => {
    const edge = (): string => some().trim()
    return `${edge()}${marks[0]}${some()}${marks[1]}${some()}${marks[2]}${edge()}`
  })
}

/** The ways in which an output shows a secret, as `{decoding}: {mark}`; empty when it shows none. */
export function findLeaks(output: string): string[] {
  const leaks = new Set<string>()
  for (const [name, decode] of Object.entries(decodings)) {
    const text = decode(output)
    for (const mark of marks) if (text.includes(mark)) leaks.add(`${name}: ${mark}`)
  }
  const lowerCase = output.toLowerCase()
  for (const mark of marks) {
    if (output.includes([...mark].reverse().join(''))) leaks.add(`reversed: ${mark}`)
    for (const [name, bytes] of Object.entries(byteForms(mark))) {
      if (lowerCase.includes(bytes.toString('hex'))) leaks.add(`${name} in hex: ${mark}`)
      // The same bytes have three spellings in base64, by where they fall in the groups of three.
      for (const offset of [0, 1, 2]) {
        if (output.includes(base64Core(bytes, offset))) leaks.add(`${name} in base64 (${offset}): ${mark}`)
      }
    }
  }
  return [...leaks]
}

const percent = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())

const decodings: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  'url-encoded': percent,
  'url-encoded twice': (text) => percent(percent(text)),
  'XML-escaped': (text) =>
    text.replace(/&#(x[0-9a-f]+|\d+);/gi, (_, code: string) => String.fromCodePoint(Number(code.replace(/^x/i, '0x')))),
  'JSON-escaped': (text) =>
    text.replace(/\\+u\{?([0-9a-f]{1,6})\}?/gi, (whole, hex: string) => {
      const code = Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    }),
}

function byteForms(mark: string): Readonly<Record<string, Buffer>> {
  return { 'UTF-8': Buffer.from(mark), 'UTF-16': Buffer.from(mark, 'utf16le') }
}

// What stays of a text's base64 whatever stands around it: the groups that hold nothing else.
function base64Core(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  const whole = Math.floor((offset + bytes.length) / 3) * 4
  return encoded.slice(offset === 0 ? 0 : 4, whole)
}

export interface SecrecyOptions {
  /** Calls of `produce`; default 200. */
  readonly runs?: number
  /** Secrets handed to each call; default 100, so that a contract tries 20,000. */
  readonly secretsPerRun?: number
}

/**
 * Registers a test that no secret can be found in an output: not as it is, nor through URL, form, XML, JSON, hex,
 * base64 (any alignment, UTF-8 or UTF-16) decoding.
 *
 * @param produce Uses every secret it is given wherever a user would, and returns all the text that came out.
 */
export function secrecyContract(
  name: string,
  produce: (secrets: readonly string[]) => string | Promise<string>,
  { runs = 200, secretsPerRun = 100 }: SecrecyOptions = {},
): void {
  it(`${name}: none of ${runs * secretsPerRun} random secrets can be found`, { timeout: 60_000 }, async () => {
    for (let run = 0; run < runs; run++) {
      const output = await produce(randomSecrets(secretsPerRun))
      expect(output.length, 'an output that is empty shows nothing about secrecy').toBeGreaterThan(0)
      expect(findLeaks(output)).toEqual([])
    }
  })
}

// Where long lines are broken, and texts at their line ends, costs time and hides nothing.
const breakLength = Number.POSITIVE_INFINITY

/** Everything a program might do to show a value. */
export function show(value: unknown): string {
  const error = value instanceof Error ? `${value.message}${value.stack}${inspect(value.cause, { depth: null })}` : ''
  return [
    String(value),
    JSON.stringify(value),
    inspect(value, { breakLength }),
    inspect({ value }, { depth: null, showHidden: true, getters: true, breakLength }),
    error,
  ].join('\n')
}
