import { describe, expect, it } from 'vitest'
import { createDrawRecorder, createDrawReplayer } from '../../src/cassette/draws.ts'
import { countingRuntime } from './recorded.ts'

describe('what calls draw', () => {
  it('is numbered by the first id, not by the first request; a call that only looks at the clock does not count', () => {
    const draws = createDrawRecorder(countingRuntime())
    draws.forCall(7).now()
    const [first, second] = [draws.forCall(8).newId(), draws.forCall(9).newId()]
    expect(draws.take(9)).toEqual({ call: 2, ids: [second], clock: [] })
    expect(draws.take(8)).toEqual({ call: 1, ids: [first], clock: [] })
    draws.forCall(8).now()
    expect(draws.rest()).toEqual([{ call: 1, ids: [], clock: [1_900_000_001] }])
  })

  it('is given out again in that order, whatever looks at the clock before, and anew after each exchange', () => {
    const exchanges = [
      { call: 1, ids: ['a', 'b'], clock: [10, 11] },
      { call: 2, ids: ['c'], clock: [20] },
      { call: 1, ids: ['d'], clock: [12, 13] },
    ]
    const replay = createDrawReplayer(exchanges, [{ call: 2, ids: [], clock: [21] }])
    const [one, two] = [replay.forCall(3), replay.forCall(4)]
    expect([one.now(), one.newId(), one.now(), one.now()]).toEqual([10, 'a', 11, 11])
    expect([two.newId(), two.now()]).toEqual(['c', 20])
    replay.passed(exchanges[0] as (typeof exchanges)[0])
    expect([one.now(), one.now(), one.newId()]).toEqual([12, 13, 'd'])
    replay.passed(exchanges[1] as (typeof exchanges)[0])
    expect(two.now()).toBe(21)
    expect([replay.recordedCall(3), replay.recordedCall(4), replay.recordedCall(5)]).toEqual([1, 2, undefined])
  })

  it('ends in ids that are in no recording', () => {
    const replay = createDrawReplayer([{ call: 1, ids: [], clock: [5] }], [])
    const ids = [replay.forCall(1).newId(), replay.forCall(2).newId(), replay.source.newId()]
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^ffffffff-/)
    expect(replay.forCall(2).now()).toBe(5)
  })
})
