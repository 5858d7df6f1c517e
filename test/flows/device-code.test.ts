import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import type { Account } from '../../src/cache/account.ts'
import { createMemoryStore } from '../../src/cache.ts'
import {
  type ClientOptions,
  createRopcClient,
  type DeviceCodeRequest,
  type HttpRequest,
  type HttpResponse,
  InteractionRequiredError,
  TransportError,
  type UserCodeNotice,
} from '../../src/index.ts'
import type { SimulatorOptions } from '../../src/simulator.ts'
import { secrecyContract, show } from '../contract/secrecy.ts'
import { demo, type Simulated, simulate } from './simulated.ts'

const { scopes } = demo
const ada = demo.ada.username
const mfa = 'mfa@contoso.example'
const never = () => new Promise<never>(() => {})

/** A clock that only waiting moves, for client and simulator. */
function clock(start = 1_800_000_000) {
  let now = start
  const waits: number[] = []
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms / 1_000)
    now += ms / 1_000
  }
  return { now: () => now, pass: (seconds: number) => (now += seconds), wait, waits }
}

interface Waiting extends Simulated {
  readonly time: ReturnType<typeof clock>
  /** Signs in, and does this as soon as the user's code is there. */
  signIn(
    onUserCode: (notice: UserCodeNotice, simulated: Waiting) => void | Promise<void>,
    more?: Partial<DeviceCodeRequest>,
  ): ReturnType<Simulated['client']['acquireTokenByDeviceCode']>
}

type Intercept = (request: HttpRequest, next: () => Promise<HttpResponse>) => Promise<HttpResponse>

async function waiting(
  options: Partial<ClientOptions> = {},
  intercept?: Intercept,
  world: SimulatorOptions = {},
): Promise<Waiting> {
  const time = clock()
  const runtime = { now: time.now, wait: time.wait, ...options.runtime }
  const simulated = await simulate({ ...options, runtime }, { now: time.now, ...world }, intercept)
  const all: Waiting = Object.assign(simulated, {
    time,
    signIn: (onUserCode: (notice: UserCodeNotice, at: Waiting) => void | Promise<void>, more = {}) =>
      simulated.client.acquireTokenByDeviceCode({ scopes, onUserCode: (notice) => onUserCode(notice, all), ...more }),
  })
  return all
}

const approve =
  (username: string = ada) =>
  ({ userCode }: UserCodeNotice, { simulator }: Waiting) =>
    simulator.approveDevice(userCode, username)

const json = (status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

/** Gives these answers to the questions, one after the other, and then lets them through. */
function answering(...answers: readonly (HttpResponse | Error)[]): Intercept {
  const left = [...answers]
  return async (request, next) => {
    const answer = request.step === 'token' ? left.shift() : undefined
    if (answer instanceof Error) throw answer
    return answer ?? next()
  }
}

/** A token response whose id_token says something else. */
function withClaims(answer: HttpResponse, changes: Readonly<Record<string, unknown>>): HttpResponse {
  const body = JSON.parse(answer.body)
  const [header, payload, signature] = body.id_token.split('.')
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...changes }
  const changed = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return { ...answer, body: JSON.stringify({ ...body, id_token: `${header}.${changed}.${signature}` }) }
}

const unreachable = new TransportError('ERR_TRANSPORT_UNREACHABLE', 'no connection', { step: 'token' })
const timedOut = new TransportError('ERR_TRANSPORT_TIMEOUT', 'no answer in time', { step: 'token' })
const slowDown = json(400, { error: 'slow_down' })
const pending = json(400, { error: 'authorization_pending' })

describe('acquireTokenByDeviceCode', () => {
  it('signs a user in in a browser, and leaves the tokens where silent calls find them', async () => {
    const { signIn, client, steps, time, simulator, requests } = await waiting()
    const notices: UserCodeNotice[] = []
    const result = await signIn((notice, at) => {
      notices.push(notice)
      approve()(notice, at)
    })
    expect(result).toMatchObject({
      source: 'device_code',
      path: { type: 'device_code', fallbacks: [], overrides: [] },
      account: { username: ada, name: 'Ada Example' },
      scopes: expect.arrayContaining(['User.Read']),
    })
    expect(result).not.toHaveProperty('passwordSentTo')
    const { userCode, verificationUri, message, expiresOn } = notices[0] as UserCodeNotice
    expect(userCode).toMatch(/^[A-Z]{9}$/)
    expect(message).toContain(userCode)
    expect(message).toContain(verificationUri)
    expect(expiresOn).toEqual(new Date((1_800_000_000 + 900) * 1_000))
    expect(steps).toEqual(['device', 'token'])
    expect(time.waits).toEqual([5])
    expect(requests.map(({ url }) => url)).toEqual([
      `${simulator.authority}/oauth2/v2.0/devicecode`,
      `${simulator.authority}/oauth2/v2.0/token`,
    ])
    const account = { username: ada }
    expect(await client.acquireTokenSilent({ account, scopes })).toMatchObject({
      source: 'cache',
      accessToken: result.accessToken,
    })
    expect(await client.acquireTokenSilent({ account, scopes, forceRefresh: true })).toMatchObject({
      source: 'refresh_token',
      account: result.account,
    })
  })

  it('stores exactly what a sign-in with a password stores', async () => {
    const entities = async (signIn: (at: Waiting) => Promise<unknown>) => {
      const store = createMemoryStore()
      const at = await waiting({ store })
      await signIn(at)
      const [account] = (await at.client.getAccounts()) as [Account]
      const stored = [...(await store.read(account.homeAccountId)).values()]
      return stored.map((entity) => ({ ...entity, secret: '', cachedAt: 0, expiresOn: 0, extendedExpiresOn: 0 }))
    }
    const byCode = await entities(({ signIn }) => signIn(approve()))
    expect(byCode).toHaveLength(4)
    expect(byCode).toEqual(
      await entities(({ client }) => client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })),
    )
  })

  it('goes on where a password was refused for multifactor authentication', async () => {
    const { client, signIn, simulator } = await waiting()
    const { password = '' } = simulator.users.find(({ username }) => username === mfa) ?? {}
    const refused: unknown = await client
      .acquireTokenByUsernamePassword({ username: mfa, password, scopes })
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(InteractionRequiredError)
    expect(await signIn(approve(mfa), { username: mfa })).toMatchObject({ account: { username: mfa } })
    expect(await client.acquireTokenSilent({ account: { username: mfa }, scopes, forceRefresh: true })).toMatchObject({
      source: 'refresh_token',
    })
  })

  it('passes the claims of a challenge on, when the code is asked for and when it is redeemed', async () => {
    const { signIn, requests } = await waiting({ clientCapabilities: ['cp1'] })
    await signIn(approve(), { claims: '{"access_token":{"acrs":{"essential":true}}}' })
    const sent = requests.map(({ body }) => JSON.parse(new URLSearchParams(body).get('claims') ?? ''))
    const expected = { access_token: { acrs: { essential: true }, xms_cc: { values: ['cp1'] } } }
    expect(sent).toEqual([expected, expected])
  })

  it('sends no client_info when it asks for the code, and no credential of the user’s at all', async () => {
    const { signIn, requests, credentialRequests } = await waiting()
    await signIn(approve())
    expect([...new URLSearchParams(requests[0]?.body).keys()]).toEqual(['client_id', 'scope'])
    expect(credentialRequests()).toBe(0)
  })
})

describe('the events of a device code', () => {
  it('tell which grant was chosen, once, and what the answer was read as', async () => {
    const { signIn, events } = await waiting()
    await signIn(approve())
    const decisions = events.filter((event) => event.type === 'decision' && event.question === 'grant')
    expect(decisions).toEqual([
      expect.objectContaining({ chosen: 'urn:ietf:params:oauth:grant-type:device_code', step: 'token' }),
    ])
    const hop = Math.max(...events.map((event) => (event.type === 'http.response' ? event.hop : 0)))
    const parsed = events.filter((event) => event.type === 'parse' && event.hop === hop)
    expect(parsed).toMatchObject([{ what: 'token response', facts: { refresh_token: true } }, { what: 'id_token' }])
  })
})

describe('while the user is waited for', () => {
  it('asks every 5 seconds, and tells of no trouble', async () => {
    const { signIn, time, steps, events } = await waiting({}, answering(pending, pending))
    await signIn(approve())
    expect(steps).toEqual(['device', 'token', 'token', 'token'])
    expect(time.waits).toEqual([5, 5, 5])
    const types = events.map(({ type }) => type)
    for (const trouble of ['retry', 'warning', 'error'] as const) expect(types).not.toContain(trouble)
    expect(types.filter((type) => type === 'http.request')).toHaveLength(4)
  })

  it('asks 5 seconds later for ever after each slow_down', async () => {
    const { signIn, time } = await waiting({}, answering(pending, slowDown, pending, slowDown, pending))
    await signIn(approve())
    expect(time.waits).toEqual([5, 5, 10, 10, 15, 15])
  })

  it('asks at the interval that the server names', async () => {
    const { signIn, time } = await waiting({}, async (request, next) => {
      const answer = await next()
      return request.step === 'device'
        ? { ...answer, body: answer.body.replace('"interval":5', '"interval":17') }
        : answer
    })
    await signIn(approve())
    expect(time.waits).toEqual([17])
  })

  it.each([
    ['a connection that fails', unreachable],
    ['no answer in time', timedOut],
    ['status 503', json(503, {})],
    ['status 500 with a page', { status: 500, headers: { 'content-type': 'text/html' }, body: '<p>oops' }],
    ['status 429', json(429, { error: 'too_many' })],
  ])('waits twice as long after %s, each time again, and as before after an answer', async (_, failure) => {
    const { signIn, time, events } = await waiting({}, answering(failure, failure, pending))
    await signIn(approve())
    expect(time.waits).toEqual([5, 10, 20, 5])
    expect(events.filter(({ type }) => type === 'retry')).toMatchObject([{ waitMs: 10_000 }, { waitMs: 20_000 }])
  })

  it('waits a minute at most, unless the server asks for more', async () => {
    const busy = Array.from({ length: 6 }, () => unreachable)
    const { signIn, time } = await waiting({}, answering(...busy, json(429, {}, { 'retry-after': '100' })))
    await signIn(approve())
    expect(time.waits).toEqual([5, 10, 20, 40, 60, 60, 60, 100])
  })

  it('gives up on a question after half a minute, though the limit of the call stands still', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const made = vi.spyOn(globalThis, 'setTimeout')
    const cleared = vi.spyOn(globalThis, 'clearTimeout')
    try {
      let asked = 0
      const { signIn, time } = await waiting({}, async ({ step }, next) =>
        step === 'token' && ++asked === 1 ? never() : next(),
      )
      const result = signIn(approve(), { timeoutMs: 5_000 })
      await vi.waitUntil(() => asked === 1)
      await vi.advanceTimersByTimeAsync(29_000)
      expect(asked).toBe(1)
      await vi.advanceTimersByTimeAsync(1_000)
      expect(await result).toMatchObject({ source: 'device_code' })
      expect(time.waits).toEqual([5, 10])
      // Nothing keeps the process from its end: neither a question's limit nor the call's. Other tests share the worker.
      const isCleared = (index: number) => cleared.mock.calls.some(([id]) => id === made.mock.results[index]?.value)
      const limits = made.mock.calls.flatMap(([, ms = 0], index) => (ms > 4_000 ? [[ms, isCleared(index)]] : []))
      expect(limits.length).toBeGreaterThan(3)
      expect(limits.filter(([, is]) => is === false)).toEqual([])
    } finally {
      vi.restoreAllMocks()
      vi.useRealTimers()
    }
  })

  it('lets the limit of the call stand still, and go on for what follows', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      let storeAsked = (): void => {}
      const asked = new Promise<void>((resolve) => (storeAsked = resolve))
      const read = () => {
        storeAsked()
        return never()
      }
      const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
      const { signIn } = await waiting({ store: { ...createMemoryStore(), read }, runtime: { wait } })
      let told = (): void => {}
      const isTold = new Promise<void>((resolve) => (told = resolve))
      const result = signIn(
        (notice, at) => {
          approve()(notice, at)
          told()
        },
        { timeoutMs: 1_000 },
      )
      await isTold
      await vi.advanceTimersByTimeAsync(5_000)
      await asked
      await vi.advanceTimersByTimeAsync(1_000)
      // The store hangs: the token is given without it.
      expect(await result).toMatchObject({ source: 'device_code' })
    } finally {
      vi.useRealTimers()
    }
  })

  it('goes on asking while the callback is still busy, and tells it when the call is over', async () => {
    let over: AbortSignal | undefined
    const { signIn } = await waiting()
    const result = await signIn((notice, at) => {
      over = notice.signal
      expect(over.aborted).toBe(false)
      approve()(notice, at)
      return never()
    })
    expect(result.account?.username).toBe(ada)
    expect(over?.aborted).toBe(true)
  })

  it('proves a confidential client anew at every question', async () => {
    let count = 0
    const { signIn, requests } = await waiting(
      { clientAuthentication: async () => ({ fields: [['client_secret', `proof ${++count}`]] }) },
      async ({ body = '' }, next) => {
        const secret = new URLSearchParams(body).get('client_secret')
        if (secret === 'proof 2') return pending
        return next()
      },
      { strict: false },
    )
    await signIn(approve())
    const sent = requests.map(({ body }) => new URLSearchParams(body).get('client_secret'))
    expect(sent).toEqual(['proof 1', 'proof 2', 'proof 3'])
  })
})

describe('the end without a token', () => {
  const nothingKept = async ({ client }: Waiting) => expect(await client.getAccounts()).toEqual([])

  it('comes when the code has expired, by the clock, with a last question just before', async () => {
    const at = await waiting()
    await expect(at.signIn(() => {})).rejects.toMatchObject({ code: 'ERR_DEVICE_CODE_EXPIRED', step: 'device' })
    expect(at.time.waits.reduce((sum, seconds) => sum + seconds)).toBe(899)
    expect(at.steps).toHaveLength(1 + 180)
    await nothingKept(at)
  })

  it('comes when the computer slept past the expiry', async () => {
    const at = await waiting()
    const result = at.signIn(() => void at.time.pass(10_000))
    await expect(result).rejects.toMatchObject({ code: 'ERR_DEVICE_CODE_EXPIRED' })
    expect(at.steps).toEqual(['device'])
    expect(at.time.waits).toEqual([0])
  })

  it('comes also where the clock stands still', async () => {
    const at = await waiting({ runtime: { now: () => 1_800_000_000 } }, async ({ step }, next) =>
      step === 'token' ? pending : next(),
    )
    await expect(at.signIn(() => {})).rejects.toMatchObject({ code: 'ERR_DEVICE_CODE_EXPIRED' })
    expect(at.steps).toHaveLength(1 + 179)
  })

  it('waits no longer than the code is good', async () => {
    const at = await waiting({}, answering(...Array.from({ length: 30 }, () => unreachable)))
    await expect(at.signIn(() => {})).rejects.toMatchObject({ code: 'ERR_DEVICE_CODE_EXPIRED' })
    expect(at.time.waits.reduce((sum, seconds) => sum + seconds)).toBe(899)
  })

  it.each([
    [5, [4]],
    [12, [5, 5, 1]],
    [1, [0]],
  ])('is preceded by a last question, where the code is good for %i seconds', async (expires_in, waits) => {
    const at = await waiting({}, async ({ step }, next) => {
      if (step === 'token') return pending
      const response = await next()
      return { ...response, body: JSON.stringify({ ...JSON.parse(response.body), expires_in, interval: 5 }) }
    })
    await expect(at.signIn(() => {})).rejects.toMatchObject({ code: 'ERR_DEVICE_CODE_EXPIRED' })
    expect(at.time.waits).toEqual(waits)
    expect(at.steps.filter((step) => step === 'token')).toHaveLength(waits.length)
  })

  it('comes when the server says that it has expired', async () => {
    const at = await waiting({}, answering(json(400, { error: 'expired_token' })))
    await expect(at.signIn(() => {})).rejects.toMatchObject({ code: 'ERR_DEVICE_CODE_EXPIRED', step: 'device' })
    expect(at.steps).toEqual(['device', 'token'])
  })

  it('comes when the user declines', async () => {
    const at = await waiting()
    const result = at.signIn(({ userCode }, { simulator }) => simulator.declineDevice(userCode))
    await expect(result).rejects.toMatchObject({
      name: 'DeniedError',
      code: 'ERR_DEVICE_CODE_DECLINED',
      step: 'device',
    })
    expect(at.steps).toEqual(['device', 'token'])
    await nothingKept(at)
  })

  it('comes when a policy blocks even that, in the words of the token endpoint', async () => {
    const at = await waiting()
    await expect(at.signIn(approve('policy@contoso.example'))).rejects.toMatchObject({
      code: 'ERR_INTERACTION_REQUIRED',
      errorCodes: [53003],
      claims: expect.any(String),
    })
  })

  it('comes when the server refuses the client, before anybody is asked anything', async () => {
    const at = await waiting({ clientId: '99999999-0000-4000-8000-000000000000' })
    const onUserCode = vi.fn()
    await expect(at.client.acquireTokenByDeviceCode({ scopes, onUserCode })).rejects.toMatchObject({
      code: 'ERR_TOKEN_ENDPOINT',
      step: 'device',
      error: 'unauthorized_client',
    })
    expect(onUserCode).not.toHaveBeenCalled()
  })

  it('is not put off by a failure that another try cannot mend', async () => {
    const tls = new TransportError('ERR_TRANSPORT_TLS', 'no trusted connection', { step: 'token' })
    const at = await waiting({}, answering(tls))
    await expect(at.signIn(() => {})).rejects.toMatchObject({ code: 'ERR_TRANSPORT_TLS' })
  })

  it.each([
    [
      'throws',
      () => {
        throw new RangeError('no screen')
      },
    ],
    [
      'rejects',
      async () => {
        throw new RangeError('no screen')
      },
    ],
  ])('comes when the callback %s, with its error and without a question', async (_, onUserCode) => {
    const at = await waiting({ runtime: { wait: () => new Promise((resolve) => setTimeout(resolve, 5)) } })
    await expect(at.signIn(onUserCode)).rejects.toThrow(new RangeError('no screen'))
    await new Promise((resolve) => setTimeout(resolve, 15))
    expect(at.steps).toEqual(['device'])
  })
})

describe('an end from outside', () => {
  // Waits of a caller's own may not look at the signal.
  const wait = () => never()

  it.each([
    ['while the callback is busy', async () => never()],
    ['while it waits', () => {}],
  ])('at once when the caller aborts %s', async (_, onUserCode) => {
    const at = await waiting({ runtime: { wait } })
    const controller = new AbortController()
    let notice: UserCodeNotice | undefined
    const result = at.signIn(
      (given) => {
        notice = given
        setTimeout(() => controller.abort(new Error('enough')), 1)
        return onUserCode()
      },
      { signal: controller.signal },
    )
    await expect(result).rejects.toMatchObject({
      name: 'AbortError',
      code: 'ERR_TRANSPORT_ABORTED',
      step: 'device',
      cause: new Error('enough'),
    })
    expect(notice?.signal.aborted).toBe(true)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    expect(at.steps).toEqual(['device'])
  })

  it('at once when the caller aborts a question under way', async () => {
    const controller = new AbortController()
    const at = await waiting({}, async ({ step }, next) => {
      if (step !== 'token') return next()
      controller.abort()
      return never()
    })
    const result = at.signIn(() => {}, { signal: controller.signal })
    await expect(result).rejects.toMatchObject({ name: 'AbortError' })
    expect(at.steps).toEqual(['device', 'token'])
  })

  it('asks nothing more when a wait ends after the abort', async () => {
    let wake = (): void => {}
    const at = await waiting({ runtime: { wait: () => new Promise((resolve) => (wake = resolve)) } })
    const controller = new AbortController()
    const result = at.signIn(() => void setTimeout(() => controller.abort(), 1), { signal: controller.signal })
    await expect(result).rejects.toMatchObject({ name: 'AbortError' })
    wake()
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(at.steps).toEqual(['device'])
    expect(at.events.at(-1)?.type).toBe('run.end')
  })

  it('at once when the client is closed', async () => {
    const at = await waiting({ runtime: { wait } })
    const result = at.signIn(() => void setTimeout(() => at.client.close(), 1))
    await expect(result).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: 'the client is closed' })
  })
})

it('tells nobody to sign in when the client was closed before the code came', async () => {
  const at = await waiting({ runtime: { wait: never } }, async (_, next) => {
    await at.client.close()
    return next()
  })
  const onUserCode = vi.fn()
  await expect(at.client.acquireTokenByDeviceCode({ scopes, onUserCode })).rejects.toThrow('the client is closed')
  expect(onUserCode).not.toHaveBeenCalled()
})

describe('username', () => {
  it('names who must sign in, in any case', async () => {
    const { signIn } = await waiting()
    expect((await signIn(approve(), { username: 'ADA@contoso.example' })).account?.username).toBe(ada)
  })

  it.each(['upn', 'unique_name', 'email'])('may be what the claim %s says, but for a mail address', async (claim) => {
    const name = 'other@contoso.example'
    const at = await waiting({}, async ({ step }, next) => {
      const answer = await next()
      return step === 'token' ? withClaims(answer, { [claim]: name }) : answer
    })
    const result = at.signIn(approve(), { username: name })
    if (claim === 'email') await expect(result).rejects.toMatchObject({ code: 'ERR_ACCOUNT_MISMATCH' })
    else expect((await result).account?.username).toBe(ada)
  })

  it('keeps nothing of somebody else, and says who was expected, not who came', async () => {
    const at = await waiting()
    const error: unknown = await at.signIn(approve(mfa), { username: ada }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'ProtocolError', code: 'ERR_ACCOUNT_MISMATCH', step: 'account' })
    expect(show(error)).toContain(ada)
    expect(show(error)).not.toContain(mfa)
    expect(await at.client.getAccounts()).toEqual([])
  })

  it('is not believed where the answer does not say who it was', async () => {
    const at = await waiting({}, async ({ step }, next) => {
      const answer = await next()
      const { id_token: _, ...rest } = JSON.parse(answer.body)
      return step === 'token' ? { ...answer, body: JSON.stringify(rest) } : answer
    })
    await expect(at.signIn(approve(), { username: ada })).rejects.toMatchObject({ code: 'ERR_ACCOUNT_MISMATCH' })
  })

  it('is not needed for the name that the user once signed in with', async () => {
    const store = createMemoryStore()
    const { client, signIn } = await waiting({ store })
    const { homeAccountId } = (await signIn(approve())).account as Account
    const key = [...(await store.read(homeAccountId)).entries()].find(([, { kind }]) => kind === 'Account')
    const [name = '', entity] = key ?? []
    if (entity?.kind !== 'Account') throw new Error('there is an account')
    await store.apply(homeAccountId, { put: { [name]: { ...entity, signInName: 'alias@contoso.example' } } })
    await signIn(approve())
    const account = { username: 'alias@contoso.example' }
    expect(await client.acquireTokenSilent({ account, scopes })).toMatchObject({ source: 'cache' })
  })
})

describe('other servers', () => {
  it('takes users of any tenant at "organizations"', async () => {
    const { signIn } = await waiting({ authority: 'https://login.microsoftonline.com/organizations' })
    const { account } = await signIn(approve('grace@fabrikam.example'))
    expect(account).toMatchObject({ username: 'grace@fabrikam.example' })
  })

  it('signs federated users in without knowing of it', async () => {
    const { signIn, steps } = await waiting()
    expect((await signIn(approve(demo.fred.username))).account?.username).toBe(demo.fred.username)
    expect(steps).toEqual(['device', 'token'])
  })

  it('takes an instance of Entra outside the table', async () => {
    const { signIn, steps } = await waiting(
      { authority: 'https://login.simulator.invalid/contoso.example' },
      undefined,
      {
        entraHost: 'login.simulator.invalid',
        instanceDiscovery: false,
      },
    )
    expect(await signIn(approve())).toMatchObject({ source: 'device_code' })
    expect(steps.slice(-2)).toEqual(['device', 'token'])
  })

  const adfs = { authority: 'https://sts.contoso.example/adfs', clientId: '6a7b8c9d-0e1f-4a2b-8c3d-4e5f6a7b8c9d' }

  it('takes AD FS, where the metadata names the endpoint', async () => {
    const { signIn, requests, client } = await waiting(adfs)
    const resource = 'https://api.contoso.example'
    const { account } = await signIn(approve(demo.fred.username), {
      scopes: ['openid'],
      resource,
      username: demo.fred.username,
    })
    expect(account?.username).toBe(demo.fred.username)
    expect(requests.map(({ url }) => new URL(url).pathname)).toEqual([
      '/adfs/.well-known/openid-configuration',
      '/adfs/oauth2/devicecode',
      '/adfs/oauth2/token/',
    ])
    const silent = { account: { username: demo.fred.username }, scopes: ['openid'], resource }
    expect((await client.acquireTokenSilent(silent)).source).toBe('cache')
  })

  it('takes AD FS whose metadata does not name it', async () => {
    const { signIn } = await waiting(adfs, async ({ step }, next) => {
      const answer = await next()
      const { device_authorization_endpoint: _, ...rest } = JSON.parse(answer.body)
      return step === 'authority' ? { ...answer, body: JSON.stringify(rest) } : answer
    })
    expect(await signIn(approve(demo.fred.username))).toMatchObject({ source: 'device_code' })
  })

  const oidc = { authority: 'https://idp.simulator.invalid/oidc', clientId: 'demo-public' }

  it('takes an OpenID provider', async () => {
    const { signIn, client } = await waiting(oidc)
    const { account } = await signIn(approve('olga'), { scopes: ['read'], username: 'olga' })
    expect(account?.username).toBe('olga')
    expect((await client.acquireTokenSilent({ account: { username: 'olga' }, scopes: ['read'] })).source).toBe('cache')
  })

  it('names a user whom the id_token does not name by the subject', async () => {
    const { signIn } = await waiting(oidc, async ({ step }, next) => {
      const answer = await next()
      if (step !== 'token') return answer
      return withClaims(answer, { preferred_username: undefined })
    })
    expect((await signIn(approve('olga'), { scopes: ['read'] })).account).toMatchObject({ username: 'Ab-9_xY' })
  })

  it('keeps nothing of a user whom nobody names', async () => {
    const { signIn, client, events } = await waiting(oidc, async ({ step }, next) => {
      const answer = await next()
      const { id_token: _, ...rest } = JSON.parse(answer.body)
      return step === 'token' ? { ...answer, body: JSON.stringify(rest) } : answer
    })
    const result = await signIn(approve('olga'), { scopes: ['read'] })
    expect(result).not.toHaveProperty('account')
    expect(await client.getAccounts()).toEqual([])
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'NO_ACCOUNT' }))
  })

  it.each([
    ['an OpenID provider that names no endpoint', oidc, 1],
    ['B2C', { authority: 'https://contoso.b2clogin.simulator.invalid/tfp/contoso.onmicrosoft.com/b2c_1_ropc' }, 0],
    ['a token endpoint given by hand', { ...oidc, tokenEndpoint: 'https://idp.simulator.invalid/oidc/token' }, 0],
  ])('refuses %s as unsupported', async (_, options, requests) => {
    const at = await waiting(options, async (_request, next) => {
      const answer = await next()
      const { device_authorization_endpoint: _endpoint, ...rest } = JSON.parse(answer.body)
      return { ...answer, body: JSON.stringify(rest) }
    })
    const onUserCode = vi.fn()
    await expect(at.client.acquireTokenByDeviceCode({ scopes: ['read'], onUserCode })).rejects.toMatchObject({
      name: 'UnsupportedError',
      code: 'ERR_UNSUPPORTED_AUTHORITY',
      step: 'device',
    })
    expect(at.requests).toHaveLength(requests)
    expect(onUserCode).not.toHaveBeenCalled()
  })
})

describe('arguments', () => {
  it.each([
    ['no callback', { scopes }],
    ['a callback that is none', { scopes, onUserCode: 'print' }],
    ['no scopes', { onUserCode: () => {} }],
    ['an empty user name', { scopes, onUserCode: () => {}, username: '' }],
    ['a password', { scopes, onUserCode: () => {}, password: 'x' }],
  ])('%s: refused, and nothing is sent', async (_, request) => {
    const { client, steps } = await waiting()
    await expect(client.acquireTokenByDeviceCode(request as never)).rejects.toMatchObject({
      name: 'InvalidArgumentError',
    })
    expect(steps).toEqual([])
  })
})

describe('secrecy', () => {
  secrecyContract(
    'device code and tokens in events, errors and requests, whatever the server answers',
    async (secrets) => {
      let output = ''
      for (const secret of secrets) {
        const refuse = (error: string) =>
          json(400, { error, error_description: `AADSTS1: ${secret}`, trace_id: secret })
        const offer = {
          device_code: secret,
          user_code: 'AB',
          verification_uri: 'https://login.example/',
          expires_in: 20,
        }
        const offers = [offer, { ...offer, user_code: undefined }, { ...offer, verification_uri: `http://${secret}` }]
        const token = { access_token: secret, refresh_token: secret, token_type: 'Bearer' }
        const ends = [
          refuse('access_denied'),
          refuse('expired_token'),
          refuse('invalid_grant'),
          refuse(secret),
          json(200, token),
        ]
        for (const [offered, end] of [...ends.map((end) => [offer, end]), ...offers.map((bad) => [bad, ends[0]])]) {
          const time = clock()
          const answers = [json(200, offered), refuse('authorization_pending'), json(503, secret), end as HttpResponse]
          const client = createRopcClient({
            clientId: 'id',
            runtime: { now: time.now, wait: time.wait },
            onEvent: (event) => {
              output += show(event)
            },
            transport: async (request) => {
              output += show(request)
              return answers.shift() ?? pending
            },
          })
          const call = client.acquireTokenByDeviceCode({
            scopes,
            onUserCode: (notice) => {
              output += show({ ...notice, signal: undefined })
            },
          })
          output += show(await call.catch((error: unknown) => error))
        }
      }
      return output
    },
    { runs: 5, secretsPerRun: 5 },
  )
})
