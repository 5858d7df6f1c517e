import type { RedactedRequest } from '../redact/redacted-message.ts'
import type { Drawn } from './cassette.ts'

/**
 * Whether two requests ask for the same document: metadata of a server, the realm of a user. A client fetches it once for all of
 * its calls, so that chance decides which of two concurrent calls asks, with its own correlation id.
 */
export function isSameDocument(recorded: RedactedRequest, sent: RedactedRequest): boolean {
  // The address first: of two requests hardly any have the same.
  if (recorded.method !== 'GET' || recorded.url !== sent.url) return false
  const isForAnybody = recorded.headers['authorization'] === undefined && recorded.headers['cookie'] === undefined
  return isForAnybody && textOf(withoutId(recorded)) === textOf(withoutId(sent))
}

function withoutId({ headers, ...request }: RedactedRequest): RedactedRequest {
  return { ...request, headers: { ...headers, 'client-request-id': '' } }
}

/**
 * Whether two requests of a call are the same but for what it drew: its ids, and the time. A call that fetched what the recorded
 * one found in the cache, or the other way about, draws at other moments.
 *
 * @param ids Every id that the recorded call drew.
 */
export function isSameButDrawn(recorded: RedactedRequest, sent: RedactedRequest, ids: ReadonlySet<string>): boolean {
  const blank = (request: RedactedRequest): string => {
    const met: string[] = []
    let first: number | undefined
    return textOf(request)
      .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
        if (!ids.has(id) && !id.startsWith(inventedIds)) return id
        if (!met.includes(id)) met.push(id)
        return `[id ${met.indexOf(id)}]`
      })
      .replace(/\b\d{4}-\d\d-\d\dT[\d:.]{8,12}Z/g, (instant) => {
        first ??= Date.parse(instant)
        return `[instant ${Date.parse(instant) - first}]`
      })
  }
  return blank(recorded) === blank(sent)
}

/** How ids begin that are in no recording. */
export const inventedIds = 'ffffffff-ffff-4fff-bfff-'

export function idsOf(drawn: readonly Drawn[]): ReadonlySet<string> {
  return new Set(drawn.flatMap(({ ids }) => ids))
}

/** A request in recorded form as one text: the order of its headers is nobody's. */
export function textOf({ method, url, headers, body }: RedactedRequest): string {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([method, url, sorted, body ?? ''])
}
