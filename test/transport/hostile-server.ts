import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** What the server read of one request. */
interface Seen {
  readonly head: string
  readonly body: string
}

export type Answer = (socket: Socket, seen: Seen) => void

/** A server that speaks raw bytes: nothing corrects what it sends. */
export interface HostileServer {
  readonly port: number
  readonly seen: Seen[]
  /** TCP connections that were ever made. */
  connections(): number
  /** TCP connections that are open now, in a handshake or after it. */
  open(): number
  /** Waits until `open()` is as given, at most 2 s. */
  settle(open: number): Promise<void>
  close(): Promise<void>
}

/**
 * @param answer Called once per complete request.
 * @param tls Server options; without them the server speaks plain TCP.
 */
export async function listen(answer: Answer, tls?: TlsOptions, onConnection?: Answer): Promise<HostileServer> {
  const seen: Seen[] = []
  const sockets = new Set<Socket>()
  let count = 0
  const track = (socket: Socket): void => {
    count += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  }
  const serve = (socket: Socket): void => {
    socket.on('error', () => undefined)
    onConnection?.(socket, { head: '', body: '' })
    let data = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      data = Buffer.concat([data, Buffer.from(chunk)])
      for (;;) {
        const end = data.indexOf('\r\n\r\n')
        if (end < 0) return
        const head = data.subarray(0, end).toString('latin1')
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
        if (data.length < end + 4 + length) return
        const request = { head, body: data.subarray(end + 4, end + 4 + length).toString('utf8') }
        data = data.subarray(end + 4 + length)
        seen.push(request)
        answer(socket, request)
      }
    })
  }
  const server: Server = tls === undefined ? createTcpServer(serve) : createTlsServer(tls, serve)
  server.on('connection', track)
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    connections: () => count,
    open: () => sockets.size,
    async settle(open) {
      for (let i = 0; i < 200 && sockets.size !== open; i++) await new Promise((resolve) => setTimeout(resolve, 10))
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A complete answer. */
export function respond(status: string, body: string | Buffer = '', headers: Record<string, string> = {}): Answer {
  return (socket) => {
    const bytes = Buffer.from(body as string)
    const lines = Object.entries({ 'Content-Length': String(bytes.length), ...headers }).map(
      ([k, v]) => `${k}: ${v}\r\n`,
    )
    socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`), bytes]))
  }
}
