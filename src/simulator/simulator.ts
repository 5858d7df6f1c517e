import { InvalidArgumentError, TransportError } from '../errors.ts'
import type { HttpResponse, Transport } from '../protocol/http.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { answerAsFarm, type FarmContext } from './adfs.ts'
import { createSigningCertificate, signingKeys } from './certificates.ts'
import type { EntraContext } from './directory.ts'
import { answerAsEntra } from './entra.ts'
import { codeOfRefusal } from './faults.ts'
import { aliasesOf } from './instance-discovery.ts'
import { type JournalEntry, journalEntry, type RequestKind, type SimulatorRequest } from './journal.ts'
import { loadLibraries } from './libraries.ts'
import { type ListenOptions, listenOnLoopback, type Origins, type Side } from './listen.ts'
import { createRefreshTokens } from './refresh-tokens.ts'
import { createTokenSigner } from './tokens.ts'
import { type DemoUser, demoWorld, kindOf, type User, type World } from './world.ts'

/** Sees the honest answer to a request and may put another one in its place; `undefined` keeps it. */
export type FaultHook = (request: SimulatorRequest, answer: HttpResponse) => HttpResponse | undefined

export interface SimulatorOptions {
  /**
   * Refuse what the real services refuse; default true. Without it these pass: unknown resources and scopes, several
   * resources at once, `resource` on the v2 endpoint, a password at `common`, a secret from a public client, a
   * WS-Security timestamp or `wsa:To` that is off, an unknown relying party. A signature is verified in any case.
   */
  readonly strict?: boolean
  /**
   * Host (with optional port) Entra is reached at through `send`; default `login.simulator.invalid`. With the name of a
   * real cloud, tokens name a real issuer; no key of the real one signs them, and `listen` puts loopback in its place.
   */
  readonly entraHost?: string
  /** Host of the AD FS farm, another one than Entra's; default `sts.simulator.invalid`. */
  readonly adfsHost?: string
  readonly now?: () => EpochSeconds
  readonly newId?: () => string
  readonly accessTokenLifetimeSeconds?: number
  /** Tenants, users, apps …; each list given replaces the one of {@link demoWorld}. */
  readonly world?: Partial<World>
  /** For tests with hostile or broken servers. */
  readonly faults?: Partial<Record<RequestKind, FaultHook>>
}

export interface Simulator {
  /** Answers in-process, by the host of the URL; an unknown host is `ERR_TRANSPORT_UNREACHABLE`. */
  readonly send: Transport
  /** Every request answered so far, without its secrets; those turned away for their `Host`, `Origin` or size are not in it. */
  readonly journal: readonly JournalEntry[]
  clearJournal(): void
  /** `https://{host}/{tenant id}` of the first tenant; a loopback origin while the simulator listens. */
  readonly authority: string
  readonly users: readonly DemoUser[]
  /** The public demo app. */
  readonly clientId: string
  /** The farm's token-signing certificate, to check assertions with. */
  readonly adfsCertificate: string
  /** Makes the refresh tokens of a user worthless (AADSTS50173). */
  revokeSessions(username: string): void
  /** Serves both sides over TLS on 127.0.0.1, each on a port of its own. */
  listen(options?: ListenOptions): Promise<RunningSimulator>
}

export interface RunningSimulator extends AsyncDisposable {
  /** `https://localhost:{port}/{tenant id}` */
  readonly authority: string
  /** `https://127.0.0.1:{other port}`: another port and another host name than Entra's. */
  readonly adfsOrigin: string
  /** PEM of the certificate authority made for this run. */
  readonly ca: string
  readonly simulator: Simulator
  close(): Promise<void>
}

/**
 * Creates an Entra ID with two tenants and an AD FS farm, in memory. Signing keys are made in this process and exist
 * nowhere else.
 *
 * @throws {@link UnsupportedError} `ERR_MISSING_DEPENDENCY` when an optional peer dependency is not installed.
 */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const own = resolveOptions(options)
  const keys = Promise.all([signingKeys('entra'), signingKeys('adfs')]) // on other threads while the libraries load
  const libraries = await loadLibraries()
  const [entraKeys, adfsKeys] = await keys
  const certificate = await createSigningCertificate(libraries, adfsKeys, own.adfsHost, own.now())
  const issuer = `http://${own.adfsHost}/adfs/services/trust`
  const refreshTokens = createRefreshTokens(own.newId)
  const hostNames = { entra: own.entraHost, adfs: own.adfsHost }
  let origins = own.origins
  let listening = false
  const entra: EntraContext = {
    ...own,
    libraries,
    signer: await createTokenSigner(entraKeys),
    refreshTokens,
    farm: { issuer, certificatePem: certificate.certificatePem, origin: () => origins.adfs },
    origin: () => origins.entra,
  }
  const hosts = (): readonly string[] => [own.adfsHost, new URL(origins.adfs).host]
  const farm: FarmContext = {
    ...own,
    libraries,
    certificate,
    issuer,
    signer: await createTokenSigner(adfsKeys),
    refreshTokens: createRefreshTokens(own.newId),
    origin: () => origins.adfs,
    hosts,
  }
  const journal: JournalEntry[] = []

  async function answer(side: Side, request: SimulatorRequest): Promise<HttpResponse> {
    const honest = side === 'entra' ? await answerAsEntra(entra, request) : await answerAsFarm(farm, request)
    const response = own.faults[honest.kind]?.(request, honest.response) ?? honest.response
    const at = own.now()
    journal.push(journalEntry(request, { ...honest, response }, at))
    return { ...response, headers: { date: new Date(at * 1000).toUTCString(), ...response.headers } }
  }

  const authority = (): string => `${origins.entra}/${own.world.tenants[0]?.id ?? 'organizations'}`
  const simulator: Simulator = {
    send: createSend(answer, () => [origins, own.origins]),
    journal,
    clearJournal: () => journal.splice(0),
    get authority() {
      return authority()
    },
    users: own.world.users.map((user) => demoUser(own.world, user)),
    clientId: own.world.apps.find((app) => app.secret === undefined)?.clientId ?? '',
    adfsCertificate: certificate.certificatePem,
    revokeSessions: (username) => [refreshTokens, farm.refreshTokens].map((tokens) => tokens.revoke(username)),
    async listen(listenOptions) {
      if (listening) throw argumentError('the simulator is listening already')
      listening = true
      const served = await listenOnLoopback(libraries, hostNames, answer, listenOptions).catch((error: unknown) => {
        listening = false
        throw error
      })
      origins = served.origins
      const close = async (): Promise<void> => {
        await served.close()
        origins = own.origins
        listening = false
      }
      const { ca } = served
      return { authority: authority(), adfsOrigin: origins.adfs, ca, simulator, close, [Symbol.asyncDispose]: close }
    },
  }
  return simulator
}

interface ResolvedOptions {
  readonly strict: boolean
  readonly entraHost: string
  readonly adfsHost: string
  readonly origins: Origins
  readonly now: () => EpochSeconds
  readonly newId: () => string
  readonly accessTokenLifetimeSeconds: number
  readonly world: World
  readonly faults: Partial<Record<RequestKind, FaultHook>>
}

function resolveOptions(options: SimulatorOptions): ResolvedOptions {
  const entraHost = options.entraHost ?? 'login.simulator.invalid'
  const adfsHost = options.adfsHost ?? 'sts.simulator.invalid'
  for (const host of [entraHost, adfsHost]) {
    if (!URL.canParse(`https://${host}`) || new URL(`https://${host}`).host !== host) {
      throw argumentError(`not a host, with or without a port: ${host}`)
    }
  }
  if (entraHost === adfsHost) throw argumentError('Entra and AD FS need different hosts')
  return {
    strict: options.strict ?? true,
    entraHost,
    adfsHost,
    origins: { entra: `https://${entraHost}`, adfs: `https://${adfsHost}` },
    now: options.now ?? (() => Math.floor(Date.now() / 1000)),
    newId: options.newId ?? (() => crypto.randomUUID()),
    accessTokenLifetimeSeconds: options.accessTokenLifetimeSeconds ?? 3_600,
    world: { ...demoWorld(), ...options.world },
    faults: options.faults ?? {},
  }
}

function argumentError(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'authority' })
}

/** The transport that needs no network: the same answers as the sockets give, without their checks of `Host` and `Origin`. */
function createSend(
  answer: (side: Side, request: SimulatorRequest) => Promise<HttpResponse>,
  knownOrigins: () => readonly Origins[],
): Transport {
  return async (request, { signal } = {}) => {
    if (signal?.aborted === true) {
      throw new TransportError('ERR_TRANSPORT_ABORTED', 'aborted', { step: request.step, cause: signal.reason })
    }
    const { origin } = new URL(request.url)
    const side = sideOf(origin, knownOrigins())
    if (side === undefined) {
      throw new TransportError('ERR_TRANSPORT_UNREACHABLE', `the simulator does not serve ${origin}`, {
        step: request.step,
      })
    }
    return { ...(await answer(side, request)), url: request.url }
  }
}

function sideOf(origin: string, known: readonly Origins[]): Side | undefined {
  const entraOrigins = known.flatMap(({ entra }) => aliasesOf(new URL(entra).host).map((host) => `https://${host}`))
  if (entraOrigins.includes(origin)) return 'entra'
  return known.some(({ adfs }) => adfs === origin) ? 'adfs' : undefined
}

function demoUser(world: World, user: User): DemoUser {
  const { username, password, what } = user
  const expect = expectedRefusal(world, user)
  return { username, password, what, kind: kindOf(world, user), ...(expect === undefined ? {} : { expect }) }
}

function expectedRefusal(world: World, user: User): string | undefined {
  const federated = kindOf(world, user) === 'federated'
  if (user.refusal === 'adfs-policy') return 'MSIS7068'
  if (federated && ['disabled', 'locked', 'password-expired'].includes(user.refusal ?? '')) return 'ID3242'
  if (user.refusal !== undefined) return `AADSTS${codeOfRefusal[user.refusal]}`
  return federated && user.immutableId === undefined ? 'AADSTS90020' : undefined
}
