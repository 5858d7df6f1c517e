interface Flight<T> {
  readonly controller: AbortController
  readonly result: Promise<T>
  waiters: number
}

/**
 * Lets identical requests share one: who asks while it is under way waits for the same answer. A caller who aborts
 * leaves alone; the request itself is aborted when the last one has left.
 */
export class SharedFlights<T> {
  readonly #flights = new Map<string, Flight<T>>()

  async run(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const flight = this.#flights.get(key) ?? this.#start(key, start)
    flight.waiters++
    let leave = (): void => {}
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason)
      if (signal.aborted) leave()
      signal.addEventListener('abort', leave, { once: true })
    })
    try {
      return await Promise.race([flight.result, left])
    } catch (error) {
      // At the end of its time the last one stops the request. Should the answer be there and only its keeping last, it counts.
      if (flight.waiters > 1 || !isTimeout(signal)) throw error
      flight.controller.abort(signal.reason)
      return await Promise.race([flight.result.catch(() => Promise.reject(error)), soon(error)])
    } finally {
      signal.removeEventListener('abort', leave)
      if (--flight.waiters === 0) {
        flight.controller.abort(signal.reason)
        if (this.#flights.get(key) === flight) this.#flights.delete(key)
      }
    }
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController()
    const flight: Flight<T> = { controller, result: start(controller.signal), waiters: 0 }
    this.#flights.set(key, flight)
    const land = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
    flight.result.then(land, land)
    return flight
  }
}

function isTimeout({ aborted, reason }: AbortSignal): boolean {
  return aborted && (reason as { readonly name?: unknown } | undefined)?.name === 'TimeoutError'
}

function soon(error: unknown): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(error), 100))
}
