/** What kind of place a host is: a name that only DNS can answer for, or the kind of a literal address. */
export type HostKind = 'name' | 'loopback' | 'link-local' | 'unspecified' | 'multicast' | 'private' | 'public'

/**
 * Says what kind of place a host is, without asking DNS.
 *
 * Takes the `hostname` of a WHATWG `URL`, which has already turned `127.1`, `0x7f.1` and `2130706433` into dotted
 * decimals, or an address as a resolver gives it. Anything else that only looks like an address is a `name`.
 *
 * `localhost` and the names below it are `loopback` (RFC 6761 §6.3). An IPv6 address that carries an IPv4 address
 * (mapped, compatible, NAT64, 6to4) is what the carried address is. `multicast` includes the reserved class E and
 * broadcast, `private` the shared space of RFC 6598: they are refused, or allowed, together.
 */
export function classifyHost(hostname: string): HostKind {
  const host = hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  const v4 = readIpv4(host)
  if (v4 !== undefined) return classifyIpv4(v4)
  if (host.includes(':')) {
    const groups = readIpv6(host.replace(/%.*$/, ''))
    return groups === undefined ? 'name' : classifyIpv6(groups)
  }
  return /(^|\.)localhost\.?$/.test(host) ? 'loopback' : 'name'
}

function readIpv4(text: string): readonly [number, number] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  const [a, b, c, d] = match.slice(1).map(Number) as [number, number, number, number]
  return Math.max(a, b, c, d) > 255 ? undefined : [a * 256 + b, c * 256 + d]
}

/** Only the upper 16 of an address's two halves decide. */
function classifyIpv4([upper]: readonly [number, number]): HostKind {
  const a = upper >> 8
  const b = upper & 0xff
  // 0.0.0.0/8 is "this network" (RFC 1122 §3.2.1.3); Linux dials loopback for 0.0.0.0.
  if (a === 0) return 'unspecified'
  if (a === 127) return 'loopback'
  if (upper === 0xa9fe) return 'link-local'
  if (a >= 224) return 'multicast'
  const rfc1918 = a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168)
  const shared = a === 100 && b >= 64 && b <= 127
  return rfc1918 || shared ? 'private' : 'public'
}

/** Reads an IPv6 address into its eight groups. @returns `undefined` when it is not one. */
function readIpv6(text: string): readonly number[] | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const v4 = tail === null ? undefined : readIpv4(tail[2] ?? '')
  if (tail !== null && v4 === undefined) return undefined
  const hex = v4 === undefined ? text : `${tail?.[1]}${v4[0].toString(16)}:${v4[1].toString(16)}`
  const halves = hex.split('::')
  if (halves.length > 2) return undefined
  const [head = [], rest = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - rest.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...new Array<string>(missing).fill('0'), ...rest]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined
  return groups.map((group) => Number.parseInt(group, 16))
}

function classifyIpv6(groups: readonly number[]): HostKind {
  const [first = 0, second = 0, third = 0] = groups
  const sixth = groups[5] ?? 0
  const last: readonly [number, number] = [groups[6] ?? 0, groups[7] ?? 0]
  if (groups.slice(0, 5).every((group) => group === 0) && (sixth === 0 || sixth === 0xffff)) {
    if (sixth === 0 && last[0] === 0 && last[1] <= 1) return last[1] === 1 ? 'loopback' : 'unspecified'
    return classifyIpv4(last)
  }
  // RFC 6052 §2.1, 64:ff9b::/96
  if (first === 0x64 && second === 0xff9b && groups.slice(2, 6).every((group) => group === 0)) return classifyIpv4(last)
  // RFC 3056, 2002:V4ADDR::/48
  if (first === 0x2002) return classifyIpv4([second, third])
  if ((first & 0xffc0) === 0xfe80) return 'link-local'
  if (first >= 0xff00) return 'multicast'
  // fc00::/7 (RFC 4193) and the deprecated site-local fec0::/10
  return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfec0 ? 'private' : 'public'
}
