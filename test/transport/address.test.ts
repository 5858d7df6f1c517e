import { BlockList, isIPv4 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classifyHost } from '../../src/protocol/address.ts'

const table: readonly (readonly [host: string, kind: ReturnType<typeof classifyHost>])[] = [
  ['login.contoso.test', 'name'],
  ['localhost.evil.test', 'name'],
  ['notlocalhost', 'name'],
  ['127.0.0.1.evil.test', 'name'],
  ['1.2.3.256', 'name'],
  ['1::2::3', 'name'],
  ['localhost', 'loopback'],
  ['LOCALHOST.', 'loopback'],
  ['sts.localhost', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['[::1]', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['[::ffff:7f00:1]', 'loopback'],
  ['64:ff9b::7f00:1', 'loopback'],
  ['2002:7f00:1::', 'loopback'],
  ['0.0.0.0', 'unspecified'],
  ['::', 'unspecified'],
  ['::ffff:0:0', 'unspecified'],
  ['169.254.169.254', 'link-local'],
  ['fe80::1%eth0', 'link-local'],
  ['febf::', 'link-local'],
  ['::ffff:a9fe:a9fe', 'link-local'],
  ['239.0.0.1', 'multicast'],
  ['255.255.255.255', 'multicast'],
  ['ff02::1', 'multicast'],
  ['10.0.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.0.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd12::1', 'private'],
  ['fec0::1', 'private'],
  ['172.32.0.1', 'public'],
  ['100.128.0.1', 'public'],
  ['169.255.0.1', 'public'],
  ['2001:db8::1', 'public'],
]

const subnets: readonly (readonly [kind: string, net: string, prefix: number])[] = [
  ['unspecified', '0.0.0.0', 8],
  ['loopback', '127.0.0.0', 8],
  ['link-local', '169.254.0.0', 16],
  ['multicast', '224.0.0.0', 3],
  ['private', '10.0.0.0', 8],
  ['private', '172.16.0.0', 12],
  ['private', '192.168.0.0', 16],
  ['private', '100.64.0.0', 10],
  ['link-local', 'fe80::', 10],
  ['multicast', 'ff00::', 8],
  ['private', 'fc00::', 7],
  ['private', 'fec0::', 10],
]

/** Node's own arithmetic on subnets, as a second opinion. */
function classifyWithBlockLists(address: string): string {
  const type = isIPv4(address) ? 'ipv4' : 'ipv6'
  for (const [kind, net, prefix] of subnets) {
    if (isIPv4(net) !== isIPv4(address)) continue
    const list = new BlockList()
    list.addSubnet(net, prefix, type)
    if (list.check(address, type)) return kind
  }
  return 'public'
}

describe('classifyHost', () => {
  it.each(table)('%s is %s', (host, kind) => expect(classifyHost(host)).toBe(kind))

  it('agrees with net.BlockList on every IPv4 address', () => {
    const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'))
    fc.assert(
      fc.property(octets, (v4) => classifyHost(v4) === classifyWithBlockLists(v4)),
      { numRuns: 2_000 },
    )
    fc.assert(
      fc.property(octets, (v4) => classifyHost(`::ffff:${v4}`) === classifyHost(v4)),
      { numRuns: 500 },
    )
  })

  it('agrees with net.BlockList on every IPv6 address that carries no IPv4 one, however it is written', () => {
    const first = fc.oneof(fc.nat(0xffff), fc.constantFrom(0xfe80, 0xfebf, 0xfec0, 0xff02, 0xfc00, 0xfdff))
    const groups = fc.tuple(first, fc.array(fc.nat(0xffff), { minLength: 7, maxLength: 7 }))
    const property = fc.property(groups, ([head, rest]) => {
      fc.pre(head !== 0 && head !== 0x64 && head !== 0x2002)
      const address = [head, ...rest].map((group) => group.toString(16)).join(':')
      const short = new URL(`https://[${address}]`).hostname
      expect(classifyHost(address)).toBe(classifyWithBlockLists(address))
      expect(classifyHost(short)).toBe(classifyHost(address))
    })
    fc.assert(property, { numRuns: 2_000 })
  })

  it('never throws, and takes no name for an address', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof classifyHost(text) === 'string'))
    fc.assert(fc.property(fc.domain(), (name) => classifyHost(name) === 'name'))
  })
})
