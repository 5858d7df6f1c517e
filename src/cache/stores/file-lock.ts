import { constants, link, open, rm, unlink } from 'node:fs/promises'
import { hostname, uptime } from 'node:os'
import { resolve } from 'node:path'
import { CacheError } from '../../errors.ts'
import { codeOf, failure, ignored } from './file-failure.ts'
import { isAlive, temporaryName } from './leftovers.ts'

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
 * process id, or of another machine, counts as left behind after five minutes. Machines and containers that share a folder
 * need host names of their own: under one name, the process of one looks dead to the other.
 *
 * @param timeoutMs How long to wait for others, in milliseconds. Who need not wait is not stopped by 0.
 * @returns What `run` does, after the lock is released.
 * @throws {@link CacheError} `ERR_CACHE_LOCKED` when the time is up; whatever `run` throws.
 */
export async function withFileLock<T>(
  path: string,
  timeoutMs: number,
  run: (lock: FileLock) => Promise<T>,
): Promise<T> {
  const giveUpAt = performance.now() + timeoutMs
  return inTurn(resolve(path), () => runLocked(path, giveUpAt, run))
}

/**
 * The same for something that may have to be repeated with a lock of its own, since the first one was lost. Meanwhile nobody
 * else in this process gets their turn, so that what was asked for first also happens first.
 *
 * @param attempt Whether it is done.
 * @returns `false` if it was not done in ten rounds.
 */
export async function repeatLocked(
  path: string,
  timeoutMs: number,
  attempt: (lock: FileLock) => Promise<boolean>,
): Promise<boolean> {
  let giveUpAt = performance.now() + timeoutMs
  return inTurn(resolve(path), async () => {
    for (let round = 0; round < 10; round++) {
      if (await runLocked(path, giveUpAt, attempt)) return true
      giveUpAt = performance.now() + timeoutMs
    }
    return false
  })
}

async function runLocked<T>(path: string, giveUpAt: number, run: (lock: FileLock) => Promise<T>): Promise<T> {
  const file = `${path}.lockfile`
  const content = `${process.pid} ropc-client\n${hostname()} ${crypto.randomUUID()}\n`
  await acquire(path, file, content, giveUpAt)
  const isHeld = async (): Promise<boolean> => (await holderOf(file))?.content === content
  try {
    return await run({ isHeld })
  } finally {
    if (await isHeld()) await unlink(file).catch(ignored)
  }
}

const queues = new Map<string, Promise<unknown>>()

// Within one process nobody need look at the disk to know that it is busy.
async function inTurn<T>(path: string, run: () => Promise<T>): Promise<T> {
  const turn = (queues.get(path) ?? Promise.resolve()).then(run)
  const done = turn.catch(ignored)
  queues.set(path, done)
  try {
    return await turn
  } finally {
    if (queues.get(path) === done) queues.delete(path)
  }
}

async function acquire(path: string, file: string, content: string, giveUpAt: number): Promise<void> {
  for (let round = 0; ; round++) {
    const holder = await holderOf(file)
    if (holder === undefined && (await create(path, file, content))) return
    if (holder !== undefined && isLeftBehind(holder) && (await clearAway(path, file, content))) continue
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
    await writeNew(temporary, content)
    // Some file systems (exFAT, some of networks) have no links; there, others see the lock empty for a moment.
    const reason = await link(temporary, file).then(ignored, codeOf)
    if (withoutLinks.includes(reason ?? '')) await writeNew(file, content)
    else if (reason !== undefined) throw Object.assign(new Error(reason), { code: reason })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw failure('ERR_CACHE_WRITE', 'cannot be locked', file, error)
  } finally {
    await rm(temporary, { force: true }).catch(ignored)
  }
}

const withoutLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

async function writeNew(path: string, content: string): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  await handle.writeFile(content).finally(() => handle.close())
}

interface Holder {
  readonly content: string
  readonly madeAt: number
  /** `undefined` if the file does not tell: it is being written, or was made by something else. */
  readonly pid: number | undefined
  readonly host: string | undefined
}

/** @returns `undefined` if there is no lock. What is there but cannot be read is a lock of somebody unknown. */
async function holderOf(file: string): Promise<Holder | undefined> {
  const nobody = { content: '', madeAt: Date.now(), pid: undefined, host: undefined }
  try {
    // A link or pipe in its place must neither lead elsewhere nor keep us waiting.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
    const handle = await open(file, flags)
    try {
      const { mtimeMs: madeAt } = await handle.stat()
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(maxContent), position: 0 })
      const content = buffer.toString('utf8', 0, bytesRead)
      const [first = '', second = ''] = content.split('\n')
      const pid = /^\s*(\d{1,10})(\s|$)/.exec(first)?.[1]
      return {
        content,
        madeAt,
        pid: pid === undefined ? undefined : Number(pid),
        host: second.split(' ')[0] || undefined,
      }
    } finally {
      await handle.close()
    }
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? undefined : nobody
  }
}

const maxContent = 1_024
const leftBehindMs = 5 * 60_000
/** Clocks are set, by a little, and start times are rounded. */
const clockMs = 2_000

function isLeftBehind({ madeAt, pid, host = hostname() }: Holder): boolean {
  const ageMs = Date.now() - madeAt
  if (pid === undefined || host !== hostname()) return ageMs > leftBehindMs
  if (ageMs > uptime() * 1_000 + clockMs) return true
  // A container that was started again often gives the number of the dead process to the new one.
  if (pid === process.pid && ageMs > process.uptime() * 1_000 + clockMs) return true
  return !isAlive(pid)
}

/**
 * Removes a lock that was left behind. Several processes may find the same one: they take turns by another lock, and look
 * again under it, so that none removes what the next one has made meanwhile.
 *
 * @returns `false` if it is another one's turn.
 */
async function clearAway(path: string, file: string, content: string): Promise<boolean> {
  const turn = `${file}-takeover`
  if (!(await create(path, turn, content))) {
    const other = await holderOf(turn)
    if (other !== undefined && isLeftBehind(other)) await rm(turn, { force: true })
    return false
  }
  try {
    const holder = await holderOf(file)
    if (holder !== undefined && isLeftBehind(holder)) await rm(file, { force: true })
    return true
  } finally {
    await rm(turn, { force: true })
  }
}

function locked(file: string, holder: Holder | undefined): CacheError {
  const { pid, madeAt = Date.now() } = holder ?? {}
  const who = pid === undefined ? 'another process' : `process ${pid}`
  const seconds = Math.max(0, Math.round((Date.now() - madeAt) / 1_000))
  return new CacheError(
    'ERR_CACHE_LOCKED',
    `the cache is locked by ${who} for ${seconds} seconds (${JSON.stringify(file)})`,
    {
      step: 'cache',
      hint: 'Let that process finish or end it. If none is at work, remove that file and any beside it that ends in -takeover.',
    },
  )
}
