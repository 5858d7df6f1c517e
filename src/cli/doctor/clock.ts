import { exitCode } from '../exit-code.ts'
import { type Check, fail, pass, skip, warn } from './check.ts'

/** A reading of a server's clock. */
export interface ClockReading {
  readonly host: string
  /** How far the server's `Date` header is ahead of this machine; negative when it is behind. */
  readonly aheadSeconds: number
}

/** Reads a `Date` header. @returns `undefined` for an answer without one, or from a cache (`Age`), which keeps the old. */
export function readClock(
  host: string,
  headers: Readonly<Record<string, string>>,
  receivedAtMs: number,
): ClockReading | undefined {
  if (Number(headers['age'] ?? 0) > 0) return undefined
  const at = Date.parse(headers['date'] ?? '')
  if (Number.isNaN(at)) return undefined
  // The header counts whole seconds, begun ones not. (Adding 0 turns -0 into 0.)
  return { host, aheadSeconds: Math.ceil((at - receivedAtMs) / 1_000) + 0 }
}

/** Judges the readings: more than a minute is pointed out, more than five fails, as messages are refused then. */
export function judgeClock(readings: readonly ClockReading[]): Check {
  if (readings.length === 0) return skip('clock', 'clock', 'no answer carried a date')
  const byHost = new Map<string, number>()
  for (const { host, aheadSeconds } of readings) {
    const known = byHost.get(host)
    // The delay of the network only ever adds: the smallest difference is nearest to the truth.
    if (known === undefined || Math.abs(aheadSeconds) < Math.abs(known)) byHost.set(host, aheadSeconds)
  }
  const offsets = [...byHost.values()]
  const detail = [...byHost].map(([host, seconds]) => `${host} ${difference(seconds)}`).join(', ')
  const worst = Math.max(...offsets.map(Math.abs))
  if (worst <= 60) return pass('clock', 'clock', detail)
  const hint = `${advice(byHost)} WS-Trust messages, assertions and id_tokens are refused beyond five minutes.`
  if (worst <= 300) return warn('clock', 'clock', detail, hint)
  return fail('clock', 'clock', { detail, hint, exit: exitCode.protocol })
}

function difference(seconds: number): string {
  if (seconds === 0) return 'agrees'
  return `is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} this machine`
}

function advice(byHost: ReadonlyMap<string, number>): string {
  const off = [...byHost].filter(([, seconds]) => Math.abs(seconds) > 60).map(([host]) => host)
  if (off.length < byHost.size) return `The clock of ${off.join(', ')} is wrong, the others agree with this machine.`
  return 'Set the clock of this machine (NTP).'
}
