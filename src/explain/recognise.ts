import { errorCodes } from './error-codes.ts'
import type { CodeKind } from './explanation.ts'
import { peerCodes } from './peer-names.ts'
import { peers, serverCodes } from './registries.ts'
import { warningCodes } from './warning-codes.ts'

/** A code that stands in a text. */
export interface Finding {
  readonly kind: CodeKind
  readonly code: string
  readonly at: number
}

/**
 * Undoes what JSON, XML and logs do to quotes and line ends, as often as they were put into each other: so that a code
 * has the same neighbours everywhere.
 */
export function unescapeText(text: string): string {
  return text
    .replace(/(?<!\\)\\+(?:[nrt]|u000[9ad])/gi, ' ')
    .replace(/(?<!\\)\\+(?:"|u0022)|&quot;|&#34;|%22/gi, '"')
    .replace(/(?<!\\)\\+(?:'|u0027)|&apos;|&#39;|%27/gi, "'")
    .replace(/(?<!\\)\\+u003c|&lt;/gi, '<')
    .replace(/(?<!\\)\\+u003e|&gt;/gi, '>')
}

/** Finds every code in a text, each where it first stands. @param text As {@link unescapeText} gives it. */
export function findCodes(text: string): readonly Finding[] {
  const findings = new Map<string, Finding>()
  const add = (finding: Finding): void => {
    const key = `${finding.kind} ${finding.code}`
    if ((findings.get(key)?.at ?? Number.POSITIVE_INFINITY) > finding.at) findings.set(key, finding)
  }
  for (const find of [findWhole, findNumbers, findListed, findWords, findMessages])
    for (const found of find(text)) add(found)
  return [...findings.values()]
}

/** A text that is one code and nothing else may be written carelessly. */
function findWhole(text: string): readonly Finding[] {
  const word = text.trim()
  if (/^\d{4,9}$/.test(word)) return [{ kind: 'aadsts', code: `AADSTS${Number(word)}`, at: 0 }]
  const found = names().get(word.toLowerCase()) ?? []
  return found.map(({ kind, code }) => ({ kind, code, at: 0 }))
}

// The first A gets lost so often that search engines know the word without it.
const numbered: readonly { readonly kind: CodeKind; readonly prefix: string; readonly pattern: RegExp }[] = [
  { kind: 'aadsts', prefix: 'AADSTS', pattern: /A?ADSTS[\s:#-]{0,3}([1-9]\d{3,8})(?!\d)/gi },
  { kind: 'aadb2c', prefix: 'AADB2C', pattern: /AADB2C[\s:#-]{0,3}(\d{5,6})(?!\d)/gi },
  { kind: 'msis', prefix: 'MSIS', pattern: /MSIS(\d{4,5})(?!\d)/gi },
  // Of four digits and with a colon, since other things begin with ID as well.
  { kind: 'adfs_fault', prefix: 'ID', pattern: /\bID(\d{4})(?=:|\s*$)/g },
]

function findNumbers(text: string): readonly Finding[] {
  return numbered.flatMap(({ kind, prefix, pattern }) =>
    [...text.matchAll(pattern)].map((match): Finding => {
      const code = `${prefix}${match[1]}`
      // AD FS numbers the faults of its WS-Trust endpoints with MSIS too.
      const isFault = kind === 'msis' && Object.hasOwn(serverCodes.adfs_fault, code)
      return { kind: isFault ? 'adfs_fault' : kind, code, at: match.index }
    }),
  )
}

/** Numbers without their prefix: `"error_codes":[70002,50126]`, `errorNo: '50126'`, `/error?code=50126`. */
function findListed(text: string): readonly Finding[] {
  const lists = text.matchAll(
    /error_?codes["']?\s{0,5}[:=]\s{0,5}\[([^\]]{0,400})\]|error_?no["']?\s{0,5}[:=]\s{0,5}["']?(\d{4,9})|\berror\?code=(\d{4,9})/gi,
  )
  return [...lists].flatMap((match) =>
    [...(match[1] ?? match[2] ?? match[3] ?? '').matchAll(/(?<!\d)[1-9]\d{3,8}(?!\d)/g)].map(
      ([number]): Finding => ({ kind: 'aadsts', code: `AADSTS${number}`, at: match.index }),
    ),
  )
}

/** Names that are words of their own in a text: `invalid_grant`, `wsse:FailedAuthentication`, `ERR_SOAP_FAULT`. */
function findWords(text: string): readonly Finding[] {
  const findings: Finding[] = []
  for (const { 0: word, index } of text.matchAll(/\b[A-Za-z]\w{3,80}\b/g)) {
    const named = names().get(word.toLowerCase())
    if (named === undefined) continue
    const before = text.slice(Math.max(0, index - 40), index)
    const isSuberror = /sub_?error["']?\s*[:=]\s*["']?$/i.test(before)
    for (const { kind, code, isCommon } of named) {
      if (code !== word || (isCommon && !isMember(before))) continue
      if (named.length > 1 && isSuberror !== (kind === 'suberror')) continue
      findings.push({ kind, code, at: index })
    }
  }
  return findings
}

/** Whether what stands before a word says that it is a code: an XML prefix of SOAP's or the name of a member. */
function isMember(before: string): boolean {
  return (
    /(?:^|[\s>"'])(?:s|t|a|e|env|soap|soapenv|soap-env|wsse|wst|wsa|trust|ns\d)\d{0,2}:$/i.test(before) ||
    /(?:error|fault)_?(?:sub)?_?code["']?\s*[:=]\s*["']?$/i.test(before)
  )
}

function findMessages(text: string): readonly Finding[] {
  // As long as the text, so that places in it are places in the text: only where blanks are doubled do they shift.
  const plain = text.toLowerCase().replace(/\s+/g, ' ')
  return Object.entries(peers).flatMap(([code, { messages = [] }]) => {
    const at = messages.map((message) => plain.indexOf(message)).filter((index) => index >= 0)
    return at.length === 0 ? [] : [{ kind: 'peer' as const, code, at: Math.min(...at) }]
  })
}

interface Name {
  readonly kind: CodeKind
  readonly code: string
  /** Stands in texts that have nothing to do with the code, too. */
  readonly isCommon: boolean
}

const common = new Set([
  ...['Sender', 'Receiver', 'Client', 'Server', 'BadRequest', 'InvalidRequest', 'InvalidScope', 'RequestFailed'],
  ...['MustUnderstand', 'VersionMismatch', 'EndpointUnavailable', 'DestinationUnreachable', 'unknown', 'not_found'],
])

let cached: ReadonlyMap<string, readonly Name[]> | undefined

/** Every code by its lower-case spelling; made once, when it is first needed. */
function names(): ReadonlyMap<string, readonly Name[]> {
  if (cached !== undefined) return cached
  const made = new Map<string, Name[]>()
  const records = { ...serverCodes, error_code: errorCodes, warning: warningCodes, peer: peerCodes }
  for (const [kind, record] of Object.entries(records) as [CodeKind, Readonly<Record<string, unknown>>][]) {
    for (const code of Object.keys(record)) {
      const key = code.toLowerCase()
      made.set(key, [...(made.get(key) ?? []), { kind, code, isCommon: common.has(code) }])
    }
  }
  cached = made
  return made
}
