import { InvalidArgumentError } from '../errors.ts'
import { type CertificateDefect, createServerCertificate, type ServerCertificate } from './certificates.ts'
import type { Delivery } from './injection.ts'
import type { SimulatorRequest } from './journal.ts'
import type { Libraries } from './libraries.ts'
import { type LoopbackPort, openLoopbackPort } from './loopback-port.ts'

/** One authority of the simulator. */
export type Side = 'entra' | 'adfs' | 'b2c' | 'ciam' | 'oidc'

const sides: readonly string[] = ['entra', 'adfs', 'b2c', 'ciam', 'oidc'] satisfies readonly Side[]

/** What has a host, and a port, of its own: a side, or `adfs@` and the host of a further farm. */
export type Place = Side | `adfs@${string}`

export function isSide(place: Place): place is Side {
  return sides.includes(place)
}

/** Hosts, or origins. */
export type Places = Readonly<Record<Side, string>> & Readonly<Record<Place, string>>

/** The same places with something else in the place of each text. */
export function mapPlaces(places: Places, map: (text: string, place: Place) => string): Places {
  const entries = (Object.entries(places) as [Place, string][]).map(([place, text]) => [place, map(text, place)])
  return Object.fromEntries(entries) as Places
}

export interface ListenOptions {
  /** Port of the Entra side; 0, the default, takes a free one. */
  readonly port?: number
  /** Port of the AD FS side; likewise. */
  readonly adfsPort?: number
  /** Port of the B2C side; likewise. */
  readonly b2cPort?: number
  /** Port of the External ID side; likewise. */
  readonly ciamPort?: number
  /** Port of the OpenID provider; likewise. */
  readonly oidcPort?: number
  /** What is wrong with the certificate that a side shows; by default nothing is. */
  readonly certificate?: Readonly<Partial<Record<Side, CertificateDefect>>>
  /** There is no choice of address: the simulator holds known passwords and stays on 127.0.0.1. */
  readonly host?: never
}

/**
 * Serves every side, and each further farm, on a {@link openLoopbackPort port} of its own, with certificates made now.
 *
 * @throws {@link InvalidArgumentError} when another address is asked for.
 */
export async function listenOnLoopback(
  libraries: Libraries,
  hosts: Places,
  answer: (place: Place, request: SimulatorRequest) => Promise<Delivery>,
  options: ListenOptions = {},
): Promise<{ readonly origins: Places; readonly ca: string; openConnections(): number; close(): Promise<void> }> {
  if ('host' in options) {
    throw new InvalidArgumentError('the simulator listens on 127.0.0.1 only', { step: 'authority' })
  }
  const names = [
    'localhost',
    '127.0.0.1',
    '::1',
    ...Object.values(hosts).map((host) => new URL(`https://${host}`).hostname.replace(/[[\]]/g, '')),
  ]
  const issue = (defect?: CertificateDefect): Promise<ServerCertificate> =>
    createServerCertificate(libraries, names, Math.floor(Date.now() / 1000), defect)
  const certificate = await issue()
  const trusted = new Set([certificate.caPem])
  const ports: Readonly<Partial<Record<Place, number | undefined>>> = {
    entra: options.port,
    adfs: options.adfsPort,
    b2c: options.b2cPort,
    ciam: options.ciamPort,
    oidc: options.oidcPort,
  }
  const open = new Map<Place, LoopbackPort>()
  const close = async (): Promise<void> => {
    await Promise.all([...open.values()].map((port) => port.close()))
  }
  try {
    for (const [place, host] of Object.entries(hosts) as [Place, string][]) {
      const defect = isSide(place) ? options.certificate?.[place] : undefined
      const shown = defect === undefined ? certificate : await issue(defect)
      if (defect !== 'untrusted') trusted.add(shown.caPem)
      open.set(place, await openLoopbackPort(shown, ports[place] ?? 0, host, (request) => answer(place, request)))
    }
  } catch (error) {
    await close()
    throw error
  }
  // Another host name than Entra's: what a client trusts the one with must not reach the other by accident.
  const origins = mapPlaces(hosts, (_, place) => {
    const name = place.startsWith('adfs') ? '127.0.0.1' : 'localhost'
    return new URL(`https://${name}:${open.get(place)?.port}`).origin
  })
  const openConnections = (): number => [...open.values()].reduce((sum, port) => sum + port.openConnections(), 0)
  return { origins, ca: [...trusted].join(''), openConnections, close }
}
