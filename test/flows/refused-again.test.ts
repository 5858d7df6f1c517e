import { describe, expect, it, vi } from 'vitest'
import { createRopcClient, type HttpRequest, type HttpResponse, ThrottledError } from '../../src/index.ts'
import { demo, simulate } from './simulated.ts'

const scopes = demo.scopes
const wrong = { ...demo.ada, password: 'Not+the-p4ssword' }
let at = 1_800_000_000
const runtime = { now: () => at, wait: async () => {} }
const answer =
  (status: number, headers: Record<string, string> = {}, body = '') =>
  async (request: HttpRequest, next: () => Promise<HttpResponse>): Promise<HttpResponse> =>
    request.step === 'token' ? { status, headers, body } : next()

describe('a password that was refused', () => {
  it('is not sent again for 15 minutes, and the error says why and until when', async () => {
    const { client, credentialRequests, steps } = await simulate({ runtime }, { now: () => at })
    const first = await client.acquireTokenByUsernamePassword({ ...wrong, scopes }).catch((error: unknown) => error)
    const again = await client
      .acquireTokenByUsernamePassword({ ...wrong, username: wrong.username.toUpperCase(), scopes })
      .catch((error: unknown) => error)

    expect(first).toMatchObject({ code: 'ERR_TOKEN_ENDPOINT', error: 'invalid_grant' })
    expect(again).toBeInstanceOf(ThrottledError)
    expect(again).toMatchObject({
      code: 'ERR_REFUSED_BEFORE',
      step: 'token',
      retryAt: new Date((at + 900) * 1000),
      cause: first,
      whereToLook: expect.stringContaining('Sign-in logs'),
    })
    expect([credentialRequests(), steps.filter((step) => step === 'token').length]).toEqual([1, 1])

    at += 900
    await expect(client.acquireTokenByUsernamePassword({ ...wrong, scopes })).rejects.toMatchObject({
      code: 'ERR_TOKEN_ENDPOINT',
    })
    expect(credentialRequests()).toBe(2)
  })

  it('holds up neither another password of the user nor the same password of another user', async () => {
    const { client, credentialRequests } = await simulate({ runtime }, { now: () => at })
    await expect(client.acquireTokenByUsernamePassword({ ...wrong, scopes })).rejects.toThrow()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    const other = { ...wrong, username: 'mfa@contoso.example' }
    await expect(client.acquireTokenByUsernamePassword({ ...other, scopes })).rejects.toMatchObject({
      code: 'ERR_TOKEN_ENDPOINT',
    })
    expect(credentialRequests()).toBe(3)
  })

  it('at the federation server is not sent there again either, also for an assertion alone', async () => {
    const { client, steps } = await simulate({ runtime }, { now: () => at })
    const fred = { ...demo.fred, password: 'Not+the-p4ssword' }
    await expect(client.acquireTokenByUsernamePassword({ ...fred, scopes })).rejects.toMatchObject({
      code: 'ERR_SOAP_FAULT',
      whereToLook: expect.stringMatching(/342, 364 and 411.*Get-AdfsEndpoint/),
    })
    const appliesTo = 'urn:simulator:relying-party'
    await expect(client.acquireSamlAssertion({ ...fred, appliesTo })).rejects.toMatchObject({
      code: 'ERR_REFUSED_BEFORE',
      step: 'wstrust',
    })
    expect(steps.filter((step) => step === 'wstrust')).toHaveLength(1)
  })

  it('is sent every time for who asks for that', async () => {
    const { client, credentialRequests } = await simulate({ runtime, rememberRefusals: false }, { now: () => at })
    for (let turn = 0; turn < 3; turn++) {
      await expect(client.acquireTokenByUsernamePassword({ ...wrong, scopes })).rejects.toMatchObject({
        errorCodes: [50126],
      })
    }
    expect(credentialRequests()).toBe(3)
  })

  it('is remembered for the whole process where clients send by themselves, and not otherwise', async () => {
    const { simulator } = await simulate()
    const running = await simulator.listen()
    const settings = { clientId: simulator.clientId, authority: running.authority, ca: running.ca }
    try {
      const codes: unknown[] = []
      for (let turn = 0; turn < 3; turn++) {
        await using client = createRopcClient(settings)
        const error: unknown = await client
          .acquireTokenByUsernamePassword({ ...wrong, scopes })
          .catch((e: unknown) => e)
        codes.push((error as { code: unknown }).code)
      }
      expect(codes).toEqual(['ERR_TOKEN_ENDPOINT', 'ERR_REFUSED_BEFORE', 'ERR_REFUSED_BEFORE'])
    } finally {
      await running.close()
    }
    const [one, two] = [await simulate(), await simulate()]
    for (const { client } of [one, two]) {
      await expect(client.acquireTokenByUsernamePassword({ ...wrong, scopes })).rejects.toMatchObject({
        code: 'ERR_TOKEN_ENDPOINT',
      })
    }
  })

  it.each([
    [401, 'ERR_TOKEN_ENDPOINT'],
    [403, 'ERR_REFUSED_BEFORE'],
  ])('without a word is one with status %i: %s the second time', async (status, code) => {
    const { client } = await simulate({ runtime }, { now: () => at }, answer(status))
    const request = { ...demo.ada, scopes }
    await expect(client.acquireTokenByUsernamePassword(request)).rejects.toMatchObject({ code: 'ERR_TOKEN_ENDPOINT' })
    await expect(client.acquireTokenByUsernamePassword(request)).rejects.toMatchObject({ code })
  })

  it('is not one that multifactor authentication, consent or the client failed', async () => {
    const { client, simulator, credentialRequests } = await simulate({ runtime }, { now: () => at })
    for (const name of ['mfa', 'noconsent', 'policy']) {
      const { username, password } = simulator.users.find((user) => user.username.startsWith(`${name}@contoso`)) ?? {}
      if (username === undefined || password === undefined) throw new Error(`no ${name} in the demo world`)
      for (let turn = 0; turn < 2; turn++) {
        await expect(client.acquireTokenByUsernamePassword({ username, password, scopes })).rejects.toMatchObject({
          code: 'ERR_INTERACTION_REQUIRED',
        })
      }
    }
    expect(credentialRequests()).toBe(6)
  })
})

describe('a token endpoint that has too many requests', () => {
  it.each([
    ['429 with seconds', 429, { 'retry-after': '120' }, 120],
    ['429 with a date', 429, { 'retry-after': new Date((at + 900) * 1000).toUTCString() }, 'date'],
    ['429 without a word', 429, {}, 60],
    ['429 with nonsense', 429, { 'retry-after': '-5' }, 60],
    ['429 with a year', 429, { 'retry-after': '31536000' }, 3_600],
    ['503 with seconds', 503, { 'retry-after': '7' }, 7],
  ] as const)('%s is not asked again before its time', async (_, status, headers, seconds) => {
    const now = 1_800_000_000
    let clock = now
    const until = new Date(seconds === 'date' ? Date.parse(headers['retry-after']) : (now + seconds) * 1000)
    const { client, steps } = await simulate(
      { runtime: { ...runtime, now: () => clock } },
      {},
      answer(status, headers, '{"error":"temporarily_unavailable"}'),
    )
    const request = { ...demo.ada, scopes }
    await expect(client.acquireTokenByUsernamePassword(request)).rejects.toMatchObject({
      code: 'ERR_THROTTLED',
      retryAt: until,
      response: { status },
      cause: { error: 'temporarily_unavailable' },
    })
    await expect(client.acquireTokenByUsernamePassword(request)).rejects.toMatchObject({
      code: 'ERR_THROTTLED',
      retryAt: until,
    })
    expect(steps.filter((step) => step === 'token')).toHaveLength(1)
    clock = until.getTime() / 1000
    await expect(client.acquireTokenByUsernamePassword(request)).rejects.toMatchObject({ code: 'ERR_THROTTLED' })
    expect(steps.filter((step) => step === 'token')).toHaveLength(2)
  })

  it('holds up this user and these scopes only, and asks for no password meanwhile', async () => {
    let busy = true
    const { client, steps } = await simulate({ runtime }, { now: () => at }, async (request, next) =>
      request.step === 'token' && busy ? { status: 429, headers: {}, body: '' } : next(),
    )
    await expect(client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).rejects.toThrow()
    busy = false
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: ['Mail.Read'] })
    await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    const password = () => {
      throw new Error('nobody should be asked')
    }
    await client.removeAccount((await client.getAccounts({ username: demo.ada.username }))[0] ?? { homeAccountId: '' })
    await expect(client.acquireToken({ username: demo.ada.username, scopes, password })).rejects.toMatchObject({
      code: 'ERR_THROTTLED',
    })
    expect(steps.filter((step) => step === 'token')).toHaveLength(3)
  })

  it('keeps the refresh token, and asks for no password in place of it', async () => {
    let busy = false
    const { client } = await simulate({ runtime }, { now: () => at }, async (request, next) =>
      request.step === 'token' && busy ? { status: 429, headers: {}, body: '' } : next(),
    )
    const { account } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    if (account === undefined) throw new Error('ada has an account')
    busy = true
    const silent = { account, scopes, forceRefresh: true }
    await expect(client.acquireTokenSilent(silent)).rejects.toMatchObject({ code: 'ERR_THROTTLED' })
    busy = false
    await expect(client.acquireTokenSilent(silent)).rejects.toMatchObject({ code: 'ERR_THROTTLED' })
    at += 60
    expect((await client.acquireTokenSilent(silent)).source).toBe('refresh_token')
  })

  it('is another matter than one that is broken: 503 without a time', async () => {
    const { client } = await simulate(
      { runtime },
      {},
      answer(503, { server: 'squid/5.7', via: '1.1 proxy' }, '<title>Down</title>'),
    )
    await expect(client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).rejects.toMatchObject({
      code: 'ERR_UNEXPECTED_STATUS',
      message: 'the token response came with HTTP status 503: "Down" (squid/5.7, via 1.1 proxy)',
      response: { status: 503, server: 'squid/5.7', via: '1.1 proxy', title: 'Down' },
    })
  })
})

describe('calls at once with the same password', () => {
  const many = (count: number, run: () => Promise<unknown>) => Promise.allSettled(Array.from({ length: count }, run))

  it.each([
    ['managed', demo.ada.username],
    ['federated', demo.fred.username],
  ])('of a %s user make one attempt while it is wrong', async (_, username) => {
    const { client, credentialRequests } = await simulate({ runtime }, { now: () => at })
    const outcomes = await many(10, () =>
      client.acquireTokenByUsernamePassword({ username, password: 'Not+the-p4ssword', scopes }),
    )
    expect(credentialRequests()).toBe(1)
    const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'ok'))
    expect(codes.filter((code) => code === 'ERR_REFUSED_BEFORE')).toHaveLength(9)
  })

  it('all go out once the first has shown that it is right', async () => {
    const { client, credentialRequests } = await simulate({ runtime }, { now: () => at })
    const outcomes = await many(5, () => client.acquireTokenByUsernamePassword({ ...demo.ada, scopes }))
    expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'fulfilled'))
    expect(credentialRequests()).toBe(5)
  })

  it('do not wait for each other longer than they are wanted', async () => {
    const { client, credentialRequests } = await simulate({}, {}, async (request, next) =>
      request.step === 'token' ? new Promise<never>(() => {}) : next(),
    )
    const first = client.acquireTokenByUsernamePassword({ ...demo.ada, scopes, timeoutMs: 400 })
    // Which of two that begin together is first is chance.
    await vi.waitUntil(() => credentialRequests() === 1)
    const controller = new AbortController()
    const second = client.acquireTokenByUsernamePassword({ ...demo.ada, scopes, signal: controller.signal })
    setTimeout(() => controller.abort(), 100)
    await expect(second).rejects.toMatchObject({ name: 'AbortError' })
    await expect(first).rejects.toMatchObject({ code: 'ERR_TRANSPORT_TIMEOUT' })
    expect(credentialRequests()).toBe(1)
  })

  it.each([
    ['breaks off', async (): Promise<HttpResponse> => ({ status: 502, headers: {}, body: '' })],
    ['is throttled', async (): Promise<HttpResponse> => ({ status: 429, headers: { 'retry-after': '120' }, body: '' })],
  ])('go one after the other when the first %s', async (_, first) => {
    let sent = 0
    const { client } = await simulate({ runtime }, { now: () => at }, async (request, next) => {
      if (request.step !== 'token') return next()
      return sent++ === 0 ? first() : next()
    })
    await many(10, () => client.acquireTokenByUsernamePassword({ ...demo.ada, password: 'Not+the-p4ssword', scopes }))
    expect(sent).toBeLessThanOrEqual(2)
  })

  it('that time out while they wait say so', async () => {
    const { client, credentialRequests } = await simulate({}, {}, async (request, next) =>
      request.step === 'token' ? new Promise<never>(() => {}) : next(),
    )
    const first = client.acquireTokenByUsernamePassword({ ...demo.ada, scopes, timeoutMs: 400 })
    await vi.waitUntil(() => credentialRequests() === 1)
    const second = client.acquireTokenByUsernamePassword({ ...demo.ada, scopes, timeoutMs: 100 })
    await expect(second).rejects.toMatchObject({ code: 'ERR_TRANSPORT_TIMEOUT' })
    await expect(first).rejects.toMatchObject({ code: 'ERR_TRANSPORT_TIMEOUT' })
  })
})

describe('a refusal', () => {
  it('counts also where it repeats the password', async () => {
    const echo = JSON.stringify({ error: 'access_denied', error_description: `AADB2C90225: ${wrong.password}` })
    const { client, credentialRequests } = await simulate({ runtime }, {}, answer(400, {}, echo))
    for (let turn = 0; turn < 3; turn++) {
      await expect(client.acquireTokenByUsernamePassword({ ...wrong, scopes })).rejects.toThrow()
    }
    expect(credentialRequests()).toBe(1)
  })

  it('at one tenant says nothing of another', async () => {
    const { client, simulator } = await simulate({ runtime }, { now: () => at })
    const fabrikam = 'fabrikam.example'
    await expect(
      client.acquireTokenByUsernamePassword({ ...demo.ada, scopes, tenantId: fabrikam }),
    ).rejects.toMatchObject({ error: 'invalid_grant' })
    expect(simulator.journal.length).toBeGreaterThan(0)
    expect((await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).source).toBe('password')
  })

  it('and a wait are forgotten when the clock is set back', async () => {
    let clock = 1_900_000_000
    let busy = true
    const { client } = await simulate({ runtime: { ...runtime, now: () => clock } }, {}, async (request, next) =>
      request.step === 'token' && busy ? { status: 429, headers: {}, body: '' } : next(),
    )
    await expect(client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).rejects.toThrow()
    busy = false
    clock -= 31_536_000
    await expect(client.acquireTokenByUsernamePassword({ ...wrong, scopes: ['Mail.Read'] })).rejects.toThrow()
    expect((await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).source).toBe('password')
  })

  it('of a refresh token says where to look, and that the password may do', async () => {
    const { client, simulator } = await simulate({ runtime }, { now: () => at })
    const { account } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    if (account === undefined) throw new Error('ada has an account')
    simulator.revokeSessions(demo.ada.username)
    await expect(client.acquireTokenSilent({ account, scopes, forceRefresh: true })).rejects.toMatchObject({
      code: 'ERR_INTERACTION_REQUIRED',
      whereToLook: expect.stringContaining('Sign-in logs'),
      waysOut: ['username_password', 'device_code', 'interactive'],
    })
  })
})
