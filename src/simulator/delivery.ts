import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Delivery } from './injection.ts'

/**
 * Puts an answer on the wire, or what an injected fault leaves of it.
 *
 * @param raw The TCP connection below TLS, which alone can be reset.
 */
export function deliver(
  { response: answer, connection, bytes }: Delivery,
  response: ServerResponse,
  raw: Socket | undefined,
): void {
  const body = bytes ?? Buffer.from(answer.body, 'utf8')
  const head = { ...answer.headers, 'content-length': body.byteLength }
  switch (connection) {
    case undefined:
      response.writeHead(answer.status, head)
      response.end(body)
      return
    // Whoever gives up first closes the connection; when the simulator closes, it does.
    case 'hang':
      return
    case 'hang-after-headers':
      response.writeHead(answer.status, { ...head, 'content-length': body.byteLength + 1 })
      response.flushHeaders()
      return
    case 'reset':
      raw?.resetAndDestroy()
      return
    case 'reset-in-body':
      response.writeHead(answer.status, { ...head, 'content-length': body.byteLength + 1 })
      response.flushHeaders()
      // The client should have read what was sent: a reset that comes with it looks like an end to some.
      response.write(body.subarray(0, Math.ceil(body.byteLength / 2)), () =>
        setTimeout(() => setImmediate(() => raw?.resetAndDestroy()), 5),
      )
      return
    case 'truncate':
      // All of the answer, but for the length: who does not count would take it.
      response.writeHead(answer.status, { ...head, 'content-length': body.byteLength + 16 })
      response.flushHeaders()
      response.write(body, () => response.socket?.end())
  }
}
