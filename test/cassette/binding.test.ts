import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBinding } from '../../src/cassette/binding.ts'

const pseudonym = 'user1@tenant1.example'

describe('a bound user name', () => {
  it('is found in any case and any encoding, and not inside of a longer one', () => {
    const { toPseudonym } = createBinding(pseudonym, 'Ada@Corp.example')
    expect(toPseudonym('https://a.example/userrealm/ada%40corp.EXAMPLE?x=1')).toBe(
      `https://a.example/userrealm/${encodeURIComponent(pseudonym)}?x=1`,
    )
    expect(toPseudonym('username=ADA%40corp.example&a=b')).toBe('username=user1%40tenant1.example&a=b')
    expect(toPseudonym('<a>ada@corp.example</a>')).toBe(`<a>${pseudonym}</a>`)
    expect(toPseudonym('{"upn":"leah.ada@corp.example"}')).toBe('{"upn":"leah.ada@corp.example"}')
  })

  it('comes back as it is, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 20 }), (local) => {
        const own = `x${local.replace(/[\s\p{C}]/gu, '')}@corp.example`
        const { toOwn } = createBinding(pseudonym, own)
        expect(JSON.parse(toOwn(JSON.stringify({ upn: pseudonym })))).toEqual({ upn: own })
      }),
      { examples: [['$&'], ["$'"], ['$$']] },
    )
  })

  it('that is a word as well is left alone where no user name stands', () => {
    const { toPseudonym } = createBinding(pseudonym, 'user')
    expect(toPseudonym('username=user&scope=User.Read')).toBe('username=user1%40tenant1.example&scope=User.Read')
    expect(toPseudonym('https://a.example/common/userrealm/user?x=1')).toContain('/userrealm/user1%40tenant1.example?')
    expect(toPseudonym('<Username>user</Username><Scope>user</Scope>')).toBe(
      `<Username>${pseudonym}</Username><Scope>user</Scope>`,
    )
  })

  it('cannot be empty: it would stand everywhere', () => {
    expect(() => createBinding(pseudonym, '')).toThrow(/empty/)
  })
})
