import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { run as runDotnet } from '../../examples/microsoft-guide/dotnet.ts'
import { run as runJava } from '../../examples/microsoft-guide/java.ts'
import { run as runNode } from '../../examples/microsoft-guide/node.ts'
import { run as runPython } from '../../examples/microsoft-guide/python.ts'
import { type Settings, settingsFromEnvironment } from '../../examples/microsoft-guide/settings.ts'
import { createMemoryStore } from '../../src/cache.ts'
import { createSimulator, type Simulator } from '../../src/simulator.ts'
import { demo } from '../flows/simulated.ts'

const samples = { dotnet: runDotnet, java: runJava, node: runNode, python: runPython }
const filed = { java: runJava, node: runNode }
const hosts = { entraHost: 'login.microsoftonline.com', adfsHost: 'sts.contoso.example' }
const dummy = new URL('../../examples/microsoft-guide/dummy-cache.json', import.meta.url)

let folder = ''
let simulator: Simulator
// The samples keep tokens in clear, and are told so.
const warnings = vi.spyOn(process, 'emitWarning').mockReturnValue()
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ropc-guide-'))
  simulator = await createSimulator(hosts)
})
afterAll(async () => {
  warnings.mockRestore()
  await rm(folder, { recursive: true })
})

/** In one process, without sockets; `store` keeps what the .NET and Python samples would keep in memory. */
function settings(
  user: { readonly username: string; readonly password: string },
  more: Partial<Settings> = {},
): Settings {
  const { clientId, authority, send: transport } = simulator
  return { clientId, authority, transport, ...user, scopes: demo.scopes, onEvent: () => {}, ...more }
}

async function cacheFile(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text, { mode: 0o600 })
  return file
}

/** The grants that reached the token endpoint, oldest first. */
const grants = (): (string | undefined)[] =>
  simulator.journal.flatMap(({ kind, grantType }) => (kind === 'token' ? [grantType] : []))

describe.each(Object.entries(samples))('the sample for %s', (name, run) => {
  it.each(['ada', 'fred'] as const)('signs %s in with the password, and finds the token the next time', async (who) => {
    simulator.clearJournal()
    const more = {
      cacheFile: join(folder, `${name}-${who}.json`),
      ...(name in filed ? {} : { store: createMemoryStore() }),
    }
    const first = await run(settings(demo[who], more))
    expect([first.source, first.account?.username]).toEqual(['password', demo[who].username])
    const again = await run(settings(demo[who], more))
    expect([again.source, again.accessToken]).toEqual(['cache', first.accessToken])
    expect(simulator.journal.filter(({ carriedCredential }) => carriedCredential)).toHaveLength(who === 'ada' ? 1 : 2)
  })

  it('sends no password where the silent call failed for another reason than its tokens', async () => {
    const store = createMemoryStore()
    const more = { cacheFile: join(folder, `${name}-network.json`), ...(name in filed ? {} : { store }) }
    const runtime = { now: () => Math.floor(Date.now() / 1000) }
    await run(settings(demo.ada, { ...more, runtime }))
    const sent: (string | undefined)[] = []
    const transport: Settings['transport'] = async ({ body }) => {
      sent.push(body)
      return { status: 500, headers: {}, body: '' }
    }
    const later = { now: () => Math.floor(Date.now() / 1000) + 86_000 }
    const attempt = run(settings(demo.ada, { ...more, transport, runtime: later }))
    await expect(attempt).rejects.toMatchObject({ code: 'ERR_UNEXPECTED_STATUS' })
    expect(sent).toEqual([expect.stringContaining('grant_type=refresh_token')])
  })

  it('throws what the server said of a wrong password, and keeps nothing', async () => {
    const store = createMemoryStore()
    const more = { cacheFile: join(folder, `${name}-wrong.json`), ...(name in filed ? {} : { store }) }
    const wrong = { ...demo.ada, password: 'Not+the-p4ssword' }
    await expect(run(settings(wrong, more))).rejects.toMatchObject({ error: 'invalid_grant', errorCodes: [50126] })
    expect(await readdir(folder)).not.toContain(`${name}-wrong.json`)
  })
})

describe.each(Object.entries(filed))('the cache file of the sample for %s', (name, run) => {
  it('holds dummy data: the silent call fails, the password replaces them, and what is not ours survives', async () => {
    const file = await cacheFile(`${name}-dummy.json`, await readFile(dummy, 'utf8'))
    simulator.clearJournal()
    expect((await run(settings(demo.ada, { cacheFile: file }))).source).toBe('password')
    expect(grants()).toEqual(['refresh_token', 'password'])

    const text = await readFile(file, 'utf8')
    const kept = JSON.parse(text) as Record<'Unknown' | 'RefreshToken' | 'Account', Record<string, { secret: string }>>
    expect(kept.Unknown).toEqual({ kept: 'as it is' })
    expect(Object.keys(kept.Account)).toHaveLength(1)
    const secrets = Object.values(kept.RefreshToken).map(({ secret }) => secret)
    expect(secrets).toContain('dummy refresh token of another application')
    expect(secrets).toHaveLength(2)
    expect(text).not.toMatch(/"dummy (access|refresh) token"/)

    simulator.clearJournal()
    expect((await run(settings(demo.ada, { cacheFile: file }))).source).toBe('cache')
    expect(simulator.journal).toEqual([])
  })

  it('that has another user’s data only is left as it is, but for the new ones', async () => {
    const file = await cacheFile(`${name}-other.json`, await readFile(dummy, 'utf8'))
    simulator.clearJournal()
    expect((await run(settings(demo.fred, { cacheFile: file }))).source).toBe('password')
    expect(grants()).not.toContain('refresh_token')
    expect(await readFile(file, 'utf8')).toContain('"dummy refresh token"')
  })
})

it('the sample for java sets a file that is no cache aside, and signs in', async () => {
  const file = await cacheFile('spoiled.json', 'dummy data')
  expect((await runJava(settings(demo.ada, { cacheFile: file }))).source).toBe('password')
  const aside = (await readdir(folder)).filter((entry) => entry.startsWith('spoiled.json.corrupt-'))
  expect(aside).toHaveLength(1)
  expect(await readFile(join(folder, `${aside}`), 'utf8')).toBe('dummy data')
  expect((await runJava(settings(demo.ada, { cacheFile: file }))).source).toBe('cache')
})

it('the sample for python says where to consent', async () => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    const scopes = ['https://graph.microsoft.com/Mail.Send']
    await expect(runPython(settings(demo.ada, { scopes }))).rejects.toMatchObject({ reason: 'consent_required' })
    const [[line] = []] = written.mock.calls
    expect(line).toMatch(
      /^Visit this to consent: https:\/\/login\.microsoftonline\.com\/[\w-]+\/oauth2\/v2\.0\/authorize\?client_id=/,
    )
  } finally {
    written.mockRestore()
  }
})

it('all four run over TLS as they are, with settings from the environment', async () => {
  await using running = await (await createSimulator()).listen()
  const ca = await cacheFile('ca.pem', running.ca)
  const { clientId } = running.simulator
  const { authority } = running
  vi.stubEnv('ROPC_CLIENT_ID', clientId)
  vi.stubEnv('ROPC_AUTHORITY', authority)
  vi.stubEnv('ROPC_USERNAME', demo.fred.username)
  vi.stubEnv('ROPC_PASSWORD', demo.fred.password)
  vi.stubEnv('ROPC_SCOPES', 'User.Read openid')
  vi.stubEnv('ROPC_CA', ca)
  try {
    for (const [name, run] of Object.entries(samples)) {
      vi.stubEnv('ROPC_CACHE', join(folder, `${name}-tls.json`))
      const token = await run({ ...settingsFromEnvironment(), onEvent: () => {} })
      expect([token.source, token.account?.username, token.path.type]).toEqual([
        'password',
        demo.fred.username,
        'federated',
      ])
    }
    vi.stubEnv('ROPC_PASSWORD', '')
    expect(() => settingsFromEnvironment()).toThrow('set the environment variable ROPC_PASSWORD')
  } finally {
    vi.unstubAllEnvs()
  }
})
