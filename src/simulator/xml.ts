import { isWellFormed } from './well-formed.ts'

/** The little of the DOM the simulator uses; written out so that no browser types enter the project. */
interface XmlNode {
  readonly nodeType: number
  readonly parentNode: XmlNode | null
  readonly childNodes: ArrayLike<XmlNode>
  readonly textContent: string | null
}

export interface XmlElement extends XmlNode {
  readonly localName: string
  readonly namespaceURI: string | null
  getAttribute(name: string): string | null
  getAttributeNS(namespace: string, name: string): string | null
}

interface XmlDocument {
  readonly documentElement: XmlElement | null
}

export type DomParserConstructor = new (options: {
  errorHandler: (level: string, message: unknown) => void
}) => { parseFromString(text: string, type: string): XmlDocument }

/** The text is not well-formed, or holds what SOAP 1.2 §5 forbids. Says nothing of the text: it may hold a password. */
export class MalformedXml extends Error {}

/**
 * Parses a message and returns its root element. A document type declaration or a processing instruction (beyond the
 * XML declaration) is refused, as SOAP 1.2 §5 asks; so is everything else that is not well-formed.
 *
 * @throws {@link MalformedXml}
 */
export function parseXml(DOMParser: DomParserConstructor, text: string): XmlElement {
  const content = text.replace(/^\uFEFF/, '').replace(/^<\?xml [^<>]*\?>/, '')
  if (!isWellFormed(content)) throw new MalformedXml('not well-formed')
  const errorHandler = (): never => {
    throw new MalformedXml('not well-formed')
  }
  try {
    const root = new DOMParser({ errorHandler }).parseFromString(content, 'text/xml').documentElement
    return root ?? errorHandler()
  } catch {
    throw new MalformedXml('not well-formed')
  }
}

/** The child elements with this expanded name, or all of them. */
export function childElements(parent: XmlElement, namespace?: string, localName?: string): XmlElement[] {
  const elements = Array.from(parent.childNodes).filter((node): node is XmlElement => node.nodeType === 1)
  if (namespace === undefined) return elements
  return elements.filter((element) => element.namespaceURI === namespace && element.localName === localName)
}

/** Follows a path of expanded names and returns the first element at its end. */
export function findElement(
  root: XmlElement | undefined,
  ...path: readonly (readonly [namespace: string, localName: string])[]
): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>(
    (parent, [namespace, localName]) =>
      parent === undefined ? undefined : childElements(parent, namespace, localName)[0],
    root,
  )
}

/** The text of an element without the white space around it; `undefined` for no element. */
export function textOf(element: XmlElement | undefined): string | undefined {
  return element === undefined ? undefined : (element.textContent ?? '').trim()
}

/** Escapes text for element content and for attribute values in double quotes. */
export function escapeXml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\r/g, '&#xD;')
}
