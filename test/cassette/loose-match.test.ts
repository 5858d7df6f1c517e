import { describe, expect, it } from 'vitest'
import { matchesLoosely } from '../../src/cassette/loose-match.ts'
import type { RedactedRequest } from '../../src/redact/redacted-message.ts'

const tenant = 'https://login.microsoftonline.com/00000000-0000-4000-9000-000000000002'

function get(url: string): RedactedRequest {
  return { method: 'GET', url, headers: {} }
}

function form(url: string, fields: Readonly<Record<string, string>>): RedactedRequest {
  return { method: 'POST', url, headers: {}, body: new URLSearchParams(fields).toString() }
}

const wst13 = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512'
const wst2005 = 'http://schemas.xmlsoap.org/ws/2005/02/trust'

function soap(rst: string, root = ''): RedactedRequest {
  const body = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"${root}><s:Body>${rst}</s:Body></s:Envelope>`
  return { method: 'POST', url: 'https://sts1.tenant1.example/adfs/services/trust/13/usernamemixed', headers: {}, body }
}

function rst(namespace: string, address = 'urn:federation:MicrosoftOnline'): string {
  return `<wst:RequestSecurityToken xmlns:wst="${namespace}"><wsp:AppliesTo xmlns:wsp="urn:p"><wsa:EndpointReference><wsa:Address>${address}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo></wst:RequestSecurityToken>`
}

describe('where a request goes', () => {
  const realm = get('https://login.microsoftonline.com/common/userrealm/user1%40tenant1.example?api-version=1.0')

  it.each([
    ['another user', 'https://login.microsoftonline.com/common/userrealm/ada%40contoso.example?api-version=1.0'],
    ['not encoded', 'https://login.microsoftonline.com/common/userrealm/ada@contoso.example?api-version=1.0'],
    ['in other letters', 'https://login.microsoftonline.com/common/UserRealm/user1%40tenant1.example?api-version=1.0'],
    ['with more in the query', '/common/userrealm/user1%40tenant1.example?api-version=1.0&x=y'],
  ])('is the same for %s', (_, url) => {
    expect(matchesLoosely(realm, get(url))).toBe(true)
  })

  it.each([
    ['another host', 'https://login.example/common/userrealm/user1%40tenant1.example?api-version=1.0'],
    ['another version', '/common/userrealm/user1%40tenant1.example?api-version=2.1'],
    ['no version', '/common/userrealm/user1%40tenant1.example'],
    ['no user', '/common/userrealm/user1?api-version=1.0'],
    ['another path', '/common/realm/user1%40tenant1.example?api-version=1.0'],
    ['a longer path', '/common/userrealm/user1%40tenant1.example/more?api-version=1.0'],
    ['a path of broken percents', '/common/userrealm/%?api-version=1.0'],
    ['no URL', 'https://['],
  ])('is not for %s', (_, url) => {
    expect(matchesLoosely(realm, get(url))).toBe(false)
  })

  it('is not for another method', () => {
    expect(matchesLoosely(realm, { ...realm, method: 'POST' })).toBe(false)
  })

  it.each(['organizations', 'contoso.example', '11111111-2222-4333-8444-555555555555'])(
    'is the same for the tenant %s',
    (name) => {
      const fields = { grant_type: 'password', scope: 'User.Read' }
      const sent = form(`https://login.microsoftonline.com/${name}/oauth2/v2.0/token`, fields)
      expect(matchesLoosely(form(`${tenant}/oauth2/v2.0/token`, fields), sent)).toBe(true)
    },
  )

  it('takes no other word for a tenant, and a tenant only where tenants are', () => {
    const fields = { grant_type: 'password' }
    const oidc = form('https://host1.tenant1.example/oidc/token', fields)
    expect(matchesLoosely(oidc, form('https://host1.tenant1.example/contoso.example/token', fields))).toBe(false)
    const keys = get(`${tenant}/keys.example`)
    expect(matchesLoosely(keys, get(`${tenant}/jwks.example`))).toBe(false)
  })
})

describe('a form', () => {
  const recorded = form(`${tenant}/oauth2/v2.0/token`, {
    client_id: 'a',
    grant_type: 'password',
    username: 'user1@tenant1.example',
    password: '[password]',
    scope: 'User.Read Mail.Read openid profile offline_access',
  })
  const sent = (changes: Readonly<Record<string, string>>, endpoint = '/oauth2/v2.0/token'): RedactedRequest =>
    form(`${tenant}${endpoint}`, { grant_type: 'password', scope: 'User.Read Mail.Read', ...changes })

  it('may have any other field, any user and any password', () => {
    const own = { client_id: 'b', username: 'ada@contoso.example', password: 'her own', 'x-client-SKU': 'other' }
    expect(matchesLoosely(recorded, sent(own))).toBe(true)
  })

  it('may name its scopes in any order, in any letters, with their API', () => {
    expect(matchesLoosely(recorded, sent({ scope: 'openid https://graph.microsoft.com/mail.read User.Read' }))).toBe(
      true,
    )
  })

  it.each([
    ['another grant', { grant_type: 'refresh_token' }],
    ['a scope less', { scope: 'User.Read' }],
    ['a scope more', { scope: 'User.Read Mail.Read Mail.Send' }],
    ['a scope of another API', { scope: 'api://other/User.Read Mail.Read' }],
  ])('is another with %s', (_, changes) => {
    expect(matchesLoosely(recorded, sent(changes))).toBe(false)
  })

  it('asks for the same with a resource at the older endpoint', () => {
    const older = '/oauth2/token?api-version=1.0'
    const ofGraph = { scope: 'openid', resource: 'https://graph.microsoft.com' }
    expect(matchesLoosely(recorded, sent(ofGraph, older))).toBe(true)
    expect(matchesLoosely(sent(ofGraph, older), recorded)).toBe(true)
    expect(matchesLoosely(sent(ofGraph, older), sent({ ...ofGraph, resource: 'https://graph.microsoft.com/' }))).toBe(
      true,
    )
    expect(matchesLoosely(recorded, sent({ ...ofGraph, resource: 'https://graph.microsoft' }, older))).toBe(false)
    expect(matchesLoosely(recorded, sent({ ...ofGraph, resource: 'https://vault.azure.net' }, older))).toBe(false)
    expect(matchesLoosely(sent({ scope: 'openid' }), sent(ofGraph, older))).toBe(false)
  })

  it('is no message in XML', () => {
    expect(matchesLoosely(recorded, { ...recorded, body: rst(wst13) })).toBe(false)
    expect(matchesLoosely({ ...recorded, body: rst(wst13) }, recorded)).toBe(false)
  })
})

describe('a WS-Trust message', () => {
  it('is the same however it is written, and whoever it is for', () => {
    const adal = soap(
      `<t:RequestSecurityToken\n xmlns:t='${wst13}'><p:AppliesTo xmlns:p='urn:p'> <Address x="y"> urn:federation:MicrosoftOnline </Address></p:AppliesTo></t:RequestSecurityToken>`,
    )
    expect(matchesLoosely(soap(rst(wst13)), adal)).toBe(true)
  })

  it('may declare its namespace above, and for elements without a prefix', () => {
    const inner = rst(wst13).replace(` xmlns:wst="${wst13}"`, '')
    expect(matchesLoosely(soap(rst(wst13)), soap(inner, ` xmlns:wst="${wst13}"`))).toBe(true)
    const plain = rst(wst13).replaceAll('wst:', '').replace('xmlns:wst', 'xmlns')
    expect(matchesLoosely(soap(rst(wst13)), soap(plain))).toBe(true)
    // The nearest counts.
    expect(matchesLoosely(soap(rst(wst13)), soap(rst(wst13), ` xmlns:wst="${wst2005}"`))).toBe(true)
  })

  it('is another of another version, for another party, or of another kind', () => {
    expect(matchesLoosely(soap(rst(wst13)), soap(rst(wst2005)))).toBe(false)
    expect(matchesLoosely(soap(rst(wst13)), soap(rst(wst13, 'urn:other')))).toBe(false)
    expect(matchesLoosely(soap(rst(wst13)), soap('<other/>'))).toBe(false)
    expect(matchesLoosely(soap(rst(wst13, 'urn:a?b&amp;c')), soap(rst(wst13, 'urn:a?b&amp;c')))).toBe(true)
  })

  it.each([
    '<a:RequestSecurityToken ',
    '<wst:RequestSecurityToken x=""><p:AppliesTo ',
    '<p:AppliesTo><Address ',
    " xmlns='",
  ])('is looked at once, however often %j is in it', (piece) => {
    const body = `<${piece.repeat(Math.floor(1_000_000 / piece.length))}`
    const started = performance.now()
    matchesLoosely({ ...soap(''), body }, { ...soap(''), body })
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})

it('takes a prefix that no pattern can hold for no token request', () => {
  const body = `<${'a.-'.repeat(20_000)}:RequestSecurityToken x>`
  const message: RedactedRequest = { method: 'POST', url: 'https://sts.contoso.example/x', headers: {}, body }
  expect(matchesLoosely(message, message)).toBe(true)
})
