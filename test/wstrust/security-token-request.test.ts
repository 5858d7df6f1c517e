import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../src/errors.ts'
import { secretsOf } from '../../src/protocol/http.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { addressing, wsse, wsu } from '../../src/wstrust/namespaces.ts'
import { buildSecurityTokenRequest, type SecurityTokenRequest } from '../../src/wstrust/security-token-request.ts'
import { anyCharacter } from '../any-character.ts'
import { thrownBy } from './answers.ts'
import { elementNames, readIndependently } from './independent-xml.ts'

const at = 1_795_376_690
const messageId = '5d4ee482-ee66-4124-bf84-e681a559f682'
const request: SecurityTokenRequest = {
  endpoint: { version: '1.3', url: 'https://sts.contoso.example/adfs/services/trust/13/usernamemixed' },
  username: 'ada@contoso.example',
  password: new Secret('Pa55&w<o>rd'),
  appliesTo: 'urn:federation:MicrosoftOnline',
}
const request2005: SecurityTokenRequest = {
  ...request,
  endpoint: { version: '2005', url: 'https://sts.contoso.example/adfs/services/trust/2005/usernamemixed' },
}

const envelope13 =
  `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
<s:Header>
<wsa:Action s:mustUnderstand="1">http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue</wsa:Action>
<wsa:MessageID>urn:uuid:5d4ee482-ee66-4124-bf84-e681a559f682</wsa:MessageID>
<wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>
<wsa:To s:mustUnderstand="1">https://sts.contoso.example/adfs/services/trust/13/usernamemixed</wsa:To>
<wsse:Security s:mustUnderstand="1" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
<wsu:Timestamp wsu:Id="_0"><wsu:Created>2026-11-22T19:44:50Z</wsu:Created><wsu:Expires>2026-11-22T19:54:50Z</wsu:Expires></wsu:Timestamp>
<wsse:UsernameToken wsu:Id="_1"><wsse:Username>ada@contoso.example</wsse:Username><wsse:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">Pa55&amp;w&lt;o&gt;rd</wsse:Password></wsse:UsernameToken>
</wsse:Security>
</s:Header>
<s:Body>
<wst:RequestSecurityToken xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512">
<wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"><wsa:EndpointReference><wsa:Address>urn:federation:MicrosoftOnline</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>
<wst:KeyType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer</wst:KeyType>
<wst:RequestType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</wst:RequestType>
</wst:RequestSecurityToken>
</s:Body>
</s:Envelope>`.replaceAll('\n', '')

describe('buildSecurityTokenRequest', () => {
  it('builds the WS-Trust 1.3 message element by element', () => {
    expect({ ...buildSecurityTokenRequest(request, at, messageId) }).toEqual({
      step: 'wstrust',
      method: 'POST',
      url: 'https://sts.contoso.example/adfs/services/trust/13/usernamemixed',
      headers: {
        'content-type': 'application/soap+xml; charset=utf-8',
        soapaction: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue',
      },
      body: envelope13,
    })
  })

  it('builds the 2005 message with the names of that version', () => {
    const built = buildSecurityTokenRequest(request2005, at, messageId)
    expect(built.headers['soapaction']).toBe('http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue')
    expect(built.body).toBe(
      envelope13
        .replaceAll(
          'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer',
          'http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey',
        )
        .replaceAll('http://docs.oasis-open.org/ws-sx/ws-trust/200512', 'http://schemas.xmlsoap.org/ws/2005/02/trust')
        .replace('/trust/13/', '/trust/2005/'),
    )
  })

  it('prints the whole message but the password', () => {
    const built = buildSecurityTokenRequest(request, at, messageId)
    for (const printed of [inspect(built, { depth: 9 }), JSON.stringify(built)]) {
      expect(printed).toContain('ada@contoso.example')
      expect(printed).toContain('>[redacted]</wsse:Password>')
      expect(printed).not.toMatch(/Pa55/)
    }
    expect(secretsOf(built)).toEqual([request.password])
  })

  const nasty = fc
    .array(
      fc.constantFrom(
        '$&',
        '$`',
        "$'",
        '$$',
        ']]>',
        '<',
        '>',
        '&',
        '&amp;',
        '"',
        "'",
        '\r',
        '\n',
        '\r\n',
        '\t',
        ' ',
        'é€😀',
        '</wsse:Password>',
        '<!--',
        '\u0085',
        '\u2028',
        '\ufeff',
        'a',
      ),
      { minLength: 1, maxLength: 8 },
    )
    .map((parts) => parts.join(''))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: naming the control characters is the purpose
  const unrepresentable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ud800-\udfff]/u
  const anyText = fc.string({ unit: anyCharacter, minLength: 1 }).filter((text) => !unrepresentable.test(text))
  const text = fc.oneof(nasty, anyText)

  it('carries any 20,000 user names and passwords so that a foreign reader gets them back exactly, and nothing more', () => {
    const names = elementNames(readIndependently(envelope13))
    const pairs = fc.array(fc.tuple(text, text), { minLength: 20, maxLength: 20 })
    fc.assert(
      fc.property(pairs, (batch) => {
        // One document per batch: building costs little, a document object model much.
        const bodies = batch.map(([username, password]) => {
          const secret = new Secret(password)
          return buildSecurityTokenRequest({ ...request, username, password: secret }, at, messageId).body
        })
        const document = readIndependently(`<all>${bodies.join('')}</all>`)
        const read = (local: string): (string | null)[] =>
          Array.from(document.getElementsByTagNameNS(wsse, local), ({ textContent }) => textContent)
        expect(read('Username')).toEqual(batch.map(([username]) => username))
        expect(read('Password')).toEqual(batch.map(([, password]) => password))
        expect(elementNames(document)).toHaveLength(1 + batch.length * names.length)
      }),
      { numRuns: 1_000 },
    )
  }, 60_000)

  it('escapes endpoint, audience and message id as well', () => {
    const url = `https://sts.contoso.example/?a='&b="<x>`
    const built = buildSecurityTokenRequest(
      { ...request, endpoint: { version: '1.3', url }, appliesTo: `urn:<&>$&` },
      at,
      'a<&b',
    )
    const document = readIndependently(built.body ?? '')
    const read = (local: string, uri = addressing): (string | null)[] =>
      Array.from(document.getElementsByTagNameNS(uri, local), ({ textContent }) => textContent)
    expect(read('To')).toEqual([url])
    expect(read('Address').at(-1)).toBe('urn:<&>$&')
    expect(read('MessageID')).toEqual(['urn:uuid:a<&b'])
    expect(read('Expires', wsu)).toEqual(['2026-11-22T19:54:50Z'])
  })

  it.each([
    'http://sts.contoso.example/',
    'https:sts.contoso.example',
    'https://',
    '',
    ' https://sts.contoso.example/',
  ])('refuses the endpoint %j before it looks at the password', (url) => {
    const error = thrownBy(() =>
      buildSecurityTokenRequest({ ...request, endpoint: { version: '1.3', url } }, at, messageId),
    )
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', step: 'wstrust', hint: /TLS/ })
  })

  const empty = new Secret('')
  const broken = new Secret('hunter2\ud800')
  it.each([
    ['the user name is empty', { username: '' }],
    ['the password is empty', { password: empty }],
    ['the audience is empty', { appliesTo: '' }],
    ['the user name holds a character that XML 1.0 cannot carry', { username: 'ada\0' }],
    ['the password holds a character that XML 1.0 cannot carry', { password: broken }],
    ['the audience holds a character that XML 1.0 cannot carry', { appliesTo: '\uffff' }],
  ])('refuses a request where %s, and does not repeat it', (message, change) => {
    const error = thrownBy(() => buildSecurityTokenRequest({ ...request, ...change }, at, messageId))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', step: 'wstrust', message, hint: /./ })
    expect(inspect(error)).not.toContain('hunter2')
  })
})
