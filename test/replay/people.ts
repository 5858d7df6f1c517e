// Who signs in, with what and for what, in the simulator's world.

export type Side = 'entra' | 'adfs' | 'b2c' | 'ciam' | 'oidc'

export interface User {
  readonly username: string
  readonly password: string
}

/** A user whose password Entra keeps; some are named after how they are refused. */
export function managed(name: string): User {
  return { username: `${name}@contoso.example`, password: 'Pa$$w0rd+&=é' }
}

/** A user whose password the AD FS farm keeps. */
export function federated(name: string): User {
  return { username: `${name}@fed.contoso.example`, password: `S3cret+&=<>%"'` }
}

export function customer(name: string): User {
  return { username: `${name}@customer.example`, password: 'B2c+Pass=w0rd' }
}

export const ada: User = managed('ada')
export const fred: User = federated('fred')
export const grace: User = { username: 'grace@fabrikam.example', password: 'Pa$$w0rd+&=é' }
export const dora: User = { username: 'dora@mail.example', password: 'Ci4m+Pass=w0rd' }
export const olga: User = { username: 'olga', password: 'Oidc+Pass=w0rd&' }

export function wrong(user: User): User {
  return { ...user, password: 'not the password' }
}

/** The public client of each side. */
export const apps: Readonly<Record<Side, string>> = {
  entra: '0f1e2d3c-4b5a-4678-8796-a5b4c3d2e1f0',
  adfs: '6a7b8c9d-0e1f-4a2b-8c3d-4e5f6a7b8c9d',
  b2c: '9d0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2a',
  ciam: 'ed0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2f',
  oidc: 'demo-public',
}

/** What is asked for at each side. */
export const scopes: Readonly<Record<Side, readonly string[]>> = {
  entra: ['User.Read'],
  adfs: ['openid', 'https://api.contoso.example/openid'],
  b2c: ['https://customers.contoso.example/api/read'],
  ciam: ['User.Read'],
  oidc: ['openid', 'profile', 'read'],
}
