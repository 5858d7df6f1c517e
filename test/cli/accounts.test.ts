import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type AccountEntity, createMsalFileStore, entityKey, type StoredEntity } from '../../src/cache.ts'
import { ada, fakeKeyring, fred, noKeyring, run, useSignIns } from './cached-sign-in.ts'

const at = useSignIns()
const { newPath, signIn, token } = at

/** A file with these users, signed in to an application elsewhere. */
async function fileWith(...accounts: readonly Partial<AccountEntity>[]): Promise<string[]> {
  const file = newPath()
  for (const [index, parts] of accounts.entries()) {
    const homeAccountId = `u${index}.t${index}`
    const common = { homeAccountId, environment: parts.environment ?? 'login.windows.net' }
    await put(
      file,
      homeAccountId,
      { kind: 'Account', ...common, localAccountId: `u${index}`, tenantId: `t${index}`, username: ada, ...parts },
      { kind: 'RefreshToken', ...common, clientId: 'one', secret: `secret-${index}`, cachedAt: 1_700_000_000 },
    )
  }
  return ['--cache', file, '--plaintext']
}

async function put(file: string, partition: string, ...entities: readonly StoredEntity[]): Promise<void> {
  const keyed = entities.map((entity) => [entity.kind === 'Sealed' ? '' : entityKey(entity), entity])
  await createMsalFileStore(file, { onWarning: () => {} }).apply(partition, { put: Object.fromEntries(keyed) })
}

const namesIn = (stdout: string): string[] => stdout.split('\n').flatMap((line) => line.split('\t')[0] || [])

describe('ropc accounts --cache FILE', () => {
  it('lists who is signed in, one a line, with nothing of their tokens', async () => {
    const kept = ['--cache', newPath(), '--plaintext']
    await signIn(ada, kept)
    await signIn(fred, kept)
    const { code, stdout, stderr } = await run(['accounts', ...kept])
    expect([code, stderr]).toEqual([0, ''])
    expect(namesIn(stdout).sort()).toEqual([ada, fred])
    const { stdout: json } = await run(['accounts', ...kept, '--json'])
    const accounts = JSON.parse(json)
    expect(json.trimEnd().split('\n')).toHaveLength(1)
    const members = ['homeAccountId', 'localAccountId', 'environment', 'tenantId', 'username', 'name']
    expect(accounts.map(Object.keys)).toEqual([members, members])
    const [{ username, homeAccountId, environment, tenantId }] = accounts
    expect(stdout).toContain(`${[username, homeAccountId, environment, tenantId].join('\t')}\n`)
  })

  it('lists the users of all clouds, or of the one that an authority names, by any of its hosts', async () => {
    const china = { username: 'li@contoso.example', environment: 'login.partner.microsoftonline.cn' }
    // MSAL Python names the host that it talked to.
    const bob = { username: 'bob@contoso.example', environment: 'login.microsoftonline.com' }
    const kept = await fileWith({}, china, bob)
    const list = async (...more: string[]) => namesIn((await run(['accounts', ...kept, ...more])).stdout)
    expect(await list()).toEqual([ada, china.username, bob.username])
    expect(await list('--authority', 'https://login.chinacloudapi.cn/contoso.example')).toEqual([china.username])
    expect(await list('--authority', 'https://login.microsoftonline.com/contoso.example')).toEqual([ada, bob.username])
    const remove = ['accounts', ...kept, '--authority', 'https://login.microsoftonline.us/x.example', '--remove', ada]
    expect((await run(remove)).code).toBe(2)
    expect((await run(['accounts', ...kept, '--authority', 'http://x'])).code).toBe(2)
  })

  it('shows names that a terminal would obey escaped', async () => {
    const kept = await fileWith({ username: 'eve\u001b[2J\t\u202e\r\nroot\u009b', tenantId: '\u0007' })
    const { stdout } = await run(['accounts', ...kept])
    expect(stdout).toBe(
      `${['eve\\u{1b}[2J\\u{9}\\u{202e} root\\u{9b}', 'u0.t0', 'login.windows.net', '\\u{7}'].join('\t')}\n`,
    )
    const { stdout: json } = await run(['accounts', ...kept, '--json'])
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(json.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
    expect(JSON.parse(json)[0].username).toBe('eve\u001b[2J\t\u202e\r\nroot\u009b')
  })

  it.each([[['--plaintext']], [[]]])('lists nobody for a file that is not there, and makes none: %j', async (way) => {
    const file = newPath()
    const parts = { keyring: noKeyring }
    expect(await run(['accounts', '--cache', file, ...way], parts)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect((await run(['accounts', '--cache', file, ...way, '--json'], parts)).stdout).toBe('[]\n')
    const removal = await run(['accounts', '--cache', file, ...way, '--remove', ada], parts)
    expect([removal.code, removal.stdout]).toEqual([2, ''])
    expect(removal.stderr).toContain('nobody of that name')
    expect(existsSync(file)).toBe(false)
  })

  it('says what to do about a file that is no cache, and needs no keychain to tell', async () => {
    const file = at.file('not JSON')
    const { code, stdout, stderr } = await run(['accounts', '--cache', file], { keyring: noKeyring })
    expect([code, stdout]).toEqual([7, ''])
    expect(stderr).toMatch(/ERR_CACHE_FORMAT[\s\S]*hint: /)
    expect(readFileSync(file, 'utf8')).toBe('not JSON')
  })

  it('does not list a file that is kept the other way', async () => {
    const [, file = ''] = await fileWith({})
    const { code, stdout, stderr } = await run(['accounts', '--cache', file], { keyring: noKeyring })
    expect([code, stdout]).toEqual([7, ''])
    expect(stderr).toContain('Pass --plaintext')
  })

  it.each([
    ['no file is named', ['accounts']],
    ['--plaintext stands alone', ['accounts', '--plaintext']],
    ['an application is named, but no user', ['accounts', '--cache', 'x', '--client-id', 'y']],
  ])('is a usage error when %s', async (_, argv) => {
    const { code, stdout, stderr } = await run(argv)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('hint: ')
  })
})

describe('ropc accounts --remove', () => {
  it('signs one user out, whatever the case of the name, and leaves the others', async () => {
    const kept = ['--cache', newPath(), '--plaintext']
    await signIn(ada, kept)
    await signIn(fred, kept)
    const { code, stderr } = await run(['accounts', ...kept, '--remove', ada.toUpperCase()])
    expect([code, stderr]).toEqual([0, `signed out: ${ada.toUpperCase()} (1 account)\n`])
    expect(namesIn((await run(['accounts', ...kept])).stdout)).toEqual([fred])
    expect((await run(token(ada, ...kept))).code).toBe(2)
    expect((await run(token(fred, ...kept))).code).toBe(0)
  })

  it('signs out every account of that name, and says how many and which', async () => {
    const kept = await fileWith({}, { username: fred }, { username: 'A.Example@contoso.example', signInName: ada })
    const { stdout, stderr } = await run(['accounts', ...kept, '--remove', ada, '--json'])
    expect(stderr).toBe(`signed out: ${ada} (2 accounts)\n`)
    expect(JSON.parse(stdout).map(({ localAccountId }: AccountEntity) => localAccountId)).toEqual(['u0', 'u2'])
    expect(namesIn((await run(['accounts', ...kept])).stdout)).toEqual([fred])
    const [, file = ''] = kept
    expect(readFileSync(file, 'utf8')).not.toMatch(/secret-[02]/)
  })

  it('signs a user out of one application alone, and altogether when it was the last', async () => {
    const kept = await fileWith({})
    const [, file = ''] = kept
    const common = { homeAccountId: 'u0.t0', environment: 'login.windows.net', cachedAt: 1_700_000_000 }
    await put(file, 'u0.t0', { kind: 'RefreshToken', ...common, clientId: 'two', secret: 'of-two' })
    expect((await run(['accounts', ...kept, '--remove', ada, '--client-id', 'one'])).code).toBe(0)
    expect(readFileSync(file, 'utf8')).not.toContain('secret-0')
    expect(readFileSync(file, 'utf8')).toContain('of-two')
    expect(namesIn((await run(['accounts', ...kept])).stdout)).toEqual([ada])
    await run(['accounts', ...kept, '--remove', ada, '--client-id', 'two'])
    expect((await run(['accounts', ...kept])).stdout).toBe('')
  })

  it.each([[['--remove', 'nobody@contoso.example']], [['--remove', ada, '--client-id', 'another']]])(
    'says that nobody was there to sign out, and changes nothing: %j',
    async (removal) => {
      const kept = await fileWith({})
      const [, file = ''] = kept
      const before = readFileSync(file, 'utf8')
      const { code, stdout, stderr } = await run(['accounts', ...kept, ...removal])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(/nobody of that name[\s\S]*hint: /)
      expect(readFileSync(file, 'utf8')).toBe(before)
    },
  )
})

describe('ropc accounts of an encrypted file', () => {
  it('lists and signs out with the key in the keychain', async () => {
    const kept = ['--cache', newPath()]
    const keyring = fakeKeyring()
    await signIn(ada, kept, { keyring })
    expect(namesIn((await run(['accounts', ...kept], { keyring })).stdout)).toEqual([ada])
    expect((await run(['accounts', ...kept], { keyring: noKeyring })).code).toBe(7)
    const { clientId } = at.running.simulator
    expect((await run(['accounts', ...kept, '--remove', ada, '--client-id', clientId], { keyring })).code).toBe(0)
    expect((await run(['accounts', ...kept], { keyring })).stdout).toBe('')
  })

  it('shows the others beside a user whose key is lost, and does not take that user for absent', async () => {
    const kept = ['--cache', newPath()]
    const keyring = fakeKeyring()
    await signIn(ada, kept, { keyring: fakeKeyring() })
    await signIn(fred, kept, { keyring })
    const listed = await run(['accounts', ...kept], { keyring })
    expect([listed.code, namesIn(listed.stdout)]).toEqual([7, [fred]])
    expect(listed.stderr).toMatch(/one user .* cannot be decrypted[\s\S]*ERR_CACHE_KEY[\s\S]*delete the file/)
    const removal = await run(['accounts', ...kept, '--remove', ada], { keyring })
    expect(removal.code).toBe(7)
    expect(removal.stderr).toContain('cannot be decrypted')
  })

  it('signs out a user with a damaged entry', async () => {
    const file = newPath()
    const kept = ['--cache', file]
    const keyring = fakeKeyring()
    await signIn(ada, kept, { keyring })
    await signIn(fred, kept, { keyring })
    const text = readFileSync(file, 'utf8')
    const owner = namesIn((await run(['accounts', ...kept], { keyring })).stdout)[0] ?? ''
    // The first sealed entry is of the first user.
    writeFileSync(file, text.replace(/v1\.[\w-]{8}/, 'v1.AAAAAAAA'))
    expect((await run(['accounts', ...kept], { keyring })).code).toBe(7)
    const mine = at.running.simulator.clientId
    expect((await run(['accounts', ...kept, '--remove', owner, '--client-id', mine], { keyring })).code).toBe(7)
    const removal = await run(['accounts', ...kept, '--remove', owner], { keyring })
    expect([removal.code, removal.stderr]).toEqual([0, `signed out: ${owner} (1 account)\n`])
    const left = await run(['accounts', ...kept], { keyring })
    expect([left.code, namesIn(left.stdout)]).toEqual([0, [ada, fred].filter((name) => name !== owner)])
  })
})
