import type { Step } from '../errors.ts'
import { escapeXml, parseXml } from '../wstrust/xml.ts'
import { attributeOf, type XmlDocument, type XmlElement } from '../wstrust/xml-element.ts'
import type { Keeper } from './keeper.ts'
import { elementRules, isShownAttribute, isShownStatement } from './known-xml-names.ts'
import { marker, notShown } from './marker.ts'

/**
 * Redacts a SOAP message or a MEX document.
 *
 * A message is written anew: the text of a known element stays, passwords and signatures become markers, any other text is not
 * shown. Elements, attributes, namespaces and the fact that there was a comment stay, so that it is read as the original was. A
 * MEX document is public and kept as it came, but for its certificates.
 *
 * @returns `undefined` when the text is no such document, or when its very names show a secret.
 */
export function redactXml(text: string, step: Step, keeper: Keeper): string | undefined {
  let document: XmlDocument
  try {
    document = parseXml(text, 'wstrust')
  } catch {
    return undefined
  }
  if (step === 'mex') return blankSecrets(document)
  const { root } = document
  if (root.local !== 'Envelope') return undefined
  const names = namesIn(root).join(' ')
  return keeper.words(names) === names ? write(root, keeper) : undefined
}

function namesIn({ name, attributes, declarations, children }: XmlElement): readonly string[] {
  return [
    name,
    ...attributes.map((attribute) => attribute.name),
    ...declarations.values(),
    ...children.flatMap(namesIn),
  ]
}

function write(element: XmlElement, keeper: Keeper): string {
  const { name, declarations, attributes, children, hasComment } = element
  const namespaces = Array.from(
    declarations,
    ([prefix, uri]) => [prefix === '' ? 'xmlns' : `xmlns:${prefix}`, uri] as const,
  )
  const shown = attributes.map(
    ({ name: attribute, local, value }) =>
      [attribute, isShownAttribute(local) ? keeper.value(value) : notShown] as const,
  )
  const tag = [name, ...[...namespaces, ...shown].map(([attribute, value]) => `${attribute}="${quoted(value)}"`)].join(
    ' ',
  )
  const content =
    children.length > 0 ? children.map((child) => write(child, keeper)).join('') : quoted(textOf(element, keeper))
  // A leaf that is split by a comment has no text for our readers: it must not get one here.
  return `<${tag}>${hasComment ? '<!---->' : ''}${content}</${name}>`
}

function textOf(element: XmlElement, keeper: Keeper): string {
  const { text, local, parent } = element
  if (text.trim() === '') return ''
  if (local === 'AttributeValue') return isShownStatement(statementName(parent)) ? keeper.value(text) : notShown
  const rule = elementRules.get(local)
  if (rule === 'secret') return marker(local, text)
  if (rule === 'words') return keeper.words(text)
  return rule === 'value' ? keeper.value(text) : notShown
}

// SAML 2.0 puts namespace and name into one, 1.1 has two attributes.
function statementName(attribute: XmlElement | undefined): string {
  if (attribute === undefined) return ''
  return attributeOf(attribute, 'AttributeName') ?? attributeOf(attribute, 'Name') ?? ''
}

function quoted(text: string): string {
  return escapeXml(text, 'wstrust', 'a text')
}

function blankSecrets({ source, root }: XmlDocument): string {
  let blanked = ''
  let from = 0
  for (const { local, start, end } of secretsBelow(root)) {
    const content = source.indexOf('>', start) + 1
    const close = source.lastIndexOf('</', end)
    if (close < content) continue
    blanked += source.slice(from, content) + marker(local, source.slice(content, close))
    from = close
  }
  return blanked + source.slice(from)
}

function secretsBelow(element: XmlElement): readonly XmlElement[] {
  return elementRules.get(element.local) === 'secret' ? [element] : element.children.flatMap(secretsBelow)
}
