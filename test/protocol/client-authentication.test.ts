import { createHash, generateKeyPairSync, type KeyObject, verify, webcrypto } from 'node:crypto'
import { inspect } from 'node:util'
import { exportJWK, importPKCS8 } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type ClientAuthenticationContext,
  type ClientCredentials,
  clientAssertion,
  clientSecretBasic,
  clientSecretPost,
  type PrivateKeyJwtOptions,
  privateKeyJwt,
} from '../../src/protocol/client-authentication.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { buildTokenRequest } from '../../src/protocol/token-request.ts'
import { secrecyContract } from '../contract/secrecy.ts'

const at = 1_795_375_600
const context: ClientAuthenticationContext = {
  clientId: 'client-1',
  tokenEndpoint: 'https://login.contoso.example/token',
  issuer: 'https://login.contoso.example',
  at,
  newId: () => 'id-1',
}
const refusal = (message: RegExp) =>
  expect.objectContaining({
    code: 'ERR_INVALID_ARGUMENT',
    step: 'token',
    hint: expect.any(String),
    message: expect.stringMatching(message),
  })
const revealed = ({ fields = [] }: ClientCredentials): Record<string, string> =>
  Object.fromEntries(fields.map(([name, value]) => [name, typeof value === 'string' ? value : value.reveal()]))

describe('clientSecretPost', () => {
  it.each(['s3cr:et%/+', new Secret('s3cr:et%/+')])('puts the secret into the form, wrapped', async (secret) => {
    const credentials = await clientSecretPost(secret)(context)
    expect(revealed(credentials)).toEqual({ client_secret: 's3cr:et%/+' })
    expect(inspect(credentials, { depth: 9 }) + JSON.stringify(credentials)).not.toContain('s3cr')
    expect(Object.keys(credentials)).toEqual(['fields'])
  })

  it.each(['', '\ud800', undefined, 5, new Secret('')])('refuses %j before any request', (secret) => {
    for (const method of [clientSecretPost, clientSecretBasic]) {
      expect(() => method(secret as string)).toThrow(refusal(/the client secret is empty or not text/))
    }
  })
})

describe('clientSecretBasic', () => {
  const headerOf = async (...args: Parameters<typeof clientSecretBasic>): Promise<string> => {
    const { authorization } = await clientSecretBasic(...args)({ ...context, clientId: 'my client' })
    const [, base64 = ''] = /^Basic (\S+)$/.exec(authorization?.reveal() ?? '') ?? []
    return Buffer.from(base64, 'base64').toString()
  }

  it('form-urlencodes id and secret before it joins them (RFC 6749 §2.3.1)', async () => {
    expect(await headerOf('s3cr:et%/+ é')).toBe('my+client:s3cr%3Aet%25%2F%2B+%C3%A9')
    expect(await headerOf('s', { encoding: 'rfc6749' })).toBe('my+client:s')
  })

  it('leaves both as they are for servers that want it raw, as UTF-8', async () => {
    expect(await headerOf('s3cr:et%/+ é', { encoding: 'raw' })).toBe('my client:s3cr:et%/+ é')
  })

  it('names the client in the header alone, and lets an echo of the secret be recognised', async () => {
    const credentials = await clientSecretBasic('canary')(context)
    expect(credentials).toMatchObject({ omitClientId: true })
    expect(credentials.fields).toBeUndefined()
    expect(credentials.secrets?.map((secret) => secret.reveal())).toEqual(['canary'])
    expect(inspect(credentials, { depth: 9 })).not.toMatch(/canary|Basic/)
  })

  it('cannot send a client id with a colon raw: the server would cut it there', async () => {
    const colon = { ...context, clientId: 'urn:client' }
    expect(() => clientSecretBasic('s', { encoding: 'raw' })(colon)).toThrow(refusal(/colon/))
    expect(() => clientSecretBasic('s')(colon)).not.toThrow()
  })

  it.each([
    [{ encoding: 'base64' }, /encoding is neither/],
    [{ encode: 'raw' }, /no option "encode"/],
    [null, /takes an object/],
  ])('refuses the options %j', (options, message) => {
    expect(() => clientSecretBasic('s', options as never)).toThrow(refusal(message))
  })
})

describe('secrecy', () => {
  secrecyContract(
    'every token request of a confidential client, and its credentials',
    async (secrets) => {
      const shown = new Set<string>()
      for (const secret of secrets) {
        const ways = [
          clientSecretPost(secret),
          clientSecretBasic(secret),
          clientSecretBasic(secret, { encoding: 'raw' }),
          clientAssertion(() => `a.${Buffer.from(secret).toString('base64url')}.c`),
        ]
        for (const authenticate of ways) {
          const clientCredentials = await authenticate(context)
          const request = buildTokenRequest(
            {
              metadata: { token_endpoint: context.tokenEndpoint },
              clientId: context.clientId,
              grant: { type: 'password', username: 'ada', password: new Secret('pw') },
              scopes: ['api'],
              clientCredentials,
              extraBodyParameters: { otp: secret },
              extraQueryParameters: { key: secret },
              extraHeaders: { 'x-api-key': Buffer.from(secret).toString('base64') },
            },
            'c',
          )
          for (const value of [authenticate, clientCredentials, request]) {
            shown.add(`${inspect(value, { depth: 9, showHidden: true })}${JSON.stringify(value)}${value}`)
          }
        }
      }
      return [...shown].join('\n')
    },
    { runs: 40, secretsPerRun: 50 },
  )
})

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

describe('clientAssertion', () => {
  it('asks for a fresh assertion with the context of each request', async () => {
    const seen: ClientAuthenticationContext[] = []
    const authenticate = clientAssertion(async (given) => {
      seen.push(given)
      return `a.b.${seen.length}`
    })
    expect(revealed(await authenticate(context))).toEqual({
      client_assertion_type: assertionType,
      client_assertion: 'a.b.1',
    })
    const second = await authenticate({ ...context, at: at + 1 })
    expect(revealed(second)['client_assertion']).toBe('a.b.2')
    expect(seen.map((given) => given.at)).toEqual([at, at + 1])
    expect(JSON.stringify(second)).not.toContain('a.b.2')
  })

  it('takes a Secret too', async () => {
    expect(revealed(await clientAssertion(() => new Secret('x.y.z'))(context))['client_assertion']).toBe('x.y.z')
  })

  it.each(['', 'a b', 'a\n', undefined, 7, 'é', 'x'.repeat(65_537)])(
    'refuses %j from the function',
    async (assertion) => {
      await expect(clientAssertion(() => assertion as string)(context)).rejects.toThrow(refusal(/gave no assertion/))
    },
  )

  it('hands on what the function throws, and takes nothing but a function', async () => {
    const vaultIsDown = new Error('vault is down')
    await expect(clientAssertion(() => Promise.reject(vaultIsDown))(context)).rejects.toBe(vaultIsDown)
    expect(() => clientAssertion('a.b.c' as never)).toThrow(refusal(/not a function/))
  })
})

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly pem: string
  readonly certificate: string
}

const rsa = (modulusLength = 2_048) => generateKeyPairSync('rsa', { modulusLength })
const pkcs8 = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string

async function certify(
  keys: { privateKey: KeyObject; publicKey: KeyObject },
  notBefore = new Date((at - 86_400) * 1000),
  notAfter = new Date((at + 86_400) * 1000),
): Promise<string> {
  await import('reflect-metadata')
  const { X509CertificateGenerator } = await import('@peculiar/x509')
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const der = { privateKey: ['pkcs8', 'sign'], publicKey: ['spki', 'verify'] } as const
  const [privateKey, publicKey] = await Promise.all(
    (['privateKey', 'publicKey'] as const).map((half) =>
      webcrypto.subtle.importKey(
        der[half][0],
        keys[half].export({ type: der[half][0], format: 'der' }) as Buffer,
        algorithm,
        true,
        [der[half][1]],
      ),
    ),
  )
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { name: 'CN=client.contoso.example', notBefore, notAfter, keys: { privateKey, publicKey } as never },
    webcrypto as never,
  )
  return certificate.toString('pem')
}

const body = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '')
const digest = (hash: string, pem: string): string =>
  createHash(hash)
    .update(Buffer.from(body(pem), 'base64'))
    .digest('base64url')

describe('privateKeyJwt', () => {
  let own: Pair
  let other: Pair
  const make = async (): Promise<Pair> => {
    const keys = rsa()
    return { ...keys, pem: pkcs8(keys.privateKey), certificate: await certify(keys) }
  }
  beforeAll(async () => {
    own = await make()
    other = await make()
  })

  const assertionOf = async (options: PrivateKeyJwtOptions, change = {}) => {
    const fields = revealed(await privateKeyJwt(options)({ ...context, ...change }))
    expect(fields['client_assertion_type']).toBe(assertionType)
    const [header = '', claims = '', signature = ''] = (fields['client_assertion'] ?? '').split('.')
    const json = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString())
    return {
      header: json(header),
      claims: json(claims),
      signed: Buffer.from(`${header}.${claims}`),
      signature: Buffer.from(signature, 'base64url'),
    }
  }
  const failing = (options: unknown, change = {}) =>
    (async () => privateKeyJwt(options as PrivateKeyJwtOptions)({ ...context, ...change }))()

  it('signs PS256 for ten minutes from the given instant, with the given id', async () => {
    const { header, claims, signed, signature } = await assertionOf({ key: own.pem })
    expect(header).toEqual({ alg: 'PS256', typ: 'JWT' })
    expect(claims).toEqual({
      aud: context.tokenEndpoint,
      iss: 'client-1',
      sub: 'client-1',
      jti: 'id-1',
      iat: at,
      nbf: at,
      exp: at + 600,
    })
    const key = { key: own.publicKey, padding: 6, saltLength: 32 }
    expect(verify('sha256', signed, key, signature)).toBe(true)
  })

  it('names the certificate by SHA-256, and for RS256 by SHA-1 too, which is all that AD FS reads', async () => {
    const { key, certificate } = { key: own.pem, certificate: own.certificate }
    const sha256 = digest('sha256', certificate)
    expect((await assertionOf({ key, certificate })).header).toEqual({ alg: 'PS256', typ: 'JWT', 'x5t#S256': sha256 })
    const { header, signed, signature } = await assertionOf({ key, certificate, algorithm: 'RS256' })
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', x5t: digest('sha1', certificate), 'x5t#S256': sha256 })
    expect(verify('sha256', signed, own.publicKey, signature)).toBe(true)
  })

  it('sends the chain when asked, the own certificate first', async () => {
    const certificate = `subject=CN = client\n${own.certificate}\nissuer:\n${other.certificate}`
    const { header } = await assertionOf({ key: own.pem, certificate, includeChain: true })
    expect(header['x5c']).toEqual([body(own.certificate), body(other.certificate)])
    expect((await assertionOf({ key: own.pem, certificate })).header).not.toHaveProperty('x5c')
  })

  it('reads a PEM file that holds both key and certificate', async () => {
    const { header } = await assertionOf({ key: new Secret(`${own.pem}${own.certificate}`) })
    expect(header['x5t#S256']).toBe(digest('sha256', own.certificate))
  })

  it('reads PKCS #1, a JWK and a CryptoKey that cannot be exported', async () => {
    const pkcs1 = own.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string
    expect(pkcs1).toContain('BEGIN RSA PRIVATE KEY')
    const cryptoKey = await importPKCS8(own.pem, 'PS256')
    const jwk = { ...(await exportJWK(own.privateKey)), kid: 'k-7' }
    for (const key of [pkcs1, jwk, cryptoKey]) {
      const { header } = await assertionOf({ key, certificate: own.certificate })
      expect(header['kid']).toBe(key === jwk ? 'k-7' : undefined)
    }
    expect((await assertionOf({ key: jwk, keyId: 'mine' })).header['kid']).toBe('mine')
  })

  it('speaks to the token endpoint, the issuer, or whom it is told', async () => {
    const aud = async (audience: string): Promise<unknown> =>
      (await assertionOf({ key: own.pem, audience })).claims['aud']
    expect(await aud('token_endpoint')).toBe(context.tokenEndpoint)
    expect(await aud('issuer')).toBe(context.issuer)
    expect(await aud('urn:server')).toBe('urn:server')
  })

  it.each([{ issuer: undefined }, { issuer: 'https://login.contoso.example/{tenantid}/v2.0' }])(
    'has no audience when the issuer is %j',
    async (change) => {
      await expect(failing({ key: own.pem, audience: 'issuer' }, change)).rejects.toThrow(refusal(/issuer/))
    },
  )

  it('refuses a certificate of another key, however the key is held', async () => {
    const jwk = await exportJWK(own.privateKey)
    for (const key of [own.pem, jwk, await importPKCS8(own.pem, 'PS256')]) {
      await expect(failing({ key, certificate: other.certificate })).rejects.toThrow(refusal(/do not belong together/))
    }
    const inOrder = `${other.certificate}${own.certificate}`
    await expect(failing({ key: own.pem, certificate: inOrder })).rejects.toThrow(refusal(/do not belong together/))
  })

  it('uses a certificate within its validity only, to the second', async () => {
    const options = { key: own.pem, certificate: own.certificate }
    for (const inside of [at - 86_400, at + 86_400])
      await expect(failing(options, { at: inside })).resolves.toBeDefined()
    await expect(failing(options, { at: at - 86_401 })).rejects.toThrow(refusal(/not valid before 2026-/))
    await expect(failing(options, { at: at + 86_401 })).rejects.toThrow(refusal(/expired at 2026-/))
  })

  it('reads dates of the last century and after 2049 (RFC 5280 §4.1.2.5)', async () => {
    const certificate = await certify(own, new Date('1998-01-02T03:04:05Z'), new Date('2060-01-02T03:04:05Z'))
    const options = { key: own.pem, certificate }
    await expect(failing(options)).resolves.toBeDefined()
    await expect(failing(options, { at: 2_840_411_046 })).rejects.toThrow(refusal(/expired at 2060-01-02T03:04:05Z/))
    await expect(failing(options, { at: 883_710_244 })).rejects.toThrow(refusal(/before 1998-01-02T03:04:05Z/))
  })

  it.each([
    ['an option it does not know', { key: 'x', kid: 'k' }, /no option "kid"/],
    ['no options', undefined, /takes an object/],
    ['an unknown algorithm', { key: 'x', algorithm: 'HS256' }, /algorithm is neither/],
    ['alg none', { key: 'x', algorithm: 'none' }, /algorithm is neither/],
    ['a chain that is no boolean', { key: 'x', includeChain: 'yes' }, /includeChain is not a boolean/],
    ['an empty audience', { key: 'x', audience: '' }, /audience is not a text/],
    ['a certificate that is bytes', { key: 'x', certificate: new Uint8Array(3) }, /certificate is not a text/],
    ['a certificate that is not PEM', { key: 'x', certificate: 'MIIC' }, /certificate is not PEM/],
    ['no key', {}, /key is not a private key/],
    ['text that is no key', { key: 'abc' }, /no unencrypted RSA private key/],
    ['a key under a password', { key: pemOf('ENCRYPTED PRIVATE KEY', 'AAAA') }, /no unencrypted RSA private key/],
    ['a PKCS #1 key that is not base64', { key: pemOf('RSA PRIVATE KEY', 'A=A') }, /not base64/],
    ['a key id that is a number', { key: { kty: 'RSA' }, keyId: 5 }, /keyId is not a text/],
    ['an empty key id', { key: { kty: 'RSA', kid: '' } }, /keyId is not a text/],
    ['a chain without a certificate', { key: { kty: 'RSA' }, includeChain: true }, /includeChain without/],
  ])('refuses %s when it is made', (_, options, message) => {
    expect(() => privateKeyJwt(options as never)).toThrow(refusal(message))
  })

  it.each([
    ['a PEM key that is not one', { key: pemOf('PRIVATE KEY', 'AAAA') }],
    ['a JWK that is not one', { key: { kty: 'RSA', n: 'AQAB' } }],
    ['a symmetric JWK', { key: { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' } }],
    ['an object that is no key', { key: {} }],
    ['an RSA key of 1024 bits', { key: pkcs8(rsa(1_024).privateKey) }],
    ['an EC key', { key: pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey) }],
  ])('refuses %s when it is used, and shows nothing of it', async (_, options) => {
    const error = await failing(options).catch((caught: unknown) => caught)
    expect(error).toEqual(refusal(/the key cannot sign PS256/))
    expect(error).not.toHaveProperty('cause')
  })

  it('refuses a public key and a CryptoKey made for another algorithm', async () => {
    await expect(failing({ key: await exportJWK(own.publicKey) })).rejects.toThrow(refusal(/cannot sign/))
    await expect(failing({ key: await importPKCS8(own.pem, 'RS256') })).rejects.toThrow(refusal(/cannot sign PS256/))
  })

  it('holds the key where neither printing nor serialising shows it', () => {
    const authenticate = privateKeyJwt({ key: own.pem })
    expect(inspect(authenticate, { showHidden: true, depth: 9 })).not.toContain(body(own.pem).slice(100, 120))
  })
})

function pemOf(label: string, base64: string): string {
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`
}
