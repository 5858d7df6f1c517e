import { decodeBase64Url } from './base64url.ts'

/** Who signed in, in Entra's terms: object id and tenant id of the home directory. */
export interface ClientInfo {
  readonly uid: string
  readonly utid: string
}

/**
 * Decodes the `client_info` of a token response: base64url of `{"uid":…,"utid":…}`.
 *
 * @returns `undefined` when it is absent, undecodable or incomplete; the account then comes from the id_token.
 */
export function parseClientInfo(text: string | undefined): ClientInfo | undefined {
  if (text === undefined || text.length > 4_096) return undefined
  try {
    const json: unknown = JSON.parse(decodeBase64Url(text) ?? '')
    const { uid, utid } = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
    if (typeof uid !== 'string' || uid === '' || typeof utid !== 'string' || utid === '') return undefined
    return { uid, utid }
  } catch {
    return undefined
  }
}
