import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CacheError } from '../../errors.ts'

/** What is used of `@napi-rs/keyring`. */
export interface KeyringModule {
  readonly AsyncEntry: new (
    service: string,
    account: string,
    options: { readonly linux: { readonly store: 'secret-service' } },
  ) => KeyringEntry
}

/** One secret of the keychain. */
interface KeyringEntry {
  getPassword(): Promise<string | null | undefined>
  setPassword(password: string): Promise<void>
}

export interface KeychainOptions {
  /** What the keychain shows the entry under. Default `ropc-client`. */
  readonly service?: string
  /** Tells several keys of a service apart. Default `cache-key`. */
  readonly account?: string
  /** The module, for who loads it in another way. Default `import('@napi-rs/keyring')`. */
  readonly keyring?: KeyringModule | Promise<KeyringModule>
}

/** For so long after it was written a key may still be replaced by that of another process. */
const settlingMs = 200

/**
 * The key for `encryptedStore`, kept in the keychain of the operating system: Keychain, Credential Manager, or the Secret
 * Service (GNOME Keyring, KWallet) on Linux. Made at the first use, as 32 random bytes; the keychain has it as base64,
 * with the time that it was made at (`.` and milliseconds, which may be missing).
 *
 * Needs the package `@napi-rs/keyring`. By itself that would fall back to the kernel's key ring on a Linux without
 * Secret Service, which forgets the key at the next boot and with it the whole cache: so here it may not.
 *
 * Processes that make the key at the same time agree on the one that was written last: nobody uses a key before it is
 * 0.2 s old. Should a process be held up for longer than that between finding no key and writing its own, the others
 * are left with a key that is no longer there. Where that can happen, call this once when the software is installed.
 *
 * @throws {@link CacheError} `ERR_CACHE_KEY` if the package is missing, the keychain cannot be used, or what it has is no
 * key; it is then left as it is.
 */
export async function keychainKey(options: KeychainOptions = {}): Promise<Uint8Array> {
  const { service = 'ropc-client', account = 'cache-key' } = options
  const { AsyncEntry } = await loadKeyring(options.keyring)
  const entry = await use('opened', () => new AsyncEntry(service, account, { linux: { store: 'secret-service' } }))
  for (let written = false; ; ) {
    const stored = await use('read', () => entry.getPassword())
    if (written || typeof stored === 'string') {
      const { key, madeAt } = decodeKey(stored)
      // A time in the future is that of a clock that was set back since.
      if (Math.abs(Date.now() - madeAt) >= settlingMs) return key
    } else {
      await use('written', () => entry.setPassword(`${randomBytes(32).toString('base64')}.${Date.now()}`))
      written = true
    }
    // Whoever had to wait for the keychain to be unlocked writes now, too, whatever the time that is in the key.
    await delay(settlingMs + randomInt(50))
  }
}

async function loadKeyring(given: KeychainOptions['keyring']): Promise<KeyringModule> {
  try {
    return await (given ?? import('@napi-rs/keyring'))
  } catch (error) {
    throw new CacheError('ERR_CACHE_KEY', 'the keychain needs @napi-rs/keyring, which cannot be loaded', {
      step: 'cache',
      hint: 'Run: npm install @napi-rs/keyring (its binary is an optional dependency: do not leave those out).',
      cause: factsOf(error),
    })
  }
}

async function use<T>(what: 'opened' | 'read' | 'written', action: () => T | Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    const remedy =
      what === 'opened'
        ? 'Start one (on Linux a Secret Service such as GNOME Keyring, on the session bus).'
        : 'Unlock it, and allow this program to use it.'
    throw new CacheError('ERR_CACHE_KEY', `the keychain of this machine cannot be ${what}`, {
      step: 'cache',
      hint: `${remedy} Without one, give encryptedStore a key of your own, or keep the cache without encryption.`,
      cause: factsOf(error),
    })
  }
}

/** The error's text is not kept: nobody can promise that the key is not in it. */
function factsOf(error: unknown): { readonly code?: string } {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? { code } : {}
}

function decodeKey(stored: string | null | undefined): { readonly key: Uint8Array; readonly madeAt: number } {
  const [, text, madeAt = '0'] = /^([\w+/]+=)(?:\.(\d{1,15}))?$/.exec(stored ?? '') ?? []
  const key = Buffer.from(text ?? '', 'base64')
  if (key.length === 32 && key.toString('base64') === text) return { key: new Uint8Array(key), madeAt: Number(madeAt) }
  throw new CacheError('ERR_CACHE_KEY', 'what the keychain has under this name is not a key of this package', {
    step: 'cache',
    hint: 'Choose another service or account. If the entry was damaged, delete it and the cache: a new key cannot read what is there.',
  })
}
