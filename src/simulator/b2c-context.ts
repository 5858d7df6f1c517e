import type { EpochSeconds } from '../protocol/time.ts'
import type { B2cDirectory, B2cPolicy, B2cUser } from './b2c-directory.ts'
import type { RefreshTokens } from './refresh-tokens.ts'
import type { TokenSigner } from './tokens.ts'

/** What the B2C side is made of; the origin changes when the simulator starts to listen. */
export interface B2cContext {
  readonly directory: B2cDirectory
  readonly signer: () => Promise<TokenSigner>
  readonly refreshTokens: RefreshTokens<B2cUser>
  readonly strict: boolean
  readonly now: () => EpochSeconds
  readonly newId: () => string
  readonly accessTokenLifetimeSeconds: number
  readonly origin: () => string
  /** First label of the configured host. */
  readonly label: string
}

/** A policy and how the request named it, for the endpoints in its metadata. */
export interface AddressedPolicy {
  readonly policy: B2cPolicy
  readonly endpoint: (path: string) => string
}

/** `iss` of a policy's tokens. Its host is the one they are got at. */
export function b2cIssuer(b2c: B2cContext, policy: B2cPolicy): string {
  const middle = policy.issuer === 'tfp' ? `tfp/${b2c.directory.id}/${policy.name.toLowerCase()}` : b2c.directory.id
  return `${b2c.origin()}/${middle}/v2.0/`
}
