import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { array, assert, constantFrom, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeAddresses } from '../../src/cli/doctor/address-verdict.ts'
import { type CertificateFacts, type Handshake, judgeHandshake } from '../../src/cli/doctor/certificate-verdict.ts'
import {
  type Check,
  countChecks,
  exitCodeOfChecks,
  fail,
  failedBy,
  group,
  pass,
  skip,
  warn,
} from '../../src/cli/doctor/check.ts'
import { judgeClock, readClock } from '../../src/cli/doctor/clock.ts'
import { describeAuthority, judgeRealm } from '../../src/cli/doctor/discovery-checks.ts'
import { describeAnswer, judgeEndpoint } from '../../src/cli/doctor/endpoint-answer.ts'
import { findProxy, judgeEnvironment, showProxy } from '../../src/cli/doctor/proxy-environment.ts'
import { endsInPublicCa } from '../../src/cli/doctor/public-ca.ts'
import { renderDiagnosis } from '../../src/cli/doctor/render.ts'
import { judgeClientId, judgeUsername, listRisks } from '../../src/cli/doctor/risks.ts'
import { exitCode } from '../../src/cli/exit-code.ts'
import { ProtocolError } from '../../src/errors.ts'
import { parseAuthority } from '../../src/protocol/authority.ts'
import { createCertificates } from '../transport/certificates.ts'

const contoso = parseAuthority('https://login.microsoftonline.com/contoso.example')

describe('a check', () => {
  const network = { detail: 'd', hint: 'h', exit: exitCode.network }
  const protocol = { detail: 'd', hint: 'h', exit: exitCode.protocol }
  const unsupported = { detail: 'd', hint: 'h', exit: exitCode.unsupported }

  it('with parts is as good as the worst of them', () => {
    const status = (...children: Check[]): string => group('g', 'g', '', children).status
    expect(status(pass('a', 'a', ''), warn('b', 'b', '', ''), skip('c', 'c', ''))).toBe('warn')
    expect(status(pass('a', 'a', ''), warn('b', 'b', '', ''), fail('c', 'c', network))).toBe('fail')
    expect(status(pass('a', 'a', ''), skip('c', 'c', ''))).toBe('pass')
    expect(status(skip('c', 'c', ''))).toBe('skip')
  })

  it('decides the exit code by the layer that lies deepest, wherever it stands', () => {
    const inner = group('g', 'g', '', [fail('n', 'n', network)])
    expect(exitCodeOfChecks([pass('a', 'a', ''), warn('w', 'w', '', '')])).toBe(0)
    expect(exitCodeOfChecks([fail('u', 'u', unsupported), fail('p', 'p', protocol), inner])).toBe(4)
    expect(exitCodeOfChecks([fail('u', 'u', unsupported), fail('p', 'p', protocol)])).toBe(5)
    expect(exitCodeOfChecks([fail('u', 'u', unsupported)])).toBe(6)
  })

  it('is counted once: not beside a part that says the same', () => {
    const tls = fail('tls', 'TLS', network, [pass('1', 'c', ''), pass('2', 'c', '')])
    expect(countChecks([group('g', 'g', '', [pass('d', 'd', ''), tls]), skip('s', 's', '')])).toEqual({
      fail: 1,
      warn: 0,
      pass: 3,
      skip: 1,
    })
  })

  it('shows no text of a peer that a terminal would obey', () => {
    const evil = '\u001b[2J\u202e'
    const check = warn('w', `l${evil}`, `d${evil}`, `h${evil}`)
    expect(JSON.stringify(check)).not.toMatch(/\u202e|\\u001b\[/)
    const error = new ProtocolError('ERR_MISSING_FIELD', evil, { step: 'realm', hint: evil })
    expect(failedBy(error, 'i', 'l', evil).detail).toBe('\\u{1b}[2J\\u{202e} (ERR_MISSING_FIELD); \\u{1b}[2J\\u{202e}')
  })

  it('does not take a defect for a diagnosis', () => {
    expect(() => failedBy(new TypeError('x'), 'i', 'l')).toThrow(TypeError)
  })
})

describe('the addresses of a host', () => {
  const judge = (hostname: string, addresses: readonly string[], isCloud = false) =>
    judgeAddresses('dns.x', { hostname, addresses, ms: 3.4 }, { loopbackHosts: ['login.contoso.example'] }, isCloud)

  it.each([
    ['sts.contoso.example', ['20.0.0.1'], 'pass', '20.0.0.1 in 3 ms'],
    ['sts.contoso.example', ['10.0.0.1'], 'pass', '10.0.0.1 (private) in 3 ms'],
    ['sts.contoso.example', ['10.0.0.1', '20.0.0.1'], 'warn', '10.0.0.1 (private), 20.0.0.1 in 3 ms'],
    ['sts.contoso.example', ['169.254.3.4', '20.0.0.1'], 'warn', '169.254.3.4 (link-local), 20.0.0.1 in 3 ms'],
    ['sts.contoso.example', ['127.0.0.1'], 'fail', '127.0.0.1 (loopback) in 3 ms'],
    ['sts.contoso.example', ['0.0.0.0'], 'fail', '0.0.0.0 (unspecified) in 3 ms'],
    // The authority is vouched for; a hosts file may lead it to a simulator.
    ['login.contoso.example', ['127.0.0.1'], 'warn', '127.0.0.1 (loopback) in 3 ms'],
    ['localhost', ['127.0.0.1'], 'pass', '127.0.0.1 (loopback) in 3 ms'],
    ['10.0.0.1', ['10.0.0.1'], 'pass', '10.0.0.1 (private): an address, not looked up'],
  ])('%s at %j: %s', (hostname, addresses, status, detail) => {
    expect(judge(hostname, addresses).check).toMatchObject({ status, detail })
  })

  it('of Entra are public', () => {
    expect(judge('login.microsoftonline.com', ['10.0.0.1'], true).check).toMatchObject({
      status: 'warn',
      hint: expect.stringContaining('somebody else answers'),
    })
  })

  it('that no server can have are never dialled', () => {
    expect(judge('sts.contoso.example', ['169.254.169.254', '20.0.0.1']).usable).toEqual(['20.0.0.1'])
    expect(judge('sts.contoso.example', []).check.status).toBe('fail')
  })

  it('are shown up to eight', () => {
    const many = Array.from({ length: 10 }, (_, i) => `20.0.0.${i + 1}`)
    expect(judge('sts.contoso.example', many).check.detail).toMatch(/20\.0\.0\.8 and 2 more in 3 ms$/)
  })
})

describe('a handshake', () => {
  const now = Date.UTC(2026, 5, 15)
  const days = (count: number): number => now + count * 24 * 3_600_000
  const leaf: CertificateFacts = {
    subject: 'login.contoso.example',
    issuer: 'Example CA',
    validFrom: days(-10),
    validTo: days(100),
  }
  const good: Handshake = { hostname: 'login.contoso.example', protocol: 'TLSv1.3', chain: [leaf], isPublicCa: true }
  const judge = (parts: Partial<Handshake>, isCloud = false): Check =>
    judgeHandshake('tls.x', { ...good, ...parts }, now, isCloud)
  const dated = (from: number, to: number): Partial<Handshake> => ({
    chain: [{ ...leaf, validFrom: days(from), validTo: days(to) }],
  })

  it('with a certificate that verifies passes', () => {
    expect(judge({})).toMatchObject({ status: 'pass', detail: 'TLSv1.3; a public CA: Example CA' })
    expect(judge({}, true).status).toBe('pass')
  })

  it.each([
    [-10, 30, 'pass'],
    [-10, 29.9, 'warn'],
    [-10, 0.1, 'warn'],
    [-10, -0.1, 'fail'],
    [0.1, 100, 'fail'],
  ])('with a certificate valid from day %d to day %d: %s', (from, to, status) => {
    const refused = status === 'fail' ? { trustError: from > 0 ? 'CERT_NOT_YET_VALID' : 'CERT_HAS_EXPIRED' } : {}
    const check = judge({ ...dated(from, to), ...refused })
    expect(check).toMatchObject({ status, children: [{ status }] })
  })

  it('tells which certificate of the chain has expired, and that a clock may be wrong', () => {
    const check = judge({
      chain: [leaf, { ...leaf, subject: 'Example CA', validTo: days(-3) }],
      trustError: 'CERT_HAS_EXPIRED',
    })
    expect(check.detail).toBe('TLSv1.3; Example CA, from itself: expired on 2026-06-12')
    expect(check.hint).toMatch(/^Renew.*clock of this machine\.$/)
  })

  it('tells that a certificate is not valid yet', () => {
    const check = judge({ ...dated(2, 100), trustError: 'CERT_NOT_YET_VALID' })
    expect(check.detail).toContain('not valid before 2026-06-17')
    expect(check.detail).not.toContain('CERT_')
  })

  it('names every problem at once', () => {
    const check = judge({
      ...dated(-10, -1),
      otherNames: 'DNS:a.example',
      trustError: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    })
    expect(check.detail).toMatch(
      /other names than login\.contoso\.example: DNS:a\.example.*expired on.*not trusted here: Example CA/,
    )
    expect(check.hint).toContain('--ca FILE')
  })

  it('reports a reason that it has no words for by its code', () => {
    expect(judge({ trustError: 'CERT_REVOKED' })).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('CERT_REVOKED'),
    })
  })

  it('never passes when it was not accepted, whatever the shown chain looks like', () => {
    for (const trustError of ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'ERR_TLS_CERT_ALTNAME_INVALID', 'undefined']) {
      expect(judge({ trustError })).toMatchObject({ status: 'fail', detail: expect.stringContaining(trustError) })
    }
  })

  it('was accepted although a certificate that was sent along has expired: it was not needed', () => {
    const check = judge({ chain: [leaf, { ...leaf, subject: 'Old CA', validTo: days(-3) }] })
    expect(check).toMatchObject({ status: 'warn', children: [{ status: 'pass' }, { status: 'warn' }] })
    expect(check.exit).toBeUndefined()
  })

  it('of Entra with a CA that is not public is one that a proxy opens', () => {
    const chain = [{ ...leaf, issuer: 'Zscaler Root CA, Zscaler Inc.' }]
    expect(judge({ isPublicCa: false, chain })).toMatchObject({ status: 'pass' })
    expect(judge({ isPublicCa: false, chain }, true)).toMatchObject({
      status: 'warn',
      hint: expect.stringContaining('A security product (Zscaler)'),
    })
    const untrusted = { chain, trustError: 'SELF_SIGNED_CERT_IN_CHAIN' }
    expect(judge(untrusted).hint).toMatch(/\(Zscaler\).*--ca FILE/)
    const unnamed = judge({ trustError: 'SELF_SIGNED_CERT_IN_CHAIN' }, true)
    expect(unnamed.hint).toMatch(/company proxy.*--ca FILE/)
    expect(judge({ trustError: 'SELF_SIGNED_CERT_IN_CHAIN' }).hint).not.toMatch(/proxy/)
  })

  it('survives a certificate without readable dates', () => {
    expect(judge({ chain: [{ ...leaf, validTo: Number.NaN }] }).children?.[0]?.detail).toContain('an unreadable date')
    expect(judge({ chain: [] }).status).toBe('pass')
  })
})

describe('a chain', () => {
  const der = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')

  it('ends in a public CA when the root is in it, or has signed the last of it', async () => {
    const { ca, good, selfSigned } = await createCertificates()
    const [leaf, root, other] = [der(good.cert), der(ca), der(selfSigned.cert)]
    const [rootCa, otherCa] = [new X509Certificate(ca), new X509Certificate(selfSigned.cert)]
    expect(endsInPublicCa([leaf, root], [otherCa, rootCa])).toBe(true)
    expect(endsInPublicCa([leaf], [otherCa, rootCa])).toBe(true)
    expect(endsInPublicCa([leaf, root], [otherCa])).toBe(false)
    expect(endsInPublicCa([other], [rootCa])).toBe(false)
    expect(endsInPublicCa([], [rootCa])).toBe(false)
  })

  it('of this test ends in none of the CAs that come with Node', async () => {
    const { ca, good } = await createCertificates()
    expect(endsInPublicCa([der(good.cert), der(ca)])).toBe(false)
    expect(endsInPublicCa([der(rootCertificates[0] ?? '')])).toBe(true)
  })
})

describe('the clocks', () => {
  const at = Date.UTC(2026, 0, 1)
  const headers = (seconds: number) => ({ date: new Date(at + seconds * 1_000).toUTCString() })

  it.each([
    [0, 0, 0],
    // The header leaves out what is left of the second.
    [0, 900, 0],
    [0, 1_100, -1],
    [600, 0, 600],
    [-600, 500, -600],
  ])('%d s, read %d ms later: %d s ahead', (seconds, laterMs, ahead) => {
    expect(readClock('h', headers(seconds), at + laterMs)).toEqual({ host: 'h', aheadSeconds: ahead })
  })

  it('are not read from a cache, nor from an answer without a date', () => {
    expect(readClock('h', { ...headers(0), age: '30' }, at)).toBeUndefined()
    expect(readClock('h', { ...headers(0), age: '0' }, at)).toBeDefined()
    expect(readClock('h', {}, at)).toBeUndefined()
    expect(readClock('h', { date: 'yesterday' }, at)).toBeUndefined()
  })

  it.each([
    [60, 'pass'],
    [61, 'warn'],
    [-61, 'warn'],
    [300, 'warn'],
    [301, 'fail'],
    [-301, 'fail'],
  ])('that differ by %d s: %s', (aheadSeconds, status) => {
    expect(judgeClock([{ host: 'h', aheadSeconds }]).status).toBe(status)
  })

  it('tell whose is wrong', () => {
    const [cloud, farm] = [
      { host: 'login.example', aheadSeconds: 0 },
      { host: 'sts.example', aheadSeconds: 400 },
    ]
    expect(judgeClock([cloud, farm]).hint).toMatch(/^The clock of sts\.example is wrong/)
    expect(judgeClock([{ ...cloud, aheadSeconds: 400 }, farm]).hint).toMatch(/^Set the clock of this machine/)
  })

  it('count with the reading that is nearest, as the network only ever adds', () => {
    const readings = [-90, -2, -70].map((aheadSeconds) => ({ host: 'h', aheadSeconds }))
    expect(judgeClock(readings)).toMatchObject({ status: 'pass', detail: 'h is 2 s behind this machine' })
    expect(judgeClock([])).toMatchObject({ status: 'skip' })
  })
})

describe('the answer of an endpoint to a GET', () => {
  const html = { 'content-type': 'text/html; charset=utf-8' }
  const page = '<!DOCTYPE html><html><title>No</title></html>'
  const judge = (
    endpoint: 'token' | 'wstrust',
    status: number,
    headers: Record<string, string> = {},
    body = '',
  ): Check => judgeEndpoint({ endpoint, url: 'https://h.example/x', response: { status, headers, body } })

  it.each([
    ['token', 400, {}, '', 'pass'],
    ['token', 405, {}, '', 'pass'],
    ['wstrust', 401, {}, '', 'pass'],
    ['wstrust', 415, {}, '', 'pass'],
    ['token', 200, {}, '{}', 'warn'],
    ['token', 403, {}, '', 'warn'],
    ['token', 429, {}, '', 'warn'],
    ['token', 404, {}, '', 'fail'],
    ['wstrust', 404, {}, '', 'fail'],
    ['wstrust', 503, {}, '', 'fail'],
    ['token', 502, html, page, 'fail'],
    ['token', 407, html, page, 'fail'],
    // A page that nobody of the protocol wrote.
    ['token', 200, html, page, 'fail'],
    ['token', 200, {}, page, 'fail'],
    ['token', 403, html, page, 'fail'],
    ['token', 400, html, page, 'warn'],
    // Entra's own error page, as it marks its answers.
    ['token', 200, { ...html, 'x-ms-request-id': 'id' }, page, 'pass'],
    ['token', 404, { ...html, 'x-ms-ests-server': 'x' }, page, 'warn'],
    ['token', 404, {}, '{"error":"invalid_request"}', 'pass'],
    ['token', 500, {}, '{"error":"server_error"}', 'fail'],
    ['token', 429, {}, '{"error":"temporarily_unavailable"}', 'warn'],
    // A SOAP fault comes with status 500.
    ['wstrust', 500, { 'content-type': 'application/soap+xml' }, '<s:Envelope/>', 'pass'],
    // http.sys answers for a farm, with pages.
    ['wstrust', 400, { ...html, server: 'Microsoft-HTTPAPI/2.0' }, page, 'pass'],
    ['wstrust', 404, { ...html, server: 'Microsoft-HTTPAPI/2.0' }, page, 'fail'],
    ['wstrust', 403, { ...html, server: 'Microsoft-HTTPAPI/2.0', via: '1.1 gw' }, page, 'fail'],
  ] as const)('%s %d %j %s: %s', (endpoint, status, headers, body, expected) => {
    expect(judge(endpoint, status, headers, body).status).toBe(expected)
  })

  it('is a network failure only when the proxy wants a password', () => {
    expect(judge('token', 407).exit).toBe(exitCode.network)
    expect(judge('token', 404).exit).toBe(exitCode.protocol)
  })

  it('shows who sent it, briefly', () => {
    const headers = { server: 'S'.repeat(200), via: '1.1 gw' }
    const shown = describeAnswer({ headers, body: `<title id="t">\n  Please  \n log in </title>` })
    expect(shown).toBe(`Server: ${'S'.repeat(100)}; Via: 1.1 gw; page "Please log in"`)
    expect(describeAnswer({ headers: {}, body: '<title></title>' })).toBe('')
  })
})

describe('a proxy', () => {
  const proxied = (env: Record<string, string>, host: string, port = 443): boolean => {
    const proxy = findProxy('env', env)
    return proxy !== undefined && !proxy.bypasses(host, port)
  }
  const url = 'http://proxy.example:8080'

  it('is found as undici finds it', () => {
    expect(findProxy(undefined, { HTTPS_PROXY: url })).toBeUndefined()
    expect(findProxy('env', {})).toBeUndefined()
    expect(findProxy('env', { ALL_PROXY: url })).toBeUndefined()
    expect(findProxy('env', { HTTP_PROXY: url })).toMatchObject({ hostname: 'proxy.example', port: 8080 })
    expect(findProxy('env', { https_proxy: 'https://lower.example', HTTPS_PROXY: url })).toMatchObject({
      hostname: 'lower.example',
      port: 443,
    })
    // Empty means none, and then the one for http counts.
    expect(findProxy('env', { https_proxy: '', HTTPS_PROXY: url })).toBeUndefined()
    expect(findProxy('env', { https_proxy: '', HTTP_PROXY: 'http://plain.example' })).toMatchObject({ port: 80 })
    expect(findProxy(url, { NO_PROXY: '*' })?.bypasses('h.example', 443)).toBe(false)
  })

  it.each([
    ['sts.contoso.example', false],
    ['STS.Contoso.Example', false],
    ['contoso.example', false],
    ['.contoso.example', false],
    ['*.contoso.example', false],
    ['sts.contoso.example:443', false],
    ['sts.contoso.example:8443', true],
    ['other.example sts.contoso.example', false],
    ['*', false],
    ['toso.example', true],
    ['', true],
    [',', true],
    ['10.0.0.0/8', true],
  ])('is gone past as NO_PROXY says: "%s"', (noProxy, expected) => {
    expect(proxied({ HTTPS_PROXY: url, NO_PROXY: noProxy }, 'sts.contoso.example')).toBe(expected)
  })

  it('is shown without its user name and password, whatever they are made of', () => {
    expect(showProxy(url)).toBe(url)
    expect(showProxy('http://ada:hunter2@proxy.example:8080')).toBe(`${url} with a user name`)
    const odd = constantFrom('/', '?', '#', '@', ':', '\\', '%', '1', '8', '.', ' ', '\u001b', 'x', '[')
    assert(
      property(
        array(odd, { maxLength: 6 }),
        string(),
        constantFrom('http://', 'https://', 'socks5://', ''),
        (pieces, text, scheme) => {
          const secret = `hunter2${pieces.join('')}${text}hunter2`
          for (const value of [`${scheme}ada:${secret}@proxy.example:8080`, `${scheme}${secret}@proxy.example`]) {
            expect(showProxy(value)).not.toContain('hunter')
            expect(
              JSON.stringify(judgeEnvironment('env', { HTTPS_PROXY: value, NO_PROXY: value }, false)),
            ).not.toContain('hunter')
            expect(JSON.stringify(judgeEnvironment(undefined, { all_proxy: value }, false))).not.toContain('hunter')
          }
        },
      ),
    )
  })

  it('whose password begins with digits and a slash does not show it as a port', () => {
    expect(showProxy('http://ada:80/8hunter2@proxy.example')).toBe('not shown: no plain proxy URL')
    expect(showProxy('http://ada:80#8hunter2@proxy.example')).toBe('not shown: no plain proxy URL')
  })
})

describe('the environment', () => {
  const judge = (option: string | undefined, env: Record<string, string>, hasCa = false): readonly Check[] =>
    judgeEnvironment(option, env, hasCa)
  const url = 'http://proxy.example:8080'

  it('without proxies passes', () => {
    expect(judge(undefined, {})).toEqual([{ id: 'proxy', status: 'pass', label: 'proxy', detail: 'none' }])
    expect(judge('http://proxy.example:8080', {})[0]?.detail).toBe(`${url}, for every request`)
  })

  it('names a proxy that is not used without --proxy env', () => {
    const [proxy] = judge(undefined, { HTTPS_PROXY: url, http_proxy: url })
    expect(proxy).toMatchObject({ status: 'warn', hint: expect.stringContaining('--proxy env') })
    expect(proxy?.children?.map(({ label, detail }) => [label, detail])).toEqual([
      ['HTTPS_PROXY', `${url}; not used`],
      ['http_proxy', `${url}; not used`],
    ])
  })

  it('falls back to HTTP_PROXY, and lower case counts before upper case', () => {
    expect(judge('env', { HTTP_PROXY: url })[0]?.detail).toContain('of HTTP_PROXY')
    const both = judge('env', { https_proxy: 'http://lower.example', HTTPS_PROXY: url })[0]
    expect(both?.detail).toBe('http://lower.example')
    expect(both?.children?.[1]?.detail).toContain('https_proxy counts in its place')
  })

  it('without any proxy makes --proxy env useless', () => {
    expect(judge('env', { NO_PROXY: 'a.example' })[0]).toMatchObject({ status: 'warn', detail: 'none' })
  })

  it('may hold what the client does not read: ALL_PROXY, address ranges', () => {
    const [all] = judge('env', { ALL_PROXY: url, HTTPS_PROXY: url, NO_PROXY: '10.0.0.0/8' })
    expect(all?.children?.map(({ id, status }) => [id, status])).toEqual([
      ['proxy.HTTPS_PROXY', 'pass'],
      ['proxy.NO_PROXY', 'warn'],
      ['proxy.ALL_PROXY', 'warn'],
    ])
    expect(judge(undefined, { all_proxy: url })[0]).toMatchObject({ status: 'warn' })
  })

  it('may name more CAs, which must be readable, and turn verification off, which is ignored', () => {
    const [, extra, off] = judge(undefined, { NODE_EXTRA_CA_CERTS: '/nowhere.pem', NODE_TLS_REJECT_UNAUTHORIZED: '0' })
    expect(extra).toMatchObject({ status: 'warn', detail: expect.stringContaining('cannot be read') })
    expect(off).toMatchObject({ status: 'warn', detail: '0, which the client ignores' })
    expect(judge(undefined, { NODE_EXTRA_CA_CERTS: import.meta.filename })[1]?.status).toBe('pass')
    expect(judge(undefined, { NODE_TLS_REJECT_UNAUTHORIZED: '1' })).toHaveLength(1)
  })
})

describe('the authority, the account and the risks', () => {
  it('is described by kind, cloud and tenant', () => {
    expect(describeAuthority(contoso).detail).toBe('Entra ID; cloud login.windows.net; tenant contoso.example')
    const other = parseAuthority('https://login.fabrikam.example/contoso.example')
    expect(describeAuthority(other).detail).toContain('in none of the known clouds')
    expect(describeAuthority(parseAuthority('https://sts.contoso.example/adfs')).detail).toBe(
      'AD FS; sts.contoso.example',
    )
  })

  it('says what the realm answer names', () => {
    const realm = judgeRealm(
      { accountType: 'federated', activeAuthUrl: 'https://sts.example/a', cloudAudience: 'urn:x' },
      'a@b',
    )
    expect(realm.children?.map(({ detail }) => detail)).toEqual([
      'not said',
      'none: the endpoint on file is used',
      'https://sts.example/a',
      'urn:x',
    ])
  })

  it.each([
    ['ada@contoso.example', 'pass'],
    [' ada@contoso.example', 'warn'],
    ['ada@contoso.example\u00a0', 'warn'],
    ['CONTOSO\\ada', 'warn'],
  ])('judges the form of a user name: "%s" %s', (username, status) => {
    expect(judgeUsername(username).status).toBe(status)
  })

  it('expects a GUID as application id where Entra does', () => {
    expect(judgeClientId('0f1e2d3c-4b5a-4678-8796-a5b4c3d2e1f0', contoso).status).toBe('pass')
    expect(judgeClientId('my app', contoso).status).toBe('warn')
    expect(judgeClientId('my app', parseAuthority('https://sts.contoso.example/adfs')).status).toBe('pass')
  })

  it('lists what cannot be seen', () => {
    const organizations = parseAuthority('https://login.microsoftonline.com/organizations')
    const ids = (...of: Parameters<typeof listRisks>): string[] => listRisks(...of).map(({ id }) => id)
    expect(ids('ada@contoso.example', contoso, { accountType: 'managed' })).toEqual(['mfa', 'deprecated'])
    expect(ids('ada@contoso.example', organizations, undefined)).toEqual(['mfa', 'organizations', 'deprecated'])
    expect(ids(' 0151 1234567', undefined, { accountType: 'unknown' })).toEqual([
      'unknown-domain',
      'username.blanks',
      'username.phone',
      'mfa',
      'deprecated',
    ])
    const farm = parseAuthority('https://sts.contoso.example/adfs')
    expect(ids('ada@contoso.example', farm, undefined)).toEqual(['deprecated'])
  })
})

describe('the tree', () => {
  const username = 'ada@contoso.example'
  const diagnosis = (checks: readonly Check[]) => ({ username, authority: contoso.url, checks, risks: [] })
  const lines = (checks: readonly Check[]): string =>
    renderDiagnosis(diagnosis(checks), { marks: false, colour: false }).join('\n')

  it('puts hints under what is not well, and ends with a summary', () => {
    const text = lines([
      group('g', 'host', 'h', [pass('a', 'DNS', 'fine'), warn('b', 'TCP', 'slow', 'Look.')]),
      skip('c', 'realm', 'no way'),
    ])
    expect(text).toContain(
      '\nwarn  host: h\n  pass  DNS: fine\n  warn  TCP: slow\n          hint: Look.\nskip  realm: no way\n',
    )
    expect(text).toMatch(/\n0 failed, 1 to look at, 1 well, 1 skipped: a sign-in may work$/)
    expect(lines([pass('a', 'a', '')])).toMatch(/a sign-in can work$/)
  })
})
