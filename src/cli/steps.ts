import type { ClientEvent } from '../client/events.ts'
import { display } from '../errors.ts'

/** Who is told about the steps of a call. */
export interface StepListener {
  step(line: string): void
  warning(code: string, message: string): void
}

interface Sent {
  readonly step: string
  readonly method: string
  readonly url: string
  readonly at: number
}

/**
 * Makes lines of a client's events: one per request, when its answer is there or it has failed. A listener for
 * `onEvent`, for one call at a time.
 */
export function createStepLog(listener: StepListener): (event: ClientEvent) => void {
  let open: Sent | undefined
  const closeFailed = (at: number): void => {
    if (open !== undefined) listener.step(formatStep(open, 'failed', at - open.at))
    open = undefined
  }
  return (event) => {
    switch (event.type) {
      case 'http.request':
        open = event
        break
      case 'http.response':
        open = undefined
        listener.step(formatStep(event, String(event.status), event.durationMs))
        break
      case 'retry':
        closeFailed(event.at)
        listener.step(`${event.step.padEnd(9)} again in ${Math.round(event.waitMs)} ms: ${display(event.reason)}`)
        break
      case 'cache':
        if (event.hit) listener.step(`${'cache'.padEnd(9)} hit: no request`)
        break
      case 'error':
        closeFailed(event.at)
        break
      case 'warning':
        listener.warning(event.code, event.message)
        break
    }
  }
}

/** Step, method, host and path, status, milliseconds; the query is left out. */
function formatStep({ step, method, url }: Omit<Sent, 'at'>, outcome: string, ms: number): string {
  const { host, pathname } = new URL(url)
  const place = display(`${host}${pathname}`)
  return `${step.padEnd(9)} ${method.padEnd(4)} ${place.padEnd(72)} ${outcome.padEnd(6)} ${Math.round(ms)} ms`
}
