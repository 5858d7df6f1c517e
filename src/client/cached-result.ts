import type { Account } from '../cache/account.ts'
import type { AccessTokenEntity } from '../cache/entities.ts'
import type { CacheLookup } from '../cache/query.ts'
import { decodeIdToken, type IdTokenClaims } from '../protocol/id-token.ts'
import type { Call } from './call.ts'
import { redacting, type SignInPath, type TokenResult, toAccount } from './token-result.ts'

/** The result of a call that the cache answers. */
export function createCachedResult(call: Call, accessToken: AccessTokenEntity, lookup: CacheLookup): TokenResult {
  return new CachedResult(call, accessToken, lookup)
}

// A class, since all that can be told of its shape beforehand makes it cheaper: it is most of what a hit costs.
class CachedResult implements TokenResult {
  readonly accessToken: string
  readonly tokenType = 'Bearer'
  readonly scopes: readonly string[]
  readonly expiresOn: Date
  declare readonly correlationId: string
  readonly source = 'cache'
  readonly path: SignInPath
  declare readonly account?: Account
  declare readonly refreshOn?: Date
  declare readonly idToken?: string
  declare readonly idTokenClaims?: IdTokenClaims
  readonly #call: Call

  /** The id of the call that got this; nothing was sent under it. */
  static correlationIdOf(result: CachedResult): string {
    return result.#call.correlationId
  }

  constructor(
    call: Call,
    { secret, scopes, expiresOn, refreshOn }: AccessTokenEntity,
    { account, idToken }: CacheLookup,
  ) {
    this.accessToken = secret
    this.scopes = scopes
    this.expiresOn = new Date(expiresOn * 1000)
    this.#call = call
    Object.defineProperty(this, 'correlationId', correlationIdOnDemand)
    this.path = silentPath(call)
    if (account !== undefined) this.account = toAccount(account)
    if (refreshOn !== undefined) this.refreshOn = new Date(refreshOn * 1000)
    if (idToken !== undefined) {
      this.idToken = idToken.secret
      Object.defineProperty(this, 'idTokenClaims', claimsOnDemand)
    }
  }
}
Object.defineProperties(CachedResult.prototype, redacting)

// As few look at this one.
const correlationIdOnDemand = {
  enumerable: true,
  configurable: true,
  get(this: CachedResult): string {
    return CachedResult.correlationIdOf(this)
  },
}

// Few callers look at the claims of a cached token, and decoding them would take longer than all the rest.
const claimsOnDemand = {
  enumerable: true,
  configurable: true,
  get(this: { readonly idToken: string }): IdTokenClaims | undefined {
    try {
      return decodeIdToken(this.idToken, { clientId: '', issuer: '' }, 0).claims
    } catch {
      // It was checked when it was stored; a store that spoiled it costs the claims, not the token.
      return undefined
    }
  },
}

/** The way of a call without a credential of the user's. */
export function silentPath({ overrides }: Call): SignInPath {
  return { type: 'silent', fallbacks: [], overrides: [...overrides] }
}
