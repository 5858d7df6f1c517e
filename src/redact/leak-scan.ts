import type { Secret } from '../protocol/secret.ts'
import { isProtocolWord } from './known-names.ts'
import { readings } from './readings.ts'

/** Looks for secrets in texts. */
export interface LeakScan {
  /** Whether a text shows a whole secret, in any encoding. */
  shows(text: string): boolean
  /** Whether a text shows a secret or a telling part of one: eight letters and digits in a row. */
  showsPart(text: string): boolean
}

/**
 * True if a text shows one of the secrets, as it is or in any encoding: percent, XML, JSON, base64 at any alignment, hex, UTF-16,
 * backwards, or any two of them. For the scan of what was, or is to be, written.
 *
 * A secret of fewer than 4 characters is found in anything, and one that is a word of the protocol (`password`) in any message:
 * they are not looked for. What protects them is that nothing is shown but what is on a list.
 */
export function showsSecret(text: string, secrets: readonly Secret[]): boolean {
  return createLeakScan(secrets).shows(text)
}

export function createLeakScan(secrets: readonly Secret[]): LeakScan {
  const wholes = [...new Set(secrets.flatMap((secret) => textsOf(secret.reveal())))].filter(
    (text) => text.length >= 4 && !isProtocolWord(text),
  )
  if (wholes.length === 0) return { shows: () => false, showsPart: () => false }
  const letterings = wholes.map(squeeze).filter((letters) => letters.length >= 8)
  const squeezed = letterings.flatMap((letters) => [letters, backwards(letters)])
  const tellable = wholes.filter((text) => !isAssertion(text)).map(squeeze)
  const parts = new Set(tellable.flatMap((letters) => [...partsOf(letters), ...partsOf(backwards(letters))]))
  const showsWhole = (reading: string, letters: string): boolean =>
    wholes.some((text) => reading.includes(text)) || squeezed.some((text) => letters.includes(text))
  return {
    shows: (text) => readings(text).some((reading) => showsWhole(reading, squeeze(reading))),
    showsPart: (text) =>
      readings(text).some((reading) => {
        const letters = squeeze(reading)
        return showsWhole(reading, letters) || partsOf(letters).some((part) => parts.has(part))
      }),
  }
}

// Its parts are the names of elements and namespaces, which stand everywhere. A password may begin with any character.
function isAssertion(text: string): boolean {
  return /^<(?:[\w.-]{1,50}:)?(?:Encrypted)?Assertion[\s>]/.test(text)
}

// Of a JWT and of an assertion the signature is what makes it one; the rest of it may be known.
function textsOf(secret: string): readonly string[] {
  if (isAssertion(secret)) {
    const signatures = secret.matchAll(/<(?:[\w.-]+:)?SignatureValue\b[^>]{0,200}>([^<]{8,})</g)
    return [secret, ...Array.from(signatures, ([, value = '']) => value.trim())]
  }
  const signature = /^eyJ[\w-]+\.[\w-]+\.([\w-]{8,})$/.exec(secret)?.[1]
  return signature === undefined ? [secret] : [secret, signature]
}

/** What no encoding changes once it is undone, and what survives when it is not: the ASCII letters and digits. */
function squeeze(text: string): string {
  return text.replace(/[^a-z0-9]/gi, '').toLowerCase()
}

function backwards(letters: string): string {
  return [...letters].reverse().join('')
}

const partLength = 8

// Parts without a digit are words, such as every description has.
function partsOf(letters: string): readonly string[] {
  const parts: string[] = []
  for (let start = 0; start + partLength <= letters.length; start++) {
    const part = letters.slice(start, start + partLength)
    if (/\d/.test(part)) parts.push(part)
  }
  return parts
}
