import { createHash, timingSafeEqual } from 'node:crypto'

/** Compares two secrets in time that depends on neither. Digests first: `timingSafeEqual` wants equal lengths. */
export function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(sha256(given), sha256(expected))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest()
}
