import { inspect } from 'node:util'
import { describe } from 'vitest'
import { createMemoryStore } from '../../src/cache.ts'
import { createRopcClient, type HttpRequest, type HttpResponse, Secret } from '../../src/index.ts'
import { buildTokenRequest, parseTokenResponse } from '../../src/protocol.ts'
import { buildSecurityTokenRequest, parseSecurityTokenResponse } from '../../src/wstrust.ts'
import { secrecyContract } from '../contract/secrecy.ts'
import { fixture } from '../fixtures.ts'

/** Everything a program might do to show a value. */
function show(value: unknown): string {
  const error = value instanceof Error ? `${value.message}${value.stack}${inspect(value.cause, { depth: null })}` : ''
  return [
    String(value),
    JSON.stringify(value),
    inspect(value),
    inspect({ value }, { depth: null, showHidden: true, getters: true }),
    error,
  ].join('\n')
}

/** A password that the client takes: without the characters that cannot be typed. */
const typed = (secret: string): string => secret.replace(/[\t\r\n]/g, '')

const at = 1_795_375_600
const clientId = '00001111-aaaa-4222-bbbb-3333cccc4444'
const metadata = { token_endpoint: 'https://login.microsoftonline.com/organizations/oauth2/v2.0/token' }
const url = 'https://sts.contoso.example/adfs/services/trust/13/usernamemixed'
const username = 'ada@contoso.example'
const scopes = ['User.Read']

function builtRequests(secret: Secret): HttpRequest[] {
  const token = { metadata, clientId, scopes }
  const rst = { username, password: secret, appliesTo: 'urn:federation:MicrosoftOnline' }
  return [
    buildTokenRequest({ ...token, grant: { type: 'password', username, password: secret } }, 'c'),
    buildTokenRequest({ ...token, grant: { type: 'refresh_token', refreshToken: secret } }, 'c'),
    buildTokenRequest({ ...token, grant: { type: 'saml', assertion: { version: '1.1', xml: secret } } }, 'c'),
    buildSecurityTokenRequest({ ...rst, endpoint: { version: '1.3', url } }, at, 'm-1'),
    buildSecurityTokenRequest({ ...rst, endpoint: { version: '2005', url } }, at, 'm-1'),
  ]
}

const json = (body: unknown, status = 200): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', 'x-ms-request-id': 't-1' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

const xmlText = (text: string): string => text.replace(/[&<>"'\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`)

/** Servers that repeat a credential in every way they can, and one that answers well. */
function hostileAnswers(secret: string): Record<string, (request: HttpRequest) => HttpResponse | Error> {
  const refuse = (text: string) => json({ error: 'invalid_grant', error_description: `AADSTS50126: ${text}` }, 400)
  return {
    'a description with it': () => refuse(secret),
    'a description with it in a URL': () => refuse(encodeURIComponent(secret)),
    'a suberror with it': () => json({ error: 'invalid_grant', suberror: secret.slice(0, 256) }, 400),
    'a page with it': () => ({
      status: 502,
      headers: { 'content-type': 'text/html' },
      body: `<p>${xmlText(secret)}</p>`,
    }),
    'text with it': () => ({ status: 200, headers: {}, body: secret }),
    'base64 of more than it': () => refuse(btoa(String.fromCharCode(...new TextEncoder().encode(`:${secret}`)))),
    'a header with it': () => ({
      ...json({ error: 'invalid_client' }, 401),
      headers: { 'content-type': 'application/json', 'x-ms-request-id': encodeURIComponent(secret) },
    }),
    'a trace id with it': () => json({ error: 'invalid_client', trace_id: secret }, 401),
    'a token type with it': () => json({ access_token: 'x', token_type: secret }),
    'an error of the transport with it': () => Object.assign(new Error(secret), { code: 'EBADNEWS', body: secret }),
    'a redirect with it': () => ({
      status: 307,
      headers: { location: `https://evil.test/?p=${encodeURIComponent(secret)}` },
      body: '',
    }),
    'a token': () =>
      json({ ...JSON.parse(fixture('token/success.json')), access_token: secret, refresh_token: secret }),
  }
}

describe('secrecy', () => {
  secrecyContract('every request a builder makes', (secrets) =>
    // Redacted, they are the same for every secret: a set keeps the search short.
    [...new Set(secrets.flatMap((secret) => builtRequests(new Secret(secret)).map(show)))].join('\n'),
  )

  secrecyContract(
    'what the parsers make of answers',
    (secrets) =>
      secrets
        .flatMap((secret) => {
          const body = { access_token: secret, refresh_token: secret, id_token: secret, token_type: 'Bearer' }
          const rstr = fixture('rstr/13-saml11.xml').replace(
            '</saml:Assertion>',
            () => `<!--${secret.replaceAll('-', '')}--></saml:Assertion>`,
          )
          return [
            () => parseTokenResponse(json(body), scopes),
            () =>
              parseSecurityTokenResponse(
                { status: 200, headers: { 'content-type': 'application/soap+xml' }, body: rstr },
                '1.3',
              ),
          ].map((parse) => {
            try {
              return show(parse())
            } catch (error) {
              return show(error)
            }
          })
        })
        .join('\n'),
    { runs: 200, secretsPerRun: 10 },
  )

  secrecyContract(
    'results, errors and events of a managed sign-in, whatever the server answers',
    async (secrets) => {
      let output = ''
      for (const secret of secrets.map(typed)) {
        for (const answer of Object.values(hostileAnswers(secret))) {
          const client = createRopcClient({
            clientId,
            store: createMemoryStore(),
            runtime: { now: () => at },
            onEvent: (event) => {
              output += show(event)
            },
            transport: async (request) => {
              output += show(request)
              if (request.step === 'realm') return json(fixture('realm/managed.json'))
              const response = answer(request)
              if (response instanceof Error) throw response
              return response
            },
          })
          const password = secret.trim() === secret ? secret : new Secret(secret)
          const calls = [
            () => client.acquireTokenByUsernamePassword({ username, password, scopes }),
            () => client.acquireTokenSilent({ account: { username }, scopes }),
            () => client.acquireTokenSilent({ account: { username }, scopes, forceRefresh: true }),
            () => client.getAccounts(),
          ]
          for (const call of calls) output += show(await call().catch((error: unknown) => error))
        }
      }
      return output
    },
    { runs: 50, secretsPerRun: 5 },
  )

  secrecyContract(
    'results, errors and events of a federated sign-in, whatever the federation server answers',
    async (secrets) => {
      let output = ''
      for (const secret of secrets.map(typed)) {
        const fault = fixture('faults/wrong-password-13.xml').replace(/ID3242[^<]*/, () => `ID3242: ${xmlText(secret)}`)
        const answers = [
          { status: 500, headers: { 'content-type': 'application/soap+xml' }, body: fault },
          { status: 200, headers: { 'content-type': 'text/html' }, body: secret },
          { status: 200, headers: { 'content-type': 'application/soap+xml' }, body: `<a>${xmlText(secret)}</a>` },
          { status: 200, headers: { 'content-type': 'application/soap+xml' }, body: `<a ${secret}` },
        ]
        for (const answer of answers) {
          const client = createRopcClient({
            clientId,
            onEvent: (event) => {
              output += show(event)
            },
            transport: async (request) => {
              output += show(request)
              if (request.step === 'realm') return json(fixture('realm/federated.json'))
              if (request.step === 'mex') return { ...answer, status: 200, body: fixture('mex/only-13.xml') }
              return answer
            },
          })
          const call = client.acquireTokenByUsernamePassword({ username, password: secret, scopes })
          output += show(await call.catch((error: unknown) => error))
        }
      }
      return output
    },
    { runs: 50, secretsPerRun: 5 },
  )
})
