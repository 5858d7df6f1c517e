import { createRequire } from 'node:module'

/** What these tests use of xmldom, the reader that xml-crypto verifies signatures with: not one of ours. */
export interface DomNode {
  readonly localName: string
  readonly namespaceURI: string | null
  readonly textContent: string | null
  readonly documentElement: DomNode
  readonly nodeType: number
  getElementsByTagNameNS(uri: string, local: string): ArrayLike<DomNode>
  getAttribute(name: string): string
}

interface DomParser {
  parseFromString(text: string, type: string): DomNode
}

const ours = createRequire(import.meta.url)
const theirs = createRequire(ours.resolve('xml-crypto'))
const { DOMParser } = theirs('@xmldom/xmldom') as { DOMParser: new (options: object) => DomParser }

/** Reads a document with xmldom and throws on anything xmldom has to say about it. */
export function readIndependently(text: string): DomNode {
  const complain = (message: string): never => {
    throw new Error(message)
  }
  const errorHandler = { warning: complain, error: complain, fatalError: complain }
  return new DOMParser({ errorHandler }).parseFromString(text, 'text/xml')
}

/** The expanded names of all elements, in document order. */
export function elementNames(document: DomNode): string[] {
  return Array.from(document.getElementsByTagNameNS('*', '*'), ({ namespaceURI, localName }) =>
    namespaceURI === null ? localName : `{${namespaceURI}}${localName}`,
  )
}
