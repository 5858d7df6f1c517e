/**
 * One rule applied to one thing. Computed once, where the rule lives, and carried in the value it judges.
 */
export interface Verdict {
  /** Stable name of the rule, e.g. `mex.policy.no-transport-binding`. */
  readonly rule: string
  readonly ok: boolean
  /** What was seen, as one short line; never a secret. */
  readonly evidence?: string
}
