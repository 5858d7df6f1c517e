import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { StoredEntity } from '../../src/cache/entities.ts'
import { createMemoryStore } from '../../src/cache.ts'
import {
  type ClientOptions,
  type CredentialStore,
  createRopcClient,
  type HttpRequest,
  type HttpResponse,
} from '../../src/index.ts'
import { demoWorld } from '../../src/simulator/world.ts'
import { demo, simulate } from './simulated.ts'

const scopes = demo.scopes
const account = { username: demo.ada.username }
const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const never = () => new Promise<never>(() => {})
const onToken =
  (change: (response: HttpResponse, request: HttpRequest) => HttpResponse) =>
  async (request: HttpRequest, next: () => Promise<HttpResponse>) => {
    const response = await next()
    return request.step === 'token' ? change(response, request) : response
  }
const withMembers = (members: object) =>
  onToken((response) => ({ ...response, body: JSON.stringify({ ...JSON.parse(response.body), ...members }) }))

describe('a store that misbehaves', () => {
  /** Its index points everywhere. */
  const coarse = (): CredentialStore => {
    const store = createMemoryStore()
    return {
      ...store,
      async findPartitions() {
        const all: string[] = []
        for await (const partition of store.partitions()) all.push(partition)
        return all
      },
    }
  }

  it('cannot make a silent call return the token of a user who was not asked for', async () => {
    const { client } = await simulate({ store: coarse() })
    await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    await expect(client.acquireTokenSilent({ account, scopes })).rejects.toMatchObject({ reason: 'no_account' })
    await expect(client.acquireTokenSilent({ account: { localAccountId: 'x' }, scopes })).rejects.toMatchObject({
      reason: 'no_account',
    })
    expect(await client.getAccounts(account)).toEqual([])
  })

  it('cannot hold a call longer than its time limit, nor keep the token from the caller', async () => {
    const deaf = await simulate({ store: { ...createMemoryStore(), findPartitions: never } })
    await expect(deaf.client.acquireTokenSilent({ account, scopes, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'ERR_TRANSPORT_TIMEOUT',
      step: 'cache',
    })
    const mute = await simulate({ store: { ...createMemoryStore(), apply: never } })
    const token = await mute.client.acquireTokenByUsernamePassword({ ...demo.ada, scopes, timeoutMs: 300 })
    expect(token.source).toBe('password')
    expect(mute.events).toContainEqual(expect.objectContaining({ code: 'STORE_FAILED' }))
  })

  it.each<[string, object]>([
    ['returns no map', { read: () => ({}) }],
    [
      'throws at once',
      {
        read: () => {
          throw new Error('secret path')
        },
      },
    ],
    ['finds nothing at all', { findPartitions: () => undefined }],
    ['returns a hole', { read: async () => new Map([['x', null]]) }],
  ])('is a typed error or a warning when it %s', async (_, defect) => {
    const { client, events } = await simulate({ store: { ...createMemoryStore(), ...defect } as CredentialStore })
    expect((await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).source).toBe('password')
    const error = await client.acquireTokenSilent({ account, scopes }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(CACHE|INTERACTION)/) })
    expect(JSON.stringify([String(error), events])).not.toContain('secret path')
  })

  it('cannot hand out a token that it has lost', async () => {
    const store = createMemoryStore()
    const spoiled: CredentialStore = {
      ...store,
      read: async (partition) =>
        new Map(
          [...(await store.read(partition))].map(([key, entity]) => [
            key,
            entity.kind === 'AccessToken' ? { ...entity, secret: undefined as never } : entity,
          ]),
        ),
    }
    const { client } = await simulate({ store: spoiled })
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect((await client.acquireTokenSilent({ account, scopes })).source).toBe('refresh_token')
  })

  it('is named as such when signing out fails', async () => {
    const store = { ...createMemoryStore(), apply: () => Promise.reject(new Error('x')) }
    const { client } = await simulate({ store })
    await expect(client.removeAccount({ homeAccountId: 'x' })).rejects.toMatchObject({ code: 'ERR_CACHE_WRITE' })
  })
})

describe('close()', () => {
  it('lets a call under way send nothing more', async () => {
    const { client, steps } = await simulate({}, {}, async (_, next) => {
      await later(30)
      return next()
    })
    const call = client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    await later(5)
    await client.close()
    await expect(call).rejects.toThrow(/closed/)
    expect(steps).toEqual(['realm'])
  })

  it('holds while a password callback is pending', async () => {
    const { client, steps } = await simulate()
    let answer = (_password: string) => {}
    const password = () =>
      new Promise<string>((resolve) => {
        answer = resolve
      })
    const call = client.acquireToken({ ...account, scopes, password })
    await expect.poll(() => steps).toEqual(['realm'])
    await later(5)
    await client.close()
    answer(demo.ada.password)
    await expect(call).rejects.toThrow(/closed/)
    expect(steps).toEqual(['realm'])
  })

  it('opens no connection for a call that had not come to it', async () => {
    const client = createRopcClient({ clientId: 'c' })
    const call = client.discover(account)
    await client.close()
    await expect(call).rejects.toThrow(/closed/)
  })
})

describe('options', () => {
  it.each<[string, Partial<Record<keyof ClientOptions, unknown>>]>([
    ['a path in place of a certificate', { ca: '/etc/ca.pem' }],
    ['a SOCKS proxy', { proxy: 'socks5://127.0.0.1:1' }],
    ['a proxy that is no URL', { proxy: 'proxy.example' }],
    ['a clock that is no function', { runtime: { now: 5 } }],
  ])('%s is refused when the client is made', (_, options) => {
    expect(() => createRopcClient({ clientId: 'c', ...options } as ClientOptions)).toThrow(
      expect.objectContaining({ name: 'InvalidArgumentError' }),
    )
  })

  it('an undefined runtime member leaves the default, and a clock that shows no time is the caller’s error', async () => {
    const { client } = await simulate({ runtime: { newId: undefined } as never })
    expect((await client.discover(account)).path.type).toBe('managed')
    const timeless = await simulate({ runtime: { now: () => Number.NaN } })
    await expect(timeless.client.discover(account)).rejects.toMatchObject({ name: 'InvalidArgumentError' })
  })

  it('a wait that ignores its signal does not outlast the call', async () => {
    const { client } = await simulate({ runtime: { wait: never } }, {}, async () => ({
      status: 503,
      headers: {},
      body: '',
    }))
    await expect(client.discover({ ...account, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'ERR_TRANSPORT_TIMEOUT',
    })
  })

  it('a listener that throws or rejects costs nobody anything', async () => {
    const rejections: unknown[] = []
    const onRejection = (reason: unknown) => rejections.push(reason)
    process.on('unhandledRejection', onRejection)
    for (const onEvent of [
      async () => {
        throw new Error('later')
      },
      () => {
        throw new Error('now')
      },
    ]) {
      const { client } = await simulate({ onEvent })
      expect((await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).source).toBe('password')
    }
    await later(10)
    process.off('unhandledRejection', onRejection)
    expect(rejections).toEqual([])
  })

  it('a call refused for its tenant leaves no timer and no listener', async () => {
    const { client } = await simulate()
    const { signal } = new AbortController()
    await expect(client.discover({ ...account, tenantId: 'common', signal })).rejects.toMatchObject({
      step: 'authority',
    })
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBeLessThan(5)
  })

  it('getAccounts and removeAccount refuse what names nobody', async () => {
    const { client } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    await expect(client.getAccounts({ userName: 'x' } as never)).rejects.toMatchObject({ name: 'InvalidArgumentError' })
    for (const nobody of [undefined, {}, account]) {
      await expect(client.removeAccount(nobody as never)).rejects.toMatchObject({ step: 'account' })
    }
    expect(await client.getAccounts()).toHaveLength(1)
  })
})

describe('who is signed in', () => {
  it('keeps the name that was signed in with through a refresh', async () => {
    const { client } = await simulate(
      {},
      {},
      onToken((response) => {
        const json = JSON.parse(response.body)
        const [header, payload] = json.id_token.split('.')
        const claims = {
          ...JSON.parse(Buffer.from(payload, 'base64url').toString()),
          preferred_username: 'ada.lovelace@corp.example',
        }
        json.id_token = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
        return { ...response, body: JSON.stringify(json) }
      }),
    )
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect((await client.acquireTokenSilent({ account, scopes, forceRefresh: true })).source).toBe('refresh_token')
    expect((await client.acquireTokenSilent({ account, scopes })).source).toBe('cache')
  })

  it('is told apart by tenant for a guest, whose user object differs in each', async () => {
    const grace = demoWorld().users.find(({ guestIn }) => guestIn !== undefined)
    const tenantId = grace?.guestIn?.[0]?.tenantId
    if (grace === undefined || tenantId === undefined) throw new Error('the demo world has a guest')
    const { username, password } = grace
    const { client } = await simulate({ authority: 'https://login.microsoftonline.com/organizations' })
    const home = await client.acquireTokenByUsernamePassword({ username, password, scopes })
    const guest = await client.acquireTokenByUsernamePassword({ username, password, scopes, tenantId })
    expect(guest.account?.localAccountId).not.toBe(home.account?.localAccountId)
    for (const selector of [{ username }, { localAccountId: home.account?.localAccountId ?? '' }]) {
      const again = await client.acquireTokenSilent({ account: selector, scopes })
      expect([again.source, again.account]).toEqual(['cache', home.account])
    }
    expect((await client.acquireTokenSilent({ account: { username }, scopes, tenantId })).account).toEqual(
      guest.account,
    )
    expect(await client.getAccounts()).toEqual([home.account])
  })

  it('is known to a refresh by the id_token alone, when the answer has no client_info', async () => {
    let without = false
    const { client } = await simulate(
      {},
      {},
      onToken((response) => {
        const { client_info, ...json } = JSON.parse(response.body)
        return { ...response, body: JSON.stringify(without ? json : { client_info, ...json }) }
      }),
    )
    const { account: ada } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    without = true
    const renewed = await client.acquireTokenSilent({ account, scopes, forceRefresh: true })
    expect(renewed.account).toEqual(ada)
  })

  it('is not taken for another by a refresh whose id_token, without client_info, names somebody else', async () => {
    let swap = false
    const { client } = await simulate(
      {},
      {},
      onToken((response) => {
        if (!swap) return response
        const { client_info: _, ...json } = JSON.parse(response.body)
        const [header, payload] = json.id_token.split('.')
        const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), oid: 'somebody-else' }
        json.id_token = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
        return { ...response, body: JSON.stringify(json) }
      }),
    )
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    swap = true
    await expect(client.acquireTokenSilent({ account, scopes, forceRefresh: true })).rejects.toMatchObject({
      code: 'ERR_ACCOUNT_MISMATCH',
    })
  })

  it('is not signed in again by a refresh under way, though another client keeps the user in the store', async () => {
    const store = createMemoryStore()
    let open = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    let held = false
    const { client } = await simulate({ store }, {}, async (_, next) => {
      if (held) await opened
      return next()
    })
    const { account: ada } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    if (ada === undefined) throw new Error('no account')
    for (const entity of (await store.read(ada.homeAccountId)).values()) {
      if (entity.kind !== 'RefreshToken') continue
      await store.apply(ada.homeAccountId, { put: { other: { ...entity, clientId: 'other' } } })
    }
    held = true
    const renewal = client.acquireTokenSilent({ account: ada, scopes, forceRefresh: true })
    await later(5)
    await client.removeAccount(ada)
    open()
    await renewal
    await expect(client.acquireTokenSilent({ account: ada, scopes })).rejects.toMatchObject({ reason: 'no_token' })
  })

  it('is asked for the password when two accounts have the name', async () => {
    const store = createMemoryStore()
    const { client } = await simulate({ store })
    const { account: ada } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    for (const [key, entity] of await store.read(ada?.homeAccountId ?? '')) {
      await store.apply('old.t', { put: { [key]: { ...entity, homeAccountId: 'old.t' } as StoredEntity } })
    }
    const reasons: string[] = []
    const token = await client.acquireToken({
      ...account,
      scopes,
      password: ({ reason }) => {
        reasons.push(reason)
        return demo.ada.password
      },
    })
    expect([token.source, reasons]).toEqual(['password', ['ambiguous_account']])
  })
})

describe('silent calls that differ in anything do not share a request', () => {
  it.each<[string, object]>([
    ['scopes', { scopes: ['Mail.Read'] }],
    ['claims', { claims: '{"access_token":{}}' }],
    ['tenant', { tenantId: 'contoso.example' }],
  ])('%s', async (_, other) => {
    const { client, steps, forget } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    forget()
    const base = { account, scopes, forceRefresh: true }
    const [one, two] = await Promise.all([
      client.acquireTokenSilent(base),
      client.acquireTokenSilent({ ...base, ...other }),
    ])
    expect(one.accessToken).not.toBe(two.accessToken)
    expect(steps).toEqual(['token', 'token'])
  })
})

describe('answers', () => {
  it.each([{ ext_expires_in: 0 }, { ext_expires_in: '0' }, { refresh_in: 0 }, { refresh_in: '' }])(
    'with the useless advice %j still hold a good token',
    async (members) => {
      const { client } = await simulate({}, {}, withMembers(members))
      const token = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
      expect(token.source).toBe('password')
      expect(token).not.toHaveProperty('refreshOn')
    },
  )

  it('that repeat the assertion as XML lose their text', async () => {
    let assertion = ''
    const { client } = await simulate(
      {},
      {},
      onToken((response, request) => {
        assertion = Buffer.from(new URLSearchParams(request.body).get('assertion') ?? '', 'base64url').toString()
        const body = { error: 'invalid_grant', error_description: `AADSTS50008: bad token: ${assertion}` }
        return { ...response, status: 400, body: JSON.stringify(body) }
      }),
    )
    const error = await client
      .acquireTokenByUsernamePassword({ ...demo.fred, scopes })
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ error: 'invalid_grant', errorDescription: '[withheld]' })
    expect(`${error}${JSON.stringify(error)}`).not.toContain(assertion.slice(0, 60))
  })

  it.each(['x-ms-request-id', 'client-request-id', 'content-type'])(
    'that repeat the password in %s lose it',
    async (name) => {
      const echo = encodeURIComponent(demo.ada.password)
      const headers = {
        'content-type': 'application/json',
        [name]: name === 'content-type' ? `application/json; x=${echo}` : echo,
      }
      const { client } = await simulate(
        {},
        {},
        onToken(() => ({ status: 400, headers, body: '{"error":"invalid_grant"}' })),
      )
      const error = await client
        .acquireTokenByUsernamePassword({ ...demo.ada, scopes })
        .catch((reason: unknown) => reason)
      expect(JSON.stringify(error)).not.toContain(echo)
    },
  )

  it.each(['abcd', 'abcde', 'a€', 'p$&w'])(
    'that do not repeat the short password %s keep their text',
    async (password) => {
      const { client } = await simulate()
      await expect(client.acquireTokenByUsernamePassword({ ...demo.ada, password, scopes })).rejects.toMatchObject({
        errorDescription: expect.stringContaining('AADSTS50126'),
      })
    },
  )

  it('after which a refused refresh token still leads to the password, though its text was withheld', async () => {
    let refuse = false
    const { client } = await simulate(
      {},
      {},
      onToken((response, request) => {
        const token = new URLSearchParams(request.body).get('refresh_token')
        if (!refuse || token === null) return response
        return {
          ...response,
          status: 400,
          body: JSON.stringify({ error: 'invalid_grant', error_description: `bad: ${token}` }),
        }
      }),
    )
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    refuse = true
    const claims = '{"access_token":{}}'
    const token = await client.acquireToken({ ...account, scopes, claims, password: () => demo.ada.password })
    expect(token.source).toBe('password')
  })

  it('of a moved federation server make the next call read its metadata again', async () => {
    let moved = false
    const { client, steps, forget } = await simulate({}, {}, (request, next) =>
      moved && request.step === 'wstrust' ? Promise.resolve({ status: 404, headers: {}, body: '' }) : next(),
    )
    const signIn = () => client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    await signIn()
    moved = true
    await expect(signIn()).rejects.toMatchObject({ step: 'wstrust' })
    forget()
    moved = false
    await signIn()
    expect(steps).toEqual(['realm', 'mex', 'wstrust', 'token'])
  })
})
