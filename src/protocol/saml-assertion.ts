import type { Secret } from './secret.ts'
import type { EpochSeconds } from './time.ts'

/** A signed SAML assertion, byte for byte as the federation server issued it. */
export interface SamlAssertion {
  readonly version: '1.1' | '2.0'
  /** The `Assertion` element as text, ready to be encoded for a SAML bearer grant. */
  readonly xml: Secret
  /** End of the assertion's validity (`Conditions/@NotOnOrAfter`), where it names one. */
  readonly notOnOrAfter?: EpochSeconds
}
