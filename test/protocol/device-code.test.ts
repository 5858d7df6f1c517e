import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAuthority } from '../../src/protocol/authority.ts'
import {
  buildDeviceAuthorizationRequest,
  buildDeviceTokenRequest,
  deviceCodeExpired,
  parseDeviceAuthorizationResponse,
  parseDeviceTokenResponse,
} from '../../src/protocol/device-code.ts'
import { parseMetadata } from '../../src/protocol/server-metadata.ts'
import { type HttpResponse, Secret } from '../../src/protocol.ts'
import { findLeaks, randomSecrets, show } from '../contract/secrecy.ts'

const clientId = '00001111-aaaa-4222-bbbb-3333cccc4444'
const base = 'https://login.microsoftonline.com/organizations/oauth2/v2.0'
const metadata = { token_endpoint: `${base}/token`, device_authorization_endpoint: `${base}/devicecode` }
const authority = { url: 'https://login.microsoftonline.com/organizations' }
const scopes = ['User.Read']

const answer = (body: unknown, status = 200, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const refusal = (error: string, status = 400) =>
  answer({ error, error_description: `AADSTS70016: words. Trace ID: t-1`, trace_id: 't-1' }, status)
const fields = ({ body }: { body?: string }) => Object.fromEntries(new URLSearchParams(body))

const offered = {
  device_code: 'the-device-code',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://login.example/device',
  expires_in: 900,
}
const parse = (changes: Record<string, unknown> = {}, at = authority) =>
  parseDeviceAuthorizationResponse(answer({ ...offered, ...changes }), at)

describe('buildDeviceAuthorizationRequest', () => {
  it('posts client and scopes, as RFC 8628 §3.1 has it', () => {
    const request = buildDeviceAuthorizationRequest({ metadata, clientId, scopes }, 'c-1')
    expect(request).toMatchObject({ step: 'device', method: 'POST', url: `${base}/devicecode` })
    expect(request.headers).toEqual({
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded;charset=utf-8',
      'client-request-id': 'c-1',
      'return-client-request-id': 'true',
      'x-client-sku': 'ropc-client',
      'x-client-ver': '0.1.0',
    })
    expect(fields(request)).toEqual({ client_id: clientId, scope: 'User.Read openid profile offline_access' })
  })

  it('adds the claims, the resource, the proof of the client and the caller’s extras', () => {
    const request = buildDeviceAuthorizationRequest(
      {
        metadata,
        clientId,
        scopes,
        offlineAccess: false,
        claims: '{"access_token":{}}',
        resource: 'urn:api',
        clientCredentials: { fields: [['client_secret', new Secret('c4nary-secret')]] },
        extraBodyParameters: { domain_hint: 'contoso.example' },
        extraQueryParameters: { dc: 'x' },
        extraHeaders: { 'x-own': 'c4nary-header' },
      },
      'c-1',
    )
    expect(request.url).toBe(`${base}/devicecode?dc=x`)
    expect(request.headers['x-own']).toBe('c4nary-header')
    expect(fields(request)).toEqual({
      client_id: clientId,
      scope: 'User.Read openid profile',
      claims: '{"access_token":{}}',
      resource: 'urn:api',
      client_secret: 'c4nary-secret',
      domain_hint: 'contoso.example',
    })
    expect(show(request)).not.toContain('c4nary')
  })

  it('refuses an extra field that the protocol owns', () => {
    const extraBodyParameters = { device_code: 'mine' }
    expect(() => buildDeviceAuthorizationRequest({ metadata, clientId, scopes, extraBodyParameters }, 'c')).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    )
  })
})

describe('parseDeviceAuthorizationResponse', () => {
  it('reads what RFC 8628 §3.2 requires, and gives the rest its defaults', () => {
    const { deviceCode, ...rest } = parse()
    expect(deviceCode.reveal()).toBe('the-device-code')
    expect(rest).toEqual({
      userCode: 'WDJB-MJHT',
      verificationUri: 'https://login.example/device',
      expiresInSeconds: 900,
      intervalSeconds: 5,
      message: 'To sign in, open https://login.example/device and enter the code WDJB-MJHT.',
    })
  })

  it('reads what is optional, numbers as texts too', () => {
    const complete = 'https://login.example/device?code=WDJB-MJHT'
    const optional = { verification_uri_complete: complete, interval: '7', expires_in: '60', message: 'Go there.' }
    expect(parse(optional)).toMatchObject({
      verificationUriComplete: complete,
      intervalSeconds: 7,
      expiresInSeconds: 60,
      message: 'Go there.',
    })
  })

  it('reads the older name of the verification URI', () => {
    const { verification_uri: verification_url, ...rest } = offered
    const response = answer({ ...rest, verification_url })
    expect(parseDeviceAuthorizationResponse(response, authority).verificationUri).toBe(verification_url)
  })

  it.each([
    ['interval', 0, { intervalSeconds: 1 }],
    ['interval', 61, { intervalSeconds: 60 }],
    ['expires_in', 0, { expiresInSeconds: 1 }],
    ['expires_in', 3_601, { expiresInSeconds: 3_600 }],
  ])('keeps %s %i within bounds: %j', (name, value, expected) => {
    expect(parse({ [name]: value })).toMatchObject(expected)
  })

  it.each([
    ['device_code', undefined, 'ERR_MISSING_FIELD'],
    ['device_code', '', 'ERR_MISSING_FIELD'],
    ['device_code', 7, 'ERR_MALFORMED_RESPONSE'],
    ['device_code', 'x'.repeat(16_385), 'ERR_MALFORMED_RESPONSE'],
    ['user_code', undefined, 'ERR_MISSING_FIELD'],
    ['user_code', 'x'.repeat(65), 'ERR_MALFORMED_RESPONSE'],
    ['user_code', 'AB\u001b[2J', 'ERR_MALFORMED_RESPONSE'],
    ['user_code', 'AB\nCD', 'ERR_MALFORMED_RESPONSE'],
    ['user_code', ' AB', 'ERR_MALFORMED_RESPONSE'],
    ['user_code', 'AB ', 'ERR_MALFORMED_RESPONSE'],
    ['user_code', 'ÄB', 'ERR_MALFORMED_RESPONSE'],
    ['verification_uri', undefined, 'ERR_MISSING_FIELD'],
    ['verification_uri', 7, 'ERR_MALFORMED_RESPONSE'],
    ['verification_uri', 'no URL', 'ERR_INSECURE_ENDPOINT'],
    ['verification_uri', 'http://login.example/device', 'ERR_INSECURE_ENDPOINT'],
    ['verification_uri', 'http://localhost/device', 'ERR_INSECURE_ENDPOINT'],
    ['verification_uri', 'javascript:alert(1)', 'ERR_INSECURE_ENDPOINT'],
    ['verification_uri', 'https://login.example@evil.test/', 'ERR_INSECURE_ENDPOINT'],
    ['verification_uri', 'https://:pw@evil.test/', 'ERR_INSECURE_ENDPOINT'],
    ['verification_uri_complete', 'http://login.example/?code=WDJB-MJHT', 'ERR_INSECURE_ENDPOINT'],
    ['expires_in', undefined, 'ERR_MISSING_FIELD'],
    ['expires_in', -1, 'ERR_MALFORMED_RESPONSE'],
    ['expires_in', 1.5, 'ERR_MALFORMED_RESPONSE'],
    ['expires_in', '1e3', 'ERR_MALFORMED_RESPONSE'],
    ['interval', [5], 'ERR_MALFORMED_RESPONSE'],
    ['message', 7, 'ERR_MALFORMED_RESPONSE'],
  ])('refuses %s: %j', (name, value, code) => {
    expect(() => parse({ [name]: value })).toThrow(expect.objectContaining({ code, step: 'device' }))
  })

  it('takes a user code of 64 characters, and of one', () => {
    expect(parse({ user_code: 'x'.repeat(64) }).userCode).toHaveLength(64)
    expect(parse({ user_code: '7' }).userCode).toBe('7')
  })

  it('sends users to plain http on loopback only, and only from loopback', () => {
    const local = { url: 'http://localhost:8080/oidc' }
    expect(parse({ verification_uri: 'http://127.0.0.1:8080/device' }, local).verificationUri).toBe(
      'http://127.0.0.1:8080/device',
    )
    expect(() => parse({ verification_uri: 'http://login.example/device' }, local)).toThrow(
      expect.objectContaining({ code: 'ERR_INSECURE_ENDPOINT' }),
    )
  })

  it('makes a URL and a message that no terminal obeys', () => {
    const { verificationUri, message } = parse({
      verification_uri: 'https://gööd.example/\u202e\u001b[2J\n',
      message: 'Go\u001b]0;owned\u0007 there\nerror: forged',
    })
    expect(verificationUri).toMatch(/^https:\/\/xn--gd-fkaa\.example\/[\x21-\x7e]+$/)
    expect(message).toBe('Go\\u{1b}]0;owned\\u{7} there error: forged')
  })

  it('hands on a refusal as what it is, with the step of this request', () => {
    expect(() => parseDeviceAuthorizationResponse(refusal('unauthorized_client'), authority)).toThrow(
      expect.objectContaining({
        name: 'TokenEndpointError',
        error: 'unauthorized_client',
        step: 'device',
        message: 'the device authorization endpoint answered unauthorized_client: AADSTS70016: words.',
      }),
    )
  })

  it.each([
    [answer('<p>', 200, { 'content-type': 'text/html' }), 'ERR_MALFORMED_RESPONSE'],
    [answer({}, 404), 'ERR_UNEXPECTED_STATUS'],
    [answer({}), 'ERR_MISSING_FIELD'],
    [answer({ error: 7 }, 400), 'ERR_MALFORMED_RESPONSE'],
  ])('refuses what is no answer of the protocol', (response, code) => {
    expect(() => parseDeviceAuthorizationResponse(response, authority)).toThrow(
      expect.objectContaining({ code, step: 'device' }),
    )
  })

  it('never throws anything but errors of ours, and never shows the device code', () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.constantFrom('https://login.example/', 'http://login.example/', 'ftp://x'),
      fc.constant(offered.user_code),
    )
    const body = fc.record({ user_code: value, verification_uri: value, expires_in: value, interval: value })
    fc.assert(
      fc.property(body, (changes) => {
        const [secret = ''] = randomSecrets(1)
        let shown: string
        try {
          shown = show(parse({ ...changes, device_code: secret }))
        } catch (error) {
          expect(error).toMatchObject({ step: 'device' })
          shown = show(error)
        }
        expect(findLeaks(shown)).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})

describe('buildDeviceTokenRequest', () => {
  it('posts the device code, which no print shows', () => {
    const deviceCode = new Secret('c4nary-code')
    const request = buildDeviceTokenRequest({ metadata, clientId, scopes, deviceCode }, 'c-1')
    expect(request).toMatchObject({ step: 'token', url: `${base}/token` })
    expect(request.headers).not.toHaveProperty('x-anchormailbox')
    expect(fields(request)).toEqual({
      client_id: clientId,
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: 'c4nary-code',
      scope: 'User.Read openid profile offline_access',
      client_info: '1',
    })
    expect(show(request)).not.toContain('c4nary')
  })
})

describe('parseDeviceTokenResponse', () => {
  it.each([
    ['pending', refusal('authorization_pending')],
    ['slow_down', refusal('slow_down')],
    ['pending', refusal('authorization_pending', 503)],
    ['unavailable', answer('<p>', 503, { 'content-type': 'text/html' })],
    ['unavailable', answer({ error: 'temporarily_unavailable' }, 503)],
    ['unavailable', answer('', 500)],
    ['unavailable', answer('', 429)],
  ])('says %s', (type, response) => {
    expect(parseDeviceTokenResponse(response, scopes)).toEqual({ type })
  })

  it('gives the tokens', () => {
    const response = answer({ access_token: 'at', token_type: 'Bearer', expires_in: 60 })
    expect(parseDeviceTokenResponse(response, scopes)).toMatchObject({ type: 'tokens', tokens: { scopes } })
  })

  it.each([
    ['expired_token', 'ERR_DEVICE_CODE_EXPIRED'],
    ['bad_verification_code', 'ERR_DEVICE_CODE_EXPIRED'],
    ['authorization_declined', 'ERR_DEVICE_CODE_DECLINED'],
    ['access_denied', 'ERR_DEVICE_CODE_DECLINED'],
  ])('ends on %s as %s', (error, code) => {
    expect(() => parseDeviceTokenResponse(refusal(error), scopes)).toThrow(
      expect.objectContaining({ name: 'DeniedError', code, step: 'device' }),
    )
  })

  it('repeats the server’s words when the sign-in was declined, since a policy declines in the same way', () => {
    expect(() => parseDeviceTokenResponse(refusal('access_denied'), scopes)).toThrow(
      expect.objectContaining({
        message: 'the sign-in was declined: the token endpoint answered access_denied: AADSTS70016: words.',
        response: expect.objectContaining({ status: 400, traceId: 't-1' }),
      }),
    )
  })

  it.each([
    ['invalid_grant', { name: 'TokenEndpointError' }],
    ['interaction_required', { name: 'InteractionRequiredError' }],
  ])('leaves %s to the parser of every token response', (error, expected) => {
    expect(() => parseDeviceTokenResponse(refusal(error), scopes)).toThrow(expect.objectContaining(expected))
  })

  it('decides by the word, never by the number', () => {
    const words = (error: string) => ({ error, error_codes: [70019], error_description: 'AADSTS70019: x' })
    expect(parseDeviceTokenResponse(answer(words('authorization_pending'), 400), scopes)).toEqual({ type: 'pending' })
  })
})

describe('deviceCodeExpired', () => {
  it('needs no answer of the server’s', () => {
    expect(deviceCodeExpired()).toMatchObject({ code: 'ERR_DEVICE_CODE_EXPIRED', step: 'device' })
    expect(deviceCodeExpired()).not.toHaveProperty('response')
    expect(deviceCodeExpired().message).toMatch(/nobody signed in/)
    expect(deviceCodeExpired({ isAnswered: false }).message).toMatch(/server did not answer/)
  })
})

describe('the device authorization endpoint in the metadata', () => {
  const oidc = parseAuthority('https://idp.example/realm')
  const read = (endpoint: unknown) => {
    const document = { issuer: oidc.url, token_endpoint: `${oidc.url}/token`, device_authorization_endpoint: endpoint }
    return parseMetadata(answer(document), oidc).device_authorization_endpoint
  }

  it('is read', () => expect(read('https://idp.example/device')).toBe('https://idp.example/device'))

  it('names the tenant in place of the placeholder', () => {
    const entra = parseAuthority('https://login.cloud.example/contoso.example')
    const at = 'https://login.cloud.example/{tenantid}'
    const document = { issuer: at, token_endpoint: `${at}/token`, device_authorization_endpoint: `${at}/devicecode` }
    expect(parseMetadata(answer(document), entra).device_authorization_endpoint).toBe(`${entra.url}/devicecode`)
  })

  it.each([
    7,
    null,
    'x',
    'http://idp.example/device',
    'https://other.example/d',
    `https://idp.example/${'x'.repeat(2_048)}`,
  ])('is left out when it cannot be used, and a sign-in with a password goes on: %j', (endpoint) =>
    expect(read(endpoint)).toBeUndefined(),
  )
})
