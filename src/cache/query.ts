import type { Authority } from '../protocol/authority.ts'
import { canonicalScopes, coversScopes } from '../protocol/scopes.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { Verdict } from '../protocol/verdict.ts'
import type { AccessTokenEntity, AccountEntity, IdTokenEntity, RefreshTokenEntity, StoredEntity } from './entities.ts'

/** What a silent call looks for within one user's partition. */
export interface CacheQuery {
  readonly homeAccountId: string
  readonly authority: Pick<Authority, 'aliases' | 'environment' | 'tenant'>
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Relying party named beside the scopes; a token for another one, or for none, is no hit. */
  readonly resource?: string | undefined
}

/** What was found, and why not more. */
export interface CacheLookup {
  readonly account?: AccountEntity
  readonly accessToken?: AccessTokenEntity
  readonly idToken?: IdTokenEntity
  readonly refreshToken?: RefreshTokenEntity
  /** Why each access token of this client was passed over. */
  readonly reasons: readonly Verdict[]
}

/** A token is not handed out in its last 300 seconds: it must survive the call it is meant for. */
const expirySkewSeconds = 300
/** No server issues a token for longer; an entry that says so is spoiled. */
const tenYears = 10 * 366 * 86_400

/**
 * Searches one partition. Every member of an entry is compared with the query, so a store that returns another user's
 * entries cannot make them a hit. Of several that match, the latest counts.
 *
 * @param at Now, epoch seconds. A token "cached" later than that means a clock set back, and is passed over.
 */
export function searchPartition(entities: readonly StoredEntity[], query: CacheQuery, at: EpochSeconds): CacheLookup {
  const reasons: Verdict[] = []
  const lookup: { -readonly [K in keyof CacheLookup]: CacheLookup[K] } = { reasons }
  const asked = canonicalScopes(query.scopes)
  for (const entity of entities) {
    if (entity.kind === 'RefreshToken') {
      if (!isOwn(entity, query)) continue
      if (entity.cachedAt >= (lookup.refreshToken?.cachedAt ?? 0)) lookup.refreshToken = entity
    } else if (entity.kind === 'AccessToken' && isOwn(entity, query)) {
      const passedOver = whyNot(entity, query, asked, at)
      if (passedOver !== undefined) reasons.push(passedOver)
      else if (entity.expiresOn > (lookup.accessToken?.expiresOn ?? 0)) lookup.accessToken = entity
    }
  }
  const account = findAccount(entities, query, lookup.accessToken?.tenantId ?? query.authority.tenant)
  if (account !== undefined) lookup.account = account
  // The id_token beside an access token is the one of the same tenant.
  const tenantId = lookup.accessToken?.tenantId ?? account?.tenantId
  for (const entity of entities) {
    if (entity.kind === 'IdToken' && entity.tenantId === tenantId && isOwn(entity, query)) lookup.idToken = entity
  }
  return lookup
}

/** A guest is another user object in each tenant: the account of that tenant, else of the home tenant, else any. */
function findAccount(
  entities: readonly StoredEntity[],
  query: CacheQuery,
  tenantId: string,
): AccountEntity | undefined {
  let found: AccountEntity | undefined
  for (const entity of entities) {
    if (entity.kind !== 'Account' || !isOfUser(entity, query)) continue
    if (entity.tenantId === tenantId) return entity
    if (found === undefined || isHomeTenant(entity)) found = entity
  }
  return found
}

function isOwn(entity: AccessTokenEntity | IdTokenEntity | RefreshTokenEntity, query: CacheQuery): boolean {
  return entity.clientId === query.clientId && isOfUser(entity, query) && Boolean(entity.secret)
}

function isOfUser(
  { homeAccountId, environment }: { readonly homeAccountId: string; readonly environment: string },
  { homeAccountId: wanted, authority }: CacheQuery,
): boolean {
  if (homeAccountId !== wanted) return false
  return environment === authority.environment || authority.aliases.includes(environment)
}

/** Whether the tenant is the user's home, which the home account id ends in. */
function isHomeTenant({
  homeAccountId,
  tenantId,
}: {
  readonly homeAccountId: string
  readonly tenantId: string
}): boolean {
  return tenantId !== '' && homeAccountId.endsWith(tenantId) && homeAccountId.at(-tenantId.length - 1) === '.'
}

function whyNot(token: AccessTokenEntity, query: CacheQuery, asked: string, at: EpochSeconds): Verdict | undefined {
  if (!isOfTenant(token, query.authority.tenant)) return no('tenant', token.tenantId)
  if (token.resource !== query.resource) return no('resource', String(token.resource).slice(0, 200))
  if (asked !== token.askedScopes && !coversScopes(token.scopes, query.scopes)) {
    return no('scopes', token.scopes.join(' ').slice(0, 200))
  }
  if (at + expirySkewSeconds >= token.expiresOn) return no('expired', token.expiresOn)
  if (token.expiresOn > at + tenYears) return no('never-expires', token.expiresOn)
  if (token.cachedAt > at) return no('clock-set-back', token.cachedAt)
  return undefined
}

// A sign-in at "organizations" is one at home, whatever the library that cached the token called the tenant.
function isOfTenant(token: AccessTokenEntity, tenant: string): boolean {
  if (token.tenantId === tenant || token.authorityTenant === tenant) return true
  return token.tenantId.toLowerCase() === tenant || (tenant === 'organizations' && isHomeTenant(token))
}

function no(what: string, evidence: string | number): Verdict {
  return { rule: `cache.access-token.${what}`, ok: false, evidence: String(evidence) }
}
