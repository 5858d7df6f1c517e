import { soapHttpTransport } from '../../wstrust/namespaces.ts'
import type { XmlElement } from '../../wstrust/xml-element.ts'
import type { PeerRule } from './deviations.ts'
import { commonRules, type MexReading, type PeerDocument, versionOfAction } from './mex-reading.ts'

type Kind = 'username' | 'windows'

/**
 * MSAL Go 1.10, `wstrust_mex_document.go`. Its decoder knows local names only, and of an element that stands several times it
 * keeps what the last one says.
 */
export function readAsMsalGo(document: PeerDocument): MexReading {
  const { root } = document
  const rules = commonRules(document).filter((rule) => rule !== 'peer.mex.policy-12-signed-unseen')
  const stop = (rule: PeerRule, failure: string): MexReading => ({ failure, rules: [...rules, rule] })
  if (root.local !== 'definitions') return stop('peer.mex.root-only', 'the root element is not definitions')

  const policies = new Map<string, Kind>()
  for (const policy of named([root], 'Policy')) {
    const id = lastAttribute([policy], 'Id')
    const all = named([policy], 'ExactlyOne/All')
    const transport = named(all, 'TransportBinding')
    const kind = kindOf(all)
    if (kind === undefined || id === undefined || id === '') continue
    if (transport.some(declaresSp)) policies.set(`#${id}`, kind)
    else if (kind === 'username' && transport.length > 0) rules.push('peer.mex.transport-needs-sp')
  }
  if (policies.size === 0) return { failure: 'no policies for the MEX document', rules }

  const bindings = new Map<string | undefined, { kind: Kind; version: '1.3' | '2005' }>()
  for (const binding of named([root], 'binding')) {
    const references = named([binding], 'PolicyReference')
    if (references.length > 1) rules.push('peer.mex.last-reference')
    const kind = policies.get(lastAttribute(references, 'URI') ?? '')
    if (kind === undefined || lastAttribute(named([binding], 'binding'), 'transport') !== soapHttpTransport) continue
    const operations = named([binding], 'operation/operation')
    const version = versionOfAction(lastAttribute(operations, 'soapAction'))
    if (version === undefined) {
      const issueStandsBefore = operations.some(
        (one) => versionOfAction(lastAttribute([one], 'soapAction')) !== undefined,
      )
      if (issueStandsBefore) rules.push('peer.mex.last-operation')
      return stop('peer.mex.action-unknown-rejects-all', 'the MEX document has an unknown SOAP action')
    }
    bindings.set(lastAttribute([binding], 'name'), { kind, version })
  }

  let chosen: { url: string; version: '1.3' | '2005' } | undefined
  for (const port of named([root], 'service/port')) {
    const reference = lastAttribute([port], 'binding') ?? ''
    const binding = bindings.get(reference.slice(reference.indexOf(':') + 1))
    if (binding === undefined) continue
    const addresses = named([port], 'EndpointReference/Address')
    if (addresses.some(({ hasComment }) => hasComment)) rules.push('peer.mex.address-comment')
    const url = addresses
      .map(({ text }) => text)
      .join('')
      .trim()
    if (url === '') return stop('peer.mex.gap-stops', 'an endpoint has a blank URL')
    const better = chosen === undefined || (chosen.version === '2005' && binding.version === '1.3')
    if (binding.kind === 'username' && better) chosen = { url, version: binding.version }
  }
  if (chosen === undefined) return { failure: 'the WS-Trust version of the endpoint is unknown: there is none', rules }
  if (!/^https:/i.test(chosen.url)) rules.push('peer.mex.insecure-accepted')
  if (chosen.version === '2005') return stop('peer.wstrust.no-2005', 'WS-Trust 2005 is not implemented')
  if (!chosen.url.includes('?')) return { ...chosen, rules }
  return { ...chosen, url: chosen.url.replace(/\?[^#]*/, ''), rules: [...rules, 'peer.wstrust.query-dropped'] }
}

function kindOf(all: readonly XmlElement[]): Kind | undefined {
  const token = 'Policy/UsernameToken/Policy/WssUsernameToken10'
  const supporting = ['SignedEncryptedSupportingTokens', 'SignedSupportingTokens']
  if (supporting.some((name) => named(all, `${name}/${token}`).length > 0)) return 'username'
  return named(all, 'NegotiateAuthentication').length > 0 ? 'windows' : undefined
}

function declaresSp(element: XmlElement): boolean {
  return (element.declarations.get('sp') ?? lastAttribute([element], 'sp') ?? '') !== ''
}

/** The elements at a path of local names. */
function named(from: readonly XmlElement[], path: string): readonly XmlElement[] {
  return path
    .split('/')
    .reduce((found, local) => found.flatMap(({ children }) => children.filter((one) => one.local === local)), from)
}

function lastAttribute(elements: readonly XmlElement[], local: string): string | undefined {
  return elements.flatMap(({ attributes }) => attributes.filter((one) => one.local === local)).at(-1)?.value
}
