import { createGuard, type Guard } from '../../client/guard.ts'
import { isAuthError } from '../../errors.ts'
import type { Authority } from '../../protocol/authority.ts'
import { findCloud } from '../../protocol/clouds.ts'
import { createRequest, type HttpRequest, type HttpResponse, type Transport } from '../../protocol/http.ts'
import type { FederatedRealm } from '../../realm/user-realm.ts'
import { type Check, failedBy, skip } from './check.ts'
import { judgeEndpoint } from './endpoint-answer.ts'
import { type ProbeContext, type ProbeTarget, probeHost } from './host-probe.ts'
import type { ProxyInUse } from './proxy-environment.ts'

/** An answer, with when it came. */
export interface Seen {
  readonly request: HttpRequest
  readonly response: HttpResponse
  /** Epoch milliseconds. */
  readonly receivedAtMs: number
}

export interface BenchOptions {
  readonly authority: Authority
  readonly transport: Transport
  readonly probing: ProbeContext
  readonly proxy?: ProxyInUse
}

/** Where hosts and endpoints are looked at, and every answer is kept. */
export interface Bench {
  /** Sends anything, and keeps the answer: the transport for the client. */
  readonly send: Transport
  /** Judges hosts as the client does, for requests of our own. */
  readonly guard: Guard
  readonly seen: readonly Seen[]
  /** Looks at the host of a URL, unless requests to it go through a proxy. */
  probe(role: ProbeTarget['role'], label: string, url: string): Promise<Check>
  /** Looks at the proxy's host, if requests to the authority go through one. */
  probeProxy(): Promise<readonly Check[]>
  /** Looks at the host that a realm answer names, if the client would go there. */
  probeFederation(realm: FederatedRealm): Promise<Check>
  /** Asks an endpoint by GET, without a credential. */
  examineEndpoint(endpoint: 'token' | 'wstrust', url: string): Promise<Check>
}

/** @param onAnswer Told at once, before the client reads the answer. */
export function createBench(options: BenchOptions, onAnswer: (answer: Seen) => void): Bench {
  const { authority, transport, probing, proxy } = options
  const { signal } = probing
  const seen: Seen[] = []
  const send: Transport = async (request, sendOptions) => {
    const response = await transport(request, sendOptions)
    const answer = { request, response, receivedAtMs: Date.now() }
    seen.push(answer)
    onAnswer(answer)
    return response
  }
  const guard = createGuard(send, authority.url)
  const probe: Bench['probe'] = async (role, label, url) => {
    const { hostname, port } = portOf(url)
    if (signal.aborted) return skip(`host.${role}`, label, noTime)
    if (proxy !== undefined && !proxy.bypasses(hostname, port)) return proxied(role, label, `${hostname}:${port}`)
    return probeHost({ role, label, hostname, port, isCloud: findCloud(hostname) !== undefined }, probing)
  }
  return {
    send,
    guard,
    seen,
    probe,
    async probeProxy() {
      const { hostname, port } = portOf(authority.url)
      if (proxy === undefined || proxy.bypasses(hostname, port)) return []
      // Whoever names a proxy vouches for its address, and its certificate (if any) shows when a request is made.
      const { tlsSettings: _, ...plain } = { ...probing, rules: { loopbackHosts: [proxy.hostname] } }
      const target = { hostname: proxy.hostname, port: proxy.port, isCloud: false }
      return [await probeHost({ role: 'proxy', label: 'proxy host', ...target }, plain)]
    },
    async probeFederation({ metadataUrl, activeAuthUrl }) {
      const label = 'federation host'
      const url = metadataUrl ?? activeAuthUrl ?? ''
      for (const named of [metadataUrl, activeAuthUrl]) if (named !== undefined) guard.justify(named, 'realm')
      try {
        guard.check(url, 'mex')
      } catch (error) {
        return failedBy(error, 'host.federation', label)
      }
      return probe('federation', label, url)
    },
    async examineEndpoint(endpoint, url) {
      const [id, label] = [`endpoint.${endpoint}`, endpoint === 'token' ? 'token endpoint' : 'WS-Trust endpoint']
      if (signal.aborted) return skip(id, label, noTime)
      const request = createRequest({ step: endpoint, method: 'GET', url, headers: { accept: 'application/json' } })
      try {
        return judgeEndpoint({ endpoint, url, response: await guard.send(request, { signal }) })
      } catch (error) {
        return failedBy(error, id, label)
      }
    },
  }
}

const noTime = 'there was no time left'

function portOf(url: string): { readonly hostname: string; readonly port: number } {
  const { hostname, port } = new URL(url)
  return { hostname, port: port === '' ? 443 : Number(port) }
}

function proxied(role: ProbeTarget['role'], label: string, host: string): Check {
  const why = 'requests go through the proxy'
  const children = [
    skip(`dns.${role}`, 'DNS', why),
    skip(`tcp.${role}`, 'TCP', why),
    skip(`tls.${role}`, 'TLS', `${why}: the certificate shows when one is made`),
  ]
  return skip(`host.${role}`, label, `${host}; ${why}`, children)
}

/** What a parser or a rule of the client's says, or `undefined` where it throws its error. */
export function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (isAuthError(error)) return undefined
    throw error
  }
}
