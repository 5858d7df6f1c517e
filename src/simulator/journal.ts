import type { HttpResponse } from '../protocol/http.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { WsTrustVersion } from '../wstrust/namespaces.ts'
import { type ClientAuthenticationMethod, readForm } from './client-credentials.ts'

/** What a request was for. */
export type RequestKind = 'realm' | 'mex' | 'wstrust' | 'token' | 'device' | 'metadata' | 'jwks' | 'instance' | 'other'

/** A request as either side sees it, from a socket or from `send`. */
export interface SimulatorRequest {
  readonly method: string
  readonly url: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** What a side found out about a request while it answered. */
interface RequestFacts {
  readonly kind: RequestKind
  readonly grantType?: string
  readonly username?: string
  /** How the client proved who it is, right or wrong. */
  readonly clientAuthentication?: ClientAuthenticationMethod
  readonly wsTrustVersion?: WsTrustVersion
  /** Whether the XML signature of the posted assertion verified with the farm's certificate. */
  readonly assertionSignatureVerified?: boolean
  /** The injected faults of the request, e.g. `['reset']`: then the answer did not reach the client as it was. */
  readonly injected?: readonly string[]
}

export interface Answer extends RequestFacts {
  readonly response: HttpResponse
}

/** One request, without its secrets: never a password, an assertion or a token. */
export interface JournalEntry extends RequestFacts {
  readonly at: EpochSeconds
  readonly host: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly status: number
  /** Whether a password, an assertion, a refresh token or a client's secret was on board, wherever it was put. */
  readonly carriedCredential: boolean
  /** Names of the query's and the form's parameters, in order; never their values. */
  readonly parameters: readonly string[]
}

/** Writes the entry of an answered request. */
export function journalEntry(request: SimulatorRequest, answer: Answer, at: EpochSeconds): JournalEntry {
  const { host, pathname } = new URL(request.url)
  const { response, ...facts } = answer
  return {
    at,
    host,
    method: request.method,
    path: pathname,
    status: response.status,
    carriedCredential: carriesCredential(request),
    parameters: parametersOf(request),
    ...facts,
  }
}

/** What does not look like a name may be a secret in the wrong place. */
function parametersOf(request: SimulatorRequest): string[] {
  const names = [...new URL(request.url).searchParams.keys(), ...readForm(request).keys()]
  const hasValue = (name: string): boolean => `${request.url}&${request.body ?? ''}`.includes(`${name}=`)
  return [...new Set(names)].filter((name) => /^[A-Za-z][\w.-]{0,40}$/.test(name) && hasValue(name))
}

function carriesCredential({ url, headers, body = '' }: SimulatorRequest): boolean {
  const field = /(^|[?&])(password|assertion|refresh_token|client_secret|client_assertion)=/i
  if (headers['authorization'] !== undefined) return true
  return [body, new URL(url).search].some((text) => field.test(text)) || /<([\w.-]+:)?Password[\s>]/i.test(body)
}
