import type { ClientRequest, IncomingMessage, Agent as PlainAgent } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpResponse, Timings } from '../protocol/http.ts'
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
import { checkHead, collectHeaders, createBodyReader } from './response-body.ts'

/**
 * The default transport on Node: `node:https` with connections of its own.
 *
 * Cheap to create: `node:https` is imported at the first request. TLS 1.2 or newer, verified whatever
 * NODE_TLS_REJECT_UNAUTHORIZED says. The address that is dialled is judged, not just the name. An abort ends the
 * request and its connection at once, in every phase. Uses no proxy; `createUndiciTransport` does.
 *
 * @throws `InvalidArgumentError` for options that cannot work.
 */
export function createHttpsTransport(options: HttpsTransportOptions = {}): ClosableTransport {
  const settings = readConnectionOptions(options)
  let connections: Promise<Connections> | undefined
  return createTransport({
    deadlines: settings.deadlines,
    rules: settings.rules,
    async perform(exchange) {
      exchange.enter('connect')
      connections ??= openConnections(settings)
      const { request } = await connections
      exchange.check()
      return await perform(request, exchange)
    },
    async release() {
      await (await connections?.catch(() => undefined))?.release()
    },
  })
}

interface Connections {
  readonly request: (exchange: Exchange) => ClientRequest
  readonly release: () => Promise<void>
}

async function openConnections(settings: ConnectionSettings): Promise<Connections> {
  const [{ default: https }, { default: http }, { default: dns }, { default: tls }] = await Promise.all([
    import('node:https'),
    import('node:http'),
    import('node:dns'),
    import('node:tls'),
  ])
  const pooling = {
    keepAlive: true,
    maxSockets: settings.connections,
    maxFreeSockets: settings.connections,
    // Of a free socket only: while a request is on it, the deadlines of its exchange count.
    timeout: keepAliveMs,
    lookup: guardedLookup((...args) => dns.lookup(...args), settings.rules),
  }
  const secure = new https.Agent({ ...pooling, ...createTlsSettings(tls, settings) })
  const plain = new http.Agent(pooling)
  return {
    request({ url, request, headers }) {
      const isSecure = url.protocol === 'https:'
      const length = Buffer.byteLength(request.body ?? '')
      // Called through the module object each time, which is where nock puts its own.
      return (isSecure ? https : http).request(url, {
        agent: isSecure ? secure : plain,
        method: request.method,
        headers: { ...headers, ...(request.method === 'POST' ? { 'content-length': length } : {}) },
        maxHeaderSize: maxHeaderBytes,
        insecureHTTPParser: false,
      })
    },
    release: async () => {
      await Promise.all([secure, plain].map(destroySockets))
    },
  }
}

function perform(send: Connections['request'], exchange: Exchange): Promise<HttpResponse> {
  return new Promise((resolve) => {
    const request = send(exchange)
    exchange.onEnd(() => request.destroy())
    const marks: Marks = { sent: performance.now() }
    request.on('error', exchange.end)
    request.on('socket', (socket) => {
      if (request.reusedSocket) exchange.enter('headers')
      else watchConnection(socket, exchange, marks)
    })
    request.on('response', (response) => {
      marks.response = performance.now()
      exchange.enter('body')
      readResponse(response, exchange, (answer) => {
        resolve({ ...answer, url: exchange.request.url, timings: timingsOf(exchange.startedAt, marks) })
      })
    })
    request.end(exchange.request.body)
  })
}

function readResponse(response: IncomingMessage, exchange: Exchange, done: (answer: HttpResponse) => void): void {
  try {
    const pairs = response.rawHeaders
    const head = {
      status: response.statusCode ?? 0,
      headers: collectHeaders(pairs.flatMap((name, i) => (i % 2 === 0 ? [[name, pairs[i + 1] ?? ''] as const] : []))),
    }
    checkHead(head, exchange.place, exchange.request.url)
    const body = createBodyReader(head, exchange.place)
    response.on('data', (chunk: Buffer) => {
      exchange.enter('body')
      attempt(exchange, () => body.add(chunk))
    })
    response.on('error', exchange.end)
    response.on('end', () => attempt(exchange, () => done({ ...head, body: body.text() })))
  } catch (error) {
    exchange.end(error)
  }
}

function attempt(exchange: Exchange, action: () => void): void {
  try {
    action()
  } catch (error) {
    exchange.end(error)
  }
}

/** Readings of `performance.now()`; absent for a step that did not happen, as on a connection used again. */
interface Marks {
  readonly sent: number
  lookup?: number
  connect?: number
  ready?: number
  response?: number
}

function watchConnection(socket: Socket, exchange: Exchange, marks: Marks): void {
  const isSecure = exchange.url.protocol === 'https:'
  socket.once('lookup', () => {
    marks.lookup = performance.now()
  })
  socket.once('connect', () => {
    marks.connect = performance.now()
    if (!isSecure) exchange.enter('headers')
  })
  socket.once('secureConnect', () => {
    marks.ready = performance.now()
    exchange.enter('headers')
  })
}

function timingsOf(start: number, marks: Marks): Timings {
  const { sent, lookup, connect, ready, response } = marks
  const connected = ready ?? connect
  return {
    totalMs: performance.now() - start,
    ...(lookup === undefined ? {} : { dnsMs: lookup - sent }),
    ...(connect === undefined ? {} : { connectMs: connect - (lookup ?? sent) }),
    ...(connect === undefined || ready === undefined ? {} : { tlsMs: ready - connect }),
    ...(response === undefined ? {} : { firstByteMs: response - (connected ?? sent) }),
  }
}

/** Destroys an agent's sockets, idle, busy and connecting, and waits until each has gone. */
async function destroySockets(agent: PlainAgent): Promise<void> {
  const sockets = [agent.sockets, agent.freeSockets].flatMap((byOrigin) => Object.values(byOrigin).flat())
  agent.destroy()
  await Promise.all(
    sockets.map(async (socket) => {
      if (socket !== undefined && !socket.closed) await new Promise((resolve) => socket.once('close', resolve))
    }),
  )
}
