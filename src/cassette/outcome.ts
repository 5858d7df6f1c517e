import type { SamlResult } from '../client/ropc-client.ts'
import type { SignInPath, TokenResult } from '../client/token-result.ts'
import { type AuthError, isAuthError, type SoapFaultFacts, type TokenErrorFacts, type WayOut } from '../errors.ts'

/** What a call came to, as plain JSON: the facts that programs act on. No token, no sentence of a server, no advice. */
export type Outcome = Readonly<Record<string, unknown>>

/**
 * Describes what a call of the client came to, so that two runs can be compared.
 *
 * A token becomes its type, scopes, expiry, account and the way it came; an error its name, `code`, `step` and the codes of the
 * server. Messages and hints are left out, since they may become better; of what a server wrote only words are kept that have
 * the form of a code.
 *
 * @param outcome What the call returned or threw.
 */
export function describeOutcome(outcome: unknown): Outcome {
  if (isAuthError(outcome)) return describeError(outcome)
  if (outcome instanceof Error) return { kind: 'error', name: outcome.name }
  if (typeof outcome !== 'object' || outcome === null) return { kind: 'nothing' }
  if ('accessToken' in outcome) return describeToken(outcome as TokenResult)
  if ('xml' in outcome) return describeAssertion(outcome as SamlResult)
  if ('sendTo' in outcome && 'path' in outcome) {
    const { sendTo, path } = outcome as { readonly sendTo: string; readonly path: SignInPath }
    return { kind: 'discovery', path: describePath(path), sendTo }
  }
  return { kind: 'other' }
}

function describeToken(result: TokenResult): Outcome {
  const { accessToken, tokenType, scopes, expiresOn, refreshOn, idToken, account, source, path, passwordSentTo } =
    result
  return {
    kind: 'token',
    tokenType,
    scopes: scopes.map(code),
    expiresOn: expiresOn.toISOString(),
    ...(refreshOn === undefined ? {} : { refreshOn: refreshOn.toISOString() }),
    // Azure AD B2C gives none where no API was asked for.
    ...(accessToken === '' ? { accessToken: false } : {}),
    idToken: idToken !== undefined,
    source,
    path: describePath(path),
    ...(passwordSentTo === undefined ? {} : { passwordSentTo }),
    ...(account === undefined
      ? {}
      : {
          account: {
            homeAccountId: account.homeAccountId,
            localAccountId: account.localAccountId,
            environment: account.environment,
            tenantId: account.tenantId,
            username: account.username,
          },
        }),
  }
}

function describeAssertion({ version, notOnOrAfter, path, passwordSentTo }: SamlResult): Outcome {
  const expires = notOnOrAfter === undefined ? {} : { notOnOrAfter: new Date(notOnOrAfter * 1000).toISOString() }
  return { kind: 'assertion', version, ...expires, path: describePath(path), passwordSentTo }
}

function describePath(path: SignInPath): Outcome {
  const { type, fallbacks, overrides } = path
  return {
    type,
    ...(path.type === 'federated' ? { wsTrustVersion: path.wsTrustVersion, endpoint: path.endpoint } : {}),
    ...(fallbacks.length === 0 ? {} : { fallbacks: fallbacks.map(({ rule }) => rule) }),
    ...(overrides.length === 0 ? {} : { overrides }),
  }
}

type Facts = Partial<TokenErrorFacts & Omit<SoapFaultFacts, 'reason'>> & {
  readonly reason?: string
  readonly waysOut?: readonly WayOut[]
  readonly retryAt?: Date
}

function describeError(error: AuthError & Facts): Outcome {
  const { name, step, response, errorCodes, claims, waysOut, retryAt } = error
  return {
    kind: 'error',
    name,
    code: error.code,
    step,
    ...(response === undefined ? {} : { status: response.status }),
    // The reason of a SOAP fault is a sentence of the server.
    ...(error.faultCode === undefined ? codes({ reason: error.reason }) : {}),
    ...codes({
      error: error.error,
      suberror: error.suberror,
      serverCode: error.serverCode,
      faultCode: error.faultCode,
      faultSubcode: error.faultSubcode,
      idCode: error.idCode,
    }),
    ...(errorCodes === undefined ? {} : { errorCodes }),
    ...(claims === undefined ? {} : { claims: true }),
    ...(waysOut === undefined ? {} : { waysOut }),
    ...(retryAt === undefined ? {} : { retryAt: retryAt.toISOString() }),
  }
}

function codes(words: Readonly<Record<string, string | undefined>>): Outcome {
  return Object.fromEntries(
    Object.entries(words).flatMap(([name, word]) => (word === undefined ? [] : [[name, code(word)]])),
  )
}

/** A scope, an OAuth error, the local name of a fault: whatever else is there is somebody's text. */
function code(word: string): string {
  return /^[\w.:/+~-]{1,200}$/.test(word) ? word : '[other]'
}
