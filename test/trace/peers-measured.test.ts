import { describe, expect, it } from 'vitest'
import { type PeerName, predictPeer } from '../../src/trace/peers.ts'
import { httpPolicy, soapHttpTransport, wsTrust, wsu } from '../../src/wstrust/namespaces.ts'
import { securityPolicy, transportBinding, trust, writeMex } from './mex-writer.ts'

const realm = {
  accountType: 'federated',
  metadataUrl: `${trust}/mex`,
  activeAuthUrl: `${trust}/2005/usernamemixed`,
  cloudAudience: 'urn:federation:MicrosoftOnline',
} as const
const issue13 = wsTrust['1.3'].issueAction
const second = `${trust}/13/second`
const first = `${trust}/13/usernamemixed`
const plain = (url: string): string => url.replace('https', 'http')
const bare = `<soap12:binding transport="${soapHttpTransport}"/>`
const operation = `<wsdl:operation><soap12:operation soapAction="${issue13}"/></wsdl:operation>`
const windows =
  `<wsp:Policy wsu:Id="X_policy"><wsp:ExactlyOne><wsp:All><http:NegotiateAuthentication xmlns:http="${httpPolicy}"/>` +
  `${transportBinding(securityPolicy['1.3'])}</wsp:All></wsp:ExactlyOne></wsp:Policy>`
const unknownAction = '<wsdl:operation><soap12:operation soapAction="urn:x"/></wsdl:operation>'
const useful = { version: '2005' } as const

/** Where the password goes, or `-` for nowhere. */
function placeOf(peer: PeerName, mex: string): string {
  const { path, endpoint } = predictPeer(peer, { realm, mex })
  if (path !== 'federated') return '-'
  const place = (endpoint?.url ?? '').replace(`${trust}/`, '').replace(plain(`${trust}/`), 'http ')
  return `${place.replace('/usernamemixed', '')}${endpoint?.version === '1.3' ? '' : '!'}`
}

/**
 * MSAL Python 1.21 and 1.39, ADAL Node 0.2.4, ADAL Python 1.2.7, MSAL Java 1.26.0 and MSAL Go 1.10.1 were made to sign in with
 * each of these documents, and this is where their passwords went; `!` for WS-Trust 2005. The active URL is the 2005 endpoint.
 */
const peers = ['msal-python', 'adal-node', 'adal-python', 'msal-java', 'msal-go'] as const
const measured: readonly (readonly [string, string, string])[] = [
  [
    'two ports on one binding',
    writeMex([{ address: second, moreAddresses: [first] }]),
    '13/second 13/second 13/second 13/second 13/second',
  ],
  [
    'http and https on one binding',
    writeMex([{ address: plain(second), moreAddresses: [first] }]),
    '13 13 13 13 http|13/second',
  ],
  ['http 1.3, https 2005', writeMex([{ address: plain(first) }, useful]), '2005! 2005! 2005! 2005! http|13'],
  ['http alone', writeMex([{ address: plain(first) }]), '- 2005! 2005! - http|13'],
  [
    'three policies',
    writeMex([{ name: 'U13' }, { name: 'V13', address: second }, { name: 'W13', address: `${trust}/13/third` }]),
    '13 13/third 13/third 13/second 13',
  ],
  [
    '2005, then an unknown action',
    writeMex([useful, { actions: ['urn:x'], address: second }]),
    '2005! 2005! 2005! 2005! -',
  ],
  ['an operation without action, alone', writeMex([{ actions: [''] }]), '13 2005! 2005! - -'],
  [
    'an operation without action, then 2005',
    writeMex([{ actions: [''], address: second }, useful]),
    '- 2005! 2005! 2005! -',
  ],
  [
    'an unknown action elsewhere',
    writeMex([{}], { binding: `<wsdl:binding name="X">${bare}${unknownAction}</wsdl:binding>` }),
    '13 13 13 13 13',
  ],
  [
    'an unknown action on a Windows binding',
    writeMex([{}], {
      policy: windows,
      binding: `<wsdl:binding name="X"><wsp:PolicyReference URI="#X_policy"/>${bare}${unknownAction}</wsdl:binding>`,
    }),
    '13 13 13 13 -',
  ],
  ['a blank behind the address', writeMex([{ address: `${first} ` }]), '13%20 13 13%20 13 13'],
  ['a blank before the address', writeMex([{ address: ` ${first}` }]), '- 13 13 - 13'],
  ['no address, then 2005', writeMex([{ address: null }, useful]), '2005! 2005! 2005! - -'],
  ['an empty address, then 2005', writeMex([{ address: '' }, useful]), '- 2005! 2005! 2005! -'],
  [
    'a binding elsewhere that is not SOAP 1.2',
    writeMex([{}], { binding: `<wsdl:binding name="X">${operation}</wsdl:binding>` }),
    '- 13 13 13 13',
  ],
  [
    'a binding elsewhere without operation',
    writeMex([{}], { binding: `<wsdl:binding name="X">${bare}</wsdl:binding>` }),
    '- 13 13 13 13',
  ],
  ['a username binding without operation', writeMex([{ actions: [], address: second }, {}]), '- 2005! 2005! 13 -'],
  ['a username binding that is not SOAP 1.2', writeMex([{ soapBinding: '', address: second }, {}]), '- 13 2005! 13 13'],
  [
    'a username binding over another transport',
    writeMex([{ transport: 'urn:smtp', address: second }, {}]),
    '13 13 13 13 13',
  ],
  ['an action in capitals', writeMex([{ actions: [issue13.toUpperCase()] }, useful]), '- 2005! 2005! 13 -'],
  [
    'a transport in capitals',
    writeMex([{ transport: soapHttpTransport.toUpperCase() }, useful]),
    '2005! 2005! 2005! 13 -',
  ],
  [
    'a TransportBinding of the other dialect',
    writeMex([{ transportBinding: transportBinding(securityPolicy['2005']) }, useful]),
    '2005! 13 13 13 13',
  ],
  [
    'a TransportBinding further down',
    writeMex([{ transportBinding: `<wsp:Policy>${transportBinding(securityPolicy['1.3'])}</wsp:Policy>` }, useful]),
    '13 2005! 13 2005! -',
  ],
  [
    'a TransportBinding with another prefix',
    writeMex([{ transportBinding: `<q:TransportBinding xmlns:q="${securityPolicy['1.3']}"/>` }]),
    '13 13 13 13 -',
  ],
  [
    'a policy id with another prefix',
    writeMex([{ id: `xmlns:q="${wsu}" q:Id="E0_policy"` }, useful]),
    '13 13 13 2005! 13',
  ],
  ['a policy without id', writeMex([{ id: '' }, useful]), '2005! 2005! 2005! 2005! -'],
  ['two services', writeMex([useful, {}], { services: true }), '13 13 13 13 13'],
  ['two references, its own first', writeMex([{ references: ['#E0_policy', '#none'] }, useful]), '2005! 13 13 13 -'],
  ['two references, its own last', writeMex([{ references: ['#none', '#E0_policy'] }, useful]), '13 13 13 13 13'],
  ['no port', writeMex([{}]).replace(/<wsdl:port.*<\/wsdl:port>/, ''), '- 2005! 2005! - -'],
  [
    'a reference without URI',
    writeMex([{}], { binding: `<wsdl:binding name="X"><wsp:PolicyReference/>${bare}${operation}</wsdl:binding>` }),
    '13 13 13 - 13',
  ],
  ['a port without binding', writeMex([{}], { port: '<wsdl:port/>' }), '- 13 2005! - 13'],
  ['a comment behind the address', writeMex([{ address: `${first}<!-- -->` }]), '13 13 13 13 13'],
  ['a comment before the address', writeMex([{ address: `<!-- -->${first}` }]), '13 2005! 13 13 13'],
]

describe('libraries that were run', () => {
  it.each(measured)('%s', (_, mex, places) => {
    expect(peers.map((peer) => placeOf(peer, mex)).join(' ')).toBe(places.replace('|', ' '))
  })

  it('MSAL Go drops the query of both addresses, the others keep it', () => {
    const mex = writeMex([{ address: `${first}?a=b` }])
    const asked = { ...realm, metadataUrl: `${trust}/mex?tenant=x` }
    const { endpoint, deviations } = predictPeer('msal-go', { realm: asked, mex })
    expect(endpoint?.url).toBe(first)
    expect(deviations.map(({ rule }) => rule)).toEqual(['peer.wstrust.query-dropped'])
    const other = predictPeer('msal-go', { realm: asked, mex: writeMex([{}]) })
    expect(other.deviations.map(({ rule }) => rule)).toEqual(['peer.wstrust.query-dropped'])
    expect(predictPeer('msal-python', { realm: asked, mex }).endpoint?.url).toBe(`${first}?a=b`)
  })

  it('an address in capitals is an https address to all', () => {
    const mex = writeMex([{ address: first.replace('https', 'HTTPS') }])
    for (const peer of peers) {
      expect(predictPeer(peer, { realm, mex }).endpoint?.url, peer).toBe(first.replace('https', 'HTTPS'))
      expect(predictPeer(peer, { realm, mex }).deviations.map(({ rule }) => rule)).not.toContain(
        'peer.mex.insecure-accepted',
      )
    }
  })

  it('an empty address breaks down MSAL Python', () => {
    const { deviations } = predictPeer('msal-python', { realm, mex: writeMex([{ address: '' }, useful]) })
    expect(deviations.map(({ rule }) => rule)).toEqual(['peer.mex.gap-stops'])
  })

  it('an address that is no URL fails in all of them', () => {
    const mex = writeMex([{ address: 'https://' }])
    expect(predictPeer('msal-java', { realm, mex })).toMatchObject({ path: 'fails', failure: { step: 'wstrust' } })
  })

  it('Java’s order grows with the number of policies', () => {
    const many = Array.from({ length: 14 }, (_, index) => ({ name: `P${index}`, address: `${trust}/13/${index}` }))
    // Worked out by java.util.HashMap itself, with the keys #P0_policy to #P13_policy.
    expect(placeOf('msal-java', writeMex(many))).toBe('13/4')
  })
})

/** Of the older dialect, since it sees no username policy in the newer one; what the source says, never run here. */
const old = { version: '2005', actions: [issue13] } as const
const fromSource: readonly (readonly [string, string, string, string])[] = [
  ['takes http', writeMex([{ ...old, address: plain(first) }]), 'http 13', 'peer.mex.insecure-accepted'],
  [
    'takes the last port of a binding',
    writeMex([{ ...old, address: first, moreAddresses: [second] }]),
    '13/second',
    'peer.mex.last-port-wins',
  ],
  [
    'takes the first policy',
    writeMex([
      { ...old, address: first },
      { ...old, address: second },
    ]),
    '13',
    'peer.mex.first-policy-wins',
  ],
  ['takes 1.3 rather than 2005', writeMex([{ version: '2005' }, { ...old, address: second }]), '13/second', ''],
  [
    'skips a port without prefix',
    writeMex([
      { ...old, address: first, prefix: '' },
      { ...old, address: second },
    ]),
    '13/second',
    'peer.mex.prefix-required',
  ],
  [
    'reads the first service',
    writeMex([{ version: '2005' }, { ...old, address: first }], { services: true }),
    '2005!',
    'peer.mex.first-service',
  ],
  [
    'refuses an id that counts twice',
    writeMex([
      { ...old, name: 'A' },
      { ...old, name: 'A' },
    ]),
    '-',
    'peer.mex.duplicate-refused',
  ],
  [
    'refuses two matching references',
    writeMex([{ ...old, references: ['#E0_policy', '#E0_policy'] }]),
    '-',
    'peer.mex.duplicate-refused',
  ],
  ['reads the first operation', writeMex([{ ...old, actions: ['urn:x', issue13] }]), '-', 'peer.mex.first-operation'],
  [
    'ignores letter case',
    writeMex([
      { ...old, actions: [issue13.toUpperCase()], transport: soapHttpTransport.toUpperCase(), address: first },
    ]),
    '13',
    '',
  ],
  ['wants a TransportBinding', writeMex([{ ...old, transportBinding: '' }]), '-', ''],
  ['skips another transport', writeMex([{ ...old, transport: 'urn:smtp' }]), '-', ''],
  ['wants a service', writeMex([old]).replace(/<wsdl:service>.*<\/wsdl:service>/, ''), '-', ''],
  ['skips an unknown action', writeMex([{ ...old, actions: ['urn:x'] }, { version: '2005' }]), '2005!', ''],
]

describe('MSAL .NET, from its source', () => {
  it.each(fromSource)('%s', (_, mex, place, rule) => {
    expect(placeOf('msal-dotnet', mex)).toBe(place)
    const rules = predictPeer('msal-dotnet', { realm, mex }).deviations.map((deviation) => deviation.rule)
    expect(rules).toEqual(rule === '' ? [] : [rule])
  })

  it('says so', () => {
    expect(predictPeer('msal-dotnet', { realm }).basis).toBe('source')
    for (const peer of peers) expect(predictPeer(peer, { realm }).basis, peer).toBe('run')
  })
})
