import { describe, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../src/simulator.ts'
import { postForm, type TokenResult } from './messages.ts'

const grant = 'urn:ietf:params:oauth:grant-type:device_code'
const ada = 'ada@contoso.example'
const scope = 'https://graph.microsoft.com/User.Read openid profile offline_access'

interface Device {
  readonly simulator: Simulator
  pass(seconds: number): void
  /** Asks for a code. */
  request(fields?: Record<string, string>, authority?: string): Promise<TokenResult>
  /** Asks for the tokens. */
  poll(deviceCode: unknown, fields?: Record<string, string>, authority?: string): Promise<TokenResult>
}

async function device(): Promise<Device> {
  let now = 1_800_000_000
  const simulator = await createSimulator({ now: () => now })
  const { send, clientId } = simulator
  return {
    simulator,
    pass(seconds) {
      now += seconds
    },
    request: (fields = {}, authority = simulator.authority) =>
      postForm(send, `${authority}/oauth2/v2.0/devicecode`, { client_id: clientId, scope, ...fields }),
    poll: (deviceCode, fields = {}, authority = simulator.authority) =>
      postForm(send, `${authority}/oauth2/v2.0/token`, {
        grant_type: grant,
        client_id: clientId,
        device_code: String(deviceCode),
        client_info: '1',
        ...fields,
      }),
  }
}

const numberOf = ({ status, body }: TokenResult) => [status, body['error'], (body['error_codes'] as number[])[0]]

describe('the device authorization endpoint of Entra', () => {
  it('gives a code for the device and one for the user, who can type it', async () => {
    const { request } = await device()
    const [{ status, body }, other] = [await request(), await request()]
    expect(status).toBe(200)
    expect(Object.keys(body)).toEqual([
      'user_code',
      'device_code',
      'verification_uri',
      'expires_in',
      'interval',
      'message',
    ])
    expect(body).toMatchObject({ expires_in: 900, interval: 5, verification_uri: expect.stringMatching(/^https:/) })
    expect(body['user_code']).toMatch(/^[B-DF-HJ-NP-TV-XZ]{9}$/)
    expect(body['message']).toContain(body['user_code'])
    expect(other.body['user_code']).not.toBe(body['user_code'])
    expect(other.body['device_code']).not.toBe(body['device_code'])
  })

  it.each([
    [{ client_id: '99999999-0000-4000-8000-000000000000' }, 700016],
    [{ scope: '' }, 900144],
    [{ scope: 'https://graph.microsoft.com/No.Such' }, 650053],
    [{ resource: 'https://graph.microsoft.com' }, 901002],
    [{ client_secret: 'of a public client' }, 700025],
  ])('refuses %j with %i', async (fields, number) => {
    const { request } = await device()
    expect(numberOf(await request(fields as unknown as Record<string, string>))[2]).toBe(number)
  })

  it('takes POST only, and every parameter once', async () => {
    const { simulator } = await device()
    const url = `${simulator.authority}/oauth2/v2.0/devicecode`
    const get = await simulator.send({ step: 'device', method: 'GET', url, headers: {} })
    expect(JSON.parse(get.body).error_codes).toEqual([900561])
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const twice = await simulator.send({ step: 'device', method: 'POST', url, headers, body: 'scope=a&scope=b' })
    expect(JSON.parse(twice.body).error_codes).toEqual([9000411])
  })

  it('is in the journal as "device", and its codes are not', async () => {
    const { simulator, request, poll } = await device()
    const { body } = await request()
    simulator.approveDevice(String(body['user_code']), ada)
    await poll(body['device_code'])
    expect(simulator.journal).toMatchObject([
      { kind: 'device', status: 200, carriedCredential: false },
      { kind: 'token', grantType: grant, username: ada, carriedCredential: false },
    ])
    const written = JSON.stringify(simulator.journal)
    expect([body['device_code'], body['user_code']].some((code) => written.includes(String(code)))).toBe(false)
  })
})

describe('the device code grant of Entra', () => {
  it('is pending until the user has signed in, and good once', async () => {
    const { simulator, request, poll, pass } = await device()
    const { body } = await request()
    expect(numberOf(await poll(body['device_code']))).toEqual([400, 'authorization_pending', 70016])
    simulator.approveDevice(String(body['user_code']), ada)
    pass(5)
    const tokens = await poll(body['device_code'])
    expect(tokens.status).toBe(200)
    // The scopes are those that the code was asked for with.
    expect(tokens.body).toMatchObject({ scope: 'https://graph.microsoft.com/User.Read openid profile' })
    for (const name of ['access_token', 'refresh_token', 'id_token', 'client_info']) {
      expect(tokens.body[name]).toBeTypeOf('string')
    }
    pass(5)
    expect(numberOf(await poll(body['device_code']))[2]).toBe(7000014)
  })

  it('expires by the simulator’s clock', async () => {
    const { simulator, request, poll, pass } = await device()
    const { body } = await request()
    pass(899)
    expect(numberOf(await poll(body['device_code']))[1]).toBe('authorization_pending')
    pass(1)
    expect(numberOf(await poll(body['device_code']))).toEqual([400, 'expired_token', 70019])
    expect(() => simulator.approveDevice(String(body['user_code']), ada)).toThrow('no device waits')
  })

  it('tells who asks too often to slow down, for good', async () => {
    const { simulator, request, poll, pass } = await device()
    const { body } = await request()
    const ask = async (afterSeconds: number) => {
      pass(afterSeconds)
      return (await poll(body['device_code'])).body['error']
    }
    expect(await ask(0)).toBe('authorization_pending')
    expect(await ask(4)).toBe('slow_down')
    expect(await ask(9)).toBe('slow_down')
    expect(await ask(14)).toBe('slow_down')
    expect(await ask(20)).toBe('authorization_pending')
    simulator.approveDevice(String(body['user_code']), ada)
    expect(await ask(19)).toBe('slow_down')
    expect(await ask(25)).toBeUndefined()
  })

  it('tells that the user said no', async () => {
    const { simulator, request, poll } = await device()
    const { body } = await request()
    simulator.declineDevice(String(body['user_code']))
    expect((await poll(body['device_code'])).body).toMatchObject({ error: 'authorization_declined' })
  })

  it('refuses a code of another client, of another tenant, and one that is none', async () => {
    const { simulator, request, poll } = await device()
    const { body } = await request()
    const secret = { client_id: '1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8', client_secret: 's3cr:et%/+' }
    expect(numberOf(await poll(body['device_code'], secret))).toEqual([400, 'bad_verification_code', 70018])
    const organizations = `${new URL(simulator.authority).origin}/organizations`
    expect(numberOf(await poll(body['device_code'], {}, organizations))[2]).toBe(70018)
    expect(numberOf(await poll('made up'))[2]).toBe(7000014)
    expect(numberOf(await poll(''))[2]).toBe(900144)
  })

  it.each([
    ['mfa@contoso.example', undefined],
    ['enroll@contoso.example', undefined],
    ['expired@contoso.example', undefined],
    ['noconsent@contoso.example', undefined],
    ['challenge@contoso.example', undefined],
    ['fred@fed.contoso.example', undefined],
    ['disabled@contoso.example', 50057],
    ['locked@contoso.example', 50053],
    ['policy@contoso.example', 53003],
  ])('lets %s do in the browser what can be done there: refusal %s', async (username, number) => {
    const { simulator, request, poll } = await device()
    const { body } = await request()
    simulator.approveDevice(String(body['user_code']), username)
    const answer = await poll(body['device_code'])
    expect(answer.status).toBe(number === undefined ? 200 : 400)
    if (number !== undefined) expect(answer.body['error_codes']).toEqual([number])
  })

  it('takes consent in the browser', async () => {
    const { simulator, request, poll } = await device()
    const { body } = await request({ scope: 'https://graph.microsoft.com/Mail.Send' })
    simulator.approveDevice(String(body['user_code']), ada)
    expect((await poll(body['device_code'])).status).toBe(200)
  })

  it.each(['organizations', 'common'])('signs users of any tenant in at /%s', async (name) => {
    const { simulator, request, poll } = await device()
    const authority = `${new URL(simulator.authority).origin}/${name}`
    const { body } = await request({}, authority)
    simulator.approveDevice(String(body['user_code']), 'grace@fabrikam.example')
    expect((await poll(body['device_code'], {}, authority)).status).toBe(200)
  })

  it('refuses a user whom the tenant does not have', async () => {
    const { simulator, request, poll } = await device()
    const fabrikam = `${new URL(simulator.authority).origin}/fabrikam.example`
    const { body } = await request({}, fabrikam)
    simulator.approveDevice(String(body['user_code']), ada)
    expect(numberOf(await poll(body['device_code'], {}, fabrikam))[2]).toBe(50034)
  })
})

describe('approveDevice and declineDevice', () => {
  it('take a code as people type it', async () => {
    const { simulator, request } = await device()
    const code = String((await request()).body['user_code']).toLowerCase()
    simulator.approveDevice(` ${code.slice(0, 4)}-${code.slice(4)} `, 'ADA@contoso.example')
  })

  it('take a code once', async () => {
    const { simulator, request } = await device()
    const code = String((await request()).body['user_code'])
    simulator.declineDevice(code)
    expect(() => simulator.approveDevice(code, ada)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })

  it('refuse a code and a user that are not there', async () => {
    const { simulator, request } = await device()
    const code = String((await request()).body['user_code'])
    expect(() => simulator.approveDevice('BCDFGHJKL', ada)).toThrow('no device waits')
    expect(() => simulator.declineDevice('BCDFGHJKL')).toThrow('no device waits')
    expect(() => simulator.approveDevice(code, 'nobody@contoso.example')).toThrow('no device waits')
    simulator.approveDevice(code, ada)
  })
})

describe.each([
  ['AD FS', 'adfs', '6a7b8c9d-0e1f-4a2b-8c3d-4e5f6a7b8c9d', 'fred@fed.contoso.example', 'devicecode'],
  ['the OpenID provider', 'oidc', 'demo-public', 'olga', 'device_authorization'],
] as const)('%s', (_, side, client_id, username, path) => {
  const start = async () => {
    const { simulator, pass } = await device()
    const base = simulator.authorities[side]
    const folder = side === 'adfs' ? `${base}/oauth2` : base
    const request = (fields = {}) =>
      postForm(simulator.send, `${folder}/${path}`, { client_id, scope: 'openid', ...fields })
    const poll = (device_code: unknown, fields = {}) =>
      postForm(simulator.send, `${folder}/token`, {
        grant_type: grant,
        client_id,
        device_code: String(device_code),
        ...fields,
      })
    return { simulator, pass, request, poll }
  }

  it('names its endpoint in its metadata', async () => {
    const { simulator } = await start()
    const url = `${simulator.authorities[side]}/.well-known/openid-configuration`
    const { body } = await simulator.send({ step: 'authority', method: 'GET', url, headers: {} })
    expect(JSON.parse(body).device_authorization_endpoint).toMatch(new RegExp(`/${path}$`))
    expect(JSON.parse(body).grant_types_supported).toContain(grant)
  })

  it('says pending, slow_down, and then gives tokens, once', async () => {
    const { simulator, pass, request, poll } = await start()
    const { device_code, user_code } = (await request()).body
    expect((await poll(device_code)).body['error']).toBe('authorization_pending')
    expect((await poll(device_code)).body['error']).toBe('slow_down')
    simulator.approveDevice(String(user_code), username)
    pass(10)
    expect((await poll(device_code)).body['access_token']).toBeTypeOf('string')
    pass(10)
    expect((await poll(device_code)).body['error']).toBe('invalid_grant')
  })

  it('says that the user declined, that the code expired, and that the client is unknown', async () => {
    const { simulator, pass, request, poll } = await start()
    const [first, second] = [(await request()).body, (await request()).body]
    simulator.declineDevice(String(first['user_code']))
    expect((await poll(first['device_code'])).body['error']).toBe('access_denied')
    pass(900)
    expect((await poll(second['device_code'])).body['error']).toBe('expired_token')
    expect((await request({ client_id: 'nobody' })).body['error']).toBe('invalid_client')
  })
})

it('an AD FS of 2012 R2 has no such endpoint', async () => {
  const { demoWorld } = await import('../../src/simulator.ts')
  const simulator = await createSimulator({ world: { farm: { ...demoWorld().farm, level: '2012R2' } } })
  const url = `${simulator.authorities.adfs}/oauth2/devicecode`
  expect((await simulator.send({ step: 'device', method: 'POST', url, headers: {} })).status).toBe(404)
})
