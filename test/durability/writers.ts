import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished, type TestContext } from 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    /** What the nightly run prints beside the name of the test. */
    figures?: string
  }
}

/** The long form, `node test/durability/nightly.js`, takes some ten minutes; the short one is part of every run. */
export const isNightly: boolean = process.env['MODE'] === 'nightly'

export interface WriterOptions {
  readonly store: 'msal' | 'sharded'
  readonly path: string
  /** The client id that it writes under. */
  readonly client: string
  /** How many writes, and the number of the first one. */
  readonly count: number
  readonly first?: number
  /** How many users take turns; 0 for a new one each time. */
  readonly users: number
  /** How many writes are under way at once, as in a service. */
  readonly inFlight?: number
  readonly lockTimeoutMs?: number
}

/** Puts figures beside the name of a test, in the nightly run. */
export function report({ task }: TestContext, figures: string): void {
  task.meta.figures = figures
}

/** A process that writes. */
export interface Writer {
  readonly client: string
  readonly process: ChildProcess
  readonly ready: Promise<void>
  /** Resolves when it has ended, of itself or not. */
  readonly ended: Promise<void>
  /** The last write that was acknowledged, by user. */
  readonly acknowledged: ReadonlyMap<string, number>
  /** Codes of errors and warnings. */
  readonly complaints: readonly string[]
  go(): void
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
  /** Resolves when so many writes are acknowledged, or it has ended. */
  reached(acknowledged: number): Promise<void>
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ropc-durability-'))
  // The nightly run leaves some 80,000 files.
  onTestFinished(() => rm(folder, { recursive: true, force: true }), 300_000)
  return folder
}

export function startWriter({ first = 0, inFlight = 1, lockTimeoutMs = 60_000, ...options }: WriterOptions): Writer {
  const built = fileURLToPath(new URL('../../dist/cache/stores/msal-file.js', import.meta.url))
  if (!existsSync(built)) throw new Error('run "npm run build" first: other processes run what is built')
  const program = fileURLToPath(new URL('./writer.js', import.meta.url))
  const settings = JSON.stringify({ ...options, first, inFlight, lockTimeoutMs })
  const child = spawn(process.execPath, [program, settings], { stdio: ['pipe', 'pipe', 'inherit'] })
  const acknowledged = new Map<string, number>()
  const complaints: string[] = []
  const waiting: (() => void)[] = []
  let acks = 0
  let isReady = false
  let hasEnded = false
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (condition() || hasEnded) resolve()
        else waiting.push(look)
      }
      look()
    })
  const wake = (): void => {
    for (const look of waiting.splice(0)) look()
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [word, number, user = ''] = line.split(' ')
    if (word === 'ready') isReady = true
    else if (word === 'ack') {
      acks++
      acknowledged.set(user, Math.max(Number(number), acknowledged.get(user) ?? 0))
    } else complaints.push(line)
    wake()
  })
  child.stdin.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      hasEnded = true
      if (code !== 0 && signal !== 'SIGKILL') complaints.push(`ended with ${code ?? signal}`)
      wake()
      resolve()
    })
  })
  const writer: Writer = {
    client: options.client,
    process: child,
    ready: until(() => isReady),
    ended,
    acknowledged,
    complaints,
    go: () => void child.stdin.write('go\n'),
    kill: (signal) => void child.kill(signal),
    reached: (wanted) => until(() => acks >= wanted),
  }
  onTestFinished(() => {
    writer.kill('SIGKILL')
    return ended
  })
  return writer
}

/** Starts writers under names of different lengths, which they choose their users by, and lets them go together. */
export async function startTogether(count: number, options: Omit<WriterOptions, 'client'>): Promise<readonly Writer[]> {
  const writers = Array.from({ length: count }, (_, index) =>
    startWriter({ ...options, client: `client-${String(index).padStart(index + 1, '0')}` }),
  )
  await Promise.all(writers.map(({ ready }) => ready))
  for (const writer of writers) writer.go()
  return writers
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
