import { encodeBase64Url } from '../protocol/base64url.ts'
import { describingNames, userNames } from './identifiers.ts'
import { readPart } from './redact-jwt.ts'

/** A text that holds no other, decoded, with the name it stands under: of a member, a field, an element, an attribute. */
export interface Leaf {
  readonly text: string
  readonly name: string
  /** Whether it is a claim of a token or an assertion. */
  readonly isClaim: boolean
}

type Visit = (leaf: Leaf) => string
interface Place extends Omit<Leaf, 'text'> {
  /** How many texts it stands in. */
  readonly depth: number
}

const nowhere: Place = { name: '', isClaim: false, depth: 0 }
/** A token in a form in a URL in JSON is five deep. What goes deeper is meant to. */
const deepest = 12

/**
 * Visits every text inside a text: JSON, XML, forms, JWTs, base64url of JSON and percent-encoding are taken apart, and put together
 * again around what the visit returns. What was not changed stays as it was written.
 */
export function walkTexts(text: string, visit: Visit, place: Place = nowhere): string {
  // A user name may have any character, those of forms too, and holds nothing.
  return place.depth < deepest && !userNames.has(place.name) && !describingNames.has(place.name)
    ? walkInside(text, visit, { ...place, depth: place.depth + 1 })
    : visit({ text, ...place })
}

function walkInside(text: string, visit: Visit, place: Place): string {
  if (/^\s*[[{]/.test(text)) {
    const json = parseJson(text)
    if (json !== undefined) return unlessSame(text, json, walkJson(json, visit, place), JSON.stringify)
  }
  if (/^\s*<[\w?]/.test(text)) return walkXml(text, visit, place.depth)
  // Base64 ends with an equals sign too.
  const isForm = /^[\w.-]+=[^\s&]*(?:&[\w.%-]*=[^\s&]*)*$/.test(text) && !/^[^&=]+={1,2}$/.test(text)
  if (isForm) return walkForm(text, visit, place.depth)
  return walkPlain(text, visit, place)
}

/** Of a member: a claim is called by a URL of whoever invented it, or by the id of the application that it is of. */
const mayNameSomebody = /@|:\/\/|\.[^.]+\.|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-/i

/** Visits every text of a JSON value, and those names of members that hold a URL, a host, a user name or an id. */
export function walkJson(json: unknown, visit: Visit, place: Place = nowhere): unknown {
  if (typeof json === 'string') return walkTexts(json, visit, place)
  if (Array.isArray(json)) return json.map((item) => walkJson(item, visit, place))
  if (typeof json !== 'object' || json === null) return json
  const members = Object.entries(json).map(([name, value]) => [
    mayNameSomebody.test(name) ? visit({ text: name, ...nowhere }) : name,
    walkJson(value, visit, { ...place, name }),
  ])
  return Object.fromEntries(members)
}

// A piece without an end goes on to that of the text, and a name begins where a run of its characters does: each is read once.
const xmlPieces = /<!--([\s\S]*?)(?:-->|$)|<!\[CDATA\[([\s\S]*?)(?:\]\]>|$)|<[^>]*>?|[^<]+/g
const xmlAttribute = /(?<![\w.-])([\w.-]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)')/g

function walkXml(text: string, visit: Visit, depth: number): string {
  let name = ''
  let claim: string | undefined
  return text.replace(xmlPieces, (piece, comment?: string, raw?: string) => {
    const isValue = name === 'AttributeValue' && claim !== undefined
    const place = isValue ? { name: claim ?? '', isClaim: true, depth } : { name, isClaim: false, depth }
    if (comment !== undefined)
      return `<!--${walkTexts(comment, visit, { ...nowhere, depth })}${piece.slice(4 + comment.length)}`
    if (raw !== undefined) return `<![CDATA[${walkTexts(raw, visit, place)}${piece.slice(9 + raw.length)}`
    if (!piece.startsWith('<')) return walkEscaped(piece, visit, place)
    name = /^<(?:[\w.-]+:)?([\w.-]+)/.exec(piece)?.[1] ?? ''
    if (name === 'Attribute') {
      claim = /\b(?:AttributeName|Name)="([^"]*)"/.exec(piece)?.[1]?.split('/').at(-1)?.toLowerCase()
    }
    return piece.replace(xmlAttribute, (whole, attribute: string, equals: string, double?: string, single?: string) => {
      if (attribute.startsWith('xmlns')) return whole
      const quote = double === undefined ? "'" : '"'
      const written = walkEscaped(double ?? single ?? '', visit, { name: attribute, isClaim: false, depth })
      return `${attribute}${equals}${quote}${written}${quote}`
    })
  })
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function walkEscaped(escaped: string, visit: Visit, place: Place): string {
  const text = escaped.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi,
    (whole, hex, digits, name) => {
      if (name !== undefined) return entities[name] ?? whole
      const code = hex === undefined ? Number(digits) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
  return unlessSame(escaped, text, walkTexts(text, visit, place), (changed) =>
    changed.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  )
}

function walkForm(form: string, visit: Visit, depth: number): string {
  return form
    .split('&')
    .map((pair) => {
      const [[name, value] = ['', '']] = new URLSearchParams(`&${pair}`)
      const place = { name: name.toLowerCase(), isClaim: false, depth }
      return unlessSame(pair, value, walkTexts(value, visit, place), (changed) =>
        new URLSearchParams([[name, changed]]).toString(),
      )
    })
    .join('&')
}

// A part of a URL may hold any of these too, but never unencoded what parts are made by.
const percentEncoded = /(?<![^\s"<>()&=?/,;])[^\s"<>()&=?/,;%]*%[0-9a-f]{2}[^\s"<>()&=?/,;]*/gi
/** In the address of a user-realm request a user name follows, whatever its characters. */
const realmUser = /(?<=\/userrealm\/)[^/?#\s"<>]+/gi
const token = /(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g
const encodedJson = /(?<![\w.-])eyJ[\w-]{8,}(?![\w.-])/g

function walkPlain(text: string, visit: Visit, place: Place): string {
  const apart = text
    .replace(realmUser, (part) => {
      const decoded = decode(part)
      if (decoded === undefined) return part
      return unlessSame(part, decoded, visit({ ...place, text: decoded, name: 'username' }), encodeURIComponent)
    })
    .replace(token, (jwt) => {
      const [header = '', payload = '', signature = ''] = jwt.split('.')
      return [walkPart(header, visit, place.depth), walkPart(payload, visit, place.depth), signature].join('.')
    })
    .replace(encodedJson, (part) => walkPart(part, visit, place.depth))
    .replace(percentEncoded, (part) => {
      const decoded = decode(part)
      if (decoded === undefined || decoded === part) return part
      return unlessSame(part, decoded, walkTexts(decoded, visit, place), encodeURIComponent)
    })
  return visit({ text: apart, ...place })
}

function walkPart(part: string, visit: Visit, depth: number): string {
  const claims = readPart(part)
  if (claims === undefined) return part
  const walked = walkJson(claims, visit, { name: '', isClaim: true, depth })
  return unlessSame(part, claims, walked, (changed) => encodeBase64Url(JSON.stringify(changed)))
}

function unlessSame<T>(original: string, before: T, after: T, write: (after: T) => string): string {
  return JSON.stringify(before) === JSON.stringify(after) ? original : write(after)
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

function parseJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
