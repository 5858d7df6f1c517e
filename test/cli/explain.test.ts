import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { Interrupted } from '../../src/cli/io.ts'
import { createFolder, createTestIo, FakeTerminal, piped, ropc } from './test-io.ts'

const folder = createFolder()
afterAll(() => folder.remove())

const explainPiped = (...chunks: readonly (string | Buffer)[]) =>
  ropc(['explain', '-'], createTestIo({ stdin: piped(...chunks) }))

describe('ropc explain', () => {
  it('shows meaning, remedy, source and anchor of a code, and exits with 0', async () => {
    const { code, stdout, stderr } = await ropc(['explain', 'AADSTS50126'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^AADSTS50126 \(credential\)\n {2}\S.*password/i)
    expect(stdout).toMatch(/\n {2}what to do: \S/)
    expect(stdout).toMatch(/\n {2}source: published\n {2}see docs\/errors\.md#aadsts50126\n/)
  })

  it('takes several words unquoted, and says what another library’s name is here', async () => {
    const { stdout } = await ropc(['explain', 'Error:', 'parsing_wstrust_response_failed', 'ID3242:', 'no'])
    expect(stdout).toMatch(/^ID3242 \(credential\)\n/)
    expect(stdout).toContain('\n\nparsing_wstrust_response_failed (SoapFaultError)\n')
    expect(stdout).toContain('\n  ropc-client calls it: ERR_SOAP_FAULT, ')
  })

  it('reads a file, of UTF-8 or of PowerShell’s UTF-16', async () => {
    const json = '{"error":"invalid_grant","error_description":"AADSTS50034: who?"}'
    for (const content of [json, `\ufeff${json}`, Buffer.from(`\ufeff${json}`, 'utf16le')]) {
      const { code, stdout } = await ropc(['explain', folder.file('error.json', content)])
      expect(code).toBe(0)
      expect(stdout).toMatch(/^AADSTS50034 \([\s\S]*\n\ninvalid_grant \(/)
    }
  })

  it('reads standard input, in pieces', async () => {
    const { code, stdout } = await explainPiped('AADSTS5', '3003: blocked')
    expect(code).toBe(0)
    expect(stdout).toContain('AADSTS53003')
  })

  it('tells somebody at a terminal how to end the input', async () => {
    const stdin = new FakeTerminal()
    stdin.end('AADSTS50126')
    const { stderr } = await ropc(['explain', '-'], createTestIo({ stdin }))
    expect(stderr).toContain('Ctrl-D')
  })

  it('says once where to look and by which ids, though several codes share them', async () => {
    const [id, other] = ['0b1f6d0e-5a1c-4f5e-9d53-2f0a8f2d7c11', '7d2a4c55-01b2-4c3d-8e4f-9a0b1c2d3e4f']
    const { stdout } = await explainPiped(
      `ERR_TOKEN_ENDPOINT AADSTS70002: x AADSTS50126: y Correlation ID: ${id} Trace ID: ${other}`,
    )
    expect(stdout.match(/^ {2}where to look: Entra admin center/gm)).toHaveLength(1)
    expect(stdout.replace(/\n {4}/g, ' ').split(`correlation id ${id}`)).toHaveLength(2)
    // A code of ours names no log, so the ids stand alone.
    const own = await explainPiped(`ERR_TRANSPORT_TIMEOUT Correlation ID: ${id} Trace ID: ${other}`)
    expect(own.stdout).toMatch(new RegExp(`\\n {2}correlation id: ${id}\\n {2}trace id: ${other}\\n$`))
  })

  it('does not say the same twice', async () => {
    const { stdout } = await ropc(['explain', 'ID3242: a:FailedAuthentication'])
    expect(stdout).toMatch(/\nFailedAuthentication \(credential\)\n {2}\S.*\n {2}what to do: see ID3242\n/)
  })

  it('says whose fault an error of ours is', async () => {
    expect((await ropc(['explain', 'ERR_MISSING_FIELD'])).stdout).toContain('\n  the fault lies with the peer')
    expect((await ropc(['explain', 'ERR_TRANSPORT_ABORTED'])).stdout).toContain('\n  the fault lies with nobody')
  })

  it('prints one JSON object with --json', async () => {
    const { code, stdout } = await ropc(['explain', '--json', 'AADB2C90225'])
    expect(code).toBe(0)
    expect(stdout.trim()).not.toContain('\n')
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      explanations: [{ kind: 'aadb2c', code: 'AADB2C90225', anchor: 'docs/errors.md#aadb2c90225' }],
    })
  })

  it('exits with 2 when it knows nothing, and says where to look further', async () => {
    expect(await ropc(['explain', 'AADSTS99999999'])).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('https://login.microsoftonline.com/error?code=99999999'),
    })
    expect(await ropc(['explain', 'nothing', 'of', 'the', 'kind'])).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/^There is no code/),
    })
  })

  it('keeps its lines within 100 columns', async () => {
    const codes = [
      'AADSTS50126',
      'AADSTS7000218',
      'ERR_INTERACTION_REQUIRED',
      'ROPC_MFA',
      'wstrust_invalid_response',
      'MSIS7068',
    ]
    const { stdout } = await ropc(['explain', ...codes])
    const lines = stdout.split('\n')
    expect(lines.filter((line) => line.length > 100 && line.trim().includes(' '))).toEqual([])
    expect(lines.some((line) => line.length > 90)).toBe(true)
  })

  it('never repeats what it was given', async () => {
    const secret = 'Zk3vQx9LmA'
    for (const argv of [[secret], ['password:', secret], ['--', `-${secret}`], [`AADSTS50126 ${secret}`]]) {
      const { stdout, stderr } = await ropc(['explain', ...argv])
      expect(stdout + stderr).not.toContain(secret)
    }
    const { stdout, stderr } = await ropc(['explain', '--json', folder.file(`${secret}.json`, secret)])
    expect(stdout + stderr).not.toContain(secret)
  })

  it('refuses no input, and more than 1 MiB', async () => {
    expect(await ropc(['explain'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('nothing to'),
    })
    const big = Buffer.alloc(1_048_577, 'AADSTS50126 ')
    const exact = folder.file('exact.log', big.subarray(1))
    expect(await ropc(['explain', exact])).toMatchObject({ code: 0 })
    const tooBig = { code: 2, stdout: '', stderr: expect.stringContaining('1 MiB') }
    expect(await ropc(['explain', folder.file('big.log', big)])).toMatchObject(tooBig)
    const endless = Readable.from(
      (function* () {
        for (;;) yield big
      })(),
    )
    expect(await ropc(['explain', '-'], createTestIo({ stdin: endless }))).toMatchObject(tooBig)
  })

  it('takes the name of a folder, and a text too long for a name, for text', async () => {
    const path = mkdtempSync(join(tmpdir(), 'ropc-explain-'))
    mkdirSync(join(path, 'AADSTS50126'))
    expect(await ropc(['explain', join(path, 'AADSTS50126')])).toMatchObject({ code: 0 })
    rmSync(path, { recursive: true })
    for (const text of [`${'x '.repeat(10_000)}AADSTS50126`, 'AADSTS50126\0']) {
      expect(await ropc(['explain', text])).toMatchObject({ code: 0 })
    }
  })

  it.skipIf(process.platform === 'win32')('says that a file cannot be read', async () => {
    const path = folder.file('target', '')
    const loop = `${path}-loop`
    symlinkSync(loop, loop)
    expect(await ropc(['explain', loop])).toMatchObject({ code: 2, stderr: expect.stringContaining('ELOOP') })
  })

  it('ends at once when it is interrupted while it reads', async () => {
    const io = createTestIo()
    const outcome = ropc(['explain', '-'], io)
    setTimeout(() => io.stop.abort(new Interrupted('SIGINT')), 10)
    expect(await outcome).toMatchObject({ code: 130 })
  })

  it('explains itself', async () => {
    expect(await ropc(['explain', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage: ropc explain'),
    })
    expect(await ropc(['explain', '--nope'])).toMatchObject({ code: 2 })
  })

  it('loads nothing that could send a request, unless it is given a recorded sign-in', () => {
    const start = fileURLToPath(new URL('../../src/cli/commands/explain.ts', import.meta.url))
    const loaded = modulesFrom(start)
    expect(loaded.some((name) => name.endsWith('protocol/aadsts.ts'))).toBe(true)
    expect(
      loaded.filter((name) =>
        /^node:(?!fs\/promises$|util$|stream$)|\/(transport|client|simulator|wstrust\/xml)/.test(name),
      ),
    ).toEqual([])
    expect(loaded.filter((name) => !/^node:|\.ts$/.test(name))).toEqual([])
  })
})

/** Every module that a module loads at once, without types alone. */
function modulesFrom(file: string, known = new Set<string>()): readonly string[] {
  if (known.has(file)) return []
  known.add(file)
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true },
  })
  for (const { fileName } of ts.preProcessFile(outputText.replace(/\bimport\(/g, 'later(')).importedFiles) {
    if (fileName.startsWith('.')) modulesFrom(join(dirname(file), fileName), known)
    else known.add(fileName)
  }
  return [...known]
}
