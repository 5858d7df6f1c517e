import { oneLine } from '../errors.ts'
import { eventsOf, type Hop, type Run } from './runs.ts'
import type { TraceEventOf } from './trace.ts'

/** What a request presents as a credential. */
export function presents(run: Run, hop: Hop): 'password' | 'assertion' | 'refresh_token' | 'device_code' | undefined {
  const { step, method, message } = hop.request
  if (step === 'wstrust') return 'password'
  if (step !== 'token' || method !== 'POST') return undefined
  const sent = message?.body === undefined ? undefined : new URLSearchParams(message.body).get('grant_type')
  const decided = eventsOf(run, 'decision').findLast(({ question, at }) => question === 'grant' && at <= hop.request.at)
  const grant = sent ?? decided?.chosen ?? ''
  if (grant === 'password' || grant === 'refresh_token') return grant
  if (grant.endsWith(':device_code')) return 'device_code'
  return /:saml[\w.]*-bearer$/.test(grant) ? 'assertion' : undefined
}

/** The host of a URL, with its port; the text itself where it is none. */
export function hostOf(url: string): string {
  return show(URL.canParse(url) ? new URL(url).host : url)
}

/** Whether a call failed by an error that is none of the client's: what a callback threw. */
export function isEndedByProgram({ end, error }: Run): boolean {
  return end?.ok === false && error === undefined
}

/** The latest decision on a question. */
export function decisionOf(run: Run, question: string): TraceEventOf<'decision'> | undefined {
  return eventsOf(run, 'decision').findLast((decision) => decision.question === question)
}

/** A text of a peer's, safe to show, with a full stop. */
export function sentenceOf(text: string): string {
  const line = oneLine(text, 1_000).trim()
  return /[.!?…]$/.test(line) ? line : `${line}.`
}

/** A text of a peer's, safe to show, of at most 300 characters. */
export function show(text: string): string {
  return oneLine(text, 300)
}
