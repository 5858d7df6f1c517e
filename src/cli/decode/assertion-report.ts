import type { SamlAssertion } from '../../protocol/saml-assertion.ts'
import { type EpochSeconds, parseInstant } from '../../protocol/time.ts'
import { explainField } from '../../trace/messages.ts'
import { indent, table, wrap } from '../../trace/views/layout.ts'
import { type Page, show } from '../../trace/views/page.ts'
import { type AssertionFacts, assertionFacts } from '../../wstrust/assertion-facts.ts'
import { parseXml } from '../../wstrust/xml.ts'
import type { XmlElement } from '../../wstrust/xml-element.ts'
import { showInstantFrom } from './instants.ts'

/** What can be told of an assertion: no name, no key, no value of an attribute. */
export interface AssertionReport extends AssertionFacts {
  /** Parts of it are encrypted: a name, an attribute. */
  readonly encrypted: boolean
  /** It names the user (`NameID`, in SAML 1.1 `NameIdentifier`). */
  readonly nameId: boolean
  /** It has the attribute by which Entra finds the user from SAML 1.1. */
  readonly immutableId: boolean
  readonly userPrincipalName: boolean
  /** By the clock of this machine; absent where it names no end. */
  readonly validity?: 'valid' | 'expired' | 'not yet valid'
}

/** Tells what an assertion says without showing it. Its signature is not verified. */
export function reportAssertion(assertion: SamlAssertion, at: EpochSeconds): AssertionReport {
  const facts = assertionFacts(assertion)
  const elements = allElements(parseXml(assertion.xml.reveal(), 'wstrust').root)
  const has = (...names: readonly string[]): boolean => elements.some(({ local }) => names.includes(local))
  const names = (ending: RegExp): boolean => facts.attributes.some((name) => ending.test(name))
  const validity = validityOf(facts, at)
  return {
    ...facts,
    encrypted: has('EncryptedData', 'EncryptedID', 'EncryptedAttribute'),
    nameId: has('NameID', 'NameIdentifier'),
    immutableId: names(/(?:^|\/)ImmutableID$/i),
    userPrincipalName: names(/(?:^|\/)UPN$/i),
    ...(validity === undefined ? {} : { validity }),
  }
}

function validityOf({ notBefore, notOnOrAfter }: AssertionFacts, at: EpochSeconds): AssertionReport['validity'] {
  const begin = parseInstant(notBefore ?? '')
  const end = parseInstant(notOnOrAfter ?? '')
  if (begin !== undefined && at < begin) return 'not yet valid'
  if (end === undefined) return undefined
  return at < end ? 'valid' : 'expired'
}

function allElements(element: XmlElement): readonly XmlElement[] {
  return [element, ...element.children.flatMap(allElements)]
}

/** The facts as lines, each with what it means. */
export function renderAssertion(page: Page, report: AssertionReport, at: EpochSeconds): readonly string[] {
  const { version, issuer, audiences, notBefore, notOnOrAfter, signed, signatureAlgorithm } = report
  const { nameId, nameIdFormat, attributes, authenticationMethod, validity, encrypted } = report
  const instant = (text: string | undefined): string | undefined => {
    const seconds = parseInstant(text ?? '')
    return seconds === undefined ? text : showInstantFrom(at, seconds)
  }
  const yes = (is: boolean): string => (is ? 'yes' : 'no')
  const told: readonly (readonly [name: string, value: string | undefined, why?: string | undefined])[] = [
    ['version', `SAML ${version}`, explainField('wstrust', 'version')],
    ['issuer', issuer],
    ['audiences', audiences.length === 0 ? 'none' : audiences.join(' ')],
    ['notBefore', instant(notBefore)],
    ['notOnOrAfter', instant(notOnOrAfter)],
    ['validity', validity, 'By the clock of this machine.'],
    ['signed', signed ? 'yes, not verified' : 'NO', explainField('wstrust', 'signed')],
    ['signatureAlgorithm', signatureAlgorithm],
    ['encrypted', encrypted ? 'in parts' : 'no', 'Entra cannot read what is encrypted.'],
    ['NameID', nameId ? 'present' : 'absent', 'The name that the user goes by; not shown.'],
    ['nameIdFormat', nameIdFormat],
    ['ImmutableID', yes(report.immutableId), immutableIdText(report)],
    ['UPN', yes(report.userPrincipalName), 'The user principal name, as an attribute.'],
    ['attributes', attributes.length === 0 ? 'none' : attributes.join(' '), 'Their names; the values are not shown.'],
    ['authenticationMethod', authenticationMethod],
  ]
  const rows = told.flatMap(([name, value, why = explainField('wstrust', name) ?? '']) =>
    value === undefined ? [] : [[name, show(value), why]],
  )
  return [
    ...indent(table(rows, [20, 38], page.width - 2), 2),
    ...indent(wrap('Nothing of it was verified.', page.width - 2), 2),
  ]
}

function immutableIdText({ version, immutableId }: AssertionReport): string {
  if (version === '2.0') return 'In SAML 2.0 the NameID stands for it.'
  return immutableId
    ? 'Entra finds the user by it.'
    : 'Entra finds the user of a SAML 1.1 assertion by it, and refuses one without (AADSTS90020).'
}
