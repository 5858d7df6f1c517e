import type { WsTrustVersion } from '../wstrust/namespaces.ts'
import { type AdfsClient, demoAdfsApis, demoAdfsClients, type FarmLevel } from './adfs-clients.ts'
import { type B2cDirectory, demoB2cDirectory } from './b2c-directory.ts'
import { type CiamDirectory, demoCiamDirectory } from './ciam-directory.ts'
import { demoOidcIssuer, type OidcIssuer } from './oidc-issuer.ts'
import { demoPasswords, userNamedAfterRefusal } from './refusal-users.ts'

/** A directory. A user name belongs to the tenant that has its domain. */
export interface Tenant {
  /** GUID in lower case. */
  readonly id: string
  readonly displayName: string
  readonly domains: readonly Domain[]
}

export interface Domain {
  readonly name: string
  /** `managed`: Entra holds the passwords. `federated`: the AD FS farm does, and Entra has no copy (no hash sync). */
  readonly kind: 'managed' | 'federated'
  /** Host of the farm of a federated domain, one of `farms`; default the first farm, `farm`. */
  readonly farm?: string
}

/** What stands between a user with the right password and a token. */
export type AccountState =
  | 'disabled'
  | 'locked'
  | 'password-expired'
  | 'mfa-required'
  | 'mfa-enrolment'
  | 'conditional-access'
  | 'no-consent'
  /** Let in only with the claims of the challenge passed back. */
  | 'claims-challenge'

/** Why a user with the right password is refused all the same. */
export type Refusal =
  | AccountState
  /** Denied by the farm's access control policy, before Entra is asked. */
  | 'adfs-policy'
  /** By Entra, with this AADSTS number, or with several, the most specific last. */
  | number
  | readonly number[]

export interface User {
  readonly username: string
  readonly password: string
  readonly displayName: string
  /** What the user is there to show, for people. */
  readonly what: string
  readonly objectId: string
  /** The home tenant. */
  readonly tenantId: string
  /** What Entra knows a federated user by. A federated user without one gets assertions without one. */
  readonly immutableId?: string
  readonly refusal?: Refusal
  /** The number or fault code that the farm refuses with, before Entra is asked: `ID3242`, `MessageExpired`, `MSIS9605`. */
  readonly farmFault?: string
  /** Overrides the farm's choice. */
  readonly assertionVersion?: '1.1' | '2.0'
  /** Tenants the user has been invited to, with the object id it has there. */
  readonly guestIn?: readonly { readonly tenantId: string; readonly objectId: string }[]
}

export interface App {
  /** GUID in lower case. */
  readonly clientId: string
  readonly displayName: string
  readonly tenantId: string
  /** Usable in every tenant, not in `tenantId` only. */
  readonly multiTenant: boolean
  /** Makes the app a confidential client. */
  readonly secret?: string
  /** The secret is the right one, and no longer good (AADSTS7000222). */
  readonly secretExpired?: boolean
  /** PEM certificates (or public keys) that may sign its assertions; they make the app a confidential client as well. */
  readonly certificates?: readonly string[]
  /** Full scope names nobody has consented to, e.g. `https://graph.microsoft.com/Mail.Send`. */
  readonly unconsented?: readonly string[]
}

/** An API that tokens are for. */
export interface Resource {
  /** The first is the `aud` of its tokens. */
  readonly identifiers: readonly string[]
  readonly scopes: readonly string[]
}

export interface Farm {
  /** The WS-Trust versions with a `usernamemixed` endpoint. */
  readonly offer: readonly WsTrustVersion[]
  readonly assertionVersion: '1.1' | '2.0'
  /** Realms of the registered relying parties (`wsp:AppliesTo`), Entra's included. */
  readonly relyingParties: readonly string[]
  /** What its OAuth endpoint can do; default `2019`. */
  readonly level?: FarmLevel
  /** Identifiers of the APIs its OAuth endpoint issues tokens for. */
  readonly apis?: readonly string[]
  /** The clients of its OAuth endpoint. */
  readonly clients?: readonly AdfsClient[]
}

/** A farm beside the first one. Each has a signing key of its own, and knows the users of its own domains. */
export interface FurtherFarm extends Farm {
  /** Where it is reached through `send`, with optional port; domains name it by this. */
  readonly host: string
}

export interface World {
  readonly tenants: readonly Tenant[]
  readonly users: readonly User[]
  readonly apps: readonly App[]
  readonly resources: readonly Resource[]
  /** Mail domains of personal Microsoft accounts. */
  readonly consumerDomains: readonly string[]
  /** At the host that `createSimulator` is told. */
  readonly farm: Farm
  readonly farms: readonly FurtherFarm[]
  readonly b2c: B2cDirectory
  readonly ciam: CiamDirectory
  readonly oidc: OidcIssuer
}

/** The audience of assertions for the public cloud: `cloud_audience_urn` of the realm answer. */
export const microsoftOnline = 'urn:federation:MicrosoftOnline'

/** The same for the cloud of 21Vianet. */
export const chinaAudience = 'urn:federation:partner.microsoftonline.cn'

const contoso = '7b3a1f52-4c1e-4a55-9d3e-1f0c5a7d2e01'
const fabrikam = 'c2d4e6f8-1a3b-4c5d-8e9f-0a1b2c3d4e02'

/** The world a simulator has unless it is given another one. Every call makes a new copy. */
export function demoWorld(): World {
  return {
    tenants: [
      {
        id: contoso,
        displayName: 'Contoso',
        domains: [
          { name: 'contoso.example', kind: 'managed' },
          { name: 'fed.contoso.example', kind: 'federated' },
        ],
      },
      { id: fabrikam, displayName: 'Fabrikam', domains: [{ name: 'fabrikam.example', kind: 'managed' }] },
    ],
    users: demoUsers(),
    apps: [
      {
        clientId: '0f1e2d3c-4b5a-4678-8796-a5b4c3d2e1f0',
        displayName: 'Demo command line',
        tenantId: contoso,
        multiTenant: true,
        unconsented: ['https://graph.microsoft.com/Mail.Send'],
      },
      {
        clientId: '1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8',
        displayName: 'Demo service',
        tenantId: contoso,
        multiTenant: false,
        secret: 's3cr:et%/+',
      },
      {
        clientId: '2b3c4d5e-6f70-4819-a2a3-b4c5d6e7f809',
        displayName: 'Demo service, expired secret',
        tenantId: contoso,
        multiTenant: false,
        secret: 'l4st ye4r',
        secretExpired: true,
      },
    ],
    resources: [
      {
        identifiers: ['https://graph.microsoft.com', '00000003-0000-0000-c000-000000000000'],
        scopes: ['User.Read', 'Mail.Read', 'Mail.Send', 'Files.Read'],
      },
      { identifiers: ['https://management.azure.com'], scopes: ['user_impersonation'] },
      {
        identifiers: ['api://simulator-api', '5a6b7c8d-9e0f-4a1b-8c2d-3e4f5a6b7c8d'],
        scopes: ['access_as_user', 'Data.Read'],
      },
    ],
    consumerDomains: ['outlook.example'],
    farm: {
      offer: ['2005', '1.3'],
      assertionVersion: '1.1',
      relyingParties: [microsoftOnline, chinaAudience, 'urn:simulator:relying-party'],
      level: '2019',
      apis: demoAdfsApis,
      clients: demoAdfsClients(),
    },
    farms: [],
    b2c: demoB2cDirectory(),
    ciam: demoCiamDirectory(),
    oidc: demoOidcIssuer(),
  }
}

function demoUsers(): readonly User[] {
  const { managed: awkward, federated: ascii } = demoPasswords
  const managed = (name: string, index: number, what: string, refusal?: Refusal): User =>
    user(`${name}@contoso.example`, awkward, index, what, refusal)
  const federated = (name: string, password: string, index: number, what: string, refusal?: Refusal): User => ({
    ...user(`${name}@fed.contoso.example`, password, index, what, refusal),
    immutableId: Buffer.from(`simulated-anchor-${index}`).toString('base64'),
  })
  const { immutableId: _, ...orphan } = federated('orphan', ascii, 24, 'assertion lacks the ImmutableID')
  return [
    managed('ada', 1, 'signs in'),
    managed('mfa', 2, 'must pass multi-factor authentication', 'mfa-required'),
    managed('enroll', 3, 'must register for multi-factor authentication', 'mfa-enrolment'),
    managed('noconsent', 4, 'has not consented to the app', 'no-consent'),
    managed('disabled', 5, 'account is disabled', 'disabled'),
    managed('locked', 6, 'account is locked', 'locked'),
    managed('expired', 7, 'password has expired', 'password-expired'),
    managed('policy', 8, 'blocked by Conditional Access', 'conditional-access'),
    managed('challenge', 9, 'must send the claims of a challenge', 'claims-challenge'),
    {
      ...user('grace@fabrikam.example', awkward, 11, 'signs in; also a guest in Contoso'),
      tenantId: fabrikam,
      guestIn: [{ tenantId: contoso, objectId: objectId(12) }],
    },
    federated('fred', ascii, 20, 'signs in through AD FS, SAML 1.1'),
    { ...federated('saml2', ascii, 21, 'signs in through AD FS, SAML 2.0'), assertionVersion: '2.0' },
    federated('frida', 'Pa$$w0rd<&>"\'+é€😀', 22, 'signs in through AD FS, password in several scripts'),
    federated('blocked', ascii, 23, "denied by AD FS's access policy", 'adfs-policy'),
    orphan,
    federated('mfa', ascii, 25, 'accepted by AD FS, then must pass multi-factor authentication', 'mfa-required'),
  ]
}

function user(username: string, password: string, index: number, what: string, refusal?: Refusal): User {
  const name = username.slice(0, username.indexOf('@'))
  return {
    username,
    password,
    displayName: `${name.slice(0, 1).toUpperCase()}${name.slice(1)} Example`,
    what,
    objectId: objectId(index),
    tenantId: contoso,
    ...(refusal === undefined ? {} : { refusal }),
  }
}

function objectId(index: number): string {
  return `d0000000-0000-4000-8000-${index.toString().padStart(12, '0')}`
}

/** The part of a user name after the last `@`, in lower case; `undefined` when there is none. */
export function domainOf(username: string): string | undefined {
  const at = username.lastIndexOf('@')
  const domain = username.slice(at + 1).toLowerCase()
  return at < 0 || domain === '' ? undefined : domain
}

/** The tenant that has this domain or GUID. */
export function findTenant(world: World, domainOrId: string | undefined): Tenant | undefined {
  const key = domainOrId?.toLowerCase()
  return world.tenants.find((tenant) => tenant.id === key || tenant.domains.some(({ name }) => name === key))
}

export function findDomain(world: World, name: string | undefined): Domain | undefined {
  return world.tenants.flatMap((tenant) => tenant.domains).find((domain) => domain.name === name)
}

/** User names are compared without case, as both directories do. Some users are on no list: {@link userNamedAfterRefusal}. */
export function findUser(world: World, username: string): User | undefined {
  const name = username.toLowerCase()
  return world.users.find((user) => user.username.toLowerCase() === name) ?? userNamedAfterRefusal(world, name)
}

/** Host of the farm that the user's domain names; `undefined` is the first farm. */
export function farmOf(world: World, user: User): string | undefined {
  return findDomain(world, domainOf(user.username))?.farm
}

/**
 * The world as one farm sees it: its own domains, and what it offers.
 *
 * @param host `undefined` for the first farm.
 */
export function worldOfFarm(world: World, host: string | undefined): World {
  const own = (domain: Domain): boolean => domain.kind === 'managed' || domain.farm === host
  const tenants = world.tenants.map((tenant) => ({ ...tenant, domains: tenant.domains.filter(own) }))
  return { ...world, tenants, farm: world.farms.find((farm) => farm.host === host) ?? world.farm }
}

/** How the user's domain signs in. */
export function kindOf(world: World, user: User): 'managed' | 'federated' {
  return findDomain(world, domainOf(user.username))?.kind ?? 'managed'
}

/** The user's object id in a tenant: at home, or as a guest. */
export function objectIdIn(user: User, tenantId: string): string | undefined {
  if (user.tenantId === tenantId) return user.objectId
  return user.guestIn?.find((guest) => guest.tenantId === tenantId)?.objectId
}
