import { Buffer } from 'node:buffer'
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Deadline } from '../../client/deadline.ts'
import { demoWorld, type World } from '../../simulator/world.ts'
import { livePolicy, renderLivePage } from './page.ts'
import { performScenario } from './perform.ts'
import { readScenario, type Scenario } from './scenario.ts'

export interface LiveOptions {
  /** Default: the one of the simulator. */
  readonly world?: World
  /** Limit of a sign-in; default 10 seconds. */
  readonly callTimeoutMs?: number
  /** Limit of a run with its rests; default 2 minutes. */
  readonly runTimeoutMs?: number
}

export interface LiveServer {
  /** `http://127.0.0.1:{port}/{token}/`. Who knows it can start runs: it is for whoever started the server. */
  readonly url: string
  /** Ends the runs and the connections. */
  close(): Promise<void>
}

/** A page in a browser, by the stream that it listens to. */
interface OpenPage {
  readonly response: ServerResponse
  /** Aborts when the page, or the server, is gone. */
  readonly gone: AbortController
  running: boolean
}

const maxPages = 8
const maxBodyBytes = 2_048

/**
 * Serves the live page on 127.0.0.1, on a free port, under a token that is made now. Requests for another host name (421), without
 * the token (404) or from another origin (403) come to nothing.
 */
export async function serveLive({
  world = demoWorld(),
  callTimeoutMs = 10_000,
  runTimeoutMs = 120_000,
}: LiveOptions = {}): Promise<LiveServer> {
  const token = randomBytes(32).toString('base64url')
  const html = renderLivePage(world)
  const pages = new Map<string, OpenPage>()

  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.maxConnections = 64

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const place = placeOf(request, token)
    if (typeof place === 'number') return refuse(response, place)
    const allowed = place === 'runs' ? 'POST' : 'GET'
    if (request.method !== allowed) return refuse(response, 405, '', { allow: allowed })
    if (place === 'runs') return startRun(request, response)
    if (place === 'events') return openPage(response)
    response.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' }).end(html)
  }

  async function openPage(response: ServerResponse): Promise<void> {
    if (pages.size >= maxPages) return refuse(response, 503, 'Too many pages are open.')
    const id = randomUUID()
    const gone = new AbortController()
    pages.set(id, { response, gone, running: false })
    response.once('close', () => {
      pages.delete(id)
      gone.abort()
    })
    const own = { 'content-type': 'text/event-stream; charset=utf-8', connection: 'close' }
    response.writeHead(200, { ...headers, ...own })
    response.write(message('ready', id))
  }

  async function startRun(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { 'content-type': type = '', 'content-length': length } = request.headers
    if (!/^application\/json(;|$)/i.test(type)) return refuse(response, 415)
    // Node reads no more than the length says.
    if (length === undefined) return refuse(response, 411)
    if (Number(length) > maxBodyBytes) return refuse(response, 413)
    const body = parseObject(await readText(request))
    const scenario = body && readScenario(world, body)
    if (scenario === undefined) return refuse(response, 400, 'This cannot be chosen.')
    const page = pages.get(String(body?.['page']))
    if (page === undefined) return refuse(response, 409, 'The page has lost its connection: load it again.')
    if (page.running) return refuse(response, 409, 'A run is under way on this page.')
    page.running = true
    response.writeHead(202, headers).end()
    await perform(page, scenario)
    page.running = false
  }

  async function perform({ response, gone }: OpenPage, scenario: Scenario): Promise<void> {
    // Not AbortSignal.any with AbortSignal.timeout: in Node 20 the next garbage collection takes the timer away.
    const limit = new Deadline(runTimeoutMs, gone.signal)
    const { signal } = limit
    // A page that does not read what it is sent keeps the run waiting, and nothing piles up.
    const send = async (text: string): Promise<void> => {
      if (!response.write(text)) await once(response, 'drain', { signal })
    }
    try {
      await performScenario(world, scenario, {
        show: (update) => send(message('run', JSON.stringify(update))),
        signal,
        callTimeoutMs,
      })
    } catch {
      if (gone.signal.aborted) return
      const reason = signal.aborted ? 'The run took too long, and was ended.' : 'The run could not be shown.'
      response.write(message('failed', JSON.stringify(reason)))
    } finally {
      limit.end()
    }
  }

  // Without an address Node would bind all interfaces.
  server.listen({ port: 0, host: '127.0.0.1', exclusive: true })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/${token}/`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const { response, gone } of pages.values()) {
        gone.abort()
        response.end(message('stopped', ''))
      }
      // A page that does not read would never let go.
      setTimeout(() => server.closeAllConnections(), 200).unref()
      await closed
    },
  }
}

const headers = {
  'content-security-policy': livePolicy,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** Which of ours is asked for; a status where none is. */
function placeOf(request: IncomingMessage, token: string): 'page' | 'events' | 'runs' | 421 | 404 | 403 {
  const { host = '', origin } = request.headers
  // Node takes the first of two.
  const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  const port = request.socket.localPort
  // A page that resolves its own name to 127.0.0.1 names itself here.
  if (hosts.length !== 1 || ![`127.0.0.1:${port}`, `localhost:${port}`].includes(host)) return 421
  const [, given = '', rest = ''] = /^\/([\w-]{1,100})\/(\w*)$/.exec(request.url ?? '') ?? []
  if (!areEqual(given, token)) return 404
  if (origin === undefined ? request.method === 'POST' : origin !== `http://${host}`) return 403
  if (rest === 'events' || rest === 'runs') return rest
  return rest === '' ? 'page' : 404
}

/** In a time that tells nothing of the token. */
function areEqual(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}

function refuse(response: ServerResponse, status: number, text = '', more: Record<string, string> = {}): void {
  // What is left of a body is not read.
  const own = { ...headers, ...more, 'content-type': 'text/plain; charset=utf-8', connection: 'close' }
  response.writeHead(status, own).end(text)
}

/** Of the stream (HTML, server-sent events): the data is one line. */
function message(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
