import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { failure } from '../../../src/cache/stores/file-failure.ts'
import {
  identify,
  isSettled,
  listDirectory,
  makePrivateDirectory,
  readPrivateFile,
  removePrivateFile,
  sameFile,
  setAside,
  warnThroughNode,
  whileBusy,
  writePrivateFile,
} from '../../../src/cache/stores/private-file.ts'

const root = mkdtempSync(join(tmpdir(), 'ropc-private-'))
afterAll(() => rmSync(root, { recursive: true }))
const isRoot = process.geteuid?.() === 0
const isWindows = process.platform === 'win32'
const unmountable = !isRoot || spawnSync('mount', ['--version']).status !== 0
const tooLong = 'x'.repeat(300)
let count = 0

function newFolder(): string {
  const folder = join(root, `${count++}`)
  mkdirSync(folder, { mode: 0o700 })
  return folder
}

function newFile(content: string | Uint8Array = '{}'): string {
  const path = join(newFolder(), 'cache.json')
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

function read(path: string, warnings: string[] = [], maxBytes = 1_000): ReturnType<typeof readPrivateFile> {
  return readPrivateFile(path, maxBytes, (code) => warnings.push(code))
}

describe('a private file', () => {
  it.skipIf(isWindows).each([0, 0o022, 0o077])(
    'is for its owner alone, as are new folders, under umask %o',
    async (mask) => {
      const folder = join(newFolder(), 'made', 'for it')
      const before = process.umask(mask)
      try {
        await makePrivateDirectory(folder)
        await writePrivateFile(join(folder, 'cache.json'), 'text')
      } finally {
        process.umask(before)
      }
      expect(statSync(folder).mode & 0o777).toBe(0o700)
      expect(statSync(join(folder, '..')).mode & 0o777).toBe(0o700)
      expect(statSync(join(folder, 'cache.json')).mode & 0o777).toBe(0o600)
    },
  )

  it('is read as it was written, and told from its next state', async () => {
    const path = newFile()
    const before = await identify(path)
    const written = await writePrivateFile(path, 'née')
    expect(await read(path)).toEqual({ text: 'née', identity: written })
    expect(sameFile(written, await identify(path))).toBe(true)
    expect(sameFile(before, written)).toBe(false)
    expect(sameFile(undefined, written)).toBe(false)
    expect(readdirSync(join(path, '..'))).toEqual(['cache.json'])
  })

  it('that is not there is no error', async () => {
    expect(await read(join(newFolder(), 'none'))).toBeUndefined()
    expect(await read(join(newFile(), 'below a file'))).toBeUndefined()
    expect(await identify(join(newFolder(), 'none'))).toBeUndefined()
    expect(await listDirectory(join(newFolder(), 'none'))).toEqual([])
    await removePrivateFile(join(newFolder(), 'none'))
  })

  it.skipIf(isWindows)('that others may read is closed to them, with a warning', async () => {
    const path = newFile()
    chmodSync(path, 0o644)
    const warnings: string[] = []
    expect((await read(path, warnings))?.text).toBe('{}')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await read(path, warnings)
    expect(warnings).toEqual(['CACHE_MODE'])
  })

  it.skipIf(isWindows)('is no link, pipe, folder, socket or device', async () => {
    const folder = newFolder()
    const victim = newFile('of somebody else')
    symlinkSync(victim, join(folder, 'link'))
    spawnSync('mkfifo', [join(folder, 'pipe')])
    mkdirSync(join(folder, 'folder'))
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve))
    try {
      for (const path of [...readdirSync(folder).map((name) => join(folder, name)), '/dev/null']) {
        await expect(read(path), path).rejects.toMatchObject({ code: 'ERR_CACHE_INSECURE', step: 'cache' })
      }
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
    await writePrivateFile(join(folder, 'link'), 'ours')
    expect(lstatSync(join(folder, 'link')).isFile()).toBe(true)
    expect(readFileSync(victim, 'utf8')).toBe('of somebody else')
  })

  it.skipIf(isWindows)('of another user is refused', async () => {
    const path = isRoot ? newFile() : '/etc/passwd'
    if (isRoot) chownSync(path, 12_345, 12_345)
    await expect(read(path)).rejects.toMatchObject({ code: 'ERR_CACHE_INSECURE' })
  })

  it('that is too large is refused without reading it', async () => {
    const path = newFile()
    truncateSync(path, 200 * 1024 * 1024)
    await expect(read(path, [], 128 * 1024 * 1024)).rejects.toMatchObject({ code: 'ERR_CACHE_READ' })
  })

  it('that is not UTF-8 is a matter of its format, without a word of what is in it', async () => {
    const path = newFile(Buffer.from('"s3cret \xff"', 'latin1'))
    const error = (await read(path).catch((thrown: unknown) => thrown)) as Error
    expect(error).toMatchObject({ code: 'ERR_CACHE_FORMAT' })
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('s3cret')
  })
})

describe('writing', () => {
  it('leaves everything as it was if the file is not to be replaced', async () => {
    const path = newFile('old')
    expect(await writePrivateFile(path, 'new', async () => false)).toBeUndefined()
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(join(path, '..'))).toEqual(['cache.json'])
  })

  it('says so if somebody replaced the file right after', async () => {
    const path = newFile('old')
    const others = newFile('of others')
    const swap = async (): Promise<boolean> => {
      const [temporary = ''] = readdirSync(join(path, '..')).filter((name) => name !== 'cache.json')
      renameSync(others, join(path, '..', temporary))
      return true
    }
    expect(await writePrivateFile(path, 'new', swap)).toBeUndefined()
  })

  it('that fails leaves the old file, and nothing beside it', async () => {
    const path = newFile('old')
    const fail = async (): Promise<boolean> => {
      throw new TypeError('a mishap')
    }
    await expect(writePrivateFile(path, 'new', fail)).rejects.toMatchObject({
      code: 'ERR_CACHE_WRITE',
      message: expect.stringContaining('unknown'),
    })
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(join(path, '..'))).toEqual(['cache.json'])
  })

  it.skipIf(isWindows)('into a folder where this user may not write says what to do', async () => {
    const path = newFile('old')
    chmodSync(root, 0o711)
    chmodSync(join(path, '..'), 0o555)
    // Root may write anywhere, so it steps aside for a moment.
    if (isRoot) process.seteuid?.(65_534)
    try {
      const error = await writePrivateFile(path, 'new').catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'ERR_CACHE_WRITE', hint: expect.stringContaining('may not') })
    } finally {
      if (isRoot) process.seteuid?.(0)
      chmodSync(join(path, '..'), 0o700)
    }
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  it.skipIf(unmountable)('onto a full disk leaves the old file as it was (needs root)', async (context) => {
    const folder = newFolder()
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
    if (mounted.status !== 0) return context.skip('mounting is not permitted')
    try {
      const path = join(folder, 'cache.json')
      await writePrivateFile(path, 'old')
      const error = await writePrivateFile(path, 'x'.repeat(100_000)).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'ERR_CACHE_WRITE', hint: expect.stringContaining('full') })
      expect(readFileSync(path, 'utf8')).toBe('old')
      expect(readdirSync(folder)).toEqual(['cache.json'])
    } finally {
      spawnSync('umount', [folder])
    }
  })
})

describe('a folder', () => {
  it.skipIf(isWindows)(
    'that others may write to is refused, but one where nobody can remove the files of others is not',
    async () => {
      const folder = newFolder()
      chmodSync(folder, 0o777)
      await expect(makePrivateDirectory(folder)).rejects.toMatchObject({ code: 'ERR_CACHE_INSECURE' })
      chmodSync(folder, 0o1777)
      await makePrivateDirectory(folder)
      chmodSync(folder, 0o755)
      await makePrivateDirectory(folder)
    },
  )

  it('cannot be made below a file', async () => {
    await expect(makePrivateDirectory(join(newFile(), 'folder'))).rejects.toMatchObject({ code: 'ERR_CACHE_WRITE' })
  })
})

describe('paths that no file system takes', () => {
  const path = join(root, tooLong)
  it.each([
    ['reading', 'ERR_CACHE_READ', () => read(path)],
    ['identifying', 'ERR_CACHE_READ', () => identify(path)],
    ['listing', 'ERR_CACHE_READ', () => listDirectory(path)],
    ['writing', 'ERR_CACHE_WRITE', () => writePrivateFile(path, '')],
    ['setting aside', 'ERR_CACHE_WRITE', () => setAside(path)],
    ['removing a folder for a file', 'ERR_CACHE_WRITE', () => removePrivateFile(newFolder())],
  ])('are an error in %s', async (_, code, action) => {
    await expect(action()).rejects.toMatchObject({ code, step: 'cache', hint: expect.any(String) })
  })
})

describe('setting aside', () => {
  it('keeps what is there, each time under a new name', async () => {
    const path = newFile('first')
    const asides = [await setAside(path)]
    writeFileSync(path, 'second')
    asides.push(await setAside(path))
    expect(asides.map((aside) => readFileSync(aside, 'utf8'))).toEqual(['first', 'second'])
    expect(readdirSync(join(path, '..'))).toHaveLength(2)
  })
})

describe('a file that somebody has open', () => {
  const busy = Object.assign(new Error(), { code: 'EBUSY' })

  it('is tried again', async () => {
    let tries = 0
    const action = async (): Promise<string> => {
      if (++tries < 3) throw busy
      return 'done'
    }
    expect(await whileBusy(action)).toBe('done')
  })

  it('is given up after half a second', async () => {
    let tries = 0
    const action = async (): Promise<void> => {
      tries++
      throw busy
    }
    await expect(whileBusy(action)).rejects.toBe(busy)
    expect(tries).toBe(11)
  })
})

it('a state that is seen within a tick of its clock does not count as settled', () => {
  const at = 1_800_000_000_000
  const identity = (ms: number) => ({ ino: 1n, size: 1n, mtimeNs: BigInt(ms) * 1_000_000n })
  expect(isSettled(identity(at - 21), at)).toBe(true)
  expect(isSettled(identity(at - 20), at)).toBe(false)
  expect(isSettled(identity(at + 1), at)).toBe(false)
})

it('warnings of the process come once for each code', async () => {
  const warnings: Error[] = []
  const listen = (warning: Error): void => void warnings.push(warning)
  process.on('warning', listen)
  const warn = warnThroughNode()
  warn('CACHE_MODE', 'one')
  warn('CACHE_MODE', 'again')
  warn('CACHE_CORRUPT', 'other')
  await new Promise((resolve) => setTimeout(resolve, 5))
  process.off('warning', listen)
  expect(warnings.map(({ message }) => message)).toEqual(['one', 'other'])
  expect(warnings[0]).toMatchObject({ name: 'RopcClientWarning', code: 'CACHE_MODE' })
})

it('an error of something else than the file system tells nothing of its text', () => {
  const error = failure('ERR_CACHE_READ', 'cannot be read', '/a/file', 's3cret')
  expect(error.message).toBe('the cache "/a/file" cannot be read (unknown)')
})
