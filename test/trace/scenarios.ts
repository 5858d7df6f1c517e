import type { ClientEvent, ClientOptions, HttpRequest, HttpResponse } from '../../src/index.ts'
import type { SimulatorOptions } from '../../src/simulator/simulator.ts'
import { collectTrace } from '../../src/trace/collect.ts'
import type { Trace, TraceEvent } from '../../src/trace/trace.ts'
import { fixture } from '../fixtures.ts'
import { demo, type Simulated, simulate } from '../flows/simulated.ts'

type Intercept = (request: HttpRequest, next: () => Promise<HttpResponse>) => Promise<HttpResponse>

interface Scenario {
  readonly run: (simulated: Simulated) => Promise<unknown>
  readonly intercept?: Intercept
  readonly options?: Partial<ClientOptions>
  readonly world?: SimulatorOptions
}

const { scopes } = demo
// Each is told once in a process, and this one has run other tests.
const suppressWarnings = [
  ...(['ROPC_BCP', 'ROPC_MFA', 'ROPC_PRIVILEGED', 'ROPC_COMMON', 'ROPC_FEDERATED_PLAINTEXT', 'ROPC_LOCKOUT'] as const),
]

/** The calls whose traces are the golden files, by the name of the file. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  managed: {
    run: ({ client }) => client.acquireTokenByUsernamePassword({ ...demo.ada, scopes }),
  },
  'managed-wrong-password': {
    run: ({ client }) => client.acquireTokenByUsernamePassword({ ...demo.ada, password: 'Not+the-p4ssword', scopes }),
  },
  federated: {
    run: ({ client }) => client.acquireTokenByUsernamePassword({ ...demo.fred, scopes }),
  },
  'federated-wrong-password': {
    run: ({ client }) => client.acquireTokenByUsernamePassword({ ...demo.fred, password: 'Not+the-p4ssword', scopes }),
  },
  'mfa-required': {
    run: ({ client, simulator }) => client.acquireTokenByUsernamePassword({ ...userNamed(simulator, 'mfa@'), scopes }),
  },
  'mex-fallback': {
    run: ({ client }) => client.acquireTokenByUsernamePassword({ ...demo.fred, scopes }),
    intercept: async (request, next) =>
      request.step === 'mex'
        ? { status: 503, headers: { 'content-type': 'text/html' }, body: '<title>Out of service</title>' }
        : next(),
  },
  'mex-no-endpoint': {
    run: ({ client }) => client.acquireTokenByUsernamePassword({ ...demo.fred, scopes }),
    intercept: async (request, next) =>
      request.step === 'mex'
        ? { status: 200, headers: { 'content-type': 'text/xml' }, body: fixture('mex/no-username-policy.xml') }
        : next(),
  },
  silent: {
    run: async ({ client }) => {
      const { account } = await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
      if (account === undefined) throw new Error('ada has an account')
      await client.acquireTokenSilent({ account, scopes })
      await client.acquireTokenSilent({ account, scopes: ['Mail.Read'] })
    },
  },
}

function userNamed({ users }: Simulated['simulator'], start: string): { username: string; password: string } {
  const user = users.find(({ username }) => username.startsWith(start))
  if (user === undefined) throw new Error(`no ${start} in the demo world`)
  return { username: user.username, password: user.password }
}

/** Records a scenario with clocks and ids that are the same each time. */
export async function record(name: string, collector = collectTrace()): Promise<Trace> {
  const scenario = scenarios[name]
  if (scenario === undefined) throw new Error(`no scenario ${name}`)
  let at = startedAt
  const now = () => at
  const wait = async (ms: number) => {
    at += ms / 1_000
  }
  const runtime = { now, newId: numberedIds('c'), wait }
  const simulated = await simulate(
    { runtime, suppressWarnings, onEvent: (event: ClientEvent) => collector(event), ...scenario.options },
    { now, newId: numberedIds('5'), ...scenario.world },
    scenario.intercept,
  )
  await Promise.resolve(scenario.run(simulated)).catch(() => undefined)
  return withEvenTimes(collector.trace())
}

/** The trace of a scenario as it is kept in `fixtures/trace`. `RECORD=1 npx vitest run test/trace/views.test.ts` records all anew. */
export function recorded(name: string): Trace {
  return JSON.parse(fixture(`trace/${name}.json`)) as Trace
}

/** 2026-11-23T08:00:00Z. */
const startedAt = 1_795_420_800

function numberedIds(digit: string): () => string {
  let count = 0
  return () => `${digit.repeat(8)}-0000-4000-8000-${(++count).toString(16).padStart(12, '0')}`
}

/** What the monotonic clock says differs from run to run: each event is 10 ms after the one before, and after the wait there was. */
function withEvenTimes(trace: Trace): Trace {
  let at = 0
  const begun = new Map<string, number>()
  const events = trace.events.map((event): TraceEvent => {
    at += 10
    if (event.type === 'retry') at += event.waitMs
    if (event.type === 'run.start') begun.set(event.callId, at)
    if (event.type === 'run.end') return { ...event, at, durationMs: at - (begun.get(event.callId) ?? 0) }
    return event.type === 'http.response' ? { ...event, at, durationMs: 10 } : { ...event, at }
  })
  return { ...trace, events }
}
