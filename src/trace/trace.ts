import type { ClientEvent } from '../client/events.ts'
import type { RedactedRequest, RedactedResponse, RedactionLevel } from '../redact/redacted-message.ts'

/**
 * All events of one or more calls, as plain JSON: what every view is a function of. Its schema is `trace.schema.json` in the
 * package.
 */
export interface Trace {
  readonly version: 1
  /** Who made it: `ropc-client/0.1.0`; of an imported HAR, its creator. */
  readonly product: string
  readonly level: RedactionLevel
  readonly events: readonly TraceEvent[]
}

/** An event as JSON, with its message redacted. */
export type TraceEvent = AsJson<ClientEvent>

type AsJson<E> = E extends { readonly type: 'token' }
  ? Omit<E, 'expiresOn'> & { readonly expiresOn: string }
  : E extends { readonly type: 'http.request' }
    ? E & { readonly message?: RedactedRequest }
    : E extends { readonly type: 'http.response' }
      ? E & { readonly message?: RedactedResponse }
      : E

/** The events of a trace that have this type. */
export type TraceEventOf<T extends TraceEvent['type']> = Extract<TraceEvent, { readonly type: T }>
