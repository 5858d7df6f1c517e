import { afterEach, describe, expect, it, vi } from 'vitest'
import { TimeLimit } from '../../../src/cache/stores/time-limit.ts'

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

afterEach(() => vi.useRealTimers())

describe('a limit for many waits', () => {
  it('ends each that lasts too long, in time, and none that is done', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const limit = new TimeLimit(60)
    const ended: string[] = []
    const begin = (name: string) => limit.begin(() => ended.push(name))
    begin('first')
    const done = begin('done')
    vi.advanceTimersByTime(2)
    begin('second')
    limit.done(done)
    vi.advanceTimersByTime(57)
    expect(ended).toEqual([])
    vi.advanceTimersByTime(1)
    expect(ended).toEqual(['first'])
    vi.advanceTimersByTime(1)
    expect(ended).toEqual(['first'])
    vi.advanceTimersByTime(1)
    expect(ended).toEqual(['first', 'second'])
    begin('third')
    vi.advanceTimersByTime(60)
    expect(ended).toEqual(['first', 'second', 'third'])
  })

  it('ends a wait by the clock of the machine', async () => {
    const started = performance.now()
    await new Promise<void>((resolve) => new TimeLimit(60).begin(resolve))
    expect(performance.now() - started).toBeGreaterThanOrEqual(59)
  })

  it('keeps the process alive only while somebody waits', () => {
    const before = timers()
    const limit = new TimeLimit(60_000)
    const first = limit.begin(() => {})
    const second = limit.begin(() => {})
    expect(timers()).toBe(before + 1)
    limit.done(first)
    expect(timers()).toBe(before + 1)
    limit.done(second)
    expect(timers()).toBe(before)
    const third = limit.begin(() => {})
    expect(timers()).toBe(before + 1)
    limit.done(third)
    limit.done(third)
    expect(timers()).toBe(before)
  })
})
