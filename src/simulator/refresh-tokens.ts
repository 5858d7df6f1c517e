import type { EpochSeconds } from '../protocol/time.ts'
import type { User } from './world.ts'

/** What a refresh token stands for. */
interface RefreshGrant<Holder> {
  readonly user: Holder
  /** Where it was issued; it may be redeemed in other tenants of the user. */
  readonly tenantId: string
  readonly clientId: string
  /** As asked for, reserved scopes included. */
  readonly scope: string
  readonly resource?: string
  readonly issuedAt: EpochSeconds
  readonly revoked: boolean
}

export interface RefreshTokens<Holder extends { readonly username: string } = User> {
  issue(grant: Omit<RefreshGrant<Holder>, 'revoked'>): string
  find(token: string): RefreshGrant<Holder> | undefined
  /** For servers whose refresh tokens are good once. */
  drop(token: string): void
  /** Ends every session of a user, as `revokeSignInSessions` of Microsoft Graph does. */
  revoke(username: string): void
}

/** Keeps refresh tokens in memory. An old one stays valid when a new one is issued, as in Entra. */
export function createRefreshTokens<Holder extends { readonly username: string } = User>(
  newId: () => string,
): RefreshTokens<Holder> {
  const grants = new Map<string, RefreshGrant<Holder>>()
  let count = 0
  return {
    issue(grant) {
      const token = `1.${Buffer.from(`simulator.${newId()}.${count++}`).toString('base64url')}`
      grants.set(token, { ...grant, revoked: false })
      return token
    },
    find: (token) => grants.get(token),
    drop: (token) => void grants.delete(token),
    revoke(username) {
      for (const [token, grant] of grants) {
        if (grant.user.username.toLowerCase() === username.toLowerCase()) grants.set(token, { ...grant, revoked: true })
      }
    },
  }
}
