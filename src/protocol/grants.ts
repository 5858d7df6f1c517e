import type { SamlAssertion } from './saml-assertion.ts'
import type { Secret } from './secret.ts'

/** What is presented at the token endpoint. */
export type Grant =
  | { readonly type: 'password'; readonly username: string; readonly password: Secret }
  | { readonly type: 'saml'; readonly assertion: SamlAssertion }
  | { readonly type: 'refresh_token'; readonly refreshToken: Secret }
  | { readonly type: 'device_code'; readonly deviceCode: Secret }

/** `grant_type` values on the wire (RFC 6749 §4.3.2 and §6; Microsoft's SAML 1.1 profile; RFC 7522; RFC 8628 §3.4). */
export const grantTypes = {
  password: 'password',
  refreshToken: 'refresh_token',
  deviceCode: 'urn:ietf:params:oauth:grant-type:device_code',
  saml11: 'urn:ietf:params:oauth:grant-type:saml1_1-bearer',
  saml20: 'urn:ietf:params:oauth:grant-type:saml2-bearer',
} as const
