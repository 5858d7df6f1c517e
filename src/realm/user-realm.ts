import { ProtocolError } from '../errors.ts'
import type { Authority } from '../protocol/authority.ts'
import { createRequest, type HttpRequest, type HttpResponse } from '../protocol/http.ts'
import { findString, type JsonObject, parseJsonObject, readString } from '../protocol/json.ts'
import { productHeaders } from '../protocol/product.ts'
import { checkUsername } from './upn.ts'

/** Entra holds the password (or its hash, or asks an agent): the password goes to the token endpoint. */
export interface ManagedRealm {
  readonly accountType: 'managed'
  readonly domainName?: string
}

/** A federation server holds the password: it goes there, and the assertion that comes back to the token endpoint. */
export interface FederatedRealm {
  readonly accountType: 'federated'
  readonly domainName?: string
  /** `WSTrust` or `SAML20`, as the server says it. */
  readonly federationProtocol?: string
  /** https URL of the WS-MetadataExchange document. */
  readonly metadataUrl?: string
  /** https URL of the username endpoint Entra has on file; stands in when the document cannot be had. */
  readonly activeAuthUrl?: string
  /** What the assertion is for (`wsp:AppliesTo`); differs between clouds. */
  readonly cloudAudience: string
}

/** A personal Microsoft account: this grant cannot sign it in. */
export interface ConsumerRealm {
  readonly accountType: 'consumer'
  readonly domainName: string
}

/** Entra does not know the domain. */
export interface UnknownRealm {
  readonly accountType: 'unknown'
}

/** How a user's domain signs in. */
export type UserRealm = ManagedRealm | FederatedRealm | ConsumerRealm | UnknownRealm

const step = 'realm'

/** The audience of the worldwide cloud, which some answers leave out. */
const defaultCloudAudience = 'urn:federation:MicrosoftOnline'

/**
 * Builds the user-realm request (api-version 1.0). The name is one percent-encoded path segment, so the `#` of a guest
 * name cannot end the path. No password is involved.
 *
 * @throws InvalidArgumentError if the name is empty, too long or cannot be a path segment.
 */
export function buildUserRealmRequest(authority: Authority, username: string, correlationId: string): HttpRequest {
  const segment = encodeURIComponent(checkUsername(username))
  return createRequest({
    step,
    method: 'GET',
    url: `https://${authority.host}/common/userrealm/${segment}?api-version=1.0`,
    headers: { accept: 'application/json', ...productHeaders(correlationId) },
  })
}

/**
 * Reads a user-realm answer.
 *
 * @throws {@link ProtocolError} if a member has the wrong type, the account type is none of the documented ones, a
 *   federated answer names no address, or an address is not https. An odd answer is never taken for "managed": that
 *   would send the password to another party.
 */
export function parseUserRealm(response: HttpResponse): UserRealm {
  const json = parseJsonObject(response, step, 'the user-realm answer')
  const domainName = findString(json, 'domain_name', step)
  const known = domainName === undefined ? {} : { domainName }
  if (domainName?.toLowerCase() === 'live.com') return { accountType: 'consumer', domainName }
  const accountType = readString(json, 'account_type', step).toLowerCase()
  if (accountType === 'managed') return { accountType, ...known }
  if (accountType === 'unknown') return { accountType }
  if (accountType === 'federated') return { accountType, ...known, ...federation(json) }
  throw new ProtocolError('ERR_MALFORMED_RESPONSE', 'the account type is none of Managed, Federated and Unknown', {
    step,
    hint: 'The answer does not have the documented shape: check what answers at this host.',
  })
}

function federation(json: JsonObject): Omit<FederatedRealm, 'accountType' | 'domainName'> {
  const protocol = findString(json, 'federation_protocol', step)
  const metadataUrl = findHttpsUrl(json, 'federation_metadata_url')
  const activeAuthUrl = findHttpsUrl(json, 'federation_active_auth_url')
  if (metadataUrl === undefined && activeAuthUrl === undefined) {
    throw new ProtocolError('ERR_MISSING_FIELD', 'the user is federated, but the answer names no federation server', {
      step,
      hint: 'The federation settings of the domain lack an active endpoint: an administrator must add one in Entra.',
    })
  }
  return {
    ...(protocol === undefined ? {} : { federationProtocol: protocol }),
    ...(metadataUrl === undefined ? {} : { metadataUrl }),
    ...(activeAuthUrl === undefined ? {} : { activeAuthUrl }),
    cloudAudience: findString(json, 'cloud_audience_urn', step)?.trim() || defaultCloudAudience,
  }
}

function findHttpsUrl(json: JsonObject, name: string): string | undefined {
  const text = findString(json, name, step)?.trim()
  if (text === undefined || text === '') return undefined
  if (/^https:\/\/[^/\\\s]/i.test(text) && URL.canParse(text)) return text
  throw new ProtocolError('ERR_INSECURE_ENDPOINT', `${name} is not an https URL`, {
    step,
    hint: 'A password is sent over https only: the federation settings of the domain must name https addresses.',
  })
}
