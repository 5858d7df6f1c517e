import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { TextDecoder } from 'node:util'
import { InvalidArgumentError } from '../errors.ts'
import type { HttpResponse } from '../protocol/http.ts'
import { type CertificateDefect, createServerCertificate, type ServerCertificate } from './certificates.ts'
import { deliver } from './delivery.ts'
import type { Delivery } from './injection.ts'
import type { SimulatorRequest } from './journal.ts'
import type { Libraries } from './libraries.ts'

/** One authority of the simulator. */
export type Side = 'entra' | 'adfs' | 'b2c' | 'ciam' | 'oidc'

export const sides: readonly Side[] = ['entra', 'adfs', 'b2c', 'ciam', 'oidc']

export type Origins = Readonly<Record<Side, string>>

/** Gives every side its origin. */
export function originsAt(origin: (side: Side) => string): Origins {
  return {
    entra: origin('entra'),
    adfs: origin('adfs'),
    b2c: origin('b2c'),
    ciam: origin('ciam'),
    oidc: origin('oidc'),
  }
}

export interface ListenOptions {
  /** Port of the Entra side; 0, the default, takes a free one. */
  readonly port?: number
  /** Port of the AD FS side; likewise. */
  readonly adfsPort?: number
  /** Port of the B2C side; likewise. */
  readonly b2cPort?: number
  /** Port of the External ID side; likewise. */
  readonly ciamPort?: number
  /** Port of the OpenID provider; likewise. */
  readonly oidcPort?: number
  /** What is wrong with the certificate that a side shows; by default nothing is. */
  readonly certificate?: Readonly<Partial<Record<Side, CertificateDefect>>>
  /** There is no choice of address: the simulator holds known passwords and stays on 127.0.0.1. */
  readonly host?: never
}

type AnswerFunction = (side: Side, request: SimulatorRequest) => Promise<Delivery>

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']
const maxBodyBytes = 1024 * 1024

/**
 * Serves every side over TLS 1.2 or later on 127.0.0.1, each on a port of its own, with certificates made now.
 *
 * A web page that resolves its own name to 127.0.0.1 is kept out by the `Host` check (421), every other page by the
 * refusal of `Origin` (403); there are no CORS headers.
 *
 * @throws {@link InvalidArgumentError} when another address is asked for.
 */
export async function listenOnLoopback(
  libraries: Libraries,
  hosts: Readonly<Record<Side, string>>,
  answer: AnswerFunction,
  options: ListenOptions = {},
): Promise<{ readonly origins: Origins; readonly ca: string; openConnections(): number; close(): Promise<void> }> {
  if ('host' in options) {
    throw new InvalidArgumentError('the simulator listens on 127.0.0.1 only', { step: 'authority' })
  }
  const names = [
    'localhost',
    '127.0.0.1',
    '::1',
    ...Object.values(hosts).map((host) => new URL(`https://${host}`).hostname.replace(/[[\]]/g, '')),
  ]
  const issue = (defect?: CertificateDefect): Promise<ServerCertificate> =>
    createServerCertificate(libraries, names, Math.floor(Date.now() / 1000), defect)
  const certificate = await issue()
  const trusted = new Set([certificate.caPem])
  const ports: Readonly<Record<Side, number | undefined>> = {
    entra: options.port,
    adfs: options.adfsPort,
    b2c: options.b2cPort,
    ciam: options.ciamPort,
    oidc: options.oidcPort,
  }
  const servers: Server[] = []
  const connections = new Set<Socket>()
  const close = async (): Promise<void> => {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)))
    // Not by the servers' own means: those know of no connection whose TLS handshake is still to come.
    const gone = [...connections].map((socket) => new Promise((resolve) => socket.once('close', resolve).destroy()))
    await Promise.all([...closed, ...gone])
  }
  try {
    for (const side of sides) {
      const defect = options.certificate?.[side]
      const {
        caPem,
        certificatePem: cert,
        privateKeyPem: key,
      } = defect === undefined ? certificate : await issue(defect)
      if (defect !== 'untrusted') trusted.add(caPem)
      const server = createServer({ key, cert, minVersion: 'TLSv1.2' }, (request, response) => {
        const { remotePort, localPort } = request.socket
        const raw = [...connections].find((at) => at.remotePort === remotePort && at.localPort === localPort)
        void serve(side, hosts[side], request, response, answer, raw)
      })
      server.on('connection', (socket: Socket) => {
        connections.add(socket)
        socket.once('close', () => connections.delete(socket))
      })
      server.requestTimeout = 30_000
      servers.push(server)
      await bind(server, ports[side] ?? 0)
    }
  } catch (error) {
    await close()
    throw error
  }
  const origins = originsAt((side) => {
    const { port } = (servers[sides.indexOf(side)] as Server).address() as AddressInfo
    // Another host name than Entra's: what a client trusts the one with must not reach the other by accident.
    return new URL(`https://${side === 'adfs' ? '127.0.0.1' : 'localhost'}:${port}`).origin
  })
  return { origins, ca: [...trusted].join(''), openConnections: () => connections.size, close }
}

function bind(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // Without an address Node binds all interfaces.
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function serve(
  side: Side,
  configuredHost: string,
  request: IncomingMessage,
  response: ServerResponse,
  answer: AnswerFunction,
  raw: Socket | undefined,
): Promise<void> {
  try {
    const refused = refusal(request, configuredHost)
    const delivery = refused === undefined ? await answerBody(side, request, answer) : complete(refused)
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

async function answerBody(side: Side, request: IncomingMessage, answer: AnswerFunction): Promise<Delivery> {
  const bytes = await readBody(request)
  if (bytes === undefined) return complete(plain(413, 'the body is larger than 1 MiB', { connection: 'close' }))
  const body = decodeUtf8(bytes)
  if (body === undefined) return complete(plain(400, 'the body is not UTF-8'))
  return answer(side, {
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
