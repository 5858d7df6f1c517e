import { isAuthError, ProtocolError, TransportError, UnsupportedError } from '../errors.ts'
import { classifyHost } from '../protocol/address.ts'
import { type Authority, withHosts } from '../protocol/authority.ts'
import type { Cloud } from '../protocol/clouds.ts'
import {
  buildInstanceDiscoveryRequest,
  instanceDiscoveryHost,
  parseInstanceDiscovery,
} from '../protocol/instance-discovery.ts'
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
import {
  decideEndpoint,
  describeCloud,
  describeMetadata,
  describeMex,
  describeRealm,
  emitAccountType,
  emitAuthority,
} from './discovery-events.ts'
import { exchange } from './exchange.ts'
import { LruCache } from './lru.ts'

/** What a client remembers of servers between calls: 10,000 answers of each kind, for an hour. Never a credential. */
export interface DiscoveryCache {
  readonly clouds: LruCache<Cloud>
  readonly metadata: LruCache<ServerMetadata>
  readonly realms: LruCache<UserRealm>
  readonly mexDocuments: LruCache<MexDocument>
}

export function createDiscoveryCache(): DiscoveryCache {
  return { clouds: new LruCache(), metadata: new LruCache(), realms: new LruCache(), mexDocuments: new LruCache() }
}

/** Where a user's password goes. */
export type Route =
  | { readonly type: 'managed'; readonly fallbacks: readonly Verdict[] }
  | {
      readonly type: 'federated'
      readonly endpoint: WsTrustEndpoint
      readonly audience: string
      readonly fallbacks: readonly Verdict[]
    }

/**
 * Finds the server: the hosts that an Entra authority outside the table goes by, and the endpoints, by convention for
 * known clouds, else from the OpenID configuration, or as given by hand.
 *
 * @returns The call, on the authority's own hosts, with the endpoints.
 */
export async function resolveServer(
  call: Call,
  cache: DiscoveryCache,
): Promise<{ readonly call: Call; readonly metadata: ServerMetadata }> {
  const { tokenEndpoint, issuer, jwksUri, metadataUrl } = call.options
  emitAuthority(call)
  if (tokenEndpoint !== undefined) {
    call.overrides.add('tokenEndpoint')
    const named = { issuer: issuer ?? call.authority.url, token_endpoint: tokenEndpoint }
    return { call, metadata: { ...named, ...(jwksUri === undefined ? {} : { jwks_uri: jwksUri }) } }
  }
  if (call.authority.known) return { call, metadata: metadataByConvention(call.authority) }
  if (metadataUrl !== undefined) call.overrides.add('metadataUrl')
  const authority = await discoverInstance(call, cache)
  if (authority.host !== call.authority.host) call.guard.justify(authority.url, 'caller')
  const resolved = call.with({ authority })
  const cached = cache.metadata.get(authority.url, call.now())
  if (cached !== undefined) return { call: resolved, metadata: cached }
  const request = buildMetadataRequest(authority, call.correlationId, metadataUrl)
  const metadata = await exchange(resolved, request, (response) => parseMetadata(response, authority), describeMetadata)
  cache.metadata.set(authority.url, metadata, call.now())
  return { call: resolved, metadata }
}

// Only Entra has aliases and lookalikes to tell apart. A network without a way to the worldwide cloud is normal in
// disconnected installations: then the host stands for itself.
async function discoverInstance(call: Call, cache: DiscoveryCache): Promise<Authority> {
  const { authority, options } = call
  const { instanceDiscovery = true, knownAuthorities = [] } = options
  const vouched = knownAuthorities.some((host) => host.toLowerCase() === authority.host)
  if (authority.kind !== 'entra' || classifyHost(new URL(authority.url).hostname) === 'loopback') return authority
  if (!instanceDiscovery || vouched) {
    call.overrides.add(instanceDiscovery ? 'knownAuthorities' : 'instanceDiscovery')
    return authority
  }
  const cached = cache.clouds.get(authority.host, call.now())
  if (cached !== undefined) return withHosts(authority, cached)
  call.guard.justify(`https://${instanceDiscoveryHost}`, 'caller')
  try {
    const request = buildInstanceDiscoveryRequest(authority, call.correlationId)
    const cloud = await exchange(
      call,
      request,
      (response) => parseInstanceDiscovery(response, authority),
      describeCloud,
    )
    cache.clouds.set(authority.host, cloud, call.now())
    return withHosts(authority, cloud)
  } catch (error) {
    if (!isAuthError(error) || error.code === 'ERR_UNKNOWN_AUTHORITY' || call.signal.aborted) throw error
    call.warn('INSTANCE_DISCOVERY', `the host could not be looked up (${error.code}); it stands for itself`)
    // Kept like an answer: in a disconnected network every sign-in would wait for the same failure.
    const { host, environment, aliases } = authority
    cache.clouds.set(host, { networkHost: host, cacheHost: environment, aliases }, call.now())
    return authority
  }
}

/**
 * Finds out where a user's password goes, without the password.
 *
 * @throws {@link UnsupportedError} `ERR_UNSUPPORTED_ACCOUNT` for a personal account or a domain that Entra does not
 *   know, `ERR_NO_WSTRUST_ENDPOINT` if the federation server offers no username endpoint.
 */
export async function discoverRoute(call: Call, cache: DiscoveryCache, username: string): Promise<Route> {
  const { flow = 'auto', realm: given, unknownRealm } = call.options
  if (flow !== 'auto') call.overrides.add('flow')
  if (given !== undefined) call.overrides.add('realm')
  const asksNobody = call.authority.kind !== 'entra' && given === undefined
  if (flow === 'managed' || (asksNobody && flow === 'auto')) return { type: 'managed', fallbacks: [] }
  const realm =
    given ??
    (flow === 'federated' ? namedFederation(call) : undefined) ??
    (await discoverUserRealm(call, cache, username))
  emitAccountType(call, realm, given !== undefined)
  switch (realm.accountType) {
    case 'managed':
      if (flow === 'federated') throw notFederated()
      return { type: 'managed', fallbacks: [] }
    case 'federated':
      return discoverFederation(call, cache, realm)
    case 'consumer':
      throw new UnsupportedError('ERR_UNSUPPORTED_ACCOUNT', 'this is a personal Microsoft account', {
        step: 'realm',
        hint: 'This grant signs in work and school accounts only: use device code or authorization code with PKCE.',
        waysOut: ['device_code', 'interactive'],
      })
    case 'unknown':
      if (unknownRealm === 'managed' && flow === 'auto') {
        call.overrides.add('unknownRealm')
        return { type: 'managed', fallbacks: [{ rule: 'realm.unknown', ok: false }] }
      }
      throw new UnsupportedError('ERR_UNSUPPORTED_ACCOUNT', 'Entra does not know the domain of this user name', {
        step: 'realm',
        hint: unknownRealmHint(username),
      })
  }
}

// With the metadata of the federation server at hand there is nothing left to ask Entra about the user.
function namedFederation({ options: { mex, cloudAudience } }: Call): FederatedRealm | undefined {
  if (mex === undefined) return undefined
  return { accountType: 'federated', cloudAudience: cloudAudience ?? 'urn:federation:MicrosoftOnline' }
}

function notFederated(): UnsupportedError {
  return new UnsupportedError('ERR_UNSUPPORTED_ACCOUNT', 'Entra says that this user is managed, not federated', {
    step: 'realm',
    hint: 'Leave flow out, or name the federation server: mex.',
  })
}

/** Asks Entra who holds the password of a user; the answer is remembered. */
export async function discoverUserRealm(call: Call, cache: DiscoveryCache, username: string): Promise<UserRealm> {
  const key = realmKey(call, username)
  const cached = cache.realms.get(key, call.now())
  if (cached !== undefined) return cached
  const request = buildUserRealmRequest(call.authority, username, call.correlationId)
  const realm = await exchange(call, request, parseUserRealm, describeRealm)
  // "unknown" may be a domain on its way to being added, or a typing error: not worth remembering.
  if (realm.accountType !== 'unknown') cache.realms.set(key, realm, call.now())
  return realm
}

async function discoverFederation(call: Call, cache: DiscoveryCache, realm: FederatedRealm): Promise<Route> {
  const { mex: givenMex, wsTrustVersion, cloudAudience, federationHosts } = call.options
  const named = { mex: givenMex, wsTrustVersion, cloudAudience, federationHosts }
  for (const [name, value] of Object.entries(named)) if (value !== undefined) call.overrides.add(name)
  const audience = cloudAudience ?? realm.cloudAudience
  const { activeAuthUrl } = realm
  const text = givenMex?.trimStart().startsWith('<') === true ? givenMex : undefined
  const metadataUrl = givenMex !== undefined && text === undefined ? givenMex : realm.metadataUrl
  for (const url of [metadataUrl, activeAuthUrl]) if (url !== undefined) call.guard.justify(url, 'realm')
  const { chooseWsTrustEndpoint, wsTrustEndpointFromActiveAuthUrl } = await import('../wstrust/mex-document.ts')
  let mex: MexDocument | undefined
  const fallbacks: Verdict[] = []
  if (text !== undefined) {
    const { parseMexDocument } = await import('../wstrust/mex-document.ts')
    mex = parseMexDocument({ status: 200, headers: {}, body: text })
  } else if (metadataUrl === undefined) {
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
  const choose = (): WsTrustEndpoint =>
    mex === undefined
      ? wsTrustEndpointFromActiveAuthUrl(activeAuthUrl ?? '', wsTrustVersion)
      : chooseWsTrustEndpoint(mex, wsTrustVersion)
  const endpoint = decideEndpoint(call, choose, mex, fallbacks)
  call.guard.check(endpoint.url, 'wstrust')
  return { type: 'federated', endpoint, audience, fallbacks }
}

async function fetchMexDocument(call: Call, cache: DiscoveryCache, url: string): Promise<MexDocument> {
  const cached = cache.mexDocuments.get(url, call.now())
  if (cached !== undefined) return cached
  const { buildMexRequest, parseMexDocument } = await import('../wstrust/mex-document.ts')
  const mex = await exchange(call, buildMexRequest(url, call.correlationId), parseMexDocument, describeMex)
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
