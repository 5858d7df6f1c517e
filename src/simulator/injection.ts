import { Buffer } from 'node:buffer'
import { gzipSync } from 'node:zlib'
import { InvalidArgumentError } from '../errors.ts'
import type { HttpResponse } from '../protocol/http.ts'
import type { RequestKind, SimulatorRequest } from './journal.ts'

/** Sees the honest answer to a request and may put another one in its place; `undefined` keeps it. */
export type FaultHook = (request: SimulatorRequest, answer: HttpResponse) => HttpResponse | undefined

/**
 * What goes wrong with a request. `status`, `html`, `empty`, `redirect` and `gzip-bomb` come from something before the
 * server, which is not asked; with every other fault the server does its work, as the client cannot know.
 */
export type InjectedFault =
  /** The answer comes later. */
  | { readonly type: 'latency'; readonly ms: number }
  /** No answer, or headers without a body, until one side closes the connection. */
  | { readonly type: 'hang'; readonly after?: 'headers' }
  /** The connection is reset before the answer, or in the middle of its body. */
  | { readonly type: 'reset'; readonly after?: 'headers' }
  /** The connection ends in order, before as many bytes have come as `Content-Length` says. */
  | { readonly type: 'truncate' }
  | {
      readonly type: 'status'
      readonly status: number
      /** Lower-case names, e.g. `{ 'retry-after': '120' }`. */
      readonly headers?: Readonly<Record<string, string>>
      /** Default: empty. */
      readonly body?: string
    }
  /** A proxy's page: `Server`, `Via`, a title. Status 200 unless said. */
  | { readonly type: 'html'; readonly status?: number; readonly title?: string }
  /** Status 200 and nothing else. */
  | { readonly type: 'empty' }
  /** The first half of the answer's text, with a length that says it is all: neither JSON nor XML. */
  | { readonly type: 'bad-json' }
  /** Default `text/html`. */
  | { readonly type: 'wrong-content-type'; readonly contentType?: string }
  /** Status 302 unless said. */
  | { readonly type: 'redirect'; readonly to: string; readonly status?: number }
  /** A body of a few kilobytes that inflates to so many mebibytes, default 64; sent whatever `Accept-Encoding` says. */
  | { readonly type: 'gzip-bomb'; readonly mebibytes?: number }
  /** The server's clock is so far ahead (or behind): its `Date` header, and every instant it writes or compares with. */
  | { readonly type: 'clock-skew'; readonly seconds: number }

/** One fault on one route. */
export interface Injection {
  readonly route: RequestKind
  /** Which requests of the route, counted from 1 and from when this was injected. Default `'all'`. */
  readonly calls?: number | readonly number[] | 'all'
  readonly fault: InjectedFault | FaultHook
}

/** How the connection ends instead of after a complete answer. */
type ConnectionFault = 'hang' | 'hang-after-headers' | 'reset' | 'reset-in-body' | 'truncate'

/** An answer, and what becomes of it on its way. */
export interface Delivery {
  readonly response: HttpResponse
  readonly delayMs: number
  readonly connection?: ConnectionFault
  /** To send in place of the text of the body. */
  readonly bytes?: Uint8Array
}

/** The faults of one request. */
interface FaultPlan {
  readonly skewSeconds: number
  /** In place of the server's answer. */
  readonly standIn?: HttpResponse
  readonly types: readonly string[]
  /** Makes of the server's answer, or of what stands in, what is to be sent. */
  deliver(request: SimulatorRequest, answer: HttpResponse): Delivery
}

interface Injector {
  /** @throws {@link InvalidArgumentError} for a route, a count or a fault that does not exist. */
  inject(injections: Injection | readonly Injection[]): void
  /** Takes back what was injected; what is held open stays so. */
  clear(): void
  /** Counts a request, and finds what goes wrong with it. */
  plan(url: string): FaultPlan
}

interface Counted extends Injection {
  seen: number
}

/** @param hooks Rewriters that {@link Injector.clear} does not take back. */
export function createInjector(hooks: Partial<Record<RequestKind, FaultHook>>): Injector {
  let injected: Counted[] = []
  return {
    inject(injections) {
      const added = (Array.isArray(injections) ? injections : [injections]) as readonly Injection[]
      for (const [index, injection] of added.entries()) {
        check(injection, Array.isArray(injections) ? `inject[${index}]: ` : '')
      }
      injected.push(...added.map((injection) => ({ ...injection, seen: 0 })))
    },
    clear() {
      injected = []
    },
    plan(url) {
      const route = routeOf(url)
      const hook = hooks[route]
      const due = injected.filter((injection) => {
        if (injection.route !== route) return false
        injection.seen += 1
        const { calls = 'all', seen } = injection
        return calls === 'all' || (typeof calls === 'number' ? [calls] : calls).includes(seen)
      })
      return planOf([...(hook === undefined ? [] : [hook]), ...due.map(({ fault }) => fault)])
    },
  }
}

/** What a URL is for, by its path alone: known before any side is asked. */
export function routeOf(url: string): RequestKind {
  const { pathname } = new URL(url)
  return routes.find(([path]) => path.test(pathname))?.[1] ?? 'other'
}

const routes: readonly (readonly [path: RegExp, route: RequestKind])[] = [
  [/^\/common\/discovery\/instance\/?$/i, 'instance'],
  [/^\/common\/userrealm\//i, 'realm'],
  [/^\/adfs\/services\/trust\/mex$/i, 'mex'],
  [/^\/adfs\/services\/trust\//i, 'wstrust'],
  [/\/\.well-known\/openid-configuration$/i, 'metadata'],
  [/\/(discovery\/(v2\.0\/)?keys|jwks)$/i, 'jwks'],
  [/\/(devicecode|device_authorization)$/i, 'device'],
  [/\/token\/?$/i, 'token'],
]

const faultTypes: Readonly<Record<InjectedFault['type'], true>> = {
  latency: true,
  hang: true,
  reset: true,
  truncate: true,
  status: true,
  html: true,
  empty: true,
  'bad-json': true,
  'wrong-content-type': true,
  redirect: true,
  'gzip-bomb': true,
  'clock-skew': true,
}

// A slip of the pen would inject nothing, and the test that relies on it would pass.
function check({ route, calls = 'all', fault }: Injection, where: string): void {
  const isRoute = route === 'other' || routes.some(([, known]) => known === route)
  if (!isRoute) throw invalid(`${where}the simulator has no route ${route}`)
  const numbers = calls === 'all' ? [] : typeof calls === 'number' ? [calls] : calls
  if (!numbers.every((call) => Number.isInteger(call) && call > 0)) throw invalid(`${where}calls are counted from 1`)
  if (typeof fault !== 'function' && !Object.hasOwn(faultTypes, fault.type)) {
    throw invalid(`${where}there is no fault of the type ${fault.type}`)
  }
}

function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'authority' })
}

function planOf(faults: readonly (InjectedFault | FaultHook)[]): FaultPlan {
  const known = faults.filter((fault) => typeof fault !== 'function')
  const standIn = known.map(standInOf).findLast((answer) => answer !== undefined)
  return {
    skewSeconds: known.reduce((sum, fault) => sum + (fault.type === 'clock-skew' ? fault.seconds : 0), 0),
    ...(standIn === undefined ? {} : { standIn }),
    types: known.map(({ type }) => type),
    deliver: (request, answer) =>
      faults.reduce<Delivery>((delivery, fault) => apply(fault, request, delivery), { response: answer, delayMs: 0 }),
  }
}

/** The answers that nothing of the server's goes into. */
function standInOf(fault: InjectedFault): HttpResponse | undefined {
  switch (fault.type) {
    case 'status':
      return { status: fault.status, headers: fault.headers ?? {}, body: fault.body ?? '' }
    case 'html':
      return page(fault.status ?? 200, fault.title ?? 'Access denied')
    case 'empty':
      return { status: 200, headers: {}, body: '' }
    case 'redirect':
      return { status: fault.status ?? 302, headers: { location: fault.to }, body: '' }
    case 'gzip-bomb':
      return { status: 200, headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, body: '' }
    default:
      return undefined
  }
}

function page(status: number, title: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', server: 'squid/5.7', via: '1.1 proxy.contoso.example' },
    body: `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`,
  }
}

function apply(fault: InjectedFault | FaultHook, request: SimulatorRequest, delivery: Delivery): Delivery {
  const { response, delayMs } = delivery
  if (typeof fault === 'function') return { ...delivery, response: fault(request, response) ?? response }
  switch (fault.type) {
    case 'latency':
      return { ...delivery, delayMs: delayMs + fault.ms }
    case 'hang':
      return { ...delivery, connection: fault.after === 'headers' ? 'hang-after-headers' : 'hang' }
    case 'reset':
      return { ...delivery, connection: fault.after === 'headers' ? 'reset-in-body' : 'reset' }
    case 'truncate':
      return { ...delivery, connection: 'truncate' }
    case 'bad-json':
      return { ...delivery, response: { ...response, body: response.body.slice(0, response.body.length / 2) } }
    case 'wrong-content-type': {
      const headers = { ...response.headers, 'content-type': fault.contentType ?? 'text/html' }
      return { ...delivery, response: { ...response, headers } }
    }
    case 'gzip-bomb':
      return { ...delivery, bytes: zeros(fault.mebibytes ?? 64) }
    default:
      return delivery
  }
}

/** A gzip stream may have many members (RFC 1952 §2.2): one mebibyte is compressed, and repeated. */
function zeros(mebibytes: number): Uint8Array {
  const member = gzipSync(Buffer.alloc(1024 * 1024))
  return Buffer.concat(Array.from({ length: mebibytes }, () => member))
}
