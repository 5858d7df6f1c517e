import type { Candidate } from '../client/events.ts'
import { oneLine } from '../errors.ts'
import type { Verdict } from '../protocol/verdict.ts'
import { type ClockSkew, findClockSkew } from './clock-skew.ts'
import { readMexCandidates } from './mex-chain.ts'
import { explainRule } from './rules.ts'
import { eventsOf, type Hop, hopsOf, type Run } from './runs.ts'
import type { TraceEventOf } from './trace.ts'

/** The five questions that every view answers first. */
export const questions: Readonly<Record<keyof Omit<Summary, 'clockSkew'>, string>> = {
  password: 'Which host got the password, and why?',
  rejected: 'Which endpoints were rejected, and why?',
  refused: 'What did the server refuse?',
  change: 'What has to change?',
  idToken: 'Was the id_token verified?',
}

/** What a run comes to: each answer as one or two sentences, and as data. */
export interface Summary {
  readonly password: PasswordAnswer
  readonly rejected: RejectedAnswer
  readonly refused: RefusedAnswer
  readonly change: ChangeAnswer
  readonly idToken: IdTokenAnswer
  /** Absent where no answer tells the time of its server. */
  readonly clockSkew?: ClockSkew
}

export interface PasswordAnswer {
  readonly sentence: string
  /** Absent if the password went nowhere. */
  readonly host?: string
  readonly url?: string
  /** The request that carried it. */
  readonly hop?: number
}

/** An endpoint that the password did not go to. */
export interface RejectedEndpoint {
  readonly label: string
  readonly url?: string
  readonly version?: string
  readonly rule: string
  /** In words. */
  readonly why: string
}

export interface RejectedAnswer {
  readonly sentence: string
  readonly endpoints: readonly RejectedEndpoint[]
}

export interface RefusedAnswer {
  readonly sentence: string
  /** `server`: it said no; `client`: it stopped of its own accord; `network`: no answer came; `nobody`. */
  readonly by: 'server' | 'client' | 'network' | 'nobody'
  readonly host?: string
  readonly status?: number
  /** What programs decide by: `invalid_grant`, `FailedAuthentication`, or our own code. */
  readonly code?: string
  /** The number for people to look up: `AADSTS50126`, `ID3242`. */
  readonly number?: string
}

export interface ChangeAnswer {
  readonly sentence: string
  readonly hint?: string
  readonly whereToLook?: string
  readonly waysOut: readonly string[]
}

export interface IdTokenAnswer {
  readonly sentence: string
  /** `claims`: its claims were checked, its signature needed not be; `signature`: that too. */
  readonly verified: 'signature' | 'claims' | 'failed' | 'none'
  readonly failed: readonly Verdict[]
}

/** Answers the five questions about a run. Every text of a peer's in it is safe to show. */
export function summarise(run: Run): Summary {
  const clockSkew = findClockSkew(run)
  return {
    password: tellPassword(run),
    rejected: tellRejected(run),
    refused: tellRefused(run),
    change: tellChange(run),
    idToken: tellIdToken(run),
    ...(clockSkew === undefined ? {} : { clockSkew }),
  }
}

function tellPassword(run: Run): PasswordAnswer {
  const hop = hopsOf(run).find((one) => presents(run, one) === 'password')
  if (hop === undefined) return { sentence: whyNoPassword(run) }
  const { url } = hop.request
  const host = hostOf(url)
  const unanswered = hop.response === undefined ? ' No answer came.' : ''
  const sentence =
    hop.request.step === 'wstrust'
      ? `${host}, the federation server: ${whyFederated(run)} ${whoElse(run, hop)}`
      : `${host}, the token endpoint: ${whyHere(run)}`
  return { sentence: `${sentence}${unanswered}`, host, url: oneLine(url, 2_000), hop: hop.hop }
}

function whyNoPassword(run: Run): string {
  const refreshed = hopsOf(run).find((hop) => presents(run, hop) === 'refresh_token')
  if (refreshed !== undefined) {
    return `None. The refresh token of an earlier sign-in went to ${hostOf(refreshed.request.url)} in its place.`
  }
  if (eventsOf(run, 'cache').some(({ hit }) => hit)) {
    return 'None. The token came from the cache, and nothing was sent.'
  }
  const device = hopsOf(run).find((hop) => presents(run, hop) === 'device_code')
  if (device !== undefined) return 'None. The user signs in at the server itself, in a browser, with a device code.'
  if (run.error?.code === 'ERR_REFUSED_BEFORE') {
    return 'None. It was refused a moment ago, and is not sent again for a while, since more attempts lock the account.'
  }
  return run.error === undefined
    ? 'None: this call needs no password.'
    : `None. The call ended before a password was sent, at the step ${run.error.step}.`
}

function whyHere(run: Run): string {
  const realm = decisionOf(run, 'account type')
  if (realm !== undefined) {
    const { rule = '', evidence } = realm.candidates.find(({ ok }) => ok) ?? {}
    const domain = evidence === undefined ? 'the domain of the user name' : `the domain ${show(evidence)}`
    if (rule === 'realm.account-type.named') return `the caller said that the user is ${show(realm.chosen)}.`
    if (realm.chosen === 'managed') return `Entra judges the passwords of ${domain} itself (managed).`
    return `Entra does not know ${domain}, and the caller chose to sign in there all the same.`
  }
  const kind = run.start?.authority.kind ?? decisionOf(run, 'authority kind')?.chosen
  const asked = 'where the password goes, nobody else has to be asked'
  switch (kind) {
    case 'adfs':
      return `the authority is an AD FS, which judges passwords itself: ${asked}.`
    case 'b2c':
      return `the authority is a policy (user flow) of Azure AD B2C, which judges passwords itself: ${asked}.`
    case 'ciam':
      return `the authority is an Entra External ID tenant, which judges passwords itself: ${asked}.`
    case 'oidc':
      return `the authority is an OpenID provider, which judges passwords itself: ${asked}.`
    default:
      return 'nobody was asked who judges the password, and the caller or its program chose this server.'
  }
}

function whyFederated(run: Run): string {
  const realm = decisionOf(run, 'account type')?.candidates.find(({ ok }) => ok)
  const domain = realm?.evidence === undefined ? 'the domain of the user name' : show(realm.evidence)
  const federated =
    realm?.rule === 'realm.account-type.named'
      ? 'the caller said that the user is federated'
      : realm === undefined
        ? 'the caller named the federation server'
        : `Entra said that this server judges the passwords of ${domain} (federated)`
  const chosen = decisionOf(run, 'WS-Trust endpoint')?.candidates.find(({ ok }) => ok)
  if (chosen === undefined) return `${federated}.`
  if (chosen.rule === 'mex.fallback.active-auth-url') {
    return `${federated}. Its metadata could not be had, so the endpoint that Entra has on file was used.`
  }
  const version = chosen.version === undefined ? '' : ` with WS-Trust ${show(chosen.version)}`
  if (chosen.rule.startsWith('import.')) {
    return `${federated}, and the program used ${show(chosen.label)}${version}. ${explainRule(chosen.rule)?.text ?? ''}`
  }
  return `${federated}, and its metadata (MEX) offers ${show(chosen.label)} for a user name and password${version}.`
}

function whoElse(run: Run, hop: Hop): string {
  const later = hopsOf(run).find((one) => one.hop > hop.hop && one.request.step === 'token')
  if (later === undefined) return 'Nobody else got it.'
  return `${hostOf(later.request.url)} got only the assertion that came back.`
}

function tellRejected(run: Run): RejectedAnswer {
  const candidates = decisionOf(run, 'WS-Trust endpoint')?.candidates ?? describedEndpoints(run)
  const endpoints = candidates.filter(({ ok }) => !ok).map(rejection)
  if (endpoints.length > 0) return { sentence: countRejected(endpoints, candidates), endpoints }
  if (candidates.length > 0) return { sentence: 'None: there was only the one, and it was used.', endpoints }
  const isSent = hopsOf(run).some((hop) => presents(run, hop) === 'password')
  const sentence = isSent
    ? 'None: the password goes to the token endpoint itself, so there were no endpoints to choose from.'
    : 'None: no password was sent, so no endpoint for one was chosen.'
  return { sentence, endpoints }
}

// A document that offers nothing ends the call before anything is decided: then it speaks for itself.
function describedEndpoints(run: Run): readonly Candidate[] {
  const hop = hopsOf(run).findLast(({ parses }) => parses.some(({ what }) => what === 'MEX document'))
  if (hop === undefined) return []
  const described = readMexCandidates(hop)
  if (described.length > 0) return described
  const checks = hop.parses.flatMap((parse) => (parse.what === 'MEX document' ? parse.checks : []))
  return checks.map((check) => ({ label: 'an endpoint', ...check }))
}

function rejection({ label, url, version, rule, evidence }: Candidate): RejectedEndpoint {
  const text = explainRule(rule)?.text ?? show(evidence ?? rule)
  return {
    label: show(label),
    ...(url === undefined ? {} : { url: oneLine(url, 2_000) }),
    ...(version === undefined ? {} : { version: show(version) }),
    rule: show(rule),
    why: rule === 'mex.unavailable' && evidence !== undefined ? `${text} (${show(evidence)})` : text,
  }
}

/** What the commonest reasons come to, of one endpoint and of several; the table of candidates says the rest. */
const inFewWords: Readonly<Record<string, readonly [one: string, several: string]>> = {
  'mex.policy.windows': ['wants Windows authentication', 'want Windows authentication'],
  'mex.policy.certificate': ['wants a client certificate', 'want a client certificate'],
  'mex.policy.issued-token': ['wants a token of another server', 'want a token of another server'],
  'mex.policy.no-username-token': ['takes no user name', 'take no user name'],
  'mex.policy.no-transport-binding': ['does not ask for TLS', 'do not ask for TLS'],
  'mex.policy.unused': ['is a policy that nothing uses', 'are policies that nothing uses'],
  'mex.port.address-insecure': ['is not https', 'are not https'],
  'mex.version.superseded': [
    'would do, but speaks WS-Trust 2005 where 1.3 was there',
    'would do, but speak WS-Trust 2005 where 1.3 was there',
  ],
  'mex.version.not-wanted': [
    'speaks another version of WS-Trust than the caller wants',
    'speak another version of WS-Trust than the caller wants',
  ],
  'import.endpoint.passed-over': [
    'would do too, but the program did not use it',
    'would do too, but the program did not use them',
  ],
  'mex.order.later': ['would do too, but comes later in the document', 'would do too, but come later in the document'],
}

function countRejected(rejected: readonly RejectedEndpoint[], all: readonly Candidate[]): string {
  const [missing] = all.filter(({ rule }) => rule === 'mex.unavailable' || rule === 'realm.no-metadata-url')
  if (missing !== undefined) {
    const why =
      missing.rule === 'mex.unavailable'
        ? `its metadata (MEX) could not be had or read${missing.evidence === undefined ? '' : ` (${show(missing.evidence)})`}`
        : 'Entra has no address of its metadata (MEX)'
    return `None was chosen from: which endpoints the federation server has is not known, as ${why}.`
  }
  const byRule = new Map<string, RejectedEndpoint[]>()
  for (const endpoint of rejected) byRule.set(endpoint.rule, [...(byRule.get(endpoint.rule) ?? []), endpoint])
  const parts = [...byRule].map(([rule, own]) => {
    const words = inFewWords[rule]?.[own.length === 1 ? 0 : 1] ?? `(${rule})`
    return `${own.length} ${words}`
  })
  const head = rejected.length === all.length ? `All ${all.length}` : `${rejected.length} of the ${all.length}`
  return `${head} that the federation server describes: ${parts.join('; ')}.`
}

/** How the client's messages begin; the sentence around them says it already. */
const whoSpeaks = /^(?:the federation server refused|the token endpoint answered [\w.-]{1,60}): /

function tellRefused(run: Run): RefusedAnswer {
  const { error } = run
  if (error === undefined) return tellUnrefused(run)
  const { facts, code } = error
  const status = typeof facts['status'] === 'number' ? facts['status'] : undefined
  const hop = hopsOf(run).findLast(({ response }) => response !== undefined)
  const host = hop === undefined || status === undefined ? undefined : hostOf(hop.request.url)
  const message = sentenceOf(error.message.replace(whoSpeaks, ''))
  const known = { ...(host === undefined ? {} : { host }), ...(status === undefined ? {} : { status }) }
  const word = wordOf(facts)
  if (error.name === 'TransportError' || error.name === 'AbortError') {
    return { by: 'network', code, sentence: `No server refused. The network, at the step ${error.step}: ${message}` }
  }
  const { name } = error
  const isServer = word !== undefined || ['TokenEndpointError', 'SoapFaultError', 'DeniedError'].includes(name)
  if (!isServer || status === undefined) {
    const answer = status === undefined ? '' : ` It came with HTTP status ${status}.`
    return {
      by: 'client',
      code,
      ...known,
      sentence: `No server refused. The client stopped at the step ${error.step}: ${message}${answer}`,
    }
  }
  const number = numberOf(facts)
  const fault =
    typeof facts['reason'] === 'string' && 'faultCode' in facts ? ` Its own words: ${sentenceOf(facts['reason'])}` : ''
  const said = [word, number].filter((text) => text !== undefined && !`${message}${fault}`.includes(text))
  const refused =
    error.name === 'InteractionRequiredError' ? `wants more than ${what(run, hop)}` : `refused ${what(run, hop)}`
  return {
    by: 'server',
    ...known,
    ...(word === undefined ? { code } : { code: word }),
    ...(number === undefined ? {} : { number }),
    sentence: `${host ?? 'The server'} ${refused}: ${message}${fault} (${[...said, `HTTP status ${status}${fault === '' ? '' : ', as SOAP faults have'}`].join(', ')})`,
  }
}

// A discovery request that failed and was repeated or stood in for is no refusal of the sign-in, yet worth a word.
function tellUnrefused(run: Run): RefusedAnswer {
  const failed = hopsOf(run).filter(({ response }) => (response?.status ?? 0) >= 400)
  const ended = run.end === undefined ? 'Nothing so far.' : 'Nothing.'
  const parts = failed.map(
    ({ request, response }) => `${hostOf(request.url)} answered with HTTP status ${response?.status} (${request.step})`,
  )
  return {
    by: 'nobody',
    sentence: parts.length === 0 ? ended : `${ended} But ${[...new Set(parts)].join(', ')}; the call went on.`,
  }
}

function what(run: Run, hop: Hop | undefined): string {
  const presented = hop === undefined ? undefined : presents(run, hop)
  const names = {
    password: 'the user name and password',
    assertion: 'the assertion of the federation server',
    refresh_token: 'the refresh token',
    device_code: 'the device code',
  }
  return presented === undefined ? 'the request' : names[presented]
}

function wordOf(facts: TraceEventOf<'error'>['facts']): string | undefined {
  const { suberror, error, faultSubcode, faultCode } = facts as Readonly<Record<string, unknown>>
  const words = [error, suberror].filter((word): word is string => typeof word === 'string')
  if (words.length > 0) return show([...new Set(words)].join('/'))
  const fault = [faultSubcode, faultCode].find((word) => typeof word === 'string')
  return fault === undefined ? undefined : show(String(fault))
}

function numberOf(facts: TraceEventOf<'error'>['facts']): string | undefined {
  const { serverCode, idCode, errorCodes } = facts as Readonly<Record<string, unknown>>
  const own = [serverCode, idCode].find((code) => typeof code === 'string')
  if (own !== undefined) return show(String(own))
  const [first] = Array.isArray(errorCodes) ? errorCodes : []
  return first === undefined ? undefined : show(`AADSTS${String(first)}`)
}

const waysInWords: Readonly<Record<string, string>> = {
  username_password: 'user name and password',
  device_code: 'a device code',
  interactive: 'a sign-in in a browser (authorization code with PKCE)',
  integrated_windows: 'Windows integrated authentication',
  native_authentication: 'native authentication of External ID',
  managed_identity: 'a managed identity',
  workload_federation: 'a federated workload identity',
}

/** What else could sign the user in, or do without one, in words. */
export function wayInWords(way: string): string {
  return Object.hasOwn(waysInWords, way) ? (waysInWords[way] ?? way) : show(way)
}

function tellChange(run: Run): ChangeAnswer {
  const { error } = run
  if (error === undefined) {
    const own = eventsOf(run, 'warning').filter(({ code }) => !code.startsWith('ROPC_'))
    const text = own.map(({ code, message }) => `${sentenceOf(message)} [${code}]`).join(' ')
    return { sentence: text === '' ? 'Nothing.' : `Nothing, for this call. But: ${text}`, waysOut: [] }
  }
  const { hint, whereToLook, waysOut = [] } = error
  return {
    sentence: hint === undefined ? 'The client has no advice.' : sentenceOf(hint),
    ...(hint === undefined ? {} : { hint: oneLine(hint, 1_000) }),
    ...(whereToLook === undefined ? {} : { whereToLook: oneLine(whereToLook, 1_000) }),
    waysOut: waysOut.map(show),
  }
}

function tellIdToken(run: Run): IdTokenAnswer {
  const parses = hopsOf(run).flatMap((hop) => hop.parses.filter(({ what: artefact }) => artefact === 'id_token'))
  const latest = parses.at(-1)
  const failed = latest?.checks.filter(({ ok }) => !ok) ?? []
  const isVerified = run.start?.operation === 'verifyIdToken' && run.error === undefined && run.end?.ok === true
  if (isVerified) return { verified: 'signature', failed, sentence: 'Yes: its signature and its claims.' }
  if (latest === undefined) return { verified: 'none', failed, sentence: whyNoIdToken(run) }
  const names = failed.map(({ rule, evidence }) =>
    evidence === undefined ? show(rule) : `${show(rule)} (${show(evidence)})`,
  )
  if (failed.length > 0) {
    return { verified: 'failed', failed, sentence: `No: it fails ${names.join(', ')}.` }
  }
  const skipped = latest.checks.find(({ rule }) => rule === 'id_token.signature-skipped')
  const claims = latest.checks
    .filter((check) => check !== skipped)
    .map(({ rule }) => show(rule.replace(/^id_token\./, '')))
  return {
    verified: 'claims',
    failed,
    sentence: `Its claims were checked and are right (${claims.join(', ')}). Its signature was not verified, and need not be: it came straight from the token endpoint over TLS (OpenID Connect Core §3.1.3.7).`,
  }
}

function whyNoIdToken(run: Run): string {
  if (eventsOf(run, 'cache').some(({ hit }) => hit)) {
    return 'There was none to verify: the one in the cache was checked when it came.'
  }
  if (run.error !== undefined) return 'There was none to verify: the call failed before one came.'
  return 'There was none to verify: no answer had one.'
}

/** What a request presents as a credential. */
export function presents(run: Run, hop: Hop): 'password' | 'assertion' | 'refresh_token' | 'device_code' | undefined {
  const { step, method, message } = hop.request
  if (step === 'wstrust') return 'password'
  if (step !== 'token' || method !== 'POST') return undefined
  const sent = message?.body === undefined ? undefined : new URLSearchParams(message.body).get('grant_type')
  const decided = eventsOf(run, 'decision').findLast(({ question, at }) => question === 'grant' && at <= hop.request.at)
  const grant = sent ?? decided?.chosen ?? ''
  if (grant === 'password' || grant === 'refresh_token') return grant
  if (grant.endsWith(':device_code')) return 'device_code'
  return /:saml[\w.]*-bearer$/.test(grant) ? 'assertion' : undefined
}

/** The host of a URL, with its port; the text itself where it is none. */
export function hostOf(url: string): string {
  return show(URL.canParse(url) ? new URL(url).host : url)
}

function decisionOf(run: Run, question: string): TraceEventOf<'decision'> | undefined {
  return eventsOf(run, 'decision').findLast((decision) => decision.question === question)
}

function sentenceOf(text: string): string {
  const line = oneLine(text, 1_000).trim()
  return /[.!?…]$/.test(line) ? line : `${line}.`
}

function show(text: string): string {
  return oneLine(text, 300)
}
