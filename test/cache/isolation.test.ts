import fc from 'fast-check'
import Keyv from 'keyv'
import { describe, expect, it } from 'vitest'
import type { AccessTokenEntity, AccountEntity, IdTokenEntity, RefreshTokenEntity } from '../../src/cache/entities.ts'
import { entityKey } from '../../src/cache/keys.ts'
import { MsalDocument } from '../../src/cache/msal-document.ts'
import { savingChange } from '../../src/cache/partition.ts'
import { searchPartition } from '../../src/cache/query.ts'
import type { CredentialStore } from '../../src/cache/store.ts'
import { createCachePluginStore } from '../../src/cache/stores/cache-plugin.ts'
import { encryptedStore } from '../../src/cache/stores/encrypted.ts'
import { createKeyvStore } from '../../src/cache/stores/keyv.ts'
import { createMemoryStore } from '../../src/cache/stores/memory.ts'

// Delimiters and case as the known collisions of caches that join fields with a dash and lower-case the result.
const users = ['u.t', 'U.t', 'u-login.windows.net.t', 'u.t-r']
const tenants = ['r', 'r-x']
const clients = ['c', 'c-r']
const environments = ['login.windows.net', 'login.microsoftonline.us']
const scopeLists = [['y'], ['x-y'], ['y', 'z']]
const at = 3_999_999_000

interface Identity {
  readonly homeAccountId: string
  readonly tenantId: string
  readonly clientId: string
  readonly environment: string
}

const everybody: readonly Identity[] = users.flatMap((homeAccountId) =>
  tenants.flatMap((tenantId) =>
    clients.flatMap((clientId) =>
      environments.map((environment) => ({ homeAccountId, tenantId, clientId, environment })),
    ),
  ),
)

const secretOf = (identity: Identity, scopes: readonly string[]): string => JSON.stringify([identity, scopes])

function entitiesOf(identity: Identity, scopes: readonly string[]) {
  const { homeAccountId, tenantId, clientId, environment } = identity
  const secret = secretOf(identity, scopes)
  const common = { homeAccountId, clientId, environment, secret }
  const account: AccountEntity = {
    kind: 'Account',
    homeAccountId,
    environment,
    tenantId,
    localAccountId: 'l',
    username: 'n',
  }
  const accessToken: AccessTokenEntity = {
    kind: 'AccessToken',
    ...common,
    tenantId,
    scopes,
    cachedAt: at,
    expiresOn: at + 3_600,
  }
  const idToken: IdTokenEntity = { kind: 'IdToken', ...common, tenantId }
  const refreshToken: RefreshTokenEntity = { kind: 'RefreshToken', ...common, cachedAt: at }
  return [account, accessToken, idToken, refreshToken]
}

const memoryPlugin = () => {
  let text = ''
  return createCachePluginStore({
    beforeCacheAccess: async ({ tokenCache }) => tokenCache.deserialize(text),
    afterCacheAccess: async ({ tokenCache }) => {
      text = tokenCache.serialize()
    },
  })
}

const stores: readonly (readonly [string, () => CredentialStore])[] = [
  ['memory', createMemoryStore],
  ['encrypted memory', () => encryptedStore(createMemoryStore(), new Uint8Array(32))],
  ['Keyv', () => createKeyvStore(new Keyv())],
  ['an MSAL cache', memoryPlugin],
]

describe.each(stores)('in %s', (_, create) => {
  it('nobody sees a token of another user, tenant, client or cloud, in whatever order they came', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...everybody], { minLength: 8 }), async (order) => {
        const store = create()
        const [scopes = []] = scopeLists
        for (const identity of order) {
          const partition = await store.read(identity.homeAccountId)
          await store.apply(identity.homeAccountId, savingChange(partition, entitiesOf(identity, scopes)))
        }
        for (const identity of everybody) {
          const { homeAccountId, tenantId: tenant, clientId, environment } = identity
          const entities = [...(await store.read(homeAccountId)).values()]
          const query = { homeAccountId, authority: { environment, aliases: [], tenant }, clientId, scopes }
          const { accessToken, refreshToken } = searchPartition(entities, query, at)
          expect(accessToken?.secret).toBe(order.includes(identity) ? secretOf(identity, scopes) : undefined)
          // A refresh token is for all tenants of its user.
          if (refreshToken !== undefined) {
            const [owner] = JSON.parse(refreshToken.secret) as [Identity]
            expect(owner).toMatchObject({ homeAccountId, clientId, environment })
          }
        }
      }),
      { numRuns: 10 },
    )
  })
})

describe('keys', () => {
  const identities = everybody.flatMap((identity) => scopeLists.map((scopes) => ({ identity, scopes })))

  it('are as many within a user as there are tenants, clients, clouds and sets of scopes', () => {
    for (const user of users) {
      const own = identities.filter(({ identity }) => identity.homeAccountId === user)
      const keys = own.map(({ identity, scopes }) => entityKey(entitiesOf(identity, scopes)[1] as AccessTokenEntity))
      expect(new Set(keys).size).toBe(own.length)
    }
  })

  it('of an MSAL cache’s text are as many as there are entries, although MSAL’s own would collide', () => {
    const document = MsalDocument.empty()
    for (const { identity, scopes } of identities) {
      const put = Object.fromEntries(entitiesOf(identity, scopes).map((entity) => [entityKey(entity), entity]))
      document.apply(identity.homeAccountId, { put })
    }
    const again = MsalDocument.parse(document.serialize())
    const count = (of: MsalDocument) =>
      users.map((user) =>
        [...of.read(user).values()]
          .map(({ kind }) => kind)
          .sort()
          .join(),
      )
    expect(count(again)).toEqual(count(document))
    expect(again.partitions()).toHaveLength(users.length)
  })
})
