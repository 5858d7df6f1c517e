import { ProtocolError } from '../errors.ts'
import { type HttpResponse, maxResponseBytes, responseFacts } from '../protocol/http.ts'
import { type Place, redirectFailure, tooLargeFailure } from './failure.ts'

/** Status line and headers, before any of the body is read. */
export type ResponseHead = Pick<HttpResponse, 'status' | 'headers'>

/**
 * Refuses an answer by its head: any 3xx, any content coding (we asked for none; inflating is how a small answer
 * becomes a large one), and a length beyond the step's limit.
 */
export function checkHead(head: ResponseHead, place: Place, url: string): void {
  if (head.status >= 300 && head.status < 400) throw redirectFailure(place, head.headers['location'], url)
  const coding = head.headers['content-encoding']?.trim().toLowerCase() ?? ''
  if (coding !== '' && coding !== 'identity') {
    throw new ProtocolError('ERR_MALFORMED_RESPONSE', `${place.host} compressed its answer unasked`, {
      step: place.step,
      hint: 'The request said "accept-encoding: identity". A proxy in between may have changed that.',
      response: responseFacts({ ...head, body: '' }),
    })
  }
  const limit = maxResponseBytes(place.step)
  if (Number(head.headers['content-length'] ?? 0) > limit) throw tooLargeFailure(place, limit)
}

/** Collects a body up to the step's limit. */
export interface BodyReader {
  /** @throws `TransportError` `ERR_TRANSPORT_TOO_LARGE` with the first byte beyond the limit. */
  add(chunk: Uint8Array): void
  /** @throws `ProtocolError` `ERR_MALFORMED_RESPONSE` unless the bytes are UTF-8. A byte order mark is kept. */
  text(): string
}

export function createBodyReader(head: ResponseHead, place: Place): BodyReader {
  const limit = maxResponseBytes(place.step)
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let size = 0
  let text = ''
  const decode = (chunk?: Uint8Array): void => {
    try {
      text += chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
    } catch {
      throw new ProtocolError('ERR_MALFORMED_RESPONSE', `the answer of ${place.host} is not UTF-8`, {
        step: place.step,
        hint: 'Only UTF-8 is read. Check that the URL is the one you meant.',
        response: responseFacts({ ...head, body: '' }),
      })
    }
  }
  return {
    add(chunk) {
      size += chunk.byteLength
      if (size > limit) throw tooLargeFailure(place, limit)
      decode(chunk)
    },
    text() {
      decode()
      return text
    },
  }
}

/** Makes plain headers of name/value pairs: lower-case names, repeated ones joined with `, `. */
export function collectHeaders(pairs: Iterable<readonly [name: string, value: string]>): Record<string, string> {
  const headers = new Map<string, string>()
  for (const [name, value] of pairs) {
    const key = name.toLowerCase()
    const before = headers.get(key)
    headers.set(key, before === undefined ? value : `${before}, ${value}`)
  }
  // Defines own properties, so a header called `__proto__` stays a header.
  return Object.fromEntries(headers)
}
