import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Interrupted } from '../../src/cli/io.ts'
import type { FaultHook, RunningSimulator } from '../../src/simulator.ts'
import { createSimulator } from '../../src/simulator.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { secrecyContract } from '../contract/secrecy.ts'
import { createFolder, createTestIo, FakeTerminal, type Outcome, piped, ropc } from './test-io.ts'

let running: RunningSimulator
let caFile: string
let mexFault: FaultHook | undefined
let wsTrustFault: FaultHook | undefined
let sent: string[] = []
const folder = createFolder()
const fred = 'fred@fed.contoso.example'

beforeAll(async () => {
  const faults = {
    mex: (...call: Parameters<FaultHook>) => mexFault?.(...call),
    wstrust: (...call: Parameters<FaultHook>) => {
      sent.push(call[0].body ?? '')
      return wsTrustFault?.(...call)
    },
  }
  running = await (await createSimulator({ faults })).listen()
  caFile = folder.file('ca.pem', running.ca)
})

beforeEach(() => {
  mexFault = undefined
  wsTrustFault = undefined
  sent = []
  running.simulator.clearJournal()
})

afterAll(async () => {
  await running.close()
  folder.remove()
})

function passwordOf(username: string): string {
  return running.simulator.users.find((user) => user.username === username)?.password ?? 'nobody’s password'
}

const commandLine = (username: string, ...more: readonly string[]): string[] => {
  return ['assertion', '--authority', running.authority, '--ca', caFile, '-u', username, ...more]
}

/** Signs in with a password on standard input. */
function signIn(username: string, password = passwordOf(username), ...more: readonly string[]): Promise<Outcome> {
  return ropc([...commandLine(username, '--password-stdin'), ...more], createTestIo({ stdin: piped(password) }))
}

const credentials = () => running.simulator.journal.filter(({ carriedCredential }) => carriedCredential)

describe('ropc assertion', () => {
  it('shows the facts of the assertion, and neither itself nor what it says of the user', async () => {
    const { code, stdout } = await signIn(fred)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^SAML assertion\n/)
    expect(stdout).toMatch(/^ {2}version +SAML 1\.1 /m)
    expect(stdout).toMatch(/^ {2}audiences +urn:federation:MicrosoftOnline /m)
    expect(stdout).toMatch(/^ {2}validity +valid /m)
    expect(stdout).toMatch(/^ {2}ImmutableID +yes /m)
    expect(stdout).toContain(`The password went to ${running.adfsOrigin} and nowhere else.`)
    expect(stdout).not.toMatch(/<|fred@|c2lt/)
  })

  it('stops after WS-Trust: the password goes out once, and no token is asked for', async () => {
    const { stderr } = await signIn(fred)
    expect(credentials().map(({ path }) => path)).toEqual(['/adfs/services/trust/13/usernamemixed'])
    expect(running.simulator.journal.filter(({ path }) => path.endsWith('/token'))).toEqual([])
    const steps = stderr.split('\n').filter((line) => /^\w+ +(GET|POST) /.test(line))
    expect(steps.map((line) => line.split(' ')[0])).toEqual(['authority', 'realm', 'mex', 'wstrust'])
  })

  it('asks for an assertion for Entra, or for whom --applies-to names', async () => {
    await signIn(fred)
    const { code } = await signIn(fred, passwordOf(fred), '--applies-to', 'urn:simulator:relying-party', '--json')
    expect(code).toBe(0)
    expect(sent.map((body) => /<(?:\w+:)?Address>(urn:[^<]*)</.exec(body)?.[1])).toEqual([
      'urn:federation:MicrosoftOnline',
      'urn:simulator:relying-party',
    ])
  })

  it('prints the assertion alone with --xml', async () => {
    const { stdout } = await signIn(fred, passwordOf(fred), '--xml')
    expect(stdout).toMatch(/^<saml:Assertion [^\n]*<\/saml:Assertion>\n$/)
    expect(await ropc(['decode', '-'], createTestIo({ stdin: piped(stdout) }))).toMatchObject({ code: 0 })
  })

  it('prints one JSON object with --json, with the assertion only where --xml asks for it', async () => {
    const { stdout } = await signIn(fred, passwordOf(fred), '--json', '--correlation-id', 'id-of-the-test')
    expect(stdout.trimEnd()).not.toContain('\n')
    const json = JSON.parse(stdout)
    expect(json).toMatchObject({
      version: 1,
      assertion: {
        version: '1.1',
        signed: true,
        encrypted: false,
        nameId: true,
        immutableId: true,
        userPrincipalName: true,
        validity: 'valid',
      },
      path: { type: 'federated', wsTrustVersion: '1.3' },
      passwordSentTo: running.adfsOrigin,
      correlationId: 'id-of-the-test',
    })
    expect(json).not.toHaveProperty('xml')
    expect(stdout).not.toContain('<')
    const both = JSON.parse((await signIn(fred, passwordOf(fred), '--json', '--xml')).stdout)
    expect(both).toMatchObject({ assertion: { version: '1.1' }, xml: expect.stringMatching(/^<saml:Assertion /) })
  })

  it('shows SAML 2.0, and that a user without ImmutableID has none', async () => {
    expect((await signIn('saml2@fed.contoso.example')).stdout).toMatch(/^ {2}version +SAML 2\.0 /m)
    expect((await signIn('orphan@fed.contoso.example')).stdout.replace(/\s+/g, ' ')).toContain(
      'refuses one without (AADSTS90020).',
    )
  })

  it('says what the federation server refuses, and exits with 3', async () => {
    const { code, stdout, stderr } = await signIn('frida@fed.contoso.example', 'Zk3vQx9LmA')
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('code: ERR_SOAP_FAULT, step: wstrust')
    expect(stderr).not.toContain('Zk3vQx9LmA')
  })

  it('sends nothing for a user who is not federated, and does not even ask for the password', async () => {
    const stdin = new FakeTerminal()
    const io = createTestIo({ stdin })
    const { code, stderr } = await ropc(commandLine('ada@contoso.example'), io)
    expect(code).toBe(6)
    expect(stderr).toContain('the user is managed')
    expect(stderr).not.toContain('Password for')
    expect(stdin.modes).toEqual([])
    expect(credentials()).toEqual([])
  })

  it('asks at the terminal once it is known where the password goes', async () => {
    const stdin = new FakeTerminal()
    const io = createTestIo({ stdin })
    stdin.write(`${passwordOf(fred)}\r`)
    const { code, stderr } = await ropc(commandLine(fred), io)
    expect(code).toBe(0)
    expect(stderr).toContain(`Password for ${fred} (goes to ${running.adfsOrigin}): `)
    expect(stderr.indexOf('Password for')).toBeGreaterThan(stderr.indexOf('mex '))
    expect(stderr).not.toContain(passwordOf(fred))
  })

  it('warns of each thing once, and not of what is suppressed; --quiet leaves out the steps', async () => {
    mexFault = (_, answer) => ({ ...answer, status: 404, body: '' })
    const { code, stderr } = await signIn(
      fred,
      passwordOf(fred),
      '--quiet',
      '--suppress-warning',
      'ROPC_FEDERATED_PLAINTEXT',
    )
    expect(code).toBe(0)
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(/^warning: .* \[MEX_FALLBACK\]$/)])
  })

  it('refuses before anything is sent: no user, no terminal, a password on the command line', async () => {
    const noUser = await ropc(['assertion', '--password-stdin'])
    expect(noUser).toMatchObject({ code: 2, stderr: expect.stringContaining('--username is missing') })
    expect(await ropc(commandLine(fred))).toMatchObject({ code: 2, stderr: expect.stringContaining('no terminal') })
    const typed = await ropc(commandLine(fred, '--password', 'Zk3vQx9LmA'))
    expect(typed).toMatchObject({ code: 2, stdout: '' })
    expect(typed.stderr).not.toContain('Zk3vQx9LmA')
    expect(await signIn(fred, passwordOf(fred), '--applies-to', 'not a uri')).toMatchObject({ code: 2 })
    expect(credentials()).toEqual([])
  })

  it('ends at once when it is interrupted', async () => {
    const io = createTestIo({ stdin: piped(passwordOf(fred)) })
    io.stop.abort(new Interrupted('SIGINT'))
    expect(await ropc(commandLine(fred, '--password-stdin'), io)).toMatchObject({ code: 130, stdout: '' })
  })

  it('explains itself', async () => {
    expect(await ropc(['assertion', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: ropc assertion -u UPN/),
    })
  })
})

describe('ropc assertion --trace', () => {
  let count = 0
  const fresh = (ending = '.json'): string => join(dirname(caFile), `trace-${++count}${ending}`)
  const read = (path: string): Trace => JSON.parse(readFileSync(path, 'utf8'))
  const outcomes = ({ events }: Trace): unknown[] => {
    const operations = new Map(
      events.flatMap((event) => (event.type === 'run.start' ? [[event.callId, event.operation]] : [])),
    )
    return events.flatMap((event) => (event.type === 'run.end' ? [[operations.get(event.callId), event.ok]] : []))
  }

  it('writes both calls, the look at where the password goes and the sign-in, with pseudonyms', async () => {
    const path = fresh()
    const { code, stdout, stderr } = await signIn(fred, passwordOf(fred), '--xml', '--trace', path)
    expect({ code, xml: /^<saml:Assertion /.test(stdout) }).toEqual({ code: 0, xml: true })
    const trace = read(path)
    expect(trace.level).toBe('share')
    expect(outcomes(trace)).toEqual([
      ['discover', true],
      ['acquireSamlAssertion', true],
    ])
    const posts = trace.events.filter((event) => event.type === 'http.request' && event.method === 'POST')
    expect(posts).toMatchObject([{ step: 'wstrust' }])
    // Tracing takes nothing from what is told at the terminal.
    expect(stderr).toMatch(/^wstrust +POST /m)
    expect((await ropc(['explain', path])).stdout).toMatch(/^Trace of 2 calls /)
  })

  it.each(['share', 'raw'])('shows neither the password nor the assertion at level %s', async (level) => {
    const path = fresh('.txt')
    const { stdout, stderr } = await signIn(fred, passwordOf(fred), '--xml', '--trace', path, '--trace-level', level)
    const text = readFileSync(path, 'utf8')
    const [, signature = ''] = /SignatureValue>([^<]{8,})</.exec(stdout) ?? []
    expect(signature).not.toBe('')
    for (const secret of [passwordOf(fred), stdout.trim(), signature.trim()]) expect(text).not.toContain(secret)
    expect(text.includes(fred)).toBe(level === 'raw')
    expect(stderr.includes('[TRACE_SENSITIVE]')).toBe(level === 'raw')
  })

  it('writes it when the federation server refuses, and keeps the exit code', async () => {
    const path = fresh()
    expect(await signIn(fred, 'not the password', '--trace', path)).toMatchObject({ code: 3, stdout: '' })
    expect(outcomes(read(path))).toEqual([
      ['discover', true],
      ['acquireSamlAssertion', false],
    ])
  })

  it('holds one call where nobody signs in: the user is managed', async () => {
    const path = fresh()
    const level = ['--trace-level', 'raw', '--suppress-warning', 'TRACE_SENSITIVE']
    const { code, stderr } = await signIn('ada@contoso.example', 'any password', '--trace', path, ...level)
    expect({ code, warns: stderr.includes('TRACE_SENSITIVE') }).toEqual({ code: 6, warns: false })
    expect(outcomes(read(path))).toEqual([['discover', true]])
  })

  it('is in the help', async () => {
    expect((await ropc(['assertion', '--help'])).stdout).toMatch(/^ {2}--trace FILE [\s\S]*^ {2}--trace-level LEVEL /m)
  })

  // A signed one is known by its signature.
  it('keeps no file that would show an assertion without a signature, which the server repeats elsewhere', async () => {
    wsTrustFault = (_, answer) => {
      const body = (answer.body ?? '').replace(/<(\w+:)?Signature\b[\s\S]*<\/\1Signature>/, '')
      const xml = /<saml:Assertion [\s\S]*<\/saml:Assertion>/.exec(body)?.[0] ?? ''
      return { ...answer, body, headers: { ...answer.headers, 'x-ms-request-id': encodeURIComponent(xml) } }
    }
    const path = fresh()
    const { code, stdout, stderr } = await signIn(fred, passwordOf(fred), '--trace', path, '--trace-level', 'raw')
    expect(stdout).toMatch(/^ {2}signed +NO /m)
    expect({ code, isKept: existsSync(path) }).toEqual({ code: 1, isKept: false })
    expect(stderr).toContain('the trace would have shown a secret')
  })

  it('sends nothing, and leaves no file behind, when the command line is refused', async () => {
    const path = fresh('.html')
    for (const argv of [['assertion'], commandLine(fred)]) {
      expect(await ropc([...argv, '--trace', path])).toMatchObject({ code: 2 })
    }
    expect(existsSync(path)).toBe(false)
    const taken = await signIn(fred, passwordOf(fred), '--trace', folder.file('mine.txt', 'mine'))
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining('the file of --trace exists') })
    const level = await signIn(fred, passwordOf(fred), '--trace-level', 'raw')
    expect(level).toMatchObject({ code: 2, stderr: expect.stringContaining('goes with --trace') })
    expect(running.simulator.journal).toEqual([])
  })
})

secrecyContract(
  'assertion, refused',
  async (secrets) => {
    const outputs: string[] = []
    for (const secret of secrets) {
      const { code, stdout, stderr } = await signIn('nobody@fed.contoso.example', secret, '--json', '--xml')
      expect([2, 3]).toContain(code)
      outputs.push(stdout, stderr)
    }
    return outputs.join('\n')
  },
  { runs: 1, secretsPerRun: 20 },
)
