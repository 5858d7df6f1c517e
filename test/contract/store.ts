import { beforeEach, describe, expect, it } from 'vitest'
import type { AccountEntity, StoredEntity } from '../../src/cache/entities.ts'
import type { CredentialStore } from '../../src/cache/store.ts'

const ada: AccountEntity = {
  kind: 'Account',
  homeAccountId: 'ada.t',
  environment: 'login.windows.net',
  localAccountId: 'l-ada',
  tenantId: 't',
  username: 'Ada@Contoso.example',
}
const token: StoredEntity = {
  kind: 'RefreshToken',
  homeAccountId: 'ada.t',
  environment: 'e',
  clientId: 'c',
  secret: 's',
  cachedAt: 1,
}

/** What every store must do. */
export function storeContract(name: string, create: () => CredentialStore): void {
  describe(`${name} keeps the store contract`, () => {
    let store: CredentialStore
    beforeEach(() => {
      store = create()
    })

    it('gives back what was put, entity by entity', async () => {
      await store.apply('ada.t', { put: { a: ada } })
      await store.apply('ada.t', { put: { t: token } })
      expect(await store.read('ada.t')).toEqual(
        new Map<string, StoredEntity>([
          ['a', ada],
          ['t', token],
        ]),
      )
      expect(await store.read('nobody')).toEqual(new Map())
    })

    it('deletes and puts in one change', async () => {
      await store.apply('ada.t', { put: { a: ada, t: token } })
      await store.apply('ada.t', { put: { n: token }, del: ['t', 'never-there'] })
      expect([...(await store.read('ada.t')).keys()].sort()).toEqual(['a', 'n'])
    })

    it('hands out copies: what a reader does to them changes nothing', async () => {
      await store.apply('ada.t', { put: { a: ada } })
      const copy = (await store.read('ada.t')) as Map<string, StoredEntity>
      copy.clear()
      expect((await store.read('ada.t')).size).toBe(1)
    })

    it('finds users by name without case, by sign-in name, and by local account id with case', async () => {
      await store.apply('ada.t', { put: { a: { ...ada, signInName: 'ada' } } })
      expect(await store.findPartitions('username', 'ADA@contoso.EXAMPLE')).toEqual(['ada.t'])
      expect(await store.findPartitions('username', 'Ada')).toEqual(['ada.t'])
      expect(await store.findPartitions('localAccountId', 'l-ada')).toEqual(['ada.t'])
      expect(await store.findPartitions('localAccountId', 'L-ADA')).toEqual([])
    })

    it('finds every user of a name, and no longer one who was renamed, deleted or dropped', async () => {
      await store.apply('ada.t', { put: { a: ada } })
      await store.apply('twin.t', { put: { a: { ...ada, homeAccountId: 'twin.t' } } })
      expect([...(await store.findPartitions('username', ada.username))].sort()).toEqual(['ada.t', 'twin.t'])
      await store.drop('twin.t')
      await store.apply('ada.t', { put: { a: { ...ada, username: 'lovelace@contoso.example' } } })
      expect(await store.findPartitions('username', ada.username)).toEqual([])
      await store.apply('ada.t', { del: ['a'] })
      expect(await store.findPartitions('username', 'lovelace@contoso.example')).toEqual([])
    })

    it('lists the partitions that have something in them', async () => {
      await store.apply('ada.t', { put: { a: ada } })
      await store.apply('empty.t', { del: ['x'] })
      const seen: string[] = []
      for await (const partition of store.partitions()) seen.push(partition)
      expect(seen).toEqual(['ada.t'])
    })

    it('drops a user who is not there without complaint', async () => {
      await expect(store.drop('nobody')).resolves.toBeUndefined()
    })
  })
}
