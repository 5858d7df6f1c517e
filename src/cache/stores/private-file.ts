import type { BigIntStats } from 'node:fs'
import { constants, type FileHandle, lstat, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CacheError } from '../../errors.ts'
import { codeOf, failure, ignored, insecure } from './file-failure.ts'
import { temporaryName } from './leftovers.ts'

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
    await rm(temporary, { force: true }).catch(ignored)
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

const tickMs = 20

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
  // On a read-only disk, say. It can be read all the same.
  const reason = await handle.chmod(0o600).then(ignored, codeOf)
  const result = reason === undefined ? 'its mode is 0600 now' : `its mode cannot be changed (${reason})`
  onWarning('CACHE_MODE', `the cache ${JSON.stringify(path)} could be read by others; ${result}`)
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
  const handle = await open(directory, constants.O_RDONLY).catch(ignored)
  await handle?.sync().catch(ignored)
  await handle?.close()
}

function tooLarge(path: string, maxBytes: number): CacheError {
  return new CacheError('ERR_CACHE_READ', `the cache ${JSON.stringify(path)} has more than ${maxBytes} bytes`, {
    step: 'cache',
    hint: 'One file is for some thousands of users: use createShardedFileStore or createRedisStore for more.',
  })
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
