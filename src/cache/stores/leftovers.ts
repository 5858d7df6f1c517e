import { existsSync, readFileSync } from 'node:fs'
import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, ignored } from './file-failure.ts'

const temporaryMark = '.ropc-tmp-'

/** A name beside a file that nobody else uses, and that {@link removeOrphans} knows. */
export function temporaryName(path: string): string {
  return `${path}${temporaryMark}${process.pid}-${crypto.randomUUID().slice(0, 8)}`
}

export interface OrphanOptions {
  /** Only what belongs to the file of this name. Default: to any file in the folder. */
  readonly name?: string
  /** What is younger stays: a process of another machine may be at work on it. Default a minute. */
  readonly olderThanMs?: number
}

/** Removes what writers left in a folder when they were killed. What a living process of this machine may still write stays. */
export async function removeOrphans(directory: string, options: OrphanOptions = {}): Promise<void> {
  const { name = '', olderThanMs = 60_000 } = options
  for (const candidate of await readdir(directory).catch(() => [])) {
    const [owner, pid] = candidate.split(temporaryMark)
    if (pid === undefined || (name !== '' && owner !== name) || isAlive(Number.parseInt(pid, 10))) continue
    const file = join(directory, candidate)
    const { mtimeMs } = (await lstat(file).catch(ignored)) ?? { mtimeMs: Date.now() }
    if (Date.now() - mtimeMs >= olderThanMs) await rm(file, { force: true }).catch(ignored)
  }
}

/** Whether a process of this machine runs. One that has ended, but that nobody has asked how, does not. */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    // EPERM: it runs, for somebody else.
    return codeOf(error) === 'EPERM'
  }
}

// In a container without an init process, killed processes stay so for ever.
function isZombie(pid: number): boolean {
  const file = `/proc/${pid}/stat`
  // The name in front may hold anything, but the last bracket closes it.
  return existsSync(file) && /^[ZX]/.test(readFileSync(file, 'latin1').split(') ').at(-1) ?? '')
}
