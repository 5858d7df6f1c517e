import { describe, expect, it } from 'vitest'
import { LruCache } from '../../src/client/lru.ts'

describe('LruCache', () => {
  it('forgets the entry that was used longest ago first', () => {
    const cache = new LruCache<number>(2, 100)
    cache.set('a', 1, 0)
    cache.set('b', 2, 0)
    cache.get('a', 1)
    cache.set('c', 3, 1)
    expect(['a', 'b', 'c'].map((key) => cache.get(key, 1))).toEqual([1, undefined, 3])
  })

  it('forgets an entry when its time is up, and counts the time from the last set', () => {
    const cache = new LruCache<number>(10, 100)
    cache.set('a', 1, 0)
    expect(cache.get('a', 99)).toBe(1)
    expect(cache.get('a', 100)).toBeUndefined()
    cache.set('a', 2, 50)
    cache.set('a', 3, 120)
    expect(cache.get('a', 210)).toBe(3)
    cache.delete('a')
    expect(cache.get('a', 210)).toBeUndefined()
  })
})
