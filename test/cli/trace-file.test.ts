import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseOptions } from '../../src/cli/args.ts'
import { Interrupted } from '../../src/cli/io.ts'
import { openTraceFile, traceSpecs, withTraceFile } from '../../src/cli/trace-file.ts'
import { createTap } from '../../src/cli/trace-tap.ts'
import type { ClientEvent } from '../../src/client/events.ts'
import { attachMessage } from '../../src/client/messages.ts'
import { createRequest } from '../../src/protocol/http.ts'
import { Secret } from '../../src/protocol/secret.ts'
import type { FaultHook, RunningSimulator } from '../../src/simulator.ts'
import { createSimulator } from '../../src/simulator.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { findLeaks, marks, randomSecrets } from '../contract/secrecy.ts'
import { createTestIo, type Outcome, piped, ropc, type TestIo } from './test-io.ts'

let running: RunningSimulator
let tokenFault: FaultHook | undefined
const folder = mkdtempSync(join(tmpdir(), 'ropc-trace-test-'))
let count = 0
const fresh = (ending: string): string => join(folder, `${++count}${ending}`)

beforeAll(async () => {
  const faults = { token: (...call: Parameters<FaultHook>) => tokenFault?.(...call) }
  running = await (await createSimulator({ faults })).listen()
  writeFileSync(join(folder, 'ca.pem'), running.ca)
})

beforeEach(() => {
  tokenFault = undefined
  running.simulator.clearJournal()
})

afterAll(async () => {
  await running.close()
  rmSync(folder, { recursive: true })
})

const ada = 'ada@contoso.example'
const fred = 'fred@fed.contoso.example'

function passwordOf(username: string): string {
  return running.simulator.users.find((user) => user.username === username)?.password ?? ''
}

function commandLine(username: string, ...more: readonly string[]): string[] {
  const { authority, simulator } = running
  const fixed = ['--authority', authority, '--ca', join(folder, 'ca.pem'), '--client-id', simulator.clientId]
  return ['token', ...fixed, '-u', username, '--scope', 'User.Read', ...more]
}

function signIn(username: string, more: readonly string[], io?: TestIo): Promise<Outcome> {
  const stdin = createTestIo({ stdin: piped(passwordOf(username)) })
  return ropc(commandLine(username, '--password-stdin', ...more), io ?? stdin)
}

describe('ropc token --trace', () => {
  it.each([
    ['.html', /^<!doctype html>[\s\S]*<\/html>\n$/],
    ['.har', /^\{\n {2}"log"/],
    ['.json', /^\{\n {2}"version": 1,/],
    [
      '.md',
      /^# Trace of a sign-in\n\n```mermaid\nsequenceDiagram\n[\s\S]*\n```\n\n```text\nTrace of 1 call by [\s\S]*\n```\n$/,
    ],
    ['.TXT', /^Trace of 1 call by ropc-client/],
  ])('writes what happened as %s, for its owner alone', async (ending, form) => {
    const path = fresh(ending)
    const { code, stdout, stderr } = await signIn(fred, ['--trace', path])
    expect({ code, token: /^eyJ/.test(stdout) }).toEqual({ code: 0, token: true })
    const text = readFileSync(path, 'utf8')
    expect(text).toMatch(form)
    expect(text).toContain('usernamemixed')
    expect(stderr).not.toContain('TRACE_SENSITIVE')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    for (const secret of [passwordOf(fred), stdout.trim(), stdout.trim().split('.')[2] ?? '']) {
      expect(text).not.toContain(secret)
    }
  })

  it('writes it when the sign-in fails, too, and keeps its exit code', async () => {
    const path = fresh('.json')
    const io = createTestIo({ stdin: piped('not the password') })
    const { code, stderr } = await signIn(fred, ['--trace', path], io)
    expect(code).toBe(3)
    expect(stderr).toContain('code: ERR_SOAP_FAULT')
    const trace = JSON.parse(readFileSync(path, 'utf8')) as Trace
    expect(trace.events.map(({ type }) => type).slice(-2)).toEqual(['error', 'run.end'])
  })

  it('writes it when it is interrupted', async () => {
    const path = fresh('.json')
    const io = createTestIo({ stdin: piped(passwordOf(ada)) })
    tokenFault = () => {
      io.stop.abort(new Interrupted('SIGINT'))
      return undefined
    }
    expect((await signIn(ada, ['--trace', path], io)).code).toBe(130)
    expect(JSON.parse(readFileSync(path, 'utf8')).events.at(-1)).toMatchObject({ type: 'run.end', ok: false })
  })

  it('has pseudonyms by default, accounts at level team, and names at level raw, which warns', async () => {
    const read = async (...level: readonly string[]) => {
      const path = fresh('.json')
      const { stderr } = await signIn(ada, ['--trace', path, ...level])
      const trace = JSON.parse(readFileSync(path, 'utf8')) as Trace
      const start = trace.events.find((event) => event.type === 'run.start')
      return { level: trace.level, username: start?.username === ada, warns: stderr.includes('[TRACE_SENSITIVE]') }
    }
    expect(await read()).toEqual({ level: 'share', username: false, warns: false })
    expect(await read('--trace-level', 'team')).toEqual({ level: 'team', username: true, warns: false })
    expect(await read('--trace-level', 'raw')).toEqual({ level: 'raw', username: true, warns: true })
    const quiet = ['--trace-level', 'raw', '--suppress-warning', 'TRACE_SENSITIVE']
    expect((await read(...quiet)).warns).toBe(false)
  })

  it('tells of a dry run, and of --expect', async () => {
    const [dry, blocked] = [fresh('.json'), fresh('.json')]
    expect(await signIn(fred, ['--trace', dry, '--dry-run'])).toMatchObject({ code: 0 })
    expect(readFileSync(dry, 'utf8')).toContain('"WS-Trust endpoint"')
    const io = createTestIo({ stdin: piped('not the password') })
    expect((await signIn(ada, ['--trace', blocked, '--expect', 'AADSTS50126'], io)).code).toBe(0)
    expect(readFileSync(blocked, 'utf8')).toContain('50126')
  })

  it('can be read by ropc diff and by ropc explain', async () => {
    const [works, fails] = [fresh('.json'), fresh('.har')]
    await signIn(ada, ['--trace', works])
    await signIn(ada, ['--trace', fails], createTestIo({ stdin: piped('another wrong one') }))
    expect(await ropc(['diff', works, works])).toMatchObject({ code: 0 })
    const { code, stdout } = await ropc(['diff', works, fails])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^~ call 1 › token request › status: 200 → 400$/m)
    expect((await ropc(['explain', fails])).stdout).toMatch(/^AADSTS50126 \(credential\)$/m)
  })

  it('refuses a file that exists, before anything is sent, and leaves it alone', async () => {
    const path = fresh('.txt')
    writeFileSync(path, 'mine')
    const { code, stderr } = await signIn(ada, ['--trace', path])
    expect(code).toBe(2)
    expect(stderr).toContain('the file of --trace exists')
    expect(readFileSync(path, 'utf8')).toBe('mine')
    expect(running.simulator.journal).toEqual([])
  })

  it.skipIf(process.platform === 'win32')('follows no link, whether it leads anywhere or not', async () => {
    const [link, target] = [fresh('.txt'), fresh('.txt')]
    symlinkSync(target, link)
    expect(await signIn(ada, ['--trace', link])).toMatchObject({ code: 2 })
    expect(existsSync(target)).toBe(false)
    expect(running.simulator.journal).toEqual([])
  })

  it.each([
    ['an ending that says nothing', () => fresh('.pdf'), 'ending'],
    ['no ending', () => fresh(''), 'ending'],
    ['a folder that is not there', () => join(folder, 'none', 'a.html'), 'folder'],
    ['a file in place of the folder', () => join(folder, 'ca.pem', 'a.html'), 'folder'],
    ['a folder', () => folderNamed('a.html'), 'exists'],
  ])('refuses %s, before anything is sent', async (_, path, word) => {
    const { code, stderr } = await signIn(ada, ['--trace', path()])
    expect(code).toBe(2)
    expect(stderr).toMatch(new RegExp(`^error: .*${word}`))
    expect(running.simulator.journal).toEqual([])
  })

  it('refuses a level that there is not, and names those that there are', async () => {
    const { code, stderr } = await signIn(ada, ['--trace', fresh('.txt'), '--trace-level', 'Zk3vQx9LmA'])
    expect(code).toBe(2)
    expect(stderr).toContain('hint: It takes share, team, raw.')
    expect(stderr).not.toContain('Zk3vQx9LmA')
  })

  it('refuses a level without a file', async () => {
    const { code, stderr } = await signIn(ada, ['--trace-level', 'raw'])
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('goes with --trace') })
    expect(running.simulator.journal).toEqual([])
  })

  it('leaves no file behind when the command line is refused', async () => {
    const path = fresh('.html')
    expect(await ropc(['token', '--trace', path])).toMatchObject({ code: 2 })
    expect(await signIn(ada, ['--trace', path, '--password-env', 'PW'])).toMatchObject({ code: 2 })
    expect(existsSync(path)).toBe(false)
  })
})

describe('the scan of what is to be written', () => {
  const options = (path: string) => parseOptions(['--trace', path], traceSpecs)
  const secret = `${marks[0]}!${marks[1]}${marks[2]}`
  /** As a defect of the redaction would leave it. */
  const leaky = (shown: string): Trace => ({
    version: 1,
    product: 'x',
    level: 'share',
    events: [{ type: 'warning', at: 0, callId: 'c', code: 'STORE_FAILED', message: shown }],
  })

  it.each(['.html', '.har', '.json', '.md', '.txt'])('deletes a file (%s) that would show a secret', async (ending) => {
    for (const shown of [secret, encodeURIComponent(secret), Buffer.from(`:${secret}`).toString('base64')]) {
      const path = fresh(ending)
      const io = createTestIo()
      const file = await openTraceFile(options(path))
      expect(existsSync(path)).toBe(true)
      expect(await file?.write(leaky(shown), [new Secret(secret)], io, () => {})).toBe(false)
      expect(existsSync(path)).toBe(false)
      expect(io.stderr.text).toMatch(/^error: the trace would have shown a secret .* deleted\nhint: /)
      expect(findLeaks(io.stderr.text)).toEqual([])
    }
  })

  it('keeps a file in which a password that is a word stands in our own words alone', async () => {
    const hint = 'User name or password is wrong.'
    const event = {
      type: 'error',
      at: 0,
      callId: 'c',
      name: 'E',
      code: 'ERR_X',
      step: 'token',
      hint,
      facts: {},
    } as const
    const trace = (message: string): Trace => ({ ...leaky(''), events: [{ ...event, message }] })
    for (const [message, isKept] of [
      ['the server refused', true],
      ['the server refused what is wrong', false],
    ] as const) {
      const path = fresh('.txt')
      const io = createTestIo()
      const file = await openTraceFile(options(path))
      expect(await file?.write(trace(message), [new Secret('wrong')], io, () => {}), message).toBe(isKept)
      expect(existsSync(path)).toBe(isKept)
    }
  })

  it('ends the command with 1, though it succeeded, and looks for what the command conceals', async () => {
    const path = fresh('.txt')
    const io = createTestIo()
    const code = await withTraceFile(
      options(path),
      io,
      () => {},
      async ({ onEvent, conceal }) => {
        for (const event of leaky(secret).events) onEvent(event as Parameters<typeof onEvent>[0])
        conceal(undefined, secret)
        return 0
      },
    )
    expect(code).toBe(1)
    expect(existsSync(path)).toBe(false)
  })
})

describe('the trace of a command', () => {
  const event = { type: 'warning', at: 0, callId: 'c', code: 'STORE_FAILED', message: 'as ````` it says' } as const
  const options = (path: string) => parseOptions(['--trace', path], traceSpecs)

  it('is written although the command throws, and the error is thrown on', async () => {
    const path = fresh('.json')
    const failure = new Interrupted('SIGTERM')
    const outcome = withTraceFile(
      options(path),
      createTestIo(),
      () => {},
      async ({ onEvent }) => {
        onEvent(event)
        throw failure
      },
    )
    await expect(outcome).rejects.toBe(failure)
    expect(JSON.parse(readFileSync(path, 'utf8')).events).toEqual([event])
  })

  it('is fenced in Markdown, so nothing that a peer wrote ends the fence', async () => {
    const path = fresh('.md')
    const trace: Trace = { version: 1, product: 'x', level: 'share', events: [event] }
    expect(await (await openTraceFile(options(path)))?.write(trace, [], createTestIo(), () => {})).toBe(true)
    const text = readFileSync(path, 'utf8')
    expect(text).toContain('as ````` it says')
    expect(text).toMatch(/\n``````text\n[\s\S]*\n``````\n$/)
  })

  it('is searched for what the requests and answers held', () => {
    const { onEvent, secrets } = createTap()
    const request = createRequest({
      ...{ step: 'token', method: 'POST', url: 'https://h.example/', headers: {} },
      body: 'client_secret=in-the-body',
      secrets: [new Secret('of-the-request')],
    })
    const body = '{"access_token":"of-the-answer","scope":"User.Read"}'
    const sent: ClientEvent = {
      ...{ type: 'http.response', hop: 1, step: 'token', method: 'POST', url: 'https://h.example/' },
      ...{ at: 0, callId: 'c', status: 200, durationMs: 1 },
    }
    attachMessage(sent, { request, response: { status: 200, headers: {}, body } })
    onEvent(sent)
    const found = secrets().map((secret) => secret.reveal())
    expect(found.toSorted()).toEqual(['in-the-body', 'of-the-answer', 'of-the-request'])
  })
})

it('a password, wherever a server repeats it, is in no file, and in no output', async () => {
  const outputs: string[] = []
  const endings = ['.html', '.har', '.json', '.md', '.txt']
  const passwords = randomSecrets(200).filter((secret) => !/[\r\n\t]/.test(secret) && secret.length < 200)
  for (const [index, password] of passwords.slice(0, 10).entries()) {
    const path = fresh(endings[index % endings.length] ?? '')
    const echo = [password, encodeURIComponent(password), Buffer.from(password).toString('base64')][index % 3]
    tokenFault = (_, answer) => ({
      ...answer,
      // Node sends no other header.
      headers: { ...answer.headers, ...(/^[ -~]+$/.test(`${echo}`) ? { 'x-ms-request-id': `${echo}` } : {}) },
      body: JSON.stringify({ error: `invalid_${echo}`, error_description: `AADSTS50126: ${echo}`, [`${echo}`]: echo }),
    })
    const io = createTestIo({ stdin: piped(password) })
    const { stdout, stderr, code } = await signIn(ada, ['--trace', path, '--trace-level', 'raw'], io)
    expect([1, 3]).toContain(code)
    expect(existsSync(path)).toBe(code !== 1)
    outputs.push(stdout, stderr, code === 1 ? '' : readFileSync(path, 'utf8'))
  }
  expect(outputs.filter((text) => text.includes('\ncode: ERR_TOKEN_ENDPOINT'))).toHaveLength(10)
  expect(outputs.flatMap(findLeaks)).toEqual([])
})

function folderNamed(name: string): string {
  const path = join(folder, String(++count), name)
  mkdirSync(path, { recursive: true })
  return path
}
