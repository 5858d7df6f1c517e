import type { AccountEntity } from '../cache/entities.ts'
import { type CacheLookup, searchPartition } from '../cache/query.ts'
import type { CredentialStore } from '../cache/store.ts'
import {
  CacheError,
  DeniedError,
  InteractionRequiredError,
  InvalidArgumentError,
  isAuthError,
  TokenEndpointError,
} from '../errors.ts'
import { decodeIdToken, type IdTokenClaims } from '../protocol/id-token.ts'
import { canonicalScopes } from '../protocol/scopes.ts'
import { Secret } from '../protocol/secret.ts'
import { abortFailure } from '../transport/failure.ts'
import { boundedStore } from './bounded-store.ts'
import type { Call } from './call.ts'
import { type DiscoveryCache, resolveServer } from './discovery.ts'
import { prepareTokenRequest, redeem } from './redeem.ts'
import type { SharedFlights } from './shared-flight.ts'
import { createTokenResult, type SignInPath, type TokenResult, toAccount } from './token-result.ts'

/** Names a user of the store: an account as the client returned it, or one of its members. */
export type AccountSelector =
  | { readonly homeAccountId: string }
  | { readonly username: string }
  | { readonly localAccountId: string }

export interface SilentGrantRequest {
  readonly account: AccountSelector
  readonly scopes: readonly string[]
  readonly forceRefresh?: boolean
}

/** The line, shorter: cache, then refresh token, then `InteractionRequiredError`. */
export async function acquireSilent(
  call: Call,
  discovery: DiscoveryCache,
  store: CredentialStore,
  flights: SharedFlights<TokenResult>,
  { account: selector, scopes, forceRefresh = false }: SilentGrantRequest,
): Promise<TokenResult> {
  const found = await findAccount(call, store, selector, scopes)
  if (found === undefined) throw nothingLeft('no_account', 'nobody of that name is signed in', 'account')
  const { lookup, homeAccountId } = found
  // Claims change what the token must say, so a cached one cannot answer for them.
  const hit = lookup.accessToken !== undefined && !forceRefresh && call.claims === undefined
  call.emit({ type: 'cache', hit, reasons: lookup.reasons })
  if (hit) return cachedResult(call, lookup)
  const { refreshToken, account } = lookup
  if (refreshToken === undefined || account === undefined) {
    throw nothingLeft('no_token', 'no valid token and no refresh token is left', 'cache')
  }
  const { environment, url, tenant } = call.authority
  const key = JSON.stringify([homeAccountId, environment, url, tenant, canonicalScopes(scopes), call.claims ?? ''])
  const refresh = async (signal: AbortSignal): Promise<TokenResult> => {
    const server = await resolveServer({ ...call, signal }, discovery)
    const grant = { type: 'refresh_token', refreshToken: new Secret(refreshToken.secret) } as const
    const { metadata } = server
    const redemption = { metadata, scopes, username: account.username, account: toAccount(account) }
    const buildRequest = await prepareTokenRequest(server.call, redemption)
    const how = { source: 'refresh_token', path: silentPath(call) } as const
    return redeem(server.call, store, buildRequest(grant), redemption, how)
  }
  try {
    return await flights.run(key, call.signal, refresh)
  } catch (error) {
    if (call.signal.aborted) throw abortFailure('token', call.signal.reason)
    throw isRefused(call, error) ? refusedRefresh(error) : error
  }
}

async function findAccount(
  call: Call,
  store: CredentialStore,
  selector: AccountSelector,
  scopes: readonly string[],
): Promise<{ homeAccountId: string; lookup: CacheLookup } | undefined> {
  const { authority, clientId } = call
  const matches: { homeAccountId: string; lookup: CacheLookup }[] = []
  try {
    const bounded = boundedStore(store, call.signal)
    for (const homeAccountId of await findPartitions(bounded, selector)) {
      const partition = await bounded.read(homeAccountId)
      const lookup = searchPartition(
        [...partition.values()],
        { homeAccountId, authority, clientId, scopes },
        call.now(),
      )
      const meant = [...partition.values()].some((entity) => entity.kind === 'Account' && names(selector, entity))
      if (lookup.account !== undefined && meant) matches.push({ homeAccountId, lookup })
    }
  } catch (error) {
    if (call.signal.aborted) throw abortFailure('cache', call.signal.reason)
    throw isAuthError(error) ? error : unreadableStore()
  }
  if (matches.length <= 1) return matches[0]
  throw new InvalidArgumentError(
    'several signed-in accounts match',
    {
      step: 'account',
      hint: 'Pass one of the accounts that getAccounts() returns.',
    },
    'ERR_AMBIGUOUS_ACCOUNT',
  )
}

/** Whether an account is the one meant: an index may be stale or coarse, the entry itself decides. */
export function names(selector: AccountSelector, account: AccountEntity): boolean {
  if ('homeAccountId' in selector) return account.homeAccountId === selector.homeAccountId
  if ('localAccountId' in selector) return account.localAccountId === selector.localAccountId
  const wanted = selector.username.toLowerCase()
  return account.username.toLowerCase() === wanted || account.signInName?.toLowerCase() === wanted
}

/** The partitions that a selector may mean. */
export async function findPartitions(
  store: Pick<CredentialStore, 'findPartitions'>,
  selector: AccountSelector,
): Promise<readonly string[]> {
  if ('homeAccountId' in selector) return [selector.homeAccountId]
  return 'localAccountId' in selector
    ? store.findPartitions('localAccountId', selector.localAccountId)
    : store.findPartitions('username', selector.username)
}

function cachedResult(call: Call, { accessToken, account, idToken }: CacheLookup): TokenResult {
  if (accessToken === undefined) throw new TypeError('a hit has an access token')
  const idTokenClaims = idToken === undefined ? undefined : readClaims(call, idToken.secret)
  return createTokenResult({
    accessToken: accessToken.secret,
    tokenType: 'Bearer',
    scopes: accessToken.scopes,
    expiresOn: new Date(accessToken.expiresOn * 1000),
    ...(accessToken.refreshOn === undefined ? {} : { refreshOn: new Date(accessToken.refreshOn * 1000) }),
    ...(idToken === undefined ? {} : { idToken: idToken.secret }),
    ...(idTokenClaims === undefined ? {} : { idTokenClaims }),
    ...(account === undefined ? {} : { account: toAccount(account) }),
    correlationId: call.correlationId,
    source: 'cache',
    path: silentPath(call),
  })
}

// It was checked when it was stored; a store that spoiled it costs the claims, not the token.
function readClaims(call: Call, idToken: string): IdTokenClaims | undefined {
  try {
    return decodeIdToken(idToken, { clientId: call.clientId, issuer: '' }, call.now()).claims
  } catch {
    return undefined
  }
}

function silentPath({ overrides }: Call): SignInPath {
  return { type: 'silent', fallbacks: [], overrides: [...overrides] }
}

// Entra and its siblings say invalid_grant. Others say invalid_request, or nothing at all; what speaks of the client or of
// the server's state is no word about the refresh token.
function isRefused({ authority }: Call, error: unknown): error is DeniedError {
  if (!(error instanceof DeniedError) || error.step !== 'token') return false
  const word = error instanceof TokenEndpointError ? error.error : ''
  return authority.kind === 'oidc' ? ['invalid_grant', 'invalid_request', ''].includes(word) : word === 'invalid_grant'
}

function refusedRefresh(error: DeniedError): InteractionRequiredError {
  const { message, hint, response } = error
  const facts = error instanceof TokenEndpointError ? error : undefined
  const details = {
    step: 'token',
    hint: hint ?? 'Sign in with the password again.',
    ...(response === undefined ? {} : { response }),
  } as const
  return new InteractionRequiredError(facts?.suberror ?? 'refresh_token_refused', message, details, facts)
}

function nothingLeft(reason: string, message: string, step: 'account' | 'cache'): InteractionRequiredError {
  return new InteractionRequiredError(reason, message, {
    step,
    hint: 'Sign in with acquireToken or acquireTokenByUsernamePassword first.',
  })
}

function unreadableStore(): CacheError {
  return new CacheError('ERR_CACHE_READ', 'the token store could not be read', {
    step: 'cache',
    hint: 'Check that the store is reachable and readable, or sign in with the password.',
  })
}
