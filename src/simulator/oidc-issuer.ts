/** How a server of this world departs from the common way. Every one of these has been met. */
export interface OidcQuirks {
  /** The reply does not say which scopes were granted. */
  readonly noScopeInReply?: boolean
  /** A wrong password is answered with 403 and nothing else. */
  readonly emptyRefusal?: boolean
  /** `aud` of the ID token is a list of one. */
  readonly audienceAsArray?: boolean
}

export interface OidcUser {
  readonly username: string
  readonly password: string
  readonly displayName: string
  readonly what: string
  /** `sub`, in which case matters. */
  readonly subject: string
}

export interface OidcClient {
  readonly clientId: string
  readonly displayName: string
  readonly secret?: string
  /** PEM, for `private_key_jwt`. */
  readonly certificates?: readonly string[]
  /** The one method it may use. `client_secret_basic_raw` takes the secret as it stands, against RFC 6749 §2.3.1. */
  readonly method: 'none' | 'client_secret_post' | 'client_secret_basic' | 'client_secret_basic_raw' | 'private_key_jwt'
}

/** An OpenID provider of no particular make that still has the password grant. */
export interface OidcIssuer {
  /** Path of the issuer: `/oidc`. */
  readonly path: string
  readonly users: readonly OidcUser[]
  readonly clients: readonly OidcClient[]
  readonly scopes: readonly string[]
  readonly quirks: OidcQuirks
}

/** Every call makes a new copy. */
export function demoOidcIssuer(): OidcIssuer {
  // Differs raw and encoded, and has the colon that separates the two halves of the header.
  const secret = 'p%3Aq:r+s/t u'
  return {
    path: '/oidc',
    users: [
      {
        username: 'olga',
        password: 'Oidc+Pass=w0rd&',
        displayName: 'Olga Example',
        what: 'signs in at an OpenID provider',
        subject: 'Ab-9_xY',
      },
    ],
    clients: [
      { clientId: 'demo-public', displayName: 'Demo public client', method: 'none' },
      { clientId: 'demo-post', displayName: 'Demo client, secret in the body', method: 'client_secret_post', secret },
      { clientId: 'demo-basic', displayName: 'Demo client, encoded secret', method: 'client_secret_basic', secret },
      { clientId: 'demo-raw', displayName: 'Demo client, raw secret', method: 'client_secret_basic_raw', secret },
    ],
    scopes: ['openid', 'profile', 'email', 'offline_access', 'read', 'write'],
    quirks: {},
  }
}
