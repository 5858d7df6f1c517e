import { soapHttpTransport, type WsTrustVersion, wsdl, wsu } from '../../wstrust/namespaces.ts'
import { attributeOf, outermostNamed, type XmlElement } from '../../wstrust/xml-element.ts'
import type { PeerRule } from './deviations.ts'
import { hashOrder } from './hash-order.ts'
import {
  commonRules,
  type MexReading,
  type PeerDocument,
  select,
  usernamePolicies,
  usernameTokenPaths,
  versionOfAction,
} from './mex-reading.ts'
import { escapeBlanks } from './msal-python.ts'

type Gap = 'policy-id' | 'reference' | 'operation' | 'transport' | 'port'

/** In what ADAL Node and its two translations differ. */
interface Variant {
  /** They look for the WSDL anywhere, or at the root only. */
  readonly anywhere: boolean
  readonly transportRequired: boolean
  /** Makes the prefix of the newer dialect mean the older one before it looks for policies of that. */
  readonly remapsPrefix: boolean
  /** The index of the operation that counts. */
  readonly operation: 0 | -1
  readonly ignoreCase: boolean
  /** What they cannot do without, even where it does not matter. */
  readonly stopsAt: readonly Gap[]
  readonly idOf: (policy: XmlElement) => string | undefined
  /** The address as it would be requested; nothing for one that is not https, `null` where it breaks down. */
  readonly addressOf: (element: XmlElement, document: PeerDocument) => string | undefined | null
  /** The order in which policies are looked through in the end. */
  readonly order: (ids: readonly string[]) => readonly string[]
  readonly orderRule: PeerRule
}

const idInNamespace = (policy: XmlElement): string | undefined => attributeOf(policy, 'Id', wsu) || undefined
const asWritten = (ids: readonly string[]): readonly string[] => ids

const adalNode: Variant = {
  anywhere: true,
  transportRequired: true,
  remapsPrefix: false,
  // Its XPath library returns attributes in reverse.
  operation: -1,
  ignoreCase: false,
  stopsAt: ['operation'],
  idOf: idInNamespace,
  addressOf: (element, document) => {
    const text = firstData(element, document)
    if (text === '') return null
    return /^\s*https:/i.test(text) ? text.trim() : undefined
  },
  order: asWritten,
  orderRule: 'peer.mex.last-wins',
}

const adalPython: Variant = {
  anywhere: false,
  transportRequired: false,
  remapsPrefix: false,
  operation: 0,
  ignoreCase: false,
  stopsAt: ['policy-id', 'operation', 'transport', 'port'],
  idOf: idInNamespace,
  addressOf: ({ text }) => (/^\s*https:/i.test(text) ? escapeBlanks(text) : undefined),
  order: asWritten,
  orderRule: 'peer.mex.last-wins',
}

const msalJava: Variant = {
  anywhere: true,
  transportRequired: true,
  remapsPrefix: true,
  operation: 0,
  ignoreCase: true,
  stopsAt: ['reference', 'port'],
  idOf: (policy) => policy.attributes.find(({ name }) => name === 'wsu:Id')?.value,
  addressOf: ({ text }) => (/^https:\/\//i.test(text) ? text.trim() : undefined),
  order: hashOrder,
  orderRule: 'peer.mex.hash-order',
}

/** ADAL Node 0.2, `lib/mex.js`. */
export const readAsAdalNode = (document: PeerDocument): MexReading => read(document, adalNode)

/** ADAL Python 1.2, `adal/mex.py`. */
export const readAsAdalPython = (document: PeerDocument): MexReading => read(document, adalPython)

/** MSAL Java 1.26, `MexParser`: the first reading of a process. It leaves the prefix remapped for the later ones. */
export function readAsMsalJava(document: PeerDocument): MexReading {
  if (document.hasDoctype) return { failure: 'SAXParseException: a DOCTYPE is not allowed', rules: [] }
  const reading = read(document, msalJava)
  const definitions = outermostNamed(document.root, wsdl, 'definitions')
  const has13 = usernamePolicies(definitions, usernameTokenPaths['1.3']).length > 0
  if (!('url' in reading) || reading.version !== '1.3' || !has13) return reading
  return { ...reading, rules: [...reading.rules, 'peer.mex.later-readings-differ'] }
}

interface Endpoint {
  url?: string
  version?: WsTrustVersion
}

interface Bound {
  readonly endpoint: Endpoint
  readonly version: WsTrustVersion
}

/** Each stage gives what it found, or a text: why the library gives up. */
function read(document: PeerDocument, variant: Variant): MexReading {
  const rules = commonRules(document)
  const { root } = document
  if (!variant.anywhere && (root.uri !== wsdl || root.local !== 'definitions')) rules.push('peer.mex.root-only')
  const definitions = variant.anywhere ? outermostNamed(root, wsdl, 'definitions') : [root]
  const endpoints = readPolicies(definitions, variant, rules)
  if (typeof endpoints === 'string') return { failure: endpoints, rules }
  const bindings = readBindings(definitions, endpoints, variant, rules)
  if (typeof bindings === 'string') return { failure: bindings, rules }
  const failure = readPorts(select(definitions, 'wsdl:service/wsdl:port'), bindings, document, variant, rules)
  return failure === undefined ? choose(endpoints, variant, rules) : { failure, rules }
}

function readPolicies(
  definitions: readonly XmlElement[],
  variant: Variant,
  rules: PeerRule[],
): ReadonlyMap<string, Endpoint> | string {
  const endpoints = new Map<string, Endpoint>()
  for (const dialect of ['1.3', '2005'] as const) {
    const prefixes = variant.remapsPrefix && dialect === '2005' ? ['sp2005'] : ['sp', 'sp2005']
    for (const policy of usernamePolicies(definitions, usernameTokenPaths[dialect])) {
      const id = variant.idOf(policy)
      if (id === undefined && variant.stopsAt.includes('policy-id')) {
        rules.push('peer.mex.policy-id-required')
        return 'a username policy has no id'
      }
      if (id === undefined && idInNamespace(policy) !== undefined) rules.push('peer.mex.policy-id-by-prefix')
      const transport = hasTransportBinding(policy, prefixes)
      if (!transport && !variant.transportRequired) rules.push('peer.mex.transport-not-required')
      if (id !== undefined && (transport || !variant.transportRequired)) endpoints.set(`#${id}`, {})
    }
  }
  return endpoints.size === 0 ? 'no policy for a user name and password' : endpoints
}

function readBindings(
  definitions: readonly XmlElement[],
  endpoints: ReadonlyMap<string, Endpoint>,
  variant: Variant,
  rules: PeerRule[],
): ReadonlyMap<string | undefined, Bound> | string {
  const { operation, ignoreCase, stopsAt } = variant
  const bindings = new Map<string | undefined, Bound>()
  for (const reference of select(definitions, 'wsdl:binding/wsp:PolicyReference')) {
    const uri = attributeOf(reference, 'URI')
    if (uri === undefined && stopsAt.includes('reference')) {
      rules.push('peer.mex.gap-stops')
      return 'NullPointerException at a reference without URI'
    }
    const binding = reference.parent as XmlElement
    const endpoint = endpoints.get(uri ?? '')
    if (endpoint === undefined) continue
    const actions = actionsOf(binding)
    const soap = select([binding], 'soap12:binding')
    if (
      (actions.length === 0 && stopsAt.includes('operation')) ||
      (soap.length === 0 && stopsAt.includes('transport'))
    ) {
      rules.push('peer.mex.binding-gap-stops')
      return 'the username binding is not SOAP 1.2, or has no operation with a SOAP action'
    }
    const action = actions.at(operation)
    const transport = soap.map((one) => attributeOf(one, 'transport')).at(operation)
    const version = versionOfAction(action, ignoreCase)
    if (version === undefined && actions.some((other) => versionOfAction(other) !== undefined)) {
      rules.push(operation === 0 ? 'peer.mex.first-operation' : 'peer.mex.last-operation')
    }
    const sameTransport = (ignoreCase ? transport?.toLowerCase() : transport) === soapHttpTransport
    if (version === undefined || !sameTransport) continue
    if (transport !== soapHttpTransport || versionOfAction(action) === undefined) {
      rules.push('peer.mex.letter-case-ignored')
    }
    bindings.set(attributeOf(binding, 'name'), { endpoint, version })
  }
  return bindings.size === 0 ? 'no binding for a user name and password' : bindings
}

/** Gives each endpoint its address. @returns Why the library gives up, if it does. */
function readPorts(
  ports: readonly XmlElement[],
  bindings: ReadonlyMap<string | undefined, Bound>,
  document: PeerDocument,
  variant: Variant,
  rules: PeerRule[],
): string | undefined {
  for (const port of ports) {
    const reference = attributeOf(port, 'binding')
    if (reference === undefined && variant.stopsAt.includes('port')) {
      rules.push('peer.mex.gap-stops')
      return 'it breaks down at a port without binding'
    }
    const found = bindings.get((reference ?? '').split(':').at(-1))
    if (found === undefined || found.endpoint.url !== undefined) continue
    found.endpoint.version = found.version
    const [element] = select([port], 'wsa10:EndpointReference/wsa10:Address')
    const address = element === undefined ? null : variant.addressOf(element, document)
    if (element === undefined || address === null) {
      rules.push('peer.mex.gap-stops')
      return 'a port has no address'
    }
    if (element.hasComment) rules.push('peer.mex.address-comment')
    else if (address !== element.text.trim() && /^\s*https:/i.test(element.text)) {
      rules.push('peer.mex.address-untrimmed')
    }
    if (address !== undefined) found.endpoint.url = address
  }
  return undefined
}

/** The last 1.3 endpoint in the variant's order, or else the last 2005 one. */
function choose(endpoints: ReadonlyMap<string, Endpoint>, variant: Variant, rules: readonly PeerRule[]): MexReading {
  const usable = variant.order([...endpoints.keys()]).flatMap((id) => {
    const { url, version } = endpoints.get(id) ?? {}
    return url === undefined || version === undefined ? [] : [{ url, version }]
  })
  for (const wanted of ['1.3', '2005'] as const) {
    const rivals = usable.filter(({ version }) => version === wanted)
    const chosen = rivals.at(-1)
    if (chosen !== undefined) return { ...chosen, rules: rivals.length > 1 ? [...rules, variant.orderRule] : rules }
  }
  return { failure: 'no endpoint for a user name and password', rules }
}

function hasTransportBinding(policy: XmlElement, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => select([policy], `wsp:ExactlyOne/wsp:All/${prefix}:TransportBinding`).length > 0)
}

function actionsOf(binding: XmlElement): readonly string[] {
  return select([binding], 'wsdl:operation/soap12:operation').flatMap((one) => attributeOf(one, 'soapAction') ?? [])
}

/** The first text or comment in an element. */
function firstData(element: XmlElement, { source }: PeerDocument): string {
  if (!element.hasComment) return element.text
  const inner = source.slice(source.indexOf('>', element.start) + 1, element.end)
  return inner.startsWith('<!--') ? inner.slice(4, inner.indexOf('-->')) : inner.slice(0, inner.indexOf('<'))
}
