import { beforeAll, describe, expect, it } from 'vitest'
import { runDemo } from '../../src/cli/commands/demo.ts'
import { Interrupted } from '../../src/cli/io.ts'
import { demoWorld, type SimulatorOptions } from '../../src/simulator.ts'
import { createTestIo } from './test-io.ts'

async function demo(options?: SimulatorOptions): Promise<{ code: number; stdout: string; stderr: string; ms: number }> {
  const io = createTestIo()
  const startedAt = performance.now()
  const code = await runDemo([], io, options)
  return { code, stdout: io.stdout.text, stderr: io.stderr.text, ms: performance.now() - startedAt }
}

describe('ropc demo', () => {
  let shown: Awaited<ReturnType<typeof demo>>

  beforeAll(async () => {
    shown = await demo()
  })

  it('shows every step of the six sign-ins, in seconds', () => {
    const { code, stdout, stderr, ms } = shown
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    // One second on an idle machine; this is for a busy one.
    expect(ms).toBeLessThan(10_000)
    const steps = stdout.split('\n').flatMap((line) => {
      const act = /^(\d)\. /.exec(line)
      const step = /^ {3}(\w+) +(?:(?:GET|POST) +\S+ +(\d{3}) +\d+ ms|hit: no request)$/.exec(line)
      return act !== null ? [`#${act[1]}`] : step !== null ? [[step[1], step[2]].filter(Boolean).join(' ')] : []
    })
    expect(steps).toEqual([
      ...['#1', 'authority 200', 'realm 200', 'token 200'],
      ...['#2', 'realm 200', 'mex 200', 'wstrust 200', 'token 200'],
      ...['#3', 'cache'],
      ...['#4', 'cache'],
      ...['#5', 'token 400'],
      ...['#6', 'realm 200', 'token 400'],
    ])
  })

  it('shows the account, the claims with readable times, and a hint for each refusal', () => {
    const { stdout } = shown
    expect(stdout).toContain('RFC 9700')
    expect(stdout).toMatch(/^ {3}account {3}Ada Example <ada@contoso\.example>$/m)
    expect(stdout).toMatch(/^ {13}exp +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/m)
    expect(stdout).toMatch(/^ {13}preferred_username +fred@fed\.contoso\.example$/m)
    expect(stdout.match(/^ {3}refused .*AADSTS\d+/gm)?.map((line) => line.replace(/.*(AADSTS\d+).*/, '$1'))).toEqual([
      'AADSTS50126',
      'AADSTS50076',
    ])
    expect(stdout.match(/^ {3}hint /gm)).toHaveLength(2)
  })

  it('shows no secret', () => {
    const { stdout } = shown
    for (const { password } of demoWorld().users) expect(stdout).not.toContain(password)
    expect(stdout).not.toMatch(/eyJ|<saml|certainly not/)
  })

  it('fails when a refusal does not come', async () => {
    // Listed as one who is refused, and let in all the same.
    let letIn = ''
    const faults: SimulatorOptions['faults'] = {
      token: (_, answer) => {
        if (answer.status === 200) letIn = answer.body
        else if (answer.body.includes('AADSTS50076')) return { ...answer, status: 200, body: letIn }
        return undefined
      },
    }
    const { code, stdout } = await demo({ faults })
    expect(code).toBe(1)
    expect(stdout).toMatch(/NOT AS IT SHOULD BE: the token came from password, expected: AADSTS50076$/m)
    expect(stdout).toContain('5 of 6 went as they should.')
  })

  it('fails when a silent sign-in needs a request', async () => {
    const { code, stdout } = await demo({ accessTokenLifetimeSeconds: 60 })
    expect(code).toBe(1)
    expect(stdout.match(/NOT AS IT SHOULD BE: the token came from refresh_token, expected: cache$/gm)).toHaveLength(2)
  })

  it('fails when another refusal comes, or a sign-in is refused', async () => {
    const faults: SimulatorOptions['faults'] = {
      token: (_, answer) => ({ ...answer, status: 400, body: '{"error":"invalid_client"}' }),
    }
    const { code, stdout } = await demo({ faults })
    expect(code).toBe(1)
    expect(stdout).toContain('0 of 6 went as they should.')
  })

  it('ends when it is interrupted', async () => {
    const io = createTestIo()
    io.stop.abort(new Interrupted('SIGINT'))
    await expect(runDemo([], io)).rejects.toMatchObject({ code: 'ERR_TRANSPORT_ABORTED' })
  })

  it('takes no arguments', async () => {
    await expect(runDemo(['fast'], createTestIo())).rejects.toThrow('belongs to no option')
  })
})
