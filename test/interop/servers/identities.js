import { generateKeyPairSync } from 'node:crypto'

/** The user every server knows, but for those that bring their own. Each character of the password has broken a client. */
export const alice = { username: 'alice', password: 'Pa$$w0rd+&=é' }

/** Differs raw and form-encoded (RFC 6749 §2.3.1), and holds the colon at which Basic is split. */
export const clientSecret = 's3cr:et%/+'

/** The key of the clients that sign their authentication: made now, kept in memory. */
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const clientKey = {
  kid: 'interop',
  pem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  publicPem: publicKey.export({ type: 'spki', format: 'pem' }),
  jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'interop', use: 'sig', alg: 'RS256' }] },
}

/** A signing key for a server that cannot make its own. */
export function createServerKey() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }),
    jwk: privateKey.export({ format: 'jwk' }),
  }
}
