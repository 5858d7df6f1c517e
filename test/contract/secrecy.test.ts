import { describe, expect, it } from 'vitest'
import { findLeaks, randomSecrets } from './secrecy.ts'

const html = (text: string): string => text.replace(/[^ -~]|["&'<>]/gu, (character) => `&#${character.codePointAt(0)};`)

describe('findLeaks', () => {
  it.each<[string, (secret: string) => string]>([
    ['as it is', (secret) => secret],
    ['in a URL', encodeURIComponent],
    ['in a form', (secret) => new URLSearchParams({ secret }).toString()],
    ['percent-encoded to the last letter', (secret) => Buffer.from(secret).toString('hex').replace(/../g, '%$&')],
    ['percent-encoded twice', (secret) => Buffer.from(secret).toString('hex').replace(/../g, '%25$&')],
    ['in JSON', (secret) => JSON.stringify({ secret })],
    [
      'in JSON, ASCII only',
      (secret) => secret.replace(/./gsu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ],
    ['in HTML', html],
    ['in HTML to the last letter', (secret) => secret.replace(/./gsu, (c) => `&#x${c.codePointAt(0)?.toString(16)};`)],
    ['in base64', (secret) => Buffer.from(secret).toString('base64')],
    ['in base64, one byte further', (secret) => Buffer.from(`:${secret}`).toString('base64')],
    ['in base64, two bytes further', (secret) => Buffer.from(`u:${secret}`).toString('base64')],
    ['in base64url', (secret) => Buffer.from(`u:${secret}`).toString('base64url')],
    ['in base64 of UTF-16', (secret) => Buffer.from(secret, 'utf16le').toString('base64')],
    ['in hex', (secret) => Buffer.from(secret).toString('hex')],
    ['by its first third', (secret) => secret.slice(0, secret.indexOf('Wq8nHt2RfB'))],
    ['by its last third', (secret) => secret.slice(secret.indexOf('Jy5cPd7GsC'))],
    ['from behind', (secret) => [...secret].reverse().join('')],
  ])('finds a secret %s', (_, write) => {
    for (const secret of randomSecrets(300)) expect(findLeaks(`before ${write(secret)} after`), secret).not.toEqual([])
  })

  it('finds nothing where there is nothing', () => {
    const noise = Array.from({ length: 2_000 }, () => crypto.randomUUID()).join('')
    expect(findLeaks(`${noise}[redacted]${btoa(noise)}`)).toEqual([])
  })
})
