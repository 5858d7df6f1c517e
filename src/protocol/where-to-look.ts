import type { ResponseFacts } from '../errors.ts'

/** In which events of its log AD FS tells an administrator what it did not tell the caller. */
export const adfsEvents = 'events 342, 364 and 411'

type Ids = Omit<ResponseFacts, 'status'>

/**
 * Says which log of Entra knows more of a refusal, and what to look it up by.
 *
 * @see {@link https://learn.microsoft.com/entra/identity/monitoring-health/concept-sign-ins Entra sign-in logs}
 */
export function lookInEntra({ correlationId, traceId, timestamp }: Ids): string | undefined {
  const ids = [
    ...(correlationId === undefined ? [] : [`correlation id ${correlationId}`]),
    ...(traceId === undefined ? [] : [`request id ${traceId}`]),
  ]
  if (ids.length === 0) return undefined
  return `Entra admin center, Monitoring & health, Sign-in logs: ${ids.join(', ')}${at(timestamp)}. It names the policy or the reason.`
}

/** Says where a farm's administrator finds more of a refusal. */
export function lookInAdfs({ correlationId, timestamp }: Ids): string {
  const id = correlationId === undefined ? '' : `, client request id ${correlationId}`
  return (
    `AD FS server, event log "AD FS/Admin" (and the Security log, with auditing on): ${adfsEvents}${at(timestamp)}${id}. ` +
    'Get-AdfsEndpoint lists which endpoints are enabled and published.'
  )
}

/** Says when to look for it in the log of a server that nothing else is known of. */
export function lookInServer({ timestamp }: Ids): string | undefined {
  return timestamp === undefined ? undefined : `The log of the server${at(timestamp)}.`
}

function at(timestamp: string | undefined): string {
  return timestamp === undefined ? '' : `, at ${timestamp}`
}
