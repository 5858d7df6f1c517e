import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { RefreshTokenEntity, StoredEntity } from '../../../src/cache/entities.ts'
import { entityKey } from '../../../src/cache/keys.ts'
import type { CredentialStore, PartitionChange } from '../../../src/cache/store.ts'
import { createMsalFileStore, type MsalFileOptions } from '../../../src/cache/stores/msal-file.ts'
import { storeContract } from '../../contract/store.ts'
import { demo, simulate } from '../../flows/simulated.ts'

const root = mkdtempSync(join(tmpdir(), 'ropc-msal-file-'))
afterAll(() => rmSync(root, { recursive: true }))
let path = ''
let warnings: string[] = []
beforeEach(() => {
  path = join(mkdtempSync(join(root, 'x')), 'made', 'cache.json')
  warnings = []
})

const newFile = (): CredentialStore =>
  createMsalFileStore(join(mkdtempSync(join(root, 'y')), 'cache.json'), { onWarning: () => undefined })
storeContract('the MSAL file store', newFile)

function open(options: MsalFileOptions = {}): CredentialStore {
  return createMsalFileStore(path, { onWarning: (code) => warnings.push(code), ...options })
}

function token(clientId: string, homeAccountId = 'ada.t'): RefreshTokenEntity {
  const environment = 'login.windows.net'
  return { kind: 'RefreshToken', homeAccountId, environment, clientId, secret: `s3cret ${clientId}`, cachedAt: 4e9 }
}

function put(...entities: readonly Exclude<StoredEntity, { kind: 'Sealed' }>[]): PartitionChange {
  return { put: Object.fromEntries(entities.map((entity) => [entityKey(entity), entity])) }
}

async function clients(store: CredentialStore): Promise<readonly string[]> {
  const entities = [...(await store.read('ada.t')).values()]
  return entities.flatMap((entity) => ('clientId' in entity ? entity.clientId : [])).sort()
}

const beside = (): readonly string[] => readdirSync(join(path, '..'))
const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

/** Does something again and again, between any two steps of others in this process. */
function keepDoing(action: () => void): () => void {
  let isOver = false
  const again = (): void => {
    if (isOver) return
    action()
    setImmediate(again)
  }
  again()
  return () => {
    isOver = true
  }
}

describe('the MSAL file store', () => {
  it('makes the folder and the file at the first write, for their owner alone, and says once that tokens stand in clear', async () => {
    const store = open()
    expect((await store.read('ada.t')).size).toBe(0)
    expect(existsSync(path)).toBe(false)
    await store.apply('ada.t', put(token('a')))
    await store.apply('ada.t', put(token('b')))
    if (process.platform !== 'win32') {
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    }
    expect(warnings).toEqual(['CACHE_PLAINTEXT'])
    expect(beside()).toEqual(['cache.json'])
  })

  it('says nothing of clear tokens when they are sealed', async () => {
    await open().apply('ada.t', { put: { '["x"]': { kind: 'Sealed', secret: 'x' } } })
    expect(warnings).toEqual([])
  })

  it('warns through the process unless told otherwise', async () => {
    const heard: (string | undefined)[] = []
    const listen = (warning: Error & { code?: string }): void => void heard.push(warning.code)
    process.on('warning', listen)
    await createMsalFileStore(path).apply('ada.t', put(token('a')))
    await pause(5)
    process.off('warning', listen)
    expect(heard).toEqual(['CACHE_PLAINTEXT'])
  })

  it('sees at once what another store wrote, and merges with it', async () => {
    const [one, other] = [open(), open()]
    for (let round = 0; round < 5; round++) {
      await one.apply('ada.t', put(token(`one-${round}`)))
      expect(await clients(other)).toContain(`one-${round}`)
      await other.apply('ada.t', put(token(`other-${round}`)))
      expect(await clients(one)).toHaveLength(2 * round + 2)
    }
  })

  it('does not read a file again that nobody touched', async () => {
    const store = open()
    await store.apply('ada.t', put(token('a')))
    utimesSync(path, 1_000, 1_000)
    expect(await clients(store)).toEqual(['a'])
    // Another content under the same identity, which nobody can tell.
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('"a"', '"b"'))
    utimesSync(path, 1_000, 1_000)
    expect(await clients(store)).toEqual(['a'])
    utimesSync(path, 1_001, 1_001)
    expect(await clients(store)).toEqual(['b'])
  })

  it('reads a file again that was written within the same tick of the clock', async () => {
    const store = open()
    await store.apply('ada.t', put(token('a')))
    const later = Date.now() / 1_000 + 1_000
    utimesSync(path, later, later)
    expect(await clients(store)).toEqual(['a'])
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('"a"', '"b"'))
    utimesSync(path, later, later)
    expect(await clients(store)).toEqual(['b'])
  })

  it('answers writes that come while another is under way, however that one ends', async () => {
    const store = open({ lockTimeoutMs: 60 })
    const first = store.apply('ada.t', put(token('a')))
    await pause(1)
    const more = [token('b'), token('c')].map((entity) => store.apply('ada.t', put(entity)))
    await Promise.all([first, ...more])
    writeFileSync(`${path}.lockfile`, `${process.ppid}`)
    const locked = await Promise.allSettled([token('d'), token('e')].map((entity) => store.apply('ada.t', put(entity))))
    expect(locked).toMatchObject([1, 2].map(() => ({ status: 'rejected', reason: { code: 'ERR_CACHE_LOCKED' } })))
    rmSync(`${path}.lockfile`)
    await store.apply('ada.t', put(token('f')))
    expect(await clients(store)).toEqual(['a', 'b', 'c', 'f'])
  })

  it('says that a write is done when its lock is gone', async () => {
    const store = open()
    for (let round = 0; round < 5; round++) {
      await store.apply('ada.t', put(token(`${round}`)))
      expect(beside()).toEqual(['cache.json'])
    }
  })

  it('lets a write that cannot be fail alone, and writes nothing for one that changes nothing', async () => {
    const store = open()
    const [good, bad] = await Promise.allSettled([
      store.apply('ada.t', put(token('a'))),
      store.apply('ada.t', put(token('b', 'somebody else'))),
    ])
    expect(good.status).toBe('fulfilled')
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'ERR_CACHE_WRITE' } })
    const before = statSync(path, { bigint: true })
    await store.drop('nobody')
    await store.apply('ada.t', { ...put(token('z')), onlyIf: { '["none"]': true } })
    expect(statSync(path, { bigint: true }).ino).toBe(before.ino)
    await store.drop('ada.t')
    expect(await clients(store)).toEqual([])
  })

  it('fails all writes when the folder cannot be made', async () => {
    writeFileSync(join(path, '..'), 'a file')
    const store = open()
    const results = await Promise.allSettled(['a', 'b'].map((id) => store.apply('ada.t', put(token(id)))))
    expect(results.every(({ status }) => status === 'rejected')).toBe(true)
  })
})

describe('programs that do not respect the lock', () => {
  it('lose nothing that they write just before the file is replaced', async () => {
    await open().apply('ada.t', put(token('a')))
    const strange = readFileSync(path, 'utf8').replaceAll('"a"', '"strange"').replaceAll('-a-', '-strange-')
    const store = open({ onWarning: () => writeFileSync(path, strange) })
    await store.apply('ada.t', put(token('b')))
    expect(await clients(store)).toEqual(['b', 'strange'])
  })

  it('may remove the lock: the write begins again', async () => {
    const store = open({ onWarning: () => rmSync(`${path}.lockfile`) })
    await store.apply('ada.t', put(token('a')))
    expect(await clients(store)).toEqual(['a'])
  })

  it('are complained of when they never stop', async () => {
    const store = open()
    await store.apply('ada.t', put(token('a')))
    const stop = keepDoing(() => rmSync(`${path}.lockfile`, { force: true }))
    await expect(store.apply('ada.t', put(token('b')))).rejects.toMatchObject({
      code: 'ERR_CACHE_WRITE',
      message: expect.stringContaining('does not respect its lock'),
    })
    stop()
    expect(await clients(store)).toEqual(['a'])
  })

  it('may be in the middle of writing in place: readers and writers wait for the rest', async () => {
    await open().apply('ada.t', put(token('a')))
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.slice(0, 100))
    setTimeout(() => writeFileSync(path, text), 150)
    const store = open()
    const [found] = await Promise.all([clients(store), store.apply('ada.t', put(token('b')))])
    expect(found).toContain('a')
    expect(await clients(store)).toEqual(['a', 'b'])
    expect(warnings).not.toContain('CACHE_CORRUPT')
  })
})

describe('a spoiled file', () => {
  it.each([
    ['truncated', (text: string) => text.slice(0, -10)],
    ['not UTF-8', () => Buffer.from('{"\xe9": 1}', 'latin1')],
  ])('(%s) is an error to readers, who wait for it once, and is set aside by the next write', async (_, spoil) => {
    await open().apply('ada.t', put(token('a')))
    const spoiled = spoil(readFileSync(path, 'utf8'))
    writeFileSync(path, spoiled)
    const store = open()
    const start = performance.now()
    const error = (await store.read('ada.t').catch((thrown: unknown) => thrown)) as Error
    expect(error).toMatchObject({ code: 'ERR_CACHE_FORMAT' })
    expect(error.message).not.toContain('s3cret')
    expect(performance.now() - start).toBeGreaterThan(500)
    const again = performance.now()
    await expect(store.findPartitions('username', 'ada')).rejects.toMatchObject({ code: 'ERR_CACHE_FORMAT' })
    expect(performance.now() - again).toBeLessThan(100)
    await store.apply('ada.t', put(token('b')))
    expect(await clients(store)).toEqual(['b'])
    expect(warnings).toContain('CACHE_CORRUPT')
    const [aside = ''] = beside().filter((name) => name.includes('corrupt'))
    expect(readFileSync(join(path, '..', aside))).toEqual(Buffer.from(spoiled))
  })

  it('that is empty is an empty cache', async () => {
    await open().apply('ada.t', put(token('a')))
    truncateSync(path, 0)
    const store = open()
    expect(await clients(store)).toEqual([])
    await store.apply('ada.t', put(token('b')))
    expect(warnings).not.toContain('CACHE_CORRUPT')
  })

  it('that is too large is refused and left where it is, and none is made too large', async () => {
    const store = open({ maxBytes: 2_000 })
    await store.apply('ada.t', put(token('a')))
    const before = readFileSync(path, 'utf8')
    // Two bytes a character: fewer characters than bytes are allowed.
    const large = { ...token('b'), secret: 'é'.repeat(700) }
    await expect(store.apply('ada.t', put(large))).rejects.toMatchObject({ code: 'ERR_CACHE_WRITE' })
    expect(readFileSync(path, 'utf8')).toBe(before)
    truncateSync(path, 200 * 1024 * 1024)
    await expect(store.read('ada.t')).rejects.toMatchObject({ code: 'ERR_CACHE_READ' })
    await expect(store.apply('ada.t', put(token('c')))).rejects.toMatchObject({ code: 'ERR_CACHE_READ' })
    expect(beside()).toEqual(['cache.json'])
  })

  it('may hold anything: what is not understood stays, and users are found', async () => {
    await open().apply('ada.t', put(token('a')))
    const { RefreshToken } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, object>
    const strange =
      '"__proto__":{"x":{"secret":"y"}},"AccessToken":{"k":{"secret":1,"expires_on":"99999999999"},"l":[null]}'
    writeFileSync(path, `{${strange},"Account":[1],"RefreshToken":${JSON.stringify(RefreshToken)}}`)
    const store = open()
    expect(await clients(store)).toEqual(['a'])
    await store.apply('ada.t', put(token('b')))
    expect(await clients(store)).toEqual(['a', 'b'])
    const after = readFileSync(path, 'utf8')
    for (const part of ['"__proto__":{"x":{"secret":"y"}}', '"secret":1', '"Account":[1]'])
      expect(after).toContain(part)
  })
})

it('a user gets the token although the cache is locked, and is told so', async () => {
  await open().apply('ada.t', put(token('a')))
  writeFileSync(`${path}.lockfile`, `${process.ppid} python`)
  const store = open({ lockTimeoutMs: 20 })
  const locked = `locked by process ${process.ppid} for 0 seconds`
  await expect(store.apply('ada.t', put(token('b')))).rejects.toThrow(locked)
  const { client, events } = await simulate({ store })
  const { accessToken } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: [...demo.scopes] })
  expect(accessToken.length).toBeGreaterThan(10)
  const message = expect.stringContaining('ERR_CACHE_LOCKED')
  expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'STORE_FAILED', message }))
  await client.close()
})
