import type { Account } from '../cache/account.ts'
import type { AccountEntity } from '../cache/entities.ts'
import type { IdTokenClaims } from '../protocol/id-token.ts'
import type { Verdict } from '../protocol/verdict.ts'
import type { WsTrustVersion } from '../wstrust/namespaces.ts'

interface Deviations {
  /** What had to be done without, e.g. `mex.unavailable`; empty when all went as published. */
  readonly fallbacks: readonly Verdict[]
  /** The options that made the call take another way than it would have, e.g. `flow`, `mex`. */
  readonly overrides: readonly string[]
}

/** Which way a sign-in went. */
export type SignInPath = Deviations &
  (
    | /** The password went to the token endpoint. */ { readonly type: 'managed' }
    /** The password went to the federation server; its assertion was exchanged. */
    | {
        readonly type: 'federated'
        readonly wsTrustVersion: WsTrustVersion
        /** The WS-Trust endpoint the password was sent to. */
        readonly endpoint: string
      }
    | /** The user signed in in a browser. */ { readonly type: 'device_code' }
    | /** No credential of the user's was needed: cache or refresh token. */ { readonly type: 'silent' }
  )

export interface TokenResult {
  /** Empty where B2C gave none, since no API was asked for; a warning says so. */
  readonly accessToken: string
  readonly tokenType: 'Bearer'
  /** Granted scopes. */
  readonly scopes: readonly string[]
  readonly expiresOn: Date
  /** From here on a new token should be fetched, although this one is still valid. */
  readonly refreshOn?: Date
  readonly idToken?: string
  readonly idTokenClaims?: IdTokenClaims
  /** Absent when the server named no user; then nothing was cached. */
  readonly account?: Account
  readonly correlationId: string
  readonly source: 'password' | 'device_code' | 'refresh_token' | 'cache'
  readonly path: SignInPath
  /** Origin of the host that got the password, if one did. */
  readonly passwordSentTo?: string
}

/** Makes a result that prints, inspects and `JSON.stringify`s with its tokens redacted; its members are plain. */
export function createTokenResult(parts: TokenResult): TokenResult {
  return Object.defineProperties({ ...parts }, redacting)
}

function redacted(this: TokenResult): TokenResult {
  return { ...this, accessToken: '[redacted]', ...(this.idToken === undefined ? {} : { idToken: '[redacted]' }) }
}

/** The members that every result prints by. */
export const redacting: PropertyDescriptorMap = {
  toJSON: { value: redacted },
  [Symbol.for('nodejs.util.inspect.custom')]: { value: redacted },
}

/** The public account of a stored one. */
export function toAccount(entity: AccountEntity): Account {
  const { homeAccountId, localAccountId, environment, tenantId, username, name } = entity
  return name === undefined
    ? { homeAccountId, localAccountId, environment, tenantId, username }
    : { homeAccountId, localAccountId, environment, tenantId, username, name }
}
