import type { LookupAddress, LookupAllOptions } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { AddressRefusal } from './failure.ts'
import { type AddressRules, refusal } from './request-url.ts'

type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/**
 * A `lookup` for sockets that judges the addresses about to be dialled, so that a second DNS answer cannot lead
 * elsewhere than the first. Refused addresses are left out; the look-up fails when none remains. (Not "fails when
 * one is refused": Windows servers register their 169.254 addresses beside the real one.)
 *
 * @param lookup `dns.lookup`, read anew at each call so that it can be replaced.
 */
export function guardedLookup(lookup: LookupAll, rules: AddressRules): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      const allowed = addresses.filter(({ address }) => refusal(hostname, address, rules) === undefined)
      const [first] = allowed
      if (first === undefined) {
        const kind = addresses[0] === undefined ? 'missing' : refusal(hostname, addresses[0].address, rules)
        return callback(new AddressRefusal(kind ?? 'refused'), '', 0)
      }
      if (options.all === true) return callback(null, allowed)
      callback(null, first.address, first.family)
    })
  }
}
