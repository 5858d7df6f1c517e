import { Refused } from './faults.ts'
import { chinaAudience, microsoftOnline } from './world.ts'

interface Cloud {
  readonly preferred_network: string
  readonly preferred_cache: string
  readonly aliases: readonly string[]
}

const publicCloud: Cloud = {
  preferred_network: 'login.microsoftonline.com',
  preferred_cache: 'login.windows.net',
  aliases: ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'],
}
const china = cloud('login.partner.microsoftonline.cn', 'login.chinacloudapi.cn')
const clouds: readonly Cloud[] = [
  publicCloud,
  china,
  cloud('login.microsoftonline.de'),
  cloud('login.microsoftonline.us', 'login.usgovcloudapi.net'),
  cloud('login-us.microsoftonline.com'),
  cloud('login.sovcloud-identity.fr'),
  cloud('login.sovcloud-identity.de'),
  cloud('login.sovcloud-identity.sg'),
]

function cloud(host: string, ...others: string[]): Cloud {
  return { preferred_network: host, preferred_cache: host, aliases: [host, ...others] }
}

function findCloud(host: string): Cloud | undefined {
  return clouds.find(({ aliases }) => aliases.includes(host.toLowerCase()))
}

/** What the realm answer says of the cloud: its name, and the audience its assertions must have. */
export function cloudOf(host: string): { readonly instanceName: string; readonly audience: string } {
  const found = findCloud(host) ?? publicCloud
  return {
    instanceName: found.preferred_network.replace(/^login\./, ''),
    audience: found === china ? chinaAudience : microsoftOnline,
  }
}

export function isPublicCloudHost(host: string): boolean {
  return publicCloud.aliases.includes(host.toLowerCase())
}

/** All names of the cloud a host belongs to: a simulator that plays a known cloud answers to each of them. */
export function aliasesOf(host: string): readonly string[] {
  return findCloud(host)?.aliases ?? [host]
}

/**
 * Instance discovery, api-versions 1.0 and 1.1: is this host an Entra cloud, and what are its other names?
 *
 * @throws {@link Refused} 50049 (`invalid_instance`) for a host that is neither a known cloud nor this simulator.
 */
export function answerInstanceDiscovery(url: URL, origin: string): Record<string, unknown> {
  const wanted = url.searchParams.get('authorization_endpoint')
  if (wanted === null || wanted === '') throw new Refused(900144, { parameter: 'authorization_endpoint' })
  if (!URL.canParse(wanted) || !wanted.toLowerCase().startsWith('https://')) throw new Refused(50050)
  const endpoint = new URL(wanted)
  const ownHost = new URL(origin).host
  if (findCloud(endpoint.host) === undefined && endpoint.host !== ownHost)
    throw new Refused(50049, { host: endpoint.host })
  const [tenant = 'common'] = endpoint.pathname.split('/').filter((segment) => segment !== '')
  const folder = endpoint.pathname.toLowerCase().includes('/oauth2/v2.0/') ? '/v2.0' : ''
  const answer = {
    tenant_discovery_endpoint: `${endpoint.origin}/${tenant}${folder}/.well-known/openid-configuration`,
    'api-version': url.searchParams.get('api-version') === '1.1' ? '1.1' : '1.0',
  }
  if (answer['api-version'] === '1.0') return answer
  const itself = { preferred_network: ownHost, preferred_cache: ownHost, aliases: [ownHost] }
  return { ...answer, metadata: findCloud(ownHost) !== undefined ? clouds : [...clouds, itself] }
}
