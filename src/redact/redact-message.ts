import type { Step } from '../errors.ts'
import { type HttpRequest, type HttpResponse, secretsOf } from '../protocol/http.ts'
import type { Secret } from '../protocol/secret.ts'
import { createKeeper, type Keeper } from './keeper.ts'
import { headerRules } from './known-names.ts'
import { createLeakScan } from './leak-scan.ts'
import { dropped, isDropped, marker } from './marker.ts'
import { findSecrets } from './message-secrets.ts'
import { redactForm, redactUrl } from './redact-form.ts'
import { redactJson } from './redact-json.ts'
import { redactXml } from './redact-xml.ts'
import type { RedactedRequest, RedactedResponse } from './redacted-message.ts'

/**
 * A request without its secrets.
 *
 * The body is parsed as what it is. Of each text under a name that is on a list it is then asked, decoded, whether it shows a
 * secret of the request in any encoding; a text under any other name is not shown. A body that cannot be parsed is dropped, and
 * says so. What is redacted twice comes out the same.
 *
 * @param others Secrets besides those of the request itself.
 */
export function redactRequest(request: HttpRequest, others: readonly Secret[] = []): RedactedRequest {
  const { step, method, url, headers, body } = request
  const keeper = keeperFor(request, others)
  return {
    method,
    url: redactUrl(url, keeper),
    headers: redactHeaders(headers, keeper),
    ...(body === undefined ? {} : { body: redactBody(body, headers, step, keeper) }),
  }
}

/**
 * Likewise a response, which may repeat what its request carried. What our parsers read of it, they read of the redacted one,
 * tokens apart.
 *
 * @param others Secrets besides those of the request and of the response itself.
 */
export function redactResponse(
  response: HttpResponse,
  request: HttpRequest,
  others: readonly Secret[] = [],
): RedactedResponse {
  const { status, headers, body, timings } = response
  const keeper = keeperFor(request, [...others, ...findSecrets(body)])
  return {
    status,
    headers: redactHeaders(headers, keeper),
    body: redactBody(body, headers, request.step, keeper),
    ...(timings === undefined ? {} : { timings }),
  }
}

function keeperFor(request: HttpRequest, others: readonly Secret[]): Keeper {
  const own = [...secretsOf(request), ...findSecrets(request.body ?? '')]
  return createKeeper(createLeakScan([...own, ...others]))
}

type Headers = Readonly<Record<string, string>>

function redactHeaders(headers: Headers, keeper: Keeper): Headers {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const lower = name.toLowerCase()
      const shown = redactHeader(lower, value, keeper)
      return shown === undefined ? [] : [[lower, shown]]
    }),
  )
}

function redactHeader(name: string, value: string, keeper: Keeper): string | undefined {
  switch (name) {
    case 'authorization':
    case 'proxy-authorization': {
      const [, scheme = '', credentials = value] = /^((?:Basic|Bearer|Negotiate|NTLM) )(.*)$/is.exec(value) ?? []
      return `${scheme}${marker(name, credentials)}`
    }
    case 'cookie':
    case 'set-cookie':
      return marker(name, value)
    case 'location':
      return keeper.address(value)
    case 'www-authenticate':
      // What follows these two is part of a handshake, and may be a ticket.
      return keeper.words(value.replace(/\b(Negotiate|NTLM) +[\w+/=-]+/gi, '$1'))
  }
  const rule = headerRules.get(name)
  if (rule === undefined) return undefined
  return rule === 'words' ? keeper.words(value) : keeper.value(value)
}

function redactBody(body: string, headers: Headers, step: Step, keeper: Keeper): string {
  if (body === '' || isDropped(body)) return body
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  if (/html/i.test(type)) return redactPage(body, type, keeper)
  const shown = redactContent(body, type, step, keeper)
  // The net: what is harmless piece by piece may show a secret as a whole.
  return shown === undefined || keeper.shows(shown) ? dropped(body, type) : shown
}

function redactContent(body: string, type: string, step: Step, keeper: Keeper): string | undefined {
  if (/x-www-form-urlencoded/i.test(type)) return redactForm(body, keeper)
  return /^[\s\ufeff]*</.test(body) ? redactXml(body, step, keeper) : redactJson(body, keeper)
}

// The title of a page says whose it is; of the rest, nobody knows what it holds.
function redactPage(body: string, type: string, keeper: Keeper): string {
  const [, own, rest = body] = /^<title>([^<]*)<\/title>(\[.*\])$/s.exec(body) ?? []
  const isOurs = isDropped(rest)
  const title = isOurs ? own : /<title[^>]{0,200}>([^<]{1,500})/i.exec(body.slice(0, 16_384))?.[1]?.trim()
  return `${title === undefined ? '' : `<title>${keeper.words(title)}</title>`}${isOurs ? rest : dropped(body, type)}`
}
