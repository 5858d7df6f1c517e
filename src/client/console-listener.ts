import { display } from '../errors.ts'
import type { ClientEvent } from './events.ts'

const levels = ['error', 'warn', 'info', 'debug'] as const

/** How much is told: `error` the least, `debug` every event. */
export type LogLevel = (typeof levels)[number]

export interface ConsoleListenerOptions {
  /** Default `info`: errors, warnings, requests, tokens. */
  readonly level?: LogLevel
  /** Where the lines go. Default the global `console`. */
  readonly console?: Readonly<Record<LogLevel, (line: string) => void>>
}

/**
 * Makes a listener for `onEvent` that writes a line for each event, as a logger would. Lines hold no secret, since events
 * hold none.
 */
export function consoleListener({
  level = 'info',
  console: target = globalThis.console,
}: ConsoleListenerOptions = {}): (event: ClientEvent) => void {
  return (event) => {
    const line = describe(event)
    if (line === undefined) return
    const [at, text] = line
    if (levels.indexOf(at) <= levels.indexOf(level)) target[at](`ropc-client ${text}`)
  }
}

function describe(event: ClientEvent): readonly [LogLevel, string] | undefined {
  switch (event.type) {
    case 'run.start':
      return ['debug', `${event.operation} begins, correlation id ${display(event.correlationId)}`]
    case 'run.end':
      return ['debug', `${event.ok ? 'done' : 'failed'} after ${Math.round(event.durationMs)} ms`]
    case 'decision':
      return ['debug', `${event.step}: ${event.question}: ${display(event.chosen)}`]
    case 'http.request':
      return ['debug', `${event.step}: ${event.method} ${place(event.url)}`]
    case 'http.response':
      return [
        'info',
        `${event.step}: ${event.method} ${place(event.url)} ${event.status} in ${Math.round(event.durationMs)} ms`,
      ]
    case 'parse':
      return ['debug', `${event.step}: read a ${event.what}`]
    case 'retry':
      return ['info', `${event.step}: again in ${Math.round(event.waitMs)} ms: ${display(event.reason)}`]
    case 'cache':
      return ['debug', event.hit ? 'cache: hit' : `cache: no hit ${event.reasons.map(({ rule }) => rule).join(', ')}`]
    case 'token':
      return ['info', `token: from ${event.source}, expires ${event.expiresOn.toISOString()}`]
    case 'warning':
      return ['warn', `${event.code}: ${display(event.message)}`]
    case 'error':
      return ['error', `${event.code}${event.step === undefined ? '' : ` at ${event.step}`}: ${display(event.message)}`]
  }
}

// Without the query, where parameters of the caller's own may be.
function place(url: string): string {
  const { host, pathname } = new URL(url)
  return display(`${host}${pathname}`)
}
