interface Wait {
  readonly since: number
  readonly end: () => void
}

/**
 * Ends waits that last too long, with one timer for all: one of its own for each would cost more than the rest of many a
 * wait. It keeps the process alive only while somebody waits.
 */
export class TimeLimit {
  readonly #limitMs: number
  readonly #waits = new Set<Wait>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** @param end Called if {@link done} is not, within the limit. */
  begin(end: () => void): Wait {
    const wait = { since: performance.now(), end }
    if (this.#timer === undefined) this.#arm(this.#limitMs)
    else if (this.#waits.size === 0) this.#timer.ref()
    this.#waits.add(wait)
    return wait
  }

  done(wait: Wait): void {
    this.#waits.delete(wait)
    if (this.#waits.size === 0) this.#timer?.unref()
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => this.#check(), ms)
  }

  #check(): void {
    this.#timer = undefined
    const overdue = performance.now() - this.#limitMs
    // In the order in which they began.
    for (const wait of this.#waits) {
      // Half a millisecond, since timers count whole ones.
      if (wait.since > overdue + 0.5) {
        this.#arm(Math.max(wait.since - overdue, 1))
        return
      }
      this.#waits.delete(wait)
      wait.end()
    }
  }
}
