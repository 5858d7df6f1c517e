import { describeCloud, describeMetadata, describeMex, describeRealm } from '../client/discovery-events.ts'
import type { Candidate, ClientEventBody } from '../client/events.ts'
import type { Description } from '../client/exchange.ts'
import { describeTokens } from '../client/redeem.ts'
import { type AuthError, isAuthError, type Step } from '../errors.ts'
import { type Authority, parseAuthority } from '../protocol/authority.ts'
import { findCloud } from '../protocol/clouds.ts'
import { grantTypes } from '../protocol/grants.ts'
import type { HttpResponse, Timings } from '../protocol/http.ts'
import { decodeIdToken } from '../protocol/id-token.ts'
import { parseInstanceDiscovery } from '../protocol/instance-discovery.ts'
import { findJsonObject } from '../protocol/json.ts'
import { metadataByConvention, parseMetadata, type ServerMetadata } from '../protocol/server-metadata.ts'
import { formatInstant } from '../protocol/time.ts'
import { parseTokenResponse } from '../protocol/token-response.ts'
import { parseUserRealm, type UserRealm } from '../realm/user-realm.ts'
import type { RedactedRequest, RedactedResponse } from '../redact/redacted-message.ts'
import { assertionFacts } from '../wstrust/assertion-facts.ts'
import { type MexDocument, parseMexDocument } from '../wstrust/mex-document.ts'
import { type WsTrustVersion, wsTrust } from '../wstrust/namespaces.ts'
import { parseSecurityTokenResponse } from '../wstrust/security-token-response.ts'
import type { HarExchange } from './har-entries.ts'
import type { TraceEventOf } from './trace.ts'

/** An exchange of somebody else's program, without its secrets. */
export interface RedactedExchange {
  readonly step: Step
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly durationMs: number
  readonly timings?: Timings
  readonly request: RedactedRequest
  readonly misplaced?: NonNullable<HarExchange['misplaced']>
  readonly response?: RedactedResponse
}

type Event<T extends ClientEventBody['type']> = Extract<ClientEventBody, { readonly type: T }>

/** What an exchange tells. */
interface ReadExchange {
  /** Decided before the request went out. */
  readonly before: readonly Event<'decision'>[]
  readonly parses: readonly { readonly step: Step; readonly parse: Pick<Event<'parse'>, 'what' | 'facts' | 'checks'> }[]
  /** Decided by the answer. */
  readonly after: readonly Event<'decision'>[]
  readonly token?: Omit<Event<'token'>, 'type'>
  readonly error?: AuthError
}

interface Reader {
  readonly start: Event<'run.start'>
  read(exchange: RedactedExchange): ReadExchange
}

/** Reads the exchanges of one sign-in in order, with our parsers; what was learnt from one explains the next. */
export function createReader(exchanges: readonly RedactedExchange[]): Reader {
  const context = contextOf(exchanges)
  return {
    start: startOf(exchanges, context),
    read: (exchange) => {
      const before = decisionsBefore(exchange, context)
      try {
        return { before, after: [], ...readAnswer(exchange, context) }
      } catch (error) {
        if (!isAuthError(error)) throw error
        return { before, parses: [], after: [], error }
      }
    },
  }
}

interface Context {
  readonly authority: Authority
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Whether tokens come from Entra's older endpoint, whose issuer is another. */
  readonly isV1: boolean
  metadata: ServerMetadata | undefined
  realm: UserRealm | undefined
  mex: MexDocument | undefined
}

function contextOf(exchanges: readonly RedactedExchange[]): Context {
  const token = exchanges.findLast(({ step }) => step === 'token' || step === 'device') ?? exchanges[0]
  const form = formOf(token?.request)
  const scope = form.get('scope') ?? ''
  return {
    authority: authorityOf(token?.request.url ?? ''),
    clientId: form.get('client_id') ?? '',
    scopes: scope.split(' ').filter((name) => name !== ''),
    isV1: /\/oauth2\/token$/.test(new URL(token?.request.url ?? 'https://unknown.invalid').pathname),
    metadata: undefined,
    realm: undefined,
    mex: undefined,
  }
}

function authorityOf(tokenEndpoint: string): Authority {
  const url = URL.canParse(tokenEndpoint) ? new URL(tokenEndpoint) : new URL('https://unknown.invalid')
  const path = url.pathname.replace(/\/(?:oauth2\/)?(?:v2\.0\/)?(?:token|devicecode)$|\/common\/userrealm\/.*$/i, '')
  try {
    return parseAuthority(`${url.origin}${path}`)
  } catch {
    // Programs ask where we would not: at "common", over http, with a port.
    const cloud = findCloud(url.host)
    const kind = cloud === undefined ? 'oidc' : 'entra'
    const [, tenant = ''] = path.split('/')
    const names = { environment: cloud?.cacheHost ?? url.host, aliases: cloud?.aliases ?? [url.host] }
    return { kind, url: `${url.origin}${path}`, host: url.host, tenant, ...names, known: cloud !== undefined }
  }
}

function startOf(exchanges: readonly RedactedExchange[], { authority, clientId, scopes }: Context): Event<'run.start'> {
  const [first] = exchanges
  const ids = exchanges.map(({ request }) => request.headers['client-request-id'])
  const names = exchanges.map(({ request }) => formOf(request).get('username') ?? usernameIn(request.body ?? ''))
  const username = names.find((name) => name !== undefined && name !== null && name !== '')
  const { kind, url, tenant } = authority
  return {
    type: 'run.start',
    operation: 'a sign-in of another program',
    correlationId: ids.find((id) => id !== undefined) ?? '',
    startedAt: formatInstant(Math.floor((first?.startedAt ?? 0) / 1_000)),
    clientId,
    authority: { kind, url, tenant },
    ...(typeof username === 'string' ? { username } : {}),
    ...(scopes.length === 0 ? {} : { scopes }),
  }
}

function usernameIn(body: string): string | undefined {
  return /<(?:[\w.-]+:)?Username>([^<]{1,200})</.exec(body)?.[1]
}

function decisionsBefore(
  { step, request, misplaced }: RedactedExchange,
  context: Context,
): readonly Event<'decision'>[] {
  if (step === 'wstrust') return [endpointDecision(request, context)]
  if (step !== 'token') return []
  const chosen = misplaced?.grant ?? formOf(request).get('grant_type') ?? ''
  const known = Object.entries(grantTypes).map(
    ([name, label]): Candidate => ({ label, rule: `grant.${name}`, ok: label === chosen }),
  )
  const other: Candidate = { label: chosen, rule: 'import.grant.other', ok: true }
  const candidates = known.some(({ ok }) => ok) ? known : [...known, other]
  return [{ type: 'decision', step, question: 'grant', chosen, candidates }]
}

/** Where the program sent the password, beside what the metadata offers and what we would say of it. */
function endpointDecision(request: RedactedRequest, { mex, realm }: Context): Event<'decision'> {
  const { url } = request
  const version = versionOf(request)
  let isFound = false
  const listed = (mex?.candidates ?? []).map(({ policy, binding, port, verdict, ...rest }): Candidate => {
    const isUsed = !isFound && rest.url === url && (rest.version ?? version) === version
    isFound ||= isUsed
    const label = [port, binding, policy].find((name) => name !== undefined) ?? 'a part without a name'
    if (isUsed && verdict.ok) return { label, ...rest, rule: 'import.endpoint.used', ok: true }
    if (isUsed) return { label, ...rest, rule: 'import.endpoint.used-though', ok: true, evidence: verdict.rule }
    return verdict.ok
      ? { label, ...rest, rule: 'import.endpoint.passed-over', ok: false }
      : { label, ...rest, ...verdict }
  })
  const onFile = realm?.accountType === 'federated' && realm.activeAuthUrl === url
  const own: Candidate = onFile
    ? { label: 'the endpoint that Entra has on file', rule: 'mex.fallback.active-auth-url', ok: true, url, version }
    : { label: 'an endpoint that no metadata here names', rule: 'import.endpoint.not-listed', ok: true, url, version }
  const candidates = isFound ? listed : [...listed, own]
  return { type: 'decision', step: 'mex', question: 'WS-Trust endpoint', chosen: url, candidates }
}

function versionOf({ body = '', headers }: RedactedRequest): WsTrustVersion {
  return `${headers['soapaction']} ${body}`.includes(wsTrust['1.3'].namespace) ? '1.3' : '2005'
}

type Answer = Pick<ReadExchange, 'parses'> & Partial<Pick<ReadExchange, 'after' | 'token'>>

const nothing: Answer = { parses: [] }

function readAnswer(exchange: RedactedExchange, context: Context): Answer {
  const { step, request, response } = exchange
  if (response === undefined) return nothing
  switch (step) {
    case 'authority':
      return { parses: [described(step, readAuthority(request, response, context))] }
    case 'realm': {
      context.realm = parseUserRealm(response)
      return { parses: [described(step, describeRealm(context.realm))], after: [accountTypeDecision(context.realm)] }
    }
    case 'mex': {
      context.mex = parseMexDocument(response)
      return { parses: [described(step, describeMex(context.mex))] }
    }
    case 'wstrust': {
      const facts = { ...assertionFacts(parseSecurityTokenResponse(response, versionOf(request))) }
      return { parses: [described(step, { what: 'SAML assertion', facts })] }
    }
    case 'token':
      return readTokens(exchange, response, context)
    default:
      return nothing
  }
}

function described(step: Step, { what, facts, checks = [] }: Description): ReadExchange['parses'][number] {
  const present = Object.entries(facts).filter(
    (entry): entry is [string, TraceEventOf<'parse'>['facts'][string]] => entry[1] !== undefined,
  )
  return { step, parse: { what, facts: Object.fromEntries(present), checks } }
}

function readAuthority({ url }: RedactedRequest, response: HttpResponse, context: Context): Description {
  if (/\/discovery\/instance$/.test(new URL(url).pathname)) {
    const asked = new URL(url).searchParams.get('authorization_endpoint') ?? ''
    const host = URL.canParse(asked) ? new URL(asked).host : context.authority.host
    return describeCloud(parseInstanceDiscovery(response, { ...context.authority, host }))
  }
  context.metadata = parseMetadata(response, context.authority)
  return describeMetadata(context.metadata)
}

function accountTypeDecision(realm: UserRealm): Event<'decision'> {
  const evidence = 'domainName' in realm ? realm.domainName : undefined
  const candidates = (['managed', 'federated', 'consumer', 'unknown'] as const).map((label): Candidate => {
    const ok = label === realm.accountType
    return { label, rule: `realm.account-type.${label}`, ok, ...(ok && evidence !== undefined ? { evidence } : {}) }
  })
  return { type: 'decision', step: 'realm', question: 'account type', chosen: realm.accountType, candidates }
}

function readTokens({ startedAt, request }: RedactedExchange, response: HttpResponse, context: Context): Answer {
  const tokens = parseTokenResponse(response, context.scopes, { accessTokenOptional: true })
  const at = Math.floor(startedAt / 1_000)
  const source = formOf(request).get('grant_type') ?? ''
  const idToken = readIdToken(response, at, context)
  return {
    parses: [described('token', describeTokens(tokens)), ...(idToken === undefined ? [] : [idToken])],
    token: { source, scopes: tokens.scopes, expiresOn: new Date((at + tokens.expiresInSeconds) * 1_000) },
  }
}

function readIdToken(
  response: HttpResponse,
  at: number,
  { authority, metadata, clientId, isV1 }: Context,
): ReadExchange['parses'][number] | undefined {
  const idToken = findJsonObject(response)?.['id_token']
  if (typeof idToken !== 'string') return undefined
  const byConvention =
    authority.kind === 'entra' && authority.known ? metadataByConvention(authority).issuer : undefined
  const issuer = metadata?.issuer ?? (isV1 ? 'https://sts.windows.net/{tenantid}/' : byConvention)
  const expected = { clientId, kind: authority.kind, issuer: issuer ?? '', issuerAliases: authority.aliases }
  try {
    const { claims, checks } = decodeIdToken(idToken, expected, at)
    const { iss, aud, sub, oid, tid, preferred_username, upn, exp, iat } = claims
    return described('id_token', {
      what: 'id_token',
      facts: { iss, aud, sub, oid, tid, preferred_username, upn, exp, iat },
      checks: [
        // Who should have issued it, an archive without the metadata of the server does not say.
        ...checks.filter(({ rule }) => issuer !== undefined || rule !== 'id_token.issuer'),
        { rule: 'id_token.signature-skipped', ok: true, evidence: 'a redacted token has no signature' },
      ],
    })
  } catch {
    // Tokens are told by what is left of them; one that is nothing but a mark tells nothing.
    return undefined
  }
}

function formOf(request: RedactedRequest | undefined): URLSearchParams {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(request?.headers['content-type'] ?? '')
  return new URLSearchParams(isForm ? (request?.body ?? '') : '')
}
