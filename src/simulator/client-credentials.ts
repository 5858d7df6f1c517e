import { Buffer } from 'node:buffer'
import type { SimulatorRequest } from './journal.ts'

/** How a client proved who it is, by the names of OpenID Connect Core §9. */
export type ClientAuthenticationMethod = 'none' | 'client_secret_post' | 'client_secret_basic' | 'private_key_jwt'

/** What a token request says about the client that sent it. */
export interface ClientCredentials {
  readonly method: ClientAuthenticationMethod
  readonly clientId: string | undefined
  /** The secret as it stands; for `client_secret_basic` form-decoded as well: clients disagree about RFC 6749 §2.3.1. */
  readonly secrets: readonly string[]
  readonly assertion?: string
  readonly assertionType?: string
}

/** `client_assertion_type` of a signed JWT (RFC 7523 §2.2). */
export const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Anything but a form is no form, and then has no fields. */
export function readForm({ headers, body = '' }: SimulatorRequest): URLSearchParams {
  const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i.test(headers['content-type'] ?? '')
  return new URLSearchParams(isForm ? body : '')
}

/** A parameter may be given once (RFC 6749 §3.2). @returns the first that is given again. */
export function duplicateIn(form: URLSearchParams): string | undefined {
  const names = [...form.keys()]
  return names.find((name, index) => names.indexOf(name) !== index)
}

/** Reads the client's part of a token request, wherever it was put. */
export function readClientCredentials(form: URLSearchParams, headers: SimulatorRequest['headers']): ClientCredentials {
  const basic = basicCredentials(headers['authorization'])
  const clientId = form.get('client_id') || basic?.clientId
  const assertion = form.get('client_assertion')
  if (assertion !== null) {
    const assertionType = form.get('client_assertion_type')
    const type = assertionType === null ? {} : { assertionType }
    return { method: 'private_key_jwt', clientId, secrets: [], assertion, ...type }
  }
  if (basic !== undefined) {
    return { method: 'client_secret_basic', clientId, secrets: [...new Set([basic.secret, formDecode(basic.secret)])] }
  }
  const secret = form.get('client_secret')
  if (secret === null) return { method: 'none', clientId, secrets: [] }
  return { method: 'client_secret_post', clientId, secrets: [secret] }
}

/** The two halves of `Authorization: Basic`, as they stand. */
export function basicCredentials(
  authorization: string | undefined,
): { readonly clientId: string; readonly secret: string } | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { clientId: text.slice(0, colon), secret: text.slice(colon + 1) }
}

/** Undoes `application/x-www-form-urlencoded` for one value. */
export function formDecode(text: string): string {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? text
}
