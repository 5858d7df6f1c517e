import type { Verdict } from '../protocol/verdict.ts'
import { httpPolicy, policy, securityPolicy11, securityPolicy12 } from './namespaces.ts'
import { attributeOf, childrenNamed, type XmlElement } from './xml-element.ts'

const isSecurityPolicy = (uri: string): boolean => uri === securityPolicy12 || uri === securityPolicy11
const isOperator = ({ uri, local }: XmlElement): boolean =>
  uri === policy && (local === 'Policy' || local === 'ExactlyOne' || local === 'All')

/**
 * Judges one `wsp:Policy`: can a user name and password satisfy it over TLS?
 *
 * Some alternative must hold an `sp:TransportBinding` and, in `SignedEncryptedSupportingTokens` or
 * `SignedSupportingTokens`, a `UsernameToken` by WSS 1.0 or 1.1 whose password may travel as text. Both dialects of
 * WS-SecurityPolicy count, alone or mixed: the dialect says nothing about the version of WS-Trust.
 *
 * @returns `mex.ok`, or the rule that the alternative nearest to it broke.
 * @see {@link https://docs.oasis-open.org/ws-sx/ws-securitypolicy/v1.2/ws-securitypolicy.html WS-SecurityPolicy 1.2
 * §5.4.1, §7.3, §8.2}
 */
export function judgePolicy(element: XmlElement): Verdict {
  const alternatives = childrenNamed(element, policy, 'ExactlyOne').flatMap((one) => childrenNamed(one, policy, 'All'))
  // WS-Policy 1.2 §4.3: the compact form lists the assertions directly.
  const verdicts = (alternatives.length > 0 ? alternatives : [element]).map(judgeAlternative)
  const nearest = verdicts.toSorted((a, b) => closeness.indexOf(b.rule) - closeness.indexOf(a.rule))
  return nearest[0] as Verdict
}

/** From furthest to nearest to what a password client can use. */
const closeness = [
  'mex.policy.no-username-token',
  'mex.policy.windows',
  'mex.policy.certificate',
  'mex.policy.issued-token',
  'mex.policy.no-text-password',
  'mex.policy.no-transport-binding',
  'mex.ok',
]

function judgeAlternative(alternative: XmlElement): Verdict {
  const assertions = assertionsIn(alternative)
  const usernameTokens = supportingTokens(assertions).filter(isUsernameToken)
  if (usernameTokens.length === 0) return otherCredential(alternative)
  if (usernameTokens.every(refusesTextPassword)) {
    return no('mex.policy.no-text-password', 'the policy wants a hashed password or none')
  }
  if (!assertions.some(({ uri, local }) => isSecurityPolicy(uri) && local === 'TransportBinding')) {
    return no('mex.policy.no-transport-binding', 'the policy does not protect the password by TLS')
  }
  return { rule: 'mex.ok', ok: true }
}

/** The assertions of a policy, looking through nested `wsp:Policy`, `wsp:ExactlyOne` and `wsp:All`. */
function assertionsIn(element: XmlElement): XmlElement[] {
  return element.children.flatMap((child) => (isOperator(child) ? assertionsIn(child) : [child]))
}

function supportingTokens(assertions: readonly XmlElement[]): XmlElement[] {
  return assertions
    .filter(({ uri, local }) => isSecurityPolicy(uri) && /^Signed(Encrypted)?SupportingTokens$/.test(local))
    .flatMap(assertionsIn)
}

function isUsernameToken(token: XmlElement): boolean {
  if (!isSecurityPolicy(token.uri) || token.local !== 'UsernameToken') return false
  return assertionsIn(token).some(({ uri, local }) => isSecurityPolicy(uri) && /^WssUsernameToken1[01]$/.test(local))
}

function refusesTextPassword(token: XmlElement): boolean {
  return assertionsIn(token).some(
    ({ uri, local }) => isSecurityPolicy(uri) && (local === 'HashPassword' || local === 'NoPassword'),
  )
}

function otherCredential(alternative: XmlElement): Verdict {
  if (contains(alternative, ({ uri, local }) => uri === httpPolicy && local === 'NegotiateAuthentication')) {
    return no('mex.policy.windows', 'the policy wants Windows authentication')
  }
  if (contains(alternative, ({ uri, local }) => isSecurityPolicy(uri) && local === 'IssuedToken')) {
    return no('mex.policy.issued-token', 'the policy wants a token issued elsewhere')
  }
  if (contains(alternative, wantsCertificate)) {
    return no('mex.policy.certificate', 'the policy wants a client certificate')
  }
  return no('mex.policy.no-username-token', 'the policy has no username token')
}

/** An X.509 token, or a client certificate for TLS: an assertion in WS-SecurityPolicy 1.2, an attribute in 1.1. */
function wantsCertificate(element: XmlElement): boolean {
  if (!isSecurityPolicy(element.uri)) return false
  if (element.local === 'HttpsToken') return /^(true|1)$/.test(attributeOf(element, 'RequireClientCertificate') ?? '')
  return element.local === 'X509Token' || element.local === 'RequireClientCertificate'
}

function contains(element: XmlElement, test: (element: XmlElement) => boolean): boolean {
  return element.children.some((child) => test(child) || contains(child, test))
}

function no(rule: string, evidence: string): Verdict {
  return { rule, ok: false, evidence }
}
