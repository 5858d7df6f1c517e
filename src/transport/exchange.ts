import { type AuthError, InvalidArgumentError, TransportError } from '../errors.ts'
import type { HttpRequest, HttpResponse, Transport } from '../protocol/http.ts'
import { abortFailure, type Place, translateFailure } from './failure.ts'
import { type AddressRules, readRequestUrl } from './request-url.ts'

/** A {@link Transport} that owns connections. */
export interface ClosableTransport {
  /**
   * Sends one request and follows no redirect.
   *
   * @throws `TransportError` for everything the network does, `ProtocolError` for an answer that breaks HTTP or a host
   * that is refused, `InvalidArgumentError` for a request that cannot be sent.
   */
  (request: HttpRequest, options?: { readonly signal?: AbortSignal }): Promise<HttpResponse>
  /** Ends what is in flight with `ERR_TRANSPORT_ABORTED`, closes every socket and waits until they are gone. */
  close(): Promise<void>
}

/** Deadlines in milliseconds. */
export interface Deadlines {
  /** Until the request has a connection: waiting for a free one, DNS, TCP, proxy and TLS. */
  readonly connectTimeoutMs?: number
  /** From there until the answer's headers. */
  readonly headersTimeoutMs?: number
  /** Between two pieces of the body. */
  readonly bodyTimeoutMs?: number
  /** All of it. */
  readonly totalTimeoutMs: number
}

type Phase = 'connect' | 'headers' | 'body'

/** One request on its way, as the code around one HTTP library sees it. */
export interface Exchange {
  readonly request: HttpRequest
  readonly url: URL
  readonly place: Place
  /** Headers to send: the request's, without what only the transport may say. */
  readonly headers: Readonly<Record<string, string>>
  /** `performance.now()` at the start. */
  readonly startedAt: number
  /** Starts the clock of a phase and stops the one before. */
  enter(phase: Phase): void
  /** Ends the exchange with an error, translated first; later calls change nothing. */
  end(error: unknown): void
  /** @throws the error that ended the exchange, if one did. */
  check(): void
  /** Says how to drop the connection when the exchange ends early; called at most once, at once if it has ended. */
  onEnd(drop: () => void): void
}

/** What differs between transports. */
export interface Engine {
  readonly deadlines: Deadlines
  readonly rules: AddressRules
  perform(exchange: Exchange): Promise<HttpResponse>
  /** Frees every connection. Nothing is in flight any more. */
  release(): Promise<void>
}

/** Wraps an HTTP library: entry checks, deadlines, abort and close, the same for every transport. */
export function createTransport(engine: Engine): ClosableTransport {
  const inFlight = new Set<Exchange>()
  let closed: Promise<void> | undefined

  const send = async (request: HttpRequest, options?: { readonly signal?: AbortSignal }): Promise<HttpResponse> => {
    const { step } = request
    if (closed !== undefined) {
      throw new InvalidArgumentError('the transport is closed', { step, hint: 'Close it after the last request.' })
    }
    const signal = options?.signal
    if (signal?.aborted === true) throw abortFailure(step, signal.reason)
    const url = readRequestUrl(request, engine.rules)
    const headers = readHeaders(request)
    const running = startExchange({ request, url, headers, place: { step, host: url.host } }, engine.deadlines)
    const onAbort = (): void => running.exchange.end(abortFailure(step, signal?.reason))
    signal?.addEventListener('abort', onAbort, { once: true })
    inFlight.add(running.exchange)
    try {
      // The race makes an end take effect at once, whatever the library is waiting for.
      return await Promise.race([engine.perform(running.exchange), running.ended])
    } catch (error) {
      running.exchange.end(error)
      return await running.ended
    } finally {
      signal?.removeEventListener('abort', onAbort)
      inFlight.delete(running.exchange)
      running.stop()
    }
  }

  const close = (): Promise<void> => {
    closed ??= (async () => {
      for (const { request, end } of inFlight) {
        const hint = 'Wait for the requests before closing.'
        const { step } = request
        end(new TransportError('ERR_TRANSPORT_ABORTED', 'the transport was closed meanwhile', { step, hint }))
      }
      await engine.release()
    })()
    return closed
  }
  return Object.assign(send, { close }) satisfies Transport
}

interface RunningExchange {
  readonly exchange: Exchange
  /** Rejects when the exchange ends early; never resolves. */
  readonly ended: Promise<never>
  /** Stops the clocks. */
  stop(): void
}

function startExchange(
  facts: Pick<Exchange, 'request' | 'url' | 'place' | 'headers'>,
  deadlines: Deadlines,
): RunningExchange {
  let failure: AuthError | undefined
  let drop: (() => void) | undefined
  let phaseTimer: ReturnType<typeof setTimeout> | undefined
  let reject: (error: AuthError) => void = () => undefined
  const ended = new Promise<never>((_, rejectEnded) => {
    reject = rejectEnded
  })
  // Someone always looks at `ended`, but perhaps later than the microtask in which it rejects.
  ended.catch(() => undefined)

  const end = (error: unknown): void => {
    if (failure !== undefined) return
    failure = translateFailure(error, facts.place)
    reject(failure)
    drop?.()
  }
  const totalTimer = setTimeout(() => end(timeoutFailure(facts.place, 'total', deadlines)), deadlines.totalTimeoutMs)
  const exchange: Exchange = {
    ...facts,
    startedAt: performance.now(),
    enter(phase) {
      clearTimeout(phaseTimer)
      const ms = deadlines[`${phase}TimeoutMs`]
      if (ms === undefined || failure !== undefined) return
      phaseTimer = setTimeout(() => end(timeoutFailure(facts.place, phase, deadlines)), ms)
    },
    end,
    check() {
      if (failure !== undefined) throw failure
    },
    onEnd(action) {
      if (failure === undefined) drop = action
      else action()
    },
  }
  const stop = (): void => {
    clearTimeout(totalTimer)
    clearTimeout(phaseTimer)
    drop = undefined
  }
  return { exchange, ended, stop }
}

const missing: Readonly<Record<Phase | 'total', string>> = {
  connect: 'no connection to',
  headers: 'no answer from',
  body: 'no more of the answer from',
  total: 'no complete answer from',
}

function timeoutFailure({ step, host }: Place, phase: Phase | 'total', deadlines: Deadlines): TransportError {
  const ms = deadlines[`${phase}TimeoutMs`]
  return new TransportError('ERR_TRANSPORT_TIMEOUT', `${missing[phase]} ${host} within ${ms} ms`, {
    step,
    hint: `Check the network, the firewall and the proxy between here and that host, or allow more with \`${phase}TimeoutMs\`.`,
  })
}

/** Headers that decide where a message ends or who gets it; a request that sets one could be read in two ways. */
const ours = /^(host|connection|content-length|transfer-encoding|expect|upgrade|te|trailer|keep-alive|proxy-.*)$/

function readHeaders(request: HttpRequest): Record<string, string> {
  const { step } = request
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    const lower = name.toLowerCase()
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value) || ours.test(lower)) {
      const hint = 'Header values are Latin-1 without control characters; length and host are set by the transport.'
      throw new InvalidArgumentError(`the header ${lower} cannot be sent`, { step, hint })
    }
    headers[lower] = value
  }
  headers['accept-encoding'] = 'identity'
  return headers
}
