import type { HttpResponse } from './http.ts'
import { type EpochSeconds, parseHttpDate } from './time.ts'

/**
 * Reads when a server wants to be asked again: `Retry-After`, as seconds or as an HTTP date.
 *
 * @returns Seconds from now, more than 0; `undefined` when it says nothing, nonsense or a time gone by.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 RFC 9110 §10.2.3}
 */
export function retryAfterSeconds(response: HttpResponse, at: EpochSeconds): number | undefined {
  const value = response.headers['retry-after']?.trim() ?? ''
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : (parseHttpDate(value) ?? at) - at
  return seconds > 0 ? seconds : undefined
}
