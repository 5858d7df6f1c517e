import type { HttpResponse } from '../../src/protocol/http.ts'

/** An answer with this body, as a transport hands it over. */
export function answer(body: string, status = 200, contentType = 'application/soap+xml; charset=utf-8'): HttpResponse {
  return { status, headers: { 'content-type': contentType }, body }
}

/** What a function throws. */
export function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** The processor time a function takes, in milliseconds: unlike the clock, it does not mind a busy machine. */
export function cpuMs(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
