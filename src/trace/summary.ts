import { oneLine } from '../errors.ts'
import { warningCodes } from '../explain/warning-codes.ts'
import type { Verdict } from '../protocol/verdict.ts'
import { type ClockSkew, findClockSkew } from './clock-skew.ts'
import { type PasswordAnswer, tellPassword } from './password-answer.ts'
import { type RefusedAnswer, tellRefused } from './refused-answer.ts'
import { type RejectedAnswer, tellRejected } from './rejected-answer.ts'
import { isEndedByProgram, sentenceOf, show } from './run-facts.ts'
import { eventsOf, hopsOf, type Run } from './runs.ts'

/** The five questions that every view answers first. */
export const questions: Readonly<Record<keyof Omit<Summary, 'clockSkew'>, string>> = {
  password: 'Which host got the password, and why?',
  rejected: 'Which endpoints were rejected, and why?',
  refused: 'What did the server refuse?',
  change: 'What has to change?',
  idToken: 'Was the id_token verified?',
}

/** What a run comes to: each answer as one or two sentences, and as data. */
export interface Summary {
  readonly password: PasswordAnswer
  readonly rejected: RejectedAnswer
  readonly refused: RefusedAnswer
  readonly change: ChangeAnswer
  readonly idToken: IdTokenAnswer
  /** Absent where no answer tells the time of its server. */
  readonly clockSkew?: ClockSkew
}

export interface ChangeAnswer {
  readonly sentence: string
  readonly hint?: string
  readonly whereToLook?: string
  readonly waysOut: readonly string[]
}

export interface IdTokenAnswer {
  readonly sentence: string
  /** `claims`: its claims were checked, its signature needed not be; `signature`: that too. */
  readonly verified: 'signature' | 'claims' | 'failed' | 'none'
  readonly failed: readonly Verdict[]
}

/** Answers the five questions about a run. Every text of a peer's in it is safe to show. */
export function summarise(run: Run): Summary {
  const clockSkew = findClockSkew(run)
  const isCut = run.start === undefined
  return {
    password: isCut ? cutOff(tellPassword(run)) : tellPassword(run),
    rejected: isCut ? cutOff(tellRejected(run)) : tellRejected(run),
    refused: tellRefused(run),
    change: tellChange(run),
    idToken: tellIdToken(run),
    ...(clockSkew === undefined ? {} : { clockSkew }),
  }
}

/** What was decided and sent at first decides these answers: without it, they would be guesses. */
function cutOff<T extends { readonly sentence: string }>(answer: T): T {
  return { ...answer, sentence: 'Not known: the beginning of this call is not in the trace.' }
}

const waysInWords: Readonly<Record<string, string>> = {
  username_password: 'user name and password',
  device_code: 'a device code',
  interactive: 'a sign-in in a browser (authorization code with PKCE)',
  integrated_windows: 'Windows integrated authentication',
  native_authentication: 'native authentication of External ID',
  managed_identity: 'a managed identity (no user)',
  workload_federation: 'a federated workload identity (no user)',
}

/** What else could sign the user in, or do without one, in words. */
export function wayInWords(way: string): string {
  return Object.hasOwn(waysInWords, way) ? (waysInWords[way] ?? way) : show(way)
}

function tellChange(run: Run): ChangeAnswer {
  const { error } = run
  if (isEndedByProgram(run)) {
    return { sentence: 'What the program threw, in a callback or on its way, says it; no event does.', waysOut: [] }
  }
  if (error === undefined) {
    const own = eventsOf(run, 'warning').filter(({ code }) => !code.startsWith('ROPC_'))
    const text = own.map(({ code, message }) => `${sentenceOf(message)} [${code}] ${remedyOf(code)}`.trim()).join(' ')
    return { sentence: text === '' ? 'Nothing.' : `Nothing, for this call. But: ${text}`, waysOut: [] }
  }
  const { hint, whereToLook, waysOut = [] } = error
  return {
    sentence: hint === undefined ? 'The client has no advice.' : sentenceOf(hint),
    ...(hint === undefined ? {} : { hint: oneLine(hint, 1_000) }),
    ...(whereToLook === undefined ? {} : { whereToLook: oneLine(whereToLook, 1_000) }),
    waysOut: waysOut.map(show),
  }
}

/** A trace may come from a file, and its codes be anything. */
function remedyOf(code: string): string {
  return Object.hasOwn(warningCodes, code) ? (warningCodes[code]?.remedy ?? '') : ''
}

function tellIdToken(run: Run): IdTokenAnswer {
  const parses = hopsOf(run).flatMap((hop) => hop.parses.filter(({ what: artefact }) => artefact === 'id_token'))
  const latest = parses.at(-1)
  const decided = eventsOf(run, 'decision').findLast(({ question }) => question === 'verification')
  const failed = (decided?.candidates ?? latest?.checks ?? []).filter(({ ok }) => !ok)
  const isAsked = run.start?.operation === 'verifyIdToken'
  if (isAsked && run.error === undefined && run.end?.ok === true)
    return { verified: 'signature', failed, sentence: 'Yes: its signature and its claims.' }
  const isRefused = ['ERR_SIGNATURE_INVALID', 'ERR_ID_TOKEN_REFUSED'].includes(run.error?.code ?? '')
  const refusal = isAsked || isRefused ? run.error : undefined
  if (refusal !== undefined) return { verified: 'failed', failed, sentence: `No: ${sentenceOf(refusal.message)}` }
  if (latest === undefined) return { verified: 'none', failed, sentence: whyNoIdToken(run) }
  const names = failed.map(({ rule, evidence }) =>
    evidence === undefined ? show(rule) : `${show(rule)} (${show(evidence)})`,
  )
  if (failed.length > 0) {
    return { verified: 'failed', failed, sentence: `No: it fails ${names.join(', ')}.` }
  }
  const skipped = latest.checks.find(({ rule }) => rule === 'id_token.signature-skipped')
  const claims = latest.checks
    .filter((check) => check !== skipped)
    .map(({ rule }) => show(rule.replace(/^id_token\./, '')))
  return {
    verified: 'claims',
    failed,
    sentence: `Its claims were checked and are right (${claims.join(', ')}). Its signature was not verified, and need not be: it came straight from the token endpoint over TLS (OpenID Connect Core §3.1.3.7).`,
  }
}

function whyNoIdToken(run: Run): string {
  if (eventsOf(run, 'cache').some(({ hit }) => hit)) {
    return 'There was none to verify: the one in the cache was checked when it came.'
  }
  if (run.error !== undefined || isEndedByProgram(run))
    return 'There was none to verify: the call failed before one came.'
  return 'There was none to verify: no answer had one.'
}
