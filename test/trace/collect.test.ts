import { describe, expect, it } from 'vitest'
import { collectTrace } from '../../src/trace/collect.ts'
import { readRuns } from '../../src/trace/runs.ts'
import { summarise } from '../../src/trace/summary.ts'
import { renderText } from '../../src/trace/views/text.ts'
import { demo, simulate } from '../flows/simulated.ts'

describe('collectTrace, when there is more than it keeps', () => {
  it('lets the oldest calls go, each as a whole', async () => {
    const collector = collectTrace({ limit: 60 })
    const { client } = await simulate({ onEvent: collector })
    for (let call = 0; call < 4; call++) {
      await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes: demo.scopes })
    }
    const runs = readRuns(collector.trace())
    expect(collector.trace().events.length).toBeLessThanOrEqual(60)
    expect(runs.length).toBeGreaterThan(1)
    for (const run of runs) expect(run.start).toBeDefined()
    collector.clear()
    expect(collector.trace().events).toEqual([])
  })

  it('says of a call whose beginning is gone that it does not know', async () => {
    const collector = collectTrace({ limit: 10 })
    const { client } = await simulate({ onEvent: collector })
    await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes: demo.scopes })
    const trace = collector.trace()
    const [run] = readRuns(trace)
    if (run === undefined) throw new Error('no run')
    expect(trace.events).toHaveLength(10)
    const unknown = 'Not known: the beginning of this call is not in the trace.'
    expect(summarise(run)).toMatchObject({ password: { sentence: unknown }, rejected: { sentence: unknown } })
    expect(renderText(trace)).toContain(unknown)
  })
})
