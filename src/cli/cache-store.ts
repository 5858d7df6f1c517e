import type { StoredEntity } from '../cache/entities.ts'
import type { CredentialStore } from '../cache/store.ts'
import { CacheError } from '../errors.ts'
import { type Options, UsageError } from './args.ts'
import type { CliIo } from './io.ts'

/** The options that say where tokens are kept. */
export type CacheOption = 'cache' | 'plaintext'

export const cacheSpecs = { cache: { type: 'string' }, plaintext: { type: 'boolean' } } as const

/** Where tokens are kept, and how. */
export interface CachePlace {
  readonly file: string
  readonly plaintext: boolean
}

/**
 * Reads where tokens are to be kept.
 *
 * @returns `undefined` without `--cache`: then nothing is kept.
 * @throws {@link UsageError} for `--plaintext` alone.
 */
export function readCachePlace(options: Options<CacheOption>): CachePlace | undefined {
  const file = options.text('cache')
  const plaintext = options.flag('plaintext')
  if (file !== undefined) return { file, plaintext }
  if (!plaintext) return undefined
  throw new UsageError('--plaintext goes with --cache', 'Name the file: --cache FILE.')
}

/**
 * Opens a cache file: encrypted by a key in the system's keychain, or in clear when asked. Writes nothing yet.
 *
 * @param use To `keep` tokens, a file that cannot be read will do: the sign-in goes on, and sets it aside if it is spoiled.
 *   To `look`, it will not, and no key is needed where nobody is signed in.
 * @throws {@link CacheError} if the path is not one to keep secrets at, if the file is kept the other way, or if there is no
 *   keychain: before anybody types a password.
 */
export async function openCacheStore(
  { file, plaintext }: CachePlace,
  io: CliIo,
  use: 'keep' | 'look',
  warn: (code: string, message: string) => void,
): Promise<CredentialStore> {
  const { createMsalFileStore } = await import('../cache/stores/msal-file.ts')
  const store = createMsalFileStore(file, {
    // Said below, once and whether or not anything is written.
    onWarning: (code, message) => (code === 'CACHE_PLAINTEXT' ? undefined : warn(code, message)),
  })
  const { sealed, plain } = await howKept(store, use)
  if (sealed && plain) throw keptBothWays()
  if (plaintext ? sealed : plain) throw keptOtherwise(plaintext)
  if (plaintext) {
    warn('CACHE_PLAINTEXT', 'the tokens in the cache file are not encrypted: whoever can read it can use them')
    return store
  }
  if (use === 'look' && !sealed) return store
  const { encryptedStore } = await import('../cache/stores/encrypted.ts')
  return encryptedStore(store, await readKey(io))
}

async function howKept(store: CredentialStore, use: 'keep' | 'look'): Promise<{ sealed: boolean; plain: boolean }> {
  const kept = { sealed: false, plain: false }
  try {
    for await (const partition of store.partitions()) {
      const entities = [...(await store.read(partition)).values()]
      kept.sealed ||= entities.some(({ kind }) => kind === 'Sealed')
      kept.plain ||= entities.some(isPlain)
    }
  } catch (error) {
    // A link or a folder does not become a file by waiting; what else is wrong costs nobody a token.
    if (use === 'look' || !(error instanceof CacheError) || error.code === 'ERR_CACHE_INSECURE') throw error
  }
  return kept
}

/** What `encryptedStore` refuses, and MSAL libraries write. */
function isPlain({ kind }: StoredEntity): boolean {
  return kind === 'AccessToken' || kind === 'RefreshToken' || kind === 'IdToken' || kind === 'Account'
}

async function readKey({ keyring, stop: { signal } }: CliIo): Promise<Uint8Array> {
  const { keychainKey } = await import('../cache/stores/keychain.ts')
  signal.throwIfAborted()
  // The keychain may be asking somebody to unlock it, and Ctrl-C is an answer, too.
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  try {
    return await Promise.race([keychainKey(keyring === undefined ? {} : { keyring }), stopped])
  } catch (error) {
    if (!(error instanceof CacheError)) throw error
    throw new CacheError('ERR_CACHE_KEY', error.message, {
      step: 'cache',
      hint: `${error.hint ?? ''} On this command line: --plaintext keeps the tokens in clear.`.trim(),
    })
  }
}

function keptOtherwise(plaintext: boolean): CacheError {
  const [is, way] = plaintext ? ['encrypted', 'Leave out --plaintext'] : ['not encrypted', 'Pass --plaintext']
  return new CacheError('ERR_CACHE_FORMAT', `the tokens in the cache file are ${is}`, {
    step: 'cache',
    hint: `${way}, or name another file. This one was not changed.`,
  })
}

// Another library has signed somebody in to an encrypted file.
function keptBothWays(): CacheError {
  return new CacheError('ERR_CACHE_FORMAT', 'some tokens in the cache file are encrypted and some are not', {
    step: 'cache',
    hint: 'Name another file, which other programs do not write to unless --plaintext is given. This one was not changed.',
  })
}
