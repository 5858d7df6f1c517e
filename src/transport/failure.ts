import {
  type AuthError,
  InvalidArgumentError,
  isAuthError,
  ProtocolError,
  type Step,
  TransportError,
} from '../errors.ts'

/** Where a failure happened: all that an error may say about its request. */
export interface Place {
  readonly step: Step
  /** Host and port, never a path: a path can hold a user name. */
  readonly host: string
}

/** Thrown inside a library's look-up, where the step is not known; {@link translateFailure} makes it ours. */
export class AddressRefusal extends Error {
  readonly kind: string

  constructor(kind: string) {
    super('address refused')
    this.kind = kind
  }
}

/**
 * The end of a request whose signal fired. A `TimeoutError` (from `AbortSignal.timeout`) is a deadline, everything
 * else an abort. The caller's reason is the cause.
 */
export function abortFailure(step: Step, reason: unknown): TransportError {
  const name = typeof reason === 'object' && reason !== null ? (reason as { name?: unknown }).name : undefined
  if (name === 'TimeoutError') {
    const hint = 'The deadline came from the caller. Allow more time, or look at how far the request got.'
    return new TransportError('ERR_TRANSPORT_TIMEOUT', "the caller's deadline passed", { step, hint, cause: reason })
  }
  const hint = 'The caller ended the request. A credential that was already on its way may have been used.'
  return new TransportError('ERR_TRANSPORT_ABORTED', 'the request was aborted', { step, hint, cause: reason })
}

/** The error for an answer that wants to send us elsewhere: names the target's host, never its path or query. */
export function redirectFailure(place: Place, location: string | undefined, base: string): TransportError {
  const target = location === undefined ? undefined : hostOf(location, base)
  const where = target === undefined ? '' : ` to ${target}`
  return new TransportError('ERR_TRANSPORT_REDIRECT', `${place.host} answered with a redirect${where}`, {
    step: place.step,
    hint: 'Redirects are never followed, as that would hand a credential to another place. Name the right URL instead.',
  })
}

/** The error for more bytes than the step may have. */
export function tooLargeFailure(place: Place, limit: number): TransportError {
  return new TransportError('ERR_TRANSPORT_TOO_LARGE', `${place.host} answered with more than ${limit} bytes`, {
    step: place.step,
    hint: 'No honest answer of this step is that long. Check that the URL is the one you meant.',
  })
}

/** The error for a URL or an address that requests must not go to. */
export function refusedAddressFailure(place: Place, kind: string): ProtocolError {
  return new ProtocolError('ERR_UNJUSTIFIED_HOST', `${place.host} is a ${kind} address, which is refused`, {
    step: place.step,
    hint: 'If this is meant: a name that leads to loopback can be vouched for with `loopbackHosts`, a private one by leaving out `denyPrivate`.',
  })
}

/**
 * Makes an error of ours from what a library threw, keeping nothing but its code: a library's error object may hold
 * the request, and its message the answer.
 */
export function translateFailure(error: unknown, place: Place): AuthError {
  if (isAuthError(error)) return error
  if (error instanceof AddressRefusal) return refusedAddressFailure(place, error.kind)
  const code = codeOf(error)
  const { step, host } = place
  if (isTlsCode(code)) {
    const hint = tlsHint(code)
    return new TransportError('ERR_TRANSPORT_TLS', `no trusted TLS connection to ${host} (${code})`, { step, hint })
  }
  if (/^(ERR_INVALID_|ERR_HTTP_INVALID|UND_ERR_INVALID_ARG|ERR_UNESCAPED)/.test(code)) {
    const hint = 'Nothing was sent. A header or the URL holds a character HTTP cannot carry.'
    return new InvalidArgumentError(`the request to ${host} cannot be written (${code})`, { step, hint })
  }
  if (/OVERFLOW|EXCEEDED_MAX_SIZE/.test(code)) {
    const hint = 'The header block is longer than 16 KiB. Check that the URL is the one you meant.'
    return new TransportError('ERR_TRANSPORT_TOO_LARGE', `${host} answered with too much (${code})`, { step, hint })
  }
  if (/^(HPE_|HTTPParserError$|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)/.test(code)) {
    const hint = 'Something other than an HTTP/1.1 server, or a broken one, answers there.'
    return new ProtocolError('ERR_MALFORMED_RESPONSE', `${host} did not answer in HTTP (${code})`, { step, hint })
  }
  if (/TIMEOUT$|^ETIMEDOUT$/.test(code)) {
    const hint = 'Check the network, the firewall and the proxy between here and that host.'
    return new TransportError('ERR_TRANSPORT_TIMEOUT', `${host} did not answer in time (${code})`, { step, hint })
  }
  const hint = unreachableHint(code)
  return new TransportError('ERR_TRANSPORT_UNREACHABLE', `could not exchange a message with ${host} (${code})`, {
    step,
    hint,
  })
}

/** The first `code` in a chain of causes: `fetch` puts the useful one inside. Never a message. */
export function codeOf(error: unknown): string {
  let current = error
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth++) {
    const { name, code, cause, errors } = current as Record<'name' | 'code' | 'cause' | 'errors', unknown>
    // undici's, without a code of its own.
    if (name === 'HTTPParserError') return name
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,59}$/.test(code)) return code
    current = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
  const name = typeof error === 'object' && error !== null ? (error as { name?: unknown }).name : undefined
  return typeof name === 'string' && /^[A-Za-z]{1,40}$/.test(name) ? name : 'no code'
}

const untrusted = /^(DEPTH_ZERO_)?SELF_SIGNED|^UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|^CERT_UNTRUSTED$|^INVALID_CA$/

function isTlsCode(code: string): boolean {
  return (
    untrusted.test(code) ||
    /^(CERT_|CRL_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|UNABLE_TO_|ERROR_IN_|UND_ERR_PRX_TLS)/.test(code) ||
    ['EPROTO', 'HOSTNAME_MISMATCH', 'PATH_LENGTH_EXCEEDED', 'INVALID_PURPOSE'].includes(code)
  )
}

function tlsHint(code: string): string {
  if (untrusted.test(code)) {
    return 'The certificate comes from a CA that is not trusted here. If it is your own, pass its PEM as `ca` (`--ca FILE`), or start Node with NODE_EXTRA_CA_CERTS.'
  }
  if (/EXPIRED|NOT_YET/.test(code))
    return 'The certificate is not valid at this time. Check the clock here and the certificate there.'
  if (/ALTNAME|HOSTNAME/.test(code)) return 'The certificate is for other names. Use the name it was issued for.'
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'What answers on that port does not speak TLS. Check the port.'
  return 'The server must speak TLS 1.2 or newer with a certificate that verifies; verification cannot be turned off.'
}

function unreachableHint(code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'The name does not resolve. Check its spelling, DNS, and whether a proxy is needed.'
  if (code === 'ECONNREFUSED')
    return 'Nothing listens there. Check host and port, and those of the proxy if there is one.'
  return 'The connection broke. Check the network, the firewall and the proxy between here and that host.'
}

function hostOf(location: string, base: string): string | undefined {
  try {
    return new URL(location, base).host || undefined
  } catch {
    return undefined
  }
}
