import { InvalidArgumentError } from '../errors.ts'

/** What a user name looks like; only a user principal name says which domain, and so which realm, is meant. */
export type UsernameShape = 'upn' | 'phone' | 'down-level' | 'alias'

/** Tells a UPN (`ada@contoso.example`) from a phone number, a `DOMAIN\user` name and a bare alias. */
export function classifyUsername(username: string): UsernameShape {
  if (/^[^@\\]+\\[^@\\]+$/.test(username)) return 'down-level'
  if (/^[^@]+@[^@]+$/.test(username)) return 'upn'
  return /^\+?[\d ().-]{5,}$/.test(username) ? 'phone' : 'alias'
}

/** What to try when Entra does not know the realm of a name of this shape. */
export function unknownRealmHint(username: string): string {
  switch (classifyUsername(username)) {
    case 'phone':
      return 'The user name is a phone number: use the user principal name, such as ada@contoso.example.'
    case 'down-level':
      return 'The user name has the form DOMAIN\\user, which Entra does not know: use the user principal name, such as ada@contoso.example.'
    case 'alias':
      return 'The user name has no domain: use the user principal name, such as ada@contoso.example.'
    case 'upn':
      return 'No tenant has the domain of the user name: check it for typing errors, and the cloud of the authority.'
  }
}

/**
 * Checks a user name before it goes anywhere. It is not trimmed or changed.
 *
 * @throws {@link InvalidArgumentError} if it is empty, longer than 1024 characters, `.` or `..`, or holds a control
 *   character or half of a surrogate pair. The message never holds the name.
 */
export function checkUsername(username: unknown): string {
  if (typeof username !== 'string' || username.trim() === '') {
    throw invalid('the user name is empty', 'Pass the user principal name, such as ada@contoso.example.')
  }
  if (username.length > 1_024) throw invalid('the user name is longer than 1024 characters', 'Check what was passed.')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(username) || !username.isWellFormed()) {
    throw invalid(
      'the user name holds a control character or half of a surrogate pair',
      'Look for a stray line end, for instance from a file.',
    )
  }
  // As a path segment these two mean "here" and "one up", percent-encoded or not.
  if (username === '.' || username === '..')
    throw invalid('the user name is only dots', 'Pass the user principal name.')
  return username
}

function invalid(message: string, hint: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'realm', hint })
}
