import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { createFolder, createTestIo, piped, ropc } from './test-io.ts'

const folder = createFolder()
afterAll(() => folder.remove())

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/trace/${name}`, import.meta.url))
const works = fixture('managed.json')
const fails = fixture('managed-wrong-password.json')

describe('ropc diff', () => {
  it('says nothing is different of two sign-ins that went the same way, and exits with 0', async () => {
    expect(await ropc(['diff', works, works])).toEqual({
      code: 0,
      stdout: 'The two traces tell the same.\n',
      stderr: '',
    })
  })

  it('says what is different, and exits with 1', async () => {
    const { code, stdout, stderr } = await ropc(['diff', works, fails])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toBe(readFileSync(fixture('managed--managed-wrong-password.diff'), 'utf8'))
  })

  it('prints one JSON object with --json', async () => {
    const { code, stdout } = await ropc(['diff', works, fails, '--json'])
    expect(code).toBe(1)
    expect(stdout.trimEnd()).not.toContain('\n')
    const { version, same, differences } = JSON.parse(stdout)
    expect({ version, same }).toEqual({ version: 1, same: false })
    expect(differences).toContainEqual({ place: 'call 1 › token request › status', first: '200', second: '400' })
    expect(JSON.parse((await ropc(['diff', works, works, '--json'])).stdout)).toEqual({
      version: 1,
      same: true,
      differences: [],
    })
  })

  it('takes HTTP archives, and standard input for one of the two', async () => {
    const archive = readFileSync(fixture('managed-wrong-password.har'))
    const io = createTestIo({ stdin: piped(archive) })
    const { code, stdout } = await ropc(['diff', fixture('managed.har'), '-'], io)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^~ call 1 › token request › status: 200 → 400$/m)
  })

  it('reads archives at the level that is asked for, and says when the two are of different levels', async () => {
    const [one, other] = ['contoso', 'fabrikam'].map((name) =>
      folder.file(
        `${name}.har`,
        readFileSync(fixture('managed.har'), 'utf8').replaceAll('tenant1.example', `${name}.example`),
      ),
    )
    expect((await ropc(['diff', `${one}`, `${other}`])).code).toBe(0)
    const { code, stdout } = await ropc(['diff', `${one}`, `${other}`, '--trace-level', 'team'])
    expect(code).toBe(1)
    expect(stdout).toContain('contoso.example → ')
    const mixed = await ropc(['diff', works, `${one}`, '--trace-level', 'raw'])
    expect(mixed.stderr).toContain('the first is of level share, the second of raw')
  })

  it.each([
    ['one file', [works]],
    ['three', [works, works, works]],
    ['standard input twice', ['-', '-']],
    ['a file that is not there', [works, '/nowhere/Zk3vQx9LmA.json']],
    ['what is no trace', [works, folder.file('Zk3vQx9LmA', '{"a":"Zk3vQx9LmA"}')]],
    ['an archive without a sign-in', [works, folder.file('empty.har', '{"log":{"entries":[]}}')]],
    [
      'a trace of another version',
      [works, folder.file('2.json', '{"version":2,"product":"x","level":"share","events":[]}')],
    ],
  ])('refuses %s', async (_, argv) => {
    const { code, stdout, stderr } = await ropc(['diff', ...argv])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^error: .*\n(?:code: .*\n)?hint: /)
    expect(stderr).not.toContain('Zk3vQx9LmA')
  })

  it.each([['{}'], ['{"at":0,"callId":"c","type":"decision"}'], ['null']])(
    'says that a trace is damaged: %s',
    async (event) => {
      const path = folder.file('damaged.json', `{"version":1,"product":"x","level":"share","events":[${event}]}`)
      const { code, stderr } = await ropc(['diff', works, path])
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('the trace is damaged') })
    },
  )
})
