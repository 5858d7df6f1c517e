import { describe, expect, it } from 'vitest'
import { parseAuthority, withTenant } from '../../src/protocol/authority.ts'
import { findCloud } from '../../src/protocol/clouds.ts'
import { buildMetadataRequest, metadataByConvention, parseMetadata } from '../../src/protocol/server-metadata.ts'

const tid = '11111111-2222-4333-8444-555555555555'

describe('parseAuthority', () => {
  it.each([
    [`https://login.microsoftonline.com/${tid}`, `https://login.microsoftonline.com/${tid}`],
    [`https://login.microsoftonline.com/${tid}/`, `https://login.microsoftonline.com/${tid}`],
    [`HTTPS://Login.MicrosoftOnline.com:443/${tid.toUpperCase()}`, `https://login.microsoftonline.com/${tid}`],
    ['https://login.microsoftonline.com/Contoso.Example', 'https://login.microsoftonline.com/contoso.example'],
    ['https://login.microsoftonline.com/organizations', 'https://login.microsoftonline.com/organizations'],
    // An alias goes to the host that serves the cloud.
    [`https://sts.windows.net/${tid}`, `https://login.microsoftonline.com/${tid}`],
    [`https://login.chinacloudapi.cn/${tid}`, `https://login.partner.microsoftonline.cn/${tid}`],
    [`https://login.usgovcloudapi.net/${tid}`, `https://login.microsoftonline.us/${tid}`],
    ['https://login.cloud.example:8443/contoso.example', 'https://login.cloud.example:8443/contoso.example'],
    ['https://localhost:4443/organizations', 'https://localhost:4443/organizations'],
  ])('reads %s as %s', (text, url) => {
    expect(parseAuthority(text)).toMatchObject({ kind: 'entra', url })
  })

  it.each([
    ['http://login.microsoftonline.com/organizations', 'not https'],
    ['login.microsoftonline.com/organizations', 'not an https URL'],
    ['', 'not an https URL'],
    ['https:\\\\login.microsoftonline.com\\organizations', 'not an https URL'],
    ['https://login.microsoftonline.com', 'names no tenant'],
    ['https://login.microsoftonline.com/', 'names no tenant'],
    ['https://user@login.microsoftonline.com/organizations', 'user name'],
    ['https://login.microsoftonline.com@evil.test/organizations', 'user name'],
    ['https://login.microsoftonline.com/organizations?dc=x', 'query'],
    ['https://login.microsoftonline.com/organizations#x', 'fragment'],
    ['https://login.microsoftonline.com/organizations\\x', 'backslash'],
    ['https://login.microsoftonline.com./organizations', 'dot'],
    ['https://login.microsoftonline.com/organizations/oauth2/v2.0/token', 'more than a tenant'],
    ['https://login.microsoftonline.com//organizations', 'empty, dotted'],
    ['https://login.microsoftonline.com/not_a_tenant', 'neither an id'],
    ['https://login.microsoftonline.com/%2e%2e', 'percent-encoded'],
    ['https://login.microsoftonline.com/ organizations', 'not an https URL'],
    ['https://login.microsoftonline.com/orgänizations', 'not an https URL'],
    ['https://login.microsoftonline.com/common', '"common"'],
    ['https://login.microsoftonline.com/Consumers', '"consumers"'],
    ['https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad', '9188040d'],
  ])('refuses %j before anything is sent, and says why', (text, why) => {
    expect(() => parseAuthority(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARGUMENT',
        step: 'authority',
        message: expect.stringContaining(why),
        hint: expect.any(String),
      }),
    )
  })

  it('takes the tenant of a call in place of its own, under the same rules', () => {
    const authority = parseAuthority('https://login.windows.net/organizations')
    expect(withTenant(authority, tid.toUpperCase()).url).toBe(`https://login.microsoftonline.com/${tid}`)
    expect(() => withTenant(authority, 'common')).toThrow(/common/)
    expect(() => withTenant(authority, 'a/b')).toThrow(/neither an id/)
  })

  it('names the cache environment of the cloud, and the host itself outside the table', () => {
    expect(parseAuthority(`https://login.microsoft.com/${tid}`)).toMatchObject({
      environment: 'login.windows.net',
      known: true,
    })
    expect(parseAuthority(`https://login.cloud.example/${tid}`)).toMatchObject({
      environment: 'login.cloud.example',
      aliases: ['login.cloud.example'],
      known: false,
    })
    expect(findCloud('LOGIN.MICROSOFTONLINE.US')?.networkHost).toBe('login.microsoftonline.us')
  })
})

describe('server metadata', () => {
  it('is known by convention for a cloud in the table', () => {
    const authority = parseAuthority('https://login.microsoftonline.us/contoso.example')
    expect(metadataByConvention(authority)).toEqual({
      issuer: 'https://login.microsoftonline.us/{tenantid}/v2.0',
      token_endpoint: 'https://login.microsoftonline.us/contoso.example/oauth2/v2.0/token',
      jwks_uri: 'https://login.microsoftonline.us/contoso.example/discovery/v2.0/keys',
      device_authorization_endpoint: 'https://login.microsoftonline.us/contoso.example/oauth2/v2.0/devicecode',
    })
  })

  it.each([
    ['token_endpoint', 'not a URL', 'ERR_INSECURE_ENDPOINT'],
    ['jwks_uri', 'https://login.other.example/keys', 'ERR_UNJUSTIFIED_HOST'],
    ['issuer', 'not a URL', 'ERR_ISSUER_MISMATCH'],
    ['issuer', 7, 'ERR_MALFORMED_RESPONSE'],
    ['issuer', 'x'.repeat(2_049), 'ERR_MALFORMED_RESPONSE'],
  ])('is refused when its %s is %j', (name, value, code) => {
    const authority = parseAuthority('https://login.cloud.example/organizations')
    const base = 'https://login.cloud.example/organizations'
    const document = { issuer: `${base}/v2.0`, token_endpoint: `${base}/token`, [name]: value }
    const response = { status: 200, headers: {}, body: JSON.stringify(document) }
    expect(() => parseMetadata(response, authority)).toThrow(expect.objectContaining({ code, step: 'authority' }))
  })

  it('may name the tenant by a placeholder in its endpoints, and algorithms that it signs with', () => {
    const authority = parseAuthority('https://login.cloud.example/contoso.example')
    const base = 'https://login.cloud.example/{tenantid}'
    const document = {
      issuer: `${base}/v2.0`,
      token_endpoint: `${base}/token`,
      jwks_uri: `${base}/keys`,
      id_token_signing_alg_values_supported: ['RS256', 7],
    }
    expect(parseMetadata({ status: 200, headers: {}, body: JSON.stringify(document) }, authority)).toEqual({
      issuer: `${base}/v2.0`,
      token_endpoint: `${authority.url}/token`,
      jwks_uri: `${authority.url}/keys`,
      id_token_signing_alg_values_supported: ['RS256'],
    })
  })

  it.each([
    ['https://idp.example/realms/a', 'https://idp.example/realms/b', false],
    ['https://idp.example/realms/a', 'https://idp.example/realms/A', false],
    ['https://idp.example/realms/a', 'https://idp.example/realms/a/', true],
    ['https://idp.example/', 'https://idp.example', true],
  ])('of an OIDC server at %s may name the issuer %s: %s', (url, issuer, fine) => {
    const authority = parseAuthority(url, 'oidc')
    const document = { issuer, token_endpoint: 'https://idp.example/token' }
    const parse = () => parseMetadata({ status: 200, headers: {}, body: JSON.stringify(document) }, authority)
    if (fine) expect(parse()).toMatchObject({ issuer })
    else expect(parse).toThrow(expect.objectContaining({ code: 'ERR_ISSUER_MISMATCH' }))
  })

  it('needs no key set', () => {
    const authority = parseAuthority('https://login.cloud.example/organizations')
    const document = { issuer: `${authority.url}/v2.0`, token_endpoint: `${authority.url}/token` }
    expect(parseMetadata({ status: 200, headers: {}, body: JSON.stringify(document) }, authority)).toEqual(document)
  })

  it('is asked of any other host', () => {
    const authority = parseAuthority('https://login.cloud.example/contoso.example')
    expect(buildMetadataRequest(authority, 'c-1')).toEqual({
      step: 'authority',
      method: 'GET',
      url: 'https://login.cloud.example/contoso.example/v2.0/.well-known/openid-configuration',
      headers: {
        accept: 'application/json',
        'client-request-id': 'c-1',
        'return-client-request-id': 'true',
        'x-client-sku': 'ropc-client',
        'x-client-ver': '0.1.0',
      },
    })
  })
})
