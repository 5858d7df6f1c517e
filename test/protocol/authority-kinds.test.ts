import { describe, expect, it } from 'vitest'
import { type AuthorityKind, parseAuthority, withTenant } from '../../src/protocol/authority.ts'
import { metadataByConvention, metadataUrlOf } from '../../src/protocol/server-metadata.ts'

const tid = '11111111-2222-4333-8444-555555555555'
const v2 = '/v2.0/.well-known/openid-configuration'
const plain = '/.well-known/openid-configuration'

/** authority, forced kind, kind found, and where its metadata is (or, for a known cloud, its token endpoint). */
const accepted: readonly (readonly [string, AuthorityKind | undefined, AuthorityKind, string])[] = [
  [
    `https://login.microsoftonline.com/${tid}`,
    undefined,
    'entra',
    `https://login.microsoftonline.com/${tid}/oauth2/v2.0/token`,
  ],
  [
    'https://login.microsoftonline.com/organizations/',
    undefined,
    'entra',
    'https://login.microsoftonline.com/organizations/oauth2/v2.0/token',
  ],
  [
    'https://login.windows.net/contoso.example',
    undefined,
    'entra',
    'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://login.microsoft.com/contoso.example',
    undefined,
    'entra',
    'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://STS.WINDOWS.NET/contoso.example',
    undefined,
    'entra',
    'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://login.microsoftonline.us/contoso.example',
    undefined,
    'entra',
    'https://login.microsoftonline.us/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://login.usgovcloudapi.net/contoso.example',
    undefined,
    'entra',
    'https://login.microsoftonline.us/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://login-us.microsoftonline.com/contoso.example',
    undefined,
    'entra',
    'https://login-us.microsoftonline.com/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://login.partner.microsoftonline.cn/contoso.example',
    undefined,
    'entra',
    'https://login.partner.microsoftonline.cn/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://login.chinacloudapi.cn/contoso.example',
    undefined,
    'entra',
    'https://login.partner.microsoftonline.cn/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://login.microsoftonline.de/contoso.example',
    undefined,
    'entra',
    'https://login.microsoftonline.de/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://login.sovcloud-identity.fr/contoso.example',
    undefined,
    'entra',
    'https://login.sovcloud-identity.fr/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://login.sovcloud-identity.de/contoso.example',
    undefined,
    'entra',
    'https://login.sovcloud-identity.de/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://login.sovcloud-identity.sg/contoso.example',
    undefined,
    'entra',
    'https://login.sovcloud-identity.sg/contoso.example/oauth2/v2.0/token',
  ],
  [
    'https://login.microsoftonline.com:443/contoso.example',
    undefined,
    'entra',
    'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token',
  ],
  [`https://login.cloud.example:8443/${tid}`, undefined, 'entra', `https://login.cloud.example:8443/${tid}${v2}`],
  ['https://login.cloud.example/organizations', undefined, 'entra', `https://login.cloud.example/organizations${v2}`],
  ['https://127.0.0.1:4443/contoso.example', undefined, 'entra', `https://127.0.0.1:4443/contoso.example${v2}`],
  ['https://[::1]:4443/contoso.example', undefined, 'entra', `https://[::1]:4443/contoso.example${v2}`],
  // Looks alike, and is some host like any other: instance discovery will not know it.
  [
    'https://login.microsoftonline.com.evil.example/contoso.example',
    undefined,
    'entra',
    `https://login.microsoftonline.com.evil.example/contoso.example${v2}`,
  ],
  ['https://sts.contoso.example/adfs', undefined, 'adfs', `https://sts.contoso.example/adfs${plain}`],
  ['https://sts.contoso.example/ADFS/', undefined, 'adfs', `https://sts.contoso.example/adfs${plain}`],
  ['https://sts.contoso.example:8443/adfs', undefined, 'adfs', `https://sts.contoso.example:8443/adfs${plain}`],
  ['https://10.1.2.3/adfs', 'adfs', 'adfs', `https://10.1.2.3/adfs${plain}`],
  [
    'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_ropc',
    undefined,
    'b2c',
    `https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_ropc${v2}`,
  ],
  [
    `https://contoso.b2clogin.com/${tid}/b2c_1a_ropc/`,
    undefined,
    'b2c',
    `https://contoso.b2clogin.com/${tid}/b2c_1a_ropc${v2}`,
  ],
  [
    'https://contoso.b2clogin.com/tfp/contoso.onmicrosoft.com/b2c_1_ropc',
    undefined,
    'b2c',
    `https://contoso.b2clogin.com/tfp/contoso.onmicrosoft.com/b2c_1_ropc${v2}`,
  ],
  [
    'https://contoso.b2clogin.cn/contoso.example/b2c_1_ropc',
    undefined,
    'b2c',
    `https://contoso.b2clogin.cn/contoso.example/b2c_1_ropc${v2}`,
  ],
  [
    'https://login.contoso.example/tfp/contoso.example/b2c_1_ropc',
    undefined,
    'b2c',
    `https://login.contoso.example/tfp/contoso.example/b2c_1_ropc${v2}`,
  ],
  [
    'https://login.contoso.example/contoso.example/b2c_1_ropc',
    undefined,
    'b2c',
    `https://login.contoso.example/contoso.example/b2c_1_ropc${v2}`,
  ],
  [
    'https://login.contoso.example/contoso.example/signin',
    'b2c',
    'b2c',
    `https://login.contoso.example/contoso.example/signin${v2}`,
  ],
  ['https://contoso.ciamlogin.com', undefined, 'ciam', `https://contoso.ciamlogin.com/contoso.onmicrosoft.com${v2}`],
  ['https://contoso.ciamlogin.com/', undefined, 'ciam', `https://contoso.ciamlogin.com/contoso.onmicrosoft.com${v2}`],
  [`https://contoso.ciamlogin.com/${tid}`, undefined, 'ciam', `https://contoso.ciamlogin.com/${tid}${v2}`],
  [
    'https://contoso.ciamlogin.com/contoso.onmicrosoft.com',
    undefined,
    'ciam',
    `https://contoso.ciamlogin.com/contoso.onmicrosoft.com${v2}`,
  ],
  [`https://login.contoso.example/${tid}`, 'ciam', 'ciam', `https://login.contoso.example/${tid}${v2}`],
  ['https://idp.example', undefined, 'oidc', `https://idp.example${plain}`],
  ['https://idp.example/realms/Master', undefined, 'oidc', `https://idp.example/realms/Master${plain}`],
  ['https://idp.example/contoso.example', 'oidc', 'oidc', `https://idp.example/contoso.example${plain}`],
  ['http://127.0.0.1:4593/api/oidc', 'oidc', 'oidc', `http://127.0.0.1:4593/api/oidc${plain}`],
  ['http://localhost:9001/', 'oidc', 'oidc', `http://localhost:9001${plain}`],
  ['https://idp.example/o', undefined, 'oidc', `https://idp.example/o${plain}`],
]

const refused: readonly (readonly [string, AuthorityKind | undefined, RegExp])[] = [
  ['http://login.microsoftonline.com/organizations', undefined, /not https/],
  ['http://idp.example', 'oidc', /not https/],
  ['http://127.0.0.1:9001', undefined, /not https/],
  ['ftp://idp.example', 'oidc', /not an https URL/],
  ['idp.example', 'oidc', /not an https URL/],
  ['https://', 'oidc', /not an https URL/],
  ['https:/login.microsoftonline.com/organizations', undefined, /not an https URL/],
  ['https:\\\\login.microsoftonline.com\\organizations', undefined, /not an https URL/],
  ['https://lögin.example/organizations', undefined, /not an https URL/],
  ['https://login.micro\tsoftonline.com/organizations', undefined, /not an https URL/],
  ['https://login.microsoftonline.com@evil.example/organizations', undefined, /user name/],
  ['https://@evil.example/organizations', undefined, /user name/],
  ['https://user:pass@idp.example', 'oidc', /user name/],
  ['https://idp.example/?x=1', 'oidc', /query/],
  ['https://contoso.b2clogin.com/contoso.onmicrosoft.com?p=b2c_1_ropc', undefined, /query/],
  ['https://idp.example/#x', 'oidc', /fragment/],
  ['https://idp.example/a\\b', 'oidc', /backslash/],
  ['https://login.microsoftonline.com./organizations', undefined, /dot/],
  ['https://idp.example/a//b', 'oidc', /empty, dotted/],
  ['https://idp.example/a/../b', 'oidc', /empty, dotted/],
  ['https://idp.example/%61', 'oidc', /percent-encoded/],
  ['https://8.8.8.8/organizations', undefined, /IP address/],
  ['https://10.1.2.3/contoso.example', undefined, /IP address/],
  ['https://[2001:db8::1]/organizations', undefined, /IP address/],
  ['https://login.microsoftonline.com/common', undefined, /"common"/],
  ['https://login.microsoftonline.com/consumers', undefined, /"consumers"/],
  ['https://login.cloud.example/common', undefined, /"common"/],
  ['https://login.microsoftonline.com', undefined, /names no tenant/],
  ['https://login.microsoftonline.com/a/b', undefined, /more than a tenant/],
  ['https://login.microsoftonline.com/not_a_tenant', undefined, /neither an id/],
  ['https://sts.contoso.example/adfs/ls', undefined, /adfs/],
  ['https://sts.contoso.example/', 'adfs', /adfs/],
  ['https://contoso.b2clogin.com/contoso.onmicrosoft.com', undefined, /tenant and a policy/],
  ['https://contoso.b2clogin.com/tfp/contoso.onmicrosoft.com', undefined, /tenant and a policy/],
  ['https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_ropc/oauth2', undefined, /tenant and a policy/],
  ['https://contoso.b2clogin.com/nonsense/b2c_1_ropc', undefined, /tenant and a policy/],
  ['https://contoso.ciamlogin.com/a/b', undefined, /External ID/],
  ['https://login.contoso.example/', 'ciam', /External ID/],
  ['https://login.contoso.example/dstsv2/contoso.example', undefined, /dSTS/],
  ['https://idp.example', 'saml' as AuthorityKind, /authorityKind/],
]

describe('authorities of all kinds', () => {
  it('are tried in a good number', () => {
    expect(accepted.length + refused.length).toBeGreaterThanOrEqual(60)
  })

  it.each(accepted)('%s (kind %s) is %s, at %s', (text, forced, kind, endpoint) => {
    const authority = parseAuthority(text, forced)
    expect(authority.kind).toBe(kind)
    expect(authority.known ? metadataByConvention(authority).token_endpoint : metadataUrlOf(authority)).toBe(endpoint)
  })

  it.each(refused)('%s (kind %s) is refused: %s', (text, forced, why) => {
    expect(() => parseAuthority(text, forced)).toThrow(
      expect.objectContaining({ step: 'authority', message: expect.stringMatching(why), hint: expect.any(String) }),
    )
  })

  it('take another tenant only where there are tenants', () => {
    expect(withTenant(parseAuthority('https://contoso.ciamlogin.com'), tid).url).toBe(
      `https://contoso.ciamlogin.com/${tid}`,
    )
    for (const text of [
      'https://sts.contoso.example/adfs',
      'https://idp.example',
      'https://c.b2clogin.com/contoso.example/b2c_1',
    ]) {
      expect(() => withTenant(parseAuthority(text), tid)).toThrow(/no tenant to replace/)
    }
  })
})
