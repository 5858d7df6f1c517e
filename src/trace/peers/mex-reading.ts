import { isAuthError } from '../../errors.ts'
import type { WsTrustVersion } from '../../wstrust/namespaces.ts'
import * as ns from '../../wstrust/namespaces.ts'
import { parseXml } from '../../wstrust/xml.ts'
import {
  attributeOf,
  childrenNamed,
  outermostNamed,
  type XmlDocument,
  type XmlElement,
} from '../../wstrust/xml-element.ts'
import type { PeerRule } from './deviations.ts'

/** What a library makes of a MEX document: an endpoint, or why it has none. */
export type MexReading = (
  | {
      /** As it will be requested. */
      readonly url: string
      /** Absent where the document does not say it, and the library goes on. */
      readonly version?: WsTrustVersion
    }
  | {
      /** The gist of the error. */
      readonly failure: string
    }
) & { readonly rules: readonly PeerRule[] }

/** A MEX document as all libraries see it, before they differ. */
export interface PeerDocument extends XmlDocument {
  /** It has a document type declaration, which was left out. */
  readonly hasDoctype: boolean
}

/**
 * Parses a MEX document for readers that are more tolerant than ours: a document type declaration whose definitions are
 * not used, and processing instructions, are passed over.
 *
 * @param lenient Overlook a stray `&` and control characters, too.
 * @returns `malformed` for what is no XML, `beyond` for what our reader refuses and others may well read.
 */
export function readPeerDocument(text: string, lenient = false): PeerDocument | 'malformed' | 'beyond' {
  const [declared, plain] = withoutDoctype(withoutInstructions(text))
  if (plain === undefined) return 'beyond'
  try {
    return { ...parseXml(plain, 'mex'), hasDoctype: declared }
  } catch (error) {
    if (!isAuthError(error)) throw error
    // The limits and the second reader are ours alone.
    if (!/well-formed|is empty|does not allow/.test(error.message)) return 'beyond'
    return lenient ? readPeerDocument(repaired(text)) : 'malformed'
  }
}

function repaired(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '').replace(/&(?![\w#]+;)/g, '&amp;')
}

/** @returns Whether there was one, and the text without it; no text where the declaration may change what the rest means. */
function withoutDoctype(text: string): readonly [boolean, string?] {
  const start = text.indexOf('<!DOCTYPE')
  if (start === -1) return [false, text]
  const close = text.indexOf('>', start)
  const subset = text.slice(start, close).includes('[')
  const end = subset ? text.indexOf(']>', start) + 1 : close
  const rest = end <= 0 ? '' : text.slice(0, start) + text.slice(end + 1)
  const used = /&(?!#|(amp|lt|gt|quot|apos);)/.test(rest) || text.slice(start, end).includes('<!ATTLIST')
  return subset && used ? [true] : [true, rest]
}

function withoutInstructions(text: string): string {
  const kept: string[] = []
  let from = 0
  for (;;) {
    const start = text.indexOf('<?', from)
    const end = start === -1 ? -1 : text.indexOf('?>', start)
    if (end === -1) return kept.join('') + text.slice(from)
    const isDeclaration = /^<\?xml\s/.test(text.slice(start, start + 6))
    kept.push(text.slice(from, isDeclaration ? end + 2 : start))
    from = end + 2
  }
}

const prefixes: Readonly<Record<string, string>> = {
  wsdl: ns.wsdl,
  wsp: ns.policy,
  sp: ns.securityPolicy12,
  sp2005: ns.securityPolicy11,
  soap12: ns.wsdlSoap12,
  wsa10: ns.addressing,
  http: ns.httpPolicy,
}

/** The elements at a path of qualified names below these elements, in document order: `wsdl:service/wsdl:port`. */
export function select(from: readonly XmlElement[], path: string): readonly XmlElement[] {
  return path.split('/').reduce<readonly XmlElement[]>((found, name) => {
    const [prefix = '', local = ''] = name.split(':')
    return found.flatMap((element) => childrenNamed(element, prefixes[prefix] ?? '', local))
  }, from)
}

/** An element and everything below it, in document order. */
export function withDescendants(element: XmlElement): readonly XmlElement[] {
  return [element, ...element.children.flatMap(withDescendants)]
}

/** Where a username token stands in a policy, by the dialect of WS-SecurityPolicy. */
export const usernameTokenPaths = {
  '1.3':
    'wsp:Policy/wsp:ExactlyOne/wsp:All/sp:SignedEncryptedSupportingTokens/wsp:Policy/sp:UsernameToken/wsp:Policy/sp:WssUsernameToken10',
  '2005':
    'wsp:Policy/wsp:ExactlyOne/wsp:All/sp2005:SignedSupportingTokens/wsp:Policy/sp2005:UsernameToken/wsp:Policy/sp2005:WssUsernameToken10',
} as const

/** The policies whose username token is at the path. */
export function usernamePolicies(definitions: readonly XmlElement[], path: string): readonly XmlElement[] {
  const below = path.split('/').slice(1).join('/')
  return select(definitions, 'wsp:Policy').flatMap((policy) => select([policy], below).map(() => policy))
}

/** The version whose Issue action this is. */
export function versionOfAction(action: string | undefined, ignoreCase = false): WsTrustVersion | undefined {
  const same = (one: string): boolean => one === action || (ignoreCase && one.toLowerCase() === action?.toLowerCase())
  return (['1.3', '2005'] as const).find((version) => same(ns.wsTrust[version].issueAction))
}

/** The username policies that most libraries do not see, unlike our reader; and names that occur twice, which ours refuses. */
export function commonRules({ root }: PeerDocument): PeerRule[] {
  const definitions = outermostNamed(root, ns.wsdl, 'definitions')
  const policies = select(definitions, 'wsp:Policy')
  const all = select(policies, 'wsp:ExactlyOne/wsp:All')
  const found: PeerRule[] = []
  if (select(all, 'sp:SignedSupportingTokens/wsp:Policy/sp:UsernameToken').length > 0) {
    found.push('peer.mex.policy-12-signed-unseen')
  }
  const tokens = ['sp:SignedEncryptedSupportingTokens', 'sp:SignedSupportingTokens', 'sp2005:SignedSupportingTokens']
    .flatMap((name) => select(all, `${name}/wsp:Policy`))
    .flatMap(({ children }) => children.filter(({ local }) => local === 'UsernameToken'))
  if (
    select(tokens, 'wsp:Policy').some(({ children }) => children.some(({ local }) => local === 'WssUsernameToken11'))
  ) {
    found.push('peer.mex.username-token-11-unseen')
  }
  const twice = (names: readonly string[]): boolean => new Set(names).size < names.length
  const bindings = select(definitions, 'wsdl:binding')
  if (
    twice(policies.flatMap((policy) => attributeOf(policy, 'Id', ns.wsu) ?? [])) ||
    twice(bindings.flatMap((binding) => attributeOf(binding, 'name') ?? []))
  ) {
    found.push('peer.mex.duplicate-accepted')
  }
  return found
}
