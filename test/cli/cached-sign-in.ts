import { rmSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { KeyringModule } from '../../src/cache.ts'
import type { CliIo } from '../../src/cli/io.ts'
import { createSimulator, type RunningSimulator } from '../../src/simulator.ts'
import { createFolder, createTestIo, type Outcome, piped, ropc } from './test-io.ts'

export const ada = 'ada@contoso.example'
export const fred = 'fred@fed.contoso.example'

export interface SignIns {
  readonly running: RunningSimulator
  /** A path where nothing is yet. */
  newPath(): string
  file(content: string): string
  passwordOf(username: string): string
  /** A command line that signs in, without a source of the password. */
  token(username: string, ...more: readonly string[]): string[]
  /** Signs in with the user's password on standard input. */
  signIn(username: string, more: readonly string[], parts?: Partial<CliIo>): Promise<Outcome>
}

/** A simulator for one test file, and command lines that sign in at it. */
export function useSignIns(): SignIns {
  const folder = createFolder()
  let running: RunningSimulator
  let caFile: string
  let count = 0
  beforeAll(async () => {
    running = await (await createSimulator()).listen()
    caFile = folder.file('ca.pem', running.ca)
  })
  beforeEach(() => running.simulator.clearJournal())
  afterAll(async () => {
    await running.close()
    folder.remove()
  })
  const signIns: SignIns = {
    get running() {
      return running
    },
    newPath() {
      const path = signIns.file('')
      rmSync(path)
      return path
    },
    file: (content) => folder.file(`cache-${count++}.json`, content),
    passwordOf: (name) => running.simulator.users.find(({ username }) => username === name)?.password ?? '',
    token(username, ...more) {
      const { authority, simulator } = running
      const fixed = ['--authority', authority, '--ca', caFile, '--client-id', simulator.clientId]
      return ['token', ...fixed, '--scope', 'User.Read', '-u', username, ...more]
    },
    signIn(username, more, parts = {}) {
      const stdin = piped(signIns.passwordOf(username))
      return run([...signIns.token(username, '--password-stdin'), ...more], { stdin, ...parts })
    },
  }
  return signIns
}

export const run = (argv: readonly string[], parts: Partial<CliIo> = {}): Promise<Outcome> =>
  ropc(argv, createTestIo(parts))

/** A keychain in memory; `held` is what it holds. */
export function fakeKeyring(held: Map<string, string> = new Map()): KeyringModule {
  return {
    AsyncEntry: class {
      readonly #name: string
      constructor(service: string, account: string) {
        this.#name = JSON.stringify([service, account])
      }
      async getPassword() {
        return held.get(this.#name)
      }
      async setPassword(password: string) {
        held.set(this.#name, password)
      }
    },
  }
}

/** A machine without a keychain. */
export const noKeyring: KeyringModule = {
  AsyncEntry: class {
    constructor() {
      throw new Error('no D-Bus')
    }
    async getPassword() {
      return undefined
    }
    async setPassword() {}
  },
}
