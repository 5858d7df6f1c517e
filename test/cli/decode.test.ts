import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeText } from '../../src/cli/decode/decode.ts'
import { distanceInWords } from '../../src/cli/decode/instants.ts'
import { renderDecoded } from '../../src/cli/decode/render.ts'
import { toJsonLine } from '../../src/cli/output.ts'
import { parseInstant } from '../../src/protocol/time.ts'
import { marks, secrecyContract } from '../contract/secrecy.ts'
import { fixture } from '../fixtures.ts'
import { createFolder, createTestIo, type Outcome, piped, ropc } from './test-io.ts'

const folder = createFolder()
afterAll(() => folder.remove())

/** When the fixtures were made. */
const at = parseInstant('2026-11-22T20:00:00Z') ?? 0
const page = { width: 100, colour: false }
const base64Url = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const jwt = (claims: object, header: object = { alg: 'RS256', kid: 'k1' }): string =>
  `${base64Url(header)}.${base64Url(claims)}.${base64Url(marks.join(''))}`
const info = { uid: 'd0000000-0000-4000-8000-000000000001', utid: '7b3a1f52-4c1e-4a55-9d3e-1f0c5a7d2e01' }
const flat = (text: string): string => text.replace(/\s+/g, ' ')

async function render(text: string): Promise<string> {
  return renderDecoded(page, await decodeText(text, at), at).join('\n')
}

const decodePiped = (text: string | Buffer, ...more: readonly string[]): Promise<Outcome> =>
  ropc(['decode', '-', ...more], createTestIo({ stdin: piped(text) }))

describe('a JWT', () => {
  const token = jwt({
    iss: 'https://sts.contoso.example',
    sub: 's',
    exp: at + 3_540,
    iat: at - 60,
    scp: 'User.Read',
    deep: { list: [1] },
  })

  it('shows header and claims with what they mean, instants in words, and never the signature', async () => {
    const text = await render(token)
    expect(text).toMatch(/^JWT\n===\nSignature not verified: anybody could have written this\.\nExpires in 59 minutes,/)
    expect(text).toMatch(/^ {2}alg +RS256 +How it is signed/m)
    expect(flat(text)).toContain(`exp ${at + 3_540} (2026-11-22T20:59:00Z, in`)
    expect(text).toMatch(/^ {2}deep +\{"list":\[1\]\}$/m)
    expect(text).not.toContain(token.split('.')[2])
  })

  it('is told apart by the state of its validity and of its signature', async () => {
    expect(await render(jwt({ exp: at }))).toContain('\nExpired now,')
    expect(await render(jwt({ exp: at - 7_200 }))).toContain('\nExpired 2 hours ago,')
    expect(await render(jwt({ exp: at + 9, nbf: at + 5 }))).toContain('\nNot yet valid: it counts in 5 seconds.')
    expect(await render(jwt({}))).toContain('\nIt names no end of its validity.')
    expect(await render(jwt({}).replace(/[^.]*$/, ''))).toContain('It has NO signature')
    const encrypted = await render(`${base64Url({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`)
    expect(encrypted).toContain('only its recipient can read the claims')
    expect(encrypted).not.toContain('claims\n')
  })

  it('shows no token, password or key that it carries itself', async () => {
    const secret = marks.join('')
    const carried = { refresh_token: secret, cnf: { jwk: { kty: 'EC', d: secret } }, list: [jwt({ upn: secret })] }
    const header = { alg: 'ES256', jwk: { crv: 'P-256', d: secret } }
    const { decoded } = await decodeText(jwt({ ...carried, upn: 'ada@contoso.example' }, header), at)
    expect(JSON.stringify(decoded)).not.toContain(marks[0])
    expect(decoded).toMatchObject({
      header: { jwk: { crv: 'P-256' } },
      claims: {
        list: [expect.stringMatching(/^\(not shown/)],
        refresh_token: '(not shown: 30 characters)',
        cnf: { jwk: { kty: 'EC' } },
        upn: 'ada@contoso.example',
      },
    })
  })

  it('takes instants that no Date holds, and those that are none, as they are', async () => {
    const { decoded } = await decodeText(jwt({ exp: 1e300, iat: 'soon', nbf: at + 0.5 }), at)
    expect(decoded).toMatchObject({ claims: { exp: 1e300, iat: 'soon' }, instants: { nbf: '2026-11-22T20:00:00Z' } })
    expect(Object.keys((decoded as { instants: object }).instants)).toEqual(['nbf'])
    expect(await render(jwt({ exp: 1e300, iat: 'soon' }))).toMatch(/^ {2}iat +soon +/m)
  })
})

describe('a SAML assertion', () => {
  const assertionOf = (name: string): string =>
    /<(saml:)?Assertion .*<\/\1Assertion>/s.exec(fixture(`rstr/${name}.xml`))?.[0] ?? ''

  it('shows its facts, and nothing that it says of the user', async () => {
    const text = await render(assertionOf('13-saml20'))
    expect(text).toMatch(/^SAML assertion\n/)
    expect(text).toMatch(/^ {2}version +SAML 2\.0 /m)
    expect(flat(text)).toContain('notOnOrAfter 2026-11-22T20:44:50Z, in 44 minutes')
    expect(text).toMatch(/^ {2}validity +valid /m)
    expect(text).toMatch(/^ {2}signed +yes, not verified /m)
    expect(text).toMatch(/^ {2}NameID +present /m)
    expect(flat(text)).toContain('ImmutableID no In SAML 2.0 the NameID stands for it.')
    expect(text).toContain('Nothing of it was verified.')
    expect(text).not.toMatch(/ada@contoso|q83vASNF|wWaQmKpu/)
  })

  it('says of SAML 1.1 whether Entra would find the user by it', async () => {
    const xml = fixture('rstr/13-saml11.xml')
    expect((await decodeText(xml, at)).decoded).toMatchObject({
      parts: { assertion: { version: '1.1', immutableId: true, nameId: true } },
    })
    const without = xml.replace('"ImmutableID"', '"Other"')
    expect(flat(await render(without))).toContain(
      'ImmutableID no Entra finds the user of a SAML 1.1 assertion by it, and refuses one without',
    )
  })

  it.each([
    [-7_200, 'not yet valid'],
    [2_690, 'expired'],
    [2_689, 'valid'],
  ])('is judged by the clock of this machine (%d s off)', async (seconds, validity) => {
    const { decoded } = await decodeText(assertionOf('13-saml20'), at + seconds)
    expect(decoded).toMatchObject({ kind: 'saml_assertion', validity })
  })

  it('says that it is unsigned, unbounded, without a name, encrypted in parts', async () => {
    const plain = '<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><EncryptedID/></Assertion>'
    const { decoded } = await decodeText(plain, at)
    expect(decoded).toMatchObject({ signed: false, encrypted: true, nameId: false, userPrincipalName: false })
    expect(decoded).not.toHaveProperty('validity')
    const text = await render(plain)
    expect(text).toMatch(/^ {2}signed +NO /m)
    expect(text).toMatch(/^ {2}audiences +none /m)
  })

  it('is found inside a message of another protocol', async () => {
    const wrapped = `<?xml version="1.0"?><p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol">${assertionOf('13-saml20')}</p:Response>`
    expect((await decodeText(wrapped, at)).decoded).toMatchObject({ kind: 'saml_assertion', signed: true })
    const sealed =
      '<p:Response xmlns:p="urn:p"><EncryptedAssertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/></p:Response>'
    expect((await decodeText(sealed, at)).decoded).toMatchObject({ kind: 'encrypted_assertion' })
  })
})

describe('a WS-Trust answer', () => {
  it.each(['13-saml11', '13-saml20', '13-without-collection', '2005-saml11'])('is taken apart: %s', async (name) => {
    const { decoded } = await decodeText(fixture(`rstr/${name}.xml`), at)
    expect(decoded).toMatchObject({
      kind: 'security_token_response',
      members: {
        'WS-Trust': name.startsWith('2005') ? '2005' : '1.3',
        AppliesTo: 'urn:federation:MicrosoftOnline',
        'Lifetime/Expires': expect.stringMatching(/^2026-/),
      },
      parts: { assertion: { kind: 'saml_assertion', signed: true } },
    })
  })

  it('is taken apart without its envelope, too', async () => {
    const inner =
      /<trust:RequestSecurityTokenResponseCollection.*Collection>/s.exec(fixture('rstr/13-saml20.xml'))?.[0] ?? ''
    const alone = inner.replace(
      '<trust:RequestSecurityTokenResponseCollection',
      '$& xmlns:a="http://www.w3.org/2005/08/addressing"',
    )
    expect((await decodeText(alone, at)).decoded).toMatchObject({ parts: { assertion: { version: '2.0' } } })
  })

  it.each(['encrypted', 'encrypted-data'])('says that the assertion is %s', async (name) => {
    const text = await render(fixture(`rstr/${name}.xml`))
    expect(text).toContain('assertion: Encrypted SAML assertion')
    expect(flat(text)).toContain('only its recipient can read it')
  })

  it('is a fault, which is explained', async () => {
    const text = await render(fixture('faults/wrong-password-13.xml'))
    expect(text).toMatch(/^SOAP fault\n/)
    expect(text).toMatch(/^ {2}faultSubcode +FailedAuthentication$/m)
    expect(text).toContain('ropc explain ID3242 says more.')
  })

  it.each(['two-assertions', 'two-responses', 'no-token', 'not-saml', 'token-type-mismatch'])(
    'is refused where the client would refuse it: %s',
    async (name) => {
      await expect(decodeText(fixture(`rstr/${name}.xml`), at)).rejects.toMatchObject({
        name: 'UsageError',
        hint: expect.stringMatching(/^Expected: /),
      })
    },
  )
})

describe('JSON', () => {
  const response = {
    token_type: 'Bearer',
    expires_in: 3_599,
    access_token: jwt({ aud: 'https://graph.example', exp: at + 60 }),
    refresh_token: `0.${marks.join('.')}`,
    id_token: jwt({ iss: 'i', upn: 'ada@contoso.example' }),
    client_info: base64Url(info),
    new_member: marks[1],
  }

  it('is a token response, whose parts are decoded, and nothing else of it shown that may be secret', async () => {
    const { decoded } = await decodeText(JSON.stringify(response), at)
    expect(decoded).toMatchObject({
      kind: 'token_response',
      members: {
        token_type: 'Bearer',
        expires_in: 3_599,
        refresh_token: '(not shown: 34 characters)',
        new_member: '(not shown: 10 characters)',
      },
      parts: {
        access_token: { kind: 'jwt', claims: { aud: 'https://graph.example' } },
        id_token: { kind: 'jwt', claims: { upn: 'ada@contoso.example' } },
        client_info: { kind: 'client_info', ...info },
      },
    })
    const text = await render(JSON.stringify(response))
    expect(text).toContain('\nid_token: JWT\n')
    expect(text).toContain('\nclient_info\n===')
    for (const mark of marks) expect(text + JSON.stringify(decoded)).not.toContain(mark)
  })

  it('is what ropc token --json prints', async () => {
    const result = {
      accessToken: response.access_token,
      expiresOn: '2026-11-22T21:00:00.000Z',
      account: { username: 'ada' },
    }
    expect((await decodeText(JSON.stringify(result), at)).decoded).toMatchObject({
      kind: 'token_response',
      members: { expiresOn: '2026-11-22T21:00:00.000Z', account: expect.stringMatching(/^\(not shown/) },
      parts: { accessToken: { kind: 'jwt' } },
    })
  })

  it('is a token response with an opaque access token', async () => {
    const { decoded } = await decodeText('{"access_token":"opaque","token_type":"Bearer"}', at)
    expect(decoded).toMatchObject({ kind: 'token_response', parts: {} })
    expect(await render('{"access_token":"opaque"}')).toContain('Nothing of it was verified.')
  })

  it('is an OAuth error, with the command that explains it', async () => {
    const text = await render(
      '{"error":"invalid_grant","error_codes":[50126],"error_description":"AADSTS50126: \\u001b[31mno"}',
    )
    expect(text).toMatch(/^OAuth error\n/)
    expect(text).toContain('\\u{1b}[31mno')
    expect(text).toContain('ropc explain AADSTS50126 says more.')
    expect(await render('{"error":"invalid_client"}')).toContain('ropc explain invalid_client says more.')
  })

  it('is client_info', async () => {
    expect(await render(JSON.stringify(info))).toMatch(/^client_info\n=/)
  })
})

describe('wrappings', () => {
  const token = jwt({ iss: 'i' })
  const text = fixture('rstr/13-saml20.xml').trim()
  // So long that its base64 is padded, and so cannot be base64url as JWTs are written.
  const xml = text.padEnd(text.length + ((4 - (text.length % 3)) % 3))
  it.each<readonly [string, string, readonly string[], string]>([
    ['a header', `Authorization: Bearer ${token}`, ['Bearer'], 'jwt'],
    ['quotes', `  "${token}"\n`, ['quotes'], 'jwt'],
    ['broken lines', token.replace(/.{40}/g, '$&\n'), [], 'jwt'],
    ['base64', Buffer.from(xml).toString('base64'), ['base64'], 'security_token_response'],
    [
      'base64 in lines',
      Buffer.from(xml).toString('base64').replace(/.{76}/g, '$&\r\n'),
      ['base64'],
      'security_token_response',
    ],
    ['base64url', base64Url(info), ['base64url'], 'client_info'],
    ['base64url of a JWT', base64Url(token), ['base64url'], 'jwt'],
    ['base64 twice', base64Url(`"${base64Url(info)}"`), ['base64url', 'quotes', 'base64url'], 'client_info'],
    ['a byte order mark', `\ufeff${xml}`, [], 'security_token_response'],
  ])('are taken off: %s', async (_, wrapped, wrappings, kind) => {
    const result = await decodeText(wrapped, at)
    expect(result.decoded.kind).toBe(kind)
    expect(result.wrappings).toEqual(wrappings)
  })

  it('are named', async () => {
    expect(await render(`Bearer ${token}`)).toMatch(/^JWT \(inside Bearer\)\n/)
  })
})

describe('what is not known', () => {
  it.each([
    ['', 'there is nothing to decode'],
    ['hello', 'nothing that is known here'],
    ['a.b.c', 'nothing that is known here'],
    [jwt({}).slice(0, 20), 'is not one (was it cut?)'],
    [`${jwt({}).slice(0, 40)}.x`, 'begins like a JWT'],
    ['{"a":1', 'is not one (was it cut?)'],
    ['{"a":1}', 'the JSON is no token response'],
    [`{"access_token":${'['.repeat(200)}${']'.repeat(200)}}`, 'is not one'],
    [
      `${base64Url({ alg: 'x' })}.${base64Url(`{"a":${'['.repeat(90_000)}${']'.repeat(90_000)}}`)}.s`,
      'begins like a JWT',
    ],
    ['<a', 'the XML is not well-formed'],
    ['<a/>', 'holds no SAML assertion'],
    ['<!DOCTYPE a><a/>', 'the XML '],
    [fixture('mex/only-13.xml'), 'this is a MEX document'],
    [`<r>${'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>'.repeat(2)}</r>`, 'more than one assertion'],
    ['"'.repeat(100_000), 'wrapped too often'],
    [[1, 2, 3, 4, 5, 6].reduce((text) => base64Url(`"${text}"`), jwt({})), 'wrapped too often'],
  ])('is refused, with what was expected (%#)', async (text, message) => {
    await expect(decodeText(text, at)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining(message),
    })
  })

  it('never throws anything else, and never repeats what it was given', async () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '"',
      '.',
      '<',
      '>',
      'eyJhbGciOiJub25lIn0',
      '=',
      ':',
      ' ',
      '\n',
      marks[0],
      'error',
      '[',
      ']',
    )
    const text = fc.oneof(
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    )
    await fc.assert(
      fc.asyncProperty(text, async (input) => {
        const error = await decodeText(input, at).then(
          () => undefined,
          (reason: Error) => reason,
        )
        if (error === undefined) return
        expect(error.name).toBe('UsageError')
        expect(error.message).not.toContain(marks[0])
      }),
      { numRuns: 150 },
    )
  })
})

describe('distances', () => {
  it.each([
    [0, 'now'],
    [1, 'in 1 second'],
    [-1, '1 second ago'],
    [119, 'in 119 seconds'],
    [120, 'in 2 minutes'],
    [-7_199, '119 minutes ago'],
    [172_800, 'in 2 days'],
    [-172_799, '47 hours ago'],
  ])('%d s are %s', (seconds, words) => {
    expect(distanceInWords(at + seconds, at)).toBe(words)
  })
})

describe('ropc decode', () => {
  it('reads standard input, a file, or the text itself', async () => {
    const token = jwt({ iss: 'i' })
    const outcomes = [
      await decodePiped(token),
      await ropc(['decode', folder.file('token.txt', token)]),
      await ropc(['decode', token]),
    ]
    for (const { code, stdout, stderr } of outcomes) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toBe(outcomes[0]?.stdout)
    }
    const utf16 = Buffer.from(`\ufeff${JSON.stringify(info)}`, 'utf16le')
    expect(await decodePiped(utf16)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^client_info\n/) })
  })

  it('prints one JSON object that says that nothing was verified', async () => {
    const { code, stdout } = await decodePiped(`Bearer ${jwt({ name: 'Ada\u009b31m' })}`, '--json')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^[ -~]*\n$/)
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      verified: false,
      wrappings: ['Bearer'],
      decoded: { kind: 'jwt', claims: { name: 'Ada\u009b31m' } },
    })
  })

  it('fits the terminal, however many claims there are', async () => {
    const claims = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`c${index}`, 1]))
    const io = createTestIo({ stdin: piped(JSON.stringify({ access_token: 'x', ...claims })) })
    io.stdout.isTTY = true
    Object.assign(io.stdout, { columns: 10 })
    const { code, stdout } = await ropc(['decode', '-'], io)
    expect(code).toBe(0)
    const lines = stdout.split('\n')
    expect(stdout).toContain('and 801 more')
    expect(lines.length).toBeLessThan(1_000)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours take no columns
    const widest = Math.max(...lines.map((line) => line.replace(/\u001b\[\d+m/g, '').length))
    expect(widest).toBeLessThanOrEqual(40)
    expect(widest).toBeGreaterThan(30)
  })

  it('refuses no argument, several, too much, and what it does not know, without repeating it', async () => {
    const big = folder.file('big.txt', Buffer.alloc(1_048_577, 'a'))
    for (const argv of [[], ['a', marks[0]], [marks[0]], [big], ['--nope']]) {
      const { code, stdout, stderr } = await ropc(['decode', ...argv])
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^error: .*\nhint: .*\n$/)
      expect(stderr).not.toContain(marks[0])
    }
  })

  it('reads no more than 1 MiB', async () => {
    const big = folder.file('exact.txt', Buffer.alloc(1_048_577, 'a'))
    expect(await ropc(['decode', big])).toMatchObject({ code: 2, stderr: expect.stringContaining('1 MiB') })
    expect((await decodePiped(Buffer.alloc(1_048_576, 'a'))).stderr).not.toContain('1 MiB')
  })

  it('explains itself', async () => {
    expect(await ropc(['decode', '-h'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: ropc decode FILE/),
    })
  })

  it('loads nothing that could send a request', () => {
    const start = fileURLToPath(new URL('../../src/cli/commands/decode.ts', import.meta.url))
    const loaded = modulesFrom(start)
    for (const name of ['decode/jwt.ts', 'decode/render.ts', 'wstrust/xml.ts']) {
      expect(loaded.some((one) => one.endsWith(name))).toBe(true)
    }
    expect(
      loaded.filter((name) => /^node:(?!fs\/promises$|util$|stream$)|\/(transport|client|simulator)\//.test(name)),
    ).toEqual([])
  })
})

secrecyContract(
  'decode',
  async (secrets) => {
    const texts: string[] = []
    const xml = fixture('rstr/13-saml11.xml')
    for (const [index, secret] of secrets.entries()) {
      const escaped = secret.replace(/[^A-Za-z0-9]/g, (character) => `&#${character.codePointAt(0)};`)
      const inputs = [
        JSON.stringify({ access_token: secret, refresh_token: secret, other: { secret }, token_type: 'Bearer' }),
        `${base64Url({ alg: 'none' })}.${base64Url({ refresh_token: secret, a: { password: [secret] } })}.${base64Url(secret)}`,
        xml.replaceAll(/(?<=<saml:AttributeValue>)[^<]*/g, () => escaped),
        secret,
        `{"${secret}`,
      ]
      const input = inputs[index % inputs.length] ?? ''
      try {
        const result = await decodeText(input, at)
        texts.push(toJsonLine(result), renderDecoded(page, result, at).join('\n'))
      } catch (error) {
        texts.push(String(error), JSON.stringify(error))
      }
    }
    return texts.join('\n')
  },
  { runs: 4, secretsPerRun: 25 },
)

/** Every module that a module may load; of types alone, none. */
function modulesFrom(file: string, known = new Set<string>()): readonly string[] {
  if (known.has(file)) return []
  known.add(file)
  const imports = /(?:^(?:import|export) (?!type\b)[^']*?from |^import |\bimport\()'([^']+)'/gm
  for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(imports)) {
    if (name.startsWith('.')) modulesFrom(join(dirname(file), name), known)
    else known.add(name)
  }
  return [...known]
}
