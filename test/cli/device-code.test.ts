import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signInByDeviceCode, withoutRepeats } from '../../src/cli/device-code.ts'
import { CacheError, InteractionRequiredError, TransportError } from '../../src/errors.ts'
import type { DeviceCodeRequest, RopcClient } from '../../src/index.ts'
import { createSimulator, type FaultHook, type RunningSimulator } from '../../src/simulator.ts'
import { createFolder, createTestIo, type Outcome, piped, ropc } from './test-io.ts'

const ada = 'ada@contoso.example'
const mfa = 'mfa@contoso.example'
const jwt = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/

const folder = createFolder()
let running: RunningSimulator
let fixed: readonly string[]

/** What the user does who is asked for a scope. */
const users: Readonly<Record<string, (userCode: string) => void>> = {
  'User.Read': (userCode) => running.simulator.approveDevice(userCode, ada),
  'Mail.Read': (userCode) => running.simulator.declineDevice(userCode),
  'Files.Read': (userCode) => running.simulator.approveDevice(userCode, mfa),
}

/** Does it at once, and has the client ask a second later. */
const device: FaultHook = (request, answer) => {
  const offered = JSON.parse(answer.body)
  const [scope = ''] = new URLSearchParams(request.body).get('scope')?.split(' ') ?? []
  users[scope]?.(offered.user_code)
  return { ...answer, body: JSON.stringify({ ...offered, interval: 1 }) }
}

beforeAll(async () => {
  running = await (await createSimulator({ faults: { device } })).listen()
  const { authority, simulator, ca } = running
  fixed = ['--authority', authority, '--ca', folder.file('ca.pem', ca), '--client-id', simulator.clientId]
})

afterAll(async () => {
  await running.close()
  folder.remove()
})

const token = (...more: readonly string[]) => ropc(['token', ...fixed, ...more])
const byCode = (scope: string, ...more: readonly string[]) => token('--device-code', '--scope', scope, ...more)

describe('ropc token --device-code', () => {
  let plain: Outcome
  let asJson: Outcome
  let declined: Outcome
  let asExpected: Outcome
  let somebodyElse: Outcome
  let kept: Outcome
  let cache: string

  // Every sign-in waits for a second: all at once.
  beforeAll(async () => {
    cache = folder.file('cache.json', '')
    const keeps = ['--cache', cache, '--plaintext', '-u', ada]
    ;[plain, asJson, declined, asExpected, somebodyElse, kept] = await Promise.all([
      byCode('User.Read'),
      byCode('User.Read', '--json', '--quiet'),
      byCode('Mail.Read'),
      byCode('Mail.Read', '--expect', 'err_device_code_declined'),
      byCode('Files.Read', '-u', ada),
      byCode('User.Read', ...keeps),
    ])
  })

  it('needs no user name, says on stderr where to sign in, and prints the token alone on stdout', () => {
    expect(plain.code).toBe(0)
    expect(plain.stdout.slice(0, -1)).toMatch(jwt)
    expect(plain.stderr).toMatch(/^To sign in, open https:\/\/localhost:\d+\/\S+ and enter [A-Z]{9}$/m)
    expect(plain.stderr).toMatch(/^device +POST .*\/oauth2\/v2\.0\/devicecode +200 /m)
    // No password is used, so there is nothing to warn of.
    expect(plain.stderr).not.toContain('warning')
  })

  it('prints an object with --json, and with --quiet nothing but where to sign in', () => {
    const result = JSON.parse(asJson.stdout)
    expect(result).toMatchObject({ account: { username: ada }, path: { type: 'device_code' } })
    expect(result).not.toHaveProperty('passwordSentTo')
    expect(asJson.stderr).toMatch(/^To sign in, open \S+ and enter \w+\n$/)
  })

  it('exits with 3 when the user declines, and suggests no device code', () => {
    expect(declined).toMatchObject({ code: 3, stdout: '' })
    expect(declined.stderr).toMatch(/^code: ERR_DEVICE_CODE_DECLINED, step: device$/m)
    expect(declined.stderr).not.toContain('--device-code')
  })

  it('can be expected to be declined', () => {
    expect(asExpected).toMatchObject({ code: 0, stdout: '' })
    expect(asExpected.stderr).toContain('as expected: the sign-in failed with ERR_DEVICE_CODE_DECLINED')
  })

  it('exits with 5 when somebody else than -u signs in', () => {
    expect(somebodyElse).toMatchObject({ code: 5, stdout: '' })
    expect(somebodyElse.stderr).toContain('ERR_ACCOUNT_MISMATCH')
  })

  it('asks nobody while the cache has a token for -u', async () => {
    expect(kept.code).toBe(0)
    const again = await byCode('User.Read', '--cache', cache, '--plaintext', '-u', ada)
    expect(again).toMatchObject({ code: 0, stdout: kept.stdout })
    expect(again.stderr).toContain('the token came from the cache')
    expect(again.stderr).not.toContain('To sign in')
  })

  it('prints the device code nowhere', () => {
    const shown = [plain, asJson, declined, kept].map(({ stdout, stderr }) => `${stdout}${stderr}`).join('\n')
    // The simulator's are 43 characters of base64url, as no word of the output is.
    expect(shown.split(/[\s"]+/).filter((word) => /^[\w-]{43}$/.test(word))).toEqual([])
  })

  it('exits with 130 when it is interrupted while it waits', async () => {
    const io = createTestIo()
    const outcome = ropc(['token', ...fixed, '--device-code', '--scope', 'Mail.Send'], io)
    const told = setInterval(() => io.stderr.text.includes('To sign in') && io.stop.abort(), 5)
    expect(await outcome).toMatchObject({ code: 130, stdout: '' })
    clearInterval(told)
  })

  it.each([['--password-stdin'], ['--password-file', 'f'], ['--password-env', 'V'], ['--dry-run']])(
    'exits with 2 beside %s, and sends nothing',
    async (...option) => {
      running.simulator.clearJournal()
      const { code, stderr } = await byCode('User.Read', ...option)
      expect(code).toBe(2)
      expect(stderr).toContain(`--device-code excludes ${option[0]}`)
      expect(running.simulator.journal).toEqual([])
    },
  )

  it('is in the help', async () => {
    expect((await ropc(['token', '--help'])).stdout).toContain('--device-code')
  })
})

describe('a password that cannot do what the server wants', () => {
  const signIn = (name: string, ...more: readonly string[]) => {
    const { password = '' } = running.simulator.users.find(({ username }) => username === name) ?? {}
    const line = ['token', ...fixed, '-u', name, '--scope', 'User.Read', '--password-stdin', ...more]
    return ropc(line, createTestIo({ stdin: piped(password) }))
  }

  it('ends with the advice to run the same command with --device-code', async () => {
    const { code, stderr } = await signIn(mfa)
    expect(code).toBe(8)
    expect(stderr).toMatch(/run the same command with --device-code, without any --password-… option$/m)
  })

  it('does not where a device code would not help', async () => {
    const { code, stderr } = await signIn('policy@contoso.example')
    expect(code).toBe(8)
    expect(stderr).not.toContain('--device-code')
  })

  it('does not where the password is wrong', async () => {
    const { code, stderr } = await signIn('nobody@contoso.example')
    expect(code).not.toBe(8)
    expect(stderr).not.toContain('--device-code')
  })
})

describe('withoutRepeats', () => {
  it('leaves a line out that differs from the one before by its time alone', () => {
    const lines: string[] = []
    const step = withoutRepeats((line) => lines.push(line))
    for (const line of ['a 400 7 ms', 'a 400 12 ms', 'b 200 1 ms', 'a 400 7 ms', 'a 200 7 ms']) step(line)
    expect(lines).toEqual(['a 400 7 ms', 'b 200 1 ms', 'a 400 7 ms', 'a 200 7 ms'])
  })
})

describe('a token that is not in the cache', () => {
  const claims = '{"access_token":{"acrs":{"essential":true}}}'
  const facts = { error: 'interaction_required', errorCodes: [], claims }
  const refused = new InteractionRequiredError('basic_action', 'm', { step: 'token' }, facts)

  /** What is asked of the client after the silent call has failed. */
  async function askedAfter(error: Error, more: { readonly claims?: string } = {}): Promise<unknown> {
    let asked: unknown
    const client = {
      acquireTokenSilent: async () => {
        throw error
      },
      acquireTokenByDeviceCode: async ({ onUserCode: _, ...request }: DeviceCodeRequest) => {
        asked = request
        return {}
      },
    } as unknown as RopcClient
    await signInByDeviceCode(client, { username: ada, scopes: ['User.Read'], ...more }, createTestIo())
    return asked
  }

  it('is asked for with the claims of the refused refresh token, unless others are given', async () => {
    const request = { username: ada, scopes: ['User.Read'] }
    expect(await askedAfter(refused)).toEqual({ ...request, claims })
    expect(await askedAfter(refused, { claims: '{}' })).toEqual({ ...request, claims: '{}' })
  })

  it('is asked for when the cache cannot be read, and not when the network is the reason', async () => {
    const unreadable = new CacheError('ERR_CACHE_READ', 'm', { step: 'cache' })
    expect(await askedAfter(unreadable)).toEqual({ username: ada, scopes: ['User.Read'] })
    const unreachable = new TransportError('ERR_TRANSPORT_UNREACHABLE', 'm', { step: 'token' })
    await expect(askedAfter(unreachable)).rejects.toBe(unreachable)
  })
})
