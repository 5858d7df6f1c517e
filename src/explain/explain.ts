import { aadstsAdvice } from '../protocol/aadsts.ts'
import { lookInAdfs, lookInEntra, lookInServer } from '../protocol/where-to-look.ts'
import type { CodeExplanation, CodeKind, Explanation, RequestIds, UnknownExplanation } from './explanation.ts'
import { type Finding, findCodes, unescapeText } from './recognise.ts'
import { lookUp } from './registries.ts'
import { findRequestIds } from './request-ids.ts'

const maxCharacters = 1_048_576
/** Nobody reads more, and who has a log of a million codes means the first ones. */
const maxCodes = 100

/**
 * Explains every code in a text: a code alone, an error message, a JSON error, an excerpt of a log. Offline, and pure.
 *
 * The text may hold passwords and tokens: of it, only the codes themselves, GUIDs that are labelled as the ids of a
 * request, and times come back.
 *
 * @param text Its first 1,048,576 characters count, and in them the first 100 codes.
 * @returns The most telling code first, what merely wraps others last, each once; an {@link UnknownExplanation} alone
 *   when there is no code in it. Never empty.
 */
export function explain(text: string): readonly Explanation[] {
  const plain = unescapeText(text.slice(0, maxCharacters))
  const findings = findCodes(plain).slice(0, maxCodes)
  const numbers = findings.map(numberOf).filter((number) => number !== undefined)
  const explained = findings.map((finding) => {
    const explanation = describe(finding, findRequestIds(plain, finding.at))
    return { at: finding.at, rank: rankOf(explanation, numbers), explanation }
  })
  explained.sort((a, b) => a.rank - b.rank || a.at - b.at)
  if (explained.length > 0) return explained.map(({ explanation }) => explanation)
  return [
    {
      kind: 'unknown',
      meaning: 'There is no code in this text that is known here',
      remedy:
        'Pass the whole error: the JSON of the token endpoint, the SOAP fault, or the message with its AADSTS, AADB2C, MSIS or ERR_ code. All known codes are in docs/errors.md.',
    },
  ]
}

function describe({ kind, code }: Finding, ids: RequestIds | undefined): Explanation {
  const known = lookUp(kind, code)
  const server = serverOf(kind, ids)
  if (known === undefined) return { ...unknownCode(kind, code), ...server }
  return { ...known, ...server }
}

// A code of ours, or of another library's, says nothing of a server that has a log.
function serverOf(kind: CodeKind, ids: RequestIds = {}): Pick<CodeExplanation, 'whereToLook' | 'request'> {
  const request = Object.keys(ids).length === 0 ? {} : { request: ids }
  if (kind === 'aadsts') {
    return { whereToLook: lookInEntra(ids) ?? 'Entra admin center, Monitoring & health, Sign-in logs.', ...request }
  }
  if (kind === 'adfs_fault' || kind === 'msis' || kind === 'soap_fault') {
    return { whereToLook: lookInAdfs(ids), ...request }
  }
  const whereToLook = kind === 'suberror' ? lookInEntra(ids) : kind === 'aadb2c' ? lookInServer(ids) : undefined
  return { ...(whereToLook === undefined ? {} : { whereToLook }), ...request }
}

function unknownCode(kind: CodeKind, code: string): UnknownExplanation {
  const meaning = `${code} is not in this catalogue`
  if (kind !== 'aadsts') {
    return { kind: 'unknown', code, meaning, remedy: 'The text beside the code and the log of the server say more.' }
  }
  const lookUp = `https://login.microsoftonline.com/error?code=${code.slice('AADSTS'.length)}`
  return { kind: 'unknown', code, meaning, remedy: `Look it up at Microsoft: ${lookUp}`, lookUp }
}

const order: readonly (CodeKind | 'unknown')[] = [
  ...(['aadsts', 'aadb2c', 'msis', 'adfs_fault', 'unknown', 'soap_fault', 'suberror'] as const),
  ...(['oauth_error', 'error_code', 'peer', 'warning'] as const),
]

/** What every SOAP fault has beside its subcode. */
const anyFault: readonly string[] = ['Sender', 'Receiver']

/** @param numbers Every AADSTS number of the text. */
function rankOf({ kind, code = '' }: Explanation, numbers: readonly number[]): number {
  const number = numberOf({ kind, code })
  // A number that gives way to another beside it only wraps that one.
  const wraps =
    number !== undefined && numbers.some((other) => aadstsAdvice([number, other])?.code === other && other !== number)
  if (wraps || anyFault.includes(code)) return order.length
  // The numbers of a server are equally telling, whichever it is.
  return Math.max(order.indexOf(kind), order.indexOf('adfs_fault'))
}

function numberOf({ kind, code }: { readonly kind: string; readonly code: string }): number | undefined {
  return kind === 'aadsts' ? Number(code.slice('AADSTS'.length)) : undefined
}
