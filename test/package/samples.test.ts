import { describe, expect, it } from 'vitest'
import { createRopcClient, type PasswordAsk, Secret } from '../../src/index.ts'
import { createSimulator } from '../../src/simulator/simulator.ts'
import {
  buildMexRequest,
  buildSecurityTokenRequest,
  chooseWsTrustEndpoint,
  parseMexDocument,
  parseSecurityTokenResponse,
} from '../../src/wstrust.ts'

// Compiled under strict with noUncheckedIndexedAccess (tsconfig.json), and run here.
describe('the samples of the documentation', () => {
  it('sign in, come back silently, look before they leap, and clean up', async () => {
    const simulator = await createSimulator({ entraHost: 'login.microsoftonline.com', adfsHost: 'sts.contoso.example' })
    const { clientId, authority, send: transport } = simulator
    const { username, password } = simulator.users.find(({ kind, expect }) => kind === 'federated' && !expect) ?? {}
    if (username === undefined || password === undefined) throw new Error('the demo world has a federated user')
    const scopes = ['User.Read']
    const appliesTo = 'urn:simulator:relying-party'
    const prompt = async (question: string): Promise<string> => {
      expect(question).toBe('Password for https://sts.contoso.example')
      return password
    }

    const client = createRopcClient({ clientId, authority, transport })
    const token = await client.acquireToken({
      username,
      scopes,
      password: async (ask: PasswordAsk) => prompt(`Password for ${ask.sendTo}`),
    })
    const fresh = await client.acquireTokenByUsernamePassword({ username, password, scopes })
    const again = await client.acquireTokenSilent({ account: { username }, scopes })
    const where = await client.discover({ username })
    const saml = await client.acquireSamlAssertion({ username, password: new Secret(password), appliesTo })
    for (const account of await client.getAccounts({ username })) await client.removeAccount(account)
    await client.close()

    expect([token.source, fresh.source, again.source]).toEqual(['password', 'password', 'cache'])
    expect(again.accessToken).toBe(fresh.accessToken)
    expect(where).toMatchObject({ sendTo: 'https://sts.contoso.example', path: { type: 'federated' } })
    expect(saml.version).toBe('1.1')
  })

  it('walk the protocol by hand, one message at a time', async () => {
    const { send, users } = await createSimulator({ adfsHost: 'sts.contoso.example' })
    const { username = '', password = '' } = users.find(({ kind }) => kind === 'federated') ?? {}

    const mex = parseMexDocument(await send(buildMexRequest('https://sts.contoso.example/adfs/services/trust/mex')))
    for (const { verdict, url } of mex.candidates) expect(`${verdict.rule} ${url ?? ''}`).toMatch(/^mex\./)
    const endpoint = chooseWsTrustEndpoint(mex)
    const rst = buildSecurityTokenRequest(
      { endpoint, username, password: new Secret(password), appliesTo: 'urn:federation:MicrosoftOnline' },
      Math.floor(Date.now() / 1000),
      crypto.randomUUID(),
    )
    const assertion = parseSecurityTokenResponse(await send(rst), endpoint.version)

    expect(assertion.xml.reveal()).toContain(username)
  })
})
