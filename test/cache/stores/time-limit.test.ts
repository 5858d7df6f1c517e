import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { TimeLimit } from '../../../src/cache/stores/time-limit.ts'

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

describe('a limit for many waits', () => {
  it('ends each that lasts too long, in time, and none that is done', async () => {
    const limit = new TimeLimit(60)
    const ended: string[] = []
    const begin = (name: string) => limit.begin(() => ended.push(name))
    begin('first')
    const done = begin('done')
    await delay(30)
    begin('second')
    limit.done(done)
    await delay(45)
    expect(ended).toEqual(['first'])
    await delay(45)
    expect(ended).toEqual(['first', 'second'])
    begin('third')
    await delay(90)
    expect(ended).toEqual(['first', 'second', 'third'])
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
