import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exitCode } from '../../src/cli/exit-code.ts'
import { codesOf, hasCode, judgeFailure } from '../../src/cli/expect.ts'
import {
  DeniedError,
  InteractionRequiredError,
  SoapFaultError,
  ThrottledError,
  TokenEndpointError,
} from '../../src/errors.ts'
import { createSimulator, type RunningSimulator } from '../../src/simulator.ts'
import { createFolder, createTestIo, type Outcome, piped, ropc } from './test-io.ts'

const step = { step: 'token' } as const
const facts = { error: 'invalid_grant', suberror: 'basic_action', errorCodes: [50076, 50079] }
const refused = new TokenEndpointError('m', facts, step)
const interaction = new InteractionRequiredError('basic_action', 'm', step, facts)
const b2c = new TokenEndpointError('m', { error: 'access_denied', errorCodes: [], serverCode: 'AADB2C90225' }, step)
const soap = new SoapFaultError(
  'm',
  { faultCode: 'Sender', faultSubcode: 'FailedAuthentication', idCode: 'ID3242' },
  step,
)
const throttled = new ThrottledError('ERR_THROTTLED', 'm', new Date(0), { ...step, cause: refused })

describe('hasCode', () => {
  it.each([
    ['a code of ours', refused, 'ERR_TOKEN_ENDPOINT'],
    ['an OAuth error', refused, 'invalid_grant'],
    ['a suberror', refused, 'basic_action'],
    ['an AADSTS number', refused, 'AADSTS50076'],
    ['a bare number', refused, '50076'],
    ['any of several numbers', refused, '50079'],
    ['the class of what needs interaction', interaction, 'ERR_INTERACTION_REQUIRED'],
    ['its number', interaction, 'AADSTS50079'],
    ['a code of B2C', b2c, 'AADB2C90225'],
    ['a code of AD FS', soap, 'ID3242'],
    ['a SOAP fault', soap, 'FailedAuthentication'],
    ['the code of a cause', throttled, '50076'],
    ['any case', refused, 'aadsts50076'],
    ['any case of ours', refused, 'err_token_endpoint'],
  ])('finds %s', (_, error, code) => expect(hasCode(error, code)).toBe(true))

  it.each([
    ['another number', refused, '50126'],
    ['the beginning of a number', refused, '5007'],
    ['the beginning of a code', refused, 'ERR_TOKEN'],
    ['letters before a number that are not AADSTS', refused, 'X50076'],
    ['the message', refused, 'm'],
    ['the step', refused, 'token'],
    ['what is no error of ours', new Error('invalid_grant'), 'invalid_grant'],
    ['nothing', undefined, 'invalid_grant'],
  ])('does not find %s', (_, error, code) => expect(hasCode(error, code)).toBe(false))

  it('finds every code that is told, however it is written', () => {
    const errors = [refused, interaction, b2c, soap, throttled]
    const flipped = (text: string, flips: readonly boolean[]) =>
      [...text].map((letter, i) => (flips[i] ? letter.toUpperCase() : letter.toLowerCase())).join('')
    fc.assert(
      fc.property(fc.constantFrom(...errors), fc.array(fc.boolean()), (error, flips) => {
        for (const code of codesOf(error)) expect(hasCode(error, flipped(code, flips))).toBe(true)
      }),
    )
  })
})

describe('codesOf', () => {
  it('names the most telling first', () => {
    expect(codesOf(interaction)).toEqual([
      'AADSTS50076',
      'AADSTS50079',
      'basic_action',
      'invalid_grant',
      'ERR_INTERACTION_REQUIRED',
    ])
    expect(codesOf(new DeniedError('ERR_DEVICE_CODE_EXPIRED', 'm', step))).toEqual(['ERR_DEVICE_CODE_EXPIRED'])
    expect(codesOf('x')).toEqual([])
  })
})

describe('ropc token --expect', () => {
  const folder = createFolder()
  let running: RunningSimulator
  let fixed: readonly string[]
  beforeAll(async () => {
    running = await (await createSimulator()).listen()
    const { authority, simulator, ca } = running
    fixed = ['--authority', authority, '--ca', folder.file('ca.pem', ca), '--client-id', simulator.clientId]
  })
  afterAll(async () => {
    await running.close()
    folder.remove()
  })

  function signIn(name: string, ...more: readonly string[]): Promise<Outcome> {
    const { password = 'wrong' } = running.simulator.users.find(({ username }) => username === name) ?? {}
    const line = ['token', ...fixed, '-u', name, '--scope', 'User.Read', '--password-stdin', ...more]
    return ropc(line, createTestIo({ stdin: piped(password) }))
  }

  it.each([
    ['policy@contoso.example', 'AADSTS53003'],
    ['policy@contoso.example', '53003'],
    ['mfa@contoso.example', 'basic_action'],
    ['blocked@fed.contoso.example', 'ERR_SOAP_FAULT'],
    ['someone@outlook.example', 'ERR_UNSUPPORTED_ACCOUNT'],
  ])('exits with 0 when the sign-in of %s fails with %s, and shows the failure', async (name, code) => {
    const { code: exit, stdout, stderr } = await signIn(name, '--expect', code)
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: '' })
    expect(stderr).toMatch(/^error: /m)
    expect(stderr).toMatch(/^as expected: the sign-in failed with (AADSTS53003|BASIC_ACTION|ERR_\w+)$/m)
    expect(stderr).not.toContain('--device-code')
  })

  it('exits with 1 when it fails in another way, and says in which', async () => {
    const { code, stdout, stderr } = await signIn('mfa@contoso.example', '--expect', '53003')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^not as expected: the sign-in failed with AADSTS50076, .*, not with AADSTS53003$/m)
  })

  it('exits with 1 when it works, and prints no token', async () => {
    for (const more of [[], ['--json']]) {
      const { code, stdout, stderr } = await signIn('ada@contoso.example', '--expect', '53003', ...more)
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(/^not as expected: the sign-in worked/m)
      expect(stderr).not.toMatch(/eyJ/)
    }
  })

  it('exits with 1 when the server cannot be reached', async () => {
    const { code, stderr } = await ropc(
      [
        'token',
        '--authority',
        'https://localhost:1/contoso.example',
        '--client-id',
        'id',
        '-u',
        'a@b.example',
        '--scope',
        's',
      ].concat('--password-stdin', '--expect', '53003'),
      createTestIo({ stdin: piped('some password') }),
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/^not as expected: .* ERR_TRANSPORT_UNREACHABLE, not with AADSTS53003$/m)
  })

  it.each([
    ['no code', ['--expect', 'two words']],
    ['an empty code', ['--expect', '']],
    ['a dry run', ['--expect', '53003', '--dry-run']],
    ['a cache', ['--expect', '53003', '--cache', '/nowhere', '--plaintext']],
    ['another usage error', ['--expect', 'ERR_INVALID_ARGUMENT', '--tenant', 'a/b']],
  ])('exits with 2 for %s', async (_, more) => {
    const { code, stdout, stderr } = await signIn('ada@contoso.example', ...more)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^error: /m)
    expect(stderr).not.toContain('two words')
  })

  it('keeps the exit codes of an interruption and of a usage error, which prove nothing', () => {
    for (const code of [exitCode.interrupted, exitCode.usage]) {
      const io = createTestIo()
      expect(judgeFailure(io, 'AADSTS50076', refused, code)).toBe(code)
      expect(io.stderr.text).toBe('')
    }
  })
})
