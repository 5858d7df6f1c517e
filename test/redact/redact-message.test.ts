import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/index.ts'
import { createRequest, encodeForm } from '../../src/protocol/http.ts'
import { parseTokenResponse } from '../../src/protocol/token-response.ts'
import { parseUserRealm } from '../../src/realm/user-realm.ts'
import { createPseudonyms } from '../../src/redact/pseudonyms.ts'
import { redactRequest, redactResponse } from '../../src/redact/redact-message.ts'
import { collectTrace, readRuns } from '../../src/trace.ts'
import { parseMexDocument } from '../../src/wstrust/mex-document.ts'
import { parseSecurityTokenResponse } from '../../src/wstrust/security-token-response.ts'
import { findLeaks, randomSecrets } from '../contract/secrecy.ts'
import { demo, simulate } from '../flows/simulated.ts'

const json = { 'content-type': 'application/json' }
const tokenRequest = (password: string) => {
  const { body, printableBody, secrets } = encodeForm([
    ['grant_type', 'password'],
    ['username', 'ada@contoso.example'],
    ['password', new Secret(password)],
  ])
  return createRequest({
    step: 'token',
    method: 'POST',
    url: 'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${btoa('id:s3cret-of-client')}`,
    },
    body,
    printableBody,
    secrets,
  })
}

describe('a redacted message', () => {
  it('shows no secret, whatever it is made of and however a server repeats it', () => {
    for (const secret of randomSecrets(40)) {
      const request = tokenRequest(secret)
      const answers = [
        secret,
        JSON.stringify({ error: 'invalid_grant', error_description: `no: ${secret}` }),
        JSON.stringify({
          error_description: encodeURIComponent(secret),
          trace_id: Buffer.from(secret).toString('base64'),
        }),
        `<a><Text>${secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</Text></a>`,
        `error=x&scope=${encodeURIComponent(secret)}`,
      ].map((body) => redactResponse({ status: 400, headers: { ...json, via: secret }, body }, request))
      expect(findLeaks(JSON.stringify([redactRequest(request), answers]))).toEqual([])
    }
  })

  it('keeps what may be seen and says what stood in the other places', () => {
    const redacted = redactRequest(tokenRequest('Pa$$w0rd+&=é'))
    expect(redacted.headers).toEqual({
      'content-type': 'application/x-www-form-urlencoded',
      authorization: 'Basic [authorization, up to 31 characters]',
    })
    expect([...new URLSearchParams(redacted.body)]).toEqual([
      ['grant_type', 'password'],
      ['username', 'ada@contoso.example'],
      ['password', '[password, up to 15 characters]'],
    ])
  })

  it.each([
    ['text', 'text/plain', 'something somebody wrote'],
    ['broken JSON', 'application/json', '{"access_token":"abc'],
    ['broken XML', 'text/xml', '<a><b></a>'],
  ])('drops %s, since nobody knows what it holds', (_, type, body) => {
    const { body: shown } = redactResponse(
      { status: 200, headers: { 'content-type': type }, body },
      tokenRequest('x'.repeat(8)),
    )
    expect(shown).toBe(`[dropped: ${body.length} bytes of ${type}]`)
  })

  it('keeps the title of a page, which says whose it is', () => {
    const headers = { 'content-type': 'text/html; charset=utf-8' }
    const page = { status: 502, headers, body: '<html><title> Sign in </title><script>secret()</script></html>' }
    const once = redactResponse(page, tokenRequest('x'.repeat(8)))
    expect(once.body).toBe('<title>Sign in</title>[dropped: 62 bytes of text/html]')
    expect(redactResponse(once, tokenRequest('x'.repeat(8)))).toEqual(once)
  })

  it('keeps of the headers what may be seen', () => {
    const headers = {
      Location: 'https://idp.example/a?token=b#c',
      'Set-Cookie': 'session=abcdefgh',
      'WWW-Authenticate': 'Negotiate YIIabcdefgh==, Basic realm="x"',
      Date: 'Mon, 23 Nov 2026 05:13:06 GMT',
      'X-Odd': 'odd',
    }
    expect(redactResponse({ status: 302, headers, body: '' }, tokenRequest('x'.repeat(8))).headers).toEqual({
      location: 'https://idp.example/a',
      'set-cookie': '[set-cookie, up to 31 characters]',
      'www-authenticate': 'Negotiate, Basic realm="x"',
      date: 'Mon, 23 Nov 2026 05:13:06 GMT',
    })
  })

  it('comes out the same when it is redacted again', async () => {
    const collector = collectTrace()
    const { client } = await simulate({ onEvent: collector })
    for (const user of [demo.ada, demo.fred])
      await client.acquireTokenByUsernamePassword({ ...user, scopes: demo.scopes })
    for (const event of collector.trace({ level: 'raw' }).events) {
      if (event.type === 'http.request' && event.message !== undefined) {
        const again = { step: event.step, ...event.message, method: event.method as 'GET' | 'POST' }
        expect(redactRequest(again)).toEqual(event.message)
      }
      if (event.type === 'http.response' && event.message !== undefined) {
        const request = { step: event.step, method: 'GET', url: event.url, headers: {} } as const
        expect(redactResponse(event.message, request)).toEqual(event.message)
      }
    }
  })
})

describe('a trace at level "share"', () => {
  it('shows neither people nor tenants nor hosts of theirs, can still be parsed, and keeps who is who', async () => {
    const collector = collectTrace()
    const { client, simulator } = await simulate({ onEvent: collector })
    const saml2 = simulator.users.find(({ username }) => username.startsWith('saml2@'))
    if (saml2 === undefined) throw new Error('no saml2 in the demo world')
    for (const user of [demo.ada, demo.fred, saml2]) {
      const { username, password } = user
      await client.acquireTokenByUsernamePassword({ username, password, scopes: demo.scopes })
    }
    await client.acquireTokenSilent({ account: demo.fred, scopes: demo.scopes, forceRefresh: true })
    const shared = collector.trace()
    const text = JSON.stringify(shared)
    expect(text).not.toMatch(/contoso|fred|Ada Example|7b3a1f52|S3cret|Pa\$\$/i)
    for (const jwt of text.match(/eyJ[\w-]+\.[\w-]+\./g) ?? []) {
      expect(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()).not.toMatch(/contoso|fred|Ada|Fred|7b3a1f52/)
    }
    for (const run of readRuns(shared)) {
      for (const step of run.steps) {
        if (!('kind' in step) || step.response?.message === undefined) continue
        const { message } = step.response
        const parse = { realm: parseUserRealm, mex: parseMexDocument } as Readonly<
          Record<string, (r: typeof message) => unknown>
        >
        const read =
          parse[step.request.step] ??
          (step.request.step === 'wstrust'
            ? (r: typeof message) => parseSecurityTokenResponse(r, '1.3')
            : (r: typeof message) => parseTokenResponse(r, []))
        expect(() => read(message)).not.toThrow()
      }
    }
    const names = shared.events.flatMap((event) => (event.type === 'run.start' ? [event.username] : []))
    expect(names.slice(0, 3)).toEqual(['user1@tenant1.example', 'user2@tenant2.example', 'user3@tenant2.example'])
  })

  it('has the same pseudonym for the same thing, another for another, and none for what is public', () => {
    const { value } = createPseudonyms()
    const resource = '00000003-0000-0000-c000-000000000000'
    const out = value({
      a: 'ada@contoso.example and ADA%40contoso.example',
      b: 'grace@contoso.example at 203.0.113.7',
      c: `https://sts.contoso.example/adfs and https://login.microsoftonline.com/${resource}`,
      d: 'http://schemas.xmlsoap.org/ws/2005/02/trust 127.0.0.1',
    })
    expect(out).toEqual({
      a: 'user1@tenant1.example and user1%40tenant1.example',
      b: 'user2@tenant1.example at 192.0.2.1',
      c: `https://sts1.tenant1.example/adfs and https://login.microsoftonline.com/${resource}`,
      d: 'http://schemas.xmlsoap.org/ws/2005/02/trust 127.0.0.1',
    })
    expect(createPseudonyms().value(out)).toEqual(out)
  })
})
