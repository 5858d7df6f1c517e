import type { AdviceSource, FailureClass } from '../protocol/advice.ts'
import type { ErrorClass } from './error-codes.ts'

/** Which registry a code is of. */
export type CodeKind =
  | 'aadsts'
  | 'aadb2c'
  | 'msis'
  | 'adfs_fault'
  | 'soap_fault'
  | 'oauth_error'
  | 'suberror'
  | 'error_code'
  | 'warning'
  /** A name of another library's. */
  | 'peer'

/** What a server's log can be searched by. */
export interface RequestIds {
  readonly correlationId?: string
  readonly traceId?: string
  readonly timestamp?: string
}

/** A code that the registries have. */
export interface CodeExplanation {
  readonly kind: CodeKind
  /** As it is spelt where it comes from; never a piece of the text beside a code. */
  readonly code: string
  readonly name?: string
  readonly meaning: string
  readonly remedy: string
  /** Who has to act, for a code of ours. */
  readonly fault?: string
  /** What kind of failure a server's code is, which of our classes has it, or that it is a warning. */
  readonly class: FailureClass | ErrorClass | 'warning' | 'not_here'
  /** How sure the meaning is; for names of other libraries, which. */
  readonly source: AdviceSource | 'ropc-client' | (string & {})
  /** `docs/errors.md#…` */
  readonly anchor: string
  /** Our codes for another library's name. */
  readonly here?: readonly string[]
  /** Which log says more, for the code of a server. */
  readonly whereToLook?: string
  /** The ids that stand beside the code. */
  readonly request?: RequestIds
}

/** A code that looks like one but is in no registry, or (without `code`) a text with none at all. */
export interface UnknownExplanation {
  readonly kind: 'unknown'
  readonly code?: string
  readonly meaning: string
  readonly remedy: string
  /** Where Microsoft may explain it. */
  readonly lookUp?: string
  readonly whereToLook?: string
  readonly request?: RequestIds
}

export type Explanation = CodeExplanation | UnknownExplanation

const prefixes: Readonly<Partial<Record<CodeKind, string>>> = {
  soap_fault: 'fault-',
  oauth_error: 'error-',
  suberror: 'suberror-',
  warning: 'warning-',
  peer: 'peer-',
}

/** The id of a code on the errors page. It stays as it is for good: people link to it. */
export function anchorOf(kind: CodeKind, code: string): string {
  return `${prefixes[kind] ?? ''}${code.toLowerCase()}`
}
