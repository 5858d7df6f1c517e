import { TextDecoder } from 'node:util'
import type { RequestedClaims } from './claims-request.ts'
import type { EntraContext, TenantName, TrustedFarm } from './directory.ts'
import { numbersOf, Refused } from './faults.ts'
import { cloudOf } from './instance-discovery.ts'
import { sameSecret } from './password.ts'
import { userNamedAfterRefusal } from './refusal-users.ts'
import { type AssertionProblem, type VerifiedAssertion, verifyAssertion } from './saml-verification.ts'
import {
  type App,
  domainOf,
  farmOf,
  findTenant,
  findUser,
  kindOf,
  objectIdIn,
  type Tenant,
  type User,
  worldOfFarm,
} from './world.ts'

/** Somebody who presented a grant, in the tenant the tokens are for. */
export interface SignedIn {
  readonly user: User
  readonly tenant: Tenant
  readonly objectId: string
}

const skewSeconds = 300

/** Looks one form field up; a field that is absent or empty is refused with 900144. */
export type RequiredField = (name: string) => string

/**
 * The password grant (RFC 6749 §4.3). A federated user is refused whatever the password: without password hash sync
 * Entra has nothing to compare it with.
 */
export function signInByPassword(entra: EntraContext, tenantName: TenantName, field: RequiredField): SignedIn {
  const username = field('username')
  const password = field('password')
  const isCustomer = entra.world.ciam.users.some((user) => user.username.toLowerCase() === username.toLowerCase())
  if (isCustomer) throw new Refused(500208)
  const tenant = typeof tenantName === 'string' ? findTenant(entra.world, domainOf(username)) : tenantName
  if (tenant === undefined) throw new Refused(50059)
  const user = findUser(entra.world, username)
  const objectId = user === undefined ? undefined : objectIdIn(user, tenant.id)
  if (user === undefined || objectId === undefined) throw new Refused(50034, { tenant: tenant.displayName })
  if (user.refusal === 'locked') throw new Refused(50053)
  const matches = sameSecret(password, user.password)
  if (kindOf(entra.world, user) === 'federated' || !matches) throw new Refused(50126)
  return { user, tenant, objectId }
}

/**
 * The SAML bearer grants (RFC 7522; the 1.1 form is Microsoft's own).
 *
 * @param seen Told whether the signature verified, once that is known.
 */
export function signInByAssertion(
  entra: EntraContext,
  tenantName: TenantName,
  version: '1.1' | '2.0',
  encoded: string,
  seen: (signatureVerified: boolean) => void,
): SignedIn {
  const xml = decodeAssertion(encoded)
  if (xml === undefined) throw new Refused(50008)
  const { farm, verified } = verifyByFarm(entra, xml, version)
  if ('problem' in verified) {
    seen(verified.problem === 'malformed')
    throw new Refused(codeOfProblem(verified.problem, version))
  }
  seen(true)
  checkAssertion(entra, farm, verified, version)
  // A farm speaks for the users of its own domains.
  const isMeant = (candidate: User): boolean =>
    candidate.immutableId === verified.immutableId && farmOf(entra.world, candidate) === farm.host
  const listed = entra.world.users.find(isMeant)
  const user = listed ?? userNamedAfterRefusal(worldOfFarm(entra.world, farm.host), verified.upn ?? '')
  const tenant = typeof tenantName === 'string' ? findTenant(entra.world, user?.tenantId) : tenantName
  const objectId = user === undefined || tenant === undefined ? undefined : objectIdIn(user, tenant.id)
  if (user === undefined || tenant === undefined || objectId === undefined) {
    throw new Refused(51004, tenant === undefined ? {} : { tenant: tenant.displayName })
  }
  return { user, tenant, objectId }
}

/**
 * The farm that signed the assertion, in its own name if there is such a one; the first farm, with the problem, if none did.
 * Published keys are shared by farms, so a signature alone does not tell them apart.
 */
function verifyByFarm(
  { libraries, farms }: EntraContext,
  xml: string,
  version: '1.1' | '2.0',
): { readonly farm: TrustedFarm; readonly verified: ReturnType<typeof verifyAssertion> } {
  const tried = farms.map((farm) => ({ farm, verified: verifyAssertion(libraries, farm.certificatePem, xml, version) }))
  type Tried = (typeof tried)[number]
  const isOwn = ({ farm, verified }: Tried): boolean => !('problem' in verified) && verified.issuer === farm.issuer
  const isSigned = ({ verified }: Tried): boolean =>
    !('problem' in verified && verified.problem === 'invalid-signature')
  return (tried.find(isOwn) ?? tried.find(isSigned) ?? tried[0]) as Tried
}

function codeOfProblem(problem: AssertionProblem, version: '1.1' | '2.0'): 50006 | 50008 | 7500514 {
  if (problem === 'invalid-signature') return 50006
  return problem === 'wrong-version' && version === '2.0' ? 7500514 : 50008
}

function checkAssertion(
  entra: EntraContext,
  farm: TrustedFarm,
  verified: VerifiedAssertion,
  version: '1.1' | '2.0',
): void {
  const now = entra.now()
  if (verified.issuer !== farm.issuer) throw new Refused(50107, { issuer: verified.issuer })
  if (!verified.audiences.includes(cloudOf(new URL(entra.origin()).host).audience)) throw new Refused(50010)
  if (verified.notBefore > now + skewSeconds || verified.notOnOrAfter <= now - skewSeconds) throw new Refused(500133)
  if (verified.immutableId === undefined) throw new Refused(version === '1.1' ? 90020 : 50008)
  if (verified.upn === undefined) throw new Refused(50008)
}

/** RFC 7522 §2.1 says base64url; .NET, Java, Go and ADAL send standard base64, and Entra takes both. */
function decodeAssertion(encoded: string): string | undefined {
  if (!/^[\w+/-]+={0,2}$/.test(encoded)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64'))
  } catch {
    return undefined
  }
}

/** The refresh token grant (RFC 6749 §6): bound to the client, good in every tenant the user is in. */
export function signInByRefreshToken(entra: EntraContext, tenantName: TenantName, app: App, token: string): SignedIn {
  const grant = entra.refreshTokens.find(token)
  if (grant === undefined) throw new Refused(70000)
  if (grant.clientId !== app.clientId) throw new Refused(70000, {}, 'client_mismatch')
  if (grant.revoked) throw new Refused(50173)
  const tenant = typeof tenantName === 'string' ? findTenant(entra.world, grant.tenantId) : tenantName
  const objectId = tenant === undefined ? undefined : objectIdIn(grant.user, tenant.id)
  if (tenant === undefined || objectId === undefined) {
    throw new Refused(50034, tenant === undefined ? {} : { tenant: tenant.displayName })
  }
  return { user: grant.user, tenant, objectId }
}

/** What stands between a user who proved who it is and a token. */
export function checkAccount({ user, tenant }: SignedIn, app: App, resource: string, claims: RequestedClaims): void {
  if (user.refusal === 'claims-challenge' && claims.answersChallenge) return
  const numbers = numbersOf(user.refusal)
  if (numbers.length === 0) return
  throw new Refused(numbers, { client: app.clientId, app: app.displayName, resource, tenant: tenant.displayName })
}
