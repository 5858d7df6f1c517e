import { describe } from 'vitest'
import { createMemoryStore } from '../../src/cache.ts'
import { createRopcClient, type HttpRequest, type HttpResponse, Secret } from '../../src/index.ts'
import { secrecyContract, show } from '../contract/secrecy.ts'
import { fixture } from '../fixtures.ts'

/** A password that the client takes: without the characters that cannot be typed. */
const typed = (secret: string): string => secret.replace(/[\t\r\n]/g, '')

const at = 1_795_375_600
const clientId = '00001111-aaaa-4222-bbbb-3333cccc4444'
const username = 'ada@contoso.example'
const scopes = ['User.Read']

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
    { runs: 20, secretsPerRun: 5 },
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
    { runs: 20, secretsPerRun: 5 },
  )
})
