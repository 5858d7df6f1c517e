import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { AccessTokenEntity, AccountEntity, RefreshTokenEntity, StoredEntity } from '../../../src/cache/entities.ts'
import { entityKey } from '../../../src/cache/keys.ts'
import type { CredentialStore, PartitionChange } from '../../../src/cache/store.ts'
import { createShardedFileStore, type ShardedFileOptions } from '../../../src/cache/stores/sharded-files.ts'
import { storeContract } from '../../contract/store.ts'

const root = mkdtempSync(join(tmpdir(), 'ropc-sharded-'))
afterAll(() => rmSync(root, { recursive: true }))
let folder = ''
let warnings: string[] = []
beforeEach(() => {
  folder = join(mkdtempSync(join(root, 'x')), 'cache')
  warnings = []
})

storeContract('the store of a file for each user', () =>
  createShardedFileStore(mkdtempSync(join(root, 'y')), { onWarning: () => undefined }),
)

const now = 2_000_000_000
const owner = (user: string) => ({ homeAccountId: `${user}.t`, environment: 'login.example' })
const account = (user: string, username = `${user}@contoso.example`): AccountEntity => ({
  ...owner(user),
  kind: 'Account',
  localAccountId: `l-${user}`,
  tenantId: 't',
  username,
})
const refreshToken = (user: string, clientId = 'c', cachedAt = now): RefreshTokenEntity => ({
  ...owner(user),
  kind: 'RefreshToken',
  clientId,
  secret: 's3cret',
  cachedAt,
})
const accessToken = (user: string, clientId: string, expiresOn: number): AccessTokenEntity => ({
  ...owner(user),
  kind: 'AccessToken',
  clientId,
  secret: 's3cret',
  tenantId: 't',
  scopes: ['User.Read'],
  cachedAt: now - 3_600,
  expiresOn,
})

function open(options: ShardedFileOptions = {}): CredentialStore {
  return createShardedFileStore(folder, { onWarning: (code) => warnings.push(code), now: () => now, ...options })
}

function put(...entities: readonly Exclude<StoredEntity, { kind: 'Sealed' }>[]): PartitionChange {
  return { put: Object.fromEntries(entities.map((entity) => [entityKey(entity), entity])) }
}

const digest = (partition: string): string => createHash('sha256').update(JSON.stringify(partition)).digest('hex')
const fileOf = (user: string): string => {
  const id = digest(`${user}.t`)
  return join(folder, 'users', id.slice(0, 2), `${id}.json`)
}

function files(): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

async function listed(store: CredentialStore): Promise<readonly string[]> {
  const partitions: string[] = []
  for await (const partition of store.partitions()) partitions.push(partition)
  return partitions.sort()
}

async function signIn(store: CredentialStore, user: string): Promise<void> {
  await store.apply(`${user}.t`, put(account(user), refreshToken(user)))
}

describe('a file for each user', () => {
  it('lies under the hash of its name, for its owner alone, and names lead to it', async () => {
    await signIn(open(), 'ada')
    const [marker, other, ...rest] = files()
    expect(rest).toEqual([relative(folder, fileOf('ada'))])
    for (const name of [marker, other]) expect(name).toMatch(/^index\/(..)\/\1[0-9a-f]{62}\/[0-9a-f]{64}$/)
    expect(JSON.parse(readFileSync(fileOf('ada'), 'utf8'))).toMatchObject({ version: 1, partition: 'ada.t' })
    expect(warnings).toEqual(['CACHE_PLAINTEXT'])
    if (process.platform === 'win32') return
    for (const name of files()) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'users')).mode & 0o777).toBe(0o700)
  })

  it('is gone with the last entity, and so is what led to it', async () => {
    const store = open()
    await signIn(store, 'ada')
    await signIn(store, 'fred')
    const all = files()
    await store.apply('ada.t', put(account('ada', 'lovelace@contoso.example')))
    expect(await store.findPartitions('username', 'ada@contoso.example')).toEqual([])
    expect(await store.findPartitions('username', 'LOVELACE@contoso.example')).toEqual(['ada.t'])
    expect(files()).toHaveLength(all.length)
    await store.apply('ada.t', { del: [entityKey(account('ada')), entityKey(refreshToken('ada'))] })
    await store.drop('fred.t')
    expect(files()).toEqual([])
    expect(readdirSync(join(folder, 'index')).flatMap((name) => readdirSync(join(folder, 'index', name)))).toEqual([])
  })

  it('is seen by other stores as soon as it is written, and read once as long as nobody writes', async () => {
    const [one, other] = [open(), open()]
    for (let round = 0; round < 5; round++) {
      await one.apply('ada.t', put(refreshToken('ada', `one-${round}`)))
      expect((await other.read('ada.t')).size).toBe(2 * round + 1)
      await other.apply('ada.t', put(refreshToken('ada', `other-${round}`)))
      expect((await one.read('ada.t')).size).toBe(2 * round + 2)
    }
    utimesSync(fileOf('ada'), 1_000, 1_000)
    const [entity] = (await one.read('ada.t')).values()
    expect([...(await one.read('ada.t')).values()][0]).toBe(entity)
    utimesSync(fileOf('ada'), 1_001, 1_001)
    expect([...(await one.read('ada.t')).values()][0]).not.toBe(entity)
  })

  it('is read again if it was written within the same tick of the clock', async () => {
    const store = open()
    await store.apply('ada.t', put(refreshToken('ada', 'a')))
    const later = Date.now() / 1_000 + 1_000
    utimesSync(fileOf('ada'), later, later)
    await store.read('ada.t')
    writeFileSync(fileOf('ada'), readFileSync(fileOf('ada'), 'utf8').replaceAll('"a"', '"b"'))
    utimesSync(fileOf('ada'), later, later)
    expect([...(await store.read('ada.t')).values()]).toEqual([refreshToken('ada', 'b')])
  })

  it('holds no access tokens that had expired when it was written', async () => {
    const store = open()
    await store.apply('ada.t', put(accessToken('ada', 'old', now), accessToken('ada', 'new', now + 1)))
    expect(await store.read('ada.t')).toEqual(
      new Map(Object.entries(put(accessToken('ada', 'new', now + 1)).put ?? {})),
    )
  })

  it('of a user whose tokens have all expired is removed by whoever lists the users', async () => {
    let at = now
    const store = open({ now: () => at })
    await signIn(store, 'ada')
    at += 89 * 86_400
    await store.apply('fred.t', put(account('fred'), refreshToken('fred', 'c', at)))
    await store.apply('none.t', put(account('none')))
    expect(await listed(store)).toEqual(['ada.t', 'fred.t', 'none.t'])
    at += 2 * 86_400
    expect(await listed(store)).toEqual(['fred.t', 'none.t'])
    expect(files().join()).not.toContain(digest('ada.t'))
  })

  it('goes by the clock of the machine unless told otherwise', async () => {
    const store = createShardedFileStore(folder)
    await store.apply('ada.t', put(accessToken('ada', 'old', Date.now() / 1_000 - 5), account('ada')))
    expect((await store.read('ada.t')).size).toBe(1)
  })
})

describe('a spoiled file of one user', () => {
  it.each([
    ['is cut off', (text: string) => text.slice(0, -3)],
    ['is empty', () => ''],
    ['is not UTF-8', () => Buffer.from('"\xff"', 'latin1')],
    ['is of a later version', (text: string) => text.replace('"version":1', '"version":2')],
    ["is another user's", (text: string) => text.replace('"partition":"ada.t"', '"partition":"eve.t"')],
  ])('that %s leaves the others alone, and is set aside by the next write', async (_, spoil) => {
    const store = open()
    await signIn(store, 'ada')
    await signIn(store, 'fred')
    const spoiled = Buffer.from(spoil(readFileSync(fileOf('ada'), 'utf8')))
    writeFileSync(fileOf('ada'), spoiled)
    expect((await store.read('ada.t')).size).toBe(0)
    expect(await listed(store)).toEqual(['fred.t'])
    expect(warnings).not.toContain('CACHE_CORRUPT')
    await store.apply('ada.t', put(refreshToken('ada')))
    expect([...(await store.read('ada.t')).values()]).toEqual([refreshToken('ada')])
    expect(warnings).toContain('CACHE_CORRUPT')
    const [aside = ''] = files().filter((name) => name.includes('corrupt'))
    expect(readFileSync(join(folder, aside))).toEqual(spoiled)
    expect(await listed(store)).toEqual(['ada.t', 'fred.t'])
  })

  it.skipIf(process.platform === 'win32')('or a link in its place is an error', async () => {
    const store = open()
    await signIn(store, 'ada')
    renameSync(fileOf('ada'), `${folder}.moved`)
    symlinkSync(`${folder}.moved`, fileOf('ada'))
    await expect(store.read('ada.t')).rejects.toMatchObject({ code: 'ERR_CACHE_INSECURE' })
    await expect(store.apply('ada.t', put(account('ada')))).rejects.toMatchObject({ code: 'ERR_CACHE_INSECURE' })
  })
})

describe('what was left behind', () => {
  it('by a writer that died between index and user leads nowhere', async () => {
    const store = open()
    await signIn(store, 'ada')
    rmSync(fileOf('ada'))
    expect(await store.findPartitions('username', 'ada@contoso.example')).toEqual([])
    await signIn(store, 'ada')
    expect(await store.findPartitions('username', 'ada@contoso.example')).toEqual(['ada.t'])
  })

  it('in the index, of a name that a user does not have any more, leads nowhere', async () => {
    const store = open()
    await signIn(store, 'ada')
    const before = files()
    await store.apply('ada.t', put(account('ada', 'lovelace@contoso.example')))
    for (const name of before.filter((file) => !files().includes(file))) {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      writeFileSync(join(folder, name), '')
    }
    expect(await store.findPartitions('username', 'ada@contoso.example')).toEqual([])
  })

  it('without its index is found again after the next write', async () => {
    const store = open()
    await signIn(store, 'ada')
    rmSync(join(folder, 'index'), { recursive: true })
    await store.apply('ada.t', put(refreshToken('ada')))
    expect(await store.findPartitions('localAccountId', 'l-ada')).toEqual(['ada.t'])
  })

  it('by the dead is cleared away by whoever lists the users, and what is of others is not', async () => {
    await signIn(open(), 'ada')
    const all = files()
    const orphan = `${fileOf('ada')}.ropc-tmp-0-01234567`
    writeFileSync(orphan, '')
    utimesSync(orphan, 1_000, 1_000)
    writeFileSync(`${fileOf('ada')}.lockfile`, '')
    utimesSync(`${fileOf('ada')}.lockfile`, 1_000, 1_000)
    mkdirSync(join(folder, 'users', 'zz'))
    writeFileSync(join(folder, 'users', 'zz', `${digest('ada.t')}.json`), readFileSync(fileOf('ada')))
    writeFileSync(join(folder, 'users', 'notes'), '')
    expect(await listed(open())).toEqual(['ada.t'])
    expect(files()).toEqual([...all, `users/notes`, `users/zz/${digest('ada.t')}.json`].sort())
    expect(await listed(createShardedFileStore(`${folder}.none`))).toEqual([])
  })

  it('by a dead writer is removed by the first write of the next one, beside the same file', async () => {
    await signIn(open(), 'ada')
    const orphan = `${fileOf('ada')}.ropc-tmp-0-01234567`
    writeFileSync(orphan, '')
    utimesSync(orphan, 1_000, 1_000)
    await signIn(open(), 'ada')
    expect(files()).not.toContain(relative(folder, orphan))
  })
})

describe('the lock of one user', () => {
  it('keeps nobody from reading, or from writing others', async () => {
    const store = open({ lockTimeoutMs: 20 })
    await signIn(store, 'ada')
    writeFileSync(`${fileOf('ada')}.lockfile`, `${process.ppid}`)
    expect((await store.read('ada.t')).size).toBe(2)
    await signIn(store, 'fred')
    await expect(signIn(store, 'ada')).rejects.toMatchObject({ code: 'ERR_CACHE_LOCKED' })
  })

  it('that is removed makes the write begin again, but not for ever', async () => {
    const remove = (): void => rmSync(`${fileOf('ada')}.lockfile`)
    const store = open({ onWarning: remove })
    await signIn(store, 'ada')
    expect((await store.read('ada.t')).size).toBe(2)
    let isOver = false
    const again = (): void => {
      rmSync(`${fileOf('ada')}.lockfile`, { force: true })
      if (!isOver) setImmediate(again)
    }
    again()
    await expect(signIn(store, 'ada')).rejects.toMatchObject({ code: 'ERR_CACHE_WRITE' })
    await expect(store.drop('ada.t')).rejects.toMatchObject({ code: 'ERR_CACHE_WRITE' })
    isOver = true
    expect((await store.read('ada.t')).size).toBe(2)
  })

  it('is not needed to change a file behind a writer that lost it: the change is kept', async () => {
    const other = open()
    await signIn(other, 'ada')
    const text = readFileSync(fileOf('ada'), 'utf8').replaceAll('"c"', '"other"')
    const store = open({ onWarning: () => writeFileSync(fileOf('ada'), text) })
    await store.apply('ada.t', put(refreshToken('ada', 'mine')))
    const owners = [...(await store.read('ada.t')).values()].flatMap((entity) =>
      'clientId' in entity ? entity.clientId : [],
    )
    expect(owners.sort()).toEqual(['mine', 'other'])
  })
})
