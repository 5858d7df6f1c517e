import type { Run } from '../runs.ts'
import { type Markup, mark, markup } from './markup.ts'
import { formatMs, type RunStep, stepWords } from './step-words.ts'

/** The steps as a list of links, each request with a bar: when it began, how long it took. */
export function timeline(run: Run, id: string): Markup {
  const begin = run.start?.at ?? startOf(run.steps[0]) ?? 0
  const end = Math.max(begin + 1, run.end?.at ?? 0, ...run.steps.map(endOf))
  return markup`<nav class="timeline" aria-label="Steps, in order of time"><ol>${run.steps.map((step, index) => {
    const { title, outcome, tone } = stepWords(step)
    return markup`<li><a href="#${id}-step-${index + 1}"><span class="number" aria-hidden="true">${index + 1}</span><span class="what"><span class="name">${title}</span> <span class="quiet">${
      'kind' in step ? mark(tone, outcome) : outcome
    }</span></span>${bar(step, begin, end)}</a></li>`
  })}<li><a href="#${id}-end"><span class="number" aria-hidden="true">■</span><span class="what"><span class="name">End</span>${
    run.end !== undefined && markup` <span class="quiet">after ${formatMs(run.end.durationMs)}</span>`
  }</span></a></li></ol></nav>`
}

function bar(step: RunStep, begin: number, end: number): Markup | undefined {
  if (!('kind' in step)) return undefined
  const scale = 100 / (end - begin)
  const start = share((startOf(step) ?? begin) - begin, scale)
  const width = Math.max(1.5, share(endOf(step) - begin, scale) - start)
  return markup`<span class="took">${formatMs(endOf(step) - step.request.at)}</span><svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="4"/><rect x="${start}" width="${Math.min(width, 100 - start)}" height="4"/></svg>`
}

function share(ms: number, scale: number): number {
  return Math.round(Math.min(100, Math.max(0, ms * scale)) * 10) / 10
}

function startOf(step: RunStep | undefined): number | undefined {
  if (step === undefined) return undefined
  return 'kind' in step ? step.request.at : step.at
}

function endOf(step: RunStep): number {
  if (!('kind' in step)) return step.at
  return step.request.at + (step.response?.durationMs ?? 0)
}
