import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/cache.ts'
import {
  type ClientOptions,
  clientSecretBasic,
  clientSecretPost,
  createRopcClient,
  type HttpRequest,
  privateKeyJwt,
  type RopcClient,
} from '../../src/index.ts'
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'
import { demoWorld } from '../../src/simulator/world.ts'
import { collectTrace } from '../../src/trace/collect.ts'
import { eventsOf, hopsOf, type Run, readRuns } from '../../src/trace/runs.ts'
import { summarise } from '../../src/trace/summary.ts'
import { renderHtml } from '../../src/trace/views/html.ts'
import { demo } from './simulated.ts'

type Side = 'entra' | 'adfs' | 'b2c' | 'ciam' | 'oidc'
interface Setup {
  readonly simulator: Simulator
  readonly client: RopcClient
  readonly requests: HttpRequest[]
}

async function setUp(side: Side, options: Partial<ClientOptions> = {}, world: SimulatorOptions = {}): Promise<Setup> {
  const simulator = await createSimulator(world)
  const requests: HttpRequest[] = []
  const client = createRopcClient({
    clientId: 'demo-public',
    authority: simulator.authorities[side],
    authorityKind: side,
    instanceDiscovery: false,
    transport: async (request, sendOptions) => {
      requests.push(request)
      return simulator.send(request, sendOptions)
    },
    ...options,
  })
  return { simulator, client, requests }
}

const bodyOf = (request: HttpRequest | undefined) => new URLSearchParams(request?.body)
const stepsOf = ({ requests }: Setup) => requests.map(({ step }) => step)
const userOf = ({ simulator }: Setup, side: Side) => {
  const user = simulator.allUsers.find(({ authority, expect }) => authority === side && expect === undefined)
  if (user === undefined) throw new Error(`no demo user for ${side}`)
  return { username: user.username, password: user.password }
}
const appOf = async (side: Side, confidential = false) => {
  const { apps } = await createSimulator()
  const app = apps.find(({ authority, secret }) => authority === side && (secret !== undefined) === confidential)
  if (app === undefined) throw new Error(`no demo app for ${side}`)
  return { clientId: app.clientId, secret: app.secret ?? '' }
}

describe('AD FS as the authority', () => {
  it('is asked for metadata and a token: no realm, no client_info; the account is sub, case kept', async () => {
    const { clientId } = await appOf('adfs')
    const setup = await setUp('adfs', { clientId })
    const token = await setup.client.acquireTokenByUsernamePassword({ ...demo.fred, scopes: ['openid'] })
    expect(stepsOf(setup)).toEqual(['authority', 'token'])
    expect(bodyOf(setup.requests[1]).has('client_info')).toBe(false)
    expect(setup.requests[1]?.headers).not.toHaveProperty('x-anchormailbox')
    expect(token.account).toMatchObject({ homeAccountId: token.idTokenClaims?.sub, username: demo.fred.username })
    expect(token.account?.homeAccountId).toMatch(/[A-Z]/)
    expect(token.passwordSentTo).toBe(new URL(setup.simulator.authorities.adfs).origin)
  })

  it('answers "openid" for any scope, and still gives a hit for the scopes that were asked', async () => {
    const { clientId } = await appOf('adfs')
    const setup = await setUp('adfs', { clientId })
    const scopes = ['https://api.contoso.example/openid']
    const token = await setup.client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    expect(token.scopes).toEqual(['openid'])
    const again = await setup.client.acquireTokenSilent({ account: { username: demo.fred.username }, scopes })
    expect(again.source).toBe('cache')
    const renewed = await setup.client.acquireTokenSilent({
      account: again.account ?? { username: '' },
      scopes,
      forceRefresh: true,
    })
    expect([renewed.source, renewed.account]).toEqual(['refresh_token', token.account])
  })

  it('of 2016 takes the relying party as resource', async () => {
    const { clientId } = await appOf('adfs')
    const farm = { ...demoWorld().farm, level: '2016' as const }
    const setup = await setUp('adfs', { clientId }, { world: { farm } })
    const request = { ...demo.fred, scopes: ['openid'] }
    const resource = 'https://api.contoso.example'
    expect((await setup.client.acquireTokenByUsernamePassword({ ...request, resource })).source).toBe('password')
    expect(bodyOf(setup.requests.at(-1)).get('resource')).toBe(resource)
  })

  it('says which MSIS number it refused with, and the hint follows', async () => {
    const { clientId } = await appOf('adfs')
    const { client } = await setUp('adfs', { clientId })
    const attempt = client.acquireTokenByUsernamePassword({ ...demo.fred, password: 'wrong', scopes: ['openid'] })
    await expect(attempt).rejects.toMatchObject({
      error: 'invalid_grant',
      serverCode: 'MSIS9659',
      hint: expect.any(String),
    })
  })

  it('takes a confidential client', async () => {
    const { clientId, secret } = await appOf('adfs', true)
    const { client } = await setUp('adfs', { clientId, clientAuthentication: clientSecretPost(secret) })
    expect((await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes: ['openid'] })).source).toBe('password')
  })
})

describe('Azure AD B2C', () => {
  it('is asked for metadata and a token with a response_type, and takes its own client id as scope', async () => {
    const { clientId } = await appOf('b2c')
    const setup = await setUp('b2c', { clientId })
    const user = userOf(setup, 'b2c')
    const token = await setup.client.acquireTokenByUsernamePassword({ ...user, scopes: [clientId] })
    expect(stepsOf(setup)).toEqual(['authority', 'token'])
    expect(bodyOf(setup.requests[1]).get('response_type')).toBe('token id_token')
    expect(setup.requests[1]?.headers).not.toHaveProperty('x-anchormailbox')
    expect(token.account?.homeAccountId).toMatch(/-b2c_1_ropc\./)
    const account = { username: user.username }
    expect((await setup.client.acquireTokenSilent({ account, scopes: [clientId] })).source).toBe('cache')
    const renewed = await setup.client.acquireTokenSilent({ account, scopes: [clientId], forceRefresh: true })
    expect(renewed.source).toBe('refresh_token')
  })

  it('may answer without an access token: the id_token and the refresh token are kept', async () => {
    const { clientId } = await appOf('b2c')
    const events: string[] = []
    const onEvent: ClientOptions['onEvent'] = (event) => {
      if (event.type === 'warning') events.push(event.code)
    }
    const setup = await setUp('b2c', { clientId, onEvent })
    const user = userOf(setup, 'b2c')
    const token = await setup.client.acquireTokenByUsernamePassword({ ...user, scopes: ['openid'] })
    expect([token.accessToken, token.idTokenClaims?.['tfp']]).toEqual(['', 'B2C_1_ROPC'])
    expect(events).toContain('NO_ACCESS_TOKEN')
    const renewed = await setup.client.acquireTokenSilent({ account: { username: user.username }, scopes: [clientId] })
    expect([renewed.source, renewed.accessToken === '']).toEqual(['refresh_token', false])
  })

  it('says which AADB2C number it refused with', async () => {
    const { clientId } = await appOf('b2c')
    const setup = await setUp('b2c', { clientId })
    const user = { ...userOf(setup, 'b2c'), password: 'wrong' }
    await expect(setup.client.acquireTokenByUsernamePassword({ ...user, scopes: [clientId] })).rejects.toMatchObject({
      serverCode: 'AADB2C90225',
      hint: expect.any(String),
    })
  })
})

describe('Entra External ID', () => {
  it('is tried like Entra, without a realm request', async () => {
    const { clientId = '' } = demoWorld().ciam.apps.find(({ secret }) => secret === undefined) ?? {}
    const warnings: string[] = []
    const onEvent: ClientOptions['onEvent'] = (event) => {
      if (event.type === 'warning') warnings.push(event.message)
    }
    const setup = await setUp('ciam', { clientId, onEvent })
    const token = await setup.client.acquireTokenByUsernamePassword({ ...userOf(setup, 'ciam'), scopes: ['openid'] })
    expect(stepsOf(setup)).toEqual(['authority', 'token'])
    expect(token.account).toMatchObject({ username: userOf(setup, 'ciam').username })
    expect(warnings).toEqual([expect.stringContaining('native authentication')])
  })
})

describe('any OpenID provider', () => {
  it.each<[string, string, Partial<ClientOptions>]>([
    ['a public client', 'demo-public', {}],
    ['client_secret_post', 'demo-post', { clientAuthentication: clientSecretPost('p%3Aq:r+s/t u') }],
    ['client_secret_basic, encoded', 'demo-basic', { clientAuthentication: clientSecretBasic('p%3Aq:r+s/t u') }],
    [
      'client_secret_basic, raw',
      'demo-raw',
      { clientAuthentication: clientSecretBasic('p%3Aq:r+s/t u', { encoding: 'raw' }) },
    ],
  ])('takes %s: metadata, token, refresh', async (_, clientId, options) => {
    const setup = await setUp('oidc', { clientId, ...options })
    const user = userOf(setup, 'oidc')
    const token = await setup.client.acquireTokenByUsernamePassword({ ...user, scopes: ['read'] })
    expect(stepsOf(setup)).toEqual(['authority', 'token'])
    expect(token.account).toMatchObject({ homeAccountId: 'Ab-9_xY', username: expect.any(String) })
    const renewed = await setup.client.acquireTokenSilent({
      account: token.account ?? { username: '' },
      scopes: ['read'],
      forceRefresh: true,
    })
    expect(renewed.source).toBe('refresh_token')
  })

  it.each(['noScopeInReply', 'emptyRefusal', 'audienceAsArray'] as const)(
    'with the quirk %s is taken as it is',
    async (quirk) => {
      const world = { oidc: { ...demoWorld().oidc, quirks: { [quirk]: true } } }
      const { client, ...setup } = await setUp('oidc', {}, { world })
      const user = userOf({ client, ...setup }, 'oidc')
      expect((await client.acquireTokenByUsernamePassword({ ...user, scopes: ['read'] })).scopes).toContain('read')
      const wrong = client.acquireTokenByUsernamePassword({ ...user, password: 'wrong', scopes: ['read'] })
      await expect(wrong).rejects.toMatchObject({
        code: 'ERR_TOKEN_ENDPOINT',
        name: expect.stringMatching(/Denied|TokenEndpoint/),
      })
    },
  )

  it('may leave the id_token out of a refresh: the user stays who signed in', async () => {
    const { simulator, client } = await setUp('oidc', {
      transport: async (request, options) => {
        const response = await simulator.send(request, options)
        if (request.step !== 'token' || !request.body?.includes('refresh_token=')) return response
        const { id_token: _, ...json } = JSON.parse(response.body)
        return { ...response, body: JSON.stringify(json) }
      },
    })
    const { username = '', password = '' } = simulator.allUsers.find(({ authority }) => authority === 'oidc') ?? {}
    const { account } = await client.acquireTokenByUsernamePassword({ username, password, scopes: ['read'] })
    const renewed = await client.acquireTokenSilent({ account: { username }, scopes: ['read'], forceRefresh: true })
    expect(renewed.account).toEqual(account)
  })

  it('may be a plain OAuth server that names nobody: the user is who signed in, and can be renewed', async () => {
    const { simulator, client } = await setUp('oidc', {
      transport: async (request, options) => {
        const response = await simulator.send(request, options)
        if (request.step !== 'token') return response
        const { id_token: _, ...json } = JSON.parse(response.body)
        return { ...response, body: JSON.stringify(json) }
      },
    })
    const { username = '', password = '' } = simulator.allUsers.find(({ authority }) => authority === 'oidc') ?? {}
    const token = await client.acquireTokenByUsernamePassword({ username, password, scopes: ['read'] })
    expect(token.account).toMatchObject({ homeAccountId: `username:${username}`, username })
    const account = { username }
    expect((await client.acquireTokenSilent({ account, scopes: ['read'] })).source).toBe('cache')
    expect((await client.acquireTokenSilent({ account, scopes: ['read'], forceRefresh: true })).source).toBe(
      'refresh_token',
    )
  })

  it('may be without metadata: its endpoints are named by hand', async () => {
    const { authorities } = await createSimulator()
    const tokenEndpoint = `${authorities.oidc}/token`
    const setup = await setUp('oidc', { tokenEndpoint, issuer: authorities.oidc })
    const token = await setup.client.acquireTokenByUsernamePassword({ ...userOf(setup, 'oidc'), scopes: ['read'] })
    expect(stepsOf(setup)).toEqual(['token'])
    expect(token.path.overrides).toEqual(['tokenEndpoint'])
  })
})

describe('a confidential client of Entra', () => {
  const authority = async () => (await createSimulator()).authority
  const signIn = async (options: Partial<ClientOptions>, user: { username: string; password: string } = demo.ada) => {
    const setup = await setUp('entra', { authority: await authority(), ...options })
    return setup.client.acquireTokenByUsernamePassword({ ...user, scopes: demo.scopes })
  }

  it.each([clientSecretPost, clientSecretBasic])('signs managed and federated users in with %o', async (method) => {
    const { clientId, secret } = await appOf('entra', true)
    for (const user of [demo.ada, demo.fred]) {
      const token = await signIn({ clientId, clientAuthentication: method(secret) }, user)
      expect(token.path.type).toBe(user === demo.ada ? 'managed' : 'federated')
    }
  })

  it.each([
    ['a wrong secret', clientSecretPost('wrong'), 7000215],
    ['no secret', undefined, 7000218],
  ])('is refused with %s', async (_, clientAuthentication, code) => {
    const { clientId } = await appOf('entra', true)
    const options = clientAuthentication === undefined ? { clientId } : { clientId, clientAuthentication }
    await expect(signIn(options)).rejects.toMatchObject({ errorCodes: [code], hint: expect.any(String) })
  })

  it('is refused a secret as a public one', async () => {
    const { clientId } = await appOf('entra')
    await expect(signIn({ clientId, clientAuthentication: clientSecretPost('x') })).rejects.toMatchObject({
      errorCodes: [700025],
    })
  })

  describe('with a certificate', () => {
    let key: string
    let certificate: string
    beforeAll(async () => {
      const { generateCertificate } = await import('../protocol/certificates.ts')
      ;({ key, certificate } = await generateCertificate())
    })

    it.each(['PS256', 'RS256'] as const)('signs in with a %s assertion', async (algorithm) => {
      const { clientId } = await appOf('entra', true)
      const apps = demoWorld().apps.map((app) =>
        app.clientId === clientId ? { ...app, certificates: [certificate] } : app,
      )
      const clientAuthentication = privateKeyJwt({ key, certificate, algorithm })
      const setup = await setUp('entra', { clientId, clientAuthentication }, { world: { apps } })
      const token = await setup.client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: demo.scopes })
      expect(token.source).toBe('password')
      expect(JSON.stringify(setup.requests)).not.toMatch(/eyJ/)
    })
  })
})

describe('what is wrong with the client itself', () => {
  it('shows before the password of a federated user leaves: a certificate of another key', async () => {
    const { generateCertificate } = await import('../protocol/certificates.ts')
    const { key } = await generateCertificate()
    const { certificate } = await generateCertificate()
    const { authority } = await createSimulator()
    const clientAuthentication = privateKeyJwt({ key, certificate })
    const setup = await setUp('entra', {
      authority,
      clientId: (await appOf('entra', true)).clientId,
      clientAuthentication,
    })
    await expect(
      setup.client.acquireTokenByUsernamePassword({ ...demo.fred, scopes: demo.scopes }),
    ).rejects.toMatchObject({ name: 'InvalidArgumentError' })
    expect(stepsOf(setup)).not.toContain('wstrust')
  })

  it.each<[string, Partial<ClientOptions>]>([
    [
      'an assertion that cannot be made',
      {
        clientAuthentication: () => {
          throw new Error('no key')
        },
      },
    ],
    ['a parameter that the protocol owns', { extraBodyParameters: { assertion: 'x' } }],
  ])('shows before the password of a federated user leaves: %s', async (_, options) => {
    const { authority } = await createSimulator()
    const setup = await setUp('entra', { authority, clientId: (await appOf('entra', true)).clientId, ...options })
    await expect(setup.client.acquireTokenByUsernamePassword({ ...demo.fred, scopes: demo.scopes })).rejects.toThrow()
    expect(stepsOf(setup)).not.toContain('wstrust')
    expect(stepsOf(setup)).not.toContain('token')
  })
})

describe('two B2C policies', () => {
  it.each([
    ['B2C_1_OTHER', { code: 'ERR_ISSUER_MISMATCH', step: 'id_token' }],
    [undefined, { source: 'password' }],
  ])('are told apart by the name in the id_token: %s', async (tfp, outcome) => {
    const { clientId } = await appOf('b2c')
    const { simulator, client } = await setUp('b2c', {
      clientId,
      transport: async (request, options) => {
        const response = await simulator.send(request, options)
        if (request.step !== 'token') return response
        const json = JSON.parse(response.body)
        const [header, payload] = json.id_token.split('.')
        const { acr: _, ...claims } = JSON.parse(Buffer.from(payload, 'base64url').toString())
        json.id_token = `${header}.${Buffer.from(JSON.stringify({ ...claims, tfp })).toString('base64url')}.x`
        return { ...response, body: JSON.stringify(json) }
      },
    })
    const { username = '', password = '' } = simulator.allUsers.find(({ authority }) => authority === 'b2c') ?? {}
    const answer = client.acquireTokenByUsernamePassword({ username, password, scopes: [clientId] })
    expect(await answer.catch((error: unknown) => error)).toMatchObject(outcome)
  })

  it('keep their tokens apart, and the /tfp/ form works', async () => {
    const { clientId } = await appOf('b2c')
    const { authorities } = await createSimulator()
    const origin = new URL(authorities.b2c).origin
    const store = createMemoryStore()
    const plain = await setUp('b2c', { clientId, store })
    const tfp = await setUp('b2c', {
      clientId,
      store,
      authority: `${origin}/tfp/contoso.onmicrosoft.com/B2C_1A_ROPC_TFP`,
      transport: (request, options) => plain.simulator.send(request, options),
    })
    const user = userOf(plain, 'b2c')
    const one = await plain.client.acquireTokenByUsernamePassword({ ...user, scopes: [clientId] })
    const account = { username: user.username }
    await expect(tfp.client.acquireTokenSilent({ account, scopes: [clientId] })).rejects.toThrow()
    const two = await tfp.client.acquireTokenByUsernamePassword({ ...user, scopes: [clientId] })
    expect(two.account?.homeAccountId).not.toBe(one.account?.homeAccountId)
    expect(two.idTokenClaims?.['acr'] ?? two.idTokenClaims?.['tfp']).toMatch(/tfp/i)
  })
})

it('a metadata document of 300 KB is not read', async () => {
  const requests: HttpRequest[] = []
  const client = createRopcClient({
    clientId: 'c',
    authority: 'https://idp.example',
    transport: async (request) => {
      requests.push(request)
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: `{"issuer":"${'x'.repeat(300_000)}"}`,
      }
    },
  })
  const attempt = client.acquireTokenByUsernamePassword({ ...demo.ada, scopes: ['openid'] })
  await expect(attempt).rejects.toMatchObject({ code: 'ERR_TRANSPORT_TOO_LARGE', step: 'authority' })
  expect(requests).toHaveLength(1)
})

describe('claims', () => {
  it('of a challenge can be passed back in', async () => {
    const setup = await setUp('entra', { clientId: (await appOf('entra')).clientId, clientCapabilities: ['cp1'] })
    const user = { username: 'challenge@contoso.example', password: demo.ada.password }
    const challenged = await setup.client
      .acquireTokenByUsernamePassword({ ...user, scopes: demo.scopes })
      .catch((error: { code: string; claims?: string }) => error)
    if (!('code' in challenged) || challenged.claims === undefined) throw new Error('no challenge')
    expect(challenged.code).toBe('ERR_INTERACTION_REQUIRED')
    const token = await setup.client.acquireTokenByUsernamePassword({
      ...user,
      scopes: demo.scopes,
      claims: challenged.claims,
    })
    expect(token.source).toBe('password')
    expect(JSON.parse(bodyOf(setup.requests.at(-1)).get('claims') ?? '')).toMatchObject({
      access_token: { xms_cc: { values: ['cp1'] } },
    })
  })
})

describe('verifyIdToken', () => {
  it.each<Side>(['entra', 'adfs', 'b2c', 'oidc'])(
    'verifies what %s issued, with one request for the keys',
    async (side) => {
      const ciamApp = demoWorld().ciam.apps.find(({ secret }) => secret === undefined)?.clientId ?? ''
      const clientId = side === 'oidc' ? 'demo-public' : side === 'ciam' ? ciamApp : (await appOf(side)).clientId
      const setup = await setUp(side, { clientId })
      const user = side === 'entra' ? demo.ada : side === 'adfs' ? demo.fred : userOf(setup, side)
      const scopes = side === 'b2c' ? [clientId] : ['openid']
      const { idToken = '' } = await setup.client.acquireTokenByUsernamePassword({ ...user, scopes })
      const before = setup.requests.length
      const [one, two] = await Promise.all([setup.client.verifyIdToken(idToken), setup.client.verifyIdToken(idToken)])
      expect(one.claims.sub).toBe(two.claims.sub)
      expect(setup.requests.slice(before).map(({ step }) => step)).toEqual(['id_token'])
      const [header, payload] = idToken.split('.')
      await expect(setup.client.verifyIdToken(`${header}.${payload}.AAAA`)).rejects.toMatchObject({
        code: 'ERR_SIGNATURE_INVALID',
      })
    },
  )

  it('tells which checks it made, the signature too: with keys at hand, of a forgery, of a token that is too old', async () => {
    let now = Math.floor(Date.now() / 1000)
    const collector = collectTrace()
    const setup = await setUp('oidc', { runtime: { now: () => now }, onEvent: collector })
    const asked = { ...userOf(setup, 'oidc'), scopes: ['openid'] }
    const { idToken = '' } = await setup.client.acquireTokenByUsernamePassword(asked)
    await setup.client.verifyIdToken(idToken)
    await setup.client.verifyIdToken(idToken)
    await expect(setup.client.verifyIdToken(idToken.replace(/[^.]+$/, 'AAAA'))).rejects.toThrow()
    await expect(setup.client.verifyIdToken('no token')).rejects.toThrow()
    now += 7_200
    await expect(setup.client.verifyIdToken(idToken)).rejects.toMatchObject({ code: 'ERR_ID_TOKEN_REFUSED' })

    const [signIn, ...verifications] = readRuns(collector.trace())
    const [parse] = hopsOf(signIn as Run).flatMap(({ parses }) => parses.filter(({ what }) => what === 'id_token'))
    const claims = (parse?.checks ?? []).map(({ rule }) => rule).slice(0, -1)
    const all = ['id_token.signature', ...claims].sort()
    const told = verifications.map((run) => {
      const [verification] = eventsOf(run, 'decision').filter(({ question }) => question === 'verification')
      const { verified, failed } = summarise(run).idToken
      const rules = verification?.candidates.map(({ rule }) => rule).sort()
      return [verification?.chosen, rules, verified, failed.map(({ rule }) => rule)]
    })
    expect(told).toEqual([
      ['accepted', all, 'signature', []],
      ['accepted', all, 'signature', []],
      ['refused', all, 'failed', ['id_token.signature']],
      [undefined, undefined, 'failed', []],
      ['refused', all, 'failed', ['id_token.expiry']],
    ])
    const html = renderHtml(collector.trace())
    expect(html.match(/Is the id_token what it claims to be\?/g)).toHaveLength(4)
    expect(html).toContain('What was checked')
    expect(html).not.toContain('Candidates: verification')
    expect(html.match(/<details class="step decision" id="[^"]*" open>/g)).toHaveLength(4)
    expect(verifications.map((run) => summarise(run).password.sentence)).toEqual(
      Array(5).fill('None: this call needs no password.'),
    )
  })

  it('looks the keys up again for a key it does not know, but not for every forgery', async () => {
    let now = Math.floor(Date.now() / 1000)
    const setup = await setUp('oidc', { runtime: { now: () => now } })
    const { idToken = '' } = await setup.client.acquireTokenByUsernamePassword({
      ...userOf(setup, 'oidc'),
      scopes: ['openid'],
    })
    await setup.client.verifyIdToken(idToken)
    const forged = idToken.replace(/[^.]+$/, 'AAAA')
    const before = setup.requests.length
    for (let i = 0; i < 3; i++) await expect(setup.client.verifyIdToken(forged)).rejects.toThrow()
    expect(setup.requests.length).toBe(before)
    now += 61
    await expect(setup.client.verifyIdToken(forged)).rejects.toThrow()
    expect(setup.requests.length).toBe(before + 1)
  })
})
