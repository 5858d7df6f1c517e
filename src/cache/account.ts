import type { Authority } from '../protocol/authority.ts'
import type { ClientInfo } from '../protocol/client-info.ts'
import type { IdTokenClaims } from '../protocol/id-token.ts'

/** A signed-in user. */
export interface Account {
  /** `{uid}.{utid}`: object and tenant id of the user's home; the id_token's `sub` where the server sends no `client_info`. */
  readonly homeAccountId: string
  /** The user's id in the tenant of the token: `oid`, else `sub`. */
  readonly localAccountId: string
  /** Host that stands for the cloud, e.g. `login.windows.net` for the worldwide one. */
  readonly environment: string
  /** The tenant that issued the token. */
  readonly tenantId: string
  readonly username: string
  readonly name?: string
}

/**
 * Says who signed in, from what the token endpoint told: `client_info` first, then the id_token.
 *
 * @param username The name that was signed in with; stands in when no claim names the user.
 * @returns `undefined` when the answer had neither: then there is no account, and nothing to be silent with later.
 * @see {@link https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference id_token claims}
 */
export function accountFromTokenResponse(
  clientInfo: ClientInfo | undefined,
  claims: IdTokenClaims | undefined,
  authority: Pick<Authority, 'environment' | 'tenant'>,
  username: string,
): Account | undefined {
  const homeAccountId = clientInfo === undefined ? claims?.sub : `${clientInfo.uid}.${clientInfo.utid}`
  if (homeAccountId === undefined) return undefined
  // Without a tid only the home tenant can be told, and "organizations" means the home tenant.
  const tenantId =
    claims?.tid ?? (authority.tenant === 'organizations' ? clientInfo?.utid : undefined) ?? authority.tenant
  return {
    homeAccountId,
    localAccountId: claims?.oid ?? claims?.sub ?? clientInfo?.uid ?? homeAccountId,
    environment: authority.environment,
    tenantId,
    username: claims?.preferred_username || claims?.upn || username,
    ...(claims?.name === undefined ? {} : { name: claims.name }),
  }
}
