import { AssertionError } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'
import { oneLine } from '../errors.ts'
import type { JournalEntry } from './journal.ts'

/** Members that a request must have, as its {@link JournalEntry} names them; the others may be anything. */
export type ExpectedRequest = Partial<JournalEntry>

interface HasJournal {
  readonly journal: readonly JournalEntry[]
}

/**
 * Asserts that the simulator was asked for exactly these requests, in this order, since it was made or its journal cleared.
 *
 * ```ts
 * expectJournal(simulator, [{ kind: 'realm' }, { kind: 'token', grantType: 'password' }])
 * ```
 *
 * @throws `AssertionError` of node:assert, which every test framework shows, with the difference line by line. Like the journal,
 *   it holds no secret.
 */
export function expectJournal({ journal }: HasJournal, expected: readonly ExpectedRequest[]): void {
  const lines = compare(journal, expected)
  if (lines.every(({ sign }) => sign === ' ')) return
  const text = lines.map(({ sign, line }) => `${sign} ${line}`)
  throw new AssertionError({
    message: ['the simulator was asked for other requests (- expected, + actual):', ...text].join('\n'),
    actual: journal,
    expected,
    operator: 'expectJournal',
    stackStartFn: expectJournal,
  })
}

/**
 * Asserts where passwords, assertions, refresh tokens and client secrets went: the hosts, with port, of every request that
 * carried one, in this order. So no other host was sent one, and none of these more often than is said.
 *
 * @throws `AssertionError` of node:assert as {@link expectJournal}.
 */
export function expectCredentialsSentTo({ journal }: HasJournal, hosts: readonly string[]): void {
  const carriers = journal.filter(({ carriedCredential }) => carriedCredential)
  const actual = carriers.map(({ host }) => host)
  if (isDeepStrictEqual(actual, [...hosts])) return
  const lines = compare(
    carriers,
    hosts.map((host) => ({ host })),
  )
  throw new AssertionError({
    message: [
      'credentials were sent elsewhere, or in another number (- expected, + actual):',
      ...lines.map(({ sign, line }) => `${sign} ${line}`),
    ].join('\n'),
    actual,
    expected: hosts,
    operator: 'expectCredentialsSentTo',
    stackStartFn: expectCredentialsSentTo,
  })
}

interface Line {
  readonly sign: ' ' | '-' | '+'
  readonly line: string
}

/** Pairs as many requests as it can without changing their order (longest common subsequence). */
function compare(journal: readonly JournalEntry[], expected: readonly ExpectedRequest[]): Line[] {
  // best[i][j]: how many can be paired from the i-th request and the j-th expectation on.
  const best = Array.from({ length: journal.length + 1 }, () => new Array<number>(expected.length + 1).fill(0))
  const at = (i: number, j: number): number => best[i]?.[j] ?? 0
  for (const [i, entry] of [...journal.entries()].reverse()) {
    for (const [j, wanted] of [...expected.entries()].reverse()) {
      const paired = matches(entry, wanted) ? at(i + 1, j + 1) + 1 : 0
      ;(best[i] as number[])[j] = Math.max(paired, at(i + 1, j), at(i, j + 1))
    }
  }
  const lines: Line[] = []
  let [i, j] = [0, 0]
  while (i < journal.length || j < expected.length) {
    const [entry, wanted] = [journal[i], expected[j]]
    // Two that fit and are both next can always be paired: nothing is lost by it.
    if (entry !== undefined && wanted !== undefined && matches(entry, wanted)) {
      lines.push({ sign: ' ', line: lineOf(entry) })
      i += 1
      j += 1
    } else if (wanted !== undefined && (entry === undefined || at(i, j + 1) >= at(i + 1, j))) {
      lines.push({ sign: '-', line: lineOf(wanted) })
      j += 1
    } else if (entry !== undefined) {
      lines.push({ sign: '+', line: lineOf(entry) })
      i += 1
    }
  }
  return lines
}

function matches(entry: JournalEntry, expected: ExpectedRequest): boolean {
  return Object.entries(expected).every(([name, value]) => isDeepStrictEqual(entry[name as keyof JournalEntry], value))
}

const shownFirst = ['kind', 'method', 'host', 'path', 'status', 'grantType', 'username'] as const

/** The members that say most in one order, then what else is known: a missing one differs from none at all. */
function lineOf(request: ExpectedRequest): string {
  const names = [...shownFirst, ...Object.keys(request)] as (keyof JournalEntry)[]
  const members = [...new Set(names)]
    .filter((name) => name !== 'at' && Object.hasOwn(request, name))
    .map((name) => `${name}: ${oneLine(JSON.stringify(request[name]) ?? 'undefined', 200)}`)
  return `{ ${members.join(', ')} }`
}
