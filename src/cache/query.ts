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

/**
 * Searches one partition. Every member of an entry is compared with the query, so a store that returns another user's
 * entries cannot make them a hit.
 *
 * @param at Now, epoch seconds. A token "cached" later than that means a clock set back, and is passed over.
 */
export function searchPartition(
  partition: ReadonlyMap<string, StoredEntity>,
  query: CacheQuery,
  at: EpochSeconds,
): CacheLookup {
  const lookup: { -readonly [K in keyof CacheLookup]: CacheLookup[K] } & { reasons: Verdict[] } = { reasons: [] }
  const environments = new Set([query.authority.environment, ...query.authority.aliases])
  const asked = canonicalScopes(query.scopes)
  // A guest is another user object in each tenant; the home account id is what they have in common.
  const accounts = new Map<string, AccountEntity>()
  const idTokens = new Map<string, IdTokenEntity>()
  for (const entity of partition.values()) {
    if (entity.homeAccountId !== query.homeAccountId || !environments.has(entity.environment)) continue
    if (entity.kind === 'Account') {
      accounts.set(entity.tenantId, entity)
    } else if (entity.clientId === query.clientId && entity.secret) {
      if (entity.kind === 'RefreshToken') {
        if (entity.cachedAt >= (lookup.refreshToken?.cachedAt ?? 0)) lookup.refreshToken = entity
      } else if (entity.kind === 'IdToken') {
        idTokens.set(entity.tenantId, entity)
      } else {
        const passedOver = whyNot(entity, query, asked, at)
        if (passedOver !== undefined) lookup.reasons.push(passedOver)
        else if (entity.expiresOn > (lookup.accessToken?.expiresOn ?? 0)) lookup.accessToken = entity
      }
    }
  }
  const [first] = accounts.values()
  const account = accounts.get(lookup.accessToken?.tenantId ?? query.authority.tenant) ?? homeOf(accounts) ?? first
  if (account !== undefined) lookup.account = account
  // The id_token beside an access token is the one of the same tenant.
  const idToken = idTokens.get(lookup.accessToken?.tenantId ?? lookup.account?.tenantId ?? '')
  if (idToken !== undefined) lookup.idToken = idToken
  return lookup
}

/** The account in the user's home tenant, which the home account id ends in. */
function homeOf(accounts: ReadonlyMap<string, AccountEntity>): AccountEntity | undefined {
  return [...accounts.values()].find(({ homeAccountId, tenantId }) => homeAccountId.endsWith(`.${tenantId}`))
}

function whyNot(token: AccessTokenEntity, query: CacheQuery, asked: string, at: EpochSeconds): Verdict | undefined {
  const { tenant } = query.authority
  const no = (rule: string, evidence: string | number): Verdict => ({ rule, ok: false, evidence: String(evidence) })
  if (token.tenantId.toLowerCase() !== tenant && token.authorityTenant !== tenant) {
    return no('cache.access-token.tenant', token.tenantId)
  }
  if (asked !== token.askedScopes && !coversScopes(token.scopes, query.scopes)) {
    return no('cache.access-token.scopes', token.scopes.join(' ').slice(0, 200))
  }
  if (at + expirySkewSeconds >= token.expiresOn) return no('cache.access-token.expired', token.expiresOn)
  if (token.cachedAt > at) return no('cache.access-token.clock-set-back', token.cachedAt)
  return undefined
}
