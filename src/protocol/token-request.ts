import { InvalidArgumentError } from '../errors.ts'
import { encodeBase64Url } from './base64url.ts'
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
  /** The caller's scopes; `openid profile` and `offline_access` are added here. */
  readonly scopes: readonly string[]
  /** Whether to ask for a refresh token. Default true. */
  readonly offlineAccess?: boolean
  /** A claims request or challenge, as the text of a JSON object (OpenID Connect Core §5.5). */
  readonly claims?: string
  /** `uid.utid` of the user whose refresh token this is: lets Entra route the request. */
  readonly homeAccountId?: string
}

/**
 * Builds a token request: password, SAML bearer or refresh_token grant.
 *
 * Pure: the same arguments give the same bytes. A SAML assertion is sent as base64url of its UTF-8 bytes without
 * padding, and the password that obtained it is not sent along.
 *
 * @returns `POST {token_endpoint}` with a form body; printed, its secrets are redacted.
 * @throws {@link InvalidArgumentError} if `claims` is not the text of a JSON object.
 * @see RFC 6749 §4.3.2 and §6, RFC 7522 §2.1
 */
export function buildTokenRequest(request: TokenRequest, correlationId: string): HttpRequest {
  const { grant } = request
  const fields: (readonly [string, FormValue])[] = [
    ['client_id', request.clientId],
    ...grantFields(grant),
    ['scope', scopesToSend(request.scopes, request.offlineAccess ?? true).join(' ')],
    ['client_info', '1'],
  ]
  if (request.claims !== undefined) fields.push(['claims', checkClaims(request.claims)])
  const anchor = anchorMailbox(grant, request.homeAccountId)
  return createRequest({
    step: 'token',
    method: 'POST',
    url: request.metadata.token_endpoint,
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded;charset=utf-8',
      ...productHeaders(correlationId),
      ...(anchor === undefined ? {} : { 'x-anchormailbox': anchor }),
    },
    ...withAssertion(encodeForm(fields), grant),
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

// The assertion is sent encoded; an answer may repeat it as it was.
function withAssertion(form: ReturnType<typeof encodeForm>, grant: Grant): ReturnType<typeof encodeForm> {
  return grant.type === 'saml' ? { ...form, secrets: [...form.secrets, grant.assertion.xml] } : form
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
