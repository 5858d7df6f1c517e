import { hasB2cFault } from './b2c-faults.ts'

/** A user flow (`B2C_1_…`) or custom policy (`B2C_1A_…`). Names are compared without case. */
export interface B2cPolicy {
  readonly name: string
  /** Whether the policy takes passwords at the token endpoint. */
  readonly ropc: boolean
  /** Form of `iss`: `/{tenant id}/v2.0/`, the default, or `/tfp/{tenant id}/{policy}/v2.0/`. */
  readonly issuer?: 'tenant' | 'tfp'
  /** The claim that names the policy; default `tfp`. */
  readonly policyClaim?: 'tfp' | 'acr'
}

/** A local account. */
export interface B2cUser {
  /** An e-mail address or a name; there is no domain to look up. */
  readonly username: string
  readonly password: string
  readonly displayName: string
  readonly what: string
  readonly objectId: string
  readonly emails: readonly string[]
  /** `locked`, or the AADB2C number that the user is refused with. */
  readonly refusal?: 'locked' | number
}

export interface B2cApp {
  /** GUID in lower case. */
  readonly clientId: string
  readonly displayName: string
  /** A secret that B2C does not look at in this grant. */
  readonly secret?: string
  /** Default true; without it AADB2C90224. */
  readonly ropc?: boolean
  /** Default true; a custom policy refuses an app without it (AADB2C90057). */
  readonly implicitFlow?: boolean
}

export interface B2cApi {
  /** `aud` of its tokens. */
  readonly appId: string
  /** `https://{tenant}/{api}`: what stands in front of a scope's last slash. */
  readonly identifier: string
  readonly scopes: readonly string[]
}

export interface B2cDirectory {
  /** GUID in lower case. */
  readonly id: string
  /** Answered to beside the GUID and `{first label of the host}.onmicrosoft.com`. */
  readonly domain: string
  readonly policies: readonly B2cPolicy[]
  readonly users: readonly B2cUser[]
  readonly apps: readonly B2cApp[]
  readonly apis: readonly B2cApi[]
}

const demoPassword = 'B2c+Pass=w0rd'

/** Names are compared without case. `aadb2c90114@…` is on no list: a user whom B2C refuses with that number. */
export function findB2cUser({ users }: B2cDirectory, username: string): B2cUser | undefined {
  const name = username.toLowerCase()
  const listed = users.find((user) => user.username.toLowerCase() === name)
  const number = Number(/^aadb2c(\d+)@/.exec(name)?.[1])
  if (listed !== undefined || !hasB2cFault(number)) return listed
  return {
    username: name,
    password: demoPassword,
    displayName: name,
    what: `refused with AADB2C${number}`,
    objectId: `b2c00000-0000-4000-8000-${number.toString().padStart(12, '0')}`,
    emails: [name],
    refusal: number,
  }
}

/** Every call makes a new copy. */
export function demoB2cDirectory(): B2cDirectory {
  const user = (name: string, index: number, password: string, what: string): B2cUser => ({
    username: `${name}@customer.example`,
    password,
    displayName: `${name.slice(0, 1).toUpperCase()}${name.slice(1)} Customer`,
    what,
    objectId: `b2c00000-0000-4000-8000-${index.toString().padStart(12, '0')}`,
    emails: [`${name}@customer.example`],
  })
  const password = demoPassword
  return {
    id: 'e6f8a0b2-3c4d-4e5f-8a1b-2c3d4e5f6a03',
    domain: 'customers.contoso.example',
    policies: [
      { name: 'B2C_1_ROPC', ropc: true },
      { name: 'B2C_1A_ROPC_TFP', ropc: true, issuer: 'tfp', policyClaim: 'acr' },
      { name: 'B2C_1_SignIn', ropc: false },
    ],
    users: [
      user('carla', 1, password, 'signs in at Azure AD B2C'),
      { ...user('cleo', 2, password, 'account is locked'), refusal: 'locked' },
      user('cyril', 3, 'angle<bracket', 'has a password that B2C does not let through'),
    ],
    apps: [
      { clientId: '9d0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2a', displayName: 'Demo customer app' },
      {
        clientId: 'ad0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2b',
        displayName: 'Demo customer service',
        secret: 'n0t l00ked at',
      },
      { clientId: 'bd0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2c', displayName: 'Demo app without ROPC', ropc: false },
      {
        clientId: 'cd0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2d',
        displayName: 'Demo app without implicit flow',
        implicitFlow: false,
      },
    ],
    apis: [
      {
        appId: 'dd0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2e',
        identifier: 'https://customers.contoso.example/api',
        scopes: ['read', 'write'],
      },
    ],
  }
}
