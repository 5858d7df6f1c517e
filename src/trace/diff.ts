import { oneLine } from '../errors.ts'
import type { Verdict } from '../protocol/verdict.ts'
import { isShown, requestParts, responseParts } from './message-parts.ts'
import { saysItself } from './rules.ts'
import { type Hop, type Run, readRuns } from './runs.ts'
import type { Trace } from './trace.ts'

/** Something that is not the same in two traces. */
export interface Difference {
  /** Where: `call 1 › token request 1 › sent scope`. */
  readonly place: string
  /** What the first trace has there; absent if it has nothing. */
  readonly first?: string
  readonly second?: string
}

/**
 * Compares what two traces mean: what was decided and from what, who was asked, what was sent and answered, what was checked, how
 * it ended. Ids, times, tokens and durations are never a difference.
 *
 * @returns In the order of the first trace; what only the second has stands before what follows it there.
 */
export function diffTraces(first: Trace, second: Trace): readonly Difference[] {
  const [a, b] = [placesOf(first), placesOf(second)]
  const oneSided = new Set<string>()
  return mergedKeys([...a.keys()], [...b.keys()]).flatMap((place) => {
    const [one, other] = [a.get(place), b.get(place)]
    if (one === other) return []
    // Of a request that only one of them has, one line is enough.
    if (ancestorsOf(place).some((ancestor) => oneSided.has(ancestor))) return []
    if (one === undefined || other === undefined) oneSided.add(place)
    return [{ place, ...(one === undefined ? {} : { first: one }), ...(other === undefined ? {} : { second: other }) }]
  })
}

const separator = ' › '

function ancestorsOf(place: string): readonly string[] {
  const parts = place.split(separator)
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(separator))
}

/** One line for each difference, its place first. */
export function renderDiff(differences: readonly Difference[]): string {
  if (differences.length === 0) return 'The two traces tell the same.\n'
  const lines = differences.map(({ place, first, second }) => {
    if (first === undefined) return `+ ${place}: ${second}`
    return second === undefined ? `- ${place}: ${first}` : `~ ${place}: ${first} → ${second}`
  })
  return `${lines.join('\n')}\n`
}

/** Everything that can differ, by its place, as text. */
function placesOf(trace: Trace): ReadonlyMap<string, string> {
  const places = new Map<string, string>()
  readRuns(trace).forEach((run, index) => {
    const put = (place: string, value: unknown): void => {
      places.set(oneLine(`call ${index + 1} › ${place}`, 400), oneLine(steady(textOf(value)), 400))
    }
    putRun(run, put)
  })
  return places
}

type Put = (place: string, value: unknown) => void

function putRun({ start, steps, tokens, error, end }: Run, put: Put): void {
  if (start !== undefined) {
    put('operation', start.operation)
    put('authority', `${start.authority.url} (${start.authority.kind})`)
    if (start.username !== undefined) put('user', start.username)
    if (start.scopes !== undefined) put('scopes asked for', start.scopes)
  }
  const counts = new Map<string, number>()
  /** The first, second … of its kind: so that one step more does not shift all others. */
  const numbered = (name: string): string => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return count === 1 ? name : `${name} ${count}`
  }
  for (const step of steps) {
    if ('kind' in step) putHop(step, numbered(`${step.request.step} request`), put)
    else if (step.type === 'decision') {
      const name = numbered(`decision ${step.question}`)
      put(name, step.chosen)
      const labels = new Map<string, number>()
      for (const { label, url, version, ...verdict } of step.candidates) {
        const count = (labels.get(label) ?? 0) + 1
        labels.set(label, count)
        const about = [version === undefined ? '' : `WS-Trust ${version} `, url === undefined ? '' : `${url} `].join('')
        put(`${name} › ${label}${count === 1 ? '' : ` ${count}`}`, `${about}${verdictText(verdict)}`)
      }
    } else if (step.type === 'cache') {
      const name = numbered('cache')
      put(name, step.hit ? 'hit' : 'no hit')
      putVerdicts(step.reasons, `${name} › reason`, put)
    } else if (step.type === 'retry') put(numbered(`retry ${step.step}`), step.reason)
    else put(numbered(`warning ${step.code}`), step.message)
  }
  for (const { source, scopes } of tokens) put(numbered('token'), `from ${source} for ${scopes.join(' ')}`)
  if (error !== undefined) {
    put('error', `${error.name} ${error.code} at the step ${error.step}: ${error.message}`)
    putMembers(error.facts, 'error', put)
  }
  if (end !== undefined) put('outcome', end.ok ? 'succeeded' : 'failed')
}

function putHop(hop: Hop, name: string, put: Put): void {
  const { request, response, parses } = hop
  const { host, pathname } = URL.canParse(request.url) ? new URL(request.url) : { host: request.url, pathname: '' }
  put(name, `${request.method} to ${host}`)
  put(`${name} › path`, pathname)
  for (const { in: where, name: part, value } of requestParts(hop)) putPart(`${name} › sent`, where, part, value, put)
  put(`${name} › status`, response?.status ?? 'no answer')
  for (const { in: where, name: part, value } of responseParts(hop))
    putPart(`${name} › answered`, where, part, value, put)
  for (const { what, facts, checks } of parses) {
    put(`${name} › ${what}`, 'read')
    if (!isShown(hop, what)) putMembers(facts, `${name} › ${what}`, put)
    if (what !== 'MEX document') putVerdicts(checks, `${name} › ${what} › check`, put)
  }
}

function putPart(place: string, where: string, name: string, value: string, put: Put): void {
  if (volatile.has(name.toLowerCase())) return
  put(`${place} ${where === 'header' ? 'header ' : ''}${name}`, secret.has(name.toLowerCase()) ? '(there)' : value)
}

function putMembers(facts: Readonly<Record<string, unknown>>, place: string, put: Put): void {
  for (const [name, value] of Object.entries(facts)) {
    if (!volatile.has(name.toLowerCase())) put(`${place} › ${name}`, value)
  }
}

function putVerdicts(verdicts: readonly Verdict[], place: string, put: Put): void {
  const counts = new Map<string, number>()
  for (const verdict of verdicts) {
    const count = (counts.get(verdict.rule) ?? 0) + 1
    counts.set(verdict.rule, count)
    put(`${place} ${verdict.rule}${count === 1 ? '' : ` ${count}`}`, verdictText(verdict))
  }
}

function verdictText({ rule, ok, evidence }: Verdict): string {
  // Times and ids are most of the evidence of a check that passed.
  const isTold = evidence === undefined || /^\d+$/.test(evidence) || saysItself(rule)
  return `${ok ? 'yes' : 'no'} [${rule}]${isTold ? '' : ` ${evidence}`}`
}

/** What says nothing of a sign-in: ids of messages, times, sizes, what is told to browsers. */
const volatile = new Set([
  ...[
    'date',
    'age',
    'expires',
    'x-ms-request-id',
    'client-request-id',
    'x-ms-ests-server',
    'content-length',
    'set-cookie',
  ],
  ...['messageid', 'relatesto', 'timestamp/created', 'timestamp/expires', 'lifetime/created', 'lifetime/expires'],
  ...[
    'timestamp',
    'trace_id',
    'traceid',
    'correlation_id',
    'correlationid',
    'exp',
    'iat',
    'nbf',
    'expires_on',
    'not_before',
  ],
  ...['pragma', 'x-content-type-options', 'x-frame-options', 'strict-transport-security', 'cache-control', 'p3p'],
  ...['notbefore', 'notonorafter', 'sub', 'oid', 'x-anchormailbox'],
])

/** What differs from call to call, and is there or not. */
const secret = new Set([
  ...['password', 'client_secret', 'client_assertion', 'assertion', 'refresh_token', 'device_code', 'code'],
  ...['access_token', 'id_token', 'client_info', 'authorization', 'user_code'],
])

/** Replaces what stands for an id or a time in any text. */
function steady(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, '(id)')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, '(time)')
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(' ')
  return String(value)
}

/** The keys of both lists: those of the first in their order, each other one before the key of both that follows it. */
function mergedKeys(first: readonly string[], second: readonly string[]): readonly string[] {
  const known = new Set(first)
  const before = new Map<string | undefined, string[]>()
  let next: string | undefined
  for (const key of second.toReversed()) {
    if (known.has(key)) next = key
    else before.set(next, [key, ...(before.get(next) ?? [])])
  }
  return [...first.flatMap((key) => [...(before.get(key) ?? []), key]), ...(before.get(undefined) ?? [])]
}
