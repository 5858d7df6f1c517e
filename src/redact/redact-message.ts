import { display } from '../errors.ts'
import { type HttpRequest, type HttpResponse, secretsOf } from '../protocol/http.ts'
import { Secret } from '../protocol/secret.ts'
import { maskSecrets, showsSecret } from './leak-scan.ts'
import { isMarker, marker } from './marker.ts'
import { redactJson } from './redact-json.ts'
import { redactXml } from './redact-xml.ts'
import type { RedactedRequest, RedactedResponse } from './redacted-message.ts'

/** Parameters of forms and queries whose values may be seen. */
const kept = new Set(
  (
    'grant_type scope client_id resource response_type response_mode client_info claims username login_hint requested_token_use ' +
    'client_assertion_type api-version client-request-id return-client-request-id authorization_endpoint p domain_hint ' +
    'x-client-sku x-client-ver x-client-os x-client-cpu x-client-current-telemetry x-client-last-telemetry ' +
    'x-ms-lib-capability x-app-name x-app-ver prompt redirect_uri'
  ).split(' '),
)

/** Headers whose values may be seen. */
const headers = new Set(
  (
    'accept content-type content-length content-encoding cache-control date server via retry-after soapaction ' +
    'x-ms-request-id client-request-id return-client-request-id x-ms-ests-server x-client-sku x-client-ver x-client-os ' +
    'x-client-cpu x-ms-correlation-id user-agent x-ms-client-request-id x-ms-srs location host'
  ).split(' '),
)

/** A request without its secrets: first every spelling of those that are known, then whatever is not known to be harmless. */
export function redactRequest(request: HttpRequest): RedactedRequest {
  const { method, url, body } = request
  const secrets = secretsOf(request)
  return {
    method,
    url: redactUrl(maskSecrets(url, secrets), secrets),
    headers: redactHeaders(request.headers, secrets),
    ...(body === undefined ? {} : { body: redactBody(body, request.headers['content-type'] ?? '', secrets) }),
  }
}

/** Likewise a response, which may repeat what its request carried. */
export function redactResponse(
  response: HttpResponse,
  request: HttpRequest,
  others: readonly Secret[] = [],
): RedactedResponse {
  const { status, body, timings } = response
  const secrets = [...secretsOf(request), ...others]
  return {
    status,
    headers: redactHeaders(response.headers, secrets),
    body: redactBody(body, response.headers['content-type'] ?? '', secrets),
    ...(timings === undefined ? {} : { timings }),
  }
}

/** A URL whose query shows only what may be seen, and that names nobody before an `@`. */
function redactUrl(text: string, secrets: readonly Secret[]): string {
  if (!URL.canParse(text)) return marker('URL', text.length)
  const url = new URL(text)
  const query = url.search === '' ? '' : `?${redactFields(new URLSearchParams(url.search))}`
  const plain = `${url.origin}${url.pathname}${query}`
  return showsSecret(plain, secrets) ? `${url.origin}/[redacted]` : plain
}

function redactHeaders(
  all: Readonly<Record<string, string>>,
  secrets: readonly Secret[],
): Readonly<Record<string, string>> {
  const redacted = Object.entries(all).flatMap(([name, value]) => {
    const lower = name.toLowerCase()
    if (lower === 'authorization' || lower === 'proxy-authorization') {
      return [[lower, isMarker(value) ? value : marker('authorization', value.length)]]
    }
    if (!headers.has(lower) || showsSecret(value, secrets)) return []
    return [[lower, lower === 'location' ? redactUrl(value, secrets) : value.slice(0, 1_000)]]
  })
  return Object.fromEntries(redacted)
}

function redactBody(body: string, contentType: string, secrets: readonly Secret[]): string {
  if (body === '' || isDropped(body)) return body
  const redacted = redactText(maskSecrets(body, secrets), contentType)
  if (redacted === undefined || showsSecret(redacted, secrets)) return dropped(body, contentType)
  return redacted
}

function redactText(body: string, contentType: string): string | undefined {
  if (/^\s*[[{]/.test(body)) {
    try {
      return JSON.stringify(redactJson(JSON.parse(body)))
    } catch {
      return undefined
    }
  }
  if (/^\ufeff?\s*</.test(body)) return /html/i.test(contentType) ? undefined : redactXml(body)
  if (/x-www-form-urlencoded/i.test(contentType) || /^[\w.-]+=/.test(body))
    return redactFields(new URLSearchParams(body))
  return undefined
}

function redactFields(fields: URLSearchParams): string {
  const redacted = new URLSearchParams()
  for (const [name, value] of fields) {
    const shown = kept.has(name) || isMarker(value) || value === '[redacted]'
    redacted.append(name, shown ? redactField(name, value) : marker(name, value.length))
  }
  return redacted.toString()
}

function redactField(name: string, value: string): string {
  if (name !== 'claims') return value
  try {
    return JSON.stringify(redactJson(JSON.parse(value), 'claims'))
  } catch {
    return marker(name, value.length)
  }
}

// Of a page its title says enough; of anything else, nobody knows what it holds.
function dropped(body: string, contentType: string): string {
  const kind = /^[\w.+-]+\/[\w.+-]+/.exec(contentType)?.[0] ?? 'an unknown type'
  return `[dropped: ${body.length} characters of ${display(kind)}]`
}

function isDropped(body: string): boolean {
  return /^\[dropped: \d+ characters of [^\]]*\]$/.test(body)
}

/** Known secrets as {@link Secret}s, for responses of programs that are not ours. */
export function secretsIn(values: readonly string[]): readonly Secret[] {
  return values.filter((value) => value.length >= 4).map((value) => new Secret(value))
}
