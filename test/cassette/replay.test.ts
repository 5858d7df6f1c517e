import { createLocalJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import type { Cassette } from '../../src/cassette/cassette.ts'
import { publishedJwks } from '../../src/cassette/published-key.ts'
import { CassetteMismatchError, replayTransport } from '../../src/cassette/replay.ts'
import type { TokenResult } from '../../src/client/token-result.ts'
import { ada, ask, clientOf, countingRuntime, fred, record, scopes, simulatorOfCloud } from './recorded.ts'

async function cassetteOf(user: typeof ada | typeof fred): Promise<{ cassette: Cassette; result: TokenResult }> {
  const simulator = await simulatorOfCloud()
  const { client, finish } = record(simulator, user.username)
  const result = await client.acquireTokenByUsernamePassword(ask(user.username, user.password))
  return { result, cassette: (await finish()).cassette }
}

const replayed = 'user1@tenant1.example'

describe('replayTransport', () => {
  it.each([ada, fred])('gives the recorded result to any password: $username', async (user) => {
    const { cassette, result } = await cassetteOf(user)
    const replay = replayTransport(JSON.stringify(cassette))
    const again = await clientOf(replay).acquireTokenByUsernamePassword(ask(replayed))
    expect(again).toMatchObject({
      ...{ scopes: result.scopes, expiresOn: result.expiresOn, source: 'password' },
      ...{ account: { username: replayed }, path: { type: result.path.type } },
    })
    replay.assertExhausted()
  })

  it('has tokens whose signatures verify with the published key', async () => {
    const simulator = await simulatorOfCloud()
    const { client, finish } = record(simulator, ada.username)
    const { idToken = '' } = await client.acquireTokenByUsernamePassword(ask(ada.username, ada.password))
    await client.verifyIdToken(idToken)
    const { cassette } = await finish()
    const replay = replayTransport(cassette)
    const again = clientOf(replay)
    const result = await again.acquireTokenByUsernamePassword(ask(replayed))
    await expect(again.verifyIdToken(result.idToken ?? '')).resolves.toBeDefined()
    replay.assertExhausted()
  })

  it('binds the name of the program’s own user, in what is asked and in what is answered', async () => {
    const { cassette } = await cassetteOf(fred)
    const own = "o'neill+x@corp.example"
    const replay = replayTransport(cassette, { username: own })
    const result = await clientOf(replay).acquireTokenByUsernamePassword(ask(own))
    expect(result.account?.username).toBe(own)
    // Its claims are others now, and so is its signature.
    const key = createLocalJWKSet({ keys: publishedJwks().keys.map((jwk) => ({ ...jwk })) })
    const { payload } = await jwtVerify(result.idToken ?? '', key, { currentDate: new Date(0) }).catch((error) => error)
    expect(payload).toMatchObject({ preferred_username: own })
    replay.assertExhausted()
  })

  it('fails as the connection did', async () => {
    const simulator = await simulatorOfCloud({ inject: [{ route: 'token', fault: { type: 'reset' } }] })
    const { client, finish } = record(simulator, ada.username)
    await client.acquireTokenByUsernamePassword(ask(ada.username, ada.password)).catch(() => undefined)
    const replay = replayTransport((await finish()).cassette)
    await expect(clientOf(replay).acquireTokenByUsernamePassword(ask(replayed))).rejects.toMatchObject({
      ...{ name: 'TransportError', code: 'ERR_TRANSPORT_UNREACHABLE', step: 'token' },
    })
    replay.assertExhausted()
  })

  it('gives calls that ask the very same each its own answer', async () => {
    const request = { method: 'GET', url: 'https://idp.example/.well-known/openid-configuration', headers: {} } as const
    const answered = (call: number) => ({
      ...{ call, ids: [`${call}`], clock: [call], request },
      response: { status: 200, headers: {}, body: `{"call":${call}}` },
    })
    const replay = replayTransport({ version: 1, exchanges: [answered(1), answered(2)] })
    for (const call of [1, 2]) replay.runtime.forCall?.(call).newId()
    const second = await replay({ ...request, step: 'authority' }, { call: 2 })
    expect(second.body).toBe('{"call":2}')
    expect((await replay({ ...request, step: 'authority' }, { call: 1 })).body).toBe('{"call":1}')
  })

  it.each([
    ['a header', { headers: { accept: 'text/html', soapaction: 'b' } }, 'header accept'],
    ['the query', { url: 'https://idp.example/a?api-version=2' }, 'query api-version'],
  ])('refuses %s that is another, whatever the order of the others', async (_, change, name) => {
    const request = {
      method: 'GET',
      url: 'https://idp.example/a?api-version=1',
      headers: { accept: 'a', soapaction: 'b' },
    } as const
    const near = { call: 1, ids: [], clock: [], request, response: { status: 200, headers: {}, body: '' } }
    const far = { ...near, request: { ...request, url: 'https://idp.example/b?api-version=1', headers: {} } }
    const replay = replayTransport({ version: 1, exchanges: [far, near] })
    const asked = replay({ ...request, step: 'authority', ...change })
    await expect(asked).rejects.toThrow(`the next like it, GET https://idp.example/a, differs in ${name}`)
    const same = { ...request, headers: { soapaction: 'b', accept: 'a' }, step: 'authority' } as const
    await expect(replay(same)).resolves.toMatchObject({ status: 200 })
  })

  it('binds no name to a cassette of nobody', async () => {
    const { cassette } = await cassetteOf(ada)
    const { client: _, ...nobody } = cassette
    expect(() => replayTransport(nobody, { username: 'ada@contoso.example' })).toThrow('which user')
  })

  it('refuses another request, says how it differs, and never again says that all is well', async () => {
    const { cassette } = await cassetteOf(ada)
    const replay = replayTransport(cassette)
    const client = clientOf(replay)
    const other = { ...ask(replayed), scopes: ['Mail.Read'] }
    const error: unknown = await client.acquireTokenByUsernamePassword(other).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CassetteMismatchError)
    expect(error).toMatchObject({
      code: 'ERR_CASSETTE_MISMATCH',
      step: 'token',
      diff: [
        '- field scope: User.Read openid profile offline_access',
        '+ field scope: Mail.Read openid profile offline_access',
      ].join('\n'),
    })
    expect((error as Error).message).toContain('differs in field scope')
    expect((error as Error).stack).toContain('+ field scope')
    expect(replay.left).toBe(1)
    expect(() => replay.assertExhausted()).toThrow(error as Error)
  })

  it('names the element of a SOAP message that differs', async () => {
    const { cassette } = await cassetteOf(fred)
    const replay = replayTransport(cassette)
    const asked = clientOf(replay, { cloudAudience: 'urn:federation:partner.microsoftonline.cn' })
    const error: unknown = await asked.acquireTokenByUsernamePassword(ask(replayed)).catch((thrown: unknown) => thrown)
    expect((error as CassetteMismatchError).diff).toMatch(
      /^- element \S+Address: urn:federation:MicrosoftOnline\n\+ element \S+Address: urn:federation:partner\.microsoftonline\.cn$/,
    )
  })

  it('shows no password in the difference', async () => {
    const { cassette } = await cassetteOf(ada)
    const [first, ...others] = cassette.exchanges
    const replay = replayTransport({
      ...cassette,
      exchanges: [first, ...others.map((exchange) => ({ ...exchange, request: first?.request }))],
    })
    const error: unknown = await clientOf(replay)
      .acquireTokenByUsernamePassword(ask(replayed, 'correct horse battery'))
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CassetteMismatchError)
    expect(`${(error as CassetteMismatchError).diff}${(error as Error).stack}`).not.toContain('horse')
  })

  it('says which requests were not made', async () => {
    const { cassette } = await cassetteOf(ada)
    const replay = replayTransport(cassette)
    expect(() => replay.assertExhausted()).toThrow('2 of the recorded requests were not made, first GET https://login')
  })

  it('answers each exchange once', async () => {
    const { cassette } = await cassetteOf(ada)
    const replay = replayTransport(cassette)
    await clientOf(replay).acquireTokenByUsernamePassword(ask(replayed))
    const error: unknown = await clientOf(replay)
      .acquireTokenByUsernamePassword(ask(replayed))
      .catch((thrown: unknown) => thrown)
    expect((error as Error).message).toContain('all of its exchanges were asked for')
  })

  it('replays two concurrent calls, each with its own ids and clock, whichever is answered first', async () => {
    const simulator = await simulatorOfCloud({ now: () => 1_900_000_000 })
    let turn = 0
    const inner: typeof simulator.send = async (request, options) => {
      await new Promise((resolve) => setTimeout(resolve, ++turn % 2 === 0 ? 2 : 12))
      return simulator.send(request, options)
    }
    const { client, finish } = record(simulator, fred.username, { inner, runtime: countingRuntime() })
    const both = [ask(fred.username, fred.password), { ...ask(fred.username, fred.password), scopes: ['Mail.Read'] }]
    const results = await Promise.all(both.map((asked) => client.acquireTokenByUsernamePassword(asked)))
    const { cassette } = await finish()
    expect(new Set(cassette.exchanges.map(({ call }) => call))).toEqual(new Set([1, 2]))

    const replay = replayTransport(cassette)
    const again = clientOf(replay)
    const replays = await Promise.all(
      both.map((asked) => again.acquireTokenByUsernamePassword({ ...asked, username: replayed })),
    )
    expect(replays.map(({ expiresOn }) => expiresOn)).toEqual(results.map(({ expiresOn }) => expiresOn))
    expect(replays.map(({ scopes: granted }) => granted)).toEqual(results.map(({ scopes: granted }) => granted))
    replay.assertExhausted()
  })

  it('replays a renewal with the refresh token, at the time of the recording', async () => {
    let at = 1_900_000_000
    const simulator = await simulatorOfCloud({ now: () => at })
    const clock = { now: () => at, newId: () => crypto.randomUUID() }
    const { client, finish } = record(simulator, ada.username, { runtime: clock })
    const { account } = await client.acquireTokenByUsernamePassword(ask(ada.username, ada.password))
    at += 4_000
    await client.acquireTokenSilent({ account: account ?? { username: '' }, scopes })
    const { cassette } = await finish()

    const replay = replayTransport(cassette)
    const again = clientOf(replay)
    await again.acquireTokenByUsernamePassword(ask(replayed))
    const renewed = await again.acquireTokenSilent({ account: { username: replayed }, scopes })
    expect(renewed.source).toBe('refresh_token')
    expect(renewed.expiresOn).toEqual(new Date((at + 3_600) * 1_000))
    replay.assertExhausted()
  })

  it.each([1_000_000_000, 4_000_000_000])(
    'finds in its cache what it stored, whatever the date is now: %d',
    async (at) => {
      const simulator = await simulatorOfCloud({ now: () => at })
      const clock = { now: () => at, newId: () => crypto.randomUUID() }
      const { client, finish } = record(simulator, ada.username, { runtime: clock })
      await client.acquireTokenByUsernamePassword(ask(ada.username, ada.password))
      const again = clientOf(replayTransport((await finish()).cassette))
      await again.acquireTokenByUsernamePassword(ask(replayed))
      expect((await again.acquireTokenSilent({ account: { username: replayed }, scopes })).source).toBe('cache')
    },
  )

  it('does not wait where the recording waited', async () => {
    const { runtime } = replayTransport((await cassetteOf(ada)).cassette)
    const startedAt = performance.now()
    await runtime.wait(3_600_000)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })

  it('ends with the signal', async () => {
    const { cassette } = await cassetteOf(ada)
    const replay = replayTransport(cassette)
    const request = { step: 'realm', method: 'GET', url: 'https://login.microsoftonline.com/', headers: {} } as const
    await expect(replay(request, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_TRANSPORT_ABORTED',
    })
  })
})
