import type { App, Tenant, User, World } from './world.ts'

/** An External ID tenant: local accounts under e-mail addresses of any domain. */
export interface CiamDirectory {
  /** GUID in lower case. */
  readonly id: string
  readonly displayName: string
  readonly users: readonly User[]
  readonly apps: readonly App[]
}

/** Every call makes a new copy. */
export function demoCiamDirectory(): CiamDirectory {
  const id = 'f7a9b1c3-4d5e-4f60-9b2c-3d4e5f6a7b04'
  return {
    id,
    displayName: 'Contoso customers',
    users: [
      {
        username: 'dora@mail.example',
        password: 'Ci4m+Pass=w0rd',
        displayName: 'Dora Example',
        what: 'signs in at External ID',
        objectId: 'c1a00000-0000-4000-8000-000000000001',
        tenantId: id,
      },
    ],
    apps: [
      {
        clientId: 'ed0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2f',
        displayName: 'Demo External ID app',
        tenantId: id,
        multiTenant: false,
      },
    ],
  }
}

/** The world as the External ID host sees it: one tenant, which `{label}.onmicrosoft.com` and its GUID name. */
export function ciamWorld(world: World, label: string): World {
  const { id, displayName, users, apps } = world.ciam
  const tenant: Tenant = { id, displayName, domains: [{ name: `${label}.onmicrosoft.com`, kind: 'managed' }] }
  return { ...world, tenants: [tenant], users, apps, consumerDomains: [], ciam: { ...world.ciam, users: [] } }
}

/** Tokens name the tenant's GUID as the host's first label; on loopback there is no such name. */
export function ciamIssuerOrigin(origin: string, tenantId: string): string {
  return origin.replace(/^(https:\/\/)[\w-]+\.(?=[\w-]+\.[a-z])/i, `$1${tenantId}.`)
}
