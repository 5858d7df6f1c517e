import type { HttpResponse } from '../protocol/http.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { saml11, saml20, type WsTrustVersion } from '../wstrust/namespaces.ts'
import { adfsKeys, adfsMetadata, answerAdfsDevice, answerAdfsToken } from './adfs-oauth.ts'
import type { SigningCertificate } from './certificates.ts'
import type { DeviceCodes } from './device-codes.ts'
import { farmFault } from './farm-faults.ts'
import type { Answer, SimulatorRequest } from './journal.ts'
import type { Libraries } from './libraries.ts'
import { writeMexDocument } from './mex.ts'
import { sameSecret } from './password.ts'
import type { RefreshTokens } from './refresh-tokens.ts'
import { issueAssertion } from './saml.ts'
import { messageIdOf, type ReceivedTokenRequest, readTokenRequest } from './security-token-request.ts'
import { tokenReply } from './security-token-response.ts'
import { faultReply, type ReplyContext, SoapFault } from './soap.ts'
import type { TokenSigner } from './tokens.ts'
import { findUser, kindOf, type User, type World } from './world.ts'
import { MalformedXml, parseXml, type XmlElement } from './xml.ts'

/** What the farm is made of; `origin` and `hosts` change when the simulator starts to listen. */
export interface FarmContext {
  readonly world: World
  readonly libraries: Libraries
  readonly certificate: SigningCertificate
  /** Identifier of the federation service: `Issuer` of its assertions. A name, not an address. */
  readonly issuer: string
  readonly signer: TokenSigner
  readonly refreshTokens: RefreshTokens
  readonly deviceCodes: DeviceCodes
  readonly strict: boolean
  readonly now: () => EpochSeconds
  readonly newId: () => string
  readonly origin: () => string
  readonly hosts: () => readonly string[]
}

const trust = '/adfs/services/trust/'
const assertionLifetimeSeconds = 3_600
const tokenTypes: Readonly<Record<string, '1.1' | '2.0'>> = {
  [saml11]: '1.1',
  [saml20]: '2.0',
  'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1': '1.1',
  'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0': '2.0',
}

/** The AD FS side: metadata exchange, three places that take a password, and the traps beside them. */
export async function answerAsFarm(farm: FarmContext, request: SimulatorRequest): Promise<Answer> {
  const path = new URL(request.url).pathname
  const endpoint = path.toLowerCase()
  if (/^\/adfs\/oauth2\/token\/?$/.test(endpoint)) return answerAdfsToken(farm, request)
  const hasMetadata = farm.world.farm.level !== '2012R2'
  if (hasMetadata && endpoint === '/adfs/oauth2/devicecode') return answerAdfsDevice(farm, request)
  if (hasMetadata && endpoint === '/adfs/.well-known/openid-configuration') {
    return { kind: 'metadata', response: adfsMetadata(farm.origin(), farm.issuer) }
  }
  if (hasMetadata && endpoint === '/adfs/discovery/keys') return { kind: 'jwks', response: adfsKeys(farm) }
  if (!endpoint.startsWith(trust)) return { kind: 'other', response: plain(404, 'Not Found') }
  const name = endpoint.slice(trust.length)
  if (name === 'mex') return { kind: 'mex', response: metadata(farm, request) }
  if (name === '13/usernamemixed') return usernameMixed(farm, request, '1.3', path)
  if (name === '2005/usernamemixed') return usernameMixed(farm, request, '2005', path)
  return { kind: 'wstrust', response: trap(name, farm.now()) }
}

function metadata(farm: FarmContext, request: SimulatorRequest): HttpResponse {
  if (request.method !== 'GET') return plain(405, 'Method Not Allowed', { allow: 'GET' })
  return {
    status: 200,
    headers: { 'content-type': 'text/xml; charset=utf-8' },
    body: writeMexDocument(farm.origin(), farm.world.farm.offer),
  }
}

/** Endpoints that exist on a farm and that a password must not be sent to. */
function trap(name: string, at: EpochSeconds): HttpResponse {
  const [folder, endpoint] = name.split('/')
  const version = folder === '13' ? '1.3' : '2005'
  if (folder !== '13' && folder !== '2005') return plain(404, 'Not Found')
  if (endpoint === 'windowstransport') return plain(401, 'Unauthorized', { 'www-authenticate': 'Negotiate, NTLM' })
  if (endpoint === 'usernamebasictransport') {
    return plain(401, 'Unauthorized', { 'www-authenticate': 'Basic realm="simulator"' })
  }
  if (endpoint === 'username') {
    // The message-security endpoint: it wants an encrypted message and cannot say so to one that is not.
    return faultReply(
      new SoapFault(
        'The server was unable to process the request due to an internal error.',
        'InternalServiceFault',
        'Receiver',
      ),
      { version, at },
    )
  }
  return plain(404, 'Not Found')
}

function usernameMixed(farm: FarmContext, request: SimulatorRequest, version: WsTrustVersion, path: string): Answer {
  const facts = { kind: 'wstrust', wsTrustVersion: version } as const
  // A disabled endpoint is no endpoint for http.sys, which then answers by itself.
  if (!farm.world.farm.offer.includes(version)) return { ...facts, response: plain(503, 'Service Unavailable') }
  if (request.method !== 'POST') return { ...facts, response: plain(400, 'Bad Request') }
  if (!/^application\/soap\+xml\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return {
      ...facts,
      response: plain(415, 'Cannot process the message because the content type was not the expected type.'),
    }
  }
  const envelope = parseEnvelope(farm, request.body ?? '')
  if (envelope === undefined) return { ...facts, response: plain(400, 'Bad Request') }
  return { ...facts, ...reply(farm, envelope, version, path) }
}

function parseEnvelope({ libraries }: FarmContext, body: string): XmlElement | undefined {
  try {
    return parseXml(libraries.DOMParser, body)
  } catch (error) {
    if (error instanceof MalformedXml) return undefined
    throw error
  }
}

function reply(
  farm: FarmContext,
  envelope: XmlElement,
  version: WsTrustVersion,
  path: string,
): { response: HttpResponse; username?: string } {
  const at = farm.now()
  const relatesTo = messageIdOf(envelope)
  const context: ReplyContext = { version, at, ...(relatesTo === undefined ? {} : { relatesTo }) }
  let username: string | undefined
  try {
    const received = readTokenRequest(envelope, { version, path, hosts: farm.hosts(), now: at, strict: farm.strict })
    username = received.username
    return { response: issue(farm, authenticate(farm, received), received, context), username }
  } catch (error) {
    if (!(error instanceof SoapFault)) throw error
    return { response: faultReply(error, context), ...(username === undefined ? {} : { username }) }
  }
}

/** AD FS does not say which of the two was wrong, nor whether the account is locked, disabled or expired. */
function authenticate(farm: FarmContext, { username, password }: ReceivedTokenRequest): User {
  const user = findUser(farm.world, username)
  const known = user !== undefined && kindOf(farm.world, user) === 'federated'
  const usable = !['disabled', 'locked', 'password-expired'].includes(`${user?.refusal}`)
  // Compared for unknown users as well, so that both take the same time.
  const matches = sameSecret(password, user?.password ?? farm.newId())
  if (!known || !matches || !usable) {
    throw wrongPassword()
  }
  if (user.refusal === 'adfs-policy') throw farmFault('MSIS7068')
  if (user.farmFault !== undefined) throw farmFault(user.farmFault) ?? wrongPassword()
  return user
}

function wrongPassword(): SoapFault {
  return new SoapFault('ID3242: The security token could not be authenticated or authorized.', 'FailedAuthentication')
}

function issue(
  farm: FarmContext,
  user: User,
  { appliesTo, tokenType }: ReceivedTokenRequest,
  context: ReplyContext,
): HttpResponse {
  if (appliesTo === '' || (farm.strict && !farm.world.farm.relyingParties.includes(appliesTo))) {
    throw new SoapFault('ID3082: The request scope is not valid or is unsupported.', 'InvalidScope')
  }
  const version =
    tokenType === undefined ? (user.assertionVersion ?? farm.world.farm.assertionVersion) : tokenTypes[tokenType]
  if (version === undefined) throw new SoapFault('MSIS3127: The specified request failed.', 'RequestFailed')
  const assertionId = `_${farm.newId()}`
  const assertion = issueAssertion(farm.libraries, farm.certificate, {
    version,
    id: assertionId,
    issuer: farm.issuer,
    audience: appliesTo,
    upn: user.username,
    ...(user.immutableId === undefined ? {} : { immutableId: user.immutableId }),
    issuedAt: context.at,
    lifetimeSeconds: assertionLifetimeSeconds,
  })
  const expires = context.at + assertionLifetimeSeconds
  return tokenReply({ assertion, assertionId, assertionVersion: version, appliesTo, expires }, context)
}

function plain(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${text}\n` }
}
