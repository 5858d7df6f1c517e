import type { SignJWT } from 'jose'
import { decodeBase64Url } from '../protocol/base64url.ts'
import { readPart } from '../redact/redact-jwt.ts'
import { walkTexts } from '../redact/walk-texts.ts'
import type { CassetteResponse } from './cassette.ts'
import { publishedJwks, publishedKeyId, publishedPrivateJwk } from './published-key.ts'

/** Makes the tokens of recorded answers whole again: as good as the real ones to whoever trusts the published key, and worthless. */
export interface TokenPublisher {
  publish(response: CassetteResponse): Promise<CassetteResponse>
}

const token = /(?<![\w-])(eyJ[\w-]+)\.(eyJ[\w-]+)\.[\w-]*/g

/**
 * Creates the publisher of one cassette. JWTs are signed with the published key (RS256), and a set of keys is that one; a secret that nobody can read becomes
 * `published-refresh-token-1`, and so on; signatures of assertions become blank.
 */
export async function createTokenPublisher(): Promise<TokenPublisher> {
  const { SignJWT: Signed, importJWK } = await import('jose')
  const key = await importJWK({ ...publishedPrivateJwk }, 'RS256')
  const counts = new Map<string, number>()

  const sign = async (jwt: string): Promise<string> => {
    const [header, claims] = jwt.split('.').slice(0, 2).map(readPart)
    if (header === undefined || claims === undefined) return jwt
    const type = typeof header['typ'] === 'string' ? { typ: header['typ'] } : {}
    const signed: SignJWT = new Signed({ ...claims }).setProtectedHeader({
      ...type,
      alg: 'RS256',
      kid: publishedKeyId,
    })
    return signed.sign(key)
  }
  const standIn = (name: string): string => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return `published-${name.toLowerCase().replaceAll('_', '-')}-${count}`
  }

  return {
    async publish(response) {
      if (isKeySet(response.body)) return { ...response, body: JSON.stringify(publishedJwks()) }
      const isXml = /^[\s\ufeff]*</.test(response.body)
      const filled = walkTexts(response.body, ({ text }) =>
        text.replace(/^\[([\w.:-]{1,60})\]$/, (_, name: string) => (isXml ? '' : standIn(name))),
      )
      const found = [...new Set(filled.match(token) ?? [])]
      const signed = new Map(await Promise.all(found.map(async (jwt) => [jwt, await sign(jwt)] as const)))
      return { ...response, body: filled.replace(token, (jwt) => signed.get(jwt) ?? jwt) }
    },
  }
}

const standInForm = /^published-(?:access-token|refresh-token|id-token|device-code|user-code)-[1-9]\d{0,3}$/

/** Whether a token is one that a publisher made, as the answers of a replay have: it is nobody's secret. */
export async function isPublished(text: string): Promise<boolean> {
  if (standInForm.test(text) || hasBlankSignature(decodeBase64Url(text) ?? text)) return true
  if (readPart(text.split('.')[0] ?? '')?.['kid'] !== publishedKeyId) return false
  const { compactVerify, importJWK } = await import('jose')
  return compactVerify(text, await importJWK({ ...publishedJwks().keys[0] }, 'RS256')).then(
    () => true,
    () => false,
  )
}

// A signature that is blank is one that was taken off: nobody accepts the assertion.
function hasBlankSignature(xml: string): boolean {
  const hidden = [...xml.matchAll(/<(?:[\w.-]+:)?(?:SignatureValue|CipherValue)\b[^>]{0,200}>([^<]*)</g)]
  return hidden.length > 0 && hidden.every(([, value]) => value === '')
}

function isKeySet(body: string): boolean {
  if (!/^[\s\ufeff]*\{/.test(body)) return false
  try {
    const { keys } = JSON.parse(body.replace(/^\ufeff/, '')) as { readonly keys?: unknown }
    return Array.isArray(keys)
  } catch {
    return false
  }
}
