import type { Trace, TraceEvent } from '../../src/trace/trace.ts'

const long = 'x'.repeat(2_000)

/** A call of 40 and more steps with values of 2,000 characters that have no blank to break at. */
export function longTrace({ events, ...rest }: Trace): Trace {
  const own = events.filter(({ type }) => type !== 'run.end')
  const hops = own.filter(({ type }) => ['http.request', 'http.response', 'parse', 'decision'].includes(type))
  const repeated = [1, 2, 3, 4].flatMap((round) =>
    hops.map(
      (event): TraceEvent =>
        'hop' in event ? { ...event, hop: event.hop + round * 100, at: event.at + round * 1_000 } : event,
    ),
  )
  const stretched = [...own, ...repeated].map(stretch)
  return { ...rest, events: [...stretched, ...events.filter(({ type }) => type === 'run.end')] }
}

function stretch(event: TraceEvent): TraceEvent {
  switch (event.type) {
    case 'decision':
      return {
        ...event,
        chosen: `${event.chosen}${long}`,
        candidates: event.candidates.map((candidate) => ({
          ...candidate,
          label: `${candidate.label}${long}`,
          url: `https://sts.example/${long}`,
          evidence: long,
        })),
      }
    case 'http.request':
      return {
        ...event,
        url: `${event.url}/${long}`,
        ...(event.message && {
          message: {
            ...event.message,
            url: `${event.url}/${long}`,
            headers: { ...event.message.headers, [`x-${long}`]: long },
            ...(event.message.body?.includes('=') && { body: `${event.message.body}&${long}=${long}` }),
          },
        }),
      }
    case 'run.start':
      return { ...event, username: `${long}@contoso.example`, scopes: [long] }
    case 'parse':
      return { ...event, facts: { ...event.facts, [long]: long }, checks: [{ rule: long, ok: true, evidence: long }] }
    default:
      return event
  }
}
