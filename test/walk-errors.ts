import { inspect } from 'node:util'
import { afterEach, expect } from 'vitest'
import { AuthError } from '../src/errors.ts'
import { demoWorld } from '../src/simulator/world.ts'
import { marks } from './contract/secrecy.ts'

// Every error of every test is walked: none may show a secret, in any spelling, however deep one looks; and its texts are
// one line that no terminal obeys.

const made: { readonly error: AuthError; readonly message: string }[] = []

/** `super()` asks the class for its parent at every call, so that putting one in between sees every error that is made. */
class Watched extends Error {
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options)
    if (made.length < 2_000) made.push({ error: this as unknown as AuthError, message: this.message })
  }
}
Object.setPrototypeOf(AuthError, Watched)

const { users, apps, b2c, ciam, oidc, farm } = demoWorld()
const secrets = new Set([
  ...marks,
  ...[...users, ...b2c.users, ...ciam.users, ...oidc.users].map(({ password }) => password),
  ...[...apps, ...(farm.clients ?? [])].map(({ secret }) => secret ?? ''),
])
const spelled = [...secrets].filter((secret) => secret.length >= 6).flatMap(spellings)
const leak = new RegExp(
  [...new Set(spelled)]
    .filter((text) => text.length >= 6)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    .join('|'),
)
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const obeyed = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/

function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const core = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    return encoded.slice(offset === 0 ? 0 : 4, Math.floor((offset + bytes.length) / 3) * 4)
  })
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    inspect(secret).slice(1, -1),
    secret.replace(/[&<>"']/g, (c) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }[c]};`),
    bytes.toString('hex'),
    ...core,
    ...core.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

function walk(error: AuthError): string {
  const texts: string[] = []
  const seen = new Set<unknown>()
  for (let at: unknown = error; at instanceof Error && !seen.has(at); at = at.cause) {
    seen.add(at)
    const own = Object.fromEntries(Reflect.ownKeys(at).map((key) => [String(key), (at as never)[key]]))
    texts.push(inspect(at, { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null }))
    texts.push(String(at), at.stack ?? '', safeJson(at), safeJson(own))
  }
  return texts.join('\n')
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    // A cause of a caller's own may be circular; `inspect` has shown it.
    return ''
  }
}

afterEach(() => {
  const errors = made.splice(0)
  // The message as it was made: a test may have put another in its place.
  for (const { error, message } of errors) {
    const shown = walk(error)
    const found = leak.exec(shown)
    if (found !== null)
      expect.fail(`an error shows a secret: …${shown.slice(Math.max(found.index - 200, 0), found.index)}‹here›`)
    const { hint = '', whereToLook = '' } = error
    if (
      message.length > 500 ||
      hint.length > 1_000 ||
      whereToLook.length > 1_000 ||
      obeyed.test(message + hint + whereToLook)
    ) {
      expect.fail(
        `an error has a text that is too long, or that a terminal obeys: ${JSON.stringify(message.slice(0, 600))}`,
      )
    }
  }
})
