import { connect, createServer, type Socket } from 'node:net'

/** What the way to the server does. */
type ProxyMode =
  | 'pass'
  /** Closes each connection at once, old ones too. */
  | 'refuse'
  /** Takes everything and brings nothing. */
  | 'stall'
  /** Brings a part of the answer, and breaks off. */
  | 'cut'
  /** Answers each piece of what comes with this, in the server's place. */
  | { readonly answer: string }

export interface RedisProxy {
  readonly port: number
  set(mode: ProxyMode): void
  stop(): void
}

/** A way on loopback to a server, that can be spoilt. */
export async function startRedisProxy(serverPort: number): Promise<RedisProxy> {
  let mode: ProxyMode = 'pass'
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    return socket
  }
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const listener = createServer((socket) => {
    const near = keep(socket)
    if (mode === 'refuse') return near.destroy()
    const far = keep(connect(serverPort, '127.0.0.1'))
    near
      .on('close', () => far.destroy())
      .on('data', (piece) => {
        if (typeof mode === 'object') near.write(mode.answer)
        else if (mode !== 'stall') far.write(piece)
      })
    far
      .on('close', () => near.destroy())
      .on('data', (piece) => {
        if (mode === 'cut') near.end(piece.subarray(0, Math.ceil(piece.length / 2)), cutAll)
        else if (mode === 'pass') near.write(piece)
      })
    return undefined
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    set(wanted) {
      mode = wanted
      if (mode === 'refuse') cutAll()
    },
    stop() {
      listener.close()
      cutAll()
    },
  }
}
