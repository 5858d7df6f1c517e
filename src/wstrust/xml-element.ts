export interface XmlAttribute {
  /** Namespace URI; empty for an attribute without a prefix. */
  readonly uri: string
  readonly local: string
  /** The qualified name as written. */
  readonly name: string
  /** Decoded and normalised (XML 1.0 §3.3.3). */
  readonly value: string
}

export interface XmlElement {
  /** Namespace URI; empty for none. */
  readonly uri: string
  readonly local: string
  /** The qualified name as written. */
  readonly name: string
  readonly attributes: readonly XmlAttribute[]
  /** The namespace declarations on this very tag: prefix (empty for the default namespace) to URI. */
  readonly declarations: ReadonlyMap<string, string>
  readonly parent: XmlElement | undefined
  readonly children: readonly XmlElement[]
  /** Character data and CDATA directly inside this element, joined and decoded. */
  readonly text: string
  /** A comment sits directly inside this element. */
  readonly hasComment: boolean
  /** Offset of `<` in {@link XmlDocument.source}. */
  readonly start: number
  /** Offset just past the closing `>` in {@link XmlDocument.source}. */
  readonly end: number
}

export interface XmlDocument {
  /** The text that was parsed, without a byte order mark; every offset counts from its start. */
  readonly source: string
  readonly root: XmlElement
}

/** The children of an element under this expanded name, in document order. */
export function childrenNamed(element: XmlElement, uri: string, local: string): XmlElement[] {
  return element.children.filter((child) => child.uri === uri && child.local === local)
}

/** The element itself, or the outermost elements below it, under this expanded name; in document order. */
export function outermostNamed(element: XmlElement, uri: string, local: string): XmlElement[] {
  if (element.uri === uri && element.local === local) return [element]
  return element.children.flatMap((child) => outermostNamed(child, uri, local))
}

/** The value of an attribute under this expanded name; without a URI, of the attribute without a prefix. */
export function attributeOf(element: XmlElement, local: string, uri = ''): string | undefined {
  return element.attributes.find((attribute) => attribute.local === local && attribute.uri === uri)?.value
}

/**
 * The trimmed text of a leaf. A comment or an element inside one is how a name gets two meanings
 * (`good.example<!---->.evil.example`), so such a leaf has no text at all.
 *
 * @returns `undefined` when the element is missing or not a plain leaf.
 */
export function leafText(element: XmlElement | undefined): string | undefined {
  if (element === undefined || element.hasComment || element.children.length > 0) return undefined
  return element.text.trim()
}
