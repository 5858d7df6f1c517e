import { describe, expect, it, vi } from 'vitest'
import { entityKey } from '../../src/cache/keys.ts'
import { createMemoryStore, encryptedStore } from '../../src/cache.ts'
import type { CredentialStore, HttpRequest, HttpResponse, RopcClient } from '../../src/index.ts'
import { demo, simulate } from './simulated.ts'

const { scopes } = demo
const start = 1_800_000_000
const later = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms))

/** Answers of the token endpoint, changed. */
const answering =
  (change: (json: Record<string, unknown>, request: HttpRequest) => Record<string, unknown>) =>
  async (request: HttpRequest, next: () => Promise<HttpResponse>): Promise<HttpResponse> => {
    const response = await next()
    if (request.step !== 'token') return response
    return { ...response, body: JSON.stringify(change(JSON.parse(response.body), request)) }
  }
const refreshIn = answering((json) => ({ ...json, expires_in: 7_200, refresh_in: 3_600 }))
const refusing = (suberror?: string) => async (request: HttpRequest, next: () => Promise<HttpResponse>) => {
  if (!request.body?.includes('grant_type=refresh_token')) return next()
  const body = JSON.stringify({ error: 'invalid_grant', ...(suberror === undefined ? {} : { suberror }) })
  return { status: 400, headers: { 'content-type': 'application/json' }, body }
}

async function signIn(client: RopcClient) {
  const { account } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
  if (account === undefined) throw new Error('no account')
  return account
}

async function kinds(store: CredentialStore, partition: string): Promise<readonly string[]> {
  return [...(await store.read(partition)).values()].map(({ kind }) => kind).sort()
}

describe('a token that says when to renew it (refresh_in)', () => {
  it('is handed out at once, and renewed behind the caller’s back, one request for many callers', async () => {
    let now = start
    const { client, steps, forget, events } = await simulate(
      { runtime: { now: () => now } },
      { now: () => now },
      refreshIn,
    )
    const account = await signIn(client)
    const request = { account, scopes }
    const old = await client.acquireTokenSilent(request)
    now += 3_599
    forget()
    expect((await client.acquireTokenSilent(request)).accessToken).toBe(old.accessToken)
    expect(steps).toEqual([])
    now += 1
    const hits = await Promise.all([1, 2, 3].map(() => client.acquireTokenSilent(request)))
    expect(new Set(hits.map(({ accessToken, source }) => `${source} ${accessToken}`))).toEqual(
      new Set([`cache ${old.accessToken}`]),
    )
    const refreshOn = new Date((now + 3_600) * 1000)
    await vi.waitFor(async () => expect(await client.acquireTokenSilent(request)).toMatchObject({ refreshOn }))
    const renewed = await client.acquireTokenSilent(request)
    expect(renewed.source).toBe('cache')
    expect(steps).toEqual(['token'])
    expect(renewed.accessToken).not.toBe(old.accessToken)
    const renewals = events.filter((event) => event.type === 'run.start' && event.operation === 'refreshAhead')
    expect(renewals).toHaveLength(1)
  })

  it('stays in use when renewing it fails, which is tried again after a minute', async () => {
    let now = start
    let down = false
    const { client, steps, forget } = await simulate(
      { runtime: { now: () => now } },
      { now: () => now },
      (request, next) => (down ? Promise.reject(new Error('down')) : refreshIn(request, next)),
    )
    const account = await signIn(client)
    const silent = async () => {
      const { source } = await client.acquireTokenSilent({ account, scopes })
      await later()
      return source
    }
    now += 3_600
    down = true
    forget()
    expect([await silent(), await silent(), await silent()]).toEqual(['cache', 'cache', 'cache'])
    expect(steps).toEqual(['token'])
    now += 60
    await silent()
    expect(steps).toEqual(['token', 'token'])
  })

  it('is left alone without a refresh token', async () => {
    let now = start
    const options = { offlineAccess: false, runtime: { now: () => now } }
    const { client, events, forget } = await simulate(options, { now: () => now }, refreshIn)
    const account = await signIn(client)
    now += 3_600
    forget()
    expect((await client.acquireTokenSilent({ account, scopes })).source).toBe('cache')
    await later()
    expect(events.filter(({ type }) => type === 'run.start')).toHaveLength(1)
  })

  it('is renewed in the tenant that the call named', async () => {
    let now = start
    const options = { authority: 'https://login.microsoftonline.com/organizations', runtime: { now: () => now } }
    const { client, requests, forget } = await simulate(options, { now: () => now }, refreshIn)
    const account = await signIn(client)
    now += 3_600
    forget()
    const tenantId = account.tenantId
    expect((await client.acquireTokenSilent({ account, scopes, tenantId })).source).toBe('cache')
    await later()
    expect(requests.map(({ url }) => url)).toEqual([expect.stringContaining(`/${tenantId}/`)])
  })
})

describe('a refresh token that the server refuses', () => {
  it('is forgotten when it is bad, in the store, so that nobody asks with it again', async () => {
    const store = createMemoryStore()
    const { client, credentialRequests, forget } = await simulate({ store }, {}, refusing('bad_token'))
    const account = await signIn(client)
    const renew = () => client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    await expect(renew()).rejects.toMatchObject({ reason: 'bad_token' })
    expect(await kinds(store, account.homeAccountId)).toEqual(['AccessToken', 'Account', 'IdToken'])
    forget()
    await expect(renew()).rejects.toMatchObject({ reason: 'no_token' })
    expect(credentialRequests()).toBe(0)
    // The access token is as good as before.
    expect((await client.acquireTokenSilent({ account, scopes })).source).toBe('cache')
  })

  it('is forgotten after the invalid_grant of a server that has no other word for it', async () => {
    const store = createMemoryStore()
    const { client } = await simulate({
      store,
      authority: 'https://id.contoso.example',
      authorityKind: 'oidc',
      tokenEndpoint: 'https://id.contoso.example/token',
      transport: async ({ body = '' }) => {
        const refresh = body.includes('grant_type=refresh_token')
        const json = refresh
          ? { error: 'invalid_grant' }
          : { access_token: 'a', refresh_token: 'r', token_type: 'Bearer', expires_in: 3_600 }
        const headers = { 'content-type': 'application/json' }
        return { status: refresh ? 400 : 200, headers, body: JSON.stringify(json) }
      },
    })
    const account = await signIn(client)
    await expect(client.acquireTokenSilent({ account, scopes, forceRefresh: true })).rejects.toThrow()
    expect(await kinds(store, account.homeAccountId)).toEqual(['AccessToken', 'Account'])
    const entities = [...(await store.read(account.homeAccountId)).values()]
    expect(entities.find(({ kind }) => kind === 'Account')).toHaveProperty('authorityType', 'Generic')
  })

  it('is kept when the server’s reason is another', async () => {
    const store = createMemoryStore()
    const { client } = await simulate({ store }, {}, refusing())
    const account = await signIn(client)
    const renewal = client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    await expect(renewal).rejects.toMatchObject({ code: 'ERR_INTERACTION_REQUIRED' })
    expect(await kinds(store, account.homeAccountId)).toContain('RefreshToken')
  })

  it('is kept when somebody has put another in its place meanwhile', async () => {
    const store = createMemoryStore()
    let replace = async () => {}
    const { client } = await simulate({ store }, {}, async (request, next) => {
      await replace()
      return refusing('bad_token')(request, next)
    })
    const account = await signIn(client)
    replace = async () => {
      for (const [key, entity] of await store.read(account.homeAccountId)) {
        if (entity.kind !== 'RefreshToken') continue
        await store.apply(account.homeAccountId, { put: { [key]: { ...entity, secret: 'another' } } })
      }
    }
    await expect(client.acquireTokenSilent({ account, scopes, forceRefresh: true })).rejects.toThrow()
    const [token] = [...(await store.read(account.homeAccountId)).values()].filter(
      ({ kind }) => kind === 'RefreshToken',
    )
    expect(token).toMatchObject({ secret: 'another' })
  })

  it('is a warning when the store cannot forget it', async () => {
    const memory = createMemoryStore()
    const store = {
      ...memory,
      apply: (partition: string, change: Parameters<CredentialStore['apply']>[1]) =>
        change.put === undefined ? Promise.reject(new Error('read-only')) : memory.apply(partition, change),
    }
    const { client, events } = await simulate({ store }, {}, refusing('bad_token'))
    const account = await signIn(client)
    await expect(client.acquireTokenSilent({ account, scopes, forceRefresh: true })).rejects.toMatchObject({
      reason: 'bad_token',
    })
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'STORE_FAILED' }))
  })
})

describe('a refresh that comes back late', () => {
  it('does not bring back a user who was signed out in the very moment of writing', async () => {
    const memory = createMemoryStore()
    // Signs out between what the refresh reads and what it writes.
    const store: CredentialStore = {
      ...memory,
      async apply(partition, change) {
        if (change.onlyIf !== undefined) await memory.drop(partition)
        await memory.apply(partition, change)
      },
    }
    const { client } = await simulate({ store })
    const account = await signIn(client)
    const renewed = await client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    expect(renewed.source).toBe('refresh_token')
    expect((await memory.read(account.homeAccountId)).size).toBe(0)
  })

  it('does not survive a sign-out that it overtakes', async () => {
    const memory = createMemoryStore()
    let back = async () => {}
    const store: CredentialStore = {
      ...memory,
      async apply(partition, change) {
        const late = back
        back = async () => {}
        if (change.put === undefined) await late()
        await memory.apply(partition, change)
      },
    }
    const { client } = await simulate({ store })
    const account = await signIn(client)
    back = async () => {
      await client.acquireTokenSilent({ account, scopes: ['Mail.Read'], forceRefresh: true })
    }
    await client.removeAccount(account)
    expect((await memory.read(account.homeAccountId)).size).toBe(0)
  })

  it('keeps what other libraries wrote beside the account, and how long the refresh token lives', async () => {
    const store = createMemoryStore()
    const { client } = await simulate(
      { store, runtime: { now: () => start } },
      { now: () => start },
      answering((json) => ({ ...json, refresh_token_expires_in: 28_800 })),
    )
    const { homeAccountId } = await signIn(client)
    for (const entity of (await store.read(homeAccountId)).values()) {
      if (entity.kind !== 'Account') continue
      const msal = { fields: { wam_account_ids: { a: 'b' } } }
      await store.apply(homeAccountId, { put: { [entityKey(entity)]: { ...entity, msal } } })
    }
    await client.acquireTokenSilent({ account: { homeAccountId }, scopes, forceRefresh: true })
    const entities = [...(await store.read(homeAccountId)).values()]
    expect(entities.find(({ kind }) => kind === 'Account')).toHaveProperty('msal.fields.wam_account_ids', { a: 'b' })
    expect(entities.find(({ kind }) => kind === 'RefreshToken')).toMatchObject({ expiresOn: start + 28_800 })
  })
})

describe('a store that lets processes take turns', () => {
  const sharing = (memory: CredentialStore, exclusive: NonNullable<CredentialStore['exclusive']>): CredentialStore => {
    const { peek: _, ...store } = memory
    return { ...store, exclusive }
  }

  it('gives one of them the token that the other has just fetched', async () => {
    const memory = createMemoryStore()
    let queue: Promise<unknown> = Promise.resolve()
    const names: string[] = []
    const store = sharing(memory, (name, _, run) => {
      names.push(name)
      const turn = queue.then(() => run(new AbortController().signal))
      queue = turn.catch(() => undefined)
      return turn
    })
    const first = await simulate({ store })
    const second = await simulate({ store, transport: (request) => first.simulator.send(request) })
    const account = await signIn(first.client)
    first.forget()
    const request = { account, scopes, forceRefresh: true }
    const tokens = await Promise.all([
      first.client.acquireTokenSilent(request),
      second.client.acquireTokenSilent(request),
    ])
    expect(tokens.map(({ source }) => source).sort()).toEqual(['cache', 'refresh_token'])
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(new Set(names).size).toBe(1)
  })

  it('does not give a call with claims the token that another call has fetched', async () => {
    const memory = createMemoryStore()
    let between = async () => {}
    const store = sharing(memory, async (_, __, run) => {
      const first = between
      between = async () => {}
      await first()
      return run(new AbortController().signal)
    })
    const { client, credentialRequests, forget } = await simulate({ store })
    const account = await signIn(client)
    forget()
    between = async () => {
      await client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    }
    const claims = '{"access_token":{}}'
    expect((await client.acquireTokenSilent({ account, scopes, claims })).source).toBe('refresh_token')
    expect(credentialRequests()).toBe(2)
  })

  it.each([
    ['cannot queue', () => Promise.reject(new Error('no lock server'))],
    [
      'cannot be read again',
      (_: string, __: number, run: (signal: AbortSignal) => Promise<unknown>) => run(new AbortController().signal),
    ],
  ])('still renews the token when it %s', async (_, exclusive) => {
    const memory = createMemoryStore()
    let reads = 0
    const store = {
      ...sharing(memory, exclusive as NonNullable<CredentialStore['exclusive']>),
      read: (partition: string) => {
        reads++
        return reads === 3 ? Promise.reject(new Error('down')) : memory.read(partition)
      },
    }
    const { client, credentialRequests, forget } = await simulate({ store })
    const account = await signIn(client)
    forget()
    const { source } = await client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    expect(source).toBe('refresh_token')
    expect(credentialRequests()).toBe(1)
  })

  it('does not ask again when the server has refused in our turn', async () => {
    const exclusive: NonNullable<CredentialStore['exclusive']> = (_, __, run) => run(new AbortController().signal)
    const store = sharing(createMemoryStore(), exclusive)
    const { client, credentialRequests, forget } = await simulate({ store }, {}, refusing('bad_token'))
    const account = await signIn(client)
    forget()
    await expect(client.acquireTokenSilent({ account, scopes, forceRefresh: true })).rejects.toMatchObject({
      reason: 'bad_token',
    })
    expect(credentialRequests()).toBe(1)
  })
})

describe('a token for a named relying party (resource)', () => {
  it('answers only a silent call that names the same one', async () => {
    // Entra's v2 endpoint knows no resource; AD FS 2016 does.
    const { simulator } = await simulate()
    const withoutResource = (body = '') => body.replace(/&resource=[^&]*/, '')
    const requests: HttpRequest[] = []
    const { client } = await simulate({
      transport: (request) => {
        requests.push(request)
        return simulator.send({ ...request, body: withoutResource(request.body) })
      },
    })
    const signInFor = (resource: string) => client.acquireTokenByUsernamePassword({ ...demo.ada, scopes, resource })
    const { accessToken: one, account } = await signInFor('urn:one')
    const { accessToken: two } = await signInFor('urn:two')
    if (account === undefined) throw new Error('no account')
    requests.length = 0
    const silent = async (resource?: string) =>
      (await client.acquireTokenSilent({ account, scopes, ...(resource === undefined ? {} : { resource }) }))
        .accessToken
    expect([await silent('urn:one'), await silent('urn:two')]).toEqual([one, two])
    expect(requests).toEqual([])
    expect([one, two]).not.toContain(await silent())
    expect(requests).toHaveLength(1)
    await silent('urn:three')
    expect(requests[1]?.body).toContain('resource=urn%3Athree')
    const password = () => demo.ada.password
    const found = await client.acquireToken({ username: demo.ada.username, scopes, resource: 'urn:three', password })
    expect(found.source).toBe('cache')
    requests.length = 0
    const [four, five] = await Promise.all([silent('urn:four'), silent('urn:five')])
    expect(four).not.toBe(five)
    expect(requests).toHaveLength(2)
  })
})

describe('a store that is out of order', () => {
  it('does not keep acquireToken from asking for the password; a warning says so', async () => {
    const memory = createMemoryStore()
    let down = false
    const { peek: _, ...others } = memory
    const store = {
      ...others,
      read: (name: string) => (down ? Promise.reject(new Error('/home/ada is on fire')) : memory.read(name)),
    }
    const { client, events } = await simulate({ store })
    await signIn(client)
    down = true
    const asked: string[] = []
    const password = ({ reason }: { readonly reason: string }) => {
      asked.push(reason)
      return demo.ada.password
    }
    const { source } = await client.acquireToken({ username: demo.ada.username, scopes, password })
    expect([source, ...asked]).toEqual(['password', 'cache_unreadable'])
    expect(events).toContainEqual(
      expect.objectContaining({ code: 'STORE_FAILED', message: expect.not.stringContaining('/home') }),
    )
  })

  it('costs fifteen seconds at most, not the token', async () => {
    const memory = createMemoryStore()
    let reached = () => {}
    const writing = new Promise<void>((resolve) => (reached = resolve))
    const store: CredentialStore = {
      ...memory,
      apply: () => {
        reached()
        return new Promise(() => {})
      },
    }
    const { client, events } = await simulate({ store })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const signingIn = client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
      await writing
      vi.advanceTimersByTime(15_000)
      expect((await signingIn).source).toBe('password')
      expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'STORE_FAILED' }))
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a store that can be written but not read', () => {
  it('keeps the renewed token, and the account as it was', async () => {
    const memory = createMemoryStore()
    let reads = 0
    let failingRead = 0
    const { peek: _, ...others } = memory
    const store = {
      ...others,
      read: (name: string) => (++reads === failingRead ? Promise.reject(new Error('down')) : memory.read(name)),
    }
    const { client, events } = await simulate({ store })
    const account = await signIn(client)
    const [before] = [...(await memory.read(account.homeAccountId)).values()].filter(({ kind }) => kind === 'Account')
    // The first read finds the refresh token; the second is the one before the write.
    failingRead = reads + 2
    const renewed = await client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    expect(events).toContainEqual(expect.objectContaining({ code: 'STORE_FAILED' }))
    const entities = [...(await memory.read(account.homeAccountId)).values()]
    expect(entities.find(({ kind }) => kind === 'Account')).toBe(before)
    expect(entities.find(({ kind }) => kind === 'AccessToken')).toMatchObject({ secret: renewed.accessToken })
  })
})

describe('a call that is over before it begins', () => {
  it('gets no token from the cache', async () => {
    const { client } = await simulate()
    const account = await signIn(client)
    const silent = client.acquireTokenSilent({ account, scopes, signal: AbortSignal.abort() })
    await expect(silent).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('a server that takes a refresh token only once', () => {
  const rotating = () => {
    let valid = ''
    let count = 0
    const requests: string[] = []
    const transport = async ({ body = '' }: HttpRequest): Promise<HttpResponse> => {
      const sent = new URLSearchParams(body).get('refresh_token')
      requests.push(sent ?? 'password')
      await later()
      const headers = { 'content-type': 'application/json' }
      if (sent !== null && sent !== valid) return { status: 400, headers, body: '{"error":"invalid_grant"}' }
      valid = `r${++count}`
      const json = { access_token: `a${count}`, refresh_token: valid, token_type: 'Bearer', expires_in: 3_600 }
      return { status: 200, headers, body: JSON.stringify(json) }
    }
    const tokenEndpoint = 'https://id.contoso.example/token'
    const server = { authority: 'https://id.contoso.example', authorityKind: 'oidc', tokenEndpoint, transport } as const
    return { server, requests }
  }

  it('is asked with one after the other, whatever is asked for at once', async () => {
    const { server, requests } = rotating()
    const { client } = await simulate(server)
    const account = await signIn(client)
    const silent = (scope: string) => client.acquireTokenSilent({ account, scopes: [scope] })
    const tokens = await Promise.all(['two', 'three', 'four'].map(silent))
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(3)
    expect(requests).toEqual(['password', 'r1', 'r2', 'r3'])
    expect((await silent('five')).source).toBe('refresh_token')
  })

  it('does not cost another process its new token when that is not stored yet', async () => {
    const { server } = rotating()
    const memory = createMemoryStore()
    const { peek: _, load: __, all: ___, ...shared } = memory
    // As two processes on one folder: each has a store of its own.
    const [first, second] = [
      await simulate({ ...server, store: { ...shared } }),
      await simulate({ ...server, store: { ...shared } }),
    ]
    const account = await signIn(first.client)
    const request = { account, scopes, forceRefresh: true }
    const outcomes = await Promise.allSettled([
      first.client.acquireTokenSilent(request),
      second.client.acquireTokenSilent(request),
    ])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await second.client.acquireTokenSilent(request)).source).toBe('refresh_token')
  })

  it('keeps its users apart from those of another issuer on its host', async () => {
    const store = createMemoryStore()
    const issuer = (realm: string) => {
      const { server } = rotating()
      const authority = `https://sso.contoso.example/realms/${realm}`
      return simulate({ ...server, store, authority, tokenEndpoint: `${authority}/token` })
    }
    const [a, b, other] = [await issuer('a'), await issuer('b'), await issuer('A')]
    const account = await signIn(a.client)
    for (const { client } of [b, other]) {
      const silent = client.acquireTokenSilent({ account: { username: demo.ada.username }, scopes })
      await expect(silent).rejects.toMatchObject({ reason: 'no_account' })
    }
    await signIn(other.client)
    expect((await a.client.acquireTokenSilent({ account, scopes })).source).toBe('cache')
  })
})

describe('a queue that fails', () => {
  const without = ({ peek: _, load: __, all: ___, ...store }: CredentialStore): CredentialStore => store

  it('after the token was fetched costs nobody the token', async () => {
    const store: CredentialStore = {
      ...without(createMemoryStore()),
      exclusive: async (_, __, run) => {
        await run(new AbortController().signal)
        throw new Error('the lock cannot be released')
      },
    }
    const { client } = await simulate({ store })
    const account = await signIn(client)
    expect((await client.acquireTokenSilent({ account, scopes, forceRefresh: true })).source).toBe('refresh_token')
  })

  it('does not send the refresh token of a user who was signed out while waiting', async () => {
    const memory = createMemoryStore()
    const store: CredentialStore = {
      ...without(memory),
      exclusive: async (_, __, run) => {
        await memory.drop(account.homeAccountId)
        return run(new AbortController().signal)
      },
    }
    const { client, credentialRequests, forget } = await simulate({ store })
    const account = await signIn(client)
    forget()
    const silent = client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    await expect(silent).rejects.toMatchObject({ reason: 'no_token' })
    expect(credentialRequests()).toBe(0)
  })
})

describe('a token that is there when time runs out', () => {
  it('is returned, though the store still hangs', async () => {
    const memory = createMemoryStore()
    let hangs = false
    const { peek: _, load: __, all: ___, ...others } = memory
    const store: CredentialStore = {
      ...others,
      apply: (name, change) => (hangs ? new Promise(() => {}) : memory.apply(name, change)),
    }
    const { client, events } = await simulate({ store })
    const account = await signIn(client)
    hangs = true
    const token = await client.acquireTokenSilent({ account, scopes, forceRefresh: true, timeoutMs: 300 })
    expect(token.source).toBe('refresh_token')
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'STORE_FAILED' }))
  })

  it('of a user whose entries no key opens any more does not keep the user from signing out', async () => {
    const memory = createMemoryStore()
    const { client: before } = await simulate({ store: encryptedStore(memory, new Uint8Array(32).fill(1)) })
    const account = await signIn(before)
    const { client } = await simulate({ store: encryptedStore(memory, new Uint8Array(32).fill(2)) })
    await client.removeAccount(account)
    expect((await memory.read(account.homeAccountId)).size).toBe(0)
  })
})
