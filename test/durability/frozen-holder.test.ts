import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createMsalFileStore } from '../../src/cache/stores/msal-file.ts'
import { lostWrites } from './lost-writes.ts'
import { isNightly, pause, startWriter, temporaryFolder, type Writer, type WriterOptions } from './writers.ts'

const frozenMs = isNightly ? 10_500 : 500
// So that each of them gives up at least once meanwhile.
const lockTimeoutMs = isNightly ? 3_000 : 100
const limit = { timeout: isNightly ? 120_000 : 30_000 }

it.skipIf(process.platform === 'win32')(
  'a process frozen while it holds the lock keeps it: others give up, and nothing is written twice',
  limit,
  async () => {
    const { path, holder, others } = await freezeHolder(lockTimeoutMs)
    const before = identity(path)
    for (const other of others) other.go()
    await pause(frozenMs)
    expect(identity(path)).toEqual(before)
    holder.kill('SIGCONT')
    await Promise.all([holder, ...others].map(({ ended }) => ended))
    const errors = others.flatMap(({ complaints }) => complaints)
    expect(errors.length).toBeGreaterThanOrEqual(others.length)
    expect(errors.filter((error) => !/^error \d+ ERR_CACHE_LOCKED$/.test(error))).toEqual([])
    expect(holder.complaints).toEqual([])
    expect(await lostWrites(openStore(path), [holder, ...others])).toEqual([])
  },
)

it.skipIf(process.platform === 'win32')(
  'a frozen process whose lock somebody removed writes over nobody when it goes on',
  // Nothing helps one that is frozen in the 0.1 ms between its last look at the lock and the renaming.
  { ...limit, retry: 2 },
  async () => {
    const { path, holder, others } = await freezeHolder(30_000)
    rmSync(`${path}.lockfile`)
    for (const other of others) other.go()
    await Promise.all(others.map(({ ended }) => ended))
    holder.kill('SIGCONT')
    await holder.ended
    expect([holder, ...others].flatMap(({ complaints }) => complaints)).toEqual([])
    expect(await lostWrites(openStore(path), [holder, ...others])).toEqual([])
  },
)

/** One process stopped at a random moment of its work under the lock, and others that are about to begin. */
async function freezeHolder(
  lockTimeoutMs: number,
): Promise<{ path: string; holder: Writer; others: readonly Writer[] }> {
  const path = join(temporaryFolder(), 'cache.json')
  const options: Omit<WriterOptions, 'client' | 'count'> = { store: 'msal', path, users: 50 }
  const holder = startWriter({ ...options, client: 'holder', count: 60 })
  const others = ['one', 'other', 'another'].map((client) =>
    startWriter({ ...options, client, count: 3, lockTimeoutMs }),
  )
  await Promise.all([holder, ...others].map(({ ready }) => ready))
  holder.go()
  await holder.reached(3)
  while (true) {
    if (holder.process.exitCode !== null) throw new Error('the holder ended before it could be frozen')
    holder.kill('SIGSTOP')
    // The signal takes its time, and the last write may just have ended.
    await pause(20)
    if (existsSync(`${path}.lockfile`) && readFileSync(`${path}.lockfile`, 'utf8') !== '') break
    holder.kill('SIGCONT')
    await pause(Math.random() * 5)
  }
  return { path, holder, others }
}

function identity(path: string): unknown {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true })
  return { ino, size, mtimeNs }
}

function openStore(path: string): ReturnType<typeof createMsalFileStore> {
  return createMsalFileStore(path, { onWarning: () => undefined })
}
