import { InvalidArgumentError } from '../errors.ts'
import { classifyHost } from '../protocol/address.ts'
import type { HttpRequest } from '../protocol/http.ts'
import { refusedAddressFailure } from './failure.ts'

/** What the host of a URL, or the address it resolves to, may be. */
export interface AddressRules {
  /** Host names the caller vouches for, that may resolve to loopback. */
  readonly loopbackHosts?: readonly string[]
  /** Refuse RFC 1918 and unique local addresses. Off by default, as an AD FS farm usually has one. */
  readonly denyPrivate?: boolean
}

/**
 * Reads the URL of a request and refuses what no transport sends to: other schemes than https (http only to loopback),
 * userinfo, and literal addresses the rules refuse. A look-up cannot do the last: literals are never looked up.
 *
 * @throws {@link InvalidArgumentError} for a URL that cannot be sent to.
 * @throws `ProtocolError` `ERR_UNJUSTIFIED_HOST` for a refused literal.
 */
export function readRequestUrl(request: HttpRequest, rules: AddressRules): URL {
  const { step } = request
  let url: URL
  try {
    url = new URL(request.url)
  } catch {
    // Not the parser's message: it holds the URL.
    throw new InvalidArgumentError('the URL of the request cannot be read', { step, hint: 'Pass an absolute URL.' })
  }
  const kind = classifyHost(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && kind === 'loopback')) {
    const hint = 'Use https. Plain http is possible on loopback only.'
    throw new InvalidArgumentError(`requests to ${url.host || 'a URL without a host'} must use https`, { step, hint })
  }
  if (url.username !== '' || url.password !== '') {
    const hint = 'Remove the part before the "@".'
    throw new InvalidArgumentError('the URL of the request must not hold a user name', { step, hint })
  }
  const refused = refusal(url.hostname, url.hostname, rules)
  if (refused !== undefined) throw refusedAddressFailure({ step, host: url.host }, refused)
  return url
}

/**
 * Says why an address must not be dialled for a host, or `undefined` when it may be.
 *
 * A host that is loopback by its name must be dialled on loopback: http is allowed there, and DNS could lie.
 */
export function refusal(hostname: string, address: string, rules: AddressRules): string | undefined {
  const kind = classifyHost(address)
  if (kind === 'unspecified' || kind === 'link-local' || kind === 'multicast') return kind
  const host = hostname.toLowerCase()
  if (classifyHost(host) === 'loopback') return kind === 'loopback' ? undefined : 'non-loopback'
  if (kind === 'loopback') return rules.loopbackHosts?.some((name) => name.toLowerCase() === host) ? undefined : kind
  return kind === 'private' && rules.denyPrivate === true ? kind : undefined
}
