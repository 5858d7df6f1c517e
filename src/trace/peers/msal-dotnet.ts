import { soapHttpTransport, type WsTrustVersion, wsdl, wsu } from '../../wstrust/namespaces.ts'
import { attributeOf, outermostNamed, type XmlElement } from '../../wstrust/xml-element.ts'
import type { PeerRule } from './deviations.ts'
import {
  commonRules,
  type MexReading,
  type PeerDocument,
  select,
  versionOfAction,
  withDescendants,
} from './mex-reading.ts'

interface Policy {
  readonly username: boolean
  version?: WsTrustVersion
  url?: string
}

/** MSAL .NET 4.87, `MexDocument.cs`, as read; never run here. */
export function readAsMsalDotnet(document: PeerDocument): MexReading {
  const { root } = document
  const rules = commonRules(document).filter((rule) => rule !== 'peer.mex.duplicate-accepted')
  const definitions = outermostNamed(root, wsdl, 'definitions')
  const missing = ['wsp:Policy', 'wsdl:binding', 'wsdl:service'].some((name) => select(definitions, name).length === 0)
  if (missing) return { failure: 'parsing_ws_metadata_exchange_failed', rules }
  const duplicate = (): MexReading => ({
    failure: 'ArgumentException: the key is there already',
    rules: [...rules, 'peer.mex.duplicate-refused'],
  })

  const policies = new Map<string, Policy>()
  for (const policy of select(definitions, 'wsp:Policy')) {
    const id = attributeOf(policy, 'Id', wsu)
    const within = withDescendants(policy)
    const transport = ['sp:TransportBinding', 'sp2005:TransportBinding'].some((name) => select(within, name).length > 0)
    for (const username of select([policy], 'wsp:ExactlyOne/wsp:All').flatMap((all) => kindsOf(all, rules))) {
      if (!transport || id === undefined) continue
      if (policies.has(`#${id}`)) return duplicate()
      policies.set(`#${id}`, { username })
    }
  }

  const bindings = new Map<string, Policy>()
  for (const binding of select(definitions, 'wsdl:binding')) {
    const name = attributeOf(binding, 'name')
    const operations = select(select([binding], 'wsdl:operation').slice(0, 1), 'soap12:operation')
    const version = versionOfAction(attributeOfFirst(operations, 'soapAction'), true)
    for (const reference of select([binding], 'wsp:PolicyReference')) {
      const policy = policies.get(attributeOf(reference, 'URI') ?? '')
      if (policy === undefined || name === undefined) continue
      if (version === undefined) {
        const actions = select([binding], 'wsdl:operation/soap12:operation').map((one) =>
          attributeOf(one, 'soapAction'),
        )
        if (policy.username && actions.some((action) => versionOfAction(action))) rules.push('peer.mex.first-operation')
        continue
      }
      policy.version = version
      const transport = attributeOfFirst(select([binding], 'soap12:binding'), 'transport')
      if (transport?.toLowerCase() !== soapHttpTransport) continue
      if (bindings.has(name)) return duplicate()
      bindings.set(name, policy)
    }
  }

  const [service, ...otherServices] = select(definitions, 'wsdl:service')
  if (otherServices.length > 0) rules.push('peer.mex.first-service')
  for (const port of select(service === undefined ? [] : [service], 'wsdl:port')) {
    const reference = attributeOf(port, 'binding') ?? ''
    const local = reference.slice(reference.indexOf(':') + 1)
    const policy = bindings.get(local)
    if (policy === undefined) continue
    if (!reference.includes(':')) {
      if (policy.username) rules.push('peer.mex.prefix-required')
      continue
    }
    const address = select([port], 'wsa10:EndpointReference/wsa10:Address')[0]?.text.trim() ?? ''
    if (!URL.canParse(address)) continue
    if (policy.username && policy.url !== undefined) rules.push('peer.mex.last-port-wins')
    policy.url = address
  }

  const usable = [...policies.values()].filter(({ username, url }) => username && url !== undefined)
  const best = usable.filter(({ version }) => version === '1.3')
  const rivals = best.length > 0 ? best : usable
  if (rivals.length > 1) rules.push('peer.mex.first-policy-wins')
  const [chosen] = rivals
  if (chosen?.url === undefined) return { failure: 'wstrust_endpoint_not_found', rules }
  if (!/^https:/i.test(chosen.url)) rules.push('peer.mex.insecure-accepted')
  return { url: chosen.url, ...(chosen.version === undefined ? {} : { version: chosen.version }), rules }
}

/** What an alternative of a policy counts as: `true` for user name and password, `false` for Windows authentication. */
function kindsOf(all: XmlElement, rules: PeerRule[]): readonly boolean[] {
  const windows = select([all], 'http:NegotiateAuthentication').length > 0 ? [false] : []
  const encrypted = select([all], 'sp:SignedEncryptedSupportingTokens')
  const tokens = select(encrypted.length > 0 ? encrypted : select([all], 'sp2005:SignedSupportingTokens'), 'wsp:Policy')
  // In the 1.2 dialect too it looks for the UsernameToken of the older one.
  const below = select(tokens, 'sp2005:UsernameToken/wsp:Policy')
  const username = select(below, 'sp2005:WssUsernameToken10').length + select(below, 'sp:WssUsernameToken10').length > 0
  if (!username && select(tokens, 'sp:UsernameToken').length > 0) rules.push('peer.mex.policy-13-unseen')
  return username ? [...windows, true] : windows
}

function attributeOfFirst(elements: readonly XmlElement[], name: string): string | undefined {
  return elements[0] === undefined ? undefined : attributeOf(elements[0], name)
}
