import { escapeXml } from './xml.ts'
import type { XmlDocument, XmlElement } from './xml-element.ts'

const schemaInstance = 'http://www.w3.org/2001/XMLSchema-instance'
const exclusiveC14n = 'http://www.w3.org/2001/10/xml-exc-c14n#'

/**
 * Cuts a signed element out of its document so that its signature still verifies.
 *
 * A self-contained element may have been signed on its own: it comes out byte for byte. One that uses a namespace
 * declared further out can only have been signed in place: it comes out byte for byte too, but for the declarations in
 * scope, which are copied to its start tag to re-create that context. Line ends, character references and white space
 * are never touched. (An element that is self-contained and yet was signed in place by *inclusive* canonicalisation
 * cannot be told from the first kind and stops verifying; AD FS and everything else we know sign exclusively.)
 *
 * @see {@link https://www.w3.org/TR/xml-exc-c14n/ Exclusive XML Canonicalization §1.3, §2}
 */
export function sliceVerbatim({ source }: XmlDocument, element: XmlElement): string {
  const slice = source.slice(element.start, element.end)
  const outer = namespacesAround(element)
  if (!reliesOn(outer, element, element)) return slice
  let declarations = ''
  for (const [prefix, uri] of outer) {
    declarations += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeXml(uri, 'wstrust', 'a namespace name')}"`
  }
  const afterName = 1 + element.name.length
  return slice.slice(0, afterName) + declarations + slice.slice(afterName)
}

/** The namespaces that hold around an element and that its own tag does not declare anew; empty prefix for the default. */
function namespacesAround(element: XmlElement): Map<string, string> {
  const scope = new Map<string, string>()
  for (let outer = element.parent; outer !== undefined; outer = outer.parent) {
    for (const [prefix, uri] of outer.declarations) if (!scope.has(prefix)) scope.set(prefix, uri)
  }
  for (const prefix of ['xml', ...element.declarations.keys()]) scope.delete(prefix)
  if (scope.get('') === '') scope.delete('')
  return scope
}

/** Whether a name at or below `element` takes its meaning from `outer`, with nothing at or below `root` declaring it. */
function reliesOn(outer: ReadonlyMap<string, string>, element: XmlElement, root: XmlElement): boolean {
  return (
    prefixesUsedBy(element).some((prefix) => outer.has(prefix) && !isDeclaredWithin(root, element, prefix)) ||
    element.children.some((child) => reliesOn(outer, child, root))
  )
}

/** The prefixes in an element's own names and in the two values that hold prefixes; empty for the default namespace. */
function prefixesUsedBy(element: XmlElement): string[] {
  const used = [prefixOf(element.name)]
  for (const { uri, local, name, value } of element.attributes) {
    if (name.includes(':')) used.push(prefixOf(name))
    if (uri === schemaInstance && local === 'type') used.push(prefixOf(value.trim()))
    if (local === 'PrefixList' && element.uri === exclusiveC14n) used.push(...listedPrefixes(value))
  }
  return used
}

const prefixOf = (name: string): string => name.slice(0, Math.max(0, name.indexOf(':')))

function listedPrefixes(value: string): string[] {
  return value.split(/\s+/).flatMap((prefix) => (prefix === '' ? [] : [prefix === '#default' ? '' : prefix]))
}

function isDeclaredWithin(root: XmlElement, element: XmlElement, prefix: string): boolean {
  for (let scope: XmlElement | undefined = element; scope !== undefined && scope !== root; scope = scope.parent) {
    if (scope.declarations.has(prefix)) return true
  }
  return false
}
