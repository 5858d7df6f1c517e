import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Cassette } from '../../src/cassette/cassette.ts'
import { readCassette } from '../../src/cassette/read-cassette.ts'
import { repeatCalls } from '../../src/cassette/repeat-call.ts'
import { replayTransport } from '../../src/cassette/replay.ts'
import { serveCassettes } from '../../src/cassette/serve.ts'
import { createRopcClient } from '../../src/client/client.ts'
import type { FaultHook, RunningSimulator } from '../../src/simulator.ts'
import { createSimulator } from '../../src/simulator.ts'
import { useCassette } from '../../src/testing/use-cassette.ts'
import { createFolder, createTestIo, type Outcome, piped, ropc } from './test-io.ts'

let running: RunningSimulator
let caFile: string
let tokenFault: FaultHook | undefined
const files = createFolder()
const parent = dirname(files.file('x', ''))
let count = 0
let folder: string

beforeAll(async () => {
  const token: FaultHook = (...call) => tokenFault?.(...call)
  running = await (await createSimulator({ faults: { token } })).listen()
  caFile = files.file('ca.pem', running.ca)
})
beforeEach(() => {
  tokenFault = undefined
  folder = join(parent, `record-${++count}`)
})
afterAll(async () => {
  await running.close()
  files.remove()
})

function passwordOf(username: string): string {
  return running.simulator.users.find((user) => user.username === username)?.password ?? 'no password'
}

function record(username: string, password: string, ...more: readonly string[]): Promise<Outcome> {
  const { authority, simulator } = running
  const fixed = ['--authority', authority, '--ca', caFile, '--client-id', simulator.clientId, '-u', username]
  const argv = ['token', ...fixed, '--scope', 'User.Read', '--password-stdin', '--record', folder, ...more]
  return ropc(argv, createTestIo({ stdin: piped(password) }))
}

const only = (): { file: string; text: string; cassette: Cassette } => {
  const [name = '', ...others] = readdirSync(folder)
  expect(others).toEqual([])
  const file = join(folder, name)
  const text = readFileSync(file, 'utf8')
  return { file, text, cassette: readCassette(text) }
}

/** Makes the recorded calls with the recorded answers, and compares what comes of them. */
async function expectReplays(cassette: Cassette): Promise<void> {
  const replay = replayTransport(cassette)
  const { clientId = '', authority = '', options } = cassette.client ?? {}
  const client = createRopcClient({ ...options, clientId, authority, transport: replay, runtime: replay.runtime })
  const { calls = [] } = cassette
  expect(await repeatCalls(client, calls)).toEqual(calls.map(({ outcome }) => outcome))
  replay.assertExhausted()
}

describe('ropc token --record', () => {
  it.each([
    ['ada@contoso.example', 'managed'],
    ['fred@fed.contoso.example', 'federated'],
  ])('keeps the sign-in of %s as a cassette that replays', async (username, type) => {
    const password = passwordOf(username)
    const { code, stdout, stderr } = await record(username, password)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^eyJ/) })
    const { file, text, cassette } = only()
    expect(file).toBe(join(folder, `acquire-token-by-username-password-${type}.json`))
    expect({ file: statSync(file).mode & 0o777, folder: statSync(folder).mode & 0o777 }).toEqual({
      file: 0o600,
      folder: 0o700,
    })
    expect(cassette.origin).toBe('recording')
    expect(cassette.client?.username).toMatch(/^user1@tenant\d+\.example$/)
    expect(cassette.calls).toMatchObject([{ operation: 'acquireTokenByUsernamePassword', outcome: { kind: 'token' } }])
    expect(cassette.calls?.[0]?.request).not.toHaveProperty('password')
    for (const word of [username, password, stdout.trim(), 'contoso']) expect(text).not.toContain(word)
    expect(stderr).toContain(`recorded: ${file}, with ${cassette.exchanges.length} requests`)
    expect(stderr).toMatch(/in place of people: user1@tenant\d+\.example/)
    expect(stderr).toMatch(/in place of secrets: .*\[password\]/)
    expect(stderr).toMatch(/in place of ids: \d+ that are made up/)
    await expect.poll(() => running.openConnections).toBe(0)
    await expectReplays(cassette)
  })

  it.each(['managed', 'federated'] as const)('keeps what a served cassette answers: %s', async (name) => {
    const server = await serveCassettes(new Map([[name, useCassette(name).cassette]]))
    try {
      const [facts] = server.cassettes
      const { authority = '', clientId = '', username = '', scopes = [] } = facts ?? {}
      const ca = files.file('served.pem', server.ca)
      const fixed = ['--authority', authority, '--ca', ca, '--client-id', clientId, '-u', username]
      const argv = ['token', ...fixed, '--scope', scopes.join(' '), '--password-stdin', '--record', folder]
      const { code, stderr } = await ropc(argv, createTestIo({ stdin: piped('any password') }))
      expect(code, stderr).toBe(0)
      await expectReplays(only().cassette)
    } finally {
      await server.close()
    }
  })

  it('keeps one that fails, with the exit code of the failure', async () => {
    const { code, stdout } = await record('ada@contoso.example', 'W0ng p4ssword')
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    const { file, text, cassette } = only()
    expect(file).toContain('acquire-token-by-username-password-token-endpoint-error.json')
    expect(cassette.calls?.[0]?.outcome).toMatchObject({ kind: 'error', errorCodes: [50126] })
    expect(text).not.toContain('W0ng')
    await expectReplays(cassette)
  })

  it('keeps what a dry run asked, and options that change what is asked', async () => {
    expect((await record('fred@fed.contoso.example', '', '--dry-run')).code).toBe(0)
    const dry = only().cassette
    expect(dry.calls).toMatchObject([{ operation: 'discover', outcome: { kind: 'discovery' } }])
    await expectReplays(dry)
    rmSync(folder, { recursive: true })
    await record('ada@contoso.example', passwordOf('ada@contoso.example'), '--no-offline-access')
    const { cassette } = only()
    expect(cassette.client?.options).toEqual({ offlineAccess: false })
    await expectReplays(cassette)
  })

  it('adds to a folder, and overwrites nothing', async () => {
    for (let run = 0; run < 2; run++) await record('ada@contoso.example', passwordOf('ada@contoso.example'))
    const name = 'acquire-token-by-username-password-managed'
    expect(readdirSync(folder).sort()).toEqual([`${name}-2.json`, `${name}.json`])
  })

  it('keeps nothing, makes no folder and ends with 1 where the user would be named in a way that no pseudonym hides', async () => {
    const username = 'ada@contoso.example'
    const scope = Buffer.from(username).toString('hex')
    tokenFault = (_, answer) => ({ ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), scope }) })
    const { code, stderr } = await record(username, passwordOf(username))
    expect(existsSync(folder), stderr).toBe(false)
    expect(stderr).toContain('ERR_CASSETTE_LEAK')
    expect(code).toBe(1)
  })

  it('leaves a folder that was there', async () => {
    mkdirSync(folder)
    expect((await record('ada@contoso.example', 'any', '--timeout', 'x')).code).toBe(2)
    expect(readdirSync(folder)).toEqual([])
  })

  it.each([
    ['--cache', ['--cache', 'cache.json', '--plaintext'], '--record excludes --cache'],
    ['arguments that are refused', ['--claims', '{'], 'claims'],
    ['a timeout that is none', ['--timeout', 'x'], '--timeout'],
  ])('makes no folder, and sends nothing, beside %s', async (_, more, message) => {
    running.simulator.clearJournal()
    const { code, stderr } = await record('ada@contoso.example', 'any', ...more)
    expect(stderr).toContain(message)
    expect({ code, sent: running.simulator.journal.length }).toEqual({ code: 2, sent: 0 })
    expect(existsSync(folder)).toBe(false)
  })

  it('says before anything is sent that the folder cannot be', async () => {
    folder = join(caFile, 'inside')
    const { code, stderr } = await record('ada@contoso.example', 'any')
    expect(code).toBe(2)
    expect(stderr).toContain('cannot make the folder of --record (ENOTDIR)')
  })
})
