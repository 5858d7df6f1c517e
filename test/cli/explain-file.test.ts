import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { findLeaks, randomSecrets } from '../contract/secrecy.ts'
import { createFolder, createTestIo, piped, ropc } from './test-io.ts'

const folder = createFolder()
afterAll(() => folder.remove())
let count = 0
const fresh = (ending: string): string => join(dirname(folder.file('there', '')), `${++count}${ending}`)
const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/trace/${name}`, import.meta.url))

/** What a browser or a proxy would have recorded of a program that uses this password. */
function archiveOf(password: string, { error = 'AADSTS50126: wrong', padding = 0 } = {}): string {
  const headers = [{ name: 'content-type', value: 'application/x-www-form-urlencoded' }]
  const form = new URLSearchParams({
    grant_type: 'password',
    client_id: 'a',
    username: 'ada@contoso.example',
    password,
  })
  const entry = {
    startedDateTime: '2026-11-23T08:00:00.000Z',
    time: 20,
    request: {
      method: 'POST',
      url: 'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token',
      headers,
      postData: { mimeType: 'application/x-www-form-urlencoded', text: form.toString() },
    },
    response: {
      status: 400,
      headers: [{ name: 'content-type', value: 'application/json' }],
      content: { text: JSON.stringify({ error: 'invalid_grant', error_description: error, error_codes: [50126] }) },
    },
  }
  const noise = {
    request: { method: 'GET', url: 'https://www.contoso.example/' },
    response: { x: 'x'.repeat(padding) },
  }
  return JSON.stringify({
    log: { version: '1.2', creator: { name: 'a proxy', version: '9' }, entries: [noise, entry] },
  })
}

describe('ropc explain, given a recorded sign-in', () => {
  it('tells an archive of another program step by step, and then what its codes mean', async () => {
    const { code, stdout, stderr } = await ropc(['explain', folder.file('a.har', archiveOf('Zk3vQx9LmA'))])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Trace of 1 call by a proxy\/9\./)
    expect(stdout).toContain('Which host got the password, and why?\n    login.microsoftonline.com')
    expect(stdout).toMatch(/\n\nAADSTS50126 \(credential\)\n {2}\S[\s\S]*\n {2}what to do: \S/)
    expect(stdout).not.toContain('Zk3vQx9LmA')
    expect(stdout).not.toContain('ada@contoso.example')
    expect(
      (await ropc(['explain', folder.file('a.har', archiveOf('x-y-z')), '--trace-level', 'team'])).stdout,
    ).toContain('ada@contoso.example')
  })

  it('tells a trace of our own, as it was written, and explains nothing where nothing failed', async () => {
    const failed = await ropc(['explain', fixture('managed-wrong-password.json')])
    expect(failed.code).toBe(0)
    expect(failed.stdout.startsWith(readFileSync(fixture('managed-wrong-password.txt'), 'utf8'))).toBe(true)
    expect(failed.stdout).toMatch(/^AADSTS50126 \(/m)
    const worked = await ropc(['explain', fixture('managed.json')])
    expect(worked).toEqual({ code: 0, stderr: '', stdout: readFileSync(fixture('managed.txt'), 'utf8') })
  })

  it('reads standard input, and a file with a byte order mark', async () => {
    const archive = archiveOf('Zk3vQx9LmA')
    const io = createTestIo({ stdin: piped(archive.slice(0, 10), archive.slice(10)) })
    expect((await ropc(['explain', '-'], io)).stdout).toMatch(/^Trace of 1 call/)
    expect((await ropc(['explain', folder.file('bom.har', `\ufeff${archive}`)])).stdout).toMatch(/^Trace of 1 call/)
    const utf16 = folder.file(
      'utf16.har',
      Buffer.from(`\ufeff${archiveOf('x-y-z', { padding: 1_048_576 })}`, 'utf16le'),
    )
    expect((await ropc(['explain', utf16])).stdout).toMatch(/^Trace of 1 call/)
  })

  it('takes an archive larger than a text may be', async () => {
    const path = folder.file('large.har', archiveOf('x-y-z', { padding: 3_000_000 }))
    expect(await ropc(['explain', path])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Trace of 1 call/) })
    const other = folder.file('large.json', `{"error":"AADSTS50126 ${'x'.repeat(1_100_000)}"}`)
    expect(await ropc(['explain', other])).toMatchObject({ code: 2, stderr: expect.stringContaining('1 MiB') })
  })

  it('prints explanations and summaries with --json', async () => {
    const { stdout } = await ropc(['explain', folder.file('a.har', archiveOf('Zk3vQx9LmA')), '--json'])
    expect(stdout.trimEnd()).not.toContain('\n')
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      explanations: expect.arrayContaining([expect.objectContaining({ code: 'AADSTS50126' })]),
      calls: [{ callId: 'imported-1', summary: { refused: {}, change: { hint: expect.any(String) } } }],
    })
  })

  it.each(['.html', '.har', '.json', '.md', '.txt'])('writes what was recorded as %s', async (ending) => {
    const path = fresh(ending)
    const outcome = await ropc(['explain', folder.file('a.har', archiveOf('Zk3vQx9LmA')), '--trace', path])
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    expect(readFileSync(path, 'utf8')).toContain('AADSTS50126')
    expect(readFileSync(path, 'utf8')).not.toContain('Zk3vQx9LmA')
    expect(await ropc(['explain', fixture('managed.json'), '--trace', path])).toMatchObject({ code: 2, stdout: '' })
  })

  it('warns of a file of level raw', async () => {
    const raw = ['--trace', fresh('.txt'), '--trace-level', 'raw']
    const { stderr } = await ropc(['explain', folder.file('a.har', archiveOf('x-y-z')), ...raw])
    expect(stderr).toContain('[TRACE_SENSITIVE]')
  })

  it('says that a trace is damaged that is nested deeper than any', async () => {
    const deep = `${'['.repeat(60_000)}${']'.repeat(60_000)}`
    const event = `{"at":0,"callId":"c","type":"warning","x":${deep}}`
    const path = folder.file('deep.json', `{"version":1,"product":"x","level":"raw","events":[${event}]}`)
    const { code, stderr } = await ropc(['explain', path, '--trace-level', 'share'])
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('damaged') })
  })

  it('shows a trace at a lower level than it was written at, and says when it cannot show more', async () => {
    const trace = JSON.parse(
      readFileSync(fixture('managed.json'), 'utf8').replaceAll('tenant1.example', 'contoso.example'),
    )
    const team = folder.file('team.json', JSON.stringify({ ...trace, level: 'team' }))
    const path = fresh('.txt')
    expect((await ropc(['explain', team])).stdout).toContain('contoso.example')
    const less = await ropc(['explain', team, '--trace-level', 'share', '--trace', path])
    expect(less).toMatchObject({ code: 0, stdout: expect.stringContaining('tenant1.example') })
    expect(less.stdout + readFileSync(path, 'utf8')).not.toContain('contoso')
    expect(await ropc(['explain', team, '--trace-level', 'raw'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('was written at level team'),
    })
  })

  it('looks for codes in an archive that holds no sign-in', async () => {
    const path = folder.file('none.har', '{"log":{"entries":[{"response":"AADSTS50126"}]}}')
    const { code, stdout, stderr } = await ropc(['explain', path])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'the HTTP archive holds no request of a sign-in; its text is searched for codes\n',
    })
    expect(stdout).toMatch(/^AADSTS50126 \(/)
    const written = fresh('.html')
    expect(await ropc(['explain', path, '--trace', written])).toMatchObject({ code: 2, stdout: '' })
    expect(existsSync(written)).toBe(false)
  })

  it('makes no file of what is no recorded sign-in, or a damaged one', async () => {
    const path = fresh('.html')
    const damaged = '{"version":1,"product":"x","level":"share","events":[{"at":0,"callId":"c","type":"decision"}]}'
    for (const content of ['AADSTS50126', '{"error":"AADSTS50126"}', damaged]) {
      const { code, stderr } = await ropc(['explain', folder.file('x', content), '--trace', path])
      expect(code).toBe(2)
      expect(stderr).toMatch(/^error: (there is nothing to write a trace of|the trace is damaged)/)
      expect(existsSync(path)).toBe(false)
    }
  })

  it('shows no secret of an archive, in no output and no encoding', async () => {
    const endings = ['.html', '.har', '.json', '.md', '.txt']
    const outputs: string[] = []
    for (const [index, secret] of randomSecrets(15).entries()) {
      const error = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')][index % 3]
      const path = fresh(endings[index % endings.length] ?? '')
      const archive = folder.file('secret.har', archiveOf(secret, { error: `AADSTS50126: ${error}` }))
      const more = [...(index % 2 === 0 ? ['--json'] : []), '--trace', path, '--trace-level', 'raw']
      const { stdout, stderr, code } = await ropc(['explain', archive, ...more])
      expect([0, 1]).toContain(code)
      outputs.push(stdout, stderr, existsSync(path) ? readFileSync(path, 'utf8') : '')
    }
    expect(
      outputs.filter((text) => text.includes('imported-1') || text.includes('invalid_grant')).length,
    ).toBeGreaterThan(15)
    expect(outputs.flatMap(findLeaks)).toEqual([])
  })

  it('writes no file that would show a secret of the archive: here the password stands in every style sheet', async () => {
    const path = fresh('.html')
    const archive = folder.file('odd.har', archiveOf('box-sizing'))
    const { code, stderr } = await ropc(['explain', archive, '--trace', path])
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('its file was deleted') })
    expect(existsSync(path)).toBe(false)
  })

  it('loads nothing that could send a request', () => {
    const loaded = allModulesFrom(fileURLToPath(new URL('../../src/cli/commands/explain.ts', import.meta.url)))
    expect(loaded.some((name) => name.endsWith('trace/har-import.ts'))).toBe(true)
    expect(
      loaded.filter((name) =>
        /^node:(net|tls|http|https|http2|dns|dgram|child_process)\b|undici|simulator\//.test(name),
      ),
    ).toEqual([])
    expect(loaded.filter((name) => /\/transport\/.*transport\.ts$/.test(name))).toEqual([])
  })
})

/** Every module that a module may load, now or later; what is imported for its types alone is none. */
function allModulesFrom(file: string, known = new Set<string>()): readonly string[] {
  if (known.has(file)) return []
  known.add(file)
  const text = readFileSync(file, 'utf8').replace(/^(?:import|export) type [^;]*? from '[^']*'$/gm, '')
  for (const { fileName } of ts.preProcessFile(text).importedFiles) {
    if (fileName.startsWith('.')) allModulesFrom(join(dirname(file), fileName), known)
    else known.add(fileName)
  }
  return [...known]
}
