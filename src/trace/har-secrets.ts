import { decodeBase64Url, encodeBase64Url } from '../protocol/base64url.ts'
import { Secret } from '../protocol/secret.ts'
import { parseXml } from '../wstrust/xml.ts'
import type { XmlElement } from '../wstrust/xml-element.ts'
import type { HarExchange } from './har-entries.ts'

const secretFields = [
  ...['password', 'client_secret', 'client_assertion', 'assertion', 'refresh_token', 'access_token', 'id_token'],
  ...['code', 'code_verifier', 'device_code', 'new_password'],
]
/** What a shorter text is found in is anything: it would redact half of the archive. */
const shortest = 4

/**
 * Finds the secrets that an archive holds in clear, so that none is left anywhere else in it: a password that a server repeats, a
 * token that a later request carries.
 */
export function secretsIn(exchanges: readonly HarExchange[]): readonly Secret[] {
  const texts = new Set(exchanges.flatMap(secretTexts).map(secretPart))
  return [...texts].filter((text) => text.length >= shortest).map((text) => new Secret(text))
}

// Of a JWT the signature is the secret, its claims are told; an assertion is looked for as it is, not as it was encoded. What a
// redacted archive has in place of a secret is none.
function secretPart(text: string): string {
  if (/^\[[^\]]*\]$/.test(text)) return ''
  const signature = jwt.exec(text)?.[1]
  if (signature !== undefined) return signature === redactedSignature ? '' : signature
  const decoded = /^PD[\w-]{20,}$/.test(text) ? decodeBase64Url(text) : undefined
  return decoded ?? text
}

// A password may have two dots as well.
const jwt = /^eyJ[\w-]+\.[\w-]+\.([\w-]*)$/
const redactedSignature = encodeBase64Url('redacted')

function secretTexts({ url, headers, body = '', response }: HarExchange): readonly string[] {
  return [
    ...named([...new URLSearchParams(body), ...new URL(url).searchParams]),
    // Where a program sends what is no form, a secret may be anywhere in it.
    ...named(membersIn(body)),
    ...named(partsIn(body)),
    ...passwordsInXml(body),
    // A JWT has to stay one to be told; where it is an answer's own, its signature is taken off it.
    ...named(membersIn(response?.body ?? '')).filter((text) => !jwt.test(text)),
    ...authorizations(headers['authorization'] ?? ''),
    ...(headers['cookie'] ?? '').split(/;\s*/).map((cookie) => cookie.slice(cookie.indexOf('=') + 1)),
  ]
}

type Named = readonly (readonly [name: string, text: string])[]

function named(all: Named): readonly string[] {
  return all.flatMap(([name, text]) => (secretFields.includes(name.toLowerCase()) ? [text] : []))
}

/** The texts and numbers of a JSON object with their names, however deep. */
function membersIn(body: string): Named {
  if (!body.trimStart().startsWith('{')) return []
  const found: [string, string][] = []
  try {
    const left: unknown[] = [JSON.parse(body)]
    for (let value = left.pop(); value !== undefined; value = left.pop()) {
      for (const [name, member] of Object.entries(value as object)) {
        if (typeof member === 'string' || typeof member === 'number') found.push([name, String(member)])
        else if (typeof member === 'object' && member !== null) left.push(member)
      }
    }
  } catch {
    // What is no JSON is dropped as a whole.
  }
  return found
}

/** Of multipart/form-data (RFC 7578 §4). A part has few headers: the search must not go on to the end from each of them. */
function partsIn(body: string): Named {
  const parts = body.matchAll(/\bname="([\w-]{1,50})"\r?\n(?:[\w-]{1,50}:.{0,500}\r?\n){0,9}\r?\n([^\r\n]*)/g)
  return Array.from(parts, ([, name = '', value = '']) => [name, value] as const)
}

function passwordsInXml(body: string): readonly string[] {
  if (!body.trimStart().startsWith('<')) return []
  try {
    return leafTexts(parseXml(body, 'wstrust').root, 'Password')
  } catch {
    // What cannot be parsed is dropped as a whole when it is redacted; its password may stand elsewhere.
    return [...body.matchAll(/<(?:[\w.-]+:)?Password\b[^>]*>([^<]+)</g)].map(([, text = '']) => text)
  }
}

function leafTexts(element: XmlElement, name: string): readonly string[] {
  const own = element.local === name ? [element.text, element.text.trim()] : []
  return [...own, ...element.children.flatMap((child) => leafTexts(child, name))]
}

function authorizations(header: string): readonly string[] {
  const [scheme = '', value = ''] = header.split(/\s+(.*)/s)
  if (scheme.toLowerCase() !== 'basic') return [value]
  try {
    const [, password = ''] = atob(value).split(/:(.*)/s)
    return [value, password, decodeURIComponent(password.replaceAll('+', ' '))]
  } catch {
    return [value]
  }
}
