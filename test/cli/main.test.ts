import { type ChildProcess, type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSimulator, type RunningSimulator } from '../../src/simulator.ts'
import { buildCli } from './build.ts'
import { createFolder } from './test-io.ts'

const folder = createFolder()
let build: ReturnType<typeof buildCli>
let running: RunningSimulator
let caFile: string

beforeAll(async () => {
  build = buildCli()
  running = await (await createSimulator()).listen()
  caFile = folder.file('ca.pem', running.ca)
})

afterAll(async () => {
  await running.close()
  build.remove()
  folder.remove()
})

interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly output: { stdout: string; stderr: string }
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>
}

function start(argv: readonly string[], env: Record<string, string> = {}): Child {
  const child = spawn(process.execPath, [build.main, ...argv], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], TMPDIR: dirname(caFile), ...env },
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  child.stdin.on('error', () => {})
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }))
  return { process: child, output, ended }
}

const commandLine = (...more: readonly string[]): string[] => {
  const { authority, simulator } = running
  const fixed = ['--authority', authority, '--ca', caFile, '--client-id', simulator.clientId]
  return ['token', ...fixed, '-u', 'ada@contoso.example', '--scope', 'User.Read', ...more]
}

const password = () =>
  running.simulator.users.find(({ username }) => username === 'ada@contoso.example')?.password ?? ''

describe('the process', () => {
  it('gives a shell the token alone', async () => {
    const child = start(commandLine('--password-stdin'))
    child.process.stdin.end(`${password()}\n`)
    const { code, stdout, stderr } = await child.ended
    expect(code).toBe(0)
    expect(stdout).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(stderr).not.toContain(password())
  })

  it('keeps tokens for the next process, which needs no password', async () => {
    const kept = ['--cache', join(dirname(caFile), 'kept', 'cache.json'), '--plaintext']
    const first = start(commandLine(...kept, '--password-stdin'))
    first.process.stdin.end(`${password()}\n`)
    const { code, stdout } = await first.ended
    expect(code).toBe(0)
    const second = await start(commandLine(...kept)).ended
    expect(second).toMatchObject({ code: 0, stdout })
    const listed = await start(['accounts', ...kept]).ended
    expect(listed).toMatchObject({ code: 0, stderr: '' })
    expect(listed.stdout).toMatch(/^ada@contoso\.example\t/)
  })

  it('hands a variable’s password to no program it might start, and exits with the code of the refusal', async () => {
    const child = start(commandLine('--password-env', 'C4NARY_PW'), { C4NARY_PW: 'c4nary' })
    const { code, stderr } = await child.ended
    expect(code).toBe(3)
    expect(stderr).toContain('[ROPC_SECRET_IN_ENV]')
    expect(stderr).not.toContain('c4nary')
  })

  it('exits on a usage error although its standard input stays open', async () => {
    const child = start(['token', '--password', 'c4nary'])
    const { code, stdout, stderr } = await child.ended
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).not.toContain('c4nary')
  })

  it('exits with 2 where there is no terminal to ask at', async () => {
    const { code, stderr } = await start(commandLine()).ended
    expect(code).toBe(2)
    expect(stderr).toContain('--password-stdin')
  })

  it('exits with 0 and in silence when the reader of its output has left', async () => {
    const child = start(['--help'])
    child.process.stdout.destroy()
    expect(await child.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it.runIf(existsSync('/dev/full'))('exits with 1 when its output cannot be written', async () => {
    const full = openSync('/dev/full', 'w')
    const child: ChildProcess = spawn(process.execPath, [build.main, '--version'], { stdio: ['ignore', full, 'pipe'] })
    closeSync(full)
    const [code] = await once(child, 'exit')
    expect(code).toBe(1)
  })

  it('exits with 130 on Ctrl-C, with no password in its command line meanwhile', async () => {
    const server = createServer((socket) => socket.on('error', () => {}))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const authority = `https://localhost:${port}/contoso.example`
    const argv = ['token', '--authority', authority, '--client-id', 'id', '-u', 'a@b.example', '--scope', 's']
    const child = start([...argv, '--password-stdin'])
    child.process.stdin.end('c4nary')
    await Promise.race([once(server, 'connection'), child.ended])
    const { pid } = child.process
    if (existsSync(`/proc/${pid}/cmdline`)) expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('c4nary')
    child.process.kill('SIGINT')
    const { code, signal, stdout, stderr } = await child.ended
    expect({ code, signal, stdout }).toEqual({ code: 130, signal: null, stdout: '' })
    expect(stderr).toContain('error: interrupted')
    server.close()
  })

  it('exits on Ctrl-C although nobody writes to the pipe that the password is to come from', async () => {
    const pipe = join(dirname(caFile), 'pipe')
    await promisify(execFile)('mkfifo', ['-m', '600', pipe])
    const child = start(commandLine('--password-file', pipe))
    await wait(300)
    child.process.kill('SIGINT')
    expect(await child.ended).toMatchObject({ code: 130, signal: null, stderr: 'error: interrupted\n' })
  })

  it('opens no inspector on SIGUSR1, and tidies up on SIGTERM', async () => {
    const child = start(['simulate'])
    while (!child.output.stdout.includes('ropc token') && child.process.exitCode === null) await wait(10)
    const [, madeCa = ''] = /^CA file +(.+)$/m.exec(child.output.stdout) ?? []
    expect(existsSync(madeCa)).toBe(true)
    child.process.kill('SIGUSR1')
    await wait(100)
    child.process.kill('SIGTERM')
    expect(await child.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(existsSync(dirname(madeCa))).toBe(false)
  })

  it('runs the demo', async () => {
    const { code, stdout, stderr } = await start(['demo']).ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('6 of 6 went as they should.')
  })
})
