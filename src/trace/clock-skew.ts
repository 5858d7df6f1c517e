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
  const date = Date.parse(response?.message?.headers['date'] ?? '')
  if (response === undefined || Number.isNaN(date)) return undefined
  const created = /<(?:\w+:)?Created>([^<]{1,40})<\/(?:\w+:)?Created>/.exec(request.message?.body ?? '')?.[1]
  const sent = Date.parse(created ?? '')
  const began = run.start === undefined ? Number.NaN : Date.parse(run.start.startedAt) + response.at - run.start.at
  const [here, comparedWith] = Number.isNaN(sent) ? ([began, 'run start'] as const) : ([sent, 'Timestamp'] as const)
  if (Number.isNaN(here)) return undefined
  const seconds = Math.round((date - here) / 1_000)
  return { seconds, host: new URL(request.url).host, comparedWith, isTooMuch: Math.abs(seconds) > tolerated }
}
