import type { ClientEvent } from '../client/events.ts'
import { messageOf } from '../client/messages.ts'
import { product } from '../protocol/product.ts'
import { createPseudonyms } from '../redact/pseudonyms.ts'
import { redactRequest, redactResponse } from '../redact/redact-message.ts'
import type { RedactionLevel } from '../redact/redacted-message.ts'
import type { Trace, TraceEvent } from './trace.ts'

/** A listener for `onEvent` that keeps what it hears. */
export interface TraceCollector {
  (event: ClientEvent): void
  /**
   * What was heard so far. At level `share`, the default, people, tenants and ids are stable pseudonyms; no level shows a
   * password, a key or a whole token.
   */
  trace(options?: { readonly level?: RedactionLevel }): Trace
  /** Forgets what was heard. */
  clear(): void
}

/**
 * Collects the trace of a client's calls: `const collector = collectTrace()`, `createRopcClient({ …, onEvent: collector })`.
 * Messages are redacted as they come; nothing in clear is kept.
 *
 * @param options `limit`: the most events kept; the oldest calls go first, each as a whole. Default 10,000.
 */
export function collectTrace({ limit = 10_000 }: { readonly limit?: number } = {}): TraceCollector {
  let events: TraceEvent[] = []
  const collector = (event: ClientEvent): void => {
    events.push(asJson(event))
    if (events.length <= limit) return
    const oldest = events[0]?.callId
    const others = events.filter(({ callId }) => callId !== oldest)
    // A call that fills the trace by itself loses its beginning, and says so.
    events = others.length > 0 ? others : events.slice(-limit)
  }
  return Object.assign(collector, {
    trace: ({ level = 'share' }: { readonly level?: RedactionLevel } = {}): Trace => {
      const trace = { version: 1, product: `${product.name}/${product.version}`, level, events: [...events] } as const
      return level === 'raw' ? trace : createPseudonyms(level).value(trace)
    },
    clear: () => {
      events = []
    },
  })
}

function asJson(event: ClientEvent): TraceEvent {
  if (event.type === 'token') return { ...event, expiresOn: event.expiresOn.toISOString() }
  const message = messageOf(event)
  if (message === undefined) return event as TraceEvent
  if (event.type === 'http.request') return { ...event, message: redactRequest(message.request) }
  if (event.type === 'http.response' && message.response !== undefined) {
    return { ...event, message: redactResponse(message.response, message.request) }
  }
  return event as TraceEvent
}
