import type { Runtime } from '../client/runtime.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { Drawn } from './cassette.ts'
import { inventedIds } from './shared-document.ts'

type Source = Pick<Runtime, 'now' | 'newId'>

/** Notes what each call of a client draws from its clock and its ids. */
export interface DrawRecorder {
  forCall(call: number): Source
  /** What a call drew since it was last asked for. */
  take(call: number): Drawn
  /** What was drawn and not taken, call by call. */
  rest(): readonly Drawn[]
}

/** @param source Where clock and ids come from: of each call its own, where there are such. */
export function createDrawRecorder(source: Source & Pick<Runtime, 'forCall'>): DrawRecorder {
  // Calls that neither draw an id nor send anything do not count: a reading of the clock alone has nothing to replay.
  const numbers = new Map<number, number>()
  const drawn = new Map<number, { ids: string[]; clock: EpochSeconds[] }>()
  const of = (call: number): { ids: string[]; clock: EpochSeconds[] } => {
    const known = drawn.get(call) ?? { ids: [], clock: [] }
    drawn.set(call, known)
    return known
  }
  const numberOf = (call: number): number => {
    const number = numbers.get(call) ?? numbers.size + 1
    numbers.set(call, number)
    return number
  }
  const take = (call: number): Drawn => {
    const { ids, clock } = of(call)
    drawn.delete(call)
    return { call: numberOf(call), ids, clock: withoutRepeats(clock) }
  }
  return {
    forCall(call) {
      const own = source.forCall?.(call) ?? source
      return {
        now() {
          const at = Math.floor(own.now())
          of(call).clock.push(at)
          return at
        },
        newId() {
          numberOf(call)
          const id = own.newId()
          of(call).ids.push(id)
          return id
        },
      }
    },
    take,
    rest: () =>
      [...drawn.keys()]
        .filter((call) => numbers.has(call))
        .map(take)
        .sort((a, b) => a.call - b.call),
  }
}

// The last reading is repeated as often as it is asked for, so that a cassette does not change with how often a client looks.
function withoutRepeats(clock: readonly EpochSeconds[]): readonly EpochSeconds[] {
  const last = clock.findLastIndex((at) => at !== clock.at(-1))
  return clock.slice(0, last + 2)
}

/** Gives out again what was drawn. */
export interface DrawReplayer {
  readonly source: Source
  forCall(call: number): Source
  /** Which recorded call a call of this client stands for, if that is known. */
  recordedCall(call: number): number | undefined
  /** Goes on to what was drawn after an exchange. */
  passed(exchange: Drawn): void
}

/**
 * Gives each call what the recorded one drew, in the order in which calls first draw an id. A call that draws more than the
 * recorded one gets ids that are in no recording, and the same time again.
 */
export function createDrawReplayer(exchanges: readonly Drawn[], rest: readonly Drawn[]): DrawReplayer {
  const all = [...exchanges, ...rest]
  const recorded = [...new Set(all.map(({ call }) => call))].sort((a, b) => a - b)
  const stands = new Map<number, number>()
  const places = new Map<number, { segment: number; ids: number; clock: number }>()
  const segments = new Map(recorded.map((call) => [call, all.filter((drawn) => drawn.call === call)] as const))
  const start = all.flatMap(({ clock }) => clock)[0] ?? 0
  let latest = start
  let invented = 0

  const nextRecorded = (): number | undefined => recorded.find((number) => ![...stands.values()].includes(number))
  const stand = (call: number): number | undefined => {
    const known = stands.get(call) ?? nextRecorded()
    if (known !== undefined) stands.set(call, known)
    return known
  }
  const placeOf = (number: number): { segment: number; ids: number; clock: number } => {
    const place = places.get(number) ?? { segment: 0, ids: 0, clock: 0 }
    places.set(number, place)
    return place
  }
  const invent = (): string => `${inventedIds}${(++invented).toString(16).padStart(12, '0')}`

  return {
    source: { now: () => latest, newId: invent },
    recordedCall: (call) => stands.get(call),
    forCall: (call) => ({
      now() {
        // Before its first id a call is the next of the recorded ones; it may come to nothing.
        const number = stands.get(call) ?? nextRecorded()
        if (number === undefined) return latest
        const place = placeOf(number)
        const clock = segments.get(number)?.[place.segment]?.clock ?? []
        latest = clock[Math.min(place.clock, clock.length - 1)] ?? latest
        place.clock++
        return latest
      },
      newId() {
        const number = stand(call)
        if (number === undefined) return invent()
        const place = placeOf(number)
        return segments.get(number)?.[place.segment]?.ids[place.ids++] ?? invent()
      },
    }),
    passed(exchange) {
      const segment = segments.get(exchange.call)?.indexOf(exchange) ?? -1
      places.set(exchange.call, { segment: segment + 1, ids: 0, clock: 0 })
    },
  }
}
