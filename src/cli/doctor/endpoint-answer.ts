import type { HttpResponse } from '../../protocol/http.ts'
import { findJsonObject } from '../../protocol/json.ts'
import { exitCode } from '../exit-code.ts'
import { type Check, fail, pass, warn } from './check.ts'

/** The answer of an endpoint that takes POST to a GET without a credential. */
export interface EndpointAnswer {
  readonly endpoint: 'token' | 'wstrust'
  readonly url: string
  readonly response: Pick<HttpResponse, 'status' | 'headers' | 'body'>
}

const labels = { token: 'token endpoint', wstrust: 'WS-Trust endpoint' } as const

/**
 * Judges what an endpoint says to a GET: a refusal of the method is what a healthy one says. What matters is who
 * answered; a proxy's page, a missing path and a service that is down look different.
 */
export function judgeEndpoint({ endpoint, url, response }: EndpointAnswer): Check {
  const { status } = response
  const [id, label] = [`endpoint.${endpoint}`, labels[endpoint]]
  const detail = [`HTTP ${status} to a GET at ${url}`, describeAnswer(response)]
    .filter((part) => part !== '')
    .join('; ')
  const failing = (hint: string, exit: typeof exitCode.network | typeof exitCode.protocol = exitCode.protocol): Check =>
    fail(id, label, { detail, hint, exit })
  if (speaksProtocol(endpoint, response)) return pass(id, label, detail)
  if (status === 407)
    return failing('The proxy wants a user name and a password: put them into HTTPS_PROXY.', exitCode.network)
  if (status === 429) return warn(id, label, detail, 'The server sees too many requests from here: wait a while.')
  if (status === 503 && endpoint === 'wstrust') return failing(closedHint)
  if (status >= 500) return failing('The server or a proxy before it is busy or broken: try again later.')
  if (isPage(response) && !isOfTheService(response)) {
    const who = 'Something in between answers with a page of its own: a proxy, a firewall or a sign-in portal.'
    return status < 300 || status === 403 || status === 404 ? failing(who) : warn(id, label, detail, who)
  }
  if (status === 404 && endpoint === 'wstrust') return failing(closedHint)
  if (status === 404 && !isOfTheService(response)) {
    return failing('The authority has no token endpoint there: check its path.')
  }
  if ([400, 401, 405, 415].includes(status) || (isOfTheService(response) && status !== 404))
    return pass(id, label, detail)
  return warn(id, label, detail, 'A refusal (400 or 405) was expected: look at what answers there.')
}

const closedHint =
  'The endpoint is disabled, not published to this network, or the service is down: see Get-AdfsEndpoint and the proxy in front of AD FS.'

/** Who answered and who passed it on, as far as the answer says it; for people, and only beside what failed or is checked. */
export function describeAnswer({ headers, body }: Pick<HttpResponse, 'headers' | 'body'>): string {
  const { server, via } = headers
  const title = /<title[^>]{0,200}>([^<]{1,300})/i.exec(body.slice(0, 20_000))?.[1]?.trim().replace(/\s+/g, ' ')
  return [
    server === undefined ? '' : `Server: ${server.slice(0, 100)}`,
    via === undefined ? '' : `Via: ${via.slice(0, 100)}`,
    title === undefined || title === '' ? '' : `page "${title.slice(0, 100)}"`,
  ]
    .filter((part) => part !== '')
    .join('; ')
}

/** An OAuth error (RFC 6749 §5.2) or a SOAP message, whatever the status: the endpoint itself, at work. */
function speaksProtocol(endpoint: EndpointAnswer['endpoint'], response: EndpointAnswer['response']): boolean {
  if (endpoint === 'wstrust') return /soap\+xml/i.test(response.headers['content-type'] ?? '')
  return response.status < 500 && response.status !== 429 && typeof findJsonObject(response)?.['error'] === 'string'
}

function isPage({ headers, body }: EndpointAnswer['response']): boolean {
  return /html/i.test(headers['content-type'] ?? '') || /^\s*(<!doctype html|<html)/i.test(body)
}

// Entra marks its answers, its error pages too; http.sys, which answers for a farm, writes pages for plain refusals.
function isOfTheService({ headers, status }: EndpointAnswer['response']): boolean {
  if (headers['x-ms-request-id'] !== undefined || headers['x-ms-ests-server'] !== undefined) return true
  return /^Microsoft-HTTPAPI\//i.test(headers['server'] ?? '') && headers['via'] === undefined && status >= 400
}
