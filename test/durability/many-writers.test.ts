import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CredentialStore } from '../../src/cache/store.ts'
import { createMsalFileStore } from '../../src/cache/stores/msal-file.ts'
import { createShardedFileStore } from '../../src/cache/stores/sharded-files.ts'
import { lostWrites } from './lost-writes.ts'
import { isNightly, pause, report, startTogether, temporaryFolder, type Writer, type WriterOptions } from './writers.ts'

const processes = isNightly ? 16 : 4
const perProcess = isNightly ? 1_000 : 10
const ignore = (): void => undefined
const limit = { timeout: isNightly ? 600_000 : 30_000 }

const layouts = [
  {
    name: 'one file in the schema of MSAL',
    store: 'msal',
    open: (path: string): CredentialStore => createMsalFileStore(path, { onWarning: ignore }),
  },
  {
    name: 'a folder with a file for each user',
    store: 'sharded',
    open: (path: string): CredentialStore => createShardedFileStore(path, { onWarning: ignore }),
  },
] as const

describe.each(layouts)('many processes that write to $name', ({ store, open }) => {
  // A service has several sign-ins under way; these go into one write of the file together.
  const options = {
    store,
    count: perProcess,
    users: 200,
    inFlight: isNightly ? 16 : 4,
    lockTimeoutMs: 300_000,
  } as const

  it('lose nothing of what each of them stored', limit, async (context) => {
    const path = join(temporaryFolder(), 'cache')
    const { writers, seconds } = await runAll({ ...options, path })
    expect(writers.flatMap(({ complaints }) => complaints)).toEqual([])
    expect(await lostWrites(open(path), writers)).toEqual([])
    report(context, `${processes} processes × ${perProcess} sign-ins of 200 users, 0 lost, ${seconds.toFixed(1)} s`)
  })

  it('lose nothing that was acknowledged when half of them are killed', limit, async (context) => {
    const path = join(temporaryFolder(), 'cache')
    const count = isNightly ? 200 : perProcess
    const { writers, seconds } = await runAll({ ...options, path, count, inFlight: isNightly ? 4 : 2 }, async (all) => {
      // A different moment in the life of each.
      await Promise.all(
        all.slice(0, processes / 2).map(async (writer, index) => {
          await writer.reached(1 + Math.floor((count * index) / processes))
          await pause(Math.random() * 50)
          writer.kill('SIGKILL')
        }),
      )
    })
    expect(writers.flatMap(({ complaints }) => complaints)).toEqual([])
    const survivors = writers.slice(processes / 2)
    expect(survivors.every(({ process }) => process.exitCode === 0)).toBe(true)
    expect(await lostWrites(open(path), writers)).toEqual([])
    report(
      context,
      `${processes} processes × ${count} sign-ins, ${processes / 2} killed, 0 lost, ${seconds.toFixed(1)} s`,
    )
  })
})

it('finds each of many users whom many processes stored in a folder', limit, async (context) => {
  const path = join(temporaryFolder(), 'cache')
  const { writers, seconds } = await runAll({ store: 'sharded', path, count: perProcess, users: 0, inFlight: 4 })
  const store = createShardedFileStore(path, { onWarning: ignore })
  expect(await lostWrites(store, writers)).toEqual([])
  const users = writers.flatMap(({ acknowledged }) => [...acknowledged.keys()])
  expect(users).toHaveLength(processes * perProcess)
  const listed: string[] = []
  for await (const user of store.partitions()) listed.push(user)
  expect(listed.sort()).toEqual([...users].sort())
  for (const user of users) {
    expect(await store.findPartitions('username', `${user.toUpperCase()}@contoso.example`)).toEqual([user])
  }
  report(context, `${users.length} users of ${processes} processes, 0 lost, ${seconds.toFixed(1)} s`)
})

async function runAll(
  options: Omit<WriterOptions, 'client'>,
  meanwhile?: (writers: readonly Writer[]) => Promise<void>,
): Promise<{ writers: readonly Writer[]; seconds: number }> {
  const writers = await startTogether(processes, options)
  const start = performance.now()
  await Promise.all([...writers.map(({ ended }) => ended), meanwhile?.(writers)])
  return { writers, seconds: (performance.now() - start) / 1_000 }
}
