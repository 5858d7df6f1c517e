import { oneLine } from '../errors.ts'
import { explainRule } from './rules.ts'
import { decisionOf, hostOf, isEndedByProgram, presents, show } from './run-facts.ts'
import { eventsOf, type Hop, hopsOf, type Run } from './runs.ts'

export interface PasswordAnswer {
  readonly sentence: string
  /** Absent if the password went nowhere. */
  readonly host?: string
  readonly url?: string
  /** The request that carried it. */
  readonly hop?: number
}

/** Which host got the password, and why. */
export function tellPassword(run: Run): PasswordAnswer {
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

const withoutPassword: ReadonlySet<string> = new Set(['acquireTokenSilent', 'verifyIdToken'])

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
  if (isEndedByProgram(run)) return 'None. The program ended the call before a password was sent.'
  return run.error === undefined || withoutPassword.has(run.start?.operation ?? '')
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
