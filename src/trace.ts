export type { RedactionLevel } from './redact/redacted-message.ts'
export type { ClockSkew } from './trace/clock-skew.ts'
export { collectTrace, type TraceCollector } from './trace/collect.ts'
export { type Difference, diffTraces, renderDiff } from './trace/diff.ts'
export { isHar } from './trace/har-entries.ts'
export { traceFromHar } from './trace/har-import.ts'
export { explainField, explainParameter } from './trace/messages.ts'
export type { PasswordAnswer } from './trace/password-answer.ts'
export {
  comparePeers,
  type PeerInput,
  type PeerName,
  type PeerPrediction,
  peerNames,
  predictPeer,
} from './trace/peers.ts'
export type { RefusedAnswer } from './trace/refused-answer.ts'
export type { RejectedAnswer, RejectedEndpoint } from './trace/rejected-answer.ts'
export { explainRule, type RuleExplanation } from './trace/rules.ts'
export { type Hop, type Run, readRuns } from './trace/runs.ts'
export { type ChangeAnswer, type IdTokenAnswer, questions, type Summary, summarise } from './trace/summary.ts'
export type { Trace, TraceEvent, TraceEventOf } from './trace/trace.ts'
export { renderHar } from './trace/views/har.ts'
export { type HtmlOptions, renderHtml } from './trace/views/html.ts'
export { renderMermaid } from './trace/views/mermaid.ts'
export { renderText, type TextOptions } from './trace/views/text.ts'
