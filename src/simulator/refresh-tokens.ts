import type { EpochSeconds } from '../protocol/time.ts'
import type { User } from './world.ts'

/** What a refresh token stands for. */
interface RefreshGrant {
  readonly user: User
  /** Where it was issued; it may be redeemed in other tenants of the user. */
  readonly tenantId: string
  readonly clientId: string
  /** As asked for, reserved scopes included. */
  readonly scope: string
  readonly resource?: string
  readonly issuedAt: EpochSeconds
  readonly revoked: boolean
}

export interface RefreshTokens {
  issue(grant: Omit<RefreshGrant, 'revoked'>): string
  find(token: string): RefreshGrant | undefined
  /** Ends every session of a user, as `revokeSignInSessions` of Microsoft Graph does. */
  revoke(username: string): void
}

/** Keeps refresh tokens in memory. An old one stays valid when a new one is issued, as in Entra. */
export function createRefreshTokens(newId: () => string): RefreshTokens {
  const grants = new Map<string, RefreshGrant>()
  return {
    issue(grant) {
      const token = `1.${Buffer.from(`simulator.${newId()}.${grants.size}`).toString('base64url')}`
      grants.set(token, { ...grant, revoked: false })
      return token
    },
    find: (token) => grants.get(token),
    revoke(username) {
      for (const [token, grant] of grants) {
        if (grant.user.username.toLowerCase() === username.toLowerCase()) grants.set(token, { ...grant, revoked: true })
      }
    },
  }
}
