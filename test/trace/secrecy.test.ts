import { describe } from 'vitest'
import { createRequest } from '../../src/protocol/http.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { redactRequest, redactResponse } from '../../src/redact/redact-message.ts'
import { diffTraces, renderDiff } from '../../src/trace/diff.ts'
import { traceFromHar } from '../../src/trace/har-import.ts'
import type { Trace, TraceEvent } from '../../src/trace/trace.ts'
import { renderHar } from '../../src/trace/views/har.ts'
import { renderMermaid } from '../../src/trace/views/mermaid.ts'
import { renderText } from '../../src/trace/views/text.ts'
import { secrecyContract } from '../contract/secrecy.ts'
import { recorded } from './scenarios.ts'

const url = 'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token'
const headers = { 'content-type': 'application/x-www-form-urlencoded' }

function formOf(password: string): string {
  return new URLSearchParams({
    grant_type: 'password',
    username: 'ada@contoso.example',
    password,
    scope: 'User.Read',
  }).toString()
}

/** An answer that repeats the password, as some do. */
function answerTo(password: string): string {
  return JSON.stringify({
    error: 'invalid_grant',
    error_description: `wrong: ${password}`,
    suberror: password,
    [password]: 1,
  })
}

function traceWith(password: string): Trace {
  const request = createRequest({
    step: 'token',
    method: 'POST',
    url,
    headers,
    body: formOf(password),
    secrets: [new Secret(password)],
  })
  const response = {
    status: 400,
    headers: { 'content-type': 'application/json', server: password },
    body: answerTo(password),
  }
  const about = { at: 1, callId: 'c', hop: 1, step: 'token', method: 'POST', url } as const
  const events: TraceEvent[] = [
    ...recorded('managed').events.filter(({ type }) => type === 'run.start'),
    { ...about, type: 'http.request', message: redactRequest(request) },
    { ...about, type: 'http.response', status: 400, durationMs: 1, message: redactResponse(response, request) },
  ]
  return { version: 1, product: 'ropc-client/0', level: 'team', events }
}

function harWith(password: string): unknown {
  const request = {
    method: 'POST',
    url,
    headers: [],
    postData: { mimeType: headers['content-type'], text: formOf(password) },
  }
  const content = { mimeType: 'application/json', text: answerTo(password) }
  const response = { status: 400, headers: [{ name: 'server', value: password }], content }
  return { log: { entries: [{ startedDateTime: '2026-11-23T08:00:00Z', time: 1, request, response }] } }
}

function everyView(trace: Trace): string {
  const diff = renderDiff(diffTraces(recorded('managed'), trace))
  return [JSON.stringify(trace), renderText(trace), renderMermaid(trace), renderHar(trace), diff].join('\n')
}

describe('no view shows a secret', () => {
  secrecyContract('views of a trace', (secrets) => secrets.map((secret) => everyView(traceWith(secret))).join('\n'), {
    runs: 4,
    secretsPerRun: 10,
  })

  secrecyContract(
    'views of an imported HAR',
    (secrets) => secrets.map((secret) => everyView(traceFromHar(harWith(secret), { level: 'raw' }))).join('\n'),
    { runs: 4, secretsPerRun: 10 },
  )
})
