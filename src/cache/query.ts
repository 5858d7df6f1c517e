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
  readonly account?: AccountEntity | undefined
  readonly accessToken?: AccessTokenEntity | undefined
  readonly idToken?: IdTokenEntity | undefined
  readonly refreshToken?: RefreshTokenEntity | undefined
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
 * @param at Now, epoch seconds. A token "cached" much later than that means a clock set back, and is passed over. A little
 *   later is no wonder: MSAL Node rounds up, and other machines have clocks of their own.
 */
export function searchPartition(entities: readonly StoredEntity[], query: CacheQuery, at: EpochSeconds): CacheLookup {
  const asked = canonicalScopes(query.scopes)
  const reasons: Verdict[] = []
  const accounts: AccountEntity[] = []
  const idTokens: IdTokenEntity[] = []
  let accessToken: AccessTokenEntity | undefined
  let refreshToken: RefreshTokenEntity | undefined
  for (const entity of entities) {
    switch (entity.kind) {
      case 'Account':
        if (isOfUser(entity, query)) accounts.push(entity)
        break
      case 'IdToken':
        if (isOwn(entity, query)) idTokens.push(entity)
        break
      case 'RefreshToken':
        if (isOwn(entity, query) && entity.cachedAt >= (refreshToken?.cachedAt ?? 0)) refreshToken = entity
        break
      case 'AccessToken': {
        if (!isOwn(entity, query)) break
        const passedOver = whyNot(entity, query, asked, at)
        if (passedOver !== undefined) reasons.push(passedOver)
        else if (accessToken === undefined || entity.expiresOn > accessToken.expiresOn) accessToken = entity
      }
    }
  }
  const account = chooseAccount(accounts, accessToken?.tenantId ?? query.authority.tenant)
  // The id_token beside an access token is the one of the same tenant.
  const tenantId = accessToken?.tenantId ?? account?.tenantId
  return { account, accessToken, idToken: idTokens.find((token) => token.tenantId === tenantId), refreshToken, reasons }
}

/** A guest is another user object in each tenant: the account of that tenant, else of the home tenant, else any. */
function chooseAccount(accounts: readonly AccountEntity[], tenantId: string): AccountEntity | undefined {
  const [first] = accounts
  if (accounts.length < 2) return first
  return accounts.find((account) => account.tenantId === tenantId) ?? accounts.find(isHomeTenant) ?? first
}

function isOwn(entity: AccessTokenEntity | IdTokenEntity | RefreshTokenEntity, query: CacheQuery): boolean {
  return entity.clientId === query.clientId && isOfUser(entity, query)
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
  if (token.cachedAt > at + expirySkewSeconds) return no('clock-set-back', token.cachedAt)
  if (!token.secret) return no('lost', token.tenantId)
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
