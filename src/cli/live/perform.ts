import { setTimeout } from 'node:timers/promises'
import { createRopcClient } from '../../client/client.ts'
import { forgetAdvised } from '../../client/event-channel.ts'
import { createSimulator, type Simulator } from '../../simulator/simulator.ts'
import type { World } from '../../simulator/world.ts'
import { collectTrace } from '../../trace/collect.ts'
import { outcomeOf, renderRun } from '../../trace/report/run.ts'
import { stepWords } from '../../trace/report/step-words.ts'
import { type Run, readRuns } from '../../trace/runs.ts'
import type { Trace, TraceEvent } from '../../trace/trace.ts'
import { routeChoices, type Scenario } from './scenario.ts'

/** A run as far as it has come. */
interface Update {
  /** The report of it, a fragment. */
  readonly html: string
  /** What happened last, or how it ended, in words. */
  readonly status: string
  /** The first of its run, which takes the place of the run before. */
  readonly first: boolean
  /** The last of its run. */
  readonly over: boolean
}

export interface PerformOptions {
  /** Gets each update in turn; the next is made when it has settled. */
  readonly show: (update: Update) => Promise<void>
  readonly signal: AbortSignal
  /** Limit of the client's call. */
  readonly callTimeoutMs: number
}

/** More than the longest sign-in with all its retries. */
const maxEvents = 500

// All people here are invented, and the page has named them already: pseudonyms would hide which one was chosen.
const level = 'team'

/** These tell what the event before them was read as, or came to: no moment of their own. */
const riders: ReadonlySet<TraceEvent['type']> = new Set(['parse', 'token', 'error', 'run.end'])

/**
 * Signs a user in at a simulator of this run's own, and shows the report again after each event: as soon as it happens, or
 * later where the page rests on each. The times in the report are those of the sign-in, not of the page.
 *
 * @throws The signal's reason.
 */
export async function performScenario(world: World, scenario: Scenario, options: PerformOptions): Promise<void> {
  const { authority, clientId, username, password, scopes, injection, pauseMs } = scenario
  const { show, signal, callTimeoutMs } = options
  // Keys are made once a process; what is injected here happens to nobody else.
  const simulator = await createSimulator({ world, ...(injection === undefined ? {} : { inject: [injection] }) })
  const collector = collectTrace({ limit: maxEvents })
  const bell = createBell()
  const client = createRopcClient({
    clientId,
    authority: simulator.authorities[authority],
    authorityKind: authority,
    instanceDiscovery: false,
    transport: simulator.send,
    onEvent: (event) => {
      collector(event)
      bell.ring()
    },
  })
  let ended = false
  forgetAdvised() // the same choice is to show the same report each time
  const call = client
    .acquireTokenByUsernamePassword({ username, password, scopes, signal, timeoutMs: callTimeoutMs })
    .then(
      () => {},
      () => {}, // the trace tells it
    )
    .finally(() => {
      ended = true
      bell.ring()
    })
  try {
    let shown = 0
    let trace = collector.trace({ level })
    for (;;) {
      signal.throwIfAborted()
      if (shown === trace.events.length) {
        trace = collector.trace({ level })
        if (shown < trace.events.length) continue
        if (ended) throw new Error('the call ended without saying so')
        await bell.rung()
        continue
      }
      const first = shown === 0
      shown = nextMoment(trace.events, shown)
      const over = trace.events[shown - 1]?.type === 'run.end'
      await show({
        ...describe({ ...trace, events: trace.events.slice(0, shown) }, over ? missed(simulator, scenario) : ''),
        first,
        over,
      })
      if (over) break
      if (pauseMs > 0) await setTimeout(pauseMs, undefined, { signal })
    }
  } finally {
    await client.close()
    await call
  }
}

/** How many events to show next: one, and what goes with it. */
function nextMoment(events: readonly TraceEvent[], shown: number): number {
  let count = shown + 1
  for (let next = events[count]; next !== undefined && riders.has(next.type); next = events[count]) count += 1
  return count
}

/** A request whose answer is still to come is in the words only: the report would call it one without an answer. */
function describe(trace: Trace, note: string): Pick<Update, 'html' | 'status'> {
  const { events } = trace
  const last = events.at(-1)
  const waits = last?.type === 'http.request'
  const [run] = readRuns(trace)
  const [shown] = readRuns({ ...trace, events: waits ? events.slice(0, -1) : events })
  if (run === undefined || shown === undefined) return { html: '', status: '' }
  return { html: renderRun(shown), status: `${statusOf(run, waits)}${note}` }
}

function statusOf(run: Run, waits: boolean): string {
  const { word, sentence } = outcomeOf(run)
  if (run.end !== undefined) return `${word}. ${sentence}`
  const step = run.steps.at(-1)
  if (step === undefined) return 'Running …'
  const { title, outcome } = stepWords(step)
  return `Step ${run.steps.length}: ${title}: ${waits ? 'waiting for the answer …' : outcome}`
}

// A managed user's sign-in asks no federation server: a fault there does not happen, and nobody should look for it.
function missed({ journal }: Simulator, { injection }: Scenario): string {
  if (injection === undefined || journal.some(({ injected }) => injected !== undefined)) return ''
  const place = routeChoices.find(({ id }) => id === injection.route)?.label
  return ` The fault did not happen: this sign-in never asked ${place}.`
}

/** Wakes the one that waits, or the next that comes to wait. */
function createBell(): { ring(): void; rung(): Promise<void> } {
  let { promise, resolve } = withResolver()
  return {
    ring: () => resolve(),
    async rung() {
      await promise
      ;({ promise, resolve } = withResolver())
    },
  }
}

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
