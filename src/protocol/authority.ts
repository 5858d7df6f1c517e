import { InvalidArgumentError, UnsupportedError } from '../errors.ts'
import { classifyHost } from './address.ts'
import { findCloud } from './clouds.ts'

/** What kind of server issues the tokens. */
export type AuthorityKind = 'entra' | 'adfs' | 'b2c' | 'ciam' | 'oidc'

/** Where tokens come from. */
export interface Authority {
  readonly kind: AuthorityKind
  /** Canonical form; for an OIDC server the issuer as the caller wrote it. */
  readonly url: string
  /** Host that requests go to, lower case, with a port if it is not the scheme's own. */
  readonly host: string
  /**
   * What separates the tokens of one host: Entra's and External ID's tenant (id, domain or `organizations`), B2C's
   * policy, `adfs`; empty for an OIDC server. Lower case.
   */
  readonly tenant: string
  /** Host that stands for the server in the token cache. */
  readonly environment: string
  /** All hosts that mean this server. */
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
 * Reads an authority URL and tells its kind:
 *
 * | kind | form |
 * | --- | --- |
 * | `entra` | `https://{host}/{tenant id, verified domain or "organizations"}` |
 * | `adfs` | `https://{host}/adfs` |
 * | `b2c` | `https://{name}.b2clogin.com/{tenant}/{policy}`, or `/tfp/{tenant}/{policy}` on any host |
 * | `ciam` | `https://{name}.ciamlogin.com`, with or without a tenant |
 * | `oidc` | the issuer of any other server |
 *
 * @param kind Forces the kind, for hosts that do not show it (custom domains of B2C and External ID).
 * @throws {@link InvalidArgumentError} for anything else, with the reason and the remedy; `common` and `consumers`
 *   among them, since Entra serves this grant on neither (AADSTS9001023).
 * @throws {@link UnsupportedError} for a dSTS authority.
 * @see {@link https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc Entra: ROPC}
 */
export function parseAuthority(text: string, kind?: AuthorityKind): Authority {
  const url = readUrl(text, kind)
  const path = url.pathname.replace(/^\/|\/$/g, '')
  const segments = path === '' ? [] : path.toLowerCase().split('/')
  if (segments[0] === 'dstsv2') {
    throw new UnsupportedError('ERR_UNSUPPORTED_AUTHORITY', 'dSTS authorities are not supported', {
      step: 'authority',
      hint: `Entra tenants are: ${shape}.`,
    })
  }
  switch (kind ?? detectKind(url.host, segments)) {
    case 'adfs':
      return parseAdfs(url, segments)
    case 'b2c':
      return parseB2c(url, segments)
    case 'ciam':
      return parseCiam(url, segments)
    case 'oidc':
      return serverAt(url, 'oidc', text.replace(/\/$/, ''), '')
    case 'entra':
      return parseEntra(url, segments)
    default:
      throw invalid('authorityKind is none of the known ones', 'Use "entra", "adfs", "b2c", "ciam" or "oidc".')
  }
}

/** The same authority for another tenant (id or verified domain). @throws {@link InvalidArgumentError} */
export function withTenant(authority: Authority, tenantId: string): Authority {
  if (authority.kind !== 'entra' && authority.kind !== 'ciam') {
    throw invalid(
      `an authority of kind "${authority.kind}" has no tenant to replace`,
      'Leave tenantId out, or make a client for the other authority.',
    )
  }
  const tenant = checkTenant(typeof tenantId === 'string' ? tenantId.toLowerCase() : '')
  return { ...authority, tenant, url: `https://${authority.host}/${tenant}` }
}

/** The same authority under the hosts that instance discovery names for it. */
export function withHosts(
  authority: Authority,
  hosts: { readonly networkHost: string; readonly cacheHost: string; readonly aliases: readonly string[] },
): Authority {
  const { networkHost: host, cacheHost: environment, aliases } = hosts
  return { ...authority, host, environment, aliases, url: `https://${host}/${authority.tenant}` }
}

function readUrl(text: string, kind: AuthorityKind | undefined): URL {
  if (
    typeof text !== 'string' ||
    /[^\x21-\x7e]/.test(text) ||
    !/^https?:\/\/[^/\\]/i.test(text) ||
    !URL.canParse(text)
  ) {
    throw invalid(
      'the authority is not an https URL',
      `Write it as ${shape}; an international host name in its xn-- form.`,
    )
  }
  const url = new URL(text)
  const address = classifyHost(url.hostname)
  if (url.protocol !== 'https:' && !(kind === 'oidc' && address === 'loopback')) {
    throw invalid('the authority is not https', 'A password is sent over https only.')
  }
  if (url.username !== '' || url.password !== '' || /@/.test(text.split('/')[2] ?? '')) {
    throw invalid('the authority has a user name in it', `Remove everything before "@": ${shape}.`)
  }
  if (/[?#\\]/.test(text))
    throw invalid('the authority has a query, a fragment or a backslash', `Write it as ${shape}.`)
  if (url.hostname.endsWith('.')) throw invalid('the host of the authority ends in a dot', 'Remove the dot.')
  if (/\/\/|%|\/\.{1,2}(\/|$)/.test(text.slice('https://'.length))) {
    throw invalid('the path of the authority has an empty, dotted or percent-encoded part', `Write it as ${shape}.`)
  }
  if (address !== 'name' && address !== 'loopback' && kind !== 'oidc' && kind !== 'adfs') {
    throw invalid('the authority is an IP address', 'Use the name that is in the certificate of the server.')
  }
  return url
}

function detectKind(host: string, segments: readonly string[]): AuthorityKind {
  const hostname = host.replace(/:\d+$/, '')
  if (/\.b2clogin\.(com|cn|us|de)$/.test(hostname) || segments[0] === 'tfp') return 'b2c'
  if (hostname.endsWith('.ciamlogin.com')) return 'ciam'
  if (segments[0] === 'adfs') return 'adfs'
  if (findCloud(hostname) !== undefined) return 'entra'
  if (segments.length === 2 && /^b2c_/.test(segments[1] ?? '')) return 'b2c'
  const [tenant = '', ...rest] = segments
  return rest.length === 0 && isTenantShaped(tenant) ? 'entra' : 'oidc'
}

function parseEntra(url: URL, segments: readonly string[]): Authority {
  if (segments.length > 1)
    throw invalid('the authority has more than a tenant in its path', `Stop after the tenant: ${shape}.`)
  const tenant = checkTenant(segments[0] ?? '')
  const cloud = findCloud(url.host)
  const host = cloud?.networkHost ?? url.host
  return {
    kind: 'entra',
    url: `https://${host}/${tenant}`,
    host,
    tenant,
    environment: cloud?.cacheHost ?? host,
    aliases: cloud?.aliases ?? [host],
    known: cloud !== undefined,
  }
}

function parseAdfs(url: URL, segments: readonly string[]): Authority {
  if (segments.length !== 1 || segments[0] !== 'adfs') {
    throw invalid('an AD FS authority is https://{host}/adfs', 'Stop after /adfs.')
  }
  return serverAt(url, 'adfs', `https://${url.host}/adfs`, 'adfs')
}

function parseB2c(url: URL, segments: readonly string[]): Authority {
  const [tenant = '', policy = '', ...rest] = segments[0] === 'tfp' ? segments.slice(1) : segments
  if (!/^[a-z0-9_.-]{1,256}$/.test(policy) || !(guid.test(tenant) || domain.test(tenant)) || rest.length > 0) {
    throw invalid(
      'a B2C authority names a tenant and a policy',
      'Write it as https://{name}.b2clogin.com/{name}.onmicrosoft.com/{policy}.',
    )
  }
  const prefix = segments[0] === 'tfp' ? 'tfp/' : ''
  return serverAt(url, 'b2c', `https://${url.host}/${prefix}${tenant}/${policy}`, policy)
}

function parseCiam(url: URL, segments: readonly string[]): Authority {
  const name = /^([a-z0-9-]+)\.ciamlogin\.com$/.exec(url.hostname)?.[1]
  const tenant = segments[0] ?? (name === undefined ? '' : `${name}.onmicrosoft.com`)
  if (segments.length > 1 || !(guid.test(tenant) || domain.test(tenant))) {
    throw invalid(
      'an External ID authority names at most a tenant',
      'Write it as https://{name}.ciamlogin.com, or with a tenant id on a custom domain.',
    )
  }
  return serverAt(url, 'ciam', `https://${url.host}/${tenant}`, tenant)
}

function serverAt({ host, pathname }: URL, kind: AuthorityKind, url: string, tenant: string): Authority {
  // Several issuers may share a host (Keycloak's realms do), and none of them may see another's tokens.
  const environment = kind === 'oidc' ? `${host}${pathname.replace(/\/$/, '')}` : host
  return { kind, url, host, tenant, environment, aliases: [environment], known: false }
}

function isTenantShaped(tenant: string): boolean {
  return guid.test(tenant) || domain.test(tenant) || ['organizations', 'common', 'consumers'].includes(tenant)
}

function checkTenant(tenant: string): string {
  if (tenant === 'common' || tenant === 'consumers' || tenant === personalAccountsTenant) {
    throw invalid(
      `Entra does not serve the password grant on "${tenant}": it cannot sign in personal Microsoft accounts`,
      'Use the id or a verified domain of the tenant, or "organizations" for work accounts of any tenant.',
    )
  }
  if (isTenantShaped(tenant)) return tenant
  if (tenant === '') throw invalid('the authority names no tenant', `Add the tenant: ${shape}, or "organizations".`)
  throw invalid(
    'the tenant is neither an id, nor a domain, nor "organizations"',
    'Take the tenant id from the Entra admin center, Overview, "Tenant ID".',
  )
}

function invalid(message: string, hint: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'authority', hint })
}
