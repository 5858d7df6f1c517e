import { ProtocolError, type Step } from '../errors.ts'
import { describeStranger, type HttpResponse, strangerFacts } from './http.ts'

/** A JSON object whose members have not been checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * Reads a response body as one JSON object (RFC 8259).
 *
 * @returns `undefined` when the body is HTML, XML, not JSON, or JSON but not an object; the caller knows which error
 *   that is at its status.
 */
export function findJsonObject(response: HttpResponse): JsonObject | undefined {
  // An HTML or XML page is some proxy's or portal's, whatever its text happens to parse to.
  if (/html|xml/i.test(response.headers['content-type'] ?? '')) return undefined
  try {
    const value: unknown = JSON.parse(response.body.replace(/^\ufeff/, ''))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

/** Reads a 200 answer as one JSON object. @throws {@link ProtocolError} on another status or another body. */
export function parseJsonObject(response: HttpResponse, step: Step, what: string): JsonObject {
  if (response.status !== 200) throw unexpectedStatus(response, step, what)
  const json = findJsonObject(response)
  if (json === undefined) {
    const facts = strangerFacts(response)
    throw new ProtocolError('ERR_MALFORMED_RESPONSE', `${what} is not a JSON object${describeStranger(facts)}`, {
      step,
      hint: 'Something between here and the server answered in its place: look for a proxy, a firewall page or a sign-in portal.',
      response: facts,
    })
  }
  return json
}

export function unexpectedStatus(response: HttpResponse, step: Step, what: string): ProtocolError {
  const facts = strangerFacts(response)
  const message = `${what} came with HTTP status ${response.status}${describeStranger(facts)}`
  return new ProtocolError('ERR_UNEXPECTED_STATUS', message, {
    step,
    hint:
      response.status >= 500 || response.status === 429
        ? 'The service or a proxy in front of it is busy or broken: try again later.'
        : 'Check that the host is the right one, and that no proxy or firewall answers in its place.',
    response: facts,
  })
}

/**
 * Reads a string member.
 *
 * @returns `undefined` when the member is absent or null.
 * @throws {@link ProtocolError} when it is not a string, or longer than `max` characters.
 */
export function findString(json: JsonObject, name: string, step: Step, max = 2_048): string | undefined {
  const value = Object.hasOwn(json, name) ? json[name] : undefined
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' && value.length <= max) return value
  throw new ProtocolError(
    'ERR_MALFORMED_RESPONSE',
    typeof value === 'string' ? `the member ${name} is too long` : `the member ${name} is not a string`,
    { step, hint: 'The answer does not have the documented shape: check what answers at this host.' },
  )
}

/** Reads a required, non-empty string member. @throws {@link ProtocolError} */
export function readString(json: JsonObject, name: string, step: Step, max?: number): string {
  const value = findString(json, name, step, max)
  if (value !== undefined && value !== '') return value
  throw missingField(name, step)
}

export function missingField(name: string, step: Step): ProtocolError {
  return new ProtocolError('ERR_MISSING_FIELD', `the answer has no ${name}`, {
    step,
    hint: 'The answer does not have the documented shape: check what answers at this host.',
  })
}
