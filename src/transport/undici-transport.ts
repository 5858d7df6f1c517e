import type { Socket } from 'node:net'
import type { buildConnector, Dispatcher } from 'undici'
import { InvalidArgumentError, TransportError } from '../errors.ts'
import type { HttpResponse } from '../protocol/http.ts'
import {
  type ConnectionSettings,
  createTlsSettings,
  type HttpsTransportOptions,
  keepAliveMs,
  maxHeaderBytes,
  readConnectionOptions,
} from './connection-options.ts'
import { type ClosableTransport, createTransport, type Exchange } from './exchange.ts'
import { guardedLookup } from './guarded-lookup.ts'
import { type ProxyRoute, readProxy } from './proxy-route.ts'
import { type BodyReader, checkHead, collectHeaders, createBodyReader, type ResponseHead } from './response-body.ts'
import { globalMock, isIntercepted } from './test-interceptors.ts'

export interface UndiciTransportOptions extends HttpsTransportOptions {
  /**
   * The proxy to tunnel through (CONNECT): its http or https URL, or `'env'` for HTTPS_PROXY, HTTP_PROXY and NO_PROXY,
   * lower case first; https requests fall back to HTTP_PROXY. The proxy resolves names, so the address that is dialled
   * cannot be judged here. Plain http requests (loopback only) never go through it.
   */
  readonly proxy?: 'env' | string | URL
}

/**
 * A transport on undici 7, for proxies and for services with many requests a second.
 *
 * Cheap to create: undici is imported at the first request. An abort ends the call at once; a connection that is
 * being made ends with it unless another request waits for one, and then within `connectTimeoutMs`.
 *
 * In tests: a `MockAgent` of undici 7 or 8 that was made the global dispatcher gets every request. nock 15 sees the requests too;
 * older ones and MSW do not, and while one of them is active nothing is sent, since a test that looks offline would post a live
 * password.
 *
 * @throws `InvalidArgumentError` for options that cannot work, a SOCKS proxy among them; from the transport,
 * `ERR_TRANSPORT_INTERCEPTED` while an interceptor is active that does not see its requests.
 */
export function createUndiciTransport(options: UndiciTransportOptions = {}): ClosableTransport {
  const { proxy, ...rest } = options
  const settings = readConnectionOptions(rest, ['proxy'])
  const route = proxy === undefined ? undefined : readProxy(proxy)
  const everySocket = new Set<Socket>()
  let current: Promise<Connections> | undefined
  return createTransport({
    deadlines: settings.deadlines,
    rules: settings.rules,
    async perform(exchange) {
      exchange.enter('connect')
      current ??= openConnections(settings, route, everySocket)
      const connections = await current
      exchange.check()
      connections.inFlight.add(exchange)
      const abandon = (): void => {
        connections.inFlight.delete(exchange)
        if (connections.inFlight.size > 0) return
        // undici cannot drop a connection that is being made. Dropping all of them, and starting anew for the next
        // request, is the only way to leave none behind.
        current = undefined
        connections.destroy()
      }
      try {
        return await perform(dispatcherOf(connections, exchange), exchange, abandon)
      } finally {
        connections.inFlight.delete(exchange)
      }
    },
    async release() {
      ;(await current?.catch(() => undefined))?.destroy()
      await Promise.all([...everySocket].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
    },
  })
}

/** Asked for each request: tests come and go while a transport lives. */
function dispatcherOf(connections: Connections, { url, request: { step } }: Exchange): Dispatcher {
  const mock = globalMock()
  if (mock !== undefined) return mock
  if (connections.isIntercepted()) {
    throw new InvalidArgumentError(
      'an interceptor of HTTP requests is active that does not see those of undici: nothing was sent',
      {
        step,
        hint: "In tests use the default transport, nock 15, undici's MockAgent as the global dispatcher, or a cassette.",
      },
      'ERR_TRANSPORT_INTERCEPTED',
    )
  }
  return connections.dispatcherFor(url)
}

interface Connections {
  isIntercepted(): boolean
  readonly inFlight: Set<Exchange>
  dispatcherFor(url: URL): Dispatcher
  destroy(): void
}

async function openConnections(
  settings: ConnectionSettings,
  route: ProxyRoute | undefined,
  everySocket: Set<Socket>,
): Promise<Connections> {
  const [undici, { default: http }, { default: dns }, { default: tls }] = await Promise.all([
    import('undici'),
    import('node:http'),
    import('node:dns'),
    import('node:tls'),
  ])
  const sockets = new Set<Socket>()
  const tracked = (connect: buildConnector.connector): buildConnector.connector => {
    return (options, callback) => {
      // Untyped, but the only way to a socket that is still connecting. A test fails if it goes.
      const socket = connect(options, callback) as Socket | undefined
      if (socket === undefined) return
      for (const set of [sockets, everySocket]) {
        set.add(socket)
        socket.once('close', () => set.delete(socket))
      }
    }
  }
  // Through a proxy undici ignores `connect`; without one it ignores `requestTls`. Both come from one object.
  const tlsOptions = { ...createTlsSettings(tls, settings), timeout: settings.deadlines.connectTimeoutMs }
  const lookup = guardedLookup((...args) => dns.lookup(...args), settings.rules)
  const common = {
    connect: tracked(undici.buildConnector({ ...tlsOptions, lookup })),
    connections: settings.connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxHeaderSize: maxHeaderBytes,
    // The clocks of the exchange count: undici's are late by up to a second.
    headersTimeout: 0,
    bodyTimeout: 0,
  }
  const tunnel = {
    ...common,
    requestTls: tlsOptions,
    proxyTls: tlsOptions,
    // Nothing else bounds the wait for the answer to CONNECT.
    clientFactory: (origin: URL, options: object): Dispatcher =>
      new undici.Pool(origin, {
        ...options,
        connect: tracked((options as { connect: buildConnector.connector }).connect),
        headersTimeout: settings.deadlines.connectTimeoutMs,
      }),
  }
  const direct = new undici.Agent(common)
  const proxied =
    route === undefined
      ? undefined
      : route.kind === 'env'
        ? new undici.EnvHttpProxyAgent({ ...tunnel, httpProxy: route.http, httpsProxy: route.https })
        : new undici.ProxyAgent({ ...tunnel, uri: route.url })
  return {
    isIntercepted: () => isIntercepted(http),
    inFlight: new Set(),
    dispatcherFor: (url) => (url.protocol === 'https:' ? (proxied ?? direct) : direct),
    destroy() {
      for (const dispatcher of [direct, proxied]) dispatcher?.destroy().catch(() => undefined)
      for (const socket of sockets) socket.destroy()
    },
  }
}

function perform(dispatcher: Dispatcher, exchange: Exchange, abandon: () => void): Promise<HttpResponse> {
  const { request, url, headers } = exchange
  const handler = createHandler(exchange, abandon)
  const dispatched: unknown = dispatcher.dispatch(
    {
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method,
      headers,
      body: request.body === undefined ? null : Buffer.from(request.body, 'utf8'),
    },
    handler.handler,
  )
  // Whatever its type says, a SnapshotAgent promises to dispatch.
  Promise.resolve(dispatched).catch((error: unknown) => exchange.end(error))
  return handler.response
}

/**
 * The handler of one dispatch. `Dispatcher.dispatch` rather than `request()`: it says when the request gets its
 * connection, which is where the clocks of the phases meet, and it can be stopped there.
 */
function createHandler(
  exchange: Exchange,
  abandon: () => void,
): { readonly handler: Dispatcher.DispatchHandler; readonly response: Promise<HttpResponse> } {
  let resolve: (response: HttpResponse) => void = () => undefined
  const response = new Promise<HttpResponse>((resolveResponse) => {
    resolve = resolveResponse
  })
  let controller: Dispatcher.DispatchController | undefined
  let head: ResponseHead | undefined
  let body: BodyReader | undefined
  let connectedAt = exchange.startedAt
  let answeredAt: number | undefined
  let failed = false
  exchange.onEnd(() => {
    if (failed) return
    if (controller === undefined) abandon()
    else controller.abort(new Error('ended'))
  })
  const attempt = (action: () => void): void => {
    try {
      action()
    } catch (error) {
      exchange.end(error)
    }
  }
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      // The exchange may have ended while it waited, and undici may start a request anew on another connection.
      // Either way nothing may be sent: a credential goes out once.
      const again = controller !== undefined
      controller = started
      if (again) exchange.end(undefined)
      else connectedAt = performance.now()
      exchange.enter('headers')
      try {
        exchange.check()
      } catch {
        started.abort(new Error('ended'))
      }
    },
    onResponseStart(_, status, received) {
      if (status < 200) return
      answeredAt = performance.now()
      exchange.enter('body')
      attempt(() => {
        head = { status, headers: collectHeaders(pairsOf(received)) }
        checkHead(head, exchange.place, exchange.request.url)
        body = createBodyReader(head, exchange.place)
      })
    },
    onResponseData(_, chunk) {
      exchange.enter('body')
      attempt(() => body?.add(chunk))
    },
    onResponseEnd() {
      attempt(() => {
        if (head === undefined || body === undefined) throw new Error('no head')
        const totalMs = performance.now() - exchange.startedAt
        const timings = { totalMs, firstByteMs: (answeredAt ?? connectedAt) - connectedAt }
        resolve({ ...head, body: body.text(), url: exchange.request.url, timings })
      })
    },
    onResponseError(_, error) {
      failed = true
      exchange.end(tunnelFailure(error, exchange) ?? error)
    },
  }
  return { handler, response }
}

function* pairsOf(headers: Record<string, string | string[] | undefined>): Iterable<readonly [string, string]> {
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) yield [name, one]
  }
}

/** A proxy that answers CONNECT with anything but 200 surfaces as an abort; only its message has the status. */
function tunnelFailure(error: Error, { place }: Exchange): TransportError | undefined {
  const status = /^Proxy response \((\d{3})\)/.exec(error.message)?.[1]
  if (status === undefined) return undefined
  const hint =
    status === '407'
      ? 'The proxy wants a user name and a password. Put both into its URL.'
      : 'Check that the proxy may reach that host and port.'
  const message = `the proxy refused a tunnel to ${place.host} (HTTP ${status})`
  return new TransportError('ERR_TRANSPORT_UNREACHABLE', message, { step: place.step, hint })
}
