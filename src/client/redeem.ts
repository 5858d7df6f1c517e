import { type Account, accountFromTokenResponse } from '../cache/account.ts'
import type { RefreshTokenEntity, SealedEntity, StoredEntity } from '../cache/entities.ts'
import { entityKey } from '../cache/keys.ts'
import { savingChange } from '../cache/partition.ts'
import type { CredentialStore, PartitionChange } from '../cache/store.ts'
import { isAuthError, ProtocolError } from '../errors.ts'
import type { AuthorityKind } from '../protocol/authority.ts'
import { mergeClaims } from '../protocol/claims.ts'
import { type Grant, grantTypes } from '../protocol/grants.ts'
import type { HttpRequest, HttpResponse } from '../protocol/http.ts'
import { decodeIdToken, type IdTokenClaims } from '../protocol/id-token.ts'
import { canonicalScopes } from '../protocol/scopes.ts'
import { Secret } from '../protocol/secret.ts'
import type { ServerMetadata } from '../protocol/server-metadata.ts'
import { type EpochSeconds, toDate } from '../protocol/time.ts'
import { buildTokenRequest, type TokenRequest } from '../protocol/token-request.ts'
import type { TokenResponse } from '../protocol/token-response.ts'
import type { Verdict } from '../protocol/verdict.ts'
import { boundedStore } from './bounded-store.ts'
import type { Call } from './call.ts'
import { type Description, emitParse, exchange } from './exchange.ts'
import { addCallContext } from './refusal-context.ts'
import { checkThrottled, noteThrottled, throttleKey } from './throttling.ts'
import { createTokenResult, type TokenResult } from './token-result.ts'
import { describeIdToken, idTokenExpectations } from './verify-id-token.ts'

type Entity = Exclude<StoredEntity, SealedEntity>

/** What is known of a sign-in before the server says who it was. */
export interface SignIn {
  readonly metadata: ServerMetadata
  readonly scopes: readonly string[]
  /** The name that was signed in with; with a device code the client does not learn it. */
  readonly username?: string
  /** Who must have signed in, where that is not certain already. */
  readonly expectedUsername?: string
  /** Relying party for an AD FS that reads no scopes (MS-OAPX `resource`). */
  readonly resource?: string
  /** What is refreshed: the answer must be for the same user, and is kept only while the user is signed in. */
  readonly refreshed?: { readonly account: Account; readonly refreshToken: RefreshTokenEntity }
}

export interface Redemption extends SignIn {
  readonly username: string
}

/** The second half of the line, shared by password and refresh: token, id_token, account, cache. */
export async function redeem(
  call: Call,
  store: CredentialStore,
  request: HttpRequest,
  redemption: Redemption,
  how: Pick<TokenResult, 'source' | 'path' | 'passwordSentTo'>,
): Promise<TokenResult> {
  const { scopes } = redemption
  // With it come the servers' codes and what they mean, which a call that needs no token can do without.
  const { parseTokenResponse } = await import('../protocol/token-response.ts')
  // Again: another call for the same may have been told to wait since this one began.
  checkThrottled(call.throttling, keyOf(call, redemption), call)
  // Read before the request: a token lives from the moment the server made it, not from when its answer arrived.
  const at = call.now()
  const accessTokenOptional = call.authority.kind === 'b2c'
  const read = (response: HttpResponse): TokenResponse => {
    try {
      return parseTokenResponse(response, scopes, { accessTokenOptional })
    } catch (error) {
      if (!isAuthError(error)) throw error
      addCallContext(call, redemption, error)
      throw noteThrottled(call.throttling, keyOf(call, redemption), call, response, error)
    }
  }
  const tokens = await exchange(call, request, read, describeTokens)
  return keepTokens(call, store, tokens, at, redemption, how)
}

/**
 * What follows on tokens, whatever was presented for them: id_token, account, cache.
 *
 * @param at When they were asked for.
 */
export async function keepTokens(
  call: Call,
  store: CredentialStore,
  tokens: TokenResponse,
  at: EpochSeconds,
  signIn: SignIn,
  how: Pick<TokenResult, 'source' | 'path' | 'passwordSentTo'>,
): Promise<TokenResult> {
  const { metadata, username, expectedUsername, refreshed } = signIn
  const idTokenClaims = readIdToken(call, tokens, metadata, at)
  const shownName = username ?? idTokenClaims?.sub ?? ''
  const named = accountFromTokenResponse(tokens.clientInfo, idTokenClaims, call.authority, shownName)
  if (expectedUsername !== undefined) checkExpected(expectedUsername, named, idTokenClaims)
  const account =
    refreshed === undefined ? (named ?? accountByName(call, username)) : renewed(refreshed.account, named, tokens)
  if (tokens.accessToken === undefined) {
    call.warn('NO_ACCESS_TOKEN', 'the answer has no access token: ask for the scope of an API')
  }
  if (account === undefined) call.warn('NO_ACCOUNT', 'the answer names no user: nothing is cached')
  else await save(call, store, toEntities(call, tokens, account, { at, ...signIn }), account, signIn)
  const result = createTokenResult({
    accessToken: tokens.accessToken?.reveal() ?? '',
    tokenType: tokens.tokenType,
    scopes: tokens.scopes,
    expiresOn: toDate(at + tokens.expiresInSeconds),
    ...(tokens.refreshInSeconds === undefined ? {} : { refreshOn: toDate(at + tokens.refreshInSeconds) }),
    ...(tokens.idToken === undefined ? {} : { idToken: tokens.idToken.reveal() }),
    ...(idTokenClaims === undefined ? {} : { idTokenClaims }),
    ...(account === undefined ? {} : { account }),
    correlationId: call.correlationId,
    ...how,
  })
  call.emit({ type: 'token', source: result.source, scopes: result.scopes, expiresOn: result.expiresOn })
  return result
}

/** What came, without what it is. */
export function describeTokens(tokens: TokenResponse): Description {
  const { tokenType, scopes, expiresInSeconds, refreshInSeconds, extendedExpiresInSeconds, clientInfo } = tokens
  return {
    what: 'token response',
    facts: {
      token_type: tokenType,
      scope: scopes,
      expires_in: expiresInSeconds,
      refresh_in: refreshInSeconds,
      ext_expires_in: extendedExpiresInSeconds,
      access_token: tokens.accessToken !== undefined,
      refresh_token: tokens.refreshToken !== undefined,
      id_token: tokens.idToken !== undefined,
      client_info: clientInfo !== undefined,
    },
  }
}

function keyOf(call: Call, { metadata, username, scopes, refreshed }: Redemption): string {
  return throttleKey(call, metadata.token_endpoint, refreshed?.account.homeAccountId ?? username, scopes)
}

/**
 * Makes ready for the token request: proves the client and checks everything but the grant. What is wrong with a key, a
 * certificate or an extra parameter shows here, before a user's password goes anywhere.
 *
 * What the kinds of servers want of the same message: Entra and its siblings answer client_info, B2C insists on a
 * response_type, AD FS may want a resource.
 */
export async function prepareTokenRequest(call: Call, redemption: Redemption): Promise<(grant: Grant) => HttpRequest> {
  checkThrottled(call.throttling, keyOf(call, redemption), call)
  const parts = await tokenRequestParts(call, redemption)
  const build = (grant: Grant): HttpRequest => buildTokenRequest({ ...parts, grant }, call.correlationId)
  const decide = (grant: Grant): HttpRequest => {
    emitGrant(call, grant)
    return build(grant)
  }
  build({ type: 'refresh_token', refreshToken: new Secret('only to see whether the rest is right') })
  return decide
}

/** What a token request says beside the grant; the client proves itself anew each time. */
export async function tokenRequestParts(
  call: Call,
  { metadata, scopes, resource, refreshed }: SignIn,
): Promise<Omit<TokenRequest, 'grant'>> {
  const { clientId, claims, offlineAccess, options, authority } = call
  const {
    clientAuthentication,
    clientCapabilities = [],
    extraBodyParameters,
    extraQueryParameters,
    extraHeaders,
  } = options
  const merged = mergeClaims(claims, clientCapabilities)
  const context = {
    clientId,
    tokenEndpoint: metadata.token_endpoint,
    issuer: metadata.issuer,
    at: call.now(),
    newId: call.newId,
  }
  const clientCredentials = await clientAuthentication?.(context)
  return {
    metadata,
    clientId,
    scopes,
    offlineAccess,
    clientInfo: authority.kind !== 'adfs' && authority.kind !== 'oidc',
    ...(authority.kind === 'b2c' ? { responseType: 'token id_token' } : {}),
    ...(merged === undefined ? {} : { claims: merged }),
    ...(resource === undefined ? {} : { resource }),
    ...(refreshed === undefined ? {} : { homeAccountId: refreshed.account.homeAccountId }),
    ...(clientCredentials === undefined ? {} : { clientCredentials }),
    ...(extraBodyParameters === undefined ? {} : { extraBodyParameters }),
    ...(extraQueryParameters === undefined ? {} : { extraQueryParameters }),
    ...(extraHeaders === undefined ? {} : { extraHeaders }),
  }
}

/** Which grant goes to the token endpoint follows from what there is to present. */
export function emitGrant(call: Call, grant: Grant): void {
  if (!call.isHeard) return
  const presented = {
    password: grant.type === 'password',
    refreshToken: grant.type === 'refresh_token',
    deviceCode: grant.type === 'device_code',
    saml11: grant.type === 'saml' && grant.assertion.version === '1.1',
    saml20: grant.type === 'saml' && grant.assertion.version === '2.0',
  }
  const candidates = Object.entries(presented).map(([name, ok]) => ({
    label: grantTypes[name as keyof typeof grantTypes],
    rule: `grant.${name}`,
    ok,
  }))
  const chosen = candidates.find(({ ok }) => ok)?.label ?? grant.type
  call.emit({ type: 'decision', step: 'token', question: 'grant', chosen, candidates })
}

// A plain OAuth server names nobody: there the user is who signed in, and without an account nothing could be renewed.
// Entra and AD FS always can say who it was; if they do not, something is wrong, and nothing is kept.
function accountByName({ authority }: Call, username: string | undefined): Account | undefined {
  if (authority.kind !== 'oidc' || username === undefined) return undefined
  const { environment, tenant: tenantId } = authority
  // The prefix keeps the name apart from the subjects of the same server.
  return { homeAccountId: `username:${username}`, localAccountId: username, environment, tenantId, username }
}

// By the claims that Entra and AD FS vouch for: a mail address may be another user's.
function checkExpected(expected: string, account: Account | undefined, claims: IdTokenClaims | undefined): void {
  // Of the names in a token the user principal name is the one that nobody chooses.
  const names = claims?.upn === undefined ? [account?.username, claims?.['unique_name']] : [claims.upn]
  if (names.some((name) => typeof name === 'string' && name.toLowerCase() === expected.toLowerCase())) return
  throw new ProtocolError('ERR_ACCOUNT_MISMATCH', `the token is not for the user who was expected, ${expected}`, {
    step: 'account',
    hint: 'Nothing was kept. Somebody else signed in, as happens where a browser is signed in already: use a private window; or the name is no user principal name.',
  })
}

// A refreshed token must be for the user whose token it was. With client_info the home account says so; with an id_token
// alone, the user's id in the tenant; an answer may also have neither.
function renewed(expected: Account, named: Account | undefined, { clientInfo }: TokenResponse): Account {
  if (named === undefined) return expected
  const same =
    clientInfo === undefined
      ? named.tenantId !== expected.tenantId || named.localAccountId === expected.localAccountId
      : named.homeAccountId === expected.homeAccountId
  if (same) return { ...named, homeAccountId: expected.homeAccountId }
  throw new ProtocolError('ERR_ACCOUNT_MISMATCH', 'the refreshed token is for another user', {
    step: 'account',
    hint: 'Nothing was kept. Sign the user out and in again.',
  })
}

// An id_token of another issuer, client or tenant would file this user under somebody else's name: nothing is kept.
// A wrong clock does not change who the user is.
function readIdToken(
  call: Call,
  { idToken }: TokenResponse,
  metadata: ServerMetadata,
  at: EpochSeconds,
): IdTokenClaims | undefined {
  if (idToken === undefined) return undefined
  const { claims, checks } = decodeIdToken(idToken, idTokenExpectations(call, metadata), at)
  // The signature is a check too: the reader of a trace should see that it was not made, and why that is right.
  emitParse(call, 'id_token', () => describeIdToken(claims, [...checks, signatureSkipped]))
  for (const { rule, evidence } of checks.filter((check) => !check.ok)) {
    // A custom policy of B2C may leave its name out of the token; another's name may not stand in it.
    if (rule === 'id_token.policy' && evidence === undefined) continue
    if (rule === 'id_token.issuer' || rule === 'id_token.tenant' || rule === 'id_token.policy') {
      throw new ProtocolError(
        'ERR_ISSUER_MISMATCH',
        'the id_token is from another issuer, tenant or policy than asked',
        {
          step: 'id_token',
          hint: 'Check the authority: host, tenant and policy must be the ones that sign this user in.',
        },
      )
    }
    if (rule === 'id_token.audience') {
      throw new ProtocolError('ERR_AUDIENCE_MISMATCH', 'the id_token is for another client', {
        step: 'id_token',
        hint: 'Something between here and the server mixes up answers: look at proxies and caches.',
      })
    }
    call.warn('ID_TOKEN_TIME', `the id_token fails ${rule}: check the clock of this machine`)
  }
  return claims
}

const signatureSkipped: Verdict = {
  rule: 'id_token.signature-skipped',
  ok: true,
  evidence: 'it came from the token endpoint over TLS (OpenID Connect Core §3.1.3.7, item 6)',
}

function toEntities(
  call: Call,
  tokens: TokenResponse,
  account: Account,
  { at, scopes, username, resource }: SignIn & { readonly at: EpochSeconds },
): readonly Entity[] {
  const { homeAccountId, environment, tenantId } = account
  const common = { homeAccountId, environment, clientId: call.clientId }
  const { accessToken, refreshInSeconds, extendedExpiresInSeconds, idToken, refreshToken } = tokens
  const { refreshTokenExpiresInSeconds: lifetime } = tokens
  const isAlias = username !== undefined && username.toLowerCase() !== account.username.toLowerCase()
  const signInName = isAlias ? { signInName: username } : {}
  const authorityType = authorityTypes[call.authority.kind]
  const entities: Entity[] = [
    { kind: 'Account', ...account, ...signInName, ...(authorityType === undefined ? {} : { authorityType }) },
  ]
  if (accessToken !== undefined) {
    entities.push({
      kind: 'AccessToken',
      ...common,
      tenantId,
      authorityTenant: call.authority.tenant,
      scopes: tokens.scopes,
      askedScopes: canonicalScopes(scopes),
      ...(resource === undefined ? {} : { resource }),
      secret: accessToken.reveal(),
      cachedAt: at,
      expiresOn: at + tokens.expiresInSeconds,
      ...(refreshInSeconds === undefined ? {} : { refreshOn: at + refreshInSeconds }),
      ...(extendedExpiresInSeconds === undefined ? {} : { extendedExpiresOn: at + extendedExpiresInSeconds }),
    })
  }
  if (idToken !== undefined) entities.push({ kind: 'IdToken', ...common, tenantId, secret: idToken.reveal() })
  // Absent in a refresh answer means: keep the one you have.
  if (refreshToken !== undefined) {
    const expiry = lifetime === undefined ? {} : { expiresOn: at + lifetime }
    entities.push({ kind: 'RefreshToken', ...common, cachedAt: at, secret: refreshToken.reveal(), ...expiry })
  }
  return entities
}

async function save(
  call: Call,
  store: CredentialStore,
  entities: readonly Entity[],
  account: Account,
  { refreshed, username }: SignIn,
): Promise<void> {
  try {
    const bounded = boundedStore(store, call)
    // What cannot be read may still be written: a file store sets a spoiled file aside only then. A refresh then leaves the
    // account as it is, since only the stored one knows which name was typed.
    const partition = await bounded.read(account.homeAccountId).catch((error: unknown) => {
      if (call.signal.aborted) throw error
      call.warn('STORE_FAILED', 'the token store could not be read before the token was written to it')
      return undefined
    })
    const kept = entities
      .filter(({ kind }) => partition !== undefined || refreshed === undefined || kind !== 'Account')
      .map((entity) =>
        keepWhatIsNotSaid(partition ?? nothing, entity, refreshed === undefined && username !== undefined),
      )
    // Whoever was signed out while the refresh was under way must not be signed in again by its answer.
    const condition = refreshed === undefined ? {} : { onlyIf: { [entityKey(refreshed.refreshToken)]: true } as const }
    await bounded.apply(account.homeAccountId, { ...savingChange(partition ?? nothing, kept), ...condition })
    const used = refreshed === undefined ? undefined : usedAgain(refreshed.refreshToken, entities, call.now())
    if (used !== undefined) await bounded.apply(account.homeAccountId, used)
  } catch (error) {
    const code = isAuthError(error) ? error.code : 'ERR_CACHE_WRITE'
    call.warn('STORE_FAILED', `the token store failed (${code}): the token was not kept`)
  }
}

// Stores forget a refresh token 90 days after it was last used, and a server that keeps it says nothing of it.
function usedAgain(
  token: RefreshTokenEntity,
  entities: readonly Entity[],
  at: EpochSeconds,
): PartitionChange | undefined {
  const aDay = 86_400
  if (entities.some(({ kind }) => kind === 'RefreshToken') || at - token.cachedAt < aDay) return undefined
  const key = entityKey(token)
  return { put: { [key]: { ...token, cachedAt: at } }, onlyIf: { [key]: token.secret } }
}

const nothing: ReadonlyMap<string, StoredEntity> = new Map()

// Only a sign-in with a password knows which name was typed, and no answer knows what other libraries wrote beside the
// account; only the stored account does.
function keepWhatIsNotSaid(partition: ReadonlyMap<string, StoredEntity>, entity: Entity, knowsName: boolean): Entity {
  const old = partition.get(entityKey(entity))
  if (entity.kind !== 'Account' || old?.kind !== 'Account') return entity
  const signInName = knowsName ? entity.signInName : old.signInName
  return {
    ...entity,
    ...(signInName === undefined ? {} : { signInName }),
    ...(old.msal === undefined ? {} : { msal: old.msal }),
  }
}

/** What MSAL calls the servers that are not Entra's (`authority_type`). */
const authorityTypes: Readonly<Partial<Record<AuthorityKind, 'ADFS' | 'Generic'>>> = { adfs: 'ADFS', oidc: 'Generic' }
