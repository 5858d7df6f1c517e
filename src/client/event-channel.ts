import type { ClientEvent } from './events.ts'

/** What is used of a channel of `node:diagnostics_channel`. */
interface Channel {
  readonly hasSubscribers: boolean
  publish(message: ClientEvent): void
}

/**
 * All events of all clients of this process, for whoever subscribes to `ropc-client` with `node:diagnostics_channel`. Absent
 * where there is no such module.
 *
 * @see {@link https://nodejs.org/api/diagnostics_channel.html Node: diagnostics_channel}
 */
export const eventChannel: Channel | undefined = openChannel()

function openChannel(): Channel | undefined {
  // Not imported: the client itself is to run where there is no Node too.
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  const module = process?.getBuiltinModule?.('node:diagnostics_channel')
  return (module as { channel(name: string): Channel } | undefined)?.channel('ropc-client')
}

const told = new Set<string>()

/** Tells a warning that nobody listens for to the process, once for each code. */
export function warnProcess(code: string, message: string): void {
  if (told.has(code)) return
  told.add(code)
  const { process } = globalThis as {
    process?: { emitWarning?: (message: string, options: { code: string; type: string }) => void }
  }
  process?.emitWarning?.(message, { code, type: 'RopcClientWarning' })
}

const advised = new Set<string>()

/** @returns Whether an advice is given for the first time in this process. */
export function isFirstAdvice(code: string): boolean {
  if (advised.has(code)) return false
  advised.add(code)
  return true
}

/** Begins anew, as a new process would: for tests of what is told once. */
export function forgetAdvised(): void {
  advised.clear()
}
