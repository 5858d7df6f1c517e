import { describe, expect, it } from 'vitest'
import type { HttpRequest, HttpResponse } from '../../src/index.ts'
import { demoWorld } from '../../src/simulator/world.ts'
import { fixture } from '../fixtures.ts'
import { demo, simulate } from './simulated.ts'

const scopes = demo.scopes
const sts = 'https://sts.contoso.example'
const mexUrl = `${sts}/adfs/services/trust/mex`
const json = (body: unknown): HttpResponse => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const realm = {
  accountType: 'federated',
  metadataUrl: mexUrl,
  cloudAudience: 'urn:federation:MicrosoftOnline',
} as const

describe('an override changes the requests, and shows in the path', () => {
  it('flow: "managed" asks for no realm, and sends the password to the token endpoint', async () => {
    const { client, steps } = await simulate({ flow: 'managed' })
    const token = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(steps).toEqual(['token'])
    expect(token.path).toMatchObject({ type: 'managed', overrides: ['flow'] })
  })

  it('flow: "managed" gets a federated user the refusal of the cloud, after one credential request', async () => {
    const { client, steps } = await simulate({ flow: 'managed' })
    await expect(client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })).rejects.toMatchObject({
      errorCodes: [50126],
    })
    // The realm is asked for afterwards, without a credential, to say what the option led to.
    expect(steps).toEqual(['token', 'realm'])
  })

  it('flow: "federated" refuses a user whom Entra calls managed, before the password is sent', async () => {
    const { client, steps } = await simulate({ flow: 'federated' })
    await expect(client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).rejects.toMatchObject({
      code: 'ERR_UNSUPPORTED_ACCOUNT',
    })
    expect(steps).toEqual(['realm'])
  })

  it('flow: "federated" with a MEX URL asks Entra nothing about the user', async () => {
    const { client, steps } = await simulate({ flow: 'federated', mex: mexUrl })
    const token = await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    expect(steps).toEqual(['mex', 'wstrust', 'token'])
    expect(token.path).toMatchObject({ type: 'federated', overrides: ['flow', 'mex'] })
  })

  it('a realm given by hand saves the realm request', async () => {
    const { client, steps } = await simulate({ realm })
    const token = await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    expect(steps).toEqual(['mex', 'wstrust', 'token'])
    expect(token.path.overrides).toEqual(['realm'])
  })

  it('a MEX document given as text saves the MEX request', async () => {
    const { client, steps } = await simulate({ mex: fixture('mex/adfs-2019.xml') })
    const token = await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    expect(steps).toEqual(['realm', 'wstrust', 'token'])
    expect(token.path.overrides).toEqual(['mex'])
  })

  it('the WS-Trust version can be forced, or found missing', async () => {
    const { client } = await simulate({ wsTrustVersion: '2005' })
    const token = await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    expect(token.path).toMatchObject({ wsTrustVersion: '2005', overrides: ['wsTrustVersion'] })
    const farm = { ...demoWorld().farm, offer: ['2005'] as const }
    const only2005 = await simulate({ wsTrustVersion: '1.3' }, { world: { farm } })
    await expect(only2005.client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })).rejects.toMatchObject({
      code: 'ERR_NO_WSTRUST_ENDPOINT',
      message: expect.stringContaining('1.3'),
    })
    expect(only2005.credentialRequests()).toBe(0)
  })

  it('federationHosts justifies an endpoint on another host, by name and port', async () => {
    const elsewhere = (request: HttpRequest, next: () => Promise<HttpResponse>) =>
      request.step === 'mex'
        ? Promise.resolve({
            status: 200,
            headers: {},
            body: fixture('mex/only-13.xml').replaceAll(sts, () => 'https://proxy.contoso.example:8443'),
          })
        : next()
    const refused = await simulate({}, {}, elsewhere)
    await expect(refused.client.discover({ username: demo.fred.username })).rejects.toMatchObject({
      code: 'ERR_UNJUSTIFIED_HOST',
    })
    const otherPort = await simulate({ federationHosts: ['proxy.contoso.example'] }, {}, elsewhere)
    await expect(otherPort.client.discover({ username: demo.fred.username })).rejects.toMatchObject({
      code: 'ERR_UNJUSTIFIED_HOST',
    })
    const named = await simulate({ federationHosts: ['proxy.contoso.example:8443'] }, {}, elsewhere)
    expect(await named.client.discover({ username: demo.fred.username })).toMatchObject({
      sendTo: 'https://proxy.contoso.example:8443',
      path: { overrides: ['federationHosts'] },
    })
  })

  it('unknownRealm: "managed" tries the token endpoint for a domain that Entra does not know', async () => {
    const unknown = (request: HttpRequest, next: () => Promise<HttpResponse>) =>
      request.step === 'realm' ? Promise.resolve(json(fixture('realm/unknown.json'))) : next()
    const { client, steps } = await simulate({ unknownRealm: 'managed' }, {}, unknown)
    const token = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(steps).toEqual(['realm', 'token'])
    expect(token.path).toMatchObject({ fallbacks: [{ rule: 'realm.unknown' }], overrides: ['unknownRealm'] })
  })

  it('unknownRealm: "managed" gives way to flow: "federated"', async () => {
    const unknown = (request: HttpRequest, next: () => Promise<HttpResponse>) =>
      request.step === 'realm' ? Promise.resolve(json(fixture('realm/unknown.json'))) : next()
    const { client, credentialRequests } = await simulate({ unknownRealm: 'managed', flow: 'federated' }, {}, unknown)
    await expect(client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).rejects.toMatchObject({
      code: 'ERR_UNSUPPORTED_ACCOUNT',
    })
    expect(credentialRequests()).toBe(0)
  })

  it('cloudAudience is what the assertion is for', async () => {
    const { client, requests } = await simulate({ cloudAudience: 'urn:simulator:relying-party' })
    const { username, password } = demo.fred
    // The cloud refuses an assertion for somebody else; that it was asked for shows in the RST.
    await client.acquireTokenByUsernamePassword({ username, password, scopes }).catch(() => {})
    expect(requests.find(({ step }) => step === 'wstrust')?.body).toContain('>urn:simulator:relying-party<')
  })

  it('endpoints given by hand save the metadata request, and a metadata URL moves it', async () => {
    const byHand = await simulate(
      { tokenEndpoint: 'https://login.cloud.example/organizations/oauth2/v2.0/token' },
      { entraHost: 'login.cloud.example' },
    )
    const token = await byHand.client
      .acquireTokenByUsernamePassword({ ...demo.ada, scopes })
      .catch((error: unknown) => error)
    expect(byHand.steps).toEqual(['realm', 'token'])
    // Without metadata nothing says that the issuer names the tenant by its id.
    expect(token).toMatchObject({ code: 'ERR_ISSUER_MISMATCH' })
    const metadataUrl = 'https://login.cloud.example/organizations/v2.0/.well-known/openid-configuration'
    const moved = await simulate({ metadataUrl, instanceDiscovery: false }, { entraHost: 'login.cloud.example' })
    const answer = await moved.client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(moved.requests[0]?.url).toBe(metadataUrl)
    expect(answer.path.overrides).toEqual(['metadataUrl', 'instanceDiscovery'])
  })

  it('extra parameters and capabilities reach the token request, and nothing of the protocol can be replaced', async () => {
    const { client, requests } = await simulate({
      clientCapabilities: ['cp1'],
      extraBodyParameters: { slice: 'testslice' },
      extraQueryParameters: { dc: 'ESTS-PUB' },
      extraHeaders: { 'x-app-name': 'tests' },
    })
    const claims = '{"access_token":{"nbf":{"essential":true}}}'
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes, claims })
    const request = requests.at(-1)
    const body = new URLSearchParams(request?.body)
    expect(request?.url).toMatch(/token\?dc=ESTS-PUB$/)
    expect(request?.headers['x-app-name']).toBe('tests')
    expect(body.get('slice')).toBe('testslice')
    expect(JSON.parse(body.get('claims') ?? '')).toEqual({
      access_token: { nbf: { essential: true }, xms_cc: { values: ['cp1'] } },
    })
    for (const extra of [
      { extraBodyParameters: { password: 'x' } },
      { extraBodyParameters: { client_id: 'x' } },
      { extraHeaders: { Authorization: 'x' } },
    ]) {
      const owned = await simulate(extra)
      await expect(owned.client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).rejects.toMatchObject({
        name: 'InvalidArgumentError',
      })
      expect(owned.credentialRequests()).toBe(0)
    }
  })
})

describe('instance discovery', () => {
  const host = 'login.cloud.example'
  const discovery = (answer: HttpResponse) => (request: HttpRequest, next: () => Promise<HttpResponse>) =>
    request.url.includes('/common/discovery/instance') ? Promise.resolve(answer) : next()
  const urls = (requests: readonly HttpRequest[]) => requests.map(({ url }) => new URL(url).host)

  it('is asked of the worldwide cloud for an Entra host outside the table, once', async () => {
    const entry = { preferred_network: host, preferred_cache: host, aliases: [host] }
    const { client, requests, forget } = await simulate({}, { entraHost: host }, discovery(json({ metadata: [entry] })))
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(urls(requests)).toEqual(['login.microsoftonline.com', host, host, host])
    forget()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(urls(requests)).toEqual([host])
  })

  it('refuses a lookalike before any credential leaves', async () => {
    const lookalike = 'login.microsoftonline.com.evil.example'
    const invalid = {
      status: 400,
      headers: { 'content-type': 'application/json' },
      body: '{"error":"invalid_instance"}',
    }
    const { client, credentialRequests } = await simulate({}, { entraHost: lookalike }, discovery(invalid))
    await expect(client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).rejects.toMatchObject({
      code: 'ERR_UNKNOWN_AUTHORITY',
      hint: expect.stringContaining('knownAuthorities'),
    })
    expect(credentialRequests()).toBe(0)
  })

  it.each([
    ['cannot be reached', () => Promise.reject(new Error('no route'))],
    ['answers nonsense', () => Promise.resolve({ status: 200, headers: {}, body: '<html>' })],
  ])('never blocks a disconnected network: when it %s, the host stands for itself', async (_, answer) => {
    const { client, events, requests, forget } = await simulate(
      { runtime: { wait: async () => {} } },
      { entraHost: host },
      (request, next) => (request.url.includes('/common/discovery/instance') ? answer() : next()),
    )
    expect((await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).source).toBe('password')
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'INSTANCE_DISCOVERY' }))
    forget()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(urls(requests)).toEqual([host])
  })

  it.each([
    ['instanceDiscovery', { instanceDiscovery: false }],
    ['knownAuthorities', { knownAuthorities: [host] }],
  ])('is left out with %s', async (name, options) => {
    const { client, requests } = await simulate(options, { entraHost: host })
    const token = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(urls(requests)).toEqual([host, host, host])
    expect(token.path.overrides).toEqual([name])
  })
})
