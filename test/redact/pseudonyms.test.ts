import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64Url, encodeBase64Url } from '../../src/protocol/base64url.ts'
import { createPseudonyms } from '../../src/redact/pseudonyms.ts'

const share = (text: string): string => createPseudonyms().text(text)
const jwt = (claims: object): string =>
  `${encodeBase64Url('{"alg":"RS256"}')}.${encodeBase64Url(JSON.stringify(claims))}.x`
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(decodeBase64Url(token.split('.')[1] ?? '') ?? '')
const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

describe('a pseudonym', () => {
  it.each([
    ['a user', 'ada@contoso.example', 'user1@tenant1.example'],
    ['a user in quotes', `Unknown user 'ada@contoso.example'.`, `Unknown user 'user1@tenant1.example'.`],
    ['a guest', 'ada_fabrikam.example#EXT#@contoso.example', 'user1_tenant1.example#EXT#@tenant2.example'],
    ['a user in a header', 'UPN:ada@contoso.example', 'UPN:user1@tenant1.example'],
    ['a GUID', '7B3A1F52-4c1e-4a55-9d3e-1f0c5a7d2e01', '00000000-0000-4000-9000-000000000001'],
    ['a GUID without hyphens', '7b3a1f524c1e4a559d3e1f0c5a7d2e01', '00000000000040009000000000000001'],
    [
      'a GUID with a policy',
      '7b3a1f52-4c1e-4a55-9d3e-1f0c5a7d2e01-b2c_1_x',
      '00000000-0000-4000-9000-000000000001-b2c_1_x',
    ],
    ['a federation server', 'https://sts.contoso.example:444/adfs/ls', 'https://sts1.tenant1.example:444/adfs/ls'],
    ['another host', 'https://login.app.contoso.example/x', 'https://host1.tenant1.example/x'],
    ['a host without a domain', 'https://intranet/x', 'https://host1/x'],
    [
      'a tenant in a path',
      'https://login.microsoftonline.com/contoso.example/v2.0',
      'https://login.microsoftonline.com/tenant1.example/v2.0',
    ],
    [
      'a tenant by its first name',
      'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_x',
      'https://tenant1.b2clogin.com/tenant1.onmicrosoft.com/B2C_1_x',
    ],
    ['a name that only looks public', 'https://contoso.blob.core.windows.net/', 'https://host1.tenant1.example/'],
    ['an app', 'api://contoso-payroll/read', 'api://app1/read'],
    ['an address', 'from 203.0.113.9 and 10.1.2.3', 'from 192.0.2.1 and 192.0.2.2'],
    [
      'an IPv6 address',
      'from 2a00:1450:4001:82b::200e and 2A00:1450:4001:82b:0::200e',
      'from 2001:db8::1 and 2001:db8::1',
    ],
    ['an account', 'S-1-5-21-1004336348-1177238915-682003330-512', 'S-1-5-21-0-0-0-1001'],
    ['a thumbprint', `is ${'AB12CD34EF'.repeat(4)}`, `is ${'0'.repeat(39)}1`],
  ])('stands for %s', (_, original, pseudonym) => {
    expect(share(original)).toBe(pseudonym)
    expect(share(pseudonym)).toBe(pseudonym)
  })

  it.each([
    'https://login.microsoftonline.com/common/oauth2/v2.0/token',
    'https://graph.microsoft.com/User.Read 00000003-0000-0000-c000-000000000000',
    'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue urn:federation:MicrosoftOnline',
    'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd',
    'https://localhost:8443/x and 127.0.0.1, 0.0.0.0 and [::1]',
    'S-1-5-32-544 at 2026-11-23T05:13:06.000Z, 20:00:00, version 2.1.0',
    'AADSTS50126: Error validating credentials due to invalid username or password.',
    'grant_type=password&scope=User.Read+openid&client_info=1',
    'B2C_1_ROPC [not shown] [password, up to 15 characters] [dropped: 1,234 bytes of text/html]',
  ])('is not given to what is the same for everybody: %s', (text) => {
    expect(share(text)).toBe(text)
  })

  it.each([
    'zelda&bobby@contoso.example',
    'dollar$zelda@contoso.example',
    'zelda bobby@contoso.example',
    'zelda,{bobby}@contoso.example',
    '(zelda)/bobby*@contoso.example',
    '"zelda bobby"@contoso.example',
    '<zelda>bobby@contoso.example',
    'zelda`|;:?bobby@contoso.example',
    'zelda@corporate',
    'zelda@[10.1.2.3]',
  ])('stands for the whole of a user name, whatever its characters: %s', (username) => {
    const { value } = createPseudonyms()
    const out = value({
      username,
      url: `https://login.microsoftonline.com/common/userrealm/${encodeURIComponent(username)}?api-version=1.0`,
      body: new URLSearchParams({ grant_type: 'password', username }).toString(),
      soap: `<o:Username>${escapeXml(username)}</o:Username>`,
      message: `no user ${username.toUpperCase()} here`,
    })
    expect(JSON.stringify(out)).not.toMatch(/zelda|bobby|dollar|corporate|10\.1/i)
    expect(out.message).toBe(`no user ${out.username} here`)
    expect(out.username).toMatch(/^user1(?:@tenant1\.example)?$/)
    expect(createPseudonyms().value(out)).toEqual(out)
  })

  it('stands for a user name in the form of a field', () => {
    expect(createPseudonyms().value({ username: 'zelda=bobby@contoso.example' })).toEqual({
      username: 'user1@tenant1.example',
    })
  })

  it('is known by what the name says that a text stands under', () => {
    const { value } = createPseudonyms()
    const body = JSON.stringify({ domain_name: 'contoso.example', federation_brand_name: 'Contoso Ltd.' })
    const out = value({
      realm: body,
      form: 'grant_type=password&username=CONTOSO%5Cada',
      token: jwt({
        name: 'Ada Byron',
        given_name: 'Ada',
        sub: 'Zx9-pairwise',
        upn: 'CONTOSO\\ada',
        x5t: 'q83vASNFZ4mrze8B',
      }),
      error: 'Ada Byron (CONTOSO\\ada, Zx9-pairwise) of Contoso Ltd. is not known at Contoso; ask Ada',
      xml: '<a><NameIdentifier>q83vASNFZ4mrze8BI0VniQ==</NameIdentifier><Attribute AttributeName="ImmutableID"><AttributeValue>q83vASNFZ4mrze8BI0VniQ==</AttributeValue></Attribute></a>',
      name: 'TokenEndpointError',
    })
    expect(out).toEqual({
      realm: '{"domain_name":"tenant1.example","federation_brand_name":"Organization 1"}',
      form: 'grant_type=password&username=user1',
      token: expect.any(String),
      error: 'Person 1 (user1, id-1) of Organization 1 is not known at tenant1; ask Person 2',
      xml: '<a><NameIdentifier>id-3</NameIdentifier><Attribute AttributeName="ImmutableID"><AttributeValue>id-3</AttributeValue></Attribute></a>',
      name: 'TokenEndpointError',
    })
    expect(claimsOf(out.token)).toEqual({
      name: 'Person 1',
      given_name: 'Person 2',
      sub: 'id-1',
      upn: 'user1',
      x5t: 'id-2',
    })
    expect(value(out)).toEqual(out)
    expect(createPseudonyms().value(out)).toEqual(out)
  })

  it.each([
    ['AADSTS50034: The user account X does not exist in the Fabrikam GmbH directory.', 'Fabrikam'],
    ["AADSTS700016: Application with identifier 'x' was not found in the directory 'Fabrikam GmbH'.", 'Fabrikam'],
    [
      "AADSTS50020: User account from identity provider 'live.com' does not exist in tenant 'Fabrikam GmbH'",
      'Fabrikam',
    ],
    [
      "AADSTS65001: consent to use the application with ID '7b3a1f52-4c1e-4a55-9d3e-1f0c5a7d2e01' named 'Pay Roll'",
      'Pay Roll',
    ],
    ["AADSTS50105: application '7b3a1f52-4c1e-4a55-9d3e-1f0c5a7d2e01'(Pay Roll) needs a role", 'Pay Roll'],
  ])('is given to a name that an error text gives: %s', (text, name) => {
    const written = share(text)
    expect(written).not.toContain(name)
    expect(written).toContain('Organization 1')
    expect(share(written)).toBe(written)
    expect(createPseudonyms().value({ text, page: `${name} has rights` }).page).not.toContain('Pay')
  })

  it('is not given twice where a text has some already', () => {
    expect(share('ada@contoso.example met user1@tenant1.example')).toBe(
      'user2@tenant2.example met user1@tenant1.example',
    )
    const [taken, free] = ['00000000-0000-4000-9000-000000000001', '7b3a1f52-4c1e-4a55-9d3e-1f0c5a7d2e01']
    expect(share(`${free} ${taken}`)).toBe(`00000000-0000-4000-9000-000000000002 ${taken}`)
  })

  it('of a federation server is that of one, whatever else is asked there', () => {
    expect(share('https://sts.contoso.example/adfs/ls https://sts.contoso.example/x')).toBe(
      'https://sts1.tenant1.example/adfs/ls https://sts1.tenant1.example/x',
    )
  })

  it('is not the word of a domain that stands in any text', () => {
    expect(share('dora@mail.example may not use Mail.Read')).toBe('user1@tenant1.example may not use Mail.Read')
  })

  it('of a person who is called like a word is not put into other words', () => {
    const { value } = createPseudonyms()
    expect(value([jwt({ given_name: 'Grant' }), 'grant_type is no granted grant']).at(1)).toBe(
      'grant_type is no granted grant',
    )
  })

  const letters = fc.stringMatching(/^[a-z][a-z0-9.'_-]{0,10}[a-z0-9]$/)
  const upn = fc
    .tuple(letters, fc.stringMatching(/^[a-z]{2,10}$/), fc.boolean())
    .map(([local, domain, upper]) => `${upper ? local.toUpperCase() : local}@${domain}.test`)

  it('is the same for the same user in every spelling, and another for another', () => {
    fc.assert(
      fc.property(upn, upn, (one, two) => {
        const spell = (user: string) => ({
          plain: `no ${user} here`,
          url: `https://login.microsoftonline.com/common/userrealm/${encodeURIComponent(user)}?api-version=1.0`,
          twice: `https://x.test/?u=${encodeURIComponent(`https://y.test/${encodeURIComponent(user)}`)}`,
          form: new URLSearchParams({ grant_type: 'password', username: user }).toString(),
          xml: `<a><Username b="${escapeXml(user)}">${escapeXml(user)}</Username></a>`,
          json: JSON.stringify({ user }).replaceAll("'", '\\u0027').replaceAll('@', '\\u0040'),
          token: jwt({ upn: user }),
          info: encodeBase64Url(JSON.stringify({ user })),
        })
        const out = createPseudonyms().value([spell(one), spell(two)])
        const users = out.map(({ plain, url, twice, form, xml, json, token, info }) => {
          const found = [
            plain.slice(3, -5),
            decodeURIComponent(/userrealm\/([^?]*)/.exec(url)?.[1] ?? ''),
            decodeURIComponent(decodeURIComponent(twice).split('/').at(-1) ?? ''),
            new URLSearchParams(form).get('username'),
            /b="([^"]*)"/.exec(xml)?.[1],
            />([^<]*)<\/Username/.exec(xml)?.[1],
            JSON.parse(json).user,
            claimsOf(token)['upn'],
            JSON.parse(decodeBase64Url(info) ?? '').user,
          ]
          expect(new Set(found).size, JSON.stringify(found)).toBe(1)
          return String(found[0])
        })
        for (const user of users) expect(user).toMatch(/^user\d+@tenant\d+\.example$/)
        expect(users[0] === users[1]).toBe(one.toLowerCase() === two.toLowerCase())
        expect(createPseudonyms().value(out)).toEqual(out)
      }),
      { numRuns: 60 },
    )
  })

  it('leaves a text alone that names nobody, to the last character', () => {
    // "::a" is an address, "a.b.c" a host, and "a\\b" and "'@A.0" are users.
    const nameless = fc.json().filter((one) => !/::|\..*\.|\\\\|@/.test(one))
    fc.assert(
      fc.property(nameless, fc.stringMatching(/^[ a-z<>="'&;%{}[\]()+-]{0,40}$/), (json, text) => {
        expect(createPseudonyms().value({ json, text })).toEqual({ json, text })
      }),
      { numRuns: 100 },
    )
  })

  it.each(['a', 'a.', 'eyJ', 'a-', '%41', '<', '&#x41;', '0:', '1.', '[', '\\', 'a=', "'"])(
    'is looked for in time that grows with the text, whatever it is made of: %s',
    (unit) => {
      const time = (count: number): number => {
        const started = performance.now()
        share(unit.repeat(count))
        return performance.now() - started
      }
      time(1_000)
      expect(time(100_000 / unit.length)).toBeLessThan(1_500)
    },
  )
})

describe('level "team"', () => {
  it('takes the names of people out of claims and leaves all else', () => {
    const original = {
      token: jwt({ name: 'Ada Byron', given_name: 'Ada', email: 'a@b.test', upn: 'ada@contoso.example' }),
      name: 'Error',
    }
    const out = createPseudonyms('team').value(original)
    expect(claimsOf(out.token)).toEqual({
      name: '[name]',
      given_name: '[name]',
      email: '[name]',
      upn: 'ada@contoso.example',
    })
    expect(out.name).toBe('Error')
    const xml =
      '<a><Attribute Name="http://x/claims/givenname"><AttributeValue>Ada</AttributeValue></Attribute><Issuer>http://sts.contoso.example/</Issuer></a>'
    expect(createPseudonyms('team').text(xml)).toBe(xml.replace('>Ada<', '>[name]<'))
  })
})

describe('a name that nobody expects where it is', () => {
  const host = 'https://sts.zava.example/x'
  const named = 'https://sts1.tenant1.example/x'

  it.each([
    ['in a comment', `<a><!-- ${host} --></a>`, '<a><!-- https://host1.tenant1.example/x --></a>'],
    ['in a comment without an end', `<a><!-- ${host}`, '<a><!-- https://host1.tenant1.example/x'],
    ['in CDATA', `<a><![CDATA[${host}?a&b]]></a>`, '<a><![CDATA[https://host1.tenant1.example/x?a&b]]></a>'],
    ['in single quotes', `<a b='${host}'/>`, `<a b='https://host1.tenant1.example/x'/>`],
    ['beside spaces', `<a b = "${host}"/>`, '<a b = "https://host1.tenant1.example/x"/>'],
    ['in an element of WS-Addressing', '<Dns>sts.zava.example</Dns>', '<Dns>tenant1.example</Dns>'],
  ])('is replaced %s', (_, text, expected) => {
    expect(share(text)).toBe(expected)
    expect(share(text)).not.toContain(named)
  })

  it('is replaced in the name of a claim', () => {
    const names = Object.keys(
      claimsOf(
        share(jwt({ 'http://schemas.zava.example/claims/badge': 1, extension_0123456789abcdef0123456789abcdef_x: 1 })),
      ),
    )
    expect(names[0]).toMatch(/^http:\/\/host1\.tenant1\.example\/claims\/badge$/)
    expect(names[1]).toBe('extension_00000000000040009000000000000001_x')
  })

  it.each([
    'The resource principal named api://x was not found in the tenant named Zava Holdings. This can happen',
    'was not found in the tenant named Zava Holdings.',
    'needs access to a service ("Zava Holdings") that your organization "Zava Holdings" has not subscribed to',
    "was not found in the directory 'O'Zava Holdings'.",
    'does not exist in the Zava S.A. de C.V. directory. To sign in',
    "Tenant 'zavaholdings' not found.",
    "Specified tenant identifier 'zavaholdings' is neither a valid DNS name",
  ])('is replaced in: %s', (error_description) => {
    expect(share(JSON.stringify({ error_description }))).not.toMatch(/zava/i)
  })

  it.each([
    ['a tag without an end', `<a${'<'.repeat(500_000)}`],
    ['a long name', `<${'a'.repeat(500_000)}>`],
    ['comments without an end', '<!--'.repeat(100_000)],
  ])('is looked for in time, whatever is there: %s', (_, text) => {
    const start = performance.now()
    share(text)
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})

describe('a name in a sentence', () => {
  const message = (text: string): string =>
    JSON.parse(share(JSON.stringify({ error_description: text }))).error_description

  it.each([
    ['the logon failed for FABCORP\\\\alovelace', 'the logon failed for tenant1\\\\user1'],
    ['the server adfs01.zava.local is down', 'the server host1.tenant1.example is down'],
    ['ask proxy.corp.zava.com:8080 or zava.com', 'ask host1.tenant1.example:8080 or tenant1.example'],
    ['User:FABCORP\\\\\\\\ada and 3M\\\\ada', 'User:tenant1\\\\user1 and tenant2\\\\user1'],
    [
      'DC01.ZAVA.LOCAL and ldap://dc02.zava.local are down',
      'host1.tenant1.example and ldap://host2.tenant1.example are down',
    ],
    ['see https://intranet, or https://dc01.', 'see https://host1, or https://host2.'],
    ['of urn:zava.com:app and urn:zava.de:app', 'of urn:tenant1.example:app and urn:tenant2.example:app'],
    ["the user 'Ada Lovelace' is blocked", "the user 'Organization 1' is blocked"],
    ['issued by urn:zava:sts at https://adfs01/adfs/ls', 'issued by urn:tenant1:sts at https://host1/adfs/ls'],
  ])('is replaced: %s', (text, expected) => {
    const once = message(text.replaceAll('\\\\', '\\'))
    expect(once).toBe(expected.replaceAll('\\\\', '\\'))
    expect(message(once)).toBe(once)
  })

  it.each([
    'System.IdentityModel.Tokens failed at Microsoft.IdentityServer.Web',
    'C:\\Windows\\ADFS\\adfs.exe and \\d+ are no users',
    'use TLS 1.2.3, node.js or user.read',
    'at jquery.min.js, index.d.ts',
    'urn:ietf:params:oauth:grant-type:saml2-bearer for urn:federation:MicrosoftOnline',
    'see https://localhost:8443/x and aka.ms/mfasetup',
  ])('is not taken for one: %s', (text) => {
    expect(message(text)).toBe(text)
  })

  it('is that of a user without the domain too, in sentences, and no word that anybody may use', () => {
    const of = (username: string, text: string, scope: string): unknown =>
      createPseudonyms().value({ username, error_description: text, scope })
    expect(of('ALovelace@zava.example', 'user alovelace is unknown', 'alovelace.read x')).toEqual({
      ...{ username: 'user1@tenant1.example', error_description: 'user user1 is unknown' },
      scope: 'alovelace.read x',
    })
    const telling = of('Ada.Lovelace@zava.example', 'ada.lovelace is unknown, and so is ADA.LOVELACE', 'ada.lovelace x')
    expect(of('jdoe123+x@zava.example', 'jdoe123 is the user', '')).toMatchObject({
      error_description: 'user1 is the user',
    })
    expect(of('anna@zava.example', "no user account 'Anna' here", '')).toMatchObject({
      error_description: "no user account 'user1' here",
    })
    expect(telling).toMatchObject({ error_description: 'user1 is unknown, and so is user1', scope: 'ada.lovelace x' })
    for (const word of ['disabled', 'policy', 'ada', 'password', 'aadsts50105', 'saml2', 'node22', 'sign-in']) {
      const text = `${word}: the account is ${word}`
      expect(of(`${word}@zava.example`, text, '')).toMatchObject({ error_description: text })
    }
  })

  it('is the same for a user as a host or a directory calls them', () => {
    const both = createPseudonyms().value({
      username: 'alovelace@zava.example',
      message: 'no FAB\\alovelace at api://pay.zava.example/x',
    })
    expect(both).toEqual({
      username: 'user1@tenant1.example',
      message: 'no tenant2\\user1 at api://host1.tenant1.example/x',
    })
    expect(share('api://pay.zava.com/.default')).toBe('api://host1.tenant1.example/.default')
  })

  it('is that of a group or a role, wherever they are listed', () => {
    const out = share(jwt({ groups: ['ZAVA\\Payroll', 'Zava HR'], roles: ['Zava.Admin'] }))
    expect(claimsOf(out)).toEqual({ groups: ['id-1', 'id-2'], roles: ['id-3'] })
    expect(
      share(
        '<Attribute Name="http://schemas.xmlsoap.org/claims/Group"><AttributeValue>Zava HR</AttributeValue></Attribute>',
      ),
    ).toContain('<AttributeValue>id-1<')
    for (const name of ['NameQualifier', 'SPNameQualifier', 'FriendlyName']) {
      expect(share(`<NameID ${name}="ZAVA">x</NameID>`)).not.toContain('ZAVA')
    }
    for (const name of ['documentation', 'X509SubjectName', 'X509IssuerName']) {
      for (const text of ['CN=ZAVA', 'of ZAVA, see https://idp.example/zava', 'C=DE, O=ZAVA, CN=a@b.example']) {
        expect(share(`<a><${name}>${text}</${name}></a>`)).toBe(`<a><${name}>id-1</${name}></a>`)
        expect(share(`<${name}>id-1</${name}>`)).toBe(`<${name}>id-1</${name}>`)
      }
    }
  })

  it.each([
    'a.'.repeat(200_000),
    'a\\'.repeat(200_000),
    'urn:'.repeat(100_000),
    'http://'.repeat(100_000),
    'a-'.repeat(200_000),
  ])('is looked for in time', (text) => {
    const start = performance.now()
    message(`x ${text}`)
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})
