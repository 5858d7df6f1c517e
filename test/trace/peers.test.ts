import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAuthority } from '../../src/protocol/authority.ts'
import { comparePeers, type PeerInput, type PeerName, peerNames, predictPeer } from '../../src/trace/peers.ts'
import { fixture, fixtureIndex } from '../fixtures.ts'

const authority = parseAuthority('https://login.microsoftonline.com/contoso.example')
const activeAuthUrl = 'https://active.contoso.example/adfs/services/trust/2005/usernamemixed'
const federated = {
  accountType: 'federated',
  metadataUrl: 'https://sts.contoso.example/adfs/services/trust/mex',
  activeAuthUrl,
  cloudAudience: 'urn:federation:MicrosoftOnline',
} as const
/** The same as it comes. */
const wire = {
  account_type: 'Federated',
  domain_name: 'contoso.example',
  federation_protocol: 'WSTrust',
  federation_metadata_url: federated.metadataUrl,
  federation_active_auth_url: activeAuthUrl,
  cloud_instance_name: 'microsoftonline.com',
  cloud_audience_urn: federated.cloudAudience,
}
const mex = fixture('mex/issue-only.xml')
const trust = 'https://sts.contoso.example/adfs/services/trust'
const tokenEndpoint = 'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token'

const predict = (peer: PeerName, input: PeerInput) => predictPeer(peer, { realm: federated, mex, authority, ...input })
const rulesOf = (peer: PeerName, input: PeerInput): string[] => predict(peer, input).deviations.map(({ rule }) => rule)

/** Where the password goes, in short; what ends in `…` begins so. */
const shorthand: Readonly<Record<string, string>> = {
  '13': `${trust}/13/usernamemixed 1.3`,
  '2005': `${trust}/2005/usernamemixed 2005`,
  second: `${trust}/13/second 1.3`,
  http: `${trust.replace('https', 'http')}/13/second 1.3`,
  other: `${trust.replace('sts.', 'sts2.')}/13/usernamemixed 1.3`,
  attacker: `${trust.replace('example', 'example.attacker.test')}/13/usernamemixed 1.3`,
  blanks: `${trust}/13/usernamemixed%0A%20%20%20%20%20%20%20%20 1.3`,
  // The 1.3 address, spoken to as if it were a 2005 one.
  mixed: `${trust}/13/usernamemixed 2005`,
  active: `${activeAuthUrl} 2005`,
  '-': 'fails',
}

/**
 * What each library makes of each document. MSAL .NET sees no 1.3 policy of AD FS; ADAL falls back to the active URL;
 * MSAL Go refuses documents that name another operation after Issue, and cannot speak 2005.
 */
const columns = ['msal-python', 'adal-node', 'adal-python', 'msal-dotnet', 'msal-java', 'msal-go'] as const
const table: Readonly<Record<string, string>> = {
  'adfs-2019': '13 2005 13 2005 13 -',
  'adfs-2012r2': '13 2005 13 2005 13 -',
  'issue-only': '13 13 13 2005 13 13',
  'only-2005': '2005 2005 2005 2005 2005 -',
  'only-13': '13 active 13 - 13 -',
  'soap-wrapped': '- active active - 13 -',
  'soap-wrapped-odd-envelope': '- active active - 13 -',
  bom: '13 active 13 - 13 -',
  'policy-11-action-13': '13 active 13 13 13 -',
  'signed-supporting-tokens-12': '- active active - - -',
  'username-token-11': '- active active - - -',
  'address-insecure': '2005 2005 2005 2005 2005 -',
  'address-newlines': '- active blanks - - -',
  'address-split-by-comment': 'attacker active attacker - attacker -',
  'no-username-policy': '- active active - - -',
  'no-transport-binding': '- active 13 - - -',
  doctype: '13 active 13 - - -',
  truncated: '- active active - - -',
  'processing-instruction-lone-quote': '13 active 13 - 13 -',
  'prefixes-swapped': '13 2005 13 2005 - -',
  'duplicate-policy-id': '13 active 13 13 13 -',
  'duplicate-binding-name': '13 mixed 13 mixed 13 -',
  'issue-not-first': '- active active - - -',
  'port-without-prefix': '13 active 13 - 13 -',
  'gaps-beside-the-point': '- 2005 active 2005 - -',
  'soap11-binding': '- active active - - -',
  'not-wsdl': '- active active - - -',
  'several-13': '13 second second - second 13',
  'several-13-reversed': 'second 13 13 - second second',
  'insecure-port-first': '13 13 13 - 13 http',
  'action-unknown': '- 2005 2005 2005 2005 -',
  'other-host': 'other other other - other other',
}

describe('where other libraries send the password of a federated user', () => {
  it('is written down for every MEX document of the fixtures', () => {
    const files = fixtureIndex('mex').map(({ file }) => file.slice('mex/'.length, -'.xml'.length))
    expect(Object.keys(table).sort()).toEqual(files.sort())
  })

  it.each(Object.entries(table))('%s: %s', (name, row) => {
    const cells = row.split(' ')
    const predicted = columns.map((peer) => {
      const { path, endpoint } = predict(peer, { mex: fixture(`mex/${name}.xml`) })
      return path === 'federated' ? `${endpoint?.url} ${endpoint?.version}` : path
    })
    expect(predicted).toEqual(cells.map((cell) => shorthand[cell]))
  })

  it('is the token endpoint in MSAL Node, which knows no federation', () => {
    expect(predict('msal-node', {})).toMatchObject({
      path: 'managed',
      endpoint: { url: tokenEndpoint },
      failure: { step: 'token', message: expect.stringContaining('AADSTS50126') },
      deviations: [{ rule: 'peer.realm.never-asked' }],
    })
  })
})

describe('the reasons', () => {
  it.each([
    ['msal-dotnet', 'adfs-2019', 'peer.mex.policy-13-unseen'],
    ['msal-dotnet', 'issue-not-first', 'peer.mex.policy-13-unseen'],
    ['msal-python', 'soap-wrapped', 'peer.mex.root-only'],
    ['msal-python', 'soap11-binding', 'peer.mex.binding-gap-stops'],
    ['msal-python', 'gaps-beside-the-point', 'peer.mex.gap-stops'],
    ['msal-python', 'issue-not-first', 'peer.mex.first-operation'],
    ['msal-python', 'action-unknown', 'peer.mex.action-unknown-kept'],
    ['msal-python', 'address-newlines', 'peer.mex.address-untrimmed'],
    ['msal-python', 'address-split-by-comment', 'peer.mex.address-comment'],
    ['msal-python', 'doctype', 'peer.mex.doctype-accepted'],
    ['msal-python', 'duplicate-policy-id', 'peer.mex.duplicate-accepted'],
    ['msal-python', 'duplicate-binding-name', 'peer.mex.duplicate-accepted'],
    ['msal-python', 'signed-supporting-tokens-12', 'peer.mex.policy-12-signed-unseen'],
    ['msal-java', 'username-token-11', 'peer.mex.username-token-11-unseen'],
    ['msal-java', 'prefixes-swapped', 'peer.mex.policy-id-by-prefix'],
    ['msal-java', 'several-13', 'peer.mex.hash-order'],
    ['msal-java', 'gaps-beside-the-point', 'peer.mex.gap-stops'],
    ['msal-java', 'issue-not-first', 'peer.mex.first-operation'],
    ['adal-node', 'adfs-2019', 'peer.mex.last-operation'],
    ['adal-node', 'truncated', 'peer.mex.silent-fallback'],
    ['adal-node', 'several-13', 'peer.mex.last-wins'],
    ['adal-python', 'no-transport-binding', 'peer.mex.transport-not-required'],
    ['adal-python', 'soap-wrapped', 'peer.mex.root-only'],
    ['msal-go', 'adfs-2019', 'peer.mex.last-operation'],
    ['msal-go', 'action-unknown', 'peer.mex.action-unknown-rejects-all'],
    ['msal-go', 'only-2005', 'peer.wstrust.no-2005'],
    ['msal-go', 'insecure-port-first', 'peer.mex.insecure-accepted'],
    ['msal-go', 'prefixes-swapped', 'peer.mex.transport-needs-sp'],
  ] as const)('%s, %s: %s', (peer, name, rule) => {
    expect(rulesOf(peer, { mex: fixture(`mex/${name}.xml`) })).toContain(rule)
  })

  it('are none where a library does as this client does', () => {
    for (const peer of ['msal-python', 'adal-node', 'adal-python', 'msal-go'] as const) {
      expect(rulesOf(peer, {}), peer).toEqual([])
    }
    for (const peer of peerNames) expect(rulesOf(peer, { realm: { accountType: 'managed' } }), peer).toEqual([])
  })

  it('are no more than those that mattered', () => {
    const rules = (peer: PeerName, name: string): string[] => rulesOf(peer, { mex: fixture(`mex/${name}.xml`) })
    expect(rules('msal-go', 'signed-supporting-tokens-12')).not.toContain('peer.mex.policy-12-signed-unseen')
    expect(rules('msal-go', 'username-token-11')).toEqual(['peer.mex.username-token-11-unseen'])
    expect(rules('msal-go', 'no-transport-binding')).not.toContain('peer.mex.transport-needs-sp')
    expect(rules('msal-python', 'no-transport-binding')).toEqual([])
    expect(rules('adal-python', 'no-transport-binding')).toEqual(['peer.mex.transport-not-required'])
    expect(rules('adal-python', 'address-newlines')).toEqual(['peer.mex.address-untrimmed'])
    expect(rules('adal-python', 'not-wsdl')).toEqual(['peer.mex.root-only', 'peer.mex.silent-fallback'])
    expect(rules('adal-python', 'address-split-by-comment')).toEqual(['peer.mex.address-comment'])
    expect(rules('adal-node', 'address-insecure')).toEqual(['peer.mex.last-operation'])
    expect(rules('msal-java', 'only-2005')).toEqual([])
  })

  it('say that MSAL Java finds a 1.3 policy once in a process, unless it is written in the older dialect', () => {
    expect(rulesOf('msal-java', {})).toEqual(['peer.mex.later-readings-differ'])
    expect(rulesOf('msal-java', { mex: fixture('mex/policy-11-action-13.xml') })).toEqual([])
  })

  it('are one sentence each', () => {
    const all = Object.keys(table).flatMap((name) =>
      comparePeers({ realm: federated, mex: fixture(`mex/${name}.xml`) }).flatMap(({ deviations }) => deviations),
    )
    expect(new Set(all.map(({ rule }) => rule)).size).toBeGreaterThan(20)
    for (const { text } of all) expect(text).toMatch(/^[A-Z](?:(?!\. ).)+\.$/)
  })
})

describe('a MEX answer that is no document', () => {
  it.each([
    ['a status of 404', { status: 404, body: 'Not Found' }],
    ['an empty answer', ''],
    ['no answer', undefined],
    ['a page that is not well-formed', '<html><br></html>'],
  ])('%s ends the sign-in in the MSALs, and sends both ADALs to the active URL', (_, answer) => {
    const input = { realm: federated, authority, ...(answer === undefined ? {} : { mex: answer }) }
    for (const peer of ['msal-python', 'msal-dotnet', 'msal-java', 'msal-go'] as const) {
      const { path, failure, deviations } = predictPeer(peer, input)
      expect({ path, step: failure?.step }, peer).toEqual({ path: 'fails', step: 'mex' })
      expect(deviations.map(({ rule }) => rule)).toContain('peer.realm.no-active-url')
    }
    for (const peer of ['adal-node', 'adal-python'] as const) {
      expect(predictPeer(peer, input), peer).toMatchObject({
        path: 'federated',
        endpoint: { url: activeAuthUrl, version: '2005' },
        deviations: [{ rule: 'peer.mex.silent-fallback' }],
      })
    }
  })

  it.each([
    [201, 'msal-python adal-node adal-python msal-go'],
    [202, 'msal-python adal-node adal-python'],
    [302, 'msal-python'],
    [500, ''],
  ])('with status %i is read by: %s', (status, readers) => {
    const document = { status, body: fixture('mex/issue-only.xml') }
    const reading = comparePeers({ realm: federated, mex: document }).filter(({ deviations }) =>
      deviations.some(({ rule }) => rule === 'peer.mex.status'),
    )
    expect(reading.map(({ peer }) => peer).join(' ')).toBe(readers)
  })

  it('leaves open what others make of a document that only our reader refuses', () => {
    const deep = `<a>${'<b>'.repeat(80)}${'</b>'.repeat(80)}</a>`
    const entity = mex
      .replace('<wsdl:definitions', '<!DOCTYPE a [<!ENTITY h "x">]><wsdl:definitions')
      .replace('sts', '&h;')
    for (const document of [deep, entity]) {
      expect(predict('msal-python', { mex: document })).toMatchObject({ path: 'unknown' })
      expect(predict('msal-python', { mex: document }).endpoint).toBeUndefined()
    }
  })

  it('is read by ADAL Node although it has a stray ampersand or a control character', () => {
    for (const stray of ['a & b', '\u0001']) {
      const broken = mex.replace('<wsdl:service', `${stray}<wsdl:service`)
      expect(predict('adal-node', { mex: broken }).endpoint?.version).toBe('1.3')
      expect(predict('adal-python', { mex: broken }).endpoint?.url).toBe(activeAuthUrl)
    }
  })
})

describe('the realm answer', () => {
  const { federation_metadata_url: _, ...withoutMex } = wire
  const { federation_active_auth_url: __, ...withoutActive } = wire
  const { federation_metadata_url: ___, ...withoutBoth } = withoutActive
  const { cloud_audience_urn: ____, ...withoutAudience } = wire
  const paths = (realm: PeerInput['realm']): Record<string, string> =>
    Object.fromEntries(
      comparePeers({ ...(realm === undefined ? {} : { realm }), mex, authority }).map(({ peer, path, failure }) => [
        peer,
        path === 'fails' ? `fails: ${failure?.step}` : path,
      ]),
    )
  const all = (path: string, others: Record<string, string> = {}): Record<string, string> => ({
    ...Object.fromEntries(peerNames.map((peer) => [peer, path])),
    'msal-node': 'managed',
    ...others,
  })

  it.each([
    ['managed', { ...wire, account_type: 'Managed' }, all('managed')],
    ['federated', wire, all('federated')],
    ['SAML20', { ...wire, federation_protocol: 'SAML20' }, all('federated')],
    [
      'another protocol',
      { ...wire, federation_protocol: 'WSFed' },
      all('federated', { 'adal-node': 'fails: realm', 'adal-python': 'fails: realm' }),
    ],
    [
      'lower-case type',
      { ...wire, account_type: 'federated' },
      all('federated', { 'msal-python': 'managed', 'msal-go': 'fails: realm' }),
    ],
    ['lower-case managed', { ...wire, account_type: 'managed' }, all('managed', { 'msal-go': 'fails: realm' })],
    [
      'unknown',
      { ...wire, account_type: 'Unknown' },
      all('fails: realm', { 'msal-python': 'managed', 'msal-java': 'managed' }),
    ],
    [
      'no type',
      { domain_name: 'contoso.example' },
      all('fails: realm', { 'msal-python': 'managed', 'msal-java': 'managed' }),
    ],
    ['no MEX address', withoutMex, all('fails: realm', { 'msal-python': 'federated', 'adal-node': 'federated' })],
    ['no active URL', withoutActive, all('federated', { 'adal-python': 'fails: realm' })],
    ['neither', withoutBoth, all('fails: realm', { 'msal-python': 'fails: wstrust', 'adal-node': 'fails: wstrust' })],
    ['no audience', withoutAudience, all('federated', { 'msal-go': 'fails: realm' })],
    ['a personal account', { ...wire, domain_name: 'live.com' }, all('federated', { 'msal-dotnet': 'fails: realm' })],
  ])('%s', (_name, realm, expected) => {
    expect(paths(realm)).toEqual(expected)
  })

  it('is judged letter by letter by two libraries', () => {
    const realm = { ...wire, account_type: 'federated' }
    expect(rulesOf('msal-go', { realm })).toEqual(['peer.realm.case-sensitive'])
    expect(rulesOf('msal-python', { realm })).toEqual(['peer.realm.unknown-is-managed', 'peer.realm.case-sensitive'])
    expect(rulesOf('msal-go', { realm: { ...wire, account_type: 'managed' } })).toEqual(['peer.realm.case-sensitive'])
    expect(rulesOf('msal-go', { realm: { ...wire, account_type: 'Unknown' } })).toEqual([])
  })

  it('may have empty members, which are none', () => {
    expect(paths({ ...wire, federation_metadata_url: '' })).toMatchObject({
      'msal-go': 'fails: realm',
      'msal-java': 'fails: realm',
    })
  })

  it('may be the parsed one', () => {
    expect(paths({ accountType: 'managed' })).toEqual(all('managed'))
    expect(paths({ accountType: 'unknown' })).toEqual(
      all('fails: realm', { 'msal-python': 'managed', 'msal-java': 'managed' }),
    )
    expect(paths(federated)).toEqual(all('federated'))
    const { metadataUrl, activeAuthUrl: active, cloudAudience } = federated
    expect(paths({ accountType: 'federated', metadataUrl, cloudAudience })).toEqual(
      all('federated', { 'adal-python': 'fails: realm' }),
    )
    expect(paths({ accountType: 'federated', activeAuthUrl: active, cloudAudience })).toEqual(
      all('fails: realm', { 'msal-python': 'federated', 'adal-node': 'federated' }),
    )
  })

  it('of a parsed personal account leaves the addresses open', () => {
    const consumer = { accountType: 'consumer', domainName: 'live.com' } as const
    expect(predictPeer('msal-dotnet', { realm: consumer })).toMatchObject({
      failure: { message: 'ropc_not_supported_for_msa' },
    })
    expect(predictPeer('adal-node', { realm: consumer })).toMatchObject({ path: 'federated', endpoint: {} })
    expect(rulesOf('msal-python', { realm: consumer })).toContain('peer.realm.consumer-unnoticed')
  })

  it('may be left out: then the user is federated, and the active URL is not known', () => {
    expect(predictPeer('msal-python', { mex })).toMatchObject({ endpoint: { url: `${trust}/13/usernamemixed` } })
    expect(predictPeer('adal-node', { mex: '' })).toMatchObject({ path: 'federated', endpoint: {} })
    expect(predictPeer('msal-node', { mex })).toMatchObject({
      path: 'managed',
      endpoint: {},
      failure: { step: 'token' },
    })
  })

  it('with another audience is disregarded by ADAL Node, without one by MSAL .NET', () => {
    const china = { ...wire, cloud_audience_urn: 'urn:federation:partner.microsoftonline.cn' }
    expect(rulesOf('adal-node', { realm: china })).toEqual(['peer.wstrust.constant-audience'])
    expect(rulesOf('msal-dotnet', { realm: withoutAudience })).toContain('peer.wstrust.empty-audience')
  })

  it.each([
    ['/trust/13/usernamemixed', '1.3', '1.3', '1.3'],
    ['/trust/2005/usernamemixed', '2005', '2005', '2005'],
    ['/trust/2013/user', 'fails', '2005', 'fails'],
    ['/trust/user', 'fails', 'fails', 'fails'],
  ])('with the active URL %s alone is spoken to in version %s, %s or %s', (path, python, node, adalPython) => {
    const url = `https://sts.contoso.example${path}`
    const version = (peer: PeerName, input: PeerInput): string => {
      const { endpoint, failure } = predict(peer, input)
      return failure === undefined ? String(endpoint?.version) : 'fails'
    }
    const realm = { ...withoutMex, federation_active_auth_url: url }
    expect(version('msal-python', { realm })).toBe(python)
    expect(version('adal-node', { realm })).toBe(node)
    expect(version('adal-python', { realm: { ...realm, federation_metadata_url: 'https://x.example' }, mex: '' })).toBe(
      adalPython,
    )
  })

  it('with a digit in the host name makes ADAL Node take a 1.3 address for a 2005 one', () => {
    const realm = { ...withoutMex, federation_active_auth_url: 'https://sts2.contoso.example/trust/13/usernamemixed' }
    expect(predict('adal-node', { realm }).endpoint?.version).toBe('2005')
    expect(rulesOf('adal-node', { realm })).toEqual(['peer.wstrust.version-by-character'])
  })

  it('with an active URL that is none fails', () => {
    const realm = { ...withoutMex, federation_active_auth_url: 'sts' }
    expect(predict('adal-node', { realm })).toMatchObject({ path: 'fails', failure: { step: 'wstrust' } })
  })
})

describe('the user name', () => {
  it('with a "#" is cut off in the realm URL by three libraries', () => {
    const username = 'ada_fabrikam.example#EXT#@contoso.example'
    expect(predict('msal-python', { username })).toMatchObject({ path: 'managed', endpoint: { url: tokenEndpoint } })
    expect(predict('msal-java', { username })).toMatchObject({ path: 'managed', failure: { step: 'token' } })
    expect(predict('msal-dotnet', { username })).toMatchObject({
      path: 'fails',
      failure: { message: 'unknown_user_type' },
    })
    expect(rulesOf('msal-dotnet', { username })).toEqual(['peer.realm.name-cut'])
    expect(predict('msal-go', { username }).path).toBe('federated')
    expect(predict('msal-python', { username, realm: { accountType: 'managed' } }).failure).toBeUndefined()
  })

  it.each(['a&b@contoso.example', 'a<b@contoso.example'])(
    '%s makes the request of both ADALs ill-formed',
    (username) => {
      for (const peer of ['adal-node', 'adal-python'] as const) {
        expect(predict(peer, { username }), peer).toMatchObject({ path: 'federated', failure: { step: 'wstrust' } })
        expect(predict(peer, { username, realm: { accountType: 'managed' } }).failure, peer).toBeUndefined()
      }
      expect(predict('msal-python', { username }).failure).toBeUndefined()
      expect(rulesOf('msal-python', { username })).toEqual(['peer.wstrust.username-unescaped-formerly'])
      expect(rulesOf('msal-java', { username })).toEqual(rulesOf('msal-java', {}))
    },
  )
})

describe('the authority', () => {
  it('has a v1 endpoint for both ADALs, a v2 endpoint for the others', () => {
    const endpoints = comparePeers({ realm: { accountType: 'managed' }, authority }).map(
      ({ endpoint }) => endpoint?.url,
    )
    const v1 = tokenEndpoint.replace('/v2.0', '')
    expect(endpoints).toEqual([tokenEndpoint, tokenEndpoint, v1, v1, tokenEndpoint, tokenEndpoint, tokenEndpoint])
  })

  it('that is AD FS gets the password from everybody, without a realm', () => {
    const adfs = parseAuthority('https://sts.contoso.example/adfs')
    for (const prediction of comparePeers({ authority: adfs, username: 'a#b' })) {
      expect(prediction).toMatchObject({ path: 'managed', deviations: [] })
      expect(prediction.endpoint).toEqual({ url: 'https://sts.contoso.example/adfs/oauth2/token' })
    }
  })

  it('that is neither is asked for the realm by four libraries, three of which take 404 for an error', () => {
    for (const url of [
      'https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_ropc',
      'https://idp.contoso.example',
    ]) {
      const predictions = comparePeers({ authority: parseAuthority(url) })
      const failing = predictions.filter(({ path }) => path === 'fails').map(({ peer }) => peer)
      expect(failing).toEqual(['adal-node', 'adal-python', 'msal-go'])
      expect(predictions[1]).toMatchObject({ path: 'managed', deviations: [{ rule: 'peer.realm.asked-everywhere' }] })
    }
  })
})

describe('any input', () => {
  it('gives a prediction for every library, with an endpoint or a reason', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom(mex, mex.slice(0, 900), '<?x', '<!DOCTYPE [', '&', '<a/>'))
    const document = fc.array(text, { maxLength: 4 }).map((pieces) => pieces.join(''))
    const realm = fc.dictionary(
      fc.constantFrom(...Object.keys(wire)),
      fc.oneof(fc.string(), fc.constantFrom(...Object.values(wire))),
    )
    fc.assert(
      fc.property(document, realm, fc.string(), (body, answer, username) => {
        for (const { path, endpoint, failure } of comparePeers({ realm: answer, mex: body, authority, username })) {
          if (path === 'fails') expect(failure).toBeDefined()
          else if (path !== 'unknown') expect(endpoint).toBeDefined()
        }
      }),
      { numRuns: 150 },
    )
  })
})
