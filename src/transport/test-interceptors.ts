import type { Dispatcher } from 'undici'

// undici 8 puts a wrapper in the older place, and earlier ones know no other: both are looked at.
const globalDispatchers = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => Symbol.for(name))

/** The global dispatcher, if it is a `MockAgent`: by what it can do, as it may be a subclass, or of another copy of undici. */
export function globalMock(): Dispatcher | undefined {
  const globals = globalThis as unknown as Record<symbol, (Dispatcher & { disableNetConnect?: unknown }) | undefined>
  return globalDispatchers
    .map((name) => globals[name])
    .find((dispatcher) => typeof dispatcher?.disableNetConnect === 'function')
}

// What nock 14 and MSW leave on the global object while they are active; as registered symbols only of late.
const interceptorMarks: readonly (string | undefined)[] = ['client-request-interceptor', 'setup-server']

/**
 * Whether nock before 15 or MSW is active. Not whether `http.request` is another function than it was: what traces requests in
 * production replaces it too. nock 15 works below undici, and leaves no mark.
 */
export function isIntercepted(http: { readonly ClientRequest: { readonly name: string } }): boolean {
  return (
    http.ClientRequest.name === 'OverriddenClientRequest' ||
    Object.getOwnPropertySymbols(globalThis).some(({ description }) => interceptorMarks.includes(description))
  )
}
