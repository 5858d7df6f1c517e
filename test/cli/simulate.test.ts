import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Interrupted } from '../../src/cli/io.ts'
import { createTestIo, piped, ropc } from './test-io.ts'

/** Starts the simulator, hands what it printed to `use`, and ends it. */
async function simulate(
  argv: readonly string[],
  by: 'SIGINT' | 'SIGTERM',
  use: (shown: string, caFile: string) => Promise<void> | void,
): Promise<number> {
  const io = createTestIo()
  const outcome = ropc(['simulate', ...argv], io)
  while (!io.stdout.text.endsWith('\n')) await wait(5)
  const [, caFile = ''] = /^CA file +(.+)$/m.exec(io.stdout.text) ?? []
  await use(io.stdout.text, caFile)
  io.stop.abort(new Interrupted(by))
  const { code } = await outcome
  expect(existsSync(dirname(caFile))).toBe(false)
  return code
}

describe('ropc simulate', () => {
  it('prints what a client needs: the command it proposes signs in', async () => {
    const code = await simulate([], 'SIGINT', async (shown, caFile) => {
      expect(readFileSync(caFile, 'utf8')).toContain('-----BEGIN CERTIFICATE-----')
      expect(statSync(caFile).mode & 0o777).toBe(0o600)
      expect(statSync(dirname(caFile)).mode & 0o777).toBe(0o700)
      expect(shown).toMatch(/^AD FS +https:\/\/127\.0\.0\.1:\d+$/m)
      const [, command = ''] = /^ {2}npx ropc (token [\s\S]*)$/m.exec(shown) ?? []
      const argv = command.replace('\\\n', ' ').trim().split(/\s+/)
      const username = argv[argv.indexOf('-u') + 1] ?? ''
      const row = shown.split('\n').find((line) => line.startsWith(`  ${username} `)) ?? ''
      const [, password = ''] = row.trim().split(/\s+/)
      const outcome = await ropc([...argv, '--password-stdin'], createTestIo({ stdin: piped(password) }))
      expect(outcome).toMatchObject({ code: 0 })
    })
    expect(code).toBe(130)
  })

  it('lists the users with what they show, and ends with 0 when a service manager ends it', async () => {
    const code = await simulate([], 'SIGTERM', (shown) => {
      expect(shown).toMatch(/^ {2}fred@fed\.contoso\.example +\S+ +federated +signs in/m)
      expect(shown).toMatch(/^ {2}mfa@contoso\.example +\S+ +managed +.*\(AADSTS50076\)$/m)
    })
    expect(code).toBe(0)
  })

  it('takes the port it is given, and says when that is in use', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { code, stdout, stderr } = await ropc(['simulate', '--port', String(port)])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`port ${port} is in use`)
    await new Promise((resolve) => server.close(resolve))
    await simulate(['--port', String(port)], 'SIGTERM', (shown) => {
      expect(shown).toContain(`authority   https://localhost:${port}/`)
    })
  })
})
