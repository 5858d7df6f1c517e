import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { isAlive, removeOrphans, temporaryName } from '../../../src/cache/stores/leftovers.ts'

const root = mkdtempSync(join(tmpdir(), 'ropc-leftovers-'))
afterAll(() => rmSync(root, { recursive: true }))
const deadPid = spawnSync(process.execPath, ['--version']).pid
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(root, 'x'))
})

function leave(name: string, ageSeconds: number): void {
  writeFileSync(join(folder, name), 'token')
  const at = Date.now() / 1_000 - ageSeconds
  utimesSync(join(folder, name), at, at)
}

const orphan = (name: string, pid: number | string): string => `${name}.ropc-tmp-${pid}-0123abcd`

describe('what a killed writer left', () => {
  it('is removed once it is a minute old, and nothing else is', async () => {
    const kept = ['cache.json', orphan('cache.json', process.pid), orphan('young.json', deadPid), 'notes.ropc-tmp']
    for (const name of kept) leave(name, name.startsWith('young') ? 30 : 3_600)
    leave(orphan('cache.json', deadPid), 90)
    leave(orphan('other.json', 'nobody'), 90)
    await removeOrphans(folder)
    expect(readdirSync(folder).sort()).toEqual([...kept].sort())
  })

  it('is removed at another age, or for one file only, if that is asked for', async () => {
    leave(orphan('cache.json', deadPid), 0)
    leave(orphan('other.json', deadPid), 0)
    await removeOrphans(folder, { name: 'cache.json', olderThanMs: 0 })
    expect(readdirSync(folder)).toEqual([orphan('other.json', deadPid)])
  })

  it('is looked for under the names that writers use', async () => {
    const name = temporaryName('cache.json').replace(`-${process.pid}-`, `-${deadPid}-`)
    leave(name, 90)
    await removeOrphans(folder)
    expect(readdirSync(folder)).toEqual([])
  })

  it('is no matter where there is no folder', async () => {
    await removeOrphans(join(folder, 'none'))
  })
})

describe('a process', () => {
  it('is alive while it runs, also for somebody else', () => {
    expect(isAlive(process.pid)).toBe(true)
    expect(isAlive(1)).toBe(true)
    expect(isAlive(deadPid)).toBe(false)
  })

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53])('has no number %s', (pid) => {
    expect(isAlive(pid)).toBe(false)
  })

  it.skipIf(process.platform !== 'linux')('that has ended is dead, though nobody asked how', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0.02 & echo $!; exec sleep 5'])
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (text) => resolve(Number(text))))
    try {
      await expect.poll(() => isAlive(pid), { interval: 10 }).toBe(false)
      expect(process.kill(pid, 0)).toBe(true)
    } finally {
      parent.kill()
    }
  })
})
