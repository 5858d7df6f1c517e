import type { Readable, Writable } from 'node:stream'
import type { KeyringModule } from '../cache/stores/keychain.ts'

/** What a command may touch of its process, as an argument: so a test can run a command without a process of its own. */
export interface CliIo {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(mode: boolean): unknown }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  /** Variables are deleted from it once they have been read as a password. */
  readonly env: Record<string, string | undefined>
  /** Aborted with an {@link Interrupted} by Ctrl-C or a signal. */
  readonly stop: AbortController
  /** In place of the system's keychain. */
  readonly keyring?: KeyringModule | Promise<KeyringModule>
  /** Opens the controlling terminal, where a prompt is seen although stderr is redirected. */
  readonly openTerminal?: () => Writable | undefined
}

/** The user, or whoever runs the command, wants it to end. */
export class Interrupted extends Error {
  readonly by: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'end of input'

  constructor(by: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'end of input') {
    super(by === 'end of input' ? 'cancelled: no password was given' : 'interrupted')
    this.name = 'Interrupted'
    this.by = by
  }
}
