import { parseXml } from '../wstrust/xml.ts'
import type { XmlElement } from '../wstrust/xml-element.ts'
import { isMarker, marker } from './marker.ts'

/** Elements whose text may be seen: SOAP, WS-Addressing, WS-Security timestamps, WS-Trust, SAML without values and keys. */
const kept = new Set(
  (
    'Action To From MessageID RelatesTo Address Created Expires Username KeyType KeySize RequestType TokenType Issuer ' +
    'Audience ConfirmationMethod AuthnContextClassRef Value Text faultcode faultstring faultactor Role Reason Lifetime ' +
    'KeyIdentifier NameID NameIdentifier SubjectConfirmationMethod Context'
  ).split(' '),
)

/** Attributes of assertions whose value names the user, as tokens do. */
const named = /(^|\/)(UPN|upn|name|emailaddress|nameidentifier)$/

/**
 * Redacts a SOAP message or an assertion, which stays well-formed: elements and attributes stay as they are, texts only where
 * they may be seen; passwords, keys, digests, signatures and the values of attributes are stand-ins.
 *
 * @returns `undefined` when it is no XML that can be read.
 */
export function redactXml(text: string): string | undefined {
  try {
    const { source, root } = parseXml(text, 'wstrust')
    const cuts: { readonly from: number; readonly to: number; readonly by: string }[] = []
    visit(root, source, (element, from, to) => {
      const value = source.slice(from, to)
      if (value.trim() === '' || isMarker(value.trim()) || maySee(element)) return
      cuts.push({ from, to, by: marker(element.local, element.text.trim().length) })
    })
    let redacted = ''
    let at = 0
    for (const { from, to, by } of cuts) {
      redacted += source.slice(at, from) + by
      at = to
    }
    return redacted + source.slice(at)
  } catch {
    return undefined
  }
}

function maySee(element: XmlElement): boolean {
  const { local, parent, text } = element
  if (local === 'NameID' || local === 'NameIdentifier') return text.includes('@')
  if (local === 'AttributeValue') return parent !== undefined && isNamed(parent)
  return kept.has(local)
}

function isNamed({ attributes }: XmlElement): boolean {
  return attributes.some(({ local, value }) => /^(Name|AttributeName)$/.test(local) && named.test(value))
}

// Texts stand in leaves; between elements there is white space, or something that nobody should see.
function visit(
  element: XmlElement,
  source: string,
  onText: (element: XmlElement, from: number, to: number) => void,
): void {
  const open = tagEnd(source, element.start)
  const close = source.lastIndexOf('</', element.end - 1)
  if (source[open - 2] === '/' || close < open) return
  if (element.children.length === 0) {
    onText(element, open, close)
    return
  }
  let at = open
  for (const child of element.children) {
    if (source.slice(at, child.start).trim() !== '') onText({ ...element, local: 'text' }, at, child.start)
    visit(child, source, onText)
    at = child.end
  }
  if (source.slice(at, close).trim() !== '') onText({ ...element, local: 'text' }, at, close)
}

/** Just past the `>` of the start tag at this place; one may stand inside an attribute. */
function tagEnd(source: string, start: number): number {
  let quote = ''
  for (let at = start; at < source.length; at++) {
    const character = source[at] ?? ''
    if (quote !== '') quote = character === quote ? '' : quote
    else if (character === '"' || character === "'") quote = character
    else if (character === '>') return at + 1
  }
  return source.length
}
