import { exportJWK, exportPKCS8, generateKeyPair, importPKCS8, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeBase64Url } from '../../src/protocol/base64url.ts'
import { decodeIdToken, type IdTokenExpectations } from '../../src/protocol/id-token.ts'
import { buildJwksRequest, type JsonWebKeySet, parseJwks, verifyIdToken } from '../../src/protocol/jwks.ts'
import { Secret } from '../../src/protocol/secret.ts'

const tid = '11111111-2222-4333-8444-555555555555'
const at = 1_795_375_600
const expected: IdTokenExpectations = {
  clientId: 'client-1',
  issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
  issuerAliases: ['login.windows.net'],
  tenantId: tid,
}
const good = {
  iss: `https://login.microsoftonline.com/${tid}/v2.0`,
  aud: 'client-1',
  sub: 's-1',
  tid,
  iat: at - 10,
  nbf: at - 10,
  exp: at + 3_600,
}
const unsigned = (claims: unknown, header: unknown = { alg: 'none' }): string =>
  `${encodeBase64Url(JSON.stringify(header))}.${encodeBase64Url(JSON.stringify(claims))}.`
const failed = (claims: Record<string, unknown>, options: Partial<IdTokenExpectations> = {}): string[] =>
  decodeIdToken(unsigned(claims), { ...expected, ...options }, at)
    .checks.filter(({ ok }) => !ok)
    .map(({ rule }) => rule)

describe('decodeIdToken', () => {
  it('lists every check it made', () => {
    const { claims, checks } = decodeIdToken(new Secret(unsigned(good)), expected, at)
    expect(claims).toEqual(good)
    expect(checks.map(({ rule, ok }) => `${rule} ${ok}`)).toEqual([
      'id_token.issuer true',
      'id_token.audience true',
      'id_token.expiry true',
      'id_token.not-before true',
      'id_token.issued-at true',
      'id_token.tenant true',
    ])
  })

  it.each([
    ['an issuer of another host', { iss: `https://evil.test/${tid}/v2.0` }, 'id_token.issuer'],
    ['an issuer of another tenant than tid', { iss: good.iss.replace('1111', '9999') }, 'id_token.issuer'],
    ['the bare template as issuer', { iss: expected.issuer, tid: '{tenantid}' }, 'id_token.issuer'],
    ['no tid to fill the template with', { tid: undefined }, 'id_token.issuer'],
    ['another audience', { aud: 'client-2' }, 'id_token.audience'],
    ['several audiences and no azp', { aud: ['client-1', 'client-2'] }, 'id_token.audience'],
    ['an expiry more than 5 minutes past', { exp: at - 300 }, 'id_token.expiry'],
    ['no expiry', { exp: undefined }, 'id_token.expiry'],
    ['a beginning more than 5 minutes ahead', { nbf: at + 301 }, 'id_token.not-before'],
    ['an issue time more than 5 minutes ahead', { iat: at + 301 }, 'id_token.issued-at'],
  ])('notices %s', (_, change, rule) => {
    expect(failed({ ...good, ...change })).toContain(rule)
  })

  it('forgives five minutes of skew, an alias of the cloud, and a second audience with azp', () => {
    expect(failed({ ...good, exp: at - 299, nbf: at + 300, iat: at + 300 })).toEqual([])
    expect(failed({ ...good, iss: `https://login.windows.net/${tid}/v2.0` })).toEqual([])
    expect(failed({ ...good, aud: ['client-1', 'other'], azp: 'client-1' })).toEqual([])
  })

  it('notices the token of another tenant than the authority names', () => {
    const other = '99999999-2222-4333-8444-555555555555'
    expect(failed({ ...good, tid: other, iss: good.iss.replace(tid, other) })).toEqual(['id_token.tenant'])
  })

  it('compares a concrete issuer exactly', () => {
    expect(failed(good, { issuer: good.iss })).toEqual([])
    expect(failed(good, { issuer: `${good.iss}/` })).toEqual(['id_token.issuer'])
  })

  it.each([
    ['text that is no JWT', 'abc'],
    ['a payload that is not JSON', 'e30.!!.'],
    ['no sub', unsigned({ ...good, sub: undefined })],
    ['no aud', unsigned({ ...good, aud: [] })],
    ['an aud of numbers', unsigned({ ...good, aud: [1] })],
    ['an iss that is a number', unsigned({ ...good, iss: 5 })],
    ['an exp that is a string', unsigned({ ...good, exp: '1e9' })],
    ['a name that is an object', unsigned({ ...good, name: {} })],
    ['more than 64 KiB', unsigned({ ...good, filler: 'x'.repeat(65_536) })],
  ])('refuses %s and shows nothing of it', (_, token) => {
    const decode = () => decodeIdToken(token, expected, at)
    expect(decode).toThrow(expect.objectContaining({ code: 'ERR_MALFORMED_RESPONSE', step: 'id_token' }))
    expect(decode).toThrow(expect.not.objectContaining({ cause: expect.anything() }))
  })
})

describe('verifyIdToken', () => {
  let jwks: JsonWebKeySet
  let pkcs8: string
  let sign: (claims: object, header?: object) => Promise<string>

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    pkcs8 = await exportPKCS8(privateKey)
    // Entra's key set names no alg: the algorithm must be pinned by the verifier.
    const { alg: _, ...jwk } = await exportJWK(publicKey)
    jwks = { keys: [{ ...jwk, kid: 'k1', use: 'sig' }] }
    sign = (claims, header = {}) =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'k1', ...header }).sign(privateKey)
  })

  it('accepts what the server signed', async () => {
    expect((await verifyIdToken(await sign(good), jwks, expected, at)).claims).toEqual(good)
  })

  it('refuses a changed payload, an unsigned token and a foreign key', async () => {
    const [header, , signature] = (await sign(good)).split('.')
    const changed = `${header}.${encodeBase64Url(JSON.stringify({ ...good, sub: 'mallory' }))}.${signature}`
    const foreign = await new SignJWT(good)
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'k1' })
      .sign((await generateKeyPair('RS256')).privateKey)
    for (const token of [changed, unsigned(good), unsigned(good, { alg: 'nOnE' }), foreign]) {
      await expect(verifyIdToken(token, jwks, expected, at)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_INVALID' })
    }
  })

  it('refuses another algorithm than RS256, the public key as a shared secret among them', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(jwks.keys[0]))
    const shared = await new SignJWT(good).setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: 'k1' }).sign(secret)
    await expect(verifyIdToken(shared, jwks, expected, at)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_INVALID' })
    const pss = await new SignJWT(good)
      .setProtectedHeader({ alg: 'PS256', typ: 'JWT', kid: 'k1' })
      .sign(await importPKCS8(pkcs8, 'PS256'))
    await expect(verifyIdToken(pss, jwks, expected, at)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_INVALID' })
  })

  it('refuses a token without kid, or of the type of an access token', async () => {
    for (const header of [{ kid: undefined }, { typ: 'at+jwt' }]) {
      const token = await sign(good, header)
      await expect(verifyIdToken(token, jwks, expected, at)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_INVALID' })
    }
  })

  it('names the checks that failed, and none of the claims', async () => {
    const token = await sign({ ...good, aud: 'client-2', iat: undefined, email: 'canary@contoso.example' })
    await expect(verifyIdToken(token, jwks, expected, at)).rejects.toMatchObject({
      code: 'ERR_ID_TOKEN_REFUSED',
      message: 'the id_token fails: id_token.audience, id_token.issued-at',
    })
  })

  it('fetches the keys from where the metadata says', () => {
    const metadata = { issuer: 'i', token_endpoint: 't', jwks_uri: 'https://login.cloud.example/keys' }
    expect(buildJwksRequest(metadata, 'c')).toMatchObject({ step: 'id_token', url: metadata.jwks_uri })
    expect(() => buildJwksRequest({ issuer: 'i', token_endpoint: 't' }, 'c')).toThrow(/jwks_uri/)
    const answer = (body: unknown) => ({ status: 200, headers: {}, body: JSON.stringify(body) })
    expect(parseJwks(answer({ keys: [{ kid: 'a' }] }))).toEqual({ keys: [{ kid: 'a' }] })
    for (const body of [{}, { keys: {} }, { keys: [null] }]) expect(() => parseJwks(answer(body))).toThrow(/keys/)
  })
})
