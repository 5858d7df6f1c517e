import { encodeBase64Url } from '../protocol/base64url.ts'
import { findCloud } from '../protocol/clouds.ts'
import { readPart } from './redact-jwt.ts'

/** Replaces people, tenants, hosts and ids by stable pseudonyms: the same everywhere in one document. */
export interface Pseudonyms {
  text(text: string): string
  /** A JSON value, deep: first all of it is searched for identifiers, then each text is written anew. */
  value<T>(json: T): T
}

/** Ids that name a service and nobody's own: resources of Microsoft, and the tenant of personal accounts. */
const publicIds = new Set([
  '00000003-0000-0000-c000-000000000000',
  '00000002-0000-0000-c000-000000000000',
  '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  '9188040d-6c67-4c5b-b112-36a304b66dad',
  'f8cdef31-a31e-4b4a-93e4-5f571e91255a',
])

/** Domains of services and of documents that names of standards are made of. */
const publicDomains =
  /(^|\.)(microsoftonline\.(com|us|cn|de)|microsoft\.com|windows\.net|azure\.(com|us|cn)|microsoft\.us|chinacloudapi\.cn|b2clogin\.com|ciamlogin\.com|onmicrosoft\.com|live\.com|office\.com|oasis-open\.org|xmlsoap\.org|w3\.org|ietf\.org|rfc-editor\.org|openid\.net|localhost)$/i

const guid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi
const name = /[\p{L}\p{N}_.+'~#-]+(?:@|%40)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/giu
const jwt = /eyJ[\w-]+\.[\w-]+\.[\w-]*/g
const encoded = /(?<![\w-])eyJ[\w-]{8,}(?![\w.-])/g
const address = /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])/g
const tenantName = /([\p{L}\p{N}-]+)\.(onmicrosoft|b2clogin|ciamlogin)\.com/giu
const urlHost = /\bhttps?:(?:\/\/|%2F%2F)([\p{L}\p{N}.-]+)/giu

export function createPseudonyms(): Pseudonyms {
  const known = new Map<string, string>()
  const counts = new Map<string, number>()
  const next = (kind: string): number => {
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    return count
  }
  const remember = (kind: string, original: string, make: (count: number) => string): string => {
    const key = `${kind}:${original.toLowerCase()}`
    const old = known.get(key)
    if (old !== undefined) return old
    const made = make(next(kind))
    known.set(key, made)
    return made
  }
  const people = new Map<string, string>()
  const domains = new Map<string, string>()

  const domain = (original: string, kind = 'tenant'): string => {
    const lower = original.toLowerCase()
    const made = /^\d+(\.\d+){3}$/.test(lower) || publicDomains.test(lower) || findCloud(lower) !== undefined
    if (made || isPseudonym(lower)) return original
    const pseudonym = domains.get(lower) ?? remember(kind, lower, (count) => `${kind}${count}.example`)
    domains.set(lower, pseudonym)
    return pseudonym
  }

  const user = (original: string): string => {
    const [separator] = /@|%40/i.exec(original) ?? ['@']
    const at = original.toLowerCase().lastIndexOf(separator.toLowerCase())
    const host = original.slice(at + separator.length)
    const local = remember('user', original.replace(/%40/i, '@'), (count) => `user${count}`)
    return /^user\d+$/.test(original.slice(0, at)) && isPseudonym(host)
      ? original
      : `${local}${separator}${onmicrosoft(host) ?? domain(host)}`
  }

  const onmicrosoft = (host: string): string | undefined => {
    const match = /^([\p{L}\p{N}-]+)\.(onmicrosoft|b2clogin|ciamlogin)\.com$/iu.exec(host)
    if (match?.[1] === undefined || /^name\d+$/.test(match[1])) return match === null ? undefined : host
    return `${remember('name', match[1], (count) => `name${count}`)}.${match[2]}.com`
  }

  const id = (original: string): string => {
    if (publicIds.has(original.toLowerCase()) || original.startsWith('00000000-0000-4000-9000-')) return original
    return remember('id', original, (count) => `00000000-0000-4000-9000-${count.toString(16).padStart(12, '0')}`)
  }

  /** Finds names of people and domains in a text, inside tokens too. */
  const learn = (text: string): void => {
    for (const token of text.match(jwt) ?? []) {
      const claims = readPart(token.split('.')[1] ?? '')
      for (const claim of ['name', 'given_name', 'family_name', 'app_displayname']) {
        const value = claims?.[claim]
        if (typeof value === 'string' && value.length > 2 && !value.startsWith('[') && !people.has(value)) {
          people.set(value, `Person ${next('person')}`)
        }
      }
      if (claims !== undefined) learn(JSON.stringify(claims))
    }
    for (const found of text.match(name) ?? []) user(found)
    for (const [, host = ''] of text.matchAll(urlHost))
      if (host.includes('.')) onmicrosoft(host) ?? domain(host, 'host')
  }

  const write = (text: string): string => {
    let out = text
      .replace(jwt, (token) => writeToken(token))
      .replace(encoded, (part) => writeEncoded(part))
      .replace(name, user)
      .replace(tenantName, (host) => onmicrosoft(host) ?? host)
      .replace(guid, id)
      .replace(address, (ip) => (ip.startsWith('127.') ? ip : remember('ip', ip, (count) => `192.0.2.${count % 256}`)))
    // The longest first: a host is a part of another's name.
    for (const [original, pseudonym] of [...domains].sort(([a], [b]) => b.length - a.length)) {
      out = replaceWord(out, original, pseudonym)
    }
    for (const [original, pseudonym] of people) out = replaceWord(out, original, pseudonym)
    return out
  }

  const writeToken = (token: string): string => {
    const [header = '', payload = '', signature = ''] = token.split('.')
    return [writeEncoded(header), writeEncoded(payload), signature].join('.')
  }

  const writeEncoded = (part: string): string => {
    const members = readPart(part)
    return members === undefined ? part : encodeBase64Url(write(JSON.stringify(members)))
  }

  const deep = (json: unknown): unknown => {
    if (typeof json === 'string') return write(json)
    if (Array.isArray(json)) return json.map(deep)
    if (typeof json !== 'object' || json === null) return json
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, deep(value)]))
  }

  const learnDeep = (json: unknown, key = ''): void => {
    if (typeof json === 'string') {
      learn(json)
      if (/domain/i.test(key) && /^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+$/u.test(json)) domain(json)
    } else if (typeof json === 'object' && json !== null) {
      for (const [member, value] of Object.entries(json)) learnDeep(value, member)
    }
  }

  return {
    text(text) {
      learn(text)
      return write(text)
    },
    value<T>(json: T): T {
      learnDeep(json)
      return deep(json) as T
    },
  }
}

function isPseudonym(host: string): boolean {
  return /^(.*\.)?(tenant|host)\d+\.example$/i.test(host)
}

function replaceWord(text: string, original: string, pseudonym: string): string {
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}-])${original.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?![\\p{L}\\p{N}]|-[\\p{L}\\p{N}])`,
    'giu',
  )
  return text.replace(pattern, () => pseudonym)
}
