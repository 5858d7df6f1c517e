import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  type ClientOptions,
  createRopcClient,
  type HttpRequest,
  type HttpResponse,
  isAuthError,
  Secret,
} from '../../src/index.ts'
import { fixture } from '../fixtures.ts'
import { demo, simulate } from './simulated.ts'

const scopes = demo.scopes
const secretOf = { managed: demo.ada.password, federated: demo.fred.password }

/** Runs a sign-in that must fail, and checks what every failure has in common. */
async function failure(
  setup: Awaited<ReturnType<typeof simulate>>,
  user: { username: string; password: string | Secret },
  request: object = {},
): Promise<Record<string, unknown> & Error> {
  const { client } = setup
  const error: unknown = await client.acquireTokenByUsernamePassword({ ...user, scopes, ...request }).then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  if (!isAuthError(error)) throw error
  expect(error).toMatchObject({
    code: expect.stringMatching(/^ERR_/),
    step: expect.any(String),
    hint: expect.any(String),
  })
  expect(error.message.length).toBeLessThanOrEqual(500)
  const shown = `${inspect(error, { depth: null, showHidden: true })}${JSON.stringify(error)}${error.stack}`
  for (const secret of Object.values(secretOf)) expect(shown).not.toContain(secret)
  expect(await client.getAccounts()).toEqual([])
  return error as never
}

const answer = (body: string, type: string, status = 200): HttpResponse => ({
  status,
  headers: { 'content-type': type },
  body,
})
const json = (body: unknown, status = 200) =>
  answer(typeof body === 'string' ? body : JSON.stringify(body), 'application/json', status)
const soap = (body: string, status = 200) => answer(body, 'application/soap+xml; charset=utf-8', status)
const instead = (step: string, response: HttpResponse) => (request: HttpRequest, next: () => Promise<HttpResponse>) =>
  request.step === step ? Promise.resolve(response) : next()

describe('arguments', () => {
  const halfSurrogate = 'a\ud800b'

  it.each([
    ['an empty user name', { username: '' }, 'realm'],
    ['a user name of 1025 characters', { username: 'a'.repeat(1_025) }, 'realm'],
    ['half a surrogate pair in the user name', { username: halfSurrogate }, 'realm'],
    ['an empty password', { password: '' }, 'token'],
    ['a blank password', { password: '   ' }, 'token'],
    ['a password of 1025 characters', { password: 'x'.repeat(1_025) }, 'token'],
    ['half a surrogate pair in the password', { password: halfSurrogate }, 'token'],
    ['a control character in the password', { password: 'a\u0007b' }, 'token'],
    ['the line end of a file in the password', { password: 'secret\n' }, 'token'],
    ['a C1 control character in the password', { password: 'a\u0085b' }, 'token'],
    ['a password that is a number', { password: 7 }, 'token'],
    ['empty scopes', { scopes: [] }, 'token'],
    ['scopes as a string', { scopes: 'User.Read' }, 'token'],
    ['an unknown option', { passwrod: 'x' }, 'authority'],
    ['claims that are not JSON', { claims: 'x' }, 'token'],
    ['a time limit of zero', { timeoutMs: 0 }, 'authority'],
    ['a correlation id with a line end', { correlationId: 'a\r\nb' }, 'authority'],
    ['a signal that is none', { signal: {} }, 'authority'],
    ['the tenant "common"', { tenantId: 'common' }, 'authority'],
  ])('%s is refused before anything is sent', async (_, change, step) => {
    const setup = await simulate()
    expect(await failure(setup, demo.ada, change)).toMatchObject({ name: 'InvalidArgumentError', step })
    expect(setup.steps).toEqual([])
  })

  it.each<[string, Partial<Record<keyof ClientOptions, unknown>>]>([
    ['no clientId', { clientId: undefined }],
    ['a clientId with a blank', { clientId: 'a b' }],
    ['an http authority', { authority: 'http://login.microsoftonline.com/organizations' }],
    ['an authority with a query', { authority: 'https://login.microsoftonline.com/organizations?x=1' }],
    ['an unknown option', { tenent: 'x' } as never],
    ['a transport beside ca', { transport: async () => json({}), ca: 'pem' }],
    ['a transport beside proxy', { transport: async () => json({}), proxy: 'env' }],
    ['a transport that is no function', { transport: {} }],
    ['an unknown runtime member', { runtime: { clock: () => 0 } }],
    ['offlineAccess as text', { offlineAccess: 'no' }],
  ])('createRopcClient refuses %s', (_, change) => {
    expect(() => createRopcClient({ clientId: 'c', ...change } as ClientOptions)).toThrow(
      expect.objectContaining({ name: 'InvalidArgumentError', hint: expect.any(String) }),
    )
  })

  it('the authority is organizations of the worldwide cloud unless named', async () => {
    const urls: string[] = []
    const transport = async ({ url }: HttpRequest) => {
      urls.push(url)
      return json(fixture('realm/unknown.json'))
    }
    const client = createRopcClient({ clientId: 'c', transport })
    await client.discover({ username: 'ada@contoso.example' }).catch(() => {})
    expect(urls).toEqual(['https://login.microsoftonline.com/common/userrealm/ada%40contoso.example?api-version=1.0'])
  })

  it.each([
    ['blanks around the password', { password: ' a ' }, 'PASSWORD_BLANKS'],
    ['blanks around the user name', { username: ' ada@contoso.example' }, 'USERNAME_BLANKS'],
  ])('%s are sent as they are, with a warning', async (_, change, code) => {
    const { client, events, requests } = await simulate()
    const user = { ...demo.ada, ...change }
    await client.acquireTokenByUsernamePassword({ ...user, scopes }).catch(() => {})
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code }))
    const sent = new URLSearchParams(requests.at(-1)?.body)
    if (requests.at(-1)?.step === 'token') expect(sent.get('password')).toBe(user.password)
    else expect(requests.at(-1)?.url).toContain('/%20ada%40')
  })

  it.each(['a#b', 'a/b', 'a%41b', 'a+b', 'a&b', 'a b', 'a<b'])(
    'a user called %s@… is looked up and signed in under that very name, managed and federated',
    async (local) => {
      for (const [domain, kind] of [
        ['contoso.example', 'managed'],
        ['fed.contoso.example', 'federated'],
      ] as const) {
        const username = `${local}@${domain}`
        const { demoWorld } = await import('../../src/simulator/world.ts')
        const model = demoWorld().users.find(
          (user) => user.username === (kind === 'managed' ? demo.ada : demo.fred).username,
        )
        if (model === undefined) throw new Error('no such demo user')
        const { client } = await simulate({}, { world: { users: [{ ...model, username }] } })
        const token = await client.acquireTokenByUsernamePassword({ username, password: model.password, scopes })
        expect(token).toMatchObject({ path: { type: kind }, account: { username } })
      }
    },
  )

  it.each(['a$&b', 'a$`b', "a$'b", 'a$$b', 'a<b', 'a]]>b', 'é€😀', 'a&amp;b', '%41+&='])(
    'the password %j reaches both servers as it is',
    async (password) => {
      const { demoWorld } = await import('../../src/simulator/world.ts')
      const users = demoWorld().users.map((user) => ({ ...user, password }))
      const { client } = await simulate({}, { world: { users } })
      for (const { username } of [demo.ada, demo.fred]) {
        expect(
          (await client.acquireTokenByUsernamePassword({ username, password: new Secret(password), scopes })).source,
        ).toBe('password')
      }
    },
  )
})

describe('answers', () => {
  const realmRows = [
    ['wrong types', 'realm/account-type-object.json', 'ERR_MALFORMED_RESPONSE'],
    ['a type nobody documented', 'realm/account-type-new.json', 'ERR_MALFORMED_RESPONSE'],
    ['a MEX address on http', 'realm/federated-http-mex.json', 'ERR_INSECURE_ENDPOINT'],
    ['no address of the federation server', 'realm/federated-no-addresses.json', 'ERR_MISSING_FIELD'],
    ['a personal account', 'realm/consumer.json', 'ERR_UNSUPPORTED_ACCOUNT'],
    ['an unknown domain', 'realm/unknown.json', 'ERR_UNSUPPORTED_ACCOUNT'],
  ] as const

  it.each(realmRows)('a realm with %s keeps the password here', async (_, file, code) => {
    const setup = await simulate({}, {}, instead('realm', json(fixture(file))))
    expect(await failure(setup, demo.ada)).toMatchObject({ code, step: 'realm' })
    expect(setup.credentialRequests()).toBe(0)
  })

  const federated = JSON.parse(fixture('realm/federated.json')) as Record<string, string>
  const noActiveUrl = json({ ...federated, federation_active_auth_url: undefined })

  it.each([
    ['truncated', 'mex/truncated.xml', 'ERR_MALFORMED_RESPONSE'],
    ['with a DOCTYPE', 'mex/doctype.xml', 'ERR_MALFORMED_RESPONSE'],
    ['with no username policy', 'mex/no-username-policy.xml', 'ERR_NO_WSTRUST_ENDPOINT'],
  ])('a MEX document %s keeps the password here when Entra has nothing else on file', async (_, file, code) => {
    const setup = await simulate({}, {}, async (request, next) => {
      if (request.step === 'realm') return noActiveUrl
      return request.step === 'mex' ? soap(fixture(file)) : next()
    })
    expect(await failure(setup, demo.fred)).toMatchObject({ code, step: 'mex' })
    expect(setup.credentialRequests()).toBe(0)
  })

  it('a MEX document of 2 MB is not read', async () => {
    const huge = fixture('mex/adfs-2019.xml').replace(
      '</wsdl:definitions>',
      () => `<!--${'x'.repeat(2_000_000)}--></wsdl:definitions>`,
    )
    const setup = await simulate({}, {}, async (request, next) => {
      if (request.step === 'realm') return noActiveUrl
      return request.step === 'mex' ? soap(huge) : next()
    })
    expect(await failure(setup, demo.fred)).toMatchObject({ code: 'ERR_TRANSPORT_TOO_LARGE', step: 'mex' })
  })

  it.each([
    ['another host', 'https://sts.contoso.example.evil.test/adfs/services/trust/13/usernamemixed'],
    ['another port', 'https://sts.contoso.example:49443/adfs/services/trust/13/usernamemixed'],
    ['a loopback address', 'https://127.0.0.1/adfs/services/trust/13/usernamemixed'],
  ])('a MEX document whose endpoint is on %s keeps the password here', async (_, url) => {
    const mex = fixture('mex/only-13.xml').replaceAll(
      'https://sts.contoso.example/adfs/services/trust/13/usernamemixed',
      () => url,
    )
    expect(mex).toContain(url)
    const setup = await simulate({}, {}, instead('mex', soap(mex)))
    expect(await failure(setup, demo.fred)).toMatchObject({ code: 'ERR_UNJUSTIFIED_HOST', step: 'wstrust' })
    expect(setup.credentialRequests()).toBe(0)
    // Nor is anybody asked for a password that has nowhere to go.
    let asked = false
    const password = () => {
      asked = true
      return demo.fred.password
    }
    const { username } = demo.fred
    await expect(setup.client.acquireToken({ username, scopes, password })).rejects.toMatchObject({ step: 'wstrust' })
    await expect(setup.client.discover({ username })).rejects.toMatchObject({ code: 'ERR_UNJUSTIFIED_HOST' })
    expect(asked).toBe(false)
  })

  it.each([
    ['cannot be read', 'mex/truncated.xml', 'ERR_MALFORMED_RESPONSE'],
    ['has a DOCTYPE', 'mex/doctype.xml', 'ERR_MALFORMED_RESPONSE'],
  ])('a MEX document that %s is stood in for by the endpoint on file, visibly', async (_, file, evidence) => {
    const { client, events, steps } = await simulate({}, {}, instead('mex', soap(fixture(file))))
    const token = await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    expect(token.path).toMatchObject({
      type: 'federated',
      wsTrustVersion: '2005',
      fallbacks: [{ rule: 'mex.unavailable', ok: false, evidence }],
    })
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'MEX_FALLBACK' }))
    expect(steps).toEqual(['realm', 'mex', 'wstrust', 'token'])
  })

  it('a MEX document that cannot be fetched is stood in for, unless it was the caller who gave up', async () => {
    const runtime = { wait: async () => {} }
    const down = async (request: HttpRequest, next: () => Promise<HttpResponse>) => {
      if (request.step === 'mex') throw Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' })
      return next()
    }
    const { client, steps } = await simulate({ runtime }, {}, down)
    const token = await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    expect(token.path.fallbacks).toMatchObject([{ rule: 'mex.unavailable', evidence: 'ERR_TRANSPORT_UNREACHABLE' }])
    expect(steps).toEqual(['realm', 'mex', 'mex', 'wstrust', 'token'])

    const controller = new AbortController()
    const given = await simulate({}, {}, (request, next) => {
      if (request.step === 'mex') controller.abort()
      return next()
    })
    const { signal } = controller
    await expect(given.client.acquireTokenByUsernamePassword({ ...demo.fred, scopes, signal })).rejects.toMatchObject({
      name: 'AbortError',
      step: 'mex',
    })
    expect(given.events).not.toContainEqual(expect.objectContaining({ type: 'warning' }))
  })

  it('a domain that was unknown a moment ago is asked for again', async () => {
    let added = false
    const { client } = await simulate({}, {}, (request, next) =>
      request.step === 'realm' && !added ? Promise.resolve(json(fixture('realm/unknown.json'))) : next(),
    )
    const attempt = () => client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    await expect(attempt()).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED_ACCOUNT' })
    added = true
    expect((await attempt()).source).toBe('password')
  })

  it('a realm that names no MEX document leads to the endpoint on file, visibly', async () => {
    const { federation_metadata_url: _, ...realm } = federated
    const { client, steps } = await simulate({}, {}, instead('realm', json(realm)))
    const token = await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    expect(token.path).toMatchObject({ fallbacks: [{ rule: 'realm.no-metadata-url' }] })
    expect(steps).toEqual(['realm', 'wstrust', 'token'])
  })

  it('a MEX document that offers no username endpoint is not stood in for: the server has said no', async () => {
    const setup = await simulate({}, {}, instead('mex', soap(fixture('mex/no-username-policy.xml'))))
    expect(await failure(setup, demo.fred)).toMatchObject({ code: 'ERR_NO_WSTRUST_ENDPOINT' })
    expect(setup.credentialRequests()).toBe(0)
  })

  it.each([
    ['two assertions', 'rstr/two-assertions.xml', 'ERR_MALFORMED_RESPONSE'],
    ['an encrypted one', 'rstr/encrypted.xml', 'ERR_UNSUPPORTED_ASSERTION'],
    ['a fault beside a token', 'rstr/fault-beside-token.xml', 'ERR_SOAP_FAULT'],
  ])('a response with %s ends the sign-in at the federation server', async (_, file, code) => {
    const setup = await simulate({}, {}, instead('wstrust', soap(fixture(file))))
    expect(await failure(setup, demo.fred)).toMatchObject({ code, step: 'wstrust' })
    expect(setup.steps.at(-1)).toBe('wstrust')
    expect(setup.credentialRequests()).toBe(1)
  })

  it.each([
    ['{}', json({}), 'ERR_MISSING_FIELD'],
    ['HTML', answer('<html></html>', 'text/html'), 'ERR_MALFORMED_RESPONSE'],
    ['502', answer('<html>Bad Gateway</html>', 'text/html', 502), 'ERR_UNEXPECTED_STATUS'],
    ['an empty body', answer('', 'application/json'), 'ERR_MALFORMED_RESPONSE'],
    ['an error with status 200', json(fixture('token/error-with-status-200.json')), 'ERR_TOKEN_ENDPOINT'],
    ['a token that is not bearer', json(fixture('token/not-bearer.json')), 'ERR_UNSUPPORTED_TOKEN_TYPE'],
  ])('the token answer %s is a typed error after one credential request', async (_, response, code) => {
    const setup = await simulate({}, {}, instead('token', response))
    expect(await failure(setup, demo.ada)).toMatchObject({ code, step: 'token' })
    expect(setup.credentialRequests()).toBe(1)
  })

  it.each([
    ['another client', { aud: 'somebody-else' }, 'ERR_AUDIENCE_MISMATCH'],
    ['another issuer', { iss: 'https://evil.test/v2.0' }, 'ERR_ISSUER_MISMATCH'],
  ])('an id_token for %s is refused with all that came with it', async (_, change, code) => {
    const setup = await simulate({}, {}, async (request, next) => {
      const response = await next()
      if (request.step !== 'token') return response
      const body = JSON.parse(response.body)
      const [header, payload] = body.id_token.split('.')
      const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...change }
      body.id_token = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
      return { ...response, body: JSON.stringify(body) }
    })
    expect(await failure(setup, demo.ada)).toMatchObject({ code, step: 'id_token' })
  })

  it('a wrong clock is a warning: it does not change who the user is', async () => {
    const { client, events } = await simulate({ runtime: { now: () => 1_800_010_000 } }, { now: () => 1_800_000_000 })
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(events).toContainEqual(expect.objectContaining({ code: 'ID_TOKEN_TIME' }))
  })

  it('no id_token is no error: client_info names the account', async () => {
    const strip =
      (...names: string[]) =>
      async (request: HttpRequest, next: () => Promise<HttpResponse>) => {
        const response = await next()
        if (request.step !== 'token') return response
        const entries = Object.entries(JSON.parse(response.body)).filter(([name]) => !names.includes(name))
        return { ...response, body: JSON.stringify(Object.fromEntries(entries)) }
      }
    const { client } = await simulate({}, {}, strip('id_token'))
    const token = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(token).toMatchObject({ account: { username: demo.ada.username, environment: 'login.windows.net' } })
    expect(token).not.toHaveProperty('idTokenClaims')
    const nameless = await simulate({}, {}, strip('id_token', 'client_info'))
    const without = await nameless.client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(without).not.toHaveProperty('account')
    expect(nameless.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'NO_ACCOUNT' }))
    expect(await nameless.client.getAccounts()).toEqual([])
  })

  it("a user's own transport that followed a redirect is found out", async () => {
    const setup = await simulate({}, {}, async (request, next) =>
      request.step === 'token' ? { ...(await next()), url: 'https://evil.test/token' } : next(),
    )
    expect(await failure(setup, demo.ada)).toMatchObject({ code: 'ERR_TRANSPORT_REDIRECT', step: 'token' })
  })

  it('a refusal that repeats the password loses its text, not its code', async () => {
    for (const write of [String, encodeURIComponent, (text: string) => Buffer.from(text).toString('base64')]) {
      const setup = await simulate({}, {}, async (request, next) => {
        if (request.step !== 'token') return next()
        const body = {
          error: 'invalid_grant',
          error_description: `AADSTS50126: ${write(demo.ada.password)} is wrong.`,
          error_codes: [50126],
        }
        return json(body, 400)
      })
      expect(await failure(setup, demo.ada)).toMatchObject({
        code: 'ERR_TOKEN_ENDPOINT',
        errorCodes: [50126],
        errorDescription: '[withheld]',
        message: expect.stringContaining('repeats the credential'),
      })
    }
  })
})

describe('a discovery request', () => {
  const flaky = (status: number, headers: Record<string, string> = {}) => {
    let first = true
    return (request: HttpRequest, next: () => Promise<HttpResponse>) => {
      if (request.step !== 'realm' || !first) return next()
      first = false
      return Promise.resolve({ status, headers, body: '' })
    }
  }

  it('is repeated once after 503, waiting as long as the server says, but not longer than ten seconds', async () => {
    for (const [retryAfter, waited] of [
      [undefined, 1_000],
      ['3', 3_000],
      ['3600', 10_000],
      ['soon', 1_000],
    ] as const) {
      const waits: number[] = []
      const wait = async (ms: number) => void waits.push(ms)
      const { client, steps } = await simulate(
        { runtime: { wait } },
        {},
        flaky(503, retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
      )
      await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
      expect([steps, waits]).toEqual([['realm', 'realm', 'token'], [waited]])
    }
  })

  it('is not repeated after 404, nor a second time', async () => {
    const runtime = { wait: async () => {} }
    const refused = await simulate({ runtime }, {}, instead('realm', json({}, 404)))
    expect(await failure(refused, demo.ada)).toMatchObject({ code: 'ERR_UNEXPECTED_STATUS', step: 'realm' })
    expect(refused.steps).toEqual(['realm'])
    const down = await simulate({ runtime }, {}, instead('realm', json({}, 500)))
    await failure(down, demo.ada)
    expect(down.steps).toEqual(['realm', 'realm'])
  })

  it('stops waiting when the call is aborted or runs out of time', async () => {
    const { client } = await simulate({}, {}, flaky(503))
    const request = { ...demo.ada, scopes }
    await expect(client.acquireTokenByUsernamePassword({ ...request, timeoutMs: 30 })).rejects.toMatchObject({
      code: 'ERR_TRANSPORT_TIMEOUT',
      step: 'realm',
    })
    const again = await simulate({}, {}, flaky(503))
    const signal = AbortSignal.abort()
    await expect(again.client.acquireTokenByUsernamePassword({ ...request, signal })).rejects.toMatchObject({
      name: 'AbortError',
    })
    expect(again.steps).toEqual([])
  })
})

it('the caller may name another tenant for one call', async () => {
  const { client, requests, simulator } = await simulate({
    authority: 'https://login.microsoftonline.com/organizations',
  })
  const tenantId = new URL(simulator.authority).pathname.slice(1)
  const token = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes, tenantId })
  expect(token.path.overrides).toEqual(['tenantId'])
  expect(requests.at(-1)?.url).toBe(`https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`)
  const account = { username: demo.ada.username }
  expect((await client.acquireTokenSilent({ account, scopes, tenantId })).accessToken).toBe(token.accessToken)
  const home = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
  expect((await client.acquireTokenSilent({ account, scopes })).accessToken).toBe(home.accessToken)
})

it('nothing in src reads the environment, so that no variable can change where a password goes', () => {
  // The CLI and the proxy option read it on request; the client never does.
  for (const file of ['client/client.ts', 'client/guard.ts', 'client/discovery.ts', 'client/options.ts']) {
    expect(readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')).not.toContain('process.env')
  }
})
