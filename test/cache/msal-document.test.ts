import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AccessTokenEntity,
  type AccountEntity,
  type IdTokenEntity,
  type RefreshTokenEntity,
  type SealedEntity,
  type StoredEntity,
  sharedPartition,
} from '../../src/cache/entities.ts'
import { entityKey } from '../../src/cache/keys.ts'
import { MsalDocument } from '../../src/cache/msal-document.ts'
import { readMsalEntry } from '../../src/cache/msal-schema.ts'
import { savingChange } from '../../src/cache/partition.ts'
import { fixture } from '../fixtures.ts'
import { byKey, entitiesOf, json, oddNames, type Plain } from './msal-entities.ts'

const client = '22222222-3333-4444-8555-666666666666'
const tenant = '11111111-2222-4333-8444-555555555555'
const ada = `aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee.${tenant}`
const bob = `bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee.${tenant}`
const later = 1_795_400_000
const common = { homeAccountId: ada, environment: 'login.windows.net', clientId: client }
const token: AccessTokenEntity = {
  kind: 'AccessToken',
  ...common,
  tenantId: tenant,
  scopes: ['email', 'https://graph.microsoft.com/User.Read', 'openid', 'profile'],
  secret: 'new AT',
  cachedAt: later,
  expiresOn: later + 4_000,
  extendedExpiresOn: later + 4_000,
}
const refreshToken: RefreshTokenEntity = { kind: 'RefreshToken', ...common, secret: 'new RT', cachedAt: later }
const idToken: IdTokenEntity = { kind: 'IdToken', ...common, tenantId: tenant, secret: 'new ID' }
const account: AccountEntity = {
  kind: 'Account',
  homeAccountId: ada,
  environment: common.environment,
  localAccountId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
  tenantId: tenant,
  username: 'ada@contoso.example',
  name: 'Ada Lovelace',
}
const signIn: readonly Plain[] = [token, refreshToken, idToken, account]

type Root = Record<string, Record<string, Record<string, unknown>>>

function rootOf(document: MsalDocument): Root {
  return JSON.parse(document.serialize()) as Root
}

/** Saves what a sign-in brings, as the client does. */
function save(document: MsalDocument, entities: readonly Plain[]): Root {
  const user = entities.find((entity) => 'homeAccountId' in entity)
  const partition = user !== undefined && 'homeAccountId' in user ? user.homeAccountId : sharedPartition
  expect(document.apply(partition, savingChange(document.read(partition), entities))).toBe(true)
  return rootOf(document)
}

/** The entries of a section that belong to a user, as `key: secret`. */
function secrets(root: Root, section: string, user = ada): Record<string, unknown> {
  const own = Object.entries(root[section] ?? {}).filter(([, entry]) => entry['home_account_id'] === user)
  return Object.fromEntries(own.map(([key, entry]) => [key.slice(user.length + 1), entry['secret']]))
}

describe('MsalDocument.parse', () => {
  it('takes blank text for an empty cache, and does not mind a byte order mark', () => {
    for (const text of ['', ' \n', '\ufeff', '{}', '\ufeff{}']) {
      expect(MsalDocument.parse(text).serialize()).toBe('{}')
    }
  })

  it.each(['[]', 'null', '7', '"secret"', '{"AccessToken":{"k":{"secret":"hidden-secret"', 'secret {}'])(
    'refuses %s, without a word of it in the error',
    (text) => {
      let error: unknown
      try {
        MsalDocument.parse(text)
      } catch (thrown) {
        error = thrown
      }
      expect(error).toMatchObject({
        name: 'CacheError',
        code: 'ERR_CACHE_FORMAT',
        step: 'cache',
        hint: expect.any(String),
      })
      expect(error).not.toHaveProperty('cause')
      expect(`${(error as Error).message}${JSON.stringify(error)}`).not.toContain('secret')
    },
  )

  it('serialises what it cannot use as it was, sections of the format first', () => {
    const text =
      '{"x":7,"AppMetadata":{},"RefreshToken":[],"Account":{"__proto__":{"a":1}},"__proto__":{"constructor":null}}'
    const document = MsalDocument.parse(text)
    expect(document.serialize()).toBe(
      '{"Account":{"__proto__":{"a":1}},"RefreshToken":[],"AppMetadata":{},"x":7,"__proto__":{"constructor":null}}',
    )
    expect([...document.read(sharedPartition).values()]).toHaveLength(4)
  })

  const nested = (depth: number): string => `{"x":${'['.repeat(depth)}${']'.repeat(depth)}}`

  it('takes for spoiled what is nested deeper than any cache, since it could not be written again', () => {
    for (const depth of [101, 20_000]) {
      expect(() => MsalDocument.parse(nested(depth))).toThrow(expect.objectContaining({ code: 'ERR_CACHE_FORMAT' }))
    }
    expect(MsalDocument.parse(nested(50)).serialize()).toContain('[[[')
  })

  it('says that a cache is too deep for one text, instead of a RangeError', () => {
    const document = MsalDocument.empty()
    const { x: value } = JSON.parse(nested(20_000))
    const entity = { kind: 'Foreign', section: 'Other', key: 'deep', value } as const
    document.apply(sharedPartition, { put: { [entityKey(entity)]: entity } })
    expect(() => document.serialize()).toThrow(expect.objectContaining({ code: 'ERR_CACHE_WRITE', step: 'cache' }))
  })
})

describe('MsalDocument.read', () => {
  it('reads twins under several hosts and keys as one entity, the newest', () => {
    const found = [...MsalDocument.parse(fixture('cache/mixed.json')).read(ada).values()]
    const tokens = found.filter((entity) => entity.kind === 'RefreshToken')
    expect(tokens.map(({ secret }) => secret).sort()).toEqual(['frt-ada', 'rt-ada-mail'])
  })

  it.each([
    ['AccessToken', 'expires_on', { target: 'User.Read', realm: 't' }],
    ['RefreshToken', 'last_modification_time', {}],
  ])('takes the %s with the latest %s, of equal ones the later in the file', (section, member, more) => {
    const secretOf = (...instants: readonly unknown[]) => {
      const entries = instants.map((at, index) => {
        const value = { home_account_id: 'u.t', environment: 'e', client_id: 'c', secret: String(index), ...more }
        return [`k${index}`, { ...value, [member]: at }]
      })
      const [entity] = MsalDocument.parse(JSON.stringify({ [section]: Object.fromEntries(entries) }))
        .read('u.t')
        .values()
      return entity !== undefined && 'secret' in entity ? entity.secret : undefined
    }
    expect(secretOf('9', '7')).toBe('0')
    expect(secretOf('7', 9)).toBe('1')
    expect(secretOf('7', '7')).toBe('1')
    expect(secretOf(undefined, '1')).toBe('1')
    expect(secretOf('1', undefined)).toBe('0')
  })

  it.each([
    ['younger', 1_000, 'of unknown age'],
    ['older', 3_000, 'of known age'],
    ['as old, and stands behind', 2_000, 'of unknown age'],
  ])(
    'takes a refresh token to be as old as the access token of its host: that of unknown age is %s',
    (_, at, newest) => {
      const of = (kind: string, environment: string, fields: object) => ({
        ...{ home_account_id: ada, environment, client_id: client, credential_type: kind, ...fields },
      })
      const other = of('RefreshToken', 'login.microsoftonline.com', {
        ...{ secret: 'of known age', last_modification_time: String(at) },
      })
      const accessToken = (environment: string, cachedAt: string) =>
        of('AccessToken', environment, {
          secret: 'AT',
          target: 'a',
          realm: tenant,
          cached_at: cachedAt,
          expires_on: '9',
        })
      const text = JSON.stringify({
        RefreshToken: { a: other, b: of('RefreshToken', 'login.windows.net', { secret: 'of unknown age' }) },
        AccessToken: {
          a: accessToken('login.microsoftonline.com', '9000'),
          b: accessToken('login.windows.net', '2000'),
          c: { ...accessToken('login.windows.net', '9000'), client_id: 'another' },
        },
      })
      const tokens = [...MsalDocument.parse(text).read(ada).values()].filter(({ kind }) => kind === 'RefreshToken')
      expect(tokens).toMatchObject([{ secret: newest }])
    },
  )

  it('finds users by the name and the id in any of their tenants', () => {
    const document = MsalDocument.parse(fixture('cache/msal-node-7.json'))
    expect(document.findPartitions('username', 'ADA@contoso.example')).toEqual([ada])
    expect(document.findPartitions('username', 'ada_contoso.example#EXT#@fabrikam.example')).toEqual([ada])
    expect(document.findPartitions('localAccountId', 'guest-ada')).toEqual([ada])
    expect(document.findPartitions('localAccountId', 'GUEST-ADA')).toEqual([])
    expect(document.partitions()).toEqual([ada, bob])
    document.drop(ada)
    expect(document.findPartitions('username', 'ada@contoso.example')).toEqual([])
    expect(document.partitions()).toEqual([bob])
  })
})

describe('MsalDocument.apply', () => {
  it('writes a file that starts empty so that msal-node, MSAL Python and MSAL Go read it', () => {
    const root = save(MsalDocument.empty(), signIn)
    const stem = `${ada}-login.windows.net`
    const scopes = 'email https://graph.microsoft.com/user.read openid profile'
    expect(Object.entries(root).map(([section, table]) => [section, Object.keys(table)])).toEqual([
      ['Account', [`${stem}-${tenant}`]],
      ['IdToken', [`${stem}-idtoken-${client}-${tenant}--`]],
      ['AccessToken', [`${stem}-accesstoken-${client}-${tenant}-${scopes}`]],
      ['RefreshToken', [`${stem}-refreshtoken-${client}---`]],
      ['AppMetadata', [`appmetadata-login.microsoftonline.com-${client}`]],
    ])
    expect(root['AppMetadata']).toEqual({
      [`appmetadata-login.microsoftonline.com-${client}`]: {
        client_id: client,
        environment: 'login.microsoftonline.com',
      },
    })
  })

  it('files new entries under canonical keys for MSAL4J, and stays with the keys that are there', () => {
    const document = MsalDocument.empty({ keyDialect: 'schema' })
    expect(Object.keys(secrets(save(document, signIn), 'IdToken'))).toEqual([
      `login.windows.net-idtoken-${client}-${tenant}-`,
    ])
    const node = MsalDocument.parse(fixture('cache/msal-node-7.json'), { keyDialect: 'schema' })
    expect(secrets(save(node, signIn), 'RefreshToken')).toHaveProperty(
      [`login.windows.net-refreshtoken-${client}---`],
      'new RT',
    )
  })

  it('replaces the refresh and ID tokens of msal-node 3 under their own keys, so that msal-node 7 finds no older twin (msal-js #8835)', () => {
    const root = save(MsalDocument.parse(fixture('cache/msal-node-3.json')), signIn)
    expect(secrets(root, 'RefreshToken')).toEqual({
      [`login.windows.net-refreshtoken-${client}----`]: 'new RT',
      'login.windows.net-refreshtoken-1----': 'frt-ada',
    })
    expect(secrets(root, 'IdToken')).toMatchObject({ [`login.windows.net-idtoken-${client}-${tenant}---`]: 'new ID' })
    expect(Object.values(secrets(root, 'AccessToken')).sort()).toEqual(['at-ada-guest', 'new AT'])
  })

  it('prefers the newest generation of several twins, and leaves one of them', () => {
    const root = save(MsalDocument.parse(fixture('cache/mixed.json')), signIn)
    expect(secrets(root, 'RefreshToken')).toEqual({
      [`login.windows.net-refreshtoken-${client}---`]: 'new RT',
      'login.windows.net-refreshtoken-1---': 'frt-ada',
    })
    const idTokens = Object.entries(secrets(root, 'IdToken')).filter(([key]) => key.includes(`${client}-${tenant}`))
    expect(idTokens).toEqual([[`login.windows.net-idtoken-${client}-${tenant}--`, 'new ID']])
  })

  it('leaves one access token of those that MSAL Python piled up: overlapping ones go, others stay', () => {
    const root = save(MsalDocument.parse(fixture('cache/msal-python-1.31.json')), signIn)
    expect(Object.values(secrets(root, 'AccessToken')).sort()).toEqual(['at-ada-guest', 'at-ada-mail', 'new AT'])
  })

  it.each(['msal-node-3', 'msal-node-7', 'msal-python-1.31'])(
    'files the access token that replaces one of %s under the canonical key: Python would remove it under another',
    (writer) => {
      const root = save(MsalDocument.parse(fixture(`cache/${writer}.json`)), signIn)
      const [text] = Object.entries(root['AccessToken'] ?? {}).find(([, { secret }]) => secret === 'new AT') ?? []
      expect(text).toBe(
        `${ada}-login.windows.net-accesstoken-${client}-${tenant}-email https://graph.microsoft.com/user.read openid profile`,
      )
    },
  )

  it('leaves one refresh token of those that MSAL Python wrote for each set of scopes', () => {
    const root = save(MsalDocument.parse(fixture('cache/msal-python-1.31.json')), signIn)
    expect(secrets(root, 'RefreshToken')).toEqual({ [`login.windows.net-refreshtoken-${client}---`]: 'new RT' })
    const [entry] = Object.values(root['RefreshToken'] ?? {})
    expect(entry).not.toHaveProperty('target')
    expect(root['AppMetadata']).toEqual({
      [`appmetadata-login.microsoftonline.com-${client}`]: {
        client_id: client,
        environment: 'login.microsoftonline.com',
      },
    })
  })

  it('makes one account entry of those that MSAL Python wrote for each tenant, where Python looks for it, and keeps what it cannot use', () => {
    const root = save(MsalDocument.parse(fixture('cache/msal-python-1.31.json')), signIn)
    expect(Object.keys(root['Account'] ?? {})).toEqual([`${ada}-login.microsoftonline.com-${tenant}`])
    const [entry] = Object.values(root['Account'] ?? {})
    const environment = 'login.microsoftonline.com'
    expect(entry).toMatchObject({ name: 'Ada Lovelace', account_source: 'password', environment })
    expect(entry?.['tenantProfiles']).toHaveLength(2)
  })

  it.each([
    [['login.windows.net', 'login.microsoftonline.com'], 'login.microsoftonline.com'],
    [['login.microsoftonline.com', 'login.windows.net'], 'login.microsoftonline.com'],
    [['login.windows.net'], 'login.windows.net'],
  ])('of accounts under %j leaves one that MSAL Python lists, if it listed one', (hosts, environment) => {
    const entry = (host: string) => ({ home_account_id: ada, environment: host, realm: tenant, username: 'ada' })
    const text = JSON.stringify({ Account: Object.fromEntries(hosts.map((host) => [`of ${host}`, entry(host)])) })
    const root = save(MsalDocument.parse(text), signIn)
    expect(Object.keys(root['Account'] ?? {})).toEqual([`${ada}-${environment}-${tenant}`])
    expect(Object.values(root['Account'] ?? {})).toMatchObject([{ environment }])
  })

  it('keeps the hint that msal-node put into a tenant profile', () => {
    const root = save(MsalDocument.parse(fixture('cache/msal-node-7.json')), [account])
    const entry = Object.values(root['Account'] ?? {}).find(({ home_account_id: id }) => id === ada)
    expect(String(entry?.['tenantProfiles'])).toContain('"loginHint":"hint-of-ada"')
  })

  it('heals the twins that MSAL Go left without key tails', () => {
    const root = save(MsalDocument.parse(fixture('cache/msal-go-1.9.json')), signIn)
    for (const section of ['Account', 'AccessToken', 'RefreshToken', 'IdToken', 'AppMetadata']) {
      expect(Object.keys(root[section] ?? {})).toHaveLength(1)
    }
    expect(Object.values(root['AppMetadata'] ?? {})).toMatchObject([{ family_id: '' }])
  })

  it('keeps one app metadata of a client in a cloud: two make msal-node throw, none makes MSAL Go give up', () => {
    const root = save(MsalDocument.parse(fixture('cache/mixed.json')), signIn)
    expect(root['AppMetadata']).toEqual({
      [`appmetadata-login.microsoftonline.com-${client}`]: {
        client_id: client,
        environment: 'login.microsoftonline.com',
        family_id: '1',
      },
    })
    const other = save(MsalDocument.parse(fixture('cache/no-app-metadata.json')), [
      { ...refreshToken, clientId: 'other' },
    ])
    expect(other['AppMetadata']).toEqual({
      'appmetadata-login.microsoftonline.com-other': { client_id: 'other', environment: 'login.microsoftonline.com' },
    })
  })

  it('does not add app metadata for an account alone, nor for a sealed entity', () => {
    expect(save(MsalDocument.empty(), [account])).not.toHaveProperty('AppMetadata')
  })

  it('puts and deletes app metadata in the shared partition', () => {
    const document = MsalDocument.parse(fixture('cache/mixed.json'))
    const metadata = { kind: 'AppMetadata', clientId: client, environment: 'login.windows.net', familyId: '2' } as const
    expect(Object.values(save(document, [metadata])['AppMetadata'] ?? {})).toMatchObject([{ family_id: '2' }])
    document.apply(sharedPartition, { del: [entityKey(metadata)] })
    expect(rootOf(document)['AppMetadata']).toEqual({})
  })

  it('keeps unknown members of what it replaces, but for the second name of an instant that has passed', () => {
    const dotnet = {
      ...token,
      homeAccountId: bob,
      clientId: '99999999-3333-4444-8555-666666666666',
      scopes: ['User.Read'],
    }
    const { extendedExpiresOn: _, ...plain } = dotnet
    const document = MsalDocument.parse(fixture('cache/mixed.json'))
    const before = document.read(bob).get(entityKey(dotnet))
    expect(before).toHaveProperty('msal.fields.ext_expires_on')
    save(document, [plain])
    const after = document.read(bob).get(entityKey(dotnet))
    // MSAL.NET's key is the one that msal-node wrote up to 1.4.
    expect(after).toEqual({
      ...plain,
      msal: {
        key: before !== undefined && 'msal' in before ? before.msal?.key : '',
        fields: { persisted_cache_parameters: { spa: '1' } },
      },
    })
  })

  it('lets unknown members of the new entity win over those of what it replaces, in a tenant profile too', () => {
    const document = MsalDocument.empty()
    const noted = <T extends Plain>(entity: T, fields: Record<string, unknown>): T => ({ ...entity, msal: { fields } })
    save(document, [
      noted(refreshToken, { a: 1, b: 1 }),
      noted(account, { a: 1, b: 1, tenantProfiles: { c: 1, d: 1 } }),
    ])
    save(document, [noted(refreshToken, { b: 2 }), noted(account, { b: 2, tenantProfiles: { d: 2 } })])
    expect(document.read(ada).get(entityKey(refreshToken))).toMatchObject({ msal: { fields: { a: 1, b: 2 } } })
    expect(document.read(ada).get(entityKey(account))).toMatchObject({
      msal: { fields: { a: 1, b: 2, tenantProfiles: { c: 1, d: 2 } } },
    })
    save(document, [refreshToken, account])
    expect(document.read(ada).get(entityKey(refreshToken))).toMatchObject({ msal: { fields: { a: 1, b: 2 } } })
    document.apply(ada, { del: [entityKey(refreshToken)], put: { x: refreshToken } })
    expect(document.read(ada).get(entityKey(refreshToken))).toEqual(refreshToken)
  })

  it('keeps unknown members of overlapping tokens that are written again together', () => {
    const wider = { ...token, scopes: [...token.scopes, 'https://graph.microsoft.com/z'], secret: 'wider' }
    const document = MsalDocument.empty()
    const put = Object.fromEntries(byKey([token, { ...wider, msal: { fields: { x: 1 } } }]))
    document.apply(ada, { put })
    document.apply(ada, { put: Object.fromEntries(byKey([token, wider])) })
    expect(document.read(ada).get(entityKey(wider))).toHaveProperty('msal.fields', { x: 1 })
  })

  it('takes the app metadata that names a family, wherever it stands', () => {
    const metadata = (environment: string, family: string) => ({ client_id: client, environment, family_id: family })
    for (const families of [
      ['', '1'],
      ['1', ''],
    ] as const) {
      const table = { a: metadata('login.windows.net', families[0]), b: metadata('sts.windows.net', families[1]) }
      const document = MsalDocument.parse(JSON.stringify({ AppMetadata: table }))
      expect([...document.read(sharedPartition).values()]).toMatchObject([{ familyId: '1' }])
      expect(Object.values(save(document, [idToken])['AppMetadata'] ?? {})).toMatchObject([{ family_id: '1' }])
    }
  })

  it('deletes what another process wrote since the change was computed, if the new token supersedes it', () => {
    const document = MsalDocument.empty()
    const change = savingChange(document.read(ada), [token])
    save(document, [{ ...token, scopes: [...token.scopes, 'Mail.Read'], secret: 'in between' }])
    document.apply(ada, change)
    expect(Object.values(secrets(rootOf(document), 'AccessToken'))).toEqual(['new AT'])
  })

  it('keeps overlapping tokens of one change: they were read together', () => {
    const wider = { ...token, scopes: [...token.scopes, 'Mail.Read'] }
    const document = MsalDocument.empty()
    document.apply(ada, { put: Object.fromEntries(byKey([token, wider])) })
    expect(document.read(ada).size).toBe(2)
  })

  it('changes nothing unless the change may happen', () => {
    const document = MsalDocument.parse(fixture('cache/msal-node-7.json'))
    const before = document.serialize()
    const key = entityKey(refreshToken)
    expect(document.apply(ada, { del: [key], onlyIf: { [key]: 'another' } })).toBe(false)
    expect(document.serialize()).toBe(before)
    expect(document.apply(ada, { del: [key], onlyIf: { [key]: 'rt-ada' } })).toBe(true)
    expect(document.read(ada).has(key)).toBe(false)
  })

  it('deletes the account of one tenant and leaves those of the others', () => {
    const document = MsalDocument.parse(fixture('cache/msal-node-7.json'))
    document.apply(ada, { del: [entityKey(account)] })
    const accounts = [...document.read(ada).values()].filter(({ kind }) => kind === 'Account')
    expect(accounts).toMatchObject([{ localAccountId: 'guest-ada' }])
    document.apply(ada, { del: accounts.map((entity) => entityKey(entity as AccountEntity)) })
    expect(Object.keys(rootOf(document)['Account'] ?? {})).toEqual([`${bob}-login.windows.net-${tenant}`])
  })

  it('keeps apart two users whose key texts are the same, since the format joins with a hyphen and in lower case', () => {
    const document = MsalDocument.empty()
    const users = ['a-b.t', 'A-B.t']
    for (const homeAccountId of users)
      save(
        document,
        signIn.map((entity) => ({ ...entity, homeAccountId }) as Plain),
      )
    for (const homeAccountId of users)
      save(
        document,
        signIn.map((entity) => ({ ...entity, homeAccountId }) as Plain),
      )
    const root = rootOf(document)
    for (const section of ['Account', 'AccessToken', 'RefreshToken', 'IdToken']) {
      expect(
        Object.values(root[section] ?? {})
          .map((entry) => entry['home_account_id'])
          .sort(),
      ).toEqual([...users].sort())
    }
  })

  it('refuses to write where a section is no table, and loses nothing', () => {
    const text = fixture('cache/section-array.json')
    for (const change of [{ put: { x: token } }, { put: { a: account, x: token } }]) {
      const document = MsalDocument.parse(text)
      expect(() => document.apply(ada, change)).toThrow(
        expect.objectContaining({ code: 'ERR_CACHE_FORMAT', hint: expect.any(String) }),
      )
      expect(JSON.parse(document.serialize())).toEqual(JSON.parse(text))
    }
    const metadata = MsalDocument.parse('{"AppMetadata":"text"}')
    expect(() => metadata.apply(ada, { put: { x: token } })).toThrow(
      expect.objectContaining({ code: 'ERR_CACHE_FORMAT' }),
    )
    expect(metadata.apply(ada, { put: { x: account } })).toBe(true)
  })

  it('writes into a section that is null, since nothing is lost with it', () => {
    expect(Object.keys(save(MsalDocument.parse('{"AccessToken":null,"AppMetadata":null,"x":null}'), [token]))).toEqual([
      'AccessToken',
      'AppMetadata',
      'x',
    ])
  })

  it('refuses an entity of another user, and changes nothing', () => {
    const document = MsalDocument.empty()
    const change = { put: { a: account, b: { ...refreshToken, homeAccountId: bob } } }
    expect(() => document.apply(ada, change)).toThrow(expect.objectContaining({ code: 'ERR_CACHE_WRITE' }))
    expect(document.serialize()).toBe('{}')
  })

  it('puts foreign entries where they were, and whole members of the root', () => {
    const source = MsalDocument.parse(fixture('cache/mixed.json'))
    const target = MsalDocument.empty()
    for (const partition of [bob, sharedPartition]) {
      target.apply(partition, { put: Object.fromEntries(source.read(partition)) })
      target.apply(partition, { put: Object.fromEntries(source.read(partition)) })
    }
    expect(target.read(bob)).toEqual(source.read(bob))
    const added = {
      kind: 'AppMetadata',
      clientId: '99999999-3333-4444-8555-666666666666',
      environment: 'login.microsoftonline.com',
    } as const
    expect(target.read(sharedPartition)).toEqual(new Map([...source.read(sharedPartition), [entityKey(added), added]]))
    expect(target.serialize()).toContain('"__proto__"')
    expect(rootOf(target)['a number']).toBe(7)
  })

  it('gives a foreign entry another key before it pushes out what stands there', () => {
    const document = MsalDocument.empty()
    const root = save(document, [refreshToken])
    const key = Object.keys(root['RefreshToken'] ?? {})[0] ?? ''
    const value = { home_account_id: ada, token_type: 'pop' }
    const foreign = { kind: 'Foreign', section: 'RefreshToken', key, value } as const
    save(
      document,
      [foreign].map((entity) => ({ ...entity, homeAccountId: ada }) as Plain),
    )
    expect(Object.keys(rootOf(document)['RefreshToken'] ?? {})).toEqual([key, `${key}-2`])
  })

  it.each<readonly StoredEntity[]>([
    [
      { kind: 'Foreign', section: 'x', value: 7 },
      { kind: 'Foreign', section: 'x', key: 'k', value: 7 },
    ],
    [{ kind: 'Foreign', section: 'AppMetadata', value: 7 }],
  ])('refuses a whole member of the root where there is, or is to be, a table: %j', (...entities) => {
    const document = MsalDocument.parse('{"AppMetadata":{"k":7}}')
    const put = Object.fromEntries(byKey(entities as Plain[]))
    expect(() => document.apply(sharedPartition, { put })).toThrow(
      expect.objectContaining({ code: 'ERR_CACHE_FORMAT' }),
    )
    expect(document.serialize()).toBe('{"AppMetadata":{"k":7}}')
  })

  it('carries sealed entities: a sealed one replaces its plain twin, and the other way round', () => {
    const document = MsalDocument.empty()
    const key = entityKey(refreshToken)
    const sealed: SealedEntity = { kind: 'Sealed', secret: 'ciphertext', usernames: ['hash'], localAccountId: 'hash-2' }
    for (const entity of [refreshToken, sealed, refreshToken, sealed]) {
      expect(document.apply(ada, { put: { [key]: entity } })).toBe(true)
      expect(document.read(ada)).toEqual(new Map([[key, entity]]))
    }
    document.apply(ada, { put: { [entityKey(account)]: { ...sealed, usernames: ['hash'] } } })
    expect(document.findPartitions('username', 'HASH')).toEqual([ada])
    expect(document.findPartitions('localAccountId', 'hash-2')).toEqual([ada])
    document.apply(ada, { del: [key, entityKey(account)] })
    expect(document.partitions()).toEqual([])
    expect(document.serialize()).not.toContain('ciphertext')
  })

  it.each([true, false])(
    'takes a plain entity beside a sealed one for newer, since we would have removed it (sealed first: %s)',
    (first) => {
      const key = entityKey(account)
      const plain = { Account: { k: { home_account_id: ada, environment: 'login.windows.net', realm: tenant } } }
      const sealed = { ropc_sealed: { [JSON.stringify([ada, key])]: { secret: 's' } } }
      const document = MsalDocument.parse(JSON.stringify(first ? { ...sealed, ...plain } : { ...plain, ...sealed }))
      expect(document.read(ada).get(key)).toMatchObject({ kind: 'Account' })
      document.apply(ada, { del: [key] })
      expect(document.read(ada).size).toBe(0)
    },
  )
})

describe('MsalDocument.drop', () => {
  it('removes a user, with what other libraries have of him, and nobody else', () => {
    const document = MsalDocument.parse(fixture('cache/mixed.json'))
    const others = [ada, sharedPartition].map((partition) => document.read(partition))
    document.drop(bob)
    expect(document.serialize()).not.toContain('at-bob')
    expect([ada, sharedPartition].map((partition) => document.read(partition))).toEqual(others)
    document.drop('nobody')
  })
})

describe('MsalDocument, whatever is in it', () => {
  const sections = [
    'Account',
    'AccessToken',
    'RefreshToken',
    'IdToken',
    'AppMetadata',
    'ropc_sealed',
    '__proto__',
    'constructor',
    'x',
  ]
  const entry = fc.oneof(
    json,
    fc.dictionary(
      fc.constantFrom(
        'home_account_id',
        'environment',
        'client_id',
        'secret',
        'realm',
        'target',
        'username',
        '__proto__',
      ),
      fc.oneof(fc.constantFrom('u.t', 'v.t', 'login.windows.net', 'c', 't', 'User.Read'), json),
    ),
  )
  const root = fc
    .array(
      fc.tuple(
        fc.constantFrom(...sections),
        fc.oneof(
          json,
          fc.array(fc.tuple(fc.constantFrom(...oddNames, '["v.t","k"]', 'k'), entry)).map(Object.fromEntries),
        ),
      ),
    )
    .map((members): unknown => Object.fromEntries(members))

  it('changes nothing of other users and other libraries when one user is changed', () => {
    fc.assert(
      fc.property(root, entitiesOf('u.t'), entitiesOf('u.t'), (given, first, second) => {
        const text = JSON.stringify(given)
        const document = MsalDocument.parse(text)
        const changes = [
          { put: Object.fromEntries(byKey(first)) },
          { put: Object.fromEntries(byKey(second)), del: [...byKey(first).keys()] },
        ]
        for (const change of changes) {
          const before = document.serialize()
          try {
            document.apply('u.t', change)
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_CACHE_FORMAT' })
            expect(document.serialize()).toBe(before)
            continue
          }
          expect(foreignOf(document)).toEqual(foreignOf(MsalDocument.parse(text)))
          const reread = MsalDocument.parse(document.serialize()).read('u.t')
          expect(reread).toEqual(document.read('u.t'))
          for (const [key, entity] of Object.entries(change.put))
            expect(reread.get(key)).toMatchObject(withoutOrigin(entity))
        }
        expect(Object.getPrototypeOf({})).toBe(Object.prototype)
        expect(({} as Record<string, unknown>)['x']).toBeUndefined()
      }),
    )
  })

  it('gives back every user what was put, whoever else is in the file', () => {
    const users = ['u.t', 'U.t', 'u-login.windows.net.t', 'u', '__proto__', 'v.t-1']
    fc.assert(
      fc.property(fc.tuple(...users.map(entitiesOf)), (lists) => {
        const document = MsalDocument.empty()
        for (const [index, user] of users.entries()) {
          document.apply(user, { put: Object.fromEntries(byKey(lists[index] ?? [])) })
        }
        const reread = MsalDocument.parse(document.serialize())
        for (const [index, user] of users.entries()) expect(reread.read(user)).toEqual(byKey(lists[index] ?? []))
      }),
      { numRuns: 50 },
    )
  })
})

/** All that is not a credential or account of the user `u.t` or app metadata, as it stands in the text. */
function foreignOf(document: MsalDocument): Record<string, unknown> {
  const root = JSON.parse(document.serialize()) as Record<string, unknown>
  const members = Object.entries(root).flatMap(([section, member]): [string, unknown][] => {
    if (member === null) return []
    if (typeof member !== 'object' || Array.isArray(member)) return [[section, member]]
    return Object.entries(member).flatMap(([key, value]): [string, unknown][] => {
      const { partition, entities } = readMsalEntry({ section, key, value })
      const isOurs = entities.some(({ kind }) => kind === 'AppMetadata' || (partition === 'u.t' && kind !== 'Foreign'))
      return isOurs ? [] : [[JSON.stringify([section, key]), value]]
    })
  })
  return Object.fromEntries(members)
}

function withoutOrigin(entity: StoredEntity): object {
  return Object.fromEntries(Object.entries(entity).filter(([name]) => name !== 'msal'))
}
