import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { AsyncEntry } from '@napi-rs/keyring'
import { describe, expect, it } from 'vitest'
import { encryptedStore } from '../../../src/cache/stores/encrypted.ts'
import { type KeyringModule, keychainKey } from '../../../src/cache/stores/keychain.ts'
import { createMemoryStore } from '../../../src/cache/stores/memory.ts'

type Operation = 'open' | 'get' | 'set'

interface FakeKeychain {
  readonly keyring: KeyringModule
  readonly held: Map<string, string>
  readonly options: unknown[]
  writes: number
}

/** A keychain that takes a moment for everything, as one does that is asked over a bus. */
function fakeKeychain(
  before: (operation: Operation, value?: string) => unknown = () => delay(randomInt(8)),
): FakeKeychain {
  const held = new Map<string, string>()
  const options: unknown[] = []
  const keychain = { held, options, writes: 0 }
  const AsyncEntry = class {
    readonly #name: string
    constructor(service: string, account: string, given: unknown) {
      before('open')
      options.push(given)
      this.#name = JSON.stringify([service, account])
    }
    async getPassword(): Promise<string | null> {
      await before('get')
      return held.get(this.#name) ?? null
    }
    async setPassword(value: string): Promise<void> {
      await before('set', value)
      keychain.writes++
      held.set(this.#name, value)
    }
  }
  return Object.assign(keychain, { keyring: { AsyncEntry } })
}

describe.concurrent('the key in the keychain', () => {
  it('is made at the first use, kept as base64 with its time, and the same afterwards', async () => {
    const { keyring, held } = fakeKeychain()
    const from = Date.now()
    const key = await keychainKey({ keyring })
    expect(key).toHaveLength(32)
    const [[name, value = ''] = []] = held
    expect(name).toBe('["ropc-client","cache-key"]')
    const [text, madeAt] = value.split('.')
    expect(text).toBe(Buffer.from(key).toString('base64'))
    expect(Math.abs(Number(madeAt) - from)).toBeLessThan(5_000)
    expect(await keychainKey({ keyring: Promise.resolve(keyring) })).toEqual(key)
    expect(held.size).toBe(1)
  })

  it.each([
    ['bare base64', (key: string) => key],
    ['with a time long ago', (key: string) => `${key}.1700000000000`],
    ['with a time in the future, by a clock since set back', (key: string) => `${key}.99999999999999`],
  ])('may have been put there by somebody else: %s', async (_, form) => {
    const operations: string[] = []
    const keychain = fakeKeychain((operation) => operations.push(operation))
    const key = randomBytes(32)
    keychain.held.set('["ropc-client","cache-key"]', form(key.toString('base64')))
    expect(Buffer.from(await keychainKey(keychain))).toEqual(key)
    expect(operations).toEqual(['open', 'get'])
  })

  it('is written once', async () => {
    const keychain = fakeKeychain()
    await keychainKey(keychain)
    await keychainKey(keychain)
    expect(keychain.writes).toBe(1)
  })

  it('is another one for another service or account, and each time that one is made', async () => {
    const { keyring, held } = fakeKeychain()
    const names = [{}, { service: 's' }, { account: 'a' }, { service: 's', account: 'a' }]
    const keys = await Promise.all(names.map((name) => keychainKey({ ...name, keyring })))
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(4)
    expect([...held.keys()]).toContain('["s","a"]')
  })

  it('is the same for processes that make it at the same time', async () => {
    // The function keeps nothing between calls, so that calls are to each other what processes are.
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const { keyring } = fakeKeychain()
        const late = async (): Promise<Uint8Array> => {
          await delay(randomInt(60))
          return keychainKey({ keyring })
        }
        const keys = await Promise.all(Array.from({ length: 6 }, late))
        expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1)
      }),
    )
  })

  it("is the other's where two have written: what counts is what is there after a moment", async () => {
    const other = randomBytes(32)
    const keychain: FakeKeychain = fakeKeychain((operation) => {
      if (operation === 'get' && keychain.writes > 0) {
        keychain.held.set('["ropc-client","cache-key"]', `${other.toString('base64')}.1`)
      }
    })
    expect(Buffer.from(await keychainKey(keychain))).toEqual(other)
  })

  it('is not used before it is sure that nobody replaces it, though another process made it', async () => {
    const [first, second] = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64'))
    const keychain = fakeKeychain()
    keychain.held.set('["ropc-client","cache-key"]', `${first}.${Date.now()}`)
    const reading = keychainKey(keychain)
    await delay(50)
    keychain.held.set('["ropc-client","cache-key"]', `${second}.${Date.now()}`)
    expect(Buffer.from(await reading).toString('base64')).toBe(second)
    expect(keychain.writes).toBe(0)
  })

  it('is looked at again after a moment by who had to wait before writing it', async () => {
    const other = randomBytes(32)
    const keychain: FakeKeychain = fakeKeychain(async (operation) => {
      if (operation !== 'set') return
      await delay(250)
      // The user unlocked the keychain, for another process as well.
      setTimeout(() => keychain.held.set('["ropc-client","cache-key"]', `${other.toString('base64')}.1`), 50)
    })
    expect(Buffer.from(await keychainKey(keychain))).toEqual(other)
  })

  it("is never kept in the kernel's key ring, which forgets it at the next boot", async () => {
    const keychain = fakeKeychain()
    await keychainKey(keychain)
    expect(keychain.options).toEqual([{ linux: { store: 'secret-service' } }])
  })

  it('is what encryptedStore takes', async () => {
    const { keyring } = fakeKeychain()
    const store = encryptedStore(createMemoryStore(), () => keychainKey({ keyring }))
    expect((await store.read('nobody')).size).toBe(0)
  })
})

describe.concurrent('without a usable key', () => {
  it.each([
    ['no base64', 'correct horse battery staple'],
    ['empty', ''],
    ['too short', randomBytes(29).toString('base64')],
    ['too long', randomBytes(35).toString('base64')],
    ['base64url', Buffer.alloc(32, 255).toString('base64').replaceAll('/', '_')],
    ['base64 with something after it', `${randomBytes(32).toString('base64')}\n`],
  ])('it fails, and does not overwrite what is there: %s', async (_, value) => {
    const keychain = fakeKeychain()
    keychain.held.set('["ropc-client","cache-key"]', value)
    const failure = await keychainKey(keychain).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      name: 'CacheError',
      code: 'ERR_CACHE_KEY',
      message: expect.stringMatching(/not a key/),
    })
    if (value !== '') expect(inspect(failure)).not.toContain(value.trim())
    expect(keychain.writes).toBe(0)
    expect([...keychain.held.values()]).toEqual([value])
  })

  it('it fails if the keychain does not keep what it is given', async () => {
    const keychain: FakeKeychain = fakeKeychain((operation) => operation === 'get' && keychain.held.clear())
    await expect(keychainKey(keychain)).rejects.toMatchObject({ code: 'ERR_CACHE_KEY' })
  })

  it.each([
    ['open', 'opened', 'Secret Service'],
    ['get', 'read', 'Unlock'],
    ['set', 'written', 'Unlock'],
  ])('it fails if the keychain cannot %s, without the text of its error', async (which, what, hint) => {
    const { keyring } = fakeKeychain((operation, value) => {
      if (operation === which)
        throw Object.assign(new Error(`cannot store ${value} on the bus`), { code: 'GenericFailure' })
    })
    const failure = await keychainKey({ keyring }).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      name: 'CacheError',
      code: 'ERR_CACHE_KEY',
      message: `the keychain of this machine cannot be ${what}`,
      hint: expect.stringContaining(hint),
      cause: { code: 'GenericFailure' },
    })
    expect(inspect(failure)).not.toContain('on the bus')
  })

  it('it says what to install if the package is missing', async () => {
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    await expect(keychainKey({ keyring: Promise.reject(missing) })).rejects.toMatchObject({
      code: 'ERR_CACHE_KEY',
      hint: expect.stringContaining('npm install @napi-rs/keyring'),
      cause: { code: 'ERR_MODULE_NOT_FOUND' },
    })
    await expect(keychainKey({ keyring: Promise.reject(undefined) })).rejects.toMatchObject({ cause: {} })
  })
})

describe('the real keychain', async () => {
  const service = `ropc-client-test-${randomBytes(6).toString('hex')}`
  const options = { linux: { store: 'secret-service' } } as const
  const usable = await Promise.resolve()
    .then(() => new AsyncEntry(service, 'probe', options).getPassword())
    .then(() => true)
    .catch(() => false)

  it.skipIf(!usable)('keeps the key (skipped where this machine has no usable keychain)', async () => {
    try {
      const key = await keychainKey({ service })
      expect(key).toHaveLength(32)
      expect(await keychainKey({ service })).toEqual(key)
    } finally {
      await new AsyncEntry(service, 'cache-key', options).deletePassword()
    }
  })

  it.skipIf(usable)('is asked for when there is none (skipped where this machine has a usable keychain)', async () => {
    await expect(keychainKey({ service })).rejects.toMatchObject({
      code: 'ERR_CACHE_KEY',
      message: 'the keychain of this machine cannot be opened',
    })
  })
})
