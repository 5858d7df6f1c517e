import { aadb2c } from '../protocol/aadb2c.ts'
import { aadsts } from '../protocol/aadsts.ts'
import type { Advice } from '../protocol/advice.ts'
import { msis } from '../protocol/msis.ts'
import { oauthErrors, suberrors } from '../protocol/oauth-errors.ts'
import { adfsFaults, soapFaultCodes } from '../wstrust/adfs-faults.ts'
import { type ErrorCode, errorCodes, faultOf } from './error-codes.ts'
import { anchorOf, type CodeExplanation, type CodeKind } from './explanation.ts'
import { type PeerName, peerCodes, peerMessages } from './peer-names.ts'
import { howToSilence, warningCodes } from './warning-codes.ts'

/** The servers' codes, by kind. */
export const serverCodes: Readonly<
  Record<Exclude<CodeKind, 'error_code' | 'warning' | 'peer'>, Readonly<Record<string, Advice>>>
> = {
  aadsts: Object.fromEntries(Object.entries(aadsts).map(([number, advice]) => [`AADSTS${number}`, advice])),
  aadb2c,
  msis,
  adfs_fault: adfsFaults,
  soap_fault: soapFaultCodes,
  oauth_error: oauthErrors,
  suberror: suberrors,
}

/** Every name of another library's: its codes, and its messages without one. */
export const peers: Readonly<Record<string, PeerName>> = { ...peerCodes, ...peerMessages }

/** What the registries say of a code. @returns `undefined` when they do not have it. */
export function lookUp(kind: CodeKind, code: string): CodeExplanation | undefined {
  if (kind === 'error_code') return explainErrorCode(code)
  if (kind === 'warning') return explainWarning(code)
  if (kind === 'peer') return explainPeer(code)
  const advice = own(serverCodes[kind], code)
  if (advice === undefined) return undefined
  return {
    kind,
    code,
    ...(advice.name === undefined ? {} : { name: advice.name }),
    meaning: sentence(advice.meaning),
    remedy: advice.remedy,
    class: advice.class,
    source: advice.source,
    anchor: `docs/errors.md#${anchorOf(kind, code)}`,
  }
}

/** What other libraries call the failure that one of our codes stands for. */
export function peersOf(code: string): readonly string[] {
  return Object.entries(peerCodes).flatMap(([name, { here }]) => (here.includes(code) ? [name] : []))
}

function explainErrorCode(code: string): CodeExplanation | undefined {
  const entry = own<ErrorCode>(errorCodes, code)
  if (entry === undefined) return undefined
  return {
    kind: 'error_code',
    code,
    meaning: entry.meaning,
    remedy: entry.remedy,
    fault: faultOf(entry),
    class: entry.classes[0],
    source: 'ropc-client',
    anchor: `docs/errors.md#${anchorOf('error_code', code)}`,
  }
}

function explainWarning(code: string): CodeExplanation | undefined {
  const entry = own(warningCodes, code)
  if (entry === undefined) return undefined
  return {
    kind: 'warning',
    code,
    meaning: entry.meaning,
    remedy: `${entry.remedy} ${howToSilence(code)}`,
    class: 'warning',
    source: 'ropc-client',
    anchor: `docs/errors.md#${anchorOf('warning', code)}`,
  }
}

function explainPeer(code: string): CodeExplanation | undefined {
  const entry = own(peers, code)
  if (entry === undefined) return undefined
  const { libraries, meaning, here, messages } = entry
  const first = own<ErrorCode>(errorCodes, here[0] ?? '')
  return {
    kind: 'peer',
    // A message without a code is named by the words it is known by.
    code: own(peerCodes, code) === undefined ? (messages?.[0] ?? code) : code,
    meaning,
    remedy: peerRemedy(entry),
    class: first?.classes[0] ?? (here.length > 0 ? 'warning' : 'not_here'),
    source: libraries.join(', '),
    anchor: `docs/errors.md#${anchorOf('peer', code)}`,
    ...(here.length === 0 ? {} : { here }),
  }
}

/** What to do about another library's failure: its own remedy, or that of our first code for it. */
export function peerRemedy({ remedy, here }: PeerName): string {
  const [code = ''] = here
  return remedy ?? own<ErrorCode>(errorCodes, code)?.remedy ?? own(warningCodes, code)?.remedy ?? ''
}

/** Begins as a sentence does, unless it begins with a name such as id_token. */
export function sentence(text: string): string {
  return text.replace(/^[a-z]+(?=[ ,’])/, (word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
