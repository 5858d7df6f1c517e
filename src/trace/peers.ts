import type { Step } from '../errors.ts'
import type { Authority } from '../protocol/authority.ts'
import type { JsonObject } from '../protocol/json.ts'
import type { UserRealm } from '../realm/user-realm.ts'
import type { WsTrustVersion } from '../wstrust/namespaces.ts'
import { deviationsOf, type PeerDeviation, type PeerRule } from './peers/deviations.ts'
import { readPeerDocument } from './peers/mex-reading.ts'
import { type PeerName, type PeerProfile, profiles } from './peers/profiles.ts'
import { wireRealm } from './peers/realm-judgement.ts'

export type { PeerName } from './peers/profiles.ts'

/** What a prediction starts from. What is left out is not known, and so some of the outcome is not. */
export interface PeerInput {
  /** How the user signs in, parsed or as the members of the realm answer. Default: federated, addresses unknown. */
  readonly realm?: UserRealm | JsonObject
  /** The answer at the MEX address: its text (status 200), or status and text. Absent: no answer. */
  readonly mex?: string | { readonly status: number; readonly body: string }
  /** Default: an Entra tenant that is not known. */
  readonly authority?: Authority
  readonly username?: string
}

/** Where a library would send the password, or where it would fail. Addresses are a peer’s text: show them by `display()`. */
export interface PeerPrediction {
  readonly peer: PeerName
  /** For people: `MSAL Python`. */
  readonly name: string
  /** The releases it holds for. */
  readonly releases: string
  /** `run`: our tests compare such predictions with what the library does. `source`: read in its source only. */
  readonly basis: 'run' | 'source'
  /**
   * `managed`: the password goes to the token endpoint. `federated`: to a WS-Trust endpoint. `fails`: nowhere. `unknown`:
   * our reader refuses the MEX document for a reason of its own, so what others make of it cannot be told.
   */
  readonly path: 'managed' | 'federated' | 'fails' | 'unknown'
  /** Where the password is posted; the URL is absent where the input does not tell it. */
  readonly endpoint?: { readonly url?: string; readonly version?: WsTrustVersion }
  /** Where it fails and the gist of the message. Beside an endpoint: afterwards, the password was sent. */
  readonly failure?: { readonly step: Step; readonly message: string }
  /** Why: the rules by which it differs from this client, as far as they mattered. */
  readonly deviations: readonly PeerDeviation[]
}

/** All libraries, in the order of their predictions. */
export const peerNames: readonly PeerName[] = Object.keys(profiles) as PeerName[]

/** What every library would do: the answer to "it works there and not here". */
export function comparePeers(input: PeerInput): readonly PeerPrediction[] {
  return peerNames.map((peer) => predictPeer(peer, input))
}

/**
 * What a library would do with a user’s password, given the same answers. Nothing is sent, and no password is needed.
 *
 * It holds for a public client’s first sign-in in a process. What servers do with the password is not predicted, with two
 * exceptions: Entra does not know that of a federated user, and AD FS refuses XML that is ill-formed.
 */
export function predictPeer(peer: PeerName, input: PeerInput): PeerPrediction {
  const profile: PeerProfile = profiles[peer]
  const { name, releases, basis } = profile
  const { rules, ...outcome } = follow(profile, input)
  return { peer, name, releases, basis, ...outcome, deviations: deviationsOf(rules) }
}

type Outcome = Pick<PeerPrediction, 'path' | 'endpoint' | 'failure'> & { readonly rules: readonly PeerRule[] }
type Federation = NonNullable<PeerProfile['federation']>

function follow(
  { federation, tokenEndpoint }: PeerProfile,
  { realm, mex, authority, username = '' }: PeerInput,
): Outcome {
  const kind = authority?.kind ?? 'entra'
  const isEntra = kind === 'entra'
  const toTokenEndpoint: Outcome = { path: 'managed', endpoint: tokenEndpointOf(authority, tokenEndpoint), rules: [] }
  const answer = wireRealm(realm ?? {})
  const isFederated = realm === undefined ? mex !== undefined : /^federated$/i.test(String(answer['account_type']))
  if (federation === undefined) return isEntra && isFederated ? withForeignPassword(toTokenEndpoint) : toTokenEndpoint
  if (!federation.asks(kind)) return toTokenEndpoint
  if (!isEntra) {
    const rules = ['peer.realm.asked-everywhere'] as const
    if (federation.withoutRealm === 'managed') return { ...toTokenEndpoint, rules }
    return fails('realm', 'the authority has no realm page (404)', rules)
  }
  if (federation.nameEndsAt?.test(username) === true) {
    const judged = federation.judgeRealm({ ...answer, account_type: 'Unknown', domain_name: 'contoso.example' })
    const rules = ['peer.realm.name-cut', ...judged.rules] as const
    if (judged.path === 'fails') return fails('realm', judged.failure, rules)
    return isFederated ? withForeignPassword({ ...toTokenEndpoint, rules }) : { ...toTokenEndpoint, rules }
  }
  if (realm === undefined) return withUsername(federation, username, exchange(federation, {}, true, mex))
  const judged = federation.judgeRealm(answer)
  if (judged.path === 'fails') return fails('realm', judged.failure, judged.rules)
  if (judged.path === 'managed') {
    const outcome = { ...toTokenEndpoint, rules: judged.rules }
    return isFederated ? withForeignPassword(outcome) : outcome
  }
  const outcome = exchange(federation, judged, 'accountType' in realm && realm.accountType === 'consumer', mex)
  return withUsername(federation, username, { ...outcome, rules: [...judged.rules, ...outcome.rules] })
}

/** @param addressesUnknown The addresses that are missing may be in the realm answer that the library gets. */
function exchange(
  federation: Federation,
  addresses: { readonly metadataUrl?: string; readonly activeAuthUrl?: string },
  addressesUnknown: boolean,
  mex: PeerInput['mex'],
): Outcome {
  const { metadataUrl, activeAuthUrl } = addresses
  if (metadataUrl === undefined && !addressesUnknown) return atActiveUrl(federation, activeAuthUrl, [], 'wstrust')
  const dropped = federation.dropsQuery && /\?/.test(metadataUrl ?? '') ? (['peer.wstrust.query-dropped'] as const) : []
  const reading = readAnswer(federation, mex)
  if (reading === 'beyond') return { path: 'unknown', rules: dropped }
  const rules = [...dropped, ...reading.rules]
  if ('url' in reading) {
    const { url, version } = reading
    if (!URL.canParse(url)) return fails('wstrust', 'the address of the endpoint is no URL', rules)
    return { path: 'federated', endpoint: { url, ...(version === undefined ? {} : { version }) }, rules }
  }
  if (federation.activeUrl?.when !== 'mex-fails') {
    const ours = activeAuthUrl === undefined || !reading.noDocument ? [] : (['peer.realm.no-active-url'] as const)
    return fails('mex', reading.failure, [...rules, ...ours])
  }
  const silently = [...rules, 'peer.mex.silent-fallback'] as const
  if (activeAuthUrl === undefined && addressesUnknown) return { path: 'federated', endpoint: {}, rules: silently }
  return atActiveUrl(federation, activeAuthUrl, silently, 'mex')
}

function atActiveUrl(federation: Federation, url: string | undefined, rules: readonly PeerRule[], step: Step): Outcome {
  const { activeUrl } = federation
  if (url === undefined || activeUrl === undefined) return fails(step, 'no WS-Trust endpoint', rules)
  if (!URL.canParse(url)) return fails('wstrust', 'the address of the endpoint is no URL', rules)
  const version = activeUrl.versionOf(url)
  const segments = new URL(url).pathname.split('/')
  const told = version === (segments.includes('13') ? '1.3' : '2005') ? rules : [...rules, activeUrl.rule]
  if (version === undefined) return fails('wstrust', 'the WS-Trust version of the endpoint is not supported', told)
  return { path: 'federated', endpoint: { url, version }, rules: told }
}

type Answered = { readonly rules: readonly PeerRule[] } & (
  | { readonly url: string; readonly version?: WsTrustVersion }
  | { readonly failure: string; readonly noDocument: boolean }
)

function readAnswer({ accepts, lenient, readMex }: Federation, mex: PeerInput['mex']): Answered | 'beyond' {
  if (mex === undefined) return { failure: 'no answer at the MEX address', noDocument: true, rules: [] }
  const { status, body } = typeof mex === 'string' ? { status: 200, body: mex } : mex
  if (!accepts(status))
    return { failure: `the MEX address answers with HTTP status ${status}`, noDocument: true, rules: [] }
  const document = readPeerDocument(body, lenient)
  if (document === 'beyond') return 'beyond'
  if (document === 'malformed')
    return { failure: 'the MEX document is not well-formed XML', noDocument: true, rules: [] }
  const reading = readMex(document)
  const tolerated: readonly PeerRule[] = [
    ...(status === 200 ? [] : (['peer.mex.status'] as const)),
    ...(document.hasDoctype && 'url' in reading ? (['peer.mex.doctype-accepted'] as const) : []),
  ]
  const rules = [...tolerated, ...reading.rules]
  return 'url' in reading ? { ...reading, rules } : { ...reading, noDocument: false, rules }
}

const fails = (step: Step, message: string, rules: readonly PeerRule[]): Outcome => ({
  path: 'fails',
  failure: { step, message },
  rules,
})

function withForeignPassword(outcome: Outcome): Outcome {
  const message =
    'invalid_grant (AADSTS50126): Entra does not know the password, unless it is synchronised and a policy lets Entra judge it'
  return {
    ...outcome,
    failure: { step: 'token', message },
    rules: outcome.rules.length > 0 ? outcome.rules : ['peer.realm.never-asked'],
  }
}

function withUsername({ username: written }: Federation, username: string, outcome: Outcome): Outcome {
  if (written === undefined || outcome.path !== 'federated' || !/[&<]/.test(username)) return outcome
  const rules = [...outcome.rules, `peer.wstrust.username-${written}`] as const
  if (written === 'unescaped-formerly') return { ...outcome, rules }
  return { ...outcome, failure: { step: 'wstrust', message: 'the server refuses ill-formed XML' }, rules }
}

function tokenEndpointOf(authority: Authority | undefined, version: 'v1' | 'v2'): { readonly url?: string } {
  if (authority === undefined || authority.kind === 'oidc') return {}
  const path = authority.kind === 'adfs' || version === 'v1' ? '/oauth2/token' : '/oauth2/v2.0/token'
  return { url: `${authority.url}${path}` }
}
