import { execFile } from 'node:child_process'
import { chmodSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { parseOptions, UsageError } from '../../src/cli/args.ts'
import { Interrupted } from '../../src/cli/io.ts'
import { noteWarning } from '../../src/cli/output.ts'
import { readPassword } from '../../src/cli/password-source.ts'
import { createFolder, createTestIo, FakeTerminal, piped, type TestIo } from './test-io.ts'

const folder = createFolder()
afterAll(() => folder.remove())

async function read(argv: readonly string[], io: TestIo = createTestIo()): Promise<string | undefined> {
  const options = parseOptions(argv, {
    'password-stdin': { type: 'boolean' },
    'password-file': { type: 'string' },
    'password-env': { type: 'string' },
  })
  return (await readPassword(options, io, (code, message) => noteWarning(io, code, message)))?.reveal()
}

const refusal = async (argv: readonly string[], io?: TestIo): Promise<UsageError> => {
  const error = await read(argv, io).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(UsageError)
  return error as UsageError
}

describe('--password-stdin', () => {
  it.each([
    ['as it is', 'Pa$$w0rd', 'Pa$$w0rd'],
    ['without one line end', 'Pa$$w0rd\n', 'Pa$$w0rd'],
    ['without one Windows line end', 'Pa$$w0rd\r\n', 'Pa$$w0rd'],
    ['with its blanks', ' Pa$$ w0rd \t\n', ' Pa$$ w0rd \t'],
    ['without a byte order mark', '\ufeffé€😀\n', 'é€😀'],
  ])('takes the password %s', async (_, input, password) => {
    expect(await read(['--password-stdin'], createTestIo({ stdin: piped(input) }))).toBe(password)
  })

  it('joins what comes in pieces, also in the middle of a character', async () => {
    const bytes = Buffer.from('é€😀')
    const pieces = [...bytes].map((byte) => Buffer.from([byte]))
    expect(await read(['--password-stdin'], createTestIo({ stdin: piped(...pieces) }))).toBe('é€😀')
  })

  it.each([
    ['nothing', '', 'is empty'],
    ['a line end alone', '\n', 'is empty'],
    ['two lines', 'one\ntwo\n', 'more than one line'],
    ['two line ends', 'one\n\n', 'more than one line'],
    ['bytes that are not UTF-8', Buffer.from([0x50, 0xe9, 0x0a]), 'not UTF-8'],
    ['more than a password can be', 'x'.repeat(5_000), 'too much'],
  ])('refuses %s', async (_, input, message) => {
    const error = await refusal(['--password-stdin'], createTestIo({ stdin: piped(input) }))
    expect(error.message).toContain(message)
  })

  it('stops reading what does not end', async () => {
    const stdin = Readable.from(
      (function* () {
        for (let piece = 0; piece < 100; piece++) yield Buffer.alloc(1_024, 'x')
        throw new Error('was read on')
      })(),
    )
    const error = await refusal(['--password-stdin'], createTestIo({ stdin }))
    expect(error.message).toContain('too much')
  })

  it('refuses a terminal, which would show what is typed', async () => {
    const error = await refusal(['--password-stdin'], createTestIo({ stdin: new FakeTerminal() }))
    expect(error.hint).toContain('Leave out --password-stdin')
  })

  it('gives up when the command is interrupted', async () => {
    const io = createTestIo({ stdin: new PassThrough() })
    const password = read(['--password-stdin'], io)
    setImmediate(() => io.stop.abort(new Interrupted('SIGINT')))
    await expect(password).rejects.toBeInstanceOf(Interrupted)
  })
})

describe('--password-file', () => {
  it('takes a file of the user’s own, without its line end', async () => {
    expect(await read(['--password-file', folder.file('own', 'Pa$$w0rd\n')])).toBe('Pa$$w0rd')
  })

  it.each([0o640, 0o604, 0o660, 0o620, 0o601])('refuses a file of mode 0%o, and says what to do', async (mode) => {
    const file = folder.file(`mode-${mode}`, 'canary', 0o600)
    chmodSync(file, mode)
    const error = await refusal(['--password-file', file])
    expect(error.hint).toContain('chmod 600')
  })

  it('judges the target of a link, not the link', async () => {
    const good = folder.file('target', 'linked')
    const link = join(dirname(good), 'link')
    symlinkSync(good, link)
    expect(await read(['--password-file', link])).toBe('linked')
    const open = folder.file('open-target', 'linked')
    chmodSync(open, 0o644)
    symlinkSync(open, `${link}2`)
    await refusal(['--password-file', `${link}2`])
  })

  it('takes a named pipe, and can be interrupted while nobody writes to it', async () => {
    const pipe = join(dirname(folder.file('beside', '')), 'pipe')
    await promisify(execFile)('mkfifo', ['-m', '600', pipe])
    const io = createTestIo()
    const interrupted = read(['--password-file', pipe], io)
    setTimeout(() => io.stop.abort(new Interrupted('SIGINT')), 20)
    await expect(interrupted).rejects.toBeInstanceOf(Interrupted)
    const password = read(['--password-file', pipe])
    await promisify(execFile)('sh', ['-c', 'echo piped > "$0"', pipe])
    expect(await password).toBe('piped')
  })

  it('refuses a folder', async () => {
    expect((await refusal(['--password-file', dirname(folder.file('x', ''))])).message).toContain('neither a file')
  })

  it('says that it takes a name, and repeats nothing, when there is no such file', async () => {
    const { message, hint } = await refusal(['--password-file', 'C4nary'])
    expect(message).toContain('ENOENT')
    expect(hint).toContain('not the password')
    expect(message + hint).not.toContain('C4nary')
  })
})

describe('--password-env', () => {
  it('takes the variable, deletes it, and warns', async () => {
    const io = createTestIo({ env: { SECRET: ' as it is ', OTHER: 'stays' } })
    expect(await read(['--password-env', 'SECRET'], io)).toBe(' as it is ')
    expect(io.env).toEqual({ OTHER: 'stays' })
    expect(io.stderr.text).toMatch(/^warning: .* \[ROPC_SECRET_IN_ENV\]\n$/)
  })

  it.each([{}, { C4nary: '' }])(
    'says that it takes a name, and repeats nothing, when there is none: %j',
    async (env) => {
      const io = createTestIo({ env })
      const { message, hint } = await refusal(['--password-env', 'C4nary'], io)
      expect(hint).toContain('not the password')
      expect(message + hint + io.stderr.text).not.toContain('C4nary')
    },
  )
})

it('refuses several sources at once', async () => {
  const io = createTestIo({ env: { PW: 'x' }, stdin: piped('y') })
  await refusal(['--password-stdin', '--password-env', 'PW'], io)
  expect(io.env).toEqual({ PW: 'x' })
})

it('leaves the question for later at a terminal, and names the other ways where there is none', async () => {
  expect(await read([], createTestIo({ stdin: new FakeTerminal() }))).toBeUndefined()
  const { hint } = await refusal([])
  for (const option of ['--password-stdin', '--password-file', '--password-env']) expect(hint).toContain(option)
})
