import type { SecureContext } from 'node:tls'
import { InvalidArgumentError } from '../errors.ts'
import type { Deadlines } from './exchange.ts'
import type { AddressRules } from './request-url.ts'

/** Options of the transports that open their own connections. Times are milliseconds. */
export interface HttpsTransportOptions extends AddressRules {
  /**
   * PEM certificates of further CAs to trust, beside the well-known ones: one sign-in talks to Entra and to a farm
   * with a private CA. (NODE_EXTRA_CA_CERTS still counts beside it on Node 22.15 and newer; on older ones it counts
   * only when `ca` is absent.)
   */
  readonly ca?: string | readonly string[]
  /** Until the request has a connection, waiting for a free one included. Default 5,000. */
  readonly connectTimeoutMs?: number
  /** From there until the answer's headers. Default 15,000. */
  readonly headersTimeoutMs?: number
  /** Between two pieces of the body. Default 10,000. */
  readonly bodyTimeoutMs?: number
  /** For the whole request. Default 30,000. */
  readonly totalTimeoutMs?: number
  /** The most connections per origin. Default 64. */
  readonly connections?: number
}

const names: readonly string[] = [
  'ca',
  'connectTimeoutMs',
  'headersTimeoutMs',
  'bodyTimeoutMs',
  'totalTimeoutMs',
  'connections',
  'loopbackHosts',
  'denyPrivate',
] satisfies readonly (keyof HttpsTransportOptions)[]

/** The options with their defaults. */
export interface ConnectionSettings {
  readonly ca: readonly string[]
  readonly connections: number
  readonly deadlines: Required<Deadlines>
  readonly rules: AddressRules
}

/**
 * Idle connections close after this many milliseconds. Short, as a request that meets a connection the server is just
 * closing fails, and one that carries a credential is not sent again.
 */
export const keepAliveMs = 4_000

/** Header blocks longer than this many bytes are refused. */
export const maxHeaderBytes: number = 16 * 1024

/**
 * Checks the options and fills in the defaults; reads no file and opens nothing.
 *
 * @throws {@link InvalidArgumentError} for an unknown option or a value that cannot work.
 */
export function readConnectionOptions(
  options: HttpsTransportOptions,
  more: readonly string[] = [],
): ConnectionSettings {
  const unknown = Object.keys(options).find((name) => !names.includes(name) && !more.includes(name))
  if (unknown !== undefined)
    throw invalid(`unknown transport option ${unknown}`, `Known: ${[...names, ...more].join(', ')}.`)
  const ca = typeof options.ca === 'string' ? [options.ca] : [...(options.ca ?? [])]
  if (!ca.every((pem) => typeof pem === 'string' && pem.includes('-----BEGIN '))) {
    throw invalid('the option `ca` is not PEM text', 'Pass the text of the certificate file, not its path.')
  }
  return {
    ca,
    connections: readCount(options.connections, 64, 'connections'),
    deadlines: {
      connectTimeoutMs: readMs(options.connectTimeoutMs, 5_000, 'connectTimeoutMs'),
      headersTimeoutMs: readMs(options.headersTimeoutMs, 15_000, 'headersTimeoutMs'),
      bodyTimeoutMs: readMs(options.bodyTimeoutMs, 10_000, 'bodyTimeoutMs'),
      totalTimeoutMs: readMs(options.totalTimeoutMs, 30_000, 'totalTimeoutMs'),
    },
    rules: { loopbackHosts: [...(options.loopbackHosts ?? [])], denyPrivate: options.denyPrivate ?? false },
  }
}

/** What every TLS connection is made with. */
export interface TlsSettings {
  readonly minVersion: 'TLSv1.2'
  /** Said explicitly, as only that overrules NODE_TLS_REJECT_UNAUTHORIZED=0. */
  readonly rejectUnauthorized: true
  readonly secureContext?: SecureContext
}

/** The context made last. Nobody can change one, so transports with the same CAs may share it. */
let lastContext:
  | { readonly wellKnown: readonly string[]; readonly ca: string; readonly made: SecureContext }
  | undefined

/**
 * Makes the TLS settings. With `ca` this costs about 30 ms, as all well-known CAs are read with it; one context then
 * serves every connection, and the next transport with the same `ca` too.
 *
 * @throws {@link InvalidArgumentError} when a PEM block of `ca` cannot be read.
 */
export function createTlsSettings(tls: typeof import('node:tls'), settings: ConnectionSettings): TlsSettings {
  const base = { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const
  if (settings.ca.length === 0) return base
  // Node 22.15; knows NODE_EXTRA_CA_CERTS and the system's store, where Node was started with them.
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] }
  const wellKnown = getCACertificates?.('default') ?? tls.rootCertificates
  const ca = settings.ca.join('\n')
  if (lastContext?.wellKnown === wellKnown && lastContext.ca === ca) return { ...base, secureContext: lastContext.made }
  try {
    const made = tls.createSecureContext({ minVersion: 'TLSv1.2', ca: [...wellKnown, ...settings.ca] })
    lastContext = { wellKnown, ca, made }
    return { ...base, secureContext: made }
  } catch {
    throw invalid('a certificate of the option `ca` cannot be read', 'Check that the PEM text is complete.')
  }
}

/** Reads a time in whole milliseconds that `setTimeout` can wait for. */
export function readMs(value: number | undefined, fallback: number, name: string): number {
  const ms = value ?? fallback
  if (Number.isInteger(ms) && ms > 0 && ms < 2 ** 31) return ms
  throw invalid(`the option ${name} is not a time in milliseconds`, 'Pass a whole number above 0.')
}

function readCount(value: number | undefined, fallback: number, name: string): number {
  const count = value ?? fallback
  if (Number.isInteger(count) && count > 0) return count
  throw invalid(`the option ${name} is not a number of connections`, 'Pass a whole number above 0.')
}

/** The error for an option; no request exists yet, so the step is the first of every sign-in. */
export function invalid(message: string, hint: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'authority', hint })
}
