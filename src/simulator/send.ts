import { ProtocolError, TransportError, type TransportErrorCode } from '../errors.ts'
import type { Transport } from '../protocol/http.ts'
import type { Delivery } from './injection.ts'
import { aliasesOf } from './instance-discovery.ts'
import type { SimulatorRequest } from './journal.ts'
import type { Place, Places } from './listen.ts'

/**
 * The transport that needs no network: the same answers as the sockets give, without their checks of `Host` and `Origin`.
 * A connection that an injected fault breaks ends as it does in a transport with connections.
 *
 * @param closing Aborts when nothing may be held any more.
 */
export function createSend(
  answer: (place: Place, request: SimulatorRequest) => Promise<Delivery>,
  knownOrigins: () => readonly Places[],
  closing: () => AbortSignal,
): Transport {
  return async (request, { signal } = {}) => {
    const { step, url } = request
    const ended = (code: TransportErrorCode, message: string, cause?: unknown): TransportError =>
      new TransportError(code, message, { step, ...(cause === undefined ? {} : { cause }) })
    const throwIfAborted = (): void => {
      if (signal?.aborted !== true) return
      const { reason } = signal
      if (!isTimeout(reason)) throw ended('ERR_TRANSPORT_ABORTED', 'aborted', reason)
      throw ended('ERR_TRANSPORT_TIMEOUT', "the caller's deadline passed", reason)
    }
    throwIfAborted()
    const over = closing()
    const { origin } = new URL(url)
    const place = placeOf(origin, knownOrigins())
    if (place === undefined) throw ended('ERR_TRANSPORT_UNREACHABLE', `the simulator does not serve ${origin}`)
    const delivery = await answer(place, request)
    const { delayMs, connection, bytes } = delivery
    const hangs = connection === 'hang' || connection === 'hang-after-headers'
    if (delayMs > 0 || hangs) {
      await pause(hangs ? undefined : delayMs, [signal, over])
      throwIfAborted()
    }
    if (connection !== undefined || over.aborted) {
      throw ended('ERR_TRANSPORT_UNREACHABLE', 'the connection to the simulator broke')
    }
    if (bytes !== undefined) {
      throw new ProtocolError('ERR_MALFORMED_RESPONSE', 'the simulator compressed its answer unasked', { step })
    }
    return { ...delivery.response, url }
  }
}

/** Waits for some milliseconds, or for ever, and no longer than until a signal aborts. */
function pause(ms: number | undefined, signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  return new Promise((resolve) => {
    const timer = ms === undefined ? undefined : setTimeout(end, ms)
    function end(): void {
      clearTimeout(timer)
      for (const signal of signals) signal?.removeEventListener('abort', end)
      resolve()
    }
    for (const signal of signals) signal?.addEventListener('abort', end)
    if (signals.some((signal) => signal?.aborted === true)) end()
  })
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}

function placeOf(origin: string, known: readonly Places[]): Place | undefined {
  const entraOrigins = known.flatMap(({ entra }) => aliasesOf(new URL(entra).host).map((host) => `https://${host}`))
  if (entraOrigins.includes(origin)) return 'entra'
  const places = known.flatMap((origins) => Object.entries(origins) as [Place, string][])
  return places.find(([, at]) => at === origin)?.[0]
}
