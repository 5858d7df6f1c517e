import type { HttpResponse } from '../protocol/http.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { type EntraFault, entraFaults } from './entra-faults.ts'
import type { AccountState, Refusal } from './world.ts'

const numberOfState: Readonly<Record<AccountState, number>> = {
  disabled: 50057,
  locked: 50053,
  'password-expired': 50055,
  'mfa-required': 50076,
  'mfa-enrolment': 50079,
  'conditional-access': 53003,
  'no-consent': 65001,
  'claims-challenge': 50158,
}

export const accountStates: readonly string[] = Object.keys(numberOfState)

/** The numbers that Entra refuses a user with whose password is right. The farm's own policy does not reach Entra. */
export function numbersOf(refusal: Refusal | undefined): readonly number[] {
  if (refusal === undefined || refusal === 'adfs-policy') return []
  if (typeof refusal === 'number') return [refusal]
  return typeof refusal === 'string' ? [numberOfState[refusal]] : refusal
}

/** Thrown inside the Entra side; becomes an error response at its door. */
export class Refused extends Error {
  readonly numbers: readonly number[]
  readonly values: Readonly<Record<string, string>>
  readonly suberror: string | undefined

  /** @param numbers One, or several that come together: the last is what it is about. */
  constructor(numbers: number | readonly number[], values: Readonly<Record<string, string>> = {}, suberror?: string) {
    super(`AADSTS${numbers}`)
    this.numbers = typeof numbers === 'number' ? [numbers] : numbers
    this.values = values
    this.suberror = suberror
  }
}

/** The ids and the instant every Entra response carries. */
export interface ResponseIds {
  readonly traceId: string
  readonly correlationId: string
  readonly at: EpochSeconds
}

/** Writes a refusal as the v1 and v2 endpoints do (RFC 6749 §5.2 and Entra's additional members). */
export function faultResponse(
  { numbers, values, suberror: given }: Refused,
  { traceId, correlationId, at }: ResponseIds,
): HttpResponse {
  const fault = faultOf(numbers.at(-1))
  const { error, status = 400, claims } = fault
  const suberror = given ?? fault.suberror
  const timestamp = new Date(at * 1000).toISOString().replace('T', ' ').replace('.000Z', 'Z')
  const text = numbers.map((number) => `AADSTS${number}: ${fill(faultOf(number).text, values)}`).join(' ')
  const body = {
    error,
    error_description: `${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: numbers,
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${numbers[0]}`,
    ...(suberror === undefined ? {} : { suberror }),
    ...(claims === undefined ? {} : { claims }),
  }
  return { status, headers: status === 429 ? { 'retry-after': '60' } : {}, body: JSON.stringify(body) }
}

function faultOf(number: number | undefined): EntraFault {
  const unknown = { error: 'invalid_grant', text: 'The sign-in was refused.' }
  return (number === undefined ? undefined : entraFaults.get(number)) ?? unknown
}

function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '(unknown)')
}
