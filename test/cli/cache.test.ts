import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { KeyringModule } from '../../src/cache.ts'
import { Interrupted } from '../../src/cli/io.ts'
import { ada, fakeKeyring, fred, noKeyring, run, useSignIns } from './cached-sign-in.ts'
import { createTestIo, FakeTerminal, ropc } from './test-io.ts'

const at = useSignIns()
const { newPath, signIn, token, passwordOf } = at
const journal = () => at.running.simulator.journal
const credentials = () => journal().filter(({ carriedCredential }) => carriedCredential)

/** Changes what a file says of the tokens of one kind. */
function edit(file: string, section: 'AccessToken' | 'RefreshToken', fields: Record<string, string>): void {
  const json = JSON.parse(readFileSync(file, 'utf8'))
  for (const entry of Object.values(json[section])) Object.assign(entry as object, fields)
  writeFileSync(file, JSON.stringify(json))
}

const missingPackage = Promise.reject<KeyringModule>(new Error('c4nary'))
// It is looked at later, when the file has been.
missingPackage.catch(() => {})

const expired = { expires_on: '1700000000', extended_expires_on: '1700000000' }

describe('ropc token --cache FILE --plaintext', () => {
  it('asks for no password a second time, needs no terminal then, and says where the token came from', async () => {
    const kept = ['--cache', newPath(), '--plaintext']
    const first = await signIn(ada, kept)
    at.running.simulator.clearJournal()
    const second = await run(token(ada, ...kept))
    expect([first.code, second.code, second.stdout]).toEqual([0, 0, first.stdout])
    expect(second.stderr).toContain('the token came from the cache; no password was used')
    expect(journal()).toEqual([])
    expect((await run(token(ada, ...kept, '--quiet'))).stderr).not.toContain('came from')
  })

  it('renews a token that has expired, without a password, and says so', async () => {
    const file = newPath()
    const kept = ['--cache', file, '--plaintext']
    const first = await signIn(ada, kept)
    edit(file, 'AccessToken', expired)
    const second = await run(token(ada, ...kept))
    expect(second.code).toBe(0)
    expect(second.stdout).not.toBe(first.stdout)
    expect(second.stderr).toContain('the token came from a refresh token of the cache; no password was used')
    expect((await run(token(ada, ...kept))).stdout).toBe(second.stdout)
  })

  it('asks at the terminal when the refresh token is refused', async () => {
    const file = newPath()
    const kept = ['--cache', file, '--plaintext']
    await signIn(ada, kept)
    edit(file, 'AccessToken', expired)
    edit(file, 'RefreshToken', { secret: 'not-one-of-theirs' })
    const stdin = new FakeTerminal()
    const asking = run(token(ada, ...kept), { stdin })
    stdin.write(`${passwordOf(ada)}\n`)
    const { code, stderr } = await asking
    expect(code).toBe(0)
    expect(stderr).toContain(`Password for ${ada}`)
    expect(stderr).not.toContain('came from')
  })

  it('prints the same members with --json, but for who got a password', async () => {
    const kept = ['--cache', newPath(), '--plaintext', '--json']
    const first = JSON.parse((await signIn(ada, kept)).stdout)
    const second = JSON.parse((await run(token(ada, ...kept))).stdout)
    expect(Object.keys(first)).toContain('passwordSentTo')
    expect(Object.keys(second)).toEqual(Object.keys(first).filter((name) => name !== 'passwordSentTo'))
    expect(second).toMatchObject({ accessToken: first.accessToken, account: first.account, path: { type: 'silent' } })
  })

  it('makes a file for its owner alone, in the format of the MSAL libraries, and says that it is in clear', async () => {
    const file = newPath()
    const { stderr, stdout } = await signIn(fred, ['--cache', file, '--plaintext'])
    expect(stderr.match(/\[CACHE_PLAINTEXT\]/g)).toHaveLength(1)
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
    const json = JSON.parse(readFileSync(file, 'utf8'))
    expect(Object.keys(json)).toEqual(['Account', 'IdToken', 'AccessToken', 'RefreshToken', 'AppMetadata'])
    const [entry] = Object.values(json.AccessToken) as { readonly secret: string }[]
    expect(`${entry?.secret}\n`).toBe(stdout)
    const quiet = await signIn(fred, ['--cache', file, '--plaintext', '--suppress-warning', 'CACHE_PLAINTEXT'])
    expect(quiet.stderr).not.toContain('CACHE_PLAINTEXT')
  })

  it('makes the folder for its owner alone, too', async () => {
    const file = join(newPath(), 'deeper', 'cache.json')
    const { stderr } = await signIn(ada, ['--cache', file, '--plaintext'])
    expect(stderr).not.toContain('[STORE_FAILED]')
    if (process.platform !== 'win32') expect(statSync(dirname(file)).mode & 0o777).toBe(0o700)
    expect((await run(token(ada, '--cache', file, '--plaintext'))).code).toBe(0)
  })

  it('gives whoever names a password a fresh answer, and the right to be refused', async () => {
    const kept = ['--cache', newPath(), '--plaintext']
    const first = await signIn(ada, kept)
    at.running.simulator.clearJournal()
    const second = await signIn(ada, kept)
    expect(second.stdout).not.toBe(first.stdout)
    expect(credentials()).toHaveLength(1)
    const wrong = await signIn(ada, kept, { stdin: Object.assign(new FakeTerminal(), { isTTY: false }).end('wrong') })
    expect([wrong.code, wrong.stdout]).toEqual([3, ''])
    const named = ['--password-env', 'PW']
    const third = await run(token(ada, ...kept, ...named), { env: { PW: passwordOf(ada) } })
    expect(third.stdout).not.toBe(second.stdout)
    expect((await run(token(ada, ...kept))).stdout).toBe(third.stdout)
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

  it.each([[[]], [['--dry-run']]])('is a usage error without a file: %j', async (more) => {
    const { code, stderr } = await signIn(ada, ['--plaintext', ...more])
    expect(code).toBe(2)
    expect(stderr).toContain('--plaintext goes with --cache')
  })

  it('keeps nothing without --cache, and then knows before anything is sent that nobody can be asked', async () => {
    await signIn(ada, [])
    at.running.simulator.clearJournal()
    expect((await run(token(ada))).code).toBe(2)
    expect(journal()).toEqual([])
  })
})

describe('ropc token --cache FILE', () => {
  it('encrypts with a key in the keychain, so that nothing of the user stands in the file', async () => {
    const file = newPath()
    const keyring = fakeKeyring()
    const first = await signIn(ada, ['--cache', file], { keyring })
    const second = await run(token(ada, '--cache', file), { keyring })
    expect([first.code, second.code, second.stdout]).toEqual([0, 0, first.stdout])
    expect(first.stderr).not.toContain('CACHE_PLAINTEXT')
    const text = readFileSync(file, 'utf8')
    for (const hidden of [first.stdout.trim(), ada, 'ada@', passwordOf(ada)]) expect(text).not.toContain(hidden)
  })

  it.each([
    ['there is no keychain', noKeyring, 'Secret Service'],
    ['the package is missing', missingPackage, 'npm install @napi-rs/keyring'],
  ])('ends before any password where %s, and tells the ways out', async (_, keyring, remedy) => {
    const { code, stdout, stderr } = await signIn(ada, ['--cache', newPath()], { keyring })
    expect([code, stdout]).toEqual([7, ''])
    expect(stderr).toMatch(/ERR_CACHE_KEY[\s\S]*--plaintext/)
    expect(stderr).toContain(remedy)
    expect(stderr).not.toContain('c4nary')
    expect(journal()).toEqual([])
  })

  it.each([
    ['while', 50],
    ['before', 0],
  ])('ends on Ctrl-C %s the keychain waits for somebody to unlock it', async (_, ms) => {
    const keyring = fakeKeyring()
    keyring.AsyncEntry.prototype.getPassword = () => new Promise(() => {})
    const io = createTestIo({ keyring })
    const stop = () => io.stop.abort(new Interrupted('SIGINT'))
    if (ms === 0) stop()
    else setTimeout(stop, ms)
    expect(await ropc(token(ada, '--cache', newPath()), io)).toEqual({
      code: 130,
      stdout: '',
      stderr: 'error: interrupted\n',
    })
  })

  it('looks at neither keychain nor file in a dry run', async () => {
    const { code } = await run(token(ada, '--cache', '/', '--dry-run'), { keyring: noKeyring })
    expect(code).toBe(0)
  })

  it('sets a spoiled file aside and signs in all the same', async () => {
    const file = at.file('{"Account": {')
    const keyring = fakeKeyring()
    const { code, stderr } = await signIn(ada, ['--cache', file], { keyring })
    expect(code).toBe(0)
    expect(stderr).toContain('[CACHE_CORRUPT]')
    const [, aside = ''] = /kept as \\?"(.*?)\\?"/.exec(stderr) ?? []
    expect(readFileSync(aside, 'utf8')).toBe('{"Account": {')
    expect((await run(token(ada, '--cache', file), { keyring })).code).toBe(0)
  })
})

describe('a file that is kept the other way', () => {
  it('is neither read nor changed, and needs no keychain to tell', async () => {
    const file = newPath()
    await signIn(ada, ['--cache', file, '--plaintext'])
    const before = readFileSync(file, 'utf8')
    const encrypted = await signIn(ada, ['--cache', file], { keyring: noKeyring })
    expect([encrypted.code, encrypted.stdout]).toEqual([7, ''])
    expect(encrypted.stderr).toMatch(/not encrypted[\s\S]*Pass --plaintext/)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('is left encrypted', async () => {
    const file = newPath()
    await signIn(ada, ['--cache', file], { keyring: fakeKeyring() })
    const before = readFileSync(file, 'utf8')
    at.running.simulator.clearJournal()
    const plain = await signIn(ada, ['--cache', file, '--plaintext'])
    expect([plain.code, plain.stdout]).toEqual([7, ''])
    expect(plain.stderr).toMatch(/are encrypted[\s\S]*Leave out --plaintext/)
    expect(plain.stderr).not.toContain('[CACHE_PLAINTEXT]')
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(journal()).toEqual([])
  })

  it('counts as in clear although it holds an account alone, which could not be decrypted either', async () => {
    const file = newPath()
    await signIn(ada, ['--cache', file, '--plaintext'])
    const { Account } = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ Account }))
    expect((await signIn(ada, ['--cache', file], { keyring: fakeKeyring() })).stderr).toContain('Pass --plaintext')
  })

  it('says so when it is kept both ways, whichever was asked for', async () => {
    const [file, other] = [newPath(), newPath()]
    const keyring = fakeKeyring()
    await signIn(ada, ['--cache', file], { keyring })
    await signIn(fred, ['--cache', other, '--plaintext'])
    const both = { ...JSON.parse(readFileSync(file, 'utf8')), ...JSON.parse(readFileSync(other, 'utf8')) }
    writeFileSync(file, JSON.stringify(both))
    for (const way of [[], ['--plaintext']]) {
      const { code, stderr } = await signIn(ada, ['--cache', file, ...way], { keyring })
      expect(code).toBe(7)
      expect(stderr).toContain('some tokens in the cache file are encrypted and some are not')
    }
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(both)
  })
})

describe('a path that is no good', () => {
  it.each([
    ['a folder', (path: string) => mkdirSync(path)],
    ['a symbolic link', (path: string) => symlinkSync(at.file('{}'), path)],
  ])('is told before any password when it is %s', async (_, make) => {
    const path = newPath()
    make(path)
    const { code, stdout, stderr } = await signIn(ada, ['--cache', path, '--plaintext'])
    expect([code, stdout]).toEqual([7, ''])
    expect(stderr).toMatch(/ERR_CACHE_INSECURE[\s\S]*hint: Name /)
    expect(journal()).toEqual([])
  })

  it('costs nobody the token when it cannot be written', async () => {
    const readOnly = newPath()
    mkdirSync(readOnly, { mode: 0o500 })
    // Root may write everywhere, but not below a file.
    const below = process.getuid?.() === 0 ? at.file('') : readOnly
    const { code, stdout, stderr } = await signIn(ada, ['--cache', join(below, 'cache.json'), '--plaintext'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^eyJ/)
    expect(stderr).toContain('[STORE_FAILED]')
  })
})

it('shows no secret of the file or the user beside the token, whatever happens', async () => {
  const file = newPath()
  const kept = ['--cache', file, '--plaintext']
  const outcomes = [await signIn(ada, kept), await signIn(fred, kept), await run(token(ada, ...kept))]
  const json = JSON.parse(readFileSync(file, 'utf8'))
  edit(file, 'AccessToken', expired)
  outcomes.push(await run(token(ada, ...kept)))
  const secretsOf = (cache: Record<string, Record<string, { readonly secret?: string }>>): string[] =>
    Object.values(cache).flatMap((table) => Object.values(table).flatMap(({ secret }) => secret ?? []))
  const secrets = [...secretsOf(json), ...secretsOf(JSON.parse(readFileSync(file, 'utf8')))]
  expect(secrets.length).toBeGreaterThanOrEqual(12)
  const lists = [await run(['accounts', ...kept]), await run(['accounts', ...kept, '--json'])]
  lists.push(await run(['accounts', ...kept, '--remove', ada, '--json']))
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, -1))
  lists.push(await run(['accounts', ...kept]))
  const texts = [...outcomes.map(({ stderr }) => stderr), ...lists.flatMap(({ stdout, stderr }) => [stdout, stderr])]
  for (const secret of [...secrets, passwordOf(ada), passwordOf(fred)]) {
    expect(texts.some((text) => text.includes(secret))).toBe(false)
  }
})
