import { describe, expect, it } from 'vitest'
import { demoWorld } from '../../src/simulator/world.ts'
import { demo, simulate } from './simulated.ts'

describe('the requests of a sign-in on a known cloud', () => {
  it('are realm and token for a managed user, and the token alone when the realm is known', async () => {
    const { client, steps, forget } = await simulate()
    const first = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: demo.scopes })
    expect(steps).toEqual(['realm', 'token'])
    expect(first).toMatchObject({
      source: 'password',
      path: { type: 'managed', fallbacks: [] },
      passwordSentTo: 'https://login.microsoftonline.com',
      account: { username: demo.ada.username },
    })
    forget()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: demo.scopes })
    expect(steps).toEqual(['token'])
  })

  it('are realm, MEX, RST and token for a federated user, then RST and token', async () => {
    const { client, simulator, steps, forget, credentialRequests } = await simulate()
    const first = await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes: demo.scopes })
    expect(steps).toEqual(['realm', 'mex', 'wstrust', 'token'])
    expect(first.path).toEqual({
      type: 'federated',
      wsTrustVersion: '1.3',
      endpoint: 'https://sts.contoso.example/adfs/services/trust/13/usernamemixed',
      fallbacks: [],
      overrides: [],
    })
    expect(first.passwordSentTo).toBe('https://sts.contoso.example')
    expect(simulator.journal.at(-1)).toMatchObject({ kind: 'token', assertionSignatureVerified: true })
    forget()
    await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes: demo.scopes })
    expect(steps).toEqual(['wstrust', 'token'])
    // The password to the federation server, the assertion to the token endpoint: each once.
    expect(credentialRequests()).toBe(2)
  })

  it('are none for a silent call', async () => {
    const { client, steps, forget } = await simulate()
    for (const user of [demo.ada, demo.fred]) {
      await client.acquireTokenByUsernamePassword({ ...user, scopes: demo.scopes })
      forget()
      const again = await client.acquireTokenSilent({ account: { username: user.username }, scopes: ['user.read'] })
      expect(again).toMatchObject({ source: 'cache', path: { type: 'silent' } })
      expect(steps).toEqual([])
    }
  })

  it('send one correlation id throughout, and the password to the federation server only', async () => {
    const { client, requests } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes: demo.scopes, correlationId: 'c-42' })
    const [, , rst, token] = requests
    expect(requests.map(({ headers }) => headers['client-request-id'])).toEqual(['c-42', 'c-42', 'c-42', 'c-42'])
    expect(rst?.body).toContain('S3cret')
    expect(token?.body).not.toMatch(/S3cret|password=/)
  })

  it('are realm, MEX and RST for a SAML assertion, which goes no further', async () => {
    const { client, steps } = await simulate()
    const saml = await client.acquireSamlAssertion({ ...demo.fred, appliesTo: 'urn:simulator:relying-party' })
    expect(steps).toEqual(['realm', 'mex', 'wstrust'])
    expect(saml).toMatchObject({ version: '1.1', passwordSentTo: 'https://sts.contoso.example' })
    expect(saml.xml.reveal()).toContain('urn:simulator:relying-party')
  })

  it('are realm and MEX for a look at where the password would go', async () => {
    const { client, steps, credentialRequests } = await simulate()
    expect(await client.discover({ username: demo.fred.username })).toMatchObject({
      sendTo: 'https://sts.contoso.example',
      wsTrust: { version: '1.3' },
      path: { type: 'federated' },
    })
    expect(steps).toEqual(['realm', 'mex'])
    expect(credentialRequests()).toBe(0)
  })

  it('use WS-Trust 2005 where the federation server offers nothing else, and SAML 2.0 where it issues that', async () => {
    const only2005 = await simulate({}, { world: { farm: { ...demoWorld().farm, offer: ['2005'] } } })
    const first = await only2005.client.acquireTokenByUsernamePassword({ ...demo.fred, scopes: demo.scopes })
    expect(first.path).toMatchObject({ type: 'federated', wsTrustVersion: '2005' })
    const saml2 = await simulate()
    const username = 'saml2@fed.contoso.example'
    await saml2.client.acquireTokenByUsernamePassword({ ...demo.fred, username, scopes: demo.scopes })
    expect(saml2.requests.at(-1)?.body).toContain('saml2-bearer')
  })

  it('begin with the OpenID configuration on a host that is not in the table, once', async () => {
    const { client, simulator, steps, forget } = await simulate(
      { knownAuthorities: ['login.cloud.example'] },
      { entraHost: 'login.cloud.example' },
    )
    expect(simulator.authority).toContain('login.cloud.example')
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: demo.scopes })
    expect(steps).toEqual(['authority', 'realm', 'token'])
    forget()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: demo.scopes })
    expect(steps).toEqual(['token'])
  })
})

describe('a refusal', () => {
  it('comes after exactly one request with the credential, and leaves nothing in the cache', async () => {
    const { client, simulator, forget, credentialRequests } = await simulate()
    const refused = simulator.users.filter(({ expect: code }) => code !== undefined)
    expect(refused.length).toBeGreaterThanOrEqual(8)
    for (const { username, password, kind, expect: code } of refused) {
      forget()
      const error: unknown = await client
        .acquireTokenByUsernamePassword({ username, password, scopes: demo.scopes })
        .catch((reason: unknown) => reason)
      expect(error, username).toHaveProperty('hint')
      expect(JSON.stringify(error) + String(error), username).toContain(code?.replace('AADSTS', ''))
      // A federated user refused by the cloud has passed the federation server: password once, assertion once.
      expect(credentialRequests(), username).toBe(kind === 'federated' && code?.startsWith('AADSTS') ? 2 : 1)
      expect(await client.getAccounts()).toEqual([])
    }
  })

  it.each([
    ['a wrong password', { ...demo.ada, password: 'Wr0ng!' }, { name: 'TokenEndpointError', errorCodes: [50126] }],
    ['an unknown user', { ...demo.ada, username: 'nobody@contoso.example' }, { errorCodes: [50034] }],
    ['a wrong password at AD FS', { ...demo.fred, password: 'Wr0ng!' }, { name: 'SoapFaultError', idCode: 'ID3242' }],
  ])('of %s is told with its code and a hint', async (_, user, facts) => {
    const { client, credentialRequests } = await simulate()
    const attempt = client.acquireTokenByUsernamePassword({ ...user, scopes: demo.scopes })
    await expect(attempt).rejects.toMatchObject({ ...facts, hint: expect.any(String) })
    expect(credentialRequests()).toBe(1)
  })

  it('of MFA is an InteractionRequiredError, told by suberror', async () => {
    const { client } = await simulate()
    const username = 'mfa@contoso.example'
    await expect(
      client.acquireTokenByUsernamePassword({ ...demo.ada, username, scopes: demo.scopes }),
    ).rejects.toMatchObject({ code: 'ERR_INTERACTION_REQUIRED', reason: 'basic_action', errorCodes: [50076] })
  })

  it('of the client names the application', async () => {
    for (const [clientId, code] of [
      ['99999999-9999-4999-8999-999999999999', 700016],
      ['1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8', 7000218],
    ] as const) {
      const { client } = await simulate({ clientId })
      await expect(client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: demo.scopes })).rejects.toMatchObject({
        name: 'TokenEndpointError',
        errorCodes: [code],
      })
    }
  })

  it('makes the next call ask for the realm again, so that a domain that moves is noticed', async () => {
    const { client, steps, forget } = await simulate()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: demo.scopes })
    await client.acquireTokenByUsernamePassword({ ...demo.ada, password: 'x', scopes: demo.scopes }).catch(() => {})
    forget()
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: demo.scopes })
    expect(steps).toEqual(['realm', 'token'])
  })
})
