import { describe, expect, it } from 'vitest'
import { recordTransport } from '../../src/cassette/record.ts'
import { replayTransport } from '../../src/cassette/replay.ts'
import { InvalidArgumentError, TransportError } from '../../src/errors.ts'
import { createRequest, type HttpResponse, type Transport } from '../../src/protocol/http.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { findLeaks, randomSecrets, secrecyContract } from '../contract/secrecy.ts'
import { ada, ask, countingRuntime, fred, record, scopes, simulatorOfCloud } from './recorded.ts'

describe('recordTransport', () => {
  it('keeps no name that somebody chose for a realm, a page or a proxy', async () => {
    const answers: HttpResponse[] = [
      { status: 401, headers: { 'www-authenticate': 'Basic realm="Zava HQ", Negotiate, Digest realm=Zava' }, body: '' },
      { status: 302, headers: { location: 'https://idp.example/u/zava' }, body: '' },
      { status: 302, headers: { location: '/zava' }, body: '' },
      { status: 302, headers: { location: 'zava:app' }, body: '' },
      { status: 302, headers: { location: 'https://idp.example\\zava/u' }, body: '' },
      { status: 403, headers: { 'content-type': 'text/html' }, body: '<html><title>Zava Filter</title>Zava</html>' },
    ]
    const inner: Transport = async ({ step }) => {
      const answer = answers.shift()
      if (answer === undefined) throw new TransportError('ERR_TRANSPORT_TLS', 'made by CN=Zava CA', { step })
      return answer
    }
    const recorder = recordTransport(inner, () => {})
    const url = 'https://login.microsoftonline.com/common/oauth2/v2.0/token'
    for (let call = 0; call < 7; call++) {
      const headers = { 'x-app-name': 'Zava' }
      await recorder(createRequest({ step: 'token', method: 'GET', url, headers })).catch(() => {})
    }
    const { exchanges } = await recorder.finish()
    expect(JSON.stringify(exchanges)).not.toMatch(/zava/i)
    expect(exchanges[0]?.response?.headers['www-authenticate']).toBe('Basic realm="", Negotiate, Digest realm=""')
    const locations = exchanges.slice(1, 5).map(({ response }) => response?.headers['location'])
    expect(locations).toEqual(['https://tenant1.example/', '/', '/', 'https://tenant1.example/'])
    expect(exchanges[5]?.response?.body).toMatch(/^<title>A page<\/title>\[dropped: /)
    expect(exchanges[6]?.failure?.code).toBe('ERR_TRANSPORT_TLS')
  })

  it.each([
    ['a part of a user name that can be nothing else', 'ada.lovelace', true],
    ['one with a tag behind it', 'ada.lovelace+news', true],
    ['one that may be the name of something', 'payroll', false],
    ['a host without a scheme', 'adfs01.zava.local', true],
  ])('refuses to keep %s, wherever a server puts it', async (_, name, isRefused) => {
    const user = name.includes('.local') ? 'ada@zava.local' : `${name}@zava.example`
    const body = JSON.stringify({
      [`x_${Buffer.from(name.replace('+news', '')).toString('hex')}`]: 1,
      error_description: `no ${user} at ${name}`,
    })
    const json = { 'content-type': 'application/json' }
    const recorder = recordTransport(
      async () => ({ status: 400, headers: json, body }),
      () => {},
    )
    await recorder(createRequest({ step: 'token', method: 'GET', url: 'https://idp.example/token', headers: {} }))
    const finished = recorder.finish().then(
      () => 'kept',
      (error: unknown) => (error as InvalidArgumentError).code,
    )
    expect(await finished).toBe(isRefused ? 'ERR_CASSETTE_LEAK' : 'kept')
  })

  it('loses nothing of a recording that is longer than a cassette', async () => {
    let sent = 0
    const inner: Transport = async () => {
      sent++
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: `{"error":"${'x'.repeat(sent === 1 ? 1_048_577 : 1)}"}`,
      }
    }
    const recorder = recordTransport(inner, () => {})
    const request = createRequest({ step: 'token', method: 'GET', url: 'https://idp.example/token', headers: {} })
    for (let count = 0; count < 1_000; count++) await recorder(request)
    await expect(recorder(request)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', step: 'token' })
    expect(sent).toBe(1_000)
    const { exchanges } = await recorder.finish()
    expect(exchanges).toHaveLength(1_000)
    expect(exchanges[0]?.response?.body).toBe('[dropped: 1,048,589 bytes of application/json]')
  })

  it('is full before no replay could read it, and says so before it sends', async () => {
    let sent = 0
    const json = { 'content-type': 'application/json' }
    const inner: Transport = async () => {
      sent++
      return { status: 200, headers: json, body: JSON.stringify({ error_description: 'x '.repeat(55_000) }) }
    }
    let text = ''
    const recorder = recordTransport(inner, (_, written) => {
      text = written
    })
    const request = createRequest({ step: 'token', method: 'GET', url: 'https://idp.example/token', headers: {} })
    const record = async (): Promise<never> => {
      for (;;) await recorder(request)
    }
    await expect(record()).rejects.toThrow('the cassette is full')
    expect(sent).toBe(Math.ceil(4_000_000 / 110_200))
    await recorder.finish()
    expect(replayTransport(text).left).toBe(sent)
  })

  it('refuses to be told of itself what no JSON has', async () => {
    const recorder = recordTransport((await simulatorOfCloud()).send, () => {})
    const circular: Record<string, unknown> = {}
    circular['itself'] = circular
    for (const options of [circular, { a: 1n }]) {
      const about = { client: { clientId: 'a', authority: 'https://a.example', options } }
      await expect(recorder.finish(about)).rejects.toMatchObject({ code: 'ERR_CASSETTE_INVALID' })
    }
  })

  it('changes nothing of what passes', async () => {
    const simulator = await simulatorOfCloud()
    const { client, finish } = record(simulator, ada.username)
    const result = await client.acquireTokenByUsernamePassword(ask(ada.username, ada.password))
    expect(result.account?.username).toBe(ada.username)
    expect(simulator.journal.map(({ kind }) => kind)).toEqual(['realm', 'token'])
    const { cassette } = await finish()
    expect(cassette.exchanges.map(({ request }) => request.method)).toEqual(['GET', 'POST'])
  })

  it.each([ada, fred])('writes nobody’s name, host, id, password or token: $username', async (user) => {
    // Random signatures would hold three letters of a name now and then.
    const simulator = await simulatorOfCloud({ deterministic: true, now: () => 1_900_000_000 })
    const { client, finish } = record(simulator, user.username, { runtime: countingRuntime() })
    const result = await client.acquireTokenByUsernamePassword(ask(user.username, user.password))
    const { text } = await finish()
    const decoded = text.replace(/eyJ[\w-]+/g, (part) => Buffer.from(part, 'base64url').toString())
    for (const real of [
      ...[user.username, user.username.split('@')[0], 'contoso', simulator.clientId, result.account?.tenantId],
      ...[result.account?.localAccountId, result.account?.name, 'S3cret', 'Pa$$w0rd', result.accessToken.split('.')[2]],
    ]) {
      expect(`${text}${decoded}`.toLowerCase(), real).not.toContain(real?.toLowerCase())
    }
  })

  it('writes the same bytes for the same scenario', async () => {
    const texts = await Promise.all(
      [1, 2].map(async () => {
        const source = countingRuntime()
        const simulator = await simulatorOfCloud({ now: () => 1_900_000_000, newId: source.newId })
        const { client, finish } = record(simulator, fred.username, { runtime: countingRuntime() })
        await client.acquireTokenByUsernamePassword(ask(fred.username, fred.password))
        return (await finish()).text
      }),
    )
    expect(texts[0]).toBe(texts[1])
  })

  it('over real sockets equals in-process but for the date header and origins that it was told to rename', async () => {
    const login = 'https://login.cloud.example'
    const options = { now: () => 1_900_000_000 }
    const inProcess = await createSimulator({ ...options, newId: countingRuntime().newId })
    const one = record(
      inProcess,
      fred.username,
      {
        runtime: countingRuntime(),
        origins: {
          'https://login.simulator.invalid': login,
          'https://sts.simulator.invalid': 'https://sts.contoso.example',
          'https://sts.simulator.invalid:49443': 'https://sts.contoso.example:49443',
        },
      },
      { instanceDiscovery: false },
    )
    await one.client.acquireTokenByUsernamePassword(ask(fred.username, fred.password))

    const simulator = await createSimulator({ ...options, newId: countingRuntime().newId })
    await using server = await simulator.listen()
    const { createHttpsTransport } = await import('../../src/transport/https-transport.ts')
    const transport = createHttpsTransport({ ca: server.ca })
    const origins = {
      [new URL(server.authority).origin]: login,
      [server.adfsOrigin]: 'https://sts.contoso.example',
      'https://127.0.0.1:49443': 'https://sts.contoso.example:49443',
    }
    const two = record(
      simulator,
      fred.username,
      { inner: transport, runtime: countingRuntime(), origins },
      { authority: server.authority, instanceDiscovery: false },
    )
    await two.client.acquireTokenByUsernamePassword(ask(fred.username, fred.password))
    const authority = server.authority
    const cassette = await two.recorder.finish({
      origin: 'simulator',
      client: { authority, clientId: simulator.clientId, username: fred.username },
    })
    await transport.close()
    const withoutDates = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value, (name, member: unknown) => (name === 'date' ? undefined : member)))
    expect(withoutDates(cassette)).toEqual(withoutDates((await one.finish()).cassette))
  })

  it('keeps a connection that failed', async () => {
    const simulator = await simulatorOfCloud({ inject: [{ route: 'token', fault: { type: 'reset' } }] })
    const { client, finish } = record(simulator, ada.username)
    const asked = ask(ada.username, ada.password)
    const error = await client.acquireTokenByUsernamePassword(asked).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_UNREACHABLE', step: 'token' })
    const { cassette } = await finish()
    expect(cassette.exchanges.at(-1)?.failure).toMatchObject({ code: 'ERR_TRANSPORT_UNREACHABLE' })
    expect(replayTransport(cassette).left).toBe(2)
  })

  it('refuses to write what shows a text that must not be seen, wherever a server puts it', async () => {
    const simulator = await simulatorOfCloud()
    const canary = 'Project Nightingale'
    const written: string[] = []
    const recorder = recordTransport(
      async (request) => {
        const response = await simulator.send(request)
        return { ...response, body: response.body.replace('"Managed"', `"Managed","federation_protocol":"${canary}"`) }
      },
      (_, text) => void written.push(text),
      { forbidden: [canary] },
    )
    await recorder({ step: 'realm', method: 'GET', headers: {}, url: realmUrl })
    const error: unknown = await recorder.finish().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ code: 'ERR_CASSETTE_LEAK' })
    expect(written).toEqual([])
  })

  it.each(['ada@contoso.example', 'https://sts.contoso.example', '7b3a1f52-4c1e-4a55-9d3e-1f0c5a7d2e01'])(
    'refuses to write %s where no pseudonym comes: in the name of a namespace',
    async (name) => {
      const recorder = recordTransport(answering(`<a xmlns="urn:${name}"><b>${name}</b></a>`), () => {})
      await recorder({ step: 'mex', method: 'GET', headers: {}, url: 'https://sts.contoso.example/mex' })
      await expect(recorder.finish()).rejects.toMatchObject({ code: 'ERR_CASSETTE_LEAK' })
    },
  )

  it('refuses to write a secret that an answer showed before it was known as one', async () => {
    const recorder = recordTransport(answering('<a xmlns="urn:correct-horse-7"/>'), () => {})
    await recorder({ step: 'mex', method: 'GET', headers: {}, url: 'https://sts.contoso.example/mex' })
    await recorder(passwordRequest('correct-horse-7'))
    await expect(recorder.finish()).rejects.toThrow('a secret')
  })

  it('leaves out a request that was not answered yet', async () => {
    const recorder = recordTransport(
      () => new Promise(() => {}),
      () => {},
    )
    void recorder({ step: 'realm', method: 'GET', headers: {}, url: realmUrl })
    expect((await recorder.finish()).exchanges).toEqual([])
  })

  it('renames an origin, and none that only begins like it', async () => {
    const body =
      '{"token_endpoint":"https://localhost:84/a","jwks_uri":"https://localhost:8443/b","issuer":"https://localhost/c"}'
    const recorder = recordTransport(answering(body, 'application/json'), () => {}, {
      origins: { 'https://localhost:84': 'https://login.microsoftonline.com' },
    })
    await recorder({ step: 'authority', method: 'GET', headers: {}, url: 'https://localhost:84/x' })
    expect((await recorder.finish()).exchanges[0]?.response?.body).toBe(
      body.replace('localhost:84/', 'login.microsoftonline.com/'),
    )
  })

  it('blanks the signatures of assertions, and gives each opaque token a name of its own', async () => {
    let at = 1_900_000_000
    const simulator = await simulatorOfCloud({ now: () => at })
    const { client, finish } = record(simulator, fred.username, {
      runtime: { now: () => at, newId: () => crypto.randomUUID() },
    })
    const { account } = await client.acquireTokenByUsernamePassword(ask(fred.username, fred.password))
    at += 4_000
    await client.acquireTokenSilent({ account: account ?? { username: '' }, scopes })
    const bodies = (await finish()).cassette.exchanges.map(({ response }) => response?.body ?? '')
    expect(bodies[2]).toMatch(/<(\S*SignatureValue)><\/\1>/)
    expect(bodies[3]).toContain('"published-refresh-token-1"')
    expect(bodies[4]).toContain('"published-refresh-token-2"')
  })

  it('gives the sink a check that finds what it should not have written', async () => {
    const simulator = await simulatorOfCloud()
    const recorder = recordTransport(simulator.send, (_, text, check) => check(`${text}${ada.password}`), {
      secrets: [new Secret(ada.password)],
    })
    await recorder({ step: 'realm', method: 'GET', headers: {}, url: realmUrl })
    await expect(recorder.finish()).rejects.toMatchObject({ code: 'ERR_CASSETTE_LEAK' })
  })

  secrecyContract(
    'cassettes, whatever a server answers',
    async (secrets) => {
      const outputs = await Promise.all(
        secrets.map(async (secret) => {
          let text = ''
          const answers = [
            JSON.stringify({ error: 'invalid_grant', error_description: `no: ${secret}`, suberror: secret }),
            JSON.stringify({ access_token: secret, refresh_token: secret, id_token: jwtOf(secret), scope: secret }),
            `<html><title>${secret}</title>${secret}</html>`,
          ]
          const recorder = recordTransport(
            async () => ({
              status: 400,
              headers: { 'content-type': 'application/json', a: secret },
              body: answers.pop() ?? '',
            }),
            (_, written) => {
              text = written
            },
          )
          for (let index = 0; index < 3; index++) await recorder(passwordRequest(secret))
          // A refusal to write is as good.
          await recorder.finish().catch(() => undefined)
          return text
        }),
      )
      expect(outputs.filter((text) => text !== '').length).toBeGreaterThan(secrets.length / 2)
      return outputs.join('\n')
    },
    { runs: 2, secretsPerRun: 20 },
  )

  it('is watched by a scan that can fail', () => {
    expect(findLeaks(randomSecrets(1)[0] ?? '')).not.toEqual([])
  })
})

const realmUrl = 'https://login.microsoftonline.com/common/userrealm/ada%40contoso.example?api-version=1.0'

function answering(body: string, type = 'text/xml'): Transport {
  return async () => ({ status: 200, headers: { 'content-type': type }, body })
}

function jwtOf(secret: string): string {
  const parts = [{ alg: 'RS256' }, { sub: secret, name: secret, [secret]: secret }]
  return [...parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')), 'c2lnbmF0dXJl'].join('.')
}

function passwordRequest(secret: string): ReturnType<typeof createRequest> {
  const body = new URLSearchParams({ grant_type: 'password', username: 'ada@contoso.example', password: secret })
  return createRequest({
    step: 'token',
    method: 'POST',
    url: 'https://login.microsoftonline.com/organizations/oauth2/v2.0/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: body.toString(),
    printableBody: '',
    secrets: [new Secret(secret)],
  })
}
