import { InvalidArgumentError, type Step } from '../errors.ts'
import { encodeBase64Url } from './base64url.ts'
import type { ClientCredentials } from './client-authentication.ts'
import { checkExtraBodyParameters, checkExtraHeaders, checkExtraQueryParameters } from './extra-parameters.ts'
import { type Grant, grantTypes } from './grants.ts'
import { createRequest, encodeForm, type FormValue, type HttpRequest } from './http.ts'
import { productHeaders } from './product.ts'
import { scopesToSend } from './scopes.ts'
import { Secret } from './secret.ts'
import type { ServerMetadata } from './server-metadata.ts'

export interface TokenRequest {
  readonly metadata: Pick<ServerMetadata, 'token_endpoint'>
  readonly clientId: string
  readonly grant: Grant
  /** The caller's scopes. */
  readonly scopes: readonly string[]
  /** Whether `openid profile` and `offline_access` are added. Default true; false sends the scopes as they are, or none. */
  readonly openIdScopes?: boolean
  /** Whether to ask for a refresh token; counts only where OpenID scopes are added. Default true. */
  readonly offlineAccess?: boolean
  /** A claims request or challenge, as the text of a JSON object (OpenID Connect Core §5.5). */
  readonly claims?: string
  /** `uid.utid` of the user whose refresh token this is: lets Entra route the request. */
  readonly homeAccountId?: string
  /** Whether to ask for `client_info` and to send Entra's routing hint. Default true; both mean nothing elsewhere. */
  readonly clientInfo?: boolean
  /** What proves a confidential client: the result of its `ClientAuthentication`. */
  readonly clientCredentials?: ClientCredentials
  /** Relying party for an AD FS that reads no scopes ([MS-OAPX] §2.2.2). */
  readonly resource?: string
  /** B2C wants `token id_token`. */
  readonly responseType?: string
  /** More fields; printed redacted unless the name is known to carry no secret. Nothing that the protocol owns. */
  readonly extraBodyParameters?: Readonly<Record<string, string>>
  /** More of the query. URLs end up in logs: no secret belongs here. */
  readonly extraQueryParameters?: Readonly<Record<string, string>>
  /** More headers; printed redacted. */
  readonly extraHeaders?: Readonly<Record<string, string>>
}

/**
 * Builds a token request: password, SAML bearer, refresh_token or device_code grant.
 *
 * Pure: the same arguments give the same bytes. A SAML assertion is sent as base64url of its UTF-8 bytes without
 * padding, and the password that obtained it is not sent along.
 *
 * @returns `POST {token_endpoint}` with a form body; printed, its secrets are redacted.
 * @throws {@link InvalidArgumentError} if `claims` is not the text of a JSON object, or an extra parameter or header is
 *   one that the protocol owns, or cannot be sent.
 * @see RFC 6749 §4.3.2 and §6, RFC 7522 §2.1, RFC 8628 §3.4
 */
export function buildTokenRequest(request: TokenRequest, correlationId: string): HttpRequest {
  const { grant, responseType, clientInfo = true } = request
  // A response_type is asked of B2C only, which has no mailboxes to route to.
  const anchor = clientInfo && responseType === undefined ? anchorMailbox(grant, request.homeAccountId) : undefined
  return buildClientRequest(
    {
      step: 'token',
      url: request.metadata.token_endpoint,
      fields: grantFields(grant),
      headers: anchor === undefined ? {} : { 'x-anchormailbox': anchor },
      // The assertion is sent encoded; an answer may repeat it as it was.
      secrets: grant.type === 'saml' ? [grant.assertion.xml] : [],
    },
    { ...request, clientInfo },
    correlationId,
  )
}

/** Where a request of the client goes, and what is its own. */
export interface ClientRequestTarget {
  readonly step: Step
  readonly url: string
  readonly fields: readonly (readonly [string, FormValue])[]
  readonly headers: Readonly<Record<string, string>>
  readonly secrets: readonly Secret[]
}

/** Builds what the client sends to an endpoint of the server: who it is, for which scopes, and what the caller adds. */
export function buildClientRequest(
  target: ClientRequestTarget,
  request: Omit<TokenRequest, 'grant' | 'metadata'>,
  correlationId: string,
): HttpRequest {
  const { claims, clientCredentials = {}, resource, responseType, clientInfo } = request
  const scope = (
    request.openIdScopes === false ? request.scopes : scopesToSend(request.scopes, request.offlineAccess ?? true)
  ).join(' ')
  const fields: (readonly [string, FormValue])[] = clientCredentials.omitClientId
    ? []
    : [['client_id', request.clientId]]
  fields.push(...target.fields)
  if (scope !== '') fields.push(['scope', scope])
  if (clientInfo) fields.push(['client_info', '1'])
  if (resource !== undefined) fields.push(['resource', resource])
  if (responseType !== undefined) fields.push(['response_type', responseType])
  if (claims !== undefined) fields.push(['claims', checkClaims(claims)])
  fields.push(...(clientCredentials.fields ?? []), ...checkExtraBodyParameters(request.extraBodyParameters))
  const { body, printableBody, secrets } = encodeForm(fields)
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded;charset=utf-8',
    ...productHeaders(correlationId),
    ...target.headers,
  }
  const { authorization } = clientCredentials
  const added: Record<string, Secret> = {
    ...checkExtraHeaders(request.extraHeaders),
    ...(authorization === undefined ? {} : { authorization }),
  }
  return createRequest({
    step: target.step,
    method: 'POST',
    ...addQuery(target.url, checkExtraQueryParameters(request.extraQueryParameters)),
    headers: { ...headers, ...mapValues(added, (value) => value.reveal()) },
    printableHeaders: { ...headers, ...mapValues(added, String) },
    body,
    printableBody,
    secrets: [...secrets, ...target.secrets, ...Object.values(added), ...(clientCredentials.secrets ?? [])],
  })
}

/** Checks a `claims` argument. @throws {@link InvalidArgumentError} if it is not the text of a JSON object. */
export function checkClaims(claims: string): string {
  let value: unknown
  try {
    value = JSON.parse(claims)
  } catch {
    value = undefined
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return claims
  throw new InvalidArgumentError('claims is not the text of a JSON object', {
    step: 'token',
    hint: 'Pass the claims member of the error or of the WWW-Authenticate challenge, base64-decoded.',
  })
}

// A metadata's token endpoint may have a query of its own (B2C: "?p={policy}"), which stays as it is.
function addQuery(
  url: string,
  parameters: readonly (readonly [string, FormValue])[],
): { url: string; printableUrl: string } {
  const { body, printableBody } = encodeForm(parameters)
  const separator = parameters.length === 0 ? '' : url.includes('?') ? '&' : '?'
  return { url: `${url}${separator}${body}`, printableUrl: `${url}${separator}${printableBody}` }
}

function mapValues<T>(values: Readonly<Record<string, T>>, map: (value: T) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]))
}

function grantFields(grant: Grant): (readonly [string, FormValue])[] {
  switch (grant.type) {
    case 'password':
      return [
        ['grant_type', grantTypes.password],
        ['username', grant.username],
        ['password', grant.password],
      ]
    case 'saml':
      return [
        ['grant_type', grant.assertion.version === '1.1' ? grantTypes.saml11 : grantTypes.saml20],
        ['assertion', new Secret(encodeBase64Url(grant.assertion.xml.reveal()))],
      ]
    case 'refresh_token':
      return [
        ['grant_type', grantTypes.refreshToken],
        ['refresh_token', grant.refreshToken],
      ]
    case 'device_code':
      return [
        ['grant_type', grantTypes.deviceCode],
        ['device_code', grant.deviceCode],
      ]
  }
}

// Entra routes by this header to the cluster that holds the user's mailbox region. A name that is not printable ASCII
// cannot be an HTTP header value: the header is left out, and the request still works.
function anchorMailbox(grant: Grant, homeAccountId: string | undefined): string | undefined {
  const [uid, utid] = homeAccountId?.split('.') ?? []
  const value =
    grant.type === 'password'
      ? `UPN:${grant.username}`
      : uid !== undefined && utid !== undefined
        ? `Oid:${uid}@${utid}`
        : undefined
  return value !== undefined && /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(value) ? value : undefined
}
