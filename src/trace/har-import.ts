import { errorEvent } from '../client/call.ts'
import type { ClientEventBody } from '../client/events.ts'
import type { AuthError } from '../errors.ts'
import { createRequest } from '../protocol/http.ts'
import type { Secret } from '../protocol/secret.ts'
import { createKeeper } from '../redact/keeper.ts'
import { createLeakScan } from '../redact/leak-scan.ts'
import { createPseudonyms } from '../redact/pseudonyms.ts'
import { redactRequest, redactResponse } from '../redact/redact-message.ts'
import type { RedactionLevel } from '../redact/redacted-message.ts'
import { type HarExchange, readHarExchanges } from './har-entries.ts'
import { createReader, type RedactedExchange } from './har-reader.ts'
import { secretsIn } from './har-secrets.ts'
import type { Trace, TraceEvent } from './trace.ts'

/**
 * Makes a trace of an HTTP archive: what mitmproxy, Fiddler or a browser recorded of any program. Its requests are recognised by
 * address and content, redacted before anything else is done with them, and explained like our own.
 *
 * @param json The archive as `JSON.parse` gives it.
 * @param options `level` as of {@link Trace}. Default `share`.
 * @throws InvalidArgumentError for what is no HAR, or holds no request of a sign-in.
 */
export function traceFromHar(json: unknown, { level = 'share' }: { readonly level?: RedactionLevel } = {}): Trace {
  const exchanges = readHarExchanges(json)
  const secrets = secretsIn(exchanges)
  const began = exchanges[0]?.startedAt ?? 0
  const calls = splitCalls(exchanges.map((exchange) => redact(exchange, secrets)))
  const events = calls.flatMap((call, index) => eventsOfCall(call, `imported-${index + 1}`, began))
  const trace: Trace = { version: 1, product: creatorOf(json, secrets), level, events }
  return level === 'raw' ? trace : createPseudonyms(level).value(trace)
}

function redact(exchange: HarExchange, secrets: readonly Secret[]): RedactedExchange {
  const { step, startedAt, durationMs, timings, method, url, headers, body, misplaced, response } = exchange
  const keeper = createKeeper(createLeakScan(secrets))
  const request = createRequest({ step, method, url, headers, ...(body === undefined ? {} : { body }), secrets })
  return {
    step,
    startedAt,
    durationMs,
    ...(timings === undefined ? {} : { timings }),
    request: redactRequest(request),
    ...(misplaced === undefined ? {} : { misplaced: { ...misplaced, grant: keeper.value(misplaced.grant) } }),
    ...(response === undefined ? {} : { response: redactResponse(response, request, secrets) }),
  }
}

// A sign-in ends with what the token endpoint says, or with a refusal of the federation server.
function splitCalls(exchanges: readonly RedactedExchange[]): readonly (readonly RedactedExchange[])[] {
  const calls: RedactedExchange[][] = []
  let previous: RedactedExchange | undefined
  for (const exchange of exchanges) {
    const isPolling = isDeviceCode(previous) && isDeviceCode(exchange)
    const hasEnded =
      previous?.step === 'token' ||
      (previous?.step === 'wstrust' && exchange.step !== 'token') ||
      previous === undefined
    if (hasEnded && exchange.step !== 'id_token' && !isPolling) calls.push([exchange])
    else if (calls.length === 0) calls.push([exchange])
    else calls.at(-1)?.push(exchange)
    if (exchange.step !== 'id_token') previous = exchange
  }
  return calls
}

function isDeviceCode(exchange: RedactedExchange | undefined): boolean {
  return exchange?.step === 'token' && /grant_type=[^&]*device_code/.test(exchange.request.body ?? '')
}

function eventsOfCall(call: readonly RedactedExchange[], callId: string, began: number): readonly TraceEvent[] {
  const reader = createReader(call)
  const events: TraceEvent[] = []
  const emit = (at: number, body: ClientEventBody, message: object = {}): void => {
    events.push({ at: at - began, callId, ...body, ...message } as TraceEvent)
  }
  const firstAt = call[0]?.startedAt ?? began
  emit(firstAt, reader.start)
  let failure: AuthError | undefined
  let hasToken = false
  let lastAt = firstAt
  call.forEach((exchange, index) => {
    const { step, startedAt, durationMs, timings, request, misplaced, response } = exchange
    const hop = index + 1
    const { method, url } = request
    const read = reader.read(exchange)
    for (const decision of read.before) emit(startedAt, decision)
    if (misplaced !== undefined)
      emit(startedAt, { type: 'warning', code: 'NOT_A_FORM', message: notAForm[misplaced.where] })
    emit(startedAt, { type: 'http.request', hop, step, method, url }, { message: request })
    lastAt = Math.max(lastAt, startedAt + durationMs)
    if (response !== undefined) {
      const phases = timings === undefined ? {} : { timings }
      const answer = { hop, step, method, url, status: response.status, durationMs, ...phases } as const
      emit(lastAt, { type: 'http.response', ...answer }, { message: response })
    }
    for (const description of read.parses)
      emit(lastAt, { type: 'parse', step: description.step, hop, ...description.parse })
    for (const decision of read.after) emit(lastAt, decision)
    if (read.token !== undefined) {
      const { expiresOn, ...token } = read.token
      emit(lastAt, { type: 'token', ...token, expiresOn }, { expiresOn: expiresOn.toISOString() })
      hasToken = true
    }
    failure = read.error ?? (step === 'id_token' ? failure : undefined)
  })
  if (failure !== undefined && !hasToken) emit(lastAt, errorEvent(failure))
  // Without either, the archive begins later or ends earlier than the sign-in.
  if (failure !== undefined || hasToken) emit(lastAt, { type: 'run.end', ok: hasToken, durationMs: lastAt - firstAt })
  return events
}

const notAForm = {
  JSON: 'the token request is JSON: token endpoints read application/x-www-form-urlencoded and nothing else',
  multipart:
    'the token request is multipart/form-data: token endpoints read application/x-www-form-urlencoded and nothing else',
  URL: 'the fields of the token request are in its URL, where every log shows them: they belong in the body',
} as const

function creatorOf(json: unknown, secrets: readonly Secret[]): string {
  const { name, version } = (json as { log: { creator?: { name?: unknown; version?: unknown } } }).log.creator ?? {}
  const parts = [name, version].filter((part): part is string => typeof part === 'string' && part !== '')
  return parts.length === 0
    ? 'an HTTP archive'
    : createKeeper(createLeakScan(secrets)).words(parts.join('/').slice(0, 100))
}
