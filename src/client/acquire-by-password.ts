import type { CredentialStore } from '../cache/store.ts'
import { UnsupportedError } from '../errors.ts'
import type { SamlAssertion } from '../protocol/saml-assertion.ts'
import type { Secret } from '../protocol/secret.ts'
import { adviseOnGrant } from './advice.ts'
import type { Call } from './call.ts'
import { askPassword, type Credential, sendOnce } from './credential.ts'
import { type DiscoveryCache, discoverRoute, forgettingOnRefusal, type Route, resolveServer } from './discovery.ts'
import { exchange } from './exchange.ts'
import { prepareTokenRequest, redeem } from './redeem.ts'
import { addRouteContext } from './refusal-context.ts'
import type { SignInPath, TokenResult } from './token-result.ts'

/** What a password callback is told before it hands the password over. */
export interface PasswordAsk {
  readonly username: string
  /** Origin of the host that will get the password. Throw to refuse it. */
  readonly sendTo: string
  /**
   * Why a password is needed: `no_account`, `no_token`, `ambiguous_account`, `cache_unreadable`, or the server's reason for
   * refusing the refresh token.
   */
  readonly reason: string
  /** Aborted when the call is: stop asking. The call's time limit stands still meanwhile. */
  readonly signal: AbortSignal
}

/** Asks for the password once it is known where it goes. */
export type PasswordCallback = (ask: PasswordAsk) => string | Secret | Promise<string | Secret>

export interface PasswordGrantRequest {
  readonly username: string
  readonly scopes: readonly string[]
  readonly resource?: string
  readonly password: (ask: Omit<PasswordAsk, 'reason'>) => string | Secret | Promise<string | Secret>
}

/** The straight line: authority, realm, mex, wstrust, token, id_token, account, cache. Each credential is sent once. */
export async function acquireByPassword(
  asked: Call,
  discovery: DiscoveryCache,
  store: CredentialStore,
  { username, scopes, password, resource }: PasswordGrantRequest,
): Promise<TokenResult> {
  const { call, metadata } = await resolveServer(asked, discovery)
  if (call.authority.kind === 'ciam') {
    call.warn(
      'CIAM_UNDOCUMENTED',
      'Microsoft does not document the password grant for External ID: native authentication is the documented way',
    )
  }
  adviseOnGrant(call, scopes)
  const route = await discoverRoute(call, discovery, username)
  const sendTo = route.type === 'managed' ? metadata.token_endpoint : route.endpoint.url
  const passwordSentTo = new URL(sendTo).origin
  const redemption = { metadata, scopes, username, ...(resource === undefined ? {} : { resource }) }
  const buildRequest = await prepareTokenRequest(call, redemption)
  const secret = await askPassword(call, () => password({ username, sendTo: passwordSentTo, signal: call.signal }))
  const credential = { sendTo, username, password: secret }
  const how = { source: 'password', path: pathOf(call, route), passwordSentTo } as const
  return forgettingOnRefusal(call, discovery, username, async () => {
    if (route.type === 'federated') {
      const assertion = await requestAssertion(call, route, credential)
      return redeem(call, store, buildRequest({ type: 'saml', assertion }), redemption, how)
    }
    try {
      const request = buildRequest({ type: 'password', username, password: secret })
      return await sendOnce(call, credential, () => redeem(call, store, request, redemption, how))
    } catch (error) {
      await addRouteContext(call, discovery, username, route, error)
      throw error
    }
  })
}

/** Sends the password to the federation server and returns its assertion. */
export async function requestAssertion(
  call: Call,
  { endpoint, audience }: Route & { type: 'federated' },
  credential: Credential,
): Promise<SamlAssertion> {
  const { username, password, sendTo } = credential
  const { buildSecurityTokenRequest } = await import('../wstrust/security-token-request.ts')
  const { parseSecurityTokenResponse } = await import('../wstrust/security-token-response.ts')
  const { assertionFacts } = await import('../wstrust/assertion-facts.ts')
  const request = buildSecurityTokenRequest(
    { endpoint, username, password, appliesTo: audience },
    call.now(),
    call.newId(),
    call.correlationId,
  )
  call.advise(
    'ROPC_FEDERATED_PLAINTEXT',
    `the password goes in clear, inside TLS, to the federation server ${new URL(sendTo).origin}, which the realm answer or its metadata named`,
  )
  return sendOnce(call, credential, () =>
    exchange(
      call,
      request,
      (response) => parseSecurityTokenResponse(response, endpoint.version),
      (assertion) => ({ what: 'SAML assertion', facts: { ...assertionFacts(assertion) } }),
    ),
  )
}

export function pathOf({ overrides }: Call, route: Route): SignInPath {
  const deviations = { fallbacks: route.fallbacks, overrides: [...overrides] }
  if (route.type === 'managed') return { type: 'managed', ...deviations }
  const { endpoint } = route
  return { type: 'federated', wsTrustVersion: endpoint.version, endpoint: endpoint.url, ...deviations }
}

/** The route of a user who must be federated. @throws {@link UnsupportedError} for a managed user. */
export function federatedRoute(route: Route): Route & { type: 'federated' } {
  if (route.type === 'federated') return route
  throw new UnsupportedError('ERR_UNSUPPORTED_ACCOUNT', 'the user is managed: no federation server issues assertions', {
    step: 'realm',
    hint: 'Ask for a token with acquireTokenByUsernamePassword.',
  })
}
