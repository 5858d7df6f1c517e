import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAuthError } from '../../src/errors.ts'
import { diffTraces } from '../../src/trace/diff.ts'
import { isHar } from '../../src/trace/har-entries.ts'
import { traceFromHar } from '../../src/trace/har-import.ts'
import { hopsOf, readRuns } from '../../src/trace/runs.ts'
import { summarise } from '../../src/trace/summary.ts'
import type { Trace, TraceEventOf } from '../../src/trace/trace.ts'
import { renderHar } from '../../src/trace/views/har.ts'
import { renderText } from '../../src/trace/views/text.ts'
import { fixture } from '../fixtures.ts'
import { recorded } from './scenarios.ts'

const entra = 'https://login.microsoftonline.com'
const sts = 'https://sts.contoso.example/adfs/services/trust'
const password = 'Pa$$w0rd+&=é'

interface Exchange {
  readonly method?: string
  readonly url: string
  readonly body?: string
  readonly type?: string
  readonly status?: number
  readonly answer?: string
  readonly answerType?: string
  readonly headers?: readonly { name: string; value: string }[]
}

/** As a proxy writes it: everything in clear. */
function har(
  exchanges: readonly Exchange[],
  change: (entry: Record<string, unknown>) => unknown = (entry) => entry,
): unknown {
  const entries = exchanges.map(
    ({ method = 'GET', url, body, type, status = 200, answer = '', answerType, headers = [] }, index) =>
      change({
        startedDateTime: new Date(1_795_420_800_000 + index * 100).toISOString(),
        time: 42,
        request: {
          method,
          url,
          httpVersion: 'HTTP/2.0',
          headers: [...headers, ...(type === undefined ? [] : [{ name: 'Content-Type', value: type }])],
          ...(body === undefined ? {} : { postData: { mimeType: type, text: body } }),
        },
        response: {
          status,
          headers: [{ name: 'Content-Type', value: answerType ?? 'application/json' }],
          content: { size: answer.length, mimeType: answerType ?? 'application/json', text: answer },
        },
        timings: { blocked: 1, dns: 2, connect: 9, ssl: 5, send: 1, wait: 20, receive: 4 },
      }),
  )
  return { log: { version: '1.2', creator: { name: 'mitmproxy', version: '11' }, entries } }
}

const form = 'application/x-www-form-urlencoded'
const realm: Exchange = {
  url: `${entra}/common/UserRealm/fred%40fed.contoso.example?api-version=1.0`,
  answer: JSON.stringify({
    account_type: 'Federated',
    domain_name: 'fed.contoso.example',
    federation_metadata_url: `${sts}/mex`,
    federation_active_auth_url: `${sts}/2005/usernamemixed`,
    cloud_audience_urn: 'urn:federation:MicrosoftOnline',
  }),
}
const mex: Exchange = { url: `${sts}/mex`, answer: fixture('mex/adfs-2019.xml'), answerType: 'text/xml' }

function rst(url: string, namespace: string): Exchange {
  const body = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><o:Security xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><o:UsernameToken><o:Username>fred@fed.contoso.example</o:Username><o:Password>Pa$$w0rd+&amp;=é</o:Password></o:UsernameToken></o:Security></s:Header><s:Body><t:RequestSecurityToken xmlns:t="${namespace}"/></s:Body></s:Envelope>`
  return {
    method: 'POST',
    url,
    body,
    type: 'application/soap+xml',
    answer: fixture('rstr/13-saml11.xml'),
    answerType: 'application/soap+xml',
  }
}

const version13 = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512'
const version2005 = 'http://schemas.xmlsoap.org/ws/2005/02/trust'
const token: Exchange = {
  method: 'POST',
  url: `${entra}/contoso.example/oauth2/v2.0/token`,
  type: form,
  body: new URLSearchParams({
    client_id: '0f1e2d3c-4b5a-4678-8796-a5b4c3d2e1f0',
    grant_type: 'password',
    username: 'ada@contoso.example',
    password,
    scope: 'User.Read openid',
  }).toString(),
  answer: JSON.stringify({
    token_type: 'Bearer',
    access_token: 'opaque-access-token-1234567890',
    expires_in: 3600,
    scope: 'User.Read',
  }),
}
const refusal = {
  status: 400,
  answer: JSON.stringify({
    error: 'invalid_grant',
    error_description: `AADSTS50126: Error validating credentials. You sent ${password}.`,
    error_codes: [50126],
  }),
}

const runOf = (trace: Trace) => {
  const [run] = readRuns(trace)
  if (run === undefined) throw new Error('the trace has a run')
  return run
}
const endpointOf = (trace: Trace): TraceEventOf<'decision'> | undefined =>
  trace.events.find(
    (event): event is TraceEventOf<'decision'> => event.type === 'decision' && event.question === 'WS-Trust endpoint',
  )
const team = { level: 'team' } as const

describe('a HAR of somebody else’s program', () => {
  it('is explained like a call of ours', () => {
    const run = runOf(traceFromHar(har([token]), team))
    expect(summarise(run)).toMatchObject({
      password: { host: 'login.microsoftonline.com', hop: 1 },
      refused: { by: 'nobody' },
      idToken: { verified: 'none' },
    })
    expect(run.start).toMatchObject({
      username: 'ada@contoso.example',
      scopes: ['User.Read', 'openid'],
      authority: { kind: 'entra', tenant: 'contoso.example' },
    })
    expect(run.end).toMatchObject({ ok: true, durationMs: 42 })
    expect(hopsOf(run)[0]?.response?.timings).toEqual({
      totalMs: 37,
      dnsMs: 2,
      connectMs: 4,
      tlsMs: 5,
      firstByteMs: 20,
    })
  })

  it('says what the server refused, without the password that it repeats', () => {
    const trace = traceFromHar(har([{ ...token, ...refusal }]), team)
    expect(summarise(runOf(trace)).refused).toMatchObject({
      by: 'server',
      code: 'invalid_grant',
      number: 'AADSTS50126',
    })
    expect(JSON.stringify(trace)).not.toContain('Pa$$w0rd')
  })

  it('does not name a program that is called like the password', () => {
    const archive = har([token]) as { log: { creator: { name: string } } }
    archive.log.creator.name = `x${password}`
    expect(traceFromHar(archive).product).toBe('[withheld: it repeats a secret]')
  })

  it('says it without a password that another request carried', () => {
    const saml = token.body?.replace(
      'grant_type=password',
      'grant_type=urn:ietf:params:oauth:grant-type:saml1_1-bearer&assertion=x',
    )
    const bare = new URLSearchParams(saml)
    bare.delete('password')
    const later = { ...token, ...refusal, body: bare.toString() }
    for (const earlier of [rst(`${sts}/13/usernamemixed`, version13), token]) {
      const trace = traceFromHar(har([earlier, later]), { level: 'raw' })
      expect(readRuns(trace).at(-1)?.error?.facts).toMatchObject({ error: 'invalid_grant' })
      expect(JSON.stringify(trace)).not.toContain('Pa$$w0rd')
    }
  })

  it('of a federated sign-in: which endpoint the program used, beside what the metadata offers', () => {
    const trace = traceFromHar(har([realm, mex, rst(`${sts}/13/usernamemixed`, version13), token]), team)
    expect(hopsOf(runOf(trace)).map(({ request }) => request.step)).toEqual(['realm', 'mex', 'wstrust', 'token'])
    const decision = endpointOf(trace)
    expect(decision?.candidates.filter(({ ok }) => ok)).toMatchObject([
      { rule: 'import.endpoint.used', version: '1.3' },
    ])
    expect(decision?.candidates).toContainEqual(
      expect.objectContaining({ rule: 'import.endpoint.passed-over', version: '2005' }),
    )
    expect(summarise(runOf(trace)).password).toMatchObject({ host: 'sts.contoso.example', hop: 3 })
  })

  it('tells an endpoint that this client would not have used, and one that nobody named', () => {
    const windows = traceFromHar(har([realm, mex, rst(`${sts}/2005/windowstransport`, version2005)]), team)
    expect(endpointOf(windows)?.candidates.filter(({ ok }) => ok)).toMatchObject([
      { rule: 'import.endpoint.used-though', evidence: 'mex.policy.windows' },
    ])
    const unnamed = traceFromHar(har([realm, rst(`${sts}/other`, version2005)]), team)
    expect(endpointOf(unnamed)?.candidates).toMatchObject([{ rule: 'import.endpoint.not-listed', ok: true }])
    const onFile = traceFromHar(har([realm, rst(`${sts}/2005/usernamemixed`, version2005)]), team)
    expect(endpointOf(onFile)?.candidates).toMatchObject([{ rule: 'mex.fallback.active-auth-url', ok: true }])
  })

  it('makes a call of each sign-in, in the order of time', () => {
    const refused = { ...token, ...refusal }
    const keys = { url: `${entra}/common/discovery/v2.0/keys`, answer: '{"keys":[]}' }
    const document = har([realm, mex, rst(`${sts}/13/usernamemixed`, version13), token, keys, refused, realm]) as {
      log: { entries: unknown[] }
    }
    document.log.entries.reverse()
    const runs = readRuns(traceFromHar(document, team))
    expect(runs.map((run) => [hopsOf(run).length, run.end?.ok])).toEqual([
      [5, true],
      [1, false],
      [1, undefined],
    ])
  })

  it('leaves out what is no sign-in, and reads bodies in base64 and in params', () => {
    const others = [
      { url: 'https://www.contoso.example/', answer: '<html></html>', answerType: 'text/html' },
      { method: 'OPTIONS', url: token.url },
      { method: 'POST', url: 'https://api.contoso.example/v1/things', body: '{}', type: 'application/json' },
    ]
    const document = har([...others, token], (entry) => {
      const { request, response } = entry as {
        request: { postData?: { text?: string } }
        response: { content: { text: string } }
      }
      const { postData } = request
      const params = [...new URLSearchParams(postData?.text)].map(([name, value]) => ({ name, value }))
      const content = {
        ...response.content,
        encoding: 'base64',
        text: Buffer.from(response.content.text).toString('base64'),
      }
      return {
        ...entry,
        request: { ...request, ...(postData ? { postData: { params } } : {}) },
        response: { ...response, content },
      }
    })
    const run = runOf(traceFromHar(document, team))
    expect(hopsOf(run)).toHaveLength(1)
    expect(run.end?.ok).toBe(true)
  })

  it.each([
    ['JSON', { type: 'application/json', body: JSON.stringify({ grant_type: 'password', username: 'a', password }) }],
    [
      'multipart',
      {
        type: 'multipart/form-data; boundary=b',
        body: ['grant_type', 'password', 'password', password]
          .map((text, index) =>
            index % 2 === 0 ? `--b\r\nContent-Disposition: form-data; name="${text}"\r\n\r\n` : `${text}\r\n`,
          )
          .join(''),
      },
    ],
    ['URL', { url: `${token.url}?grant_type=password&password=${encodeURIComponent(password)}`, body: '' }],
  ])('says that a token request in %s is no form, and hides its password', (_, change) => {
    const answer = JSON.stringify({
      error: 'invalid_request',
      error_description: `AADSTS900144: The request body must contain the following parameter: 'grant_type'. ${password}`,
      error_codes: [900144],
    })
    for (const level of ['share', 'raw'] as const) {
      const trace = traceFromHar(har([{ ...token, ...change, status: 400, answer }]), { level })
      expect(trace.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'NOT_A_FORM' }))
      expect(summarise(runOf(trace))).toMatchObject({
        password: { host: 'login.microsoftonline.com', hop: 1 },
        refused: { number: 'AADSTS900144' },
      })
      expect(JSON.stringify(trace)).not.toMatch(/Pa\$\$w0rd|Pa%24/)
    }
  })

  const echo = (text: string): string =>
    JSON.stringify({ error: 'invalid_grant', error_description: `you sent ${text}` })
  const later = { ...token, body: 'grant_type=refresh_token&refresh_token=abcdefgh', status: 400 }

  it.each(['my.pass.word99', 'my.pass.ab', 'Tr0ub4dor&3x', 48151623])(
    'hides a password wherever it was: %s',
    (typed) => {
      const own = String(typed)
      const bodies = [
        { body: new URLSearchParams({ grant_type: 'password', password: own }).toString() },
        { type: 'application/json', body: JSON.stringify({ grant_type: 'password', Password: typed }) },
        { type: 'application/json', body: JSON.stringify({ data: [{ grant_type: 'password', password: own }] }) },
        { url: `${token.url}?grant_type=password&PASSWORD=${encodeURIComponent(own)}`, body: '' },
        { url: `${token.url}?grant_type=${encodeURIComponent(own)}&password=${encodeURIComponent(own)}`, body: '' },
      ]
      for (const change of bodies) {
        const archive = har([
          { ...token, ...change, status: 400, answer: '{}' },
          { ...later, answer: echo(own) },
        ])
        const text = JSON.stringify(traceFromHar(archive, { level: 'raw' }))
        expect(text).toContain('invalid_grant')
        expect(text).not.toContain(JSON.stringify(own).slice(1, -1))
      }
    },
  )

  it('reads a body that looks like many parts in time', () => {
    const body = 'a: name="grant_type"\n'.repeat(100_000)
    const started = performance.now()
    expect(() => traceFromHar(har([{ ...token, body }]), team)).toThrow('no request of a sign-in')
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('does not read an answer that is longer than a client would read', () => {
    const long = { ...realm, answer: realm.answer?.replace('{', `{${' '.repeat(70_000)}`) ?? '' }
    const [hop] = hopsOf(runOf(traceFromHar(har([long]), team)))
    expect([hop?.response?.status, hop?.parses]).toEqual([200, []])
  })

  it('keeps the phases that it came with, in a HAR of ours', () => {
    const exported = JSON.parse(renderHar(traceFromHar(har([token]), team))) as {
      log: { entries: { time: number; timings: unknown }[] }
    }
    expect(exported.log.entries[0]).toMatchObject({
      time: 37,
      timings: { blocked: -1, dns: 2, connect: 9, ssl: 5, send: 0, wait: 20, receive: 6 },
    })
  })

  it('reads the metadata of other servers, and the issuer of Entra’s older endpoint', () => {
    const issuer = 'https://idp.contoso.example'
    const claims = (iss: string): string =>
      [
        '{"alg":"RS256"}',
        JSON.stringify({
          iss,
          sub: 's',
          aud: 'c',
          exp: 1_795_424_400,
          iat: 1_795_420_800,
          tid: '7b3a1f52-4c1e-4a55-9d3e-1f0c5a7d2e01',
        }),
        'signature',
      ]
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.')
    const signIn = (url: string, iss: string): Exchange => ({
      ...token,
      url,
      body: `grant_type=password&client_id=c&username=u&password=${encodeURIComponent(password)}`,
      answer: JSON.stringify({
        token_type: 'Bearer',
        access_token: 'opaque-token-value',
        expires_in: 60,
        id_token: claims(iss),
      }),
    })
    const metadata = {
      url: `${issuer}/.well-known/openid-configuration`,
      answer: JSON.stringify({ issuer, token_endpoint: `${issuer}/token` }),
    }
    const checksOf = (exchanges: readonly Exchange[]) =>
      hopsOf(runOf(traceFromHar(har(exchanges), team)))
        .flatMap(({ parses }) => parses)
        .find(({ what }) => what === 'id_token')
        ?.checks.find(({ rule }) => rule === 'id_token.issuer')
    expect(checksOf([metadata, signIn(`${issuer}/token`, issuer)])).toMatchObject({ ok: true })
    expect(checksOf([metadata, signIn(`${issuer}/token`, 'https://other.example')])).toMatchObject({ ok: false })
    expect(checksOf([signIn(`${issuer}/token`, issuer)])).toBeUndefined()
    const v1 = 'https://sts.windows.net/7b3a1f52-4c1e-4a55-9d3e-1f0c5a7d2e01/'
    expect(checksOf([signIn(`${entra}/common/oauth2/token`, v1)])).toMatchObject({ ok: true })
  })

  it.each(['managed', 'federated', 'federated-wrong-password', 'mfa-required'])(
    'of ours (%s) tells the same of every request and answer as the trace it was made of',
    (name) => {
      const trace = recorded(name)
      const imported = traceFromHar(JSON.parse(renderHar(trace)), team)
      const differences = diffTraces(trace, imported).filter(({ place }) => / › (sent|answered|status)/.test(place))
      expect(differences).toEqual([])
      expect(diffTraces(trace, imported).filter(({ place }) => /outcome|error/.test(place))).toEqual([])
    },
  )
})

describe('what is no HAR', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', '{"log":{"entries":[]}}'],
    ['a list', []],
    ['no entries', { log: {} }],
    ['entries that are no list', { log: { entries: {} } }],
    ['no entry at all', { log: { entries: [] } }],
    ['no sign-in', har([{ url: 'https://www.contoso.example/' }])],
    ['too many entries', { log: { entries: new Array(20_001).fill({}) } }],
    ['too many sign-ins', har(new Array<Exchange>(1_001).fill(realm))],
    ['our own trace', recorded('managed')],
  ])('is an error of ours: %s', (_, value) => {
    let error: unknown
    try {
      traceFromHar(value)
    } catch (thrown) {
      error = thrown
    }
    expect(isAuthError(error) && error.code).toBe('ERR_INVALID_ARGUMENT')
  })

  it('is told apart from one', () => {
    expect([har([]), har([token])].map(isHar)).toEqual([true, true])
    expect([recorded('managed'), null, 'log', { log: [] }].map(isHar)).toEqual([false, false, false, false])
  })

  it('or one that is spoilt anywhere, is a trace or an error of ours, and changes no prototype', () => {
    const small = { ...mex, answer: fixture('mex/only-13.xml') }
    const whole = JSON.stringify(har([realm, small, rst(`${sts}/13/usernamemixed`, version13), token]))
    const spoilers = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('__proto__', 'constructor', Number.POSITIVE_INFINITY, -1, 'x'.repeat(70_000)),
    )
    fc.assert(
      fc.property(
        fc.nat(),
        spoilers,
        fc.constantFrom('__proto__', 'url', 'text', 'headers', 'status', 'name'),
        (at, value, key) => {
          const json = JSON.parse(whole) as unknown
          const places: Record<string, unknown>[] = []
          const collect = (node: unknown): void => {
            if (typeof node !== 'object' || node === null) return
            places.push(node as Record<string, unknown>)
            for (const child of Object.values(node)) collect(child)
          }
          collect(json)
          const place = places[at % places.length] ?? {}
          const keys = [...Object.keys(place), key]
          Object.defineProperty(place, keys[at % keys.length] ?? key, {
            value,
            enumerable: true,
            configurable: true,
            writable: true,
          })
          try {
            const trace = traceFromHar(json)
            expect(renderText(trace)).not.toBe('')
          } catch (error) {
            if (!isAuthError(error)) throw error
          }
          expect(({} as Record<string, unknown>)['url']).toBeUndefined()
        },
      ),
      { numRuns: 15 },
    )
  })
})
