import { describe, expect, it } from 'vitest'
import { parseOptions, readInteger, UsageError } from '../../src/cli/args.ts'
import { ropc } from './test-io.ts'

const specs = {
  user: { type: 'string', short: 'u' },
  scope: { type: 'string', multiple: true },
  json: { type: 'boolean' },
} as const

function refusal(run: () => unknown): UsageError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return error as UsageError
  }
  throw new Error('was not refused')
}

describe('options', () => {
  it('are read by name, short name, inline and repeated', () => {
    const options = parseOptions(['-u', 'ada', '--scope=a', '--scope', 'b', '--json'], specs)
    expect(options.text('user')).toBe('ada')
    expect(options.list('scope')).toEqual(['a', 'b'])
    expect(options.flag('json')).toBe(true)
    expect(parseOptions([], specs).text('user')).toBeUndefined()
    expect(parseOptions([], specs).flag('json')).toBe(false)
  })

  it('may have a value that begins with a dash, when it is joined', () => {
    expect(parseOptions(['--user=-ada'], specs).text('user')).toBe('-ada')
  })

  it.each([
    ['unknown', ['--nope'], '--nope'],
    ['named like a member of every object', ['--constructor'], '--constructor'],
    ['given twice', ['-u', 'a', '--user', 'b'], 'twice'],
    ['without a value', ['--user'], 'lacks its value'],
    ['with another option for a value', ['--user', '--json'], 'lacks its value'],
    ['with a value it does not take', ['--json=c4nary'], 'takes no value'],
    ['followed by a stray argument', ['--scope', 'a', 'c4nary'], 'argument 3'],
    ['followed by -- and more', ['--', 'c4nary'], 'argument 1'],
  ])('are refused when %s, without repeating a value', (_, argv, message) => {
    const { message: text, hint } = refusal(() => parseOptions(argv, specs))
    expect(text).toContain(message)
    expect(text + hint).not.toContain('c4nary')
  })
})

describe('whole numbers', () => {
  it.each(['', '-1', '1.5', '0x10', '1e3', ' 5', '65536', '٣', '9999999999'])('refuse %j', (text) => {
    expect(refusal(() => readInteger(text, 'port', 0, 65_535)).message).toContain('--port')
  })

  it('take both ends of their range', () => {
    expect([readInteger('0', 'port', 0, 65_535), readInteger('65535', 'port', 0, 65_535)]).toEqual([0, 65_535])
  })
})

describe('a password on the command line', () => {
  it.each([
    ['--password', 'C4nary'],
    ['--password=C4nary'],
    ['-p', 'C4nary'],
    ['-pC4nary'],
    ['--pass', 'C4nary'],
    ['--PASSWORD', 'C4nary'],
    ['-u', 'a@b.example', '--password', '--C4nary'],
  ])('is refused with the reason, and not repeated: %s', async (...argv) => {
    const { code, stdout, stderr } = await ropc(['token', ...argv])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('no option takes the password')
    expect(stderr).toContain('--password-stdin')
    expect(stderr).not.toContain('C4nary')
  })

  it.each([[['token', 'C4nary']], [['C4nary']], [['--password', 'C4nary', 'token']], [['token', '-u', 'a', 'C4nary']]])(
    'is not repeated either when it stands alone: %j',
    async (argv) => {
      const { code, stderr } = await ropc(argv)
      expect(code).toBe(2)
      expect(stderr).not.toContain('C4nary')
    },
  )
})
