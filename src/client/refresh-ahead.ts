import type { EpochSeconds } from '../protocol/time.ts'
import { LruCache } from './lru.ts'

/**
 * Renews tokens before their end, behind the back of the call that got the old one: one at a time for each, and at most once
 * a minute. A renewal may fail, and a renewed token may not be kept; every further hit would ask for it again.
 */
export class RefreshAhead {
  readonly #underWay = new Set<string>()
  readonly #resting = new LruCache<true>(10_000, 60)

  start(key: string, at: EpochSeconds, renew: () => Promise<unknown>): void {
    if (this.#underWay.has(key) || this.#resting.get(key, at) === true) return
    this.#underWay.add(key)
    const rest = (): void => {
      this.#resting.set(key, true, at)
      this.#underWay.delete(key)
    }
    renew().then(rest, rest)
  }
}
