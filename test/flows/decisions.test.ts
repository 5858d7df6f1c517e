import { describe, expect, it } from 'vitest'
import { messageOf } from '../../src/client/messages.ts'
import { type ClientEvent, createRopcClient } from '../../src/index.ts'
import { fixture } from '../fixtures.ts'
import { demo, simulate } from './simulated.ts'

const scopes = demo.scopes
type EventOf<T extends ClientEvent['type']> = Extract<ClientEvent, { type: T }>
const of = <T extends ClientEvent['type']>(events: readonly ClientEvent[], type: T): EventOf<T>[] =>
  events.filter((event): event is EventOf<T> => event.type === type)

describe('events tell what was decided, from what, and what was read', () => {
  it('of a federated sign-in: every decision with all that it was chosen from', async () => {
    const { client, events, simulator } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    expect(of(events, 'run.start')).toMatchObject([
      {
        operation: 'acquireTokenByUsernamePassword',
        clientId: simulator.clientId,
        username: demo.fred.username,
        scopes,
        authority: { kind: 'entra', url: simulator.authority },
        startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    ])
    const decisions = of(events, 'decision')
    expect(decisions.map(({ question, chosen }) => [question, chosen])).toEqual([
      ['authority kind', 'entra'],
      ['endpoints', 'by convention'],
      ['account type', 'federated'],
      ['WS-Trust endpoint', 'https://sts.contoso.example/adfs/services/trust/13/usernamemixed'],
      ['grant', 'urn:ietf:params:oauth:grant-type:saml1_1-bearer'],
    ])
    for (const { candidates } of decisions) expect(candidates.filter(({ ok }) => ok)).toHaveLength(1)
    const mex = decisions.find(({ question }) => question === 'WS-Trust endpoint')
    expect(mex?.candidates.find(({ ok }) => ok)).toMatchObject({ rule: 'mex.ok', version: '1.3', url: mex?.chosen })
    expect(mex?.candidates).toContainEqual(
      expect.objectContaining({ rule: 'mex.version.superseded', ok: false, version: '2005', evidence: '1.3' }),
    )
    expect(of(events, 'parse').map(({ what, hop }) => [what, hop])).toEqual([
      ['user realm', 1],
      ['MEX document', 2],
      ['SAML assertion', 3],
      ['token response', 4],
      ['id_token', 4],
    ])
    expect(of(events, 'parse')[2]?.facts).toMatchObject({
      version: '1.1',
      audiences: ['urn:federation:MicrosoftOnline'],
      signed: true,
      attributes: expect.arrayContaining(['ImmutableID']),
    })
    expect(of(events, 'parse')[4]?.checks).toContainEqual(
      expect.objectContaining({ rule: 'id_token.signature-skipped', ok: true }),
    )
  })

  it('of a SAML 2.0 assertion the same facts', async () => {
    const { client, events, simulator } = await simulate()
    const { username, password } = simulator.users.find((user) => user.username.startsWith('saml2@')) ?? {}
    if (username === undefined || password === undefined) throw new Error('no saml2 in the demo world')
    await client.acquireTokenByUsernamePassword({ username, password, scopes })
    expect(of(events, 'parse').find(({ what }) => what === 'SAML assertion')?.facts).toMatchObject({
      version: '2.0',
      signed: true,
      signatureAlgorithm: expect.stringMatching(/rsa-sha256$/),
      audiences: ['urn:federation:MicrosoftOnline'],
      issuer: expect.any(String),
      nameIdFormat: expect.any(String),
      authenticationMethod: expect.any(String),
    })
    expect(of(events, 'decision').at(-1)?.chosen).toBe('urn:ietf:params:oauth:grant-type:saml2-bearer')
  })

  it('of metadata without an endpoint for passwords: each endpoint with the reason, and that none was chosen', async () => {
    const { client, events } = await simulate({ mex: fixture('mex/no-username-policy.xml') })
    await expect(client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })).rejects.toMatchObject({
      code: 'ERR_NO_WSTRUST_ENDPOINT',
    })
    const decision = of(events, 'decision').at(-1)
    expect(decision).toMatchObject({ question: 'WS-Trust endpoint', chosen: 'none' })
    expect(decision?.candidates.length).toBeGreaterThan(1)
    expect(decision?.candidates.filter(({ ok }) => ok)).toEqual([])
  })

  it('of a fallback: that the metadata failed, and what stood in', async () => {
    const { client, events } = await simulate({ runtime: { wait: async () => {} } }, {}, async (request, next) =>
      request.step === 'mex' ? { status: 500, headers: {}, body: '' } : next(),
    )
    await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    expect(of(events, 'decision').find(({ question }) => question === 'WS-Trust endpoint')?.candidates).toMatchObject([
      { rule: 'mex.unavailable', ok: false, evidence: 'ERR_UNEXPECTED_STATUS' },
      { rule: 'mex.fallback.active-auth-url', ok: true, version: '2005' },
    ])
  })

  it('of the cache: what it was searched by, and why not', async () => {
    const { client, events } = await simulate()
    const { account } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    if (account === undefined) throw new Error('ada has an account')
    await client.acquireTokenSilent({ account, scopes })
    await client.acquireTokenSilent({ account, scopes: ['Mail.Read'] })
    const { homeAccountId, environment } = account
    expect(of(events, 'cache')).toMatchObject([
      { hit: true, key: { homeAccountId, environment, scopes } },
      { hit: false, key: { scopes: ['Mail.Read'] }, reasons: [{ rule: 'cache.access-token.scopes', ok: false }] },
    ])
  })

  it('of a refusal: what the server said, where to look, what else there is', async () => {
    const { client, events } = await simulate()
    const wrong = { ...demo.ada, password: 'Not+the-p4ssword', scopes }
    await expect(client.acquireTokenByUsernamePassword(wrong)).rejects.toThrow()
    expect(of(events, 'error')).toMatchObject([
      {
        name: 'TokenEndpointError',
        code: 'ERR_TOKEN_ENDPOINT',
        step: 'token',
        hint: expect.stringContaining('password'),
        whereToLook: expect.stringContaining('Sign-in logs'),
        facts: { error: 'invalid_grant', errorCodes: ['50126'], status: 400 },
      },
    ])
  })

  it('and the messages themselves to the trace alone: no event holds one', async () => {
    const { client, events } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    const [request] = of(events, 'http.request').slice(-1)
    const [response] = of(events, 'http.response').slice(-1)
    if (request === undefined || response === undefined) throw new Error('there was a request')
    expect(messageOf(request)?.request.body).toContain('grant_type=password')
    expect(messageOf(response)?.response?.status).toBe(200)
    expect(messageOf({ ...request })).toBeUndefined()
    expect(JSON.stringify(events)).not.toContain('grant_type')
    expect(Object.values(request).some((value) => typeof value === 'object')).toBe(false)
  })

  it('and nothing is described where nobody listens', async () => {
    const { simulator } = await simulate()
    const { clientId, authority, send: transport } = simulator
    const client = createRopcClient({ clientId, authority, transport, suppressWarnings: ['ROPC_BCP', 'ROPC_MFA'] })
    expect((await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })).source).toBe('password')
  })
})
