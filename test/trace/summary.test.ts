import { describe, expect, it } from 'vitest'
import { readRuns } from '../../src/trace/runs.ts'
import { type Summary, summarise } from '../../src/trace/summary.ts'
import type { Trace, TraceEvent } from '../../src/trace/trace.ts'
import { recorded } from './scenarios.ts'

async function summaryOf(name: string, change: (event: TraceEvent) => TraceEvent | undefined): Promise<Summary> {
  const trace = recorded(name)
  const [run] = readRuns({ ...trace, events: trace.events.flatMap((event) => change(event) ?? []) })
  if (run === undefined) throw new Error('the trace has a run')
  return summarise(run)
}

const withError = (error: Partial<Extract<TraceEvent, { type: 'error' }>>): Trace => ({
  version: 1,
  product: 'p/1',
  level: 'share',
  events: [
    {
      at: 1,
      callId: 'c',
      type: 'error',
      name: 'ProtocolError',
      code: 'ERR_X',
      step: 'realm',
      message: 'it is odd',
      facts: {},
      ...error,
    },
    { at: 2, callId: 'c', type: 'run.end', ok: false, durationMs: 2 },
  ],
})

function summaryOfError(error: Parameters<typeof withError>[0]): Summary {
  const [run] = readRuns(withError(error))
  const [{ start } = {}] = readRuns(recorded('managed'))
  if (run === undefined || start === undefined) throw new Error('the traces have runs')
  return summarise({ ...run, start })
}

describe('which host got the password', () => {
  it('is known from the decision where the trace has no messages', async () => {
    const { password } = await summaryOf('managed', (event) => {
      if (event.type !== 'http.request' && event.type !== 'http.response') return event
      const { message: _, ...bare } = event
      return bare as TraceEvent
    })
    expect(password).toMatchObject({ host: 'login.microsoftonline.com', hop: 2 })
  })

  it('is not the one that got the refresh token before', async () => {
    const { events } = recorded('managed')
    const grant = events.find((event) => event.type === 'decision' && event.question === 'grant')
    const request = events.find((event) => event.type === 'http.request' && event.step === 'token')
    if (grant?.type !== 'decision' || request?.type !== 'http.request') throw new Error('the trace has both')
    const { message: _, ...bare } = request
    const [run] = readRuns({
      ...recorded('managed'),
      events: [
        { ...grant, at: 1, chosen: 'refresh_token' },
        { ...bare, at: 2, hop: 1, url: 'https://first.example/token' },
        { ...grant, at: 3, chosen: 'password' },
        { ...bare, at: 4, hop: 2, url: 'https://second.example/token' },
      ],
    })
    expect(run && summarise(run).password).toMatchObject({ host: 'second.example', hop: 2 })
  })

  it.each([
    ['adfs', 'AD FS'],
    ['b2c', 'Azure AD B2C'],
    ['ciam', 'External ID'],
    ['oidc', 'OpenID provider'],
  ])('is the authority itself at a server of kind %s', async (kind, name) => {
    const { password } = await summaryOf('managed', (event) => {
      if (event.type === 'run.start') return { ...event, authority: { ...event.authority, kind } }
      return event.type === 'decision' && event.question === 'account type' ? undefined : event
    })
    expect(password.sentence).toContain(name)
    expect(password.host).toBe('login.microsoftonline.com')
  })

  it('says when no answer came', async () => {
    const { password } = await summaryOf('managed', (event) =>
      event.type === 'http.response' && event.step === 'token' ? undefined : event,
    )
    expect(password.sentence).toMatch(/No answer came\.$/)
  })

  it.each([
    ['named', 'realm.account-type.named', 'the caller said'],
    ['unknown', 'realm.account-type.unknown', 'does not know'],
  ])('%s by the caller says so', async (_, rule, words) => {
    const { password } = await summaryOf('managed', (event) =>
      event.type === 'decision' && event.question === 'account type'
        ? { ...event, chosen: rule.split('.').at(-1) ?? '', candidates: [{ label: 'x', ok: true, rule }] }
        : event,
    )
    expect(password.sentence).toContain(words)
  })

  it('is none after a refusal that was remembered', () => {
    expect(summaryOfError({ code: 'ERR_REFUSED_BEFORE', name: 'ThrottledError' }).password.sentence).toMatch(/lock/)
  })
})

describe('what the server refused', () => {
  it('is nothing where the network failed', () => {
    const { refused } = summaryOfError({ name: 'TransportError', code: 'ERR_TRANSPORT_TLS', message: 'no' })
    expect(refused).toMatchObject({ by: 'network', code: 'ERR_TRANSPORT_TLS' })
    expect(refused.sentence).toMatch(/^No server refused/)
  })

  it('is nothing where the client stopped, and tells the status of what it stopped at', () => {
    const { refused } = summaryOfError({ facts: { status: 200 } })
    expect(refused).toMatchObject({ by: 'client', code: 'ERR_X', status: 200 })
  })

  it('is told in the words of the server, with nothing twice', async () => {
    const { refused } = await summaryOf('federated-wrong-password', (event) => event)
    expect(refused.sentence.match(/ID3242/g)).toHaveLength(1)
    expect(refused.sentence).toContain('as SOAP faults have')
  })
})

describe('what has to change', () => {
  it('is nothing, but a warning of the client is told', async () => {
    const { change } = await summaryOf('mex-fallback', (event) => event)
    expect(change.sentence).toMatch(
      /^Nothing, for this call\. But: .*\[MEX_FALLBACK\] Make the metadata URL reachable, .+\.$/,
    )
  })

  it('is not known where the error gives no hint', () => {
    expect(summaryOfError({}).change).toEqual({ sentence: 'The client has no advice.', waysOut: [] })
  })
})

describe('whether the id_token was verified', () => {
  it('names what failed', async () => {
    const { idToken } = await summaryOf('managed', (event) =>
      event.type === 'parse' && event.what === 'id_token'
        ? { ...event, checks: event.checks.map((check) => ({ ...check, ok: check.rule !== 'id_token.expiry' })) }
        : event,
    )
    expect(idToken).toMatchObject({ verified: 'failed', failed: [{ rule: 'id_token.expiry' }] })
    expect(idToken.sentence).toContain('id_token.expiry')
  })

  it('is yes after verifyIdToken', () => {
    const events: TraceEvent[] = [
      {
        ...{ at: 0, callId: 'c', type: 'run.start', operation: 'verifyIdToken', correlationId: '', clientId: '' },
        ...{ startedAt: '2026-11-23T08:00:00Z', authority: { kind: 'oidc', url: 'https://a.example', tenant: '' } },
      } as TraceEvent,
      { at: 1, callId: 'c', type: 'run.end', ok: true, durationMs: 1 },
    ]
    const [run] = readRuns({ version: 1, product: 'p', level: 'share', events })
    expect(run && summarise(run).idToken.verified).toBe('signature')
  })
})

it('tells that an id_token was refused, and by what', () => {
  const { idToken } = summaryOfError({
    code: 'ERR_SIGNATURE_INVALID',
    step: 'id_token',
    message: 'the id_token does not verify with the keys of the server',
  })
  expect(idToken).toMatchObject({ verified: 'failed', sentence: expect.stringMatching(/^No: .*does not verify/) })
})

it('does not say that nothing has to change where the program ended the call', async () => {
  const { change, refused, password, idToken } = await summaryOf('managed', (event) =>
    event.type === 'run.end' ? { ...event, ok: false } : event.type === 'run.start' ? event : undefined,
  )
  expect(refused).toMatchObject({ by: 'client', sentence: expect.stringContaining('an error of its own') })
  expect(change.sentence).toMatch(/^What the program threw/)
  expect(password.sentence).toContain('ended the call before')
  expect(idToken.sentence).toContain('the call failed before')
})

describe('the clock of a server', () => {
  const late =
    (text: string) =>
    (event: TraceEvent): TraceEvent =>
      event.type === 'http.response' && event.step === 'wstrust' && event.message !== undefined
        ? { ...event, message: { ...event.message, headers: { ...event.message.headers, date: text } } }
        : event

  it('is compared with the Timestamp of the message', async () => {
    const { clockSkew } = await summaryOf('federated-wrong-password', late('Mon, 23 Nov 2026 08:06:40 GMT'))
    expect(clockSkew).toMatchObject({ seconds: 400, comparedWith: 'Timestamp', isTooMuch: true })
    const otherStart = await summaryOf('federated-wrong-password', (event) =>
      event.type === 'run.start' ? { ...event, startedAt: '2026-11-23T07:00:00Z' } : event,
    )
    expect(otherStart.clockSkew).toMatchObject({ host: 'login.microsoftonline.com', seconds: 3600 })
    const [run] = readRuns({
      ...recorded('federated-wrong-password'),
      events: recorded('federated-wrong-password').events.filter(({ type }) => type !== 'run.start'),
    })
    expect(run && summarise(run).clockSkew).toMatchObject({ seconds: 0, comparedWith: 'Timestamp' })
    const behind = await summaryOf('federated-wrong-password', late('Mon, 23 Nov 2026 07:58:20 GMT'))
    expect(behind.clockSkew).toMatchObject({ seconds: -100, isTooMuch: false })
  })

  it('is compared with the start of the call where there is no Timestamp, and unknown without a date', async () => {
    const { clockSkew } = await summaryOf('managed', (event) => event)
    expect(clockSkew).toMatchObject({ seconds: 0, comparedWith: 'run start' })
    const { clockSkew: none } = await summaryOf('managed', (event) =>
      event.type === 'http.response' ? undefined : event,
    )
    expect(none).toBeUndefined()
  })
})
