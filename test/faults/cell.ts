import type { CredentialStore } from '../../src/cache/store.ts'
import { type AuthError, isAuthError, type ResponseFacts, ThrottledError } from '../../src/index.ts'
import type { CertificateDefect, JournalEntry, ListenOptions, RunningSimulator, Side } from '../../src/simulator.ts'
import { findLeaks, show } from '../contract/secrecy.ts'
import { type Column, type Connection, columns, type Lane, openLane, openSession, type Session } from './columns.ts'
import type { Row } from './expected.ts'

/** All that is known of one fault in one place, after the client was closed. */
export interface Outcome {
  readonly row: Row
  readonly column: Column
  readonly code: string
  readonly errorClass: string
  readonly step: string | undefined
  readonly message: string
  readonly response: ResponseFacts | undefined
  readonly retryAt: number | undefined
  readonly durationMs: number
  readonly limitMs: number
  readonly waits: readonly number[]
  readonly journal: readonly JournalEntry[]
  readonly before: string
  readonly after: string
  readonly leaks: readonly string[]
  /** Connections that the servers still saw half a second after the client was closed. */
  readonly openConnections: number
}

/** Long enough to be met by no cell that has no deadline of its own, however busy the machine. */
const patienceMs = 60_000

/**
 * Runs one real sign-in in which one route fails.
 *
 * Where a short deadline passed before the faulty route was asked, or by much, the machine may have stalled: that says nothing
 * of the client, and is tried again. A client that is late is late each time.
 */
export async function runCell(lane: Lane, row: Row, column: Column, connection: Connection): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await runOnce(lane, row, column, connection)
    const wasAsked = outcome.journal.some(({ kind }) => kind === column.route)
    if (row.deadlineMs === undefined || attempt === 6) return outcome
    if (wasAsked && outcome.durationMs < outcome.limitMs + 500) return outcome
  }
}

async function runOnce(lane: Lane, row: Row, column: Column, connection: Connection): Promise<Outcome> {
  lane.forget()
  const session = openSession(lane, column, connection)
  try {
    await column.prepare?.(session)
    if (row.deadlineMs !== undefined) await column.warm?.(session)
    lane.simulator.clearJournal()
    // The clock that a device code is issued by is the one it is asked about with.
    const isClock = row.faults.some(({ type }) => type === 'clock-skew')
    const routes = isClock && ['device', 'poll'].includes(column.kind) ? (['device', 'token'] as const) : [column.route]
    const calls = row.firstOnly ? 1 : 'all'
    lane.simulator.inject(routes.flatMap((route) => row.faults.map((fault) => ({ route, fault, calls }))))
    return await observe(session, row, column)
  } finally {
    await session.close()
  }
}

/** Runs the call of a column and looks at everything it did. Closes the client. */
async function observe(session: Session, row: Row, column: Column): Promise<Outcome> {
  const { lane, store, close } = session
  const { simulator, running, waits } = lane
  const limitMs = row.deadlineMs ?? patienceMs
  const before = await contents(store)
  const secrets = await secretsIn(store)
  const start = performance.now()
  const error = await column.run(session, limitMs, row).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  const durationMs = performance.now() - start
  const journal = [...simulator.journal]
  await close()
  for (let i = 0; i < 50 && running.openConnections > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  const known = isAuthError(error) ? error : undefined
  return {
    row,
    column,
    code: error === undefined ? 'ok' : (known?.code ?? 'no AuthError'),
    errorClass: error instanceof Error ? error.constructor.name : '',
    step: known?.step,
    message: known?.message ?? '',
    response: known?.response,
    retryAt: known instanceof ThrottledError ? known.retryAt.getTime() / 1000 : undefined,
    durationMs,
    limitMs,
    waits: [...waits],
    journal,
    before,
    after: await contents(store),
    leaks: known === undefined ? [] : leaksOf(known, secrets),
    openConnections: running.openConnections,
  }
}

async function contents(store: CredentialStore): Promise<string> {
  const partitions: unknown[] = []
  for await (const name of store.partitions()) partitions.push([name, [...(await store.read(name))].sort()])
  return JSON.stringify(partitions)
}

async function secretsIn(store: CredentialStore): Promise<readonly string[]> {
  const secrets: string[] = []
  for await (const name of store.partitions()) {
    for (const entity of (await store.read(name)).values()) if ('secret' in entity) secrets.push(entity.secret)
  }
  return secrets
}

/** By the marks of the passwords, by what stood in the cache, and by what tokens and assertions look like. */
function leaksOf(error: AuthError, secrets: readonly string[]): readonly string[] {
  const shown = show(error)
  const lookalikes = [/eyJ[\w-]{8,}/, /<(\w+:)?Assertion\b/, /"access_token":/].filter((pattern) => pattern.test(shown))
  return [
    ...findLeaks(shown),
    ...secrets.filter((secret) => secret.length > 8 && shown.includes(secret)).map(() => 'a token of the cache'),
    ...lookalikes.map(String),
  ]
}

/** The good certificates for what comes before; then those of the row in the same place, first of one side, then of the other. */
export async function runCertificateRow(
  row: Row & { readonly certificate: CertificateDefect },
  report: (column: Column, outcome: Outcome) => void,
): Promise<void> {
  const lane = await openLane()
  const known = new Map<Column, Session>()
  for (const column of columns.filter(({ prepare }) => prepare !== undefined)) {
    const session = openSession(lane, column, { ca: [lane.running.ca] })
    await column.prepare?.(session)
    await session.close()
    known.set(column, session)
  }
  const portOf = (url: string): number => Number(new URL(url).port)
  const { authority, authorities } = lane.running
  const ports = { port: portOf(authority), oidcPort: portOf(authorities.oidc) }
  await lane.running.close()
  for (const sides of [['entra', 'oidc'], ['adfs']] satisfies Side[][]) {
    const certificate = Object.fromEntries(sides.map((side) => [side, row.certificate]))
    const running = await listenAgain(lane, { ...ports, certificate })
    for (const column of columns.filter(({ side }) => (sides as readonly Side[]).includes(side))) {
      lane.forget()
      const { store, idToken } = known.get(column) ?? {}
      const session = openSession({ ...lane, running }, column, { ca: [running.ca] }, store)
      if (idToken !== undefined) session.idToken = idToken
      report(column, await observe(session, row, column))
    }
    await running.close()
  }
}

/** On ports that were just given up, and that an outgoing connection of another test may hold for a moment. */
async function listenAgain({ simulator }: Lane, options: ListenOptions): Promise<RunningSimulator> {
  for (let left = 50; ; left--) {
    try {
      return await simulator.listen(options)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EADDRINUSE' || left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
