import { messageOf } from '../client/messages.ts'
import { secretsOf } from '../protocol/http.ts'
import { Secret } from '../protocol/secret.ts'
import { findSecrets } from '../redact/message-secrets.ts'
import { collectTrace, type TraceCollector } from '../trace/collect.ts'
import type { TraceTap } from './trace-file.ts'

/**
 * Collects a trace, and the secrets that the requests and answers of the call held: what is written is searched for them, by
 * other code than that which left them out.
 */
export function createTap(): TraceTap & {
  readonly collector: TraceCollector
  secrets(): readonly Secret[]
} {
  const collector = collectTrace()
  const secrets = new Map<string, Secret>()
  const keep = (secret: Secret): void => void secrets.set(secret.reveal(), secret)
  return {
    collector,
    onEvent(event) {
      collector(event)
      const { request, response } = messageOf(event) ?? {}
      if (request !== undefined) for (const secret of secretsOf(request)) keep(secret)
      for (const { body } of [request, response].filter((message) => message !== undefined)) {
        if (body !== undefined) for (const secret of findSecrets(body)) keep(secret)
      }
    },
    conceal(...more) {
      for (const secret of more) {
        if (secret !== undefined) keep(typeof secret === 'string' ? new Secret(secret) : secret)
      }
    },
    secrets: () => [...secrets.values()],
  }
}
