import type { Step } from '../errors.ts'
import type { Timings } from '../protocol/http.ts'
import type { Verdict } from '../protocol/verdict.ts'

/** What happened during a call, in order. Events hold no secret: no body, no header, no token. */
export type ClientEvent = {
  /** Monotonic milliseconds. */
  readonly at: number
  /** Groups the events of one call of the client. */
  readonly callId: string
} & ClientEventBody

export type ClientEventBody =
  | {
      readonly type: 'run.start'
      readonly operation: string
      readonly correlationId: string
      /** When, by the clock of this machine: RFC 3339 in UTC. The `at` of events counts on from there. */
      readonly startedAt: string
      readonly clientId: string
      readonly authority: { readonly kind: string; readonly url: string; readonly tenant: string }
      /** As the caller named them; absent where a call has none. */
      readonly username?: string
      readonly scopes?: readonly string[]
    }
  /** A choice the client made, with what it chose from. */
  | {
      readonly type: 'decision'
      readonly step: Step
      readonly question: Question
      readonly chosen: string
      readonly candidates: readonly Candidate[]
    }
  | {
      readonly type: 'http.request'
      /** Numbers the requests of a call from 1. */
      readonly hop: number
      readonly step: Step
      readonly method: string
      readonly url: string
    }
  | {
      readonly type: 'http.response'
      readonly hop: number
      readonly step: Step
      readonly method: string
      readonly url: string
      readonly status: number
      readonly durationMs: number
      readonly timings?: Timings
    }
  /** What an answer, or a part of it, was read as. */
  | {
      readonly type: 'parse'
      readonly step: Step
      /** The request it answers. */
      readonly hop: number
      readonly what: Artefact
      readonly facts: Facts
      /** What was checked of it, passed or not. */
      readonly checks: readonly Verdict[]
    }
  | { readonly type: 'retry'; readonly step: Step; readonly reason: string; readonly waitMs: number }
  /** What was looked for in the store and why it was or was not a hit. */
  | { readonly type: 'cache'; readonly hit: boolean; readonly key: Facts; readonly reasons: readonly Verdict[] }
  | { readonly type: 'token'; readonly source: string; readonly scopes: readonly string[]; readonly expiresOn: Date }
  | { readonly type: 'warning'; readonly code: WarningCode; readonly message: string }
  | {
      readonly type: 'error'
      readonly name: string
      readonly code: string
      readonly step: Step
      readonly message: string
      readonly hint?: string
      readonly whereToLook?: string
      readonly waysOut?: readonly string[]
      /** `error`, `suberror`, `errorCodes`, `serverCode`; `faultCode`, `faultSubcode`, `idCode`; status and ids of the answer. */
      readonly facts: Facts
    }
  | { readonly type: 'run.end'; readonly ok: boolean; readonly durationMs: number }

/** What is asked in a decision. */
type Question = 'authority kind' | 'endpoints' | 'account type' | 'WS-Trust endpoint' | 'grant' | 'verification'

/** Something that was chosen from, or checked: the rule that decided on it, and what it is. */
export interface Candidate extends Verdict {
  /** What to call it: a kind, the name of a policy, binding or port, a grant type. */
  readonly label: string
  readonly url?: string
  /** Of WS-Trust. */
  readonly version?: string
}

export type Artefact =
  | 'cloud'
  | 'server metadata'
  | 'user realm'
  | 'MEX document'
  | 'SAML assertion'
  | 'token response'
  | 'id_token'
  | 'device authorization'

/** Members by name, in the words of the standard. Never a secret. */
export type Facts = Readonly<Record<string, string | number | boolean | readonly string[]>>

export type WarningCode =
  /** The user name begins or ends with a blank; it was sent as it is. */
  | 'USERNAME_BLANKS'
  /** The password begins or ends with a blank, which Entra does not accept; it was sent as it is. */
  | 'PASSWORD_BLANKS'
  /** The federation server's metadata could not be had; the endpoint Entra has on file was used. */
  | 'MEX_FALLBACK'
  /** The worldwide cloud could not be asked about the authority's host; it was taken as it is. */
  | 'INSTANCE_DISCOVERY'
  /** Microsoft does not document this grant for External ID; it is tried all the same. */
  | 'CIAM_UNDOCUMENTED'
  /** The answer has no access token, as B2C gives none when no API was asked for. */
  | 'NO_ACCESS_TOKEN'
  /** A time in the id_token is off by more than five minutes: a clock is wrong. */
  | 'ID_TOKEN_TIME'
  /** The answer names no user, so nothing was cached and no silent call can follow. */
  | 'NO_ACCOUNT'
  /** The token store failed; the token was returned all the same. */
  | 'STORE_FAILED'
  /** In an imported archive: a token request that is no form, or has its fields in the URL. */
  | 'NOT_A_FORM'
  /** RFC 9700 §2.4 and Microsoft: this grant is not for new designs. */
  | 'ROPC_BCP'
  /** This grant cannot do multifactor authentication or what else a policy may want. */
  | 'ROPC_MFA'
  /** The scopes look like those of an administrator, whose password should not pass through a program. */
  | 'ROPC_PRIVILEGED'
  /** The authority names no tenant. */
  | 'ROPC_COMMON'
  /** The password goes to a federation server that the realm answer named. */
  | 'ROPC_FEDERATED_PLAINTEXT'
  /** A password was refused: it is not sent again for a while. */
  | 'ROPC_LOCKOUT'
  /** Azure AD B2C is closed to new customers. */
  | 'B2C_EOS'
