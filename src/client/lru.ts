import type { EpochSeconds } from '../protocol/time.ts'

/** Answers kept for a while: at most `capacity`, the least recently used goes first, none older than `ttlSeconds`. */
export class LruCache<T> {
  readonly #entries = new Map<string, { value: T; expiresOn: EpochSeconds }>()
  readonly #capacity: number
  readonly #ttlSeconds: number

  constructor(capacity = 10_000, ttlSeconds = 3_600) {
    this.#capacity = capacity
    this.#ttlSeconds = ttlSeconds
  }

  get(key: string, at: EpochSeconds): T | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    if (at >= entry.expiresOn) return undefined
    this.#entries.set(key, entry)
    return entry.value
  }

  set(key: string, value: T, at: EpochSeconds): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, expiresOn: at + this.#ttlSeconds })
    if (this.#entries.size > this.#capacity) this.#entries.delete(this.#entries.keys().next().value ?? '')
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
