import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { TextDecoder } from 'node:util'
import type { HttpResponse } from '../protocol/http.ts'
import type { ServerCertificate } from './certificates.ts'
import { deliver } from './delivery.ts'
import type { Delivery } from './injection.ts'
import type { SimulatorRequest } from './journal.ts'

/** A port of 127.0.0.1 that answers over TLS. */
export interface LoopbackPort {
  readonly port: number
  /** TCP connections that are open now. */
  openConnections(): number
  close(): Promise<void>
}

type AnswerFunction = (request: SimulatorRequest) => Promise<Delivery>

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']
const maxBodyBytes = 1024 * 1024

/**
 * Serves over TLS 1.2 or later on 127.0.0.1.
 *
 * A web page that resolves its own name to 127.0.0.1 is kept out by the `Host` check (421), every other page by the
 * refusal of `Origin` (403); there are no CORS headers.
 *
 * @param port 0 takes a free one.
 * @param configuredHost A host name that may be asked for besides those of loopback.
 */
export async function openLoopbackPort(
  { certificatePem: cert, privateKeyPem: key }: ServerCertificate,
  port: number,
  configuredHost: string,
  answer: AnswerFunction,
): Promise<LoopbackPort> {
  const connections = new Set<Socket>()
  const server = createServer({ key, cert, minVersion: 'TLSv1.2' }, (request, response) => {
    const { remotePort, localPort } = request.socket
    const raw = [...connections].find((at) => at.remotePort === remotePort && at.localPort === localPort)
    void serve(configuredHost, request, response, answer, raw)
  })
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  server.requestTimeout = 30_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // Without an address Node binds all interfaces.
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    openConnections: () => connections.size,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      // Not by the server's own means: it knows of no connection whose TLS handshake is still to come.
      const gone = [...connections].map((socket) => new Promise((resolve) => socket.once('close', resolve).destroy()))
      await Promise.all([closed, ...gone])
    },
  }
}

async function serve(
  configuredHost: string,
  request: IncomingMessage,
  response: ServerResponse,
  answer: AnswerFunction,
  raw: Socket | undefined,
): Promise<void> {
  try {
    const refused = refusal(request, configuredHost)
    const delivery = refused === undefined ? await answerBody(request, answer) : complete(refused)
    if (delivery.delayMs > 0) await setTimeout(delivery.delayMs, undefined, { signal: untilGone(response) })
    deliver(delivery, response, raw)
  } catch {
    if (response.headersSent) response.destroy()
    else response.writeHead(500).end()
  }
}

/** Aborts when nobody waits for the answer any more. */
function untilGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}

function complete(response: HttpResponse): Delivery {
  return { response, delayMs: 0 }
}

/** The checks of the door: who is asked for (`Host`), and who sends the browser (`Origin`). */
function refusal(request: IncomingMessage, configuredHost: string): HttpResponse | undefined {
  if (request.headers.origin !== undefined) return plain(403, 'no browser page may call the simulator')
  const port = String(request.socket.localPort)
  const hostHeaders = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  const host = (request.headers.host ?? '').toLowerCase()
  const allowed = [...loopbackNames, configuredHost.replace(/:\d+$/, '')].flatMap((name) =>
    port === '443' ? [name, `${name}:443`] : [`${name}:${port}`],
  )
  if (hostHeaders.length !== 1 || !allowed.includes(host)) return plain(421, 'not a host of this simulator')
  return request.url?.startsWith('/') === true ? undefined : plain(400, 'not an origin-form request target')
}

async function answerBody(request: IncomingMessage, answer: AnswerFunction): Promise<Delivery> {
  const bytes = await readBody(request)
  if (bytes === undefined) return complete(plain(413, 'the body is larger than 1 MiB', { connection: 'close' }))
  const body = decodeUtf8(bytes)
  if (body === undefined) return complete(plain(400, 'the body is not UTF-8'))
  return answer({
    method: request.method ?? 'GET',
    url: `https://${request.headers.host}${request.url}`,
    headers: joinHeaders(request),
    ...(body === '' ? {} : { body }),
  })
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > maxBodyBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Python's `requests` sends an "é" as Latin-1 under `charset=utf-8`; AD FS refuses that, and so does this. */
function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function joinHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
}

function plain(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${text}\n` }
}
