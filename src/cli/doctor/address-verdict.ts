import { classifyHost } from '../../protocol/address.ts'
import { type AddressRules, refusal } from '../../transport/request-url.ts'
import { exitCode } from '../exit-code.ts'
import { type Check, fail, pass, warn } from './check.ts'

/** What a look-up found. */
export interface LookedUp {
  /** Without brackets. */
  readonly hostname: string
  readonly addresses: readonly string[]
  readonly ms: number
}

/**
 * Judges the addresses of a host as the client would: refused ones are never dialled, odd ones are pointed out.
 *
 * @param isCloud Whether the host is one of Entra's, and so public.
 * @returns The check, and the addresses that may be dialled.
 */
export function judgeAddresses(
  id: string,
  { hostname, addresses, ms }: LookedUp,
  rules: AddressRules,
  isCloud: boolean,
): { readonly check: Check; readonly usable: readonly string[] } {
  const label = 'DNS'
  const kinds = addresses.map((address) => classifyHost(address))
  const usable = addresses.filter((address) => refusal(hostname, address, rules) === undefined)
  const shown = addresses.slice(0, 8).map((address, index) => flagged(address, kinds[index]))
  const more = addresses.length > 8 ? ` and ${addresses.length - 8} more` : ''
  const literal = classifyHost(hostname) !== 'name' && addresses[0] === hostname
  const detail = literal
    ? `${shown.join(', ')}: an address, not looked up`
    : `${shown.join(', ')}${more} in ${Math.round(ms)} ms`
  if (usable.length === 0) {
    const hint = 'No sign-in server has such an address: look at DNS and the hosts file. The client does not go there.'
    return { check: fail(id, label, { detail, hint, exit: exitCode.network }), usable }
  }
  const hint = oddity(hostname, kinds, usable.length < addresses.length, isCloud)
  return { check: hint === undefined ? pass(id, label, detail) : warn(id, label, detail, hint), usable }
}

function flagged(address: string, kind: string | undefined): string {
  return kind === 'public' || kind === undefined ? address : `${address} (${kind})`
}

function oddity(
  hostname: string,
  kinds: readonly string[],
  someRefused: boolean,
  isCloud: boolean,
): string | undefined {
  if (someRefused) return 'One of the addresses is none a server can have; the client leaves it out. Look at DNS.'
  if (kinds.includes('loopback') && classifyHost(hostname) !== 'loopback') {
    return 'The name leads to this machine itself: right for a simulator only. Look at the hosts file.'
  }
  if (!kinds.includes('private')) return undefined
  if (isCloud) return 'A host of Entra has a private address here: a private link, or somebody else answers for it.'
  // A farm that is seen from inside has private addresses, and that is fine; both kinds at once are seldom meant.
  return kinds.includes('public') ? 'Private and public addresses at once: split DNS that is not split.' : undefined
}
