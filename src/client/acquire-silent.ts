import type { AccountEntity, RefreshTokenEntity, StoredEntity } from '../cache/entities.ts'
import { entityKey } from '../cache/keys.ts'
import { type CacheLookup, searchPartition } from '../cache/query.ts'
import type { CredentialStore } from '../cache/store.ts'
import {
  CacheError,
  DeniedError,
  InteractionRequiredError,
  InvalidArgumentError,
  isAuthError,
  ThrottledError,
  TokenEndpointError,
} from '../errors.ts'
import { canonicalScopes } from '../protocol/scopes.ts'
import { Secret } from '../protocol/secret.ts'
import { abortFailure } from '../transport/failure.ts'
import { boundedStore } from './bounded-store.ts'
import { createCachedResult, silentPath } from './cached-result.ts'
import type { Call } from './call.ts'
import { type DiscoveryCache, resolveServer } from './discovery.ts'
import { prepareTokenRequest, redeem } from './redeem.ts'
import type { SharedFlights } from './shared-flight.ts'
import { type TokenResult, toAccount } from './token-result.ts'
import { takeTurn } from './turns.ts'

/** Names a user of the store: an account as the client returned it, or one of its members. */
export type AccountSelector =
  | { readonly homeAccountId: string }
  | { readonly username: string }
  | { readonly localAccountId: string }

export interface SilentGrantRequest {
  readonly account: AccountSelector
  readonly scopes: readonly string[]
  readonly resource?: string | undefined
  readonly forceRefresh?: boolean
}

/** What silent calls of one client share. */
export interface SilentContext {
  readonly discovery: DiscoveryCache
  readonly store: CredentialStore
  readonly flights: SharedFlights<TokenResult>
  /** Called with a hit whose token should be renewed soon. */
  readonly refreshAhead: (call: Call, hit: SilentHit) => void
}

/** A token from the cache, and what it was found by. */
export interface SilentHit {
  readonly homeAccountId: string
  readonly scopes: readonly string[]
  readonly resource: string | undefined
  readonly lookup: CacheLookup
}

/** The line, shorter: cache, then refresh token, then `InteractionRequiredError`. */
export function acquireSilent(
  call: Call,
  context: SilentContext,
  request: SilentGrantRequest,
): TokenResult | Promise<TokenResult> {
  const { store } = context
  const { account } = request
  if (!('homeAccountId' in account)) {
    return findAccount(call, store, account, request).then((hit) => answer(call, context, request, hit))
  }
  const { homeAccountId } = account
  // A store in this process answers at once; who may abort waits like everybody.
  if (store.peek !== undefined && !call.abortable) {
    const hit = lookIn(call, store.peek(homeAccountId), homeAccountId, request)
    if (isHit(call, request, hit.lookup)) return answerFromCache(call, context, hit)
  }
  // No more promises than there must be: it is what a hit in a store over a network has to wait for.
  return boundedStore(store, call)
    .read(homeAccountId)
    .then(
      (partition) => answer(call, context, request, lookSafely(call, partition, homeAccountId, request)),
      (error: unknown) => {
        throw readFailure(call, error)
      },
    )
}

function answer(
  call: Call,
  context: SilentContext,
  request: SilentGrantRequest,
  hit: SilentHit | undefined,
): TokenResult | Promise<TokenResult> {
  if (hit?.lookup.account === undefined) {
    emitNobody(call, request)
    throw nothingLeft('no_account', 'nobody of that name is signed in', 'account')
  }
  const { lookup } = hit
  if (isHit(call, request, lookup)) return answerFromCache(call, context, hit)
  emitLookup(call, hit, false)
  if (!lookup.refreshToken?.secret) {
    throw nothingLeft('no_token', 'no valid token and no refresh token is left', 'cache')
  }
  return refresh(call, context, hit)
}

// Claims change what the token must say, so a cached one cannot answer for them.
function isHit(
  call: Call,
  { forceRefresh = false }: SilentGrantRequest,
  { accessToken, account }: CacheLookup,
): boolean {
  return accessToken !== undefined && account !== undefined && !forceRefresh && call.claims === undefined
}

function answerFromCache(call: Call, context: SilentContext, hit: SilentHit): TokenResult {
  const { lookup } = hit
  emitLookup(call, hit, true)
  const { accessToken, refreshToken } = lookup
  if (accessToken === undefined) throw new TypeError('a hit has an access token')
  if (accessToken.refreshOn !== undefined && accessToken.refreshOn <= call.now() && refreshToken !== undefined) {
    context.refreshAhead(call, hit)
  }
  return createCachedResult(call, accessToken, lookup)
}

function emitLookup(call: Call, { homeAccountId, scopes, resource, lookup }: SilentHit, hit: boolean): void {
  if (!call.isHeard) return
  const { environment, tenant } = call.authority
  const key = { homeAccountId, environment, clientId: call.clientId, tenant, scopes }
  const { accessToken, reasons } = lookup
  const fits = { rule: 'cache.access-token.fits', ok: true, evidence: String(accessToken?.expiresOn) }
  // Of a token that would do, and is passed over, the caller is the reason.
  const passed = { rule: call.claims === undefined ? 'cache.passed.refresh' : 'cache.passed.claims', ok: false }
  const own = hit ? [fits] : accessToken === undefined ? [] : [passed]
  call.emit({
    type: 'cache',
    hit,
    key: resource === undefined ? key : { ...key, resource },
    reasons: [...reasons, ...own],
  })
}

function emitNobody(call: Call, { account, scopes }: SilentGrantRequest): void {
  const { environment, tenant } = call.authority
  const key = { ...account, environment, clientId: call.clientId, tenant, scopes }
  call.emit({ type: 'cache', hit: false, key, reasons: [{ rule: 'cache.account.none', ok: false }] })
}

/** Redeems the refresh token; identical requests of this process share one, and other processes get their turn after. */
export async function refresh(call: Call, context: SilentContext, hit: SilentHit): Promise<TokenResult> {
  const { homeAccountId, scopes, resource = '' } = hit
  const { environment, url, tenant } = call.authority
  const parts = [homeAccountId, environment, url, tenant, canonicalScopes(scopes), resource, call.claims ?? '']
  try {
    return await context.flights.run(JSON.stringify(parts), call.signal, (signal) =>
      refreshInTurn(call.with({ signal }), context, hit),
    )
  } catch (error) {
    if (call.signal.aborted) throw abortFailure('token', call.signal.reason)
    if (!isRefused(call, error)) throw error
    throw refusedRefresh(error)
  }
}

// One at a time for each user and client: a server may take a refresh token only once. The others find the new one, or even
// the token that they want, when their turn comes.
function refreshInTurn(call: Call, context: SilentContext, hit: SilentHit): Promise<TokenResult> {
  const { store } = context
  const name = JSON.stringify(['refresh', hit.homeAccountId, hit.lookup.account?.environment, call.clientId])
  return takeTurn(store, name, async (hasWaited) => {
    if (!hasWaited) return redeemRefreshToken(call, context, hit)
    const lookup = await readAgain(call, store, hit)
    const { accessToken } = lookup
    const renewed = accessToken !== undefined && accessToken.secret !== hit.lookup.accessToken?.secret
    if (renewed && call.claims === undefined) return createCachedResult(call, accessToken, lookup)
    if (!lookup.refreshToken?.secret || lookup.account === undefined) {
      throw nothingLeft('no_token', 'the user was signed out, or the refresh token refused, a moment ago', 'cache')
    }
    return redeemRefreshToken(call, context, { ...hit, lookup })
  })
}

async function readAgain(call: Call, store: CredentialStore, hit: SilentHit): Promise<CacheLookup> {
  try {
    const partition = await boundedStore(store, call).read(hit.homeAccountId)
    return lookIn(call, [...partition.values()], hit.homeAccountId, hit).lookup
  } catch {
    return hit.lookup
  }
}

async function redeemRefreshToken(
  call: Call,
  { discovery, store }: SilentContext,
  hit: SilentHit,
): Promise<TokenResult> {
  const { scopes, resource, lookup } = hit
  const { refreshToken, account } = lookup
  if (refreshToken === undefined || account === undefined) throw new TypeError('a refresh has a refresh token')
  const server = await resolveServer(call, discovery)
  const grant = { type: 'refresh_token', refreshToken: new Secret(refreshToken.secret) } as const
  const { metadata } = server
  const redemption = {
    metadata,
    scopes,
    username: account.username,
    refreshed: { account: toAccount(account), refreshToken },
    ...(resource === undefined ? {} : { resource }),
  }
  const buildRequest = await prepareTokenRequest(server.call, redemption)
  const how = { source: 'refresh_token', path: silentPath(call) } as const
  try {
    return await redeem(server.call, store, buildRequest(grant), redemption, how)
  } catch (error) {
    if (isDead(call, store, error)) await forget(call, store, hit.homeAccountId, refreshToken)
    throw error
  }
}

// Kept, it would be asked about at every call from now on; but whoever has put another in its place keeps that.
async function forget(call: Call, store: CredentialStore, partition: string, token: RefreshTokenEntity): Promise<void> {
  const key = entityKey(token)
  try {
    await boundedStore(store, call).apply(partition, { del: [key], onlyIf: { [key]: token.secret } })
  } catch {
    call.warn('STORE_FAILED', 'the token store failed: a refresh token that the server refused was not removed')
  }
}

function lookIn(
  call: Call,
  entities: readonly StoredEntity[],
  homeAccountId: string,
  { scopes, resource }: Pick<SilentGrantRequest, 'scopes' | 'resource'>,
): SilentHit {
  const { authority, clientId } = call
  const query = { homeAccountId, authority, clientId, scopes, resource }
  return { homeAccountId, scopes, resource, lookup: searchPartition(entities, query, call.now()) }
}

/** What a store gives is not always what it was given. */
function lookSafely(
  call: Call,
  partition: ReadonlyMap<string, StoredEntity>,
  homeAccountId: string,
  request: SilentGrantRequest,
): SilentHit {
  try {
    return lookIn(call, [...partition.values()], homeAccountId, request)
  } catch (error) {
    throw readFailure(call, error)
  }
}

/** Finds a user by a name that several may have. */
async function findAccount(
  call: Call,
  store: CredentialStore,
  selector: AccountSelector,
  request: SilentGrantRequest,
): Promise<SilentHit | undefined> {
  const matches: SilentHit[] = []
  try {
    const bounded = boundedStore(store, call)
    for (const homeAccountId of await findPartitions(bounded, selector)) {
      const entities = [...(await bounded.read(homeAccountId)).values()]
      const found = lookIn(call, entities, homeAccountId, request)
      const meant = entities.some((entity) => entity.kind === 'Account' && names(selector, entity))
      if (found.lookup.account !== undefined && meant) matches.push(found)
    }
  } catch (error) {
    throw readFailure(call, error)
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

function readFailure(call: Call, error: unknown): unknown {
  if (call.mayEnd(0) && call.signal.aborted) return abortFailure('cache', call.signal.reason)
  return isAuthError(error) ? error : unreadableStore()
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

// Entra and its siblings say invalid_grant. Others say invalid_request, or nothing at all; what speaks of the client or of
// the server's state is no word about the refresh token.
function isRefused({ authority }: Call, error: unknown): error is DeniedError {
  if (!(error instanceof DeniedError) || error instanceof ThrottledError || error.step !== 'token') return false
  const word = error instanceof TokenEndpointError ? error.error : ''
  return authority.kind === 'oidc' ? ['invalid_grant', 'invalid_request', ''].includes(word) : word === 'invalid_grant'
}

// Entra says invalid_grant for many reasons and bad_token for this one; from others invalid_grant means what RFC 6749 §5.2
// says. But where they take a token once, another process may have used it a moment ago, and is about to store the next:
// without a queue for all of them, nobody can tell.
function isDead({ authority }: Call, store: CredentialStore, error: unknown): boolean {
  if (!(error instanceof TokenEndpointError) || error.error !== 'invalid_grant') return false
  if (error.suberror === 'bad_token') return true
  const alone = store.exclusive !== undefined || store.peek !== undefined
  return alone && (authority.kind === 'oidc' || authority.kind === 'adfs')
}

function refusedRefresh(error: DeniedError): InteractionRequiredError {
  const { message, hint, response, whereToLook } = error
  const facts = error instanceof TokenEndpointError ? error : undefined
  const details = {
    step: 'token',
    hint: hint ?? 'Sign in with the password again.',
    waysOut: ['username_password', 'device_code', 'interactive'],
    ...(whereToLook === undefined ? {} : { whereToLook }),
    ...(response === undefined ? {} : { response }),
  } as const
  return new InteractionRequiredError(facts?.suberror ?? 'refresh_token_refused', message, details, facts)
}

function nothingLeft(reason: string, message: string, step: 'account' | 'cache'): InteractionRequiredError {
  return new InteractionRequiredError(reason, message, {
    step,
    hint: 'Sign in with acquireToken or acquireTokenByUsernamePassword first.',
    waysOut: ['username_password', 'device_code', 'interactive'],
  })
}

function unreadableStore(): CacheError {
  return new CacheError('ERR_CACHE_READ', 'the token store could not be read', {
    step: 'cache',
    hint: 'Check that the store is reachable and readable, or sign in with the password.',
  })
}
