import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { StoredEntity } from '../../src/cache/entities.ts'
import { createMemoryStore } from '../../src/cache.ts'
import type { CredentialStore } from '../../src/index.ts'
import { demo, simulate } from './simulated.ts'

const scopes = demo.scopes
const account = { username: demo.ada.username }
const clock = (start = 1_800_000_000) => {
  let now = start
  return { now: () => now, pass: (seconds: number) => (now += seconds) }
}
const gate = () => {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { open, opened }
}

describe('acquireTokenSilent', () => {
  it('renews an expired token with the refresh token, and keeps the renewed one', async () => {
    const time = clock()
    const { client, steps, requests, forget } = await simulate({ runtime: { now: time.now } }, { now: time.now })
    const first = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    // 3600 seconds of life less 300 of skew: at 3299 it is still handed out, at 3300 no longer.
    time.pass(3_299)
    expect((await client.acquireTokenSilent({ account, scopes })).accessToken).toBe(first.accessToken)
    time.pass(1)
    forget()
    const renewed = await client.acquireTokenSilent({ account, scopes })
    expect(renewed).toMatchObject({ source: 'refresh_token', account: first.account })
    expect(renewed.accessToken).not.toBe(first.accessToken)
    expect(renewed).not.toHaveProperty('passwordSentTo')
    expect(steps).toEqual(['token'])
    expect(requests[0]?.headers['x-anchormailbox']).toMatch(/^Oid:[\w-]+@[\w-]+$/)
    expect((await client.acquireTokenSilent({ account, scopes })).accessToken).toBe(renewed.accessToken)
    expect(steps).toEqual(['token'])
  })

  it('goes to the server when told to, or when claims are asked for', async () => {
    const { client, steps, forget } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    forget()
    await client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    await client.acquireTokenSilent({ account, scopes, claims: '{"access_token":{}}' })
    expect(steps).toEqual(['token', 'token'])
  })

  it('fetches a token for other scopes with the same refresh token', async () => {
    const { client, steps, forget } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    forget()
    const other = await client.acquireTokenSilent({
      account,
      scopes: ['https://management.azure.com/user_impersonation'],
    })
    expect(other.source).toBe('refresh_token')
    expect((await client.acquireTokenSilent({ account, scopes })).source).toBe('cache')
    expect(steps).toEqual(['token'])
  })

  it.each([
    ['nobody is signed in', 'no_account', async () => {}],
    [
      'no refresh token was asked for and the access token is for something else',
      'no_token',
      async ({ client }: Awaited<ReturnType<typeof simulate>>) => {
        await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: ['Mail.Read'] })
      },
    ],
  ])('ends in InteractionRequiredError when %s', async (_, reason, prepare) => {
    const simulated = await simulate({ offlineAccess: false })
    await prepare(simulated)
    simulated.forget()
    await expect(simulated.client.acquireTokenSilent({ account, scopes })).rejects.toMatchObject({
      code: 'ERR_INTERACTION_REQUIRED',
      reason,
      hint: expect.stringContaining('Sign in'),
    })
    expect(simulated.steps).toEqual([])
  })

  it('ends in InteractionRequiredError when the server refuses the refresh token, after asking once', async () => {
    const { client, simulator, forget, credentialRequests } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    simulator.revokeSessions(demo.ada.username)
    forget()
    await expect(client.acquireTokenSilent({ account, scopes, forceRefresh: true })).rejects.toMatchObject({
      code: 'ERR_INTERACTION_REQUIRED',
      step: 'token',
      errorCodes: expect.arrayContaining([expect.any(Number)]),
    })
    expect(credentialRequests()).toBe(1)
  })

  it('lets identical calls share one request', async () => {
    const { client, steps, forget } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    forget()
    const renew = () => client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    const tokens = await Promise.all([renew(), renew(), renew()])
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(steps).toEqual(['token'])
  })

  it('lets one caller abort without the others noticing', async () => {
    const { open, opened } = gate()
    let held = false
    const { client, steps, forget } = await simulate({}, {}, async (_, next) => {
      if (held) await opened
      return next()
    })
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    forget()
    held = true
    const controller = new AbortController()
    const renew = (signal?: AbortSignal) =>
      client.acquireTokenSilent({ account, scopes, forceRefresh: true, ...(signal === undefined ? {} : { signal }) })
    const leaving = renew(controller.signal)
    const staying = [renew(), renew()]
    controller.abort(new Error('changed my mind'))
    await expect(leaving).rejects.toMatchObject({ name: 'AbortError', cause: { message: 'changed my mind' } })
    open()
    for (const token of await Promise.all(staying)) expect(token.source).toBe('refresh_token')
    expect(steps).toEqual(['token'])
  })

  it('aborts the request itself once every caller has left', async () => {
    let requestSignal: AbortSignal | undefined
    const signedIn = await simulate()
    await signedIn.client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    const store = createMemoryStore()
    const { client } = await simulate({
      store,
      transport: (request, options) => {
        if (!request.body?.includes('refresh_token=')) return signedIn.simulator.send(request, options)
        requestSignal = options?.signal
        return new Promise(() => {})
      },
    })
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    const leave = new AbortController()
    const waiting = client.acquireTokenSilent({ account, scopes, forceRefresh: true, signal: leave.signal })
    await expect.poll(() => requestSignal?.aborted).toBe(false)
    leave.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    expect(requestSignal?.aborted).toBe(true)
  })

  it('does not sign a user in again who was signed out while the refresh was under way', async () => {
    const { open, opened } = gate()
    let held = false
    const { client } = await simulate({}, {}, async (_, next) => {
      if (held) await opened
      return next()
    })
    const { account: signedIn } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    held = true
    const renewal = client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (signedIn !== undefined) await client.removeAccount(signedIn)
    open()
    expect((await renewal).source).toBe('refresh_token')
    expect(await client.getAccounts()).toEqual([])
  })

  it('refuses a refreshed token of another user, and keeps the old one', async () => {
    let swap = false
    const { client, simulator } = await simulate({}, {}, async (request, next) => {
      if (!swap || request.step !== 'token') return next()
      const body = new URLSearchParams({
        ...Object.fromEntries(new URLSearchParams(request.body)),
        grant_type: 'password',
      })
      body.set('username', 'grace@fabrikam.example')
      body.set('password', demo.ada.password)
      // A guest of the same tenant: only the home account id tells the two apart.
      return simulator.send({ ...request, body: String(body) })
    })
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    swap = true
    const renewal = client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    await expect(renewal).rejects.toMatchObject({ code: 'ERR_ACCOUNT_MISMATCH', step: 'account' })
    expect(await client.getAccounts()).toMatchObject([{ username: demo.ada.username }])
  })

  it('finds the user by any name the caller has for it', async () => {
    const { client } = await simulate()
    const { account: ada } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    if (ada === undefined) throw new Error('no account')
    for (const selector of [
      ada,
      { username: 'ADA@Contoso.Example' },
      { homeAccountId: ada.homeAccountId },
      { localAccountId: ada.localAccountId },
    ]) {
      expect((await client.acquireTokenSilent({ account: selector, scopes })).source).toBe('cache')
    }
  })

  it('refuses to choose between two accounts of one name', async () => {
    const store = createMemoryStore()
    const { client } = await simulate({ store })
    const { account: ada } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    for (const [key, entity] of await store.read(ada?.homeAccountId ?? '')) {
      await store.apply('twin.t', { put: { [key]: { ...entity, homeAccountId: 'twin.t' } as StoredEntity } })
    }
    await expect(client.acquireTokenSilent({ account, scopes })).rejects.toMatchObject({
      code: 'ERR_AMBIGUOUS_ACCOUNT',
    })
    expect((await client.acquireTokenSilent({ account: { homeAccountId: 'twin.t' }, scopes })).source).toBe('cache')
  })

  it('leaves no listener on the signal of the caller', async () => {
    const { signal } = new AbortController()
    const { client } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes, signal })
    await client.acquireTokenSilent({ account, scopes, forceRefresh: true, signal })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('finds the user by the name that was signed in with, also where the server calls the user something else', async () => {
    const { client } = await simulate({}, {}, async (request, next) => {
      const response = await next()
      if (request.step !== 'token') return response
      const { id_token: _, ...json } = JSON.parse(response.body)
      return { ...response, body: JSON.stringify(json) }
    })
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect((await client.acquireTokenSilent({ account, scopes })).source).toBe('cache')
  })

  it('does not hand out the token of another client or cloud that shares the store', async () => {
    const store = createMemoryStore()
    const first = await simulate({ store })
    await first.client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    const otherClient = await simulate({ store, clientId: 'other' })
    await expect(otherClient.client.acquireTokenSilent({ account, scopes })).rejects.toMatchObject({
      reason: 'no_token',
    })
    const otherCloud = await simulate({ store }, { entraHost: 'login.microsoftonline.us' })
    await expect(otherCloud.client.acquireTokenSilent({ account, scopes })).rejects.toMatchObject({
      reason: 'no_account',
    })
    expect(await otherCloud.client.getAccounts()).toEqual([])
  })
})

describe('acquireToken', () => {
  it('asks for the password after MEX, and says who gets it and why', async () => {
    const { client, steps } = await simulate()
    const asked: unknown[] = []
    const token = await client.acquireToken({
      username: demo.fred.username,
      scopes,
      password: async (ask) => {
        const { signal, ...told } = ask
        expect(signal.aborted).toBe(false)
        asked.push({ ...told, after: [...steps] })
        return demo.fred.password
      },
    })
    expect(token.source).toBe('password')
    expect(asked).toEqual([
      {
        username: demo.fred.username,
        sendTo: 'https://sts.contoso.example',
        reason: 'no_account',
        after: ['realm', 'mex'],
      },
    ])
  })

  it('sends nothing more when the callback refuses the host', async () => {
    const { client, credentialRequests } = await simulate()
    const refuse = () => {
      throw new Error('not there')
    }
    await expect(client.acquireToken({ username: demo.fred.username, scopes, password: refuse })).rejects.toThrow(
      'not there',
    )
    expect(credentialRequests()).toBe(0)
  })

  it('answers from the cache, so that it must not be used to check a password', async () => {
    const { client, steps, forget } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    forget()
    const wrong = await client.acquireToken({ username: demo.ada.username, scopes, password: () => 'wrong' })
    expect(wrong.source).toBe('cache')
    expect(steps).toEqual([])
    // The call that takes a password asks the server every time.
    await expect(
      client.acquireTokenByUsernamePassword({ ...demo.ada, password: 'wrong', scopes }),
    ).rejects.toMatchObject({ name: 'TokenEndpointError' })
  })

  it('takes no plain password', async () => {
    const { client } = await simulate()
    const request = { username: demo.ada.username, scopes, password: demo.ada.password as never }
    await expect(client.acquireToken(request)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })

  it('asks again when the refresh token is refused, and tells the reason', async () => {
    const time = clock()
    const { client, simulator } = await simulate({ runtime: { now: time.now } }, { now: time.now })
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    simulator.revokeSessions(demo.ada.username)
    time.pass(4_000)
    const reasons: string[] = []
    const password = ({ reason }: { reason: string }) => {
      reasons.push(reason)
      return demo.ada.password
    }
    expect((await client.acquireToken({ username: demo.ada.username, scopes, password })).source).toBe('password')
    expect(reasons).toHaveLength(1)
  })

  it('does not count the time that the callback takes, but all other', async () => {
    const { client } = await simulate()
    const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    const password = async () => {
      await later(450)
      return demo.ada.password
    }
    const request = { username: demo.ada.username, scopes, password, timeoutMs: 300 }
    expect((await client.acquireToken(request)).source).toBe('password')
    const slow = await simulate({}, {}, async (_, next) => {
      await later(200)
      return next()
    })
    await expect(slow.client.acquireToken(request)).rejects.toMatchObject({ code: 'ERR_TRANSPORT_TIMEOUT' })
  })

  it('stops waiting for the callback when the call is aborted', async () => {
    const { client } = await simulate()
    const controller = new AbortController()
    const waiting = client.acquireToken({
      username: demo.ada.username,
      scopes,
      password: () => {
        controller.abort()
        return new Promise(() => {})
      },
      signal: controller.signal,
    })
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', hint: expect.stringContaining('No credential') })
  })
})

describe('acquireTokenByUsernamePassword', () => {
  it('never shares a request with another call, however alike', async () => {
    const { client, steps, forget } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    forget()
    const attempt = (password: string) => client.acquireTokenByUsernamePassword({ ...demo.ada, password, scopes })
    const outcomes = await Promise.allSettled([
      attempt(demo.ada.password),
      attempt('wrong'),
      attempt(demo.ada.password),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(steps).toEqual(['token', 'token', 'token'])
  })
})

describe('the token store', () => {
  const broken = (fail: (keyof CredentialStore)[]): CredentialStore => {
    const store = createMemoryStore()
    for (const name of fail) {
      Object.assign(store, { [name]: () => Promise.reject(new Error('disk full: /home/ada/secret')) })
    }
    return store
  }

  it.each([['read'], ['apply']] as const)('never loses the token just obtained when %s fails', async (name) => {
    const { client, events } = await simulate({ store: broken([name]) })
    const token = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(token.accessToken).toMatch(/^eyJ/)
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'STORE_FAILED' }))
  })

  it('is a CacheError when a silent call cannot read it', async () => {
    const { client } = await simulate({ store: broken(['findPartitions', 'apply']) })
    await expect(client.acquireTokenSilent({ account, scopes })).rejects.toMatchObject({
      code: 'ERR_CACHE_READ',
      message: expect.not.stringContaining('/home'),
    })
    await expect(client.removeAccount({ homeAccountId: 'x' })).rejects.toMatchObject({ name: 'CacheError' })
    await expect(client.getAccounts(account)).rejects.toMatchObject({ name: 'CacheError' })
  })

  it('signs a user out of this client only', async () => {
    const store = createMemoryStore()
    const { client } = await simulate({ store })
    const { account: ada } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    expect((await client.getAccounts()).length).toBe(2)
    for (const found of await client.getAccounts({ username: 'ADA@contoso.example' })) await client.removeAccount(found)
    expect(await client.getAccounts()).toMatchObject([{ username: demo.fred.username }])
    expect((await store.read(ada?.homeAccountId ?? '')).size).toBe(0)
    await expect(client.acquireTokenSilent({ account, scopes })).rejects.toMatchObject({ reason: 'no_account' })
  })
})

describe('the event of a look into the cache', () => {
  it('tells why it was a hit, and why a token that would do was passed over, or nobody was there', async () => {
    const { client, events } = await simulate()
    await client.acquireTokenSilent({ account, scopes }).catch(() => undefined)
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    await client.acquireTokenSilent({ account, scopes })
    await client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    await client.acquireTokenSilent({ account, scopes, claims: '{"access_token":{}}' })
    const looks = events.filter((event) => event.type === 'cache')
    expect(looks.map(({ hit, reasons }) => [hit, ...reasons.map(({ rule }) => rule)])).toEqual([
      [false, 'cache.account.none'],
      [true, 'cache.access-token.fits'],
      [false, 'cache.passed.refresh'],
      [false, 'cache.passed.claims'],
    ])
    expect(looks[0]?.key).toMatchObject(account)
  })
})

describe('a closed client', () => {
  it('refuses every call', async () => {
    const { client } = await simulate()
    await client.close()
    await client.close()
    await expect(client.acquireTokenSilent({ account, scopes })).rejects.toThrow(/closed/)
    await expect(client.getAccounts()).rejects.toThrow(/closed/)
  })

  it('is what "await using" leaves behind', async () => {
    const { client } = await simulate()
    await client[Symbol.asyncDispose]()
    await expect(client.discover(account)).rejects.toThrow(/closed/)
  })
})
