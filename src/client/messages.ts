import type { HttpRequest, HttpResponse } from '../protocol/http.ts'
import type { ClientEvent } from './events.ts'

// Events hold no message, since whoever listens would see its secrets. The trace redacts, and may look here; nobody else can.
const messages = new WeakMap<object, Message>()

/** What an event is about, in clear. */
export interface Message {
  readonly request: HttpRequest
  /** Of an `http.response`. */
  readonly response?: HttpResponse
}

export function attachMessage(event: ClientEvent, message: Message): void {
  messages.set(event, message)
}

/** @returns `undefined` for an event that is not about a message, or was not made by a client of this copy of the package. */
export function messageOf(event: ClientEvent): Message | undefined {
  return messages.get(event)
}
