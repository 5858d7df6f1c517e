import {
  constants,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  sign as nodeSign,
  type SignKeyObjectInput,
} from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { IdTokenAlgorithm, IdTokenExpectations } from '../../src/protocol/id-token.ts'
import { type JsonWebKeySet, verifyIdToken } from '../../src/protocol/jwks.ts'

// Tokens are put together by hand and signed with node:crypto: jose, which verifies, would refuse to make most of them.
const at = 1_795_375_600
const tid = '11111111-2222-4333-8444-555555555555'
const issuer = 'https://login.microsoftonline.com/{tenantid}/v2.0'
const good = {
  iss: `https://login.microsoftonline.com/${tid}/v2.0`,
  aud: 'client-1',
  sub: 's-1',
  tid,
  iat: at - 10,
  nbf: at - 10,
  exp: at + 3_600,
}
const expected: IdTokenExpectations = { clientId: 'client-1', issuer, tenantId: tid }

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const smallRsa = generateKeyPairSync('rsa', { modulusLength: 1_024 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const ed25519 = generateKeyPairSync('ed25519')

const jwkOf = (key: KeyObject, more: object = {}) => ({
  ...key.export({ format: 'jwk' }),
  kid: 'k1',
  use: 'sig',
  ...more,
})
const setOf = (...keys: object[]): JsonWebKeySet => ({ keys: keys as JsonWebKeySet['keys'] })
// Entra's key set states no alg.
const jwks = setOf(jwkOf(rsa.publicKey))
const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
const signers: Readonly<Record<string, (data: Buffer) => Buffer>> = {
  RS256: (data) => nodeSign('sha256', data, rsa.privateKey),
  RS384: (data) => nodeSign('sha384', data, rsa.privateKey),
  RS512: (data) => nodeSign('sha512', data, rsa.privateKey),
  PS256: (data) => nodeSign('sha256', data, { key: rsa.privateKey, ...pss } as SignKeyObjectInput),
  ES256: (data) => nodeSign('sha256', data, { key: p256.privateKey, dsaEncoding: 'ieee-p1363' }),
  ES384: (data) => nodeSign('sha384', data, { key: p384.privateKey, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (data) => nodeSign(null, data, ed25519.privateKey),
}
const rs256 = (key: KeyObject) => (data: Buffer) => nodeSign('sha256', data, key)
const hmac = (key: string | Buffer) => (data: Buffer) => createHmac('sha256', key).update(data).digest()
const none = () => Buffer.alloc(0)

const header = { alg: 'RS256', typ: 'JWT', kid: 'k1' }
/** A token with this header and these claims, signed over exactly the text that is sent. */
function make(head: unknown = {}, claims: unknown = good, signer = signers['RS256'] ?? none): string {
  const first = typeof head === 'string' ? head : encode({ ...header, ...(head as object) })
  const data = `${first}.${typeof claims === 'string' ? claims : encode(claims)}`
  return `${data}.${signer(Buffer.from(data)).toString('base64url')}`
}
const [h = '', p = '', s = ''] = make().split('.')
const verify = (token: string, keys = jwks, change: Partial<IdTokenExpectations> = {}) =>
  verifyIdToken(token, keys, { ...expected, ...change }, at)

const spki = (format: 'pem' | 'der') => rsa.publicKey.export({ type: 'spki', format } as never) as unknown as Buffer
const flip = (text: string, index: number): string =>
  text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1)
/** The same bytes with a bit set that base64url leaves unused. */
const trailing = (text: string): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1]
}

type Vector = readonly [title: string, token: string, keys?: JsonWebKeySet]

describe('verifyIdToken refuses', () => {
  const vectors: readonly Vector[] = [
    // alg
    ...['none', 'None', 'NONE', 'nOnE', '', ' none', 'RS256\u0000', 'rs256'].flatMap((alg): Vector[] => [
      [`alg ${JSON.stringify(alg)} without a signature`, make({ alg }, good, none)],
      [`alg ${JSON.stringify(alg)} with a signature`, make({ alg })],
    ]),
    ['no alg', make({ alg: undefined })],
    ['an alg that is a list', make({ alg: ['RS256'] })],
    ['an alg that is null', make({ alg: null })],
    ['HS256 with the public key in PEM as secret', make({ alg: 'HS256' }, good, hmac(spki('pem')))],
    ['HS256 with the public key in DER as secret', make({ alg: 'HS256' }, good, hmac(spki('der')))],
    ['HS256 with the modulus as secret', make({ alg: 'HS256' }, good, hmac(String(jwkOf(rsa.publicKey).n)))],
    ['HS256 with an empty secret', make({ alg: 'HS256' }, good, hmac(''))],
    [
      'HS256 with a shared key of the set',
      make({ alg: 'HS256' }, good, hmac('secret')),
      setOf({ kty: 'oct', k: encode('secret'), kid: 'k1' }),
    ],
    ['RS384', make({ alg: 'RS384' }, good, signers['RS384'])],
    ['RS512', make({ alg: 'RS512' }, good, signers['RS512'])],
    ['PS256 with a key that states no alg', make({ alg: 'PS256' }, good, signers['PS256'])],
    ['RS256 in the header over a PS256 signature', make({}, good, signers['PS256'])],
    ['ES256', make({ alg: 'ES256' }, good, signers['ES256']), setOf(jwkOf(p256.publicKey))],
    ['EdDSA', make({ alg: 'EdDSA' }, good, signers['EdDSA']), setOf(jwkOf(ed25519.publicKey))],
    ['an encryption algorithm', make({ alg: 'RSA-OAEP', enc: 'A256GCM' })],
    // tampering
    ['a changed header', `${encode({ ...header, x: 1 })}.${p}.${s}`],
    ['a changed payload', `${h}.${encode({ ...good, sub: 's-2' })}.${s}`],
    ['a changed first byte of the signature', `${h}.${p}.${flip(s, 0)}`],
    ['a changed middle of the signature', `${h}.${p}.${flip(s, 170)}`],
    ['a signature of zeros', `${h}.${p}.${Buffer.alloc(256).toString('base64url')}`],
    ['no signature', `${h}.${p}.`],
    ['half a signature', `${h}.${p}.${s.slice(0, 171)}`],
    [
      'a signature with a byte more',
      `${h}.${p}.${Buffer.concat([Buffer.from(s, 'base64url'), none(), Buffer.of(0)]).toString('base64url')}`,
    ],
    ['the signature of another token', `${h}.${p}.${make({}, { ...good, sub: 's-2' }).split('.')[2]}`],
    [
      'the signature over the payload alone',
      `${h}.${p}.${rs256(rsa.privateKey)(Buffer.from(p)).toString('base64url')}`,
    ],
    ['a signature by another key', make({}, good, rs256(otherRsa.privateKey))],
    // kid
    ['no kid', make({ kid: undefined })],
    ['an unknown kid', make({ kid: 'k2' })],
    ['a kid in another case', make({ kid: 'K1' })],
    ['a kid that is a path', make({ kid: '../../../../dev/null' })],
    ['a kid that is a query', make({ kid: "k1' OR '1'='1" })],
    ['a kid with a null behind', make({ kid: 'k1\u0000' })],
    ['a kid that is an object', make({ kid: { toString: 'k1' } })],
    ['a kid that is a list', make({ kid: ['k1'] })],
    ['a kid that is null', make({ kid: null })],
    ['a kid named like a member of every object', make({ kid: '__proto__' })],
    ['a kid that two keys have', make(), setOf(jwkOf(rsa.publicKey), jwkOf(otherRsa.publicKey))],
    // what would bring a key along
    ['jwk in the header', make({ jwk: jwkOf(otherRsa.publicKey) }, good, rs256(otherRsa.privateKey))],
    ['jku in the header', make({ jku: 'https://evil.test/keys' }, good, rs256(otherRsa.privateKey))],
    ['x5u in the header', make({ x5u: 'https://evil.test/cert' }, good, rs256(otherRsa.privateKey))],
    ['x5c in the header', make({ x5c: [spki('der').toString('base64')] }, good, rs256(otherRsa.privateKey))],
    // crit, b64
    ['crit with an unknown name', make({ crit: ['exp'], exp: 1 })],
    ['crit that names a member that is not there', make({ crit: ['b64'] })],
    ['an empty crit', make({ crit: [] })],
    ['crit that is no list', make({ crit: 'b64', b64: true })],
    ['b64 false', make({ crit: ['b64'], b64: false })],
    // typ
    ['the type of an access token', make({ typ: 'at+jwt' })],
    ['the type of a logout token', make({ typ: 'logout+jwt' })],
    ['a type that is a number', make({ typ: 1 })],
    // keys
    ['an empty key set', make(), setOf()],
    [
      'a key set with other kids only',
      make(),
      setOf(jwkOf(rsa.publicKey, { kid: 'k2' }), jwkOf(rsa.publicKey, { kid: undefined })),
    ],
    ['a key of another type', make(), setOf(jwkOf(p256.publicKey))],
    ['a key for encryption', make(), setOf(jwkOf(rsa.publicKey, { use: 'enc' }))],
    ['a key for another algorithm', make(), setOf(jwkOf(rsa.publicKey, { alg: 'PS256' }))],
    ['a key that may not verify', make(), setOf(jwkOf(rsa.publicKey, { key_ops: ['sign'] }))],
    ['a private key in the set', make(), setOf(jwkOf(rsa.privateKey))],
    ['an RSA key of 1024 bits', make({}, good, rs256(smallRsa.privateKey)), setOf(jwkOf(smallRsa.publicKey))],
    ['a key without modulus', make(), setOf({ kty: 'RSA', kid: 'k1', e: 'AQAB' })],
    ['a key whose exponent is 1', make({}, good, () => Buffer.alloc(256)), setOf(jwkOf(rsa.publicKey, { e: 'AQ' }))],
    ['a key without type', make(), setOf({ kid: 'k1' })],
    // base64url
    ['padding behind the signature', `${h}.${p}.${s}==`],
    ['padding behind the header', make(`${h}=`)],
    ['a blank in the signature', `${h}.${p}.${s.slice(0, 9)} ${s.slice(9)}`],
    ['a line end behind the signature', `${h}.${p}.${s}\n`],
    ['a tab in the payload, signed', make(h, `${p.slice(0, 8)}\t${p.slice(8)}`)],
    ['a bit set behind the end of the signature', `${h}.${p}.${trailing(s)}`],
    ['plain base64', `${h}.${p}.${s.replaceAll('-', '+').replaceAll('_', '/')}${/[-_]/.test(s) ? '' : '='}`],
    ['a letter too few', `${h}.${p}.${s.slice(0, -1)}`],
    // form
    ['a header twice', `${h}.${h}.${p}.${s}`],
  ]

  it.each(vectors.map(([title, token, keys = jwks]) => [title, token, keys] as const))('%s', async (_, token, keys) => {
    const error = await verify(token, keys).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ name: 'ProtocolError', step: 'id_token', hint: expect.any(String) })
    expect((error as { code: string }).code).toMatch(/^ERR_(SIGNATURE_INVALID|MALFORMED_RESPONSE)$/)
    expect(error).not.toHaveProperty('cause')
  })

  it('at least 60 forged or broken tokens', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(60)
  })

  it.each([
    ['a nested JWE of five parts', `${encode({ alg: 'dir', enc: 'A128GCM' })}..AAAA.AAAA.AAAA`],
    ['a JSON serialisation', JSON.stringify({ protected: h, payload: p, signature: s })],
    ['5 MB', make({}, { ...good, filler: 'x'.repeat(5_000_000) })],
    ['5 MB of dots', '.'.repeat(5_000_000)],
    ['a payload that is text', make({}, encode('"text"'))],
    ['a payload that is a list', make({}, encode('[]'))],
    ['a payload that is no UTF-8', make({}, Buffer.of(0xff, 0xfe).toString('base64url'))],
    ['exp 1e308', make({}, { ...good, exp: 1e308 })],
    ['exp beyond a double', make({}, encode(JSON.stringify(good).replace(/"exp":\d+/, '"exp":1e400')))],
    ['nbf -1e308', make({}, { ...good, nbf: -1e308 })],
    ['iat as text', make({}, { ...good, iat: String(at) })],
    ['exp as null', make({}, { ...good, exp: null })],
    ['no aud', make({}, { ...good, aud: undefined })],
    ['an aud of objects', make({}, { ...good, aud: [{}] })],
    ['a tfp that is a list', make({}, { ...good, tfp: ['b2c_1_ropc'] })],
  ])('%s as no id_token at all', async (_, token) => {
    await expect(verify(token)).rejects.toMatchObject({ code: 'ERR_MALFORMED_RESPONSE', step: 'id_token' })
  })

  it.each([
    ['exp long past', { exp: at - 301 }, 'id_token.expiry'],
    ['exp 0', { exp: 0 }, 'id_token.expiry'],
    ['no exp', { exp: undefined }, 'id_token.expiry'],
    ['no iat', { iat: undefined }, 'id_token.issued-at'],
    ['iat in the future', { iat: at + 301 }, 'id_token.issued-at'],
    ['nbf in the future', { nbf: at + 301 }, 'id_token.not-before'],
    ['another audience', { aud: 'client-2' }, 'id_token.audience'],
    ['the audience with a slash', { aud: 'client-1/' }, 'id_token.audience'],
    ['an audience in another case', { aud: 'CLIENT-1' }, 'id_token.audience'],
    ['several audiences without azp', { aud: ['client-1', 'client-2'] }, 'id_token.audience'],
    ['several audiences with another azp', { aud: ['client-1', 'client-2'], azp: 'client-2' }, 'id_token.audience'],
    ['the template as issuer', { iss: issuer }, 'id_token.issuer'],
    ['a tid that is the placeholder', { iss: issuer, tid: '{tenantid}' }, 'id_token.issuer, id_token.tenant'],
    ['a tid that is a path', { tid: '../x', iss: good.iss.replace(tid, '../x') }, 'id_token.issuer, id_token.tenant'],
    ['no tid', { tid: undefined }, 'id_token.issuer, id_token.tenant'],
    ['the issuer with a slash', { iss: `${good.iss}/` }, 'id_token.issuer'],
    ['the issuer of v1', { iss: `https://sts.windows.net/${tid}/` }, 'id_token.issuer'],
    ['a lookalike as issuer', { iss: good.iss.replace('.com', '.com.evil.test') }, 'id_token.issuer'],
  ])('%s, well signed', async (_, change, rules) => {
    await expect(verify(make({}, { ...good, ...change }))).rejects.toMatchObject({
      code: 'ERR_ID_TOKEN_REFUSED',
      message: `the id_token fails: ${rules}`,
    })
  })
})

type Accepted = readonly [title: string, token: string, change: Partial<IdTokenExpectations>, keys?: JsonWebKeySet]

describe('verifyIdToken accepts', () => {
  const vectors: readonly Accepted[] = [
    ['what Entra signs', make(), {}],
    ['no typ', make({ typ: undefined }), {}],
    ['typ in small letters', make({ typ: 'jwt' }), {}],
    ['headers that it does not need', make({ jku: 'https://evil.test', x5t: 'x', nonce: 1 }), {}],
    ['an instant with a fraction', make({}, { ...good, exp: at + 0.5, iat: at - 0.5 }), {}],
    [
      'a token whose key stands beside broken ones',
      make(),
      {},
      setOf(jwkOf(rsa.publicKey), {}, { kty: 'RSA', kid: 'k1' }, { kid: 'k1' }),
    ],
    [
      'a token whose key has a twin for encryption',
      make(),
      {},
      setOf(jwkOf(otherRsa.publicKey, { use: 'enc' }), jwkOf(rsa.publicKey)),
    ],
    ['the last instant a Date can hold', make({}, { ...good, exp: 8_640_000_000_000 }), {}],
    ['a list of one audience', make({}, { ...good, aud: ['client-1'] }), {}],
    ['several audiences with azp', make({}, { ...good, aud: ['client-1', 'x'], azp: 'client-1' }), {}],
    [
      'an alias of the cloud',
      make({}, { ...good, iss: good.iss.replace('microsoftonline.com', 'windows.net') }),
      { issuerAliases: ['login.windows.net'] },
    ],
  ]

  it.each(vectors.map(([title, token, change, keys = jwks]) => [title, token, change, keys] as const))(
    '%s',
    async (_, token, change, keys) => {
      const { checks } = await verify(token, keys, change)
      expect(checks.filter(({ ok }) => !ok)).toEqual([])
    },
  )
})

describe('verifyIdToken by kind of server', () => {
  const adfs = {
    kind: 'adfs',
    clientId: 'client-1',
    issuer: 'https://sts.contoso.example/adfs',
    otherIssuers: ['http://sts.contoso.example/adfs/services/trust'],
  } as const
  const b2c = {
    kind: 'b2c',
    clientId: 'client-1',
    issuer: `https://contoso.b2clogin.com/${tid}/v2.0/`,
    policy: 'b2c_1_ropc',
  } as const
  const oidc = { kind: 'oidc', clientId: 'client-1', issuer: 'https://op.contoso.example' } as const
  const { tid: _, ...noTid } = good
  const run = (expectations: IdTokenExpectations, claims: object, keys = jwks, token = make({}, claims)) =>
    verifyIdToken(token, keys, expectations, at)
  const refused = (rules: string) => ({ code: 'ERR_ID_TOKEN_REFUSED', message: `the id_token fails: ${rules}` })

  it('AD FS: its issuer or its access token issuer, exactly', async () => {
    for (const iss of [adfs.issuer, ...adfs.otherIssuers]) {
      await expect(run(adfs, { ...noTid, iss })).resolves.toBeDefined()
      await expect(run(adfs, { ...noTid, iss: `${iss}/` })).rejects.toMatchObject(refused('id_token.issuer'))
      await expect(run(adfs, { ...noTid, iss: iss.replace('adfs', 'ADFS') })).rejects.toMatchObject(
        refused('id_token.issuer'),
      )
    }
  })

  it('B2C: the issuer of the policy, and the policy itself in tfp or acr, without case', async () => {
    const claims = { ...noTid, iss: b2c.issuer }
    await expect(run(b2c, { ...claims, tfp: 'B2C_1_ROPC' })).resolves.toBeDefined()
    await expect(run(b2c, { ...claims, acr: 'b2c_1_ropc' })).resolves.toBeDefined()
    await expect(run(b2c, { ...claims, tfp: 'b2c_1_other' })).rejects.toMatchObject(refused('id_token.policy'))
    await expect(run(b2c, { ...claims, tfp: 'b2c_1_other', acr: 'b2c_1_ropc' })).rejects.toMatchObject(
      refused('id_token.policy'),
    )
    await expect(run(b2c, claims)).rejects.toMatchObject(refused('id_token.policy'))
    const elsewhere = b2c.issuer.replace('1111', '9999')
    await expect(run(b2c, { ...claims, iss: elsewhere, tfp: 'b2c_1_ropc' })).rejects.toMatchObject(
      refused('id_token.issuer'),
    )
  })

  it.each([
    ['PS256', rsa],
    ['ES256', p256],
    ['EdDSA', ed25519],
  ] as const)('OIDC: %s only where it is asked for', async (alg, keys) => {
    const claims = { ...noTid, iss: oidc.issuer }
    const token = make({ alg }, claims, signers[alg])
    const set = setOf(jwkOf(keys.publicKey, { alg }))
    await expect(run({ ...oidc, algorithms: ['RS256', alg] }, claims, set, token)).resolves.toBeDefined()
    await expect(run(oidc, claims, set, token)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_INVALID' })
    await expect(run({ ...oidc, algorithms: [alg] }, claims, jwks)).rejects.toMatchObject({
      code: 'ERR_SIGNATURE_INVALID',
    })
  })

  it('OIDC: a curve other than the algorithm names does not count', async () => {
    const claims = { ...noTid, iss: oidc.issuer }
    const expectations = { ...oidc, algorithms: ['ES256'] } as const
    for (const alg of ['ES256', 'ES384']) {
      const token = make({ alg }, claims, signers['ES384'])
      await expect(run(expectations, claims, setOf(jwkOf(p384.publicKey)), token)).rejects.toMatchObject({
        code: 'ERR_SIGNATURE_INVALID',
      })
    }
  })

  it.each([
    ['HS256', { ...oidc, algorithms: ['HS256'] }],
    ['none', { ...oidc, algorithms: ['RS256', 'none'] }],
    ['nothing', { ...oidc, algorithms: [] }],
    ['a choice at Entra', { ...expected, algorithms: ['RS256'] }],
    ['a choice at AD FS', { ...adfs, algorithms: ['PS256'] }],
  ])('does not take %s for algorithms', async (_, expectations) => {
    const { algorithms, ...others } = expectations
    const wrong = { ...others, algorithms: algorithms as IdTokenAlgorithm[] }
    await expect(run(wrong, good)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', step: 'id_token' })
  })

  it('OIDC: no kid is fine if a single key fits, in a set of several types and uses too', async () => {
    const claims = { ...noTid, iss: oidc.issuer }
    const token = make({ kid: undefined }, claims)
    const own = jwkOf(rsa.publicKey)
    const others = [
      jwkOf(p256.publicKey),
      jwkOf(otherRsa.publicKey, { use: 'enc' }),
      jwkOf(otherRsa.publicKey, { alg: 'PS256' }),
    ]
    await expect(run(oidc, claims, setOf(own), token)).resolves.toBeDefined()
    await expect(run(oidc, claims, setOf(...others, own), token)).resolves.toBeDefined()
    const two = setOf(own, jwkOf(otherRsa.publicKey, { kid: 'k2' }))
    await expect(run(oidc, claims, two, token)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_INVALID' })
    for (const expectations of [adfs, b2c, { ...oidc, kind: 'entra' }, { ...oidc, kind: 'ciam' }] as const) {
      const mine = make({ kid: undefined }, { ...claims, iss: expectations.issuer, tfp: 'b2c_1_ropc' })
      await expect(run(expectations, claims, jwks, mine)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_INVALID' })
    }
  })

  it.each([
    ['the template', issuer, true],
    ['the tenant’s own issuer', good.iss, true],
    ['another tenant', good.iss.replace('1111', '9999'), false],
    ['personal accounts', good.iss.replace(tid, '9188040d-6c67-4c5b-b112-36a304b66dad'), false],
    ['another cloud', issuer.replace('microsoftonline.com', 'partner.microsoftonline.cn'), false],
    ['a number', 5, false],
    ['null', null, false],
  ])('Entra: a key of %s', async (_, keyIssuer, ok) => {
    const result = run(expected, good, setOf(jwkOf(rsa.publicKey, { issuer: keyIssuer })))
    if (!ok) return expect(result).rejects.toMatchObject(refused('id_token.key-issuer'))
    expect((await result).checks.at(-1)).toEqual({ rule: 'id_token.key-issuer', ok: true, evidence: keyIssuer })
  })

  it('Entra: the issuer of the key that verified counts, not that of its neighbours', async () => {
    const foreign = jwkOf(otherRsa.publicKey, { kid: 'k2', issuer: 'https://evil.test' })
    await expect(run(expected, good, setOf(foreign, jwkOf(rsa.publicKey, { issuer })))).resolves.toBeDefined()
    const own = jwkOf(rsa.publicKey, { issuer: 'https://evil.test' })
    const neighbour = jwkOf(otherRsa.publicKey, { kid: 'k2', issuer })
    await expect(run(expected, good, setOf(neighbour, own))).rejects.toMatchObject(refused('id_token.key-issuer'))
  })

  it('Entra: another tenant than the authority names is refused, though everything else fits', async () => {
    const other = '99999999-2222-4333-8444-555555555555'
    const claims = { ...good, tid: other, iss: good.iss.replace(tid, other) }
    await expect(run(expected, claims)).rejects.toMatchObject(refused('id_token.tenant'))
    const { tenantId: __, ...anyTenant } = expected
    await expect(run(anyTenant, claims)).resolves.toBeDefined()
  })
})
