import { challenge } from './entra-faults.ts'
import { Refused } from './faults.ts'

/** What the `claims` parameter asks of the access token (OpenID Connect Core §5.5, and Entra's `xms_cc`). */
export interface RequestedClaims {
  /** The client understands claims challenges (`cp1`): its tokens say so and live longer. */
  readonly challengeCapable: boolean
  /** It passed the simulator's challenge back. */
  readonly answersChallenge: boolean
}

/**
 * Reads the `claims` parameter.
 *
 * @throws {@link Refused} 9002313 when it is not a JSON object.
 */
export function readClaims(text: string | null): RequestedClaims {
  if (text === null || text === '') return { challengeCapable: false, answersChallenge: false }
  const claims = parseObject(text)
  if (claims === undefined) throw new Refused(9002313)
  return {
    challengeCapable: valuesOf(claims, 'xms_cc').some((value) => String(value).toLowerCase() === 'cp1'),
    answersChallenge: challenge.access_token.capolids.values.every((id) => valuesOf(claims, 'capolids').includes(id)),
  }
}

function valuesOf(claims: Record<string, unknown>, name: string): readonly unknown[] {
  const values = member(member(member(claims, 'access_token'), name), 'values')
  return Array.isArray(values) ? values : []
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
