import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { createRopcClient } from '../../src/index.ts'
import { createSimulator } from '../../src/simulator.ts'
import { getJson, passwordRequest } from './messages.ts'

const program = fileURLToPath(new URL('./deterministic-run.js', import.meta.url))
const built = fileURLToPath(new URL('../../dist/simulator.js', import.meta.url))

interface Printed {
  readonly request: { readonly url: string; readonly body?: string }
  readonly answer: { readonly status: number; readonly body: string }
}

/** The processes differ in whatever a machine may differ in. */
async function runElsewhere(TZ: string, LANG: string): Promise<string> {
  if (!existsSync(built)) throw new Error('run "npm run build" first: this tests what is published')
  const env = { ...process.env, TZ, LANG, NODE_NO_WARNINGS: '1' }
  const { stdout } = await promisify(execFile)(process.execPath, [program], { env, maxBuffer: 10_000_000 })
  return stdout
}

it('gives the same answers in two processes, byte for byte: every side and route, tokens and assertions', async () => {
  const [one, other] = await Promise.all([runElsewhere('UTC', 'C'), runElsewhere('Asia/Tokyo', 'tr_TR.UTF-8')])
  expect(other === one).toBe(true)

  // What was compared is what it is meant to be.
  const lines = one.split('\n')
  const exchanges = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Printed)
  const hosts = exchanges.map(({ request }) => new URL(request.url).host)
  expect([...new Set(hosts)].sort()).toEqual([
    'contoso.b2clogin.com',
    'contoso.ciamlogin.com',
    'idp.simulator.invalid',
    'login.microsoftonline.com',
    'sts.contoso.example',
  ])
  const text = lines.join('\n')
  for (const grant of ['password', 'refresh_token', 'saml1_1-bearer', 'saml2-bearer', 'device_code']) {
    expect(text).toMatch(new RegExp(`grant_type=[\\w%.-]*${grant}&`))
  }
  for (const part of ['<ds:SignatureValue>', 'authorization_pending', 'AADSTS50076', 'AADB2C90225', 'MSIS9659']) {
    expect(text).toContain(part)
  }
  expect(lines.filter((line) => line.startsWith('password ')).length).toBeGreaterThan(8)
  expect(lines.filter((line) => line.startsWith('refresh_token ')).length).toBeGreaterThan(6)
  expect(lines.filter((line) => line.startsWith('device_code '))).toHaveLength(1)
})

it('starts at the documented instant and stays there until it is told to advance', async () => {
  const simulator = await createSimulator({ deterministic: true })
  const dateOf = async (): Promise<string | undefined> =>
    (await passwordRequest(simulator, 'ada@contoso.example')).headers['date']
  expect(simulator.runtime.now()).toBe(Date.UTC(2030, 0, 1) / 1_000)
  expect(await dateOf()).toBe('Tue, 01 Jan 2030 00:00:00 GMT')
  simulator.advance(90)
  expect(await dateOf()).toBe('Tue, 01 Jan 2030 00:01:30 GMT')
  expect(simulator.journal.map(({ at }) => at - 1_893_456_000)).toEqual([0, 90])
})

it('counts its ids, those for the client in another series, and gives the farm the same certificate each time', async () => {
  const ids = async (): Promise<unknown[]> => {
    const simulator = await createSimulator({ deterministic: true })
    const { newId } = simulator.runtime
    const { body } = await passwordRequest(simulator, 'mfa@contoso.example')
    return [body['trace_id'], body['correlation_id'], newId(), newId(), simulator.adfsCertificate]
  }
  const [trace, correlation, ...rest] = await ids()
  const counted = (digit: string, count: number): string => `${digit}0000000-0000-4000-8000-00000000000${count}`
  expect([trace, correlation, ...rest.slice(0, 2)]).toEqual([
    counted('e', 1),
    counted('e', 2),
    counted('c', 1),
    counted('c', 2),
  ])
  expect(await ids()).toEqual([trace, correlation, ...rest])
})

it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('time does not advance by %d seconds', async (seconds) => {
  const simulator = await createSimulator({ deterministic: true })
  expect(() => simulator.advance(seconds)).toThrow('time advances by whole seconds')
  expect(simulator.runtime.now()).toBe(1_893_456_000)
})

it('takes a clock and ids of the caller instead of its own', async () => {
  const simulator = await createSimulator({ deterministic: true, now: () => 1_800_000_000, newId: () => 'own' })
  const { body } = await passwordRequest(simulator, 'mfa@contoso.example')
  expect(body).toMatchObject({ trace_id: 'own', timestamp: '2027-01-15 08:00:00Z' })
})

it('lets time go by for tokens too, in any mode', async () => {
  const simulator = await createSimulator()
  const { runtime, send: transport, clientId, authority } = simulator
  const client = createRopcClient({ clientId, authority, transport, runtime })
  const request = { username: 'ada@contoso.example', scopes: ['User.Read'] }
  const { account, accessToken } = await client.acquireTokenByUsernamePassword({ ...request, password: 'Pa$$w0rd+&=é' })
  if (account === undefined) throw new Error('no account')
  const silent = { account, scopes: request.scopes }
  expect((await client.acquireTokenSilent(silent)).source).toBe('cache')
  simulator.advance(200_000)
  const renewed = await client.acquireTokenSilent(silent)
  expect(renewed.source).toBe('refresh_token')
  expect(renewed.accessToken).not.toBe(accessToken)
})

it('a client with its runtime waits for a device code in no time', async () => {
  const simulator = await createSimulator()
  const { runtime, send: transport, clientId, authority } = simulator
  const client = createRopcClient({ clientId, authority, transport, runtime })
  const before = runtime.now()
  const token = await client.acquireTokenByDeviceCode({
    scopes: ['User.Read'],
    onUserCode: ({ userCode }) => {
      setImmediate(() => setImmediate(() => simulator.approveDevice(userCode, 'ada@contoso.example')))
    },
  })
  expect(token.source).toBe('device_code')
  expect(runtime.now()).toBeGreaterThanOrEqual(before + 10)
  expect(simulator.journal.filter(({ kind }) => kind === 'token').map(({ status }) => status)).toEqual([400, 200])
})

it('a wait ends with the signal', async () => {
  const { runtime } = await createSimulator()
  await expect(runtime.wait(1_000, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
})

it('signs with keys that say what they are, one for each side, and never outside of this mode', async () => {
  const kidsOf = async (deterministic: boolean): Promise<unknown[]> => {
    const { send, authorities } = await createSimulator({ deterministic })
    const { entra, adfs, b2c, ciam, oidc } = authorities
    const urls = [
      `${entra}/discovery/v2.0/keys`,
      `${adfs}/discovery/keys`,
      `${b2c}/discovery/v2.0/keys`,
      `${ciam}/discovery/v2.0/keys`,
      `${oidc}/jwks`,
    ]
    const keys = await Promise.all(
      urls.map(async (url) => (await getJson(send, url)).body['keys'] as [{ kid: string; n: string }]),
    )
    expect(new Set(keys.map(([{ n }]) => n)).size).toBe(5)
    expect(keys.every(([key]) => Object.keys(key).sort().join() === 'alg,e,kid,kty,n,use')).toBe(true)
    return keys.map(([{ kid }]) => kid)
  }
  const published = ['entra', 'adfs', 'b2c', 'ciam', 'oidc'].map((side) => `ropc-client-published-test-key-${side}`)
  expect(await kidsOf(true)).toEqual(published)
  expect((await kidsOf(false)).join()).not.toContain('published')
})
