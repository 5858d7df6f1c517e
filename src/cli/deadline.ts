/**
 * A time limit that stands still while a person is asked something. The client's own limit does not: whoever looks for
 * a password for two minutes would be told that the network is slow.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #stop: AbortSignal
  readonly #limitMs: number
  #leftMs: number
  #startedAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(limitMs: number, stop: AbortSignal) {
    this.#limitMs = limitMs
    this.#leftMs = limitMs
    this.#stop = stop
    if (stop.aborted) this.#onStop()
    stop.addEventListener('abort', this.#onStop, { once: true })
    this.resume()
  }

  /** Aborted when the time is up (a `TimeoutError`), or for the reason of `stop`. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  pause(): void {
    clearTimeout(this.#timer)
    this.#leftMs -= performance.now() - this.#startedAt
  }

  resume(): void {
    this.#startedAt = performance.now()
    this.#timer = setTimeout(
      () => {
        this.#controller.abort(new DOMException(`longer than ${this.#limitMs} ms`, 'TimeoutError'))
      },
      Math.max(this.#leftMs, 0),
    )
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#stop.removeEventListener('abort', this.#onStop)
  }

  readonly #onStop = (): void => this.#controller.abort(this.#stop.reason)
}
