import { exitCode } from '../exit-code.ts'
import { type Check, fail, pass, warn } from './check.ts'

export interface CertificateFacts {
  /** Common name and organisation. */
  readonly subject: string
  readonly issuer: string
  /** Epoch milliseconds. */
  readonly validFrom: number
  readonly validTo: number
}

/** What a handshake showed, whether or not the client would have gone on after it. */
export interface Handshake {
  readonly hostname: string
  /** `TLSv1.3` */
  readonly protocol: string
  /** From the server's own certificate up. */
  readonly chain: readonly CertificateFacts[]
  /** OpenSSL's code when the chain does not verify. */
  readonly trustError?: string
  /** The names in the certificate, when the host's is not among them. */
  readonly otherNames?: string
  /** Whether the chain ends in a CA that comes with Node, as opposed to one that was added here. */
  readonly isPublicCa: boolean
}

interface Problem {
  readonly detail: string
  readonly hint: string
}

const day = 24 * 3_600_000
const untrusted = /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_UNTRUSTED|INVALID_CA/
const datesOrNames = /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|ALTNAME/

// Products that open TLS on its way, by the names they give their CAs.
const inspectors =
  /zscaler|netskope|fortinet|fortigate|palo ?alto|blue ?coat|forcepoint|websense|mcafee|skyhigh|sophos|umbrella|check ?point|barracuda|watchguard|untangle|squid|kaspersky|eset |bitdefender|avast|avg |mitmproxy|fiddler|charles proxy|portswigger|burp/i

/**
 * Judges a certificate chain: every certificate's dates, whether it is for the host, who vouches for it.
 *
 * @param now Epoch milliseconds.
 * @param isCloud Whether the host is one of Entra's, whose CAs are public: any other one means that TLS is opened here.
 */
export function judgeHandshake(id: string, handshake: Handshake, now: number, isCloud: boolean): Check {
  const { chain, protocol, isPublicCa, trustError } = handshake
  const isRefused = trustError !== undefined
  const children = chain.map((certificate, index) => judgeDates(`${id}.${index + 1}`, certificate, now, isRefused))
  const dates = datesProblem(children)
  const explained = [nameProblem(handshake), dates].filter((problem) => problem !== undefined)
  const trust = trustProblem(handshake, isCloud, explained.length > 0)
  const problems = trust === undefined ? explained : [...explained, trust]
  if (problems.length > 0) {
    const detail = [protocol, ...problems.map((problem) => problem.detail)].join('; ')
    const hint = problems.map((problem) => problem.hint).join(' ')
    return fail(id, 'TLS', { detail, hint, exit: exitCode.network }, children)
  }
  const vouching = chain.at(-1)?.issuer ?? 'nobody'
  const detail = `${protocol}; ${isPublicCa ? 'a public CA' : 'a CA that was added here'}: ${vouching}`
  if (!isPublicCa && isCloud) return warn(id, 'TLS', detail, interceptionHint(chain), children)
  const soon = children.find((child) => child.status === 'warn')
  return soon?.hint === undefined ? pass(id, 'TLS', detail, children) : warn(id, 'TLS', detail, soon.hint, children)
}

/** @param isRefused Whether the chain was not accepted; else a bad date is one of a certificate that was not needed. */
function judgeDates(
  id: string,
  { subject, issuer, validFrom, validTo }: CertificateFacts,
  now: number,
  isRefused: boolean,
): Check {
  const date = (at: number): string =>
    Number.isNaN(at) ? 'an unreadable date' : new Date(at).toISOString().slice(0, 10)
  const names = `${subject}, from ${subject === issuer ? 'itself' : issuer}`
  const bad = (detail: string, hint: string): Check =>
    isRefused
      ? fail(id, 'certificate', { detail, hint, exit: exitCode.network })
      : warn(id, 'certificate', `${detail}; it was not needed`, hint)
  if (now > validTo) {
    const hint = 'Renew the certificate on the server, and check the clock of this machine.'
    return bad(`${names}: expired on ${date(validTo)}`, hint)
  }
  if (now < validFrom) {
    const hint = 'Check the clock of this machine, and when the server should begin to use the certificate.'
    return bad(`${names}: not valid before ${date(validFrom)}`, hint)
  }
  const days = Math.floor((validTo - now) / day)
  const detail = `${names}: until ${date(validTo)}`
  if (days >= 30) return pass(id, 'certificate', detail)
  return warn(id, 'certificate', `${detail}, ${days} days`, 'Renew the certificate on the server before it expires.')
}

function nameProblem({ hostname, otherNames }: Handshake): Problem | undefined {
  if (otherNames === undefined) return undefined
  return {
    detail: `the certificate is for other names than ${hostname}: ${otherNames.slice(0, 200)}`,
    hint: 'Use a name that is in the certificate, or look for what answers in place of the server.',
  }
}

function datesProblem(children: readonly Check[]): Problem | undefined {
  const bad = children.find((child) => child.status === 'fail')
  if (bad?.detail === undefined || bad.hint === undefined) return undefined
  return { detail: bad.detail, hint: bad.hint }
}

function trustProblem({ chain, trustError }: Handshake, isCloud: boolean, isExplained: boolean): Problem | undefined {
  // Dates and names are told in our own words, where the chain that was shown tells them.
  if (trustError === undefined || (isExplained && datesOrNames.test(trustError))) return undefined
  const issuer = chain.at(-1)?.issuer ?? 'an unknown issuer'
  if (!untrusted.test(trustError)) {
    const hint = 'The server must speak TLS 1.2 or newer with a certificate that verifies; nothing turns that off.'
    return { detail: `the chain does not verify (${trustError})`, hint }
  }
  const advice = 'If that CA is your own, pass its certificate: --ca FILE (PEM).'
  const inspected = isCloud || inspectors.test(issuer)
  return {
    detail: `the CA is not trusted here: ${issuer} (${trustError})`,
    hint: inspected
      ? `${interceptionHint(chain)} ${advice}`
      : `${advice} If the server leaves out an intermediate certificate, it must send it.`,
  }
}

/** Says that somebody in between may read everything, by name where the CA tells it. */
function interceptionHint(chain: readonly CertificateFacts[]): string {
  const product = chain.map(({ issuer }) => inspectors.exec(issuer)?.[0]).find((name) => name !== undefined)
  const who = product === undefined ? 'A company proxy or security product' : `A security product (${product.trim()})`
  return `${who} between here and Entra seems to open TLS: it will read the password. Ask for this host to be exempted.`
}
