import { InvalidArgumentError } from '../errors.ts'
import type { FormValue } from './http.ts'
import { Secret } from './secret.ts'

/** Fields that the protocol owns, with the option that sets them; some servers read them from the query as well. */
const ownedParameters: ReadonlyMap<string, string> = new Map([
  ['client_id', 'clientId'],
  ['client_secret', 'clientAuthentication'],
  ['client_assertion', 'clientAuthentication'],
  ['client_assertion_type', 'clientAuthentication'],
  ['grant_type', 'the way of signing in'],
  ['username', 'username'],
  ['password', 'password'],
  ['assertion', 'the way of signing in'],
  ['refresh_token', 'the way of signing in'],
  ['device_code', 'the way of signing in'],
  ['scope', 'scopes'],
  ['claims', 'claims'],
  ['resource', 'resource'],
  ['client_info', 'the kind of the authority'],
  ['response_type', 'the kind of the authority'],
  ['p', 'authority'],
])

/** Headers that the protocol or the transport owns. */
const ownedHeaders: ReadonlyMap<string, string> = new Map([
  ...[
    'host',
    'connection',
    'keep-alive',
    'transfer-encoding',
    'te',
    'trailer',
    'upgrade',
    'expect',
    'accept-encoding',
    'http2-settings',
  ].map((name) => [name, 'the transport'] as const),
  ['accept', 'the protocol'],
  ['authorization', 'clientAuthentication'],
  ['cookie', 'nothing: this client keeps no cookies'],
  ['client-request-id', 'correlationId'],
  ['return-client-request-id', 'correlationId'],
  ['x-client-sku', 'the protocol'],
  ['x-client-ver', 'the protocol'],
  ['x-anchormailbox', 'username'],
])

// Documented routing and localisation switches: worth seeing in a log, and never a secret.
const printableParameters: ReadonlySet<string> = new Set([
  'acr_values',
  'audience',
  'dc',
  'domain_hint',
  'instance_aware',
  'organization',
  'slice',
  'ui_locales',
])

type Extras = Readonly<Record<string, string>> | undefined

/**
 * Checks a caller's further form fields.
 *
 * @returns Name and value; a value is a `Secret`, unless the name is known to carry none.
 * @throws {@link InvalidArgumentError} for a field that the protocol owns, naming the option that sets it.
 */
export function checkExtraBodyParameters(extras: Extras): readonly (readonly [name: string, value: FormValue])[] {
  return checkParameters(extras, 'extraBodyParameters')
}

/** Checks a caller's further query parameters, as {@link checkExtraBodyParameters} does. */
export function checkExtraQueryParameters(extras: Extras): readonly (readonly [name: string, value: FormValue])[] {
  return checkParameters(extras, 'extraQueryParameters')
}

/**
 * Checks a caller's further headers.
 *
 * @returns Lower-case names with their values.
 * @throws {@link InvalidArgumentError} for a header that the protocol or the transport owns, and for what cannot be one.
 */
export function checkExtraHeaders(extras: Extras): Record<string, Secret> {
  const headers = new Map<string, Secret>()
  for (const [name, value] of entriesOf(extras, 'extraHeaders')) {
    const lower = name.toLowerCase()
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,100}$/.test(lower)) {
      throw invalid(`extraHeaders holds "${name.slice(0, 50)}", which is no header name`, 'See RFC 9110 §5.1.')
    }
    const owner = ownedHeaders.get(lower) ?? (/^(content|proxy|sec)-/.test(lower) ? 'the transport' : undefined)
    if (owner !== undefined) throw owned('extraHeaders', lower, owner)
    if (headers.has(lower)) throw invalid(`extraHeaders holds ${lower} twice`, 'Names have no case.')
    if (!/^[\x21-\x7e]+([\x20\t]+[\x21-\x7e]+)*$/.test(value)) {
      throw invalid(
        `the header ${lower} holds what no header can`,
        'Printable ASCII only, no line ends, no blanks around.',
      )
    }
    headers.set(lower, new Secret(value))
  }
  return Object.fromEntries(headers)
}

function checkParameters(extras: Extras, option: string): readonly (readonly [string, FormValue])[] {
  const seen = new Set<string>()
  return entriesOf(extras, option).map(([name, value]) => {
    // Some servers read names without case, so neither the owned ones nor doubles may differ by it.
    const lower = name.toLowerCase()
    const owner = ownedParameters.get(lower)
    if (owner !== undefined) throw owned(option, lower, owner)
    if (!/^[\x21-\x7e]{1,200}$/.test(name) || seen.has(lower)) {
      throw invalid(`${option} holds "${name.slice(0, 50)}", which is no name or is there twice`, 'Use ASCII names.')
    }
    seen.add(lower)
    return [name, printableParameters.has(lower) ? value : new Secret(value)]
  })
}

function entriesOf(extras: unknown, option: string): readonly (readonly [string, string])[] {
  if (extras === undefined) return []
  if (typeof extras !== 'object' || extras === null || Array.isArray(extras)) {
    throw invalid(`${option} is not an object`, 'Write { name: "value" }.')
  }
  return Object.entries(extras).map(([name, value]: [string, unknown]) => {
    if (typeof value === 'string' && value.length <= 16_384 && value.isWellFormed()) return [name, value] as const
    throw invalid(`${option}: the value of "${name.slice(0, 50)}" is not a text of at most 16 KiB`, 'Convert it first.')
  })
}

function owned(option: string, name: string, owner: string): InvalidArgumentError {
  return invalid(`${option} may not hold ${name}`, `It is set by: ${owner}.`)
}

function invalid(message: string, hint: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'token', hint })
}
