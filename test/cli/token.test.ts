import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { forgetAdvised } from '../../src/client/event-channel.ts'
import type { FaultHook, RunningSimulator } from '../../src/simulator.ts'
import { createSimulator } from '../../src/simulator.ts'
import { createFolder, createTestIo, type Outcome, piped, ropc, type TestIo } from './test-io.ts'

let running: RunningSimulator
let caFile: string
let tokenFault: FaultHook | undefined
let realmFault: FaultHook | undefined
const folder = createFolder()
const jwt = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/

beforeAll(async () => {
  const faults = {
    token: (...call: Parameters<FaultHook>) => tokenFault?.(...call),
    realm: (...call: Parameters<FaultHook>) => realmFault?.(...call),
  }
  running = await (await createSimulator({ faults })).listen()
  caFile = folder.file('ca.pem', running.ca)
})

beforeEach(() => {
  tokenFault = undefined
  realmFault = undefined
  running.simulator.clearJournal()
})

afterAll(async () => {
  await running.close()
  folder.remove()
})

function passwordOf(username: string): string {
  return running.simulator.users.find((user) => user.username === username)?.password ?? 'nobody’s password'
}

function commandLine(username: string, ...more: readonly string[]): string[] {
  const { authority, simulator } = running
  const fixed = ['--authority', authority, '--ca', caFile, '--client-id', simulator.clientId]
  return ['token', ...fixed, '-u', username, ...more]
}

/** Signs in with the user's password on standard input. */
async function signIn(username: string, ...more: readonly string[]): Promise<Outcome> {
  const io = createTestIo({ stdin: piped(passwordOf(username)) })
  return ropc([...commandLine(username, '--scope', 'User.Read', '--password-stdin'), ...more], io)
}

const credentials = () => running.simulator.journal.filter(({ carriedCredential }) => carriedCredential)

describe('the result', () => {
  it('is the access token alone on stdout, so that TOKEN=$(ropc token …) works', async () => {
    const { code, stdout } = await signIn('ada@contoso.example')
    expect(code).toBe(0)
    expect(stdout.endsWith('\n')).toBe(true)
    expect(stdout.slice(0, -1)).toMatch(jwt)
  })

  it('is the same for a federated user, with one line per step on stderr', async () => {
    const { code, stdout, stderr } = await signIn('fred@fed.contoso.example')
    expect(code).toBe(0)
    expect(stdout.slice(0, -1)).toMatch(jwt)
    const steps = stderr.split('\n').filter((line) => /^\w+ +(GET|POST) +\S+ +200 +\d+ ms$/.test(line))
    expect(steps.map((line) => line.split(' ')[0])).toEqual(['authority', 'realm', 'mex', 'wstrust', 'token'])
    expect(steps[3]).toContain(`${new URL(running.adfsOrigin).host}/adfs/services/trust/13/usernamemixed`)
  })

  it('is one JSON object with --json', async () => {
    const { stdout } = await signIn('fred@fed.contoso.example', '--json', '--correlation-id', 'id-of-the-test')
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
    const result = JSON.parse(stdout)
    expect(Object.keys(result)).toEqual([
      'accessToken',
      'expiresOn',
      'tokenType',
      'scopes',
      'account',
      'path',
      'passwordSentTo',
      'correlationId',
    ])
    expect(result.accessToken).toMatch(jwt)
    expect(new Date(result.expiresOn).toISOString()).toBe(result.expiresOn)
    expect(result).toMatchObject({
      tokenType: 'Bearer',
      account: { username: 'fred@fed.contoso.example', name: 'Fred Example' },
      path: { type: 'federated', wsTrustVersion: '1.3', fallbacks: [], overrides: [] },
      passwordSentTo: running.adfsOrigin,
      correlationId: 'id-of-the-test',
    })
    expect(result.scopes.join(' ')).toContain('User.Read')
  })

  it('says account: null in JSON when the answer names nobody', async () => {
    tokenFault = (_, answer) => {
      const { id_token: _id, client_info: _info, ...rest } = JSON.parse(answer.body)
      return { ...answer, body: JSON.stringify(rest) }
    }
    const { code, stdout, stderr } = await signIn('ada@contoso.example', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).account).toBeNull()
    expect(stderr).toContain('[NO_ACCOUNT]')
  })

  it('takes every --scope', async () => {
    const { stdout } = await signIn('ada@contoso.example', '--json', '--scope', 'Mail.Read')
    const granted = JSON.parse(stdout).scopes.join(' ')
    expect(granted).toContain('User.Read')
    expect(granted).toContain('Mail.Read')
  })

  it('takes a tenant in place of the authority’s', async () => {
    const { code } = await signIn('grace@fabrikam.example', '--tenant', 'fabrikam.example')
    expect(code).toBe(0)
    expect(running.simulator.journal.at(-1)?.path).toBe('/fabrikam.example/oauth2/v2.0/token')
  })

  it('asks for no refresh token with --no-offline-access', async () => {
    const bodies: string[] = []
    tokenFault = (request) => {
      bodies.push(request.body ?? '')
      return undefined
    }
    await signIn('ada@contoso.example')
    await signIn('ada@contoso.example', '--no-offline-access')
    expect(bodies.map((body) => body.includes('offline_access'))).toEqual([true, false])
  })

  it('sends the claims', async () => {
    let sent: string | null = null
    tokenFault = (request) => {
      sent = new URLSearchParams(request.body).get('claims')
      return undefined
    }
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
    expect((await signIn('ada@contoso.example', '--claims', claims)).code).toBe(0)
    expect(sent).toBe(claims)
  })

  it('does not print a token with characters that no token may hold', async () => {
    tokenFault = (_, answer) => ({
      ...answer,
      body: JSON.stringify({ ...JSON.parse(answer.body), access_token: 'first\nsecond\u001b]0;title\u0007' }),
    })
    for (const more of [[], ['--json']]) {
      expect(await signIn('ada@contoso.example', ...more)).toMatchObject({ code: 5, stdout: '' })
    }
  })

  it('escapes in JSON what a terminal would obey', async () => {
    tokenFault = (_, answer) => {
      const { id_token: token, ...rest } = JSON.parse(answer.body)
      const [header, payload] = token.split('.')
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
      const body = Buffer.from(JSON.stringify({ ...claims, name: 'Eve\u009b2J\u202e' })).toString('base64url')
      return { ...answer, body: JSON.stringify({ ...rest, id_token: `${header}.${body}.c2ln` }) }
    }
    const { stdout } = await signIn('ada@contoso.example', '--json')
    expect(stdout).toContain('Eve\\u009b2J\\u202e')
    expect(JSON.parse(stdout).account.name).toBe('Eve\u009b2J\u202e')
  })
})

describe('warnings', () => {
  // Each run of the command is a process of its own; here all are one.
  beforeEach(forgetAdvised)

  it('says once that the grant is not for new designs, whatever else is silenced', async () => {
    const { stderr } = await signIn('ada@contoso.example', '--quiet', '--suppress-warning', 'ROPC_MFA')
    expect(stderr).toMatch(/^warning: .*RFC 9700.* \[ROPC_BCP\]\n$/)
  })

  it('leaves a warning out only by its code', async () => {
    const suppressed = ['--suppress-warning', 'ROPC_BCP', '--suppress-warning', 'ROPC_MFA']
    expect((await signIn('ada@contoso.example', '--quiet', ...suppressed)).stderr).toBe('')
    forgetAdvised()
    expect((await signIn('ada@contoso.example', '--suppress-warning', 'OTHER')).stderr).toContain('[ROPC_BCP]')
  })

  it('leaves out that of a password in the environment too', async () => {
    const io = createTestIo({ env: { ROPC_TEST_PASSWORD: 'Pa$$w0rd+&=é' } })
    const suppressed = ['ROPC_BCP', 'ROPC_MFA'].flatMap((code) => ['--suppress-warning', code])
    const options = ['--password-env', 'ROPC_TEST_PASSWORD', '--quiet', ...suppressed]
    const line = commandLine('ada@contoso.example', '--scope', 'User.Read', ...options)
    const { stderr } = await ropc([...line, '--suppress-warning', 'ROPC_SECRET_IN_ENV'], io)
    expect(stderr).toBe('')
  })

  it('passes the client’s on', async () => {
    const io = createTestIo({ stdin: piped(' blank before') })
    const { stderr } = await ropc(
      [...commandLine('ada@contoso.example', '--scope', 'User.Read', '--password-stdin')],
      io,
    )
    expect(stderr).toContain('[PASSWORD_BLANKS]')
  })
})

describe('--dry-run', () => {
  it('says which host would get the password, and sends none', async () => {
    const { code, stdout, stderr } = await ropc(commandLine('fred@fed.contoso.example', '--dry-run'))
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain(
      `would go to ${running.adfsOrigin} (federated, WS-Trust 1.3 at ${running.adfsOrigin}/adfs/`,
    )
    expect(running.simulator.journal.map(({ kind }) => kind)).toEqual(['metadata', 'realm', 'mex'])
    expect(credentials()).toEqual([])
  })

  it('prints an object with --json', async () => {
    const { stdout } = await ropc(commandLine('ada@contoso.example', '--dry-run', '--json'))
    const origin = new URL(running.authority).origin
    expect(JSON.parse(stdout)).toEqual({ sendTo: origin, path: { type: 'managed', fallbacks: [], overrides: [] } })
  })

  it('neither reads nor asks for a password', async () => {
    const io = createTestIo({ env: { PW: 'untouched' } })
    expect((await ropc(commandLine('ada@contoso.example', '--dry-run', '--password-env', 'PW'), io)).code).toBe(0)
    expect(io.env).toEqual({ PW: 'untouched' })
  })
})

describe('exit codes', () => {
  it('3 when Entra refuses the password, with its hint and the ids that the administrator will ask for', async () => {
    const io = createTestIo({ stdin: piped('wrong password') })
    const line = commandLine('ada@contoso.example', '--scope', 'User.Read', '--password-stdin')
    const { code, stdout, stderr } = await ropc([...line, '--correlation-id', 'id-of-the-test'], io)
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(/^error: .*AADSTS50126/m)
    expect(stderr).toMatch(/^code: ERR_TOKEN_ENDPOINT, step: token$/m)
    expect(stderr).toMatch(/^hint: User name or password is wrong/m)
    expect(stderr).toMatch(/^correlation id: id-of-the-test$/m)
    expect(stderr).toMatch(/^trace id: \S+$/m)
    expect(credentials()).toHaveLength(1)
  })

  it('3 when AD FS does', async () => {
    const io = createTestIo({ stdin: piped('wrong password') })
    const line = commandLine('fred@fed.contoso.example', '--scope', 'User.Read', '--password-stdin')
    expect((await ropc(line, io)).code).toBe(3)
    expect(credentials()).toHaveLength(1)
  })

  it('4 when nothing listens there, with a line for the request that failed', async () => {
    const line = [
      'token',
      '--authority',
      'https://localhost:1/contoso.example',
      '--client-id',
      'id',
      '-u',
      'a@b.example',
    ]
    const { code, stderr } = await ropc([...line, '--dry-run'])
    expect(code).toBe(4)
    expect(stderr).toMatch(/^authority +GET +localhost:1\/\S+ +failed +\d+ ms\nauthority +again in \d+ ms: ERR_/m)
    expect(stderr).toMatch(/^correlation id: [0-9a-f-]{36}$/m)
  })

  it('4 when the time is up', async () => {
    const { server, port } = await silentServer()
    const line = ['token', '--authority', `https://localhost:${port}/contoso.example`, '--client-id', 'id']
    const { code, stderr } = await ropc([...line, '-u', 'a@b.example', '--dry-run', '--timeout', '1'])
    server.close()
    expect(code).toBe(4)
    expect(stderr).toContain('ERR_TRANSPORT_TIMEOUT')
  })

  it('5 when the server breaks the rules', async () => {
    tokenFault = (_, answer) => ({ ...answer, body: '{}' })
    expect(await signIn('ada@contoso.example')).toMatchObject({ code: 5, stdout: '' })
  })

  it('6 for a personal account', async () => {
    expect(await signIn('someone@outlook.example')).toMatchObject({ code: 6, stdout: '' })
  })

  it('8 when the user must use multifactor authentication', async () => {
    const { code, stderr } = await signIn('mfa@contoso.example')
    expect(code).toBe(8)
    expect(stderr).toContain('AADSTS50076')
  })

  it('130 when it is interrupted while a server does not answer', async () => {
    const { server, port, connected } = await silentServer()
    const io = createTestIo()
    const line = ['token', '--authority', `https://localhost:${port}/contoso.example`, '--client-id', 'id']
    const outcome = ropc([...line, '-u', 'a@b.example', '--dry-run'], io)
    await connected
    io.stop.abort()
    expect(await outcome).toMatchObject({ code: 130, stdout: '' })
    expect(io.stderr.text).toMatch(/^error: interrupted$/m)
    server.close()
  })

  it.each([
    ['no user name', ['--client-id', 'id', '--scope', 'User.Read']],
    ['no client id', ['-u', 'a@b.example', '--scope', 'User.Read']],
    ['no scope', ['-u', 'a@b.example', '--client-id', 'id']],
    ['two resources', ['-u', 'a@b.example', '--client-id', 'id', '--scope', 'https://a/x', '--scope', 'https://b/x']],
    ['an authority on http', ['-u', 'a@b.example', '--client-id', 'id', '--scope', 's', '--authority', 'http://a/b']],
    ['a CA file that is not there', ['-u', 'a@b.example', '--client-id', 'id', '--scope', 's', '--ca', '/no/such']],
    ['a timeout of 0', ['-u', 'a@b.example', '--client-id', 'id', '--scope', 's', '--timeout', '0']],
    ['a timeout of 1e3', ['-u', 'a@b.example', '--client-id', 'id', '--scope', 's', '--timeout', '1e3']],
    ['claims that are no JSON', ['-u', 'a@b.example', '--client-id', 'id', '--scope', 's', '--claims', '{']],
    ['a tenant that is none', ['-u', 'a@b.example', '--client-id', 'id', '--scope', 's', '--tenant', 'a/b']],
  ])('2 for %s, and nothing is sent', async (_, argv) => {
    const io = createTestIo({ stdin: piped('some password') })
    const outcome = await ropc(['token', ...argv, '--password-stdin'], io)
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
    expect(outcome.stderr).toMatch(/^error: /m)
    expect(outcome.stderr).toMatch(/^hint: /m)
    expect(outcome.stderr).not.toMatch(/ (GET|POST) /)
  })

  it('2 for a proxy URL with a password in it, which is not repeated', async () => {
    const { code, stderr } = await signIn('ada@contoso.example', '--proxy', 'http://me:c4nary@proxy.example:8080')
    expect(code).toBe(2)
    expect(stderr).toContain('--proxy env')
    expect(stderr).not.toContain('c4nary')
  })
})

describe('what a server says', () => {
  it('cannot drive the terminal', async () => {
    const text = 'AADSTS50126: \u001b[2J\u001b]0;owned\u0007\u009b31m\u202e no\r\nerror: forged line'
    tokenFault = (_, answer) => ({
      ...answer,
      status: 400,
      body: JSON.stringify({ error: 'invalid_grant\u001b[2J', error_description: text, trace_id: '\u001b[2Jtrace' }),
    })
    const { code, stderr } = await signIn('ada@contoso.example')
    expect(code).toBe(3)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(stderr).toContain('\\u{1b}[2J')
    expect(stderr).not.toMatch(/^error: forged line/m)
  })
})

describe('secrets', () => {
  it('are in none of the outputs, however the sign-in ends', async () => {
    const canary = 'C4nary+&=<>%"\'é'
    const everything: string[] = []
    const collect = async (io: TestIo, argv: readonly string[]) => {
      const { stdout, stderr } = await ropc(argv, io)
      everything.push(stdout, stderr)
    }
    for (const username of ['ada@contoso.example', 'fred@fed.contoso.example', 'someone@outlook.example']) {
      for (const more of [[], ['--json'], ['--dry-run'], ['--timeout', 'x'], ['--claims', '[']]) {
        const argv = [...commandLine(username, '--scope', 'User.Read', '--password-stdin'), ...more]
        await collect(createTestIo({ stdin: piped(canary) }), argv)
      }
    }
    tokenFault = (request, answer) => ({ ...answer, status: 400, body: JSON.stringify({ error: `x ${request.body}` }) })
    const argv = commandLine('ada@contoso.example', '--scope', 'User.Read', '--password-env', 'PW')
    await collect(createTestIo({ env: { PW: canary } }), argv)
    realmFault = (_, answer) => ({ ...answer, body: `<html>${canary}` })
    await collect(createTestIo({ env: { PW: canary } }), argv)
    expect(everything.filter((text) => decodings(text).some((decoded) => decoded.includes('C4nary')))).toEqual([])
  })
})

function decodings(text: string): string[] {
  const bytes = (text.match(/[\w+/-]{8,}={0,2}/g) ?? []).map((run) => Buffer.from(run, 'base64').toString('latin1'))
  return [text, ...bytes]
}

/** Accepts connections, and says nothing. */
async function silentServer(): Promise<{ server: Server; port: number; connected: Promise<void> }> {
  let accept = (): void => {}
  const connected = new Promise<void>((resolve) => {
    accept = resolve
  })
  const server = createServer((socket) => {
    socket.on('error', () => {})
    accept()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0, connected }
}
