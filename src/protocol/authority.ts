import { InvalidArgumentError, UnsupportedError } from '../errors.ts'
import { findCloud } from './clouds.ts'

/** Where tokens come from: an Entra host and a tenant. */
export interface Authority {
  readonly kind: 'entra'
  /** Canonical form, `https://{host}/{tenant}`. */
  readonly url: string
  /** Host that requests go to, lower case, with a port if it is not 443. */
  readonly host: string
  /** Tenant id, verified domain or `organizations`, lower case. */
  readonly tenant: string
  /** Host that stands for the cloud in the token cache. */
  readonly environment: string
  /** All hosts that mean this cloud; just the host itself for a host outside the table. */
  readonly aliases: readonly string[]
  /** Whether the endpoints are known by convention, without a metadata request. */
  readonly known: boolean
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const domain = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/
const personalAccountsTenant = '9188040d-6c67-4c5b-b112-36a304b66dad'
const shape = 'https://login.microsoftonline.com/{tenant id or verified domain}'

/** Whether a tenant segment is a directory's id, as opposed to a domain or `organizations`. */
export function isTenantGuid(tenant: string): boolean {
  return guid.test(tenant)
}

/**
 * Reads an authority URL: `https://{host}/{tenant}`, the tenant being an id, a verified domain or `organizations`.
 *
 * @throws {@link InvalidArgumentError} for anything else, with the reason and the remedy; `common` and `consumers`
 *   among them, since Entra serves this grant on neither (AADSTS9001023).
 * @throws {@link UnsupportedError} for the address of an AD FS, B2C, External ID or dSTS authority.
 * @see {@link https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc Entra: ROPC}
 */
export function parseAuthority(text: string): Authority {
  if (
    typeof text !== 'string' ||
    /[^\x21-\x7e]/.test(text) ||
    !/^https?:\/\/[^/\\]/i.test(text) ||
    !URL.canParse(text)
  ) {
    throw invalid('the authority is not an https URL', `Write it as ${shape}.`)
  }
  const url = new URL(text)
  if (url.protocol !== 'https:') throw invalid('the authority is not https', 'A password is sent over https only.')
  if (url.username !== '' || url.password !== '') {
    throw invalid('the authority has a user name in it', `Remove everything before "@": ${shape}.`)
  }
  if (/[?#\\]/.test(text))
    throw invalid('the authority has a query, a fragment or a backslash', `Write it as ${shape}.`)
  if (url.hostname.endsWith('.')) throw invalid('the host of the authority ends in a dot', 'Remove the dot.')
  const segments = url.pathname
    .toLowerCase()
    .replace(/^\/|\/$/g, '')
    .split('/')
  refuseOtherKinds(url.hostname, segments[0] ?? '')
  if (segments.length !== 1) {
    throw invalid('the authority has more than a tenant in its path', `Stop after the tenant: ${shape}.`)
  }
  return authorityOf(url.host, checkTenant(segments[0] ?? ''))
}

/** The same authority for another tenant (id or verified domain). @throws {@link InvalidArgumentError} */
export function withTenant(authority: Authority, tenantId: string): Authority {
  const tenant = checkTenant(typeof tenantId === 'string' ? tenantId.toLowerCase() : '')
  return authorityOf(authority.host, tenant)
}

function authorityOf(host: string, tenant: string): Authority {
  const cloud = findCloud(host)
  const networkHost = cloud?.networkHost ?? host
  return {
    kind: 'entra',
    url: `https://${networkHost}/${tenant}`,
    host: networkHost,
    tenant,
    environment: cloud?.cacheHost ?? host,
    aliases: cloud?.aliases ?? [host],
    known: cloud !== undefined,
  }
}

function checkTenant(tenant: string): string {
  if (tenant === 'common' || tenant === 'consumers' || tenant === personalAccountsTenant) {
    throw invalid(
      `Entra does not serve the password grant on "${tenant}": it cannot sign in personal Microsoft accounts`,
      'Use the id or a verified domain of the tenant, or "organizations" for work accounts of any tenant.',
    )
  }
  if (tenant === 'organizations' || guid.test(tenant) || domain.test(tenant)) return tenant
  if (tenant === '') throw invalid('the authority names no tenant', `Add the tenant: ${shape}, or "organizations".`)
  throw invalid(
    'the tenant is neither an id, nor a domain, nor "organizations"',
    'Take the tenant id from the Entra admin center, Overview, "Tenant ID".',
  )
}

function refuseOtherKinds(hostname: string, firstSegment: string): void {
  const other =
    firstSegment === 'adfs'
      ? 'an AD FS authority'
      : firstSegment === 'tfp' || /\.b2clogin\.(com|cn|us|de)$/.test(hostname)
        ? 'an Azure AD B2C authority'
        : firstSegment === 'dstsv2'
          ? 'a dSTS authority'
          : hostname.endsWith('.ciamlogin.com')
            ? 'an External ID authority'
            : undefined
  if (other === undefined) return
  throw new UnsupportedError('ERR_UNSUPPORTED_AUTHORITY', `${other} is not supported by this version`, {
    step: 'authority',
    hint: `Entra tenants are: ${shape}. Users federated with AD FS sign in through their Entra tenant.`,
  })
}

function invalid(message: string, hint: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'authority', hint })
}
