import { InvalidArgumentError } from '../errors.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { type SigningKeys, signingKeys } from './certificates.ts'
import { checkWorld, isHost } from './check-world.ts'
import { countedIds, deterministicSerial, deterministicStart, publishedSigningKeys } from './deterministic.ts'
import type { FaultHook, Injection } from './injection.ts'
import type { RequestKind } from './journal.ts'
import { mapPlaces, type Place, type Places, type Side } from './listen.ts'
import { demoWorld, type World } from './world.ts'

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
  /** Host of Azure AD B2C; default `contoso.b2clogin.simulator.invalid`. */
  readonly b2cHost?: string
  /** Host of External ID; default `contoso.ciamlogin.simulator.invalid`. */
  readonly ciamHost?: string
  /** Host of the OpenID provider; default `idp.simulator.invalid`. */
  readonly oidcHost?: string
  /** Whether Entra answers instance discovery; default true. Private clouds do not: 404. */
  readonly instanceDiscovery?: boolean
  /**
   * The same requests, one after the other, get the same answers in every run, byte for byte; default false. The clock then
   * stands at 2030-01-01T00:00:00Z until `advance`, ids are counted, and the signing keys are published with the package:
   * nobody may trust them. `now` and `newId` take precedence. Give the client the simulator's `runtime`, or it will find the
   * tokens of another time. Over sockets addresses hold ports: choose them.
   */
  readonly deterministic?: boolean
  readonly now?: () => EpochSeconds
  readonly newId?: () => string
  /** Default 3600, and 28 hours at Entra for a client that takes claims challenges (`cp1`). */
  readonly accessTokenLifetimeSeconds?: number
  /**
   * Tenants, users, apps …; each list given replaces the one of {@link demoWorld}. A world that contradicts itself is an
   * `InvalidArgumentError` that says which entry is wrong.
   */
  readonly world?: Partial<World>
  /** For tests with hostile or broken servers. */
  readonly faults?: Partial<Record<RequestKind, FaultHook>>
  /** What goes wrong from the start; `inject` of the simulator adds to it. */
  readonly inject?: readonly Injection[]
}

export interface ResolvedOptions {
  readonly strict: boolean
  readonly instanceDiscovery: boolean
  readonly hosts: Places
  readonly origins: Places
  readonly now: () => EpochSeconds
  readonly newId: () => string
  /** Ids for a client, from another series. */
  readonly newClientId: () => string
  readonly accessTokenLifetimeSeconds: number
  readonly capableLifetimeSeconds: number
  readonly world: World
  readonly keysOf: (place: Place) => Promise<SigningKeys>
  /** Of the farm's certificate; one at random unless given. */
  readonly serialNumber?: string
}

/** @param aheadSeconds How far the servers' clock is ahead of `now`. */
export function resolveOptions(options: SimulatorOptions, aheadSeconds: () => number): ResolvedOptions {
  const { deterministic = false } = options
  const now = options.now ?? (deterministic ? () => deterministicStart : () => Math.floor(Date.now() / 1000))
  const randomId = (): string => crypto.randomUUID()
  const world: World = { ...demoWorld(), ...options.world }
  const sideHosts: Record<Side, string> = {
    entra: options.entraHost ?? 'login.simulator.invalid',
    adfs: options.adfsHost ?? 'sts.simulator.invalid',
    b2c: options.b2cHost ?? 'contoso.b2clogin.simulator.invalid',
    ciam: options.ciamHost ?? 'contoso.ciamlogin.simulator.invalid',
    oidc: options.oidcHost ?? 'idp.simulator.invalid',
  }
  for (const host of Object.values(sideHosts)) {
    if (!isHost(host)) throw argumentError(`not a host, with or without a port: ${host}`)
  }
  checkWorld(world)
  const hosts: Places = {
    ...sideHosts,
    ...Object.fromEntries(world.farms.map(({ host }) => [`adfs@${host}`, host])),
  }
  const all = Object.values(hosts)
  const twice = all.find((host, index) => all.indexOf(host) < index)
  if (twice !== undefined) throw argumentError(`every side and every farm needs a host of its own: ${twice}`)
  return {
    strict: options.strict ?? true,
    instanceDiscovery: options.instanceDiscovery ?? true,
    hosts,
    origins: mapPlaces(hosts, (host) => `https://${host}`),
    now: () => now() + aheadSeconds(),
    newId: options.newId ?? (deterministic ? countedIds('e') : randomId),
    newClientId: deterministic ? countedIds('c') : randomId,
    accessTokenLifetimeSeconds: options.accessTokenLifetimeSeconds ?? 3_600,
    capableLifetimeSeconds: options.accessTokenLifetimeSeconds ?? 100_800,
    world,
    keysOf: deterministic ? publishedSigningKeys : signingKeys,
    ...(deterministic ? { serialNumber: deterministicSerial } : {}),
  }
}

function argumentError(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'authority' })
}
