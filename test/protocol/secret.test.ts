import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/protocol/secret.ts'

describe('Secret', () => {
  it('shows its text nowhere but in reveal()', () => {
    const secret = new Secret('Pa$$w0rd')
    const shown = [String(secret), `${secret}`, JSON.stringify({ secret }), inspect({ secret }, { showHidden: true })]
    expect(shown.join()).not.toContain('Pa$$w0rd')
    expect(secret.reveal()).toBe('Pa$$w0rd')
  })

  it('is recognised when it comes from another installed copy of the package', () => {
    const foreign = Object.defineProperty({ reveal: () => 'x' }, Symbol.for('ropc-client.Secret'), { value: true })
    expect(Secret.is(foreign)).toBe(true)
    expect(Secret.is('x')).toBe(false)
    expect(Secret.from(foreign as Secret).reveal()).toBe('x')
  })
})
