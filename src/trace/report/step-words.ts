import type { presents } from '../run-facts.ts'
import type { Hop, Run } from '../runs.ts'
import type { Tone } from './markup.ts'

export type RunStep = Run['steps'][number]

/** A step as the timeline, the diagram and the headings call it. */
export interface StepWords {
  /** A few words: `User realm`, `WS-Trust endpoint`. */
  readonly title: string
  /** What came of it, as short: `200`, `federated`, `miss`. */
  readonly outcome: string
  readonly tone: Tone
}

export function stepWords(step: RunStep): StepWords {
  if ('kind' in step) return { title: hopTitle(step), ...hopOutcome(step) }
  switch (step.type) {
    case 'decision':
      return { title: capital(step.question), outcome: shortChoice(step.chosen), tone: 'plain' }
    case 'cache':
      return { title: 'Token cache', outcome: step.hit ? 'hit' : 'no hit', tone: step.hit ? 'good' : 'plain' }
    case 'retry':
      return { title: 'Once more', outcome: `after ${formatMs(step.waitMs)}`, tone: 'warn' }
    case 'warning':
      return { title: 'Warning', outcome: step.code, tone: 'warn' }
  }
}

function hopTitle({ request: { step, url } }: Hop): string {
  switch (step) {
    case 'realm':
      return 'User realm'
    case 'mex':
      return 'Federation metadata'
    case 'wstrust':
      return 'Security token (WS-Trust)'
    case 'token':
      return 'Token request'
    case 'device':
      return 'Device authorization'
    case 'id_token':
      return 'Signing keys'
    case 'authority':
      return /\/discovery\/instance/i.test(url) ? 'Instance discovery' : 'Server metadata'
    default:
      return capital(step)
  }
}

function hopOutcome({ response }: Hop): Omit<StepWords, 'title'> {
  if (response === undefined) return { outcome: 'no answer', tone: 'bad' }
  const { status } = response
  return { outcome: `HTTP ${status}`, tone: status >= 200 && status < 300 ? 'good' : 'bad' }
}

/** What a request presents as a credential, in words. */
export const credentialWords: Readonly<Record<NonNullable<ReturnType<typeof presents>>, string>> = {
  password: 'password',
  assertion: 'assertion',
  refresh_token: 'refresh token',
  device_code: 'device code',
}

/** A choice in a diagram or a heading: a URL without its scheme and query, the end of a URN. */
export function shortChoice(text: string): string {
  if (text.startsWith('urn:')) return text.slice(text.lastIndexOf(':') + 1)
  return text.replace(/^https?:\/\//i, '').replace(/[?#].*$/s, '')
}

/** `12 ms`, `1.3 s`. */
export function formatMs(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`
}

/** The words for a name out of a trace, which may be any text: `constructor` is no member of a table. */
export function wordsFor(table: Readonly<Record<string, string>>, name: string | undefined): string | undefined {
  return name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
