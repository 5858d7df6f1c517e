import { describe, expect, it } from 'vitest'
import { decodeBase64Url, encodeBase64Url } from '../../src/protocol/base64url.ts'
import type { HttpRequest } from '../../src/protocol/http.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { redactRequest, redactResponse } from '../../src/redact/redact-message.ts'

// Nobody has told of a secret here: what protects it is that only what is on a list is shown.
const canary = 'canary-in-no-list'
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const asked: HttpRequest = { step: 'token', method: 'POST', url: 'https://idp.example/token', headers: form }
const answer = (
  body: unknown,
  step: HttpRequest['step'] = 'token',
  type = 'application/json',
  secrets: readonly string[] = [],
) =>
  redactResponse(
    { status: 200, headers: { 'content-type': type }, body: typeof body === 'string' ? body : JSON.stringify(body) },
    { ...asked, step },
    secrets.map((secret) => new Secret(secret)),
  ).body

describe('of a form', () => {
  it('only known fields are shown, and the names of others', () => {
    const body = `scope=a+b&my_secret=${canary}&Password=${canary}&empty=`
    expect(redactRequest({ ...asked, body }).body).toBe(
      'scope=a+b&my_secret=%5Bnot+shown%5D&Password=%5Bpassword%2C+up+to+31+characters%5D&empty=%5Bnot+shown%5D',
    )
  })
})

describe('of a URL', () => {
  it('only known parameters are shown, and neither user info nor fragment', () => {
    const url = `https://u:${canary}@idp.example/a@b?p=B2C_1_x&api_key=${canary}#${canary}`
    expect(redactRequest({ ...asked, url }).url).toBe('https://idp.example/a@b?p=B2C_1_x&api_key=%5Bnot+shown%5D')
  })

  it.each([
    ['in its path', 'https://idp.example/S3cret-of-mine'],
    ['in its host and path together', 'https://s3cret.of/mine'],
    ['and it cannot be read', 'S3cret-of-mine'],
  ])('nothing is shown when a secret stands %s', (_, url) => {
    const redacted = redactRequest({ ...asked, url }, [new Secret('S3cret-of-mine')]).url
    expect(redacted).toMatch(/^https:\/\/withheld\.invalid\//)
    expect(redactRequest({ ...asked, url: redacted }).url).toBe(redacted)
  })

  it('nothing is shown when path and query make a secret together', () => {
    const url = 'https://idp.example/s3cret?scope=ofmine99'
    expect(redactRequest({ ...asked, url }, [new Secret('s3cret?scope=ofmine99')]).url).toMatch(/withheld\.invalid/)
  })
})

describe('of a JSON answer', () => {
  it('only known members are shown, at any depth, and the names of others', () => {
    const body = {
      error: 'invalid_grant',
      my_secret: canary,
      none: null,
      metadata: [{ aliases: ['a'], x: { y: canary } }],
      n: 4711,
    }
    expect(JSON.parse(answer(body))).toEqual({
      error: 'invalid_grant',
      my_secret: '[not shown]',
      none: null,
      metadata: [{ aliases: ['a'], x: '[not shown]' }],
      n: '[not shown]',
    })
  })

  it('a name that is no name, or a part of a secret, is not shown', () => {
    expect(JSON.parse(answer({ 'two words': 1 }))).toEqual({ withheld: '[not shown]' })
    expect(JSON.parse(answer({ Winter2026: 1 }, 'token', 'application/json', ['Winter2026-contoso']))).toEqual({
      withheld: '[not shown]',
    })
  })

  it('secrets keep their type, and no more', () => {
    const body = {
      access_token: [canary],
      refresh_token: { a: canary },
      id_token: 4711,
      device_code: true,
      expires_in: 4711,
    }
    expect(JSON.parse(answer(body))).toEqual({
      access_token: [],
      refresh_token: {},
      id_token: 0,
      device_code: false,
      expires_in: 4711,
    })
    expect(JSON.parse(answer({ expires_in: 4711 }, 'token', 'application/json', ['4711']))).toEqual({ expires_in: 0 })
  })

  it('a claims challenge is shown as it is, if it is JSON', () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
    expect(JSON.parse(answer({ claims }))).toEqual({ claims })
    expect(JSON.parse(answer({ claims: canary }))).toEqual({ claims: '[not shown]' })
  })

  it('which repeats a password that stood in the request, that is not shown, though nobody told of it', () => {
    const body = new URLSearchParams({ password: 'S3cret+of=mine' }).toString()
    const response = { status: 400, headers: {}, body: JSON.stringify({ error_description: 'not S3cret+of=mine' }) }
    expect(JSON.parse(redactResponse(response, { ...asked, body }).body)).toEqual({
      error_description: '[withheld: it repeats a secret]',
    })
  })

  it('which repeats its own token elsewhere, that is shown nowhere', () => {
    const body = { access_token: 'opaque-token-4711', error_description: 'opaque-token-4711', scope: 'a' }
    expect(answer(body)).not.toContain('4711')
  })

  it('nothing is shown when harmless members make a secret together', () => {
    const body = { suberror: 'abcd1234', trace_id: 'efgh5678' }
    expect(answer(body)).toContain('efgh5678')
    const redacted = answer(body, 'token', 'application/json', ['abcd1234-trace-id-efgh5678'])
    expect(redacted).toBe('[dropped: 45 bytes of application/json]')
    expect(answer(redacted)).toBe(redacted)
  })
})

describe('of a token', () => {
  const part = (value: unknown): string => encodeBase64Url(JSON.stringify(value))
  it('header and known claims are shown, three parts, no signature', () => {
    const token = `${part({ alg: 'RS256', odd: canary })}.${part({ sub: 'a', odd: canary, groups: [{ odd: canary }] })}.${canary}`
    const [header = '', claims = '', signature = ''] = JSON.parse(answer({ access_token: token })).access_token.split(
      '.',
    )
    expect(JSON.parse(decodeBase64Url(header) ?? '')).toEqual({ alg: 'RS256', odd: '[not shown]' })
    expect(JSON.parse(decodeBase64Url(claims) ?? '')).toEqual({
      sub: 'a',
      odd: '[not shown]',
      groups: [{ odd: '[not shown]' }],
    })
    expect(decodeBase64Url(signature)).toBe('redacted')
  })

  it.each([
    ['of two parts', `${part({})}.${part({})}`],
    ['of five, as an encrypted one has', `${part({})}.${part({})}.${canary}.${canary}.${canary}`],
    ['of other bytes', `${canary}.${canary}.${canary}`],
  ])('nothing is shown of one %s', (_, token) => {
    expect(JSON.parse(answer({ access_token: token })).access_token).toMatch(/^\[access_token, up to \d+ characters\]$/)
  })
})

describe('of a SOAP message', () => {
  const soap = (content: string): string =>
    `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">${content}</s:Envelope>`
  it.each([
    ['an element nobody knows', `<a>${canary}</a>`, '<a>[not shown]</a>'],
    ['an attribute nobody knows', `<Action a="${canary}">b</Action>`, '<Action a="[not shown]">b</Action>'],
    ['text between elements', `<Action>b</Action>${canary}`, '<Action>b</Action>'],
    ['a comment', `<Action><!--${canary}-->b</Action>`, '<Action><!---->b</Action>'],
    [
      'a password',
      `<Password Type="T">${canary}</Password>`,
      '<Password Type="T">[Password, up to 31 characters]</Password>',
    ],
    [
      'a key',
      `<X509Certificate>${canary}</X509Certificate>`,
      '<X509Certificate>[X509Certificate, up to 31 characters]</X509Certificate>',
    ],
    [
      'a statement nobody knows',
      `<Attribute Name="http://x/claims/odd"><AttributeValue>${canary}</AttributeValue></Attribute>`,
      '<Attribute Name="http://x/claims/odd"><AttributeValue>[not shown]</AttributeValue></Attribute>',
    ],
    [
      'a statement that names the user',
      '<Attribute Name="http://x/claims/UPN"><AttributeValue>a@b.example</AttributeValue></Attribute>',
      '<Attribute Name="http://x/claims/UPN"><AttributeValue>a@b.example</AttributeValue></Attribute>',
    ],
  ])('%s', (_, original, redacted) => {
    expect(answer(soap(original), 'wstrust', 'application/soap+xml')).toBe(soap(redacted))
    expect(answer(soap(redacted), 'wstrust', 'application/soap+xml')).toBe(soap(redacted))
  })

  it('nothing is shown when its names show a secret, or when it is no message', () => {
    expect(answer(soap('<Winter2026/>'), 'wstrust', 'text/xml', ['Winter2026-contoso'])).toMatch(/^\[dropped: /)
    expect(answer(`<a>${canary}</a>`, 'wstrust', 'text/xml')).toMatch(/^\[dropped: /)
  })
})

describe('a MEX document', () => {
  it('is kept to the last character, but for certificates', () => {
    const mex = (key: string): string =>
      `<?xml version="1.0"?>\n<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"><!-- c --> <port a='1'/><X509Certificate>${key}</X509Certificate><Nonce/>\n</definitions>`
    expect(answer(mex('MIIC'), 'mex', 'text/xml')).toBe(mex('[X509Certificate, up to 7 characters]'))
  })
})
