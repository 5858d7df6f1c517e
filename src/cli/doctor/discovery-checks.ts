import type { Authority } from '../../protocol/authority.ts'
import { findCloud } from '../../protocol/clouds.ts'
import type { HttpResponse } from '../../protocol/http.ts'
import { findJsonObject } from '../../protocol/json.ts'
import type { ServerMetadata } from '../../protocol/server-metadata.ts'
import { unknownRealmHint } from '../../realm/upn.ts'
import type { FederatedRealm, UserRealm } from '../../realm/user-realm.ts'
import { exitCode } from '../exit-code.ts'
import { type Check, fail, failedBy, pass } from './check.ts'
import { describeAnswer } from './endpoint-answer.ts'

const kinds = {
  entra: 'Entra ID',
  adfs: 'AD FS',
  b2c: 'Azure AD B2C',
  ciam: 'Entra External ID',
  oidc: 'an OpenID provider',
} as const

export function describeAuthority({ kind, tenant, host }: Authority): Check {
  const cloud = findCloud(host)
  const place = cloud === undefined ? `${host}, in none of the known clouds` : `cloud ${cloud.cacheHost}`
  const named = tenant === '' || kind === 'adfs' ? '' : `; ${kind === 'b2c' ? 'policy' : 'tenant'} ${tenant}`
  return pass('authority', 'authority', `${kinds[kind]}; ${kind === 'entra' ? place : host}${named}`)
}

/** Shows the OpenID configuration: what the client reads of it was checked by its parser, the rest is listed. */
export function describeMetadata(metadata: ServerMetadata, response: HttpResponse): Check {
  const listed = Object.entries(findJsonObject(response) ?? {})
    .filter((entry): entry is [string, string] => /_endpoint$/.test(entry[0]) && typeof entry[1] === 'string')
    .map(([name, url]) => [name, name === 'token_endpoint' ? metadata.token_endpoint : url] as const)
    .slice(0, 20)
  return pass('metadata', 'OpenID configuration', "fits the authority's host", [
    pass('metadata.issuer', 'issuer', `${metadata.issuer}, as the authority's must be`),
    ...listed.map(([name, url]) => pass(`metadata.${name.slice(0, 60)}`, name, url)),
    ...(metadata.jwks_uri === undefined ? [] : [pass('metadata.jwks_uri', 'jwks_uri', metadata.jwks_uri)]),
  ])
}

/** The OpenID configuration could not be had. @param response What came in its place, if anything did. */
export function failedMetadata(error: unknown, response?: HttpResponse): Check {
  const check = failedBy(error, 'metadata', 'OpenID configuration', describeRefusal(response))
  const isOwnRefusal = response !== undefined && typeof findJsonObject(response)?.['error'] === 'string'
  return isOwnRefusal
    ? { ...check, hint: 'The authority itself refuses: check the tenant in --authority, and its cloud.' }
    : check
}

/** What an answer that led to an error says of itself: the OAuth error, or who sent the page. */
export function describeRefusal(response: HttpResponse | undefined): string {
  if (response === undefined) return ''
  const { error, error_description: description } = findJsonObject(response) ?? {}
  if (typeof error !== 'string') return describeAnswer(response)
  // What follows are ids and the time of this request, which meant to fail.
  const reason = typeof description === 'string' ? `: ${description.replace(/\s*Trace ID:.*/s, '').slice(0, 250)}` : ''
  return `${error.slice(0, 50)}${reason}`
}

/** Judges the account type: two of the four can sign in. */
export function judgeRealm(realm: UserRealm, username: string): Check {
  const [id, label, exit] = ['realm', 'user realm', exitCode.unsupported]
  switch (realm.accountType) {
    case 'managed':
      return pass(id, label, `managed${domainOf(realm.domainName)}: Entra checks the password`)
    case 'federated':
      return pass(
        id,
        label,
        `federated${domainOf(realm.domainName)}: a federation server checks the password`,
        describeFederation(realm),
      )
    case 'consumer': {
      const hint = 'This grant signs in work and school accounts only: use device code or authorization code with PKCE.'
      return fail(id, label, { detail: 'a personal Microsoft account', hint, exit })
    }
    case 'unknown':
      return fail(id, label, { detail: 'Entra does not know the domain', hint: unknownRealmHint(username), exit })
  }
}

function domainOf(name: string | undefined): string {
  return name === undefined ? '' : `, domain ${name}`
}

function describeFederation({
  federationProtocol,
  metadataUrl,
  activeAuthUrl,
  cloudAudience,
}: FederatedRealm): Check[] {
  return [
    pass('realm.protocol', 'protocol', federationProtocol ?? 'not said'),
    pass('realm.metadata', 'metadata (MEX)', metadataUrl ?? 'none: the endpoint on file is used'),
    pass('realm.active', 'endpoint on file', activeAuthUrl ?? 'none: without its metadata the server cannot be used'),
    pass('realm.audience', 'audience', cloudAudience),
  ]
}
