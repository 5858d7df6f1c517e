import { importJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { createTokenPublisher, isPublished } from '../../src/cassette/publish-tokens.ts'
import { publishedKeyId, publishedPrivateJwk } from '../../src/cassette/published-key.ts'
import { encodeBase64Url } from '../../src/protocol/base64url.ts'

const assertion = (signature: string, cipher = ''): string =>
  `<saml:Assertion><ds:SignatureValue>${signature}</ds:SignatureValue>${cipher}</saml:Assertion>`

describe('what a publisher made', () => {
  it('is told from what servers made: it is nobody’s secret', async () => {
    const unsigned = `${encodeBase64Url('{"alg":"RS256"}')}.${encodeBase64Url('{"sub":"a"}')}.x`
    const body = JSON.stringify({ id_token: unsigned, refresh_token: '[refresh_token]', device_code: '[device_code]' })
    const publisher = await createTokenPublisher()
    const published = await publisher.publish({ status: 200, headers: {}, body })
    const tokens = Object.values(JSON.parse(published.body) as Record<string, string>)
    expect(await Promise.all(tokens.map(isPublished))).toEqual([true, true, true])
    expect(await isPublished(assertion(''))).toBe(true)
    expect(await isPublished(encodeBase64Url(assertion('')))).toBe(true)
  })

  it.each([
    ['a token of another form', 'published-refresh-token-1x'],
    ['what no answer has', 'published-password-1'],
    ['an opaque token', '0.AX4A-opaque'],
    ['an assertion with a signature', assertion('c2lnbmF0dXJl')],
    ['one with two, and one of them blank', `${assertion('')}${assertion('c2lnbmF0dXJl')}`],
    ['one that was never signed', '<saml:Assertion></saml:Assertion>'],
    ['an encrypted one', assertion('', '<xenc:CipherValue>YWJj</xenc:CipherValue>')],
    ['nothing', ''],
  ])('is not %s', async (_, text) => {
    expect(await isPublished(text)).toBe(false)
    expect(await isPublished(encodeBase64Url(text))).toBe(false)
  })

  it('is not what another key signed, whatever id it says it has', async () => {
    const key = await importJWK({ ...publishedPrivateJwk }, 'RS256')
    const own = await new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid: publishedKeyId }).sign(key)
    expect(await isPublished(own)).toBe(true)
    expect(await isPublished(`${own.slice(0, -8)}AAAAAAAA`)).toBe(false)
    const other = await new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid: 'other' }).sign(key)
    expect(await isPublished(other)).toBe(false)
  })
})
