import { TransportError, type TransportErrorCode } from '../../src/errors.ts'
import type { HttpRequest, Transport } from '../../src/protocol/http.ts'
import type { InjectedFault, Injection } from '../../src/simulator/injection.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { fixture } from '../fixtures.ts'
import { fred } from './people.ts'
import type { Scenario } from './scenario.ts'

const http = 'RFC 9110 §15'
const mexClause = 'WS-MetadataExchange'

/** Broken connections, servers and documents. */
export const faults: readonly Scenario[] = [
  {
    name: 'throttled',
    title: 'Too many requests: no call is made before Retry-After has passed, then one is',
    clause: 'RFC 6585 §4, RFC 9110 §10.2.3',
    ...injecting('token', { type: 'status', status: 429, headers: { 'retry-after': '120' } }, 1),
    async calls({ call, signIn, advance }) {
      await call(signIn)
      await call(signIn)
      advance(121)
      await call(signIn)
    },
  },
  {
    name: 'server-error',
    title: 'Entra answers 500 and nothing else; the password was sent, and is not sent again by itself',
    clause: http,
    ...injecting('token', { type: 'status', status: 500 }),
  },
  {
    name: 'service-unavailable',
    title: 'Entra answers 503',
    clause: http,
    ...injecting('token', { type: 'status', status: 503, headers: { 'retry-after': '30' } }),
  },
  {
    name: 'proxy-page',
    title: 'A proxy answers in place of Entra, with a page and status 403',
    clause: http,
    ...injecting('token', { type: 'html', status: 403, title: 'Access denied' }),
  },
  {
    name: 'captive-portal',
    title: 'A portal answers the first question, with a page and status 200: no password is sent',
    clause: http,
    ...injecting('realm', { type: 'html', title: 'Welcome to the network' }),
  },
  {
    name: 'redirected',
    title: 'The token endpoint answers with a redirect: it is not followed, the password would go with it',
    clause: 'RFC 9110 §15.4',
    ...injecting('token', { type: 'redirect', to: 'https://login.fabrikam.example/token', status: 307 }),
  },
  {
    name: 'truncated-json',
    title: 'The answer of the token endpoint is cut off in the middle',
    clause: 'RFC 8259 §2',
    ...injecting('token', { type: 'bad-json' }),
  },
  {
    name: 'empty-answer',
    title: 'The token endpoint answers 200 and nothing',
    clause: 'RFC 6749 §5.1',
    ...injecting('token', { type: 'empty' }),
  },
  broken(
    'connection-broken',
    'The connection breaks while the token is waited for',
    'token',
    'ERR_TRANSPORT_UNREACHABLE',
  ),
  broken('timeout', 'The token endpoint does not answer in time', 'token', 'ERR_TRANSPORT_TIMEOUT'),
  broken(
    'tls-failure',
    'The certificate of the server is not trusted: no password is sent',
    'realm',
    'ERR_TRANSPORT_TLS',
  ),
  {
    name: 'realm-retried',
    title: 'The first question is asked a second time after a broken connection; it holds no password',
    clause: 'RFC 9110 §9.2.2',
    ...injecting('realm', { type: 'reset' }, 1),
  },
  {
    name: 'realm-down',
    title: 'Entra does not say how the user signs in: no password is sent',
    clause: 'Entra, user realm discovery',
    ...injecting('realm', { type: 'status', status: 503 }),
  },
  {
    name: 'farm-down',
    title: 'The federation server cannot be reached',
    clause: 'WS-Trust 1.3 §4',
    user: fred,
    between: breaking(({ step }) => step === 'mex' || step === 'wstrust', 'ERR_TRANSPORT_UNREACHABLE'),
  },
  {
    name: 'farm-busy',
    title: 'The federation server answers 503 in place of a SOAP fault',
    clause: http,
    user: fred,
    ...injecting('wstrust', { type: 'status', status: 503 }),
  },
  {
    name: 'farm-page',
    title: 'A page answers in place of the federation server',
    clause: 'SOAP 1.2 Part 2 §7.5',
    user: fred,
    ...injecting('wstrust', { type: 'html', title: 'Web Application Proxy' }),
  },
  answered(
    'federated-encrypted-assertion',
    'The assertion is encrypted for somebody else',
    'rstr/encrypted.xml',
    'SAML 2.0 Core §2.3.4',
  ),
  answered('federated-no-assertion', 'The answer of AD FS holds no token', 'rstr/no-token.xml', 'WS-Trust 1.3 §4.4'),
  answered(
    'federated-two-assertions',
    'The answer of AD FS holds two assertions',
    'rstr/two-assertions.xml',
    'WS-Trust 1.3 §4.4',
  ),
  mex('mex-only-13', 'The farm has WS-Trust 1.3 only', 'only-13'),
  mex('mex-only-2005', 'The farm has WS-Trust 2005 only', 'only-2005'),
  mex('mex-2012r2', 'AD FS 2012 R2 lists 2005 before 1.3, and 1.3 is preferred all the same', 'adfs-2012r2'),
  mex('mex-several', 'Two endpoints of 1.3: the first one counts', 'several-13'),
  mex('mex-insecure-port', 'The first endpoint is http: it is passed over', 'insecure-port-first'),
  mex('mex-insecure-address', 'The address for 1.3 is http, and that for 2005 is taken', 'address-insecure'),
  mex('mex-unknown-action', 'An endpoint with an unknown SOAP action is passed over', 'action-unknown'),
  mex('mex-soap-wrapped', 'The document is inside of a SOAP envelope', 'soap-wrapped'),
  mex('mex-bom', 'The document begins with a byte order mark', 'bom'),
  mex('mex-other-host', 'The endpoint is on a host that nobody named: no password is sent there', 'other-host'),
  mex('mex-no-username-policy', 'No endpoint takes a user name and a password', 'no-username-policy'),
  mex('mex-no-transport-binding', 'The policy does not ask for TLS: no password is sent', 'no-transport-binding'),
  mex('mex-soap11', 'The endpoint speaks SOAP 1.1', 'soap11-binding'),
  mex('mex-truncated', 'The document is cut off', 'truncated'),
  mex('mex-doctype', 'The document has a document type declaration', 'doctype'),
  mex('mex-not-wsdl', 'The document is a page of a portal', 'not-wsdl'),
  {
    name: 'mex-not-found',
    title: 'The farm has no document (404): the endpoint of the realm answer is used',
    clause: mexClause,
    user: fred,
    ...injecting('mex', { type: 'status', status: 404 }),
  },
]

function injecting(
  route: Injection['route'],
  fault: Injection['fault'],
  calls: Injection['calls'] = 'all',
): Pick<Scenario, 'world'> {
  return { world: { inject: [{ route, fault, calls }] } }
}

function breaking(
  when: (request: HttpRequest) => boolean,
  code: TransportErrorCode,
): (simulator: Simulator) => Transport {
  return ({ send }) =>
    async (request, options) => {
      if (when(request)) throw new TransportError(code, 'the connection broke', { step: request.step })
      return send(request, options)
    }
}

function broken(name: string, title: string, step: HttpRequest['step'], code: TransportErrorCode): Scenario {
  return { name, title, clause: http, between: breaking((request) => request.step === step, code) }
}

function answeredWith(file: string): Exclude<Injection['fault'], InjectedFault> {
  const headers = { 'content-type': 'application/soap+xml; charset=utf-8' }
  return () => ({ status: 200, headers, body: fixture(file) })
}

function answered(name: string, title: string, file: string, clause: string): Scenario {
  return { name, title, clause, user: fred, ...injecting('wstrust', answeredWith(file)) }
}

function mex(name: string, title: string, file: string): Scenario {
  return { name, title, clause: mexClause, user: fred, ...injecting('mex', answeredWith(`mex/${file}.xml`)) }
}
