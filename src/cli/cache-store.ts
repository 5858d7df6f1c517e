import type { StoredEntity } from '../cache/entities.ts'
import type { CredentialStore } from '../cache/store.ts'
import { encryptedStore } from '../cache/stores/encrypted.ts'
import { keychainKey } from '../cache/stores/keychain.ts'
import { createMsalFileStore } from '../cache/stores/msal-file.ts'
import { CacheError } from '../errors.ts'
import { type Options, UsageError } from './args.ts'
import type { CliIo } from './io.ts'

/** The options that say where tokens are kept. */
export type CacheOption = 'cache' | 'plaintext'

export const cacheSpecs = { cache: { type: 'string' }, plaintext: { type: 'boolean' } } as const

/**
 * Opens the file that the command line names: encrypted by a key in the system's keychain, or in clear when asked.
 *
 * @returns `undefined` without `--cache`: then nothing is kept.
 * @throws {@link UsageError} for `--plaintext` alone; {@link CacheError} if there is no keychain, or if the file is kept the
 *   other way.
 */
export async function openCacheStore(
  options: Options<CacheOption>,
  io: CliIo,
  warn: (code: string, message: string) => void,
): Promise<CredentialStore | undefined> {
  const file = options.text('cache')
  const plaintext = options.flag('plaintext')
  if (file === undefined) {
    if (!plaintext) return undefined
    throw new UsageError('--plaintext goes with --cache', 'Name the file: --cache FILE.')
  }
  if (plaintext) {
    warn('PLAINTEXT_CACHE', 'the tokens in the cache file are not encrypted: whoever can read it can use them')
  }
  const store = createMsalFileStore(file, {
    onWarning: (code, message) => (code === 'PLAINTEXT_CACHE' ? undefined : warn(code, message)),
  })
  const key = plaintext ? undefined : await readKey(io)
  if (await holds(store, plaintext ? isSealed : isPlainToken)) throw keptOtherwise(plaintext)
  return key === undefined ? store : encryptedStore(store, key)
}

// Before anybody types a password: a cache that cannot be used is better known now.
async function readKey({ keyring }: CliIo): Promise<Uint8Array> {
  try {
    return await keychainKey(keyring === undefined ? {} : { keyring })
  } catch (error) {
    if (!(error instanceof CacheError)) throw error
    const { code, message, hint = '' } = error
    throw new CacheError(code as 'ERR_CACHE_KEY', message, {
      step: 'cache',
      hint: `${hint} Or pass --plaintext to keep the tokens in clear.`.trim(),
    })
  }
}

async function holds(store: CredentialStore, is: (entity: StoredEntity) => boolean): Promise<boolean> {
  try {
    for await (const partition of store.partitions()) {
      if ([...(await store.read(partition)).values()].some(is)) return true
    }
  } catch {
    // A file that cannot be read is the business of what comes next: it may still be set aside.
  }
  return false
}

function isSealed({ kind }: StoredEntity): boolean {
  return kind === 'Sealed'
}

function isPlainToken({ kind }: StoredEntity): boolean {
  return kind === 'AccessToken' || kind === 'RefreshToken' || kind === 'IdToken'
}

function keptOtherwise(plaintext: boolean): CacheError {
  const [is, way] = plaintext ? ['encrypted', 'Leave out --plaintext'] : ['not encrypted', 'Pass --plaintext']
  return new CacheError('ERR_CACHE_FORMAT', `the tokens in the cache file are ${is}`, {
    step: 'cache',
    hint: `${way}, or name another file. This one was not changed.`,
  })
}
