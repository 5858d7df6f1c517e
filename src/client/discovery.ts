import { isAuthError, ProtocolError, TransportError, UnsupportedError } from '../errors.ts'
import {
  buildMetadataRequest,
  metadataByConvention,
  parseMetadata,
  type ServerMetadata,
} from '../protocol/server-metadata.ts'
import type { Verdict } from '../protocol/verdict.ts'
import { unknownRealmHint } from '../realm/upn.ts'
import { buildUserRealmRequest, type FederatedRealm, parseUserRealm, type UserRealm } from '../realm/user-realm.ts'
import type { MexDocument, WsTrustEndpoint } from '../wstrust/mex-document.ts'
import type { Call } from './call.ts'
import { exchange } from './exchange.ts'
import { LruCache } from './lru.ts'

/** What a client remembers of servers between calls: 10,000 answers of each kind, for an hour. Never a credential. */
export interface DiscoveryCache {
  readonly metadata: LruCache<ServerMetadata>
  readonly realms: LruCache<UserRealm>
  readonly mexDocuments: LruCache<MexDocument>
}

export function createDiscoveryCache(): DiscoveryCache {
  return { metadata: new LruCache(), realms: new LruCache(), mexDocuments: new LruCache() }
}

/** Where a user's password goes. */
export type Route =
  | { readonly type: 'managed' }
  | {
      readonly type: 'federated'
      readonly endpoint: WsTrustEndpoint
      readonly audience: string
      readonly fallbacks: readonly Verdict[]
    }

/** The authority's endpoints: by convention for known clouds, else from its OpenID configuration. */
export async function resolveMetadata(call: Call, cache: DiscoveryCache): Promise<ServerMetadata> {
  const { authority } = call
  if (authority.known) return metadataByConvention(authority)
  const cached = cache.metadata.get(authority.url, call.now())
  if (cached !== undefined) return cached
  const request = buildMetadataRequest(authority, call.correlationId)
  const metadata = await exchange(call, request, (response) => parseMetadata(response, authority))
  cache.metadata.set(authority.url, metadata, call.now())
  return metadata
}

/**
 * Finds out where a user's password goes, without the password.
 *
 * @throws {@link UnsupportedError} `ERR_UNSUPPORTED_ACCOUNT` for a personal account or a domain that Entra does not
 *   know, `ERR_NO_WSTRUST_ENDPOINT` if the federation server offers no username endpoint.
 */
export async function discoverRoute(call: Call, cache: DiscoveryCache, username: string): Promise<Route> {
  const realm = await discoverUserRealm(call, cache, username)
  call.emit({ type: 'decision', step: 'realm', question: 'account type', chosen: realm.accountType, candidates: [] })
  switch (realm.accountType) {
    case 'managed':
      return { type: 'managed' }
    case 'federated':
      return discoverFederation(call, cache, realm)
    case 'consumer':
      throw new UnsupportedError('ERR_UNSUPPORTED_ACCOUNT', 'this is a personal Microsoft account', {
        step: 'realm',
        hint: 'This grant signs in work and school accounts only: use device code or authorization code with PKCE.',
      })
    case 'unknown':
      throw new UnsupportedError('ERR_UNSUPPORTED_ACCOUNT', 'Entra does not know the domain of this user name', {
        step: 'realm',
        hint: unknownRealmHint(username),
      })
  }
}

async function discoverUserRealm(call: Call, cache: DiscoveryCache, username: string): Promise<UserRealm> {
  const key = realmKey(call, username)
  const cached = cache.realms.get(key, call.now())
  if (cached !== undefined) return cached
  const request = buildUserRealmRequest(call.authority, username, call.correlationId)
  const realm = await exchange(call, request, parseUserRealm)
  // "unknown" may be a domain on its way to being added, or a typing error: not worth remembering.
  if (realm.accountType !== 'unknown') cache.realms.set(key, realm, call.now())
  return realm
}

async function discoverFederation(call: Call, cache: DiscoveryCache, realm: FederatedRealm): Promise<Route> {
  const { metadataUrl, activeAuthUrl, cloudAudience: audience } = realm
  for (const url of [metadataUrl, activeAuthUrl]) if (url !== undefined) call.guard.justify(url, 'realm')
  const { chooseWsTrustEndpoint, wsTrustEndpointFromActiveAuthUrl } = await import('../wstrust/mex-document.ts')
  let mex: MexDocument | undefined
  const fallbacks: Verdict[] = []
  if (metadataUrl === undefined) {
    fallbacks.push({ rule: 'realm.no-metadata-url', ok: false })
  } else {
    try {
      mex = await fetchMexDocument(call, cache, metadataUrl)
    } catch (error) {
      if (activeAuthUrl === undefined || !isMexFailure(error) || call.signal.aborted) throw error
      fallbacks.push({ rule: 'mex.unavailable', ok: false, evidence: error.code })
      call.warn('MEX_FALLBACK', `${error.message}: using the endpoint that Entra has on file`)
    }
  }
  const endpoint =
    mex === undefined ? wsTrustEndpointFromActiveAuthUrl(activeAuthUrl ?? '') : chooseWsTrustEndpoint(mex)
  const candidates = mex?.candidates.map(({ verdict }) => verdict) ?? fallbacks
  call.emit({ type: 'decision', step: 'mex', question: 'WS-Trust endpoint', chosen: endpoint.url, candidates })
  call.guard.check(endpoint.url, 'wstrust')
  return { type: 'federated', endpoint, audience, fallbacks }
}

async function fetchMexDocument(call: Call, cache: DiscoveryCache, url: string): Promise<MexDocument> {
  const cached = cache.mexDocuments.get(url, call.now())
  if (cached !== undefined) return cached
  const { buildMexRequest, parseMexDocument } = await import('../wstrust/mex-document.ts')
  const mex = await exchange(call, buildMexRequest(url, call.correlationId), parseMexDocument)
  cache.mexDocuments.set(url, mex, call.now())
  return mex
}

// A document that could not be had or read may be stood in for. A URL that the guard refuses may not, and neither may a
// document that was read and offers no username endpoint: the server has then said where passwords do not go.
function isMexFailure(error: unknown): error is TransportError | ProtocolError {
  if (!isAuthError(error) || error.step !== 'mex') return false
  if (error instanceof TransportError) return true
  return error instanceof ProtocolError && !['ERR_INSECURE_ENDPOINT', 'ERR_UNJUSTIFIED_HOST'].includes(error.code)
}

/**
 * Runs what follows discovery. After an error the next call asks for the realm and its documents again, so that the
 * move of a domain or of an endpoint is noticed.
 */
export async function forgettingOnRefusal<T>(
  call: Call,
  cache: DiscoveryCache,
  username: string,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (isAuthError(error)) {
      const realm = cache.realms.get(realmKey(call, username), call.now())
      if (realm?.accountType === 'federated') cache.mexDocuments.delete(realm.metadataUrl ?? '')
      cache.realms.delete(realmKey(call, username))
    }
    throw error
  }
}

function realmKey(call: Call, username: string): string {
  return JSON.stringify([call.authority.host, username.toLowerCase()])
}
