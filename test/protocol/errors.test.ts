import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AuthError, display, isAuthError, TransportError } from '../../src/errors.ts'
import { anyCharacter } from '../any-character.ts'

describe('display', () => {
  it('leaves no character that a terminal would obey, and no line end', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 3_000 }), (text) => {
        const shown = display(text)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be left
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/)
        expect(shown.length).toBeLessThanOrEqual(500)
      }),
    )
  })

  it('writes an escape sequence so that it can be read', () => {
    expect(display('a\u001b[31mred\r\n  b')).toBe('a\\u{1b}[31mred b')
  })
})

describe('AuthError', () => {
  it('shows text of a server without what a terminal would obey', () => {
    const hint = 'a\u001b]0;title\u0007'
    expect(new AuthError('ERR_X', 'a\u001b[2J', { step: 'token', hint })).toMatchObject({
      message: 'a\\u{1b}[2J',
      hint: 'a\\u{1b}]0;title\\u{7}',
    })
  })

  it('is recognised when it comes from another installed copy of the package', () => {
    const foreign = Object.defineProperty(new Error('x'), Symbol.for('ropc-client.AuthError'), { value: true })
    expect(isAuthError(foreign)).toBe(true)
    expect(isAuthError(new Error('x'))).toBe(false)
    expect(isAuthError(undefined)).toBe(false)
  })

  it('has the name AbortError when a caller aborted, and its own name otherwise', () => {
    expect(new TransportError('ERR_TRANSPORT_ABORTED', 'm', { step: 'token' }).name).toBe('AbortError')
    expect(new TransportError('ERR_TRANSPORT_TLS', 'm', { step: 'token' }).name).toBe('TransportError')
    expect(new AuthError('ERR_X', 'm', { step: 'token' })).not.toHaveProperty('hint')
  })
})
