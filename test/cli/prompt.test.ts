import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Interrupted } from '../../src/cli/io.ts'
import { promptHidden } from '../../src/cli/prompt.ts'
import { createSimulator, type RunningSimulator } from '../../src/simulator.ts'
import { createFolder, createTestIo, FakeTerminal, ropc, Sink, type TestIo } from './test-io.ts'

/** Types at a prompt; returns what the prompt gives. */
async function type(
  ...keys: readonly (string | Buffer)[]
): Promise<{ password: string; io: TestIo; stdin: FakeTerminal }> {
  const stdin = new FakeTerminal()
  const io = createTestIo({ stdin })
  const password = promptHidden(io, 'Password: ', io.stop.signal)
  for (const key of keys) {
    stdin.write(key)
    await wait(0)
  }
  return { password: (await password).reveal(), io, stdin }
}

describe('the hidden prompt', () => {
  it('shows the question and nothing of the answer, not on stdout in any case', async () => {
    const { password, io } = await type('s', 'ec', 'ret', '\r')
    expect(password).toBe('secret')
    expect(io.stderr.text).toBe('Password: \n')
    expect(io.stdout.text).toBe('')
  })

  it('turns the echo off before it asks, and on again', async () => {
    const stdin = new FakeTerminal()
    const io = createTestIo({ stdin })
    const seen: unknown[] = []
    const { stderr } = io
    stderr.write = ((text: string) => seen.push([text, [...stdin.modes]])) as never
    const password = promptHidden(io, 'Password: ', io.stop.signal)
    stdin.write('x\r')
    await password
    expect(seen).toEqual([
      ['Password: ', [true]],
      ['\n', [true, false]],
    ])
    expect(stdin.isPaused()).toBe(true)
    expect(stdin.listenerCount('data')).toBe(0)
  })

  it.each([
    ['backspace takes the last character back, a surrogate pair as one', ['a😀\u007fé\bb\r'], 'ab'],
    ['Ctrl-U starts anew', ['wrong\u0015right\r'], 'right'],
    ['a line feed ends the line too, and what follows is dropped', ['one\ntwo\r'], 'one'],
    ['arrows, function keys and Alt leave no trace', ['a\u001b[A\u001b[1;5C\u001bOP\u001b[15~\u001bxb\r'], 'ab'],
    ['other control keys are ignored', ['a\u0001\u001a\u0004\u001cb\r'], 'ab'],
    ['a tab and blanks count', [' a\tb \r'], ' a\tb '],
    ['a character may come in pieces', [Buffer.from([0xe2, 0x82]), Buffer.from([0xac, 0x0d])], '€'],
  ] as const)('%s', async (_, keys, expected) => {
    expect((await type(...keys)).password).toBe(expected)
  })

  it('ends with Ctrl-C: the command is stopped and the terminal is as before', async () => {
    const stdin = new FakeTerminal()
    const io = createTestIo({ stdin })
    const password = promptHidden(io, 'Password: ', new AbortController().signal)
    stdin.write('half\u0003')
    await expect(password).rejects.toBeInstanceOf(Interrupted)
    expect(io.stop.signal.aborted).toBe(true)
    expect(stdin.modes).toEqual([true, false])
  })

  it.each([
    ['Ctrl-D at the beginning', (stdin: FakeTerminal) => stdin.write('\u0004')],
    ['the end of the terminal', (stdin: FakeTerminal) => stdin.end()],
    ['a signal', (_: FakeTerminal, stop: AbortController) => stop.abort(new Interrupted('SIGTERM'))],
  ])('ends with %s, and the terminal is as before', async (_, end) => {
    const stdin = new FakeTerminal()
    const io = createTestIo({ stdin })
    const password = promptHidden(io, 'Password: ', io.stop.signal)
    end(stdin, io.stop)
    await expect(password).rejects.toBeInstanceOf(Interrupted)
    expect(stdin.modes).toEqual([true, false])
  })

  it('asks at the terminal itself where stderr is redirected', async () => {
    const stdin = new FakeTerminal()
    const terminal = new Sink()
    const io = createTestIo({ stdin, stderr: new Sink(), openTerminal: () => terminal })
    const password = promptHidden(io, 'Password: ', io.stop.signal)
    stdin.write('x\r')
    await password
    expect([terminal.text, io.stderr.text]).toEqual(['Password: \n', ''])
  })
})

describe('ropc token at a terminal', () => {
  let running: RunningSimulator
  let commandLine: readonly string[]
  const folder = createFolder()

  beforeAll(async () => {
    running = await (await createSimulator()).listen()
    const { authority, ca, simulator } = running
    const fixed = ['--authority', authority, '--ca', folder.file('ca.pem', ca), '--client-id', simulator.clientId]
    commandLine = ['token', ...fixed, '-u', 'fred@fed.contoso.example', '--scope', 'User.Read']
  })

  afterAll(async () => {
    await running.close()
    folder.remove()
  })

  async function prompted(io: TestIo): Promise<void> {
    while (!io.stderr.text.includes('Password for')) await wait(5)
  }

  it('asks once it is known where the password goes, and names the host', async () => {
    running.simulator.clearJournal()
    const stdin = new FakeTerminal()
    const io = createTestIo({ stdin })
    const outcome = ropc(commandLine, io)
    await prompted(io)
    const question = `Password for fred@fed.contoso.example (goes to ${running.adfsOrigin}): `
    expect(io.stderr.text.endsWith(question)).toBe(true)
    expect(running.simulator.journal.filter(({ carriedCredential }) => carriedCredential)).toEqual([])
    stdin.write(`${running.simulator.users.find(({ username }) => username.startsWith('fred'))?.password}\r`)
    const { code, stdout, stderr } = await outcome
    expect(code).toBe(0)
    expect(stdout).toMatch(/^eyJ\S+\n$/)
    expect(stderr).not.toContain('S3cret')
  })

  it('exits with 130 on Ctrl-C, sends nothing more, and restores the terminal', async () => {
    running.simulator.clearJournal()
    const stdin = new FakeTerminal()
    const io = createTestIo({ stdin })
    const outcome = ropc(commandLine, io)
    await prompted(io)
    stdin.write('half\u0003')
    expect(await outcome).toMatchObject({ code: 130, stdout: '' })
    expect(stdin.modes).toEqual([true, false])
    expect(io.stderr.text).toMatch(/^error: interrupted$/m)
    expect(running.simulator.journal.filter(({ carriedCredential }) => carriedCredential)).toEqual([])
  })

  it('exits with 130 on Ctrl-D', async () => {
    const stdin = new FakeTerminal()
    const io = createTestIo({ stdin })
    const outcome = ropc(commandLine, io)
    await prompted(io)
    stdin.write('\u0004')
    expect(await outcome).toMatchObject({ code: 130, stdout: '' })
    expect(io.stderr.text).toContain('cancelled')
  })

  it('does not count the time at the prompt against --timeout', async () => {
    const stdin = new FakeTerminal()
    const io = createTestIo({ stdin })
    const outcome = ropc([...commandLine, '--timeout', '1'], io)
    await prompted(io)
    await wait(1_100)
    stdin.write('wrong password\r')
    expect((await outcome).code).toBe(3)
  })

  it('asks nobody when the arguments are wrong', async () => {
    const stdin = new FakeTerminal()
    const outcome = await ropc([...commandLine, '--scope', 'https://other.example/x'], createTestIo({ stdin }))
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
    expect(stdin.modes).toEqual([])
  })
})
