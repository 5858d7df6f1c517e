import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { repeatLocked, withFileLock } from '../../../src/cache/stores/file-lock.ts'

const root = mkdtempSync(join(tmpdir(), 'ropc-lock-'))
afterAll(() => rmSync(root, { recursive: true }))
const deadPid = spawnSync(process.execPath, ['--version']).pid
const isWindows = process.platform === 'win32'
const built = fileURLToPath(new URL('../../../dist/cache/stores/file-lock.js', import.meta.url))
let path = ''
let lock = ''
beforeEach(() => {
  path = join(mkdtempSync(join(root, 'x')), 'cache.json')
  lock = `${path}.lockfile`
})

function leave(content: string, ageSeconds = 0, file = lock): void {
  writeFileSync(file, content)
  const at = Date.now() / 1_000 - ageSeconds
  utimesSync(file, at, at)
}

const beside = (): readonly string[] => readdirSync(join(path, '..'))
const take = (timeoutMs = 30): Promise<string> => withFileLock(path, timeoutMs, async () => 'taken')
const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

describe('a lock', () => {
  it('names its process in front, as the extensions of MSAL do, and is gone afterwards', async () => {
    const content = await withFileLock(path, 0, async ({ isHeld }) => {
      expect(await isHeld()).toBe(true)
      return readFileSync(lock, 'utf8')
    })
    expect(content).toMatch(new RegExp(`^${process.pid} ropc-client\\n`))
    expect(beside()).toEqual([])
  })

  it('lets one in at a time, also within a process, and in turn', async () => {
    const seen: number[] = []
    const enter = (number: number): Promise<void> =>
      withFileLock(path, 0, async () => {
        seen.push(number)
        await pause(3)
        seen.push(number)
      })
    await Promise.all([1, 2, 3].map(enter))
    expect(seen).toEqual([1, 1, 2, 2, 3, 3])
  })

  it('is gone too when what ran under it failed, and keeps nobody out', async () => {
    const failing = withFileLock(path, 0, async () => {
      throw new TypeError('of the task')
    })
    const next = take()
    await expect(failing).rejects.toThrow('of the task')
    expect(await next).toBe('taken')
    expect(beside()).toEqual([])
  })

  it('that was removed and made by others is not held any more, and stays theirs', async () => {
    await withFileLock(path, 0, async ({ isHeld }) => {
      leave('1 another')
      expect(await isHeld()).toBe(false)
      rmSync(lock)
      expect(await isHeld()).toBe(false)
      leave('1 another')
    })
    expect(readFileSync(lock, 'utf8')).toBe('1 another')
  })

  it('cannot be made where there is no folder', async () => {
    const nowhere = join(path, 'none', 'cache.json')
    await expect(withFileLock(nowhere, 0, async () => 0)).rejects.toMatchObject({ code: 'ERR_CACHE_WRITE' })
  })
})

describe('an attempt', () => {
  it('that is not done is repeated with a new lock, before what was asked for later', async () => {
    const seen: string[] = []
    const older = repeatLocked(path, 0, async () => {
      seen.push(`older ${readFileSync(lock, 'utf8').slice(-20)}`)
      return seen.length === 2
    })
    const later = repeatLocked(path, 0, async () => seen.push('later') > 0)
    expect(await Promise.all([older, later])).toEqual([true, true])
    expect(seen.map((text) => text.slice(0, 5))).toEqual(['older', 'older', 'later'])
    expect(seen[0]).not.toBe(seen[1])
  })

  it('that is never done is given up after ten rounds', async () => {
    let rounds = 0
    expect(await repeatLocked(path, 0, async () => ++rounds < 0)).toBe(false)
    expect(rounds).toBe(10)
    expect(beside()).toEqual([])
  })
})

describe('the lock of another', () => {
  it('that is alive is waited for', async () => {
    leave(`${process.ppid}`)
    setTimeout(() => rmSync(lock), 40)
    expect(await take(5_000)).toBe('taken')
  })

  it('that is alive is never broken, however old: who waits is told its number and age', async () => {
    leave(`${process.ppid} python`, 125)
    await expect(take()).rejects.toMatchObject({
      code: 'ERR_CACHE_LOCKED',
      step: 'cache',
      message: expect.stringMatching(`process ${process.ppid} for 12[567] seconds`),
    })
    expect(beside()).toEqual(['cache.json.lockfile'])
  })

  it('keeps those who wait in this process no longer than each of them would wait', async () => {
    leave(`${process.ppid}`)
    const start = performance.now()
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map(() => take(100)))
    expect(results.every(({ status }) => status === 'rejected')).toBe(true)
    expect(performance.now() - start).toBeLessThan(350)
  })

  it.skipIf(isWindows)('that is stopped is not broken', async () => {
    const holder = spawn('sleep', ['5'])
    holder.kill('SIGSTOP')
    leave(`${holder.pid}`)
    await expect(take()).rejects.toMatchObject({ code: 'ERR_CACHE_LOCKED' })
    holder.kill('SIGKILL')
    await new Promise((resolve) => holder.once('close', resolve))
    expect(await take()).toBe('taken')
  })

  it('that is dead is taken over at once, and so is one from before this process or the last start of the machine', async () => {
    const locks = [
      [`${deadPid}`, 0],
      [`${process.pid} ropc-client\n${hostname()} x\n`, process.uptime() + 10],
      [`${process.ppid}`, 40 * 365 * 86_400],
    ] as const
    for (const [content, age] of locks) {
      leave(content, age)
      expect(await take(0)).toBe('taken')
      expect(beside()).toEqual([])
    }
  })

  it.each([
    ['is empty, since its maker is about to write it', ''],
    ['holds no number', 'locked!'],
    ['is of another machine', `${deadPid} ropc-client\nanother.machine x\n`],
  ])('that %s counts as left behind after five minutes', async (_, content) => {
    leave(content, 4 * 60)
    await expect(take(0)).rejects.toMatchObject({ code: 'ERR_CACHE_LOCKED' })
    leave(content, 6 * 60)
    expect(await take(0)).toBe('taken')
  })

  it.skipIf(isWindows)('may be a pipe, link or folder: nobody hangs, and nothing is followed', async () => {
    const makers = [() => spawnSync('mkfifo', [lock]), () => symlinkSync('/dev/zero', lock), () => mkdirSync(lock)]
    for (const make of makers) {
      make()
      const message = expect.stringContaining('locked by another process for 0 seconds')
      await expect(take(0)).rejects.toMatchObject({ code: 'ERR_CACHE_LOCKED', message })
      rmSync(lock, { recursive: true })
    }
  })
})

describe('taking over', () => {
  it('waits for who is doing it, but not for ever', async () => {
    leave(`${deadPid}`)
    leave(`${process.ppid}`, 0, `${lock}-takeover`)
    await expect(take()).rejects.toMatchObject({ code: 'ERR_CACHE_LOCKED', hint: expect.stringContaining('-takeover') })
    expect(beside()).toHaveLength(2)
  })

  it('is taken over itself from who died doing it', async () => {
    leave(`${deadPid}`)
    leave(`${deadPid}`, 0, `${lock}-takeover`)
    expect(await take(2_000)).toBe('taken')
    expect(beside()).toEqual([])
  })

  it.skipIf(!existsSync(built))('by eight processes at once lets one in at a time (needs the build)', async () => {
    leave(`${deadPid}`)
    const program = `
      import { appendFileSync } from 'node:fs'
      import { withFileLock } from ${JSON.stringify(new URL('../../../dist/cache/stores/file-lock.js', import.meta.url).href)}
      const log = (word) => appendFileSync(${JSON.stringify(`${path}.log`)}, word + ' ' + process.pid + '\\n')
      await new Promise((wake) => setTimeout(wake, ${Date.now() + 700} - Date.now()))
      await withFileLock(${JSON.stringify(path)}, 10_000, async () => {
        log('in')
        await new Promise((wake) => setTimeout(wake, 5))
        log('out')
      })`
    const children = Array.from({ length: 8 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'ignore', 'inherit'] }),
    )
    const codes = await Promise.all(children.map((child) => new Promise((resolve) => child.once('close', resolve))))
    expect(codes).toEqual(children.map(() => 0))
    const lines = readFileSync(`${path}.log`, 'utf8').trim().split('\n')
    expect(lines).toHaveLength(16)
    for (let at = 0; at < 16; at += 2) expect(lines[at]?.replace('in', 'out')).toBe(lines[at + 1])
    expect(beside()).toEqual(['cache.json.log'])
  })
})
