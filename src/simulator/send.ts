import { TransportError } from '../errors.ts'
import type { HttpResponse, Transport } from '../protocol/http.ts'
import { aliasesOf } from './instance-discovery.ts'
import type { SimulatorRequest } from './journal.ts'
import { type Origins, type Side, sides } from './listen.ts'

/** The transport that needs no network: the same answers as the sockets give, without their checks of `Host` and `Origin`. */
export function createSend(
  answer: (side: Side, request: SimulatorRequest) => Promise<HttpResponse>,
  knownOrigins: () => readonly Origins[],
): Transport {
  return async (request, { signal } = {}) => {
    if (signal?.aborted === true) {
      throw new TransportError('ERR_TRANSPORT_ABORTED', 'aborted', { step: request.step, cause: signal.reason })
    }
    const { origin } = new URL(request.url)
    const side = sideOf(origin, knownOrigins())
    if (side === undefined) {
      throw new TransportError('ERR_TRANSPORT_UNREACHABLE', `the simulator does not serve ${origin}`, {
        step: request.step,
      })
    }
    return { ...(await answer(side, request)), url: request.url }
  }
}

function sideOf(origin: string, known: readonly Origins[]): Side | undefined {
  const entraOrigins = known.flatMap(({ entra }) => aliasesOf(new URL(entra).host).map((host) => `https://${host}`))
  if (entraOrigins.includes(origin)) return 'entra'
  return sides.find((side) => known.some((origins) => origins[side] === origin))
}
