import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cassette } from '../../src/cassette/cassette.ts'
import { fileSink } from '../../src/cassette/file-sink.ts'
import { type CassetteSink, recordTransport } from '../../src/cassette/record.ts'
import { createRopcClient } from '../../src/client/client.ts'
import { Secret } from '../../src/protocol/secret.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { ada, ask, simulatorOfCloud } from './recorded.ts'

const parent = mkdtempSync(join(tmpdir(), 'ropc-file-sink-'))
let count = 0
const newFolder = (): string => join(parent, `folder-${++count}`, 'inner')
const canary = 'C4nary of the test'
let simulator: Simulator

beforeAll(async () => {
  simulator = await simulatorOfCloud()
})
afterAll(() => rmSync(parent, { recursive: true }))

const call = (outcome: Readonly<Record<string, unknown>>): Cassette => ({
  version: 1,
  calls: [{ operation: 'acquireTokenByUsernamePassword', request: {}, outcome }],
  exchanges: [],
})

/** Records a sign-in of Ada's into a sink. */
async function recordInto(sink: CassetteSink, secrets: readonly Secret[] = []): Promise<Cassette> {
  const recorder = recordTransport(simulator.send, sink, { secrets })
  const { authority, clientId } = simulator
  const client = createRopcClient({ authority, clientId, transport: recorder, runtime: recorder.runtime })
  await client.acquireTokenByUsernamePassword(ask(ada.username, ada.password))
  return recorder.finish({ title: 'Ada signs in', client: { authority, clientId, username: ada.username } })
}

describe('a file', () => {
  it('is the cassette, for its owner alone, in a folder that is made', async () => {
    const folder = newFolder()
    const sink = fileSink(folder)
    let text = ''
    await recordInto((cassette, written, check) => {
      text = written
      return sink(cassette, written, check)
    })
    const file = join(folder, 'ada-signs-in.json')
    expect(sink.files).toEqual([file])
    expect(readFileSync(file, 'utf8')).toBe(text)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it.each<[string, Cassette]>([
    ['a-title-of-its-own.json', { ...call({ kind: 'token' }), title: ' A title, of its OWN! ' }],
    ['acquire-token-by-username-password-federated.json', call({ kind: 'token', path: { type: 'federated' } })],
    ['acquire-token-by-username-password-token.json', call({ kind: 'token' })],
    ['acquire-token-by-username-password-denied-error.json', call({ kind: 'error', name: 'DeniedError' })],
    ['cassette.json', { version: 1, exchanges: [] }],
    ['etc-passwd.json', { version: 1, title: '../../etc/passwd', exchanges: [] }],
    [`${'x'.repeat(80)}.json`, { version: 1, title: 'x'.repeat(500), exchanges: [] }],
  ])('is called %s', async (name, cassette) => {
    const folder = newFolder()
    await fileSink(folder)(cassette, '{}', () => {})
    expect(readdirSync(folder)).toEqual([name])
  })

  it('gets a number where its name is taken, by a link too', async () => {
    const folder = newFolder()
    const sink = fileSink(folder)
    const cassette: Cassette = { version: 1, title: 'same', exchanges: [] }
    await sink(cassette, 'first', () => {})
    const aim = join(parent, 'aim.json')
    symlinkSync(aim, join(folder, 'same-2.json'))
    await sink(cassette, 'third', () => {})
    expect(sink.files).toEqual([join(folder, 'same.json'), join(folder, 'same-3.json')])
    expect(readFileSync(join(folder, 'same.json'), 'utf8')).toBe('first')
    expect(() => statSync(aim)).toThrow()
  })

  it('is checked as it is on the disk, not as it was meant', async () => {
    const seen: string[] = []
    await fileSink(newFolder())(call({}), 'a lone surrogate: \ud800', (written) => void seen.push(written))
    expect(seen).toEqual(['a lone surrogate: \ufffd'])
  })

  it('is not made in the place of a folder', async () => {
    const file = join(parent, 'file')
    writeFileSync(file, '')
    await expect(fileSink(file)(call({}), '{}', () => {})).rejects.toMatchObject({ code: 'EEXIST' })
  })
})

describe('a secret', () => {
  it('keeps the recorder from writing anything', async () => {
    const folder = newFolder()
    const recorded = recordInto(fileSink(folder), [new Secret('published-refresh-token-1')])
    await expect(recorded).rejects.toMatchObject({ code: 'ERR_CASSETTE_LEAK' })
    expect(() => statSync(folder)).toThrow()
  })

  it('that is in the file although it was not in the text has the file deleted', async () => {
    const folder = newFolder()
    const sink = fileSink(folder)
    const planting: CassetteSink = (cassette, text, check) =>
      sink(cassette, text.replace('"version"', `"x": "${Buffer.from(canary).toString('base64')}", "version"`), check)
    const error = await recordInto(planting, [new Secret(canary)]).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_CASSETTE_LEAK' })
    expect(String(error)).not.toContain('C4nary')
    expect({ left: readdirSync(folder), files: sink.files }).toEqual({ left: [], files: [] })
  })
})
