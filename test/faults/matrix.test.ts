import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createUndiciTransport } from '../../src/transport.ts'
import { type Outcome, runCell, runCertificateRow } from './cell.ts'
import { type Column, columns, type Lane, openLane } from './columns.ts'
import { certificateRows, classesOf, type Row, rows, startOfTime } from './expected.ts'
import { formatTable } from './table.ts'

// Every cell is a sign-in over TLS, with the transport that users have by default. All of them run first, a few at a time, each
// on a simulator that it has for itself; then each is a test.

const laneCount = 8
const allRows = [...rows, ...certificateRows]

/** What undici does in its own way are its connections; a sign-in has few kinds of requests. */
const undiciTypes = ['hang', 'reset', 'truncate', 'gzip-bomb', 'redirect', 'bad-json']
const undiciRows = rows.filter(({ faults }) => faults.some(({ type }) => undiciTypes.includes(type)))
const undiciColumns = columns.filter(({ name }) =>
  ['realm', 'wstrust', 'token, password', 'token, refresh'].includes(name),
)

const outcomes = new Map<string, Outcome>()
const keyOf = (transport: string, row: Row, column: Column): string => `${transport} ${row.name} ${column.name}`
let socketsBefore = 0
let socketsAfter = 0
let wallMs = 0

function socketCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'TLSWrap').length
}

beforeAll(async () => {
  socketsBefore = socketCount()
  const start = performance.now()
  const lanes = await Promise.all(Array.from({ length: laneCount }, () => openLane()))
  // The same list for every client, as a TLS context with all well-known CAs costs more than a sign-in.
  const ca = lanes.map(({ running }) => running.ca)
  // Those with a short deadline last, when everything is loaded and compiled.
  const inOrder = [...rows].sort((one, other) => (one.deadlineMs ?? 0) - (other.deadlineMs ?? 0))
  const jobs = [
    ...inOrder.flatMap((row) =>
      columns.map((column) => async (lane: Lane) => {
        outcomes.set(keyOf('https', row, column), await runCell(lane, row, column, { ca }))
      }),
    ),
    ...undiciRows.flatMap((row) =>
      undiciColumns.map((column) => async (lane: Lane) => {
        const openTransport = () => createUndiciTransport({ ca, loopbackHosts: ['localhost'] })
        const connection = { ca, openTransport }
        outcomes.set(keyOf('undici', row, column), await runCell(lane, row, column, connection))
      }),
    ),
  ]
  await Promise.all(
    lanes.map(async (lane) => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job(lane)
      await lane.running.close()
    }),
  )
  // One after the other: each has CAs of its own, and so needs contexts of its own.
  for (const row of certificateRows) {
    await runCertificateRow(row, (column, outcome) => outcomes.set(keyOf('https', row, column), outcome))
  }
  wallMs = performance.now() - start
  socketsAfter = socketCount()
}, 180_000)

afterAll(() => {
  const isAlone = process.env['npm_lifecycle_event'] === 'test:faults'
  if (!isAlone && process.env['ROPC_FAULT_TABLE'] !== '1') return
  const title = `${outcomes.size} sign-ins in ${(wallMs / 1000).toFixed(1)} s`
  const outcomeAt = (row: Row, column: Column): Outcome | undefined => outcomes.get(keyOf('https', row, column))
  process.stdout.write(`\n${formatTable(title, allRows, columns, outcomeAt)}\n`)
})

describe.each([
  ['https', allRows, columns],
  ['undici', undiciRows, undiciColumns],
] as const)('over %s', (transport, itsRows, itsColumns) => {
  const cells = itsRows.flatMap((row) =>
    itsColumns.map((column) => {
      const ending = row.except?.[column.name] ?? row.ends[column.kind]
      return [row.name, column.name, ending, keyOf(transport, row, column)] as const
    }),
  )
  it.each(cells)('%s: %s ends in %s', (_row, _column, ending, key) => {
    const outcome = outcomes.get(key)
    if (outcome === undefined) throw new Error('the cell did not run')
    checkEnding(outcome, ending)
    checkRequests(outcome)
    expect(outcome.durationMs, 'milliseconds until it ended').toBeLessThan(outcome.limitMs + 500)
    expect(outcome.openConnections, 'connections that are open after close()').toBe(0)
    if (ending === 'ok') expect(outcome.after, 'what is cached').toContain('AccessToken')
    else expect(outcome.after, 'what is cached').toBe(outcome.before)
    expect(outcome.leaks).toEqual([])
  })
})

function checkEnding(
  { row, column, code, errorClass, step, message, response, retryAt }: Outcome,
  ending: string,
): void {
  expect({ code, message }).toMatchObject({ code: ending })
  if (ending === 'ok') return
  expect(classesOf(ending)).toContain(errorClass)
  expect(message).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,500}$/u)
  expect(retryAt).toBe(ending === 'ERR_THROTTLED' ? startOfTime + (row.retryInSeconds ?? 0) : undefined)
  // A certificate stands in the way of whatever is asked of that side first.
  if (row.certificate === undefined) expect(column.step).toContain(step)
  if (ending === 'ERR_DEVICE_CODE_EXPIRED') return
  if (row.says !== undefined) expect(message).toMatch(row.says)
  const page = row.faults.find((fault) => fault.type === 'html')
  if (page !== undefined) {
    expect(response).toMatchObject({ server: 'squid/5.7', via: '1.1 proxy.contoso.example', title: page.title })
  }
}

function checkRequests({ row, column, journal, waits }: Outcome): void {
  // What a redirect leads to.
  expect(journal.filter(({ kind }) => kind === 'other')).toEqual([])
  const count = (found: readonly unknown[]): number => found.length
  // The password at the federation server and its assertion at the token endpoint are two credentials.
  for (const kind of ['wstrust', 'token']) {
    const sent = journal.filter((entry) => entry.kind === kind && entry.carriedCredential)
    expect(count(sent), `${kind} requests with a credential`).toBeLessThan(2)
  }
  for (const { path, method } of journal) {
    const same = journal.filter((entry) => entry.path === path)
    if (method === 'GET') expect(count(same), path).toBeLessThan(3)
  }
  const asked = count(journal.filter(({ kind }) => kind === column.route))
  if (row.certificate !== undefined) {
    expect(asked, 'requests to a server that could not be trusted').toBe(0)
  } else if (column.kind === 'poll') {
    if (row.firstOnly) expect(asked, 'questions about the device code').toBe(2)
  } else {
    const isDiscovery = ['json', 'mex', 'named'].includes(column.kind)
    const again = isDiscovery ? row.againAfterMs : undefined
    expect(asked, `${column.route} requests`).toBe(again === undefined ? 1 : 2)
    // A device code is waited for.
    if (column.kind !== 'device') expect(waits).toEqual(again === undefined ? [] : [again])
  }
}

it('leaves no socket in this process when all of it is over', () => {
  expect(socketsAfter).toBeLessThanOrEqual(socketsBefore)
})
