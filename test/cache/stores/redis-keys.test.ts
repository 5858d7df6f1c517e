import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredEntity } from '../../../src/cache/entities.ts'
import { expiryOf } from '../../../src/cache/expiry.ts'
import { createRedisStore } from '../../../src/cache/stores/redis.ts'
import { formatEntity, parseEntity } from '../../../src/cache/stores/redis-entity.ts'
import { decodeName, encodeName, escapeGlob } from '../../../src/cache/stores/redis-keys.ts'
import { anyCharacter } from '../../any-character.ts'

// Half surrogate pairs, and the characters that mean something.
const names = fc.string({
  unit: fc.oneof(fc.constantFrom('%', '{', '}', '\ud83d', '\ude00', '0', '7', 'b', '*'), fc.string({ minLength: 1 })),
})

describe('the name of a user in a key', () => {
  it('leads back to the user, and to no other', () => {
    fc.assert(
      fc.property(names, (name) => {
        // What a client sends is UTF-8, which has no half pairs.
        const sent = Buffer.from(encodeName(name)).toString()
        expect(decodeName(sent)).toBe(name)
      }),
    )
  })

  it('is never empty and holds no brace, so that a cluster goes by all of it', () => {
    fc.assert(fc.property(names, (name) => /^[^{}]+$/.test(encodeName(name))))
    expect(encodeName('')).toBe('%')
    expect(encodeName('8f0c.c0n7')).toBe('8f0c.c0n7')
  })

  it('means itself in a pattern', () => {
    expect(escapeGlob('app[1]*?^\\:')).toBe('app\\[1\\]\\*\\?\\^\\\\:')
  })
})

describe('an entity in a hash', () => {
  const refreshToken = {
    kind: 'RefreshToken',
    homeAccountId: 'ada.t',
    environment: 'login.example',
    clientId: 'c',
    secret: 'a\nb',
    cachedAt: 1_000,
  } as const satisfies StoredEntity
  const accessToken = { ...refreshToken, kind: 'AccessToken', tenantId: 't', scopes: ['a'], expiresOn: 2_000 } as const

  it('comes back as it was, and tells a script in milliseconds when it ends', () => {
    for (const entity of [refreshToken, accessToken, { ...accessToken, scopes: [] }] as const) {
      const text = formatEntity(entity)
      expect(parseEntity(text)).toEqual(entity)
      expect(text.split('\n')[1]).toBe(String((expiryOf(entity) ?? 0) * 1_000))
    }
  })

  it('keeps any secret, as the bytes that a client sends', () => {
    const secrets = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\n', '\r', '"', '\\', '\0', '\ud83d', '\ude00', '}'),
        fc.string({ unit: anyCharacter }),
      ),
    })
    fc.assert(
      fc.property(secrets, fc.option(fc.integer({ min: 0 }), { nil: undefined }), (secret, expiresOn) => {
        const entity = { ...refreshToken, secret, ...(expiresOn === undefined ? {} : { expiresOn }) }
        expect(parseEntity(Buffer.from(formatEntity(entity)).toString())).toEqual(entity)
      }),
    )
  })

  it('is read in the form of older versions too: the secret in the JSON', () => {
    expect(parseEntity(`${JSON.stringify(refreshToken)}\n5000`)).toEqual(refreshToken)
    expect(parseEntity(JSON.stringify(refreshToken))).toEqual(refreshToken)
  })

  it.each([
    ['a fraction of a second', 2_000.000_4, '2000000'],
    ['for ever', Number.POSITIVE_INFINITY, 'never'],
    ['a time that Redis cannot hold', 1e300, 'never'],
    ['a time before all', -1, '0'],
    ['no time at all', Number.NaN, undefined],
  ])('ends in %s', (_, expiresOn, expected) => {
    expect(formatEntity({ ...accessToken, expiresOn }).split('\n')[1]).toBe(expected)
  })

  it('may be of every kind', () => {
    const account = {
      kind: 'Account',
      homeAccountId: 'a',
      environment: 'e',
      localAccountId: 'l',
      tenantId: 't',
      username: 'u',
    } as const
    const entities: readonly StoredEntity[] = [
      { ...accessToken, kind: 'IdToken' },
      account,
      { ...account, signInName: 'ada' },
      { kind: 'AppMetadata', clientId: 'c', environment: 'e' },
      { kind: 'Foreign', section: 'AccessToken', key: 'k', value: { a: 1 } } as unknown as StoredEntity,
      { kind: 'Sealed', secret: 'c1ph3r', usernames: ['h4sh'] },
    ]
    for (const entity of entities) expect(parseEntity(formatEntity(entity))).toEqual(entity)
    for (const spoilt of [
      { ...account, signInName: 7 },
      { kind: 'AppMetadata', clientId: 'c' },
      { kind: 'Foreign' },
      { kind: 'Sealed', secret: 'c1ph3r', usernames: 'h4sh' },
    ]) {
      expect(parseEntity(JSON.stringify(spoilt))).toBeUndefined()
    }
  })

  it('is what has the members that readers rely on, and nothing else', () => {
    const spoilt: readonly unknown[] = [
      null,
      7,
      [],
      'AccessToken',
      { ...refreshToken, kind: 'toString' },
      { ...refreshToken, kind: ['RefreshToken', 1] },
      { ...refreshToken, secret: 7 },
      { ...accessToken, scopes: 'a' },
      { ...accessToken, scopes: [1] },
      { kind: 'Account', homeAccountId: 'a', environment: 'e', localAccountId: 'l', tenantId: 't' },
      {
        kind: 'Account',
        homeAccountId: 'a',
        environment: 'e',
        localAccountId: 'l',
        tenantId: 't',
        username: 'u',
        signInName: 1,
      },
      { kind: 'Sealed', secret: 's', usernames: 'u' },
      { kind: 'Sealed', secret: 's', usernames: null },
    ]
    for (const value of spoilt) expect(parseEntity(JSON.stringify(value))).toBeUndefined()
    expect(parseEntity('{"kind":"Sealed","secret":')).toBeUndefined()
    expect(parseEntity('{"kind":"Sealed","secret":"s"}')).toEqual({ kind: 'Sealed', secret: 's' })
    // The note when it came may be missing; the token is good.
    expect(
      parseEntity('{"kind":"RefreshToken","homeAccountId":"a","environment":"e","clientId":"c","secret":"s"}'),
    ).toBeDefined()
  })
})

it('a user whom a scan brings twice, as it may, is listed once', async () => {
  const client = {
    hgetall: async () => ({}),
    eval: async () => '',
    evalsha: async (_sha: string, _count: number, key: string) => `app:${key}`,
    scan: async (cursor: string) => [cursor === '0' ? '7' : '0', ['app:entra:{ada.t}', `app:entra:{${cursor}}`]],
  }
  const found: string[] = []
  for await (const name of createRedisStore(client as never).partitions()) found.push(name)
  expect(found).toEqual(['ada.t', '0', '7'])
})

describe('a Redis store is not made', () => {
  it('of something that is no client', () => {
    for (const client of [undefined, {}, 'redis://localhost'] as never[]) {
      expect(() => createRedisStore(client)).toThrow(/neither of the redis nor of the ioredis package/)
    }
  })

  it('with a prefix that would keep all users of a cluster in one place', () => {
    expect(() => createRedisStore({} as never, { prefix: '{app}' })).toThrow(/braces/)
  })
})
