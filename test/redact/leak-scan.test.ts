import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/protocol/secret.ts'
import { createLeakScan, showsSecret } from '../../src/redact/leak-scan.ts'
import { redactRequest } from '../../src/redact/redact-message.ts'
import { randomSecrets } from '../contract/secrecy.ts'

const secret = new Secret('Tr0ub4dor&3<é>')
const shows = (text: string, ...more: string[]): boolean =>
  showsSecret(text, [secret, ...more.map((one) => new Secret(one))])
const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('showsSecret', () => {
  it.each([
    ['as it is', (text: string) => text],
    ['percent-encoded', encodeURIComponent],
    ['percent-encoded three times', (text: string) => encodeURIComponent(encodeURIComponent(encodeURIComponent(text)))],
    ['in JSON in JSON', (text: string) => JSON.stringify(JSON.stringify(text))],
    ['in base64 of a Basic header of a form', (text: string) => base64(`id:${encodeURIComponent(text)}`)],
    ['in base64 in a URL', (text: string) => encodeURIComponent(base64(`:${text}`))],
    ['in base64 of base64', (text: string) => base64(`x${base64(text)}`)],
    ['in hex', (text: string) => Buffer.from(text).toString('hex').toUpperCase()],
    ['in UTF-16, big-endian, in base64', (text: string) => Buffer.from(text, 'utf16le').swap16().toString('base64')],
    ['in hex, half a byte further', (text: string) => `a${Buffer.from(text).toString('hex')}`],
    ['backwards', (text: string) => [...text].reverse().join('')],
    ['in a JWT', (text: string) => `a.${Buffer.from(JSON.stringify({ text })).toString('base64url')}.b`],
  ])('finds it %s', (_, write) => {
    for (const text of ['Tr0ub4dor&3<é>', ...randomSecrets(12)]) {
      expect(showsSecret(`{"a":"before ${write(text)} after"}`, [new Secret(text)]), text).toBe(true)
    }
  })

  it('finds one without a letter or digit', () => {
    expect(shows('is it §$%&/()?', '§$%&/()?')).toBe(true)
    expect(shows(encodeURIComponent('is it §$%&/()?'), '§$%&/()?')).toBe(true)
  })

  it('finds nothing where there is nothing, nor looks for what is in anything', () => {
    const noise = Array.from({ length: 500 }, () => crypto.randomUUID()).join(' ')
    expect(shows(`${noise} ${base64(noise)}`, 'abc', 'password', 'grant_type')).toBe(false)
    expect(shows('the abc of grant_type=password', 'abc', 'password')).toBe(false)
    expect(showsSecret(noise, [])).toBe(false)
  })

  it('takes the signature of a token or an assertion for the secret of it', () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLW9mLXRva2Vu'
    expect(shows('…c2lnbmF0dXJlLW9mLXRva2Vu…', token)).toBe(true)
    expect(shows('eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.x', token)).toBe(false)
    const assertion = '<Assertion ID="a"><ds:SignatureValue>U2lnbmF0dXJlVmFsdWU=</ds:SignatureValue></Assertion>'
    expect(shows('U2lnbmF0dXJlVmFsdWU=', assertion)).toBe(true)
    expect(shows('<Assertion ID="a">', assertion)).toBe(false)
    for (const start of ['<saml:Assertion ', '<EncryptedAssertion>', '<a:EncryptedAssertion\n']) {
      const { showsPart } = createLeakScan([new Secret(`${start}<x>http://www.w3.org/2001/04/xmlenc#</x>`)])
      expect(showsPart('http://www.w3.org/2001/04/xmlenc')).toBe(false)
    }
  })

  it.each(['a', '%41', '%', '&#x41;', '&', '\\u0041', '\\', 'QUFB', '41', '00', '<', 'A='])(
    'reads a megabyte in bounded time, whatever it is made of: %s',
    (unit) => {
      const time = (size: number): number => {
        const started = performance.now()
        shows(unit.repeat(size / unit.length))
        return performance.now() - started
      }
      time(10_000)
      expect(time(200_000)).toBeLessThan(3_000)
    },
  )
})

describe('a part of a secret', () => {
  const { showsPart } = createLeakScan([new Secret('Winter2026-contoso'), new Secret('correct horse battery')])

  it('is eight letters and digits in a row, in any encoding, forwards and backwards', () => {
    for (const text of [
      'nter2026',
      'NTER-2026',
      base64('inter2026c'),
      'osotnoc-6202re',
      encodeURIComponent('2026-contoso'),
    ]) {
      expect(showsPart(`(${text})`), text).toBe(true)
    }
  })

  it('is not a word that the secret is made of', () => {
    expect(showsPart('a battery at contoso in 2026')).toBe(false)
    expect(showsPart('correct-horse-battery')).toBe(true)
    expect(createLeakScan([new Secret('administrator-1')]).showsPart('ask an administrator')).toBe(false)
  })
})

describe('a stand-in', () => {
  it('is not what somebody has for a password, and looks like one', () => {
    for (const password of [
      '[hunter22]',
      '[password, hunter22]',
      '[dropped: 1 bytes of hunter22]',
      '[text, up to 7 characters]',
    ]) {
      const body = new URLSearchParams({ grant_type: 'password', password }).toString()
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const redacted = redactRequest({ step: 'token', method: 'POST', url: 'https://idp.example/token', headers, body })
      expect(new URLSearchParams(redacted.body).get('password')).toMatch(/^\[password, up to \d+ characters\]$/)
    }
  })
})
