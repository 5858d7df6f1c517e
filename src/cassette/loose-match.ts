import type { RedactedRequest } from '../redact/redacted-message.ts'

/** A request as it came, from a program that is not this client, or that has its own clock and ids. */
export interface SentRequest {
  readonly method: string
  /** Whole, or from its path on. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/**
 * Whether a request asks for what a recorded one asked for, whoever asks, and when.
 *
 * Compared are the method, the place and `api-version`; of a form the grant and what the token is for; of a WS-Trust message its
 * version and `AppliesTo`. User names, ids and the name of the tenant are free, no secret is looked at. Entra's older token
 * endpoint is the same as its newer one, a `resource` the same as scopes of it.
 */
export function matchesLoosely(recorded: RedactedRequest, sent: SentRequest): boolean {
  if (recorded.method !== sent.method || !URL.canParse(sent.url, recorded.url)) return false
  const [was, is] = [new URL(recorded.url), new URL(sent.url, recorded.url)]
  if (was.origin !== is.origin || !isSamePath(was.pathname, is.pathname)) return false
  // The older token endpoint has the version in its query.
  if (!isTokenEndpoint(is.pathname) && was.searchParams.get('api-version') !== is.searchParams.get('api-version')) {
    return false
  }
  return isSameBody(recorded.body ?? '', sent.body ?? '')
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const tenant = /^(?:common|organizations|consumers|[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)$/u
const tokenEndpoint = /\/oauth2(?:\/v2\.0)?\/token\/?$/

function isTokenEndpoint(path: string): boolean {
  return tokenEndpoint.test(path.toLowerCase())
}

function isSamePath(recorded: string, sent: string): boolean {
  const [was, is] = [segmentsOf(recorded), segmentsOf(sent)]
  return was.length === is.length && was.every((part, index) => isSameSegment(part, is[index] ?? '', index))
}

function segmentsOf(path: string): readonly string[] {
  return path.toLowerCase().replace(tokenEndpoint, '/oauth2/v2.0/token').split('/').map(decode)
}

function isSameSegment(was: string, is: string, index: number): boolean {
  if (was === is) return true
  if (was.includes('@')) return is.includes('@')
  const isTenant = (text: string): boolean => index === 1 && tenant.test(text)
  return (guid.test(was) || isTenant(was)) && (guid.test(is) || isTenant(is))
}

function isSameBody(recorded: string, sent: string): boolean {
  const isXml = (text: string): boolean => /^[\s\ufeff]*</.test(text)
  if (isXml(recorded) || isXml(sent)) {
    return isXml(recorded) && isXml(sent) && meaningOfSoap(recorded) === meaningOfSoap(sent)
  }
  const [was, is] = [new URLSearchParams(recorded), new URLSearchParams(sent)]
  return was.get('grant_type') === is.get('grant_type') && isForTheSame(was, is)
}

/** Namespace of the token request and what it is for; of another message nothing, which is the same in all of them. */
function meaningOfSoap(xml: string): string {
  const [start, prefix] = /<(?:([\w.-]{1,100}):)?RequestSecurityToken(?=[\s/>])[^<>]*>/.exec(xml) ?? []
  if (start === undefined) return ''
  const name = prefix === undefined ? 'xmlns' : `xmlns:${prefix.replaceAll('.', '\\.')}`
  const declared = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'g')
  // The declaration that counts is the one on the element itself, or else the next above.
  const [, double, single] = [...xml.slice(0, xml.indexOf(start) + start.length).matchAll(declared)].at(-1) ?? []
  const [, appliesTo = ''] = xml.split(/<(?:[\w.-]+:)?AppliesTo(?=[\s>])/)
  const [, address = ''] = /<(?:[\w.-]+:)?Address(?:\s[^<>]*)?>([^<]*)</.exec(appliesTo) ?? []
  return `${double ?? single} ${address.replaceAll('&amp;', '&').trim()}`
}

/** Scopes that ask for something about the sign-in, and not for an API. */
const ofOpenId: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access'])
const graph = 'https://graph.microsoft.com'

function isForTheSame(recorded: URLSearchParams, sent: URLSearchParams): boolean {
  const [was, is] = [wantedOf(recorded), wantedOf(sent)]
  if ((was.resource === undefined) === (is.resource === undefined)) {
    return was.resource === is.resource && isSameSet(was.scopes, is.scopes)
  }
  // One names the resource, the other scopes of it.
  const [{ resource }, { scopes }] = was.resource === undefined ? [is, was] : [was, is]
  return scopes.size > 0 && [...scopes].every((scope) => scope.startsWith(`${resource}/`))
}

function wantedOf(form: URLSearchParams): {
  readonly resource: string | undefined
  readonly scopes: ReadonlySet<string>
} {
  const words = (form.get('scope') ?? '').toLowerCase().split(/\s+/)
  const apis = words.filter((word) => word !== '' && !ofOpenId.has(word))
  return {
    resource: form.get('resource')?.toLowerCase().replace(/\/$/, ''),
    // A scope without an API is one of Microsoft Graph.
    scopes: new Set(apis.map((scope) => (scope.includes('/') ? scope : `${graph}/${scope}`))),
  }
}

function isSameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((item) => other.has(item))
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
