import { hostOf, isEndedByProgram, presents, sentenceOf, show } from './run-facts.ts'
import { type Hop, hopsOf, type Run } from './runs.ts'
import type { TraceEventOf } from './trace.ts'

export interface RefusedAnswer {
  readonly sentence: string
  /** `server`: it said no; `client`: it stopped of its own accord; `network`: no answer came; `nobody`. */
  readonly by: 'server' | 'client' | 'network' | 'nobody'
  readonly host?: string
  readonly status?: number
  /** What programs decide by: `invalid_grant`, `FailedAuthentication`, or our own code. */
  readonly code?: string
  /** The number for people to look up: `AADSTS50126`, `ID3242`. */
  readonly number?: string
}

/** How the client's messages begin; the sentence around them says it already. */
const whoSpeaks = /^(?:the federation server refused|the token endpoint answered [\w.-]{1,60}): /

/** What the server refused, or that nothing was. */
export function tellRefused(run: Run): RefusedAnswer {
  const { error } = run
  if (isEndedByProgram(run)) {
    return { by: 'client', sentence: 'No server refused. The program ended the call with an error of its own.' }
  }
  if (error === undefined) return tellUnrefused(run)
  const { facts, code } = error
  const status = typeof facts['status'] === 'number' ? facts['status'] : undefined
  const hop = hopsOf(run).findLast(({ response }) => response !== undefined)
  const host = hop === undefined || status === undefined ? undefined : hostOf(hop.request.url)
  const message = sentenceOf(error.message.replace(whoSpeaks, ''))
  const known = { ...(host === undefined ? {} : { host }), ...(status === undefined ? {} : { status }) }
  const word = wordOf(facts)
  if (error.name === 'TransportError' || error.name === 'AbortError') {
    return { by: 'network', code, sentence: `No server refused. The network, at the step ${error.step}: ${message}` }
  }
  const { name } = error
  const isServer = word !== undefined || ['TokenEndpointError', 'SoapFaultError', 'DeniedError'].includes(name)
  if (!isServer || status === undefined) {
    const answer = status === undefined ? '' : ` It came with HTTP status ${status}.`
    return {
      by: 'client',
      code,
      ...known,
      sentence: `No server refused. The client stopped at the step ${error.step}: ${message}${answer}`,
    }
  }
  const number = numberOf(facts)
  const fault =
    typeof facts['reason'] === 'string' && 'faultCode' in facts ? ` Its own words: ${sentenceOf(facts['reason'])}` : ''
  const said = [word, number].filter((text) => text !== undefined && !`${message}${fault}`.includes(text))
  const refused =
    error.name === 'InteractionRequiredError' ? `wants more than ${what(run, hop)}` : `refused ${what(run, hop)}`
  return {
    by: 'server',
    ...known,
    ...(word === undefined ? { code } : { code: word }),
    ...(number === undefined ? {} : { number }),
    sentence: `${host ?? 'The server'} ${refused}: ${message}${fault} (${[...said, `HTTP status ${status}${fault === '' ? '' : ', as SOAP faults have'}`].join(', ')})`,
  }
}

// A discovery request that failed and was repeated or stood in for is no refusal of the sign-in, yet worth a word.
function tellUnrefused(run: Run): RefusedAnswer {
  const failed = hopsOf(run).filter(({ response }) => (response?.status ?? 0) >= 400)
  const ended = run.end === undefined ? 'Nothing so far.' : 'Nothing.'
  const parts = failed.map(
    ({ request, response }) => `${hostOf(request.url)} answered with HTTP status ${response?.status} (${request.step})`,
  )
  return {
    by: 'nobody',
    sentence: parts.length === 0 ? ended : `${ended} But ${[...new Set(parts)].join(', ')}; the call went on.`,
  }
}

function what(run: Run, hop: Hop | undefined): string {
  const presented = hop === undefined ? undefined : presents(run, hop)
  const names = {
    password: 'the user name and password',
    assertion: 'the assertion of the federation server',
    refresh_token: 'the refresh token',
    device_code: 'the device code',
  }
  return presented === undefined ? 'the request' : names[presented]
}

function wordOf(facts: TraceEventOf<'error'>['facts']): string | undefined {
  const { suberror, error, faultSubcode, faultCode } = facts as Readonly<Record<string, unknown>>
  const words = [error, suberror].filter((word): word is string => typeof word === 'string')
  if (words.length > 0) return show([...new Set(words)].join('/'))
  const fault = [faultSubcode, faultCode].find((word) => typeof word === 'string')
  return fault === undefined ? undefined : show(String(fault))
}

function numberOf(facts: TraceEventOf<'error'>['facts']): string | undefined {
  const { serverCode, idCode, errorCodes } = facts as Readonly<Record<string, unknown>>
  const own = [serverCode, idCode].find((code) => typeof code === 'string')
  if (own !== undefined) return show(String(own))
  const [first] = Array.isArray(errorCodes) ? errorCodes : []
  return first === undefined ? undefined : show(`AADSTS${String(first)}`)
}
