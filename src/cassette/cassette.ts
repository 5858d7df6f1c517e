import type { TransportErrorCode } from '../errors.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { RedactedRequest } from '../redact/redacted-message.ts'

/**
 * A recorded sign-in, or several, as plain JSON: without secrets, with pseudonyms for people, tenants, hosts and ids. Its tokens
 * are signed with the {@link publishedJwks} key; its assertions have blank signatures.
 */
export interface Cassette {
  /** Of this format. */
  readonly version: 1
  /** What a program that meets this has to handle, as one line. */
  readonly title?: string
  /** What it was made from: `simulator`, `standard` (written by hand from one), or `recording` of real servers. */
  readonly origin?: CassetteOrigin
  /** What to create the client with, so that it asks what was asked. */
  readonly client?: CassetteClient
  /** What the client was asked for, in order, and what came of it. */
  readonly calls?: readonly CassetteCall[]
  /** Call by call, those of one call in order. */
  readonly exchanges: readonly Exchange[]
  /** What a call drew from its runtime after its last exchange; of a call without any, all. */
  readonly rest?: readonly Drawn[]
}

export type CassetteOrigin = 'simulator' | 'standard' | 'recording'

/** What one call drew from its runtime: fresh ids, and readings of the clock. */
export interface Drawn {
  /** Which call of the client: 1, 2, 3 … in the order in which they first drew something or sent something. */
  readonly call: number
  readonly ids: readonly string[]
  readonly clock: readonly EpochSeconds[]
}

/** One request with its response, and what the call had drawn since its exchange before. */
export interface Exchange extends Drawn {
  readonly request: RedactedRequest
  /** A connection that failed has no response. */
  readonly response?: CassetteResponse
  readonly failure?: CassetteFailure
}

export interface CassetteResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface CassetteFailure {
  readonly code: TransportErrorCode
  readonly message: string
}

/** The client options of a recording that are plain data; secrets are any text at replay. */
export interface CassetteClient {
  readonly clientId: string
  readonly authority: string
  /** The user's pseudonym. */
  readonly username?: string
  /** How the client proved itself; replay it with any secret or key. */
  readonly clientAuthentication?: 'clientSecretPost' | 'clientSecretBasic' | 'privateKeyJwt' | 'clientAssertion'
  /** Any other option of `createRopcClient` that is plain data. */
  readonly options?: Readonly<Record<string, unknown>>
}

/** One call of the client. */
export interface CassetteCall {
  /** The method's name. */
  readonly operation: string
  /** Its argument, without secrets. */
  readonly request: Readonly<Record<string, unknown>>
  /** Made while the calls before it were under way. */
  readonly together?: true
  /** What came of it, as `describeOutcome` says. */
  readonly outcome: Readonly<Record<string, unknown>>
}
