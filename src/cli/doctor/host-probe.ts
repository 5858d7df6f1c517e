import dns, { type LookupAddress } from 'node:dns'
import net from 'node:net'
import tls, { type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import type { TlsSettings } from '../../transport/connection-options.ts'
import { abortFailure, translateFailure } from '../../transport/failure.ts'
import type { AddressRules } from '../../transport/request-url.ts'
import { judgeAddresses } from './address-verdict.ts'
import { type CertificateFacts, type Handshake, judgeHandshake } from './certificate-verdict.ts'
import { type Check, failedBy, group, pass, skip, warn } from './check.ts'
import { endsInPublicCa } from './public-ca.ts'

/** A host to look at, and what it is to the sign-in: the last part of the checks' ids. */
export interface ProbeTarget {
  readonly role: 'authority' | 'federation' | 'wstrust' | 'proxy'
  readonly label: string
  /** As in a URL: an IPv6 address has brackets. */
  readonly hostname: string
  readonly port: number
  /** Whether the host is one of Entra's. */
  readonly isCloud: boolean
}

export interface ProbeContext {
  readonly signal: AbortSignal
  readonly rules: AddressRules
  /** Absent: TLS is not looked at, as with a proxy that is spoken to in plain text. */
  readonly tlsSettings?: TlsSettings
}

/** As long as the client waits for a connection. */
const phaseMs = 5_000

/**
 * Looks a host up, connects to each of its addresses and makes a TLS handshake with the first that answers. Sends not a
 * byte beyond that.
 */
export async function probeHost(target: ProbeTarget, context: ProbeContext): Promise<Check> {
  const { role, label, hostname, port } = target
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const inGroup = (...children: Check[]): Check => group(`host.${role}`, label, `${hostname}:${port}`, children)
  const skipTls = (why: string): Check[] => (context.tlsSettings === undefined ? [] : [skip(`tls.${role}`, 'TLS', why)])
  const named = await lookUp(target, host, context)
  if (named.usable.length === 0) {
    return inGroup(named.check, skip(`tcp.${role}`, 'TCP', 'there is no address'), ...skipTls('there is no address'))
  }
  const { check: tcp, address } = await connectToAll(target, named.usable, context)
  if (address === undefined) return inGroup(named.check, tcp, ...skipTls('there is no connection'))
  if (context.tlsSettings === undefined) return inGroup(named.check, tcp)
  return inGroup(named.check, tcp, await shakeHands(target, host, address, context, context.tlsSettings))
}

async function lookUp(
  { role, hostname, isCloud }: ProbeTarget,
  host: string,
  { signal, rules }: ProbeContext,
): Promise<{ check: Check; usable: readonly string[] }> {
  const id = `dns.${role}`
  const startedAt = performance.now()
  try {
    const found = await within<LookupAddress[]>(signal, (done) => {
      // Called through the module object, as the client's own look-up is; it uses the hosts file too.
      dns.lookup(host, { all: true }, (error, addresses) => done(error, addresses))
      return () => {}
    })
    const addresses = found.map(({ address }) => address)
    return judgeAddresses(id, { hostname: host, addresses, ms: performance.now() - startedAt }, rules, isCloud)
  } catch (error) {
    return { check: failedPhase(error, signal, hostname, id, 'DNS'), usable: [] }
  }
}

interface Attempt {
  readonly address: string
  readonly ms: number
  readonly error?: unknown
}

async function connectToAll(
  { role, hostname, port }: ProbeTarget,
  addresses: readonly string[],
  { signal }: ProbeContext,
): Promise<{ check: Check; address?: string }> {
  const id = `tcp.${role}`
  const attempts = await Promise.all(
    addresses.slice(0, 8).map(async (address): Promise<Attempt> => {
      const startedAt = performance.now()
      try {
        await within(signal, (done) => {
          const socket = net.connect({ host: address, port })
          socket.on('error', (error) => done(error))
          socket.once('connect', () => done(null))
          return () => socket.destroy()
        })
        return { address, ms: performance.now() - startedAt }
      } catch (error) {
        return { address, ms: performance.now() - startedAt, error }
      }
    }),
  )
  const [first] = attempts.filter(({ error }) => error === undefined)
  const dead = attempts.filter(({ error }) => error !== undefined)
  if (first === undefined) {
    return { check: failedPhase(dead[0]?.error, signal, `${hostname}:${port}`, id, 'TCP') }
  }
  const { address, ms } = first
  const detail = `port ${port} of ${address} in ${Math.round(ms)} ms`
  if (dead.length === 0) return { check: pass(id, 'TCP', detail), address }
  const silent = dead.map((attempt) => attempt.address).join(', ')
  const hint = 'Every connection may first wait for an address that does not answer: look at DNS, routes and IPv6.'
  return { check: warn(id, 'TCP', `${detail}; no connection to ${silent}`, hint), address }
}

async function shakeHands(
  { role, hostname, port, isCloud }: ProbeTarget,
  host: string,
  address: string,
  { signal }: ProbeContext,
  settings: TlsSettings,
): Promise<Check> {
  const id = `tls.${role}`
  try {
    const handshake = await within<Handshake>(signal, (done) => {
      const socket = tls.connect({
        ...settings,
        host: address,
        port,
        // RFC 6066 §3 has no place for addresses.
        servername: net.isIP(host) === 0 ? host : '',
        ALPNProtocols: ['http/1.1'],
        // The certificate that does not verify is the one to be shown. Nothing is sent here; the client always verifies.
        rejectUnauthorized: false,
      })
      socket.on('error', (error) => done(error))
      socket.once('secureConnect', () => done(null, readHandshake(socket, host)))
      return () => socket.destroy()
    })
    return judgeHandshake(id, handshake, Date.now(), isCloud)
  } catch (error) {
    return failedPhase(error, signal, `${hostname}:${port}`, id, 'TLS')
  }
}

function failedPhase(error: unknown, { aborted, reason }: AbortSignal, host: string, id: string, label: string): Check {
  const step = 'authority'
  return failedBy(aborted ? abortFailure(step, reason) : translateFailure(error, { step, host }), id, label)
}

function readHandshake(socket: TLSSocket, hostname: string): Handshake {
  const certificates = chainOf(socket)
  const [leaf] = certificates
  const trustError = socket.authorized ? undefined : String(socket.authorizationError)
  const isForOthers = leaf !== undefined && tls.checkServerIdentity(hostname, leaf) !== undefined
  return {
    hostname,
    protocol: socket.getProtocol() ?? 'TLS',
    chain: certificates.map(factsOf),
    ...(trustError === undefined ? {} : { trustError }),
    ...(isForOthers ? { otherNames: leaf.subjectaltname ?? nameOf(leaf.subject) } : {}),
    // Of a chain that does not verify it says nothing.
    isPublicCa: socket.authorized && endsInPublicCa(certificates.map(({ raw }) => raw)),
  }
}

/** From the server's certificate up; a CA that signs itself names itself as its issuer. */
function chainOf(socket: TLSSocket): readonly DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = []
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  // Without a certificate Node gives an empty object.
  while (certificate?.raw !== undefined && chain.length < 10 && !chain.includes(certificate)) {
    chain.push(certificate)
    certificate = certificate.issuerCertificate
  }
  return chain
}

function factsOf({ subject, issuer, valid_from, valid_to }: DetailedPeerCertificate): CertificateFacts {
  return {
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    validFrom: Date.parse(valid_from),
    validTo: Date.parse(valid_to),
  }
}

function nameOf(name: object | undefined): string {
  const { CN, O, OU } = (name ?? {}) as Readonly<Record<string, unknown>>
  const common = CN ?? OU
  const parts = [common, O === common ? undefined : O].filter((part) => part !== undefined).map(String)
  return parts.length === 0 ? 'no name' : parts.join(', ').slice(0, 150)
}

/**
 * Runs one phase of a probe, with the client's time limit for connecting.
 *
 * @param start Begins, and says how to drop what it began; told to at the end in any case.
 * @throws What `done` was given, or an error for the time limit or the signal.
 */
async function within<T = undefined>(
  signal: AbortSignal,
  start: (done: (error: unknown, value?: T) => void) => () => void,
): Promise<T> {
  signal.throwIfAborted()
  let drop = (): void => {}
  let timer: ReturnType<typeof setTimeout> | undefined
  let onAbort = (): void => {}
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      timer = setTimeout(() => reject(Object.assign(new Error('too late'), { code: 'ETIMEDOUT' })), phaseMs)
      drop = start((error, value) => (error === null ? resolve(value as T) : reject(error)))
    })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    drop()
  }
}
