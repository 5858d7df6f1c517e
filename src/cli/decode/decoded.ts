import type { JsonObject } from '../../protocol/json.ts'
import type { AssertionReport } from './assertion-report.ts'

/** What was recognised in a text. Nothing of it is verified, and no secret is in it: no whole token, signature or key. */
export type Decoded = DecodedJwt | DecodedAssertion | DecodedClientInfo | DecodedMessage

export interface DecodedJwt {
  readonly kind: 'jwt'
  /** `not verified`, or that there is none; an encrypted token shows its header alone. */
  readonly signature: 'not verified' | 'none' | 'encrypted'
  readonly header: JsonObject
  readonly claims: JsonObject
  /** Claims that are instants, in RFC 3339. */
  readonly instants: Readonly<Record<string, string>>
}

interface DecodedAssertion extends AssertionReport {
  readonly kind: 'saml_assertion'
}

interface DecodedClientInfo {
  readonly kind: 'client_info'
  readonly uid: string
  readonly utid: string
  /** The key of the account in the token caches of all Microsoft libraries. */
  readonly homeAccountId: string
}

/** A message of the protocol with what it carries. */
export interface DecodedMessage {
  readonly kind: 'token_response' | 'oauth_error' | 'security_token_response' | 'soap_fault' | 'encrypted_assertion'
  /** By their names on the wire; of what is secret, how long it is. */
  readonly members: JsonObject
  readonly parts: Readonly<Record<string, Decoded>>
}
