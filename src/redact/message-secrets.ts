import { Secret } from '../protocol/secret.ts'
import { fieldRules, memberRules, type Rule } from './known-names.ts'
import { marker } from './marker.ts'
import { isRedactedToken } from './redact-jwt.ts'

/** Finds the secrets in a body that nobody has told of: those of a request that others recorded, the tokens of an answer. */
export function findSecrets(body: string): readonly Secret[] {
  return named(body)
    .filter(([name, text]) => text.length >= 4 && marker(name, text) !== text && !isRedactedToken(text))
    .map(([, text]) => new Secret(text))
}

type Named = readonly (readonly [name: string, text: string])[]

function named(body: string): Named {
  if (/^[\s\ufeff]*</.test(body)) {
    const elements = body.matchAll(/<(?:[\w.-]+:)?(Password|SignatureValue)\b[^>]{0,200}>([^<]{4,8192})</g)
    return Array.from(elements, ([, name = '', text = '']) => [name, unescapeXml(text).trim()] as const)
  }
  if (/^[\s\ufeff]*\{/.test(body)) return inJson(body)
  const fields = Array.from(new URLSearchParams(body), ([name, value]) => [name.toLowerCase(), value] as const)
  return fields.filter(([name]) => isSecret(fieldRules.get(name)))
}

function inJson(body: string): Named {
  try {
    const json = JSON.parse(body.replace(/^\ufeff/, '')) as Readonly<Record<string, unknown>>
    return Object.entries(json).filter(
      (member): member is [string, string] => typeof member[1] === 'string' && isSecret(memberRules.get(member[0])),
    )
  } catch {
    return []
  }
}

function isSecret(rule: Rule | undefined): boolean {
  return rule === 'secret' || rule === 'token'
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex, digits, name) => {
    if (name !== undefined) return entities[name] ?? whole
    const code = hex === undefined ? Number(digits) : Number.parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
