import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffTraces, renderDiff } from '../../src/trace/diff.ts'
import type { Trace, TraceEvent } from '../../src/trace/trace.ts'
import { hostileText, traceNaming } from './hostile.ts'
import { recorded } from './scenarios.ts'

const changed = (trace: Trace, change: (event: TraceEvent) => TraceEvent | undefined): Trace => ({
  ...trace,
  events: trace.events.flatMap((event) => change(event) ?? []),
})

describe('the difference of two traces', () => {
  it('is none between a trace and itself, and says so', async () => {
    const trace = recorded('federated')
    expect(diffTraces(trace, trace)).toEqual([])
    expect(renderDiff([])).toBe('The two traces tell the same.\n')
  })

  it('is none where only ids, times, tokens and durations differ', async () => {
    const trace = recorded('federated')
    const text = JSON.stringify(trace)
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}/g, '12345678-aaaa-4bbb')
      .replace(/2026-11-23T08/g, '2027-01-02T09')
      .replace(/Mon, 23 Nov 2026/g, 'Sat, 02 Jan 2027')
      .replace(/"durationMs":\d+/g, '"durationMs":7777')
    const other = JSON.parse(text) as Trace
    expect(other).not.toEqual(trace)
    const moved = changed(other, (event) => ({ ...event, at: event.at * 3, callId: 'another' }))
    expect(diffTraces(trace, moved)).toEqual([])
  })

  it('turns round when the traces do', async () => {
    const [first, second] = [recorded('managed'), recorded('federated')]
    const there = diffTraces(first, second)
    const back = diffTraces(second, first)
    expect(new Set(back.map(({ place }) => place))).toEqual(new Set(there.map(({ place }) => place)))
    for (const { place, ...texts } of back) {
      expect(there.find((difference) => difference.place === place)).toEqual({
        place,
        ...(texts.second === undefined ? {} : { first: texts.second }),
        ...(texts.first === undefined ? {} : { second: texts.first }),
      })
    }
  })

  it('tells a request that only one has in one line', async () => {
    const trace = recorded('federated')
    const without = changed(trace, (event) => ('hop' in event && event.hop === 2 ? undefined : event))
    expect(diffTraces(trace, without)).toEqual([
      { place: 'call 1 › mex request', first: expect.stringMatching(/^GET to /) },
    ])
  })

  it('tells what the second has alone where it stands there', async () => {
    const [first, second] = [recorded('federated'), recorded('federated-wrong-password')]
    const lines = renderDiff(diffTraces(first, second)).split('\n')
    const at = (start: string): number => lines.findIndex((line) => line.startsWith(start))
    expect(at('~ call 1 › wstrust request › status: 200 → 500')).toBeGreaterThanOrEqual(0)
    expect(at('+ call 1 › wstrust request › answered Reason/Text')).toBeGreaterThan(
      at('~ call 1 › wstrust request › status'),
    )
    expect(at('+ call 1 › error: SoapFaultError')).toBeGreaterThan(at('- call 1 › token request'))
  })

  it('tells statuses, checks, the cache, retries and outcomes apart', async () => {
    const trace = recorded('silent')
    const other = changed(trace, (event) => {
      if (event.type === 'cache') return { ...event, hit: !event.hit }
      if (event.type === 'parse' && event.what === 'id_token') {
        return { ...event, checks: event.checks.map((check) => ({ ...check, ok: check.rule !== 'id_token.audience' })) }
      }
      if (event.type === 'http.response') return { ...event, status: 429 }
      return event.type === 'run.end' ? { ...event, ok: false } : event
    })
    const places = diffTraces(trace, other).map(({ place }) => place)
    for (const end of ['cache', 'status', 'id_token.audience', 'outcome']) {
      expect(places.some((place) => place.endsWith(end))).toBe(true)
    }
  })

  it('is one line each, without a character that a terminal obeys, whatever a peer writes', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (one, other) => {
        const differences = diffTraces(traceNaming(one), traceNaming(other))
        const lines = renderDiff(differences).split('\n')
        expect(lines).toHaveLength(Math.max(1, differences.length) + 1)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: naming the control characters is the purpose
        expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028\u2029\u202a-\u202e\ufeff]/)
      }),
      { numRuns: 50 },
    )
  })
})
