import { TransportError } from '../errors.ts'
import type { HttpResponse } from '../protocol/http.ts'
import { invalid, readMs } from './connection-options.ts'
import { type ClosableTransport, createTransport, type Exchange } from './exchange.ts'
import { redirectFailure } from './failure.ts'
import { checkHead, collectHeaders, createBodyReader } from './response-body.ts'

export interface FetchTransportOptions {
  /** For the whole request, in milliseconds. Default 30,000. */
  readonly totalTimeoutMs?: number
}

/**
 * A transport over a given `fetch`, for Deno, Bun, workers and whoever must go through one.
 *
 * Weaker than the others, as `fetch` owns the connections: one deadline only; an abort ends the call at once, but a
 * connection that is being made may live on; `close` ends the calls, not the idle connections; the address that is
 * dialled, the TLS version and the CA are those of the runtime. It refuses to send while NODE_TLS_REJECT_UNAUTHORIZED
 * is `0`, since it cannot overrule it. docs/transports.md has the table.
 *
 * @param fetch Defaults to the global one, looked up at each request.
 * @throws `InvalidArgumentError` for options that cannot work.
 */
export function createFetchTransport(
  fetch?: typeof globalThis.fetch,
  options: FetchTransportOptions = {},
): ClosableTransport {
  const unknown = Object.keys(options).find((name) => name !== 'totalTimeoutMs')
  if (unknown !== undefined) throw invalid(`unknown transport option ${unknown}`, 'Known: totalTimeoutMs.')
  const totalTimeoutMs = readMs(options.totalTimeoutMs, 30_000, 'totalTimeoutMs')
  return createTransport({
    deadlines: { totalTimeoutMs },
    rules: {},
    perform: (exchange) => perform(fetch ?? globalThis.fetch, exchange),
    release: async () => undefined,
  })
}

async function perform(fetch: typeof globalThis.fetch, exchange: Exchange): Promise<HttpResponse> {
  refuseUnverifiedTls(exchange)
  const controller = new AbortController()
  exchange.onEnd(() => controller.abort())
  const { method, body, url } = exchange.request
  const response = await fetch(url, {
    method,
    headers: exchange.headers,
    redirect: 'manual',
    signal: controller.signal,
    ...(body === undefined ? {} : { body }),
  })
  // A browser hides where a redirect leads, and its status too. A given `fetch` may have followed one all the same.
  if (response.type === 'opaqueredirect') throw redirectFailure(exchange.place, undefined, url)
  if (response.redirected) throw redirectFailure(exchange.place, response.url, url)
  const answeredAt = performance.now()
  const head = { status: response.status, headers: collectHeaders(response.headers) }
  checkHead(head, exchange.place, url)
  const text = await readBody(response, exchange, createBodyReader(head, exchange.place))
  return {
    ...head,
    body: text,
    url: response.url === '' ? url : response.url,
    timings: { totalMs: performance.now() - exchange.startedAt, firstByteMs: answeredAt - exchange.startedAt },
  }
}

async function readBody(
  response: Response,
  exchange: Exchange,
  body: ReturnType<typeof createBodyReader>,
): Promise<string> {
  const reader = response.body?.getReader()
  for (;;) {
    const piece = await reader?.read()
    exchange.check()
    if (piece === undefined || piece.done) return body.text()
    body.add(piece.value)
  }
}

/** `fetch` in Node obeys the variable and takes no option against it. */
function refuseUnverifiedTls(exchange: Exchange): void {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
  if (exchange.url.protocol !== 'https:' || process?.env?.['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return
  const message = 'NODE_TLS_REJECT_UNAUTHORIZED=0 turns off TLS verification in fetch; nothing was sent'
  throw new TransportError('ERR_TRANSPORT_TLS', message, {
    step: exchange.place.step,
    hint: 'Unset the variable, or use the default transport, which verifies all the same. For a CA of your own there is NODE_EXTRA_CA_CERTS.',
  })
}
