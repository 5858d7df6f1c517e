import { XMLParser } from 'fast-xml-parser'
import { SaxesParser, type SaxesTagNS } from 'saxes'
import { InvalidArgumentError, isAuthError, ProtocolError, type ResponseFacts } from '../errors.ts'
import { describeStranger } from '../protocol/http.ts'
import type { XmlAttribute, XmlDocument, XmlElement } from './xml-element.ts'

/** The steps whose messages are XML. */
export type XmlStep = 'mex' | 'wstrust'

/** What an error about a document may say besides its own words. */
export interface XmlErrorDetails {
  readonly hint?: string
  readonly response?: ResponseFacts
}

type MutableElement = { -readonly [K in Exclude<keyof XmlElement, 'parent' | 'children'>]: XmlElement[K] } & {
  readonly parent: MutableElement | undefined
  readonly children: MutableElement[]
}

const limits = { characters: 1024 * 1024, depth: 64, elements: 20_000, attributes: 64, attributeCharacters: 8 * 1024 }
const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/'
// XML 1.0 §2.2 [2] Char; under the u flag a lone surrogate is a code point of its own, outside all three ranges.
const outsideChar = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u
const markupDeclaration = /<!(?!--|\[CDATA\[)/

const treeReader = new XMLParser({
  preserveOrder: true,
  captureMetaData: true,
  ignoreAttributes: false,
  attributeNamePrefix: '@_',
  removeNSPrefix: false,
  processEntities: false,
  htmlEntities: false,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  commentPropName: '#comment',
  cdataPropName: '#cdata',
  ignoreDeclaration: false,
  ignorePiTags: false,
  allowBooleanAttributes: false,
  unpairedTags: [],
  stopNodes: [],
  maxNestedTags: limits.depth,
  strictReservedNames: true,
  jPath: false,
  onDangerousProperty: () => {
    throw new Error('reserved name')
  },
})
const metaData = XMLParser.getMetaDataSymbol() as symbol

type TreeNode = Readonly<Record<string | symbol, unknown>>

/**
 * Parses a MEX document or a WS-Trust answer, both shaped by a stranger.
 *
 * Two readers must agree: `saxes` is the gate (well-formedness, namespaces, limits while it reads) and
 * `fast-xml-parser` builds its own tree; a document is refused unless both see the same elements under the same names
 * at the same offsets. SOAP 1.2 §5 forbids document types and lets a receiver fault on processing instructions: both
 * are refused. So are encodings other than UTF-8 and US-ASCII, characters outside `Char`, and anything beyond 1 MiB,
 * 64 levels, 20,000 elements, 64 attributes per element or 8 KiB per attribute.
 *
 * @param text The body as decoded by the transport; a byte order mark is dropped.
 * @param step Whose message it is; labels the error.
 * @throws {@link ProtocolError} `ERR_MALFORMED_RESPONSE`, in our own words with an offset: never document text, never a
 * library's.
 * @see {@link https://www.w3.org/TR/xml/ XML 1.0}, {@link https://www.w3.org/TR/xml-names/ Namespaces in XML 1.0},
 * {@link https://www.w3.org/TR/soap12-part1/#soapenv SOAP 1.2 §5}
 */
export function parseXml(text: string, step: XmlStep, details: XmlErrorDetails = {}): XmlDocument {
  const refuse: Refuse = (reason, offset) => {
    const subject = step === 'mex' ? 'the MEX document' : 'the WS-Trust answer'
    const stranger = details.response === undefined ? '' : describeStranger(details.response)
    const message = `${subject} ${reason}${offset === undefined ? '' : ` (at character ${offset})`}${stranger}`
    throw new ProtocolError('ERR_MALFORMED_RESPONSE', message, { step, hint: notTheDocument, ...details })
  }
  const source = text.startsWith('\ufeff') ? text.slice(1) : text
  checkCharacters(source, refuse)
  const root = readElements(source, refuse)
  let tree: unknown
  try {
    tree = treeReader.parse(source)
  } catch {
    return refuse('uses a name or a construct that is not accepted')
  }
  if (!agree([root], elementsOf(tree))) return refuse('means different things to two XML readers')
  return { source, root }
}

const notTheDocument =
  'Something other than the federation server may have answered (a proxy, a firewall page), or it is misconfigured. ' +
  'Look at what the URL returns.'

type Refuse = (reason: string, offset?: number) => never

function checkCharacters(source: string, refuse: Refuse): void {
  if (source.length > limits.characters) refuse('is larger than 1 MiB')
  if (source.trim() === '') refuse('is empty')
  const illegal = source.search(outsideChar)
  if (illegal !== -1) refuse('holds a character that XML 1.0 does not allow', illegal)
  // Also refuses "<!DOCTYPE" inside a comment: nobody sends it, and no reader can then mistake it.
  const declaration = source.search(markupDeclaration)
  if (declaration !== -1) refuse('holds a document type or another markup declaration', declaration)
}

/** The gate: reads the whole document with saxes and returns the root element. */
function readElements(source: string, refuse: Refuse): MutableElement {
  const parser = new SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true })
  // Stands around the root: saxes also reports the blanks and comments there.
  const outside = startElement({ uri: '', local: '', name: '', attributes: {} }, undefined, 0, refuse)
  let current = outside
  let depth = 0
  let start = 0
  let elements = 0
  let attributes = 0

  parser.on('xmldecl', ({ encoding = 'utf-8' }) => {
    if (!/^(utf-8|us-ascii)$/i.test(encoding)) refuse('declares an encoding other than UTF-8')
  })
  parser.on('processinginstruction', () => refuse('holds a processing instruction', parser.position))
  parser.on('opentagstart', () => {
    // saxes stands just past the character after the name, or past both of a CR LF there.
    start = source.lastIndexOf('<', parser.position - 1)
    attributes = 0
    if (++depth > limits.depth) refuse(`is nested deeper than ${limits.depth} levels`, start)
    if (++elements > limits.elements) refuse(`has more than ${limits.elements} elements`, start)
  })
  parser.on('attribute', ({ value }) => {
    if (++attributes > limits.attributes) refuse(`has an element with over ${limits.attributes} attributes`, start)
    if (value.length > limits.attributeCharacters) refuse('has an attribute longer than 8 KiB', start)
  })
  parser.on('opentag', (tag) => {
    const element = startElement(tag, current === outside ? undefined : current, start, refuse)
    current.children.push(element)
    current = element
  })
  parser.on('closetag', () => {
    depth--
    current.end = parser.position
    current = current.parent ?? outside
  })
  const addText = (piece: string): void => {
    current.text += piece
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('comment', () => {
    current.hasComment = true
  })

  try {
    parser.write(source).close()
  } catch (error) {
    if (isAuthError(error)) throw error
    return refuse('is not well-formed XML', parser.position)
  }
  return outside.children[0] as MutableElement
}

function startElement(
  tag: Pick<SaxesTagNS, 'uri' | 'local' | 'name' | 'attributes'>,
  parent: MutableElement | undefined,
  start: number,
  refuse: Refuse,
): MutableElement {
  const attributes: XmlAttribute[] = []
  const declarations = new Map<string, string>()
  for (const { uri, local, name, value } of Object.values(tag.attributes)) {
    if (uri !== xmlnsNamespace) {
      attributes.push({ uri, local, name, value })
      continue
    }
    // saxes trims namespace names and others do not: refuse what could resolve differently elsewhere.
    if (value !== value.trim()) refuse('has a namespace name with blanks around it', start)
    declarations.set(name === 'xmlns' ? '' : local, value)
  }
  const { uri, local, name } = tag
  return {
    uri,
    local,
    name,
    attributes,
    declarations,
    parent,
    children: [],
    text: '',
    hasComment: false,
    start,
    end: 0,
  }
}

/** Whether both readers saw the same elements: names, nesting, start and end offsets. */
function agree(ours: readonly XmlElement[], theirs: readonly (readonly [string, TreeNode])[]): boolean {
  if (ours.length !== theirs.length) return false
  return ours.every((element, index) => {
    const [name, node] = theirs[index] as readonly [string, TreeNode]
    const place = node[metaData] as { startIndex?: number; endIndex?: number } | undefined
    return (
      element.name === name &&
      element.start === place?.startIndex &&
      element.end === place.endIndex &&
      agree(element.children, elementsOf(node[name]))
    )
  })
}

/** The element nodes of a `preserveOrder` list, without text, comments, CDATA and the XML declaration. */
function elementsOf(list: unknown): (readonly [string, TreeNode])[] {
  const found: (readonly [string, TreeNode])[] = []
  for (const node of list as TreeNode[]) {
    const name = Object.keys(node).find((key) => key !== ':@') as string
    if (!/^[#?]/.test(name)) found.push([name, node])
  }
  return found
}

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
  '\u0085': '&#x85;',
  '\u2028': '&#x2028;',
}

/**
 * Writes any text so that it stands in an element or in a quoted attribute and is read back exactly: the five markup
 * characters, and tab, LF and CR, which readers would otherwise normalise (XML 1.0 §2.11, §3.3.3), as readers by the
 * rules of XML 1.1 do with U+0085 and U+2028.
 *
 * @param field What the text is, for the error's message (`the password`).
 * @throws {@link InvalidArgumentError} for what XML 1.0 cannot carry: control characters, U+FFFE, U+FFFF and lone
 * surrogates. Dropping one would silently send a different password. The message never holds the text.
 */
export function escapeXml(text: string, step: XmlStep, field: string): string {
  if (outsideChar.test(text)) {
    throw new InvalidArgumentError(`${field} holds a character that XML 1.0 cannot carry`, {
      step,
      hint: 'Control characters and half surrogate pairs cannot be sent over WS-Trust. Check how the value was read.',
    })
  }
  return text.replace(/[&<>"'\t\n\r\u0085\u2028]/g, (character) => references[character] as string)
}
