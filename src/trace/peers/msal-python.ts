import { soapHttpTransport, wsdl, wsu } from '../../wstrust/namespaces.ts'
import { attributeOf } from '../../wstrust/xml-element.ts'
import {
  commonRules,
  type MexReading,
  type PeerDocument,
  select,
  usernamePolicies,
  usernameTokenPaths,
  versionOfAction,
  withDescendants,
} from './mex-reading.ts'
import { versionBySubstring } from './wstrust-version.ts'

interface ReadBinding {
  readonly uri: string | undefined
  /** One for each operation. */
  readonly actions: readonly (string | undefined)[]
}

/** MSAL Python, `msal/mex.py` of 1.21 to 1.39. */
export function readAsMsalPython(document: PeerDocument): MexReading {
  const { root } = document
  const rules = commonRules(document)
  const fail = (failure: string): MexReading => ({ failure, rules })
  if (root.uri !== wsdl || root.local !== 'definitions') rules.push('peer.mex.root-only')

  const policyIds = new Set<string>()
  for (const dialect of ['1.3', '2005'] as const) {
    const transportBinding = dialect === '1.3' ? 'sp:TransportBinding' : 'sp2005:TransportBinding'
    for (const policy of usernamePolicies([root], usernameTokenPaths[dialect])) {
      const within = withDescendants(policy)
      if (select(within, transportBinding).length > 0) policyIds.add(`#${attributeOf(policy, 'Id', wsu)}`)
      else if (within.some(({ local }) => local === 'TransportBinding')) rules.push('peer.mex.transport-same-dialect')
    }
  }

  const bindings = new Map<string | undefined, ReadBinding>()
  for (const binding of select([root], 'wsdl:binding')) {
    const [soap] = select([binding], 'soap12:binding')
    const actions = select([binding], 'wsdl:operation/soap12:operation').map((one) => attributeOf(one, 'soapAction'))
    const otherTransport = soap !== undefined && attributeOf(soap, 'transport') !== soapHttpTransport
    if (otherTransport) continue
    if (soap === undefined || actions.length === 0) {
      rules.push('peer.mex.binding-gap-stops')
      return fail('AttributeError while it reads the bindings')
    }
    const references = select([binding], 'wsp:PolicyReference')
    if (references.length > 1) rules.push('peer.mex.last-reference')
    const uri = references.map((reference) => attributeOf(reference, 'URI')).at(-1)
    if (references.length > 0) bindings.set(attributeOf(binding, 'name'), { uri, actions })
  }

  const endpoints: { url: string; actions: ReadBinding['actions'] }[] = []
  for (const port of select([root], 'wsdl:service/wsdl:port')) {
    const reference = attributeOf(port, 'binding')
    if (reference === undefined) {
      rules.push('peer.mex.gap-stops')
      return fail('AttributeError while it reads the ports')
    }
    const binding = bindings.get(reference.split(':').at(-1))
    const [address] = select([port], 'wsa10:EndpointReference/wsa10:Address')
    if (binding === undefined || !policyIds.has(binding.uri ?? '') || address === undefined) continue
    if (address.text === '') {
      rules.push('peer.mex.gap-stops')
      return fail('AttributeError at an empty address')
    }
    if (address.text !== address.text.trim()) rules.push('peer.mex.address-untrimmed')
    if (address.hasComment) rules.push('peer.mex.address-comment')
    if (/^https:\/\//i.test(address.text)) endpoints.push({ url: escapeBlanks(address.text), actions: binding.actions })
  }

  const chosen = endpoints.find(({ actions }) => versionOfAction(actions[0]) === '1.3') ?? endpoints[0]
  if (chosen === undefined) {
    return fail(
      'ValueError: no WS-Trust endpoint in the MEX document, with the remark that this is typical of personal accounts',
    )
  }
  const [action] = chosen.actions
  if (versionOfAction(action) === undefined) {
    const issueStandsBehind = chosen.actions.some((other) => versionOfAction(other) !== undefined)
    rules.push(issueStandsBehind ? 'peer.mex.first-operation' : 'peer.mex.action-unknown-kept')
  }
  const version = action === undefined ? versionBySubstring(chosen.url) : versionOfAction(action)
  if (version === undefined) return fail('ValueError: the SOAP action of the endpoint is not supported')
  return { url: chosen.url, version, rules }
}

/** Its HTTP library drops blanks in front and percent-encodes the others. */
export function escapeBlanks(address: string): string {
  return address.trimStart().replace(/\s/g, (blank) => encodeURIComponent(blank))
}
