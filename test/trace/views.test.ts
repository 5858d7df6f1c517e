import { readFileSync, writeFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { diffTraces, renderDiff } from '../../src/trace/diff.ts'
import { traceFromHar } from '../../src/trace/har-import.ts'
import { explainRule } from '../../src/trace/rules.ts'
import { readRuns } from '../../src/trace/runs.ts'
import { summarise } from '../../src/trace/summary.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { renderHar } from '../../src/trace/views/har.ts'
import { renderMermaid } from '../../src/trace/views/mermaid.ts'
import { renderText } from '../../src/trace/views/text.ts'
import { fixtureIndex } from '../fixtures.ts'
import { traceNaming } from './hostile.ts'
import { record, recorded, scenarios } from './scenarios.ts'

const names = Object.keys(scenarios)
const golden = (file: string): string => new URL(`../../fixtures/trace/${file}`, import.meta.url).pathname
const schemaAt = (url: string): object => JSON.parse(readFileSync(new URL(url, import.meta.url), 'utf8')) as object
const ajv = new Ajv2020({
  allErrors: true,
  formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) },
})
const isTrace = ajv.compile(schemaAt('../../src/trace/trace.schema.json'))
const isHttpArchive = ajv.compile(schemaAt('./har-1.2.schema.json'))

describe('the recorded traces', () => {
  // Signing keys, and with them parts of tokens, are others in every process; nothing else is.
  const today =
    process.env['RECORD'] === '1' ? names : ['federated', 'federated-wrong-password', 'mfa-required', 'silent']
  it.each(today)('%s: a sign-in of today tells the same', async (name) => {
    const trace = await record(name)
    if (process.env['RECORD'] === '1') writeFileSync(golden(`${name}.json`), `${JSON.stringify(trace, undefined, 2)}\n`)
    expect(renderDiff(diffTraces(recorded(name), trace))).toBe(renderDiff([]))
  })
})

describe('the views of recorded traces', () => {
  it.each(names)('%s: as text', async (name) => {
    await expect(renderText(recorded(name))).toMatchFileSnapshot(golden(`${name}.txt`))
  })

  it.each(names)('%s: as a mermaid diagram', async (name) => {
    await expect(renderMermaid(recorded(name))).toMatchFileSnapshot(golden(`${name}.mmd`))
  })

  it.each(names)('%s: as a HAR', async (name) => {
    await expect(renderHar(recorded(name))).toMatchFileSnapshot(golden(`${name}.har`))
  })

  it.each([
    ['managed', 'managed-wrong-password'],
    ['federated', 'federated-wrong-password'],
    ['federated', 'mex-fallback'],
    ['managed', 'federated'],
  ])('%s and %s: what is different', async (first, second) => {
    const text = renderDiff(diffTraces(recorded(first), recorded(second)))
    await expect(text).toMatchFileSnapshot(golden(`${first}--${second}.diff`))
  })
})

describe('the schemas', () => {
  it.each(names)('%s: the trace keeps to trace.schema.json', async (name) => {
    isTrace(recorded(name))
    expect(isTrace.errors).toBeNull()
  })

  it.each(names)('%s: the HAR keeps to HAR 1.2', async (name) => {
    isHttpArchive(JSON.parse(renderHar(recorded(name))))
    expect(isHttpArchive.errors).toBeNull()
  })

  it('take the trace of an imported HAR, and one in which a peer wrote what it liked', () => {
    for (const trace of [traceFromHar(JSON.parse(renderHar(recorded('federated')))), traceNaming('__proto__')]) {
      const dated = trace.events.map((event) =>
        'expiresOn' in event ? { ...event, expiresOn: '2026-11-23T09:00:00Z' } : event,
      )
      isTrace({
        ...trace,
        events: dated.map((event) => ('startedAt' in event ? { ...event, startedAt: '2026-11-23T08:00:00Z' } : event)),
      })
      expect(isTrace.errors).toBeNull()
    }
  })

  it('refuse what is no trace', async () => {
    const trace = recorded('managed')
    const [first, ...others] = trace.events
    const spoilt: unknown[] = [
      {},
      { ...trace, version: 2 },
      { ...trace, level: 'all' },
      { ...trace, password: 'p' },
      { ...trace, events: [{ ...first, password: 'p' }, ...others] },
      { ...trace, events: [{ type: 'unknown', at: 0, callId: 'c' }] },
    ]
    expect(spoilt.map((value) => isTrace(value))).toEqual(spoilt.map(() => false))
  })
})

describe('the five answers of recorded traces', () => {
  const rows = fixtureIndex('trace').filter(({ file }) => file.endsWith('.json'))

  it('are expected of every recorded trace', () => {
    expect(rows.map(({ file }) => file.replace(/^trace\/|\.json$/g, '')).sort()).toEqual([...names].sort())
  })

  it.each(rows.map(({ file, expect: answers }) => [file, answers] as const))('%s', async (file, answers) => {
    const runs = readRuns(recorded(file.replace(/^trace\/|\.json$/g, '')))
    expect(runs.map((run) => summarise(run))).toMatchObject(answers['calls'] as object[])
  })
})

describe('what recorded traces name', () => {
  it('is explained: every rule', async () => {
    const rules = names.map(recorded).flatMap(rulesIn)
    expect(rules.filter((rule) => explainRule(rule) === undefined)).toEqual([])
    expect(new Set(rules).size).toBeGreaterThan(20)
  })
})

function rulesIn(trace: Trace): readonly string[] {
  return trace.events.flatMap((event) => {
    if (event.type === 'decision') return event.candidates.map(({ rule }) => rule)
    if (event.type === 'parse') return event.checks.map(({ rule }) => rule)
    return event.type === 'cache' ? event.reasons.map(({ rule }) => rule) : []
  })
}
