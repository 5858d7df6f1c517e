import { display, InvalidArgumentError, ProtocolError, UnsupportedError } from '../errors.ts'
import {
  createRequest,
  describeStranger,
  type HttpRequest,
  type HttpResponse,
  strangerFacts,
} from '../protocol/http.ts'
import type { Verdict } from '../protocol/verdict.ts'
import { judgeAddress, readCandidates } from './mex-candidates.ts'
import { type WsTrustVersion, wsdl } from './namespaces.ts'
import { parseXml } from './xml.ts'
import { outermostNamed } from './xml-element.ts'

/** Where a `RequestSecurityToken` goes, and which version of WS-Trust is spoken there. */
export interface WsTrustEndpoint {
  readonly version: WsTrustVersion
  /** Absolute https URL, as the document wrote it. */
  readonly url: string
}

/** One port of a MEX document with its binding and policy, or a binding or policy that no port uses. */
export interface MexCandidate {
  /** `wsu:Id` of the policy. */
  readonly policy?: string
  /** `wsdl:binding/@name`. */
  readonly binding?: string
  /** `wsdl:port/@name`. */
  readonly port?: string
  /** By the binding's Issue action, whatever dialect the policy is written in. */
  readonly version?: WsTrustVersion
  /** The port's address, also where it may not be used. */
  readonly url?: string
  /** `mex.ok`, or the first rule that was broken; `evidence` says it in words. */
  readonly verdict: Verdict
}

/** What a WS-MetadataExchange answer tells us: everything it offers, in document order, each with its verdict. */
export interface MexDocument {
  readonly candidates: readonly MexCandidate[]
}

/**
 * Builds the request for a federation server's metadata: a plain GET, query string kept.
 *
 * @param url `federation_metadata_url` of the user realm.
 * @param correlationId Sent as `client-request-id`.
 * @throws {@link InvalidArgumentError} if the URL is not https: the document decides where the password goes.
 * @see {@link https://www.w3.org/TR/ws-metadata-exchange/ WS-MetadataExchange}
 */
export function buildMexRequest(url: string, correlationId?: string): HttpRequest {
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new InvalidArgumentError('the federation metadata URL is not an https URL', {
      step: 'mex',
      hint: 'The document at that URL decides which host receives the password, so it must be fetched over TLS.',
    })
  }
  const accept = 'application/soap+xml, application/xml, text/xml'
  return createRequest({
    step: 'mex',
    method: 'GET',
    url,
    headers: { accept, ...(correlationId === undefined ? {} : { 'client-request-id': correlationId }) },
  })
}

/**
 * Reads a MEX document: WSDL 1.1 with WS-Policy, bare or wrapped in SOAP (`wsdl:definitions` is searched anywhere).
 *
 * Every port appears with its binding, policy and verdict, and so does every binding and policy that no port uses.
 * Something missing disqualifies the part it is missing from, never the document. Hosts are not judged here.
 *
 * @throws {@link ProtocolError} `ERR_UNEXPECTED_STATUS` for any status but 200, `ERR_MALFORMED_RESPONSE` for a body
 * that is not such a document, or one where a policy id or binding name occurs twice and could mean either.
 * @see {@link https://www.w3.org/TR/wsdl.html WSDL 1.1 §2.5, §2.7},
 * {@link https://www.w3.org/Submission/WS-PolicyAttachment/ WS-PolicyAttachment}
 */
export function parseMexDocument(response: HttpResponse): MexDocument {
  if (response.status !== 200) throw unexpectedStatus(response)
  const facts = strangerFacts(response)
  const { root } = parseXml(response.body, 'mex', { response: facts })
  const definitions = outermostNamed(root, wsdl, 'definitions')
  if (definitions.length === 0) {
    throw new ProtocolError('ERR_MALFORMED_RESPONSE', 'the answer is XML but holds no WSDL definitions', {
      step: 'mex',
      hint: 'The URL is probably not a WS-MetadataExchange endpoint (AD FS: /adfs/services/trust/mex).',
      response: facts,
    })
  }
  return { candidates: readCandidates(definitions) }
}

/**
 * Chooses where the password goes: the first WS-Trust 1.3 endpoint of the document, or else the first 2005 one.
 *
 * @param version Takes only endpoints of this version.
 * @throws {@link UnsupportedError} `ERR_NO_WSTRUST_ENDPOINT`; its `cause.rejected` lists up to 20 of the endpoints that
 * were there and why each cannot be used.
 */
export function chooseWsTrustEndpoint(mex: MexDocument, version?: WsTrustVersion): WsTrustEndpoint {
  for (const wanted of version === undefined ? (['1.3', '2005'] as const) : [version]) {
    const chosen = mex.candidates.find((candidate) => candidate.verdict.ok && candidate.version === wanted)
    if (chosen?.url !== undefined) return { version: wanted, url: chosen.url }
  }
  const rejected = mex.candidates.slice(0, 20).map(({ url, policy, verdict }) => ({
    ...(url === undefined ? {} : { url: display(url) }),
    ...(policy === undefined ? {} : { policy: display(policy) }),
    reason: verdict.evidence ?? verdict.rule,
  }))
  throw new UnsupportedError(
    'ERR_NO_WSTRUST_ENDPOINT',
    version === undefined
      ? 'the MEX document offers no https endpoint with a username/password policy'
      : `the MEX document offers no https endpoint with a username/password policy for WS-Trust ${version}`,
    {
      step: 'mex',
      hint: hintFor(mex),
      whereToLook: 'On the AD FS server: Get-AdfsEndpoint lists which endpoints are enabled and published.',
      waysOut: ['integrated_windows', 'device_code', 'interactive'],
      cause: { rejected },
    },
  )
}

function hintFor({ candidates }: MexDocument): string {
  if (candidates.some(({ verdict }) => verdict.rule === 'mex.port.address-insecure')) {
    return 'A username endpoint is published without TLS only. The federation server must publish it under https.'
  }
  return (
    'The federation server must have a WS-Trust usernamemixed endpoint enabled and published ' +
    '(AD FS: /adfs/services/trust/13/usernamemixed). Without one its users cannot sign in with a password alone.'
  )
}

/**
 * Makes an endpoint of the realm's `federation_active_auth_url`, for when no MEX document can be had. A path segment
 * `13` means WS-Trust 1.3; anything else is 2005, the form Entra stores by default.
 *
 * @param version Wanted instead: the path segment of the other version is replaced, as AD FS names its endpoints.
 * @throws {@link ProtocolError} `ERR_INSECURE_ENDPOINT` (step `wstrust`) if it is not a plain https URL.
 */
export function wsTrustEndpointFromActiveAuthUrl(url: string, version?: WsTrustVersion): WsTrustEndpoint {
  const address = judgeAddress(url.trim())
  if (!address.verdict.ok) {
    throw new ProtocolError('ERR_INSECURE_ENDPOINT', 'the active authentication URL is not a plain https URL', {
      step: 'wstrust',
      hint: 'The federation settings of the domain must name the federation server by an https URL.',
    })
  }
  const segments = new URL(address.url).pathname.split('/')
  const named = segments.includes('13') && !segments.includes('2005') ? '1.3' : '2005'
  if (version === undefined || version === named) return { version: named, url: address.url }
  const [from, to] = version === '1.3' ? ['/2005/', '/13/'] : ['/13/', '/2005/']
  return { version, url: address.url.replace(`/trust${from}`, () => `/trust${to}`) }
}

function unexpectedStatus(response: HttpResponse): ProtocolError {
  const { status } = response
  let hint = 'Look at what the metadata URL returns; the federation server or a proxy before it is not well.'
  if (status >= 300 && status < 400) hint = 'Redirects are not followed. Set the domain to the final metadata URL.'
  if (status === 404) hint = 'The MEX endpoint is not published under this URL (AD FS: /adfs/services/trust/mex).'
  if (status === 400 || status === 405) hint = 'This server may answer metadata requests by SOAP POST only.'
  const facts = strangerFacts(response)
  const message = `the metadata URL answered with HTTP status ${status}${describeStranger(facts)}`
  return new ProtocolError('ERR_UNEXPECTED_STATUS', message, { step: 'mex', hint, response: facts })
}
