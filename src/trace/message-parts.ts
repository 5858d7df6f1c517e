import type { RedactedRequest, RedactedResponse } from '../redact/redacted-message.ts'
import { parseXml } from '../wstrust/xml.ts'
import type { XmlElement } from '../wstrust/xml-element.ts'
import { explainField, explainParameter } from './messages.ts'
import type { Hop } from './runs.ts'

/** One named part of a message, with what it is there for. */
export interface MessagePart {
  readonly in: 'query' | 'form' | 'json' | 'xml' | 'header' | 'text'
  readonly name: string
  readonly value: string
  /** Why it was sent, or what it means. Absent for a name that no standard has. */
  readonly why?: string
}

/** Takes a request apart: query, body, headers. Empty where the trace holds no message. */
export function requestParts({ request }: Hop): readonly MessagePart[] {
  const { step, message } = request
  if (message === undefined) return []
  const why = (name: string, value: string): string | undefined => explainParameter(step, name, value)
  const query = URL.canParse(message.url) ? [...new URL(message.url).searchParams] : []
  return [
    ...query.map(([name, value]) => part('query', name, value, why)),
    ...bodyParts(message, why, leavesOf),
    ...Object.entries(message.headers).map(([name, value]) => part('header', name, value, why)),
  ]
}

/** Takes an answer apart: body, headers. Empty where none came, or the trace holds no message. */
export function responseParts({ request, response }: Hop): readonly MessagePart[] {
  const message = response?.message
  if (message === undefined) return []
  const why = (name: string): string | undefined => explainField(request.step, name)
  // Of metadata, the verdicts tell more than its thousand elements.
  const leaves = request.step === 'mex' ? () => [] : leavesOf
  return [
    ...bodyParts(message, why, leaves),
    ...Object.entries(message.headers).map(([name, value]) => part('header', name, value, why)),
  ]
}

/** What is read from one JSON object member by member. */
const plainJson = new Set(['cloud', 'server metadata', 'user realm', 'token response', 'device authorization'])

/** Whether the parts of the answer show already what it was read as. */
export function isShown(hop: Hop, what: string): boolean {
  return plainJson.has(what) && responseParts(hop).some((one) => one.in === 'json')
}

type Why = (name: string, value: string) => string | undefined

function bodyParts(
  { headers, body = '' }: Pick<RedactedRequest | RedactedResponse, 'headers' | 'body'>,
  why: Why,
  leaves: (root: XmlElement) => readonly (readonly [string, string])[],
): readonly MessagePart[] {
  if (body === '') return []
  if (body.startsWith('{')) {
    const json = parseJson(body)
    if (json !== undefined) return Object.entries(json).map(([name, value]) => part('json', name, textOf(value), why))
  }
  if (body.trimStart().startsWith('<')) {
    const root = parseRoot(body)
    if (root !== undefined) return leaves(root).map(([name, value]) => part('xml', name, value, why))
  }
  if (/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) {
    return [...new URLSearchParams(body)].map(([name, value]) => part('form', name, value, why))
  }
  return [{ in: 'text', name: 'body', value: body }]
}

function part(where: MessagePart['in'], name: string, value: string, why: Why): MessagePart {
  const text = why(name, value)
  return { in: where, name, value, ...(text === undefined ? {} : { why: text }) }
}

function parseJson(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function parseRoot(body: string): XmlElement | undefined {
  try {
    return parseXml(body, 'wstrust').root
  } catch {
    return undefined
  }
}

// These names mean something only together with the element around them.
const ambiguous = new Set(['Created', 'Expires', 'Address', 'Value', 'Text'])
/** How a message would refer to the token, which nobody does here. */
const references = new Set(['RequestedAttachedReference', 'RequestedUnattachedReference'])

// An assertion is told by its facts; of its elements only the signature's reader needs all.
function leavesOf(element: XmlElement): readonly (readonly [string, string])[] {
  const { local, parent, children, text } = element
  if (local === 'Assertion') return [[local, '(its facts are below)']]
  if (references.has(local)) return []
  if (local === 'AppliesTo') return [[local, innermostText(element)]]
  if (children.length > 0) return children.flatMap(leavesOf)
  return [[ambiguous.has(local) && parent !== undefined ? `${parent.local}/${local}` : local, text.trim()]]
}

function innermostText({ children: [child], text }: XmlElement): string {
  return child === undefined ? text.trim() : innermostText(child)
}
