import type { Trace, TraceEvent, TraceEventOf } from './trace.ts'

/** A request with what became of it. */
export interface Hop {
  readonly kind: 'hop'
  readonly hop: number
  readonly request: TraceEventOf<'http.request'>
  /** Absent when no answer came. */
  readonly response?: TraceEventOf<'http.response'>
  /** What the answer was read as. */
  readonly parses: readonly TraceEventOf<'parse'>[]
}

/** One call of a client: what it did, in order. */
export interface Run {
  readonly callId: string
  readonly start?: TraceEventOf<'run.start'>
  /** Requests (with their answers), decisions, looks into the cache, retries and warnings, in the order they began. */
  readonly steps: readonly (Hop | TraceEventOf<'decision' | 'cache' | 'retry' | 'warning'>)[]
  readonly tokens: readonly TraceEventOf<'token'>[]
  readonly error?: TraceEventOf<'error'>
  readonly end?: TraceEventOf<'run.end'>
}

/** Groups a trace's events by call. A trace that was cut off at either end gives runs without that end. */
export function readRuns({ events }: Trace): readonly Run[] {
  const byCall = new Map<string, TraceEvent[]>()
  for (const event of events) {
    const run = byCall.get(event.callId)
    if (run === undefined) byCall.set(event.callId, [event])
    else run.push(event)
  }
  return [...byCall].map(([callId, own]) => readRun(callId, own))
}

/** The requests of a run, in order. */
export function hopsOf({ steps }: Run): readonly Hop[] {
  return steps.filter((step) => 'kind' in step)
}

/** The steps of a run that have this type. */
export function eventsOf<T extends 'decision' | 'cache' | 'retry' | 'warning'>(
  { steps }: Run,
  type: T,
): readonly TraceEventOf<T>[] {
  return steps.filter((step): step is TraceEventOf<T> => !('kind' in step) && step.type === type)
}

function readRun(callId: string, events: readonly TraceEvent[]): Run {
  const of = <T extends TraceEvent['type']>(type: T): TraceEventOf<T>[] =>
    events.filter((event): event is TraceEventOf<T> => event.type === type)
  const steps = events.flatMap((event): Run['steps'] => {
    switch (event.type) {
      case 'http.request':
        return [readHop(event, of('http.response'), of('parse'))]
      case 'decision':
      case 'cache':
      case 'retry':
      case 'warning':
        return [event]
      default:
        return []
    }
  })
  const [start] = of('run.start')
  const error = of('error').at(-1)
  const [end] = of('run.end')
  return {
    callId,
    ...(start === undefined ? {} : { start }),
    steps,
    tokens: of('token'),
    ...(error === undefined ? {} : { error }),
    ...(end === undefined ? {} : { end }),
  }
}

function readHop(
  request: TraceEventOf<'http.request'>,
  responses: readonly TraceEventOf<'http.response'>[],
  parses: readonly TraceEventOf<'parse'>[],
): Hop {
  const response = responses.find(({ hop }) => hop === request.hop)
  return {
    kind: 'hop',
    hop: request.hop,
    request,
    ...(response === undefined ? {} : { response }),
    parses: parses.filter(({ hop }) => hop === request.hop),
  }
}
