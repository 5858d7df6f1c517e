import { parseHttpDate, parseInstant } from '../protocol/time.ts'
import { type Hop, hopsOf, type Run } from './runs.ts'

/** How far the clock of a server is from the one of this machine. */
export interface ClockSkew {
  /** Positive if the server's clock is ahead. Servers tell whole seconds, and an answer takes its time. */
  readonly seconds: number
  readonly host: string
  /** How the client's time is known: the Timestamp of the message itself, or the start of the run. */
  readonly comparedWith: 'Timestamp' | 'run start'
  /** More than five minutes: AD FS refuses the message, and tokens look expired. */
  readonly isTooMuch: boolean
}

const tolerated = 300

/** Compares the `Date` headers of answers with the time of the client. The largest difference counts. */
export function findClockSkew(run: Run): ClockSkew | undefined {
  const skews = hopsOf(run).flatMap((hop) => skewOf(run, hop) ?? [])
  return skews.toSorted((a, b) => Math.abs(b.seconds) - Math.abs(a.seconds))[0]
}

function skewOf(run: Run, { request, response }: Hop): ClockSkew | undefined {
  const there = parseHttpDate(response?.message?.headers['date'] ?? '')
  if (response === undefined || there === undefined) return undefined
  const created = /<(?:\w+:)?Created>([^<]{1,40})<\/(?:\w+:)?Created>/.exec(request.message?.body ?? '')?.[1]
  const stamped = created === undefined ? undefined : parseInstant(created)
  const began = run.start === undefined ? undefined : parseInstant(run.start.startedAt)
  const here = stamped ?? (began === undefined ? undefined : began + (response.at - (run.start?.at ?? 0)) / 1_000)
  if (here === undefined || !URL.canParse(request.url)) return undefined
  const seconds = Math.round(there - here) + 0 // never -0
  const comparedWith = stamped === undefined ? 'run start' : 'Timestamp'
  return { seconds, host: new URL(request.url).host, comparedWith, isTooMuch: Math.abs(seconds) > tolerated }
}
