import type { Candidate } from '../client/events.ts'
import { oneLine } from '../errors.ts'
import { readMexCandidates } from './mex-chain.ts'
import { explainRule } from './rules.ts'
import { decisionOf, presents, show } from './run-facts.ts'
import { hopsOf, type Run } from './runs.ts'

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

/** Which endpoints were rejected, and why. */
export function tellRejected(run: Run): RejectedAnswer {
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

// A program that somebody else recorded may end before it decides anything: then the document speaks for itself.
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
    return `None: there was no list to choose from. Which endpoints the federation server has is not known, as ${why}.`
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
