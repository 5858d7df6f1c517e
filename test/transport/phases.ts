import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { HttpsTransportOptions } from '../../src/transport/connection-options.ts'
import {
  credentialRequest,
  failureOf,
  type MakeTransport,
  setUp,
  type TransportCapabilities,
} from '../contract/transport.ts'
import { type Answer, respond } from './hostile-server.ts'

const never: Answer = () => undefined
const halfBody: Answer = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nCANARY-answer')

/** Writes one byte of `text` every 40 ms. */
const drip =
  (text: string): Answer =>
  (socket) => {
    let at = 0
    const timer = setInterval(() => {
      if (socket.destroyed || at === text.length) clearInterval(timer)
      else socket.write(text[at++] as string)
    }, 40)
  }

/** Where a request can hang: what the server does, and whether it gets as far as TLS. */
const hangs: Readonly<Record<string, { answer: Answer; plain?: true }>> = {
  'the TLS handshake': { answer: never, plain: true },
  'the wait for an answer': { answer: never },
  'the headers': {
    answer: drip('HTTP/1.1 200 OK\r\nX-Slow: yes, very slow, and slower still, and no end in sight\r\n'),
  },
  'the body': { answer: halfBody },
  'a body that drips': {
    answer: (socket, seen) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
      drip('x'.repeat(1000))(socket, seen)
    },
  },
}

/** Which deadline ends which hang. */
const phaseDeadlines: readonly (readonly [hang: string, option: keyof HttpsTransportOptions, message: RegExp])[] = [
  ['the TLS handshake', 'connectTimeoutMs', /no connection/],
  ['the wait for an answer', 'headersTimeoutMs', /no answer/],
  ['the headers', 'headersTimeoutMs', /no answer/],
  ['the body', 'bodyTimeoutMs', /no more of the answer/],
]

/** Deadlines, abort and close, in each phase of a request. */
export function phasesContract(name: string, make: MakeTransport, capabilities: TransportCapabilities): void {
  describe(`${name}, phase by phase`, () => {
    // Times are measured, on a machine that may be busy with other tests: a second try is fair.
    describe.concurrent('ends at its deadlines', { retry: 2 }, () => deadlines(make, capabilities))
    describe.concurrent('ends at once when aborted', { retry: 2 }, () => aborts(make, capabilities))
    describe.concurrent('leaves nothing behind when closed', () => closing(make, capabilities))
  })
}

function deadlines(make: MakeTransport, { ownsConnections }: TransportCapabilities): void {
  const { serve, client } = setUp(make)
  const timesOut = async (hang: string, options: HttpsTransportOptions, ms: number): Promise<string> => {
    const { answer = never, plain } = hangs[hang] ?? {}
    const server = await serve(answer, plain ? 'plain' : undefined)
    const started = performance.now()
    const error = await failureOf(client(options)(credentialRequest(server.origin)))
    const took = performance.now() - started
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_TIMEOUT', name: 'TransportError', step: 'token' })
    expect(took).toBeGreaterThan(ms - 20)
    expect(took).toBeLessThan(ms + 500)
    if (ownsConnections) {
      await server.settle(0)
      expect(server.open()).toBe(0)
    }
    return error.message
  }

  it.each(Object.keys(hangs))('the total one, in %s', async (hang) => {
    expect(await timesOut(hang, { totalTimeoutMs: 250 }, 250)).toMatch(
      /no complete answer from localhost:\d+ within 250 ms/,
    )
  })

  it.runIf(ownsConnections).each(phaseDeadlines)('in %s: %s', async (hang, option, message) => {
    expect(await timesOut(hang, { [option]: 200 }, 200)).toMatch(message)
  })

  it.runIf(ownsConnections)('above a second too, where the timers of undici are late', async () => {
    await timesOut('the wait for an answer', { headersTimeoutMs: 1_200 }, 1_200)
  })

  it.runIf(ownsConnections)('on a connection used again: of the headers, not of connecting', async () => {
    const server = await serve((socket, seen) => {
      const slow = server.seen.length
      if (slow < 3) setTimeout(() => respond('200 OK', '{}')(socket, seen), slow === 1 ? 0 : 400)
    })
    const send = client({ connectTimeoutMs: 300, headersTimeoutMs: 700 })
    await send(credentialRequest(server.origin))
    // undici frees a connection a little later than it hands out the answer.
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await send(credentialRequest(server.origin))).status).toBe(200)
    expect((await failureOf(send(credentialRequest(server.origin)))).message).toMatch(/no answer .* within 700 ms/)
  })

  it('lets a body that comes in pieces take longer than the idle deadline', async () => {
    const server = await serve((socket, seen) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n')
      drip('{"a": 1, "b": 2}')(socket, seen)
    })
    expect((await client({ bodyTimeoutMs: 400 })(credentialRequest(server.origin))).body).toBe('{"a": 1, "b": 2}')
  })
}

function aborts(make: MakeTransport, { ownsConnections }: TransportCapabilities): void {
  const { serve, client, certificates } = setUp(make)

  it.each(Object.keys(hangs))('in %s', async (hang) => {
    const { answer = never, plain } = hangs[hang] ?? {}
    const server = await serve(answer, plain ? 'plain' : undefined)
    const controller = new AbortController()
    const pending = failureOf(client()(credentialRequest(server.origin), { signal: controller.signal }))
    await new Promise((resolve) => setTimeout(resolve, 80))
    const reason = new Error('enough')
    const started = performance.now()
    controller.abort(reason)
    const error = await pending
    expect(performance.now() - started).toBeLessThan(100)
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_ABORTED', name: 'AbortError', step: 'token' })
    expect(error.cause).toBe(reason)
    if (!ownsConnections) return
    await server.settle(0)
    expect(server.open()).toBe(0)
  })

  it('before it sends anything, when the signal had fired already', async () => {
    const server = await serve(respond('200 OK', '{}'))
    const error = await failureOf(client()(credentialRequest(server.origin), { signal: AbortSignal.abort() }))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_ABORTED', name: 'AbortError' })
    expect(server.connections()).toBe(0)
  })

  it('before it sends anything, when the signal fires in the same tick', async () => {
    const server = await serve(respond('200 OK', '{}'))
    const controller = new AbortController()
    const pending = failureOf(client()(credentialRequest(server.origin), { signal: controller.signal }))
    controller.abort()
    expect((await pending).code).toBe('ERR_TRANSPORT_ABORTED')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(server.seen).toHaveLength(0)
    if (ownsConnections) expect(server.connections()).toBe(0)
  })

  it('as a deadline when the signal was one', async () => {
    const server = await serve(never)
    const error = await failureOf(client()(credentialRequest(server.origin), { signal: AbortSignal.timeout(100) }))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_TIMEOUT', name: 'TransportError' })
  })

  it('and never sends an aborted credential late, once the handshake comes through', async () => {
    const server = await serve(respond('200 OK', '{}'), certificates().good)
    const slow = await slowPipe(server.port, 250)
    try {
      const send = client()
      const controller = new AbortController()
      const origin = `https://localhost:${slow.port}`
      const aborted = failureOf(send(credentialRequest(origin), { signal: controller.signal }))
      const other = send(credentialRequest(origin, { body: 'other' }))
      await new Promise((resolve) => setTimeout(resolve, 80))
      controller.abort()
      expect((await aborted).code).toBe('ERR_TRANSPORT_ABORTED')
      expect((await other).status).toBe(200)
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(server.seen.map(({ body }) => body)).toEqual(['other'])
    } finally {
      slow.close()
    }
  })
}

function closing(make: MakeTransport, { ownsConnections }: TransportCapabilities): void {
  const { serve, client } = setUp(make)

  it.each(Object.keys(hangs))('in %s', async (hang) => {
    const { answer = never, plain } = hangs[hang] ?? {}
    const server = await serve(answer, plain ? 'plain' : undefined)
    const send = client()
    const pending = [1, 2, 3].map(() => failureOf(send(credentialRequest(server.origin))))
    await new Promise((resolve) => setTimeout(resolve, 70))
    await send.close()
    for (const error of await Promise.all(pending)) {
      expect(error).toMatchObject({ code: 'ERR_TRANSPORT_ABORTED', name: 'AbortError' })
    }
    if (!ownsConnections) return
    await server.settle(0)
    expect(server.open()).toBe(0)
  })

  it.runIf(ownsConnections)('closes idle connections before it says so', async () => {
    const server = await serve(respond('200 OK', '{}'))
    const send = client()
    await Promise.all(Array.from({ length: 20 }, () => send(credentialRequest(server.origin))))
    expect(server.open()).toBeGreaterThan(0)
    const started = performance.now()
    await send.close()
    expect(performance.now() - started).toBeLessThan(200)
    await server.settle(0)
    expect(server.open()).toBe(0)
  })

  it('refuses requests after it, and can be called twice or without any request', async () => {
    const send = client()
    await send.close()
    await send.close()
    expect((await failureOf(send(credentialRequest('https://localhost:9')))).code).toBe('ERR_INVALID_ARGUMENT')
  })
}

/** A TCP pipe to a local port that holds back what it gets for a while. */
async function slowPipe(to: number, delayMs: number): Promise<{ port: number; close(): void }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    setTimeout(() => {
      const target = connect(to, '127.0.0.1')
      sockets.push(target)
      target.on('error', () => undefined)
      socket.pipe(target).pipe(socket)
    }, delayMs)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, close }
}
