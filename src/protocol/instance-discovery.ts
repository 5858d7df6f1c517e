import { InvalidArgumentError } from '../errors.ts'
import type { Authority } from './authority.ts'
import type { Cloud } from './clouds.ts'
import { createRequest, type HttpRequest, type HttpResponse, responseFacts } from './http.ts'
import { findJsonObject, type JsonObject, parseJsonObject } from './json.ts'
import { productHeaders } from './product.ts'

/** The host that knows all instances of Entra. */
export const instanceDiscoveryHost = 'login.microsoftonline.com'

/** Builds the request that asks the worldwide cloud whether a host is one of Entra's, and under which names. */
export function buildInstanceDiscoveryRequest(authority: Authority, correlationId: string): HttpRequest {
  const authorize = encodeURIComponent(`${authority.url}/oauth2/v2.0/authorize`)
  return createRequest({
    step: 'authority',
    method: 'GET',
    url: `https://${instanceDiscoveryHost}/common/discovery/instance?api-version=1.1&authorization_endpoint=${authorize}`,
    headers: { accept: 'application/json', ...productHeaders(correlationId) },
  })
}

/**
 * Reads the answer to an instance discovery.
 *
 * @returns The hosts that mean the same service; the authority's own alone when the answer lists none for it.
 * @throws {@link InvalidArgumentError} `ERR_UNKNOWN_AUTHORITY` when Entra says that the host is not one of its own.
 * @throws ProtocolError for any other answer; a caller may go on without one.
 */
export function parseInstanceDiscovery(response: HttpResponse, authority: Authority): Cloud {
  const denied = findJsonObject(response)
  if (denied?.['error'] === 'invalid_instance') {
    throw new InvalidArgumentError(
      `Entra does not know ${authority.host} as one of its hosts`,
      {
        step: 'authority',
        hint: 'Check the host for typing errors. If it is the right one, list it in knownAuthorities, or set instanceDiscovery: false.',
        response: responseFacts(response),
      },
      'ERR_UNKNOWN_AUTHORITY',
    )
  }
  const json = parseJsonObject(response, 'authority', 'the instance discovery answer')
  const entries = Array.isArray(json['metadata']) ? (json['metadata'] as unknown[]).slice(0, 200) : []
  const found = entries.map(readEntry).find((entry) => entry?.aliases.includes(authority.host))
  return found ?? { networkHost: authority.host, cacheHost: authority.host, aliases: [authority.host] }
}

function readEntry(entry: unknown): Cloud | undefined {
  const { preferred_network, preferred_cache, aliases } = (entry ?? {}) as JsonObject
  const hosts = Array.isArray(aliases) ? aliases.filter(isHost).map((host) => host.toLowerCase()) : []
  const networkHost = isHost(preferred_network) ? preferred_network.toLowerCase() : ''
  const cacheHost = isHost(preferred_cache) ? preferred_cache.toLowerCase() : ''
  // A host that the entry does not list as an alias is not the same service.
  if (!hosts.includes(networkHost) || !hosts.includes(cacheHost)) return undefined
  return { networkHost, cacheHost, aliases: hosts }
}

function isHost(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9.-]+(:\d+)?$/i.test(value)
}
