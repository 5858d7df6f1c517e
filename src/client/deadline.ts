/**
 * The time limit of a call, which stands still while a person is asked something: whoever looks for a password for two
 * minutes must not be told that the network is slow.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #stop: AbortSignal | undefined
  readonly #limitMs: number
  #leftMs: number
  #startedAt = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(limitMs: number, stop?: AbortSignal) {
    this.#limitMs = limitMs
    this.#leftMs = limitMs
    this.#stop = stop
    if (stop?.aborted) this.#onStop()
    stop?.addEventListener('abort', this.#onStop, { once: true })
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
        this.#controller.abort(new DOMException(`the call took longer than ${this.#limitMs} ms`, 'TimeoutError'))
      },
      Math.max(this.#leftMs, 0),
    )
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#stop?.removeEventListener('abort', this.#onStop)
  }

  readonly #onStop = (): void => this.#controller.abort(this.#stop?.reason)
}
