const name = '[A-Za-z_][\\w.-]*' // the vocabularies of WS-Trust and SAML have no other names
const qname = `(?:${name}:)?${name}`
const attribute = new RegExp(`\\s+(${qname})\\s*=\\s*("[^<"]*"|'[^<']*')`, 'g')
const attributes = `(?:\\s+${qname}\\s*=\\s*(?:"[^<"]*"|'[^<']*'))*`
const comment = '!--(?:(?!--)[\\s\\S])*-->'
const cdata = '!\\[CDATA\\[[\\s\\S]*?\\]\\]>'
const markup = new RegExp(`<(?:${comment}|(${cdata})|/(${qname})\\s*>|(${qname})(${attributes})\\s*(/?)>)`, 'y')
const notAChar = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u // XML 1.0 §2.2
const badReference = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\da-f]{1,6});)/i

interface OpenElement {
  readonly name: string
  readonly prefixes: ReadonlySet<string>
}

/**
 * Checks that a text is one well-formed element in the sense of XML 1.0 and Namespaces in XML, without a document type.
 *
 * xmldom repairs what it can: a bare `&`, crossed tags, undeclared prefixes, control characters. AD FS and Entra do
 * not, so a client that sends such things must fail here and not in front of its user.
 *
 * @see {@link https://www.w3.org/TR/xml/#sec-well-formed XML 1.0 §2.1}
 */
export function isWellFormed(text: string): boolean {
  const open: OpenElement[] = []
  let roots = 0
  let position = 0
  if (notAChar.test(text)) return false
  while (position < text.length) {
    const next = text.indexOf('<', position)
    const content = text.slice(position, next < 0 ? undefined : next)
    if (!isContent(content, open.length > 0)) return false
    if (next < 0) break
    markup.lastIndex = next
    const match = markup.exec(text)
    if (match === null) return false
    position = markup.lastIndex
    const [, section, endName, startName, attributeText = '', selfClosing] = match
    if (section !== undefined && open.length === 0) return false
    if (endName !== undefined && open.pop()?.name !== endName) return false
    if (startName === undefined) continue
    if (open.length === 0) roots += 1
    const element = openElement(startName, attributeText, open.at(-1)?.prefixes ?? new Set(['xml']))
    if (element === undefined) return false
    if (selfClosing === '') open.push(element)
  }
  return roots === 1 && open.length === 0
}

function isContent(text: string, insideRoot: boolean): boolean {
  if (!insideRoot) return text.trim() === ''
  return !text.includes(']]>') && hasLegalReferences(text)
}

function hasLegalReferences(text: string): boolean {
  if (badReference.test(text)) return false
  return [...text.matchAll(/&#(x?)([\da-f]+);/gi)].every(([, hex, digits = '']) => {
    const code = Number.parseInt(digits, hex === '' ? 10 : 16)
    return code > 0 && code <= 0x10ffff && !notAChar.test(String.fromCodePoint(code))
  })
}

/** Returns the element with the prefixes in scope, or `undefined` if an attribute is illegal or a prefix undeclared. */
function openElement(
  elementName: string,
  attributeText: string,
  inherited: ReadonlySet<string>,
): OpenElement | undefined {
  const prefixes = new Set(inherited)
  const used = new Set<string>()
  for (const [, attributeName = '', value = ''] of attributeText.matchAll(attribute)) {
    if (used.has(attributeName) || !hasLegalReferences(value)) return undefined
    used.add(attributeName)
    if (attributeName.startsWith('xmlns:')) prefixes.add(attributeName.slice('xmlns:'.length))
  }
  const isDeclared = (qualifiedName: string): boolean => {
    const colon = qualifiedName.indexOf(':')
    return colon < 0 || qualifiedName.startsWith('xmlns:') || prefixes.has(qualifiedName.slice(0, colon))
  }
  return [elementName, ...used].every(isDeclared) ? { name: elementName, prefixes } : undefined
}
