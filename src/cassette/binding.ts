import { InvalidArgumentError } from '../errors.ts'
import { userNames } from '../redact/identifiers.ts'
import { walkTexts } from '../redact/walk-texts.ts'

/** Puts a user's own name in the place of a pseudonym, and back. */
export interface Binding {
  toPseudonym(text: string): string
  toOwn(text: string): string
}

/** @param own The name that the program under test signs in with; without it, it uses the pseudonym. */
export function createBinding(pseudonym: string | undefined, own: string | undefined): Binding {
  if (own === undefined) return { toPseudonym: (text) => text, toOwn: (text) => text }
  if (own === '') {
    throw new InvalidArgumentError('the user name to bind is empty', {
      step: 'authority',
      hint: 'Pass the one that your program signs in with, or none.',
    })
  }
  if (pseudonym === undefined) {
    throw new InvalidArgumentError('the cassette does not say which user it is of', {
      step: 'authority',
      hint: 'Record it with a `client.username`, or replay it with the names in it.',
    })
  }
  return { toPseudonym: replacing(own, pseudonym), toOwn: replacing(pseudonym, own) }
}

function replacing(from: string, to: string): (text: string) => string {
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}.])${from.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}(?![\\p{L}\\p{N}])`,
    'giu',
  )
  // A name such as "user" is a word too, in the names of permissions for one.
  const isAnywhere = from.includes('@') || /^user\d+$/.test(from)
  return (text) =>
    walkTexts(text, ({ text: leaf, name }) =>
      isAnywhere || userNames.has(name) ? leaf.replace(pattern, () => to) : leaf,
    )
}
