import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Interrupted } from '../../src/cli/io.ts'
import type { FaultHook, RunningSimulator } from '../../src/simulator.ts'
import { createSimulator } from '../../src/simulator.ts'
import { peerNames } from '../../src/trace/peers.ts'
import { fixture } from '../fixtures.ts'
import { createFolder, createTestIo, type Outcome, piped, ropc } from './test-io.ts'

let running: RunningSimulator
let caFile: string
let mexFault: FaultHook | undefined
const folder = createFolder()

beforeAll(async () => {
  const faults = { mex: (...call: Parameters<FaultHook>) => mexFault?.(...call) }
  running = await (await createSimulator({ faults })).listen()
  caFile = folder.file('ca.pem', running.ca)
})

beforeEach(() => {
  mexFault = undefined
  running.simulator.clearJournal()
})

afterAll(async () => {
  await running.close()
  folder.remove()
})

interface Json {
  readonly candidates: readonly {
    readonly url?: string
    readonly version?: string
    readonly verdict: { readonly rule: string; readonly ok: boolean }
    readonly chosen: boolean
    readonly otherHost: boolean
  }[]
  readonly chosen: { readonly version: string; readonly url: string } | null
  readonly rules: Readonly<Record<string, { readonly text: string }>>
  readonly peers: readonly { readonly peer: string; readonly path: string }[]
}

const file = (name: string): string => folder.file(`${name}.xml`, fixture(`mex/${name}.xml`))
const mexUrl = (): string => `${running.adfsOrigin}/adfs/services/trust/mex`
const fromServer = (...more: readonly string[]): Promise<Outcome> => ropc(['mex', mexUrl(), '--ca', caFile, ...more])
const flat = (text: string): string => text.replace(/\s+/g, ' ')

async function readJson(argv: readonly string[]): Promise<Json> {
  const { stdout } = await ropc(['mex', ...argv, '--json'])
  expect(stdout.trimEnd()).not.toContain('\n')
  return JSON.parse(stdout) as Json
}

const rulesOf = ({ candidates }: Json): readonly string[] => candidates.map(({ verdict }) => verdict.rule)

describe('ropc mex', () => {
  it('shows every endpoint of a server, which one gets the password and why, and sends none', async () => {
    const { code, stdout, stderr } = await fromServer()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^ {2}CHOSEN {2}policy UserNameWSTrustBinding_IWSTrust13Async_policy -> binding/m)
    expect(flat(stdout)).toContain(
      'binding UserNameWSTrustBinding_IWSTrust13Async -> port UserNameWSTrustBinding_IWSTrust13Async, WS-Trust 1.3',
    )
    expect(flat(stdout)).toContain(
      'draft of February 2005; an endpoint with WS-Trust 1.3, the standard, was there. [mex.version.superseded]',
    )
    expect(flat(stdout)).toContain('takes a client certificate, not a password. [mex.policy.certificate]')
    expect(flat(stdout)).toContain(
      `would go to ${running.adfsOrigin}/adfs/services/trust/13/usernamemixed (WS-Trust 1.3). 2 take a password`,
    )
    expect(running.simulator.journal.map(({ carriedCredential }) => carriedCredential)).toEqual([false])
  })

  it('says what every other library would do', async () => {
    const { stdout } = await fromServer()
    const peers = stdout.slice(stdout.indexOf('What other libraries'))
    expect(peers).toMatch(/^ {2}MSAL Node +goes to the token endpoint, and then fails/m)
    expect(peers).toMatch(/^ {2}MSAL Python +goes to the same endpoint$/m)
    expect(peers).toMatch(/^ {2}MSAL \.NET +goes elsewhere: https:\/\/\S+\/2005\/usernamemixed/m)
    expect(peers).toMatch(/^ {2}\(run\)$/m)
    expect(peers).toMatch(/^ {2}\(source\) /m)
    expect((await readJson([file('adfs-2019')])).peers.map(({ peer }) => peer)).toEqual(peerNames)
  })

  it('reads a file and standard input alike, and judges no host there', async () => {
    const byFile = await readJson([file('adfs-2019')])
    const io = createTestIo({ stdin: piped(fixture('mex/adfs-2019.xml')) })
    expect(JSON.parse((await ropc(['mex', '-', '--json'], io)).stdout)).toEqual(byFile)
    expect(byFile.candidates.some(({ otherHost }) => otherHost)).toBe(false)
  })

  it('has a verdict and its rule for everything that is offered', async () => {
    const json = await readJson([file('adfs-2019')])
    expect(json.candidates.filter(({ chosen }) => chosen)).toMatchObject([
      { url: json.chosen?.url, version: '1.3', verdict: { rule: 'mex.ok', ok: true } },
    ])
    expect(json.candidates.filter(({ verdict }) => verdict.ok)).toHaveLength(1)
    for (const rule of rulesOf(json)) expect(json.rules[rule]?.text).toMatch(/\S/)
  })

  it.each([
    ['no-transport-binding', 'mex.policy.no-transport-binding'],
    ['action-unknown', 'mex.binding.no-issue-action'],
    ['address-insecure', 'mex.port.address-insecure'],
    ['soap11-binding', 'mex.binding.not-soap12'],
    ['several-13', 'mex.order.later'],
  ])('tells what is wrong in %s', async (name, rule) => {
    expect(rulesOf(await readJson([file(name)]))).toContain(rule)
  })

  it('takes the 2005 endpoint where there is no other', async () => {
    const { code, stdout } = await ropc(['mex', file('only-2005')])
    expect(code).toBe(0)
    expect(stdout).toContain('(WS-Trust 2005)')
    expect(stdout).toContain('It is the only one that takes a password.')
  })

  it('says when the endpoint is on another host or port than the document', async () => {
    mexFault = (_, answer) => ({
      ...answer,
      body: answer.body.replaceAll(/https:\/\/[^/<]+/g, 'https://other.contoso.example'),
    })
    const { stdout } = await fromServer()
    expect(flat(stdout).match(/It is on another host or port than the document: ropc-client refuses it/g)).toHaveLength(
      1,
    )
    expect((await readJson([mexUrl(), '--ca', caFile])).candidates.find(({ chosen }) => chosen)?.otherHost).toBe(true)
  })

  it('shows the table and the libraries also where nothing takes a password, and exits with 6', async () => {
    const { code, stdout, stderr } = await ropc(['mex', file('no-username-policy')])
    expect(code).toBe(6)
    expect(stdout).toContain('No endpoint takes a user name and password.\n')
    expect(flat(stdout)).toContain('ADAL Node goes to the active URL of the realm answer')
    expect(stderr).toContain('ERR_NO_WSTRUST_ENDPOINT')
    expect((await readJson([file('no-username-policy')])).chosen).toBeNull()
  })

  it('says what others make of a document that it cannot read, and exits with 5', async () => {
    const { code, stdout, stderr } = await ropc(['mex', file('truncated')])
    expect(code).toBe(5)
    expect(stdout).toContain('  Nothing that could be read.\n\nWhat other libraries')
    expect(stderr).toContain('ERR_MALFORMED_RESPONSE')
    expect(await ropc(['mex', file('doctype')])).toMatchObject({
      code: 5,
      stdout: expect.stringContaining('goes elsewhere: '),
    })
    mexFault = (_, answer) => ({ ...answer, status: 404, body: '' })
    expect(await fromServer()).toMatchObject({ code: 5, stderr: expect.stringContaining('HTTP status 404') })
  })

  it('shows names of a peer’s escaped, and fits the terminal', async () => {
    const text = fixture('mex/adfs-2019.xml').replaceAll('UserNameWSTrustBinding_IWSTrust13Async', 'User\u202eName')
    const io = createTestIo()
    io.stdout.isTTY = true
    Object.assign(io.stdout, { columns: 50 })
    const { stdout } = await ropc(['mex', folder.file('bidi.xml', text)], io)
    expect(stdout).toContain('User\\u{202e}Name')
    expect(stdout).not.toContain('\u202e')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours take no columns
    const lines = stdout.replace(/\u001b\[\d+m/g, '').split('\n')
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(50)
  })

  it('fetches over https alone, follows no redirect, and refuses a certificate it does not know', async () => {
    expect(await ropc(['mex', 'http://sts.contoso.example/mex'])).toMatchObject({ code: 2, stdout: '' })
    expect(await ropc(['mex', mexUrl()])).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining('ERR_TRANSPORT_TLS'),
    })
    mexFault = (_, answer) => ({ ...answer, status: 302, headers: { location: 'https://other.contoso.example/' } })
    expect(await fromServer()).toMatchObject({ code: 4, stderr: expect.stringContaining('ERR_TRANSPORT_REDIRECT') })
  })

  it('goes through a proxy when it is told to', async () => {
    const { code, stderr } = await fromServer('--proxy', 'http://127.0.0.1:9')
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('ERR_TRANSPORT_UNREACHABLE') })
  })

  it('ends at once when it is interrupted', async () => {
    const io = createTestIo()
    io.stop.abort(new Interrupted('SIGINT'))
    expect(await ropc(['mex', mexUrl(), '--ca', caFile], io)).toMatchObject({ code: 130, stdout: '' })
  })

  it('explains itself, and refuses what names no document without repeating it', async () => {
    expect(await ropc(['mex', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: ropc mex URL/),
    })
    for (const argv of [
      [],
      ['Zk3vQx9LmA'],
      ['a', 'Zk3vQx9LmA'],
      [folder.file('big.xml', Buffer.alloc(1_048_577, ' '))],
    ]) {
      const { code, stdout, stderr } = await ropc(['mex', ...argv])
      expect({ argv, code, stdout }).toEqual({ argv, code: 2, stdout: '' })
      expect(stderr).not.toContain('Zk3vQx9LmA')
    }
  })
})
