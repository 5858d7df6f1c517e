import type { AccessTokenEntity, IdTokenEntity } from '../cache/entities.ts'
import type { CacheLookup } from '../cache/query.ts'
import { decodeIdToken, type IdTokenClaims } from '../protocol/id-token.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { Call } from './call.ts'
import { redacting, type SignInPath, type TokenResult, toAccount } from './token-result.ts'

/** The result of a call that the cache answers. Its claims are decoded when they are looked at, for few callers do. */
export function createCachedResult(call: Call, accessToken: AccessTokenEntity, lookup: CacheLookup): TokenResult {
  const { account, idToken } = lookup
  const { secret, scopes, expiresOn, refreshOn } = accessToken
  const result = {
    __proto__: redacting,
    accessToken: secret,
    tokenType: 'Bearer',
    scopes,
    expiresOn: new Date(expiresOn * 1000),
    correlationId: call.correlationId,
    source: 'cache',
    path: silentPath(call),
  } as unknown as { -readonly [K in keyof TokenResult]: TokenResult[K] }
  if (refreshOn !== undefined) result.refreshOn = new Date(refreshOn * 1000)
  if (account !== undefined) result.account = toAccount(account)
  return idToken === undefined ? result : withIdToken(result, idToken, call.clientId, call.now())
}

/** The way of a call without a credential of the user's. */
export function silentPath({ overrides }: Call): SignInPath {
  return { type: 'silent', fallbacks: [], overrides: [...overrides] }
}

function withIdToken(result: TokenResult, { secret }: IdTokenEntity, clientId: string, at: EpochSeconds): TokenResult {
  let claims: IdTokenClaims | undefined
  return {
    __proto__: redacting,
    ...result,
    idToken: secret,
    get idTokenClaims() {
      claims ??= readClaims(secret, clientId, at)
      return claims
    },
  } as unknown as TokenResult
}

// It was checked when it was stored; a store that spoiled it costs the claims, not the token.
function readClaims(idToken: string, clientId: string, at: EpochSeconds): IdTokenClaims | undefined {
  try {
    return decodeIdToken(idToken, { clientId, issuer: '' }, at).claims
  } catch {
    return undefined
  }
}
