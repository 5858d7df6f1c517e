import { createHash } from 'node:crypto'
import { exportJWK, type JWK, SignJWT } from 'jose'
import type { EpochSeconds } from '../protocol/time.ts'
import type { SigningKeys } from './certificates.ts'
import type { App, Tenant, User } from './world.ts'

/** Everything a pair of tokens says. */
export interface TokenFacts {
  readonly endpoint: 'v1' | 'v2'
  readonly issuer: string
  readonly user: User
  /** In `tenant`, which is not the user's home for a guest. */
  readonly objectId: string
  readonly tenant: Tenant
  readonly app: App
  /** `aud` of the access token. */
  readonly audience: string
  /** Short names: `User.Read`. */
  readonly scopes: readonly string[]
  readonly issuedAt: EpochSeconds
  readonly lifetimeSeconds: number
  /** The client takes claims challenges: `xms_cc` of the access token. */
  readonly challengeCapable: boolean
  readonly id: string
}

export interface TokenSigner {
  readonly publicJwk: JWK
  /** Signs any claims. */
  sign(claims: Record<string, unknown>): Promise<string>
  accessToken(facts: TokenFacts): Promise<string>
  idToken(facts: TokenFacts): Promise<string>
}

/** Signs JWTs with RS256. The key id follows the key, so a client that caches JWKS notices another run's key. */
export async function createTokenSigner(keys: SigningKeys): Promise<TokenSigner> {
  const exported = await exportJWK(keys.publicKey)
  const thumb = createHash('sha256').update(exported.n ?? '')
  const kid = keys.kid ?? thumb.digest('base64url').slice(0, 27)
  const sign = (claims: Record<string, unknown>): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid }).sign(keys.privateKey)
  return {
    publicJwk: { ...exported, kty: 'RSA', use: 'sig', alg: 'RS256', kid },
    sign,
    accessToken: (facts) => sign(accessTokenClaims(facts)),
    idToken: (facts) => sign(idTokenClaims(facts)),
  }
}

/**
 * The claims of an ID token.
 *
 * @see {@link https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference ID token claims}
 */
function idTokenClaims(facts: TokenFacts): Record<string, unknown> {
  return { aud: facts.app.clientId, ...commonClaims(facts), ...nameClaims(facts) }
}

function accessTokenClaims(facts: TokenFacts): Record<string, unknown> {
  return {
    aud: facts.audience,
    ...commonClaims(facts),
    ...nameClaims(facts),
    ...(facts.endpoint === 'v1' ? { appid: facts.app.clientId } : { azp: facts.app.clientId }),
    scp: facts.scopes.join(' '),
    uti: facts.id,
    ...(facts.challengeCapable ? { xms_cc: ['cp1'] } : {}),
  }
}

function commonClaims({
  endpoint,
  issuer,
  issuedAt,
  lifetimeSeconds,
  objectId,
  tenant,
  app,
}: TokenFacts): Record<string, unknown> {
  return {
    iss: issuer,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + lifetimeSeconds,
    oid: objectId,
    tid: tenant.id,
    sub: pairwiseSubject(objectId, app.clientId),
    ver: endpoint === 'v1' ? '1.0' : '2.0',
  }
}

function nameClaims({ endpoint, user }: TokenFacts): Record<string, unknown> {
  return endpoint === 'v1'
    ? { name: user.displayName, unique_name: user.username, upn: user.username }
    : { name: user.displayName, preferred_username: user.username }
}

/** `sub` differs from app to app (OpenID Connect Core §8.1). */
function pairwiseSubject(objectId: string, clientId: string): string {
  return createHash('sha256').update(`${objectId} ${clientId}`).digest('base64url')
}
