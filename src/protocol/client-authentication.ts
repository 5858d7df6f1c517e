import type { CryptoKey, JWK } from 'jose'
import { InvalidArgumentError } from '../errors.ts'
import { type Certificate, parseCertificate, parsePem, pkcs8FromPkcs1, thumbprint } from './certificate.ts'
import type { FormValue } from './http.ts'
import { Secret } from './secret.ts'
import { type EpochSeconds, formatInstant } from './time.ts'

/** What proves the client to the token endpoint, added to one token request. */
export interface ClientCredentials {
  readonly fields?: readonly (readonly [name: string, value: FormValue])[]
  /** The whole value of the `Authorization` header. */
  readonly authorization?: Secret
  /** Set when the credentials name the client themselves, so that the form need not. */
  readonly omitClientId?: boolean
  /** Secrets inside `authorization`, so that an answer which echoes one is recognised. */
  readonly secrets?: readonly Secret[]
}

/** The request that a client is to be proved for. */
export interface ClientAuthenticationContext {
  readonly clientId: string
  readonly tokenEndpoint: string
  /** The issuer of the server's metadata, where there is one. */
  readonly issuer?: string
  readonly at: EpochSeconds
  /** Makes a fresh UUID. */
  readonly newId: () => string
}

/**
 * Proves the client, afresh for every token request. Made by {@link clientSecretPost}, {@link clientSecretBasic},
 * {@link clientAssertion} or {@link privateKeyJwt}; any function of this type will do.
 */
export type ClientAuthentication = (
  context: ClientAuthenticationContext,
) => ClientCredentials | Promise<ClientCredentials>

/**
 * `client_secret_post`: the secret in the form. What Entra documents.
 *
 * @throws {@link InvalidArgumentError} if the secret is empty or not text.
 * @see RFC 6749 §2.3.1
 */
export function clientSecretPost(secret: string | Secret): ClientAuthentication {
  const checked = checkSecret(secret)
  return () => ({ fields: [['client_secret', checked]] })
}

export interface ClientSecretBasicOptions {
  /**
   * `rfc6749` form-urlencodes id and secret before they are joined, as the standard wants; `raw` leaves them as they
   * are, as many servers want. The two differ only for characters outside of letters, digits and `*-._`.
   */
  readonly encoding?: 'rfc6749' | 'raw'
}

/**
 * `client_secret_basic`: id and secret in an `Authorization: Basic` header; the form then has no `client_id`.
 *
 * @throws {@link InvalidArgumentError} if the secret is empty or not text, or `encoding` is neither of the two; when
 *   used, if a raw client id holds a colon.
 * @see RFC 6749 §2.3.1, RFC 7617 §2
 */
export function clientSecretBasic(
  secret: string | Secret,
  options: ClientSecretBasicOptions = {},
): ClientAuthentication {
  checkNames(options, ['encoding'], 'clientSecretBasic')
  const checked = checkSecret(secret)
  const { encoding = 'rfc6749' } = options
  if (encoding !== 'rfc6749' && encoding !== 'raw') {
    throw invalid('encoding is neither "rfc6749" nor "raw"', 'Leave it out for RFC 6749 §2.3.1.')
  }
  const encode = encoding === 'raw' ? (text: string): string => text : encodeFormValue
  return ({ clientId }) => {
    if (encoding === 'raw' && clientId.includes(':')) {
      throw invalid('a raw Basic header cannot carry a client id with a colon', `Use encoding: 'rfc6749'.`)
    }
    const pair = new TextEncoder().encode(`${encode(clientId)}:${encode(checked.reveal())}`)
    const base64 = btoa(Array.from(pair, (byte) => String.fromCharCode(byte)).join(''))
    return { authorization: new Secret(`Basic ${base64}`), omitClientId: true, secrets: [checked] }
  }
}

/**
 * A client assertion that somebody else makes: a managed identity, a key vault, a CI system's federated token.
 *
 * @param assertion Called for every token request; what it throws goes to the caller as it is.
 * @throws {@link InvalidArgumentError} if `assertion` is not a function; when used, if it gives no JWT-like text.
 * @see RFC 7523 §2.2
 */
export function clientAssertion(
  assertion: (context: ClientAuthenticationContext) => string | Secret | Promise<string | Secret>,
): ClientAuthentication {
  if (typeof assertion !== 'function') {
    throw invalid('the assertion is not a function', 'Pass a function that returns a fresh assertion: it expires soon.')
  }
  return async (context) => {
    const made: unknown = await assertion(context)
    const text = Secret.is(made) ? made.reveal() : made
    if (typeof text !== 'string' || !/^[\x21-\x7e]{1,65536}$/.test(text)) {
      throw invalid('the assertion function gave no assertion', 'It must give a JWT: one line of printable ASCII.')
    }
    return assertionCredentials(text)
  }
}

export type PrivateKeyJwtAlgorithm = 'PS256' | 'RS256'

export interface PrivateKeyJwtOptions {
  /** RSA private key: PEM text (PKCS #8 or PKCS #1, unencrypted; certificates may follow), a `CryptoKey` or a JWK. */
  readonly key: string | Secret | CryptoKey | JWK
  /** PEM text, the client's own certificate first. Default: the certificates in the PEM text of `key`, if any. */
  readonly certificate?: string
  /** Default PS256; AD FS knows RS256 only. */
  readonly algorithm?: PrivateKeyJwtAlgorithm
  /** The `kid` header. Default: the `kid` of a JWK, else none. */
  readonly keyId?: string
  /** Whether to send the certificates in `x5c`, for servers that trust a subject and issuer name. Default false. */
  readonly includeChain?: boolean
  /** The `aud` claim: `token_endpoint` (default), `issuer`, or any other text as it is. */
  readonly audience?: 'token_endpoint' | 'issuer' | (string & {})
}

const lifetimeSeconds = 600

/**
 * `private_key_jwt`: a JWT signed with the client's key, valid for ten minutes from the request's instant.
 *
 * With a certificate, the header names it: `x5t#S256`, and for RS256 `x5t` (SHA-1) as well, the only one that AD FS
 * reads. The private key itself is read, and held against the certificate, when first used; jose is not loaded before.
 *
 * @throws {@link InvalidArgumentError} for an unknown option, an unknown algorithm, and text that is no key or
 *   certificate; when used, for a key that cannot sign with the algorithm (not RSA, under 2048 bits), a key that does
 *   not belong to the certificate, a certificate outside its validity, and a missing issuer for `audience: 'issuer'`.
 * @see RFC 7523 §3, OpenID Connect Core §9
 */
export function privateKeyJwt(options: PrivateKeyJwtOptions): ClientAuthentication {
  const { key, algorithm, keyId, includeChain, audience, certificates } = checkPrivateKeyJwt(options)
  let imported: Promise<CryptoKey> | undefined
  return async (context) => {
    const { clientId, at, newId } = context
    const [certificate] = certificates
    if (certificate !== undefined) checkValidity(certificate, at)
    const header = {
      alg: algorithm,
      typ: 'JWT',
      ...(keyId === undefined ? {} : { kid: keyId }),
      ...(certificate === undefined ? {} : await certificateHeader(certificate, algorithm)),
      ...(includeChain ? { x5c: certificates.map(({ base64 }) => base64) } : {}),
    }
    const aud = audienceOf(audience, context)
    const claims = { aud, iss: clientId, sub: clientId, jti: newId(), iat: at, nbf: at, exp: at + lifetimeSeconds }
    imported ??= importKey(key, algorithm)
    const privateKey = await imported
    const { SignJWT } = await import('jose/jwt/sign')
    let assertion: string
    try {
      assertion = await new SignJWT(claims).setProtectedHeader(header).sign(privateKey)
    } catch {
      // jose's errors are not passed on: they describe the key.
      throw unusableKey(algorithm)
    }
    if (certificate !== undefined) await checkPair(assertion, certificate, algorithm)
    return assertionCredentials(assertion)
  }
}

interface CheckedOptions {
  /** PKCS #8 PEM text, a `CryptoKey` or a JWK. */
  readonly key: Secret | CryptoKey | JWK
  readonly algorithm: PrivateKeyJwtAlgorithm
  readonly keyId: string | undefined
  readonly includeChain: boolean
  readonly audience: string
  readonly certificates: readonly Certificate[]
}

function checkPrivateKeyJwt(options: PrivateKeyJwtOptions): CheckedOptions {
  const names = ['key', 'certificate', 'algorithm', 'keyId', 'includeChain', 'audience']
  checkNames(options, names, 'privateKeyJwt')
  const { algorithm = 'PS256', includeChain = false, audience = 'token_endpoint' } = options
  if (algorithm !== 'PS256' && algorithm !== 'RS256') {
    throw invalid('algorithm is neither "PS256" nor "RS256"', 'Leave it out for PS256; AD FS wants RS256.')
  }
  if (typeof includeChain !== 'boolean') throw invalid('includeChain is not a boolean', 'Leave it out for false.')
  if (typeof audience !== 'string' || audience === '') {
    throw invalid('audience is not a text', `Leave it out for the token endpoint, or write audience: 'issuer'.`)
  }
  const pem = typeof options.key === 'string' || Secret.is(options.key) ? Secret.from(options.key).reveal() : undefined
  const { certificate = pem ?? '' } = options
  if (typeof certificate !== 'string') throw invalid('certificate is not a text', 'Pass the text of the PEM file.')
  const certificates = parsePem(certificate)
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ base64 }) => parseCertificate(base64))
  if (certificates.length === 0 && options.certificate !== undefined) {
    throw invalid('the certificate is not PEM text', 'Pass the text of the file, with its "BEGIN CERTIFICATE" line.')
  }
  if (certificates.length === 0 && includeChain) {
    throw invalid('includeChain without a certificate', 'Pass the certificate, or leave includeChain out.')
  }
  const key = pem === undefined ? (options.key as CryptoKey | JWK) : new Secret(readPrivateKey(pem))
  if (typeof key !== 'object' || key === null) {
    throw invalid('key is not a private key', 'Pass PEM text, a CryptoKey or a JSON Web Key.')
  }
  const keyId = options.keyId ?? ('kid' in key ? key.kid : undefined)
  if (keyId !== undefined && (typeof keyId !== 'string' || keyId === '')) {
    throw invalid('keyId is not a text', 'Leave it out if the server knows the key by its certificate.')
  }
  return { key, algorithm, keyId, includeChain, audience, certificates }
}

/** The private key of a PEM text as PKCS #8. */
function readPrivateKey(pem: string): string {
  const blocks = parsePem(pem)
  const pkcs8 = blocks.find(({ label }) => label === 'PRIVATE KEY')?.base64
  const pkcs1 = blocks.find(({ label }) => label === 'RSA PRIVATE KEY')?.base64
  if (pkcs8 === undefined && pkcs1 === undefined) {
    throw invalid(
      'key holds no unencrypted RSA private key in PEM',
      'Convert it with: openssl pkcs8 -topk8 -nocrypt -in key.pem',
    )
  }
  try {
    return `-----BEGIN PRIVATE KEY-----\n${pkcs8 ?? pkcs8FromPkcs1(pkcs1 ?? '')}\n-----END PRIVATE KEY-----`
  } catch {
    throw invalid('key is not base64 inside', 'Read the file as text and pass it unchanged.')
  }
}

async function importKey(key: Secret | CryptoKey | JWK, algorithm: PrivateKeyJwtAlgorithm): Promise<CryptoKey> {
  try {
    const { importJWK, importPKCS8 } = await import('jose/key/import')
    if (Secret.is(key)) return await importPKCS8(key.reveal(), algorithm)
    // A symmetric JWK becomes bytes, which no RSA algorithm signs with.
    return 'kty' in key ? ((await importJWK(key, algorithm)) as CryptoKey) : (key as CryptoKey)
  } catch {
    throw unusableKey(algorithm)
  }
}

async function certificateHeader(
  certificate: Certificate,
  algorithm: PrivateKeyJwtAlgorithm,
): Promise<Record<string, string>> {
  return {
    ...(algorithm === 'RS256' ? { x5t: await thumbprint(certificate, 'SHA-1') } : {}),
    'x5t#S256': await thumbprint(certificate, 'SHA-256'),
  }
}

function checkValidity({ notBefore, notAfter }: Certificate, at: EpochSeconds): void {
  if (at >= notBefore && at <= notAfter) return
  const message =
    at > notAfter
      ? `the certificate expired at ${formatInstant(notAfter)}`
      : `the certificate is not valid before ${formatInstant(notBefore)}`
  throw invalid(message, 'Renew it and register the new one with the server; check the clock of this machine too.')
}

// What the certificate's key verifies, its private key has signed: this holds for keys too that cannot be exported.
async function checkPair(assertion: string, { base64 }: Certificate, algorithm: PrivateKeyJwtAlgorithm): Promise<void> {
  try {
    const [{ importX509 }, { compactVerify }] = await Promise.all([
      import('jose/key/import'),
      import('jose/jws/compact/verify'),
    ])
    const publicKey = await importX509(`-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----`, algorithm)
    await compactVerify(assertion, publicKey, { algorithms: [algorithm] })
  } catch {
    throw invalid(
      'the certificate and the key do not belong together',
      'Pass the certificate that was made for this key; in a PEM file of several, the own one comes first.',
    )
  }
}

function audienceOf(audience: string, { issuer, tokenEndpoint }: ClientAuthenticationContext): string {
  if (audience === 'token_endpoint') return tokenEndpoint
  if (audience !== 'issuer') return audience
  if (issuer !== undefined && !issuer.includes('{')) return issuer
  throw invalid('the server states no issuer of its own', `Leave audience out, or pass the text the server wants.`)
}

function assertionCredentials(assertion: string): ClientCredentials {
  return {
    fields: [
      ['client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
      ['client_assertion', new Secret(assertion)],
    ],
  }
}

function checkSecret(secret: unknown): Secret {
  const text = Secret.is(secret) ? secret.reveal() : secret
  if (typeof text === 'string' && text !== '' && text.isWellFormed()) return new Secret(text)
  throw invalid('the client secret is empty or not text', 'Check the variable or file it is read from.')
}

// URLSearchParams is application/x-www-form-urlencoded itself: a blank is "+".
function encodeFormValue(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

function checkNames(options: object, names: readonly string[], where: string): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`${where} takes an object`, `Its members: ${names.join(', ')}.`)
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw invalid(`${where} has no option "${unknown.slice(0, 50)}"`, `It takes: ${names.join(', ')}.`)
  }
}

function unusableKey(algorithm: PrivateKeyJwtAlgorithm): InvalidArgumentError {
  return invalid(
    `the key cannot sign ${algorithm}`,
    'It must be the private half of an RSA key of 2048 bits or more; a CryptoKey must be made for this algorithm.',
  )
}

function invalid(message: string, hint: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'token', hint })
}
