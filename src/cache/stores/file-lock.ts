import { constants, link, lstat, open, readFile, rm, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { CacheError } from '../../errors.ts'
import { codeOf, failure, isAlive, temporaryName } from './private-file.ts'

/** A lock that is held. */
export interface FileLock {
  /** Whether it still is ours: a stranger may have removed it. */
  isHeld(): Promise<boolean>
}

/**
 * Runs something while no other process does so for the same file. The lock is the file `<path>.lockfile`, made by exclusive
 * creation with the process id in front, as MSAL's extensions for Node and Python make and respect it.
 *
 * The lock of a process that has died is taken over; that of a living one never is, however long it takes. One without a
 * process id, or of another machine, counts as left behind after five minutes.
 *
 * @param timeoutMs How long to wait for others, in milliseconds.
 * @throws {@link CacheError} `ERR_CACHE_LOCKED` when the time is up; whatever `run` throws.
 */
export async function withFileLock<T>(
  path: string,
  timeoutMs: number,
  run: (lock: FileLock) => Promise<T>,
): Promise<T> {
  return inTurn(resolve(path), async () => {
    const file = `${path}.lockfile`
    const content = `${process.pid} ropc-client\n${hostname()} ${crypto.randomUUID()}\n`
    await acquire(path, file, content, timeoutMs)
    try {
      return await run({ isHeld: async () => (await contentOf(file)) === content })
    } finally {
      if ((await contentOf(file)) === content) await unlink(file).catch(() => undefined)
    }
  })
}

const queues = new Map<string, Promise<unknown>>()

// Within one process nobody need look at the disk to know that it is busy.
async function inTurn<T>(path: string, run: () => Promise<T>): Promise<T> {
  const turn = (queues.get(path) ?? Promise.resolve()).then(run, run)
  const done = turn.catch(() => undefined)
  queues.set(path, done)
  try {
    return await turn
  } finally {
    if (queues.get(path) === done) queues.delete(path)
  }
}

async function acquire(path: string, file: string, content: string, timeoutMs: number): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs
  for (let round = 0; ; round++) {
    if (await create(path, file, content)) return
    const holder = await holderOf(file)
    if (holder !== undefined && isLeftBehind(holder)) {
      await clearAway(path, file, content, holder)
      continue
    }
    if (performance.now() >= giveUpAt) throw locked(file, holder)
    // Others wait as well: who waits long asks less often, and nobody in step.
    await new Promise((wake) => setTimeout(wake, 2 + Math.random() * Math.min(10 + 5 * round, 50)))
  }
}

/**
 * Makes the lock, at once with its content, so that no other process sees it empty.
 *
 * @returns `false` if it is there already.
 */
async function create(path: string, file: string, content: string): Promise<boolean> {
  const temporary = temporaryName(path)
  try {
    const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    await handle.writeFile(content).finally(() => handle.close())
    await link(temporary, file)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw failure('ERR_CACHE_WRITE', 'cannot be locked', file, error)
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined)
  }
}

interface Holder {
  readonly ino: bigint
  readonly ageMs: number
  /** `undefined` if the file does not tell: it is being written, or was made by something else. */
  readonly pid: number | undefined
  readonly host: string | undefined
}

async function holderOf(file: string): Promise<Holder | undefined> {
  const stats = await lstat(file, { bigint: true }).catch(() => undefined)
  const content = await contentOf(file)
  if (stats === undefined || content === undefined) return undefined
  const [first = '', second = ''] = content.split('\n')
  const pid = /^\s*(\d{1,10})(\s|$)/.exec(first)?.[1]
  return {
    ino: stats.ino,
    ageMs: Date.now() - Number(stats.mtimeMs),
    pid: pid === undefined ? undefined : Number(pid),
    host: second.split(' ')[0] || undefined,
  }
}

const leftBehindMs = 5 * 60_000

function isLeftBehind({ ageMs, pid, host = hostname() }: Holder): boolean {
  if (pid === undefined || host !== hostname()) return ageMs > leftBehindMs
  return !isAlive(pid)
}

/**
 * Removes a lock that was left behind. Several processes may find the same one: they take turns by another lock, and look
 * again under it, so that none removes what the next one has made meanwhile.
 */
async function clearAway(path: string, file: string, content: string, { ino }: Holder): Promise<void> {
  const turn = `${file}-takeover`
  if (!(await create(path, turn, content))) {
    const other = await holderOf(turn)
    if (other !== undefined && isLeftBehind(other)) await rm(turn, { force: true })
    await new Promise((wake) => setTimeout(wake, 5 + Math.random() * 20))
    return
  }
  try {
    const holder = await holderOf(file)
    if (holder?.ino === ino && isLeftBehind(holder)) await rm(file, { force: true })
  } finally {
    await rm(turn, { force: true })
  }
}

async function contentOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined)
}

function locked(file: string, holder: Holder | undefined): CacheError {
  const { pid, ageMs = 0 } = holder ?? {}
  const who = pid === undefined ? 'another process' : `process ${pid}`
  return new CacheError(
    'ERR_CACHE_LOCKED',
    `the cache is locked by ${who} for ${Math.round(ageMs / 1_000)} seconds (${JSON.stringify(file)})`,
    { step: 'cache', hint: 'Let that process finish or end it. If none is at work, remove the lock file.' },
  )
}
