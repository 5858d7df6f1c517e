import type { Timings } from '../../protocol/http.ts'
import { type MessagePart, requestParts, responseParts } from '../message-parts.ts'
import { type Hop, hopsOf, type Run, readRuns } from '../runs.ts'
import { summarise } from '../summary.ts'
import type { Trace, TraceEventOf } from '../trace.ts'

/**
 * Renders a trace as an HTTP archive, which browsers and proxies open: a page for each call, an entry for each request. What HAR
 * has no place for stands in members named `_ropc`, as its specification allows.
 *
 * Sizes of bodies are those of the redacted text, or -1; phases that nobody measured are -1, and a wait that was not told apart
 * holds the whole time.
 *
 * @returns The text of a JSON object.
 * @see {@link http://www.softwareishard.com/blog/har-12-spec/ HAR 1.2}
 */
export function renderHar(trace: Trace): string {
  const runs = readRuns(trace)
  const [name = trace.product, version = ''] = trace.product.split('/')
  const log = {
    version: '1.2',
    creator: { name, version },
    pages: runs.map((run, index) => pageOf(run, index)),
    entries: runs.flatMap((run, index) => hopsOf(run).map((hop) => entryOf(run, hop, pageId(index)))),
    _ropc: { trace: trace.version, level: trace.level },
  }
  return `${JSON.stringify({ log }, undefined, 2)}\n`
}

function pageId(index: number): string {
  return `call_${index + 1}`
}

function pageOf(run: Run, index: number): unknown {
  const { start, end, error, tokens } = run
  return {
    startedDateTime: whenever(run, start?.at ?? 0),
    id: pageId(index),
    title: start?.operation ?? 'a call whose start is not in the trace',
    pageTimings: { onContentLoad: -1, onLoad: end?.durationMs ?? -1 },
    _ropc: {
      ...(start === undefined ? {} : { start }),
      summary: summarise(run),
      steps: run.steps.filter((step) => !('kind' in step)),
      tokens,
      ...(error === undefined ? {} : { error }),
      ...(end === undefined ? {} : { end }),
    },
  }
}

function entryOf(run: Run, hop: Hop, pageref: string): unknown {
  const { request, response, parses } = hop
  const timings = timingsOf(response)
  return {
    pageref,
    startedDateTime: whenever(run, request.at),
    time: Object.entries(timings).reduce((sum, [phase, ms]) => (phase === 'ssl' || ms < 0 ? sum : sum + ms), 0),
    request: requestOf(request),
    response: responseOf(response),
    cache: {},
    timings,
    _ropc: {
      hop: hop.hop,
      step: request.step,
      sent: explained(requestParts(hop)),
      answered: explained(responseParts(hop)),
      parses: parses.map(({ what, facts, checks }) => ({ what, facts, checks })),
    },
  }
}

/** Why each part that is known was sent, or what it means. */
function explained(parts: readonly MessagePart[]): unknown {
  return parts.flatMap(({ in: where, name, why }) => (why === undefined ? [] : [{ in: where, name, why }]))
}

function requestOf({ method, url, message }: TraceEventOf<'http.request'>): unknown {
  const { headers = {}, body } = message ?? {}
  return {
    method,
    url: message?.url ?? url,
    // Nobody says which version was spoken, and the format wants one.
    httpVersion: 'HTTP/1.1',
    cookies: [],
    headers: pairs(Object.entries(headers)),
    queryString: URL.canParse(url) ? pairs([...new URL(url).searchParams]) : [],
    ...(body === undefined || body === '' ? {} : { postData: postDataOf(headers['content-type'] ?? '', body) }),
    headersSize: -1,
    bodySize: body === undefined ? 0 : -1,
  }
}

// The specification wants either of the two; browsers write both, and read now this and now that.
function postDataOf(mimeType: string, text: string): unknown {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(mimeType)
  return { mimeType, params: isForm ? pairs([...new URLSearchParams(text)]) : [], text }
}

function responseOf(response: TraceEventOf<'http.response'> | undefined): unknown {
  const { headers = {}, body = '' } = response?.message ?? {}
  const mimeType = headers['content-type'] ?? 'x-unknown'
  const text = body === '' ? {} : { text: body }
  return {
    // 0 and no text is how browsers say that no answer came.
    status: response?.status ?? 0,
    statusText: '',
    httpVersion: 'HTTP/1.1',
    cookies: [],
    headers: pairs(Object.entries(headers)),
    content: { size: new TextEncoder().encode(body).length, mimeType, ...text },
    redirectURL: '',
    headersSize: -1,
    bodySize: -1,
  }
}

type HarTimings = Readonly<Record<'blocked' | 'dns' | 'connect' | 'ssl' | 'send' | 'wait' | 'receive', number>>

function timingsOf(response: TraceEventOf<'http.response'> | undefined): HarTimings {
  const known: Partial<Timings> = response?.timings ?? response?.message?.timings ?? {}
  const { dnsMs = -1, connectMs, tlsMs = -1, firstByteMs, totalMs = response?.durationMs ?? 0 } = known
  // Of a HAR's phases, connect holds ssl.
  const connect = connectMs === undefined ? -1 : connectMs + Math.max(0, tlsMs)
  const before = Math.max(0, dnsMs) + Math.max(0, connect)
  const wait = Math.max(0, firstByteMs ?? totalMs - before)
  const receive = Math.max(0, totalMs - before - wait)
  return { blocked: -1, dns: dnsMs, connect, ssl: tlsMs, send: 0, wait, receive }
}

function whenever({ start }: Run, at: number): string {
  const began = start === undefined ? 0 : Date.parse(start.startedAt)
  return new Date((Number.isNaN(began) ? 0 : began) + at - (start?.at ?? 0)).toISOString()
}

function pairs(entries: readonly (readonly [string, string])[]): readonly { name: string; value: string }[] {
  return entries.map(([name, value]) => ({ name, value }))
}
