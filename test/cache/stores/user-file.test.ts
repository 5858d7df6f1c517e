import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredEntity } from '../../../src/cache/entities.ts'
import { parseUserFile, writeUserFile } from '../../../src/cache/stores/user-file.ts'
import { anyCharacter } from '../../any-character.ts'

const owner = { homeAccountId: 'ada.t', environment: 'login.example' }
const credential = { ...owner, clientId: 'c', secret: 's' }
const all: readonly StoredEntity[] = [
  {
    ...credential,
    kind: 'AccessToken',
    tenantId: 't',
    scopes: ['User.Read'],
    cachedAt: 1,
    expiresOn: 2,
    authorityTenant: 'organizations',
    askedScopes: 'user.read',
    resource: 'r',
    refreshOn: 1,
    extendedExpiresOn: 3,
    msal: { key: 'k', fields: { other: null } },
  },
  { ...credential, kind: 'RefreshToken', cachedAt: 0, expiresOn: 9, familyId: '1', msal: {} },
  { ...credential, kind: 'IdToken', tenantId: 't', msal: { fields: {} } },
  { ...owner, kind: 'Account', localAccountId: 'l', tenantId: 't', username: 'ada', name: 'Ada', signInName: 'a' },
  { ...owner, kind: 'Account', localAccountId: 'l', tenantId: 't', username: 'ada', authorityType: 'ADFS', msal: {} },
  { kind: 'AppMetadata', clientId: 'c', environment: 'e', familyId: '' },
  { kind: 'Foreign', section: 'S', key: 'k', value: { a: [1] } },
  { kind: 'Foreign', section: 'S', value: null },
  { kind: 'Sealed', secret: 'x', usernames: ['h'], localAccountId: 'h', expiresOn: 1 },
]

describe("a user's file", () => {
  it('gives back what was written, whatever the names and texts', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string({ unit: anyCharacter }), (partition, text) => {
        const entities = new Map(all.map((entity, at) => [`${at}${text}`, entity]))
        entities.set('__proto__', { kind: 'Sealed', secret: text })
        expect(parseUserFile(writeUserFile(partition, entities))).toEqual({ partition, entities })
      }),
    )
  })

  it('loses only the entities whose members are of a wrong type', () => {
    const good: readonly unknown[] = all.map((entity, at) => [`${at}`, entity])
    for (const entity of all) {
      for (const member of Object.keys(entity).filter((name) => entity.kind !== 'Foreign' || name !== 'value')) {
        for (const wrong of [{ wrong: 's' }, [1], false, '__proto__']) {
          const isText = typeof wrong === 'string'
          if (isText && typeof (entity as unknown as Record<string, unknown>)[member] === 'string' && member !== 'kind')
            continue
          const spoiled = ['bad', { ...entity, [member]: wrong }]
          const isOrigin = member === 'msal' && !isText && wrong !== false && !Array.isArray(wrong)
          if (isOrigin) continue
          const text = JSON.stringify({ version: 1, partition: 'ada.t', entities: [spoiled, ...good] })
          expect([...(parseUserFile(text)?.entities.keys() ?? [])], member).toEqual(all.map((_, at) => `${at}`))
        }
      }
    }
  })

  it.each([
    ['a key that is no text', [1, all[0]]],
    ['no key', [all[0]]],
    ['nothing in it', ['key', null]],
    ['no kind', ['key', {}]],
    ['a kind that is not known', ['key', { kind: 'toString' }]],
    ['too much', ['key', all[0], 1]],
    ['a missing member', ['key', { ...credential, kind: 'IdToken' }]],
    ['a time that is none', ['key', { ...credential, kind: 'RefreshToken', cachedAt: '1' }]],
    ['scopes that are no texts', ['key', { ...all[0], scopes: ['a', 1] }]],
    ['an origin that is none', ['key', { ...all[1], msal: { key: 1 } }]],
    ['another form', { key: all[0] }],
  ])('leaves out an entry with %s', (_, entry) => {
    const text = JSON.stringify({ version: 1, partition: 'p', entities: [entry] })
    expect(parseUserFile(text)?.entities.size).toBe(0)
  })

  it.each([
    '',
    '{',
    'null',
    '[]',
    '"text"',
    '{"version":2,"partition":"p","entities":[]}',
    '{"version":1,"entities":[]}',
    '{"version":1,"partition":"p","entities":{}}',
    '{"__proto__":{"version":1,"partition":"p","entities":[]}}',
  ])('is not: %s', (text) => {
    expect(parseUserFile(text)).toBeUndefined()
  })
})
