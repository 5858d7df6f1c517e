import { describe, expect, it } from 'vitest'
import { demoWorld } from '../../src/simulator/world.ts'
import { demo, simulate } from './simulated.ts'

const scopes = demo.scopes

describe('a refusal says what only the call knows', () => {
  it('a missing consent: where to consent to this client and these scopes', async () => {
    const { client, simulator } = await simulate()
    const request = { ...demo.ada, scopes: ['https://graph.microsoft.com/Mail.Send', 'User.Read'] }
    const error = await client.acquireTokenByUsernamePassword(request).catch((e: unknown) => e)
    const url = `${simulator.authority}/oauth2/v2.0/authorize?client_id=${simulator.clientId}&response_type=code&scope=https%3A%2F%2Fgraph.microsoft.com%2FMail.Send+User.Read`
    expect(error).toMatchObject({
      code: 'ERR_INTERACTION_REQUIRED',
      reason: 'consent_required',
      consentUrl: url,
      hint: expect.stringContaining(url),
      waysOut: ['interactive', 'device_code'],
    })
  })

  it.each([
    ['mfa-required', ['device_code', 'interactive', 'workload_federation', 'managed_identity']],
    ['conditional-access', ['interactive', 'workload_federation', 'managed_identity']],
    ['password-expired', ['interactive', 'device_code']],
  ])('%s: what could go on, and the ids to look it up by', async (what, waysOut) => {
    const { client, simulator } = await simulate()
    const { username, password } =
      simulator.users.find(({ kind, expect: e }) => kind === 'managed' && codes[what] === e) ?? {}
    if (username === undefined || password === undefined) throw new Error(`nobody is ${what}`)
    const correlationId = '6d6f5b3c-0000-4000-8000-00000000cafe'
    const error = await client
      .acquireTokenByUsernamePassword({ username, password, scopes, correlationId })
      .catch((e: unknown) => e)
    expect(error).toMatchObject({
      waysOut,
      whereToLook: expect.stringContaining(correlationId),
      response: {
        correlationId,
        traceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        timestamp: expect.stringMatching(/Z$/),
      },
    })
    expect(error).not.toHaveProperty('consentUrl')
  })

  const codes: Readonly<Record<string, string>> = {
    'mfa-required': 'AADSTS50076',
    'conditional-access': 'AADSTS53003',
    'password-expired': 'AADSTS50055',
  }

  it('a federated user forced onto the managed way: that the option did it', async () => {
    const { client, credentialRequests } = await simulate({ flow: 'managed' })
    await expect(client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })).rejects.toMatchObject({
      hint: expect.stringMatching(/this user is federated, and flow: "managed" .* password hash sync/),
    })
    expect(credentialRequests()).toBe(1)
  })

  it('a realm given that is not the user’s: that it did it', async () => {
    const { client } = await simulate({ realm: { accountType: 'managed' } })
    await expect(client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })).rejects.toMatchObject({
      hint: expect.stringMatching(/federated, and the realm given/),
    })
  })

  it('costs nothing when the realm cannot be asked, and is not said of a managed user', async () => {
    const broken = await simulate({ flow: 'managed', runtime: { wait: async () => {} } }, {}, async (request, next) =>
      request.step === 'realm' ? { status: 500, headers: {}, body: '' } : next(),
    )
    const usual = await simulate({ flow: 'managed' })
    for (const [{ client }, username] of [
      [broken, demo.fred.username],
      [usual, demo.ada.username],
    ] as const) {
      const error: unknown = await client
        .acquireTokenByUsernamePassword({ username, password: 'Not+the-p4ssword', scopes })
        .catch((e: unknown) => e)
      expect(error).toMatchObject({ error: 'invalid_grant' })
      expect(String((error as { hint?: unknown }).hint)).not.toContain('says that this user is federated')
    }
  })

  it('a tenant taken from the user name, and a domain nobody knows', async () => {
    const authority = 'https://login.microsoftonline.com/organizations'
    const guessed = await simulate({ authority })
    await expect(
      guessed.client.acquireTokenByUsernamePassword({ ...demo.ada, password: 'Not+the-p4ssword', scopes }),
    ).rejects.toMatchObject({ hint: expect.stringContaining('for a guest, name the tenant') })
    const unknown = await simulate({ unknownRealm: 'managed' })
    await expect(
      unknown.client.acquireTokenByUsernamePassword({ username: 'ada@nowhere.example', password: 'p4ssword', scopes }),
    ).rejects.toMatchObject({ hint: expect.stringContaining('does not know the domain') })
  })

  it('External ID: native authentication', async () => {
    const world = demoWorld()
    const [user] = world.ciam.users
    const clientId = world.ciam.apps.find(({ secret }) => secret === undefined)?.clientId ?? ''
    const ciamHost = 'contoso.ciamlogin.com'
    const authority = `https://${ciamHost}/contoso.onmicrosoft.com`
    const { client } = await simulate({ authority, clientId }, { ciamHost })
    await expect(
      client.acquireTokenByUsernamePassword({
        username: user?.username ?? '',
        password: 'Not+the-p4ssword',
        scopes: ['openid'],
      }),
    ).rejects.toMatchObject({ error: 'invalid_grant', waysOut: ['native_authentication', 'interactive'] })
  })
})
