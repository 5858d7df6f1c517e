import type { RequestIds } from './explanation.ts'

// A GUID and nothing else: what stands behind "correlation id" in somebody's text may be anything, a secret too.
const guid = '([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![\\w-])'
// `"correlation_id":"…"`, `Correlation ID: …`, `correlationId: '…'`, and a header in a HAR: `"name":"…","value":"…"`.
const between = `["'\\s:=,]{0,10}(?:value["'\\s:=]{1,10})?`
const correlationId = new RegExp(`(?:correlation[ _-]?id|client-request-id)${between}${guid}`, 'i')
const traceId = new RegExp(`(?:trace[ _-]?id|x-ms-request-id)${between}${guid}`, 'i')
const timestamp = /time_?stamp["'\s:=]{1,6}(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,9})?Z?)/i

/**
 * The ids that belong to a code: Entra writes them behind it, in the description and in members of their own.
 *
 * @param at Where the code begins.
 * @returns `undefined` when there are none near it.
 */
export function findRequestIds(text: string, at: number): RequestIds | undefined {
  // Codes of one line share what is said of it; the next line with a code speaks of another request.
  const behind = text.slice(at, at + 2_000)
  const next = /\n[^\n]*?\b(?:A?ADSTS|AADB2C|MSIS|ID)\d{3,9}\b/.exec(behind)
  const before = text.slice(Math.max(0, at - 1_000), at)
  const line = before.lastIndexOf('\n') + 1
  const hasOther = code.test(before.slice(0, line))
  return readIds(behind.slice(0, next?.index)) ?? readIds(hasOther ? before.slice(line) : before)
}

const code = /\b(?:A?ADSTS|AADB2C|MSIS|ID)\d{3,9}\b/

function readIds(text: string): RequestIds | undefined {
  const [correlation, trace, time] = [correlationId, traceId, timestamp].map((pattern) => pattern.exec(text)?.[1])
  if (correlation === undefined && trace === undefined) return undefined
  return {
    ...(correlation === undefined ? {} : { correlationId: correlation }),
    ...(trace === undefined ? {} : { traceId: trace }),
    ...(time === undefined ? {} : { timestamp: time }),
  }
}
