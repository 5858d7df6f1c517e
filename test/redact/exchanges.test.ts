import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { isAuthError } from '../../src/errors.ts'
import { parseAuthority } from '../../src/protocol/authority.ts'
import { parseDeviceAuthorizationResponse } from '../../src/protocol/device-code.ts'
import type { HttpRequest, HttpResponse } from '../../src/protocol/http.ts'
import { parseJwks } from '../../src/protocol/jwks.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { parseMetadata } from '../../src/protocol/server-metadata.ts'
import { parseTokenResponse } from '../../src/protocol/token-response.ts'
import { parseUserRealm } from '../../src/realm/user-realm.ts'
import { showsSecret } from '../../src/redact/leak-scan.ts'
import { createPseudonyms } from '../../src/redact/pseudonyms.ts'
import { redactRequest, redactResponse } from '../../src/redact/redact-message.ts'
import { assertionFacts } from '../../src/wstrust/assertion-facts.ts'
import { parseMexDocument } from '../../src/wstrust/mex-document.ts'
import { parseSecurityTokenResponse } from '../../src/wstrust/security-token-response.ts'
import { parseXml } from '../../src/wstrust/xml.ts'
import type { XmlElement } from '../../src/wstrust/xml-element.ts'
import { type Exchange, type Recording, recordExchanges } from './exchanges.ts'

let recording: Recording
beforeAll(async () => {
  recording = await recordExchanges()
})

/** What our parsers make of an answer: the value, its secrets only by kind, or the error. */
function read(request: Pick<HttpRequest, 'step' | 'url'>, response: HttpResponse): unknown {
  try {
    return JSON.parse(JSON.stringify(parse(request, response), (_, value) => (Secret.is(value) ? facts(value) : value)))
  } catch (error) {
    if (!isAuthError(error)) throw error
    return JSON.parse(JSON.stringify({ ...error, message: error.message, name: error.name }))
  }
}

function parse({ step, url }: Pick<HttpRequest, 'step' | 'url'>, response: HttpResponse): unknown {
  switch (step) {
    case 'realm':
      return parseUserRealm(response)
    case 'mex':
      return parseMexDocument(response)
    case 'wstrust': {
      const assertion = parseSecurityTokenResponse(response, '1.3')
      return { ...assertion, xml: assertionFacts(assertion) }
    }
    case 'token':
      return parseTokenResponse(response, [], { accessTokenOptional: true })
    case 'device':
      return parseDeviceAuthorizationResponse(response, { url })
    case 'id_token':
      return parseJwks(response).keys.map(({ kty, kid, alg, use }) => ({ kty, kid, alg, use }))
    default: {
      const [base = ''] = url.split('/v2.0/')
      const kind = /b2clogin/.test(url) ? 'b2c' : /ciamlogin/.test(url) ? 'ciam' : /adfs/.test(url) ? 'adfs' : 'oidc'
      return parseMetadata(response, parseAuthority(base.replace(/\/\.well-known.*/, ''), kind))
    }
  }
}

function facts(secret: Secret): unknown {
  try {
    return decodeJwt(secret.reveal())
  } catch {
    return 'opaque'
  }
}

const withoutUserCode = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (name, member) => (/^(userCode|message|verificationUriComplete)$/.test(name) ? '' : member)),
  )
const nameOf = ({ request, response }: Exchange): string => `${request.step} ${request.url} ${response.status}`
const partsOfXml = ({ local, text, attributes, children }: XmlElement): readonly string[] => [
  children.length === 0 ? `${local} ${text}` : local,
  ...attributes.map(({ name, value }) => `${name}=${value}`),
  ...children.flatMap(partsOfXml),
]
const partsOf = (text: string): readonly string[] => [
  text,
  ...(text.match(/[\w-]{20,}/g) ?? []).map((run) => Buffer.from(run, 'base64url').toString()),
]

describe('a redacted exchange with the simulator', () => {
  it('is one of every kind', () => {
    const steps = new Set(recording.exchanges.map(({ request }) => request.step))
    expect([...steps].sort()).toEqual(['authority', 'device', 'id_token', 'mex', 'realm', 'token', 'wstrust'])
    expect(recording.exchanges.length).toBeGreaterThan(70)
  })

  it('is read by our parsers as the original is', () => {
    for (const exchange of recording.exchanges) {
      const { request, response } = exchange
      const redacted = redactResponse(response, request)
      const [before, after] = [response, redacted].map((one) => withoutUserCode(read(request, one)))
      expect(after, nameOf(exchange)).toEqual(before)
    }
  })

  it('asks what the original asked, without the secrets', () => {
    for (const exchange of recording.exchanges) {
      const { request } = exchange
      const redacted = redactRequest(request)
      expect(redacted.url, nameOf(exchange)).toBe(request.url)
      if (request.step === 'wstrust') {
        const [before, after] = [request.body, redacted.body].map((xml = '') =>
          partsOfXml(parseXml(xml, 'wstrust').root),
        )
        expect(after?.filter((part) => !before?.includes(part)).join()).toMatch(
          /^Password \[Password, up to \d+ characters\]$/,
        )
        expect(after?.length).toBe(before?.length)
      } else if (request.body !== undefined) {
        const [before, after] = [request.body, redacted.body ?? ''].map((body) => [...new URLSearchParams(body)])
        const changed = after?.filter(([name, value], index) => before?.[index]?.join() !== [name, value].join())
        expect(after?.map(([name]) => name)).toEqual(before?.map(([name]) => name))
        for (const [name, value] of changed ?? []) expect(value).toMatch(new RegExp(`^\\[${name}, `))
      }
    }
  })

  it('shows no password, client secret, whole token or signature', () => {
    const secrets = recording.secrets.map((secret) => new Secret(secret))
    for (const exchange of recording.exchanges) {
      const { request, response } = exchange
      const redacted = JSON.stringify([redactRequest(request), redactResponse(response, request)])
      expect(showsSecret(redacted, secrets), nameOf(exchange)).toBe(false)
      for (const [, signature = ''] of response.body.matchAll(
        /(?:eyJ[\w-]+\.[\w-]+\.|SignatureValue>)([\w+/-]{200,})/g,
      )) {
        expect(redacted).not.toContain(signature)
      }
    }
  })

  it('comes out the same when it is redacted again', () => {
    for (const exchange of recording.exchanges) {
      const { request, response } = exchange
      const [asked, answered] = [redactRequest(request), redactResponse(response, request)]
      const again = { ...request, ...asked } as HttpRequest
      expect(redactRequest(again), nameOf(exchange)).toEqual(asked)
      expect(redactResponse(answered, again), nameOf(exchange)).toEqual(answered)
    }
  })
})

describe('the exchanges at level "share"', () => {
  const real =
    /contoso|fabrikam|customer\.example|mail\.example|outlook\.example|neil|\b(ada|fred|frida|grace|carla|cleo|cyril|dora|olga)\b|saml2(@|%40| Example)|(Ada|Fred|Grace|Carla|Dora|Olga|Frida) (Example|Customer)|7b3a1f52|c2d4e6f8|d0000000-|b2c00000-|c1a00000-|e6f8a0b2|f7a9b1c3|0f1e2d3c|1a2b3c4d-5e6f|9d0e1f2a|ed0e1f2a|6a7b8c9d|Ab-9_xY|c2ltdWxhdGVkLWFuY2hvci0|simulated-anchor/i
  const shareAll = () =>
    createPseudonyms().value(
      recording.exchanges.map(({ request, response }) => ({
        step: request.step,
        request: redactRequest(request),
        response: redactResponse(response, request),
      })),
    )
  let shared: ReturnType<typeof shareAll>
  beforeAll(() => {
    shared = shareAll()
  })

  it('names nobody of the world, in no spelling', () => {
    for (const { step, request, response } of shared) {
      for (const part of partsOf(JSON.stringify([request, response]))) {
        for (const text of [part, decodeURIComponent(part.replace(/%(?![0-9a-f]{2})/gi, '%25'))]) {
          expect(
            real.exec(text)?.[0],
            `${step} ${request.url} ${text.slice(Math.max(0, text.search(real) - 100), text.search(real) + 60)}`,
          ).toBeUndefined()
        }
      }
    }
  })

  it('is still read by our parsers, and only ids, names and hosts differ', () => {
    const outcome = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && 'code' in value && 'name' in value
        ? [value.name, value.code]
        : Object.keys(value ?? {})
    shared.forEach(({ step, request, response }, index) => {
      const original = recording.exchanges[index] as Exchange
      const before = outcome(read(original.request, original.response))
      expect(outcome(read({ step, url: request.url }, response)), nameOf(original)).toEqual(before)
    })
  })

  it('says the same of the same: whoever is one in the originals is one here, and two are two', () => {
    const names = (urls: readonly string[]) => urls.map((url) => /userrealm\/([^?]*)/.exec(url)?.[1] ?? '')
    const before = names(recording.exchanges.map(({ request }) => request.url))
    const after = names(shared.map(({ request }) => request.url))
    const pairs = new Set(before.map((name, index) => `${name} ${after[index]}`))
    expect(pairs.size).toBe(new Set(before).size)
    expect(pairs.size).toBe(new Set(after).size)
  })
})

describe('the traces of the sign-ins', () => {
  it('name nobody at level "share"', () => {
    const text = JSON.stringify(recording.traces('share'))
    for (const part of partsOf(text)) expect(/contoso|fabrikam|fred@|ada@|7b3a1f52/i.exec(part)?.[0]).toBeUndefined()
  })
})
