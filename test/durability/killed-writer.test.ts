import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { CredentialStore } from '../../src/cache/store.ts'
import { createMsalFileStore } from '../../src/cache/stores/msal-file.ts'
import { createShardedFileStore } from '../../src/cache/stores/sharded-files.ts'
import { isNightly, pause, report, startWriter, temporaryFolder, type Writer } from './writers.ts'

const kills = isNightly ? 1_000 : 20
const onWarning = (): void => undefined

interface Layout {
  readonly store: 'msal' | 'sharded'
  open(path: string): CredentialStore
  /** What the tokens that are stored are of. */
  secrets(path: string): readonly string[]
}

const oneFile: Layout = {
  store: 'msal',
  open: (path) => createMsalFileStore(path, { onWarning }),
  secrets(path) {
    const root = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, { readonly secret: string }>>
    if (String(root['ballast']).length !== 200_000) throw new Error('what stood in the file is gone')
    return ['IdToken', 'AccessToken', 'RefreshToken'].flatMap((section) =>
      Object.values(root[section] ?? {}).map(({ secret }) => secret),
    )
  },
}

const oneFilePerUser: Layout = {
  store: 'sharded',
  open: (path) => createShardedFileStore(path, { onWarning }),
  secrets(path) {
    const [name = ''] = filesIn(path).filter((file) => file.endsWith('.json'))
    const { entities } = JSON.parse(readFileSync(name, 'utf8')) as {
      readonly entities: readonly (readonly [string, { readonly secret?: string }])[]
    }
    return entities.flatMap(([, { secret = [] }]) => secret)
  },
}

it('a process killed while it writes leaves what it stored whole, and never older than what it acknowledged', {
  timeout: isNightly ? 600_000 : 60_000,
}, async (context) => {
  const results = await Promise.all([
    killAgainAndAgain(oneFile, kills / 2),
    killAgainAndAgain(oneFilePerUser, kills / 2),
  ])
  expect(results.flatMap(({ defects }) => defects)).toEqual([])
  const orphans = results.reduce((sum, result) => sum + result.orphans, 0)
  const killed = results.reduce((sum, result) => sum + result.killed, 0)
  report(
    context,
    `${kills} runs, ${killed} killed while writing: 0 torn, 0 empty, 0 older; ${orphans} orphans, all removed`,
  )
})

/** One writer after the other is killed at a random moment of its work; in between, the files are looked at. */
async function killAgainAndAgain(
  layout: Layout,
  rounds: number,
): Promise<{ defects: readonly string[]; orphans: number; killed: number }> {
  const path = join(temporaryFolder(), 'cache')
  // Other people's data, so that a write takes its time.
  if (layout === oneFile) writeFileSync(path, JSON.stringify({ ballast: 'x'.repeat(200_000) }), { mode: 0o600 })
  const start = (first: number): Writer =>
    startWriter({ store: layout.store, path, client: 'client', first, count: 1_000, users: 1 })
  const defects: string[] = []
  let killed = 0
  let newest = -1
  let upcoming = start(0)
  for (let round = 0; round < rounds; round++) {
    const writer = upcoming
    await writer.ready
    writer.go()
    // The next one loads its modules meanwhile.
    upcoming = start((round + 1) * 1_000)
    await writer.reached(1)
    await pause(Math.random() * 20)
    writer.kill('SIGKILL')
    await writer.ended
    if (writer.process.signalCode === 'SIGKILL') killed++
    defects.push(...writer.complaints)
    newest = Math.max(newest, ...writer.acknowledged.values())
    const found = numberIn(layout, path)
    if (!(found >= newest)) defects.push(`${layout.store}, round ${round}: ${found} in place of ${newest}`)
    newest = Math.max(newest, found)
  }
  upcoming.kill('SIGKILL')
  await upcoming.ended
  return { defects, orphans: await tidy(layout, path), killed }
}

/** The number of the write that is stored. @returns `NaN` if it is torn, empty, or lacks a part. */
function numberIn(layout: Layout, path: string): number {
  try {
    const numbers = layout.secrets(path).map((secret) => Number(secret.split(' ')[1]))
    return numbers.length === 3 && new Set(numbers).size === 1 ? (numbers[0] ?? Number.NaN) : Number.NaN
  } catch {
    return Number.NaN
  }
}

/** What killed writers left is gone when the next one has written, an hour later. @returns How many files that were. */
async function tidy(layout: Layout, path: string): Promise<number> {
  const left = filesIn(join(path, '..')).filter((file) => /\.(lockfile|ropc-tmp-)/.test(file))
  const anHourAgo = Date.now() / 1_000 - 3_600
  for (const file of left) utimesSync(file, anHourAgo, anHourAgo)
  await layout.open(path).drop('user-0.t')
  expect(filesIn(join(path, '..'))).toEqual(layout === oneFile ? [path] : [])
  return left.length
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
