import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeyringModule } from '../../src/cache.ts'
import type { CliIo } from '../../src/cli/io.ts'
import { createSimulator, type RunningSimulator } from '../../src/simulator.ts'
import { createFolder, createTestIo, FakeTerminal, type Outcome, piped, ropc } from './test-io.ts'

let running: RunningSimulator
let caFile: string
const folder = createFolder()
const ada = 'ada@contoso.example'
const fred = 'fred@fed.contoso.example'
let count = 0

beforeAll(async () => {
  running = await (await createSimulator()).listen()
  caFile = folder.file('ca.pem', running.ca)
})

afterAll(async () => {
  await running.close()
  folder.remove()
})

/** A path where nothing is yet. */
function newPath(): string {
  const path = folder.file(`cache-${count++}.json`, '')
  rmSync(path)
  return path
}

function fakeKeyring(): KeyringModule {
  const secrets = new Map<string, string>()
  return {
    AsyncEntry: class {
      readonly #name: string
      constructor(service: string, account: string) {
        this.#name = JSON.stringify([service, account])
      }
      async getPassword() {
        return secrets.get(this.#name)
      }
      async setPassword(password: string) {
        secrets.set(this.#name, password)
      }
    },
  }
}

function passwordOf(username: string): string {
  return running.simulator.users.find((user) => user.username === username)?.password ?? ''
}

function token(username: string, ...more: readonly string[]): string[] {
  const { authority, simulator } = running
  const fixed = ['--authority', authority, '--ca', caFile, '--client-id', simulator.clientId, '--scope', 'User.Read']
  return ['token', ...fixed, '-u', username, ...more]
}

async function signIn(username: string, more: readonly string[], parts: Partial<CliIo> = {}): Promise<Outcome> {
  const io = createTestIo({ stdin: piped(passwordOf(username)), ...parts })
  return ropc([...token(username, '--password-stdin'), ...more], io)
}

const run = (argv: readonly string[], parts: Partial<CliIo> = {}): Promise<Outcome> => ropc(argv, createTestIo(parts))
const credentials = () => running.simulator.journal.filter(({ carriedCredential }) => carriedCredential)

describe('ropc token --cache FILE --plaintext', () => {
  it('asks for no password a second time, needs no terminal then, and says where the token came from', async () => {
    const kept = ['--cache', newPath(), '--plaintext']
    const first = await signIn(ada, kept)
    running.simulator.clearJournal()
    const second = await run(token(ada, ...kept))
    expect([first.code, second.code, second.stdout]).toEqual([0, 0, first.stdout])
    expect(second.stderr).toContain('the token came from the cache; no password was used')
    expect(running.simulator.journal).toEqual([])
  })

  it('makes a file for its owner alone, in the format of the MSAL libraries, and says that it is in clear', async () => {
    const file = newPath()
    const { stderr, stdout } = await signIn(fred, ['--cache', file, '--plaintext'])
    expect(stderr).toContain('[PLAINTEXT_CACHE]')
    expect(stderr.match(/PLAINTEXT_CACHE/g)).toHaveLength(1)
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
    const json = JSON.parse(readFileSync(file, 'utf8'))
    expect(Object.keys(json)).toEqual(['Account', 'IdToken', 'AccessToken', 'RefreshToken', 'AppMetadata'])
    const [entry] = Object.values(json.AccessToken) as { readonly secret: string }[]
    expect(`${entry?.secret}\n`).toBe(stdout)
    const quiet = await signIn(fred, ['--cache', file, '--plaintext', '--suppress-warning', 'PLAINTEXT_CACHE'])
    expect(quiet.stderr).not.toContain('PLAINTEXT_CACHE')
  })

  it('gives whoever names a password a fresh answer, and the right to be refused', async () => {
    const kept = ['--cache', newPath(), '--plaintext']
    const first = await signIn(ada, kept)
    running.simulator.clearJournal()
    const second = await signIn(ada, kept)
    expect(second.stdout).not.toBe(first.stdout)
    expect(credentials()).toHaveLength(1)
    const wrong = await run([...token(ada, '--password-stdin'), ...kept], { stdin: piped('wrong') })
    expect([wrong.code, wrong.stdout]).toEqual([3, ''])
    expect((await run(token(ada, ...kept))).stdout).toBe(second.stdout)
  })

  it('asks at the terminal when the cache does not help, and says without one what to do', async () => {
    const kept = ['--cache', newPath(), '--plaintext']
    const stdin = new FakeTerminal()
    const asking = run(token(ada, ...kept), { stdin })
    stdin.write(`${passwordOf(ada)}\n`)
    expect((await asking).code).toBe(0)
    const nobody = await run(token(fred, ...kept))
    expect([nobody.code, nobody.stdout]).toEqual([2, ''])
    expect(nobody.stderr).toContain('--password-stdin')
  })

  it('is a usage error without a file', async () => {
    const { code, stderr } = await signIn(ada, ['--plaintext'])
    expect(code).toBe(2)
    expect(stderr).toContain('--plaintext goes with --cache')
  })

  it('keeps nothing without --cache', async () => {
    await signIn(ada, [])
    expect((await run(token(ada))).code).toBe(2)
  })
})

describe('ropc token --cache FILE', () => {
  it('encrypts with a key in the keychain, so that nothing of the user stands in the file', async () => {
    const file = newPath()
    const keyring = fakeKeyring()
    const first = await signIn(ada, ['--cache', file], { keyring })
    const second = await run(token(ada, '--cache', file), { keyring })
    expect([first.code, second.code, second.stdout]).toEqual([0, 0, first.stdout])
    expect(first.stderr).not.toContain('PLAINTEXT_CACHE')
    const text = readFileSync(file, 'utf8')
    for (const hidden of [first.stdout.trim(), ada, 'ada@', passwordOf(ada)]) expect(text).not.toContain(hidden)
  })

  it('ends before any password where there is no keychain, and tells the ways out', async () => {
    const keyring = {
      AsyncEntry: class {
        constructor() {
          throw new Error('no D-Bus')
        }
      },
    } as unknown as KeyringModule
    running.simulator.clearJournal()
    const { code, stdout, stderr } = await signIn(ada, ['--cache', newPath()], { keyring })
    expect([code, stdout]).toEqual([7, ''])
    expect(stderr).toMatch(/ERR_CACHE_KEY[\s\S]*--plaintext/)
    expect(running.simulator.journal).toEqual([])
  })

  it('neither reads nor changes a file that is kept the other way', async () => {
    const file = newPath()
    const keyring = fakeKeyring()
    await signIn(ada, ['--cache', file, '--plaintext'])
    const before = readFileSync(file, 'utf8')
    const encrypted = await signIn(ada, ['--cache', file], { keyring })
    expect([encrypted.code, encrypted.stdout]).toEqual([7, ''])
    expect(encrypted.stderr).toContain('Pass --plaintext')
    expect(readFileSync(file, 'utf8')).toBe(before)

    const other = newPath()
    await signIn(ada, ['--cache', other], { keyring })
    const plain = await signIn(ada, ['--cache', other, '--plaintext'])
    expect(plain.code).toBe(7)
    expect(plain.stderr).toContain('Leave out --plaintext')
  })

  it('sets a spoiled file aside and signs in all the same', async () => {
    const file = newPath()
    writeFileSync(file, '{"Account": {', { mode: 0o600 })
    const { code, stderr } = await signIn(ada, ['--cache', file, '--plaintext'])
    expect(code).toBe(0)
    expect(stderr).toContain('[CACHE_CORRUPT]')
    expect((await run(token(ada, '--cache', file, '--plaintext'))).code).toBe(0)
  })

  it('prints the token although it cannot be kept', async () => {
    const directory = newPath()
    mkdirSync(directory)
    const { code, stdout, stderr } = await signIn(ada, ['--cache', directory, '--plaintext'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^eyJ/)
    expect(stderr).toContain('[STORE_FAILED]')
  })
})

describe('ropc accounts', () => {
  it('lists who is signed in, without a token', async () => {
    const kept = ['--cache', newPath(), '--plaintext']
    const { stdout: accessToken } = await signIn(ada, kept)
    await signIn(fred, kept)
    const { code, stdout, stderr } = await run(['accounts', ...kept])
    expect(code).toBe(0)
    expect(stderr).toBe('')
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.split('\t')[0]).sort()).toEqual([ada, fred])
    expect(lines.every((line) => line.split('\t').length === 4)).toBe(true)
    expect(stdout).not.toContain(accessToken.trim())
    const json = JSON.parse((await run(['accounts', ...kept, '--json'])).stdout)
    expect(json.map(({ username }: { username: string }) => username).sort()).toEqual([ada, fred])
    expect(json[0]).not.toHaveProperty('secret')
  })

  it('shows an encrypted file as well', async () => {
    const file = newPath()
    const keyring = fakeKeyring()
    await signIn(ada, ['--cache', file], { keyring })
    expect((await run(['accounts', '--cache', file], { keyring })).stdout).toContain(ada)
    const removed = await run(['accounts', '--cache', file, '--remove', ada], { keyring })
    expect(removed.code).toBe(0)
    expect((await run(['accounts', '--cache', file], { keyring })).stdout).toBe('')
  })

  it('signs one user out, whatever the case of the name, and leaves the others', async () => {
    const kept = ['--cache', newPath(), '--plaintext']
    await signIn(ada, kept)
    await signIn(fred, kept)
    const { code, stderr } = await run(['accounts', ...kept, '--remove', ada.toUpperCase()])
    expect([code, stderr]).toEqual([0, `signed out: ${ada.toUpperCase()}\n`])
    expect((await run(['accounts', ...kept])).stdout).toContain(fred)
    expect((await run(['accounts', ...kept])).stdout).not.toContain(ada)
    expect((await run(token(ada, ...kept))).code).toBe(2)
    expect((await run(token(fred, ...kept))).code).toBe(0)
  })

  it('signs a user out of one application alone', async () => {
    const kept = ['--cache', newPath(), '--plaintext']
    await signIn(ada, kept)
    const other = await run(['accounts', ...kept, '--remove', ada, '--client-id', 'another'])
    expect(other.code).toBe(0)
    expect((await run(token(ada, ...kept))).code).toBe(0)
    await run(['accounts', ...kept, '--remove', ada, '--client-id', running.simulator.clientId])
    expect((await run(['accounts', ...kept])).stdout).toBe('')
  })

  it.each([
    ['no file is named', ['accounts']],
    ['the user is not there', ['accounts', '--cache', '/nonexistent/cache.json', '--plaintext', '--remove', 'nobody']],
    ['an application is named, but no user', ['accounts', '--cache', 'x', '--client-id', 'y']],
  ])('is a usage error when %s', async (_, argv) => {
    const { code, stdout, stderr } = await run(argv)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('hint: ')
  })

  it('lists nobody for a file that is not there, and makes none', async () => {
    const file = newPath()
    expect(await run(['accounts', '--cache', file, '--plaintext'])).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(existsSync(file)).toBe(false)
  })

  it('says what to do about a file that is no cache', async () => {
    const file = folder.file(`spoiled-${count++}.json`, 'not JSON')
    const { code, stdout, stderr } = await run(['accounts', '--cache', file, '--plaintext'])
    expect([code, stdout]).toEqual([7, ''])
    expect(stderr).toMatch(/ERR_CACHE_FORMAT[\s\S]*hint: /)
    expect(readFileSync(join(file), 'utf8')).toBe('not JSON')
  })

  it('explains itself', async () => {
    expect((await run(['accounts', '--help'])).stdout).toContain('--remove UPN')
  })
})
