import { ProtocolError } from '../errors.ts'
import type { Verdict } from '../protocol/verdict.ts'
import type { MexCandidate } from './mex-document.ts'
import { judgePolicy } from './mex-policy.ts'
import {
  addressing,
  policy,
  soapHttpTransport,
  type WsTrustVersion,
  wsdl,
  wsdlSoap12,
  wsTrust,
  wsu,
} from './namespaces.ts'
import { attributeOf, childrenNamed, leafText, type XmlElement } from './xml-element.ts'

type Located = MexCandidate & { readonly at: number }

interface Index {
  readonly policies: ReadonlyMap<string, XmlElement>
  readonly bindings: ReadonlyMap<string, XmlElement>
  /** The policies some binding uses and the bindings some port uses, each judged once. */
  readonly judgedPolicies: Map<XmlElement, Verdict>
  readonly readBindings: Map<XmlElement, MexCandidate>
}

/**
 * Joins ports to bindings to policies and judges every combination: one candidate per port, and one for each binding
 * and policy that nothing uses, in document order.
 *
 * @throws {@link ProtocolError} `ERR_MALFORMED_RESPONSE` if a policy id or a binding name occurs twice.
 */
export function readCandidates(definitions: readonly XmlElement[]): MexCandidate[] {
  const below = (uri: string, local: string): XmlElement[] =>
    definitions.flatMap((element) => childrenNamed(element, uri, local))
  const policies = below(policy, 'Policy')
  const bindings = below(wsdl, 'binding')
  const ports = below(wsdl, 'service').flatMap((service) => childrenNamed(service, wsdl, 'port'))
  const index = {
    policies: indexed(policies, policyId),
    bindings: indexed(bindings, bindingName),
    judgedPolicies: new Map<XmlElement, Verdict>(),
    readBindings: new Map<XmlElement, MexCandidate>(),
  }
  // Each list is read to its end before the next asks what is left over.
  const readPorts = ports.map((port) => readPort(port, index))
  const readBindings = bindings
    .filter((element) => !index.readBindings.has(element))
    .map((element) => readUnusedBinding(element, index))
  const readPolicies = policies.filter((element) => !index.judgedPolicies.has(element)).map(readUnusedPolicy)
  const candidates = [...readPorts, ...readBindings, ...readPolicies].toSorted((a, b) => a.at - b.at)
  return candidates.map(({ at: _, ...candidate }) => candidate)
}

function readPort(element: XmlElement, index: Index): Located {
  const name = attributeOf(element, 'name')
  const address = judgeAddress(portAddress(element))
  const own = { at: element.start, ...optional('port', name), ...(address.url === '' ? {} : { url: address.url }) }
  // A QName (WSDL 1.1 §2.6); some servers leave the prefix out, so the local part decides.
  const reference = attributeOf(element, 'binding')?.trim().split(':').at(-1)
  if (reference === undefined) return { ...own, verdict: no('mex.port.no-binding', 'the port names no binding') }
  const binding = index.bindings.get(reference)
  if (binding === undefined) {
    return { ...own, verdict: no('mex.port.binding-not-found', 'the port names a binding that is not there') }
  }
  const judged = index.readBindings.get(binding) ?? readBinding(binding, index)
  index.readBindings.set(binding, judged)
  return { ...judged, ...own, verdict: judged.verdict.ok ? address.verdict : judged.verdict }
}

function readUnusedBinding(element: XmlElement, index: Index): Located {
  const judged = readBinding(element, index)
  const verdict = judged.verdict.ok ? no('mex.binding.no-port', 'no port uses the binding') : judged.verdict
  return { ...judged, verdict, at: element.start }
}

function readUnusedPolicy(element: XmlElement): Located {
  const id = policyId(element)
  const judged = judgePolicy(element)
  const unused =
    id === undefined ? no('mex.policy.no-id', 'the policy has no id') : no('mex.policy.unused', 'no binding uses it')
  return { at: element.start, ...optional('policy', id), verdict: judged.ok ? unused : judged }
}

function readBinding(element: XmlElement, index: Index): MexCandidate {
  const name = bindingName(element)
  const version = issueVersion(element)
  const { verdict, id } = policyOf(element, index)
  return {
    ...optional('binding', name),
    ...optional('policy', id),
    ...(version === undefined ? {} : { version }),
    verdict: verdict.ok ? judgeBinding(element, version) : verdict,
  }
}

/** The first policy of a binding that a password satisfies, or else its first policy. */
function policyOf(binding: XmlElement, index: Index): { verdict: Verdict; id?: string } {
  const ids = childrenNamed(binding, policy, 'PolicyReference').map(referencedId)
  const found = ids.flatMap((id) => {
    const element = index.policies.get(id)
    if (element === undefined) return []
    const verdict = index.judgedPolicies.get(element) ?? judgePolicy(element)
    index.judgedPolicies.set(element, verdict)
    return [{ id, verdict }]
  })
  const fallback =
    ids.length === 0
      ? no('mex.binding.no-policy', 'the binding names no policy')
      : no('mex.binding.policy-not-found', 'the binding names a policy that is not there')
  return found.find(({ verdict }) => verdict.ok) ?? found[0] ?? { verdict: fallback }
}

// An empty id or name cannot be referred to.
const policyId = (element: XmlElement): string | undefined => attributeOf(element, 'Id', wsu) || undefined
const bindingName = (element: XmlElement): string | undefined => attributeOf(element, 'name') || undefined

/** The id a `wsp:PolicyReference` points to within the document; empty, and so never found, for any other reference. */
function referencedId(element: XmlElement): string {
  const uri = attributeOf(element, 'URI') ?? ''
  return uri.startsWith('#') ? uri.slice(1) : ''
}

function indexed(
  elements: readonly XmlElement[],
  keyOf: (element: XmlElement) => string | undefined,
): Map<string, XmlElement> {
  const index = new Map<string, XmlElement>()
  for (const element of elements) {
    const key = keyOf(element)
    if (key === undefined) continue
    if (index.has(key)) {
      throw new ProtocolError('ERR_MALFORMED_RESPONSE', `two ${element.local} elements carry the same name`, {
        step: 'mex',
        hint: 'It is not clear which one counts, so the document is not used. Look at what the metadata URL returns.',
      })
    }
    index.set(key, element)
  }
  return index
}

function judgeBinding(element: XmlElement, version: WsTrustVersion | undefined): Verdict {
  const soap = childrenNamed(element, wsdlSoap12, 'binding')
  if (soap.length === 0) return no('mex.binding.not-soap12', 'the binding is not SOAP 1.2')
  if (!soap.some((binding) => attributeOf(binding, 'transport') === soapHttpTransport)) {
    return no('mex.binding.transport', 'the binding is not SOAP over HTTP')
  }
  if (version === undefined) return no('mex.binding.no-issue-action', 'the binding has no WS-Trust Issue operation')
  return { rule: 'mex.ok', ok: true }
}

/** The version whose Issue action any operation names; the action becomes an HTTP header, so it must equal a constant. */
function issueVersion(binding: XmlElement): WsTrustVersion | undefined {
  const actions = childrenNamed(binding, wsdl, 'operation')
    .flatMap((operation) => childrenNamed(operation, wsdlSoap12, 'operation'))
    .map((operation) => attributeOf(operation, 'soapAction'))
  return (['1.3', '2005'] as const).find((version) => actions.includes(wsTrust[version].issueAction))
}

/** The address of a port; empty where there is none, `undefined` where it is not plain text. */
function portAddress(port: XmlElement): string | undefined {
  const reference = childrenNamed(port, addressing, 'EndpointReference')[0]
  const addresses = reference === undefined ? [] : childrenNamed(reference, addressing, 'Address')
  return addresses.length === 0 ? '' : leafText(addresses[0])
}

/**
 * Judges the text of an address: https only, nothing a URL reader would have to repair, no user info, no fragment.
 *
 * @returns The text as it is, or an empty one where it is no URL at all; hosts are judged by the client's guard.
 */
export function judgeAddress(text: string | undefined): { url: string; verdict: Verdict } {
  if (text === '') return { url: '', verdict: no('mex.port.no-address', 'the port has no address') }
  const malformed = no('mex.port.address-malformed', 'the address is not a plain URL')
  // WHATWG URL repairs backslashes, missing slashes and inner line breaks; an address that needs it is not used.
  if (text === undefined || text.length > 2_048 || !/^https?:\/\/[^\s\\]+$/i.test(text)) {
    return { url: '', verdict: malformed }
  }
  if (!URL.canParse(text)) return { url: '', verdict: malformed }
  const { protocol, username, password, hash } = new URL(text)
  if (username !== '' || password !== '' || hash !== '') return { url: '', verdict: malformed }
  if (protocol !== 'https:') return { url: text, verdict: no('mex.port.address-insecure', 'not https') }
  return { url: text, verdict: { rule: 'mex.ok', ok: true } }
}

function no(rule: string, evidence: string): Verdict {
  return { rule, ok: false, evidence }
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: string }
}
