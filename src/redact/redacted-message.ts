import type { Timings } from '../protocol/http.ts'

/**
 * How much a trace, a HAR or a cassette shows. `share`: people, tenants, hosts of theirs and ids are stable pseudonyms. `team`:
 * they are shown, the names of people are not. `raw`: these too. No level shows a password, a client's secret, the signature of
 * an assertion or of a token.
 */
export type RedactionLevel = 'share' | 'team' | 'raw'

/** A request without its secrets. */
export interface RedactedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** A response without its secrets. */
export interface RedactedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly timings?: Timings
}
