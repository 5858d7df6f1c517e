import { readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { exitCode, exitCodeOf } from '../../src/cli/exit-code.ts'
import { Interrupted } from '../../src/cli/io.ts'
import { reportError } from '../../src/cli/output.ts'
import {
  CacheError,
  DeniedError,
  InteractionRequiredError,
  InvalidArgumentError,
  ProtocolError,
  TransportError,
  UnsupportedError,
} from '../../src/errors.ts'
import { createTestIo, ropc } from './test-io.ts'

describe('exit codes', () => {
  const at = { step: 'token' } as const
  it.each([
    [1, new TypeError('a defect')],
    [2, new InvalidArgumentError('', at)],
    [3, new DeniedError('ERR_X', '', at)],
    [4, new TransportError('ERR_TRANSPORT_TLS', '', at)],
    [4, new TransportError('ERR_TRANSPORT_TIMEOUT', '', at)],
    [5, new ProtocolError('ERR_X', '', at)],
    [6, new UnsupportedError('ERR_X', '', at)],
    [7, new CacheError('ERR_CACHE_READ', '', at)],
    [8, new InteractionRequiredError('mfa', '', at)],
    [130, new TransportError('ERR_TRANSPORT_ABORTED', '', at)],
    [130, new Interrupted('SIGTERM')],
  ])('%i', (code, error) => {
    expect(exitCodeOf(error)).toBe(code)
  })

  it('are the ones of the architecture page', () => {
    const page = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8')
    const [, list = ''] = /CLI exit codes: ([^.]*)\./.exec(page) ?? []
    expect(list.match(/\d+/g)?.map(Number)).toEqual([...new Set(Object.values(exitCode))])
  })
})

const ten = ['token', 'realm', 'mex', 'assertion', 'decode', 'explain', 'doctor', 'diff', 'simulate', 'accounts']
const apart = ['demo', 'completion']

describe('help', () => {
  it.each([[['--help']], [['-h']], [['help']]])('goes to stdout: %j', async (argv) => {
    const { code, stdout, stderr } = await ropc(argv)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(Array.from(stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm), ([, name]) => name)).toEqual([...ten, ...apart])
  })

  it.each([...ten, ...apart])('of %s has an example, fits 130 columns, and starts nothing', async (command) => {
    const { code, stdout, stderr } = await ropc([command, '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^Usage: ropc ${command}\\b`))
    const [, ...lines] = stdout.split('\n')
    const examples = lines.filter((line) => new RegExp(`^ {2}\\S?.*\\bropc ${command}\\b`).test(line))
    expect(examples.filter((line) => !/^ {7}ropc/.test(line))).not.toEqual([])
    expect(lines.filter((line) => line.length > 130)).toEqual([])
  })

  it('of token says what to use in place of this grant, and names no option that takes a password', async () => {
    const { code, stdout } = await ropc(['token', '--help'])
    expect(code).toBe(0)
    for (const word of ['RFC 9700', 'deprecated', 'device code', 'PKCE', 'managed identity', 'client credentials']) {
      expect(stdout).toContain(word)
    }
    expect(stdout.match(/--password[\w-]*/g)?.filter((name) => !/^--password-(stdin|file|env)$/.test(name))).toEqual([])
  })

  it('goes to stderr when no command is named, which is a usage error', async () => {
    const { code, stdout, stderr } = await ropc([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: ropc COMMAND')
  })
})

it('prints the version of package.json', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(await ropc(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

it('shows an error of another copy of the package escaped, as that may not have done it', () => {
  const foreign = new ProtocolError('ERR_X', '', { step: 'token', hint: '' })
  const io = createTestIo()
  expect(
    reportError(
      io,
      Object.create(foreign, { message: { value: '\u001b[2J' }, hint: { value: '\u009b2J' } }),
      '\u001bc',
    ),
  ).toBe(5)
  expect(io.stderr.text).toBe(
    'error: \\u{1b}[2J\ncode: ERR_X, step: token\nhint: \\u{9b}2J\ncorrelation id: \\u{1b}c\n',
  )
})

describe('a defect of ours', () => {
  it('asks for a report with the place, and shows nothing of what was being handled', async () => {
    const env = {
      get X(): never {
        throw Object.assign(new SyntaxError('Unexpected token "C4nary" in JSON'), { body: 'C4nary', code: 'ERR_X' })
      },
    }
    const io = createTestIo({ env })
    const { code, stdout, stderr } = await ropc(
      ['token', '--client-id', 'id', '-u', 'a@b.example', '--scope', 's', '--password-env', 'X'],
      io,
    )
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^error: unexpected SyntaxError ERR_X\nplace: \S+:\d+:\d+\nhint: .*report/m)
    expect(stderr).not.toContain('C4nary')
  })
})

describe('stdout', () => {
  const failing = (code: string) =>
    new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) }).on(
      'error',
      () => {},
    )

  it('may have lost its reader: nobody is there to be told', async () => {
    const io = createTestIo({ stdout: failing('EPIPE') as never })
    expect(await ropc(['--version'], io)).toMatchObject({ code: 0, stderr: '' })
  })

  it('must not lose the result unnoticed otherwise', async () => {
    const io = createTestIo({ stdout: failing('ENOSPC') as never })
    const { code, stderr } = await ropc(['--version'], io)
    expect(code).toBe(1)
    expect(stderr).toBe('error: cannot write to standard output (ENOSPC)\n')
  })
})
