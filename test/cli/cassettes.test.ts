import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { Interrupted } from '../../src/cli/io.ts'
import { createFolder, createTestIo, piped, ropc } from './test-io.ts'

const folder = createFolder()
const cassettes = dirname(folder.file('notes.txt', 'not served'))
for (const name of ['federated', 'wrong-password']) {
  const file = new URL(`../../fixtures/cassettes/${name}.json`, import.meta.url)
  copyFileSync(file, join(cassettes, `${name}.json`))
}
afterAll(() => folder.remove())

/** Serves the folder, hands what was printed to `use`, and ends it. */
async function serve(
  more: readonly string[],
  by: 'SIGINT' | 'SIGTERM',
  use: (shown: string) => Promise<void>,
): Promise<number> {
  const io = createTestIo()
  const outcome = ropc(['simulate', '--cassettes', cassettes, ...more], io)
  while (!io.stdout.text.endsWith('\n') && io.stderr.text === '') await wait(5)
  try {
    await use(io.stdout.text)
  } finally {
    io.stop.abort(new Interrupted(by))
  }
  return (await outcome).code
}

describe('ropc simulate --cassettes', () => {
  it('lists the cassettes, and the command it proposes signs in', async () => {
    const code = await serve([], 'SIGINT', async (shown) => {
      const [, caFile = ''] = /^CA file +(.+)$/m.exec(shown) ?? []
      expect(statSync(caFile).mode & 0o777).toBe(0o600)
      expect(shown).toMatch(/^ {2}federated +https:\/\/localhost:\d+\/\S+ +user1@tenant1\.example$/m)
      expect(shown).toMatch(/^ {2}wrong-password +https:\/\/localhost:\d+\/\S+ +user1@tenant1\.example$/m)
      expect(shown).not.toContain('notes')
      const [, command = ''] = /^ {2}npx ropc (token [\s\S]*)$/m.exec(shown) ?? []
      const argv = command.replace('\\\n', ' ').trim().split(/\s+/)
      const outcome = await ropc([...argv, '--password-stdin'], createTestIo({ stdin: piped('any') }))
      expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(/^eyJ/) })
    })
    expect(code).toBe(130)
  })

  it('prints one JSON object with --json, ends with 0 by SIGTERM, and takes its file along', async () => {
    let caFile = ''
    let port = 0
    const code = await serve(['--json'], 'SIGTERM', async (shown) => {
      const { ca, cassettes: served } = JSON.parse(shown)
      caFile = ca
      expect(readFileSync(ca, 'utf8')).toContain('-----BEGIN CERTIFICATE-----')
      expect(served.map(({ name }: { name: string }) => name)).toEqual(['federated', 'wrong-password'])
      port = Number(new URL(served[1].authority).port)
      const { authority, clientId, username, scopes } = served[1]
      const asked = scopes.flatMap((scope: string) => ['--scope', scope])
      const fixed = ['--authority', authority, '--ca', ca, '--client-id', clientId, '-u', username, '--password-stdin']
      const outcome = await ropc(['token', ...fixed, ...asked], createTestIo({ stdin: piped('any') }))
      expect(outcome).toMatchObject({ code: 3, stderr: expect.stringContaining('AADSTS50126') })
    })
    expect(code).toBe(0)
    expect(existsSync(caFile)).toBe(false)
    const [error] = await new Promise<unknown[]>((done) =>
      connect(port, '127.0.0.1')
        .once('error', (error) => done([error]))
        .once('connect', () => done([])),
    )
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it.each([
    ['a folder that is not there', ['--cassettes', join(cassettes, 'none')], 'ENOENT'],
    ['a folder without cassettes', ['--cassettes', join(cassettes, 'empty')], 'holds no file'],
    [
      'a file that is no cassette',
      ['--cassettes', join(cassettes, 'bad')],
      'bad.json: no cassette: the cassette is not JSON',
    ],
    ['a file that cannot be read', ['--cassettes', join(cassettes, 'unread')], 'cannot read folder.json (EISDIR)'],
    ['a port beside it', ['--cassettes', cassettes, '--port', '1'], '--cassettes excludes --port'],
    ['a page beside it', ['--cassettes', cassettes, '--ui'], '--cassettes excludes --ui'],
    ['--json without it', ['--json'], '--json goes with --cassettes'],
  ])('2 for %s', async (_, argv, message) => {
    for (const name of ['empty', 'bad', 'unread/folder.json']) mkdirSync(join(cassettes, name), { recursive: true })
    folder.file('bad/bad.json', '{"c4nary')
    const { code, stdout, stderr } = await ropc(['simulate', ...argv])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('c4nary')
  })
})
