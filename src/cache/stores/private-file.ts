import { type BigIntStats, readFileSync } from 'node:fs'
import { constants, type FileHandle, lstat, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CacheError, type CacheErrorCode } from '../../errors.ts'

/** What tells one state of a file from another: every replacement has a new inode. */
export interface FileIdentity {
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
}

export interface PrivateFile {
  readonly text: string
  readonly identity: FileIdentity
}

/** Told what was found amiss and put right, by a stable code. */
export type FileWarning = (code: string, message: string) => void

/** A file in MSAL's layout grows with its users; one beyond this has outgrown the layout. */
export const defaultMaxBytes: number = 128 * 1024 * 1024

/**
 * Reads a file that only its owner may read. One that others may read is closed to them first, with a warning, since older
 * programs made such files.
 *
 * @returns `undefined` if there is no such file.
 * @throws {@link CacheError} `ERR_CACHE_INSECURE` for a link, a device, a pipe, a folder or somebody else's file;
 *   `ERR_CACHE_FORMAT` if it is not UTF-8; `ERR_CACHE_READ` if it is too large or cannot be read.
 */
export async function readPrivateFile(
  path: string,
  maxBytes: number,
  onWarning: FileWarning,
): Promise<PrivateFile | undefined> {
  // A writer that does not rename may be at work between two looks; its file is read again.
  for (let round = 0; ; round++) {
    const handle = await openForReading(path)
    if (handle === undefined) return undefined
    try {
      const before = await handle.stat({ bigint: true })
      await checkFile(handle, before, path, onWarning)
      if (before.size > BigInt(maxBytes)) throw tooLarge(path, maxBytes)
      const bytes = await handle.readFile()
      const after = await handle.stat({ bigint: true })
      if (!sameFile(before, after) && round < 3) continue
      return { text: decode(bytes, path), identity: identityOf(before) }
    } catch (error) {
      throw failure('ERR_CACHE_READ', 'cannot be read', path, error)
    } finally {
      await handle.close()
    }
  }
}

/** The state of a file as it is now. @returns `undefined` if there is none. */
export async function identify(path: string): Promise<FileIdentity | undefined> {
  try {
    return identityOf(await lstat(path, { bigint: true }))
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw failure('ERR_CACHE_READ', 'cannot be read', path, error)
  }
}

export function sameFile(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  return a?.ino === b?.ino && a?.size === b?.size && a?.mtimeNs === b?.mtimeNs
}

/**
 * Whether a look at a file, begun at an instant (epoch milliseconds), tells all later states from the one that was seen. Clocks
 * of file systems tick some 100 to 250 times a second, and the number of a removed inode is soon used again: of a file that was
 * written just now, the next state may look the same.
 */
export function isSettled({ mtimeNs }: FileIdentity, lookedAt: number): boolean {
  return mtimeNs < BigInt(Math.floor(lookedAt) - tickMs) * 1_000_000n
}

/**
 * Replaces a file as one step: whoever reads it finds the old text or the new one, also after a crash. Readable by its owner
 * alone, as is the folder if it has to be made.
 *
 * @param mayReplace Asked last, when the new text lies on the disk beside the old one.
 * @returns The new state, or `undefined` if it was not to be replaced, or was replaced by somebody else at once.
 * @throws {@link CacheError} `ERR_CACHE_WRITE`, with the old file as it was.
 */
export async function writePrivateFile(
  path: string,
  text: string,
  mayReplace: () => Promise<boolean> = async () => true,
): Promise<FileIdentity | undefined> {
  const temporary = temporaryName(path)
  try {
    const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    let identity: FileIdentity
    try {
      await handle.chmod(0o600)
      await handle.writeFile(text)
      await handle.sync()
      identity = identityOf(await handle.stat({ bigint: true }))
    } finally {
      await handle.close()
    }
    if (!(await mayReplace())) {
      await unlink(temporary)
      return undefined
    }
    await whileBusy(() => rename(temporary, path))
    await syncDirectory(dirname(path))
    // A program that knows no locks may have overwritten ours with what it had read before.
    return sameFile(identity, await identify(path)) ? identity : undefined
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw failure('ERR_CACHE_WRITE', 'cannot be written', path, error)
  }
}

/**
 * Makes the folder of a file, for its owner alone. One that is there already is left as it is, but refused if everybody may
 * put files into it: they could put their own in the place of ours.
 */
export async function makePrivateDirectory(directory: string): Promise<void> {
  try {
    const first = await mkdir(directory, { recursive: true, mode: 0o700 })
    if (first !== undefined) {
      for (let made = directory; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
    }
    const { mode } = await stat(directory)
    const sticky = 0o1000
    if (process.platform !== 'win32' && (mode & 0o022) !== 0 && (mode & sticky) === 0) {
      throw insecure(directory, 'is a folder that others may write to', `Run: chmod go-w ${JSON.stringify(directory)}`)
    }
  } catch (error) {
    throw failure('ERR_CACHE_WRITE', 'cannot be made', directory, error)
  }
}

/** A name beside a file that nobody else uses, and that {@link removeOrphans} knows. */
export function temporaryName(path: string): string {
  return `${path}${temporaryMark}${process.pid}-${crypto.randomUUID().slice(0, 8)}`
}

/** The names in a folder; none if it does not exist. */
export async function listDirectory(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
    throw failure('ERR_CACHE_READ', 'cannot be listed', directory, error)
  }
}

/** Removes a file, if it is there. */
export async function removePrivateFile(path: string): Promise<void> {
  try {
    await whileBusy(() => rm(path, { force: true }))
    await syncDirectory(dirname(path))
  } catch (error) {
    throw failure('ERR_CACHE_WRITE', 'cannot be removed', path, error)
  }
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
    const { mtimeMs } = (await lstat(file).catch(() => undefined)) ?? { mtimeMs: Date.now() }
    if (Date.now() - mtimeMs >= olderThanMs) await rm(file, { force: true }).catch(() => undefined)
  }
}

/**
 * Moves a spoiled file out of the way, under a name that no other file has: it may be all that is left of somebody's sign-ins.
 *
 * @returns Where it is now.
 */
export async function setAside(path: string): Promise<string> {
  const stamp = new Date().toISOString().replace(/[:.]/g, '-')
  const aside = `${path}.corrupt-${stamp}-${crypto.randomUUID().slice(0, 8)}`
  try {
    await whileBusy(() => rename(path, aside))
    return aside
  } catch (error) {
    throw failure('ERR_CACHE_WRITE', 'is spoiled and cannot be set aside', path, error)
  }
}

/**
 * Does something to a file again for up to half a second while it fails because somebody has the file open: Windows does not
 * let go of such a file.
 */
export async function whileBusy<T>(action: () => Promise<T>): Promise<T> {
  for (let round = 0; ; round++) {
    try {
      return await action()
    } catch (error) {
      if (round === 10 || !['EBUSY', 'EPERM', 'EACCES'].includes(codeOf(error) ?? '')) throw error
      await new Promise((wake) => setTimeout(wake, 50))
    }
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
  if (process.platform !== 'linux') return false
  try {
    // The name in front may hold anything, but the last bracket closes it.
    return /^[ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1) ?? '')
  } catch {
    return false
  }
}

/** The error of the file system as one of ours, which holds nothing that stands in the file. */
export function failure(code: CacheErrorCode, what: string, path: string, error: unknown): CacheError {
  if (error instanceof CacheError) return error
  const reason = codeOf(error) ?? 'unknown'
  return new CacheError(code, `the cache ${JSON.stringify(path)} ${what} (${reason})`, {
    step: 'cache',
    hint: hints[reason] ?? 'Check the path, its permissions and the disk.',
  })
}

export function codeOf(error: unknown): string | undefined {
  const { code } = (typeof error === 'object' && error !== null ? error : {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}

const temporaryMark = '.ropc-tmp-'
const tickMs = 20

const hints: Readonly<Record<string, string>> = {
  EACCES: 'This user may not: name a folder of their own, or change its permissions.',
  EPERM: 'This user may not: name a folder of their own, or change its permissions.',
  EROFS: 'The disk is read-only: name a folder on another.',
  ENOSPC: 'The disk is full. The old file is as it was.',
  EDQUOT: 'The quota is used up. The old file is as it was.',
  EISDIR: 'It is a folder: name a file in it.',
  ENOTDIR: 'A part of the path is a file, not a folder.',
  ENAMETOOLONG: 'Choose a shorter path.',
}

async function openForReading(path: string): Promise<FileHandle | undefined> {
  try {
    // Without O_NONBLOCK a pipe would keep us waiting for a writer.
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code === 'ELOOP' || code === 'EMLINK') throw insecure(path, 'is a symbolic link', 'Name the file itself.')
    if (code === 'ENXIO') throw insecure(path, 'is not a file', 'Name a file.')
    throw failure('ERR_CACHE_READ', 'cannot be read', path, error)
  }
}

async function checkFile(handle: FileHandle, stats: BigIntStats, path: string, onWarning: FileWarning): Promise<void> {
  if (!stats.isFile()) throw insecure(path, 'is not a file', 'Name a file.')
  // Windows has access lists instead; a file inherits those of its folder.
  if (process.geteuid === undefined) return
  if (stats.uid !== BigInt(process.geteuid())) {
    throw insecure(path, 'belongs to another user', 'Name a file of your own: its owner could read or replace tokens.')
  }
  if ((stats.mode & 0o077n) === 0n) return
  await handle.chmod(0o600)
  onWarning('CACHE_MODE', `the cache ${JSON.stringify(path)} could be read by others; its mode is 0600 now`)
}

function identityOf({ ino, size, mtimeNs }: FileIdentity): FileIdentity {
  return { ino, size, mtimeNs }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CacheError('ERR_CACHE_FORMAT', `the cache ${JSON.stringify(path)} is not UTF-8 text`, {
      step: 'cache',
      hint: 'It is no cache of this kind, or is spoiled. The next sign-in sets it aside and begins a new one.',
    })
  }
}

/** A new name is on the disk when its folder is. Does nothing where folders cannot be opened, as on Windows. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY).catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}

function tooLarge(path: string, maxBytes: number): CacheError {
  return new CacheError('ERR_CACHE_READ', `the cache ${JSON.stringify(path)} has more than ${maxBytes} bytes`, {
    step: 'cache',
    hint: 'One file is for some thousands of users: use createShardedFileStore or createRedisStore for more.',
  })
}

function insecure(path: string, what: string, hint: string): CacheError {
  return new CacheError('ERR_CACHE_INSECURE', `the cache ${JSON.stringify(path)} ${what}`, { step: 'cache', hint })
}

/** Tells the user through Node's warnings, once for each code. */
export function warnThroughNode(): FileWarning {
  const told = new Set<string>()
  return (code, message) => {
    if (told.has(code)) return
    told.add(code)
    process.emitWarning(message, { code, type: 'RopcClientWarning' })
  }
}
