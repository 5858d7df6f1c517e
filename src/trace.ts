export { collectTrace, type TraceCollector } from './trace/collect.ts'
export { type Hop, type Run, readRuns } from './trace/runs.ts'
export type { Trace, TraceEvent, TraceEventOf } from './trace/trace.ts'
