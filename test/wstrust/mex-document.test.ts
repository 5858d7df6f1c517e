import { describe, expect, it } from 'vitest'
import { InvalidArgumentError, ProtocolError, UnsupportedError } from '../../src/errors.ts'
import {
  buildMexRequest,
  chooseWsTrustEndpoint,
  type MexCandidate,
  parseMexDocument,
  wsTrustEndpointFromActiveAuthUrl,
} from '../../src/wstrust/mex-document.ts'
import { fixture } from '../fixtures.ts'
import { answer, cpuMs, thrownBy } from './answers.ts'

const url = 'https://sts.contoso.example/adfs/services/trust/13/usernamemixed'
const issue13 = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue'
const issue2005 = 'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue'

const namespaces = [
  'xmlns="http://schemas.xmlsoap.org/wsdl/"',
  'xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"',
  'xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"',
  'xmlns:sp11="http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"',
  'xmlns:http="http://schemas.microsoft.com/ws/06/2004/policy/http"',
  'xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"',
  'xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"',
  'xmlns:a="http://www.w3.org/2005/08/addressing"',
].join(' ')

const tls = '<sp:TransportBinding/>'
const token = (wss = '<sp:WssUsernameToken10/>'): string =>
  `<sp:SignedEncryptedSupportingTokens><wsp:Policy><sp:UsernameToken><wsp:Policy>${wss}</wsp:Policy></sp:UsernameToken></wsp:Policy></sp:SignedEncryptedSupportingTokens>`
const all = (assertions: string): string => `<wsp:ExactlyOne><wsp:All>${assertions}</wsp:All></wsp:ExactlyOne>`
const policy = (inner = all(tls + token()), id: string | undefined = 'P'): string =>
  `<wsp:Policy${id === undefined ? '' : ` wsu:Id="${id}"`}>${inner}</wsp:Policy>`
const reference = '<wsp:PolicyReference URI="#P"/>'
const soap = '<soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>'
const operation = (action = issue13): string => `<operation><soap12:operation soapAction="${action}"/></operation>`
const binding = (inner = reference + soap + operation(), name = 'name="B"'): string =>
  `<binding ${name}>${inner}</binding>`
const address = (text = url): string => `<a:EndpointReference><a:Address>${text}</a:Address></a:EndpointReference>`
const port = (inner = address(), to = 'binding="t:B"'): string =>
  `<service><port name="E" ${to}>${inner}</port></service>`
const document = (...parts: string[]): string => `<definitions ${namespaces}>${parts.join('')}</definitions>`
const candidatesOf = (...parts: string[]): readonly MexCandidate[] =>
  parseMexDocument(answer(document(...parts))).candidates

describe('buildMexRequest', () => {
  it('is a plain GET that keeps the query string', () => {
    expect({ ...buildMexRequest('https://sts.contoso.example/mex?tenant=x', 'c-1') }).toEqual({
      step: 'mex',
      method: 'GET',
      url: 'https://sts.contoso.example/mex?tenant=x',
      headers: { accept: 'application/soap+xml, application/xml, text/xml', 'client-request-id': 'c-1' },
    })
    expect(buildMexRequest('https://sts.contoso.example/mex').headers).not.toHaveProperty('client-request-id')
  })

  it.each([
    'http://sts.contoso.example/mex',
    'sts.contoso.example',
    '//sts.contoso.example/mex',
    'file:///etc/passwd',
    '',
  ])('refuses %j, because the document decides where the password goes', (bad) => {
    const error = thrownBy(() => buildMexRequest(bad))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', step: 'mex', hint: /TLS/ })
  })
})

describe('parseMexDocument', () => {
  it('keeps policy, binding, port, version and address of what can be used', () => {
    expect(candidatesOf(policy(), binding(), port())).toEqual([
      { policy: 'P', binding: 'B', port: 'E', version: '1.3', url, verdict: { rule: 'mex.ok', ok: true } },
    ])
  })

  const x509 = '<sp:EndorsingSupportingTokens><wsp:Policy><sp:X509Token/></wsp:Policy></sp:EndorsingSupportingTokens>'
  const tlsWith = (inner: string): string =>
    `<sp:TransportBinding><wsp:Policy>${inner}</wsp:Policy></sp:TransportBinding>`
  it.each([
    ['mex.policy.no-username-token', policy(all(tls))],
    ['mex.policy.no-username-token', policy('')],
    ['mex.policy.no-username-token', policy(all(tls + token('')))],
    ['mex.policy.no-username-token', policy(all(tls + token('<sp:WssUsernameToken12/>')))],
    ['mex.policy.no-username-token', policy(all(tls + token().replaceAll('sp:Signed', 'wsp:Signed')))],
    ['mex.policy.no-username-token', policy(all(tls + token().replaceAll('sp:UsernameToken', 'wsp:UsernameToken')))],
    ['mex.policy.no-username-token', policy(all(tls + token().replaceAll('sp:UsernameToken', 'sp:KeyValueToken')))],
    [
      'mex.policy.no-username-token',
      policy(all(`${tlsWith('<sp:HttpsToken RequireClientCertificate="false"/>')}<http:X509Token/>`)),
    ],
    ['mex.policy.no-transport-binding', policy(all(token()))],
    ['mex.policy.no-transport-binding', policy(all(`<wsp:TransportBinding/><sp:AsymmetricBinding/>${token()}`))],
    [
      'mex.policy.no-transport-binding',
      policy(`<wsp:ExactlyOne><wsp:All>${tls}</wsp:All><wsp:All>${token()}</wsp:All></wsp:ExactlyOne>`),
    ],
    ['mex.policy.no-text-password', policy(all(tls + token('<sp:WssUsernameToken10/><sp:HashPassword/>')))],
    ['mex.policy.no-text-password', policy(all(tls + token('<sp:NoPassword/><sp:WssUsernameToken11/>')))],
    ['mex.policy.windows', policy(all(`<http:NegotiateAuthentication/>${tls}`))],
    ['mex.policy.certificate', policy(all(tls + x509))],
    ['mex.policy.certificate', policy(all(tlsWith('<sp11:HttpsToken RequireClientCertificate="true"/>')))],
    ['mex.policy.certificate', policy(all(tlsWith('<sp:HttpsToken><sp:RequireClientCertificate/></sp:HttpsToken>')))],
    ['mex.policy.issued-token', policy(all(tls + x509.replaceAll('X509Token', 'IssuedToken')))],
  ])('judges the policy and names %s', (rule, text) => {
    const [candidate] = candidatesOf(text, binding(), port())
    expect(candidate).toMatchObject({ port: 'E', policy: 'P', version: '1.3', url, verdict: { rule, ok: false } })
    expect(candidate?.verdict.evidence).toBeTruthy()
  })

  it.each([
    ['WS-SecurityPolicy 1.1', policy(all(tls + token()).replaceAll(/(?<!w)sp:/g, 'sp11:'))],
    ['a mix of dialects', policy(all(`<sp11:TransportBinding/>${token('<sp11:WssUsernameToken10/>')}`))],
    ['SignedSupportingTokens', policy(all(tls + token().replaceAll('SignedEncrypted', 'Signed')))],
    ['WssUsernameToken11', policy(all(tls + token('<sp:WssUsernameToken11/>')))],
    ['nested operators', policy(all(tls + token(all('<sp:WssUsernameToken10/>'))))],
    ['the compact form', policy(tls + token())],
    ['one good alternative of several', policy(all(tls) + all(tls + token()) + all(x509))],
  ])('accepts a username policy written in %s', (_, text) => {
    expect(candidatesOf(text, binding(), port())[0]?.verdict).toEqual({ rule: 'mex.ok', ok: true })
  })

  it.each([
    ['mex.binding.no-policy', binding(soap + operation())],
    ['mex.binding.policy-not-found', binding(`<wsp:PolicyReference URI="#Q"/>${soap}${operation()}`)],
    ['mex.binding.policy-not-found', binding(`<wsp:PolicyReference URI="?P"/>${soap}${operation()}`)],
    ['mex.binding.policy-not-found', binding(`<wsp:PolicyReference/>${soap}${operation()}`)],
    ['mex.binding.not-soap12', binding(reference + operation())],
    ['mex.binding.transport', binding(`${reference}<soap12:binding transport="urn:jms"/>${operation()}`)],
    ['mex.binding.transport', binding(`${reference}<soap12:binding/>${operation()}`)],
    ['mex.binding.no-issue-action', binding(reference + soap)],
    ['mex.binding.no-issue-action', binding(`${reference}${soap}<operation><soap12:operation/></operation>`)],
    ['mex.binding.no-issue-action', binding(reference + soap + operation(`${issue13}&#13;&#10;x: y`))],
    ['mex.binding.no-issue-action', binding(reference + soap + operation(issue13.toUpperCase()))],
    ['mex.binding.no-issue-action', binding(reference + soap + operation(issue13.replace('/Issue', '/Renew')))],
  ])('judges the binding and names %s', (rule, text) => {
    const candidate = candidatesOf(policy(), text, port()).find(({ port }) => port === 'E')
    expect(candidate).toMatchObject({ binding: 'B', url, verdict: { rule, ok: false } })
  })

  it('takes the password policy of a binding that names several, and the 1.3 action of one that has both', () => {
    const other = policy(all(tls), 'Other')
    const both = `<wsp:PolicyReference URI="#Other"/>${reference}${soap}${operation(issue2005)}${operation()}`
    expect(candidatesOf(other, policy(), binding(both), port())).toMatchObject([
      { policy: 'P', version: '1.3', verdict: { ok: true } },
    ])
  })

  it.each<readonly [string, string]>([
    ['mex.port.no-address', ''],
    ['mex.port.no-address', '<a:EndpointReference/>'],
    ['mex.port.no-address', address(' \n ')],
    ['mex.port.no-address', '<soap12:address location="https://sts.contoso.example/"/>'],
    ['mex.port.address-insecure', address('http://sts.contoso.example/trust/13')],
    ['mex.port.address-insecure', address('HTTP://sts.contoso.example/trust/13')],
    ...[
      'https://sts.contoso.example<!-- -->.attacker.test/',
      'https://sts.contoso.example<b/>/',
      'https:\\\\sts.contoso.example\\trust',
      'https:/sts.contoso.example/trust',
      '//sts.contoso.example/trust',
      'https://sts.contoso\n.example/trust',
      'https://sts.contoso.example@attacker.test/trust',
      'https://user:secret@sts.contoso.example/trust',
      'https://sts.contoso.example/trust#x',
      'https://[::1/trust',
      'ftp://sts.contoso.example/',
      'urn:sts',
      `https://sts.contoso.example/${'x'.repeat(2_048)}`,
    ].map((text) => ['mex.port.address-malformed', address(text)] as const),
  ])('judges the address and names %s: %s', (rule, text) => {
    const [candidate] = candidatesOf(policy(), binding(), port(text))
    expect(candidate).toMatchObject({ port: 'E', verdict: { rule, ok: false } })
    expect(candidate?.url).toBe(rule === 'mex.port.address-insecure' ? /H?http[^<]*/i.exec(text)?.[0] : undefined)
  })

  it('trims the address and keeps the rest of it as written', () => {
    const written = 'HTTPS://STS.contoso.example:49443/trust/13?a=1&amp;b=%20'
    expect(candidatesOf(policy(), binding(), port(address(`\r\n\t${written} `)))[0]?.url).toBe(
      written.replace('&amp;', '&'),
    )
  })

  it.each([
    ['mex.port.no-binding', port(address(), '')],
    ['mex.port.binding-not-found', port(address(), 'binding="t:Other"')],
    ['mex.port.binding-not-found', port(address(), 'binding=""')],
  ])('names %s', (rule, text) => {
    expect(candidatesOf(policy(), binding(), text)).toMatchObject([
      { binding: 'B', verdict: { rule: 'mex.binding.no-port' } },
      { port: 'E', url, verdict: { rule, ok: false } },
    ])
  })

  it('lists bindings and policies that nothing uses, in document order, each with its reason', () => {
    const parts = [policy('', 'Empty'), policy(all(tls + token()), ''), policy(all(tls + token()), 'Idle'), policy()]
    const idle = binding(`${soap}${operation()}`, 'name="Bare"')
    const found = candidatesOf(port(), ...parts, binding(), idle, binding(undefined, ''))
    expect(found.map(({ policy, binding, port, verdict }) => [port ?? binding ?? policy, verdict.rule])).toEqual([
      ['E', 'mex.ok'],
      ['Empty', 'mex.policy.no-username-token'],
      [undefined, 'mex.policy.no-id'],
      ['Idle', 'mex.policy.unused'],
      ['Bare', 'mex.binding.no-policy'],
      ['P', 'mex.binding.no-port'],
    ])
  })

  it.each([
    ['policies', policy() + policy(), 'two Policy elements carry the same name'],
    ['bindings', binding() + binding(), 'two binding elements carry the same name'],
  ])('refuses two %s of one name, because either could be meant', (_, twice, message) => {
    const error = thrownBy(() => candidatesOf(twice, port()))
    expect(error).toBeInstanceOf(ProtocolError)
    expect(error).toMatchObject({ code: 'ERR_MALFORMED_RESPONSE', step: 'mex', message, hint: /./ })
  })

  it.each([
    [302, /Redirects are not followed/],
    [400, /POST only/],
    [404, /not published/],
    [405, /POST only/],
    [500, /metadata URL/],
    [201, /metadata URL/],
  ])('refuses status %i even with a good document, and says what it may mean', (status, hint) => {
    const error = thrownBy(() => parseMexDocument(answer(fixture('mex/only-13.xml'), status)))
    expect(error).toBeInstanceOf(ProtocolError)
    expect(error).toMatchObject({ code: 'ERR_UNEXPECTED_STATUS', step: 'mex', hint, response: { status } })
  })

  it('keeps the facts of a response that is no such document, and nothing of its text', () => {
    for (const body of ['<html><br></html>', '<html>secret</html>', '']) {
      const error = thrownBy(() => parseMexDocument(answer(body, 200, 'text/html')))
      expect(error).toMatchObject({
        code: 'ERR_MALFORMED_RESPONSE',
        response: { status: 200, contentType: 'text/html' },
      })
      expect(String(error)).not.toMatch(/br|secret/)
    }
  })

  it('reads thousands of ports that share one large policy in under a second', () => {
    const large = policy(all(tls + token() + '<sp:Layout/>'.repeat(8_000)))
    const body = document(large, binding(), port('').repeat(3_000))
    let candidates: readonly MexCandidate[] = []
    const spent = cpuMs(() => {
      candidates = parseMexDocument(answer(body)).candidates
    })
    expect(candidates).toHaveLength(3_000)
    expect(spent).toBeLessThan(1_000)
  })
})

describe('chooseWsTrustEndpoint', () => {
  const ok = { rule: 'mex.ok', ok: true }
  const at = (host: string): string => `https://${host}.example/`

  it('prefers 1.3 whatever the order, and the first of equals', () => {
    const candidates: MexCandidate[] = [
      { version: '2005', url: at('a'), verdict: ok },
      { version: '1.3', url: at('b'), verdict: { rule: 'mex.policy.windows', ok: false } },
      { version: '1.3', url: at('c'), verdict: ok },
      { version: '1.3', url: at('d'), verdict: ok },
    ]
    expect(chooseWsTrustEndpoint({ candidates })).toEqual({ version: '1.3', url: at('c') })
    expect(chooseWsTrustEndpoint({ candidates: candidates.slice(0, 2) })).toEqual({ version: '2005', url: at('a') })
  })

  it('says why each of the first 20 endpoints cannot be used when none can', () => {
    const rejected = (rule: string, evidence?: string): MexCandidate => ({
      ...(evidence === undefined ? {} : { policy: 'P\n', url: 'http://sts.contoso.example/trust/13' }),
      verdict: { rule, ok: false, ...(evidence === undefined ? {} : { evidence }) },
    })
    const candidates = [
      rejected('mex.port.address-insecure', 'not https'),
      ...Array.from({ length: 30 }, () => rejected('mex.x')),
    ]
    const error = thrownBy(() => chooseWsTrustEndpoint({ candidates })) as UnsupportedError
    expect(error).toBeInstanceOf(UnsupportedError)
    expect(error).toMatchObject({ code: 'ERR_NO_WSTRUST_ENDPOINT', step: 'mex', hint: /https/ })
    const { rejected: listed } = error.cause as { rejected: unknown[] }
    expect(listed).toHaveLength(20)
    expect(listed[0]).toEqual({ url: 'http://sts.contoso.example/trust/13', policy: 'P ', reason: 'not https' })
    expect(listed[1]).toEqual({ reason: 'mex.x' })
    expect(thrownBy(() => chooseWsTrustEndpoint({ candidates: [] }))).toMatchObject({ hint: /usernamemixed/ })
  })
})

describe('wsTrustEndpointFromActiveAuthUrl', () => {
  it.each([
    ['https://sts.contoso.example/adfs/services/trust/13/usernamemixed', '1.3'],
    ['https://sts2.contoso.example/adfs/services/trust/13/usernamemixed?x=2005', '1.3'],
    ['https://sts13.contoso.example/adfs/services/trust/2005/usernamemixed', '2005'],
    ['https://sts.contoso.example/13/services/trust/2005/usernamemixed', '2005'],
    ['https://idp.contoso.example/active?v=/13/', '2005'],
  ])('takes the version of %s from its path segments', (active, version) => {
    expect(wsTrustEndpointFromActiveAuthUrl(active)).toEqual({ version, url: active })
  })

  it.each([
    ['2005', '1.3', '13'],
    ['13', '2005', '2005'],
    ['13', '1.3', '13'],
  ] as const)('goes from /%s/ to WS-Trust %s when that is wanted', (named, version, segment) => {
    const at = (part: string): string => `https://sts.contoso.example/adfs/services/trust/${part}/usernamemixed`
    expect(wsTrustEndpointFromActiveAuthUrl(at(named), version)).toEqual({ version, url: at(segment) })
  })

  it.each(['http://sts.contoso.example/trust/13/', '', 'https://', 'https://a@sts.contoso.example/'])(
    'refuses %j',
    (active) => {
      const error = thrownBy(() => wsTrustEndpointFromActiveAuthUrl(active))
      expect(error).toBeInstanceOf(ProtocolError)
      expect(error).toMatchObject({ code: 'ERR_INSECURE_ENDPOINT', step: 'wstrust', hint: /https/ })
    },
  )
})
