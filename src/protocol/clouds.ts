/**
 * One Entra cloud: hosts that mean the same service.
 *
 * @see {@link https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud National clouds}
 */
export interface Cloud {
  /** All host names of the service, `networkHost` and `cacheHost` among them. */
  readonly aliases: readonly string[]
  /** The host that requests go to. */
  readonly networkHost: string
  /** The host that stands for the cloud in token caches (`environment`). */
  readonly cacheHost: string
}

function cloud(networkHost: string, cacheHost = networkHost, ...others: string[]): Cloud {
  return { networkHost, cacheHost, aliases: [...new Set([networkHost, cacheHost, ...others])] }
}

const clouds: readonly Cloud[] = [
  cloud('login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'),
  cloud('login.microsoftonline.us', undefined, 'login.usgovcloudapi.net'),
  cloud('login-us.microsoftonline.com'),
  cloud('login.partner.microsoftonline.cn', undefined, 'login.chinacloudapi.cn'),
  cloud('login.microsoftonline.de'),
  cloud('login.sovcloud-identity.fr'),
  cloud('login.sovcloud-identity.de'),
  cloud('login.sovcloud-identity.sg'),
]

const cloudByHost = new Map(clouds.flatMap((entry) => entry.aliases.map((alias) => [alias, entry] as const)))

/** Finds the cloud a host belongs to. @returns `undefined` for a host that is not in the table. */
export function findCloud(host: string): Cloud | undefined {
  return cloudByHost.get(host.toLowerCase())
}
