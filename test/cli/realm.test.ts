import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Interrupted } from '../../src/cli/io.ts'
import type { FaultHook, RunningSimulator } from '../../src/simulator.ts'
import { createSimulator } from '../../src/simulator.ts'
import { ruleIds } from '../../src/trace/rules.ts'
import { createFolder, createTestIo, type Outcome, ropc } from './test-io.ts'

let running: RunningSimulator
let caFile: string
let realmFault: FaultHook | undefined
let mexFault: FaultHook | undefined
const folder = createFolder()

beforeAll(async () => {
  const faults = {
    realm: (...call: Parameters<FaultHook>) => realmFault?.(...call),
    mex: (...call: Parameters<FaultHook>) => mexFault?.(...call),
  }
  running = await (await createSimulator({ faults })).listen()
  caFile = folder.file('ca.pem', running.ca)
})

beforeEach(() => {
  realmFault = undefined
  mexFault = undefined
  running.simulator.clearJournal()
})

afterAll(async () => {
  await running.close()
  folder.remove()
})

function realm(username: string, ...more: readonly string[]): Promise<Outcome> {
  return ropc(['realm', username, '--authority', running.authority, '--ca', caFile, ...more])
}

/** Without the line breaks of the layout. */
const flat = (text: string): string => text.replace(/\s+/g, ' ')

const answering =
  (json: object): FaultHook =>
  (_, answer) => ({ ...answer, body: JSON.stringify(json) })

describe('ropc realm', () => {
  it('says of a managed user that Entra judges the password, and sends none', async () => {
    const { code, stdout, stderr } = await realm('ada@contoso.example')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^ {2}accountType +managed +Who judges the password/m)
    expect(stdout).toMatch(/^ {2}yes +managed +Entra judges the password/m)
    expect(flat(stdout)).toContain(
      `The password would go to ${new URL(running.authority).origin}. It would go to the token`,
    )
    expect(running.simulator.journal.filter(({ carriedCredential }) => carriedCredential)).toEqual([])
  })

  it('shows every alternative of the classification with its rule', async () => {
    const { stdout } = await realm('ada@contoso.example')
    for (const type of ['federated', 'consumer', 'unknown']) {
      expect(flat(stdout)).toMatch(new RegExp(` no ${type} [A-Z][^[]+ \\[realm\\.account-type\\.${type}\\]`))
    }
  })

  it('says of a federated user which endpoint gets the password, and how to see why', async () => {
    const { code, stdout } = await realm('fred@fed.contoso.example')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ {2}federationProtocol +WSTrust/m)
    expect(stdout).toContain(`The password would go to ${running.adfsOrigin}.\n`)
    expect(flat(stdout)).toContain(
      `the WS-Trust 1.3 endpoint ${running.adfsOrigin}/adfs/services/trust/13/usernamemixed,`,
    )
    expect(stdout).toContain(`Why this endpoint: ropc mex '${running.adfsOrigin}/adfs/services/trust/mex'\n`)
  })

  it('names the fallback when the metadata cannot be had', async () => {
    mexFault = (_, answer) => ({ ...answer, status: 404, body: '' })
    const { code, stdout, stderr } = await realm('fred@fed.contoso.example')
    expect(code).toBe(0)
    expect(flat(stdout)).toMatch(/A fallback: The metadata .* \[mex\.unavailable\]/)
    expect(stdout).not.toContain('Why this endpoint')
    expect(stderr).toContain('[MEX_FALLBACK]')
  })

  it.each([
    ['unknown', { account_type: 'Unknown' }],
    ['consumer', { account_type: 'Federated', domain_name: 'live.com' }],
  ])('shows the answer for an account that cannot sign in (%s), and exits with 6', async (type, answer) => {
    realmFault = answering(answer)
    const { code, stdout, stderr } = await realm('somebody@elsewhere.example')
    expect(code).toBe(6)
    expect(stdout).toMatch(new RegExp(`^ {2}yes +${type} `, 'm'))
    expect(stdout).toContain('The password would go nowhere')
    expect(stderr).toContain('code: ERR_UNSUPPORTED_ACCOUNT, step: realm')
  })

  it('shows the answer also where what comes after it fails', async () => {
    mexFault = (_, answer) => ({ ...answer, body: answer.body.replaceAll('UsernameToken', 'NoToken') })
    const { code, stdout, stderr } = await realm('fred@fed.contoso.example')
    expect(code).toBe(6)
    expect(stdout).toContain('Decision: account type: federated')
    expect(stderr).toContain('ERR_NO_WSTRUST_ENDPOINT')
  })

  it('prints nothing but the error when there is no answer to show', async () => {
    realmFault = (_, answer) => ({ ...answer, status: 404, body: '' })
    expect(await realm('ada@contoso.example', '--json')).toMatchObject({
      code: 5,
      stdout: '',
      stderr: expect.stringContaining('ERR_UNEXPECTED_STATUS'),
    })
  })

  it('says of an AD FS authority that nobody is asked', async () => {
    const { code, stdout } = await ropc([
      'realm',
      'ada@contoso.example',
      '--authority',
      `${running.adfsOrigin}/adfs`,
      '--ca',
      caFile,
    ])
    expect(code).toBe(0)
    expect(stdout).toContain('AD FS holds the passwords of its users itself: no user realm is asked.')
    expect(stdout).toContain(`The password would go to ${running.adfsOrigin}.`)
    expect(running.simulator.journal.filter(({ path }) => path.includes('userrealm'))).toEqual([])
  })

  it('asks nobody about a user name without a domain', async () => {
    const { code, stderr } = await realm('ada')
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('has no domain') })
  })

  it('prints one JSON object with every decision, and what its rules say', async () => {
    const { code, stdout } = await realm('fred@fed.contoso.example', '--json')
    expect(code).toBe(0)
    expect(stdout.trimEnd()).not.toContain('\n')
    const json = JSON.parse(stdout)
    expect(json).toMatchObject({
      version: 1,
      username: 'fred@fed.contoso.example',
      authority: { kind: 'entra', url: running.authority },
      realm: { accountType: 'federated', domainName: 'fed.contoso.example' },
      passwordGoesTo: running.adfsOrigin,
      path: { type: 'federated', wsTrustVersion: '1.3' },
    })
    const questions = json.decisions.map(({ question }: { question: string }) => question)
    expect(questions).toEqual(['authority kind', 'endpoints', 'account type', 'WS-Trust endpoint'])
    expect(json.decisions[2].candidates).toHaveLength(4)
    for (const rule of Object.keys(json.rules)) expect(ruleIds).toContain(rule)
    expect(json.rules['realm.account-type.federated'].text).toMatch(/^A federation server/)
  })

  it('leaves out of JSON what is not known', async () => {
    realmFault = answering({ account_type: 'Unknown' })
    const { code, stdout } = await realm('ada@contoso.example', '--json')
    expect(code).toBe(6)
    expect(Object.keys(JSON.parse(stdout))).toEqual(['version', 'username', 'authority', 'realm', 'decisions', 'rules'])
  })

  it('shows text of a peer’s escaped, and fits the terminal', async () => {
    realmFault = answering({
      account_type: 'Federated',
      domain_name: '\u001b[31mfed\u202e.example',
      federation_active_auth_url: `${running.adfsOrigin}/adfs/services/trust/2005/usernamemixed`,
    })
    const io = createTestIo()
    io.stdout.isTTY = true
    Object.assign(io.stdout, { columns: 60 })
    const argv = ['realm', 'fred@fed.contoso.example', '--authority', running.authority, '--ca', caFile]
    const { stdout } = await ropc(argv, io)
    expect(flat(stdout)).toContain('\\u{1b}[31mfed\\u{202e}.example')
    expect(stdout).not.toContain('\u001b[31m')
    expect(stdout).toContain('\u001b[1mWhat Entra answers')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours take no columns
    const lines = stdout.replace(/\u001b\[\d+m/g, '').split('\n')
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(60)
  })

  it('has no colour where it is piped, or NO_COLOR is set', async () => {
    expect((await realm('ada@contoso.example')).stdout).not.toContain('\u001b')
    const io = createTestIo({ env: { NO_COLOR: '1' } })
    io.stdout.isTTY = true
    const { stdout } = await ropc(
      ['realm', 'ada@contoso.example', '--authority', running.authority, '--ca', caFile],
      io,
    )
    expect(stdout).toContain('What Entra answers')
    expect(stdout).not.toContain('\u001b')
  })

  it('explains itself, and refuses what it does not understand without repeating it', async () => {
    expect(await ropc(['realm', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: ropc realm UPN/),
    })
    for (const argv of [[], ['ada@contoso.example', 'Zk3vQx9LmA'], ['--password', 'Zk3vQx9LmA'], ['']]) {
      const { code, stdout, stderr } = await ropc(['realm', ...argv, '--authority', running.authority])
      expect({ argv, code, stdout }).toEqual({ argv, code: 2, stdout: '' })
      expect(stderr).not.toContain('Zk3vQx9LmA')
    }
  })

  it('reads --proxy and --timeout as other commands do', async () => {
    const proxy = await realm('ada@contoso.example', '--proxy', 'http://u:Zk3vQx9LmA@proxy.contoso.example')
    expect(proxy).toMatchObject({ code: 2, stderr: expect.stringContaining('holds a password') })
    expect(proxy.stderr).not.toContain('Zk3vQx9LmA')
    expect(await realm('ada@contoso.example', '--timeout', '0')).toMatchObject({ code: 2 })
    const noCa = await ropc(['realm', 'ada@contoso.example', '--ca', '/nowhere/ca.pem'])
    expect(noCa).toMatchObject({ code: 2, stderr: expect.stringMatching(/--ca \(E[A-Z]+\)/) })
  })

  it('ends at once when it is interrupted', async () => {
    const io = createTestIo()
    io.stop.abort(new Interrupted('SIGINT'))
    expect(
      await ropc(['realm', 'ada@contoso.example', '--authority', running.authority, '--ca', caFile], io),
    ).toMatchObject({
      code: 130,
      stdout: '',
    })
  })
})
