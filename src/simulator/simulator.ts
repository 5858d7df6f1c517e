import { AsyncLocalStorage } from 'node:async_hooks'
import { InvalidArgumentError } from '../errors.ts'
import type { Transport } from '../protocol/http.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { type DemoApp, type DemoUser, demoApps, entraUsers, otherUsers } from './demo-list.ts'
import { createInjector, type Delivery, type Injection, routeOf } from './injection.ts'
import { type JournalEntry, journalEntry, type SimulatorRequest } from './journal.ts'
import { loadLibraries } from './libraries.ts'
import { type ListenOptions, listenOnLoopback, type Place, type Side } from './listen.ts'
import { resolveOptions, type SimulatorOptions } from './options.ts'
import { createSend } from './send.ts'
import { createServers, firstLabel } from './servers.ts'

export type { SimulatorOptions } from './options.ts'

export interface Simulator {
  /** Answers in-process, by the host of the URL; an unknown host is `ERR_TRANSPORT_UNREACHABLE`. */
  readonly send: Transport
  /** Every request answered so far, without its secrets; those turned away for their `Host`, `Origin` or size are not in it. */
  readonly journal: readonly JournalEntry[]
  clearJournal(): void
  /** `https://{host}/{tenant id}` of the first tenant; a loopback origin while the simulator listens. */
  readonly authority: string
  /** An authority of each kind, the one above as `entra`; loopback origins while the simulator listens. */
  readonly authorities: Readonly<Record<Side, string>>
  /** The users of Entra and of the farm behind it. */
  readonly users: readonly DemoUser[]
  /** The users of every authority. */
  readonly allUsers: readonly DemoUser[]
  /** The apps of every authority. */
  readonly apps: readonly DemoApp[]
  /** The public demo app. */
  readonly clientId: string
  /** The farm's token-signing certificate, to check assertions with. */
  readonly adfsCertificate: string
  /**
   * Clock and ids for a client of this simulator: its option `runtime`. The clock is the simulator's, and to wait is to
   * {@link advance} it, so that a client that waits (for a device code, or because a server is busy) goes on at once.
   */
  readonly runtime: SimulatorRuntime
  /** Lets time go by for every side: whole seconds. @throws `InvalidArgumentError` for other numbers; time does not go back. */
  advance(seconds: number): void
  /** Makes the refresh tokens of a user worthless (AADSTS50173). */
  revokeSessions(username: string): void
  /**
   * Signs a user in with the code that a device shows, as the user would in a browser, passing whatever is asked for there.
   *
   * @throws `InvalidArgumentError` for a code that no side waits for, or any more, and for a user that side does not have.
   */
  approveDevice(userCode: string, username: string): void
  /** Says no to the device that shows this code. @throws `InvalidArgumentError` as {@link approveDevice} does. */
  declineDevice(userCode: string): void
  /**
   * Lets requests of a route fail from now on: all of them, or the first, second … Several faults of one request add up. Over
   * `send` a broken connection is a `TransportError`; while the simulator listens it is one on the wire.
   *
   * @throws `InvalidArgumentError` for a route or fault that does not exist.
   */
  inject(injections: Injection | readonly Injection[]): void
  /** Takes back everything that was injected. A request that hangs goes on hanging until its client gives up, or until `close`. */
  clearInjected(): void
  /** Serves every side over TLS on 127.0.0.1, each on a port of its own. */
  listen(options?: ListenOptions): Promise<RunningSimulator>
}

/** Part of what a client calls its runtime. */
export interface SimulatorRuntime {
  readonly now: () => EpochSeconds
  readonly newId: () => string
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
}

export interface RunningSimulator extends AsyncDisposable {
  /** `https://localhost:{port}/{tenant id}` */
  readonly authority: string
  readonly authorities: Readonly<Record<Side, string>>
  /** `https://127.0.0.1:{other port}`: another port and another host name than Entra's. */
  readonly adfsOrigin: string
  /** Where each further farm is, by its host in the world: `https://127.0.0.1:{other port}`. */
  readonly farmOrigins: Readonly<Record<string, string>>
  /** PEM of the certificate authorities made for this run: one, unless a certificate with a defect was asked for. */
  readonly ca: string
  readonly simulator: Simulator
  /** TCP connections that are open now, on all sides: 0 once every client has cleaned up. */
  readonly openConnections: number
  close(): Promise<void>
}

/**
 * Creates an Entra ID with two tenants and an AD FS farm, in memory. Signing keys are made in this process and exist
 * nowhere else, unless it is to be deterministic.
 *
 * @throws {@link UnsupportedError} `ERR_MISSING_DEPENDENCY` when an optional peer dependency is not installed.
 */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const skew = new AsyncLocalStorage<number>()
  let advanced = 0
  const own = resolveOptions(options, () => advanced + (skew.getStore() ?? 0))
  const injector = createInjector(options.faults ?? {})
  injector.inject(options.inject ?? [])
  let origins = own.origins
  let listening = false
  let closing = new AbortController()
  const loading = loadLibraries()
  const servers = await createServers(own, loading, () => origins)
  const libraries = await loading
  const journal: JournalEntry[] = []

  async function answer(place: Place, request: SimulatorRequest): Promise<Delivery> {
    const plan = injector.plan(request.url)
    const respond = async (): Promise<Delivery> => {
      const honest =
        plan.standIn === undefined
          ? await servers.answer(place, request)
          : { kind: routeOf(request.url), response: plan.standIn }
      const delivery = plan.deliver(request, honest.response)
      const { response } = delivery
      const at = own.now()
      const injected = plan.types.length === 0 ? {} : { injected: plan.types }
      journal.push(journalEntry(request, { ...honest, response, ...injected }, at))
      const date = new Date(at * 1000).toUTCString()
      return { ...delivery, response: { ...response, headers: { date, ...response.headers } } }
    }
    // A storage that was run once costs every promise of the process a little, for ever: only where a clock is off.
    return (skew.getStore() ?? 0) === plan.skewSeconds ? respond() : skew.run(plan.skewSeconds, respond)
  }

  function advance(seconds: number): void {
    if (!Number.isSafeInteger(seconds) || seconds < 0) throw argumentError('time advances by whole seconds')
    advanced += seconds
  }

  function decideDevice(userCode: string, username?: string): void {
    const decided = servers.devices.some(({ deviceCodes, users }) => {
      const user = users.find((candidate) => candidate.username.toLowerCase() === username?.toLowerCase())
      return user === undefined && username !== undefined ? false : deviceCodes.decide(userCode, user?.username)
    })
    if (!decided) throw argumentError('no device waits with this code for this user')
  }

  const authorities = (): Record<Side, string> => ({
    entra: authority(),
    adfs: `${origins.adfs}/adfs`,
    b2c: `${origins.b2c}/${firstLabel(own.hosts.b2c)}.onmicrosoft.com/${own.world.b2c.policies[0]?.name ?? ''}`,
    ciam: `${origins.ciam}/${firstLabel(own.hosts.ciam)}.onmicrosoft.com`,
    oidc: `${origins.oidc}${own.world.oidc.path}`,
  })
  const authority = (): string => `${origins.entra}/${own.world.tenants[0]?.id ?? 'organizations'}`
  const simulator: Simulator = {
    send: createSend(
      answer,
      () => [origins, own.origins],
      () => closing.signal,
    ),
    journal,
    clearJournal: () => journal.splice(0),
    get authority() {
      return authority()
    },
    get authorities() {
      return authorities()
    },
    users: entraUsers(own.world),
    allUsers: [...entraUsers(own.world), ...otherUsers(own.world)],
    apps: demoApps(own.world),
    clientId: own.world.apps.find((app) => app.secret === undefined)?.clientId ?? '',
    adfsCertificate: servers.adfsCertificate,
    runtime: {
      now: own.now,
      newId: own.newClientId,
      async wait(ms, signal) {
        advance(Math.ceil(ms / 1_000))
        // What the test has to do meanwhile gets its turn, such as approving a device.
        await new Promise((resolve) => setImmediate(resolve))
        signal?.throwIfAborted()
      },
    },
    advance,
    revokeSessions(username) {
      for (const refreshTokens of servers.refreshTokens) refreshTokens.revoke(username)
    },
    approveDevice: (userCode, username) => decideDevice(userCode, username),
    declineDevice: (userCode) => decideDevice(userCode),
    inject: injector.inject,
    clearInjected: injector.clear,
    async listen(listenOptions) {
      if (listening) throw argumentError('the simulator is listening already')
      listening = true
      const served = await listenOnLoopback(libraries, own.hosts, answer, listenOptions).catch((error: unknown) => {
        listening = false
        throw error
      })
      origins = served.origins
      const close = async (): Promise<void> => {
        closing.abort()
        closing = new AbortController()
        await served.close()
        origins = own.origins
        listening = false
      }
      const { ca } = served
      return {
        authority: authority(),
        authorities: authorities(),
        adfsOrigin: origins.adfs,
        farmOrigins: Object.fromEntries(own.world.farms.map(({ host }) => [host, origins[`adfs@${host}`] ?? ''])),
        ca,
        simulator,
        get openConnections() {
          return served.openConnections()
        },
        close,
        [Symbol.asyncDispose]: close,
      }
    },
  }
  return simulator
}

function argumentError(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'authority' })
}
