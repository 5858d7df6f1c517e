import type { EpochSeconds } from '../protocol/time.ts'
import type { DeviceCodes } from './device-codes.ts'
import { Refused } from './faults.ts'
import { isPublicCloudHost } from './instance-discovery.ts'
import type { Libraries } from './libraries.ts'
import type { RefreshTokens } from './refresh-tokens.ts'
import type { TokenSigner } from './tokens.ts'
import { findTenant, type Tenant, type World } from './world.ts'

/** A farm, and what Entra has on file about the domains that it is for. */
export interface TrustedFarm {
  /** As domains name it; `undefined` is the first one. */
  readonly host: string | undefined
  readonly issuer: string
  readonly certificatePem: string
  readonly origin: () => string
}

/** What the Entra side is made of; the origins change when the simulator starts to listen. */
export interface EntraContext {
  readonly world: World
  readonly libraries: Libraries
  readonly signer: TokenSigner
  readonly refreshTokens: RefreshTokens
  readonly deviceCodes: DeviceCodes
  readonly farms: readonly TrustedFarm[]
  readonly strict: boolean
  readonly now: () => EpochSeconds
  readonly newId: () => string
  readonly accessTokenLifetimeSeconds: number
  /** Of tokens for clients that take claims challenges. */
  readonly capableLifetimeSeconds: number
  readonly origin: () => string
  /** Where tokens say they are from: the origin, but for External ID. */
  readonly issuerOrigin: () => string
  readonly instanceDiscovery: boolean
}

/** The first path segment: a tenant, or one of the three words that stand for many. */
export type TenantName = Tenant | 'organizations' | 'common' | 'consumers'

/** The tenant of personal accounts; a synonym of `consumers`. */
export const personalAccounts = '9188040d-6c67-4c5b-b112-36a304b66dad'

/**
 * Finds what the first path segment names: a tenant by GUID or domain, or one of the three words.
 *
 * @throws {@link Refused} 90002 for a tenant that does not exist.
 */
export function tenantNamed(world: World, segment: string): TenantName {
  const name = segment.toLowerCase()
  if (name === 'organizations' || name === 'common' || name === 'consumers') return name
  if (name === personalAccounts) return 'consumers'
  const tenant = findTenant(world, name)
  if (tenant === undefined) throw new Refused(90002, { tenant: segment })
  return tenant
}

/** `iss` of the tokens of one tenant. In the public cloud, v1 tokens come from another host name than they are got at. */
export function issuerOf(origin: string, tenantId: string, endpoint: 'v1' | 'v2'): string {
  if (endpoint === 'v2') return `${origin}/${tenantId}/v2.0`
  return isPublicCloudHost(new URL(origin).host) ? `https://sts.windows.net/${tenantId}/` : `${origin}/${tenantId}/`
}
