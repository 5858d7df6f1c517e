import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { hopsOf, readRuns } from '../../src/trace/runs.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { renderMermaid } from '../../src/trace/views/mermaid.ts'
import { hostileText, traceNaming } from './hostile.ts'
import { recorded, scenarios } from './scenarios.ts'

interface Parsed {
  readonly actors: readonly string[]
  readonly messages: readonly unknown[]
}

let parse: (text: string) => Promise<Parsed>

beforeAll(async () => {
  const { default: mermaid } = await import('mermaid')
  parse = async (text) => {
    await mermaid.parse(text)
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text)
    const own = db as unknown as { getActors(): Map<string, unknown>; getMessages(): unknown[] }
    return { actors: [...own.getActors().keys()], messages: own.getMessages() }
  }
})

/** What a trace has to show: a note and an arrow at each beginning, each step, each end. */
function linesOf(trace: Trace): number {
  return readRuns(trace).reduce((sum, run) => {
    const failing = hopsOf(run).filter(({ parses }) =>
      parses.some(({ what, checks }) => what !== 'MEX document' && checks.some(({ ok }) => !ok)),
    )
    const ends = run.tokens.length + (run.error === undefined ? 0 : 1) + (run.end === undefined ? 1 : 0)
    return sum + 2 + run.steps.length + hopsOf(run).length + failing.length + ends
  }, 0)
}

describe('the mermaid diagram', () => {
  it.each(Object.keys(scenarios))('%s: mermaid reads it, and it has every step', async (name) => {
    const trace = recorded(name)
    const { actors, messages } = await parse(renderMermaid(trace))
    const hosts = new Set(readRuns(trace).flatMap((run) => hopsOf(run).map(({ request }) => new URL(request.url).host)))
    expect(actors).toHaveLength(2 + hosts.size)
    expect(messages).toHaveLength(linesOf(trace))
  })

  it('has no line, participant or directive that a peer made, whatever the peer writes', async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, async (text) => {
        const trace = traceNaming(text)
        const diagram = renderMermaid(trace)
        const { actors, messages } = await parse(diagram)
        expect(actors).toEqual(['App', 'Client', 'S1', 'S2'])
        expect(messages).toHaveLength(linesOf(trace))
        const texts = diagram.replaceAll('<br/>', ' ').replace(/^ {2}\w+--?(?:>>|x)\w+: /gm, '')
        expect(texts.replace(/#\d+;/g, '')).not.toMatch(/[#;%{}$<>"'`\\&*[\]]/)
      }),
      { numRuns: 15 },
    )
  })
})
