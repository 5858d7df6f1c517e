import {
  type AuthError,
  type AuthErrorDetails,
  DeniedError,
  InteractionRequiredError,
  oneLine,
  ProtocolError,
  type ResponseFacts,
  type Step,
  TokenEndpointError,
  type TokenErrorFacts,
  type WayOut,
} from '../errors.ts'
import { aadb2cHint } from './aadb2c.ts'
import { aadstsHint, oauthErrorHint } from './aadsts.ts'
import { type ClientInfo, parseClientInfo } from './client-info.ts'
import { type HttpResponse, responseFacts } from './http.ts'
import {
  findJsonObject,
  findString,
  type JsonObject,
  missingField,
  parseJsonObject,
  readString,
  unexpectedStatus,
} from './json.ts'
import { msisHint } from './msis.ts'
import { Secret } from './secret.ts'
import { lookInAdfs, lookInEntra, lookInServer } from './where-to-look.ts'

/** A successful token response (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3), checked and in our names. */
export interface TokenResponse {
  /** Always there, unless the caller let B2C leave it out: `accessTokenOptional`. */
  readonly accessToken?: Secret
  readonly tokenType: 'Bearer'
  /** Granted scopes; the requested ones when the answer names none (RFC 6749 §5.1). */
  readonly scopes: readonly string[]
  /** 1 second to 7 days; 600 when the answer gives no lifetime. */
  readonly expiresInSeconds: number
  /** After this many seconds the token should be renewed though still valid. */
  readonly refreshInSeconds?: number
  readonly extendedExpiresInSeconds?: number
  readonly refreshToken?: Secret
  readonly idToken?: Secret
  /** How long the refresh token lives unless it is used; AD FS says it. */
  readonly refreshTokenExpiresInSeconds?: number
  readonly clientInfo?: ClientInfo
}

const step = 'token'
const week = 7 * 86_400

/** A token response that has its access token, as RFC 6749 §5.1 wants. */
export type CompleteTokenResponse = TokenResponse & { readonly accessToken: Secret }

export interface TokenResponseOptions {
  /**
   * Whether an answer with an id_token and no access token will do. B2C gives that when no scope of an API is asked
   * for; at any other server it is a defect. Default false.
   */
  readonly accessTokenOptional?: boolean
}

/**
 * Reads the token endpoint's answer.
 *
 * @param requestedScopes What was asked for; stands in when the answer has no `scope`.
 * @throws {@link InteractionRequiredError} when the server asks for something that this grant cannot give (`error` is
 *   `interaction_required` and its kin, or a `suberror` says so).
 * @throws {@link TokenEndpointError} for any other OAuth error, whatever the status.
 * @throws {@link DeniedError} `ERR_TOKEN_ENDPOINT` for status 400, 401 or 403 with an empty body or a JSON object
 *   without `error`: some servers refuse without saying why.
 * @throws {@link ProtocolError} when the answer is none of these.
 */
export function parseTokenResponse(response: HttpResponse, requestedScopes: readonly string[]): CompleteTokenResponse
export function parseTokenResponse(
  response: HttpResponse,
  requestedScopes: readonly string[],
  options: TokenResponseOptions,
): TokenResponse
export function parseTokenResponse(
  response: HttpResponse,
  requestedScopes: readonly string[],
  { accessTokenOptional = false }: TokenResponseOptions = {},
): TokenResponse {
  const answer = findJsonObject(response)
  if (answer !== undefined && Object.hasOwn(answer, 'error')) throw parseTokenError(answer, response)
  if (response.status !== 200) throw refusalWithoutError(answer, response)
  const json = parseJsonObject(response, step, 'the token response')
  const idToken = findString(json, 'id_token', step, 65_536)
  const accessToken =
    accessTokenOptional && idToken ? findString(json, 'access_token', step, 65_536) : readAccessToken(json)
  if (accessToken) checkTokenType(json)
  const scope = findString(json, 'scope', step, 65_536)
  const granted = (scope ?? '').split(' ').filter((part) => part !== '')
  const refreshToken = findString(json, 'refresh_token', step, 65_536)
  const clientInfo = parseClientInfo(findString(json, 'client_info', step, 65_536))
  const refreshTokenExpiresInSeconds = findAdvisorySeconds(json, 'refresh_token_expires_in')
  const refreshInSeconds = findAdvisorySeconds(json, 'refresh_in')
  const extendedExpiresInSeconds = findAdvisorySeconds(json, 'ext_expires_in')
  return {
    ...(accessToken ? { accessToken: new Secret(checkToken('access_token', accessToken)) } : {}),
    tokenType: 'Bearer',
    scopes: granted.length > 0 ? granted : requestedScopes,
    expiresInSeconds: findSeconds(json, 'expires_in') ?? 600,
    ...(refreshTokenExpiresInSeconds === undefined ? {} : { refreshTokenExpiresInSeconds }),
    ...(refreshInSeconds === undefined ? {} : { refreshInSeconds }),
    ...(extendedExpiresInSeconds === undefined ? {} : { extendedExpiresInSeconds }),
    ...(refreshToken ? { refreshToken: new Secret(checkToken('refresh_token', refreshToken)) } : {}),
    ...(idToken ? { idToken: new Secret(idToken) } : {}),
    ...(clientInfo === undefined ? {} : { clientInfo }),
  }
}

function readAccessToken(json: JsonObject): string {
  return readString(json, 'access_token', step, 65_536)
}

function checkTokenType(json: JsonObject): void {
  const tokenType = findString(json, 'token_type', step)
  if (tokenType === undefined) throw missingField('token_type', step)
  if (tokenType.toLowerCase() === 'bearer') return
  throw new ProtocolError('ERR_UNSUPPORTED_TOKEN_TYPE', 'the token is not a bearer token', {
    step,
    hint: 'Turn off proof-of-possession for this client at the server.',
  })
}

// Glewlwyd refuses a password with 403 and a client with 400, both without a word; oauth2-mock-server answers problem
// details (RFC 9457). A page, or any other text, is no token endpoint's.
function refusalWithoutError(json: JsonObject | undefined, response: HttpResponse): AuthError {
  const { status, body } = response
  const plain = json !== undefined || body.trim() === ''
  if (!plain || ![400, 401, 403].includes(status)) return unexpectedStatus(response, step, 'the token response')
  const text = [json?.['detail'], json?.['title']].find((value) => typeof value === 'string' && value !== '')
  return new DeniedError(
    'ERR_TOKEN_ENDPOINT',
    `the token endpoint refused with HTTP status ${status} and no OAuth error${text === undefined ? '' : `: ${text}`}`,
    {
      step,
      hint:
        status === 401
          ? 'The client must authenticate, or did so wrongly: check the registration of the client.'
          : 'User name, password, client or scope was refused: only the log of the server says which.',
      ...whereToLook(responseFacts(response), response, undefined),
      response: responseFacts(response),
    },
  )
}

// RFC 6749 appendix A.12 and A.17. Anything else would break the header that the token is meant for, or the terminal it
// is shown on.
function checkToken(name: string, token: string): string {
  if (/^[\x20-\x7e]+$/.test(token)) return token
  throw new ProtocolError('ERR_MALFORMED_RESPONSE', `the ${name} holds a character that no token may hold`, {
    step,
    hint: 'Something between here and the server changes its answers.',
  })
}

// Lifetimes come as numbers, or as digits in a string (v1 endpoint, B2C, some AD FS). Number() would take null, [5]
// and "0x10" for numbers too.
function findSeconds(json: JsonObject, name: string): number | undefined {
  const value = json[name]
  if (value === undefined || value === null) return undefined
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 1) {
    throw new ProtocolError('ERR_MALFORMED_RESPONSE', `${name} is not a positive whole number of seconds`, {
      step,
      hint: 'The server states an impossible lifetime for the token: nothing was kept.',
    })
  }
  return Math.min(seconds, week)
}

// Advice about a token that is good without it: what cannot be read is taken for absent.
function findAdvisorySeconds(json: JsonObject, name: string): number | undefined {
  try {
    return findSeconds(json, name)
  } catch {
    return undefined
  }
}

const interactionErrors = new Set(['interaction_required', 'consent_required', 'login_required'])
const interactionSuberrors = new Set([
  'basic_action',
  'additional_action',
  'message_only',
  'consent_required',
  'user_password_expired',
])

/**
 * Reads an OAuth error (RFC 6749 §5.2) with Entra's additions.
 *
 * @param what The endpoint that answered, which need not be the token endpoint.
 */
export function parseTokenError(
  json: JsonObject,
  response: HttpResponse,
  place?: { readonly step: Step; readonly what: string },
): AuthError {
  const { message, facts, details } = readTokenError(json, response, place)
  const { error, suberror } = facts
  // Entra documents error and suberror for programs, and AADSTS numbers for people only: the class follows the former.
  const interaction = interactionErrors.has(error) || interactionSuberrors.has(suberror ?? '') || facts.claims
  return interaction
    ? new InteractionRequiredError(
        suberror || error,
        message,
        { ...details, waysOut: waysOut(suberror || error) },
        facts,
      )
    : new TokenEndpointError(message, facts, details)
}

/** What an OAuth error says, before it is known what it means to the caller. */
export function readTokenError(
  json: JsonObject,
  response: HttpResponse,
  { step, what }: { readonly step: Step; readonly what: string } = { step: 'token', what: 'the token endpoint' },
): { readonly message: string; readonly facts: TokenErrorFacts; readonly details: AuthErrorDetails } {
  const error = readString(json, 'error', step, 256)
  const errorDescription = findString(json, 'error_description', step, 16_384)
  const suberror = findString(json, 'suberror', step, 256)
  const claims = findString(json, 'claims', step, 65_536)
  const serverCode = /\b(AADB2C|MSIS)\d{4,6}\b/.exec(errorDescription?.slice(0, 2_000) ?? '')?.[0]
  const facts: TokenErrorFacts = {
    error,
    errorCodes: readErrorCodes(json, errorDescription),
    ...(serverCode === undefined ? {} : { serverCode }),
    ...(errorDescription ? { errorDescription } : {}),
    ...(suberror ? { suberror } : {}),
    ...(claims ? { claims } : {}),
  }
  const about = errorFacts(json, response)
  const hint = aadstsHint(facts.errorCodes) ?? aadb2cHint(serverCode) ?? msisHint(serverCode) ?? oauthErrorHint(error)
  const details = {
    step,
    response: about,
    hint,
    ...whereToLook(about, response, serverCode),
  } as const
  // The description's first sentence is enough for a message; ids and times are in the other members.
  const message = `${what} answered ${error}${errorDescription ? `: ${errorDescription.split(/ ?\r?\n| {2}| Trace ID:/)[0]}` : ''}`
  return { message, facts, details }
}

/** Entra repeats in its error body what the headers say, and the client's id as it understood it. */
function errorFacts(json: JsonObject, response: HttpResponse): ResponseFacts {
  const said = (name: string): string | undefined => {
    const value = json[name]
    return typeof value === 'string' && value !== '' ? oneLine(value, 100) : undefined
  }
  const correlationId = said('correlation_id')
  const traceId = said('trace_id')
  const timestamp = said('timestamp')
  return {
    ...responseFacts(response),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(traceId === undefined ? {} : { traceId }),
    ...(timestamp === undefined ? {} : { timestamp }),
  }
}

function whereToLook(
  about: ResponseFacts,
  { headers }: HttpResponse,
  serverCode: string | undefined,
): { readonly whereToLook?: string } {
  const isEntra = about.traceId !== undefined || headers['x-ms-ests-server'] !== undefined
  const text = serverCode?.startsWith('MSIS') ? lookInAdfs(about) : isEntra ? lookInEntra(about) : lookInServer(about)
  return text === undefined ? {} : { whereToLook: text }
}

/** What can go where this grant cannot, by the word that says what is missing. */
function waysOut(reason: string): readonly WayOut[] {
  switch (reason) {
    // A policy decided: a browser on another device or network may pass, a program needs an identity of its own.
    case 'message_only':
    case 'additional_action':
      return ['interactive', 'workload_federation', 'managed_identity']
    case 'consent_required':
    case 'user_password_expired':
      return ['interactive', 'device_code']
    default:
      return ['device_code', 'interactive', 'workload_federation', 'managed_identity']
  }
}

function readErrorCodes(json: JsonObject, description: string | undefined): readonly number[] {
  const listed = Array.isArray(json['error_codes']) ? (json['error_codes'] as unknown[]).slice(0, 20) : []
  const codes = listed.map(Number).filter((code) => Number.isSafeInteger(code) && code > 0)
  const named = [...(description ?? '').slice(0, 2_000).matchAll(/\bAADSTS(\d{4,9})\b/g)].map((match) =>
    Number(match[1]),
  )
  return [...new Set([...codes, ...named])]
}
